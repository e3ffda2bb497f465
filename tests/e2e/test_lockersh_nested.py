#!/usr/bin/python3
"""Locks inside locks: who would wait for itself is told, and who waits in a circle is named."""

import os
import re
import time

from support import farm, tap
from support.locking import LOCKERSH, Farm, complaint
from support.pools import Lab

INSIDE = re.compile(r"(\S+) is asked for inside itself: (\S+) has (\S+), and waits for what asks "
                    r"for it now; ask for all at once, or for what the outer one has not$")

CONF = """
pools = (
  { name = "board"; seats = 2; },
  { name = "vcs"; seats = 4; limits = ( { by = "user"; each = 2; } ); }
);
"""


def script(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def nested(lab, outer, inner, *words):
    """A lock inside another, "NAME" or "N of NAME", whose command is not the shell's last one, so
    that it has another pid."""
    count, _, name = outer.rpartition(" of ")
    command = " ".join([LOCKERSH, *words, "--lock", inner, "true"])
    return lab.run("--lock", name, "--count", count or 1, f"{command}; status=$?; exit $status")


def told(result):
    return INSIDE.match(complaint(result, 1))


@tap.test
def a_lock_inside_itself_is_told_at_once():
    lab = Farm()
    found = told(nested(lab, "x", "x"))
    farm.equal((found[1], found[3]), ("x", "x"))
    lab.poll_free("x")
    # However long it would wait; and with a status of its own, if that is asked for.
    assert told(nested(lab, "x", "x", "-w", "1h"))
    farm.equal(nested(lab, "x", "x", "-E", "9").returncode, 9)


@tap.test
def a_script_below_make_is_inside_too(folder):
    lab = Farm()
    path = script(folder, "build.sh", f"#!/bin/sh\n{LOCKERSH} --lock x:x true\nexit $?\n")
    script(folder, "Makefile", f"all:\n\t@sh {path}\n")
    result = lab.run("--lock", "x", f"make -s -C {folder} all")
    assert INSIDE.search(result.stderr.splitlines()[0].removeprefix("lockersh: ")), result.stderr
    farm.equal(result.returncode, 2)


@tap.test
def a_shell_that_becomes_the_inner_command_has_the_lock_already():
    lab = Farm()
    result = lab.run("--lock", "x", f"exec {LOCKERSH} --lock x echo ran")
    farm.equal((result.returncode, result.stdout), (0, "ran\n"))


@tap.test
def what_others_hold_is_waited_for():
    lab = Farm()
    holder = lab.hold("y")
    job = lab.start("--lock", "x", f"{LOCKERSH} --lock x:y echo got $LOCKERSH_LOCK; true")
    farm.poll(lambda: len(lab.waiters()) == 1, "the inner one waits")
    started = time.monotonic()
    farm.poll(lambda: time.monotonic() > started + 1, "it would have been told by now")
    assert job.poll() is None
    holder.kill()
    holder.wait()
    farm.equal(job.communicate(timeout=farm.PATIENCE_S)[0], b"got x\n")


@tap.test
def a_job_may_hand_its_lock_to_what_it_leaves_behind(folder):
    lab = Farm()
    path = os.path.join(folder, "done")
    result = lab.run("--lock", "x", f"{LOCKERSH} --lock x touch {path} >&- 2>&- & exit 0")
    farm.equal(result.returncode, 0)
    farm.poll(lambda: os.path.exists(path), "the next one has had it")


@tap.test
def who_wants_to_may_wait_for_what_it_runs_under():
    lab = Farm()
    result = nested(lab, "x", "x", "--nested-wait", "-w", "1")
    assert "x was not free in time" in complaint(result, 1), result.stderr


@tap.test
def free_seats_of_a_pool_are_no_circle(folder):
    lab = Lab(folder, CONF)
    farm.equal(nested(lab, "board", "board").returncode, 0)
    found = told(nested(lab, "2 of board", "board"))
    farm.equal((found[1], found[3]), ("board", "board"))


@tap.test
def a_limit_that_the_outer_lock_uses_up_is_told(folder):
    lab = Lab(folder, CONF)
    farm.equal(nested(lab, "vcs", "vcs").returncode, 0)
    assert told(nested(lab, "2 of vcs", "vcs"))


@tap.test
def on_another_host_the_environment_tells():
    """There nobody could see which process has started which: of such a one, LOCKERSH_GRANTS."""
    lab = Farm()
    other = ["unshare", "-p", "-f", "--mount-proc", "--kill-child=KILL"]
    if farm.run(*other, "true").returncode != 0:
        raise tap.Lacks("no permission to make a pid namespace")
    result = lab.run("--lock", "x", " ".join([*other, LOCKERSH, "--lock", "x", "true"]))
    assert told(result)
    result = lab.run("--lock", "x",
                     " ".join(["env", "-u", "LOCKERSH_GRANTS", *other, LOCKERSH, "-w", "1",
                               "--lock", "x", "true"]))
    assert "x was not free in time" in complaint(result, 1), result.stderr


def crossed(lab, folder, locks):
    """Jobs that hold a lock each, and then want the next one's."""
    jobs = []
    for number, lock in enumerate(locks):
        following = locks[(number + 1) % len(locks)]
        ready = os.path.join(folder, f"ready{number}")
        go = os.path.join(folder, "go")
        jobs.append(lab.start("--lock", lock, f"touch {ready}; until [ -e {go} ]; do sleep 0.05; "
                              f"done; {LOCKERSH} --verbose --lock {following} true; true"))
        farm.poll(lambda path=ready: os.path.exists(path), "it holds its lock")
    with open(go, "w", encoding="utf-8"):
        pass
    return jobs


def circle_of(job):
    for line in job.stderr:
        text = line.decode()
        if "a circle" in text:
            return text
    raise AssertionError("it was told of no circle")


@tap.test
def opposite_orders_are_named_and_go_on_when_one_gives_up(folder):
    lab = Farm()
    jobs = crossed(lab, folder, ["x", "y"])
    owners = {name: lock["owner"] for name, lock in lab.locks().items()}
    for job, wanted, own in ((jobs[0], "y", "x"), (jobs[1], "x", "y")):
        farm.contains(circle_of(job), f"{wanted} is {owners[wanted]}'s, who waits for {own}, which "
                      f"is {owners[own]}'s: a circle, until one of them gives up")
    farm.equal(len(lab.waiters()), 2)
    jobs[0].kill()
    jobs[0].wait()
    farm.equal(jobs[1].wait(farm.PATIENCE_S), 0)


@tap.test
def a_longer_circle_is_named_too_also_to_who_stands_behind(folder):
    lab = Farm()
    jobs = crossed(lab, folder, ["x", "y", "z"])
    owners = {name: lock["owner"] for name, lock in lab.locks().items()}
    text = circle_of(jobs[1])
    farm.contains(text, f"z is {owners['z']}'s, who waits for x, which is {owners['x']}'s, who "
                  f"waits for y, which is {owners['y']}'s: a circle")
    behind = lab.start("--verbose", "--lock", "x", "true")
    farm.contains(circle_of(behind), f"x is {owners['x']}'s, who waits for y")


if __name__ == "__main__":
    farm.main()
