"""Runs the functions of a module that are marked as tests and prints TAP, for prove(1)."""

import inspect
import os
import shutil
import signal
import sys
import tempfile
import traceback

TEST_LIMIT_S = 3600 if os.environ.get("FARMLOCK_LONG") else 300

_tests = []


class TooSlow(BaseException):
    """A test went on past TEST_LIMIT_S."""


class Lacks(Exception):
    """This machine lacks what a test needs, which TAP's readers are told."""


def test(function):
    """Marks a test; it may take one argument, a folder of its own."""
    _tests.append(function)
    return function


def _on_alarm(_signal, _frame):
    raise TooSlow(f"no end after {TEST_LIMIT_S} s")


def _run_one(function, cleanups):
    folder = tempfile.mkdtemp(prefix="farmlock-test.")
    os.chmod(folder, 0o755)
    signal.signal(signal.SIGALRM, _on_alarm)
    signal.alarm(TEST_LIMIT_S)
    try:
        function(*([folder] if inspect.signature(function).parameters else []))
    finally:
        signal.alarm(0)
        while cleanups:
            cleanups.pop()()
        shutil.rmtree(folder, ignore_errors=True)


def main(cleanups):
    """Runs the tests, those named on the command line or all; exits with 1 if any failed."""
    wanted = [t for t in _tests if not sys.argv[1:] or t.__name__ in sys.argv[1:]]
    failed = 0
    print(f"1..{len(wanted)}", flush=True)
    for number, function in enumerate(wanted, 1):
        name = function.__name__.replace("_", " ")
        try:
            _run_one(function, cleanups)
            print(f"ok {number} - {name}", flush=True)
        except Lacks as why:
            print(f"ok {number} - {name} # SKIP {why}", flush=True)
        except (Exception, TooSlow):
            failed += 1
            print(f"not ok {number} - {name}", flush=True)
            # On standard error, which prove(1) shows without being asked to.
            print("".join(f"# {line}\n" for line in [name, *traceback.format_exc().splitlines()]),
                  end="", file=sys.stderr, flush=True)
    sys.exit(1 if failed else 0)
