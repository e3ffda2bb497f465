#!/usr/bin/python3
"""lockreport on a history of a million holds; of ten million with FARMLOCK_LONG."""

import json
import os
import resource
import sqlite3
import subprocess
import time

from support import farm, tap
from support.past import LOCKREPORT, make_history

MILLION = 10 ** 6
HOLDS = 10 * MILLION if os.environ.get("FARMLOCK_LONG") else MILLION
SEATS = 1000
GAP_MS = 500


def fill(state, begin_ms):
    """Seat after seat is given back, and taken again at once by who has waited half as long as it was held."""
    with sqlite3.connect(state) as file:
        file.execute("DELETE FROM history")
        file.execute("DELETE FROM history_blocks")
        file.execute(
            "INSERT INTO history(past, reason, lock, owner, pid, ticket, token, asked_ms, granted_ms, ended_ms, pool)"
            " WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :holds)"
            " SELECT 0, 1, 'vcs' || (i % :seats + 1), 'node_' || i % 90 || '_user' || i % 40, 1, i, i,"
            " :begin + (i - 1.5 * :seats) * :gap, :begin + (i - :seats) * :gap, :begin + i * :gap, 'vcs' FROM n",
            {"holds": HOLDS, "seats": SEATS, "gap": GAP_MS, "begin": begin_ms})
        file.execute("INSERT INTO history_blocks SELECT (id - 1) / 1024, max(ended_ms), min(asked_ms)"
                     " FROM history GROUP BY 1")
    file.close()


@tap.test
def a_long_history_is_reported_on_in_little_memory(folder):
    server = make_history(folder)
    end_ms = int(time.time()) * 1000
    fill(server.state, end_ms - HOLDS * GAP_MS)
    begin_s = time.monotonic()
    # All but what was held at the beginning.
    since_ms = end_ms - (HOLDS - 2 * SEATS) * GAP_MS
    done = subprocess.run([LOCKREPORT, "--state", server.state, "--json", "--since", f"@{since_ms // 1000}", "--until",
                           f"@{(end_ms - 2 * SEATS * GAP_MS) // 1000}"], stdout=subprocess.PIPE, check=True)
    spent_s = time.monotonic() - begin_s
    most_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"# {HOLDS:,} holds: {spent_s:.1f} s, {most_mb:.0f} MB")
    found = json.loads(done.stdout)["all"]
    farm.equal((found["capacity"], found["peak"], found["granted"]), (SEATS, SEATS, HOLDS - 4 * SEATS))
    farm.equal(found["full_seconds"], (HOLDS - 4 * SEATS) * GAP_MS / 1000)
    farm.equal(found["hold_median_seconds"], SEATS * GAP_MS / 1000)
    farm.equal(found["wait_p90_seconds"], SEATS * GAP_MS / 2000)
    # The holds alone would take more.
    assert most_mb < 60, most_mb


if __name__ == "__main__":
    farm.main()
