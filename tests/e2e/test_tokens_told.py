#!/usr/bin/python3
"""Tokens are told to owners only: what anybody else can ask for has none, nor do logs; and keys are in
nothing but the answer to who needs one."""

import json
import sqlite3
import time

from support import farm, munged, tap
from support.http_lab import Site
from support.lockd import Server, identity, listing, sleeper
from support.munge_server import ANN, BOB
from support.munged import Munged
from support.proofs import Proof
from support.scripts import environment, python

# So high that it is found wherever it stands.
FIRST_TOKEN = 7_777_000_000


def prepare(folder, *options):
    """A server whose tokens are conspicuous, and what it shows by HTTP."""
    site = Site()
    server = Server(folder, *options, "--pidstat-port", "none", "--debug", "--http", site.place)
    farm.stop(server.process)
    with sqlite3.connect(server.state) as state:
        state.execute("UPDATE state SET next_token = ?", (FIRST_TOKEN,))
    server.start(*options, "--pidstat-port", "none", "--debug", "--http", site.place)
    return server, site


def said(wire, *lines):
    """All that a connection is told."""
    wire.send(*lines, "VERSION")
    told = []
    while not (told and told[-1].startswith("version ")):
        told.append(wire.line())
    return "\n".join(told)


def everything(server, site, wire):
    """All that somebody can ask who does not own `seat`, by what is asked: text."""
    span = f"0 {int(time.time() * 1000) + 60000} 0"
    asked = {"LOCK_LIST": (), "LIST_JSON": (), "LIST_JSON pools": (), f"HISTORY {span}": (),
             f"HISTORY {span} by": (), "STATUS": ("user ann", "locks seat gone"),
             "QUEUE": (), "WHOAMI": (), "REPLICATION": (), "auth": (),
             "EXPLAIN": ("user eve", "locks seat"), "LOCK": ("user eve", "locks seat", "block 0", "why 1"),
             "RENEW 1": ("user ann", "locks seat"), "UNLOCK": ("user ann", "locks seat")}
    told = {what: said(wire, *before, what) for what, before in asked.items()}
    told.update({path: site.text(path) for path in ("/locks.json", "/history.json", "/metrics")})
    told["log"] = server.log()
    return told


def check(server, site, wire, key, token):
    for what, text in everything(server, site, wire).items():
        assert str(FIRST_TOKEN)[:8] not in text, (what, text)
        assert key is None or key not in text, (what, text)
    assert int(token) >= FIRST_TOKEN
    lock, = json.loads(listing(server.port))["locks"]
    farm.equal((lock["name"], lock["token"]), ("seat", None))


def own(wire, *told):
    """Holds one, and has held another."""
    for lock in ("gone", "seat"):
        status = wire.ask("user ann", f"locks {lock}", *told, "LOCK")
        if lock == "gone":
            wire.ask("UNLOCK")
    return status


@tap.test
def without_proofs_nobody_else_is_told_a_token(folder):
    server, site = prepare(folder)
    job = sleeper()
    owner = server.wire()
    owner.send("auth")
    owner.line()
    status = own(owner, "hostname box", f"pid {job.pid}", identity(job.pid))
    check(server, site, server.wire(), status["key"], status["token"])
    # Its owner asks for it.
    farm.equal(owner.ask("STATUS")["token"], status["token"])


@tap.test
def with_proofs_and_in_private_neither(folder):
    munged.require()
    munge = Munged(folder)
    server, site = prepare(folder, "--auth", "munge", "--munge-socket", munge.socket, "--private")
    munge.reader = Proof(server.port).reader
    ann = Proof(server.port, munge, ANN)
    status = own(ann)
    key = ann.grant_key(status["token"]).hex()
    # Lists are made for all: the owner is told none by them, either, and administrators are not.
    for wire in (Proof(server.port, munge, BOB), Proof(server.port, munge, 0), server.wire()):
        check(server, site, wire, key, status["token"])
    lists = said(ann, "LIST_JSON", "HISTORY 0 99999999999999 0 by")
    assert str(FIRST_TOKEN)[:8] not in lists, lists
    farm.equal(Proof(server.port, munge, ANN).ask("user ann", "locks seat", "STATUS")["token"],
               status["token"])


@tap.test
def nobody_finds_one_out_by_trying(folder):
    server = Server(folder, "--pidstat-port", "none")
    job = sleeper()
    told = ("hostname box", f"pid {job.pid}", identity(job.pid))
    token = int(server.wire().ask("user ann", "locks seat", *told, "LOCK")["token"])
    stranger = server.wire()
    for tried in (1, token - 1, token, token + 1, 2 ** 60):
        for command in (f"RENEW {tried}", f"EXTEND {tried} 10", f"FOLLOW {tried} 1 2"):
            farm.equal((command, stranger.ask("user ann", "locks seat", command)["error-code"]),
                       (command, "not-owner"))


@tap.test
def what_was_granted_together_has_one_number_in_the_history(folder):
    server = Server(folder, "--pidstat-port", "none")
    wire = server.wire()
    farm.equal(wire.ask("user ann", "locks a b", "count 2", "LOCK")["locked"], "1")
    wire.ask("UNLOCK")
    wire.ask("locks c", "LOCK")

    def numbers():
        wire.send("HISTORY 0 99999999999999 0")
        found = {}
        while not (line := wire.line()).startswith("history "):
            words = line.split()
            found[words[-1]] = words[3]
        return found
    farm.poll(lambda: len(numbers()) == 3, "all of them are told")
    found = numbers()
    farm.equal((found["a"] == found["b"], found["a"] == found["c"], "0" in found.values()),
               (True, False, False))
    report = (farm.program("lockreport"), "--holds", "--json", "--since", "1h")
    for source, tells in ((("--state", server.state), True),
                          (("--host", "127.0.0.1", "--port", str(server.port)), False)):
        done = farm.run(*report, *source)
        farm.equal((done.returncode, done.stderr), (0, ""))
        rows = json.loads(done.stdout)["rows"]
        farm.equal([row["lock"] for row in rows], ["a", "b", "c"])
        farm.equal([row["token"] is not None for row in rows], [tells] * 3)


@tap.test
def a_program_knows_its_own(folder):
    server = Server(folder, "--pidstat-port", "none")
    done = farm.run(*python("with farmlock.lock('a') as seat:\n    say(seat.token > 0)\n"),
                    env=environment(server.port))
    farm.equal((done.returncode, done.stdout), (0, "True\n"))
    done = farm.run(farm.program("lockersh"), "--lock", "a", "echo $LOCKERSH_TOKEN",
                    env=environment(server.port))
    assert int(done.stdout) > 0, done


if __name__ == "__main__":
    farm.main()
