#!/usr/bin/python3
"""SECURITY.md, "Who may do what": each cell of its table is tried, for each --auth."""

import json
import os
import re

from support import farm, munged, tap
from support.munge_server import ANN, BOB, serve
from support.proofs import Proof
from support.users import as_user, speak
from support.wire import Wire

tap.before_each(munged.require)

REAPER, ADMIN = 41003, 41004
MODES = ("none", "munge", "require")
END_WAIT = "end a wait for it"
OF_NOBODY, PROVEN, CLAIMED = "of nobody", "proven to be a user's", "claimed only"
USER, KEY, TELLS, ANYBODY, OTHER = ("its user", "by its key", "tells its process", "anybody",
                                    "another user")
ASKERS = {USER: ANN, KEY: None, TELLS: None, ANYBODY: None, OTHER: BOB, "reaper": REAPER,
          "administrator": ADMIN}


def table():
    """{(whose lock, act, who asks): cell} as SECURITY.md has it."""
    with open(os.path.join(farm.SOURCE, "SECURITY.md"), encoding="utf-8") as file:
        section = file.read().partition("\n## Who may do what\n")[2].partition("\n## ")[0]
    head, _, *rows = [[cell.strip() for cell in line.strip("|\n").split("|")]
                      for line in section.splitlines() if line.startswith("|")]
    return {(whose, act, asker): cell
            for whose, act, *cells in rows for asker, cell in zip(head[2:], cells, strict=True)}


class Seat:
    """A lock of a name, an owner, a job and a process of its own, and who is to ask about it."""

    def __init__(self, number, whose, act, asker):
        self.whose, self.act, self.asker = whose, act, asker
        self.lock, self.owner, self.job = f"x{number}", f"owner{number}", f"slurm:{number}"
        self.start, self.boot = number + 7, "boot0123 4026531836"
        self.be(1000 + number)
        self.token = self.key = None

    def be(self, pid):
        """Its process, and what is told of it."""
        self.pid = pid
        self.told = ("hostname elsewhere", f"pid {self.pid}", f"process {self.start} {self.boot}",
                     "autounlock 1", "timeout 600")

    def take(self, wire):
        # Of what nobody has there is no key: that of another grant is tried.
        lock = f"other-{self.lock}" if self.whose == OF_NOBODY else self.lock
        status = wire.ask(f"user {self.owner}", f"locks {lock}", f"job {self.job}", *self.told,
                          "LOCK")
        farm.equal(status["locked"], "1")
        self.token = int(status["token"])
        self.key = bytes.fromhex(status["key"]) if "key" in status else wire.grant_key(self.token)

    def wait(self, wire):
        """Somebody waits for it, of whom as much is known as of its owner."""
        wire.send(f"user waiter-{self.lock}", f"locks {self.lock}", "block 1", *self.told, "LOCK")
        while not wire.line().startswith("print_waiting "):
            pass

    def names(self):
        """What its user and whoever tells its process say before they ask."""
        knows = self.asker == TELLS or (self.asker == USER and self.whose == CLAIMED)
        other = ("hostname elsewhere", "pid 1", f"process 1 {self.boot}", "autounlock 0")
        return (f"user {self.owner}", f"locks {self.lock}", *(self.told if knows else other))


class Lab:
    """A server that has been given seats, and asks for proofs as it is told since."""

    def __init__(self, folder, mode, seats):
        self.mode = mode
        self.server, self.munge = serve(folder, "munge")
        ann, anybody = Proof(self.server.port, self.munge, ANN), Proof(self.server.port)
        for seat in seats:
            seat.take(ann if seat.whose == PROVEN else anybody)
            if seat.act == END_WAIT:
                seat.wait(Proof(self.server.port, self.munge if seat.whose == PROVEN else None, ANN))
        self.server.restart("--auth", mode, *self.server.options[2:], "--private", "--reaper",
                            str(REAPER), "--admin", str(ADMIN))
        self.users = {uid: self._user(uid) for uid in (ANN, BOB, REAPER, ADMIN)}

    def _user(self, uid):
        if self.mode == "none":
            return speak(as_user(uid, lambda: Wire(path=self.server.path)))
        return Proof(self.server.port, self.munge, uid)

    def asker(self, seat):
        uid = ASKERS[seat.asker]
        if uid:
            return self.users[uid]
        if seat.asker != KEY:
            return self.server.wire()
        wire = Proof(self.server.port)
        wire.prove_grant(seat.token, seat.key)
        return wire


