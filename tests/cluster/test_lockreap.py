#!/usr/bin/python3
"""lockreap gives back what jobs of a real cluster hold that are over, and nothing else."""

import json
import os
import signal
import time

from support import slurm, steps
from support.seats import Seats, at, cluster_with_scripts, released, running
from support import farm
from support.tap import Lacks, test

LOCKREAP = farm.program("lockreap")

# A job's end passes through COMPLETING for as long as this takes.
EPILOG = """#!/bin/sh
while [ -e {folder}/etc/hold ]; do sleep 0.1; done
"""
# What Slurm knows of a job that is over is looked at within that time.
MIN_JOB_AGE_S = 6
SETTINGS = f"""MinJobAge={MIN_JOB_AGE_S}
KillWait=1
Epilog={{folder}}/etc/epilog
SlurmdTimeout=10
UnkillableStepTimeout=10
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
PartitionName=low Nodes=n1,n2 PriorityTier=1 PreemptMode=CANCEL
PartitionName=high Nodes=n1,n2 PriorityTier=10 PreemptMode=OFF
"""

cluster = cluster_with_scripts(SETTINGS, {"epilog": EPILOG})

# Jobs that are over, for the test that waits until Slurm has forgotten one.
over = []


def wait_min_job_age(seats, number):
    """Waits until a lock of the list is held for so long."""
    farm.poll(lambda: seats.list()["locks"][number]["held_seconds"] > MIN_JOB_AGE_S + 0.1, "MinJobAge goes by")


def ends_as(state, job):
    """Its seat is free, and its waiter gone, once the job has ended like this."""
    seats = Seats(cluster)
    seats.hold("x", at(job))
    seats.hold("other", "lsf:4711")
    waiter = seats.queue("other", at(job))
    cluster.wait_state(job, state)
    over.append(job)
    shown = released(seats)
    farm.contains(shown, f"{at(job)} {state}: released x of holder-x, ")
    farm.equal((seats.held(), seats.waiters()), (["other"], []))
    farm.contains(waiter.status()["error"], "its job has ended")


@test
def a_job_that_completed_loses_its_seat():
    ends_as("COMPLETED", cluster.sbatch("-o", "/dev/null", script="#!/bin/sh\nexit 0\n"))


@test
def a_job_that_failed_loses_its_seat():
    ends_as("FAILED", cluster.sbatch("-o", "/dev/null", script="#!/bin/sh\nexit 3\n"))


@test
def a_job_that_was_cancelled_loses_its_seat():
    job = running(cluster)
    cluster.run("scancel", job)
    ends_as("CANCELLED", job)


@test
def a_job_that_was_preempted_loses_its_seat():
    job = running(cluster, "-p", "low", "--no-requeue", "-n16", "-N2")
    winner = cluster.sbatch("-o", "/dev/null", "-p", "high", "-n16", "-N2", script="#!/bin/sh\n")
    ends_as("PREEMPTED", job)
    cluster.wait_state(winner, "COMPLETED", "")


@test
def a_job_whose_time_is_over_loses_its_seat():
    job = running(cluster, "--no-requeue", "-t", "1")
    cluster.tell("scontrol", "update", f"JobId={job}", "EndTime=now")
    seats = Seats(cluster)
    seats.hold("x", at(job))
    farm.poll(lambda: cluster.state(job) == "TIMEOUT", "the time limit is enforced", 100)
    farm.contains(released(seats), f"{at(job)} TIMEOUT: released x")
    farm.equal(seats.held(), [])


@test
def a_job_whose_node_failed_loses_its_seat():
    job = running(cluster, "--no-requeue", "-w", "n1")
    cluster.stop_daemon("n1", signal.SIGKILL)
    # First who would tell slurmctld of the job's end, whatever their numbers are.
    for name in ("slurmstepd", "sleep"):
        for pid in steps.named(cluster, name):
            farm.kill_pid(pid)
    cluster.tell("scontrol", "update", "NodeName=n1", "State=DOWN", "Reason=test")
    try:
        ends_as("NODE_FAIL", job)
    finally:
        cluster.start_slurmd("n1")
        cluster.tell("scontrol", "update", "NodeName=n1", "State=RESUME")
        cluster.wait_idle()


def requeued(job):
    done = cluster.tell("scontrol", "requeue", job)
    farm.equal(done, "")
    cluster.wait_state(job, "PENDING")


@test
def a_job_that_is_queued_again_loses_what_its_run_had():
    job = running(cluster, "--requeue")
    seats = Seats(cluster)
    seats.hold("x", at(job))
    requeued(job)
    farm.equal(released(seats), f"{at(job)} queued again: released x of holder-x\n")


@test
def a_job_that_has_started_anew_keeps_what_the_new_run_asked_for():
    job = running(cluster, "--requeue")
    seats = Seats(cluster)
    seats.hold("x", at(job))
    time.sleep(2)  # the times that Slurm tells are seconds
    requeued(job)
    # slurmd takes credentials of that second for the earlier run's, and ends the job.
    time.sleep(2)
    cluster.start_again(job)
    time.sleep(1)
    seats.hold("y", at(job))
    seats.queue("x", at(job), "later")
    # Clocks may differ by a minute, unless somebody knows better.
    farm.equal(released(seats), "")
    farm.equal(released(seats, "--clock-skew", "0"), f"{at(job)} started anew: released x of holder-x\n")
    farm.equal(seats.held(), ["x", "y"])
    farm.equal(seats.list()["locks"][0]["owner"], "later")


