#!/usr/bin/python3
"""What one client may cost lockerd, and what the others notice of it."""

import json
import os
import subprocess
import time

from support import built, farm, tap
from support.lockd import LOCKERD, serves
from support.neighbour import NOBODY_WAITS_S, Neighbour, memory_kb, push
from support.wire import Wire, protocol_2



class Lockerd:
    def __init__(self, *options, state="none"):
        self.port = farm.free_port()
        self.process = farm.start(LOCKERD, "--nofork", "--state", state, "--pidstat-port", "none",
                                  "--port", self.port, *options, stderr=subprocess.DEVNULL)
        farm.poll(lambda: serves(self.port), "lockerd serves")

    def memory_kb(self):
        return memory_kb(self.process.pid)

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))


def hold_many(port, count, text="n"):
    """One client takes so many locks, in few round trips."""
    wire = Wire(port)
    wire.send("user holder")
    for first in range(0, count, 1000):
        wire.send(*(line for n in range(first, first + 1000)
                    for line in (f"locks {text}{n}", "LOCK")))
        for _ in range(1000):
            farm.equal(wire.status()["locked"], "1")
    return wire


def read_json_list(wire):
    """The list that was asked for."""
    size = int(wire.line().split()[1])
    text = read_until(wire, lambda text: len(text) > size)
    wire.buffer = bytes(text[size + 1:])
    return json.loads(text[:size])


def read_until(wire, is_whole):
    """A large answer, without a look at each line."""
    text = bytearray(wire.buffer)
    while not is_whole(text):
        text += wire.socket.recv(1 << 20)
    wire.buffer = b""
    return text


@tap.test
def nobody_waits_for_a_list_of_many_locks():
    lockerd = Lockerd()
    hold_many(lockerd.port, 200_000)
    wires = [protocol_2(lockerd.port) for _ in range(3)]
    with Neighbour(lockerd.port) as neighbour:
        for wire in wires:
            wire.send("LIST_JSON", "VERSION")
        for wire in wires:
            names = {lock["name"] for lock in read_json_list(wire)["locks"]}
            farm.equal(len(names), 200_000)
            farm.contains(wire.line(), "version ")
            farm.equal(wire.line(), "")
        wires[0].send("LOCK_LIST")
        text = read_until(wires[0], lambda text: text.endswith(b"\n\n\n"))
        farm.equal(text.count(b"\n"), 200_002)
        wires[1].send(f"HISTORY 0 {int(time.time() * 1000) + 60_000} 0")
        text = read_until(wires[1], lambda text: text.endswith(b"\nhistory 0\n"))
        farm.equal(text.count(b"past hold - "), 200_000)
    assert neighbour.worst < NOBODY_WAITS_S, f"somebody waited {neighbour.worst:.3f} s"


@tap.test
def nobody_waits_for_a_list_of_waits_for_many_locks():
    lockerd = Lockerd()
    names = " ".join(f"n{n}" for n in range(1024))
    hold_many(lockerd.port, 2000)
    waiters = []
    for n in range(300):
        waiters.append(Wire(lockerd.port))
        waiters[-1].lock(f"w{n}", names, 1)
        farm.contains(waiters[-1].line(), "print_waiting")
    asker = protocol_2(lockerd.port)
    with Neighbour(lockerd.port) as neighbour:
        asker.send("LIST_JSON")
        waits = read_json_list(asker)["waiters"]
    farm.equal([wait["position"] for wait in waits], list(range(1, 301)))
    farm.equal(len(waits[0]["wants"][0]["names"]), 1024)
    assert neighbour.worst < NOBODY_WAITS_S, f"somebody waited {neighbour.worst:.3f} s"


@tap.test
def a_list_tells_of_all_that_was_said_before_it_was_asked_for():
    lockerd = Lockerd()
    wire = hold_many(lockerd.port, 50_000)
    askers = [protocol_2(lockerd.port) for _ in range(5)]
    for n, asker in enumerate(askers):
        asker.send("user late", f"locks late{n}", "LOCK", "LIST_JSON")
    for n, asker in enumerate(askers):
        farm.equal(asker.status()["locked"], "1")
        assert f"late{n}" in {lock["name"] for lock in read_json_list(asker)["locks"]}
    wire.close()


