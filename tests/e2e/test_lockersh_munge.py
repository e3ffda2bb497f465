#!/usr/bin/python3
"""lockersh proves who it is, by itself, where there is munge."""

import json
import signal
import subprocess

from support import farm, munged, tap
from support.lockd import Server, listing
from support.munged import Munged

tap.before_each(munged.require)

ANN = 41001
LOCKERSH = farm.program("lockersh")


class Lab:
    def __init__(self, folder, auth="require"):
        self.munge = Munged(folder)
        self.options = ("--auth", auth, "--munge-socket", self.munge.socket, "--pidstat-port",
                        "none")
        self.server = Server(folder, *self.options)
        self.env = farm.environment(IPCLOCKER_HOST="localhost", IPCLOCKER_PORT=self.server.port,
                                    IPCLOCKER_MUNGE_SOCKET=self.munge.socket)

    def command(self, *words):
        return ("setpriv", "--reuid", ANN, "--regid", ANN, "--clear-groups", LOCKERSH, *words)

    def run(self, *words, **env):
        return farm.run(*self.command(*words), env={**self.env, **env})

    def hold(self, lock, *words, **env):
        job = farm.start(*self.command("--lock", lock, *words, "echo ready; exec sleep 1000"),
                         env={**self.env, **env}, stdout=subprocess.PIPE)
        farm.equal(job.stdout.readline(), b"ready\n")
        return job

    def locks(self):
        return {lock["name"]: lock for lock in json.loads(listing(self.server.port))["locks"]}


@tap.test
def a_job_has_its_lock_as_its_user(folder):
    lab = Lab(folder)
    job = lab.hold("x")
    farm.equal((lab.locks()["x"]["uid"], lab.locks()["x"]["proof"]), (ANN, "munge"))
    waiter = farm.start(*lab.command("--lock", "x", "echo seat $LOCKERSH_LOCK"), env=lab.env,
                        stdout=subprocess.PIPE)
    farm.poll(lambda: lab.locks()["x"]["waiting"] == 1, "it waits")
    job.kill()
    job.wait()
    farm.equal(waiter.stdout.readline(), b"seat x\n")
    farm.poll(lambda: lab.locks() == {}, "all is given back")
    # Each kind of request, and several groups.
    farm.equal(lab.run("--lock", "a:b:c", "--count", "2", "--and", "d", "true").returncode, 0)
    job = lab.hold("y")
    farm.contains(lab.run("--break", "y").stdout, "y was taken from")
    farm.contains(lab.run("--ping").stdout, f"\nit knows you as uid {ANN}, by munge\n")
    farm.equal(lab.run("--owner", "y").returncode, 1)


@tap.test
def a_monitor_goes_on_by_the_key_of_its_grant(folder):
    lab = Lab(folder)
    job = lab.hold("x")
    since = lab.locks()["x"]["held_since"]
    lab.munge.stop()
    lab.server.restart(*lab.options)
    farm.poll(lambda: "x" in lab.locks(), "it is held")
    farm.equal(lab.locks()["x"]["held_since"], since)
    job.kill()
    job.wait()
    farm.poll(lambda: lab.locks() == {}, "it is given back without munge", 40)


@tap.test
def who_cannot_prove_anything_is_told_so(folder):
    lab = Lab(folder)
    done = lab.run("--lock", "x", "true", IPCLOCKER_AUTH="none")
    assert done.returncode == 69, done
    farm.contains(done.stderr, "changes nothing for whom it does not know")


@tap.test
def without_munged_locks_are_claimed_as_ever(folder):
    lab = Lab(folder, "munge")
    lab.munge.stop()
    job = lab.hold("x", IPCLOCKER_AUTH="munge")
    farm.equal(lab.locks()["x"]["proof"], "claimed")
    # The server has told the key of that grant.
    lab.server.restart(*lab.options)
    job.kill()
    job.wait()
    farm.poll(lambda: lab.locks() == {}, "it is given back", 40)


@tap.test
def a_munged_that_hangs_costs_two_seconds(folder):
    lab = Lab(folder, "munge")
    farm.freeze(lab.munge.process.pid)
    try:
        job = lab.hold("x")
        farm.equal(lab.locks()["x"]["proof"], "claimed")
        job.kill()
        job.wait()
        farm.poll(lambda: lab.locks() == {}, "it is given back", 40)
    finally:
        lab.munge.process.send_signal(signal.SIGCONT)


@tap.test
def a_server_without_proofs_is_talked_to_as_ever(folder):
    lab = Lab(folder, "none")
    job = lab.hold("x")
    farm.equal(lab.locks()["x"]["proof"], "claimed")
    farm.contains(lab.run("--ping").stdout, "\nit knows you by what you claim alone\n")
    job.kill()
    job.wait()
    farm.poll(lambda: lab.locks() == {}, "it is given back")


if __name__ == "__main__":
    farm.main()
