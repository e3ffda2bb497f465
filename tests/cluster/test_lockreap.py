#!/usr/bin/python3
"""lockreap gives back what jobs of a real cluster hold that are over, and nothing else."""

import json
import os
import signal
import socket
import subprocess
import time

import slurm
from seats import Seats
from slurm import farm
from tap import Lacks, test

LOCKREAP = farm.program("lockreap")

# A job's end passes through COMPLETING for as long as this takes.
EPILOG = """#!/bin/sh
while [ -e {folder}/etc/hold ]; do sleep 0.1; done
"""
SETTINGS = """MinJobAge=2
KillWait=1
Epilog={folder}/etc/epilog
EpilogSlurmctld={folder}/etc/epilog-slurmctld
SlurmdTimeout=10
UnkillableStepTimeout=10
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
PartitionName=low Nodes=n1,n2 PriorityTier=1 PreemptMode=CANCEL
PartitionName=high Nodes=n1,n2 PriorityTier=10 PreemptMode=OFF
"""

# The example, told what /etc/default/lockreap would say; without a lockerd to tell it does nothing.
EPILOG_SLURMCTLD = f"""#!/bin/sh
[ -e {{folder}}/etc/lockerd ] || exit 0
set -a
. {{folder}}/etc/lockerd
LOCKREAP={LOCKREAP}
while [ -e {{folder}}/etc/hold-slurmctld ]; do sleep 0.1; done
exec {os.path.join(farm.SOURCE, "examples", "slurm", "epilog-slurmctld.sh")}
"""

cluster = slurm.Cluster(settings=SETTINGS) if slurm.lacking() is None else slurm.the_cluster()
for name, script in (("epilog", EPILOG), ("epilog-slurmctld", EPILOG_SLURMCTLD)):
    with open(f"{cluster.folder}/etc/{name}", "w", encoding="utf-8") as file:
        file.write(script.replace("{folder}", cluster.folder))
    os.chmod(f"{cluster.folder}/etc/{name}", 0o755)
cluster.start()


def reap(seats, *words, **extra):
    return seats.run("lockreap", *words, **extra)


def released(seats, *words):
    """What one look says, which must go well."""
    done = reap(seats, *words)
    farm.equal((done.returncode, done.stderr), (0, ""))
    return done.stdout


def at(job):
    return f"slurm:{job}@lab"


def running(*words, script="#!/bin/sh\nexec sleep 300\n"):
    job = cluster.sbatch("-o", "/dev/null", *words, script=script)
    cluster.wait_state(job, "RUNNING")
    return job


# Jobs that are over, for the test that waits until Slurm has forgotten one.
over = []


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
    job = running()
    cluster.run("scancel", job)
    ends_as("CANCELLED", job)


@test
def a_job_that_was_preempted_loses_its_seat():
    job = running("-p", "low", "--no-requeue", "-n16", "-N2")
    winner = cluster.sbatch("-o", "/dev/null", "-p", "high", "-n16", "-N2", script="#!/bin/sh\n")
    ends_as("PREEMPTED", job)
    cluster.wait_state(winner, "COMPLETED", "")


@test
def a_job_whose_time_is_over_loses_its_seat():
    job = running("--no-requeue", "-t", "1")
    cluster.tell("scontrol", "update", f"JobId={job}", "EndTime=now")
    seats = Seats(cluster)
    seats.hold("x", at(job))
    farm.poll(lambda: cluster.state(job) == "TIMEOUT", "the time limit is enforced", 100)
    farm.contains(released(seats), f"{at(job)} TIMEOUT: released x")
    farm.equal(seats.held(), [])


@test
def a_job_whose_node_failed_loses_its_seat():
    job = running("--no-requeue", "-w", "n1")
    cluster.stop_daemon("n1", signal.SIGKILL)
    for pid in cluster.processes():
        if slurm.farm.is_alive(pid) and name_of(pid) in ("slurmstepd", "sleep"):
            farm.kill_pid(pid)
    cluster.tell("scontrol", "update", "NodeName=n1", "State=DOWN", "Reason=test")
    try:
        ends_as("NODE_FAIL", job)
    finally:
        cluster.start_slurmd("n1")
        cluster.tell("scontrol", "update", "NodeName=n1", "State=RESUME")
        cluster.wait_idle()


def name_of(pid):
    try:
        with open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as comm:
            return comm.read().strip()
    except OSError:
        return ""


def requeued(job):
    done = cluster.tell("scontrol", "requeue", job)
    farm.equal(done, "")
    cluster.wait_state(job, "PENDING")


@test
def a_job_that_is_queued_again_loses_what_its_run_had():
    job = running("--requeue")
    seats = Seats(cluster)
    seats.hold("x", at(job))
    requeued(job)
    farm.equal(released(seats), f"{at(job)} queued again: released x of holder-x\n")
    cluster.clear()


