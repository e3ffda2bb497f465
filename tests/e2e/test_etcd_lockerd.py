#!/usr/bin/python3
"""Several lockerd over a real etcd: one serves, another does when that one cannot, and what clients
were told holds."""

import json
import os
import signal
import socket
import time
import urllib.error
import urllib.request

from support import farm, tap
from support.lockd import LOCKERD, serves, sleeper
from support.replicas import TAKEOVER_S, Farm, Replica, held
from support.tap import test
from support.wire import Wire


def refuses(port):
    """True where nothing listens, as opposed to something that hangs."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=farm.PATIENCE_S).close()
    except ConnectionRefusedError:
        return True
    return False


def token_of(answer):
    return int(answer["token"])


@test
def one_serves_and_the_others_refuse_connections(folder):
    those = Farm(folder, 3)
    farm.equal([refuses(one.port) for one in those.replicas], [False, True, True])
    farm.contains(those.replicas[1].log(), f":{those.replicas[0].port}), term 1")
    farm.equal(those.run("--lock", "a", "echo", "hello").stdout, "hello\n")
    farm.contains(those.replicas[0].log(), "without --history-file nothing is kept of what is seen of etcd")


@test
def monitoring_sees_who_stands_by(folder):
    those = Farm(folder, 1)
    port = farm.free_port()
    standby = Replica(those, "standby", "--http", f"127.0.0.1:{port}")

    def health():
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz") as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
    farm.poll(lambda: f":{those.replicas[0].port}), term 1" in health()[1], "it is told who leads")
    farm.equal(health()[0], 503)
    those.replicas[0].stop()
    farm.poll(standby.serves, "it serves")
    farm.poll(lambda: health() == (200, "ok\n"), "it says so")


@test
def one_that_stands_by_without_etcd_says_so_and_no_more(folder):
    those = Farm(folder, 2)
    standby, member = those.replicas[1], those.etcd.members[0]
    member.kill()
    farm.poll(lambda: "etcd does not do what it is asked" in standby.log(), "it says so")
    # Several looks at etcd later.
    time.sleep(2)
    farm.equal(standby.log().count("standing by"), 1)
    member.start()
    farm.poll(lambda: standby.log().count("standing by") > 1 or standby.serves(), "it is told that etcd is back")


@test
def a_classic_client_of_the_leaders_own_host_goes_on_at_another_host(folder):
    """The leader looks at a process of its own host, which has told its pid alone; the next one cannot."""
    if farm.run("unshare", "--uts", "true").returncode != 0:
        raise tap.Lacks("no other host name can be had")
    those = Farm(folder, 1)
    other = Replica(those, "elsewhere",
                    enter=("unshare", "--uts", "sh", "-c", 'hostname elsewhere && exec "$0" "$@"'))

    def told(process):
        return "user ann", f"hostname {socket.gethostname()}", f"pid {process.pid}", "autounlock 1", "locks a"
    asker, stranger = sleeper(), sleeper()
    farm.equal(Wire(those.replicas[0].port).ask(*told(asker), "LOCK")["locked"], "1")
    those.replicas[0].kill()
    farm.poll(other.serves, "the other one serves")
    farm.contains(Wire(other.port).ask(*told(stranger), "UNLOCK")["error"], "another process's")
    farm.equal(Wire(other.port).ask(*told(asker), "LOCK")["locked"], "1")
    farm.equal(Wire(other.port).ask(*told(asker), "UNLOCK"), {"owner": "", "locked": "0"})


@test
def what_was_told_holds_at_the_next_one_after_kill_9(folder):
    those = Farm(folder, 3)
    wire = those.replicas[0].wire()
    first = wire.ask("user ann", "locks a b", "LOCK")
    waiter = those.replicas[0].wire()
    waiter.lock("bob", "a", 1)
    waiter.line()
    those.replicas[0].kill()
    farm.poll(lambda: any(one.serves() for one in those.replicas[1:]), "another one serves")
    next_one = next(one for one in those.replicas[1:] if one.serves())
    again = next_one.wire()
    farm.equal(again.cluster, wire.cluster)
    farm.equal(again.ask("user ann", "locks a b", "LOCK"), first)
    other = next_one.wire().ask("user cat", "locks c", "LOCK")
    assert token_of(other) > token_of(first), other
    # Who has waited keeps his place for a while: cat does not come before bob.
    again.ask("user ann", f"locks {first['lockname']}", "UNLOCK")
    farm.equal(next_one.wire().ask("user cat", "locks a", "block 0", "LOCK")["locked"], "0")
    farm.equal(next_one.wire().ask("user bob", "locks a", "block 0", "LOCK")["locked"], "1")
    farm.equal(sum(not refuses(one.port) for one in those.replicas), 1)


@test
def an_orderly_end_hands_over_at_once(folder):
    those = Farm(folder)
    first = those.replicas[0].wire().ask("user ann", "locks a", "LOCK")
    those.replicas[0].stop()
    begun = time.monotonic()
    farm.poll(those.replicas[1].serves, "the other one serves")
    took_s = time.monotonic() - begun
    wire = those.replicas[1].wire()
    farm.equal(wire.ask("user ann", "locks a", "STATUS")["owner"], "ann")
    wire.ask("user ann", "locks a", "UNLOCK")
    assert token_of(wire.ask("user bob", "locks a", "LOCK")) > token_of(first)
    assert took_s < farm.PATIENCE_S / 2, took_s
    # And back, as nobody has to be started anew for that.
    those.replicas[0].start()
    those.replicas[1].stop()
    farm.poll(those.replicas[0].serves, "the first one serves again")
    farm.equal(those.replicas[0].wire().ask("user bob", "locks a", "STATUS")["owner"], "bob")


@test
def a_frozen_leader_tells_nothing_that_is_not_so_any_more(folder):
    those = Farm(folder)
    old, new = those.replicas
    wire = old.wire()
    wire.ask("user ann", "locks a", "LOCK")
    reader, asker = old.wire(), old.wire()
    old.freeze()
    reader.send("user ann", "locks a", "STATUS")
    asker.send("user dan", "locks b", "LOCK")
    farm.poll(new.serves, "the other one serves")
    new.wire().ask("user ann", "locks a", "UNLOCK")
    farm.equal(new.wire().ask("user bob", "locks a b", "LOCK")["locked"], "1")
    old.thaw()
    for one in (reader, asker):
        farm.equal(one.line(), "error-code later")
        farm.equal(one.line(), "error another lockerd may serve now; try again later")
        farm.equal(one.line(), None)
    farm.poll(lambda: refuses(old.port), "the old one does not listen")
    # It stands by without having been started anew.
    farm.poll(lambda: "standing by: lockerd at" in old.log(), "it stands by")
    farm.contains(old.log(), "deposed")
    new.kill()
    farm.poll(old.serves, "the old one serves again")
    farm.equal(old.wire().ask("user bob", "locks a", "STATUS")["owner"], "bob")


@test
def without_etcd_nobody_is_told_anything_and_nothing_is_lost(folder):
    those = Farm(folder, 1)
    leader, member = those.replicas[0], those.etcd.members[0]
    leader.wire().ask("user ann", "locks a", "LOCK")
    wire, reader = leader.wire(), leader.wire()
    member.freeze()
    wire.send("user bob", "locks b", "LOCK")
    reader.send("user ann", "locks a", "STATUS")
    farm.poll(lambda: refuses(leader.port), "it has closed its door")
    assert wire.is_silent() and reader.is_silent()
    member.thaw()
    farm.poll(leader.serves, "it serves again")
    farm.equal(leader.wire().ask("user ann", "locks a", "STATUS")["owner"], "ann")
    farm.contains(leader.log(), "nothing was confirmed by etcd")


@test
def the_end_of_any_member_of_etcd_loses_nothing(folder):
    those = Farm(folder, 2, members=3)
    token = token_of(those.replicas[0].wire().ask("user ann", "locks a", "LOCK"))
    for member in those.etcd.members:
        member.kill()
        # One of the two may take over from the other, while etcd has no leader.
        result = those.run("--lock", "b", "--connect-tries", "30", "--", "echo", "$LOCKERSH_TOKEN",
                           timeout=farm.PATIENCE_S * 3)
        farm.equal(result.returncode, 0)
        assert int(result.stdout) > token, result.stdout
        token = int(result.stdout)
        owner = those.run("--owner", "a", "--connect-tries", "30")
        farm.contains(owner.stdout, "ann")
        member.start()
        farm.poll(member.serves, "the member is back")


@test
def a_full_etcd_is_told_and_service_resumes(folder):
    those = Farm(folder, of_etcd=["--quota-backend-bytes", str(4 * 1024 * 1024)])
    leader, member = those.replicas[0], those.etcd.members[0]
    first = leader.wire().ask("user ann", "locks a", "LOCK")
    wire = leader.wire()
    with open(os.path.join(folder, "fill"), "w", encoding="ascii") as text:
        text.write("x" * 500000)

    def is_full():
        with open(os.path.join(folder, "fill"), encoding="ascii") as text:
            return "space exceeded" in farm.run("etcdctl", "--endpoints", member.url, "put", "/fill",
                                                stdin=text).stderr
    farm.poll(is_full, "etcd is full")
    wire.send("user bob", "locks b", "LOCK")
    farm.equal(wire.line(), "error-code later")
    # The transaction that is refused may be done: nothing is said of it before that is known.
    farm.contains(wire.line(), "try again later")
    farm.equal(wire.line(), None)
    revision = json.loads(member.control("get", "/fill", "-w", "json").stdout)["header"]["revision"]
    for words in (["compact", str(revision)], ["defrag"], ["alarm", "disarm"]):
        farm.equal(member.control(*words).returncode, 0)

    def works():
        result = those.run("--lock", "c", "-n", "--connect-tries", "1", "--", "echo", "$LOCKERSH_TOKEN")
        return result.returncode == 0 and int(result.stdout)
    assert farm.poll(works, "one of them serves again") > token_of(first)
    now = next(one for one in those.replicas if one.serves())
    farm.equal(now.wire().ask("user ann", "locks a", "LOCK")["token"], first["token"])


@test
def one_step_may_change_more_than_etcd_takes_at_a_time(folder):
    """A job's 4,500 requests end with it, by one word."""
    those = Farm(folder)
    wire = those.replicas[0].wire()
    for hundred in range(45):
        for number in range(100):
            wire.send("job sge:7", f"user u{hundred}_{number}", f"locks l{hundred}_{number}", "LOCK")
        for _ in range(100):
            farm.equal(wire.status()["locked"], "1")
    other = wire.ask("job sge:8", "user other", "locks other", "LOCK")
    done = farm.run(farm.program("lockreap"), "--job", "sge:7",
                    env=farm.environment(IPCLOCKER_HOST="127.0.0.1", IPCLOCKER_PORT=str(those.replicas[0].port)))
    farm.equal((done.returncode, done.stdout, done.stderr), (0, "sge:7: released 4500 requests\n", ""))
    farm.equal(wire.ask("user ann", "locks l44_99", "block 0", "LOCK")["locked"], "1")
    those.replicas[0].kill()
    farm.poll(those.replicas[1].serves, "the other one serves")
    again = those.replicas[1].wire()
    farm.equal(again.ask("job sge:8", "user other", "locks other", "LOCK"), other)
    farm.equal(again.ask("user bob", "locks l0_0", "block 0", "LOCK")["locked"], "1")


