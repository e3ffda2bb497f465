#!/usr/bin/env python3
"""lockersh --extend: a job that needs its lock for longer than it thought."""

import os
import re
import subprocess

from support import farm, tap
from support.lockd import Server
from support.locking import LOCKERSH, Farm, complaint, start_server
from support.wire import Wire

JOB = '"$0" --extend "$1"; echo $?; read x'


def job(lab, time, *words, line=JOB):
    """A job that extends its own lock, and then waits for its end."""
    return lab.start("--lock", "a", *words, "--exec", "sh", "-c", line, LOCKERSH, time,
                     stdin=subprocess.PIPE)


def said(process, lines):
    return [process.stdout.readline().decode().rstrip("\n") for _ in range(lines)]


@tap.test
def a_job_has_its_lock_for_longer():
    lab = Farm()
    process = job(lab, "1h", "--hold-timeout", "2h")
    left, status = said(process, 2)
    farm.equal((left, status), ("2 h 59 min left", "0"))
    process.communicate(b"\n", timeout=farm.PATIENCE_S)


@tap.test
def it_outlives_the_first_limit_and_ends_with_the_second():
    lab = Farm()
    process = job(lab, "3s", "--hold-timeout", "8", "--warn", "4")
    said(process, 2)
    line = process.stderr.readline().decode()
    farm.contains(line, "a will be taken back in")
    farm.contains(process.stderr.readline().decode(), "it was held as long as it may be")
    farm.equal(lab.locks(), {})


@tap.test
def the_monitor_warns_by_the_limit_that_was_put_off():
    lab = Farm()
    process = job(lab, "1h", "--hold-timeout", "11", "--warn", "10",
                  line='read x; "$0" --extend "$1"; read x; "$0" --extend "$1"; read x')
    # The warning comes, and is over; nothing is taken back then.
    farm.contains(process.stderr.readline().decode(), "will be taken back")
    process.stdin.write(b"\n")
    process.stdin.flush()
    farm.equal(said(process, 1), ["1 h 0 min left"])
    process.stdin.write(b"\n")
    process.stdin.flush()
    assert said(process, 1)[0] in ("2 h 0 min left", "1 h 59 min left")
    out, err = process.communicate(b"\n", timeout=farm.PATIENCE_S)
    farm.equal((out, err), (b"", b""))


@tap.test
def a_lock_without_limit_stays_so():
    lab = Farm()
    process = job(lab, "1h")
    farm.equal(said(process, 2), ["there is no hold limit", "0"])


@tap.test
def it_is_kept_over_a_restart(folder):
    server = Server(folder)
    lab = Farm(server.port)
    process = job(lab, "1h", "--hold-timeout", "2h")
    said(process, 2)
    token = lab.token("a")
    server.kill()
    server.start()
    environment = dict(lab.env, LOCKERSH_TOKEN=str(token), LOCKERSH_LOCK="a",
                       LOCKERSH_OWNER=lab.locks()["a"]["owner"], LOCKERSH_PID=str(process.pid))
    farm.equal(lab.run("--extend", "60", env=environment).stdout, "3 h 0 min left\n")


@tap.test
def not_beyond_what_the_server_allows():
    _, port = start_server(None, "127.0.0.1", "--max-hold", "3h")
    lab = Farm(port)
    process = job(lab, "2h", "--hold-timeout", "2h")
    farm.equal(said(process, 1), ["69"])
    farm.contains(process.stderr.readline().decode(),
                  "it may be held 3 h 0 min in all, so that at most 1 h 0 min can be added")
    # Who asks for no limit has that one.
    process.communicate(b"\n", timeout=farm.PATIENCE_S)
    lab.poll_free("a")
    process = job(lab, "1", "--hold-timeout", "0")
    farm.equal(said(process, 1), ["69"])
    farm.contains(process.stderr.readline().decode(), "it may be held 3 h 0 min in all, and no longer")


