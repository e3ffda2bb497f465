#!/usr/bin/env python3
"""Locks of Python programs inside others: who would wait for itself is told."""

import time

from support import farm, scripts, tap
from support.locking import Farm
from support.scripts import go_on, said

INNER = """
try:
    with farmlock.lock("x", nested_wait=NESTED) as seat:
        say("got", seat)
except farmlock.Refused as fault:
    say(fault.code, fault)
"""


def inner(nested=False):
    return scripts.python(INNER.replace("NESTED", str(nested)))


OUTER = """
import subprocess
with farmlock.lock("x"):
    subprocess.run(COMMAND, check=True)
"""


def start_outer(lab, command):
    return scripts.start(scripts.python(OUTER.replace("COMMAND", repr(list(command)))), lab.port)


@tap.test
def what_lockersh_holds_that_runs_it_is_not_waited_for():
    lab = Farm()
    result = scripts.run((farm.program("lockersh"), "--lock", "x", "--exec", "sh", "-c",
                          '"$@"; exit $?', "sh", *inner()), lab.port)
    farm.contains(result, "own x is asked for inside itself: ")
    lab.poll_free("x")  # by the monitor, once the command has ended


@tap.test
def nor_what_a_program_of_the_same_kind_holds():
    lab = Farm()
    farm.contains(said(start_outer(lab, inner())), "own x is asked for inside itself: ")


@tap.test
def who_says_so_waits():
    lab = Farm()
    program = start_outer(lab, inner(nested=True))
    farm.poll(lambda: len(lab.waiters()) == 1, "the inner one waits")
    began = time.monotonic()
    farm.poll(lambda: time.monotonic() > began + 1, "it would have been told by now")
    farm.equal(len(lab.waiters()), 1)
    program.kill()


@tap.test
def a_fork_works_beside_who_has_started_it():
    lab = Farm()
    program = scripts.start(scripts.python("""
with farmlock.lock("x"):
    if os.fork() == 0:
        with farmlock.lock("x") as seat:
            say("the child has", seat)
        os._exit(0)
    until()
"""), lab.port)
    farm.poll(lambda: len(lab.waiters()) == 1, "the child waits")
    began = time.monotonic()
    farm.poll(lambda: time.monotonic() > began + 1, "it would have been told by now")
    go_on(program)
    farm.equal(said(program), "the child has x")


if __name__ == "__main__":
    farm.main()
