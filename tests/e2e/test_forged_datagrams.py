#!/usr/bin/env python3
"""Answers that nobody asked for, and daemons of the classic package: what is believed of a
datagram."""

import os
import signal
import socket
import subprocess
import time

from support import farm, netns, tap
from support.lockd import Server
from support.pidstat_help import ELSEWHERE, Daemon, pidwatch, read_line, sleeper, started

READY = "echo ready; exec sleep 1000"
# Of a process that this machine cannot see.
NO_START = "process 0 - 0"


class ClassicDaemon:
    """Answers as PidServer.pm does: it repeats HOST unread, and knows no word behind WHICH.  What
    `ends` are has ended."""

    def __init__(self, *enter, host=ELSEWHERE):
        script = ("import os, socket, sys\n"
                  "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
                  "s.bind((sys.argv[1], int(sys.argv[2])))\n"
                  "print(s.getsockname()[1], flush=True)\n"
                  "while True:\n"
                  "    text, asker = s.recvfrom(2048)\n"
                  "    words = text.decode().split()\n"
                  "    print(' '.join(words), flush=True)\n"
                  "    try:\n"
                  "        os.kill(int(words[1]), 0)\n"
                  "        there = 1\n"
                  "    except ProcessLookupError:\n"
                  "        there = 0\n"
                  "    if int(words[3]) & (1 if there else 2):\n"
                  "        s.sendto(f'EXIS {words[1]} {there} {words[2]}'.encode(), asker)\n")
        self.process = farm.start(*enter, "python3", "-c", script, host, "0",
                                  stdout=subprocess.PIPE)
        self.port = int(read_line(self.process))

    def hears(self):
        """The words of the next question."""
        return read_line(self.process).decode().split()


def reap(job):
    job.kill()
    job.wait()


@tap.test
def a_classic_daemon_is_believed_by_the_id_in_its_host():
    daemon, parent = ClassicDaemon(), sleeper()
    command = started("--host", ELSEWHERE, "--port", daemon.port, "--pid", parent.pid, READY)
    farm.equal(daemon.hears()[2], ELSEWHERE)
    name, _, number = daemon.hears()[2].partition("~")
    farm.equal((name, len(number)), (ELSEWHERE, 16))
    begun = time.monotonic()
    reap(parent)
    farm.equal(command.wait(farm.PATIENCE_S), -signal.SIGHUP)
    # "Gone" is heard twice, a second apart.
    assert time.monotonic() - begun >= 0.95


@tap.test
def each_program_asks_a_classic_daemon_with_an_id(folder):
    daemon, parent = ClassicDaemon(), sleeper()
    name = f"{ELSEWHERE}:{parent.pid}"
    farm.equal(farm.run(farm.program("pidstat"), "--port", daemon.port, "exists", name).stdout,
               f"{name} up\n")
    server = Server(folder, "--pidstat-port", daemon.port)
    farm.equal(server.wire().lock("ann", "a", 0, "autounlock 1", f"pid {parent.pid}",
                                  f"hostname {ELSEWHERE}", NO_START)["locked"], "1")
    reap(parent)
    farm.equal(farm.run(farm.program("pidstat"), "--port", daemon.port, "exists", name).stdout,
               f"{name} down\n")
    server.wire()  # the connection that was there is closed
    server.restart("--pidstat-port", str(daemon.port))
    farm.poll(lambda: server.held() == {}, "the dead owner's seat is given back")


@tap.test
def classic_daemons_can_be_refused(folder):
    daemon, parent = ClassicDaemon(), sleeper()
    name = f"{ELSEWHERE}:{parent.pid}"
    reap(parent)
    found = farm.run(farm.program("pidstat"), "--port", daemon.port, "--classic-pidstatd", "no",
                     "exists", name)
    farm.equal((found.returncode, found.stdout), (2, f"{name} unknown\n"))
    farm.contains(found.stderr, "is a classic one, and not believed")
    command = pidwatch("--host", ELSEWHERE, "--port", daemon.port, "--classic-pidstatd", "no",
                       "--pid", parent.pid, "exec sleep 1000", stderr=subprocess.PIPE)
    farm.contains(command.stderr.readline().decode(), "is a classic one, and not believed")
    server = Server(folder, "--pidstat-port", daemon.port, "--classic-pidstatd", "no")
    wire = server.wire()
    farm.equal(wire.lock("ann", "a", 0, "autounlock 1", f"pid {parent.pid}",
                         f"hostname {ELSEWHERE}", NO_START)["locked"], "1")
    farm.poll(lambda: "is a classic one, and not believed" in server.log(), "it is logged")
    farm.equal(server.held(), {"a": "ann"})
    farm.equal(command.poll(), None)


SPRAY = """
import socket, struct, sys
source, target, text = sys.argv[1], sys.argv[2], sys.argv[3].encode()
low, high, rounds = (int(word) for word in sys.argv[4:7])
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 22)
head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 28 + len(text), 0, 0, 64, 17, 0,
                   socket.inet_aton(source), socket.inet_aton(target))
for _ in range(rounds):
    for port in range(low, high):
        udp = struct.pack("!HHHH", 1752, port, 8 + len(text), 0)
        raw.sendto(head + udp + text, (target, port))
print("sent", flush=True)
"""


