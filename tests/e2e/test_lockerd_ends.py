#!/usr/bin/python3
"""Much that ends at once: in parts, between which others are served."""

import socket
import struct
import time

from support import farm, tap
from support.lockd import Server, identity, sleeper
from support.plenty import MANY, hang_up, hold_each
from support.wire import protocol_2

MUCH = 2 * MANY  # that end while others look


def owners(wire, names):
    """Who has each of these, as it is in one pass of the server."""
    wire.send(*(line for name in names for line in (f"locks {name}", "STATUS")))
    return [wire.status()["owner"] for _ in names]


def are_free(wire, count=MUCH):
    """Whether the first and the last of those that hold_each() took are."""
    return owners(wire, ["n0", f"n{count - 1}"]) == ["", ""]


def ends_in_parts(port, what, begin, names=("n0", f"n{MUCH - 1}")):
    """Has something begun that ends many locks, and is answered when some of it has ended, but not
    all.  How long an answer takes says nothing: all in one piece would be less than a second."""
    wire, seen, end = protocol_2(port), [], time.monotonic() + farm.PATIENCE_S
    begin()
    while any(now := owners(wire, names)):
        seen.append(now)
        assert time.monotonic() < end, f"{what}: {now}"
    assert any("" in now for now in seen), f"{what}: all of it in one piece"


def of_process(process):
    """What a connection says of the process that it asks for."""
    return (f"hostname {socket.gethostname()}", f"pid {process.pid}", identity(process.pid),
            "autounlock 1")


def waiting(server, user, name, *lines):
    """A connection that waits."""
    wire = server.wire()
    wire.send(f"user {user}", *lines, f"locks {name}", "block 1", "LOCK")
    while not (line := wire.line()).startswith("print_waiting"):
        farm.contains(line, "autounlock_check ")
    return wire


def is_granted(wire):
    """Whether a wait ends so."""
    while (line := wire.line()) not in ("print_obtained", ""):
        pass
    return line != ""


@tap.test
def a_job_of_many_locks_ends_while_others_are_served(folder):
    server = Server(folder, "--pidstat-port", "none")
    holder, reporter = server.wire(source="127.0.0.2"), server.wire(source="127.0.0.3")
    hold_each(holder, MUCH, "hostname far", "pid 77", "autounlock 1", "job many")

    # What stands behind it waits its turn.
    ends_in_parts(server.port, "a job that ends",
                  lambda: reporter.send("DEAD_JOB many", "VERSION"))
    farm.equal(reporter.line(), f"ended {MUCH}")
    farm.contains(reporter.line(), "version ")


@tap.test
def a_job_that_was_said_to_have_ended_ends_though_nobody_waits_for_the_answer(folder):
    server = Server(folder, "--pidstat-port", "none", state="none")
    holder = server.wire(source="127.0.0.2")
    reporters = [server.wire(source=f"127.0.0.{n}") for n in (3, 4, 5)]
    hold_each(holder, MANY, "job many", "session 1")
    for reporter in reporters:
        reporter.send("DEAD_JOB many")
    reporters[0].close()
    ended = sum(int(reporter.line().split()[1]) for reporter in reporters[1:])
    wire = server.wire()
    farm.poll(lambda: are_free(wire, MANY), "the end of the job")
    farm.poll(lambda: server.log().count("job many has ended, says") > 0, "the log")
    holder.send("VERSION")
    lost = 0
    while not (line := holder.line()).startswith("version "):
        lost += line.startswith("lost ")
    farm.equal(lost, MANY)
    assert ended <= MANY, f"{ended} have ended, of {MANY}"


def left_by_a_crash(server, count):
    """How many locks of a job of so many the next server still has to end."""
    hold_each(server.wire(source="127.0.0.2"), count, "job many", "autounlock 0")
    server.wire(source="127.0.0.3").send("DEAD_JOB many")
    wire = server.wire()
    while owners(wire, ["n0"]) != [""]:
        pass
    server.restart("--pidstat-port", "none")
    reporter = server.wire(source="127.0.0.3")
    reporter.send("DEAD_JOB many")
    return int(reporter.line().split()[1])


