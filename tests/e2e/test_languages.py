#!/usr/bin/env python3
"""The modules for Python and Tcl with servers of other kinds: classic ones, such as want a proof of who
asks, and what is none."""

import json
import os
import re
import shutil
import socket
import subprocess

from support import farm, munge_server, munged, scripts, tap
from support.classic import Classic
from support.listener import Listener
from support.lockd import Server, listing
from support.scripts import go_on, said

TCL = shutil.which("tclsh") is not None


def both(python, tcl):
    """The commands of the languages that are there."""
    return [scripts.python(python)] + ([scripts.tcl(tcl)] if TCL else [])


HOLD = both("with farmlock.lock('a:b', hold=60, notice=note) as seat:\n"
            "    say(seat, seat.token, 50 < seat.hold_left <= 60)\n    until()\nsay('out')\n",
            "set h [farmlock::lock a:b -hold 60 -notice note]\n"
            "say [farmlock::get $h names] None [expr {[farmlock::get $h holdleft] > 50 ? {True} : 0}]\n"
            "until\nfarmlock::unlock $h\nsay out\n")


EXTENDED = both("with farmlock.lock('a', hold=60, warn=59.5, notice=note) as seat:\n"
                "    say(os.getpid(), seat.token)\n    until()\n    end = time.monotonic() + 20\n"
                "    while seat.hold_left < 100 and time.monotonic() < end: time.sleep(0.05)\n"
                "    say(100 < seat.hold_left <= 160)\n",
                "set h [farmlock::lock a -hold 60 -warn 59.5 -notice note]\n"
                "say [pid] [farmlock::get $h token]\n"
                "after 1000 set on 1\nvwait on\nuntil\nset end [expr {[clock seconds] + 20}]\n"
                "while {[set left [farmlock::get $h holdleft]] < 100 && [clock seconds] < $end} {after 50; farmlock::check $h}\nsay [expr {$left > 100 && $left <= 160 ? {True} : $left}]\n")


@tap.test
def a_limit_that_was_put_off_is_heard_of(folder):
    server = Server(folder)
    for command in EXTENDED:
        program = scripts.start(command, server.port)
        pid, token = said(program).split()
        lockersh = (farm.program("lockersh"), "--dhost", f"127.0.0.1={server.port}")
        owner = farm.run(*lockersh, "--owner", "a").stdout.strip()
        # Half a second is neither.
        assert re.fullmatch("hold-left: a will be taken back in (5[5-9]|60) s", told := said(program)), told
        done = farm.run(*lockersh, "--extend", "100",
                        env=farm.environment(LOCKERSH_LOCK="a", LOCKERSH_OWNER=owner, LOCKERSH_PID=pid,
                                             LOCKERSH_TOKEN=token, LOCKERSH_GRANTS=f"a={token}"))
        farm.equal((done.returncode, done.stderr), (0, ""))
        go_on(program)
        farm.equal(said(program), "True")
        farm.equal(program.wait(farm.PATIENCE_S), 0)


KEPT = both("with farmlock.lock('night', keep=60):\n    pass\nsay('out')\n",
            "farmlock::unlock [farmlock::lock night -keep 60]\nsay out\n")


@tap.test
def a_lock_is_kept_though_it_was_given_back(folder):
    server = Server(folder)
    for command in KEPT:
        program = scripts.start(command, server.port)
        farm.equal(said(program), "out")
        farm.equal(program.wait(farm.PATIENCE_S), 0)
        entry, = [lock for lock in json.loads(listing(server.port))["locks"] if lock["name"] == "night"]
        assert entry["kept"], entry
        server.wire().ask("locks night", "BREAK_LOCK")


@tap.test
def tcl_is_there():
    if not TCL:
        raise tap.Lacks("there is no tclsh")


