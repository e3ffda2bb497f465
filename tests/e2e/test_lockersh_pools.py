#!/usr/bin/python3
"""Pools as users meet them: lockersh, a lockerd with a configuration, real jobs and kill -9."""

import re
import signal
import socket

from support import farm, tap
from support.layouts import make_earlier
from support.locking import as_if_at_once
from support.pools import Lab, end

HOST = socket.gethostname()

CONF = """
groups = ( { name = "night"; users = ["nora"]; } );
pools = (
  { name = "vcs"; seats = 4;
    limits = ( { by = "user"; each = 3; }, { by = "project"; of = ["chipB"]; each = 1; } );
    outside-most = 2; },
  { name = "board"; seats = 3; },
  { name = "turns"; seats = 1; share = { by = "project"; others = 1; }; }
);
"""


def lab_of(folder, conf=CONF):
    return Lab(folder, conf)


@tap.test
def a_job_is_told_which_seats_it_got(folder):
    lab = lab_of(folder)
    done = lab.run("--lock", "board", "--count", "2", "--and", "other", "echo", "$LOCKERSH_LOCK")
    farm.equal(done.stdout, "board1 board2 other\n")
    farm.poll(lambda: lab.pools()["board"]["held"] == 0, "the seats are free again")


@tap.test
def seats_come_back_when_the_job_is_killed(folder):
    lab = lab_of(folder)
    job = lab.hold("board", "--count", "3")
    farm.equal(lab.run("-n", "--lock", "board", "true").returncode, 1)
    end(job)
    farm.poll(lambda: lab.run("-n", "--lock", "board", "true").returncode == 0, "they are free")


@tap.test
def the_wait_explains_itself(folder):
    lab = lab_of(folder)
    lab.hold("vcs", "--count", "3")
    waiter = lab.start("--verbose", "--lock", "vcs", "true")
    line = waiter.stderr.readline()
    assert re.fullmatch(r"lockersh: waiting \d+ s for vcs: place 1 of 1; you hold 3 of your limit of "
                        rf"3 \({lab.conf}:5\)\n", line), line


@tap.test
def what_a_limit_counts_for_who_waits_is_told_apart(folder):
    """A user holds three and waits for two, of a limit of five: a project's limit is his job's, and so on."""
    kinds = (("user", "you hold 3 and wait for 2 more already, of your limit of 5", "you wait for 5 already, of your limit of 5"),
             ("project", "project chipA holds 3 and waits for 2 more already, of its limit of 5",
              "project chipA waits for 5 already, of its limit of 5"),
             ("job", "your job holds 3 and waits for 2 more already, of its limit of 5", "your job waits for 5 already, of its limit of 5"),
             ("host", f"host {HOST} holds 3 and waits for 2 more already, of its limit of 5",
              f"host {HOST} waits for 5 already, of its limit of 5"),
             ("project", "you and others hold 3 and wait for 2 more already, of your common limit of 5",
              "you and others wait for 5 already, of your common limit of 5"))
    words = "--project", "chipA", "--lock", "vcs"
    for kind, some, none in kinds:
        most = 'of = ["chipA"]; together' if "common" in some else "each"
        conf = f"""pools = ( {{ name = "vcs"; seats = 8; limits = ( {{ by = "{kind}"; {most} = 5; }} ); }} );"""
        lab = Lab(folder, conf, state="none")
        job = {"SLURM_JOB_ID": "7"}
        held = lab.hold("vcs", "--project", "chipA", "--count", "3", **job)
        wire = lab.server.wire()
        farm.equal(wire.ask("proto 2", "user h_1_zoe", "project chipZ", "locks vcs", "count 5", "LOCK")["locked"], "1")
        waiter = lab.start(*words, "--count", "2", "true", **job)
        farm.poll(lambda: lab.pools()["vcs"]["waiting"] == 1, "it waits")
        line = lab.run("--explain", *words, **job).stdout
        assert line.startswith(f"vcs: you would wait: place 1 of 1; {some} ({lab.conf}:1);"), line
        end(waiter)
        end(held)
        farm.poll(lambda: lab.pools()["vcs"]["held"] == 5, "its seats are free")
        wire.ask("count 3", "user h_2_yan", "project chipY", "LOCK")
        waiter = lab.start(*words, "--count", "5", "true", **job)
        farm.poll(lambda: lab.pools()["vcs"]["waiting"] == 1, "it waits")
        line = lab.run("--explain", *words, **job).stdout
        assert line.startswith(f"vcs: you would wait: place 1 of 1; {none} ({lab.conf}:1);"), line
        lab.server.kill()


