#!/usr/bin/env python3
"""pidwatch as the first process of a pid namespace, and between namespaces."""

import os
import signal
import subprocess

from support import farm, tap
from support.pidstat_help import (ELSEWHERE, NO_PID, Inside, can_make_pid_namespace, children,
                                  read_line, sleeper)

UNSHARE = ("unshare", "--pid", "--fork", "--mount-proc", "--kill-child")
PIDWATCH = farm.program("pidwatch")


def in_container(*words, **options):
    if not can_make_pid_namespace():
        raise tap.Lacks("no permission to make a pid namespace")
    job = farm.start(*UNSHARE, *words, **options)
    farm.at_end(job.kill)  # unshare ignores SIGTERM
    return job


@tap.test
def the_command_of_a_first_process_is_ended():
    for words in ([], ["--kill-group"]):
        ended = in_container(PIDWATCH, "--pid", NO_PID, *words, "sleep 1000")
        farm.equal(ended.wait(farm.PATIENCE_S), 128 + signal.SIGHUP)
    # By the end of a process that is watched, too.
    both = in_container("sh", "-c", f"exec {PIDWATCH} --pid $(sleep 1 >/dev/null & echo $!) "
                                    "sleep 1000")
    farm.equal(both.wait(farm.PATIENCE_S), 128 + signal.SIGHUP)


@tap.test
def a_first_process_has_the_status_and_the_output_of_its_command():
    for command, status in (("echo said; exit 7", 7), ("echo said; kill -9 $$", 137),
                            ("echo said; (sleep 0.1 &); true", 0)):
        job = in_container(PIDWATCH, "--pid", "1", command, stdout=subprocess.PIPE)
        farm.equal((job.wait(farm.PATIENCE_S), job.stdout.read()), (status, b"said\n"))
    job = in_container(PIDWATCH, "--pid", "1", "/no/such/command", stderr=subprocess.DEVNULL)
    farm.equal(job.wait(farm.PATIENCE_S), 127)


@tap.test
def a_first_process_passes_signals_on():
    job = in_container(PIDWATCH, "--pid", "1", "echo ready; exec sleep 1000",
                       stdout=subprocess.PIPE)
    farm.equal(read_line(job), b"ready\n")
    first, = children(job.pid)
    os.kill(first, signal.SIGTERM)
    farm.equal(job.wait(farm.PATIENCE_S), 128 + signal.SIGTERM)


def started(daemon, host, *words):
    process = farm.start(PIDWATCH, "--host", host, "--port", daemon.port, *words,
                         "echo ready; exec sleep 1000", stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, text=True)
    farm.equal(read_line(process), "ready\n")
    return process


@tap.test
def a_daemon_in_a_container_ends_nothing_of_its_host_s(folder):
    if not can_make_pid_namespace():
        raise tap.Lacks("no permission to make a pid namespace")
    daemon, watched = Inside(folder), sleeper()
    process = started(daemon, ELSEWHERE, "--pid", watched.pid)
    line = process.stderr.readline()
    farm.contains(line, f"the pidstatd on {ELSEWHERE} port {daemon.port} is in a container (pid "
                        f"namespace {daemon.number}) and cannot tell of process {watched.pid}")
    farm.contains(line, f"--pid-namespace {daemon.number}")
    watched.kill()
    watched.wait()
    port, log = daemon.port, f"{folder}/outside"
    farm.equal(process.poll(), None)
    # The command is watched as soon as a daemon of the host's own is there.
    daemon.crash()
    with open(log, "wb") as errors:
        farm.start(farm.program("pidstatd"), "--nofork", "--host", ELSEWHERE, "--port", port,
                   stderr=errors)
    farm.equal(process.wait(farm.PATIENCE_S), -signal.SIGHUP)
    farm.contains(process.stderr.read(), f"there is no process {watched.pid} on {ELSEWHERE}")


@tap.test
def a_process_of_a_container_is_watched_by_its_own_daemon(folder):
    if not can_make_pid_namespace():
        raise tap.Lacks("no permission to make a pid namespace")
    for host, listens in ((ELSEWHERE, ELSEWHERE), ("localhost", "127.0.0.1")):
        for form in ("number", "link", "any"):
            if form == "any" and host == "localhost":
                continue
            daemon = Inside(folder, listens)
            value = {"number": daemon.number, "link": daemon.namespace, "any": "any"}[form]
            process = started(daemon, host, "--pid", 2, "--pid-namespace", value)
            os.kill(daemon.sleeper, signal.SIGKILL)
            farm.equal((form, process.wait(farm.PATIENCE_S)), (form, -signal.SIGHUP))
            daemon.process.kill()
            daemon.process.wait()


@tap.test
def a_namespace_that_is_none_is_refused():
    for value in ("here", "0", "pid:[x]", "4294967296"):
        result = farm.run(PIDWATCH, "--pid", "1", "--pid-namespace", value, "true")
        farm.equal(result.returncode, 64)
        farm.contains(result.stderr, f"--pid-namespace cannot be '{value}'")


@tap.test
def a_container_s_pidwatch_says_that_pids_are_its_own():
    job = in_container("sh", "-c", f"{PIDWATCH} --pid 999999 sleep 1000; true",
                       stderr=subprocess.PIPE, text=True)
    farm.equal(job.wait(farm.PATIENCE_S), 0)
    farm.contains(job.stderr.read(), ", a container's): sending HUP to process")


@tap.test
def a_first_process_that_cannot_be_ended_is_told_of(folder):
    with open(f"{folder}/errors", "wb") as errors:
        job = in_container("sh", "-c", f"sleep 1 & {PIDWATCH} --pid $! --grace 0.2 --foreground 1; "
                                       "wait; while :; do sleep 1; done", stderr=errors)

    def told():
        with open(f"{folder}/errors", encoding="utf-8") as file:
            return "still runs after KILL: as the first of its pid namespace" in file.read()

    farm.poll(told, "it is said")
    farm.equal(job.poll(), None)
    job.kill()


farm.main()
