"""What is long: a report on a history of many holds, and a list of many locks that is shown by HTTP
while others ask for locks."""

import contextlib
import multiprocessing
import os
import resource
import sqlite3
import subprocess
import sys
import time

import rounds
import servers
from crowds import HELD, Filling
from support import farm
from support.http_lab import Site
from support.lockd import Server
from support.past import GAP_MS, LOCKREPORT, SEATS, fill
from table import Row, at_most

REPORT_S, WAIT_MS = 10, 5
ASKED_FOR_S = 2


# ---- a report ----------------------------------------------------------------------------------

def report_cpu_s(state, since_s):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([LOCKREPORT, "--state", state, "--json", "--since", f"@{since_s}"],
                   stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def scan_cpu_s(state):
    """Of SQLite that only goes through a history's rows, and adds up the last of what is in them."""
    before = time.process_time()
    with contextlib.closing(sqlite3.connect(state)) as file:
        file.execute("SELECT count(lock), count(owner), sum(asked_ms), sum(ended_ms), count(pool) FROM history").fetchone()
    return time.process_time() - before


def make_history(holds):
    """Returns a state file that has it, and when it begins."""
    server = Server(servers.folder())
    farm.stop(server.process)
    begin_ms = int(time.time()) * 1000 - holds * GAP_MS
    fill(server.state, holds, begin_ms)
    return server.state, begin_ms // 1000 - 2 * SEATS


def report_ratio(holds, count):
    state, since_s = make_history(holds)
    found = rounds.take_turns(count, {"report": lambda: report_cpu_s(state, since_s), "scan": lambda: scan_cpu_s(state)})
    return rounds.ratio(found["report"], found["scan"])


def report(holds, count):
    """CPU time, as it is one thread that waits for a disk at most."""
    state, since_s = make_history(holds)
    spent = rounds.Spread([report_cpu_s(state, since_s) for _ in range(count)])
    a_hold_us = spent.median / holds * 1e6
    return [Row(f"lockreport over {holds:,} holds: CPU", f"{spent} s, {a_hold_us:.2f} us a hold", "", "",
                at_most(REPORT_S * holds / 1e7, " s"), spent.median)]


# ---- a list ------------------------------------------------------------------------------------

def goes_first(pid):
    """Has a thread go before what the machine does beside, where that is allowed."""
    with contextlib.suppress(OSError):
        os.sched_setscheduler(pid, os.SCHED_FIFO, os.sched_param(1))


def look_on(site, seen):
    while True:
        status, _, body = site.get("/locks.json")
        assert status == 200 and len(body) > HELD
        with seen.get_lock():
            seen.value += 1


def ask_on(port, seconds, times):
    """Locks and unlocks, in a process of its own; tells how long each took, in milliseconds."""
    from support.wire import Wire  # pylint: disable=import-outside-toplevel
    goes_first(0)
    wire = Wire(port)
    wire.send("user host_1_bench", "locks beside")
    took, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        for command in ("LOCK", "UNLOCK"):
            begun = time.perf_counter()
            wire.ask(command)
            took.append((time.perf_counter() - begun) * 1000)
        time.sleep(0.0005)  # not to keep the CPU from all others
    times.put(took)


def waits_ms(port):
    times = multiprocessing.Queue()
    asker = multiprocessing.Process(target=ask_on, args=(port, ASKED_FOR_S, times))
    asker.start()
    took = times.get(timeout=farm.PATIENCE_S)
    asker.join()
    return sorted(took)


def beside_a_visitor(port, site):
    """What is asked while one visitor reads the list again and again; and how many it has read."""
    seen = multiprocessing.Value("i", 0)
    visitor = multiprocessing.Process(target=look_on, args=(site, seen))
    visitor.start()
    try:
        farm.poll(lambda: seen.value > 0, "the list is shown")
        before = seen.value
        return waits_ms(port), seen.value - before
    finally:
        visitor.kill()
        visitor.join()


class Passes:
    """The longest pass of a server's loop, by the CPU time that it took: who asks waits for the one
    that is under way."""

    def __init__(self):
        self.path = os.path.join(servers.folder(), "longest")
        self.forget()
        os.environ["LONG_PASS"], os.environ["LD_PRELOAD"] = self.path, os.path.join(farm.BUILD, "tests", "long_pass.so")

    @staticmethod
    def is_begun():
        """What is started from then on is not looked at."""
        del os.environ["LONG_PASS"], os.environ["LD_PRELOAD"]

    def forget(self):
        with open(self.path, "wb") as file:
            file.write(bytes(8))

    def longest_ms(self):
        with open(self.path, "r+b") as file:
            longest = int.from_bytes(file.read(8), sys.byteorder) / 1e6
            file.seek(0)
            file.write(bytes(8))
        return longest


def look_at_list(count):
    """Returns what those who ask without a visitor wait, and the longest pass then; the same beside
    one; and how many lists that has read."""
    site, passes = Site(), Passes()
    try:
        filling = Filling("--http", site.place)
    finally:
        passes.is_begun()
    filling.memory_mb(HELD)
    port = filling.server.port
    goes_first(filling.server.pid)
    alone, beside, lists = [], [], 0
    for _ in range(count):
        passes.longest_ms()
        alone.append((waits_ms(port), passes.longest_ms()))
        took, read = beside_a_visitor(port, site)
        beside.append((took, passes.longest_ms()))
        lists += read
    return alone, beside, lists


def list_ratio(count):
    alone, beside, _ = look_at_list(count)
    return rounds.ratio(*([pass_ms for _, pass_ms in found] for found in (beside, alone)))


def list_of_many(count):
    alone, beside, lists = look_at_list(count)

    def spread(found, percent):
        return rounds.Spread([times[int(len(times) * percent / 100)] for times, _ in found])
    longest, before = (rounds.Spread([pass_ms for _, pass_ms in found]) for found in (beside, alone))
    work = f"while /locks.json shows {HELD:,} locks"
    return [Row(f"{work}: the longest pass of the loop, CPU", f"{longest} ms", f"without {before} ms; {lists} lists", "",
                at_most(WAIT_MS, " ms"), longest.median),
            *(Row(f"{work}: {percent} % of requests wait at most", f"{spread(beside, percent)} ms",
                  f"without {spread(alone, percent)} ms") for percent in (99, 99.9))]
