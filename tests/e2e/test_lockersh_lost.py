#!/usr/bin/env python3
"""Whoever loses a lock is told: what lockersh says and does then."""

import os
import re
import signal
import subprocess
import time

from support import farm, tap
from support.locking import LOCKERSH, Farm, Proxy
from support.wire import Wire

BROKEN = "lockersh: the lock a was lost: it was broken, as by lockersh --break; "


def holding(lab, *words, **options):
    """A job that says nothing, and holds a."""
    job = lab.start(*words, "--lock", "a", "--exec", "sleep", "1000", **options)
    lab.poll_held("a", job.pid)
    return job


def break_it(lab):
    farm.equal(lab.run("--break", "a").returncode, 0)


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def told(job):
    return job.stderr.readline().decode()


@tap.test
def a_job_whose_lock_is_broken_is_told_and_goes_on():
    lab = Farm()
    job = holding(lab)
    break_it(lab)
    farm.equal(told(job), BROKEN + "the command goes on without it\n")
    assert job.poll() is None
    # It is the next one's, and stays that when the job ends.
    first = lab.poll_monitor("a")
    other = holding(lab)
    monitor = farm.poll(lambda: [pid for pid in lab.monitors() if pid != first], "a monitor")[0]
    job.kill()
    job.wait()
    farm.poll(lambda: lab.monitors() == [monitor], "the other monitor has ended")
    farm.equal(lab.locks()["a"]["pid"], other.pid)


@tap.test
def quiet_tells_nothing():
    lab = Farm()
    job = holding(lab, "--quiet", "--on-lost", "TERM")
    break_it(lab)
    farm.equal(job.wait(farm.PATIENCE_S), -signal.SIGTERM)
    farm.equal(job.stderr.read(), b"")


@tap.test
def the_line_stands_in_a_file_beside_the_jobs_own(folder):
    lab = Farm()
    path = os.path.join(folder, "log")
    with open(path, "wb") as log:
        job = lab.start("--lock", "a", "echo one; read x; echo two", stdin=subprocess.PIPE,
                        stdout=log, stderr=log)
    farm.poll(lambda: "one" in read(path), "the job has begun")
    break_it(lab)
    farm.poll(lambda: "was lost" in read(path), "it is told")
    job.communicate(b"\n", timeout=farm.PATIENCE_S)
    farm.equal(read(path).splitlines(),
               ["one", BROKEN + "the command goes on without it", "two"])


@tap.test
def a_hold_limit_is_told_before_and_behind():
    lab = Farm()
    job = holding(lab, "--hold-timeout", "6", "--warn", "5s")
    warning = told(job)
    assert re.fullmatch(r"lockersh: a will be taken back in [0-5] s\n", warning), warning
    farm.equal(told(job), "lockersh: the lock a was lost: it was held as long as it may be; "
               "the command goes on without it\n")
    assert job.poll() is None


@tap.test
def a_signal_ends_the_job():
    lab = Farm()
    for name, number in (("TERM", signal.SIGTERM), ("SIGINT", signal.SIGINT), ("10", signal.SIGUSR1)):
        job = holding(lab, "--on-lost", name)
        break_it(lab)
        farm.contains(told(job), BROKEN + "sending ")
        farm.equal(job.wait(farm.PATIENCE_S), -number)


@tap.test
def who_does_not_heed_it_is_killed_after_the_grace():
    lab = Farm()
    job = lab.start("--on-lost", "TERM", "--grace", "0.5", "--lock", "a", "--exec", "sh", "-c",
                    "trap '' TERM; echo; while :; do sleep 0.1; done")
    job.stdout.readline()
    lab.poll_held("a", job.pid)
    began = time.monotonic()
    break_it(lab)
    farm.equal(job.wait(farm.PATIENCE_S), -signal.SIGKILL)
    assert time.monotonic() - began >= 0.5


