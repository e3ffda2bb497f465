#!/usr/bin/python3
"""How lockreap is called: for one job, by the epilog, as a service, and without its servers."""

import os
import signal
import socket
import subprocess
import time

from support.seats import Seats, at, cluster_with_scripts, running
from support import farm, slurm
from support.tap import test

LOCKREAP = farm.program("lockreap")

# The example, told what /etc/default/lockreap would say; without a lockerd to tell it does nothing.
EPILOG_SLURMCTLD = f"""#!/bin/sh
[ -e {{folder}}/etc/lockerd ] || exit 0
set -a
. {{folder}}/etc/lockerd
LOCKREAP={LOCKREAP}
while [ -e {{folder}}/etc/hold-slurmctld ]; do sleep 0.1; done
exec {os.path.join(farm.SOURCE, "examples", "slurm", "epilog-slurmctld.sh")}
"""

cluster = cluster_with_scripts("MinJobAge=2\nEpilogSlurmctld={folder}/etc/epilog-slurmctld",
                               {"epilog-slurmctld": EPILOG_SLURMCTLD})


@test
def a_job_can_be_named():
    seats = Seats(cluster)
    for name, job in (("a", "7@lab"), ("B", "7_3=9@lab"), ("b", "7_3@lab"), ("c", "7+1@lab"),
                      ("d", "7"), ("e", "8@lab")):
        seats.hold(name, f"slurm:{job}")
    nowhere = {"SLURM_CONF": "/nonexistent"}
    for words, left in ((("--job", "7@lab"), "Bbcde"), (("--job", "7_3", "-M", "lab"), "cde"),
                        (("-j", "slurm:7+1", "--cluster", "lab"), "de"),
                        (("--job", "7", "--bare"), "e")):
        done = seats.run("lockreap", *words, **nowhere)
        farm.equal((done.returncode, done.stderr), (0, ""))
        farm.equal("".join(seats.held()), left)
    for words in (("--job", "7"), ("--job", "all"), ("--job", "7@"), ("--job", "")):
        done = seats.run("lockreap", *words)
        farm.equal((done.returncode, done.stdout), (64, ""))
        farm.contains(done.stderr, "lockreap: --job")


@test
def an_epilog_names_its_job_by_its_environment():
    seats = Seats(cluster)
    for name, job in (("a", "7_3@lab"), ("b", "9@lab"), ("c", "8+1@lab"), ("d", "7@lab"),
                      ("e", "7_3=9@lab"), ("f", "7_3=10@lab")):
        seats.hold(name, f"slurm:{job}")
    seats.run("lockreap", "--epilog", SLURM_JOB_ID="9", SLURM_ARRAY_JOB_ID="7", SLURM_ARRAY_TASK_ID="3",
               SLURM_CLUSTER_NAME="lab")
    farm.equal(seats.held(), ["c", "d", "f"])
    seats.run("lockreap", "--epilog", SLURM_JOB_ID="7", SLURM_HET_JOB_ID="8", SLURM_HET_JOB_OFFSET="1",
               SLURM_CLUSTER_NAME="lab")
    farm.equal(seats.held(), ["f"])
    farm.equal(seats.run("lockreap", "--epilog").returncode, 64)


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
    take = "#!/bin/sh\n" + f"{slurm.program('lockersh')} --lock $SEAT --exec sleep 300\n"
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
    job = running(cluster, "--requeue")
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


@test
def an_epilog_without_a_lock_server_does_not_fail():
    script = os.path.join(farm.SOURCE, "examples", "slurm", "epilog-slurmctld.sh")
    for lockreap in (LOCKREAP, "/nonexistent/lockreap"):
        done = farm.run(script, env=cluster.environment(
            LOCKREAP=lockreap, IPCLOCKER_HOST="127.0.0.1", IPCLOCKER_PORT=farm.silent_port(),
            SLURM_JOB_ID=7, SLURM_CLUSTER_NAME="lab"))
        farm.equal((done.returncode, done.stdout, done.stderr), (0, "", ""))


