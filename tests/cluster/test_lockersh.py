#!/usr/bin/python3
"""lockersh in jobs of Slurm's: however they end, the seat goes to the next waiter."""

from support import slurm
from support.jobs import Seats, grant
from support import farm
from support.tap import test

cluster = slurm.the_cluster(settings="KillWait=1")

# How a job may run its command under a lock.
ARRANGEMENTS = {
    "exec": "exec lockersh --lock exec --exec sleep 1000\n",
    "child": "lockersh --lock child --exec sleep 1000\necho went on\n",
    "line": "lockersh --lock line 'sleep 1000; echo went on'\n",
    "step": "srun lockersh --lock step --exec sleep 1000\necho went on\n",
}
STEP = ARRANGEMENTS["step"]


def end_by(seats, *scancel):
    """Has a job of each arrangement ended, with a waiter behind it."""
    jobs = {lock: seats.sbatch(script=script) for lock, script in ARRANGEMENTS.items()}
    for lock, job in jobs.items():
        holder = seats.poll_job(lock, job)
        waiter = seats.next_waiter(lock)
        done = cluster.run(*scancel, job)
        farm.equal((lock, done.returncode, done.stderr), (lock, 0, ""))
        seats.poll_handover(lock, waiter)
        assert not farm.is_alive(holder["pid"]), lock


@test
def the_jobs_id_is_in_the_list(folder):
    seats = Seats(cluster, folder)
    script = "lockersh --lock $LOCK --exec sleep 1000\n"
    seats.extra["LOCK"] = "batch"
    batch = seats.sbatch(script=script)
    seats.poll_job("batch", batch)
    seats.extra["LOCK"] = "step"
    step = seats.sbatch(script="srun " + script)
    seats.poll_job("step", step)
    waiting = seats.sbatch(script=script)
    farm.poll(lambda: [w["job"] for w in seats.waiters()] == [f"slurm:{waiting}@lab"], "it waits")
    shown = seats.run("--locklist", "--job", batch).stdout
    farm.equal(shown.split()[::2], ["batch"])


@test
def tasks_of_an_array_are_told_apart(folder):
    seats = Seats(cluster, folder)
    job = seats.sbatch("--array=3-4", script="lockersh --lock a$SLURM_ARRAY_TASK_ID --exec sleep 1000\n")
    for task in (3, 4):
        farm.poll(lambda task=task: seats.job_of(f"a{task}"), f"task {task} has its lock")
        seats.poll_job(f"a{task}", f"{job}_{task}={seats.own_number(job, task)}")
    farm.equal(seats.run("--locklist", "--job", f"{job}_3").stdout.split()[::2], ["a3"])
    farm.equal(seats.run("--locklist", "--job", job).stdout.split()[::2], ["a3", "a4"])


@test
def components_of_a_heterogeneous_job_are_told_apart(folder):
    seats = Seats(cluster, folder)
    job = seats.sbatch("-w", "n1", ":", "-w", "n2",
                       script="srun --het-group=0,1 lockersh --lock lic1:lic2 --exec sleep 1000\n")
    farm.poll(lambda: len(seats.locks()) == 2, "both have a seat")
    farm.equal({seats.job_of("lic1"), seats.job_of("lic2")},
               {f"slurm:{job}+0@lab", f"slurm:{job}+1@lab"})
    listed = seats.run("--locklist", "--job", f"{job}+1").stdout.split()
    farm.equal((len(listed), seats.job_of(listed[0])), (2, f"slurm:{job}+1@lab"))
    cluster.run("scancel", job)
    farm.poll(lambda: not seats.locks(), "both are given back")