@tap.test
def a_command_runs_beside_the_job(folder):
    lab = Farm()
    line = "echo $LOCKERSH_PID $LOCKERSH_LOCK >made; echo told >&2; kill $LOCKERSH_PID"
    job = holding(lab, "--on-lost", line, cwd=folder)
    break_it(lab)
    farm.equal(told(job), BROKEN + f"running {line}\n")
    farm.equal(told(job), "told\n")
    farm.equal(job.wait(farm.PATIENCE_S), -signal.SIGTERM)
    farm.equal(read(os.path.join(folder, "made")), f"{job.pid} a\n")


@tap.test
def it_is_told_when_a_session_comes_back_too_late():
    lab = Farm()
    proxy = Proxy(lab.port)
    job = holding(lab, "--port", proxy.port)
    monitor = lab.poll_monitor("a")
    farm.freeze(monitor)
    proxy.cut()
    break_it(lab)
    holding(lab)
    os.kill(monitor, signal.SIGCONT)
    farm.contains(told(job), "the lock a was lost: it was taken away while the server was not reached")


@tap.test
def the_first_process_of_a_container_is_told_and_ends():
    lab = Farm()
    job = farm.start("unshare", "--pid", "--fork", "--kill-child", "--mount-proc", LOCKERSH,
                     "--on-lost", "TERM", "--lock", "a", "--exec", "sleep", "1000", env=lab.env,
                     stderr=subprocess.PIPE)
    farm.poll(lambda: "a" in lab.locks(), "it is held")
    break_it(lab)
    farm.equal(told(job), BROKEN + "sending TERM to the command\n")
    farm.equal(job.wait(farm.PATIENCE_S), 128 + signal.SIGTERM)



@tap.test
def each_end_has_its_word_and_an_own_one_none():
    lab = Farm()
    other = Wire(lab.port)
    wire = Wire(lab.port)
    wire.send("proto 2")
    farm.equal(wire.line(), "proto 2")
    cases = (("user o", "locks a", "BREAK_LOCK", "broken"), ("proto 2", "DEAD_JOB slurm:1", "job-end"))
    for *lines, word in cases:
        status = wire.ask("session 1", "user u", "job slurm:1", "locks a", "block 0", "LOCK")
        other.send(*lines)
        farm.equal(wire.line(), f"lost {status['token']} {word}")
    status = wire.ask("timeout 1", "LOCK")
    assert 0 < int(status["hold-left"]) <= 1000, status
    farm.equal(wire.line(), f"lost {status['token']} hold-limit")
    wire.ask("timeout 0", "LOCK")
    farm.equal(wire.ask("UNLOCK")["locked"], "0")
    assert wire.is_silent()


@tap.test
def it_is_told_behind_a_list_and_not_in_its_midst():
    lab = Farm()
    crowd = Wire(lab.port)
    many = 6000
    for number in range(many):
        name = f"n{number}".ljust(250, "x")
        crowd.send(f"user {name}", f"locks {name}", "block 0", "LOCK")
    for _ in range(many):
        crowd.status()
    wire = Wire(lab.port)
    wire.send("proto 2")
    wire.line()
    token = wire.ask("session 1", "user u", "locks a", "block 0", "LOCK")["token"]
    wire.send("LOCK_LIST")  # more than the sockets hold: it goes on when it is read
    break_it(lab)
    lines = []
    while not lines or not lines[-1].startswith("lost "):
        lines.append(wire.line())
    farm.equal(lines[-1], f"lost {token} broken")
    farm.equal(lines[-3:-1], ["", ""])
    assert len(lines) in (many + 3, many + 4), len(lines)
    assert all(line.startswith("lock ") for line in lines[:-3])


@tap.test
def other_connections_and_classic_ones_hear_nothing():
    lab = Farm()
    for first in ("proto 2", "job x"):
        wire = Wire(lab.port)
        wire.send(first, "user u", "locks a", "block 0", "LOCK")
        wire.status()
        break_it(lab)
        assert wire.is_silent()


if __name__ == "__main__":
    farm.main()
