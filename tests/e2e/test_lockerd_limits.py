#!/usr/bin/python3
"""The limits of what one client may have of lockerd, and that everybody else has all the rest.  What
is said of each: test_lockerd_limit_lines.py; of what is not read: test_lockerd_deaf.py."""

import contextlib
import os
import socket
import sqlite3
import struct
import threading
import time

from support import farm, tap
from support.lockd import Server, start_server
from support.neighbour import Neighbour, memory_kb, push
from support.wire import Wire, protocol_2


def other(port, source="127.0.0.9"):
    """A connection from another address."""
    wire = Wire.__new__(Wire)
    wire.socket = socket.create_connection(("127.0.0.1", port), source_address=(source, 0))
    wire.socket.settimeout(farm.PATIENCE_S)
    wire.buffer = b""
    farm.at_end(wire.socket.close)
    return wire


@tap.test
def silence_of_one_address_does_not_keep_others_out():
    port = start_server("--max-connections", "100")
    silent = []
    for _ in range(150):
        silent.append(Wire(port))
        silent[-1].send("user x")
    farm.contains(silent[-1].line(), "error too many connections")
    for _ in range(20):
        farm.equal(other(port).lock("b", "x")["locked"], "1")


@tap.test
def who_neither_waits_nor_holds_is_not_silent_for_ever():
    port = start_server("--idle-time", "2")
    holder, waiter, silent, spent = Wire(port), Wire(port), protocol_2(port), Wire(port)
    farm.equal(holder.lock("holder", "x")["locked"], "1")
    waiter.lock("waiter", "x", 1)
    farm.contains(waiter.line(), "print_waiting")
    silent.send("user x", "locks x")
    spent.ask("user s", "locks s", "LOCK")
    spent.ask("UNLOCK")
    farm.equal(silent.line(), "error-code limit")
    farm.equal(silent.line(), "error no command came in time; connect again")
    farm.equal(silent.line(), None)
    farm.equal(spent.line(), None)
    holder.ask("UNLOCK")
    farm.equal(waiter.line(), "print_obtained")


@tap.test
def refusals_of_many_names_cost_little_in_the_history(folder):
    server = Server(folder)
    holder = Wire(server.port)
    holder.lock("holder", "n0")
    names = " ".join(f"n{n}" for n in range(1024))
    for n in range(1, 1024):
        holder.send(f"locks n{n}", "LOCK")
    for n in range(1, 1024):
        farm.equal(holder.status()["locked"], "1")
    greedy = Wire(server.port)
    greedy.send("user greedy", f"locks {names}", *(5000 * ["LOCK"]))
    for _ in range(5000):
        farm.equal(greedy.status()["locked"], "0")
    server.kill()
    with sqlite3.connect(server.state) as state:
        rows = state.execute("SELECT lock, token FROM history WHERE past = 1").fetchall()
    farm.equal(len(rows), 1)
    assert rows[0][0].startswith("n0 n1 ") and len(rows[0][0]) < 270, rows
    farm.contains(rows[0][0], " +")


def discard(wire):
    """Reads what comes for it, in a thread of its own, and throws it away."""
    def read():
        with contextlib.suppress(OSError):
            while wire.socket.recv(1 << 20):
                pass
    threading.Thread(target=read, daemon=True).start()


@tap.test
def a_flood_of_refused_LOCKs_costs_the_others_little(folder):
    """As it was found: locks of many names, each refusal another one, and its answers are read."""
    server = Server(folder, "--pidstat-port", "none")
    holder, greedy = Wire(server.port), Wire(server.port)
    for first in range(0, 1000, 500):
        holder.send("user holder", *(line for n in range(first, first + 500)
                                     for line in (f"locks n{n}", "LOCK")))
        for _ in range(500):
            farm.equal(holder.status()["locked"], "1")
    flood = "".join(f"user g{n}\nlocks {' '.join(f'n{(n + i) % 1000}' for i in range(1000))}\n" +
                    20 * "LOCK\n" for n in range(40)).encode()
    discard(greedy)
    before = memory_kb(server.process.pid)
    with Neighbour(server.port, "user other", "locks mine", "LOCK", host="127.0.0.1") as neighbour:
        sent = push(greedy, flood, 20 * len(flood), 5)
    assert sent > len(flood), sent
    grown, size = memory_kb(server.process.pid) - before, os.path.getsize(server.state)
    print(f"# {sent >> 10} kB were sent: {grown} kB of memory, {size >> 10} kB of state", flush=True)
    assert neighbour.worst < 3, neighbour.worst
    assert grown < 100_000, grown
    assert size < 50_000_000, size
    assert "stalled" not in server.log() and "does not answer" not in server.log(), server.log()


