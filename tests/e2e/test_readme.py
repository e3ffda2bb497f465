#!/usr/bin/python3
"""The commands that README.md shows, run as they are written there, in sh and in tcsh.

pidstat's and pidwatch's are run by test_pidwatch_hosts.py, on hosts of their own.
"""

import os
import re
import shutil
import sys

from support import farm, scripts, tap
from support.lockd import Server

STUBS = {
    "simulate": 'echo "simulating: $*"',
    "CMD": 'echo "seats: $LOCKERSH_LOCK"',
    "make": 'echo "making in $(pwd): $#"; for word; do echo "<$word>"; done',
    # What ssh and rsh do with the words behind the host.
    "ssh": 'shift; exec sh -c "$*"',
    "rsh": 'shift; exec sh -c "$*"',
}


def section(title):
    """What stands below a heading, the first one included, up to the next."""
    with open(os.path.join(farm.SOURCE, "README.md"), encoding="utf-8") as readme:
        return re.search(rf"^#+ (?:\d\. )?{title}\n(.*?)(?=^#|\Z)", readme.read(), re.M | re.S)[1]


def commands(program, title):
    """A section's lines that begin with a program's name, comments cut off."""
    lines = re.findall(rf"^{program} .*$", section(title), re.M)
    assert lines, f"README.md shows no {program}"
    return [line.partition("  #")[0].strip() for line in lines]


def shell(folder, line, status=0, **environment):
    """Runs a line in sh and, where it is, in tcsh, which must do the same with it."""
    shown = run(folder, ("sh", "-c"), line, status, environment)
    if shutil.which("tcsh"):
        # Times in it may be others.
        again = run(folder, ("tcsh", "-f", "-c"), line, status, environment)
        farm.equal((line, len(again.splitlines())), (line, len(shown.splitlines())))
    return shown


def run(folder, shell_words, line, status, environment):
    for name, text in STUBS.items():
        path = os.path.join(folder, name)
        with open(path, "w", encoding="ascii") as stub:
            stub.write(f"#!/bin/sh\n{text}\n")
        os.chmod(path, 0o755)
    path = f"{folder}:{os.path.join(farm.BUILD, 'bin')}:{os.environ['PATH']}"
    result = farm.run(*shell_words, line, cwd=folder,
                      env=farm.environment(PATH=path, **environment))
    farm.equal((line, result.returncode, result.stderr), (line, status, ""))
    return result.stdout


@tap.test
def the_first_screen_as_in_the_readme(folder):
    server = Server(folder)
    (line,) = commands("lockersh", "farmlock")
    farm.equal(shell(folder, line, IPCLOCKER_HOST="127.0.0.1", IPCLOCKER_PORT=server.port),
               "simulating: --license lic1\n")
    export, setenv = re.search(r"^(export IPCLOCKER_HOST=)that-machine +# .*: (setenv IPCLOCKER_HOST )that-machine$",
                               section("farmlock"), re.M).groups()
    for words, line in ((("sh", "-c"), export), (("tcsh", "-f", "-c"), setenv)):
        if shutil.which(words[0]):
            farm.equal(run(folder, words, f"{line}localhost; lockersh --owner lic1", 1, {"IPCLOCKER_PORT": server.port}), "")


@tap.test
def lockersh_as_in_the_readme(folder):
    server = Server(folder)
    # Nobody has it yet, which --owner tells by its status; nor is there anything to take away.
    for line in commands("lockersh", "Seats"):
        if "--break" not in line:
            shown = shell(folder, line, int("--owner" in line), IPCLOCKER_HOST="127.0.0.1", IPCLOCKER_PORT=server.port)
            if line == "lockersh --lock 'vcs[1-8]' --count 2 --and board1 CMD":
                farm.equal(shown, "seats: vcs1 vcs2 board1\n")
    server.wire().ask("user somebody", "locks lic1", "LOCK")
    farm.equal(run(folder, ("sh", "-c"), "lockersh --break lic1", 0, {"IPCLOCKER_PORT": server.port}),
               "lic1 was taken from somebody\n")
    farm.contains(commands("lockersh", "Seats"), "lockersh --break lic1")


@tap.test
def pools_as_in_the_readme(folder):
    config = os.path.join(folder, "lockerd.conf")
    with open(config, "w", encoding="utf-8") as file:
        file.write(re.search(r"^pools = .*?;\n```", section("Pools of licenses"), re.M | re.S)[0].rstrip("`"))
    server = Server(folder, "--config", config)
    asked = {"IPCLOCKER_HOST": "127.0.0.1", "IPCLOCKER_PORT": server.port}
    take, explain, show = commands("lockersh", "Pools of licenses")
    farm.equal(shell(folder, take, **asked), "seats: vcs1 vcs2\n")
    farm.contains(shell(folder, explain, **asked), "vcs1")
    farm.contains(shell(folder, show, **asked), "vcs")
    (line,) = commands("lockreport", "Pools of licenses")
    farm.contains(shell(folder, line, **asked), "chipA")
    # Once will do.
    (line,) = commands("lockflex", "Pools of licenses")
    line = line.replace("-i 15", f"--lmutil {folder}/lmutil")
    with open(os.path.join(folder, "lmutil"), "w", encoding="ascii") as stub:
        stub.write("#!/bin/sh\necho 'Users of VCSRuntime_Net: None'\n")
    os.chmod(stub.name, 0o755)
    farm.equal(shell(folder, line, **asked), "vcs: 0 are outside, as 0 of 0 in use are the farm's\n")


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
def python_and_tcl_as_in_the_readme(folder):
    server = Server(folder)
    for language, program in (("python", sys.executable), ("tcl", "tclsh")):
        text = re.search(rf"```{language}\n(.*?)```", section("Python and Tcl"), re.S)[1]
        path = os.path.join(folder, f"script.{language}")
        with open(path, "w", encoding="utf-8") as script:
            script.write(text)
        if shutil.which(program):
            farm.equal(shell(folder, f"{program} {path}", IPCLOCKER_HOST="127.0.0.1",
                             IPCLOCKER_PORT=server.port, **scripts.FOLDERS), "simulating: --license lic1\n")
    farm.equal(server.held(), {})


@tap.test
def uriexec_as_in_the_readme(folder):
    hop, encode = commands("uriexec", "Commands through shells")
    farm.equal(shell(folder, hop), f"making in {folder}: 1\n<CFLAGS=-O2 -g>\n")
    farm.equal(shell(folder, encode), "two  blanks, $5\n")


if __name__ == "__main__":
    farm.main()
