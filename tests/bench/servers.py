"""The servers that are measured, each on a free port of loopback, and ended with the bench."""

import contextlib
import functools
import os
import resource
import shutil
import socket
import subprocess
import tempfile

from support import farm, lockd

BENCH_BUILD = os.path.join(farm.BUILD, "tests", "bench")
CPUS = sorted(os.sched_getaffinity(0))


def load(name):
    return os.path.join(BENCH_BUILD, name)


class Server:
    """A process that serves a port."""

    def __init__(self, kind, process, port):
        self.kind = kind
        self.process = process
        self.port = port

    @property
    def pid(self):
        return self.process.pid

    def place(self, beside_the_load):
        """Says which CPU it may use: the one that loads use, or another one.

        Beside a load it is a batch job, that a load which asks is not interrupted for: it runs
        when all is asked, in one pass. So that pass is the same for each server, and how many
        system calls it takes is not a matter of chance."""
        policy = os.SCHED_BATCH if beside_the_load else os.SCHED_OTHER
        os.sched_setscheduler(self.pid, policy, os.sched_param(0))
        os.sched_setaffinity(self.pid, CPUS[-1:] if beside_the_load else CPUS[:1])


def spread_out():
    """As many descriptors as the machine allows, for the servers and loads that are started."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for wanted in (200000, hard):
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, max(hard, wanted)))
            return wanted
        except (ValueError, OSError):
            continue
    return soft


def folder():
    """One on a disk, which /tmp may not be: what is durable is to be so.  Removed at the end."""
    path = tempfile.mkdtemp(prefix="farmlock-bench.", dir="/var/tmp")
    os.chmod(path, 0o755)
    farm.at_end(lambda: shutil.rmtree(path, ignore_errors=True))
    return path


def start(kind, command, port, is_up, **options):
    options.setdefault("stdout", subprocess.DEVNULL)
    options.setdefault("stderr", subprocess.DEVNULL)
    process = farm.start(*command, **options)

    def serves():
        assert process.poll() is None, f"{command[0]} has ended: {process.returncode}"
        return is_up()
    farm.poll(serves, f"{kind} serves port {port}")
    return Server(kind, process, port)


def floor(kind="tcp"):
    udp = kind == "udp"
    port = farm.free_port(socket.SOCK_DGRAM if udp else socket.SOCK_STREAM)
    return start("floor", [load("floor"), kind, port], port,
                 lambda: answers_udp(port) if udp else listens(port))


@functools.lru_cache(maxsize=None)
def as_before(name):
    """The options with which a program is measured as its older releases were, and as the others
    are: it stays the user that has started it, and takes whatever comes from one address."""
    known = farm.run(farm.program(name), "--help").stdout
    whatever = {"--max-new-connections": "0", "--max-client-connections": "200000"}
    options = tuple(word for option, value in whatever.items() if option in known
                    for word in (option, value))
    return options + (("--user", "root") if "--user" in known and os.geteuid() == 0 else ())


def lockerd(*options):
    """One without state, unless options give it one."""
    port = farm.free_port()
    if "--state" not in options:
        options += ("--state", "none")
    if "--pidstat-port" not in options:
        options += ("--pidstat-port", "none")
    return start("lockerd", [farm.program("lockerd"), "--nofork", "--port", port,
                             *as_before("lockerd"), *options],
                 port, lambda: lockd.serves(port))


def durable_lockerd():
    return lockerd("--state", os.path.join(folder(), "state.db"), "--durability", "power")


def pidstatd(host="127.0.0.1", *options):
    """At one address, or with None at all of this machine."""
    port = farm.free_port(socket.SOCK_DGRAM)
    where = ("--host", host) if host else ()
    return start("pidstatd", [farm.program("pidstatd"), "--nofork", "--port", port, *where,
                              *as_before("pidstatd"), *options],
                 port, lambda: answers_udp(port, host or "127.0.0.1"))


def redis():
    port = farm.free_port()
    return start("redis", ["redis-server", "--bind", "127.0.0.1", "--port", port, "--save", "",
                           "--appendonly", "no"], port, lambda: listens(port), cwd=folder())


def etcd():
    port, peer_port = farm.free_port(), farm.free_port()
    client, peer = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{peer_port}"

    def answers():
        return farm.run("etcdctl", "--endpoints", client, "get", "x",
                        env=farm.environment(ETCDCTL_API=3)).returncode == 0
    return start("etcd", ["etcd", "--data-dir", os.path.join(folder(), "etcd"),
                          "--listen-client-urls", client, "--advertise-client-urls", client,
                          "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
                          "--initial-cluster", f"default={peer}"], port, answers)


def listens(port):
    """Like farm.answers(), but says something: the floor sees no connection that is silent."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 5) as probe:
        probe.sendall(b"PING PING\n\nEOF\n")
        return bool(probe.recv(1))
    return False


def answers_udp(port, host="127.0.0.1"):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.settimeout(0.1)
        probe.connect((host, port))
        with contextlib.suppress(OSError):
            probe.send(f"PIDR {os.getpid()} farm1 3".encode())
            return bool(probe.recv(100))
    return False
