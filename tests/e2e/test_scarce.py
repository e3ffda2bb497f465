#!/usr/bin/env python3
"""Every program where something that it needs is short: it does its work, or says in one line what
failed and what to do."""

import os
import re
import resource
import signal
import socket
import subprocess

from support import farm, tap
from support.lockd import Server, sleeper
from support.pidstat_help import Daemon

# How programs end that did not get what they need: of the system, or of a server.
FAILED = (69, 71)
# What somebody else says before anything of ours runs: the dynamic loader, or the kernel.
NOT_OURS = "error while loading shared libraries|Cannot allocate memory"
MANY = 64


class Place:
    """Servers with plenty of everything, and what each program does there."""

    def __init__(self, folder):
        config = os.path.join(folder, "pools.conf")
        with open(config, "w", encoding="ascii") as file:
            file.write('pools = ( { name = "vcs"; seats = 2; outside-most = 1; } );\n')
        server, daemon, watched = Server(folder, "--config", config), Daemon(folder), sleeper()
        self.folder = folder
        self.env = farm.environment(IPCLOCKER_HOST="localhost", IPCLOCKER_PORT=server.port,
                                    PATH=f"{farm.BUILD}/bin:{os.environ['PATH']}")
        farm.start(farm.program("lockersh"), "--lock", "held", "--exec", "sleep", "1000", env=self.env)
        farm.poll(lambda: "held" in server.held(), "the list has something to tell")
        far = ("--host", "127.0.0.77", "--port", daemon.port)
        free = farm.free_port(socket.SOCK_DGRAM)
        commands = {
            "lockersh": ("--lock", "a", "--exec", "/bin/true"),
            "lockersh, its list": ("--locklist",),
            "lockreport": ("--state", server.state),
            "pidstat": ("--port", daemon.port, "exists", f"127.0.0.77:{watched.pid}"),
            "pidwatch": ("--pid", watched.pid, "/bin/true"),
            "pidwatch, of another host": (*far, "--pid", watched.pid, "/bin/true"),
            "uriexec": ("exit", "0"),
            "uriexec, through a hop": ("--hop", "env", "--", "true"),
            "lockerd": ("--nofork", "--port", "0", "--state", "none"),
            "lockerd, its state": ("--nofork", "--port", "0", "--state", f"{folder}/new.db"),
            "pidstatd": ("--nofork", "--host", "127.0.0.77", "--port", free),
            "lockreap": ("--job", "4711@lab"),
            "locksync": ("--map", "vcs=a", "--once"),
            "lockflex": ("--map", "vcs=a", "--command", "true"),
        }
        self.commands = {name: (farm.program(name.partition(",")[0]), *words)
                         for name, words in commands.items()
                         if os.path.exists(farm.program(name.partition(",")[0]))}

    def run(self, name, before=(), **options):
        """Runs a program where something is short to its end, or until it serves; returns its
        status and what it has said."""
        words = [str(word) for word in (*before, *self.commands[name])]
        path = os.path.join(self.folder, "said")
        open(path, "wb").close()
        # What reads it moves the offset that they write at, but for this mode.
        with open(path, "a+b") as said:
            process = subprocess.Popen(words, env=self.env, cwd=self.folder, stderr=said,
                                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, **options)
            farm.at_end(lambda: farm.stop(process))

            def text():
                said.seek(0)
                return said.read().decode(errors="replace")

            farm.poll(lambda: process.poll() is not None or re.search(" serves$| listens on ", text(), re.M),
                      f"{name} does something")
            served = process.poll() is None
            farm.stop(process)
            return (0 if served else process.returncode), text()


def cannot_tell(name, status, said):
    """Where all of this runs in a container: who cannot look up in which one it is itself, is not
    told of processes by a pidstatd that is in one."""
    return name == "pidstat" and status == 2 and "is in a container" in said


