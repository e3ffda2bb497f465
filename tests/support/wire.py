"""A plain connection to lockerd, for tests that speak the protocol themselves."""

import socket

from support import farm


class Wire:
    """Sends lines and reads answers; closed with the test."""

    def __init__(self, port=None, host="127.0.0.1", path=None, source=None):
        if path:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.connect(path)
        else:
            self.socket = socket.create_connection((host, port),
                                                   source_address=source and (source, 0))
        self.socket.settimeout(farm.PATIENCE_S)
        self.buffer = b""
        farm.at_end(self.socket.close)

    def send(self, *lines):
        self.socket.sendall("".join(line + "\n" for line in lines).encode(errors="surrogateescape"))

    def line(self):
        """The next line, without its newline; None when the server has closed."""
        while b"\n" not in self.buffer:
            try:
                data = self.socket.recv(65536)
            except ConnectionResetError:
                data = b""
            if not data:
                return None
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line.decode(errors="surrogateescape")

    def status(self):
        """Reads up to the two empty lines; returns {word: rest}, with repeated words joined."""
        result = {}
        while True:
            line = self.line()
            assert line is not None, f"the server closed the connection after {result}"
            if line == "":
                farm.equal(self.line(), "")
                return result
            word, _, rest = line.partition(" ")
            result[word] = f"{result[word]} {rest}" if word in result else rest

    def ask(self, *lines):
        self.send(*lines)
        return self.status()

    def lock(self, user, names, block=0, *more):
        """Sends a LOCK and reads its answer, up to print_waiting when it waits."""
        self.send(f"user {user}", f"locks {names}", f"block {block}", *more, "LOCK")
        return self.status() if not block else None

    def is_silent(self, seconds=0.2):
        """True when nothing comes for a while."""
        self.socket.settimeout(seconds)
        try:
            return self.line() is None
        except TimeoutError:
            return True
        finally:
            self.socket.settimeout(farm.PATIENCE_S)

    def close(self):
        self.socket.close()


def protocol_2(port, host="127.0.0.1"):
    """A connection that speaks farmlock's own protocol."""
    wire = Wire(port, host=host)
    wire.send("proto 2")
    farm.equal(wire.line(), "proto 2")
    return wire