def take(_lab, wire, seat):
    return wire.ask(*seat.names(), "LOCK").get("locked") == "1"


def is_accepted(wire, seat, command):
    return "error-code" not in wire.ask(*seat.names(), command)


def follow_another(wire, seat):
    """Who tells of the one that is followed already is one who tells its process."""
    if not is_accepted(wire, seat, f"FOLLOW {seat.token} {seat.pid + 5000} {seat.start}"):
        return False
    seat.be(seat.pid + 5000)
    return True


def listed(wire):
    """The locks of the list that it is told, by name."""
    wire.send("LIST_JSON")
    while not (line := wire.line()).startswith("json "):
        pass
    text = wire.buffer
    while len(text) < int(line.split()[1]) + 1:
        text += wire.socket.recv(65536)
    wire.buffer = b""
    return {lock["name"]: lock for lock in json.loads(text)["locks"]}


def own(lab, wire, seat):
    """All that only an owner may: by each it is one, or by none.  Lists tell a token to neither."""
    farm.equal({lock["token"] for lock in listed(wire).values()}, {None})
    may = [is_accepted(wire, seat, "LOCK"), "token" in wire.ask(*seat.names(), "STATUS"),
           is_accepted(wire, seat, f"RENEW {seat.token}"),
           is_accepted(wire, seat, f"EXTEND {seat.token} 10"), follow_another(wire, seat),
           is_accepted(wire, seat, "UNLOCK"), seat.lock not in lab.server.held()]
    farm.equal((seat.asker, len(set(may))), (seat.asker, 1))
    return may[0]


def end_by(*lines):
    def attempt(lab, wire, seat):
        wire.send(*seat.names(), *(line.format(**vars(seat)) for line in lines), "VERSION")
        while not wire.line().startswith("version "):
            pass
        return seat.lock not in lab.server.held()
    return attempt


def end_wait(_lab, wire, seat):
    wire.send(*seat.names(), f"DEQUEUE waiter-{seat.lock}", "VERSION")
    told = []
    while not told or not told[-1].startswith("version "):
        told.append(wire.line())
    return "ended 1" in told


def see(_lab, wire, seat):
    wire.send(*seat.names())
    return listed(wire)[seat.lock]["owner"] == seat.owner


ACTS = {
    "take it": (take,),
    "take it again, renew it, put its limit off, have another process followed, give it back, be told its token": (own,),
    "break it": (end_by("BREAK_LOCK"),),
    END_WAIT: (end_wait,),
    "say that its job has ended": (end_by("DEAD_JOB {job}"),),
    # From anywhere, and from beside it.
    "say that its process has ended": (end_by("DEAD_PID elsewhere {pid}"),
                                       end_by("DEAD_PROCESS {pid} {start}")),
    "see whose it is, with `--private`": (see,),
}


def expected(cell, mode):
    assert re.fullmatch("yes|no|none, munge", cell), cell
    return cell == "yes" or mode in cell.split(", ")


def play(folder, mode):
    cells = table()
    assert len(cells) > 70, "the table is in SECURITY.md"
    attempts = [(key, act) for key in cells for act in ACTS[key[1]]]
    seats = [Seat(number, *key) for number, (key, _) in enumerate(attempts)]
    lab = Lab(folder, mode, seats)
    faults = []
    for (key, act), seat in zip(attempts, seats):
        found = act(lab, lab.asker(seat), seat)
        if found != expected(cells[key], mode):
            faults.append(f"{', '.join(key)}: {'may' if found else 'may not'}")
    farm.equal(faults, [])


@tap.test
def without_proofs_over_tcp_it_is_as_the_table_says(folder):
    play(folder, "none")


@tap.test
def with_proofs_it_is_as_the_table_says(folder):
    play(folder, "munge")


@tap.test
def where_proofs_are_required_it_is_as_the_table_says(folder):
    play(folder, "require")


if __name__ == "__main__":
    farm.main()