@tap.test
def who_does_not_wait_is_told_why_too(folder):
    lab = lab_of(folder)
    lab.hold("vcs", "--count", "3")
    farm.equal(lab.run("-n", "--lock", "vcs", "true").stderr,
               f"lockersh: vcs is not free; you hold 3 of your limit of 3 ({lab.conf}:5)\n")
    lab.run("--outside", "vcs=2", "--for", "100")
    farm.equal(lab.run("-n", "--lock", "vcs", "--project", "chipB", "true").stderr,
               f"lockersh: vcs is not free; you hold 3 of your limit of 3 ({lab.conf}:5)\n")
    lab.hold("board", "--count", "3")
    farm.contains(lab.run("-n", "--lock", "board", "true").stderr, "board is not free; it is held by ")


@tap.test
def who_is_set_aside_stands_in_no_queue(folder):
    lab = lab_of(folder)
    lab.hold("turns")
    lab.start("--lock", "turns", "true")
    farm.poll(lambda: lab.pools()["turns"]["waiting"] == 1, "it waits")
    lab.run("--outside", "vcs=2", "--for", "1h")
    reason = f"you want 3 of vcs, and could have 2 now if nobody held any; your place is kept ({lab.conf}:4)\n"
    farm.equal(lab.run("--explain", "--lock", "vcs", "--count", "3").stdout, "3 of vcs: you would wait: " + reason)
    lab.run("--offline", "board2")
    reason = "board2 is offline\n"
    farm.equal(lab.run("--explain", "--lock", "board2").stdout, "board2: you would wait: " + reason)
    farm.equal(lab.run("-n", "--lock", "board2", "true").stderr,
               "lockersh: board2 is not free; " + reason)
    waiter = lab.start("--verbose", "--lock", "board2", "true")
    farm.equal(as_if_at_once(waiter.stderr.readline()), "lockersh: waiting 0 s for board2: " + reason)
    lab.run("--online", "board2")
    farm.equal(waiter.wait(60), 0)


@tap.test
def a_pool_is_listed_with_those_who_wait_for_its_seats_by_name(folder):
    lab = lab_of(folder)
    lab.hold("board", "--count", "3")
    for wants in ("board2", "other:board1", "board"):
        if wants == "other:board1":
            lab.start("--lock", "other", "--and", "board1", "true")
        else:
            lab.start("--lock", wants, "true")
    farm.poll(lambda: lab.pools()["board"]["waiting"] == 3, "they wait")
    found = [line.split()[-1] for line in lab.run("--locklist", "board", "--format", "wants").stdout.splitlines()]
    farm.equal(sorted(found), ["WANTS", "board", "board1", "board2"])
    groups = [group for waiter in lab.list()["waiters"] for group in waiter["wants"]]
    farm.equal({group["names"][0]: group.get("pool") for group in groups},
               {"board2": "board", "other": None, "board1": "board", "board": None})


@tap.test
def who_is_away_is_listed_so(folder):
    """For a while, as the client has gone and may come back: for a pool, and for a single lock."""
    lab = lab_of(folder)
    for name in ("turns", "other"):
        farm.equal(lab.server.wire().lock("h_1_ann", name)["locked"], "1")
        wire = lab.server.wire()
        wire.lock(f"h_2_{name}", name, 1)
        farm.contains(wire.line(), "print_waiting")
        wire.close()
    farm.poll(lambda: [waiter.get("reason") for waiter in lab.list()["waiters"]] == ["away"] * 2, "they are away")
    table = lab.run("--locklist", "--format", "place,reason,wants").stdout.splitlines()
    farm.equal(sorted(line.split()[1:] for line in table[1:]), [["away", "other"], ["away", "turns"]])


