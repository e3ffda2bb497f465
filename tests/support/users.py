"""Connections to a UNIX socket that other users of this machine have opened."""

import os
import socket

from support import farm, tap
from support.wire import Wire


def needs_root():
    if os.geteuid() != 0:
        raise tap.Lacks("other users can be played by root only")


def as_user(uid, work):
    """What work() returns when a process of that user does it; the connection that it opens, if it
    returns one, is the test's."""
    ours, theirs = socket.socketpair()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
            connection = work()
            socket.send_fds(theirs, [b"x"], [connection.socket.fileno()])
        finally:
            os._exit(0)
    theirs.close()
    os.waitpid(child, 0)
    _, fds, _, _ = socket.recv_fds(ours, 1, 1)
    ours.close()
    wire = Wire.__new__(Wire)
    wire.socket = socket.socket(fileno=fds[0])
    wire.socket.settimeout(farm.PATIENCE_S)
    wire.buffer = b""
    farm.at_end(wire.socket.close)
    return wire


def speak(wire):
    wire.send("proto 2")
    farm.equal(wire.line(), "proto 2")
    return wire