@test
def a_waiting_command_is_served_by_the_next_one(folder):
    those = Farm(folder)
    holder = those.start("--lock", "seat", "--", "echo got; exec sleep 1000")
    farm.equal(holder.stdout.readline(), "got\n")
    waiter = those.start("--lock", "seat", "--", "echo", "token", "$LOCKERSH_TOKEN")
    old = those.replicas[0]
    farm.poll(lambda: len(those.etcd.control("get", "--prefix", "--keys-only", "/farmlock/test/r/")
                          .stdout.split()) == 2, "it waits")
    old.kill()
    farm.poll(those.replicas[1].serves, "the other one serves")
    farm.equal(waiter.poll(), None)
    holder.kill()
    out, _ = waiter.communicate(timeout=farm.PATIENCE_S * 3)
    farm.equal(waiter.returncode, 0)
    assert out.startswith("token "), out


@test
def a_child_that_was_killed_is_followed_by_one_that_leads_at_once(folder):
    pid_file = os.path.join(folder, "pid")
    those = Farm(folder, 0)
    port = farm.free_port()
    farm.run(LOCKERD, "--host", "127.0.0.1", "--port", port, "--state", those.state, "--takeover",
             "60s", "--pidstat-port", "none", "--pid-file", pid_file, "--log",
             os.path.join(folder, "log"))
    with open(pid_file, encoding="ascii") as text:
        parent = int(text.read())
    farm.at_end(lambda: os.kill(parent, signal.SIGTERM))
    farm.poll(lambda: not refuses(port) and serves(port), "it serves")
    wire = Wire(port)
    wire.ask("user ann", "locks a", "LOCK")
    with open(f"/proc/{parent}/task/{parent}/children", encoding="ascii") as children:
        os.kill(int(children.read()), signal.SIGKILL)
    farm.equal(wire.line(), None)
    farm.poll(lambda: not refuses(port) and serves(port), "the next one serves")
    farm.equal(Wire(port).ask("user ann", "locks a", "STATUS")["owner"], "ann")


