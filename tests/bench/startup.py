"""What a wrapper adds to the start of a command, from the first system call to the exit status."""

import os
import time

import rounds
import servers
from support.farm import environment, program
from support.pidstat_help import ELSEWHERE
from table import Row, at_most


def run(words, env):
    """Returns the time that it took, and the CPU time of it and its children, in us."""
    begun = time.perf_counter()
    pid = os.posix_spawn(words[0], words, env)
    _, status, usage = os.wait4(pid, 0)
    assert status == 0, f"{words} ended with {status}"
    return (time.perf_counter() - begun) * 1e6, (usage.ru_utime + usage.ru_stime) * 1e6


class Starts:
    """By the time that they take; or, where the machine is a busy one, by their CPU time."""

    def __init__(self, count, by_cpu=False):
        self.count = count
        self.which = 1 if by_cpu else 0

    def turns(self, commands, env=None):
        env = env or environment()
        return rounds.take_turns(self.count, {
            name: lambda words=words: run(words, env)[self.which]
            for name, words in commands.items()})

    @staticmethod
    def row(work, times, ours, other, limit):
        return Row(work, f"{rounds.Spread(times[ours])} us",
                   f"{other} {rounds.Spread(times[other])} us",
                   rounds.ratio(times[ours], times[other]), at_most(limit) if limit else None)

    def lockersh_row(self, what, limit, *options):
        server = servers.lockerd(*options)
        flock = os.path.join(servers.folder(), "file")
        other = "flock FILE sh -c true"
        times = self.turns({"lockersh": [program("lockersh"), "--lock", "x", "true"],
                            other: ["/usr/bin/flock", flock, "sh", "-c", "true"]},
                           environment(IPCLOCKER_HOST="127.0.0.1", IPCLOCKER_PORT=server.port))
        return self.row(f"lockersh --lock x true, {what}", times, "lockersh", other, limit)

    def lockersh_in_memory(self):
        return self.lockersh_row("in memory", 1.05)

    def lockersh(self):
        in_memory = self.lockersh_in_memory()
        in_memory.peer += "; classic (known) 66 ms"
        state = os.path.join(servers.folder(), "state.db")
        return [in_memory, self.lockersh_row("durable (power)", 1.2, "--state", state)]

    def wrappers(self):
        port = servers.pidstatd(ELSEWHERE).port
        shell = "sh -c true"
        times = self.turns({
            shell: ["/bin/sh", "-c", "true"],
            "uriexec": [program("uriexec"), "true"],
            "uriexec --strict": [program("uriexec"), "--strict", "true"],
            "pidwatch": [program("pidwatch"), "--host", ELSEWHERE, "--port", str(port),
                         "--pid", str(os.getpid()), "true"]})
        return [self.row("uriexec true", times, "uriexec", shell, 1.3),
                self.row("uriexec --strict true", times, "uriexec --strict", shell, None),
                self.row("pidwatch true", times, "pidwatch", shell, None)]
