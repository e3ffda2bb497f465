#!/usr/bin/env python3
"""Clients of the soak that speak the protocol themselves, many in one process: they ask, wait, hold
and give back at random, cut their connections now and then, come back, and write down what they
are told.  SIGTERM has them end what they have begun.

    clients.py EVENTS PREFIX HOST[:HOST...] PORT COUNT SEED PAUSE_MS

Of several hosts, which share a state, one serves at a time."""

import os
import random
import selectors
import signal
import socket
import sys
import time

from support import lockd

SHARED = [f"s{n}" for n in range(6)]   # everybody wants one of one or several of these
GROUPED = [f"g{n}" for n in range(6)]  # these are wanted in groups and counts
CONNECT_S = 3
SILENCE_S = 20  # after so long without a word a connection is taken for broken
SILENCE_OF_SEVERAL_S = 10  # the same where another one may serve meanwhile
ASK_NEWS_S = 4
LOOKS = 0.2  # how often a free one asks who has a lock, and not for one
NEVER = float("inf")


def demand_of(rng, is_classic):
    """The lines that say what is wanted, and all names in them."""
    kind = rng.randrange(4 if is_classic else 7)
    if kind < 2:
        names = [rng.choice(SHARED)]
    elif kind < 4:
        names = rng.sample(SHARED, 2 if kind == 2 else 3)
    else:
        names = rng.sample(GROUPED, 4)
    lines = [f"locks {' '.join(names)}"]
    if kind == 4:
        lines = [f"locks {' '.join(names[:2])}", f"and {' '.join(names[2:])}"]
    elif kind > 4:
        lines.append("count 2")
    return lines, names


class Client:
    """One owner.  `state` is what the server owes it: free, asking, waiting, holding or giving, as
    in what the end-to-end tests call a crowd; or looking, while it asks who has a lock."""

    def __init__(self, crowd, number):
        self.crowd = crowd
        self.rng = random.Random(f"{crowd.seed} {number}")
        self.is_classic = self.rng.random() < 0.3
        self.name = f"{crowd.prefix}w{number}"
        self.user = f"{crowd.hostname}_{os.getpid()}_{self.name}"
        self.number, self.count = number, 0
        self.state, self.id = "free", None
        self.lines, self.token, self.held = [], "0", []
        self.socket, self.at = None, 0
        self.due = time.monotonic() + self.rng.random()
        self.heard = 0.0

    def say(self, kind, *words):
        self.crowd.say(kind, self.id, *words)

    # ---- the connection -----------------------------------------------------------------------

    def connect(self, now):
        self.heard = now
        self.buffer, self.answer, self.blank = b"", {}, False
        self.socket = socket.socket()
        self.socket.setblocking(False)
        self.socket.connect_ex(self.crowd.addresses[self.at])
        self.is_connected = False
        self.crowd.selector.register(self.socket, selectors.EVENT_WRITE, self)

    def on_connected(self):
        if self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            self.lose()
            return
        self.is_connected = True
        self.crowd.selector.modify(self.socket, selectors.EVENT_READ, self)
        own = [f"user {self.user}", f"hostname {self.crowd.hostname}", f"pid {os.getpid()}",
               "autounlock 1", "block 1", "timeout 0"]
        if not self.is_classic:
            own = ["proto 2", *own, self.crowd.identity, "session 1"]
        self.send(*own)
        if self.state == "giving":
            self.send(*self.lines, "UNLOCK")
        elif self.state == "holding" and self.token != "0" and self.rng.random() < 0.5:
            self.send(f"locks {' '.join(self.held)}", f"RENEW {self.token}", *self.lines)
        elif self.state != "free":
            # What is held is granted again, with its token; what waits asks for its place.
            self.send(*self.lines, "LOCK")

    def lose(self):
        """The connection is gone: what was under way is asked for again."""
        self.crowd.selector.unregister(self.socket)
        self.socket.close()
        self.socket = None
        self.at = (self.at + 1) % len(self.crowd.addresses)
        if self.state in ("asking", "waiting"):
            self.say("cut")
        elif self.state == "looking":
            self.state, self.due = "free", 0
        self.retry = time.monotonic() + 0.05 + self.rng.random() * 0.4

    def send(self, *lines):
        try:
            self.socket.sendall("".join(line + "\n" for line in lines).encode())
        except OSError:
            pass  # it will be heard by reading

    # ---- what it does ---------------------------------------------------------------------------

    def act(self, now):
        if self.socket is None:
            if self.state != "free" or now >= self.due:
                if now >= getattr(self, "retry", 0):
                    self.connect(now)
            return
        limit = self.crowd.silence_s if self.is_connected else CONNECT_S
        if now - self.heard > limit and self.state != "free" and self.state != "holding":
            self.lose()
        elif self.is_connected and now >= self.due:
            self.do_next(now)

    def do_next(self, now):
        self.due = NEVER
        if self.rng.random() < 0.01 and self.state == "free":
            self.lose()
            self.due = now
        elif self.state == "free" and self.rng.random() < LOOKS:
            self.look(now)
        elif self.state == "free" and not self.crowd.is_ending:
            self.count += 1
            self.id = f"{self.name}.{self.count}"
            self.lines, names = demand_of(self.rng, self.is_classic)
            self.state, self.heard = "asking", now
            self.say("ask", *names)
            self.send(*self.lines, "LOCK")
        elif self.state == "holding":
            self.give_back(now)
        elif self.state == "waiting":
            self.send("" if self.is_classic else "QUEUE")
            self.due = now + ASK_NEWS_S

    def look(self, now):
        """Asks who has a lock; what is told must have been so since this was sent."""
        self.looked_for, self.looked_ns = self.rng.choice(SHARED), time.monotonic_ns()
        self.state, self.heard = "looking", now
        self.send(f"locks {self.looked_for}", "STATUS")

    def give_back(self, now):
        if self.rng.random() < 0.03 and not self.is_classic:
            # It holds on without a connection, and comes back.
            self.say("alive")
            self.lose()
            self.due = now + self.rng.random()
            return
        self.say("end")
        self.state, self.heard = "giving", now
        self.send("UNLOCK")

    # ---- what it is told ------------------------------------------------------------------------

    def on_readable(self, now):
        try:
            data = self.socket.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.lose()
            return
        self.heard = now
        self.buffer += data
        *lines, self.buffer = self.buffer.split(b"\n")
        for line in lines:
            if self.socket is not None:
                self.on_line(line.decode(errors="replace"), now)

    def on_line(self, line, now):
        word, _, rest = line.partition(" ")
        if not word:
            if self.blank:
                answer, self.answer = self.answer, {}
                self.on_status(answer, now)
            self.blank = not self.blank
        elif word == "print_waiting" and self.state == "asking":
            self.state, self.due = "waiting", now + ASK_NEWS_S
            self.say("told")
        elif word == "cluster":
            self.on_cluster(rest)
        elif word == "lost":
            self.on_lost(rest)
        elif word in ("owner", "locked", "lockname", "token", "error", "error-code"):
            self.answer.setdefault(word, []).append(rest)

    def on_cluster(self, name):
        self.crowd.cluster = self.crowd.cluster or name
        if name != self.crowd.cluster:
            self.crowd.say("odd", self.name, "cluster", name, "and", self.crowd.cluster)

    def on_lost(self, what):
        """A line of its own on a session."""
        token, reason = what.split()
        if self.state == "holding" and token == self.token:
            self.say("lost", reason)
            self.state, self.due = "free", 0

    def on_status(self, answer, now):
        if "error" in answer:
            self.on_error(answer, now)
        elif self.state == "looking":
            owner = answer["owner"][0] or "-"
            self.crowd.say("saw", self.name, self.looked_ns, self.looked_for, owner)
            self.state, self.due = "free", now + self.crowd.pause_s * self.rng.random()
        elif answer.get("locked") == ["1"]:
            self.on_granted(answer["lockname"], answer.get("token", ["0"])[0], now)
        elif self.state == "giving":
            self.say("gave")
            self.state, self.due = "free", now + self.crowd.pause_s * 2 * self.rng.random()
        elif self.state == "holding":
            self.say("lost")
            self.state, self.due = "free", now + 1
        elif self.state in ("asking", "waiting"):
            self.say("left")
            self.state, self.due = "free", now + 1

    def on_error(self, answer, now):
        """Later is no answer: it is asked again."""
        if answer.get("error-code") == ["unknown"] and self.state == "holding":
            self.say("lost", "unknown")
            self.state, self.due = "free", now + 1
        elif answer.get("error-code", ["later"]) != ["later"]:
            self.crowd.say("odd", self.id, *answer["error"][0].split())
        self.lose()

    def on_granted(self, names, token, now):
        if self.state == "giving":
            return  # told by an answer that was on its way
        # Classic answers have no token: what they tell is held against nothing but time.
        self.say("hold", token, *sorted(names))
        if self.state != "holding" or self.due == NEVER:
            self.due = now + self.rng.random() ** 3 * 0.3
        self.state, self.token, self.held = "holding", token, names