@tap.test
def a_classic_server_gives_and_takes_back():
    for command in HOLD:
        double = Classic()
        program = scripts.start(command, double.port)
        line = said(program)
        assert line in ("a None True", "a 0 True"), line
        held = double.held["a"]
        farm.equal((held["pid"], held["autounlock"], held["timeout"]), (str(program.pid), "1", "60"))
        other = scripts.start(command, double.port)
        farm.contains(said(other), "b ")
        waiter = scripts.start(command, double.port)
        farm.contains(said(waiter), "waiting: waiting for a:b, held by ")
        go_on(program)
        farm.equal(said(program), "out")
        farm.contains(said(waiter), "obtained: obtained a after ")
        farm.contains(said(waiter), "a ")
        for one in (other, waiter):
            go_on(one)
            farm.equal(said(one), "out")
        farm.equal(double.held, {})
        # Words of ours, which a classic server would take for something else.
        for word in ("and ", "count ", "RENEW", "LIST_JSON"):
            assert not any(line.startswith(word) for line in double.seen), double.seen


@tap.test
def what_a_classic_server_cannot_do_is_refused_clearly():
    commands = both("""
for wrong in (dict(count=2), dict(groups=["c"])):
    try:
        farmlock.lock("a:b", **wrong).acquire()
    except farmlock.NotSupported as error:
        say("UNSUPPORTED", "ask for one of one list" in str(error))
try:
    farmlock.lock_list(pools=True)
except farmlock.NotSupported as error:
    say("UNSUPPORTED")
""", """
foreach wrong {{-count 2} {-and c}} {
    set text [failed {farmlock::lock a:b {*}$wrong}]
    say [lindex $text 1] [expr {[string match "*ask for one of one list" $text] ? {True} : 0}]
}
say [lindex [failed {farmlock::json -pools 1}] 1]
""")
    for command in commands:
        double = Classic()
        farm.equal(scripts.run(command, double.port),
                   "UNSUPPORTED True\nUNSUPPORTED True\nUNSUPPORTED\n")
        farm.equal((double.held, double.waiting), ({}, []))


@tap.test
def who_does_not_wait_is_not_left_in_a_classic_queue():
    commands = both("""
for timeout in (0, 0.3):
    try:
        farmlock.lock("a", timeout=timeout).acquire()
    except farmlock.Busy as error:
        say(error.__class__.__name__.upper(), "held by bob" in str(error))
say(farmlock.lock_list()["locks"][0]["owner"], farmlock.status("a").owner, farmlock.ping().protocol,
    farmlock.break_lock("a"))
""", """
foreach timeout {0 0.3} {
    set text [failed {farmlock::lock a -timeout $timeout}]
    say [string map {TIMEOUT TIMEDOUT} [lindex $text 1]] [expr {[string match "*held by bob" $text] ? {True} : 0}]
}
say [dict get [farmlock::locks] a] [dict get [farmlock::status a] owner] [dict get [farmlock::ping] protocol] \
    \\['[farmlock::breaklock a]'\\]
""")
    for command in commands:
        double = Classic()
        double.held["a"] = {"user": "bob", "block": "1"}
        farm.equal(scripts.run(command, double.port), "BUSY True\nTIMEDOUT True\nbob bob 1 ['bob']\n")
        farm.poll(lambda double=double: not double.waiting, "nobody is left in the queue")


@tap.test
def the_end_of_a_dead_owner_is_reported_to_a_classic_server():
    farm.needs_the_hosts_processes()
    commands = both("say(farmlock.lock('a', timeout=0).acquire())\n",
                    "say [farmlock::get [farmlock::lock a -timeout 0] names]\n")
    # A classic server reads nothing of a Tcl program that waits.
    commands.append(scripts.python("say(farmlock.lock('a', timeout=30).acquire())\n"))
    dead = subprocess.Popen(["true"])
    dead.wait()
    for command in commands:
        double = Classic()
        double.held["a"] = {"user": "bob", "block": "1", "autounlock": "1",
                            "hostname": socket.gethostname(), "pid": str(dead.pid)}
        farm.equal(scripts.run(command, double.port), "a\n")


