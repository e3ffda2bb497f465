#!/usr/bin/python3
"""lockersh as the first process of a pid namespace."""

import os
import re
import shutil
import signal
import subprocess

from support import farm, tap
from support.locking import LOCKERSH, Farm
from support.wire import Wire

UNSHARE = ["unshare", "-p", "-f", "--mount-proc", "--kill-child=KILL"]


def in_container(lab, *words, **options):
    if not shutil.which("unshare") or farm.run(*UNSHARE, "true").returncode != 0:
        raise tap.Lacks("no permission to make a pid namespace")
    return farm.start(*UNSHARE, LOCKERSH, *words, env=lab.env, stdout=subprocess.PIPE, **options)


def first_process(container):
    with open(f"/proc/{container.pid}/task/{container.pid}/children", encoding="ascii") as children:
        return int(children.read())


@tap.test
def the_lock_is_given_back_and_the_status_kept():
    lab = Farm()
    for command, status in (("exit 7", 7), ("kill -9 $$", 137), ("(sleep 0.1 &); true", 0)):
        job = in_container(lab, "--lock", "a", command)
        farm.equal(job.wait(farm.PATIENCE_S), status)
        farm.equal(lab.locks(), {})
    job = in_container(lab, "--lock", "a", "--exec", "/no/such/command")
    farm.equal(job.wait(farm.PATIENCE_S), 127)
    farm.equal(lab.locks(), {})


@tap.test
def signals_are_passed_on():
    lab = Farm()
    job = in_container(lab, "--lock", "a", "--exec", "sleep", "1000")
    farm.poll(lambda: "a" in lab.locks(), "it is held")
    os.kill(first_process(job), signal.SIGTERM)
    farm.equal(job.wait(farm.PATIENCE_S), 143)
    farm.equal(lab.locks(), {})


@tap.test
def a_signal_that_comes_with_the_lock_is_not_lost():
    """The kernel drops for a first process what would end another one."""
    lab = Farm()
    for number in range(20):
        job = in_container(lab, "--lock", f"a{number}", "--exec", "sleep", "1000")
        asker = Wire(lab.port)
        while asker.ask(f"locks a{number}", "STATUS")["owner"] == "":
            pass
        os.kill(first_process(job), signal.SIGTERM)
        farm.equal(job.wait(farm.PATIENCE_S), 143)


@tap.test
def a_signal_ends_the_search_for_a_server():
    lab = Farm(farm.silent_port())
    job = in_container(lab, "--lock", "a", "--connect-tries", "0", "true", stderr=subprocess.PIPE)
    farm.contains(job.stderr.readline(), b"trying again")
    os.kill(first_process(job), signal.SIGTERM)
    farm.equal(job.wait(farm.PATIENCE_S), 143)


@tap.test
def owners_of_two_containers_differ():
    lab = Farm()
    jobs = [in_container(lab, "--lock", name, "--exec", "sleep", "1000") for name in "ab"]
    locks = farm.poll(lambda: len(found := lab.locks()) == 2 and found, "both are held")
    farm.equal([lock["pid"] for lock in locks.values()], [1, 1])
    owners = {lock["owner"] for lock in locks.values()}
    farm.equal(len(owners), 2)
    for lock in locks.values():
        assert re.search(r"_1\.[0-9]+_" + re.escape(lock["user"]) + "$", lock["owner"]), lock
    for job in jobs:
        job.kill()


def refusals(lab, count=200):
    """What is said of refusals where one command after the other takes a lock and ends."""
    loop = f'for i in $(seq {count}); do "$@" || echo refused >&2; done'
    done = farm.run(*UNSHARE, "bash", "-c", loop, "bash", LOCKERSH, "-n", "--lock", "q", "--exec",
                    "true", env=lab.env, timeout=120)
    farm.equal(done.returncode, 0)
    return done.stderr


@tap.test
def who_comes_behind_one_that_has_ended_is_not_refused():
    farm.equal(refusals(Farm()), "")


@tap.test
def one_that_lives_is_not_taken_for_ended():
    lab = Farm()
    script = f"""
        "$@" --exec sleep 1000 & holder=$!
        until [ "$({LOCKERSH} --owner q)" ]; do sleep 0.01; done
        "$@" --exec true; echo $?
        kill -9 $holder; wait $holder 2>/dev/null
        "$@" --exec true; echo $?"""
    done = farm.run(*UNSHARE, "bash", "-c", script, "bash", LOCKERSH, "-n", "--lock", "q",
                    env=lab.env)
    farm.equal(done.stdout.split(), ["1", "0"])
    farm.contains(done.stderr, "q is not free; it is held by ")


@tap.test
def a_waiter_reports_a_holder_whose_monitor_was_killed_too():
    lab = Farm()
    script = f"""
        "$@" --exec sleep 1000 & holder=$!
        until [ "$({LOCKERSH} --owner q)" ]; do sleep 0.01; done
        kill -9 $(pgrep lockersh) $holder; wait $holder 2>/dev/null
        "$@" --exec echo got"""
    done = farm.run(*UNSHARE, "bash", "-c", script, "bash", LOCKERSH, "--lock", "q", env=lab.env)
    farm.equal(done.stdout, "got\n")


if __name__ == "__main__":
    farm.main()