@test
def an_id_that_slurm_has_forgotten_loses_its_seat_and_a_young_one_does_not():
    seats = Seats(cluster)
    seats.hold("x", at(1000000))
    seats.hold("bare", "slurm:1000001")
    farm.equal(released(seats), "")
    wait_min_job_age(seats, 0)
    farm.equal(released(seats), f"{at(1000000)} not known any more: released x of holder-x\n")
    farm.equal(released(seats, "--bare"),
               "slurm:1000001 not known any more: released bare of holder-bare\n")
    farm.equal(seats.held(), [])


@test
def a_job_that_runs_or_is_suspended_keeps_its_seat():
    job = running(cluster)
    seats = Seats(cluster)
    seats.hold("x", at(job))
    seats.queue("x", at(job))
    farm.equal(released(seats, "--clock-skew", "0"), "")
    cluster.tell("scontrol", "suspend", job)
    cluster.wait_state(job, "SUSPENDED")
    farm.equal(released(seats, "--clock-skew", "0"), "")
    farm.equal((seats.held(), seats.waiters()), (["x"], ["waiter"]))
    cluster.tell("scontrol", "resume", job)


@test
def a_job_that_is_completing_keeps_its_seat_until_it_has_completed():
    job = running(cluster)
    seats = Seats(cluster)
    seats.hold("x", at(job))
    hold = f"{cluster.folder}/etc/hold"
    with open(hold, "w", encoding="utf-8"):
        pass
    try:
        cluster.run("scancel", job)
        cluster.wait_state(job, "COMPLETING")
        farm.equal(released(seats), "")
        farm.equal(seats.held(), ["x"])
    finally:
        os.unlink(hold)
    cluster.wait_state(job, "CANCELLED")
    farm.contains(released(seats), "CANCELLED: released x")


@test
def tasks_of_an_array_are_looked_at_one_by_one():
    array = cluster.sbatch("-o", "/dev/null", "--array=0-3%2", script="#!/bin/sh\nexec sleep 300\n")
    for task in (0, 1):
        cluster.wait_state(f"{array}_{task}", "RUNNING")
    seats = Seats(cluster)
    for task in (0, 1, 3):
        seats.hold(f"t{task}", at(f"{array}_{task}"))
    cluster.run("scancel", f"{array}_1")
    cluster.wait_state(f"{array}_1", "CANCELLED")
    seats.hold("t9", at(f"{array}_9"))  # of no task, but too young to be known for that
    farm.equal(released(seats), f"slurm:{array}_1@lab CANCELLED: released t1 of holder-t1\n")
    wait_min_job_age(seats, -1)
    farm.equal(released(seats), f"slurm:{array}_9@lab not known any more: released t9 of holder-t9\n")
    farm.equal(seats.held(), ["t0", "t3"])


@test
def components_of_a_heterogeneous_job_are_looked_at():
    job = cluster.sbatch("-o", "/dev/null", "-n1", ":", "-n1",
                         script="#!/bin/sh\nexec sleep 300\n")
    cluster.wait_state(job, "RUNNING")
    seats = Seats(cluster)
    for name, job_id in (("whole", job), ("first", f"{job}+0"), ("second", f"{job}+1")):
        seats.hold(name, at(job_id))
    farm.equal(released(seats), "")
    cluster.run("scancel", job)
    cluster.wait_state(job, "CANCELLED")
    farm.poll(lambda: not cluster.tell("squeue", "-h"), "both components are over")
    farm.equal(len(released(seats).splitlines()), 3)
    farm.equal(seats.held(), [])


@test
def many_jobs_are_asked_about_at_once():
    job = running(cluster)
    array = cluster.sbatch("-o", "/dev/null", "--array=0-3%1", script="#!/bin/sh\nexec sleep 300\n")
    cluster.wait_state(f"{array}_0", "RUNNING")
    seats = Seats(cluster)
    for number in range(150):
        seats.hold(f"old{number:03}", at(2000000 + number))
    # Slurm forgets it after a while.
    ended = cluster.sbatch("-o", "/dev/null", script="#!/bin/sh\n")
    cluster.wait_state(ended, "COMPLETED")
    for name, job_id in (("x", job), ("y", ended), ("t0", f"{array}_0"), ("t3", f"{array}_3")):
        seats.hold(name, at(job_id))
    farm.contains(released(seats), f"{at(ended)} COMPLETED: released y")
    wait_min_job_age(seats, -1)
    released(seats)
    farm.equal(seats.held(), ["t0", "t3", "x"])


