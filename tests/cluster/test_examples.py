#!/usr/bin/python3
"""examples/slurm on a real cluster: the files as they are, by the commands of their README.md.
epilog-slurmctld.sh is in test_lockreap.py."""

import glob
import os
import re
import shutil
import subprocess

from support import hosts, slurm
from support.jobs import Seats
from support import farm
from support.tap import Lacks, test

EXAMPLES = os.path.join(farm.SOURCE, "examples/slurm")
LICENSES = "Licenses=lic:3"

cluster = slurm.the_cluster(settings=f"KillWait=1\n{LICENSES}")

# Each run leaves a record: task, seat, begin, end, in nanoseconds.
SIMULATE = """#!/bin/sh
begin=$(date +%s%N)
sleep "${SIMULATE_SECONDS:-0.2}"
echo "${SLURM_ARRAY_TASK_ID:-0} $LOCKERSH_LOCK $begin $(date +%s%N) $*" >>"$OUT/records"
"""


def shown(program):
    """README.md's lines that begin with a program's name, comments cut off."""
    with open(os.path.join(EXAMPLES, "README.md"), encoding="utf-8") as readme:
        lines = re.findall(rf"^{program} .*$", readme.read(), re.M)
    assert lines, f"README.md shows no {program}"
    return [line.partition("  #")[0].strip() for line in lines]


class Desk(Seats):
    """A user's folder with the examples in it, and something to simulate."""

    def __init__(self, folder):
        super().__init__(cluster, folder)
        for path in glob.glob(os.path.join(EXAMPLES, "*.sh")):
            shutil.copy(path, folder)
        simulate = slurm.program("simulate")
        with open(simulate, "w", encoding="ascii") as out:
            out.write(SIMULATE)
        os.chmod(simulate, 0o755)

    def submit(self, line, **extra):
        """Runs a command of README.md and returns the job's id."""
        assert line in shown("sbatch"), line
        done = cluster.run("sh", "-c", line, cwd=self.folder, extra=dict(self.extra, **extra))
        farm.equal((done.returncode, done.stderr), (0, ""))
        return re.fullmatch(r"Submitted batch job (\d+)\n", done.stdout)[1]

    def records(self, wanted):
        """(task, seat, begin, end, words) of each run, once there are that many."""
        farm.poll(lambda: self.read("records").count("\n") == wanted, f"{wanted} have run", 60)
        rows = [line.split(" ", 4) for line in self.read("records").splitlines()]
        return [(int(row[0]), row[1], int(row[2]), int(row[3]), row[4]) for row in rows]


def most_at_once(records):
    moments = sorted([(begin, 1) for _, _, begin, _, _ in records] +
                     [(end, -1) for _, _, _, end, _ in records])
    most = now = 0
    for _, change in moments:
        now += change
        most = max(most, now)
    return most


def check_array(records):
    """Twenty tasks, three at once and never more, no seat held by two."""
    farm.equal(sorted(task for task, *_ in records), list(range(1, 21)))
    farm.equal({seat for _, seat, *_ in records}, {"lic1", "lic2", "lic3"})
    farm.equal(most_at_once(records), 3)
    for seat in ("lic1", "lic2", "lic3"):
        farm.equal(most_at_once([record for record in records if record[1] == seat]), 1)


@test
def a_batch_job_has_one_of_two_seats(folder):
    desk = Desk(folder)
    first = desk.hold("lic1")
    job = desk.submit("sbatch seat.sh simulate --cycles 1000")
    ((_, seat, _, _, words),) = desk.records(1)
    farm.equal((seat, words), ("lic2", "--cycles 1000"))
    farm.equal(cluster.wait_state(job, "COMPLETED", "FAILED"), "COMPLETED")
    assert os.path.exists(f"{folder}/seat-{job}.log")
    farm.stop(first)


@test
def twenty_tasks_share_three_seats(folder):
    desk = Desk(folder)
    # Whoever is first waits until there is a crowd.
    holders = [desk.hold(f"lic{number}") for number in (1, 2, 3)]
    # Long enough for three to be at work at once, however late each is begun.
    desk.submit("sbatch array.sh simulate", SIMULATE_SECONDS="1")
    farm.poll(lambda: len(desk.waiters()) >= 10, "tasks wait for seats")
    for holder in holders:
        holder.kill()
        holder.wait()
    check_array(desk.records(20))


@test
def with_licenses_tasks_wait_in_slurm_and_not_on_nodes(folder):
    desk = Desk(folder)
    job = desk.submit("sbatch --licenses=lic array.sh simulate", SIMULATE_SECONDS="0.5")
    most_waited = 0
    farm.poll(lambda: cluster.tell("squeue", "-h", "-t", "RUNNING") != "", "tasks run")
    while cluster.tell("squeue", "-h", "-j", job, "-t", "PENDING,RUNNING"):
        most_waited = max(most_waited, len(desk.waiters()))
    records = desk.records(20)
    farm.equal(sorted(task for task, *_ in records), list(range(1, 21)))
    assert most_at_once(records) <= 3
    # Slurm may start the next task before the last one's end is through: that one waits a moment.
    assert most_waited <= 3, most_waited