@tap.test
def a_job_that_had_not_ended_whole_is_ended_behind_a_crash(folder):
    server = Server(folder, "--pidstat-port", "none")
    # On a machine that is busy all may have ended before the crash.
    for count in (MUCH, 2 * MUCH, 4 * MUCH):
        left = left_by_a_crash(server, count)
        farm.equal(server.held(), {})
        if left > 0:
            break
    assert 0 < left < count, f"{left} of {count} were left"


@tap.test
def a_server_that_stops_while_much_ends_leaves_the_rest_for_the_next(folder):
    server, process = Server(folder, "--pidstat-port", "none"), sleeper()
    hold_each(server.wire(source="127.0.0.2"), MANY, "job many", "autounlock 0")
    hold_each(server.wire(source="127.0.0.2"), MANY, *of_process(process),
              names=[f"p{n}" for n in range(MANY)])
    waiter, wire = server.wire(), server.wire()
    waiter.send("user waiter", "job many", "autounlock 0", "locks p0", "block 1", "LOCK")
    farm.contains(waiter.line(), "print_waiting")
    process.kill()
    process.wait()
    server.wire(source="127.0.0.3").send("DEAD_JOB many")
    while owners(wire, ["n0", f"n{MANY - 1}"]) == ["holder", "holder"]:
        pass
    server.process.terminate()
    farm.equal(server.process.wait(), 0)
    server.start("--pidstat-port", "none")
    reporter = server.wire(source="127.0.0.3")
    reporter.send("DEAD_JOB many")
    farm.contains(reporter.line(), "ended ")
    farm.poll(lambda: server.held() == {}, "the end of all")


@tap.test
def a_process_of_many_locks_ends_while_others_are_served(folder):
    server = Server(folder, "--pidstat-port", "none")
    wire, process = server.wire(source="127.0.0.2"), sleeper()
    hold_each(wire, MUCH, *of_process(process))

    ends_in_parts(server.port, "a process that ends", process.kill)
    farm.poll(lambda: server.held() == {}, "the end of all")
    # The process has ended: what was joined to it meanwhile has as well.
    farm.equal(server.log().count("has ended: releasing"), 1)


