#!/usr/bin/python3
"""lockreport on a history of a million holds; of ten million with FARMLOCK_LONG."""

import json
import os
import resource
import subprocess
import time

from support import built, farm, tap
from support.past import GAP_MS, LOCKREPORT, SEATS, fill, make_history

MILLION = 10 ** 6
HOLDS = 10 * MILLION if os.environ.get("FARMLOCK_LONG") else MILLION


@tap.test
def a_long_history_is_reported_on_in_little_memory(folder):
    built.need_plain()
    server = make_history(folder)
    end_ms = int(time.time()) * 1000
    fill(server.state, HOLDS, end_ms - HOLDS * GAP_MS)
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
