#!/usr/bin/python3
"""lockerd restarted with another clock: hold limits are time that has passed, and no earlier over."""

import contextlib
import json
import os
import sqlite3
import time

from support import farm, tap
from support.clocks import DAY, HOUR, MINUTE, SECOND, YEAR, Clock
from support.lockd import LOCKERD, Server, listing, serves

LAYOUT_2 = """
    CREATE TABLE state(id INTEGER PRIMARY KEY, next_ticket INTEGER NOT NULL,
      next_token INTEGER NOT NULL, host TEXT NOT NULL);
    INSERT INTO state VALUES(1, 8, 9, '');
    CREATE TABLE probe(id INTEGER PRIMARY KEY, filling BLOB);
    CREATE TABLE requests(ticket INTEGER PRIMARY KEY, token INTEGER NOT NULL,
      owner TEXT NOT NULL, host TEXT, boot TEXT, job TEXT, pid INTEGER NOT NULL,
      start INTEGER NOT NULL, pid_namespace INTEGER NOT NULL, autounlock INTEGER NOT NULL,
      asked_ms INTEGER NOT NULL, granted_ms INTEGER NOT NULL, hold_ms INTEGER NOT NULL,
      deadline_ms INTEGER NOT NULL, demand TEXT NOT NULL);
    CREATE TABLE history(id INTEGER PRIMARY KEY, past INTEGER NOT NULL,
      reason INTEGER NOT NULL, lock TEXT NOT NULL, owner TEXT NOT NULL, login TEXT, host TEXT,
      job TEXT, pid INTEGER NOT NULL, ticket INTEGER NOT NULL, token INTEGER NOT NULL,
      asked_ms INTEGER NOT NULL, granted_ms INTEGER NOT NULL, ended_ms INTEGER NOT NULL);
    PRAGMA application_id = 1718447211;
    PRAGMA user_version = 2;"""


class Lab(Server):
    """A server with a clock that can be set."""

    def __init__(self, folder, **how):
        self.clock = Clock(folder)
        super().__init__(folder, **self.clock.environment, **how)

    def hold(self, lock, limit_s):
        granted = self.wire().ask(f"user {lock}", f"locks {lock}", f"timeout {limit_s}", "LOCK")
        farm.equal(granted["locked"], "1")
        return time.monotonic()

    def sql(self, statement, *values):
        with contextlib.closing(sqlite3.connect(self.state)) as state, state:
            return state.execute(statement, values).fetchall()

    def boot_again(self):
        """What is in the file is of another boot, whose clock says nothing of this one's."""
        self.sql("UPDATE state SET boot = '00000000-0000-4000-8000-000000000001'")

    def left_s(self, lock):
        """How much longer the lock may be held."""
        now_ms = self.seen_ms()
        (deadline_ms, ), = self.sql("SELECT deadline_ms FROM requests WHERE owner = ?", lock)
        return (deadline_ms - now_ms) / 1000

    def seen_ms(self):
        """What time it is by the server's line: that of a hold that has just ended."""
        wire = self.wire()
        wire.ask("user now", "locks now", "LOCK")
        wire.ask("UNLOCK")
        return self.sql("SELECT max(ended_ms) FROM history WHERE id = "
                        "(SELECT max(id) FROM history WHERE owner = 'now')")[0][0]


# The wall clock may be anywhere; each step is from the one before.
STEPS = (HOUR, -HOUR, YEAR, -YEAR, -YEAR, 10 * SECOND, -10 * SECOND, 2 * YEAR, -50 * SECOND)


def expect_kept(lab, lock, limit_s, granted, slack_s=5):
    farm.equal(lab.held().get(lock), lock)
    passed_s = time.monotonic() - granted
    left_s = lab.left_s(lock)
    assert limit_s - passed_s - slack_s <= left_s <= limit_s, (left_s, passed_s)
    return left_s


