#!/usr/bin/python3
"""The cluster that the other tests here use is a real one."""

import signal

from support import farm, slurm, steps
from support.tap import test

cluster = slurm.the_cluster()


@test
def a_step_runs_on_both_nodes_as_the_jobs_user():
    done = cluster.run("srun", "-N2", "sh", "-c", "echo $SLURMD_NODENAME $(id -un)")
    farm.equal(sorted(done.stdout.split("\n")), ["", *(f"{node} {slurm.JOB_USER}" for node in slurm.NODES)])


@test
def a_batch_job_is_followed_to_its_end():
    job = cluster.sbatch("-o", "/dev/null", script="#!/bin/sh\nexit 3\n")
    farm.equal(cluster.wait_state(job, "FAILED", "COMPLETED"), "FAILED")


@test
def without_the_plugin_tasks_outlive_their_srun():
    """What all this is for: the control that shows the orphan."""
    step = cluster.start_command("srun", "sleep", "300")
    at_work = steps.wait_for(cluster, 1, "sleep")
    steps.kill_srun(step.pid)
    step.wait()
    farm.time.sleep(2)
    assert all(farm.is_alive(pid) for pid in at_work)


def leave_a_mess():
    """As a test does that fails half way."""
    job = cluster.sbatch("-N2", "-o", "/dev/null", script="#!/bin/sh\nsrun sleep 300 &\nexec sleep 300\n")
    return job, steps.wait_for(cluster, 3, "sleep")


@test
def a_test_finds_nothing_of_one_that_failed():
    job, at_work = leave_a_mess()
    cluster.make_ready()
    farm.equal((cluster.jobs(), cluster.is_idle()), ([], True))
    farm.equal(cluster.state(job), "CANCELLED")
    farm.poll(lambda: not any(map(farm.is_alive, at_work)), "its processes are gone")


@test
def a_cluster_that_a_test_has_broken_is_built_anew():
    job, at_work = leave_a_mess()
    farm.freeze(cluster.daemons["n1"].pid)
    cluster.stop_daemon("slurmctld", signal.SIGKILL)
    cluster.make_ready()
    assert not any(map(farm.is_alive, at_work))
    farm.equal((cluster.jobs(), cluster.state(job)), ([], ""))
    assert int(cluster.sbatch("-o", "/dev/null", script="#!/bin/sh\n")) > int(job)
    a_step_runs_on_both_nodes_as_the_jobs_user()


if __name__ == "__main__":
    farm.main()
