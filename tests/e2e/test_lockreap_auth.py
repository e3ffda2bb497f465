#!/usr/bin/python3
"""lockreap at a lockerd that asks for proofs: as its reaper it gives back what jobs of anybody hold; as
anybody else what is its user's, and says what it has left."""

import json
import os

from support import farm, munged, tap
from support.lockd import listing
from support.munge_server import ANN, BOB, serve
from support.proofs import Proof

tap.before_each(munged.require)


class Lab:
    def __init__(self, folder, *options):
        self.server, self.munge = serve(folder, "require", None, *options)
        self.env = farm.environment(IPCLOCKER_HOST="localhost", IPCLOCKER_PORT=self.server.port,
                                    IPCLOCKER_MUNGE_SOCKET=self.munge.socket)
        self.wires = []

    def hold(self, uid, lock, job):
        wire = Proof(self.server.port, self.munge, uid)
        farm.equal(wire.ask(f"user {uid}", f"job {job}", f"locks {lock}", "LOCK")["locked"], "1")
        self.wires.append(wire)

    def reap(self, uid, *words, **options):
        return farm.run("setpriv", "--reuid", uid, "--regid", uid, "--clear-groups",
                        farm.program("lockreap"), *words, env=self.env, **options)

    def held(self):
        return sorted(lock["name"] for lock in json.loads(listing(self.server.port))["locks"])


LEFT = "not released: another user's; name this user in lockerd's --reaper\n"


@tap.test
def who_is_no_reaper_is_told_what_is_left(folder):
    lab = Lab(folder)
    lab.hold(ANN, "x", "slurm:7@farm")
    for job in ("slurm:7@farm", "7@farm"):
        done = lab.reap(BOB, "--job", job)
        farm.equal((done.returncode, done.stdout, done.stderr),
                   (77, "", f"lockreap: slurm:7@farm: {LEFT}"))
    farm.equal(lab.held(), ["x"])
    # Its own goes, whatever stands beside it.
    lab.hold(BOB, "y", "slurm:7@farm")
    done = lab.reap(BOB, "--job", "slurm:7@farm")
    farm.equal((done.returncode, done.stdout, done.stderr),
               (77, "slurm:7@farm: released 1 request\n", f"lockreap: slurm:7@farm: {LEFT}"))
    farm.equal(lab.held(), ["x"])
    lab.hold(BOB, "z", "slurm:8@farm")
    ended = os.path.join(folder, "ended")
    with open(ended, "w", encoding="ascii") as out:
        out.write("slurm:7@farm\nslurm:8@farm\n")
    done = lab.reap(BOB, "--ended-from", ended)
    farm.equal((done.returncode, done.stdout, done.stderr),
               (77, "slurm:8@farm: released 1 request\n", f"lockreap: slurm:7@farm: {LEFT}"))
    # The job's own user.
    done = lab.reap(ANN, "--job", "slurm:7@farm")
    farm.equal((done.returncode, done.stdout, done.stderr),
               (0, "slurm:7@farm: released 1 request\n", ""))
    done = lab.reap(BOB, "--job", "slurm:7@farm")
    farm.equal((done.returncode, done.stdout, done.stderr), (0, "", ""))


@tap.test
def the_reaper_gives_back_what_is_anybodys(folder):
    lab = Lab(folder, "--reaper", str(BOB))
    lab.hold(ANN, "x", "slurm:7@farm")
    done = lab.reap(BOB, "--job", "slurm:7@farm")
    farm.equal((done.returncode, done.stdout, done.stderr),
               (0, "slurm:7@farm: released 1 request\n", ""))
    farm.equal(lab.held(), [])


# A qmaster that knows no job any more.
QSTAT = """#!/bin/sh
case $1 in
-j) echo 'Following jobs do not exist or permissions are not sufficient:' >&2; exit 1 ;;
-f) ;;
*) echo '<?xml version="1.0"?><job_info><queue_info></queue_info><job_info></job_info></job_info>' ;;
esac
"""


@tap.test
def a_look_at_the_scheduler_tells_what_it_has_left(folder):
    lab = Lab(folder)
    path = os.path.join(folder, "qstat")
    with open(path, "w", encoding="ascii") as out:
        out.write(QSTAT)
    os.chmod(path, 0o755)
    lab.env.update(PATH=f"{folder}:{os.environ['PATH']}", SGE_ROOT=folder)
    lab.hold(ANN, "x", "sge:6")
    lab.hold(BOB, "y", "sge:7")
    look = ("--scheduler", "sge", "--clock-skew", "0")
    farm.equal(lab.reap(BOB, *look, "--dry-run").stdout.count("would release"), 2)
    done = lab.reap(BOB, *look)
    farm.equal((done.returncode, done.stdout.count("released y")), (77, 1))
    farm.equal(done.stderr, f"lockreap: sge:6: {LEFT}")
    farm.equal(lab.held(), ["x"])


@tap.test
def who_proves_nothing_releases_nothing(folder):
    lab = Lab(folder)
    lab.hold(ANN, "x", "slurm:7@farm")
    lab.env["IPCLOCKER_AUTH"] = "none"
    done = lab.reap(BOB, "--job", "slurm:7@farm")
    farm.equal((done.returncode, done.stdout), (69, ""))
    farm.contains(done.stderr, "changes nothing for whom it does not know")
    farm.equal(lab.held(), ["x"])


if __name__ == "__main__":
    farm.main()
