"""A history that was made by hand, and lockreport on it."""

import json
import sqlite3
import time

from support import farm
from support.lockd import Server

LOCKREPORT = farm.program("lockreport")
BEGIN_S = int(time.time()) - 20 * 3600
HOUR_MS = 3600 * 1000
# Of a long history.
SEATS, GAP_MS = 1000, 500


def report(*options, **more):
    result = farm.run(LOCKREPORT, *options, **more)
    farm.equal((result.returncode, result.stderr), (0, ""))
    return result.stdout


def groups(*options):
    listed = json.loads(report("--json", *options))["groups"]
    return {group["name"]: group for group in listed}


def make_history(folder):
    """A server's file with ten hours of a history that was made by hand."""
    server = Server(folder)
    farm.stop(server.process)
    begin = BEGIN_S * 1000
    rows = []

    def add(past, lock, user, token, asked, granted, ended):
        rows.append((past, 1, lock, f"host_{token + 100}_{user}", user, f"host{token % 2}",
                     f"slurm:{token}", 100 + token, token, token if past == 0 else 0,
                     begin + int(asked * HOUR_MS), begin + int(granted * HOUR_MS),
                     begin + int(ended * HOUR_MS)))

    # vcs1 is held all the time, handed over in the middle; vcs2 for two hours; one grant of both
    # sim1 and sim2.
    add(0, "vcs1", "ann", 1, 0, 0, 5)
    add(0, "vcs1", "bob", 2, 1, 5, 10)
    add(0, "vcs2", "bob", 3, 3, 4, 6)
    add(0, "sim1", "cat", 4, 1, 4, 6)
    add(0, "sim2", "cat", 4, 1, 4, 7)
    add(0, "vcs1", "old", 5, -5, -4, -1)
    add(1, "vcs1 vcs2", "dan", 6, 5, 5, 5)
    add(1, "sim1", "dan", 7, 5, 5, 5)
    add(2, "vcs1 vcs2", "eve", 8, 5, 5, 7)
    with sqlite3.connect(server.state) as state:
        state.executemany(
            "INSERT INTO history(past, reason, lock, owner, login, host, job, pid, ticket, token,"
            " asked_ms, granted_ms, ended_ms) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
        state.execute("UPDATE state SET next_token = 100")
    state.close()
    return server


def window(server):
    return ["--state", server.state, "--since", f"@{BEGIN_S}", "--until", f"@{BEGIN_S + 36000}"]


def fill(state, holds, begin_ms):
    """Seat after seat is given back, and taken again at once by who has waited half as long as it was held."""
    with sqlite3.connect(state) as file:
        file.execute("DELETE FROM history")
        file.execute("DELETE FROM history_blocks")
        file.execute(
            "INSERT INTO history(past, reason, lock, owner, pid, ticket, token, asked_ms, granted_ms, ended_ms, pool)"
            " WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :holds)"
            " SELECT 0, 1, 'vcs' || (i % :seats + 1), 'node_' || i % 90 || '_user' || i % 40, 1, i, i,"
            " :begin + (i - 1.5 * :seats) * :gap, :begin + (i - :seats) * :gap, :begin + i * :gap, 'vcs' FROM n",
            {"holds": holds, "seats": SEATS, "gap": GAP_MS, "begin": begin_ms})
        file.execute("INSERT INTO history_blocks SELECT (id - 1) / 1024, max(ended_ms), min(asked_ms)"
                     " FROM history GROUP BY 1")
    file.close()
