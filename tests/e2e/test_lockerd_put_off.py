#!/usr/bin/python3
"""Sessions hear what others put off, however much they have to read meanwhile."""

from support import farm, tap
from support.lockd import Server


@tap.test
def behind_a_list_a_session_is_told_once_how_long_each_lock_was_put_off(folder):
    server = Server(folder, "--pidstat-port", "none", "--max-unread", 1024)
    wire, session = server.wire(), server.wire()
    for first in range(0, 20_000, 500):
        wire.send("user holder", *(line for n in range(first, first + 500)
                                   for line in (f"locks {n}{'x' * 100}", "LOCK")))
        for _ in range(500):
            farm.equal(wire.status()["locked"], "1")
    tokens = [wire.ask("user a", "timeout 100000", f"locks x{n}", "LOCK")["token"] for n in range(3)]
    for n, token in enumerate(tokens):
        session.ask("user a", "session 1", f"locks x{n}", f"RENEW {token}")
    for _ in range(2):
        session.send("LIST_JSON", "VERSION")
        size = int(session.line().split()[1])
        for n in (0, 2):
            wire.send(f"locks x{n}", *(200 * [f"EXTEND {tokens[n]} 1000"]))
            for _ in range(200):
                status = wire.status()
        while len(session.buffer) <= size and (data := session.socket.recv(1 << 16)):
            session.buffer += data
        farm.equal(session.buffer[size:size + 1], b"\n")
        session.buffer = session.buffer[size + 1:]
        told = sorted((session.line() or "closed").split() for _ in range(2))
        farm.equal([line[:2] for line in told], sorted(["extended", tokens[n]] for n in (0, 2)))
        left = {line[1]: int(line[2]) for line in told}[tokens[2]]
        assert 0 <= int(status["hold-left"]) - left < 200_000, (left, status)
        farm.contains(session.line() or "closed", "version ")
        farm.equal(session.line(), "")


@tap.test
def a_session_that_reads_is_told_all_that_others_put_off_at_once(folder):
    server = Server(folder, "--pidstat-port", "none", "--max-unread", 1024)
    wire, session = server.wire(), server.wire()
    token = wire.ask("user a", "timeout 100000", "locks x", "LOCK")["token"]
    session.ask("user a", "session 1", "locks x", f"RENEW {token}")
    # In one pass more is said to it than it may leave unread, and waits for one commit.
    for _ in range(5):
        wire.send(*(200 * [f"EXTEND {token} 0.001"]))
        for _ in range(200):
            farm.equal(wire.status()["locked"], "1")
            farm.contains(session.line() or "closed", f"extended {token} ")


if __name__ == "__main__":
    farm.main()
