#!/usr/bin/python3
"""The commands that README.md shows, run as they are written there.

pidstat's and pidwatch's are run by test_pidwatch_hosts.py, on hosts of their own.
"""

import os
import re

from support import farm, tap
from support.lockd import Server

STUBS = {
    "simulate": 'echo "simulating: $*"',
    "CMD": 'echo "seats: $LOCKERSH_LOCK"',
    "make": 'echo "making in $(pwd): $#"; for word; do echo "<$word>"; done',
    # What ssh and rsh do with the words behind the host.
    "ssh": 'shift; exec sh -c "$*"',
    "rsh": 'shift; exec sh -c "$*"',
}


def commands(program):
    """README's lines that begin with a program's name, comments cut off."""
    with open(os.path.join(farm.SOURCE, "README.md"), encoding="utf-8") as readme:
        lines = re.findall(rf"^{program} .*$", readme.read(), re.M)
    assert lines, f"README.md shows no {program}"
    return [line.partition("  #")[0].strip() for line in lines]


def shell(folder, line, **environment):
    for name, text in STUBS.items():
        path = os.path.join(folder, name)
        with open(path, "w", encoding="ascii") as stub:
            stub.write(f"#!/bin/sh\n{text}\n")
        os.chmod(path, 0o755)
    path = f"{folder}:{os.path.join(farm.BUILD, 'bin')}:{os.environ['PATH']}"
    result = farm.run("sh", "-c", line, cwd=folder,
                      env=farm.environment(PATH=path, **environment))
    farm.equal((line, result.returncode, result.stderr), (line, 0, ""))
    return result.stdout


@tap.test
def lockersh_as_in_the_readme(folder):
    server = Server(folder)
    shown = {line: shell(folder, line, IPCLOCKER_HOST="127.0.0.1", IPCLOCKER_PORT=server.port)
             for line in commands("lockersh")}
    farm.equal(shown["lockersh --lock lic1:lic2 'simulate --license $LOCKERSH_LOCK'"],
               "simulating: --license lic1\n")
    farm.equal(shown["lockersh --lock 'vcs[1-8]' --count 2 --and board1 CMD"],
               "seats: vcs1 vcs2 board1\n")
    server.wire().ask("user somebody", "locks lic1", "LOCK")
    farm.equal(shell(folder, "lockersh --break lic1", IPCLOCKER_PORT=server.port),
               "lic1 was taken from somebody\n")


@tap.test
def lockreport_as_in_the_readme(folder):
    server = Server(folder)
    wire = server.wire()
    wire.ask("user somebody", "locks vcs1", "LOCK")
    wire.ask("UNLOCK")
    with open(os.path.join(farm.SOURCE, "README.md"), encoding="utf-8") as readme:
        line = re.search(r"`(lockreport [^`]*)`", readme.read())[1]
    farm.contains(shell(folder, line, IPCLOCKER_HOST="127.0.0.1",
                        IPCLOCKER_PORT=server.port), "vcs")


@tap.test
def uriexec_as_in_the_readme(folder):
    hop, encode = commands("uriexec")
    farm.equal(shell(folder, hop), f"making in {folder}: 1\n<CFLAGS=-O2 -g>\n")
    farm.equal(shell(folder, encode), "it's  $5\n")


if __name__ == "__main__":
    farm.main()
