#!/usr/bin/python3
"""What it costs to lose nothing: changes a second on kept connections, with and without a state
file, what the disk allows at most, and how many disk syncs a change needs.

Folders to keep the state in may be given; a place in memory shows what is left without a disk."""

import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from support import farm
from support.wire import Wire

LOAD = os.path.join(farm.BUILD, "tests", "bench", "load_tcp")
SECONDS = 1.5
WARM_UP = 1
ROUNDS = 3
GOAL = 40  # per cent of `none` that `power` is to reach with many clients
KINDS = {"none": ["--state", "none"], "process": ["--durability", "process"],
         "power": ["--durability", "power"]}


def ask(server, port, clients, seconds):
    """Requests a second."""
    load = farm.run(LOAD, "lockerd", "kept", port, server.pid, clients, 1, int(seconds * 1000))
    found = json.loads(load.stdout)
    return round(found["requests"] / found["seconds"])


def rate(folder, clients, kind):
    port = farm.free_port()
    options = KINDS[kind]
    if kind != "none":
        options = ["--state", os.path.join(folder, "state", "lockerd.db"), *options]
    server = subprocess.Popen([farm.program("lockerd"), "--nofork", "--port", str(port), *options],
                              stderr=subprocess.DEVNULL)
    try:
        farm.poll(lambda: farm.answers(port), "lockerd listens")
        # A new log grows at first, so that each sync has its length written too; later it is used
        # again.
        ask(server, port, clients, WARM_UP)
        return ask(server, port, clients, SECONDS)
    finally:
        farm.stop(server)


def rates(folder, clients):
    """Medians, with turns taken, as other load on the machine comes and goes."""
    found = {kind: [] for kind in KINDS}
    for _ in range(ROUNDS):
        for kind, results in found.items():
            results.append(rate(folder, clients, kind))
    return {kind: statistics.median(results) for kind, results in found.items()}


def sync_s(folder):
    """How long a sync takes after a page was written anew, as in a log that is used again."""
    pages, times = 64, []
    with open(os.path.join(folder, "probe"), "wb", buffering=0) as probe:
        probe.write(bytes(4096 * pages))
        os.fsync(probe.fileno())
        for page in range(pages):
            begun = time.monotonic()
            os.pwrite(probe.fileno(), os.urandom(4096), page * 4096)
            os.fdatasync(probe.fileno())
            times.append(time.monotonic() - begun)
    return statistics.median(times)


def report_rates(folder, clients):
    """With one change under way for each client, no more than that many share a sync."""
    before, found, after = sync_s(folder), rates(folder, clients), sync_s(folder)
    sync = (before + after) / 2
    bound = clients / sync
    share = {kind: 100 * found[kind] / found["none"] for kind in KINDS}
    print(f"  {clients:3} clients: none {found['none']}/s, "
          f"process {found['process']}/s ({share['process']:.0f}%), "
          f"power {found['power']}/s ({share['power']:.0f}%)")
    print(f"               a sync takes {sync * 1000:.2f} ms: {clients} changes for each are at "
          f"most {bound:.0f}/s ({100 * bound / found['none']:.0f}%)")
    if clients == 1 or share["power"] >= GOAL:
        return
    if bound < found["none"] * GOAL / 100:
        print(f"               below {GOAL}%, which this disk cannot reach with {clients} clients; "
              f"power uses {100 * found['power'] / bound:.0f}% of what it allows")
    else:
        print(f"               below {GOAL}%, though the disk would allow it")


def count_syncs(folder, changes):
    """Of a server's life with one client alone; strace(1) counts."""
    port = farm.free_port()
    counts = os.path.join(folder, "counts")
    server = subprocess.Popen(["strace", "-f", "-c", "-e", "trace=fsync,fdatasync", "-o", counts,
                               farm.program("lockerd"), "--nofork", "--port", str(port), "--state",
                               os.path.join(folder, f"syncs{changes}", "lockerd.db")],
                              stderr=subprocess.DEVNULL)
    farm.poll(lambda: farm.answers(port), "lockerd listens")
    wire = Wire(port)
    wire.send("user one", "locks a")
    for number in range(changes):
        wire.ask("UNLOCK" if number % 2 else "LOCK")
    wire.close()
    subprocess.run(["pkill", "-TERM", "-P", str(server.pid)], check=False)
    server.wait()
    with open(counts, encoding="ascii") as table:
        return sum(int(row.split()[3]) for row in table if re.search(r" f(data)?sync$", row))


def report_syncs(folder):
    if shutil.which("strace") is None:
        print("  syncs a change: not counted, as there is no strace")
        return
    # Few enough that the log is not copied to the file meanwhile, and many.
    few, many = 200, 4000
    life = count_syncs(folder, 0)
    commits, all_of_them = ((count_syncs(folder, changes) - life) / changes
                            for changes in (few, many))
    print(f"  one client alone: {commits:.2f} syncs a change, {all_of_them:.2f} with those of "
          f"copying the log to the file now and then; {life} to start and stop")


def main():
    for place in sys.argv[1:] or [tempfile.gettempdir(), "/dev/shm"]:
        folder = tempfile.mkdtemp(prefix="farmlock-bench.", dir=place)
        os.chmod(folder, 0o711)  # a lockerd that root starts becomes another user
        try:
            print(f"{place}: median of {ROUNDS} runs")
            for clients in (1, 32):
                report_rates(folder, clients)
            report_syncs(folder)
        finally:
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()
