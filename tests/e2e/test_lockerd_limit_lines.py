#!/usr/bin/python3
"""What is said of each limit of lockerd: a code and a line to whoever is beyond it, as often as it is,
and one line to the log.  Everybody else is served as before."""

import os
import signal

from support import farm, tap
from support.lockd import Server
from support.wire import Wire

TIMES = 3


def complaint(wire, *lines):
    """The code and the text of the error that the lines bring, or that comes by itself."""
    wire.send(*lines)
    code = None
    while (line := wire.line()) is not None:
        word, _, rest = line.partition(" ")
        if word == "error-code":
            code = rest
        elif word == "error":
            return code, rest
    return code, None


def arrive(server):
    """A connection that has said its protocol before the server takes it."""
    os.kill(server.process.pid, signal.SIGSTOP)
    try:
        wire = Wire(server.port)
        wire.send("proto 2")
    finally:
        os.kill(server.process.pid, signal.SIGCONT)
    return wire


def turned_away(server):
    """What one of many connections is told, the first that is not served."""
    for _ in range(100):
        told = complaint_or_served(arrive(server))
        if told:
            return told
    raise AssertionError("all of them are served")


def complaint_or_served(wire):
    line = wire.line()
    if line == "proto 2":
        return None
    return complaint(wire) if line is None else (line.removeprefix("error-code "), complaint(wire)[1])


def crowd(server):
    return [turned_away(server) for _ in range(TIMES)]


def asking(*refused, first=()):
    """What is told to who asks for too much, again and again; `first` is granted before."""
    def reach(server):
        if first:
            farm.equal(server.wire().ask("user ann", *first)["locked"], "1")
        return [complaint(server.wire(), "user bob", *refused) for _ in range(TIMES)]
    return reach


def waiting(server):
    server.wire().ask("user ann", "locks a", "LOCK")
    waiter = server.wire()
    waiter.lock("bob", "a", 1)
    farm.contains(waiter.line(), "print_waiting")
    return [complaint(server.wire(), f"user w{n}", "locks a", "block 1", "LOCK")
            for n in range(TIMES)]


def silence(server):
    silent = [server.wire() for _ in range(TIMES)]
    for wire in silent:
        wire.send("user x", "locks x")
    return [complaint(wire) for wire in silent]


def behind_a_wait(server):
    """Too much is said behind a LOCK that waits."""
    server.wire().ask("user ann", "locks a", "LOCK")
    return [complaint(server.wire(), f"user w{n}", "locks a", "block 1", "LOCK", *(100 * ["STATUS"]))
            for n in range(TIMES)]


def sessions(server):
    held = server.wire()
    farm.equal(held.ask("user ann", "session 1", "locks a", "LOCK")["locked"], "1")
    return [complaint(server.wire(), "user bob", "session 1", "locks b", "LOCK") for _ in range(TIMES)]


def names_of_all_connections(server):
    names = " ".join(f"{n}{100 * 'x'}" for n in range(50))
    first = server.wire()
    farm.equal("error" in first.ask(f"locks {names}", "STATUS"), False)
    return [complaint(server.wire(), f"locks {names}", "STATUS") for _ in range(TIMES)]


def offline(server):
    farm.equal(word(server, "OFFLINE a 60"), "offline 1")
    refused = [complaint(server.wire(), "OFFLINE b 60") for _ in range(TIMES)]
    farm.equal(word(server, "ONLINE a"), "offline 0")
    assert "b is offline" not in server.log()
    return refused


def word(server, command):
    wire = server.wire()
    wire.send(command)
    return wire.line()


def descriptors(server):
    return len(os.listdir(f"/proc/{server.process.pid}/fd"))


def be_deaf(server, *first, meanwhile=lambda: None):
    """Those who read nothing of long answers are closed without a line, which would go unread as well."""
    holder = server.wire()
    holder.send("user ann", *(line for n in range(200) for line in (f"locks {n}{200 * 'x'}", "LOCK")))
    for _ in range(200):
        farm.equal(holder.status()["locked"], "1")
    served = descriptors(server)
    deaf = [server.wire() for _ in range(TIMES)]
    for wire in deaf:
        if first:
            farm.equal(wire.ask(*first)["locked"], "1")
        # More than the kernel keeps for a reader; each of them is said in one piece.
        wire.send(*(500 * ["LOCK_LIST"]))
    farm.poll(lambda: descriptors(server) == served + TIMES, "they are served", 30)
    meanwhile()
    farm.poll(lambda: descriptors(server) == served, "they are closed", 30)
    for wire in deaf:
        said = b""
        try:
            while more := wire.socket.recv(1 << 20):
                said = said[-1000:] + more
        except ConnectionResetError:
            pass
        assert b"error" not in said, said[-1000:]
    return []


