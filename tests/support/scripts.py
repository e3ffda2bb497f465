"""Programs in Python and Tcl with farmlock's modules: what they say, line by line, is tested."""

import os
import shutil
import subprocess
import sys

from support import farm

FOLDERS = {"PYTHONPATH": os.path.join(farm.SOURCE, "wrappers", "python"),
           "TCLLIBPATH": os.path.join(farm.SOURCE, "wrappers", "tcl")}
# Another release of Python can be tried, as FARMLOCK_PYTHON=python3.6.
INTERPRETER = os.environ.get("FARMLOCK_PYTHON") or sys.executable
PYTHON = """
import asyncio, os, signal, sys, threading, time
import farmlock
def say(*words):
    print(*words, flush=True)
def note(kind, text):
    say(kind + ":", text)
def until():
    return sys.stdin.readline()
def go(coroutine):
    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(coroutine)
    finally:
        loop.close()
"""
# Of 8.6, what 8.5 does not have is taken away.
TCL = """
package require farmlock
foreach late {try throw lmap coroutine yield yieldto tailcall zlib oo::class oo::object} {
    catch {rename $late {}}
}
proc say {args} { puts [join $args]; flush stdout }
proc note {kind text} { say $kind: $text }
proc until {} { gets stdin }
proc failed {script} {
    set code [catch {uplevel 1 $script} text options]
    return [expr {$code ? "[dict get $options -errorcode] $text" : "well $text"}]
}
"""


def python(text):
    return [INTERPRETER, "-W", "default", "-c", PYTHON + text]


def tcl(text):
    # Standard input is for what the test has to say to it.
    return [shutil.which("tclsh") or "tclsh", os.path.join(farm.SOURCE, "tests/support/eval.tcl"),
            TCL + text]


def environment(port, **extra):
    return farm.environment(**{**FOLDERS, "IPCLOCKER_HOST": "127.0.0.1", "IPCLOCKER_PORT": port,
                               "IPCLOCKER_AUTH": "none", "LC_ALL": "C.UTF-8", **extra})


def start(command, port, **extra):
    """A program in the background; it is ended with the test."""
    return farm.start(*command, env=environment(port, **extra), stdin=subprocess.PIPE,
                      stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def run(command, port, **extra):
    """The output of one that has to go well, without a warning."""
    done = farm.run(*command, env=environment(port, **extra))
    farm.equal((done.returncode, done.stderr), (0, ""))
    return done.stdout


def said(program):
    return program.stdout.readline().rstrip("\n")


def go_on(program):
    program.stdin.write("\n")
    program.stdin.flush()


def _read_until(program, part):
    while part not in said(program):
        assert program.poll() is None, program.stderr.read()


def restart(server, *programs):
    """Kills a server and starts it again, once programs with notices have seen that it is away; they
    have seen it come back then."""
    server.kill()
    for program in programs:
        _read_until(program, "retry: ")
    server.start()
    for program in programs:
        _read_until(program, " answers again")