@test
def a_job_that_has_started_anew_keeps_what_the_new_run_asked_for():
    job = running("--requeue")
    seats = Seats(cluster)
    seats.hold("x", at(job))
    time.sleep(2)  # the times that Slurm tells are seconds
    requeued(job)

    def starts():
        # It would wait for two minutes.
        cluster.tell("scontrol", "update", f"JobId={job}", "StartTime=now")
        return cluster.state(job) == "RUNNING"

    farm.poll(starts, "the job starts anew", 60)
    time.sleep(1)
    seats.hold("y", at(job))
    seats.queue("x", at(job), "later")
    # Clocks may differ by a minute, unless somebody knows better.
    farm.equal(released(seats), "")
    farm.equal(released(seats, "--clock-skew", "0"), f"{at(job)} started anew: released x of holder-x\n")
    farm.equal(seats.held(), ["x", "y"])
    farm.equal(seats.list()["locks"][0]["owner"], "later")
    cluster.clear()


@test
def an_id_that_slurm_has_forgotten_loses_its_seat_and_a_young_one_does_not():
    seats = Seats(cluster)
    seats.hold("x", at(1000000))
    seats.hold("bare", "slurm:1000001")
    farm.equal(released(seats), "")
    farm.poll(lambda: seats.list()["locks"][0]["held_seconds"] > 2.1, "MinJobAge goes by")
    farm.equal(released(seats), f"{at(1000000)} not known any more: released x of holder-x\n")
    farm.equal(released(seats, "--bare"),
               "slurm:1000001 not known any more: released bare of holder-bare\n")
    farm.equal(seats.held(), [])


@test
def a_job_that_runs_or_is_suspended_keeps_its_seat():
    job = running()
    seats = Seats(cluster)
    seats.hold("x", at(job))
    seats.queue("x", at(job))
    farm.equal(released(seats, "--clock-skew", "0"), "")
    cluster.tell("scontrol", "suspend", job)
    cluster.wait_state(job, "SUSPENDED")
    farm.equal(released(seats, "--clock-skew", "0"), "")
    farm.equal((seats.held(), seats.waiters()), (["x"], ["waiter"]))
    cluster.tell("scontrol", "resume", job)
    cluster.clear()


@test
def a_job_that_is_completing_keeps_its_seat_until_it_has_completed():
    job = running()
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
    for task in (0, 1, 3, 9):
        seats.hold(f"t{task}", at(f"{array}_{task}"))
    cluster.run("scancel", f"{array}_1")
    cluster.wait_state(f"{array}_1", "CANCELLED")
    farm.equal(released(seats), f"slurm:{array}_1@lab CANCELLED: released t1 of holder-t1\n")
    farm.poll(lambda: seats.list()["locks"][0]["held_seconds"] > 2.1, "MinJobAge goes by")
    farm.equal(released(seats), f"slurm:{array}_9@lab not known any more: released t9 of holder-t9\n")
    farm.equal(seats.held(), ["t0", "t3"])
    cluster.clear()


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
    job, ended = running(), cluster.sbatch("-o", "/dev/null", script="#!/bin/sh\n")
    array = cluster.sbatch("-o", "/dev/null", "--array=0-3%1", script="#!/bin/sh\nexec sleep 300\n")
    cluster.wait_state(f"{array}_0", "RUNNING")
    cluster.wait_state(ended, "COMPLETED")
    seats = Seats(cluster)
    for number in range(150):
        seats.hold(f"old{number:03}", at(2000000 + number))
    for name, job_id in (("x", job), ("y", ended), ("t0", f"{array}_0"), ("t3", f"{array}_3")):
        seats.hold(name, at(job_id))
    farm.contains(released(seats), f"{at(ended)} COMPLETED: released y")
    farm.poll(lambda: seats.list()["locks"][-1]["held_seconds"] > 2.1, "MinJobAge goes by")
    released(seats)
    farm.equal(seats.held(), ["t0", "t3", "x"])
    cluster.clear()


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
                  "the job is hidden")
        farm.poll(lambda: seats.list()["locks"][0]["held_seconds"] > 2.1, "MinJobAge goes by")
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
    refused = reap(seats, "--cluster", "fab")
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
    farm.poll(lambda: seats.list()["locks"][-1]["held_seconds"] > 2.1, "MinJobAge goes by")
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


# ---- one job, without a question to Slurm ---------------------------------------------------