def silent(seats, *words, **extra):
    """A look that gets no answer from Slurm: it says so in time, and releases nothing."""
    begun = time.monotonic()
    done = seats.run("lockreap", "--timeout", "1", *words, **extra)
    farm.equal((done.returncode, done.stdout), (69, ""))
    farm.contains(done.stderr, "lockreap: slurmctld: ")
    farm.contains(done.stderr, "nothing was released")
    assert time.monotonic() - begun < 15, done.stderr
    farm.equal(done.stderr.count("lockreap: "), 1)
    farm.equal(seats.held(), ["x"])


@test
def nothing_is_released_while_slurm_does_not_answer():
    job = cluster.sbatch("-o", "/dev/null", script="#!/bin/sh\n")
    cluster.wait_state(job, "COMPLETED")
    seats = Seats(cluster)
    seats.hold("x", at(job))
    silent(seats, SLURM_CONF="/nonexistent/slurm.conf")
    silent(seats, SLURM_CONF="/etc/passwd")
    farm.freeze(cluster.daemons["slurmctld"].pid)
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
    farm.poll(lambda: seats.run("lockreap").returncode == 0 and not seats.held(), "x is released")
    cluster.wait_idle()


@test
def without_jobs_slurm_is_not_asked():
    seats = Seats(cluster)
    seats.hold("x", "lsf:7")
    done = seats.run("lockreap", SLURM_CONF="/nonexistent/slurm.conf")
    farm.equal((done.returncode, done.stdout, done.stderr), (0, "", ""))


@test
def what_has_the_same_number_is_named_where_the_cluster_or_the_part_is_missing():
    seats = Seats(cluster)
    for name, job in (("a", "7@west"), ("b", "7_3=9@lab"), ("c", "8@lab")):
        seats.hold(name, f"slurm:{job}")
    known = "the lock server knows of slurm:7@west, slurm:7_3=9@lab\n"
    done = seats.run("lockreap", "--job", "7")
    farm.equal((done.returncode, done.stdout), (64, ""))
    farm.contains(done.stderr, f"--job 7: of which cluster? say --cluster NAME, or --bare for an id without one; {known}")
    done = seats.run("lockreap", "--job", "7@lab")
    farm.equal((done.returncode, done.stdout, done.stderr),
               (0, "", f"lockreap: --job 7@lab: nothing to release; {known}"))
    done = seats.run("lockreap", "--job", "9@lab", "--dry-run")
    farm.contains(done.stderr, "the lock server knows of slurm:7_3=9@lab\n")
    farm.equal("".join(seats.held()), "abc")


@test
def a_lock_server_that_does_not_answer_is_named():
    for words in ((), ("--job", "7@lab")):
        done = farm.run(LOCKREAP, "--host", "127.0.0.1", "--port", farm.silent_port(), *words,
                        env=cluster.environment())
        farm.equal((done.returncode, done.stdout), (69, ""))
        farm.contains(done.stderr, "lockreap: no lockerd answers at 127.0.0.1:")


@test
def a_service_tells_systemd_looks_again_and_says_once_what_fails(folder):
    ready = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    ready.bind(f"{folder}/notify")
    ready.settimeout(farm.PATIENCE_S)
    farm.at_end(ready.close)
    job = running(cluster)
    seats = Seats(cluster)
    seats.hold("x", at(job))
    with open(f"{folder}/out", "w+", encoding="utf-8") as out:
        service = farm.start(LOCKREAP, "--interval", "0.1", "--timeout", "2", stdout=out,
                             stderr=subprocess.STDOUT,
                             env=dict(seats.env, NOTIFY_SOCKET=f"{folder}/notify"))

        def said(part=""):
            with open(f"{folder}/out", encoding="utf-8") as text:
                return [line for line in text.read().splitlines() if part in line]

        farm.equal(ready.recv(100), b"READY=1")
        farm.freeze(cluster.daemons["slurmctld"].pid)
        try:
            farm.poll(lambda: said("slurmctld: no answer within 2.0 s"), "the failure is told")
            time.sleep(3)  # and once only
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
