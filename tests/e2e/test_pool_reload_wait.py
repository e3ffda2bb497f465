#!/usr/bin/python3
"""A reload of the pools under many waiters: how long somebody else's request waits for it."""

import json
import os
import resource
import signal
import time

from support import farm, tap
from support.lockd import Server
from support.locking import LOCKERSH
from support.wire import Wire

WAITERS = 50000 if os.environ.get("FARMLOCK_LONG") else 8000
# Of five tries the best, as a busy machine holds up anybody now and then; what a waiter costs is
# counted exactly by tests/unit/lock/test_pool_reload_cost.c.
MOST_S = 0.5


def conf_of(each):
    return f"""pools = ( {{ name = "vcs"; seats = 2;
      limits = ( {{ by = "user"; each = {each}; }}, {{ by = "project"; each = 2; }} );
      share = {{ by = "project"; others = 1; }} }} );"""


def write(path, text):
    with open(path, "w", encoding="ascii") as out:
        out.write(text)


def longest_s(port, goes_on):
    """The longest that a lock that is free takes somebody to get and to give back."""
    wire, longest, count = Wire(port), 0.0, 0
    while goes_on(count):
        start = time.monotonic()
        farm.equal(wire.lock("h_1_other", "other")["locked"], "1")
        wire.ask("UNLOCK")
        longest = max(longest, time.monotonic() - start)
        count += 1
    wire.close()
    return longest


def ask(port, number, source):
    wire = Wire(port, source=source)
    wire.send("proto 2", f"user h_{number}_user{number % 200}", f"project p{number % 4}", "locks vcs", "block 1", "LOCK")
    return wire


def line_up(server, numbers, source):
    queue = [ask(server.port, number, source) for number in numbers]
    for wire in queue:
        farm.equal(wire.line(), "proto 2")
        farm.contains(wire.line(), "print_waiting")
    return queue


def waiting(port):
    done = farm.run(LOCKERSH, "--pools", "--json", env={"IPCLOCKER_HOST": "127.0.0.1", "IPCLOCKER_PORT": str(port)})
    return json.loads(done.stdout)["pools"][0]["waiting"]


@tap.test
def nobody_waits_long_for_a_reload_with_many_waiters(folder):
    """More than open files allow wait where the server crashes meanwhile: those have time to come back."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    # Where few files may be open they come in crowds, and where very few may be, fewer come.
    at_once = min(WAITERS, most - 200)
    waiters = min(WAITERS, 8 * at_once)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    conf = os.path.join(folder, "conf")
    write(conf, conf_of(1))
    options = ("--config", conf, "--pidstat-port", "none", "--requeue-grace", 3600, "--max-connections", at_once + 100,
               "--max-waiters", 2 * waiters, "--max-client-waiters", waiters, "--max-new-connections", 0,
               "--max-client-connections", 2 * waiters)
    server = Server(folder, *options, state=None if at_once < waiters else "none")
    for number in range(2):
        farm.equal(server.wire().lock(f"h_{number}_holder{number}", "vcs", 0, f"project q{number}")["locked"], "1")
    queue = []
    for turn, first in enumerate(range(0, waiters, at_once)):
        if first > 0:
            server.restart(*options)
            for wire in queue:
                wire.close()
        queue = line_up(server, range(first, min(first + at_once, waiters)), f"127.0.0.{2 + turn}")
    farm.equal(waiting(server.port), waiters)
    quiet = longest_s(server.port, lambda count: count < 50)
    best = float("inf")
    for turn in range(5):
        write(conf, conf_of(2 + turn % 2))
        server.process.send_signal(signal.SIGHUP)
        best = min(best, longest_s(server.port, lambda _, turn=turn: server.log().count("count from now on") <= turn))
    print(f"# {waiters} waiters: a request waited {best * 1000:.1f} ms for a reload, {quiet * 1000:.1f} ms without one",
          flush=True)
    assert best <= MOST_S, best


if __name__ == "__main__":
    farm.main()
