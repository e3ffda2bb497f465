"""A farm's day in one process: jobs of many users that want seats of one pool, each on a connection.

Time is counted in rounds, and a round is over when the server has answered all and given every seat that
somebody waits for: so nothing here depends on how fast the machine is."""

import math
import random
import selectors
import socket
import time

from support import farm


class Job:
    """A connection that asks for a seat, holds it for some rounds and asks again, as others of its user
    do.  It is idle, asking, waiting, holding or giving."""

    def __init__(self, day, user, project, number):
        self.day, self.user, self.project = day, user, project
        self.owner = f"node{number}_{1000 + number}_{user}"
        self.state = "idle"
        self.seat = None
        self.until = self.asked = self.place = 0
        self.socket = socket.create_connection(("127.0.0.1", day.port))
        self.socket.setblocking(False)
        self.buffer, self.answer = b"", {}
        day.selector.register(self.socket, selectors.EVENT_READ, self)
        self.send("proto 2", f"user {self.owner}", f"project {project}", f"locks {day.pool}")

    def send(self, *lines):
        self.socket.sendall("".join(line + "\n" for line in lines).encode())

    def to(self, state):
        self.day.counts[self.state, self.project] -= 1
        self.day.counts[state, self.project] += 1
        self.state = state

    def ask(self, block=1):
        self.asked = self.day.round
        self.to("asking")
        self.send(f"block {block}", "LOCK")

    def give_back(self):
        del self.day.held[self.seat]
        self.to("giving")
        self.send("UNLOCK")

    def on_readable(self):
        data = self.socket.recv(65536)
        assert data, f"the server has closed the connection of {self.owner}"
        *lines, self.buffer = (self.buffer + data).split(b"\n")
        for line in lines:
            word, _, rest = line.decode().partition(" ")
            if word == "print_waiting":
                self.to("waiting")
            elif word == "" and self.answer:
                self.on_status(self.answer)
                self.answer = {}
            elif word in ("locked", "lockname", "error"):
                self.answer[word] = rest

    def on_status(self, answer):
        if answer["locked"] == "0":
            # Of an UNLOCK, or of a LOCK that would have had to wait.
            assert self.state == "giving" and "error" not in answer, (self.owner, self.state, answer)
            self.to("idle")
            return
        assert self.state in ("asking", "waiting"), (self.owner, self.state, answer)
        self.seat = answer["lockname"]
        assert self.seat not in self.day.held, f"{self.seat} is held twice"
        self.day.held[self.seat] = self
        self.to("holding")
        self.day.on_granted(self)


class Counts(dict):
    def __missing__(self, key):
        return 0


class Day:
    """`hold` is the longest that a job holds its seat, in rounds; `seats` how many the pool has for those
    that are in `weights`, {project: weight}."""

    def __init__(self, port, pool, seats, weights, seed, hold=4):
        self.port, self.pool, self.seats, self.weights, self.hold = port, pool, seats, weights, hold
        self.random = random.Random(seed)
        self.selector = selectors.DefaultSelector()
        self.counts, self.held = Counts(), {}
        self.round = self.granted = 0
        self.jobs = []
        self.resting = set()  # projects that want nothing for now
        self.use = Counts()   # rounds that seats were held, by project
        self.longest = 0      # wait, as a part of its bound
        farm.at_end(self.close)

    def close(self):
        for key in list(self.selector.get_map().values()):
            key.data.socket.close()
        self.selector.close()

    def hire(self, user, project, count):
        """So many jobs of a user at a time."""
        for _ in range(count):
            self.jobs.append(Job(self, user, project, len(self.jobs)))

    def count(self, state):
        return sum(self.counts[state, project] for project in self.weights)

    def bound(self, job):
        """How many rounds lockerd.conf(5) lets it wait, and one for being heard of."""
        wanted = sum(weight for project, weight in self.weights.items() if project not in self.resting)
        part = self.seats * self.weights[job.project] // wanted
        return self.hold * (1 + math.ceil(job.place / part)) + 1

    def on_granted(self, job):
        self.granted += 1
        job.until = self.round + self.random.randint(1, self.hold)
        if job.project in self.weights:
            waited, bound = self.round - job.asked, self.bound(job)
            assert waited <= bound, f"{job.owner} has waited {waited} rounds, at most {bound}"
            self.longest = max(self.longest, waited / bound)

    def is_settled(self):
        """All are answered, and no seat is idle that somebody of the projects waits for."""
        busy = self.counts["asking", "boss"] + self.counts["giving", "boss"]
        if busy or self.count("asking") or self.count("giving"):
            return False
        return self.count("waiting") == 0 or self.count("holding") >= self.seats

    def serve(self, patience_s=farm.PATIENCE_S):
        deadline = time.monotonic() + patience_s
        while not self.is_settled():
            assert time.monotonic() < deadline, \
                f"round {self.round} does not settle: {dict(self.counts)}"
            for key, _ in self.selector.select(0.05):
                key.data.on_readable()
        assert self.count("holding") <= self.seats, "others have the seats that are reserved"

    def run(self, rounds):
        for _ in range(rounds):
            self.round += 1
            for job in list(self.held.values()):
                if job.until <= self.round and job in self.jobs:
                    job.give_back()
            asking = [job for job in self.jobs if job.state == "idle" and job.project not in self.resting]
            for job in asking:
                job.ask()
            for job in asking:  # in which order they come is the server's
                job.place = self.counts["asking", job.project] + self.counts["waiting", job.project]
            self.serve()
            for job in self.held.values():
                self.use[job.project] += 1

    def parts(self):
        """{project: what it had of all that the projects had since this was asked last}."""
        total = sum(self.use[project] for project in self.weights)
        parts = {project: self.use[project] / total for project in self.weights}
        self.use = Counts()
        return parts
