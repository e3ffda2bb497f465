#!/usr/bin/python3
"""A lockerd whose own munged hangs, while the clients' one works: what a client does that is told to come
back later.  Who waits for a lock waits for that, too; who does not, or not any more, is told."""

import contextlib
import shutil
import signal
import subprocess
import time

from support import farm, munge_server, munged, scripts, tap
from support.listener import Listener
from support.munged import Munged
from support.scripts import said

tap.before_each(munged.require)

LOCKERSH = farm.program("lockersh")
LATER = "cannot be checked now"
# What each says, with the time to wait: got, or why not.
PYTHON = """
begun = time.monotonic()
try:
    with farmlock.lock("x", timeout=%s, notice=note) as seat:
        say("got", seat)
except farmlock.Error as error:
    say(type(error).__name__, error.code, error)
"""
TCL = """
if {[catch {farmlock::lock x -timeout %s -notice note} h]} {
    say [lrange $::errorCode 1 end] $h
} else {
    say got [farmlock::get $h names]
    farmlock::unlock $h
}
"""
FOREVER = {PYTHON: "None", TCL: '""'}
MODULES = [(scripts.python, PYTHON)] + ([(scripts.tcl, TCL)] if shutil.which("tclsh") else [])


class Lab:
    def __init__(self, folder):
        self.munge = Munged(folder)
        self.own = Munged(folder, "own", self.munge.key)
        self.server, _ = munge_server.serve(folder, "require", self.own)
        self.env = farm.environment(IPCLOCKER_HOST="localhost", IPCLOCKER_PORT=self.server.port,
                                    IPCLOCKER_MUNGE_SOCKET=self.munge.socket)

    @contextlib.contextmanager
    def hangs(self):
        """The server's munged does; it is known to, and asked again, each after a while only."""
        farm.freeze(self.own.process.pid)
        try:
            yield
        finally:
            self.own.process.send_signal(signal.SIGCONT)

    def lockersh(self, *words):
        return farm.start(LOCKERSH, *words, "--lock", "x", "echo got $LOCKERSH_LOCK", env=self.env,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def module(self, language, text, timeout):
        return scripts.start(language(text % timeout), self.server.port, IPCLOCKER_AUTH="munge",
                             IPCLOCKER_MUNGE_SOCKET=self.munge.socket)


def verdict(program):
    """What a module's program says but notices."""
    line = said(program)
    while line.startswith(("retry: ", "waiting: ", "obtained: ")):
        line = said(program)
    return line


@tap.test
def who_waits_waits_for_munged_as_well(folder):
    lab = Lab(folder)
    with lab.hangs():
        patient = [lab.lockersh(), lab.lockersh("-w", "100")]
        for shell in patient:
            line = shell.stderr.readline()
            farm.contains(line, "does not serve")
            farm.contains(line, LATER)
            farm.contains(line, "trying again")
            # As often as the others try that do not find a server.
            for _ in range(3):
                farm.contains(shell.stderr.readline(), LATER)
            assert shell.poll() is None
    for shell in patient:
        out, err = shell.communicate(timeout=farm.PATIENCE_S * 4)
        farm.equal((shell.returncode, out), (0, "got x\n"))
        assert "refused" not in err, err


@tap.test
def who_waits_in_a_script_waits_for_munged_as_well(folder):
    lab = Lab(folder)
    with lab.hangs():
        programs = [lab.module(language, text, FOREVER[text]) for language, text in MODULES]
        for program in programs:
            line = said(program)
            farm.contains(line, LATER)
            assert line.startswith("retry: "), line
        # Longer than it takes to try as often as the others do that do not find a server.
        time.sleep(15)
        farm.equal([program.poll() for program in programs], [None] * len(programs))
    for program in programs:
        farm.equal((verdict(program), program.wait(farm.PATIENCE_S)), ("got x", 0))


@tap.test
def who_does_not_wait_is_told(folder):
    lab = Lab(folder)
    with lab.hangs():
        shell = lab.lockersh("-n")
        begun = time.monotonic()
        _, err = shell.communicate(timeout=30)
        farm.equal(shell.returncode, 69)
        farm.contains(err, LATER)
        farm.contains(err, "does not serve")
        assert 4 < time.monotonic() - begun < 12
    for language, text in MODULES:
        with lab.hangs():
            begun = time.monotonic()
            program = lab.module(language, text, "0")
            line = verdict(program)
            farm.contains(line, "proof-later")
            farm.contains(line, LATER)
            assert 4 < time.monotonic() - begun < 12, line


def shell_gives_up(lab, limit):
    """How long a lockersh took that waits for so long in vain."""
    begun = time.monotonic()
    shell = lab.lockersh("-w", str(limit))
    shell.communicate(timeout=30)
    farm.equal(shell.returncode, 69)
    return time.monotonic() - begun


def module_gives_up(lab, language, text, limit):
    begun = time.monotonic()
    line = verdict(lab.module(language, text, str(limit)))
    assert "got" not in line, line
    return time.monotonic() - begun


def keeps_limit(give_up, limit, slack_s):
    def late():
        took = give_up(limit)
        assert took >= limit, (limit, took)
        return [took - limit]

    farm.promised(f"later than a limit of {limit} s", late, slack_s, slack_s)


@tap.test
def a_limit_is_kept_while_munged_hangs(folder):
    lab = Lab(folder)
    with lab.hangs():
        # The first one finds it hang, the second one is refused at once and comes back.
        for limit in (2, 8):
            keeps_limit(lambda limit: shell_gives_up(lab, limit), limit, 2)
        for program in MODULES:
            for limit in (2, 8):
                keeps_limit(lambda limit, program=program: module_gives_up(lab, *program, limit), limit, 3)


@tap.test
def a_limit_is_kept_while_ones_own_munged_hangs(folder):
    lab = Lab(folder)
    farm.freeze(lab.munge.process.pid)
    try:
        # A credential has two seconds else.
        keeps_limit(lambda limit: shell_gives_up(lab, limit), 0.2, 1.7)
        for program in MODULES:
            keeps_limit(lambda limit, program=program: module_gives_up(lab, *program, limit), 0.2, 1.7)
    finally:
        lab.munge.process.send_signal(signal.SIGCONT)


@tap.test
def what_is_asked_once_comes_back_as_well(folder):
    lab = Lab(folder)
    with lab.hangs():
        lab.lockersh("-n").wait(30)
        # For a while all are refused at once.
        shells = [farm.start(LOCKERSH, "--break", "x", env=lab.env, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, text=True)]
        modules = [lab.module(scripts.python, "%sfarmlock.break_lock('x')\nsay('done')\n", "")]
        if len(MODULES) > 1:
            modules.append(lab.module(scripts.tcl, "%sfarmlock::breaklock x\nsay done\n", ""))
        farm.contains(shells[0].stderr.readline(), "trying again")
    for shell in shells:
        farm.equal((shell.wait(30), shell.stderr.read().count("refused")), (0, 0))
    for program in modules:
        found = verdict(program)
        assert found == "done", (found, program.stderr.read())


class Checker(Listener):
    """A server that asks for a proof, and says nothing once it has it."""

    def serve(self, client):
        try:
            client.recv(65536)
            client.sendall(b"proto 2\nauth munge " + b"5" * 32 + b" 0 required\nversion 1 2 3\n\n")
            while client.recv(65536):
                pass
        except OSError:
            pass
        client.close()


@tap.test
def a_server_that_never_says_what_a_proof_is_worth_holds_nobody_for_ever(folder):
    munge = Munged(folder)
    server = Checker()
    env = farm.environment(IPCLOCKER_HOST="127.0.0.1", IPCLOCKER_PORT=server.port,
                           IPCLOCKER_MUNGE_SOCKET=munge.socket, IPCLOCKER_AUTH="munge")
    begun = time.monotonic()
    waiting = [farm.start(LOCKERSH, *words, env=env, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True)
               for words in (("-n", "--lock", "x", "true"), ("--break", "x"))]
    modules = [scripts.start(language(text % "0"), server.port, IPCLOCKER_AUTH="munge",
                             IPCLOCKER_MUNGE_SOCKET=munge.socket) for language, text in MODULES]
    limited = farm.run(LOCKERSH, "-w", "2", "--lock", "x", "true", env=env)
    assert limited.returncode == 69 and time.monotonic() - begun < 10, limited
    for shell in waiting:
        _, err = shell.communicate(timeout=100)
        farm.equal(shell.returncode, 69)
        farm.contains(err, "it does not answer")
    for program in modules:
        farm.contains(verdict(program), "127.0.0.1")
    assert 50 < time.monotonic() - begun < 90, time.monotonic() - begun


if __name__ == "__main__":
    farm.main()