@tap.test
def what_can_never_be_is_refused_with_file_and_line(folder):
    lab = lab_of(folder)
    done = lab.run("--lock", "vcs", "--count", "4", "true")
    farm.equal(done.returncode, 69)
    farm.contains(done.stderr, "of vcs a user may have 3 at most, and 4 were asked for; ask for "
                               f"fewer ({lab.conf}:5)")
    done = lab.run("--lock", "single", "--count", "2", "true")
    farm.contains(done.stderr, "nobody could ever have so many of these locks")


@tap.test
def the_project_is_that_of_the_schedulers_job(folder):
    lab = lab_of(folder)
    jobs = ({"SLURM_JOB_ID": "7", "SLURM_JOB_ACCOUNT": "chipA"},
            {"LSB_JOBID": "7", "LSB_PROJECT_NAME": "chipC"},
            {"PBS_JOBID": "7.head", "PBS_ACCOUNT": "chipD"})
    for variables in jobs:
        lab.hold("board", **variables)
    farm.equal(sorted(lock["project"] for lock in lab.list()["locks"]), ["chipA", "chipC", "chipD"])
    farm.equal({lock["pool"] for lock in lab.list()["locks"]}, {"board"})


@tap.test
def a_project_of_grid_engine_and_one_that_is_said_count_too(folder):
    lab = lab_of(folder)
    gridengine = {"JOB_ID": "7", "SGE_ROOT": "/sge", "SGE_ACCOUNT": "chipB"}
    lab.hold("vcs", **gridengine)
    farm.equal(lab.run("-n", "--lock", "vcs", "true", **gridengine).returncode, 1)
    farm.equal(lab.run("-n", "--lock", "vcs", "--project", "chipB", "true").returncode, 1)
    farm.equal(lab.run("-n", "--lock", "vcs", "--project", "chipA", "true", **gridengine).returncode,
               0)
    gridengine["SGE_ACCOUNT"] = "sge"
    farm.equal(lab.run("-n", "--lock", "vcs", "true", **gridengine).returncode, 0)


@tap.test
def the_table_of_pools_is_for_people(folder):
    lab = lab_of(folder)
    lab.hold("vcs", "--count", "2")
    done = lab.run("--pools")
    farm.equal(done.returncode, 0)
    rows = [line.split() for line in done.stdout.splitlines()]
    farm.equal(rows[0], ["POOL", "TOTAL", "HELD", "PROMISED", "RESERVED", "OUTSIDE", "OFFLINE",
                         "FREE", "WAITING", "OLDEST", "MOST"])
    farm.equal(rows[1][:9], ["vcs", "4", "2", "0", "0", "0", "0", "2", "0"])
    farm.equal(rows[1][9:], ["-", lab.pools()["vcs"]["most"]["user"], "(2)"])
    farm.equal(rows[2], ["board", "3", "0", "0", "0", "0", "0", "3", "0", "-", "-"])


@tap.test
def classes_that_take_turns_are_listed(folder):
    lab = lab_of(folder)
    lab.hold("turns", "--project", "one")
    lab.start("--lock", "turns", "--project", "two", "true")
    farm.poll(lambda: lab.pools()["turns"]["waiting"] == 1, "it waits")
    farm.equal(lab.pools()["turns"]["classes"],
               [{"name": "one", "weight": 1, "use": 1, "waiting": 0},
                {"name": "two", "weight": 1, "use": 0, "waiting": 1}])
    waiter = lab.list()["waiters"][0]
    farm.equal((waiter["project"], waiter["reason"], waiter["position"], waiter["of"]),
               ("two", "share", 1, 1))


@tap.test
def seats_outside_and_offline_are_told_by_hand(folder):
    lab = lab_of(folder)
    done = lab.run("--outside", "vcs=3", "--for", "100")
    farm.equal((done.returncode, done.stderr),
               (0, "lockersh: warning: 2 seats of vcs count as in use elsewhere, its most\n"))
    farm.equal(lab.run("--offline", "board2", "--reason", "in repair").returncode, 0)
    pools = lab.pools()
    farm.equal((pools["vcs"]["outside"], pools["board"]["offline"]), (2, 1))
    farm.equal(lab.run("--lock", "board", "--count", "2", "echo", "$LOCKERSH_LOCK").stdout,
               "board1 board3\n")
    farm.contains(lab.server.log(), "board2 is offline, says ")
    farm.contains(lab.server.log(), ": in repair\n")
    lab.server.restart("--config", lab.conf)
    pools = lab.pools()
    farm.equal((pools["vcs"]["outside"], pools["board"]["offline"]), (2, 1))
    farm.equal(lab.run("--outside", "vcs=0").returncode, 0)
    farm.equal(lab.run("--online", "board2").returncode, 0)
    farm.equal((lab.pools()["vcs"]["outside"], lab.pools()["board"]["offline"]), (0, 0))
    done = lab.run("--outside", "vsc=3", "--for", "100")
    farm.equal(done.returncode, 69)
    farm.contains(done.stderr, "there is no such pool, or seat of one; lockersh --pools has all")


