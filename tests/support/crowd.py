"""Fifty clients in one process that lock and unlock as fast as they can, and remember all that the
server has told them, to hold it against what it says after a crash."""

import json
import random
import selectors
import socket
import time

from support import farm
from support.wire import Wire

LOCKS = [f"lock{n}" for n in range(12)]


class Client:
    """One owner.  `state` says what the server owes it:

    free     it has acknowledged that nothing is held or waited for
    asking   LOCK was sent: anything may have come of it
    waiting  it has said that the LOCK waits
    holding  it has granted `held`, with `token`
    giving   UNLOCK was sent: `held` is held still, or not any more
    """

    def __init__(self, crowd, number):
        self.crowd = crowd
        self.user = f"host_{1000 + number}_user{number}"
        self.random = random.Random(f"{crowd.seed} {number}")
        self.state = "free"
        self.demand = []
        self.held = []
        self.token = 0
        self.asked_at = self.waiting_at = 0
        self.socket = None
        self.due = 0.0

    def connect(self):
        self.socket = socket.create_connection(("127.0.0.1", self.crowd.port))
        self.socket.setblocking(False)
        self.buffer = b""
        self.answer = {}
        self.blank = False
        self.crowd.selector.register(self.socket, selectors.EVENT_READ, self)
        self.send("proto 2", f"user {self.user}", *self.terms(), "block 1")
        self.due = 0 if self.state == "free" else float("inf")
        if self.state == "giving":
            self.send(*self.demand, "UNLOCK")
        elif self.state != "free":
            # What is held is granted again; what waits keeps its place.
            self.send(*self.demand, "LOCK")

    def close(self):
        self.crowd.selector.unregister(self.socket)
        self.socket.close()
        self.socket = None

    def send(self, *lines):
        try:
            self.socket.sendall("".join(line + "\n" for line in lines).encode())
        except OSError:
            pass

    def terms(self):
        """What else it says of itself."""
        return ()

    def choose_demand(self):
        kind = self.random.randrange(4)
        names = self.random.sample(LOCKS, 4)
        if kind == 0:
            self.demand = [f"locks {names[0]}"]
        elif kind == 1:
            self.demand = [f"locks {' '.join(names[:3])}"]
        elif kind == 2:
            self.demand = [f"locks {' '.join(names[:3])}", "count 2"]
        else:
            self.demand = [f"locks {' '.join(names[:2])}", f"and {' '.join(names[2:])}"]

    def act(self, now):
        """Does what comes next when its time has come."""
        if self.socket is None or now < self.due:
            return
        if self.state == "free":
            self.choose_demand()
            self.state = "asking"
            self.asked_at = self.crowd.tick()
            self.send(*self.demand, "LOCK")
        elif self.state == "holding":
            self.state = "giving"
            self.send("UNLOCK")
        self.due = float("inf")

    def on_readable(self):
        try:
            data = self.socket.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.close()
            return
        self.buffer += data
        *lines, self.buffer = self.buffer.split(b"\n")
        for line in lines:
            self.on_line(line.decode())

    def on_line(self, line):
        word, _, rest = line.partition(" ")
        if not word:
            if self.blank:
                self.on_status(self.answer)
                self.answer = {}
            self.blank = not self.blank
        elif word == "print_waiting":
            if self.state == "asking":
                self.waiting_at = self.crowd.tick()
                self.state = "waiting"
        elif word == "error" and "locked" not in self.answer:
            farm.contains(rest, "the state cannot be written")
        elif word in ("owner", "locked", "lockname", "token", "error"):
            self.answer.setdefault(word, []).append(rest)

    def on_status(self, answer):
        if "error" in answer:
            farm.contains(answer["error"][0], "the state cannot be written")
            self.close()
            return
        self.crowd.answers += 1
        self.due = time.monotonic() + self.random.random() * 0.004
        if answer["locked"] == ["1"]:
            assert self.state != "free", f"{self.user} was granted what it did not ask for"
            self.on_granted(sorted(answer["lockname"]), int(answer["token"][0]))
        else:
            farm.equal(self.state, "giving")
            self.state = "free"
            self.held = []

    def on_granted(self, names, token):
        if self.state == "holding":
            farm.equal((names, token), (self.held, self.token))
            return
        farm.equal(self.state in ("asking", "waiting"), True)
        for name in names:
            for other in self.crowd.clients:
                assert other.state != "holding" or name not in other.held, \
                    f"{self.user} and {other.user} both have {name}"
            assert self.crowd.tokens.get(name, 0) < token, f"the token of {name} went back"
            self.crowd.tokens[name] = token
        self.held, self.token, self.state = names, token, "holding"


