#!/usr/bin/env python3
"""State files that no lockerd has written: field by field, what it makes of each is service or a
clear refusal that leaves the file as it is, and never a crash."""

import os
import shutil
import signal
import socket
import sqlite3
import subprocess

from support import farm, tap
from support.lockd import LOCKERD, Server, identity, refused, serves, session_of, sleeper
from support.wire import Wire

LONG = bool(os.environ.get("FARMLOCK_LONG"))
VALUES = [-1, 0, 1, 2, 7, 2**31, 2**53, 2**62 + 1, 2**63 - 1, -2**63, 1.5, "x", "", "a b", "a\nb",
          "1 a\n1 a", "2 a", "1 \x1b[2J", "1 a b", "A" * 70000, b"", b"\xff\x00\xfe", None]


def make_state(folder):
    """The state of a lockerd with two holds, of two processes, a wait and a history."""
    server = Server(folder)
    jobs = [sleeper(), sleeper()]
    lines = [("autounlock 1", f"pid {job.pid}", f"hostname {socket.gethostname()}",
              identity(job.pid), "job slurm:7@lab") for job in jobs]
    wire = server.wire()
    farm.equal(wire.lock("old", "past", 0, *lines[0])["locked"], "1")
    wire.ask("UNLOCK")
    farm.equal(wire.lock("ann", "a", 0, *lines[0], "timeout 5000")["locked"], "1")
    farm.equal(server.wire().lock("bob", "b c", 0, *lines[1], "count 2")["locked"], "1")
    waiter = session_of(jobs[1], server.port, "cid", "a")
    farm.poll(lambda: waiter.line().startswith("print_waiting"), "it waits")
    server.kill()
    with sqlite3.connect(server.state) as state:
        state.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    state.close()
    return server.state


def outcome(path):
    """How a lockerd fares with a state: "serves" or what it complains of.  It must do either."""
    with open(path, "rb") as file:
        before = file.read()
    port = farm.free_port()
    process = farm.start(LOCKERD, "--nofork", "--port", port, "--state", path, "--pidstat-port",
                         "none", stderr=subprocess.PIPE, text=True)
    farm.poll(lambda: process.poll() is not None or serves(port), "it serves, or does not")
    if process.poll() is None:
        wire = Wire(port)
        wire.send("proto 2", "LOCK_LIST", "LIST_JSON", "HISTORY 0", "STATUS", "EOF")
        while wire.line() is not None:
            pass
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=farm.PATIENCE_S)
        farm.equal((process.returncode, "Sanitizer" in log, "runtime error" in log),
                   (0, False, False))
        return "serves"
    log = process.stderr.read()
    farm.equal(process.returncode, 71)
    assert "lockerd" in log and path in log, log
    with open(path, "rb") as file:
        assert file.read() == before, "the file that was refused is kept as it was"
    return log


def mutated(good, path, change):
    """A copy of a state with a change; False where SQLite itself does not take it."""
    for end in ("", "-wal", "-shm"):
        if os.path.exists(path + end):
            os.unlink(path + end)
    shutil.copy(good, path)
    state = sqlite3.connect(path)
    try:
        with state:
            for statement, *values in change:
                state.execute(statement, values)
        # What is there without a log can be compared with what there is behind it.
        state.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except (sqlite3.IntegrityError, sqlite3.OperationalError):
        return False
    finally:
        state.close()
    return True


def columns_of(path, table):
    state = sqlite3.connect(path)
    try:
        return [row[1] for row in state.execute(f"PRAGMA table_info({table})")]
    finally:
        state.close()


def try_all(folder, table, where):
    good = make_state(folder)
    path, tried, refusals = os.path.join(folder, "bad.db"), 0, 0
    for place, column in enumerate(columns_of(good, table)):
        for number, value in enumerate(VALUES):
            if not LONG and (number + place) % 3 != 0:
                continue
            if mutated(good, path, [(f"UPDATE {table} SET {column} = ? {where}", value)]):
                tried += 1
                refusals += outcome(path) != "serves"
    print(f"# {table}: {tried} files, {refusals} of them refused", flush=True)
    assert tried > 20


@tap.test
def a_hold_with_any_value_in_any_field(folder):
    try_all(folder, "requests", "WHERE owner = 'ann'")


@tap.test
def a_wait_with_any_value_in_any_field(folder):
    try_all(folder, "requests", "WHERE owner = 'cid'")


@tap.test
def counters_and_clock_with_any_value(folder):
    try_all(folder, "state", "")


@tap.test
def a_history_with_any_value_in_any_field(folder):
    good = make_state(folder)
    path = os.path.join(folder, "bad.db")
    for place, column in enumerate(columns_of(good, "history")):
        for number, value in enumerate(VALUES):
            if not LONG and (number + place) % 4 != 0:
                continue
            if not mutated(good, path, [(f"UPDATE history SET {column} = ?", value)]):
                continue
            farm.equal(outcome(path), "serves")
            for form in ("--csv", "--json"):
                report = farm.run(farm.program("lockreport"), "--state", path, "--since", "5000d",
                                  form)
                assert report.returncode in (0, 71), (column, value, report.stderr)
                assert "Sanitizer" not in report.stderr and "runtime error" not in report.stderr
                assert "\x1b" not in report.stdout + report.stderr


# A table that looks like ours and does not keep what ours keeps.
LOOSE = ["CREATE TABLE loose AS SELECT * FROM requests", "DROP TABLE requests",
         "ALTER TABLE loose RENAME TO requests"]


@tap.test
def what_nothing_keeps_unique_is_refused(folder):
    good = make_state(folder)
    path = os.path.join(folder, "bad.db")
    again = "INSERT INTO requests SELECT * FROM requests WHERE owner = 'cid'"
    for name, change in {
            "two waits with one ticket": LOOSE + [again],
            "two holds with one ticket": LOOSE + [
                "UPDATE requests SET ticket = 3 WHERE token != 0"],
            "a table without its key": LOOSE,
            "two holds with one token": [
                "UPDATE requests SET token = (SELECT max(token) FROM requests) WHERE token != 0"],
            "two holders of one name": ["UPDATE requests SET demand = '1 b' WHERE owner = 'ann'"],
            "one owner twice for a name": ["UPDATE requests SET owner = 'ann' WHERE owner = 'cid'"],
            "no counters": ["DELETE FROM state"],
            "no requests": ["DROP TABLE requests"]}.items():
        assert mutated(good, path, [(statement,) for statement in change]), name
        complaint = outcome(path)
        assert complaint != "serves", name
        if name != "no requests":
            farm.contains(complaint, "is damaged")
            farm.contains(complaint, "--move-corrupt-state")
    farm.contains(refused("--state", path), path)


@tap.test
def such_a_file_is_moved_aside_on_request(folder):
    good = make_state(folder)
    path = os.path.join(folder, "bad.db")
    again = "INSERT INTO requests SELECT * FROM requests WHERE owner = 'cid'"
    assert mutated(good, path, [(statement,) for statement in LOOSE + [again]])
    server = Server(folder, "--move-corrupt-state", state=path)
    farm.equal(server.held(), {})
    farm.equal(len([name for name in os.listdir(folder) if "bad.db.corrupt-" in name]), 1)


if __name__ == "__main__":
    farm.main()
