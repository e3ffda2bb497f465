#!/usr/bin/python3
"""Lists and pieces of history behind each other on one connection: each is said whole, however much
is unread before it, and who has taken all of them is a client like any other."""

import re
import socket
import threading

from support import farm, tap
from support.lockd import Server

LOCKS = 1500
TIMES = 40
UNREAD_S = 1
ASKED = ("LIST_JSON", "HISTORY 0 99999999999999 0", "LOCK_LIST", "STATUS")


def fill(server):
    """Locks that are held, and as many rows of history of others."""
    wire = server.wire()
    for number in range(LOCKS):
        wire.send(f"user {'u' * 60}", f"locks held{number}", "LOCK",
                  f"locks gone{number}", "LOCK", "UNLOCK")
    wire.send("VERSION")
    while not wire.line().startswith("version "):
        pass


def read_until_version(connection):
    """What it says, up to the answer to VERSION."""
    said = bytearray(b"\n")
    while b"\nversion " not in said[-4096:]:
        data = connection.recv(1 << 20)
        assert data, "closed"
        said += data
    return bytes(said)


def ask_all(server):
    """A connection that has asked for everything at once, and all that it was told."""
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=farm.PATIENCE_S * 3)
    lines = ["proto 2", "block 0", *TIMES * ["user x", "locks held0", *ASKED], "VERSION"]
    said = []
    reader = threading.Thread(target=lambda: said.append(read_until_version(connection)))
    reader.start()
    connection.sendall(("\n".join(lines) + "\n").encode())
    reader.join()
    return connection, said[0]


@tap.test
def each_of_many_is_said_whole(folder):
    server = Server(folder)
    fill(server)
    connection, said = ask_all(server)
    connection.close()
    farm.equal(len(re.findall(rb"^json \d+$", said, re.M)), TIMES)
    farm.equal(len(re.findall(rb"^history \d+", said, re.M)), TIMES)
    farm.equal(said.count(b"lock held7 "), TIMES)
    farm.equal(len(re.findall(rb"^owner ", said, re.M)), TIMES)


@tap.test
def who_has_taken_all_is_not_closed_as_one_who_does_not_read(folder):
    server = Server(folder, "--unread-time", UNREAD_S)
    fill(server)
    connection, _ = ask_all(server)
    before_s = farm.processor_s(server.process.pid)
    connection.settimeout(UNREAD_S * 4)
    try:
        farm.equal(connection.recv(1), "nothing: neither an end nor what it did not ask for")
    except TimeoutError:
        pass
    spent_s = farm.processor_s(server.process.pid) - before_s
    assert spent_s < UNREAD_S, f"{spent_s} s of CPU for a client that says nothing"
    connection.sendall(b"VERSION\n")
    farm.contains(read_until_version(connection), b"version ")


if __name__ == "__main__":
    farm.main()