@test
def offline_seats_and_hold_limits_are_kept_over_a_takeover(folder):
    those = Farm(folder)
    wire = those.replicas[0].wire()
    wire.ask("user ann", "locks a", f"timeout {TAKEOVER_S * 3}", "LOCK")
    farm.equal(those.run("--offline", "board1", "--reason", "on fire").returncode, 0)
    those.replicas[0].kill()
    farm.poll(those.replicas[1].serves, "the other one serves")
    refused = those.run("--lock", "board1", "-n", "true")
    farm.contains(refused.stderr, "on fire")
    farm.equal(those.replicas[1].wire().ask("user ann", "locks a", "STATUS")["owner"], "ann")
    farm.poll(lambda: those.replicas[1].wire().ask("user ann", "locks a", "STATUS")["locked"] == "0",
              "the hold limit is over")


@test
def one_whose_loop_hangs_is_replaced(folder):
    # As it writes to its log, on a disk that does not answer.
    those, when = Farm(folder, 0), os.path.join(folder, "when")
    os.mkdir(os.path.join(folder, "hanging"))
    first = Replica(those, "hanging/lockerd0", LD_PRELOAD=os.path.join(farm.BUILD, "tests", "failing_disk.so"),
                    FAILING_DISK_WHEN=when, FAILING_DISK_PATH=os.path.join(folder, "hanging"))
    farm.poll(first.serves, "the first leads")
    wire = first.wire()
    for lock in "ab":
        farm.equal(wire.ask("user ann", f"locks {lock}", "LOCK")["locked"], "1")
    second = Replica(those, "lockerd1")
    those.replicas += [first, second]
    time.sleep(7)
    farm.equal(second.log().count("leading"), 0)  # whoever just is idle lives
    with open(when, "w", encoding="ascii") as file:
        file.write("hang")
    wire.send("locks b", "BREAK_LOCK")  # which is logged
    farm.poll(second.serves, "the other one serves", 60)
    farm.equal(second.wire().ask("user ann", "locks a", "STATUS")["owner"], "ann")
    farm.equal("has done nothing" in second.log(), False)
    os.unlink(when)
    farm.poll(lambda: "standing by: lockerd at" in first.log(), "the first finds that out, and stands by")
    farm.contains(first.log(), "deposed: ")
    farm.contains(first.log(), "this lockerd has done nothing for ")


