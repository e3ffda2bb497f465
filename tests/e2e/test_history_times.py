#!/usr/bin/env python3
"""What is asked of the history about some days is found without reading all the others."""

import sqlite3
import time

from support import farm, tap
from support.layouts import make_earlier
from support.lockd import Server

ROWS = 1500000
DAY_MS = 86400000
ROW = ("INSERT INTO history(past, reason, lock, owner, pid, ticket, token, asked_ms, granted_ms,"
       " ended_ms) ")


def ask(server, since_ms, until_ms):
    """The tickets of what HISTORY tells, in how many parts, and how long that took."""
    wire, begun = server.wire(), time.monotonic()
    tickets, after, parts = [], "0", 0
    while parts == 0 or after != "0":
        wire.send(f"HISTORY {since_ms} {until_ms} {after}")
        while not (line := wire.line()).startswith("history "):
            tickets.append(int(line.split()[3]))
        after, parts = line.split()[1], parts + 1
    wire.close()
    return tickets, parts, time.monotonic() - begun


def expected(server, since_ms, until_ms):
    with sqlite3.connect(server.state) as state:
        rows = state.execute("SELECT ticket FROM history WHERE ended_ms >= ? AND asked_ms < ?"
                             " ORDER BY id", (since_ms, until_ms)).fetchall()
    state.close()
    return [row[0] for row in rows]


def write(server, *commands):
    with sqlite3.connect(server.state) as state:
        for command in commands:
            state.execute(*command)
    state.close()


@tap.test
def an_old_file_is_searched_by_time(folder):
    """Of a version before, with a row of a clock that was ahead, and one that was held for long."""
    server = Server(folder)
    farm.stop(server.process)
    now = int(time.time() * 1000)
    begin = now - 80 * DAY_MS
    step = (now - begin) // ROWS
    make_earlier(server.state, 6)
    write(server,
          ("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) " + ROW +
           "SELECT 0, 1, 'lock', 'o', 1, i, i, ? + i * ? - 9000, ? + i * ? - 9000, ? + i * ?"
           " FROM n", (ROWS, begin, step, begin, step, begin, step)),
          ("UPDATE history SET ended_ms = ? WHERE id = 5000", (now - 60000,)),
          ("UPDATE history SET asked_ms = ? WHERE id = ?", (begin, ROWS - 5000)))
    begun = time.monotonic()
    server.start()
    print(f"# brought up to date in {time.monotonic() - begun:.1f} s", flush=True)
    slowest = 0
    for since, until in ((now - 3600000, now), (now + DAY_MS, now + 2 * DAY_MS),
                         (begin + 40 * DAY_MS, begin + 40 * DAY_MS + 60000), (0, begin + 1000),
                         (now - 90000, now)):
        # A part ends early where the machine lets it wait; all of the file takes many, each time.
        for _ in range(5):
            tickets, parts, took = ask(server, since, until)
            farm.equal(tickets, expected(server, since, until))
            if parts <= len(tickets) // 1000 + 2:
                break
        assert parts <= len(tickets) // 1000 + 2, (parts, len(tickets))
        slowest = max(slowest, took / parts)
    print(f"# {slowest * 1000:.0f} ms for a part at most, of {ROWS} rows", flush=True)


def give_back_many(server, count):
    wire = server.wire()
    wire.send("user u", "locks seat", "block 0")
    for _ in range(count // 100):
        wire.send(*["LOCK", "UNLOCK"] * 100)
        for _ in range(200):
            wire.status()
    wire.close()


@tap.test
def what_is_written_is_found_over_restarts_and_when_all_was_removed(folder):
    server = Server(folder)
    give_back_many(server, 2500)
    server.restart()
    give_back_many(server, 2500)
    farm.stop(server.process)

    def described():
        with sqlite3.connect(server.state) as state:
            blocks = state.execute("SELECT * FROM history_blocks ORDER BY block").fetchall()
            true = dict((row[0], row) for row in state.execute(
                "SELECT (id - 1) / 1024, max(ended_ms), min(asked_ms) FROM history"
                " GROUP BY (id - 1) / 1024"))
        state.close()
        for block in blocks:
            farm.equal(block, true[block[0]])
        return [block[0] for block in blocks]

    # The third was not seen from its first row on by either of the two servers.
    farm.equal(described(), [0, 1, 3])
    server.start()
    with sqlite3.connect(server.state) as state:
        middle = state.execute("SELECT ended_ms FROM history WHERE id = 2600").fetchone()[0]
    state.close()
    for since, until in ((0, middle), (middle, middle + DAY_MS), (middle + 1, middle + 2)):
        farm.equal(ask(server, since, until)[0], expected(server, since, until))
    farm.stop(server.process)
    # By hand, and so are the new ones to get old numbers.
    write(server, ("DELETE FROM history",))
    server.start()
    give_back_many(server, 100)
    tickets = ask(server, 0, 1 << 45)[0]
    farm.equal((len(tickets), tickets), (100, expected(server, 0, 1 << 45)))
    farm.equal(described(), [])


if __name__ == "__main__":
    farm.main()