@test
def a_job_that_slurm_hides_from_us_keeps_its_seat():
    if not slurm.AS_ROOT:
        raise Lacks("jobs of another user; run the tests as root")
    job = cluster.tell("sbatch", "--parsable", "-o", "/dev/null", "--wrap", "exec sleep 300")
    cluster.wait_state(job, "RUNNING")
    seats = Seats(cluster)
    seats.hold("x", at(job))
    settings = cluster.settings
    cluster.settings += "\nPrivateData=jobs"
    cluster.write_conf(cluster.conf)
    cluster.tell("scontrol", "reconfigure")
    try:
        farm.poll(lambda: "Invalid job id" in cluster.run("scontrol", "show", "job", job).stderr,
                  "the job is hidden", slurm.PATIENCE_S)
        wait_min_job_age(seats, 0)
        done = farm.run(*cluster.as_user(LOCKREAP), env=seats.env)
        farm.equal((done.returncode, done.stdout), (69, ""))
        farm.contains(done.stderr, "PrivateData may hide 1 of the jobs from this user; they are left")
        farm.equal(seats.held(), ["x"])
    finally:
        cluster.settings = settings
        cluster.write_conf(cluster.conf)
        cluster.tell("scontrol", "reconfigure")
        cluster.tell("scancel", job)
    farm.poll(lambda: cluster.state(job) == "CANCELLED", "the job is over")
    farm.contains(released(seats), "CANCELLED: released x")


@test
def other_clusters_and_schedulers_are_left_alone():
    done = cluster.sbatch("-o", "/dev/null", script="#!/bin/sh\n")
    cluster.wait_state(done, "COMPLETED")
    seats = Seats(cluster)
    jobs = {"mine": at(done), "other": f"slurm:{done}@fab", "bare": f"slurm:{done}",
            "lsf": f"lsf:{done}", "pbs": f"pbs:{done}.lab", "sge": f"sge:{done}"}
    for name, job in jobs.items():
        seats.hold(name, job)
    refused = seats.run("lockreap", "--cluster", "fab")
    farm.equal((refused.returncode, refused.stdout), (69, ""))
    farm.contains(refused.stderr, "slurmctld is that of cluster lab, not of fab")
    farm.equal(seats.held(), sorted(jobs))
    farm.contains(released(seats, "--cluster", "lab"), "released mine")
    farm.equal(seats.held(), sorted(set(jobs) - {"mine"}))


@test
def hostile_ids_harm_nothing():
    seats = Seats(cluster)
    hostile = ["slurm:", "slurm:;id", "slurm:%s%n@lab", "slurm:0@lab", "slurm:-1@lab",
               "slurm:99999999999@lab", "slurm:4294967294@lab", "slurm:1_@lab", "slurm:1_2_3@lab",
               "slurm:1@", "slurm:1@lab@lab", "slurm:1@../lab", "slurm:1@lab\x1b[2J", 'slurm:1@"}',
               "slurm:1@" + "l" * 200, "slurm:1\udcff@lab", "SLURM:1@lab", "slurm: 1@lab"]
    for number, job in enumerate(hostile):
        seats.hold(f"h{number:02}", job)
    wait_min_job_age(seats, -1)
    farm.equal(released(seats, "--bare", "--clock-skew", "0"), "")
    farm.equal(len(seats.held()), len(hostile))


@test
def a_dry_run_changes_nothing():
    seats = Seats(cluster)
    job = cluster.sbatch("-o", "/dev/null", script="#!/bin/sh\n")
    cluster.wait_state(job, "COMPLETED")
    seats.hold("x", at(job))
    seats.hold("y", "lsf:1")
    seats.queue("y", at(job))
    shown = f"{at(job)} COMPLETED: would release x of holder-x, would end the wait of waiter\n"
    farm.equal(released(seats, "--dry-run"), shown)
    farm.equal(released(seats, "-n", "--job", at(job)), shown.replace(" COMPLETED", ""))
    farm.equal((seats.held(), seats.waiters()), (["x", "y"], ["waiter"]))


@test
def a_look_can_be_read_as_json():
    seats = Seats(cluster)
    job = cluster.sbatch("-o", "/dev/null", script="#!/bin/sh\n")
    cluster.wait_state(job, "COMPLETED")
    farm.equal(json.loads(released(seats, "--json")), {"version": 1, "dry_run": False, "jobs": []})
    seats.hold("x", at(job))
    seats.queue("x", at(job))
    farm.equal(json.loads(released(seats, "--json"))["jobs"],
               [{"job": at(job), "state": "COMPLETED", "ended": 2,
                 "held": [{"owner": "holder-x", "lock": "x"}], "waited": [{"owner": "waiter"}]}])


@test
def a_job_that_slurm_has_forgotten_loses_its_seat():
    if not over:
        over.append(cluster.sbatch("-o", "/dev/null", script="#!/bin/sh\n"))
    seats = Seats(cluster)
    seats.hold("x", at(over[0]))
    farm.poll(lambda: cluster.state(over[0]) == "", "Slurm has forgotten the job", 100)
    wait_min_job_age(seats, 0)
    farm.equal(released(seats), f"{at(over[0])} not known any more: released x of holder-x\n")


if __name__ == "__main__":
    farm.main()
