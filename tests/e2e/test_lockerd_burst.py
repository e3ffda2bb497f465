#!/usr/bin/python3
"""Bursts, and clients that take their time: each is served, and none at another's cost."""

import resource
import socket
import threading
import time

from support import farm, tap
from support.lockd import start_server
from support.wire import Wire

DEFER_S = 1  # how long the kernel keeps a client from the server that has said nothing
JUNK = 100_000 * b"x"


def request(user, name, command="LOCK"):
    return f"user {user}\nlocks {name}\nblock 0\n{command}\nEOF\n".encode()


def rest(wire):
    """All that comes up to the end, which must be no reset."""
    data = wire.buffer
    while more := wire.socket.recv(65536):
        data += more
    return data.decode()


GRANTED = "owner a\nlocked 1\nlockname x\n\n\n"


@tap.test
def a_client_that_is_silent_at_first_is_served_when_it_speaks():
    port = start_server()
    silent = [Wire(port) for _ in range(20)]
    farm.equal(Wire(port).lock("a", "x")["locked"], "1")
    time.sleep(2 * DEFER_S)
    for number, wire in enumerate(silent):
        farm.equal(wire.lock("b", f"y{number}")["locked"], "1")


@tap.test
def a_client_that_says_nothing_and_leaves_is_no_trouble():
    port = start_server()
    for _ in range(200):
        socket.create_connection(("127.0.0.1", port)).close()
    farm.equal(Wire(port).lock("a", "x")["locked"], "1")


@tap.test
def a_request_may_come_in_any_pieces():
    port = start_server()
    text = request("a", "x")
    for cut in range(1, len(text)):
        wire = Wire(port)
        wire.socket.sendall(text[:cut])
        time.sleep(0.002)
        wire.socket.sendall(text[cut:])
        farm.equal(rest(wire), GRANTED)


@tap.test
def the_answer_is_whole_whatever_stands_behind_the_end():
    port = start_server()
    for _ in range(20):
        wire = Wire(port)
        threading.Thread(target=send_if_possible, args=(wire, request("a", "x") + JUNK)).start()
        farm.equal(rest(wire), GRANTED)


def send_if_possible(wire, data):
    try:
        wire.socket.sendall(data)
    except OSError:
        pass


@tap.test
def ten_thousand_clients_at_once_are_all_served():
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    size = min(10_000, most - 200)
    print(f"# {size} of them", flush=True)
    port = start_server()
    crowd = []
    for number in range(size):
        wire = Wire(port)
        wire.socket.sendall(request(f"user{number}", f"lock{number}"))
        crowd.append(wire)
    for number, wire in enumerate(crowd):
        farm.equal(rest(wire), f"owner user{number}\nlocked 1\nlockname lock{number}\n\n\n")
        wire.close()


@tap.test
def a_pipeline_of_a_hundred_thousand_lines_is_answered_in_order():
    wire = Wire(start_server())
    pairs = 50_000
    threading.Thread(target=wire.socket.sendall,
                     args=(b"user a\nlocks x\n" + pairs * b"LOCK\nUNLOCK\n" + b"EOF\n",)).start()
    farm.equal(rest(wire), pairs * (GRANTED + "owner \nlocked 0\n\n\n"))


def flood(wire, stop):
    """Asks without pause, and reads along."""
    wire.send("user flood", "locks z")
    wire.socket.setblocking(False)
    block = 1000 * b"LOCK\nUNLOCK\n"
    pending = block
    while not stop.is_set():
        try:
            pending = pending[wire.socket.send(pending):] or block
        except BlockingIOError:
            pass
        try:
            wire.socket.recv(1 << 20)
        except BlockingIOError:
            pass


@tap.test
def clients_that_pipeline_without_end_keep_nobody_waiting():
    port = start_server()
    stop = threading.Event()
    floods = [threading.Thread(target=flood, args=(Wire(port), stop)) for _ in range(4)]
    for thread in floods:
        thread.start()
    asker = Wire(port)

    def seconds_for_a_lock():
        began = time.monotonic()
        farm.equal(asker.lock("a", "x")["locked"], "1")
        return time.monotonic() - began

    try:
        farm.promised("a LOCK beside four floods",
                      lambda: [seconds_for_a_lock() for _ in range(21)], 0.5, farm.PATIENCE_S)
    finally:
        stop.set()
        for thread in floods:
            thread.join()


if __name__ == "__main__":
    farm.main()
