"""Replays conversations of clients with lockerd; tests/wire/README.md has the form of the files."""

import re
import select
import socket
import subprocess
import time

from support import farm

QUIET_S = 0.15


class Connection:
    """One of the clients of a transcript."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.received = b""
        self.at_eof = False
        self.joined = b""

    def read(self):
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError:
            data = b""
        self.received += data
        self.at_eof |= not data

    def close(self):
        self.socket.close()
        self.at_eof = True


def wait_until_quiet(connections, lacks):
    """Reads until nothing has come for a while, and nothing is lacking, with patience for that."""
    deadline = time.monotonic() + farm.PATIENCE_S
    while True:
        sockets = {c.socket: c for c in connections.values() if not c.at_eof}
        patience_s = max(deadline - time.monotonic(), QUIET_S) if lacks() else QUIET_S
        ready = select.select(list(sockets), [], [], patience_s)[0]
        if not ready:
            return
        for readable in ready:
            sockets[readable].read()


def as_pattern(lines):
    """The bytes that a connection is to receive; LOCK_LIST rows are sorted on both sides."""
    pattern = b""
    for line in lines:
        pattern += re.escape(line).replace(re.escape(b"{any}"), rb"\S+") + b"\n"
    return pattern


def sort_lock_rows(data):
    rows, result = [], []
    for line in data.split(b"\n"):
        if line.startswith(b"lock "):
            rows.append(line)
            continue
        result += sorted(rows)
        rows = []
        result.append(line)
    return b"\n".join(result + sorted(rows))


class Replay:
    def __init__(self, path, port):
        self.path = path
        self.port = port
        self.connections = {}
        self.expected = {}
        self.expect_eof = set()

    def connection(self, name):
        if name not in self.connections:
            self.connections[name] = Connection(self.port)
        return self.connections[name]

    def lacks(self):
        """True while less has come than is expected."""
        return any(connection.received.count(b"\n") < len(self.expected.get(name, [])) or
                   (name in self.expect_eof and not connection.at_eof)
                   for name, connection in self.connections.items())

    def check(self):
        """Compares what came since the last send."""
        wait_until_quiet(self.connections, self.lacks)
        for name, connection in self.connections.items():
            expected = self.expected.pop(name, [])
            received, connection.received = connection.received, b""
            want = as_pattern(sort_lock_rows(b"\n".join(expected)).split(b"\n") if expected else [])
            if not re.fullmatch(want, sort_lock_rows(received)):
                raise AssertionError(f"{self.path}: {name} received {received!r}, not {expected!r}")
            if name in self.expect_eof and not connection.at_eof:
                raise AssertionError(f"{self.path}: {name} was not closed")
        self.expect_eof.clear()

    def step(self, line):
        waiting = re.fullmatch(r"wait (\d+)", line)
        if waiting:
            # What is expected behind a wait came during it.
            self.check()
            time.sleep(int(waiting[1]) / 1000)
            return True
        name, kind, text = re.fullmatch(r"(\w)(>\||>|<|!)(.*)", line).groups()
        if kind == "<" and text == "EOF":
            self.expect_eof.add(name)
        elif kind == "<":
            self.expected.setdefault(name, []).append(text[1:].encode())
        else:
            return self.send(name, kind, text)
        return False

    def send(self, name, kind, text):
        if self.expected or self.expect_eof or kind != ">|":
            self.check()
        connection = self.connection(name)
        if kind == "!":
            connection.close()
        elif kind == ">|":
            connection.joined += text[1:].encode() + b"\n"
            return False
        else:
            connection.socket.sendall(connection.joined + text[1:].encode() + b"\n")
            connection.joined = b""
        return True

    def run(self):
        with open(self.path, encoding="utf-8") as lines:
            for line in lines:
                line = line.rstrip("\n")
                if line and not line.startswith("#"):
                    self.step(line)
        self.check()
        for connection in self.connections.values():
            connection.socket.close()


def replay(path, *options):
    port = farm.free_port()
    server = subprocess.Popen([farm.program("lockerd"), "--nofork", "--state", "none", "--pidstat-port", "none",
                               "--host", "127.0.0.1", "--port", str(port), *options],
                              stderr=subprocess.DEVNULL)
    try:
        farm.poll(lambda: farm.answers(port), "lockerd listens")
        Replay(path, port).run()
    finally:
        farm.stop(server)
