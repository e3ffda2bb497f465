"""A client that has much of something."""

import socket

from support import farm
from support.neighbour import NOBODY_WAITS_S

MANY = 30_000


def hold_each(wire, count, *lines, names=None):
    """Takes so many locks, each by a request of its own."""
    names = names or [f"n{n}" for n in range(count)]
    wire.send("user holder", *lines)
    for first in range(0, count, 500):
        part = names[first:first + 500]
        wire.send(*(line for name in part for line in (f"locks {name}", "LOCK")))
        for _ in part:
            status = wire.status()
            farm.equal(status["locked"], "1")
    return status


def hang_up(wire):
    """Also where another process has the socket as well, as a neighbour does."""
    wire.socket.shutdown(socket.SHUT_RDWR)
    wire.close()


def nobody_waits(neighbour, what):
    assert neighbour.worst < NOBODY_WAITS_S, f"{what}: somebody waited {neighbour.worst:.3f} s"
