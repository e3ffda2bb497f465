#!/usr/bin/env python3
"""pidstatd asked again and again about the same processes, which it keeps a descriptor of."""

import os
import random
import resource
import signal
import sys
import time

from support import farm, tap
from support.pidstat_help import (Asker, Daemon, in_pid_namespace, reuse, run_inside, sleeper,
                                  start_time)

DESCRIPTORS = 400
SHARE = 8


class Children:
    """Many processes that do nothing: children of this one, so that their ends are its to see."""

    def __init__(self, count):
        self.starts = {}
        farm.at_end(lambda: [self.end(pid) for pid in list(self.starts)])
        for _ in range(count):
            pid = os.fork()
            if pid == 0:
                signal.pause()
                os._exit(0)
            self.starts[pid] = start_time(pid)

    def end(self, pid, reap=True):
        os.kill(pid, signal.SIGKILL)
        if reap:
            os.waitpid(pid, 0)
        else:
            os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        del self.starts[pid]


def kept(daemon):
    """How many descriptors of processes a daemon has."""
    folder = f"/proc/{daemon.process.pid}/fd"
    return sum("pidfd" in os.readlink(f"{folder}/{name}") for name in os.listdir(folder))


def ask_all(asker, children, ended):
    """In any order, with the start and without; what has ended as it was, too."""
    known = [(pid, start, 1) for pid, start in children.starts.items()]
    known += [(pid, start, 0) for pid, start in ended.items()]
    random.shuffle(known)
    for pid, start, exists in known:
        farm.equal(asker.ask(f"PIDR {pid} h 7"), f"EXIS {pid} {exists} h")
        farm.equal(asker.ask(f"PIDR {pid} h 7 start={start}"),
                   f"EXIS {pid} {exists} h start={start}")
        if exists:
            farm.equal(asker.ask(f"PIDR {pid} h 7 start=? pad={'.' * 20}"),
                       f"EXIS {pid} 1 h start={start}")
            farm.equal(asker.ask(f"PIDR {pid} h 7 start={start + 1}"),
                       f"EXIS {pid} 0 h start={start + 1}")


@tap.test
def more_processes_than_it_may_keep_are_told_of_all_the_same(folder):
    daemon = Daemon(folder, enter=("prlimit", f"--nofile={DESCRIPTORS}"))
    asker, children, ended = Asker(daemon.port), Children(120), {}
    for _ in range(3):
        ask_all(asker, children, ended)
        assert 0 < kept(daemon) <= DESCRIPTORS // SHARE, kept(daemon)
        for pid in random.sample(sorted(children.starts), 20):
            ended[pid] = children.starts[pid]
            children.end(pid)
    ask_all(asker, children, ended)
    print(f"# {kept(daemon)} descriptors of processes are kept")


@tap.test
def what_ends_between_two_questions_has_ended_for_the_second(folder):
    asker, children = Asker(Daemon(folder).port), Children(40)
    for number, pid in enumerate(list(children.starts)):
        for _ in range(2):
            farm.equal(asker.ask(f"PIDR {pid} h 7"), f"EXIS {pid} 1 h")
        is_zombie = number % 2 == 0
        children.end(pid, reap=not is_zombie)
        farm.equal(asker.ask(f"PIDR {pid} h 7"), f"EXIS {pid} 0 h")
        if is_zombie:
            os.waitpid(pid, 0)


@tap.test
def descriptors_that_are_taken_away_change_no_answer(folder):
    # Of our own user, whose limits are ours to set.
    daemon = Daemon(folder, *(("--user", "root") if os.geteuid() == 0 else ()))
    asker, children = Asker(daemon.port), Children(100)
    ask_all(asker, children, {})
    before = kept(daemon)
    assert 0 < before <= len(children.starts), before
    pid = daemon.process.pid
    soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    assert soft // SHARE >= before, f"{soft} descriptors are too few for this test"
    resource.prlimit(pid, resource.RLIMIT_NOFILE,
                     (max(farm.descriptors(pid)) + 1 - before // 2, hard))
    zombie = next(iter(children.starts))
    children.end(zombie, reap=False)
    late, new = sleeper(), Children(60)
    # By kill(2) alone it would exist.
    farm.equal(asker.ask(f"PIDR {zombie} h 7"), f"EXIS {zombie} 0 h")
    ask_all(asker, new, {})
    ask_all(asker, children, {})
    proof = asker.ask(f"PIDR {late.pid} h 7 watch=? pad={'.' * 20}").split("watch=")[1]
    farm.equal(asker.ask(f"PIDR {late.pid} h 7 watch={proof}"), f"EXIS {late.pid} 1 h watch={proof}")
    assert kept(daemon) < before, (kept(daemon), before)
    late.kill()
    farm.equal(asker.receive(), f"EXIS {late.pid} 0 h")
    os.waitpid(zombie, 0)


def pid_is_reused(folder):
    daemon, first = Daemon(folder), sleeper()
    asker, start, pid = Asker(daemon.port), start_time(first.pid), first.pid
    for _ in range(2):
        farm.equal(asker.ask(f"PIDR {pid} h 7 start={start}"), f"EXIS {pid} 1 h start={start}")
    first.kill()
    first.wait()
    time.sleep(0.02)
    again = reuse(pid)
    later = start_time(pid)
    assert later != start
    farm.equal(asker.ask(f"PIDR {pid} h 7"), f"EXIS {pid} 1 h")
    farm.equal(asker.ask(f"PIDR {pid} h 7 start={start}"), f"EXIS {pid} 0 h start={start}")
    farm.equal(asker.ask(f"PIDR {pid} h 7 start=? pad={'.' * 20}"), f"EXIS {pid} 1 h start={later}")
    again.kill()


@tap.test
def a_pid_that_is_used_again_is_another_process_s(folder):
    in_pid_namespace(__file__, "pid_is_reused", folder)


if sys.argv[1:2] == ["inside"]:
    run_inside(globals())
farm.main()
