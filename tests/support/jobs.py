"""What the tests of locks in Slurm's jobs share: a lock server, and jobs that find it and our programs."""

import os

from support import farm, locking, slurm


def grant(lock):
    """What tells a lock of a list from the same one granted again."""
    return lock["owner"], lock["pid"], lock["held_since"]


class Seats(locking.Farm):
    """A lock server for the jobs of a cluster, or one that is there at a port.  folder is the test's
    own; its jobs may write there."""

    def __init__(self, cluster, folder, port=None):
        # What a test leaves behind ends before the server does.
        super().__init__(port)
        self.cluster, self.folder = cluster, folder
        os.chmod(folder, 0o1777)
        self.extra = {"IPCLOCKER_HOST": "127.0.0.1", "IPCLOCKER_PORT": str(self.port),
                      "PATH": f"{slurm.BUILD}/bin:{os.environ['PATH']}", "OUT": folder}
        farm.at_end(cluster.clear)

    def sbatch(self, *words, script):
        """Submits a script's text and returns the job's id."""
        return self.cluster.sbatch("-o", f"{self.folder}/job.%j.out", *words, extra=self.extra,
                                   script="#!/bin/sh\n" + script)

    def srun(self, *words):
        return self.cluster.start_command("srun", *words, extra=self.extra)

    def job_of(self, lock):
        """The scheduler's job that holds a lock, or None."""
        return self.locks().get(lock, {}).get("job")

    def own_number(self, array, task):
        """The number that a task of an array has besides."""
        shown = self.cluster.tell("scontrol", "show", "job", f"{array}_{task}")
        return shown.partition("JobId=")[2].partition(" ")[0]

    def poll_job(self, lock, job):
        """Waits until a job holds a lock, and returns the entry of the list."""
        job = f"slurm:{job}@{self.cluster.name}"
        farm.poll(lambda: self.job_of(lock) == job, f"{job} holds {lock}, see\n{self.output()}")
        return self.locks()[lock]

    def next_waiter(self, lock):
        """Somebody outside of Slurm who wants a lock next."""
        return self.wait_for(lock, "--exec", command=("sleep", "1000"))

    def poll_handover(self, lock, waiter):
        """Waits until the seat has gone to the next waiter, and from there back to nobody."""
        self.poll_held(lock, waiter.pid)
        farm.stop(waiter)
        self.poll_free(lock)

    def read(self, name):
        """What a job has written to a file, so far."""
        try:
            with open(os.path.join(self.folder, name), encoding="utf-8") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def output(self):
        return "\n".join(self.read(name) for name in sorted(os.listdir(self.folder))
                         if name.startswith("job."))
