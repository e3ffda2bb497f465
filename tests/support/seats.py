"""A lockerd, and requests in the names of jobs whose processes nobody sees."""

import json
import os
import time

from support import slurm
from support.lockd import start_server
from support import farm
from support.wire import Wire


def cluster_with_scripts(settings, scripts):
    """A cluster that has these scripts, {name: text}, in {folder}/etc."""
    if slurm.lacking():
        return slurm.the_cluster()
    cluster = slurm.Cluster(settings=settings)
    for name, text in scripts.items():
        path = f"{cluster.folder}/etc/{name}"
        with open(path, "w", encoding="utf-8") as script:
            script.write(text.replace("{folder}", cluster.folder))
        os.chmod(path, 0o755)
    return cluster.start().serve_all_tests()


def at(job):
    """How a lock names a job of the cluster."""
    return f"slurm:{job}@lab"


def running(cluster, *words):
    """Submits a job that sleeps, and returns its id when it runs."""
    job = cluster.sbatch("-o", "/dev/null", *words, script="#!/bin/sh\nexec sleep 300\n")
    cluster.wait_state(job, "RUNNING")
    return job


def released(seats, *words):
    """What one look of lockreap's says, which must go well."""
    done = seats.run("lockreap", *words)
    farm.equal((done.returncode, done.stderr), (0, ""))
    return done.stdout


class Seats:
    def __init__(self, cluster):
        self.port = start_server()
        self.env = cluster.environment(IPCLOCKER_HOST="127.0.0.1", IPCLOCKER_PORT=self.port)

    def ask(self, lock, job, user, block, host="elsewhere.example"):
        wire = Wire(self.port)
        wire.send("proto 2", *([f"job {job}"] if job else []), f"user {user}",
                  f"hostname {host}", "pid 4711", f"locks {lock}", f"block {block}",
                  "LOCK")
        farm.equal(wire.line(), "proto 2")
        return wire

    def hold(self, lock, job=None, **where):
        wire = self.ask(lock, job, f"holder-{lock}", 0, **where)
        farm.equal(wire.status()["locked"], "1")
        return wire

    def queue(self, lock, job, user="waiter"):
        wire = self.ask(lock, job, user, 1)
        assert wire.line().startswith("print_waiting ")
        assert wire.line().startswith("queue ")
        return wire

    def list(self):
        wire = Wire(self.port)
        wire.send("proto 2", "LIST_JSON")
        wire.line()
        size = int(wire.line().split()[1])
        while len(wire.buffer) < size + 1:
            wire.buffer += wire.socket.recv(65536)
        wire.close()
        return json.loads(wire.buffer)

    def held(self):
        return sorted(lock["name"] for lock in self.list()["locks"])

    def waiters(self):
        return sorted(waiter["owner"] for waiter in self.list()["waiters"])

    def run(self, program, *words, **extra):
        """Runs lockreap or locksync."""
        # What was asked for in the list's own millisecond is left for the next look.
        time.sleep(0.002)
        return farm.run(farm.program(program), *words, env=dict(self.env, **extra))
