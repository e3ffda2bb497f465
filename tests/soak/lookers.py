#!/usr/bin/env python3
"""Asks each of several lockerd all the time who has a lock, whether it answers or not, and writes down
what it is told: what one says that was stopped, or is not the leader any more, is to be true as well.

    lookers.py EVENTS HOST[:HOST...] PORT SEED"""

import collections
import os
import random
import socket
import sys
import threading
import time

from clients import SHARED

ASK_S = 0.1
CONNECT_S = 2
MOST = 300  # questions without an answer: then that connection is given up


class Looker:
    """One connection at a time to one of them."""

    def __init__(self, events, host, port, seed):
        self.events = os.open(events, os.O_WRONLY | os.O_APPEND)
        self.host, self.port, self.rng = host, int(port), random.Random(f"{seed} {host}")

    def run(self):
        while True:
            try:
                with socket.create_connection((self.host, self.port), CONNECT_S) as connection:
                    self.look(connection)
            except OSError:
                pass
            time.sleep(ASK_S)

    def look(self, connection):
        connection.settimeout(ASK_S)
        connection.sendall(f"proto 2\nuser looker_{self.host}\nhostname {socket.gethostname()}\n".encode())
        self.asked, self.owner, self.is_blank, buffer = collections.deque(), None, False, b""
        while len(self.asked) < MOST:
            name = self.rng.choice(SHARED)
            self.asked.append((time.monotonic_ns(), name))
            connection.sendall(f"locks {name}\nSTATUS\n".encode())
            buffer = self.hear(connection, buffer, time.monotonic() + ASK_S)

    def hear(self, connection, buffer, until):
        """Until then; returns what is no whole line yet."""
        while time.monotonic() < until:
            try:
                data = connection.recv(65536)
            except TimeoutError:
                continue
            if not data:
                raise ConnectionError("closed")
            *lines, buffer = (buffer + data).split(b"\n")
            for line in lines:
                self.on_line(line.decode(errors="replace"))
        return buffer

    def on_line(self, line):
        word, _, rest = line.partition(" ")
        if word == "owner":
            self.owner = rest or "-"
        elif word == "error":
            self.owner = None
        elif not word and self.is_blank:
            since, name = self.asked.popleft()
            if self.owner:
                self.say("saw", f"at-{self.host}", since, name, self.owner)
            self.owner = None
        self.is_blank = not word and not self.is_blank

    def say(self, *words):
        line = " ".join([str(time.monotonic_ns()), *(str(word) for word in words)])
        os.write(self.events, line.encode("ascii", "replace") + b"\n")


def main():
    events, hosts, port, seed = sys.argv[1:]
    for host in hosts.split(":"):
        threading.Thread(target=Looker(events, host, port, seed).run).start()


if __name__ == "__main__":
    main()