@tap.test
def what_an_ended_process_held_is_not_granted_to_another_that_has_ended(folder):
    server = Server(folder, "--pidstat-port", "none")
    first, second = sleeper(), sleeper()
    wire = server.wire(source="127.0.0.2")
    hold_each(wire, 1, *of_process(first), names=["x"])
    hold_each(wire, MUCH, names=[f"n{n}" for n in range(MUCH // 2)] + ["y"] +
              [f"n{n}" for n in range(MUCH // 2, MUCH - 1)])
    dead = [waiting(server, "dead", name, *of_process(second)) for name in ("x", "y")]
    live = [waiting(server, "live", name) for name in ("x", "y")]
    for process in (first, second):
        process.kill()
    assert not any(map(is_granted, dead)), "a process that has ended was granted a lock"
    assert all(map(is_granted, live))


@tap.test
def a_session_whose_process_has_ended_ends_while_others_are_served(folder):
    server = Server(folder, "--pidstat-port", "none")
    wire, process = server.wire(source="127.0.0.2"), sleeper()
    hold_each(wire, MUCH, *of_process(process), "session 1")
    process.kill()
    process.wait()

    ends_in_parts(server.port, "a session that ends", lambda: hang_up(wire))
    farm.poll(lambda: server.held() == {}, "the end of all")


@tap.test
def a_process_that_is_reported_dead_ends_while_others_are_served(folder):
    server = Server(folder, "--pidstat-port", "none")
    wire, reporter = server.wire(source="127.0.0.2"), server.wire(source="127.0.0.2")
    hold_each(wire, MUCH, "hostname far", "pid 77", "autounlock 1")

    ends_in_parts(server.port, "a process that was reported dead",
                  lambda: reporter.send("DEAD_PID far 77"))
    farm.poll(lambda: f"far was reported dead by somebody unnamed of 127.0.0.2: {MUCH} released"
              in server.log(), "the end of all")


@tap.test
def many_processes_that_are_reported_dead_end_while_others_are_served(folder):
    server = Server(folder, "--pidstat-port", "none")
    wire, reporter = server.wire(source="127.0.0.2"), server.wire(source="127.0.0.2")
    pids = range(100, 200)
    for pid in pids:
        hold_each(wire, 300, "hostname far", f"pid {pid}", "autounlock 1",
                  names=[f"p{pid}-{n}" for n in range(300)])
    ends_in_parts(server.port, "processes that were reported dead",
                  lambda: reporter.send(*(f"DEAD_PID far {pid}" for pid in pids)),
                  ("p100-0", "p199-299"))
    farm.equal(server.held(), {})


def share(wire, count, behind_name=""):
    """Has so many users share one lock."""
    wire.send("locks x", "shared 1")
    for first in range(0, count, 500):
        wire.send(*(line for n in range(first, first + 500) for line in (f"user u{n}{behind_name}", "LOCK")))
        for _ in range(500):
            farm.equal(wire.status()["locked"], "1")


@tap.test
def a_lock_that_many_share_is_broken_while_others_are_served(folder):
    server = Server(folder, "--pidstat-port", "none")
    wire, breaker = server.wire(source="127.0.0.2"), server.wire(source="127.0.0.3")
    share(wire, MUCH)
    late = server.wire(source="127.0.0.4")
    late.send("user late", "locks x", "block 1", "LOCK")
    farm.contains(late.line(), "print_waiting")
    seen, watcher = [], server.wire()
    breaker.send("locks x", "BREAK_LOCK")
    while seen[-1:] != ["late"]:
        seen += owners(watcher, ["x"])
    assert len(set(seen)) > 2, f"{set(seen)}: all of it in one piece"
    # Who has it next had it from nobody else than these.
    broken = 0
    while (line := breaker.line()).startswith("print_broke "):
        farm.equal(line, f"print_broke u{broken}")
        broken += 1
    farm.equal(broken, MUCH)
    while line != "":
        line = breaker.line()
    farm.equal(owners(server.wire(), ["x"]), ["late"])


def reset(wire):
    """Closes it so that the server's next write to it fails."""
    wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    wire.close()


@tap.test
def a_lock_is_taken_from_all_who_share_it_though_who_breaks_it_has_gone(folder):
    server = Server(folder, "--pidstat-port", "none", state="none")
    holder, wire, breaker = (server.wire(source=f"127.0.0.{n}") for n in (2, 3, 4))
    hold_each(holder, 1, names=["later"])
    share(holder, MUCH)
    breaker.send("locks x", "BREAK_LOCK", "locks later", "BREAK_LOCK")
    breaker.close()
    seen = [owners(wire, ["x"])]
    while seen[-1] != [""]:
        seen.append(owners(wire, ["x"]))
    assert len(set(map(tuple, seen))) > 2, "all of it in one piece"
    # What it has said behind that is done no more.
    farm.equal(owners(wire, ["later"]), ["holder"])


@tap.test
def a_lock_is_taken_from_all_who_share_it_though_who_breaks_it_does_not_read(folder):
    server = Server(folder, "--pidstat-port", "none", "--unread-time", "1s", state="none")
    breaker = server.wire(source="127.0.0.3")
    breaker.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    # More than the kernel takes.
    share(server.wire(source="127.0.0.2"), MUCH, 200 * "x")
    breaker.send("locks x", "BREAK_LOCK")
    wire = server.wire()
    farm.poll(lambda: owners(wire, ["x"]) == [""], "the end of all grants")


def tell_session(server):
    """Returns a session, and what has the server write to it at once."""
    session, other = server.wire(source="127.0.0.9"), server.wire(source="127.0.0.9")
    session.ask("user sess", "session 1", "locks mine", "LOCK")
    return session, lambda: other.ask("user sess", "locks mine", "UNLOCK")


@tap.test
def a_job_that_was_said_to_have_ended_ends_though_a_write_to_the_client_fails(folder):
    server = Server(folder, "--pidstat-port", "none", state="none")
    hold_each(server.wire(source="127.0.0.2"), MUCH, "job many", "autounlock 0")
    (session, tell), wire = tell_session(server), server.wire()
    session.send("DEAD_JOB many")
    while owners(wire, ["n0"]) != [""]:
        pass
    reset(session)
    tell()
    assert server.held() != {}, "it had ended before"
    farm.poll(lambda: server.held() == {}, "the end of all grants")
    farm.poll(lambda: f": {MUCH} released" in server.log(), "the log")


if __name__ == "__main__":
    farm.main()