@test
def what_desks_hold_slurm_does_not_give_out(folder):
    desk = Desk(folder)
    (line,) = shown("locksync")
    with open(os.path.join(EXAMPLES, "README.md"), encoding="utf-8") as readme:
        farm.contains(readme.read(), LICENSES)
    path = f"{os.path.join(farm.BUILD, 'bin')}:{os.environ['PATH']}"
    sync = farm.start("sh", "-c", f"exec {line} --interval 0.2", stdout=subprocess.DEVNULL,
                      env=cluster.environment(IPCLOCKER_HOST="127.0.0.1", IPCLOCKER_PORT=desk.port,
                                              PATH=path))
    desk.hold("lic2")
    farm.poll(lambda: "lic:1" in cluster.tell("scontrol", "show", "reservation"), "one is set aside")
    farm.stop(sync)
    farm.poll(lambda: "lic:1" not in cluster.tell("scontrol", "show", "reservation"), "it is back")


@test
def what_a_job_has_is_listed(folder):
    desk = Desk(folder)
    (line,) = shown("lockersh")
    job = desk.submit("sbatch seat.sh simulate --cycles 1000", SIMULATE_SECONDS="1000")
    desk.poll_job("lic1", job)
    path = f"{slurm.BUILD}/bin:{os.environ['PATH']}"
    listed = farm.run("sh", "-c", line.replace("4711", job), env=dict(desk.env, PATH=path))
    farm.equal((listed.returncode, listed.stdout.split()[0]), (0, "lic1"))


class FarHost:
    """A real sshd, which the jobs' user may reach."""

    def __init__(self, folder):
        far, keys = os.path.join(folder, "far"), os.path.join(folder, "keys")
        os.mkdir(far, 0o755)
        os.mkdir(keys, 0o755)
        self.sshd = hosts.Sshd(far)
        self.config = os.path.join(keys, "ssh_config")
        with open(self.sshd.config, encoding="utf-8") as config:
            text = config.read().replace(f"{far}/key-", f"{keys}/key-")
        with open(self.config, "w", encoding="utf-8") as out:
            out.write(text.replace("Host host-tcsh\n", "Host emu1\n").replace("key-tcsh", "key-emu1"))
        shutil.copy(os.path.join(far, "key-tcsh"), os.path.join(keys, "key-emu1"))
        for path in (*glob.glob(keys + "/*"), keys):
            os.chmod(path, 0o700 if path == keys else 0o600)
            if slurm.AS_ROOT:
                shutil.chown(path, slurm.JOB_USER)
        if not slurm.AS_ROOT:
            probe = farm.run(*self.sshd.launcher("sh").split(), "true")
            if probe.returncode != 0:
                raise Lacks(f"sshd lets {slurm.JOB_USER} not in: {probe.stderr.strip()}")
        self.extra = {"FARSTEP_SSH": f"ssh -F {self.config}", "FARSTEP_BIN": f"{slurm.BUILD}/bin"}


def far_script(desk, text):
    """What is simulated over there, where nothing of the job's environment is."""
    path = os.path.join(desk.folder, "simulate")
    with open(path, "w", encoding="ascii") as out:
        out.write(f"#!/bin/sh\n{text}\n")
    os.chmod(path, 0o755)
    return path


@test
def a_part_of_a_job_runs_on_a_far_host(folder):
    desk, far = Desk(folder), FarHost(folder)
    path = far_script(desk, 'printf "%s\\n" "$PWD" "$@" >there; exit 3')
    line = "sbatch far-step.sh emu1 simulate 'FLAGS=-O2 -g'"
    assert line in shown("sbatch"), line
    done = cluster.run("sh", "-c", line.replace("simulate", path), cwd=folder,
                       extra=dict(desk.extra, **far.extra))
    job = re.search(r"\d+", done.stdout)[0]
    farm.equal(cluster.wait_state(job, "FAILED", "COMPLETED"), "FAILED")
    farm.equal((desk.read("there"), desk.read(f"far-step-{job}.log")), (f"{folder}\nFLAGS=-O2 -g\n", ""))
    farm.contains(cluster.tell("scontrol", "show", "job", job), "ExitCode=3:0")


@test
def the_far_part_ends_with_its_job(folder):
    for scancel in (["scancel"], ["scancel", "--full", "-s", "KILL"]):
        here = os.path.join(folder, scancel[-1])
        os.mkdir(here)
        desk, far = Desk(here), FarHost(here)
        path = far_script(desk, "echo $$ >there.new; mv there.new there; exec sleep 1000")
        done = cluster.run("sbatch", "far-step.sh", "emu1", path, cwd=here,
                           extra=dict(desk.extra, **far.extra))
        job = re.search(r"\d+", done.stdout)[0]
        pid = int(farm.poll(lambda: desk.read("there"), f"it runs over there: {desk.read(f'far-step-{job}.log')}"))
        farm.equal(desk.job_of("emu1"), f"slurm:{job}@lab")
        waiter = desk.next_waiter("emu1")
        cluster.run(*scancel, job)
        farm.poll(lambda pid=pid: not farm.is_alive(pid), "the far part has ended")
        desk.poll_handover("emu1", waiter)


if __name__ == "__main__":
    farm.main()
