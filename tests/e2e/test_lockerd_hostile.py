#!/usr/bin/python3
"""What clients may do to lockerd, and what becomes of it for the others."""

import random
import socket
import subprocess

from support import farm, tap
from support.lockd import LOCKERD, listing, serves, start_server
from support.wire import Wire


@tap.test
def a_line_without_end_is_refused_and_others_are_served():
    port = start_server()
    endless = Wire(port)
    endless.socket.sendall(70000 * b"x")
    farm.contains(endless.line(), "error a line is longer than 65535 bytes")
    farm.equal(endless.line(), None)
    farm.equal(Wire(port).lock("a", "x")["locked"], "1")


@tap.test
def what_is_sent_before_the_end_of_input_is_answered():
    wire = Wire(start_server())
    wire.send("user a", "locks x", "LOCK", "STATUS")
    wire.socket.shutdown(socket.SHUT_WR)
    farm.equal(wire.status()["locked"], "1")
    farm.equal(wire.status()["locked"], "1")
    farm.equal(wire.line(), None)


@tap.test
def a_client_that_sends_half_a_line_is_let_go_of_and_holds_nobody_up():
    port = start_server()
    half = Wire(port)
    half.socket.sendall(b"user a\nlocks x\nLO")
    farm.equal(Wire(port).lock("b", "x")["locked"], "1")
    half.close()
    farm.equal(Wire(port).lock("b", "x")["locked"], "1")


@tap.test
def a_client_that_does_not_read_holds_nobody_up():
    port = start_server()
    holder = Wire(port)
    for i in range(200):
        holder.lock("a", f"{200 * 'n'}{i}")
    deaf = Wire(port)
    deaf.socket.setblocking(False)
    sent = 0
    try:
        while sent < 10_000_000:
            sent += deaf.socket.send(1000 * b"LOCK_LIST\n")
    except BlockingIOError:
        pass
    assert sent < 10_000_000, "the server takes in what it cannot answer"
    farm.equal(Wire(port).lock("b", "x")["locked"], "1")
    # When it reads after all, every command that was taken is answered.
    deaf.socket.setblocking(True)
    deaf.socket.settimeout(farm.PATIENCE_S)
    received = b""
    while received.count(b"lock ") < 200 * 500:
        received += deaf.socket.recv(1 << 20)
        received = received[-10:] + b"lock " * received.count(b"lock ")


@tap.test
def garbage_of_every_kind_leaves_the_server_answering():
    port = start_server()
    seed = random.randrange(1 << 30)
    print(f"# seed {seed}", flush=True)
    chance = random.Random(seed)
    words = ["user", "locks", "LOCK", "UNLOCK", "STATUS", "proto 2", "and", "count", "block 1",
             "DEAD_PID", "BREAK_LOCK", "session 1", "QUEUE", "CANCEL", "LOCK_LIST", "LIST_JSON",
             "timeout", "process", "EOF", "-1", "99999999999999999999", "\0", "\x1b[2J", "\r",
             "\t", "x", "y", "z", "\n", "\n\n", " ", "pid", "hostname", "VERSION", "autounlock"]
    for _ in range(300):
        wire = Wire(port)
        data = "".join(chance.choice(words) + chance.choice([" ", "\n", ""])
                       for _ in range(chance.randrange(60))).encode()
        data += bytes(chance.randrange(256) for _ in range(chance.randrange(40)))
        wire.socket.sendall(data)
        if chance.random() < 0.3:
            wire.socket.shutdown(socket.SHUT_WR)
        if chance.random() < 0.3:
            wire.is_silent(0.001)
        wire.close()
    farm.equal(Wire(port).lock("somebody", "something")["locked"], "1")
    listing(port)


@tap.test
def beyond_the_limit_of_connections_a_client_is_told_so():
    port = farm.free_port()
    farm.start("prlimit", "--nofile=200:200", LOCKERD, "--nofork", "--state", "none", "--port",
               port, stderr=subprocess.DEVNULL)
    farm.poll(lambda: serves(port), "lockerd serves")
    first = Wire(port)
    farm.equal(first.lock("a", "x")["locked"], "1")
    crowd = []
    for _ in range(150):
        crowd.append(Wire(port))
        crowd[-1].send("user somebody")
    farm.contains(crowd[-1].line(), "error too many connections")
    farm.equal(first.ask("STATUS")["locked"], "1")
    for wire in crowd:
        wire.close()
    farm.poll(lambda: serves(port), "room again")


if __name__ == "__main__":
    farm.main()
