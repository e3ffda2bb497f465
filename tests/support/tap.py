"""Runs the functions of a module that are marked as tests and prints TAP, for prove(1)."""

import inspect
import os
import pwd
import shutil
import signal
import sys
import tempfile
import traceback

TEST_LIMIT_S = 3600 if os.environ.get("FARMLOCK_LONG") else 300
CLEANUP_LIMIT_S = 60

_tests = []
_before_each = []


class TooSlow(BaseException):
    """A test, or what cleans up behind it, went on past its limit."""


class Lacks(Exception):
    """This machine lacks what a test needs, which TAP's readers are told."""


def test(function):
    """Marks a test; it may take one argument, a folder of its own."""
    _tests.append(function)
    return function


def before_each(function):
    """Has the function called before each test, which it may fail."""
    _before_each.append(function)


def _within(limit_s, function, *arguments):
    """Calls a function that must return in time."""
    def on_alarm(_signal, _frame):
        raise TooSlow(f"no end after {limit_s} s")

    signal.signal(signal.SIGALRM, on_alarm)
    signal.alarm(limit_s)
    try:
        function(*arguments)
    finally:
        signal.alarm(0)


def clean_up(cleanups):
    """Calls all of them, the last first, and returns what went wrong: one that fails leaves the
    others their turn."""
    faults = []
    while cleanups:
        try:
            _within(CLEANUP_LIMIT_S, cleanups.pop())
        except (Exception, TooSlow) as fault:
            faults.append(fault)
    return faults


def daemons_user():
    """The user and the group that a daemon which root has started becomes."""
    for name in ("farmlock", "nobody"):
        try:
            return pwd.getpwnam(name)[2:4]
        except KeyError:
            continue
    return 65534, 65534


def _faults_of(function, cleanups):
    """Runs a test and cleans up behind it; returns what went wrong, the test's own fault first."""
    folder = tempfile.mkdtemp(prefix="test.")
    os.chmod(folder, 0o755)
    if os.geteuid() == 0:
        os.chown(folder, *daemons_user())
    faults = []
    try:
        for prepare in _before_each:
            _within(TEST_LIMIT_S, prepare)
        _within(TEST_LIMIT_S, function,
                *([folder] if inspect.signature(function).parameters else []))
    except (Exception, TooSlow) as fault:
        faults.append(fault)
    faults += clean_up(cleanups)
    shutil.rmtree(folder, ignore_errors=True)
    return faults


def _explain(name, faults):
    """On standard error, which prove(1) shows without being asked to."""
    lines = [name]
    for fault in faults:
        lines += "".join(traceback.format_exception(type(fault), fault, fault.__traceback__)).splitlines()
    print("".join(f"# {line}\n" for line in lines), end="", file=sys.stderr, flush=True)


def main(cleanups):
    """Runs the tests, those named on the command line or all; exits with 1 if any failed."""
    wanted = [t for t in _tests if not sys.argv[1:] or t.__name__ in sys.argv[1:]]
    failed = 0
    print(f"1..{len(wanted)}", flush=True)
    for number, function in enumerate(wanted, 1):
        name = function.__name__.replace("_", " ")
        faults = _faults_of(function, cleanups)
        if not faults:
            print(f"ok {number} - {name}", flush=True)
        elif len(faults) == 1 and isinstance(faults[0], Lacks):
            print(f"ok {number} - {name} # SKIP {faults[0]}", flush=True)
        else:
            failed += 1
            print(f"not ok {number} - {name}", flush=True)
            _explain(name, faults)
    # What the program does last has a limit too: the guard ends the rest.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(CLEANUP_LIMIT_S)
    sys.exit(1 if failed else 0)
