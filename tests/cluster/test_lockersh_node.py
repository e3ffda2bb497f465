#!/usr/bin/python3
"""Seats of jobs whose node crashes: nobody there is left to give them back, or to be asked."""

import contextlib
import signal

from support import slurm
from support.jobs import Seats
from support import farm
from support.locking import start_blind_server
from support.tap import test

cluster = slurm.the_cluster()


def seats_of_another_machine(folder):
    """A lock server that cannot see the nodes' processes: where it looks it sees them end."""
    _, port = start_blind_server()
    return Seats(cluster, folder, port)


def job_on_a_machine_of_its_own(seats, *words):
    """A job on a node that crashes whole; returns its number, when it holds the seat."""
    cluster.put_apart("n2")
    job = seats.sbatch("-w", "n2", *words, script="exec lockersh --lock lic1 --exec sleep 1000\n")
    entry = seats.poll_job("lic1", job)
    farm.contains(entry["owner"], f"_{entry['pid']}.")  # of another pid namespace
    return job


def crash():
    """Ends every process of the node at once, and has Slurm know."""
    # A machine is gone at once: nothing on it sees the end of anything else, and tells of it; and
    # what one of them starts meanwhile goes, too.
    at_work = []
    while found := [pid for pid in cluster.processes()
                    if b"SLURMD_NODENAME=n2" in environment(pid) and pid not in at_work]:
        for pid in found:
            with contextlib.suppress(ProcessLookupError, FileNotFoundError):
                farm.freeze(pid)
        at_work += found
    cluster.stop_daemon("n2", signal.SIGKILL)
    farm.poll(lambda: not any(map(farm.is_alive, at_work)), "all processes of the node are gone")
    assert at_work
    cluster.tell("scontrol", "update", "NodeName=n2", "State=DOWN", "Reason=crashed")


def environment(pid):
    try:
        with open(f"/proc/{pid}/environ", "rb") as environ:
            return environ.read().split(b"\0")
    except OSError:
        return []


def boot():
    cluster.start_slurmd("n2")
    cluster.wait_idle()


def lockreap(seats):
    """Has it look once; returns what it says."""
    done = farm.run(farm.program("lockreap"), env={**cluster.environment(), **seats.extra})
    farm.equal((done.returncode, done.stderr), (0, ""))
    return done.stdout


def still_held(seats, job):
    return seats.job_of("lic1") == f"slurm:{job}@lab"


@test
def a_job_whose_node_fails_gives_its_seat_on_by_lockreap(folder):
    farm.at_end(boot)
    seats = seats_of_another_machine(folder)
    job = job_on_a_machine_of_its_own(seats, "--no-requeue")
    waiter = seats.next_waiter("lic1")
    farm.equal(lockreap(seats), "")
    crash()
    cluster.wait_state(job, "NODE_FAIL")
    assert still_held(seats, job), "silence was taken for death"
    farm.contains(lockreap(seats), "NODE_FAIL")
    seats.poll_handover("lic1", waiter)


@test
def a_job_that_is_queued_again_as_its_node_fails_stands_in_line_again(folder):
    farm.at_end(boot)
    seats = seats_of_another_machine(folder)
    job = job_on_a_machine_of_its_own(seats, "--requeue")
    waiter = seats.next_waiter("lic1")
    crash()
    cluster.wait_state(job, "PENDING")
    assert still_held(seats, job), "silence was taken for death"
    farm.contains(lockreap(seats), job)
    seats.poll_held("lic1", waiter.pid)
    cluster.tell("scontrol", "update", f"JobId={job}", "ReqNodeList=")
    cluster.start_again(job)
    farm.poll(lambda: [entry["job"] for entry in seats.waiters()] == [f"slurm:{job}@lab"],
              "its second run waits")
    farm.equal(lockreap(seats), "")
    farm.stop(waiter)
    seats.poll_job("lic1", job)


if __name__ == "__main__":
    farm.main()