@test
def a_job_that_a_task_submits_keeps_its_seat_when_the_task_ends(folder):
    """sbatch hands the task's variables on, so that the job seems to be that task."""
    seats = Seats(cluster, folder)
    script = f"sbatch -o {folder}/job.nested --wrap 'exec lockersh --lock lic1 --exec sleep 1000'\n"
    array = seats.sbatch("--array=3", script=script)
    entry = farm.poll(lambda: seats.locks().get("lic1"), "the job has its seat")
    cluster.wait_state(f"{array}_3", "COMPLETED")
    nested = seats.output().partition("Submitted batch job ")[2].split()[0]
    farm.equal(cluster.state(nested), "RUNNING")
    for words in ((), ("--epilog",)):
        extra = {"SLURM_JOB_ID": array, "SLURM_ARRAY_JOB_ID": array, "SLURM_ARRAY_TASK_ID": "3",
                 "SLURM_CLUSTER_NAME": cluster.name} if words else {}
        done = farm.run(farm.program("lockreap"), *words,
                        env={**cluster.environment(), **seats.extra, **extra})
        farm.equal((done.returncode, done.stdout, done.stderr), (0, "", ""))
    farm.equal(grant(seats.locks()["lic1"]), grant(entry))
    cluster.run("scancel", nested)
    seats.poll_free("lic1")


@test
def scancel_gives_the_seat_on(folder):
    end_by(Seats(cluster, folder), "scancel")


@test
def scancel_with_kill_gives_the_seat_on(folder):
    end_by(Seats(cluster, folder), "scancel", "--full", "-s", "KILL")


@test
def a_job_that_waits_leaves_the_queue_with_scancel(folder):
    seats = Seats(cluster, folder)
    holder = seats.hold("step")
    job = seats.sbatch(script=STEP)
    farm.poll(seats.waiters, "the job waits")
    waiter = seats.next_waiter("step")
    cluster.run("scancel", job)
    farm.poll(lambda: [entry["pid"] for entry in seats.waiters()] == [waiter.pid], "it has left")
    farm.stop(holder)
    seats.poll_handover("step", waiter)


@test
def a_requeued_job_stands_in_line_again(folder):
    seats = Seats(cluster, folder)
    job = seats.sbatch("--requeue", script=STEP)
    first = seats.poll_job("step", job)
    waiter = seats.next_waiter("step")
    cluster.tell("scontrol", "requeue", job)
    seats.poll_held("step", waiter.pid)
    cluster.wait_state(job, "PENDING")
    cluster.start_again(job)
    farm.poll(lambda: [entry["job"] for entry in seats.waiters()] == [f"slurm:{job}@lab"],
              "its second run waits")
    farm.stop(waiter)
    assert grant(seats.poll_job("step", job)) != grant(first)


@test
def a_step_whose_processes_are_killed_with_its_monitor_gives_the_seat_on(folder):
    seats = Seats(cluster, folder)
    job = seats.sbatch(script=STEP)
    holder = seats.poll_job("step", job)
    waiter = seats.next_waiter("step")
    for pid in (*seats.monitors("sleep"), holder["pid"]):
        farm.kill_pid(pid)
    seats.poll_handover("step", waiter)


@test
def a_signal_reaches_the_command_which_keeps_the_lock(folder):
    seats = Seats(cluster, folder)
    handler = "trap 'echo caught >$OUT/caught' USR1; echo >$OUT/ready; while :; do sleep 0.05; done"
    job = seats.sbatch(script=f'srun lockersh --lock step --exec sh -c "{handler}"\n')
    held = seats.poll_job("step", job)
    farm.poll(lambda: seats.read("ready"), "the command runs")
    cluster.run("scancel", "-s", "USR1", job)
    farm.poll(lambda: seats.read("caught"), "the signal was caught")
    farm.equal(grant(seats.locks()["step"]), grant(held))
    assert farm.is_alive(held["pid"]) and seats.monitors("sh")


@test
def a_stopped_job_keeps_its_seat(folder):
    seats = Seats(cluster, folder)
    job = seats.sbatch(script=STEP)
    held = seats.poll_job("step", job)
    waiter = seats.next_waiter("step")
    cluster.tell("scontrol", "suspend", job)
    cluster.wait_state(job, "SUSPENDED")
    cluster.tell("scontrol", "resume", job)
    cluster.wait_state(job, "RUNNING")
    farm.equal(grant(seats.locks()["step"]), grant(held))
    cluster.run("scancel", job)
    seats.poll_handover("step", waiter)


if __name__ == "__main__":
    farm.main()
