#!/usr/bin/python3
"""lockersh --offline and --online: names that nobody is given for a while, be they seats or not."""

import json
import re
import signal

import jsonschema

from support import farm, tap
from support.layouts import make_earlier
from support.locking import as_if_at_once, schema
from support.pools import Lab, end
from support.wire import Wire

NONE = ""
POOL = 'pools = ( { name = "board"; seats = 3; } );'


def offline_of(lab):
    return {entry["name"]: entry for entry in lab.list().get("offline", [])}


def names_held(lab):
    return [lock["name"] for lock in lab.list()["locks"]]


def hold(lab, name, *options):
    job = lab.start("--lock", name, *options, "--exec", "sleep", "1000")
    farm.poll(lambda: any(lock["name"] == name for lock in lab.list()["locks"]), f"{name} is held")
    return job


def waits(lab, count=1):
    farm.poll(lambda: len(lab.list()["waiters"]) == count, f"{count} wait")


@tap.test
def nobody_gets_it_until_it_is_back(folder):
    lab = Lab(folder, NONE)
    farm.equal(lab.run("--offline", "board3", "--reason", "new cable, back at 5").returncode, 0)
    farm.contains(lab.server.log(), "board3 is offline, says ")
    done = lab.run("-n", "--lock", "board3", "true")
    farm.equal((done.returncode, done.stderr),
               (1, "lockersh: board3 is not free; board3 is offline: new cable, back at 5\n"))
    waiter = lab.start("--verbose", "--lock", "board3", "true")
    farm.equal(as_if_at_once(waiter.stderr.readline()), "lockersh: waiting 0 s for board3: place 1 of 1; "
                                                        "board3 is offline: new cable, back at 5\n")
    farm.equal(lab.run("--online", "board3").returncode, 0)
    farm.equal(waiter.wait(timeout=farm.PATIENCE_S), 0)
    farm.equal(offline_of(lab), {})


@tap.test
def who_waits_for_a_seat_hears_the_reason_too(folder):
    lab = Lab(folder, POOL)
    lab.run("--offline", "board3", "--reason", "new cable")
    lab.run("--offline", "board2", "--for", "2h")
    farm.equal(lab.run("-n", "--lock", "board3", "true").stderr,
               "lockersh: board3 is not free; board3 is offline: new cable\n")
    farm.equal(lab.run("--explain", "--lock", "board[2-3]").stdout,
               "board[2-3]: you would wait: board2 is offline for 2 h 0 min more\n")
    farm.equal(lab.run("-n", "--lock", "board", "--count", "3", "true").stderr,
               "lockersh: 3 of board is not free; board2 is offline for 2 h 0 min more\n")
    waiter = lab.start("--verbose", "--lock", "board3", "true")
    farm.equal(as_if_at_once(waiter.stderr.readline()), "lockersh: waiting 0 s for board3: "
                                                        "board3 is offline: new cable\n")
    farm.equal([entry["reason"] for entry in lab.list()["waiters"]], ["offline"])
    lab.run("--online", "board3")
    farm.equal(waiter.wait(timeout=farm.PATIENCE_S), 0)


@tap.test
def a_seat_that_is_offline_is_not_the_reason_where_putting_it_back_would_not_do(folder):
    lab = Lab(folder, 'pools = ( { name = "board"; seats = 3; outside-most = 3; } );')
    lab.run("--offline", "board3")
    lab.run("--outside", "board=3", "--for", "1h")
    farm.contains(lab.run("--explain", "--lock", "board").stdout,
                  "you want 1 of board, and could have 0 now if nobody held any")
    lab.run("--outside", "board=2", "--for", "1h")
    farm.equal(lab.run("--explain", "--lock", "board").stdout,
               "board: you would wait: board3 is offline\n")


@tap.test
def who_holds_it_keeps_it_until_done(folder):
    lab = Lab(folder, NONE)
    job = hold(lab, "board3")
    farm.equal(lab.run("--offline", "board3").returncode, 0)
    lock = lab.list()["locks"][0]
    farm.equal((lock["name"], lock["offline"]), ("board3", True))
    farm.contains(lab.run("--locklist", "--format", "lock,state").stdout, "offline")
    lab.start("--lock", "board3", "true")
    waits(lab)
    end(job)
    farm.poll(lambda: names_held(lab) == [], "it is given back")
    farm.equal(len(lab.list()["waiters"]), 1)
    farm.equal(lab.list()["waiters"][0]["reason"], "offline")
    lab.run("--online", "board3")
    waits(lab, 0)