@test
def a_job_can_be_named():
    seats = Seats(cluster)
    for name, job in (("a", "7@lab"), ("B", "7_3=9@lab"), ("b", "7_3@lab"), ("c", "7+1@lab"),
                      ("d", "7"), ("e", "8@lab")):
        seats.hold(name, f"slurm:{job}")
    nowhere = {"SLURM_CONF": "/nonexistent"}
    for words, left in ((("--job", "7@lab"), "Bbcde"), (("--job", "7_3", "-M", "lab"), "cde"),
                        (("-j", "slurm:7+1", "--cluster", "lab"), "de"),
                        (("--job", "7", "--cluster", "lab"), "de"),
                        (("--job", "7", "--bare"), "e")):
        done = reap(seats, *words, **nowhere)
        farm.equal((done.returncode, done.stderr), (0, ""))
        farm.equal("".join(seats.held()), left)
    for words in (("--job", "7"), ("--job", "all"), ("--job", "7@"), ("--job", "")):
        done = reap(seats, *words)
        farm.equal((done.returncode, done.stdout), (64, ""))
        farm.contains(done.stderr, "lockreap: --job")


@test
def an_epilog_names_its_job_by_its_environment():
    seats = Seats(cluster)
    for name, job in (("a", "7_3@lab"), ("b", "9@lab"), ("c", "8+1@lab"), ("d", "7@lab"),
                      ("e", "7_3=9@lab"), ("f", "7_3=10@lab")):
        seats.hold(name, f"slurm:{job}")
    reap(seats, "--epilog", SLURM_JOB_ID="9", SLURM_ARRAY_JOB_ID="7", SLURM_ARRAY_TASK_ID="3",
               SLURM_CLUSTER_NAME="lab")
    farm.equal(seats.held(), ["c", "d", "f"])
    reap(seats, "--epilog", SLURM_JOB_ID="7", SLURM_HET_JOB_ID="8", SLURM_HET_JOB_OFFSET="1",
               SLURM_CLUSTER_NAME="lab")
    farm.equal(seats.held(), ["f"])
    farm.equal(reap(seats, "--epilog").returncode, 64)


def own_number(array, task):
    """The number that a task has besides."""
    shown = cluster.tell("scontrol", "show", "job", f"{array}_{task}")
    return shown.partition("JobId=")[2].partition(" ")[0]


def told_of(seats):
    """From now on the cluster's epilog releases what jobs hold at this lockerd."""
    path = f"{cluster.folder}/etc/lockerd"
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"IPCLOCKER_HOST=127.0.0.1\nIPCLOCKER_PORT={seats.port}\n")
    farm.at_end(lambda: os.unlink(path))


@test
def the_epilog_gives_back_what_each_kind_of_job_holds():
    seats = Seats(cluster)
    told_of(seats)
    take = "#!/bin/sh\n" + f"{farm.program('lockersh')} --lock $SEAT --exec sleep 300\n"
    jobs = [cluster.sbatch("-o", "/dev/null", *words, script=take.replace("$SEAT", seat),
                           extra={"IPCLOCKER_HOST": "127.0.0.1", "IPCLOCKER_PORT": seats.port})
            for seat, words in (("plain", ()), ("t$SLURM_ARRAY_TASK_ID", ("--array=1-2",)),
                                ("het", ("-n1", ":", "-n1")))]
    farm.poll(lambda: seats.held() == ["het", "plain", "t1", "t2"], "the jobs have their seats")
    shown = [lock["job"] for lock in seats.list()["locks"]]
    tasks = [at(f"{jobs[1]}_{task}={own_number(jobs[1], task)}") for task in (1, 2)]
    farm.equal(shown, [at(f"{jobs[2]}+0"), at(jobs[0]), *tasks])
    # Others of the same jobs, whose processes nobody sees.
    for number, job in enumerate(shown):
        seats.hold(f"unseen{number}", job)
    seats.queue("unseen0", shown[1])
    cluster.run("scancel", *jobs)
    farm.poll(lambda: not seats.held() and not seats.waiters(), "all is given back")


@test
def a_job_is_not_queued_again_before_the_epilog_has_ended():
    """Else the epilog could take what the next run got."""
    seats = Seats(cluster)
    job = running("--requeue")
    seats.hold("x", at(job))
    told_of(seats)
    hold = f"{cluster.folder}/etc/hold-slurmctld"
    with open(hold, "w", encoding="utf-8"):
        pass
    try:
        cluster.tell("scontrol", "requeue", job)
        cluster.tell("scontrol", "update", f"JobId={job}", "StartTime=now")
        cluster.wait_state(job, "COMPLETING")
        time.sleep(2)
        farm.equal((cluster.state(job), seats.held()), ("COMPLETING", ["x"]))
    finally:
        os.unlink(hold)
    farm.poll(lambda: not seats.held(), "the epilog releases x")
    cluster.clear()


