#!/usr/bin/python3
"""munged that hangs, is away, or is kept busy: who proves himself, and who does not, beside it."""

import os
import signal
import socket
import time

from support import farm, munged, tap
from support.munge_server import ANN, refused, serve
from support.munged import Munged
from support.proofs import Proof
from support.wire import Wire

tap.before_each(munged.require)


def version_s(port):
    """How long somebody who proves nothing waits for a word."""
    begun = time.monotonic()
    wire = Wire(port)
    wire.send("VERSION")
    farm.contains(wire.line(), "version ")
    wire.close()
    return time.monotonic() - begun


@tap.test
def a_munged_that_hangs_holds_up_nobody_else(folder):
    server, munge = serve(folder)
    ann = Proof(server.port, munge, ANN)
    token = ann.ask("user ann", "locks x", "LOCK")["token"]
    waiting = []
    for _ in range(8):
        wire = Proof(server.port)
        waiting.append((wire, munge.credential(wire.payload(), ANN)))
    farm.freeze(munge.process.pid)
    try:
        begun = time.monotonic()
        for wire, credential in waiting:
            wire.send_raw(f"proof munge {credential}", "user ann", "locks y", "LOCK")
        farm.promised("an answer beside proofs that hang",
                      lambda: [version_s(server.port) for _ in range(50)], 0.05, 1)
        for wire, _ in waiting:
            refused(wire, "proof-later")
        took = time.monotonic() - begun
        assert 4 < took < 20, took
        # At once, for a while: nobody is to wait for the same again.
        begun = time.monotonic()
        wire = Proof(server.port)
        wire.send_raw("proof munge MUNGE:x:")
        refused(wire, "proof-later")
        assert time.monotonic() - begun < 4
        monitor = Proof(server.port)
        monitor.prove_grant(token, ann.grant_key(token))
        farm.equal(monitor.ask("user ann", "locks x", "UNLOCK")["locked"], "0")
    finally:
        munge.process.send_signal(signal.SIGCONT)
    def proven():
        wire = Proof(server.port, munge, ANN)
        wire.send("user ann", "locks y", "LOCK")
        line = wire.line()
        return line is not None and line.startswith("owner ")
    farm.poll(proven, "credentials are checked again", 40)
    farm.contains(server.log(), "credentials cannot be checked")


@tap.test
def without_munged_a_proof_can_be_given_later(folder):
    munge = Munged(folder)
    munge.stop()
    server, _ = serve(folder, "munge", munge)
    farm.contains(server.log(), "credentials cannot be checked")
    wire = Proof(server.port)
    wire.send_raw("proof munge MUNGE:x:")
    refused(wire, "proof-later")
    farm.equal(server.wire().lock("anybody", "x")["locked"], "1")
    munge.start()
    farm.equal(Proof(server.port, munge, ANN).ask("user ann", "locks y", "LOCK")["locked"], "1")


@tap.test
def silent_clients_of_munged_are_kept_from_it_by_a_second_one(folder):
    munge = Munged(folder)
    # For lockerd alone: the folder says so.
    own = Munged(folder, "own", munge.key)
    server, _ = serve(folder, "munge", own)
    os.chmod(own.folder, 0o700)
    os.chown(own.folder, int(own.reader), -1)
    munge.reader = own.reader
    wire = Proof(server.port)
    credential = munge.credential(wire.payload(), ANN)
    silent = []
    for _ in range(20):
        client = socket.socket(socket.AF_UNIX)
        client.connect(munge.socket)
        silent.append(client)
        farm.at_end(client.close)
    denied = farm.run("setpriv", "--reuid", ANN, "--regid", ANN, "--clear-groups", "munge",
                      f"--socket={own.socket}", "-n")
    assert denied.returncode != 0, denied
    begun = time.monotonic()
    wire.prove(credential)
    farm.equal(wire.ask("user ann", "locks x", "LOCK")["locked"], "1")
    assert time.monotonic() - begun < 10, "as with the other one"


if __name__ == "__main__":
    farm.main()
