#!/usr/bin/python3
"""What it costs to lose nothing: changes a second on kept connections, with and without a state
file, and how many disk syncs a change needs."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))

import farm  # noqa: E402

LOAD = os.path.join(farm.BUILD, "tests", "bench", "lock_load")
SECONDS = 3


def rate(folder, clients, *options):
    port = farm.free_port()
    state = os.path.join(folder, "state.db")
    if not options:
        options = ("--state", "none")
    else:
        options = ("--state", state, *options)
    server = subprocess.Popen([farm.program("lockerd"), "--nofork", "--port", str(port), *options],
                              stderr=subprocess.DEVNULL)
    try:
        farm.poll(lambda: farm.answers(port), "lockerd listens")
        load = farm.run(LOAD, port, clients, SECONDS)
        return int(load.stdout)
    finally:
        farm.stop(server)


def sync_ms(folder):
    path = os.path.join(folder, "probe")
    with open(path, "wb", buffering=0) as probe:
        begun = time.monotonic()
        for _ in range(50):
            probe.write(b"\0" * 4096)
            os.fdatasync(probe.fileno())
        return (time.monotonic() - begun) / 50 * 1000


def syncs_per_change(folder):
    """Of one client alone; strace(1) counts."""
    if shutil.which("strace") is None:
        return None
    port, changes = farm.free_port(), 300
    counts = os.path.join(folder, "counts")
    server = subprocess.Popen(["strace", "-f", "-c", "-e", "trace=fsync,fdatasync", "-o", counts,
                               farm.program("lockerd"), "--nofork", "--port", str(port), "--state",
                               os.path.join(folder, "syncs.db")], stderr=subprocess.DEVNULL)
    farm.poll(lambda: farm.answers(port), "lockerd listens")
    from wire import Wire  # noqa: E402
    wire = Wire(port)
    wire.send("user one", "locks a")
    for number in range(changes):
        wire.ask("UNLOCK" if number % 2 else "LOCK")
    wire.close()
    subprocess.run(["pkill", "-TERM", "-P", str(server.pid)], check=False)
    server.wait()
    with open(counts, encoding="ascii") as table:
        return sum(int(row.split()[3]) for row in table
                   if re.search(r" f(data)?sync$", row)) / changes


def main():
    for place in sys.argv[1:] or [tempfile.gettempdir(), "/dev/shm"]:
        folder = tempfile.mkdtemp(prefix="farmlock-bench.", dir=place)
        try:
            print(f"{place}: a disk sync takes {sync_ms(folder):.2f} ms")
            for clients in (1, 32):
                none = rate(folder, clients)
                process = rate(folder, clients, "--durability", "process")
                power = rate(folder, clients, "--durability", "power")
                print(f"  {clients:3} clients: none {none}/s, process {process}/s "
                      f"({100 * process / none:.0f}%), power {power}/s ({100 * power / none:.0f}%)")
            syncs = syncs_per_change(folder)
            if syncs is not None:
                print(f"  one client alone: {syncs:.2f} syncs a change")
        finally:
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()
