"""Cost against size, for the long form: what make bench FULL=1 draws."""

import os

import plot
import rounds
import servers
from crowds import Filling, Waiters
from throughput import Requests, durable_loads

CONNECTIONS = (1, 4, 16, 64, 256, 1000)
DEPTHS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
DURABLE_CLIENTS = (1, 4, 16, 64, 256)
WAITERS = (10, 100, 1000, 5000, 15000, 50000)
HELD = (1000, 10000, 30000, 100000)


def by_server(count, sizes, sample, key):
    """{server: [(size, spread)]} of sample(size), which returns {server: [Sample]}.  Sizes take
    turns too, so that a busy moment of the machine does not look like the cost of a size."""
    found = {}
    for _ in range(count):
        for size in sizes:
            for name, samples in sample(size).items():
                sizes_of = found.setdefault(name, {size: [] for size in sizes})
                sizes_of[size] += [getattr(one, key) for one in samples]
    return {name: [(size, rounds.Spread(figures)) for size, figures in sizes_of.items()]
            for name, sizes_of in found.items()}


class Curves:
    def __init__(self, count, most_waiters):
        self.count = count
        self.most_waiters = most_waiters
        self.requests = Requests(1)

    def once(self):
        return plot.chart("One request a connection", "connections at once",
                          "CPU time of the server a request, us",
                          by_server(self.count, CONNECTIONS[:-1],
                                    lambda clients: self.requests.sample("once", clients),
                                    "cpu_us"))

    def kept(self):
        return plot.chart("Kept connections", "connections",
                          "CPU time of the server a request, us",
                          by_server(self.count, CONNECTIONS,
                                    lambda clients: self.requests.sample("kept", clients),
                                    "cpu_us"))

    def pipelined(self):
        return plot.chart("Four connections, pipelined", "commands under way on each connection",
                          "commands a second",
                          by_server(self.count, DEPTHS,
                                    lambda depth: self.requests.sample("kept", 4, depth, False),
                                    "rate"), True)

    def durable(self):
        state = os.path.join(servers.folder(), "state.db")
        ours, etcd = servers.lockerd("--state", state), servers.etcd()

        def sample(clients):
            return rounds.take_turns(1, durable_loads(ours, etcd, clients))
        return plot.chart("Durable against a power cut", "clients, kept connections",
                          "locks and unlocks a second",
                          by_server(self.count, DURABLE_CLIENTS, sample, "rate"), True)

    def waiters(self):
        crowds = [Waiters(size) for size in sorted({min(size, self.most_waiters)
                                                    for size in WAITERS})]
        found = rounds.take_turns(self.count * 3, {
            crowd.count: lambda crowd=crowd: crowd.hand_over(200) for crowd in crowds})
        series = {name: [(size, rounds.Spread([one[key] for one in results]))
                         for size, results in found.items()]
                  for name, key in (("server's CPU", "cpu_us"), ("latency", "median_us"))}
        return plot.chart("Handover of a lock that many wait for", "waiters",
                          "a handover, us", series)

    def held(self):
        filling = Filling()
        series = [(size, rounds.Spread([filling.memory_mb(size)])) for size in HELD]
        return plot.chart("Held locks", "locks", "memory of the server, MB", {"lockerd": series})


def draw_all(count, most_waiters, folder):
    """Writes NAME.svg for each curve; yields the paths."""
    curves = Curves(count, most_waiters)
    for name in ("once", "kept", "pipelined", "durable", "waiters", "held"):
        path = os.path.join(folder, f"{name}.svg")
        with open(path, "w", encoding="utf-8") as file:
            file.write(getattr(curves, name)())
        yield path
