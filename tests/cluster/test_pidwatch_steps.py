#!/usr/bin/env python3
"""Every way to launch a step: with the plugin, its tasks end with the srun that launched it."""

import os
import pty
import subprocess
import time

from support import farm, slurm, steps
from support.tap import test

cluster = slurm.the_cluster(settings="LaunchParameters=use_interactive_step")
cluster.plugstack(steps.plugin_line("grace=5"))

LIMIT_S = 10  # the figure that is printed is 50 to 200 ms where nothing else runs


def end_with_srun(tasks, srun):
    """The tasks, which run already, are gone in time when the srun is killed."""
    seconds = steps.seconds_until_gone(tasks, lambda: steps.kill_srun(srun))
    print(f"# {seconds * 1000:.0f} ms", flush=True)
    assert seconds < LIMIT_S, seconds


def the_srun(but=()):
    """The one srun of the cluster, not its shepherd."""
    def find():
        found = [pid for pid in steps.named(cluster, "srun")
                 if steps.name(steps.parent(pid)) != "srun" and pid not in but]
        return found[0] if len(found) == 1 else None

    return farm.poll(find, "one srun runs")


def no_job_is_left():
    farm.poll(lambda: not cluster.tell("squeue", "-h"), "the allocation is cancelled")


def wait_until_watched(count):
    """A task may run a moment before its watcher has connected to srun."""
    farm.poll(lambda: steps.connected(cluster) == count, f"{count} watchers are connected")


@test
def of_an_srun_with_an_allocation_of_its_own_which_is_cancelled():
    srun = cluster.start_command("srun", "-N2", "-n4", "sleep", "300")
    tasks = steps.wait_for(cluster, 4, "sleep")
    wait_until_watched(2)
    end_with_srun(tasks, srun.pid)
    no_job_is_left()


@test
def of_an_srun_inside_sbatch_whose_script_goes_on():
    job = cluster.sbatch("-N2", "-o", "/dev/null",
                         script="#!/bin/sh\nsrun sleep 300 &\nsrun --overlap tail -f /dev/null\n")
    tasks = steps.wait_for(cluster, 2, "sleep")
    others = steps.wait_for(cluster, 2, "tail")
    wait_until_watched(4)
    sruns = [pid for pid in steps.named(cluster, "srun") if b"sleep" in steps.words(pid)
             and steps.name(steps.parent(pid)) != "srun"]
    end_with_srun(tasks, sruns[0])
    assert all(map(farm.is_alive, others))
    farm.equal(cluster.state(job), "RUNNING")


@test
def of_an_srun_inside_salloc_whose_allocation_stays():
    salloc = cluster.start_command("salloc", "-N2", "sh", "-c", "srun sleep 300 </dev/null; read line",
                                   stdin=subprocess.PIPE)
    tasks = steps.wait_for(cluster, 2, "sleep")
    wait_until_watched(2)
    end_with_srun(tasks, the_srun())
    time.sleep(1)
    assert salloc.poll() is None
    farm.equal(cluster.tell("squeue", "-h", "-o", "%T"), "RUNNING")


@test
def of_an_srun_that_names_the_job():
    job = cluster.sbatch("-N2", "-o", "/dev/null", "--wrap", "tail -f /dev/null")
    cluster.wait_state(job, "RUNNING")
    steps.wait_for(cluster, 1, "tail")
    srun = cluster.start_command("srun", "--jobid", job, "--overlap", "sleep", "300")
    tasks = steps.wait_for(cluster, 2, "sleep")
    wait_until_watched(2)
    end_with_srun(tasks, srun.pid)
    time.sleep(1)
    farm.equal(cluster.state(job), "RUNNING")
    farm.equal(len(steps.named(cluster, "tail")), 1)


@test
def of_a_heterogeneous_srun():
    srun = cluster.start_command("srun", "-n2", "sleep", "300", ":", "-n1", "tail", "-f", "/dev/null")
    tasks = steps.wait_for(cluster, 3, "sleep", "tail")
    wait_until_watched(2)
    end_with_srun(tasks, srun.pid)
    no_job_is_left()