@tap.test
def who_asks_for_a_list_and_goes_away_costs_no_more():
    lockerd = Lockerd()
    hold_many(lockerd.port, 100_000)
    for _ in range(50):
        wire = protocol_2(lockerd.port)
        wire.send("LIST_JSON")
        wire.close()
    with Neighbour(lockerd.port) as neighbour:
        farm.equal(len(read_json_list(ask_list(lockerd.port))["locks"]), 100_000)
    assert neighbour.worst < NOBODY_WAITS_S, f"somebody waited {neighbour.worst:.3f} s"


def ask_list(port):
    wire = protocol_2(port)
    wire.send("LIST_JSON")
    return wire


@tap.test
def what_a_client_does_not_read_stops_what_it_says_also_behind_a_LOCK_that_waits():
    built.need_plain()
    lockerd = Lockerd()
    hold_many(lockerd.port, 1000, 200 * "h")
    for flood in ("QUEUE\n", "STATUS\n", "LOCK_LIST\n", "LIST_JSON\n", "HISTORY 0 9999999999999 0\n",
                  "VERSION\n", "LOCK\n", "BREAK_LOCK\n", "DEAD_JOB x\n", "RENEW 1\n", "proto 2\n"):
        deaf = protocol_2(lockerd.port)
        deaf.lock("deaf", f"{200 * 'h'}1", int(flood == "QUEUE\n"))
        before = lockerd.memory_kb()
        push(deaf, 4000 * flood.encode(), 30_000_000, 4)
        grown = lockerd.memory_kb() - before
        assert grown < 20_000, f"{flood.strip()} had the server grow by {grown} kB"
        deaf.close()
        farm.equal(Wire(lockerd.port).lock("b", "x")["locked"], "1")


@tap.test
def those_who_never_read_their_lists_are_closed_and_their_memory_comes_back():
    built.need_plain()
    lockerd = Lockerd("--unread-time", "3")
    many = 100_000  # more than what the kernel keeps for a reader
    hold_many(lockerd.port, many)
    farm.equal(len(read_json_list(ask_list(lockerd.port))["locks"]), many)
    before = lockerd.memory_kb()
    deaf = [ask_list(lockerd.port) for _ in range(40)]
    for wire in deaf[::2]:
        wire.send("LOCK_LIST")
    with Neighbour(lockerd.port) as neighbour:
        farm.equal(len(read_json_list(ask_list(lockerd.port))["locks"]), many)
        grown = lockerd.memory_kb() - before
        assert grown < 150_000, f"the server has grown by {grown} kB"
        farm.poll(lambda: lockerd.descriptors() < len(deaf), "who reads nothing is closed", 60)
        farm.poll(lambda: lockerd.memory_kb() - before < 30_000, "the memory comes back", 60)
    assert neighbour.worst < NOBODY_WAITS_S, f"somebody waited {neighbour.worst:.3f} s"
    for wire in deaf:
        wire.socket.settimeout(farm.PATIENCE_S)
        while True:
            try:
                if not wire.socket.recv(1 << 20):
                    break
            except ConnectionResetError:
                break


@tap.test
def who_reads_slowly_has_all_of_its_list():
    lockerd = Lockerd("--unread-time", "3")
    hold_many(lockerd.port, 50_000)
    wire = ask_list(lockerd.port)
    farm.contains(wire.line(), "json ")
    for _ in range(8):
        time.sleep(0.5)  # it takes longer than the limit, but never as long at a time
        wire.buffer += wire.socket.recv(1 << 20)
    while b"\n\n" not in wire.buffer[-100:] and not wire.buffer.endswith(b"]}\n"):
        wire.buffer += wire.socket.recv(1 << 20)
    farm.equal(len(json.loads(wire.buffer)["locks"]), 50_000)


if __name__ == "__main__":
    farm.main()