def ended_well(name, status, said, advice):
    """Whether a program did its work; else it must have said why, in a line with the advice."""
    if status == 0:
        # It may have to say what it does without.
        assert len(said.splitlines()) <= 1 or " serves" in said or " listens on " in said, (name, said)
        return True
    if status < 0 or status in (126, 127):
        assert status in (-signal.SIGSEGV, -signal.SIGKILL) or re.search(NOT_OURS, said), (name, status, said)
        return False
    if cannot_tell(name, status, said):
        return False
    assert status in FAILED, (name, status, said)
    farm.equal((name, said.count("\n"), said), (name, 1, said))
    assert name.partition(",")[0] in said and re.search(advice, said), (name, status, said)
    return False


def limited(kind, amount):
    """To be run in the child before the program."""
    return lambda: resource.setrlimit(kind, (amount, amount))


def needs_slurm(name):
    """Without one it cannot do its work, which is no fault of what is short here."""
    return name == "locksync"


@tap.test
def few_descriptors(folder):
    place = Place(folder)
    for name in place.commands:
        advice = r"ulimit -n|slurmctld" if needs_slurm(name) else r"ulimit -n"
        worked = [count for count in range(3, 16)
                  if ended_well(name, *place.run(name, preexec_fn=limited(resource.RLIMIT_NOFILE, count)),
                                advice)]
        print(f"# {name}: works with {worked[:1]} descriptors", flush=True)
        # With a few more it has always worked, or lacks something else.
        assert worked and worked[-1] == 15 or needs_slurm(name), (name, worked)


@tap.test
def little_memory(folder):
    place = Place(folder)
    for name in place.commands:
        advice = r"ulimit -v|slurmctld" if needs_slurm(name) else r"ulimit -v"
        worked = [mb for mb in (2, 3, 4, 6, 8, 16, MANY)
                  if ended_well(name, *place.run(name, preexec_fn=limited(resource.RLIMIT_AS, mb << 20)),
                                advice)]
        print(f"# {name}: works with {worked[:1]} MB", flush=True)
        assert worked and worked[-1] == MANY or needs_slurm(name), (name, worked)


@tap.test
def no_processes_of_its_own(folder):
    """A shell that may not fork: what needs a child says so."""
    if os.geteuid() != 0:
        raise tap.Lacks("root, whose limit is another user's then")
    place = Place(folder)
    os.chmod(folder, 0o777)
    for name in place.commands:
        if name.startswith(("lockerd", "pidstatd", "lockreport")):
            continue
        before = ("prlimit", "--nproc=0", "setpriv", "--reuid=4242", "--regid=4242", "--clear-groups")
        ended_well(name, *place.run(name, before=before), "ulimit -u|slurmctld")


@tap.test
def no_proc(folder):
    if os.geteuid() != 0:
        raise tap.Lacks("root, for a mount namespace")
    place = Place(folder)
    hidden = ("unshare", "-m", "sh", "-c", 'mount -t tmpfs none /proc && exec "$@"', "sh")
    for name in place.commands:
        status, said = place.run(name, before=hidden)
        assert (ended_well(name, status, said, "/proc|slurmctld") or needs_slurm(name) or
                cannot_tell(name, status, said)), (name, said)


@tap.test
def closed_streams(folder):
    place = Place(folder)
    for name in place.commands:
        prints = name in ("lockersh, its list", "lockreport", "lockflex")
        for closed in ("<&-", ">&-", "2>&-", "<&- >&- 2>&-"):
            if "2>" in closed and name.startswith(("lockerd", "pidstatd")):
                continue  # nobody would be told that it serves
            before = ("sh", "-c", f'exec "$@" {closed}', "sh")
            status, said = place.run(name, before=before)
            expected = 69 if needs_slurm(name) else 71 if prints and ">&-" in closed.split() else 0
            farm.equal((name, closed, status), (name, closed, expected))
            if status == 71 and "2>" not in closed:
                assert re.search("cannot (print|write)", said), (name, closed, said)



farm.main()