@tap.test
def explain_says_it(folder):
    lab = Lab(folder, NONE)
    lab.run("--offline", "board3", "--for", "2h", "--reason", "new cable")
    done = lab.run("--explain", "--lock", "board3")
    farm.equal(done.returncode, 1)
    farm.equal(done.stdout, "board3: you would wait: place 1 of 1; "
                            "board3 is offline for 2 h 0 min more: new cable\n")
    said = json.loads(lab.run("--explain", "--json", "--lock", "board3").stdout)
    jsonschema.validate(said, schema("explain"))
    farm.contains(said["reason"], "board3 is offline for ")
    farm.equal(lab.run("--explain", "--lock", "board3:board4").stdout,
               "board3:board4: you would be granted board4\n")


@tap.test
def others_of_a_list_are_given_instead(folder):
    lab = Lab(folder, NONE)
    lab.run("--offline", "board1")
    farm.equal(lab.run("--lock", "board[1-3]", "echo", "$LOCKERSH_LOCK").stdout, "board2\n")
    farm.equal(lab.run("-n", "--lock", "board[1-3]", "--count", "3", "true").stderr,
               "lockersh: 3 of board1:board2:board3 is not free; board1 is offline\n")
    job = hold(lab, "board2")
    done = lab.run("-n", "--lock", "board[1-2]", "true")
    farm.equal(done.stderr, "lockersh: board1:board2 is not free\n")
    end(job)


@tap.test
def a_promise_of_it_goes_to_another_of_the_list(folder):
    """Who waits for two, and was set one aside that goes offline, takes the other one."""
    lab = Lab(folder, NONE)
    job = hold(lab, "vcs")
    waiter = lab.start("--lock", "board1:board2", "--and", "vcs", "echo $LOCKERSH_LOCK")
    waits(lab)
    lab.run("--offline", "board1")
    farm.equal(lab.run("-n", "--lock", "board2", "true").returncode, 1)
    end(job)
    farm.equal(waiter.communicate(timeout=farm.PATIENCE_S)[0], "board2 vcs\n")


@tap.test
def it_is_over_by_itself(folder):
    lab = Lab(folder, NONE)
    lab.run("--offline", "board3", "--for", "1000")
    waiter = lab.start("--lock", "board3", "true")
    waits(lab)
    assert re.match(r"\d{4}-", offline_of(lab)["board3"]["until"])
    lab.run("--offline", "board3", "--for", "1")
    farm.equal(waiter.wait(timeout=farm.PATIENCE_S), 0)
    farm.contains(lab.server.log(), "board3 is back, as its time offline is over")


@tap.test
def several_go_at_once(folder):
    lab = Lab(folder, POOL)
    farm.equal(lab.run("--offline", "board[2-3],lic:x").returncode, 0)
    farm.equal({name: entry.get("pool") for name, entry in offline_of(lab).items()},
               {"board2": "board", "board3": "board", "lic": None, "x": None})
    farm.equal(lab.pools()["board"]["offline"], 2)
    farm.equal(lab.run("--online", "board[2-3],lic:x").returncode, 0)
    farm.equal((offline_of(lab), lab.pools()["board"]["offline"]), ({}, 0))


@tap.test
def lists_show_it(folder):
    lab = Lab(folder, NONE)
    lab.run("--offline", "board3", "--reason", "new \033[1mcable")
    farm.equal(lab.run("--locklist").stdout, "")
    table = lab.run("--locklist", "--sort", "lock").stdout
    farm.equal(table.splitlines()[-1], r"-- offline: board3: new \x1b[1mcable")
    farm.equal(lab.run("--locklist", "--format", "lock", "--no-header").stdout, "")
    farm.equal(lab.run("--locklist", "--sort", "lock", "--user", "nobody").stdout.count("offline"), 0)
    farm.equal(offline_of(lab), {"board3": {"name": "board3", "until": None,
                                            "reason": r"new \x1b[1mcable"}})


@tap.test
def it_stays_over_kill_9(folder):
    lab = Lab(folder, NONE)
    job = hold(lab, "board3")
    lab.run("--offline", "board3:board4", "--reason", "new cable")
    waiter = lab.start("--lock", "board4", "true")
    waits(lab)
    lab.server.restart("--config", lab.conf)
    farm.equal(sorted(offline_of(lab)), ["board3", "board4"])
    farm.equal(names_held(lab), ["board3"])
    end(job)
    farm.poll(lambda: names_held(lab) == [], "it is given back")
    farm.equal(lab.run("-n", "--lock", "board3", "true").returncode, 1)
    farm.equal(waiter.poll(), None)
    lab.run("--online", "board4")
    farm.equal(waiter.wait(timeout=farm.PATIENCE_S), 0)