@tap.test
def within_a_boot_it_is_exact_whatever_the_clock_says(folder):
    lab = Lab(folder)
    granted = lab.hold("a", 600)
    wall_ms = boot_ms = 0
    for step in STEPS:
        wall_ms += step
        # Half a minute passes, while the server is away and its clock is set.
        boot_ms += MINUTE / 2
        lab.kill()
        lab.clock.set(wall_ms=wall_ms, boot_ms=int(boot_ms))
        lab.start()
        farm.equal(lab.held(), {"a": "a"})
        left_s = lab.left_s("a")
        passed_s = boot_ms / 1000 + time.monotonic() - granted
        assert abs(600 - passed_s - left_s) < 3, (step, passed_s, left_s)
    lab.kill()
    lab.clock.set(wall_ms=wall_ms - YEAR, boot_ms=601 * SECOND)
    lab.start()
    farm.poll(lambda: lab.held() == {}, "the limit is over")


@tap.test
def a_time_namespace_changes_nothing(folder):
    if farm.run("unshare", "--time", "--boottime", "1000", "true").returncode != 0:
        raise tap.Lacks("no permission to make a time namespace")
    lab = Lab(folder)
    granted = lab.hold("a", 600)
    lab.kill()
    before = ["unshare", "--time", "--boottime", "100000", "--fork"]
    with open(f"{folder}/log", "ab") as log:
        lab.process = farm.start(*before, LOCKERD, "--nofork", "--port", lab.port, "--state",
                                 lab.state, stderr=log)
    farm.poll(lambda: serves(lab.port), "lockerd serves")
    with open(f"/proc/{lab.process.pid}/task/{lab.process.pid}/children", encoding="ascii") as pids:
        inside = int(pids.read())
    # unshare(1) ends with it, and not by itself.
    farm.at_end(lambda: farm.kill_pid(inside))
    assert expect_kept(lab, "a", 600, granted) > 590


@tap.test
def over_a_boot_it_is_never_over_too_early_and_not_too_late(folder):
    for number, (step, orderly) in enumerate((step, orderly) for step in (HOUR, -YEAR, YEAR)
                                             for orderly in (False, True)):
        os.mkdir(f"{folder}/{number}")
        lab = Lab(f"{folder}/{number}")
        granted = lab.hold("a", 3)
        lab.hold("long", 600)
        if orderly:
            farm.stop(lab.process)
        else:
            lab.kill()
        lab.boot_again()
        lab.clock.set(wall_ms=step, boot_ms=-1000)
        begun = time.monotonic()
        lab.start()
        farm.poll(lambda: "a" not in lab.held(), "the limit is over")
        ended = time.monotonic()
        assert ended - granted >= 3, ended - granted
        assert ended - begun < 3 + 5, ended - begun
        expect_kept(lab, "long", 600, granted, 10)
        farm.stop(lab.process)


@tap.test
def what_has_passed_before_the_boot_counts(folder):
    lab = Lab(folder)
    lab.hold("a", 600)
    lab.clock.set(boot_ms=400 * SECOND)
    farm.stop(lab.process)
    lab.boot_again()
    lab.clock.set(wall_ms=-YEAR, boot_ms=-1000)
    lab.start()
    assert 190 <= lab.left_s("a") <= 200, lab.left_s("a")


@tap.test
def a_file_without_clocks_gives_the_limit_anew(folder):
    path, now = f"{folder}/state.db", int(time.time() * 1000)
    with contextlib.closing(sqlite3.connect(path)) as state, state:
        state.executescript(LAYOUT_2)
        state.execute("INSERT INTO requests VALUES(7, 8, 'a', NULL, NULL, NULL, 0, 0, 0, 0, ?, ?,"
                      " 600000, ?, '1 a')", (now - HOUR, now - HOUR, now - HOUR + 600000))
        state.execute("INSERT INTO requests VALUES(6, 7, 'b', NULL, NULL, NULL, 0, 0, 0, 0, ?, ?,"
                      " 600000, ?, '1 b')", (now + YEAR, now + YEAR, now + YEAR + 600000))
    lab = Lab(folder, state=path)
    for lock in "ab":
        expect_kept(lab, lock, 600, time.monotonic())
    for lock in json.loads(listing(lab.port))["locks"]:
        assert lock["held_seconds"] >= 0, lock