def report_at(port, *options):
    return farm.run(farm.program("lockreport"), *options,
                    env=farm.environment(IPCLOCKER_HOST=f"127.0.0.1={port}"))


@test
def the_history_goes_on_at_the_next_one(folder):
    those = Farm(folder, 0)
    for number in range(2):
        those.replicas.append(Replica(those, f"lockerd{number}", "--history-file",
                                      os.path.join(folder, f"history{number}", "history.db")))
        if number == 0:
            farm.poll(those.replicas[0].serves, "the first leads")
    first, second = those.replicas
    wire = first.wire()
    for number in range(100):
        wire.ask("user ann", f"locks old{number}", "LOCK")
        wire.ask("user ann", f"locks old{number}", "UNLOCK")
    old = sorted(f"old{number}" for number in range(100))
    farm.poll(lambda: held(first) == old, "the leader has copied it")
    wire.ask("user ann", "locks last", "LOCK")
    wire.ask("user ann", "locks last", "UNLOCK")
    farm.poll(lambda: held(first) == ["last"] + old, "the leader has copied that, too")
    first.kill()
    farm.poll(second.serves, "the other one serves")
    farm.poll(lambda: held(second) == ["last"] + old, "the other one has it")
    # It is copied once, whoever leads how often.
    first.start()
    second.stop()
    farm.poll(first.serves, "the first one serves again")
    time.sleep(0.5)
    farm.equal(held(first), ["last"] + old)


@test
def the_history_is_refused_as_none_is_kept(folder):
    those = Farm(folder, 1)
    those.run("--lock", "a", "true")
    report = farm.run(farm.program("lockreport"),
                      env=farm.environment(IPCLOCKER_HOST=those.hosts()))
    farm.contains(report.stderr, "keeps no history")
    assert report.returncode != 0, report


@test
def what_cannot_be_is_refused_with_what_to_do(folder):
    def refused(*options):
        result = farm.run(LOCKERD, "--nofork", "--port", "0", *options)
        assert result.returncode != 0
        return result.stderr

    state = "etcd:http://127.0.0.1:1/farmlock/test"
    farm.contains(refused("--state", "etcd:here"), "it is written etcd:URL[,URL...]/PREFIX")
    farm.contains(refused("--state", "none", "--history-file", "history.db"),
                  "--history-file is for a state in etcd")
    farm.contains(refused("--state", state, "--takeover", "1s"), "give a time from 2s to 60s")
    farm.contains(refused("--state", state.replace("http:", "https:"), "--etcd-ca",
                          os.path.join(folder, "none")), os.path.join(folder, "none"))


if __name__ == "__main__":
    farm.main()