def deafness(server):
    return be_deaf(server)


def deafness_of_sessions(server):
    """What others put off is not kept for them."""
    wire = server.wire()
    token = wire.ask("user a", "timeout 100000", "locks a", "LOCK")["token"]

    def put_off():
        for _ in range(100):
            farm.equal(wire.ask(f"EXTEND {token} 0.001")["locked"], "1")
    return be_deaf(server, "user a", "session 1", "locks a", f"RENEW {token}", meanwhile=put_off)


def changing(server):
    """Goes on; what is past is no longer kept."""
    wire = server.wire()
    wire.send("user loud", "locks x", *(1000 * ["LOCK", "UNLOCK"]))
    for _ in range(2000):
        wire.status()
    return []


# Option, value, how it is reached, what is told.
LIMITS = (
    ("max-connections", 8, crowd, ("later", "too many connections; try again later")),
    ("max-client-connections", 4, crowd, ("limit", "you have 4 connections already; close one first")),
    ("max-new-connections", 2, crowd,
     ("limit", "more than 2 new connections a second; keep one for many requests")),
    ("max-waiters", 1, waiting, ("later", "the server's limit of waiters is reached; try again later")),
    ("max-client-sessions", 1, sessions,
     ("later", "your sessions may stand for 1 grants and waits; try again later")),
    ("max-client-waiters", 1, waiting,
     ("limit", "you may have 1 requests that wait, and one for many locks counts for more; end one first")),
    ("max-locks", 1, asking("locks b", "LOCK", first=("locks a", "LOCK")),
     ("later", "the server's limit of locks in use is reached; try again later")),
    ("max-client-locks", 1, asking("locks b", "LOCK", first=("locks a", "LOCK")),
     ("limit", "you may have 1 locks; give some back first")),
    ("max-owner-locks", 1, asking("locks a b", "count 2", "LOCK"),
     ("limit", "an owner may have 1 locks; give some back first")),
    ("max-names", 2, asking("locks a b c", "LOCK"),
     ("limit", "a request can name 2 locks at most; name fewer")),
    ("max-names", 2, asking("locks a b", "count 3", "LOCK"),
     ("limit", "a request can name 2 locks at most; name fewer")),
    ("max-request", 20, asking("locks aaaaaaaaaaaa bbbbbbbbbb", "LOCK"),
     ("limit", "the names of a request can have 20 bytes at most; name fewer")),
    ("max-line", 300, asking(310 * "x"), ("limit", "a line is longer than 300 bytes; send shorter ones")),
    ("max-line", 300, behind_a_wait, ("limit", "too many commands behind a LOCK that waits")),
    ("max-client-request", 1, names_of_all_connections,
     ("later", "your connections may name 1 bytes together; try again later, or name fewer")),
    ("max-offline", 1, offline, ("limit", "1 names may be offline, and are; put others back before")),
    ("idle-time", 3, silence, ("limit", "no command came in time; connect again")),
    ("max-unread", 1024, deafness_of_sessions, None),
    ("unread-time", 1, deafness, None),
    ("client-history", 1024, changing, None),
)


@tap.test
def each_limit_has_its_code_its_line_and_one_line_in_the_log(folder):
    for number, (option, value, reach, told) in enumerate(LIMITS):
        home = os.path.join(folder, str(number))
        os.mkdir(home)
        server = Server(home, f"--{option}", str(value), "--pidstat-port", "none")
        farm.equal((option, reach(server)), (option, [told] * TIMES if told else []))
        # Another address has what there is of its own; all locks in use are everybody's.
        other = server.wire(source="127.0.0.9")
        if option == "max-locks":
            farm.equal(complaint(other, "user eve", "locks c", "LOCK"), told)
        else:
            farm.equal(other.lock("eve", "c")["locked"], "1")
        line = f"the limit --{option} {value} is reached by 127.0.0.1"
        farm.equal((line, server.log().count(line)), (line, 1))
        farm.equal(server.log().count("the limit --"), 1)
        farm.stop(server.process)


if __name__ == "__main__":
    farm.main()