@tap.test
def a_machine_that_was_suspended_has_let_time_pass(folder):
    lab = Lab(folder)
    lab.hold("a", 600)
    lab.hold("b", 6000)
    lab.clock.set(boot_ms=HOUR)
    farm.poll(lambda: lab.held() == {"b": "b"}, "one limit is over")


@tap.test
def the_history_has_sane_times(folder):
    lab = Lab(folder)
    lab.hold("a", 0)
    for step in (HOUR, -YEAR, YEAR):
        lab.kill()
        lab.clock.set(wall_ms=step)
        lab.start()
    lab.wire().ask("user a", "locks a", "UNLOCK")
    farm.stop(lab.process)
    (asked, granted, ended), = lab.sql("SELECT asked_ms, granted_ms, ended_ms FROM history")
    assert asked == granted <= ended < granted + 60000, (asked, granted, ended)
    # Where nobody knows, no hold ends before it begins.
    lab.clock.set()
    lab.start()
    lab.hold("b", 0)
    lab.kill()
    lab.boot_again()
    lab.clock.set(wall_ms=-YEAR)
    lab.start()
    lab.wire().ask("user b", "locks b", "UNLOCK")
    farm.stop(lab.process)
    (granted, ended), = lab.sql("SELECT granted_ms, ended_ms FROM history WHERE lock = 'b'")
    assert granted <= ended, (granted, ended)


def old_entry(lab, age_ms):
    lab.sql("INSERT INTO history(past, reason, lock, owner, pid, ticket, token, asked_ms,"
            " granted_ms, ended_ms) VALUES(0, 1, 'old', 'old', 0, 0, 0, ?1, ?1, ?1)",
            int(time.time() * 1000) - age_ms)


def count_old(lab):
    return lab.sql("SELECT count(*) FROM history WHERE owner = 'old'")[0][0]


@tap.test
def a_clock_that_is_wrong_for_a_while_does_not_cost_the_history(folder):
    lab = Lab(folder)
    farm.stop(lab.process)
    old_entry(lab, 10 * DAY)
    for boots in (False, True):
        for wall_ms in (YEAR, YEAR + MINUTE, 0):
            if boots:
                lab.boot_again()
            lab.clock.set(wall_ms=wall_ms)
            lab.start()
            lab.seen_ms()
            # It has trimmed by then, what it would.
            time.sleep(0.3)
            farm.stop(lab.process)
            farm.equal(count_old(lab), 1)
    # What is too old goes.
    old_entry(lab, 100 * DAY)
    lab.start()
    lab.seen_ms()
    farm.poll(lambda: count_old(lab) == 1, "it is trimmed")


@tap.test
def what_was_decided_by_another_clock_ends_no_job(folder):
    lab = Lab(folder)
    lab.clock.set(wall_ms=HOUR)
    lab.restart()
    lab.wire().ask("user a", "locks a", "job slurm:7", "LOCK")
    decided = lab.seen_ms()
    lab.kill()
    lab.clock.set()
    lab.start()
    lab.wire().ask("user a", "locks a", "job slurm:7", "LOCK")
    wire = lab.wire()
    wire.send(f"DEAD_JOB slurm:7 {decided}")
    farm.equal(wire.line(), "ended 0")
    wire.send("DEAD_JOB slurm:7")
    farm.equal(wire.line(), "ended 1")


@tap.test
def it_is_told_in_the_log(folder):
    lab = Lab(folder)
    lab.hold("a", 0)
    lab.kill()
    lab.clock.set(wall_ms=HOUR + 5 * MINUTE)
    lab.start()
    farm.contains(lab.log(), "the clock was set forward by 1h05m")
    lab.hold("b", 0)
    lab.kill()
    lab.clock.set(wall_ms=-HOUR)
    lab.start()
    farm.contains(lab.log(), "the clock was set back by 2h05m")


if __name__ == "__main__":
    farm.main()