class Crowd:
    def __init__(self, events, prefix, host, port, count, seed, pause_ms):
        self.events = os.open(events, os.O_WRONLY | os.O_APPEND)
        self.prefix, self.seed, self.pause_s = prefix, seed, int(pause_ms) / 1000
        self.hostname = socket.gethostname()
        self.identity = lockd.identity(os.getpid())
        self.addresses = [socket.getaddrinfo(one, int(port), type=socket.SOCK_STREAM)[0][4]
                          for one in host.split(":")]
        self.silence_s = SILENCE_OF_SEVERAL_S if len(self.addresses) > 1 else SILENCE_S
        self.cluster = None  # whose state it is that several servers have
        self.selector = selectors.DefaultSelector()
        self.is_ending = False
        self.clients = [Client(self, number) for number in range(int(count))]

    def say(self, kind, *words):
        line = " ".join([str(time.monotonic_ns()), kind, *(str(word) for word in words)])
        os.write(self.events, line.encode("ascii", "replace") + b"\n")

    def end(self, _signal, _frame):
        self.is_ending = True

    def run(self):
        while not self.is_ending or any(client.state != "free" for client in self.clients):
            for key, events in self.selector.select(0.005):
                client = key.data
                if client.socket is not key.fileobj:
                    continue
                if events & selectors.EVENT_WRITE:
                    client.on_connected()
                else:
                    client.on_readable(time.monotonic())
            now = time.monotonic()
            for client in self.clients:
                client.act(now)


def main():
    with open("/proc/self/comm", "w", encoding="ascii") as comm:
        comm.write("soak-clients")
    crowd = Crowd(*sys.argv[1:])
    signal.signal(signal.SIGTERM, crowd.end)
    crowd.run()


if __name__ == "__main__":
    main()
