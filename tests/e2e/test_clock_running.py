#!/usr/bin/env python3
"""The clock of the wall set a year ahead and back while programs run: what is counted in seconds that
pass goes on, and nobody loses or keeps anything for it."""

import json
import signal
import time

from support import farm, lockd, tap
from support.clocks import YEAR, Clock
from support.locking import Farm

LEAPS = (YEAR, -YEAR, 0)


class Lab:
    def __init__(self, folder):
        self.clock = Clock(folder)
        self.server = lockd.Server(folder, **self.clock.environment)
        self.jobs = Farm(self.server.port)
        self.jobs.env.update(self.clock.environment)

    def leap(self, ms):
        self.clock.set(wall_ms=ms)


@tap.test
def hold_limits_and_holds_go_on(folder):
    lab = Lab(folder)
    wire = lab.server.wire()
    long, holder = wire.lock("long", "long", 0, "timeout 3600"), lab.jobs.hold("held")
    tokens = [int(long["token"])]
    for leap in LEAPS:
        began = time.monotonic()
        before = lab.server.wire().lock(f"short{leap}", f"short{leap}", 0, "timeout 2")
        farm.equal(before["locked"], "1")
        lab.leap(leap)
        farm.poll(lambda: f"short{leap}" not in lab.server.held(), "a limit of two seconds is over")
        assert time.monotonic() - began >= 1.9, (leap, time.monotonic() - began)
        farm.equal(set(lab.server.held()), {"long", "held"})
        tokens.append(int(lab.server.wire().lock("next", "next")["token"]))
        lab.server.wire().ask("user next", "locks next", "UNLOCK")
    farm.equal(tokens, sorted(set(tokens)))
    farm.equal(lab.jobs.locks()["held"]["pid"], holder.pid)


@tap.test
def waiters_keep_their_places_and_their_patience(folder):
    lab = Lab(folder)
    holder = lab.jobs.hold("a")
    waiters = [lab.jobs.wait_for("a") for _ in range(3)]
    for leap in LEAPS:
        began = time.monotonic()
        impatient = lab.jobs.start("--lock", "a", "-w", "2", "true")
        lab.jobs.poll_waiting(impatient.pid)
        lab.leap(leap)
        farm.equal(impatient.wait(farm.PATIENCE_S), 1)
        assert time.monotonic() - began >= 1.9, (leap, time.monotonic() - began)
        farm.equal([waiter["pid"] for waiter in lab.jobs.waiters()],
                   [waiter.pid for waiter in waiters])
    holder.kill()
    for waiter in waiters:
        farm.equal(waiter.wait(farm.PATIENCE_S), 0)


@tap.test
def a_server_that_is_killed_in_another_year_comes_back_with_all(folder):
    lab = Lab(folder)
    holder = lab.jobs.hold("a")
    waiter = lab.jobs.wait_for("a")
    for leap in LEAPS:
        lab.leap(leap)
        lab.server.restart()
        lab.jobs.poll_held("a", holder.pid)
        lab.jobs.poll_waiting(waiter.pid)
    holder.kill()
    farm.equal(waiter.wait(farm.PATIENCE_S), 0)


@tap.test
def the_history_and_the_list_have_times_that_do_not_run_backwards(folder):
    lab = Lab(folder)
    for leap in LEAPS:
        lab.leap(leap)
        farm.equal(lab.jobs.run("--lock", f"at{leap}", "true").returncode, 0)
    farm.poll(lambda: lab.server.held() == {}, "all are given back")
    wire = lab.server.wire()
    wire.send("HISTORY 0 99999999999999 0")
    ends, line = [], wire.line()
    while line.startswith("past "):
        asked, granted, ended = (int(word) for word in line.split()[4:7])
        assert asked <= granted <= ended, line
        ends.append(ended)
        line = wire.line()
    farm.equal((len(ends), ends), (len(LEAPS), sorted(ends)))
    json.dumps(lab.jobs.json())


@tap.test
def a_pidwatch_goes_on_and_heeds_its_time(folder):
    clock = Clock(folder)
    watched = lockd.sleeper()
    env = farm.environment(**clock.environment)
    watch = farm.start(farm.program("pidwatch"), "--pid", watched.pid, "sleep 1000",
                       env=env)
    for leap in LEAPS:
        clock.set(wall_ms=leap)
        time.sleep(0.3)
        farm.equal(watch.poll(), None)
    watched.send_signal(signal.SIGKILL)
    watched.wait()
    farm.poll(lambda: watch.poll() is not None, "the command was ended")


if __name__ == "__main__":
    farm.main()
