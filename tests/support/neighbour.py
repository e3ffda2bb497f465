"""Somebody who uses lockerd beside a hostile client, and what that one costs the server."""

import multiprocessing
import time

from support.wire import Wire

NOBODY_WAITS_S = 1.5  # the server's own bound is 5 ms; the rest is a machine that is busy

def _serve(pipe, port, host, lines):
    """The neighbour's own process: the test's may be busy with what it has read."""
    wire = Wire(port, host=host)
    times = []
    while not pipe.poll(0.002):
        before = time.monotonic()
        wire.send(*lines)
        while (line := wire.line()) != "":
            assert line is not None, "the server has closed the connection"
        times.append(time.monotonic() - before)
    pipe.send(times)


class Neighbour:
    """Asks for something small all the time, and remembers how long each answer took."""

    def __init__(self, port, *lines, host="127.0.0.1"):
        self.pipe, theirs = multiprocessing.Pipe()
        self.process = multiprocessing.get_context("fork").Process(
            target=_serve, args=(theirs, port, host, lines or ("VERSION",)), daemon=True)
        self.process.start()
        theirs.close()
        self.times = []

    def __enter__(self):
        return self

    def __exit__(self, failed, *_):
        try:
            self.pipe.send(None)
            self.times = self.pipe.recv()
        except (EOFError, OSError):
            assert failed, "the neighbour was not served"
        self.process.join()
        print(f"# a neighbour had {len(self.times)} answers, the slowest after "
              f"{max(self.times, default=0) * 1000:.1f} ms", flush=True)

    @property
    def worst(self):
        return max(self.times, default=float("inf"))


def memory_kb(pid):
    """What a process has in memory."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))


def push(wire, data, most, seconds=10.0):
    """Sends `data` again and again without reading, until `most` bytes are sent, the server takes
    nothing more for a while, or has closed.  Returns how many bytes went out."""
    sent, end = 0, time.monotonic() + seconds
    wire.socket.settimeout(1.0)
    try:
        while sent < most and time.monotonic() < end:
            sent += wire.socket.send(data)
    except (TimeoutError, OSError):
        pass
    return sent
