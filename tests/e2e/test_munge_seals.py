#!/usr/bin/python3
"""A connection that was taken over, behind its proof: nothing is released, ended or told by it without
the seals of whom it was."""

import json
import os
import re
import shutil
import socket
import threading

from support import farm, munged, proofs, scripts, tap
from support.listener import Listener
from support.lockd import listing
from support.munge_server import ANN, BOB, refused, serve
from support.proofs import Proof

tap.before_each(munged.require)

REAPER, ADMIN = 41003, 41004
TOLD = ("hostname elsewhere", "process 700 boot0123 4026531836", "autounlock 1")
# Another process of the holder's boot and namespace, in words of whoever is in between.
THIEF = ("user thief", "locks seat", "pid 78", "hostname elsewhere",
         "process 800 boot0123 4026531836")
LOCKERSH = farm.program("lockersh")
TCL = shutil.which("tclsh") is not None


def hold(server, munge, uid=ANN, lock="seat"):
    wire = Proof(server.port, munge, uid)
    farm.equal(wire.ask("user ann", f"locks {lock}", "pid 77", *TOLD, "LOCK")["locked"], "1")
    return wire


def is_done(wire):
    """All that was sent has been looked at."""
    wire.send_raw("VERSION")
    while (line := wire.line()) is not None and not line.startswith("version "):
        pass
    return line is not None


def waits(server):
    """The owners of all that wait."""
    return [waiter["owner"] for waiter in json.loads(listing(server.port))["waiters"]]


@tap.test
def who_takes_over_a_connection_releases_nothing_by_it(folder):
    server, munge = serve(folder, "munge", None, "--reaper", str(REAPER), "--admin", str(ADMIN))
    owner = hold(server, munge)
    beside = [Proof(server.port, munge, uid) for uid in (REAPER, ADMIN, ANN)]
    for wire in (owner, *beside):
        wire.send_raw(*THIEF, "DEAD_PROCESS 77 700")
        assert is_done(wire), "it is passed over"
        farm.equal(server.held(), {"seat": "ann"})
        # Who said this without the seals is not whom it belongs to.
        wire.send_raw("seal 0123456789abcdef", "DEAD_PROCESS 77 700")
        refused(wire)
        farm.equal(server.held(), {"seat": "ann"})
    sealed = Proof(server.port, munge, REAPER)
    sealed.send(*THIEF, "DEAD_PROCESS 77 700")
    assert is_done(sealed)
    farm.equal(server.held(), {})


def wait(server, munge, lock="seat"):
    wire = Proof(server.port, munge, BOB)
    wire.lock("bob", lock, 1, "hostname elsewhere", "pid 79", "process 900 boot0123 4026531836")
    while not wire.line().startswith("queue 1 "):
        pass
    return wire


@tap.test
def nor_ends_a_wait_by_it(folder):
    server, munge = serve(folder)
    owner = hold(server, munge)
    grant = server_token(owner)
    for line, answer in (("CANCEL", None),
                         (f"INSIDE grant {grant} seat ann process 79 900", "queue 1 ")):
        wire = wait(server, munge)
        wire.send_raw(line, "QUEUE")
        for expected in filter(None, (answer, "queue 1 ")):
            found = wire.line()
            assert found.startswith(expected), (line, found)
        farm.equal(waits(server), ["bob"])
        wire.send_raw("seal 0123456789abcdef", line)
        refused(wire)
        farm.poll(lambda: waits(server) == [], "what is left of it has ended", 20)


def server_token(owner):
    return owner.ask("STATUS")["token"]


@tap.test
def with_its_seal_it_is_done_while_a_lock_waits(folder):
    server, munge = serve(folder)
    hold(server, munge)
    for lines in (("CANCEL",), ("EOFF", "locks elsewhere", "CANCEL")):
        wire = wait(server, munge)
        # What is no command holds up what stands behind it, as ever; a seal does not.
        wire.send("QUEUE", lines[-1])
        assert wire.line().startswith("queue 1 ")
        farm.equal(wire.status()["locked"], "0")
        wire.send(*lines[:-1], "QUEUE")
        farm.equal(wire.line(), "queue 0")
        farm.equal(waits(server), [])
    # A seal that is for a later command waits with it.
    wire = wait(server, munge)
    wire.send("UNLOCK", "CANCEL", "QUEUE")
    assert wire.is_silent()
    farm.equal(waits(server), ["bob"])


