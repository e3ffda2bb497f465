#!/usr/bin/env python3
"""pidwatch as the first process of a pid namespace, and between namespaces."""

import os
import signal
import subprocess

from support import farm, tap
from support.pidstat_help import NO_PID, can_make_pid_namespace, read_line

UNSHARE = ("unshare", "--pid", "--fork", "--mount-proc", "--kill-child")
PIDWATCH = farm.program("pidwatch")


def in_container(*words, **options):
    if not can_make_pid_namespace():
        raise tap.Lacks("no permission to make a pid namespace")
    return farm.start(*UNSHARE, *words, **options)


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(word) for word in file.read().split()]


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


farm.main()
