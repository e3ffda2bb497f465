"""Requests: what one costs a server in CPU time, and how many a second are answered."""

import functools
import json
import os
import subprocess
from dataclasses import dataclass

import rounds
import servers
from servers import CPUS, load
from table import Row, at_least, at_most


@dataclass
class Sample:
    cpu_us: float  # of the server, a request
    rate: float    # requests a second


def run_load(name, *words, **popen):
    result = subprocess.run([load(name), *(str(word) for word in words)], check=False, text=True,
                            capture_output=True, **popen)
    assert result.returncode == 0, f"{name} {words}: {result.stderr}"
    found = json.loads(result.stdout)
    return Sample(found["cpu_s"] / found["requests"] * 1e6, found["requests"] / found["seconds"])


def run_placed(server, beside, *words):
    server.place(beside)
    return run_load(*words, preexec_fn=lambda: os.sched_setaffinity(0, CPUS[-1:]))


def tcp(server, mode, clients, depth=1, beside=True, span_ms=100):
    return run_placed(server, beside, "load_tcp", server.kind, mode, server.port, server.pid,
                    clients, depth, span_ms)


def udp(server, in_flight=32, beside=True, span_ms=100):
    return run_placed(server, beside, "load_udp", server.port, server.pid, in_flight, span_ms)


def cpu_ratio(samples, ours, other):
    return rounds.ratio([sample.cpu_us for sample in samples[ours]],
                        [sample.cpu_us for sample in samples[other]])


def cpu_rows(work, samples, limit):
    """Rows for the CPU time of a request: ours, and that of others, against the floor's."""
    cpu = {name: [sample.cpu_us for sample in found] for name, found in samples.items()}
    rows = []
    for name, found in cpu.items():
        if name == "floor":
            continue
        is_ours = name in ("lockerd", "pidstatd")
        target = at_most(limit) if is_ours and limit else None
        rows.append(Row(f"{work}: CPU a request" + ("" if is_ours else f" of {name}"),
                        f"{rounds.Spread(found)} us", f"floor {rounds.Spread(cpu['floor'])} us",
                        cpu_ratio(samples, name, "floor"), target))
    return rows


def rates(samples):
    """Requests a second of each, the medians."""
    return {name: rounds.Spread([sample.rate for sample in found]).median
            for name, found in samples.items()}


def rate_row(work, samples, name, more=""):
    """What lockerd answers a second, against another."""
    medians = rates(samples)
    return Row(f"{work}: rate", f"{medians['lockerd']:,.0f}/s",
               f"{name} {medians[name]:,.0f}/s{more}",
               rounds.ratio(*([sample.rate for sample in samples[key]]
                              for key in ("lockerd", name))))


def kept_load(server, clients, span_ms=500):
    return run_load("load_tcp", "lockerd", "kept", server.port, server.pid, clients, 1, span_ms)


def durable_loads(ours, etcd, clients, span_ms=500):
    return {"lockerd": lambda: kept_load(ours, clients, span_ms),
            "etcd": lambda: run_load("load_etcd", etcd.port, etcd.pid, clients, span_ms)}


class Requests:
    """The three ways to ask lockerd, and the one to ask pidstatd.  In memory."""

    def __init__(self, count, with_redis=True):
        self.count = count
        self.with_redis = with_redis

    @functools.cached_property
    def servers(self):
        return [servers.floor(), servers.lockerd(), *([servers.redis()] if self.with_redis else [])]

    @functools.cached_property
    def udp_servers(self):
        return [servers.floor("udp"), servers.pidstatd()]

    def sample(self, mode, clients, depth=1, beside=True):
        return rounds.take_turns(self.count, {
            server.kind: lambda server=server: tcp(server, mode, clients, depth, beside)
            for server in self.servers})

    def once(self):
        work = "one request a connection, 64"
        return [*cpu_rows(work, self.sample("once", 64), 1.1),
                self.known(work, "once", 64, "classic (known) 11,000-19,000/s")]

    def kept(self):
        work = "kept connections, 64"
        return [*cpu_rows(work, self.sample("kept", 64), 1.3),
                self.known(work, "kept", 64, "classic (known) 50,000/s")]

    def known(self, work, mode, clients, classic):
        samples = self.sample(mode, clients, beside=False)
        return rate_row(work, samples, "redis",
                        f" (floor {rates(samples)['floor']:,.0f}/s); {classic}")

    def pipelined(self):
        work = "pipelined 32 deep, 4"
        rows = cpu_rows(work, self.sample("kept", 4, 32), None)
        samples = self.sample("kept", 4, 32, beside=False)
        against_redis = rate_row(work, samples, "redis")
        against_redis.target = at_least(1)
        against_floor = rate_row(work, samples, "floor")
        if rates(samples)["floor"] >= 1000000:
            against_floor.target = at_least(600000, "/s")
            against_floor.figure = rates(samples)["lockerd"]
        return [*rows, against_redis, against_floor]

    def sample_udp(self):
        return rounds.take_turns(self.count, {
            server.kind: lambda server=server: udp(server) for server in self.udp_servers})

    def pidstatd(self):
        return cpu_rows("pidstatd, 32 in flight", self.sample_udp(), 1.25)

    def durable(self):
        """On the same disk, on all CPUs."""
        loads = durable_loads(servers.durable_lockerd(), servers.etcd(), 64)
        # Logs grow at first, which makes each sync dearer; later their space is used again.
        rounds.take_turns(2, loads)
        row = rate_row("durable (power), kept, 64",
                       rounds.take_turns(max(self.count // 3, 3), loads), "etcd")
        row.target = at_least(10)
        return [row]

    def power(self):
        """What it costs to lose nothing, on all CPUs."""
        durable, in_memory = servers.durable_lockerd(), servers.lockerd()
        loads = {"lockerd": lambda: kept_load(durable, 32),
                 "in memory": lambda: kept_load(in_memory, 32)}
        rounds.take_turns(2, loads)
        row = rate_row("durable (power), kept, 32",
                       rounds.take_turns(max(self.count // 2, 5), loads), "in memory")
        row.target = at_least(0.6)
        return [row]
