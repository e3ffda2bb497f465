"""What a question for one's place costs a lockerd: clients that wait ask it by the clock, and with
several hosts those that hold do too."""

import itertools
import socket
import time
from dataclasses import dataclass

from crowds import cpu_s
from support import farm

CLIENTS = 64, 4000  # at least and at most
COUNT = 50  # seats that one who holds takes
SPAN_S = 1.5


@dataclass
class Cost:
    clients: int   # that ask
    cpu_us: float  # of the server, a question
    bytes: float   # there and back, without headers


class _Client:
    def __init__(self, port, number, pool, project, demand):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=farm.PATIENCE_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.say(f"proto 2\nuser host_{number + 1}_bench\nlocks {pool}\nproject {project}\ntimeout 0\n{demand}\nLOCK\n")

    def say(self, words):
        self.socket.sendall(words.encode())
        return len(words)

    def hear(self, last, end="\n"):
        """Up to the line, or the rest of one, that begins with `last`; returns how many bytes."""
        heard = ""
        while last not in heard or not heard.endswith(end):
            got = self.socket.recv(65536).decode()
            assert got, f"the server has closed behind {heard!r}"
            heard += got
        return len(heard)


def _turn(clients):
    """Each asks for its place.  Returns the bytes there and back."""
    return sum(client.say("QUEUE\n") for client in clients) + sum(client.hear("queue ") for client in clients)


def measure(port, pid, pool, project, waiting):
    """With all seats of a Pool of farm_day taken, by so many clients that wait for one of them."""
    count = int(min(max(waiting, CLIENTS[0]), CLIENTS[1]))
    holders = [_Client(port, count + first, pool.name, project, f"count {min(COUNT, pool.seats - first)}\nblock 0")
               for first in range(0, pool.seats, COUNT)]
    for holder in holders:
        holder.hear("locked 1\n", "\n\n\n")
    waiters = [_Client(port, number, pool.name, project, "block 1") for number in range(count)]
    for waiter in waiters:
        waiter.hear("\nqueue ")
    _turn(waiters)  # warms up
    before, until = cpu_s(pid), time.monotonic() + SPAN_S
    for turns in itertools.count(1):
        sent = _turn(waiters)
        if time.monotonic() > until:
            break
    found = Cost(count, (cpu_s(pid) - before) / (turns * count) * 1e6, sent / count)
    for client in holders + waiters:
        client.socket.close()
    return found
