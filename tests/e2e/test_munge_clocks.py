#!/usr/bin/python3
"""Clocks that are a year off: what credentials are good for then, and that grants go on."""

import json

from support import farm, munged, tap
from support.clocks import MINUTE, YEAR, Clock
from support.lockd import Server, listing
from support.munge_server import ANN, refused
from support.munged import Munged
from support.proofs import Proof

tap.before_each(munged.require)


class Lab:
    """A server and its munged, on a machine whose clock is set."""

    def __init__(self, folder, auth="munge"):
        self.clock = Clock(folder)
        self.munge = Munged(folder, before=self.clock.before)
        self.server = Server(folder, "--auth", auth, "--munge-socket", self.munge.socket,
                             "--pidstat-port", "none", **self.clock.environment)
        self.options = ("--auth", auth, "--munge-socket", self.munge.socket, "--pidstat-port",
                        "none")
        self.munge.reader = Proof(self.server.port).reader

    def proof(self, munge=None):
        return Proof(self.server.port, munge or self.munge, ANN)

    def lock(self, name):
        return {lock["name"]: lock for lock in json.loads(listing(self.server.port))["locks"]}[name]


@tap.test
def proofs_and_grants_go_on_whatever_the_servers_clock_does(folder):
    lab = Lab(folder)
    ann = lab.proof()
    token = ann.ask("user ann", "locks x", "LOCK")["token"]
    key = ann.grant_key(token)
    for leap in (YEAR, -YEAR, 0):
        lab.clock.set(wall_ms=leap)
        # The connection that is there, one that goes on by the key, and a new one.
        farm.equal(ann.ask("user ann", "locks x", f"RENEW {token}")["token"], token)
        for start_anew in (lambda: None, lambda: lab.server.restart(*lab.options)):
            start_anew()
            monitor = Proof(lab.server.port)
            monitor.prove_grant(token, key)
            farm.equal(monitor.ask("user ann", "locks x", f"RENEW {token}")["token"], token)
            ann = lab.proof()
            farm.equal(ann.ask("user ann", "locks x", "STATUS")["token"], token)
            lock = lab.lock("x")
            farm.equal((lock["uid"], lock["proof"]), (ANN, "munge"))
    farm.equal(ann.ask("user ann", "locks x", "UNLOCK")["locked"], "0")


@tap.test
def a_client_whose_clock_is_off_is_told_so(folder):
    lab = Lab(folder)
    there = Clock(folder + "/munge")
    other = Munged(folder, "other", lab.munge.key, there.before)
    other.reader = lab.munge.reader
    ann = lab.proof()
    token = ann.ask("user ann", "locks x", "LOCK")["token"]
    for off in (YEAR, -YEAR, 6 * MINUTE, -6 * MINUTE):
        there.set(wall_ms=off)
        wire = Proof(lab.server.port)
        wire.send_raw(f"proof munge {other.credential(wire.payload(), ANN)}", "user ann", "locks x",
                      "UNLOCK")
        refused(wire, "proof-clock")
        # The key of the grant needs no clock.
        monitor = Proof(lab.server.port)
        monitor.prove_grant(token, ann.grant_key(token))
        farm.equal(monitor.ask("user ann", "locks x", f"RENEW {token}")["token"], token)
    there.set(wall_ms=4 * MINUTE)
    farm.equal(lab.proof(other).ask("user ann", "locks x", "STATUS")["token"], token)


@tap.test
def lockersh_names_the_clock(folder):
    lab = Lab(folder)
    there = Clock(folder + "/munge")
    other = Munged(folder, "other", lab.munge.key, there.before)
    env = farm.environment(IPCLOCKER_HOST="localhost", IPCLOCKER_PORT=lab.server.port,
                           IPCLOCKER_MUNGE_SOCKET=other.socket)
    for off in (YEAR, -YEAR):
        there.set(wall_ms=off)
        done = farm.run(farm.program("lockersh"), "--lock", "x", "true", env=env)
        farm.equal(done.returncode, 69)
        farm.contains(done.stderr, "the credential is too old or from the future; set the clocks")
    there.set()
    farm.equal(farm.run(farm.program("lockersh"), "--lock", "x", "true", env=env).returncode, 0)


if __name__ == "__main__":
    farm.main()