@tap.test
def options_that_do_not_go_together_are_refused(folder):
    lab = lab_of(folder)
    for words, text in (
            (("--outside", "vcs"), "is no pool and number, as vcs=7"),
            (("--outside", "vcs=3"), "--outside needs --for SECONDS"),
            (("--for", "3", "--lock", "vcs", "true"), "--for goes with --outside and --offline"),
            (("--reason", "x", "--online", "vcs1"), "--reason goes with --offline"),
            (("--priority", "many", "--lock", "vcs", "true"), "is no number from -1000 to 1000"),
            (("--pools", "--ping"), "choose one of"),
            (("--json", "--owner", "vcs1"), "--json goes with --locklist, --pools, --explain, --show-config or --ping")):
        done = lab.run(*words)
        farm.equal(done.returncode, 64)
        farm.contains(done.stderr, text)


@tap.test
def holders_and_waiters_of_pools_survive_kill_9(folder):
    lab = lab_of(folder)
    jobs = [lab.hold("board") for _ in range(3)]
    waiters = [lab.start("--lock", "board", "--exec", "sleep", "1000") for _ in range(2)]
    farm.poll(lambda: lab.pools()["board"]["waiting"] == 2, "they wait")
    before = {lock["name"]: lock["owner"] for lock in lab.list()["locks"]}
    lab.server.restart("--config", lab.conf)
    farm.equal({lock["name"]: lock["owner"] for lock in lab.list()["locks"]}, before)
    farm.equal(lab.pools()["board"]["waiting"], 2)
    end(jobs[0])
    farm.poll(lambda: lab.pools()["board"]["waiting"] == 1, "the first waiter has its seat")
    farm.equal(lab.pools()["board"]["held"], 3)
    for job in jobs[1:] + waiters:
        end(job)
    farm.poll(lambda: lab.pools()["board"]["held"] == 0, "all are free")


@tap.test
def a_state_file_of_the_layout_before_pools_is_read(folder):
    lab = lab_of(folder, "")
    lab.server.wire().ask("user ann", "locks board2", "LOCK")
    lab.server.kill()
    make_earlier(lab.server.state, 5)
    lab.write(CONF)
    lab.server.start("--config", lab.conf)
    farm.equal([(lock["name"], lock["owner"], lock["pool"]) for lock in lab.list()["locks"]],
               [("board2", "ann", "board")])
    farm.equal(lab.run("--lock", "board", "--count", "2", "echo", "$LOCKERSH_LOCK").stdout,
               "board1 board3\n")


@tap.test
def a_pool_that_grows_by_a_reload_serves_who_waits(folder):
    lab = lab_of(folder)
    lab.hold("board", "--count", "3")
    waiter = lab.start("--lock", "board", "echo", "$LOCKERSH_LOCK")
    farm.poll(lambda: lab.pools()["board"]["waiting"] == 1, "it waits")
    lab.write(CONF.replace('"board"; seats = 3', '"board"; seats = 4'))
    lab.server.process.send_signal(signal.SIGHUP)
    farm.equal(waiter.communicate(timeout=60)[0], "board4\n")


@tap.test
def the_history_has_pool_and_project(folder):
    lab = lab_of(folder)
    lab.run("--lock", "board", "--project", "chipA", "true")
    wire = lab.server.wire()

    def line():
        wire.send("HISTORY 0 9999999999999 0 by")
        return wire.line()
    farm.poll(lambda: line().startswith("past hold"), "it is in the history")
    farm.equal(wire.line().split()[-2:], ["board", "chipA"])


if __name__ == "__main__":
    farm.main()
