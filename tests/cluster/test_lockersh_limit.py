#!/usr/bin/python3
"""Seats of jobs whose time is over.  Slurm looks at its jobs' times every 30 s, which is what this
waits for: a job with a signal before its limit, and one whose limit is set to zero."""

from support import slurm
from support.jobs import Seats, grant
from support import farm
from support.tap import test

cluster = slurm.the_cluster(settings="KillWait=1\nOverTimeLimit=0")
SLURM_LOOKS_S = 60


@test
def a_job_is_warned_and_keeps_its_seat_and_one_that_is_late_gives_it_on(folder):
    seats = Seats(cluster, folder)
    handler = "trap 'echo caught >$OUT/caught' USR1; while :; do sleep 0.2; done"
    # Its limit is far enough away for what is looked at in the end.
    warned = seats.sbatch("--time=10", "--signal=USR1@600",
                          script=f'srun lockersh --lock lic1 --exec sh -c "{handler}"\n')
    late = seats.sbatch("--time=1", script="srun lockersh --lock lic2 --exec sleep 1000\n")
    held = seats.poll_job("lic1", warned)
    seats.poll_job("lic2", late)
    waiter = seats.next_waiter("lic2")
    cluster.tell("scontrol", "update", f"JobId={late}", "TimeLimit=0")
    farm.poll(lambda: cluster.state(late) == "TIMEOUT", "Slurm ends the job", SLURM_LOOKS_S)
    seats.poll_handover("lic2", waiter)
    farm.poll(lambda: seats.read("caught"), "Slurm sends the signal", SLURM_LOOKS_S)
    farm.equal(grant(seats.locks()["lic1"]), grant(held))
    farm.equal(cluster.state(warned), "RUNNING")


if __name__ == "__main__":
    farm.main()
