#!/usr/bin/env python3
"""The plugin where slurmd calls hooks in a process that ends with the hook, and has a descriptor table
of its own (SlurmdParameters=contain_spank, from Slurm 24.05 on), and beside it where it does not."""

import time

from support import farm, slurm, steps, tap
from support.tap import test

LIMIT_S = 2
CONTROL_S = 5  # for how long tasks go on without the plugin
CONTAINED = "config_overrides,contain_spank"


def cluster_with(parameters):
    """A cluster for one test."""
    if "contain_spank" in parameters and slurm.release() < (24, 5):
        raise tap.Lacks("Slurm {}.{:02} has no contain_spank: it is there from 24.05 on".format(*slurm.release()))
    cluster = slurm.Cluster(settings=f"SlurmdParameters={parameters}")
    farm.at_end(cluster.destroy)
    return cluster.start()


def start_steps(cluster):
    """Two nodes with two tasks each, of an srun of its own and of one in a batch job, whose end is
    not the job's: the sruns, and their tasks."""
    srun = cluster.start_command("srun", "-N2", "-n4", "sleep", "300")
    direct = steps.wait_for(cluster, 4, "sleep")
    cluster.sbatch("-N2", "-n4", "-o", "/dev/null", script="#!/bin/sh\nsrun tail -f /dev/null\nkill -STOP $$\n")
    batch = steps.wait_for(cluster, 4, "tail")
    inner = [pid for pid in steps.named(cluster, "srun") if b"tail" in steps.words(pid)
             and steps.name(steps.parent(pid)) != "srun"]
    farm.equal(len(inner), 1)
    return (srun.pid, direct), (inner[0], batch)


def tasks_live_on_without_it(parameters):
    cluster = cluster_with(parameters)
    for srun, tasks in start_steps(cluster):
        steps.kill_srun(srun)
        time.sleep(CONTROL_S)
        farm.equal([farm.is_alive(pid) for pid in tasks], [True] * 4)


def tasks_end_with_it(parameters):
    cluster = cluster_with(parameters)
    cluster.plugstack(steps.plugin_line("grace=5"))
    for srun, tasks in start_steps(cluster):
        farm.poll(lambda: steps.connected(cluster) >= 2, "the watchers are connected")
        seconds = steps.seconds_until_gone(tasks, lambda dead=srun: steps.kill_srun(dead))
        print(f"# {seconds * 1000:.0f} ms", flush=True)
        assert seconds < LIMIT_S, seconds
        for node in slurm.NODES:
            farm.poll(lambda dead=srun, on=node: f"its srun (process {dead}) is dead" in cluster.log(on),
                      f"{node} has logged the death of {srun}")
    cluster.clear()
    steps.leave_nothing_behind(cluster)


def slurmstepd_is_left_as_it_was(parameters):
    """While a step runs, and where it ends by itself: neither a descriptor nor a watcher too many."""
    cluster = cluster_with(parameters)
    held = []
    for line in ("", steps.plugin_line()):
        cluster.plugstack(line)
        srun = cluster.start_command("srun", "-N1", "-n4", "sh", "-c", "sleep 300; true")
        steps.wait_for(cluster, 4, "sleep")
        held.append(sorted(farm.descriptors(steps.stepds(cluster)[0])))
        for pid in steps.named(cluster, "sleep"):
            farm.kill_pid(pid)
        farm.equal(srun.wait(farm.PATIENCE_S), 0)
        cluster.wait_idle()
    print(f"# {len(held[0])} descriptors without it, {len(held[1])} with it", flush=True)
    # The two ends of the pipe, and the line to srun.
    assert len(held[1]) <= len(held[0]) + 3, held
    steps.leave_nothing_behind(cluster)


@test
def without_the_plugin_tasks_live_on():
    tasks_live_on_without_it("config_overrides")


@test
def without_the_plugin_tasks_live_on_under_contain_spank():
    tasks_live_on_without_it(CONTAINED)


@test
def with_the_plugin_they_end():
    tasks_end_with_it("config_overrides")


@test
def with_the_plugin_they_end_under_contain_spank():
    tasks_end_with_it(CONTAINED)


@test
def slurmstepd_has_few_descriptors_more():
    slurmstepd_is_left_as_it_was("config_overrides")


@test
def slurmstepd_has_few_descriptors_more_under_contain_spank():
    slurmstepd_is_left_as_it_was(CONTAINED)


if __name__ == "__main__":
    if slurm.lacking():
        print(f"1..0 # SKIP this machine lacks {slurm.lacking()}", flush=True)
    else:
        farm.main()