def spray(attacker, source, target, text, low=1024, high=65536, rounds=1):
    """Sends a datagram to all ports of a host, as if it came from another's pidstatd."""
    result = attacker.run("python3", "-c", SPRAY, source, target, text, low, high, rounds)
    farm.equal(result.stdout, "sent\n")


def bound_ports(host):
    lines = host.run("cat", "/proc/net/udp", "/proc/net/udp6").stdout.splitlines()
    return [int(line.split()[1].rpartition(":")[2], 16) for line in lines if ":" in line]


@tap.test
def a_spray_of_forged_answers_ends_nothing(folder):
    missing = netns.missing()
    if missing:
        raise tap.Lacks(f"{missing} is missing for hosts of one's own")
    hosts = netns.network(folder, ("victim", "asker", "attacker"))
    victim, asker, attacker = (hosts[name] for name in ("victim", "asker", "attacker"))
    # The host's own pidstatd is down; a classic one has been there, so that id-less answers would
    # do; and nothing filters what claims to come from there.
    parent = victim.start("sleep", "1000")
    log = os.path.join(folder, "lockerd.log")
    with open(log, "wb") as file:
        asker.start(farm.program("lockerd"), "--nofork", "--state", "none", "--port", 1751,
                    stderr=file)
    farm.poll(lambda: asker.run(farm.program("lockersh"), "--ping", "--port", 1751).returncode == 0,
              "lockerd serves")
    holder = asker.start("python3", "-c",
                         "import socket, time\n"
                         "s = socket.create_connection(('127.0.0.1', 1751))\n"
                         f"s.sendall(b'user ann\\nhostname victim\\npid {parent.pid}\\n"
                         "autounlock 1\\nblock 0\\nlocks a\\nLOCK\\n')\n"
                         "print(s.recv(1000), flush=True)\ntime.sleep(1000)\n",
                         stdout=subprocess.PIPE)
    farm.contains(read_line(holder).decode(), "locked 1")
    command = pidwatch("--host", "victim", "--pid", parent.pid, READY, enter=asker.enter(),
                       stdout=subprocess.PIPE)
    farm.equal(read_line(command), b"ready\n")
    farm.poll(lambda: len(bound_ports(asker)) >= 2, "both have asked")
    source, target = hosts["victim"].address, hosts["asker"].address
    text = f"EXIS {parent.pid} 0 victim"
    spray(attacker, source, target, text)
    # With the ports known it can be said again and again.
    for port in set(bound_ports(asker)):
        spray(attacker, source, target, text, port, port + 1, 2000)
    farm.equal(command.poll(), None)
    listed = asker.run(farm.program("lockersh"), "--locklist", "--port", 1751).stdout
    farm.contains(listed, "ann")
    # The same with daemons there: they are asked anew, and are right.
    daemon = victim.start(farm.program("pidstatd"), "--nofork", stderr=subprocess.PIPE)
    farm.contains(daemon.stderr.readline().decode(), "listens on")
    farm.equal(victim.run(farm.program("pidstat"), "exists", str(parent.pid)).returncode, 0)
    for _ in range(3):
        for port in set(bound_ports(asker)):
            spray(attacker, source, target, text, port, port + 1, 500)
    farm.equal(command.poll(), None)
    # What the kernel keeps out is not even heard; from another address nothing is.
    spray(attacker, attacker.address, target, text)
    netns.kill_now(parent)
    farm.equal(command.wait(farm.PATIENCE_S), -signal.SIGHUP)


@tap.test
def who_answered_with_an_id_is_not_believed_without(folder):
    daemon, parent = Daemon(folder), sleeper()
    server = Server(folder, "--pidstat-port", daemon.port)
    wire = server.wire()
    for name in ("a", "b"):
        farm.equal(wire.lock(name, name, 0, "autounlock 1", f"pid {parent.pid}",
                             f"hostname {ELSEWHERE}", NO_START)["locked"], "1")
        farm.poll(lambda: daemon.counters()["answers"] >= 1, "it has answered")
    daemon.process.kill()
    daemon.process.wait()
    # Another user has its port now, and answers as a classic daemon would.
    other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    farm.at_end(other.close)
    other.bind((ELSEWHERE, daemon.port))
    other.settimeout(farm.PATIENCE_S)
    farm.equal(wire.lock("c", "c", 0, "autounlock 1", f"pid {parent.pid}",
                         f"hostname {ELSEWHERE}", NO_START)["locked"], "1")
    for _ in range(2):
        question, asker = other.recvfrom(2048)
        words = question.decode().split()
        farm.equal(words[2], ELSEWHERE)
        other.sendto(f"EXIS {words[1]} 0 {words[2]}".encode(), asker)
    farm.poll(lambda: f"not believed: answers from the pidstatd port of {ELSEWHERE}" in server.log(),
              "it is logged")
    farm.equal(server.held(), {"a": "a", "b": "b", "c": "c"})


if __name__ == "__main__":
    farm.main()
