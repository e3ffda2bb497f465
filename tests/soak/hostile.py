#!/usr/bin/env python3
"""A hostile neighbour of the soak: whatever somebody who can reach the ports may send, again and
again.  It takes no lock of others, nor does it overload the machine: it does each thing a little.

    hostile.py HOST PORT LOCKERD_PID SEED FORGED_HOST FORGED_ADDRESS MUNGE_SOCKET [LEFT_OUT...]"""

import os
import random
import socket
import struct
import sys
import time

from support import farm, seals

PAUSE_S = 0.05
KEPT = 40  # connections that it leaves open
CROWD = 100
USER = 41066  # as whom it has credentials


class Neighbour:
    def __init__(self, host, port, lockerd, seed, forged_host, forged_address, munge, *left_out):
        self.address = (socket.gethostbyname(host), int(port))
        self.lockerd = lockerd
        self.rng = random.Random(f"hostile {seed}")
        self.forged_host, self.forged_address = forged_host, forged_address
        self.munge = munge
        self.kept, self.crowd = [], []
        self.left_out = left_out

    def connect(self):
        connection = socket.create_connection(self.address, timeout=2)
        self.kept.append(connection)
        if len(self.kept) > KEPT:
            self.kept.pop(self.rng.randrange(KEPT)).close()
        return connection

    def send(self, data):
        connection = self.connect()
        connection.setblocking(False)
        try:
            connection.send(data)
        except BlockingIOError:
            pass
        return connection

    # ---- the tricks -------------------------------------------------------------------------

    def garbage(self):
        self.send(self.rng.randbytes(self.rng.randrange(1, 5000)))

    def half_a_line(self):
        self.send(b"user somebody\nlocks s0\nLO")

    def endless_line(self):
        self.send(b"locks " + b"x" * 100000)

    def silence(self):
        self.connect()

    def reads_nothing(self):
        self.send(b"proto 2\n" + b"QUEUE\nLIST_JSON\nLOCK_LIST\n" * 200)

    def refused_crowd(self):
        names = " ".join(f"x{n}" for n in range(1024))
        self.send(f"proto 2\nuser h{self.rng.random()}\nblock 0\nlocks x1\nLOCK\nuser other\nlocks {names}\n"
                  "LOCK\nLOCK\nLOCK\n".encode())

    def false_deaths(self):
        """Of processes that live, and of none; by a client that cannot know."""
        pid = self.rng.choice(_jobs() or [1])
        self.send(f"DEAD_PID {self.forged_host} {pid}\nDEAD_PID nobody 1\n"
                  f"proto 2\nlocks s0 s1 s2 s3 s4 s5\nDEAD_PROCESS {pid} 1\n".encode())

    def false_renewal(self):
        self.send(b"proto 2\nuser somebody\nlocks s0\nRENEW 1\nlocks s1\nUNLOCK\nCANCEL\n")

    def break_locks(self):
        """Of others who are proven, as nobody in particular."""
        self.send(b"proto 2\nuser somebody\nlocks p0\nBREAK_LOCK\nlocks p1\nBREAK_LOCK\nlocks p0\nUNLOCK\n")

    def history(self):
        """Goes away before most of it is read."""
        for _ in range(3):
            self.send(b"proto 2\n" + b"HISTORY 0 9999999999999 0 by\n" * 20)
        self.kept.pop().close()

    def silence_in_crowds(self):
        for connection in self.crowd:
            connection.close()
        self.crowd = [socket.create_connection(self.address, timeout=2) for _ in range(CROWD)]

    def begin_proof(self):
        """A connection that has asked what is to be proven; its nonce and the reader."""
        connection = self.connect()
        connection.sendall(b"proto 2\nauth\n")
        said = b""
        while said.count(b"\n") < 2:
            more = connection.recv(1000)
            if not more:
                raise ConnectionError("closed")
            said += more
        word, method, nonce, reader = said.decode().splitlines()[1].split()[:4]
        if (word, method) != ("auth", "munge"):
            raise ConnectionError("nothing is to be proven here")
        return connection, nonce, reader

    def credential(self, payload, reader):
        made = farm.run("setpriv", "--reuid", USER, "--regid", USER, "--clear-groups", "munge",
                        f"--socket={self.munge}", f"--string={payload}", f"--restrict-uid={reader}")
        return made.stdout.strip()

    def prove(self):
        """A connection that is proven, and the chain of its seals."""
        connection, nonce, reader = self.begin_proof()
        key = os.urandom(16)
        credential = self.credential(f"farmlock-1 {nonce} {key.hex()}", reader)
        connection.sendall(f"proof munge {credential}\n".encode())
        return connection, seals.Chain(key, bytes.fromhex(nonce))

    def false_proof(self):
        """Garbage, one for another connection, one for another reader, one twice, a grant's key that
        nobody knows.  What it takes, if it can, is left, for the judge to find."""
        first, nonce, reader = self.begin_proof()
        other, other_nonce, _ = self.begin_proof()
        key, kind = os.urandom(16), self.rng.randrange(5)
        nonce = nonce if kind < 3 else other_nonce
        made = self.credential(f"farmlock-1 {nonce} {key.hex()}", USER if kind == 3 else reader)
        proof = f"munge {made}"
        if kind == 0:
            proof = f"munge {made[:20]}{'A' if made[20] != 'A' else 'B'}{made[21:]}"
        elif kind == 1:
            first.sendall(f"proof {proof}\n".encode())
        elif kind == 4:
            proof = f"grant {self.rng.randrange(1, 5000)}"
        chain = seals.Chain(key, bytes.fromhex(other_nonce))
        lines = "".join(f"{line}\n" for line in _sealed(chain, "user somebody", "locks pproof", "LOCK"))
        other.sendall(f"proof {proof}\n{lines}".encode())

    def false_seal(self):
        """None, a wrong one, or that of another line, behind a proof that is right.  Likewise."""
        connection, chain = self.prove()
        command = self.rng.choice(["LOCK", "UNLOCK", "BREAK_LOCK", "RENEW 1", "DEAD_JOB x"])
        for line in ("user somebody", "locks pseal"):
            connection.sendall(f"{line}\n".encode())
            seal = chain.add(line)
        seal = self.rng.choice(["", 16 * "0", seal, chain.add("STATUS")])
        connection.sendall(f"{seal and 'seal '}{seal}\n{command}\n".encode())

    def proven_stranger(self):
        """Everything is right, but it is another user's lock."""
        connection, chain = self.prove()
        pid = self.rng.choice(_jobs() or [1])
        lines = _sealed(chain, "user somebody", "locks p0", "BREAK_LOCK", "locks p1", "BREAK_LOCK", "UNLOCK",
                        f"DEAD_PID farm1 {pid}", "RENEW 1")
        connection.sendall("".join(f"{line}\n" for line in lines).encode())

    def reset(self):
        connection = self.send(b"proto 2\nuser r\nlocks s0\nblock 0\nSTATUS\n")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.kept.remove(connection)
        connection.close()

    def forged_answers(self):
        """Says of living processes that they have gone, in the name of their host's pidstatd, to
        every port at which lockerd waits for answers."""
        for port in _udp_ports(self.lockerd):
            for pid in _jobs()[:20]:
                self.forge(port, f"EXIS {pid} 0 {self.forged_host}".encode())

    def forge(self, port, data):
        source, target = socket.inet_aton(self.forged_address), socket.inet_aton(self.address[0])
        udp = struct.pack("!HHHH", 1752, port, 8 + len(data), 0) + data
        header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64,
                             socket.IPPROTO_UDP, 0, source, target)
        with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as raw:
            raw.sendto(header + udp, (self.address[0], 0))

    def run(self):
        tricks = [self.garbage, self.half_a_line, self.endless_line, self.silence,
                  self.reads_nothing, self.refused_crowd, self.false_deaths, self.false_renewal,
                  self.reset, self.break_locks, self.history, self.silence_in_crowds]
        if self.munge != "-":
            tricks += [self.false_proof, self.false_seal, self.proven_stranger]
        if self.forged_address != "-":
            tricks.append(self.forged_answers)
        tricks = [trick for trick in tricks if trick.__name__ not in self.left_out]
        while True:
            try:
                self.rng.choice(tricks)()
            except OSError:
                pass
            time.sleep(PAUSE_S)


def _sealed(chain, *lines):
    """The lines, commands behind their seals."""
    found = []
    for line in lines:
        seal = chain.add(line)
        found += [line] if line[0].islower() else [f"seal {seal}", line]
    return found


def _jobs():
    """Processes that hold or wait for locks."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/comm", encoding="latin-1") as comm:
                if comm.read().strip() in ("soak-job", "lockersh", "soak-clients"):
                    found.append(int(name))
        except OSError:
            continue
    return found


def _udp_ports(pid):
    with open(f"/proc/{pid}/net/udp", encoding="ascii") as table:
        return [int(line.split()[1].split(":")[1], 16) for line in list(table)[1:]]


if __name__ == "__main__":
    Neighbour(*sys.argv[1:]).run()
