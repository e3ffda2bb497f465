#!/usr/bin/python3
"""lockerd's history: no lock has two holders at one time, however it goes from one to the next."""

import contextlib
import json
import socket
import sqlite3

from support import farm, tap
from support.clocks import HOUR, SECOND, Clock
from support.lockd import Server, session_of, sleeper

SEATS = [f"seat{number}" for number in range(8)]
POOL = "seat[0-7]"
WAITERS = 400


def server_in_a_hurry(folder):
    """One whose clock goes on by a millisecond whenever it is looked at."""
    clock = Clock(folder)
    clock.set(tick_ms=1)
    return Server(folder, **clock.environment)


def queue_up(server, count, *between, seats=" ".join(SEATS)):
    """So many waiters for one of the seats; each gives back at once, in the pass of its grant."""
    queue = []
    for number in range(count):
        wire = server.wire()
        wire.send(f"user w{number}", f"locks {seats}", "block 1", *between, "LOCK", "UNLOCK")
        farm.contains(wire.line(), "print_waiting")
        wire.line()
        queue.append(wire)
    return queue


def hold_all(server, user="holder"):
    wire = server.wire()
    wire.ask(f"user {user}", f"locks {' '.join(SEATS)}", f"count {len(SEATS)}", "LOCK")
    return wire


def holds(server):
    """{lock: [(granted, ended)] in the order of the grants} of all that has ended."""
    found = {}
    with contextlib.closing(sqlite3.connect(server.state)) as state:
        for lock, granted, ended in state.execute(
                "SELECT lock, granted_ms, ended_ms FROM history WHERE past = 0 ORDER BY token"):
            found.setdefault(lock, []).append((granted, ended))
    return found


def expect_one_holder_at_a_time(server, least):
    """By the history, and by what lockreport makes of it."""
    later = Clock(server.folder)
    later.set(wall_ms=HOUR)
    done = farm.run(farm.program("lockreport"), "--state", server.state, "--json", POOL,
                    env=farm.environment(**later.environment))
    group = json.loads(done.stdout)["groups"][0]
    assert group["holds"] >= least and group["peak"] <= len(SEATS), \
        f"{group['holds']} holds, {group['peak']} of {len(SEATS)} at a time"
    for lock, times in holds(server).items():
        for (granted, ended), (later, _) in zip(times, times[1:]):
            assert granted <= ended <= later, (lock, granted, ended, later)


def wait_for_all(queue):
    for wire in queue:
        farm.equal(wire.line(), "print_obtained")
        wire.status()


@tap.test
def hundreds_of_handovers_in_a_moment(folder):
    server = server_in_a_hurry(folder)
    holder = hold_all(server)
    queue = queue_up(server, WAITERS)
    holder.ask("UNLOCK")
    wait_for_all(queue)
    farm.stop(server.process)
    expect_one_holder_at_a_time(server, WAITERS)


@tap.test
def hold_limits_breaks_and_reported_deaths(folder):
    server = server_in_a_hurry(folder)
    for end in ("limit", "break", "death", "job"):
        wire = server.wire()
        wire.ask(f"user {end}", f"locks {' '.join(SEATS)}", f"count {len(SEATS)}",
                 "hostname else.where", "pid 77", "job 4711", "autounlock 1", "LOCK")
        queue = queue_up(server, WAITERS // 4)
        other = server.wire()
        if end == "limit":
            wire.ask("timeout 0.1", "LOCK")
        elif end == "break":
            other.send("user admin", f"locks {' '.join(SEATS)}", "BREAK_LOCK")
        elif end == "death":
            other.send("DEAD_PID else.where 77")
        elif end == "job":
            other.send("DEAD_JOB 4711")
        wait_for_all(queue)
    farm.stop(server.process)
    expect_one_holder_at_a_time(server, WAITERS)


@tap.test
def processes_that_end(folder):
    server = server_in_a_hurry(folder)
    for seat in SEATS:
        process = sleeper()
        session_of(process, server.port, f"u{process.pid}", seat).status()
        queue = queue_up(server, 25, seats=seat)
        process.kill()
        process.wait()
        # What a session's end has looked at, as when a monitor was killed too.
        server.wire().send(f"DEAD_PID {socket.gethostname()} {process.pid}")
        wait_for_all(queue)
    farm.stop(server.process)
    expect_one_holder_at_a_time(server, 200)


@tap.test
def a_server_that_is_killed_and_started_again(folder):
    """Also where its clock was set back a little each time, as to another server's."""
    clock = Clock(folder)
    server = Server(folder, **clock.environment)
    for turn in range(5):
        holder = hold_all(server)
        holder.close()
        server.kill()
        clock.set(wall_ms=turn * -10 * SECOND)
        server.start()
        queue = queue_up(server, 40)
        server.wire().ask("user holder", f"locks {' '.join(SEATS)}", "UNLOCK")
        wait_for_all(queue)
    farm.stop(server.process)
    expect_one_holder_at_a_time(server, 200)


if __name__ == "__main__":
    farm.main()
