#!/usr/bin/env python3
"""lockersh: what becomes of the line that the shell gets."""

import os
import signal

from support import farm, steps, tap
from support.locking import Farm


def becomes(pid, name):
    farm.poll(lambda: steps.name(pid) == name, f"{pid} is {name}")


@tap.test
def a_plain_command_takes_its_shells_place(folder):
    lab = Farm()
    log = os.path.join(folder, "log")
    for line in ("sleep 1000", f"sleep 1000 >{log} 2>&1", "sleep '1000' $NOTHING"):
        job = lab.start("--lock", "k", line)
        becomes(job.pid, "sleep")
        job.send_signal(signal.SIGTERM)
        farm.equal(job.wait(farm.PATIENCE_S), -signal.SIGTERM)
        farm.poll(lambda: "k" not in lab.locks(), "the lock is given back")


@tap.test
def other_lines_are_the_shells():
    lab = Farm()
    for line, status, out in (("exit 7", 7, ""), ("echo a; echo b", 0, "a\nb\n"),
                              ("A=1 sh -c 'echo $A'", 0, "1\n"), ("cd / && pwd", 0, "/\n"),
                              ("echo '*'", 0, "*\n")):
        result = lab.run("--lock", "k", line)
        farm.equal((line, result.returncode, result.stdout), (line, status, out))
    result = lab.run("--lock", "k", "no-such-program-here a")
    farm.equal(result.returncode, 127)
    farm.contains(result.stderr, "not found")


if __name__ == "__main__":
    farm.main()