def start_on_terminal(*words, **options):
    """Starts one of Slurm's commands on a terminal of its own, whose other end is returned."""
    terminal, end = pty.openpty()
    farm.at_end(lambda: os.close(terminal))
    cluster.start_command("setsid", "--ctty", "--wait", *words, stdin=end, stdout=end, stderr=end,
                          **options)
    os.close(end)
    return terminal


@test
def of_the_shell_that_salloc_starts_on_a_node():
    terminal = start_on_terminal("salloc", "-N1", extra={"SHELL": "/bin/sh"})
    os.write(terminal, b"sleep 300\n")
    tasks = steps.wait_for(cluster, 1, "sleep")
    farm.equal(steps.name(steps.parent(steps.parent(tasks[0]))), "slurmstepd")
    wait_until_watched(1)
    end_with_srun(tasks, the_srun())
    no_job_is_left()


@test
def of_an_srun_with_a_pseudo_terminal():
    start_on_terminal("srun", "--pty", "sh", "-c", "sleep 300; true")
    tasks = steps.wait_for(cluster, 1, "sleep")
    wait_until_watched(1)
    end_with_srun(tasks, the_srun())
    no_job_is_left()


# Holds a step up, before the plugin behind it is called, for as long as there is a file.
SLOW_PLUGIN = """#include <slurm/spank.h>
#include <unistd.h>
SPANK_PLUGIN(slow, 1)
int slurm_spank_task_post_fork(spank_t spank, int argc, char *argv[])
{
    (void)spank, (void)argc;
    while (access(argv[0], F_OK) == 0)
        usleep(10000);
    return 0;
}
"""


@test
def of_an_srun_that_dies_before_they_are_watched(folder):
    source, plugin = f"{folder}/slow.c", f"{cluster.folder}/etc/slow.so"
    with open(source, "w", encoding="utf-8") as out:
        out.write(SLOW_PLUGIN)
    compiled = farm.run("cc", "-shared", "-fPIC", "-o", plugin, source)
    farm.equal((compiled.returncode, compiled.stderr), (0, ""))
    farm.at_end(lambda: cluster.plugstack(steps.plugin_line()))
    with open(f"{folder}/hold", "w", encoding="utf-8"):
        pass
    cluster.plugstack(f"required {plugin} {folder}/hold\n{steps.plugin_line()}")
    srun = cluster.start_command("srun", "-N2", "sleep", "300")
    tasks = farm.poll(lambda: len(found := steps.children_of_steps(cluster)) == 2 and found, "tasks start")
    steps.kill_srun(srun.pid)
    srun.wait()
    assert not steps.watchers_of(cluster)
    steps.seconds_until_gone(tasks, lambda: os.unlink(f"{folder}/hold"))
    no_job_is_left()


@test
def of_an_srun_that_exports_nothing():
    srun = cluster.start_command("srun", "--export=NONE", "/bin/sleep", "300")
    task = farm.poll(lambda: steps.children_of_steps(cluster), "the task runs")
    wait_until_watched(1)
    end_with_srun(task, srun.pid)
    no_job_is_left()


@test
def with_processes_that_have_left_their_parents_behind():
    # One with its environment emptied, one in a session of its own, one with both parents alive.
    own = f"sleep 300.{os.getpid()}"
    srun = cluster.start_command("srun", "sh", "-c", f"(env -i {own} &); (setsid {own} &); {own}; true")
    tasks = farm.poll(lambda: len(steps.running(own)) == 3 and steps.running(own), "they run")
    wait_until_watched(1)
    end_with_srun(tasks, srun.pid)
    no_job_is_left()


@test
def although_they_were_stopped():
    srun = cluster.start_command("srun", "sh", "-c", "kill -STOP $$")
    tasks = farm.poll(lambda: steps.children_of_steps(cluster), "the task runs")
    wait_until_watched(1)
    end_with_srun(tasks, srun.pid)
    no_job_is_left()


@test
def although_slurmctld_is_stopped():
    srun = cluster.start_command("srun", "-N2", "sleep", "300")
    tasks = steps.wait_for(cluster, 2, "sleep")
    wait_until_watched(2)
    cluster.stop_daemon("slurmctld")
    end_with_srun(tasks, srun.pid)
    cluster.start_slurmctld()
    no_job_is_left()


@test
def no_watcher_is_left_and_no_node_was_drained():
    steps.leave_nothing_behind(cluster)


if __name__ == "__main__":
    farm.main()