@tap.test
def all_clients_seal_the_same(folder):
    """As the room of the protocol has it, the manual, the modules and these tests."""
    with open(os.path.join(farm.SOURCE, "lib/protocol/sealed.c"), encoding="utf-8") as file:
        ours = set(re.findall('"([A-Z_]+)"', file.read()))
    farm.equal(ours, set(proofs.SEALED))
    with open(os.path.join(farm.SOURCE, "share/man/man7/lockerd-protocol.7"), encoding="utf-8") as file:
        told = re.search(r"^Stands before each command that changes something.*: (.*)$", file.read(), re.M)
    farm.equal(set(re.findall("[A-Z_]{4,}", told[1])), ours)
    for path, sent in (("wrappers/python/farmlock.py", r'"([A-Z_]{4,})[ "]'),
                       ("wrappers/tcl/farmlock", r"Send.*?\b([A-Z_]{4,})\b")):
        path = os.path.join(farm.SOURCE, path)
        files = [os.path.join(path, name) for name in os.listdir(path)] if os.path.isdir(path) else [path]
        text = "".join(open(name, encoding="utf-8").read() for name in files)
        seals = {word for line in text.splitlines() if re.search("SEALED|words", line)
                 for word in re.findall("[A-Z_]{4,}", line)}
        assert (set(re.findall(sent, text)) & ours) <= seals, path


class Between(Listener):
    """Carries a client's words to a server, and remembers them; `is_old` has it tell that no seals
    are read while a LOCK waits."""

    def __init__(self, server, is_old):
        self.server, self.is_old, self.said = server, is_old, []
        super().__init__()

    def serve(self, client):
        server = socket.create_connection(("127.0.0.1", self.server.port))
        threading.Thread(target=self._answers, args=(server, client), daemon=True).start()
        while data := client.recv(65536):
            self.said.append(data)
            server.sendall(data)
        server.shutdown(socket.SHUT_WR)

    def _answers(self, server, client):
        try:
            while data := server.recv(65536):
                client.sendall(data.replace(b" urgent\n", b"\n") if self.is_old else data)
            client.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def sealed(self):
        """Whether each of what is urgent, and was said, had a seal: {word: so}."""
        lines = b"".join(self.said).split(b"\n")
        return {words[0].decode(): before.startswith(b"seal ")
                for before, line in zip(lines, lines[1:])
                if (words := line.split()) and words[0] in (b"INSIDE", b"CANCEL")}


CLIENTS = {
    "C": ("sh", "-c", f"{LOCKERSH} -w 4 --for-pid $$ --lock seat; echo refused $?; read x"),
    "Python": scripts.python("try:\n    farmlock.lock('seat', timeout=4).acquire()\n"
                             "except farmlock.TimedOut as error:\n    say('refused', error)\nuntil()\n"),
    "Tcl": scripts.tcl("say refused [failed {farmlock::lock seat -timeout 4}]\nuntil\n"),
}


def give_up(folder, is_old):
    """Each client waits, and leaves, and goes on living."""
    server, munge = serve(folder)
    owner = hold(server, munge)
    for name, command in CLIENTS.items():
        if name == "Tcl" and not TCL:
            continue
        between = Between(server, is_old)
        program = scripts.start(command, between.port, IPCLOCKER_AUTH="munge",
                                IPCLOCKER_MUNGE_SOCKET=munge.socket)
        farm.poll(lambda: waits(server) != [], f"{name} waits")
        line = scripts.said(program)
        while not line.startswith("refused"):
            assert program.poll() is None, program.stderr.read()
            line = scripts.said(program)
        farm.poll(lambda: "CANCEL" in between.sealed(), f"{name} has said that it leaves")
        yield name, server, between
        farm.equal(program.poll(), None)
        program.kill()
        farm.poll(lambda: waits(server) == [], "nobody waits")
        assert is_done(owner)


@tap.test
def who_gives_up_has_left_the_queue_at_once(folder):
    for name, server, between in give_up(folder, is_old=False):
        farm.poll(lambda: waits(server) == [], f"{name} has left", 8)  # a place is kept for ten seconds
        sealed = between.sealed()
        assert sealed.get("CANCEL") and False not in sealed.values(), (name, sealed)


@tap.test
def to_an_older_server_clients_say_it_without(folder):
    for name, _, between in give_up(folder, is_old=True):
        sealed = between.sealed()
        farm.equal((name, sealed.get("CANCEL"), True in sealed.values()), (name, False, False))


@tap.test
def a_lock_inside_itself_is_told_to_a_proven_one_too(folder):
    server, munge = serve(folder)
    environment = farm.environment(IPCLOCKER_HOST="127.0.0.1", IPCLOCKER_PORT=server.port,
                                   IPCLOCKER_AUTH="munge", IPCLOCKER_MUNGE_SOCKET=munge.socket)
    done = farm.run(LOCKERSH, "--lock", "x", f"{LOCKERSH} --lock x true; status=$?; exit $status",
                    env=environment)
    farm.equal(done.returncode, 1)
    farm.contains(done.stderr, "x is asked for inside itself")


if __name__ == "__main__":
    farm.main()
