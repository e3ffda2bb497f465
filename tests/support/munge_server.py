"""A lockerd that asks a munged of the test's own."""

import os

from support import farm
from support.lockd import Server
from support.munged import Munged
from support.proofs import Proof

ANN, BOB = 41001, 41002


def serve(folder, auth="munge", munge=None, *options):
    munge = munge or Munged(folder)
    path = os.path.join(folder, "lockerd.socket")
    options = ("--auth", auth, "--munge-socket", munge.socket, "--pidstat-port", "none", "--path",
               path, "--host", "localhost", *options)
    server = Server(folder, *options)
    server.options = options
    server.path = path
    # Whom it has become.
    munge.reader = Proof(server.port).reader
    return server, munge


def refused(wire, code="proof-invalid"):
    farm.equal(wire.refusal(), code)
