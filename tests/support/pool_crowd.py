"""Clients of pools, and an operator, and that what they were told holds after a kill -9 of the server:
seats, places, limits, and what is offline or in use elsewhere."""

import os
import random
import re
import time

from support import farm
from support.crowd import Client, Crowd
from support.lockd import Server

SEED = os.environ.get("FARMLOCK_SEED") or str(random.SystemRandom().randrange(1 << 32))
CONF = """
pools = (
  { name = "vcs"; seats = 7;
    limits = ( { by = "user"; each = 2; }, { by = "project"; of = ["p0"]; together = 3; } );
    share = { by = "project"; others = 1; };
    priority = { step = "1s"; most = ( { most = 3; } ); };
    reserve = ( { seats = 1; projects = ["p3"]; } );
    outside-most = 2; },
  { name = "board"; seats = 4; seat-order = "longest-unused"; },
  { name = "sim"; seats = 4; limits = ( { by = "job"; each = 2; } ); share = { by = "user"; others = 1; }; }
);
"""
SEATS = [f"{pool}{number}" for pool, seats in (("vcs", 7), ("board", 4), ("sim", 4))
         for number in range(1, seats + 1)]
LOCKS = [f"lock{number}" for number in range(3)]  # that are no seats
TOGETHER = 3  # that p0 has of vcs
A_JOB = 2     # that a job has of sim


def pool_of(seat):
    return re.sub(r"\d+$", "", seat)


class PoolClient(Client):
    """Wants seats of pools, locks that are none, and both together."""

    def __init__(self, crowd, number):
        super().__init__(crowd, number)
        self.project, self.job = f"p{number % 4}", f"job{number // 3}"
        self.is_tired = False

    def terms(self):
        return f"project {self.project}", f"job {self.job}", f"priority {self.random.randrange(4)}"

    def choose_demand(self):
        pool = self.random.choice(("vcs", "vcs", "board", "sim"))
        count = self.random.randint(1, 2)
        self.demand = self.random.choice((
            [f"locks {pool}"], [f"locks {pool}", f"count {count}"],
            [f"locks board{self.random.randint(1, 4)}"], ["locks board1 board2 board3", f"count {count}"],
            ["locks vcs", "and board", f"count {count}"], ["locks sim", "and lock0 lock1", "and board"],
            ["locks lock0 lock1 lock2"]))

    def act(self, now):
        if not (self.is_tired and self.state == "free"):
            super().act(now)

    def on_granted(self, names, token):
        super().on_granted(names, token)
        holding = [client for client in self.crowd.clients if client.state == "holding"]
        together = [seat for client in holding for seat in client.held
                    if client.project == "p0" and pool_of(seat) == "vcs"]
        assert len(together) <= TOGETHER, f"p0 has {together}"
        job = [seat for client in holding for seat in client.held
               if client.job == self.job and pool_of(seat) == "sim"]
        assert len(job) <= A_JOB, f"{self.job} has {job}"


class Operator(Client):
    """Says what is offline and outside, and remembers what the server has confirmed: a value, or two
    while an answer is on its way."""

    def __init__(self, crowd, number):
        super().__init__(crowd, number)
        self.project = self.job = None
        self.known = {name: {0} for name in [*SEATS, *LOCKS, "vcs"]}
        self.saying = None

    def connect(self):
        super().connect()
        self.saying = None

    def act(self, now):
        if self.socket is None or now < self.due or self.saying:
            return
        subject = "vcs" if self.random.randrange(3) == 0 else self.random.choice(SEATS + LOCKS)
        value = self.random.randrange(3) if subject == "vcs" else self.random.randrange(4) == 0
        self.say(subject, int(value))

    def say(self, subject, value):
        self.saying = subject, value
        self.known[subject] = self.known[subject] | {value}
        if subject == "vcs":
            self.send(f"OUTSIDE vcs {value} {1000 if value else 0}")
        else:
            self.send(f"OFFLINE {subject} 0 in repair" if value else f"ONLINE {subject}")

    def on_line(self, line):
        word, _, rest = line.partition(" ")
        if word not in ("outside", "offline"):
            assert line == "proto 2" or word == "cluster", line
            return
        subject, value = self.saying
        farm.equal(int(rest), value)
        self.known[subject] = {value}
        self.saying = None
        self.due = time.monotonic() + self.random.random() * 0.02

    def check(self, document):
        pools = document["pools"]
        offline = {entry["name"] for entry in document.get("offline", [])}
        for name in LOCKS:
            assert (name in offline) in self.known[name], f"{name} is in {offline}, or is not"
        for pool in pools:
            known = [self.known[seat] for seat in SEATS if pool_of(seat) == pool["name"]]
            least, most = sum(min(values) for values in known), sum(max(values) for values in known)
            assert least <= pool["offline"] <= most, f"{pool['name']}: {pool['offline']} offline, not {known}"
        outside = {pool["name"]: pool["outside"] for pool in pools}["vcs"]
        assert outside in self.known["vcs"], f"{outside} outside, not {self.known['vcs']}"


def finish(crowd, operator):
    """All seats are there again and nobody asks anew: whoever waits gets what he waits for."""
    crowd.connect()
    for subject in operator.known:
        crowd.run_until(lambda: operator.saying is None)
        operator.say(subject, 0)
    operator.due = float("inf")
    for client in crowd.clients:
        client.is_tired = True
    deadline = time.monotonic() + 3 * farm.PATIENCE_S
    crowd.run_until(lambda: all(client.state == "free" for client in crowd.clients) or
                    time.monotonic() > deadline)
    left = [(client.user, client.state, client.demand) for client in crowd.clients
            if client.state != "free"]
    assert not left, f"these wait for ever: {left}"


def survive_kill_9(folder, crashes, *options, state=None):
    """Kills a server that has pools again and again, while clients ask."""
    conf = os.path.join(folder, "lockerd.conf")
    with open(conf, "w", encoding="ascii") as out:
        out.write(CONF)
    options = ("--config", conf, *options)
    chance = random.Random(SEED)
    print(f"# seed {SEED}", flush=True)
    server = Server(folder, *options, state=state)
    crowd = Crowd(server.port, SEED, client=PoolClient)
    operator = Operator(crowd, len(crowd.clients))
    crowd.clients.append(operator)
    crowd.survive(server, crashes, chance, 0.2, *options,
                  also=lambda: operator.check(crowd.list("LIST_JSON")))
    finish(crowd, operator)
    print(f"# {crowd.answers} answers, {crashes} crashes", flush=True)
    assert crowd.answers > crashes, "there was no load"