@test
def an_epilog_without_a_lock_server_does_not_fail():
    script = os.path.join(farm.SOURCE, "examples", "slurm", "epilog-slurmctld.sh")
    for lockreap in (LOCKREAP, "/nonexistent/lockreap"):
        done = farm.run(script, env=cluster.environment(
            LOCKREAP=lockreap, IPCLOCKER_HOST="127.0.0.1", IPCLOCKER_PORT=farm.free_port(),
            SLURM_JOB_ID=7, SLURM_CLUSTER_NAME="lab"))
        farm.equal((done.returncode, done.stdout, done.stderr), (0, "", ""))


# ---- servers that do not answer -------------------------------------------------------------

def silent(seats, *words, **extra):
    """A look that gets no answer from Slurm: it says so in time, and releases nothing."""
    begun = time.monotonic()
    done = reap(seats, "--timeout", "1", *words, **extra)
    farm.equal((done.returncode, done.stdout), (69, ""))
    farm.contains(done.stderr, "lockreap: slurmctld: ")
    farm.contains(done.stderr, "nothing was released")
    assert time.monotonic() - begun < 15, done.stderr
    farm.equal(seats.held(), ["x"])


@test
def nothing_is_released_while_slurm_does_not_answer():
    job = cluster.sbatch("-o", "/dev/null", script="#!/bin/sh\n")
    cluster.wait_state(job, "COMPLETED")
    seats = Seats(cluster)
    seats.hold("x", at(job))
    silent(seats, SLURM_CONF="/nonexistent/slurm.conf")
    cluster.daemons["slurmctld"].send_signal(signal.SIGSTOP)
    try:
        silent(seats)
    finally:
        cluster.daemons["slurmctld"].send_signal(signal.SIGCONT)
    cluster.stop_daemon("slurmctld")
    try:
        silent(seats)
    finally:
        cluster.start_slurmctld()
    farm.poll(lambda: cluster.state(job) in ("COMPLETED", ""), "slurmctld is back")
    farm.poll(lambda: reap(seats).returncode == 0 and not seats.held(), "x is released")
    cluster.wait_idle()


@test
def without_jobs_slurm_is_not_asked():
    seats = Seats(cluster)
    seats.hold("x", "lsf:7")
    done = reap(seats, SLURM_CONF="/nonexistent/slurm.conf")
    farm.equal((done.returncode, done.stdout, done.stderr), (0, "", ""))


@test
def a_lock_server_that_does_not_answer_is_named():
    for words in ((), ("--job", "7@lab")):
        done = farm.run(LOCKREAP, "--host", "127.0.0.1", "--port", farm.free_port(), *words,
                        env=cluster.environment())
        farm.equal((done.returncode, done.stdout), (69, ""))
        farm.contains(done.stderr, "lockreap: no lockerd answers at 127.0.0.1:")


@test
def a_job_that_slurm_has_forgotten_loses_its_seat():
    if not over:
        over.append(cluster.sbatch("-o", "/dev/null", script="#!/bin/sh\n"))
    seats = Seats(cluster)
    seats.hold("x", at(over[0]))
    farm.poll(lambda: cluster.state(over[0]) == "", "Slurm has forgotten the job", 100)
    farm.poll(lambda: seats.list()["locks"][0]["held_seconds"] > 2.1, "MinJobAge goes by")
    farm.equal(released(seats), f"{at(over[0])} not known any more: released x of holder-x\n")


# ---- as a service ---------------------------------------------------------------------------

@test
def a_service_tells_systemd_looks_again_and_says_once_what_fails(folder):
    ready = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    ready.bind(f"{folder}/notify")
    ready.settimeout(farm.PATIENCE_S)
    farm.at_end(ready.close)
    job = running()
    seats = Seats(cluster)
    seats.hold("x", at(job))
    with open(f"{folder}/out", "w+", encoding="utf-8") as out:
        service = farm.start(LOCKREAP, "--interval", "0.1", "--timeout", "0.5", stdout=out,
                             stderr=subprocess.STDOUT,
                             env=dict(seats.env, NOTIFY_SOCKET=f"{folder}/notify"))

        def said(part=""):
            with open(f"{folder}/out", encoding="utf-8") as text:
                return [line for line in text.read().splitlines() if part in line]

        farm.equal(ready.recv(100), b"READY=1")
        cluster.daemons["slurmctld"].send_signal(signal.SIGSTOP)
        try:
            farm.poll(lambda: said("slurmctld: no answer within 0.5 s"), "the failure is told")
            time.sleep(2)
        finally:
            cluster.daemons["slurmctld"].send_signal(signal.SIGCONT)
        farm.poll(lambda: said("all servers answer again"), "the return is told")
        cluster.run("scancel", job)
        farm.poll(lambda: not seats.held(), "x is released")
        farm.poll(lambda: said("released x"), "that is told")
        farm.equal(len(said()), 3)
        service.terminate()
        farm.equal(service.wait(farm.PATIENCE_S), 0)


if __name__ == "__main__":
    farm.main()