@tap.test
def a_server_that_wants_a_proof_gets_one(folder):
    munged.require()
    server, munge = munge_server.serve(folder, "require")
    commands = both("""
with farmlock.lock("a:b", timeout=0) as one, farmlock.lock(["a", "b"], notice=note) as two:
    say(one, two, farmlock.ping().known)
    until()
    one.renew()
say("out")
""", """
set one [farmlock::lock a:b -timeout 0]
set two [farmlock::lock a:b -notice note]
say [farmlock::get $one names] [farmlock::get $two names] [dict get [farmlock::ping] known]
until
farmlock::check $one
farmlock::unlock $two
farmlock::unlock $one
say out
""")
    for command in commands:
        program = scripts.start(command, server.port, IPCLOCKER_AUTH="munge",
                                IPCLOCKER_MUNGE_SOCKET=munge.socket)
        farm.equal(said(program), "a b munge 0")
        server.restart(*server.options)
        go_on(program)
        line = said(program)
        while line.startswith(("retry: ", "waiting: ")):
            line = said(program)
        farm.equal((line, program.wait(farm.PATIENCE_S), program.stderr.read()), ("out", 0, ""))
        farm.equal(server.held(), {})


@tap.test
def without_a_proof_the_refusal_says_why(folder):
    munged.require()
    server, munge = munge_server.serve(folder, "require")
    commands = both("try:\n    farmlock.lock('a').acquire()\nexcept farmlock.Refused as error:\n"
                    "    say(error.code, error)\n",
                    "say [string range [failed {farmlock::lock a}] 17 end]\n")
    for command in commands:
        for auth, path, reason in (("none", munge.socket, "IPCLOCKER_AUTH is none"),
                                   ("munge", os.path.join(folder, "nowhere"), "munge: ")):
            shown = scripts.run(command, server.port, IPCLOCKER_AUTH=auth, IPCLOCKER_MUNGE_SOCKET=path)
            assert re.match(r"proof-required the server at \S+ refuses: .*; no credential was given, "
                            rf"as {reason}", shown), shown


STRANGERS = {
    "closes": (b"", b""),
    "another protocol": (b"HTTP/1.1 400 Bad Request\r\n\r\n", b""),
    "words without end": (b"proto 2\n", b"bla bla\n" * 1000),
    "a line without end": (b"proto 2\n", b"x" * 16384),
    "a state without end": (b"proto 2\nversion 1 2 3\n\n", b"lockname a\n" * 1000),
    "something else granted": (b"proto 2\nversion 1 2 3\n\nowner x\nlocked 1\nlockname b\ntoken 7\n\n\n",
                               b""),
    "turned away": (b"error-code denied\nerror not for you\n", b""),
    "nothing": (None, b""),
}


class Stranger(Listener):
    """Says something to whoever connects, and again and again until he goes."""

    def __init__(self, first, again):
        self.first, self.again, self.ended = first, again, False
        super().__init__()

    def close(self):
        self.ended = True
        super().close()

    def serve(self, client):
        try:
            if self.first is not None:
                client.recv(65536)
                client.sendall(self.first)
            while self.again and not self.ended:
                client.sendall(self.again)
            if self.first != b"":
                client.recv(65536)
                client.recv(65536)
        except OSError:
            pass
        client.close()


@tap.test
def whatever_answers_there_is_told_in_the_end():
    commands = both("try:\n    farmlock.lock('a:c', timeout=1.5).acquire()\n    say('held')\n"
                    "except farmlock.Error as error:\n    say(error)\n",
                    "say [failed {farmlock::lock a:c -timeout 1.5}]\n")
    for name, (first, again) in STRANGERS.items():
        for command in commands:
            stranger = Stranger(first, again)
            shown = scripts.run(command, stranger.port)
            print(f"# {name}: {shown}", end="", flush=True)
            assert re.search("refuses: not for you" if name == "turned away" else
                             "granted something else" if name == "something else granted" else
                             "127.0.0.1", shown), (name, shown)
            stranger.close()


@tap.test
def a_name_that_is_granted_twice_is_one():
    commands = both("try:\n    farmlock.lock('a:b:c', count=2, timeout=1.5).acquire()\n    say('held')\n"
                    "except farmlock.Error as error:\n    say(error)\n",
                    "say [failed {farmlock::lock a:b:c -count 2 -timeout 1.5}]\n")
    for command in commands:
        stranger = Stranger(b"proto 2\nversion 1 2 3\n\nowner x\nlocked 1\nlockname a\nlockname a\ntoken 7\n\n\n", b"")
        farm.contains(scripts.run(command, stranger.port), "granted something else")
        stranger.close()


if __name__ == "__main__":
    farm.main()
