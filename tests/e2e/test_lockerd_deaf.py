#!/usr/bin/python3
"""Clients that ask lockerd much and read nothing of it: --max-unread bounds what it keeps for one of
them, --max-output what it keeps for all."""

import json
import time

from support import built, farm, tap
from support.lockd import Server
from support.neighbour import NOBODY_WAITS_S, Neighbour, memory_kb
from support.wire import Wire

NAMES, ANSWERS = 300, 500  # of 60 kB each: 30 MB, of which the kernel keeps 4 MB for a reader


tap.before_each(built.need_plain)


class Deaf(Wire):
    """Has locks with long names, which each answer tells, and reads none.  Each is a client of its
    own, whose connections may name so much."""

    def __init__(self, port, number):
        super().__init__(port, source=f"127.0.1.{number + 1}")
        names = [f"{number}.{n}.{'x' * 190}" for n in range(NAMES)]
        self.send("proto 2", f"user deaf{number}", f"locks {' '.join(names)}", f"count {NAMES}",
                  *(ANSWERS * ["LOCK"]))

    def hear(self):
        """Every answer is there, and whole."""
        text = bytearray()
        while text.count(b"\n\n", -100) == 0 or text.count(b"locked 1\n") < ANSWERS:
            more = self.socket.recv(1 << 22)
            assert more, "the server has closed the connection"
            text += more
        farm.equal((text.count(b"locked 1\n"), text.count(b"\nlockname ")), (ANSWERS, ANSWERS * NAMES))
        self.close()


def grown_mb(server, deaf):
    """By how much the server grows until what it keeps for them grows no more."""
    before = kept = memory_kb(server.process.pid)
    wires = [Deaf(server.port, n) for n in range(deaf)]
    while True:
        time.sleep(1)
        now = memory_kb(server.process.pid)
        if now - kept < 1000:
            return (now - before) >> 10, wires
        kept = now


def start(folder, *options):
    return Server(folder, "--unread-time", "100", "--pidstat-port", "none", *options)


@tap.test
def one_client_is_not_listened_to_while_it_leaves_so_much_unread(folder):
    for unread, least, most in (("1M", 0, 5), ("16M", 10, 24)):
        server = start(folder, "--max-unread", unread)
        grown, (wire,) = grown_mb(server, 1)
        print(f"# --max-unread {unread}: {grown} MB", flush=True)
        assert least <= grown <= most, (unread, grown)
        wire.hear()
        server.kill()


@tap.test
def all_together_leave_no_more_unread_than_they_may(folder):
    server = start(folder, "--max-unread", "1G", "--max-output", "1M")
    with Neighbour(server.port, "user other", "locks mine", "LOCK", host="127.0.0.1") as neighbour:
        grown, wires = grown_mb(server, 8)
    print(f"# --max-output 1M: {grown} MB", flush=True)
    assert grown < 30, grown  # and 200 MB else
    assert neighbour.worst < NOBODY_WAITS_S, neighbour.worst
    for wire in wires:
        wire.hear()


def ask_list(server):
    wire = server.wire()
    wire.send("LIST_JSON")
    return wire


@tap.test
def a_list_waits_until_there_is_room_for_it(folder):
    server = start(folder, "--max-output", "1M")
    holder = server.wire()
    for first in range(0, 20_000, 1000):
        holder.send("user holder", *(line for n in range(first, first + 1000)
                                     for line in (f"locks {n}{'x' * 200}", "LOCK")))
        for _ in range(1000):
            farm.equal(holder.status()["locked"], "1")
    before, deaf = memory_kb(server.process.pid), []
    with Neighbour(server.port) as neighbour:
        for n in range(20):
            # Each is another list, as something has changed since the last one was begun.
            deaf.append(ask_list(server))
            farm.equal(server.wire().lock("other", f"other{n}")["locked"], "1")
            time.sleep(0.1)
        grown = (memory_kb(server.process.pid) - before) >> 10
    print(f"# lists, --max-output 1M: {grown} MB", flush=True)
    assert grown < 40, grown
    assert neighbour.worst < NOBODY_WAITS_S, neighbour.worst
    # They are all told in the end.
    for n, wire in enumerate(deaf):
        size = int(wire.line().split()[1])
        while len(wire.buffer) <= size:
            wire.buffer += wire.socket.recv(1 << 20)
        names = {lock["name"] for lock in json.loads(wire.buffer[:size])["locks"]}
        assert len(names) >= 20_000 + n, (n, len(names))


if __name__ == "__main__":
    farm.main()
