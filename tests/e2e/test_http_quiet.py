#!/usr/bin/python3
"""Visitors of lockerd's HTTP who say nothing, say it letter by letter, or take nothing: each of them
is shown out, and nobody else waits for that."""

import socket
import threading
import time

from support import farm, tap
from support.http_lab import Site
from support.lockd import Server

QUIET_S, LATE_S = 30, 60
LOCKS = 30000


def shown(folder):
    site = Site()
    return site, Server(folder, "--http", site.place, "--pidstat-port", "none", "--max-names", "1000",
                        "--client-cost", "0", state="none")


def ends_after(connection):
    """How long until the other side closes, whatever it says before."""
    began = time.monotonic()
    connection.settimeout(LATE_S + farm.PATIENCE_S)
    try:
        while connection.recv(1 << 16):
            pass
    except ConnectionResetError:
        pass
    return time.monotonic() - began


@tap.test
def who_says_nothing_or_goes_on_for_ever_is_shown_out(folder):
    site, _ = shown(folder)
    silent, slow = (socket.create_connection(("127.0.0.1", site.port)) for _ in range(2))
    times, over = {}, threading.Event()

    def dribble():
        try:
            for letter in b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: " + b"y" * 200:
                slow.send(bytes([letter]))
                if over.wait(1):
                    return
        except OSError:
            pass

    watchers = [threading.Thread(target=lambda name=name, it=it: times.update({name: ends_after(it)}))
                for name, it in (("silent", silent), ("slow", slow))]
    writer = threading.Thread(target=dribble)
    for thread in (*watchers, writer):
        thread.start()
    farm.equal(site.get("/healthz")[0], 200)
    for thread in watchers:
        thread.join()
    over.set()
    writer.join()
    print(f"# they were shown out after {times}")
    for took in times.values():
        assert QUIET_S - 5 < took < LATE_S, times


@tap.test
def who_takes_nothing_of_a_long_answer_is_shown_out(folder):
    site, server = shown(folder)
    wire = server.wire()
    for first in range(0, LOCKS, 500):
        names = " ".join(f"m{number}" for number in range(first, first + 500))
        farm.equal(wire.ask("user ann", f"locks {names}", "count 500", "LOCK")["locked"], "1")
    lazy = socket.socket()
    farm.at_end(lazy.close)
    lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    lazy.connect(("127.0.0.1", site.port))
    lazy.sendall(b"GET /locks.json HTTP/1.1\r\nHost: localhost\r\n\r\n")
    farm.poll(lambda: site.number("lockerd_http_visitors") >= 2, "it is served")
    farm.poll(lambda: site.number("lockerd_http_visitors") == 1, "it is shown out", 2 * LATE_S)
    farm.equal(site.get("/locks.json")[0], 200)


if __name__ == "__main__":
    farm.main()
