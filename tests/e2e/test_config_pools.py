#!/usr/bin/env python3
"""Pools in lockerd's configuration file: checked and shown; taken up while it runs, or not at all."""

import os
import signal

from support import farm, tap
from support.lockd import LOCKERD, serves

EXAMPLE = os.path.join(os.path.dirname(__file__), "..", "..", "examples", "pools", "lockerd.conf")


def write(folder, text, name="lockerd.conf"):
    path = os.path.join(folder, name)
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path + ".new", 0o644)
    os.rename(path + ".new", path)
    return path


def check(path):
    return farm.run(LOCKERD, "--check-config", "--config", path)


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


@tap.test
def the_example_is_right_and_says_what_it_means(folder):
    path = write(folder, read(EXAMPLE))
    shown = check(path)
    farm.equal((shown.returncode, shown.stderr), (0, ""))
    for line in ("pool vcs: 40 seats, vcs1 to vcs40; the lowest free one is given first; none can be chosen",
                 "all users of group:night have 12 at most together",
                 "4 kept free for projects ci",
                 "projects take turns by weight: chipA 4, chipB 2, each other 1"):
        farm.contains(shown.stdout, f": {line}\n")
    # What is shown can be read again, and means the same.
    again = check(write(folder, shown.stdout, "again"))
    farm.equal((again.returncode, again.stderr), (0, ""))
    farm.equal([line.partition(": ")[2] for line in again.stdout.splitlines() if line.startswith("# ")],
               [line.partition(": ")[2] for line in shown.stdout.splitlines() if line.startswith("# ")])


@tap.test
def faults_of_pools_and_options_are_told_together(folder):
    path = write(folder, """
        prt = 5
        pols = ()
        unknown-names = "refused"
        groups = ( { name = "eda"; users = ["unix:no-such-group"]; } )
        pools = ( { name = "vcs"; seats = 4; reserve = ( { seats = 5; users = ["group:edu"]; } ) },
          { name = "vcs1"; seats = 1.5 } )
    """)
    result = check(path)
    farm.equal((result.returncode, result.stdout), (78, ""))
    farm.equal(result.stderr.replace(f"lockerd: {path}:", "").splitlines(), [
        "2: unknown setting prt; did you mean port?",
        "3: unknown setting pols; did you mean pools?",
        "7: seats is 1.5; give a whole number from 1 to 65536",
        '4: unknown-names is one of "allow", "refuse"',
        "6: pool vcs has 4 seats, but 5 are reserved",
        "6: there is no group:edu; did you mean group:eda?",
        "7: vcs1 is a seat of pool vcs, and the name of pool vcs1"])
    path = write(folder, 'groups = ( { name = "eda"; users = ["unix:no-such-group"]; } )')
    farm.equal(check(path).stderr,
               f"lockerd: {path}:1: the system has no group no-such-group; create it, or name another\n")


def start(path, log, *options):
    with open(log, "ab") as err:
        return farm.start(LOCKERD, "--nofork", "--config", path, "--state", "none", *options, stderr=err)


def hang_up(server, log, line):
    """Sends SIGHUP and waits until the log has one more of a line."""
    before = read(log).count(line)
    server.send_signal(signal.SIGHUP)
    farm.poll(lambda: read(log).count(line) > before, f"the log has {line!r} in {read(log)}")


@tap.test
def a_reload_with_a_fault_says_so_and_changes_nothing(folder):
    port, log = farm.free_port(), f"{folder}/log"
    path = write(folder, 'pools = ( { name = "vcs"; seats = 2 } )')
    server = start(path, log, "--port", port)
    farm.poll(lambda: serves(port), "it serves")
    write(folder, '\npools = ( { name = "vcs"; sets = 2 } )')
    hang_up(server, log, f"{path}:2: a pool has no setting sets; did you mean seats?\n")
    farm.poll(lambda: "stays as it was" in read(log), "that is said")
    assert serves(port)
    write(folder, 'pools = ( { name = "vcs"; seats = 3 } )')
    hang_up(server, log, f"{path} was read anew")
    os.remove(path)
    hang_up(server, log, "stays as it was")
    assert serves(port)


if __name__ == "__main__":
    farm.main()