@tap.test
def an_earlier_state_goes_on(folder):
    lab = Lab(folder, NONE)
    lab.run("--offline", "board3", "--reason", "new cable")
    lab.server.kill()
    make_earlier(lab.server.state, 6)
    lab.server.start("--config", lab.conf)
    farm.equal(offline_of(lab)["board3"]["reason"], "new cable")
    farm.equal(lab.run("-n", "--lock", "board3", "true").returncode, 1)


@tap.test
def a_name_that_becomes_a_seat_stays_offline_and_the_other_way_round(folder):
    lab = Lab(folder, NONE)
    lab.run("--offline", "board3", "--reason", "new cable")
    waiter = lab.start("--lock", "board3", "true")
    waits(lab)
    lab.write(POOL)
    lab.server.process.send_signal(signal.SIGHUP)
    farm.poll(lambda: lab.list().get("pools"), "the pool is there")
    farm.equal(lab.pools()["board"]["offline"], 1)
    farm.equal(offline_of(lab)["board3"]["pool"], "board")
    farm.equal(lab.run("--lock", "board", "--count", "2", "echo", "$LOCKERSH_LOCK").stdout,
               "board1 board2\n")
    lab.write(NONE)
    lab.server.process.send_signal(signal.SIGHUP)
    farm.poll(lambda: not lab.list().get("pools"), "the pool is not there")
    farm.equal(lab.run("-n", "--lock", "board3", "true").stderr,
               "lockersh: board3 is not free; board3 is offline: new cable\n")
    farm.equal(waiter.poll(), None)
    lab.run("--online", "board3")
    farm.equal(waiter.wait(timeout=farm.PATIENCE_S), 0)


@tap.test
def a_classic_client_waits_for_nobody(folder):
    lab = Lab(folder, NONE)
    lab.run("--offline", "board3")
    wire = Wire(lab.server.port)
    wire.send("user ann", "locks board3", "block 1", "LOCK")
    farm.equal(wire.line(), "print_waiting ")
    lab.run("--online", "board3")
    farm.equal(wire.line(), "print_obtained")
    wire.close()


@tap.test
def names_that_are_refused_cannot_be_offline_and_nobody_fills_the_server(folder):
    lab = Lab(folder, POOL + ' unknown-names = "refuse";')
    done = lab.run("--offline", "lic")
    farm.contains(done.stderr, "there is no such pool, or seat of one")
    lab.write(POOL)
    lab.server.process.send_signal(signal.SIGHUP)
    farm.poll(lambda: lab.run("--offline", "lic").returncode == 0, "it is taken")
    wire = Wire(lab.server.port)
    wire.send("proto 2", *(f"OFFLINE n{number} 0" for number in range(1024)))
    lines = [wire.line() for _ in range(1024 + 4)]
    farm.equal(lines.count("offline 1"), 1023)
    farm.contains("\n".join(lines), "error 1024 names may be offline, and are; put others back before")
    wire.send("OFFLINE board1 0", "OFFLINE n1 5 again")
    wire.close()


@tap.test
def where_no_lock_may_be_offline_seats_may(folder):
    lab = Lab(folder, POOL + " max-offline = 0;")
    farm.contains(lab.run("--offline", "lic").stderr, "only seats of pools may be offline here")
    farm.equal(lab.run("--offline", "board3").returncode, 0)
    farm.contains(lab.server.log(), "the limit --max-offline 0 is reached by ")


@tap.test
def the_log_has_what_has_changed(folder):
    lab = Lab(folder, NONE)
    for _ in range(2):
        farm.equal(lab.run("--online", "a").returncode, 0)
    for command in ("--offline", "--online"):
        for _ in range(2):
            farm.equal(lab.run(command, "b").returncode, 0)
    lab.run("--offline", "b")
    lab.run("--offline", "b", "--reason", "new cable")
    lab.run("--offline", "b", "--reason", "new cable")
    said = re.findall(r"\b([ab]) is (offline|back), says [^:\n]*(?:: (.*))?", lab.server.log())
    farm.equal(said, [("b", "offline", ""), ("b", "back", ""), ("b", "offline", ""),
                      ("b", "offline", "new cable")])


if __name__ == "__main__":
    farm.main()