@tap.test
def not_beyond_what_its_pool_allows(folder):
    path = os.path.join(folder, "conf")
    with open(path, "w", encoding="ascii") as file:
        file.write('pools = ( { name = "a"; seats = 2; hold-limit = "1h"; } );\n')
    _, port = start_server(None, "127.0.0.1", "--config", path)
    lab = Farm(port)
    process = job(lab, "40m", "--hold-timeout", "30m")
    farm.equal(said(process, 1), ["69"])
    farm.contains(process.stderr.readline().decode(), "at most 30 min 0 s can be added")
    process.communicate(b"\n", timeout=farm.PATIENCE_S)
    farm.poll(lambda: not lab.locks(), "it is back")
    process = job(lab, "20m", "--hold-timeout", "30m")
    left, status = said(process, 2)
    assert re.fullmatch(r"49 min \d+ s left", left) and status == "0", (left, status)


@tap.test
def a_token_alone_gives_nobody_a_right():
    lab = Farm()
    holder = lab.hold("a", "--hold-timeout", "1h")
    lock, token = lab.locks()["a"], lab.token("a")
    own = dict(lab.env, LOCKERSH_TOKEN=str(token), LOCKERSH_LOCK="a",
               LOCKERSH_OWNER=lock["owner"], LOCKERSH_PID=str(holder.pid))
    farm.equal(lab.run("--extend", "60", env=own).returncode, 0)
    other = dict(own, LOCKERSH_PID=str(os.getpid()))
    farm.contains(complaint(lab.run("--extend", "60", env=other), 69), "it is another")
    late = dict(own, LOCKERSH_TOKEN=str(token + 1))
    farm.contains(complaint(lab.run("--extend", "60", env=late), 69), "not held any more")
    farm.contains(complaint(lab.run("--extend", "60"), 64), "LOCKERSH_TOKEN")
    farm.contains(complaint(lab.run("--extend", "soon", env=own), 64), "is no time")
    process = farm.start("sleep", "1000")
    farm.equal(lab.run("--lock", "b", "--for-pid", process.pid, "--hold-timeout", "60").returncode, 0)
    lock = lab.locks()["b"]
    env = dict(lab.env, LOCKERSH_TOKEN=str(lab.token("b")), LOCKERSH_LOCK="b",
               LOCKERSH_OWNER=lock["owner"], LOCKERSH_PID=str(os.getpid()))
    said_ = lab.run("--extend", "1h", "--for-pid", process.pid, env=env)
    farm.equal((said_.returncode, said_.stdout), (0, "1 h 0 min left\n"))


@tap.test
def words_that_make_no_sense_are_refused():
    lab = Farm()
    wire = Wire(lab.port)
    wire.send("proto 2")
    wire.line()
    token = wire.ask("user u", "locks a", "timeout 60", "block 0", "LOCK")["token"]
    for words in ("", token, f"{token} 0", f"{token} x", "x 1", f"{token} 99999999999999999999"):
        farm.equal(wire.ask(f"EXTEND {words}")["error-code"], "malformed")
    left = int(wire.ask(f"EXTEND {token} 60")["hold-left"])
    assert 60000 < left <= 120000, left


def left_when_asked_again(wire, name):
    """(for how long a lock may be held, the same after its owner has asked again a while later)"""
    wire.send("user ann", f"locks {name}", "timeout 90", "LOCK")
    first = int(wire.status()["hold-left"])
    farm.poll(lambda: int(wire.ask("STATUS")["hold-left"]) <= first - 1500, "time passes")
    return first, int(wire.ask("LOCK")["hold-left"])


@tap.test
def asking_again_does_not_begin_the_maximum_anew(folder):
    conf = os.path.join(folder, "lockerd.conf")
    with open(conf, "w", encoding="ascii") as out:
        out.write('pools = ( { name = "board"; seats = 2; hold-limit = "1m"; } );')
    wire = Server(folder, "--config", conf, "--max-hold", "80").wire()
    for name, most in (("x", 80), ("board", 60)):
        first, again = left_when_asked_again(wire, name)
        assert most * 1000 - 1000 < first <= most * 1000, first
        assert again <= first - 1500, (first, again)


@tap.test
def a_limit_below_the_maximum_begins_anew_up_to_it(folder):
    wire = Server(folder, "--max-hold", "80").wire()
    wire.send("user ann", "locks x", "timeout 10", "LOCK")
    wire.status()
    farm.poll(lambda: int(wire.ask("STATUS")["hold-left"]) <= 8500, "time passes")
    assert int(wire.ask("LOCK")["hold-left"]) > 9000
    assert int(wire.ask("timeout 80", "LOCK")["hold-left"]) <= 78500


if __name__ == "__main__":
    farm.main()
