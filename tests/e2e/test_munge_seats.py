#!/usr/bin/python3
"""Who may say what is outside and offline where users are known by MUNGE, and what is sealed."""

import json
import os

from support import farm, munged, tap
from support.lockd import listing
from support.munge_server import ANN, refused, serve
from support.proofs import Proof
from support.wire import Wire

tap.before_each(munged.require)

CONF = """
groups = ( { name = "lab"; users = ["bin"]; } );
pools = ( { name = "vcs"; seats = 4; outside-most = 3; administrators = ["daemon", "group:lab"]; },
          { name = "board"; seats = 2; outside-most = 1; } );
"""
DAEMON, BIN = 1, 2
CHANGES = ("OUTSIDE vcs 3 100", "OFFLINE vcs1 100 broken", "ONLINE vcs1")
DENIED = "denied"


def start(folder, auth):
    conf = os.path.join(folder, "lockerd.conf")
    with open(conf, "w", encoding="ascii") as out:
        out.write(CONF)
    return serve(folder, auth, None, "--config", conf)


def unusable(server):
    return {pool["name"]: (pool["outside"], pool["offline"])
            for pool in json.loads(listing(server.port))["pools"]}


def say(wire, line):
    """Says it, and what is answered: a number, or the code of a refusal."""
    wire.send(line)
    answer = wire.line()
    if answer.startswith(("outside ", "offline ")):
        return int(answer.split()[1])
    while not answer.startswith("error-code "):
        answer = wire.line()
    while wire.line() != "":
        pass
    farm.equal(wire.line(), "")
    return answer.split()[1]


def who_may(folder, auth, code_of_a_stranger):
    server, munge = start(folder, auth)
    for wire in (Proof(server.port, munge, DAEMON), Proof(server.port, munge, BIN)):
        farm.equal([say(wire, line) for line in CHANGES], [3, 1, 0])
        farm.equal(say(wire, "OUTSIDE vcs 0 0"), 0)
        # Of this pool only.
        farm.equal(say(wire, "OUTSIDE board 1 100"), DENIED)
        farm.equal(say(wire, "OFFLINE board1 100"), DENIED)
    ann = Proof(server.port, munge, ANN)
    farm.equal([say(ann, line) for line in CHANGES], [DENIED] * 3)
    for stranger in (Proof(server.port), server.wire()):
        farm.equal([say(stranger, line) for line in CHANGES], [code_of_a_stranger] * 3)
    farm.equal(unusable(server), {"vcs": (0, 0), "board": (0, 0)})
    # Root of this machine is the server's administrator, by a credential as by the socket.
    local = Wire(path=server.path)
    local.send("proto 2")
    farm.equal(local.line(), "proto 2")
    for root in (Proof(server.port, munge, 0), local):
        farm.equal(say(root, "OUTSIDE board 1 100"), 1)
        farm.equal(say(root, "OFFLINE vcs2 100"), 1)
    farm.equal(unusable(server), {"vcs": (0, 1), "board": (1, 0)})


@tap.test
def administrators_of_a_pool_have_to_prove_that_they_are(folder):
    who_may(folder, "munge", DENIED)


@tap.test
def so_they_have_where_everybody_has_to_prove_who_he_is(folder):
    who_may(folder, "require", "proof-required")


@tap.test
def the_key_of_a_grant_is_no_administrators_proof(folder):
    server, munge = start(folder, "require")
    daemon = Proof(server.port, munge, DAEMON)
    token = daemon.ask("user daemon", "locks vcs", "LOCK")["token"]
    monitor = Proof(server.port)
    monitor.prove_grant(token, daemon.grant_key(token))
    for line in CHANGES:
        assert say(monitor, line) in (DENIED, "proof-required")
    farm.equal(unusable(server)["vcs"], (0, 0))


@tap.test
def a_line_without_its_own_seal_changes_nothing(folder):
    server, munge = start(folder, "munge")

    def attempt(work):
        wire = Proof(server.port, munge, DAEMON)
        farm.equal(say(wire, "OUTSIDE vcs 0 0"), 0)
        work(wire)
        refused(wire)
        farm.equal(unusable(server)["vcs"], (0, 0))

    for line in CHANGES:
        attempt(lambda wire: wire.send_raw(line))
        attempt(lambda wire: wire.send_raw("seal 0123456789abcdef", line))
    attempt(lambda wire: wire.send_raw(f"seal {wire.chain.add('OUTSIDE vcs 1 100')}",
                                       "OUTSIDE vcs 3 100"))
    attempt(lambda wire: wire.send_raw(f"seal {wire.chain.add('OFFLINE vcs1 100 ill')}",
                                       "OFFLINE vcs1 100 well"))


@tap.test
def what_was_heard_cannot_be_said_again(folder):
    server, munge = start(folder, "munge")
    wire = Proof(server.port)
    credential = munge.credential(wire.payload(), DAEMON)
    wire.prove(credential)
    lines = wire.sealed("OUTSIDE vcs 3 100")
    wire.send_raw(*lines)
    farm.equal(wire.line(), "outside 3")
    farm.equal(say(wire, "OUTSIDE vcs 0 0"), 0)
    # On the same connection, which whoever listens may have taken over.
    wire.send_raw(*lines)
    refused(wire)
    # On another one, with all that stood before it.
    thief = Proof(server.port)
    thief.send_raw(f"proof munge {credential}", *lines)
    refused(thief)
    farm.equal(unusable(server)["vcs"], (0, 0))


if __name__ == "__main__":
    farm.main()
