"""How long until others hear that a job has ended: the next client of its lock, or the command that
pidwatch is to end with it."""

import os
import signal
import subprocess
import time

from support import farm, locking
import rounds
import servers
from support.pidstat_help import ELSEWHERE, Daemon
from table import Row, at_most
from support.wire import Wire

LIMIT_MS = 3


def end_input(job, _):
    job.stdin.close()


def kill_job(job, _):
    begun = time.monotonic_ns()
    job.kill()
    return begun


def kill_all(job, monitor):
    begun = time.monotonic_ns()
    os.kill(monitor, signal.SIGKILL)
    job.kill()
    return begun


WAYS = {"exit": end_input, "kill -9 of the job": kill_job, "kill -9 of all": kill_all}


def row(work, times_ms, peer=""):
    spread = rounds.Spread(times_ms)
    return Row(work, f"{spread} ms", peer, "", at_most(LIMIT_MS, " ms"), spread.median)


class Handovers:
    def __init__(self, count):
        self.count = count

    def hand_over_ms(self, lab, end):
        """From the end of a job under lockersh to the grant for a client that waits."""
        job = lab.start("--lock", "seat", "--exec", servers.load("job"), stdin=subprocess.PIPE)
        farm.equal(job.stdout.readline(), b"ready\n")
        monitor = lab.poll_monitor("seat")
        wire = Wire(lab.port)
        wire.send("user next_1_client", "locks seat", "block 1", "LOCK")
        farm.contains(wire.line(), "print_waiting")
        ended = end(job, monitor)
        farm.equal(wire.line(), "print_obtained")
        heard = time.monotonic_ns()
        if ended is None:
            ended = int(job.stdout.readline())
        farm.equal(wire.status()["locked"], "1")
        wire.ask("UNLOCK")
        wire.close()
        job.wait()
        farm.poll(lambda: not farm.is_alive(monitor), "the monitor has ended")
        return (heard - ended) / 1e6

    def locks(self):
        rows = []
        for what, options in (("in memory", ()), ("durable (power)",
                              ("--state", os.path.join(servers.folder(), "state.db")))):
            lab = locking.Farm(servers.lockerd(*options).port)
            times = rounds.take_turns(self.count, {
                way: lambda end=end, lab=lab: self.hand_over_ms(lab, end)
                for way, end in WAYS.items()})
            rows += [row(f"handover after {way}, {what}", found) for way, found in times.items()]
        rows[0].peer = "classic (known) 0.7 to 2.6 s"
        return rows

    def pidwatch(self):
        daemon = Daemon(servers.folder())
        return [row("pidwatch: end of the watched process to the signal",
                    [self.watch_ms(daemon) for _ in range(self.count)])]

    @staticmethod
    def watch_ms(daemon):
        watched = farm.start("sleep", "1000")
        job = farm.start(farm.program("pidwatch"), "--host", ELSEWHERE, "--port", daemon.port,
                         "--pid", watched.pid, servers.load("job"), stdin=subprocess.PIPE,
                         stdout=subprocess.PIPE)
        farm.equal(job.stdout.readline(), b"ready\n")
        farm.poll(lambda: daemon.counters()["watches"] == 1, "the process is watched")
        killed = time.monotonic_ns()
        watched.kill()
        ended = int(job.stdout.readline())
        job.wait()
        watched.wait()
        farm.poll(lambda: daemon.counters()["watches"] == 0, "the watch has ended")
        return (ended - killed) / 1e6
