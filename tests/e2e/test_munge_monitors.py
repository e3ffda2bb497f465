#!/usr/bin/python3
"""What goes on with grants when those who took them are gone: monitors of other users, and thousands
of them at once behind a restart."""

import os
import resource
import shutil
import subprocess
import time

from support import farm, munged, tap
from support.libmunge import Maker
from support.lockd import serves
from support.locking import Farm
from support.munge_server import ANN, BOB, serve
from support.proofs import Proof
from support.users import as_user
from support.wire import Wire

tap.before_each(munged.require)

CROWD = 10000
AT_ONCE = 500  # as a listen queue has room for


@tap.test
def a_grants_key_serves_another_user(folder):
    server, munge = serve(folder)
    ann = Proof(server.port, munge, ANN)
    token = ann.ask("user ann", "locks x", "LOCK")["token"]
    other = ann.ask("user ann", "locks y", "LOCK")["token"]
    munge.stop()
    # The kernel says that it is Bob; and he has the key of one of her grants.
    bob = Proof(wire=as_user(BOB, lambda: Wire(path=server.path)))
    farm.equal(bob.method, "socket")
    bob.prove_grant(token, ann.grant_key(token))
    farm.equal(bob.ask("user ann", "locks x", f"RENEW {token}")["token"], token)
    farm.equal(bob.ask("user ann", "locks y", f"RENEW {other}")["error-code"], "not-owner")
    farm.equal(bob.ask("user ann", "locks x", "UNLOCK")["locked"], "0")
    # What he takes is his own all the same.
    farm.equal(bob.ask("user bob", "locks z", "LOCK")["locked"], "1")
    farm.equal(server.held(), {"y": "ann", "z": "bob"})


@tap.test
def a_monitor_speaks_for_a_job_that_has_become_another_user(folder):
    server, munge = serve(folder, "require")
    jobs = Farm(server.port)
    # As sudo is: whoever runs it becomes Bob.
    becomes_bob = os.path.join(folder, "become")
    shutil.copy(shutil.which("setpriv"), becomes_bob)
    os.chmod(becomes_bob, 0o4755)
    job = farm.start("setpriv", "--reuid", ANN, "--regid", ANN, "--clear-groups",
                     farm.program("lockersh"), "--lock", "x", "--exec", becomes_bob, "--reuid", BOB,
                     "--clear-groups", "sh", "-c", "echo ready; exec sleep 1000",
                     env={**jobs.env, "IPCLOCKER_MUNGE_SOCKET": munge.socket}, stdout=subprocess.PIPE)
    farm.equal(job.stdout.readline(), b"ready\n")
    farm.equal(os.stat(f"/proc/{job.pid}").st_uid, BOB)
    munge.stop()
    server.restart(*server.options)
    lock = jobs.locks()["x"]
    farm.equal((lock["uid"], lock["proof"], lock["pid"]), (ANN, "munge", job.pid))
    job.kill()
    job.wait()
    farm.poll(lambda: server.held() == {}, "it is given back")


class Session:
    """One of many that hold a lock each."""

    def __init__(self, number):
        self.lines = (f"user owner{number}", f"locks x{number}", "session 1")
        self.token = self.key = None

    def begin(self, port):
        self.proof = Proof.__new__(Proof)
        Wire.__init__(self.proof, port)
        self.proof.chain, self.proof.key = None, os.urandom(16)
        self.proof.send("proto 2", "auth")

    def hear_nonce(self):
        farm.equal(self.proof.line(), "proto 2")
        self.proof.nonce = bytes.fromhex(self.proof.line().split()[2])

    def take(self, maker):
        self.proof.prove(maker.credential(self.proof.payload()))
        self.proof.send(*self.lines, "LOCK")

    def hear_grant(self):
        status = self.proof.status()
        farm.equal(status["locked"], "1")
        self.token = status["token"]
        self.key = self.proof.grant_key(self.token)

    def go_on(self):
        self.proof.prove_grant(self.token, self.key)
        self.proof.send(*self.lines, f"RENEW {self.token}")

    def hear_again(self):
        farm.equal(self.proof.status()["token"], self.token)


def each(sessions, *steps):
    """Takes them all through the steps, some at a time."""
    for first in range(0, len(sessions), AT_ONCE):
        for step in steps:
            for session in sessions[first:first + AT_ONCE]:
                step(session)


@tap.test
def ten_thousand_sessions_come_back_behind_a_restart_without_munge(folder):
    files = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files[1] < CROWD + 2000:
        raise tap.Lacks(f"needs {CROWD + 2000} open files, the limit is {files[1]}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (files[1], files[1]))
    server, munge = serve(folder)
    maker = Maker(munge.socket, munge.reader)
    sessions = [Session(number) for number in range(CROWD)]
    begun = time.monotonic()
    each(sessions, lambda one: one.begin(server.port), Session.hear_nonce,
         lambda one: one.take(maker), Session.hear_grant)
    print(f"# {CROWD} proofs and grants in {time.monotonic() - begun:.1f} s", flush=True)
    munge.stop()
    server.restart(*server.options)
    for session in sessions:
        session.proof.close()
    slowest = 0
    begun = time.monotonic()
    for first in range(0, CROWD, AT_ONCE):
        some = sessions[first:first + AT_ONCE]
        each(some, lambda one: one.begin(server.port), Session.hear_nonce, Session.go_on)
        before = time.monotonic()
        assert serves(server.port)
        slowest = max(slowest, time.monotonic() - before)
        each(some, Session.hear_again)
    took = time.monotonic() - begun
    print(f"# {CROWD} sessions are back in {took:.1f} s; somebody else waited "
          f"{slowest * 1000:.1f} ms at most", flush=True)
    farm.equal(len(server.held()), CROWD)
    assert took < 120 and slowest < 5, (took, slowest)
    # Each of them is proven again: it can give back what it has, and nothing else.
    farm.equal(sessions[7].proof.ask("user owner8", "locks x8", "UNLOCK")["error-code"], "not-owner")
    each(sessions, lambda one: one.proof.send("UNLOCK") if one is not sessions[7] else None)
    farm.poll(lambda: server.held() == {"x7": "owner7"}, "they are given back")


if __name__ == "__main__":
    farm.main()
