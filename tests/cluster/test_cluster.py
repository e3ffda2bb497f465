#!/usr/bin/python3
"""The cluster that the other tests here use is a real one."""

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
    cluster.clear()


if __name__ == "__main__":
    farm.main()
