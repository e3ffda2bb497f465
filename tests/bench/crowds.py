"""Many at once: waiters for one lock or pool, locks that are held."""

import json
import os
import re
import socket
import subprocess
import time

from support import farm, lockd
import rounds
import servers
from table import Row, at_most
from support.wire import Wire

HELD = 100000
FEW, MANY = 100, 50000
ASKED_AT_ONCE = 1000
SEATS = 1000
PROCESSES = 100
# Hosts that are this machine, though the server cannot know that.
ELSEWHERE_FORM = "127.0.{}.{}"


def memory_mb(pid, which="VmRSS"):
    """Now, or VmHWM: at most, see proc(5)."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return int(re.search(rf"{which}:\s+(\d+)", status.read()).group(1)) * 1024 / 1e6


def cpu_s(pid):
    """Of all threads, as clock_getcpuclockid(3) has it."""
    return time.clock_gettime(~pid << 3 | 2)


def host_bytes(number):
    """The last two of an address, neither of them one that may be special."""
    return number // 250 + 1, number % 250 + 1


def pool_options(seats):
    """With which a lockerd has a pool of so many seats, without rules."""
    path = os.path.join(servers.folder(), "lockerd.conf")
    with open(path, "w", encoding="ascii") as conf:
        conf.write(f'pools = ( {{ name = "pool"; seats = {seats}; }} );\n')
    return "--config", path


class Waiters:
    """Clients that wait for one lock of a server of their own, or for a seat of its pool: so many
    hold one."""

    def __init__(self, count, seats=0):
        self.count = count
        self.server = servers.lockerd(*pool_options(seats) if seats else ())
        self.load = farm.start(servers.load("load_waiters"), self.server.port, self.server.pid,
                               count, *(("pool", seats) if seats else ()), stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True,
                               preexec_fn=lambda: os.sched_setaffinity(0, servers.CPUS[-1:]))
        gathered = self.answer()
        self.waiter_bytes, self.queue_us = gathered["waiter_bytes"], gathered["queue_us"]
        self.server.place(True)

    def answer(self):
        line = self.load.stdout.readline()
        assert line, "load_waiters has ended"
        return json.loads(line)

    def hand_over(self, times):
        print(times, file=self.load.stdin, flush=True)
        return self.answer()


class Filling:
    """A server of its own that is given more and more locks to hold, an owner each."""

    def __init__(self, *options):
        self.server = servers.lockerd(*options)
        self.wire = Wire(self.server.port)
        self.wire.send("proto 2")
        farm.equal(self.wire.line(), "proto 2")
        self.held = 0

    def memory_mb(self, count, settings=lambda number: ()):
        """When it holds so many; settings(number) is what else the owner says."""
        while self.held < count:
            asked = range(self.held, min(self.held + ASKED_AT_ONCE, count))
            for number in asked:
                self.wire.send(*settings(number), f"user host_{number}_bench",
                               f"locks license{number}", "LOCK")
            for _ in asked:
                farm.equal(self.wire.status()["locked"], "1")
            self.held += len(asked)
        return memory_mb(self.server.pid)


class Crowds:
    def __init__(self, count, descriptors):
        self.count = count
        # Three quarters of its descriptors are what lockerd has for clients.
        self.many = min(MANY, descriptors * 3 // 4 - 100)
        self.shortage = "" if self.many == MANY else (
            f"not {MANY:,}: this machine's limit is {descriptors:,} open files")

    def waiters(self):
        crowds = {"few": Waiters(FEW), "many": Waiters(self.many)}
        found = rounds.take_turns(self.count, {
            name: lambda crowd=crowd: crowd.hand_over(FEW) for name, crowd in crowds.items()})
        rows = []
        for what, key in (("latency", "median_us"), ("server's CPU", "cpu_us")):
            few, many = ([result[key] for result in found[name]] for name in crowds)
            rows.append(Row(f"handover with {self.many:,} waiters: {what}",
                            f"{rounds.Spread(many)} us",
                            f"with {FEW} waiters {rounds.Spread(few)} us",
                            rounds.ratio(many, few), at_most(1.5)))
        size = crowds["many"].waiter_bytes
        rows.append(Row(f"memory of a waiter, {self.many:,} of them", f"{size:,.0f} bytes",
                        self.shortage, "", at_most(1000, " bytes"), size))
        return rows

    def pool(self):
        """As many waiters for a seat of a pool as for one lock."""
        crowds = {"pool": Waiters(self.many, SEATS), "lock": Waiters(self.many)}
        found = rounds.take_turns(self.count, {
            name: lambda crowd=crowd: crowd.hand_over(FEW) for name, crowd in crowds.items()})
        rows = []
        for what, key in (("latency", "median_us"), ("server's CPU", "cpu_us")):
            pool, lock = ([result[key] for result in found[name]] for name in crowds)
            rows.append(Row(f"handover in a pool of {SEATS:,} seats: {what}",
                            f"{rounds.Spread(pool)} us", f"one lock {rounds.Spread(lock)} us",
                            rounds.ratio(pool, lock), at_most(1.5)))
        pool, lock = crowds.values()
        for what, unit, ours, others in (
                ("queueing, server's CPU", "us", pool.queue_us, lock.queue_us),
                ("memory of a waiter", "bytes", pool.waiter_bytes, lock.waiter_bytes)):
            rows.append(Row(f"{self.many:,} for that pool: {what}", f"{ours:,.2f} {unit}",
                            f"one lock {others:,.2f} {unit}", f"{ours / others:.2f}", at_most(1.5),
                            ours / others))
        return rows

    def held(self):
        """All with autounlock, so that the owners' processes are looked after: on other hosts, each
        with its pidstatd, or on this one."""
        processes = [lockd.sleeper() for _ in range(PROCESSES)]
        pidstatd = servers.pidstatd(None, "--max-watches", HELD)
        rows = self.hold(f"{HELD:,} held, owners on {HELD // PROCESSES:,} hosts", HELD,
                         lambda number: ELSEWHERE_FORM.format(*host_bytes(number // PROCESSES)),
                         processes, "--pidstat-port", pidstatd.port)
        here = [lockd.identity(process.pid) for process in processes]
        return rows + self.hold(f"{HELD:,} held, owners on this host", HELD,
                                lambda _: socket.gethostname(), processes, identities=here)

    def hold(self, work, count, host, processes, *options, identities=None):
        """Each owner is one of the processes, on the host that host(number) says."""
        filling = Filling(*options)
        filling.wire.send("autounlock 1")

        def settings(number):
            which = number % len(processes)
            return (f"hostname {host(number)}", f"pid {processes[which].pid}",
                    identities[which] if identities else "process 0 - 0")
        size = filling.memory_mb(count, settings)
        share = self.idle_share(filling.server.pid)
        return [Row(f"{work}: memory", f"{size:.0f} MB", "", "", at_most(100, " MB"), size),
                Row(f"{work}: CPU while idle", f"{share} % of a core", "", "",
                    at_most(2, " %"), share.median)]

    @staticmethod
    def idle_share(pid, seconds=5):
        """In percent.  What came of the locking itself is over when this begins."""
        time.sleep(1)
        shares = []
        for _ in range(seconds):
            begun, used = time.monotonic(), cpu_s(pid)
            time.sleep(1)
            shares.append((cpu_s(pid) - used) / (time.monotonic() - begun) * 100)
        return rounds.Spread(shares)