class Crowd:
    def __init__(self, port, seed, count=50, client=Client):
        self.port = port
        self.seed = seed
        self.selector = selectors.DefaultSelector()
        self.tokens = {}
        self.answers = 0
        self.now = 0
        self.clients = [client(self, number) for number in range(count)]
        farm.at_end(self.close)

    def close(self):
        for client in self.clients:
            if client.socket:
                client.close()
        self.selector.close()

    def tick(self):
        self.now += 1
        return self.now

    def connect(self):
        for client in self.clients:
            if client.socket is None:
                client.connect()

    def run_until(self, done):
        """Serves the clients until done() is true, or all of them have lost their connections."""
        while not done() and any(client.socket for client in self.clients):
            for key, _ in self.selector.select(0.002):
                if key.data.socket:
                    key.data.on_readable()
            now = time.monotonic()
            for client in self.clients:
                client.act(now)

    def run_for(self, seconds):
        end = time.monotonic() + seconds
        self.run_until(lambda: time.monotonic() >= end)

    def survive(self, server, times, chance, most_s, *options, also=lambda: None):
        """Kills the server in the midst of it, and starts it again with these options: what it has told
        before holds."""
        for _ in range(times):
            self.connect()
            self.run_for(0.02 + chance.random() * most_s)
            server.kill()
            self.run_until(lambda: False)
            server.start(*options)
            self.check()
            also()

    def list(self, command):
        wire = Wire(self.port)
        wire.send("proto 2", command)
        farm.equal(wire.line(), "proto 2")
        line = wire.line()
        if line.startswith("cluster "):
            line = wire.line()
        length = int(line.split()[1])
        while len(wire.buffer) < length:
            wire.buffer += wire.socket.recv(65536)
        wire.close()
        return json.loads(wire.buffer[:length])

    def check(self):
        """Holds what the server says now against what it has told before."""
        listed = self.list("LIST_JSON")
        held = {}
        for lock in listed["locks"]:
            held.setdefault(lock["owner"], []).append((lock["name"], self.token_of(lock)))
        waiting = [waiter["owner"] for waiter in listed["waiters"]]
        for client in self.clients:
            self.check_client(client, sorted(held.get(client.user, [])), client.user in waiting)
        self.check_order(waiting)

    def token_of(self, lock):
        """As its owner, who has told no process, is told."""
        wire = Wire(self.port)
        wire.send("proto 2")
        farm.equal(wire.line(), "proto 2")
        status = wire.ask(f"user {lock['owner']}", f"locks {lock['name']}", "STATUS")
        wire.close()
        return int(status["token"])

    @staticmethod
    def check_client(client, held, waits):
        mine = [(name, client.token) for name in client.held]
        about = f"{client.user}, {client.state} {mine}: held {held}, waits {waits}"
        if client.state == "holding":
            assert held == mine and not waits, about
        elif client.state == "free":
            assert not held and not waits, about
        elif client.state == "giving":
            assert held in ([], mine) and not waits, about
        elif client.state == "waiting":
            assert waits != bool(held), about
        else:
            assert not (waits and held), about

    def check_order(self, waiting):
        """Who was told to wait before another one asked stands before it."""
        by_user = {client.user: client for client in self.clients}
        queue = [by_user[user] for user in waiting]
        for place, later in enumerate(queue):
            for earlier in queue[:place]:
                assert not (later.state == "waiting" and later.waiting_at < earlier.asked_at), \
                    f"{earlier.user} has overtaken {later.user}"
