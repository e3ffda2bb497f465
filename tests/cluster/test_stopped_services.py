#!/usr/bin/python3
"""lockreap and locksync, as services, stopped for a while: nobody waits for them, and all goes on."""

import subprocess
import time

from support import slurm
from support.seats import Seats, at, running
from support import farm
from support.stopped import Stopped
from support.tap import test

cluster = slurm.the_cluster(settings="MinJobAge=2\nLicenses=vcs:4")


def service(seats, name, *words):
    return farm.start(farm.program(name), "--interval", "0.1", *words, env=seats.env,
                      stdout=subprocess.DEVNULL)


def serves_others(seats, stopped):
    while not stopped.over():
        wire = seats.hold("other")
        farm.equal(wire.ask("UNLOCK")["locked"], "0")
        # Thousands of them are more than lockerd takes where few files may be open.
        wire.close()
        time.sleep(0.01)


@test
def lockreap_gives_back_what_ended_while_it_was_stopped():
    seats = Seats(cluster)
    jobs = [running(cluster) for _ in range(2)]
    reaper = service(seats, "lockreap")
    for name, job in zip("abc", (*jobs, jobs[1])):
        seats.hold(name, at(job))
    with Stopped(reaper.pid) as stopped:
        cluster.tell("scancel", jobs[0])
        # A job that has begun meanwhile is none of those it has looked at.
        jobs.append(running(cluster))
        seats.hold("d", at(jobs[2]))
        serves_others(seats, stopped)
        farm.equal(seats.held(), ["a", "b", "c", "d"])
    farm.poll(lambda: seats.held() == ["b", "c", "d"], "what the ended job had is given back")
    farm.equal(reaper.poll(), None)
    cluster.tell("scancel", *jobs[1:])


@test
def locksync_sets_aside_what_was_taken_while_it_was_stopped():
    seats = Seats(cluster)
    sync = service(seats, "locksync", "--map", "vcs=vcs[1-4]")

    def set_aside(count):
        shown = cluster.tell("scontrol", "show", "license", "vcs")
        return f"Reserved={count}" in shown

    seats.hold("vcs1")
    farm.poll(lambda: set_aside(1), "one is set aside")
    with Stopped(sync.pid) as stopped:
        seats.hold("vcs2")
        serves_others(seats, stopped)
        assert set_aside(1)
    farm.poll(lambda: set_aside(2), "two are set aside")
    sync.terminate()
    farm.equal(sync.wait(farm.PATIENCE_S), 0)
    farm.poll(lambda: set_aside(0), "nothing is set aside")


if __name__ == "__main__":
    farm.main()
