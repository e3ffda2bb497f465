#!/usr/bin/env python3
"""A hostile neighbour of the soak: whatever somebody who can reach the ports may send, again and
again.  It takes no lock of others, nor does it overload the machine: it does each thing a little.

    hostile.py HOST PORT LOCKERD_PID SEED FORGED_HOST FORGED_ADDRESS [LEFT_OUT...]"""

import os
import random
import socket
import struct
import sys
import time

PAUSE_S = 0.05
KEPT = 40  # connections that it leaves open


class Neighbour:
    def __init__(self, host, port, lockerd, seed, forged_host, forged_address, *left_out):
        self.address = (socket.gethostbyname(host), int(port))
        self.lockerd = lockerd
        self.rng = random.Random(f"hostile {seed}")
        self.forged_host, self.forged_address = forged_host, forged_address
        self.kept = []
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
                  self.reset]
        if self.forged_address != "-":
            tricks.append(self.forged_answers)
        tricks = [trick for trick in tricks if trick.__name__ not in self.left_out]
        while True:
            try:
                self.rng.choice(tricks)()
            except OSError:
                pass
            time.sleep(PAUSE_S)


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
