#!/usr/bin/env python3
"""Requests of all kinds by the hundred thousand (FARMLOCK_LONG: a million): lockerd under valgrind
ends with all memory given back, and one that runs on needs no more at the end than before."""

import os
import random
import shutil
import signal
import socket

from support import farm, lockd, tap
from support.neighbour import memory_kb
from support.proofs import Proof
from support.wire import Wire

LONG = bool(os.environ.get("FARMLOCK_LONG"))
CHECKED = 1_000_000 if LONG else 10_000
RUN = 1_000_000 if LONG else 200_000
AT_ONCE = 500  # requests in a connection's one write
PROOFS = 2     # by the key of a grant, between two of these
VALGRIND = ("valgrind", "-q", "--vgdb=no", "--error-exitcode=99", "--leak-check=full",
            "--show-leak-kinds=definite,indirect,possible",
            "--errors-for-leak-kinds=definite,indirect,possible",
            f"--suppressions={farm.SOURCE}/tests/unit/valgrind.supp")


def requests(rng, count):
    """Lines for so many requests, nearly all of which change something; none waits."""
    lines = ["proto 2", "block 0"]
    for _ in range(count):
        number = rng.randrange(200)
        lines += [f"user u{number % 17}", f"locks l{number} l{number + 1}"]
        kind = rng.randrange(40)
        if kind == 0:
            lines += [f"and l{number + 300} l{number + 301}", "LOCK"]
        elif kind == 1:
            lines.append("LIST_JSON" if number < 20 else "QUEUE")
        elif kind == 2:
            lines.append("BREAK_LOCK")
        elif kind == 3:
            lines += [f"job slurm:{number}", "LOCK", "job", f"DEAD_JOB {number}"]
        elif kind == 4:
            lines += [f"hostname nowhere{number}", f"pid {number + 1}", "autounlock 1", "LOCK",
                      f"DEAD_PID nowhere{number} {number + 1}"]
        elif kind == 5:
            lines.append("HISTORY 0 99999999999999 0" if number < 4 else "STATUS")
        elif kind == 6:
            lines.append(f"count {number}")
        else:
            lines.append("LOCK" if kind % 2 else "UNLOCK")
    return ("\n".join(lines) + "\nVERSION\nEOF\n").encode()


def connect(port, path):
    """Another one proves who is there, by the kernel."""
    if path is None:
        return socket.create_connection(("127.0.0.1", port))
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(path)
    return connection


def go_on_by_the_key(port, path, rng):
    """A lock is granted with a key, and another connection proves that; what it seals is right, or
    something of it is wrong."""
    user, wrong = f"user k{rng.randrange(9)}", rng.randrange(4)
    first = Proof(wire=Wire(port, path=path))
    first.send(user, f"locks key{rng.randrange(9)}", "LOCK")
    answer = first.status()
    key = answer["key"] if wrong != 1 else 32 * "1"
    second = Proof(port)
    second.prove_grant(answer["token"], bytes.fromhex(key))
    second.send(user, f"locks {answer['lockname']}", f"RENEW {answer['token']}", "WHOAMI")
    farm.equal(second.refusal_or_status(), "1" if wrong != 1 else "proof-invalid")
    if wrong == 2:
        second.send_raw(f"seal {rng.randbytes(8).hex()}", "UNLOCK")
    elif wrong == 3:
        second.send_raw("proof munge MUNGE:x:", "UNLOCK")
    second.send("UNLOCK", "EOF")
    first.send("UNLOCK", "EOF")
    for wire in (first, second):
        while wire.line() is not None:
            pass
        wire.close()


def talk(port, count, seed, path=None):
    """Sends so many requests, each connection's at once, and reads all answers; with a path every
    other one goes there."""
    rng = random.Random(seed)
    for number in range(0, count, AT_ONCE):
        here = path if number // AT_ONCE % 2 else None
        with connect(port, here) as connection:
            connection.settimeout(farm.PATIENCE_S * 10)
            connection.sendall(requests(rng, AT_ONCE))
            last = b""
            while data := connection.recv(1 << 20):
                last = (last + data)[-200:]
            farm.contains(last, b"version ")
        for _ in range(PROOFS if path else 0):
            go_on_by_the_key(port, here, rng)


def waiters(port, count):
    """Some that wait when their connection goes, and some that are granted."""
    connections = []
    for number in range(count):
        connection = socket.create_connection(("127.0.0.1", port))
        connection.sendall(f"proto 2\nuser w{number}\nlocks w{number % 9}\nblock 1\nLOCK\n".encode())
        connections.append(connection)
    for connection in connections:
        connection.recv(100)
        connection.close()


@tap.test
def all_memory_is_given_back(folder):
    if not shutil.which("valgrind"):
        raise tap.Lacks("valgrind; make deps installs it")
    port = farm.free_port()
    with open(f"{folder}/log", "wb") as log:
        process = farm.start(*VALGRIND, lockd.LOCKERD, "--nofork", "--port", port, "--state",
                             f"{folder}/state.db", "--pidstat-port", "none", "--host", "localhost",
                             "--path", f"{folder}/socket", stderr=log)
    farm.poll(lambda: lockd.serves(port), "lockerd serves", farm.PATIENCE_S * 5)
    talk(port, CHECKED, 1, f"{folder}/socket")
    waiters(port, 50)
    process.send_signal(signal.SIGTERM)
    status = process.wait(farm.PATIENCE_S * 5)
    with open(f"{folder}/log", encoding="utf-8", errors="replace") as log:
        text = "".join(line for line in log if line.startswith("=="))
    farm.equal((status, text), (0, ""))
    print(f"# {CHECKED} requests under valgrind", flush=True)


@tap.test
def who_runs_on_needs_no_more(folder):
    """The state keeps no history here: that is on disk, and bounded by its own limits."""
    port = farm.free_port()
    process = farm.start(lockd.LOCKERD, "--nofork", "--port", port, "--state", f"{folder}/state.db",
                         "--pidstat-port", "none", "--history", "0", "--host", "localhost",
                         "--path", f"{folder}/socket",
                         stderr=farm.subprocess.DEVNULL)
    farm.poll(lambda: lockd.serves(port), "lockerd serves")
    talk(port, RUN // 4, 2, f"{folder}/socket")
    first_kb = memory_kb(process.pid)
    for part in range(3):
        talk(port, RUN // 4, 3 + part, f"{folder}/socket")
        waiters(port, 50)
    last_kb = memory_kb(process.pid)
    print(f"# {RUN} requests: {first_kb} kB after a quarter of them, {last_kb} kB at last", flush=True)
    assert last_kb < first_kb * 1.3 + 2048, (first_kb, last_kb)


if __name__ == "__main__":
    farm.main()