@tap.test
def what_a_client_adds_to_history_and_log_is_bounded(folder):
    server = Server(folder, "--client-history", "1K")
    wire = Wire(server.port)
    for _ in range(3):
        wire.send("user loud", *(1000 * ["locks x", "LOCK", "BREAK_LOCK"]))
        for _ in range(1000):
            farm.equal(wire.status()["locked"], "1")
            farm.equal(wire.status()["locked"], "0")
    farm.equal(Wire(server.port).lock("b", "y")["locked"], "1")
    server.process.terminate()
    server.process.wait()
    with sqlite3.connect(server.state) as state:
        rows = state.execute("SELECT count(*) FROM history").fetchone()[0]
    assert rows < 1000, rows
    farm.equal(server.log().count("x was broken for loud"), 10)
    farm.contains(server.log(), "the limit --client-history 1024 is reached by 127.0.0.1")


@tap.test
def a_history_that_is_too_large_loses_its_oldest(folder):
    server = Server(folder)
    server.kill()
    with sqlite3.connect(server.state) as state:
        now = int(time.time() * 1000)
        state.executemany(
            "INSERT INTO history(past, reason, lock, owner, pid, ticket, token, asked_ms,"
            " granted_ms, ended_ms) VALUES(0, 1, ?, 'o', 1, 1, 1, ?, ?, ?)",
            ((200 * "l", now - n, now - n, now - n) for n in range(20_000, 0, -1)))
    server.start("--history-size", "2M")

    def used():
        with sqlite3.connect(server.state) as state:
            return sum(state.execute(f"PRAGMA {what}").fetchone()[0] * sign
                       for what, sign in (("page_count", 1), ("freelist_count", -1))) * 4096
    farm.poll(lambda: used() <= 2 << 20, "the oldest have gone")
    with sqlite3.connect(server.state) as state:
        first, count = state.execute("SELECT min(id), count(*) FROM history").fetchone()
    assert first > 1000 and count > 1000, (first, count)


@tap.test
def nobody_waits_for_a_question_about_a_long_history(folder):
    server = Server(folder)
    server.kill()
    with sqlite3.connect(server.state) as state:
        now = int(time.time() * 1000)
        state.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000)"
            " INSERT INTO history(past, reason, lock, owner, pid, ticket, token, asked_ms,"
            " granted_ms, ended_ms) SELECT 0, 1, 'lock', 'o', 1, 1, i, ?, ?, ? FROM n",
            (now - 1000, now - 1000, now - 1000))
    server.start()
    askers = [server.wire() for _ in range(10)]
    for asker in askers:
        asker.send(f"HISTORY {now + 10_000_000} {now + 20_000_000} 0")
    wire, times = Wire(server.port), []
    for n in range(50):
        before = time.monotonic()
        farm.equal(wire.lock("a", f"x{n}")["locked"], "1")
        times.append(time.monotonic() - before)
    print(f"# the slowest LOCK took {max(times) * 1000:.0f} ms", flush=True)
    assert max(times) < 1.5, times
    after, asked = "0", 0
    while asked == 0 or after != "0":
        line = askers[0].line()
        if not line.startswith("history "):
            continue
        after, asked = line.split()[1], asked + 1
        if after != "0":
            askers[0].send(f"HISTORY {now + 10_000_000} {now + 20_000_000} {after}")
    who_has_gone_keeps_nobody_waiting(server, f"HISTORY {now + 10_000_000} {now + 20_000_000} 0")


def who_has_gone_keeps_nobody_waiting(server, question):
    """Each question takes 0.2 s, of many who go away in the two ways that there are."""
    for reset in (False, True):
        gone = [server.wire() for _ in range(60)]
        for wire in gone:
            wire.send(question)
        time.sleep(0.1)
        for wire in gone:
            if reset:
                wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            wire.close()
        wire, begun = server.wire(), time.monotonic()
        wire.send(question)
        farm.contains(wire.line(), "history ")
        took = time.monotonic() - begun
        print(f"# the next question took {took * 1000:.0f} ms", flush=True)
        assert took < 4, (reset, took)


if __name__ == "__main__":
    farm.main()
