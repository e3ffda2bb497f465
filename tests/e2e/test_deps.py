#!/usr/bin/env python3
"""make deps where a release has no package of some name.  Stand-ins answer for apt and dpkg, for a test
must not install anything here; the real ones do in check-slurm."""

import os

from support import farm
from support.tap import test

DEPS = os.path.join(farm.SOURCE, ".ci", "deps")


def stand_in(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as out:
        out.write(f"#!/bin/sh\n{text}\n")
    os.chmod(path, 0o755)


def deps(folder, *words, absent="", present="", lists=True):
    """Runs it as an ordinary user of a machine where all is missing but what is present."""
    stand_in(folder, "id", "echo 1000")
    stand_in(folder, "dpkg-query", f'for name in {present} -; do eval last=\\${{$#}}; '
             '[ "$name" != "$last" ] || echo "install ok installed"; done')
    stand_in(folder, "apt-cache", f'case "$1:$2" in madison:*) {"echo dpkg" if lists else ":"} ;;\n'
             f'*) c=1.0; for name in {absent} -; do [ "$name" != "$2" ] || c="(none)"; done\n'
             f'echo "$2:"; echo "  Candidate: {"$c" if lists else "(none)"}" ;; esac')
    stand_in(folder, "apt-get", "echo apt-get was called; exit 1")
    return farm.run("sh", DEPS, *words, env=farm.environment(PATH=f"{folder}:{os.environ['PATH']}"))


@test
def what_has_no_package_is_named_and_left_out(folder):
    done = deps(folder, "test", absent="rsh-redone-client rsh-redone-server")
    farm.equal(done.returncode, 1)
    farm.contains(done.stdout, "deps: this release has no package rsh-redone-client rsh-redone-server;")
    advice = done.stderr.splitlines()[0]
    farm.contains(advice, "sudo apt-get install")
    farm.contains(advice, " libcmocka-dev")
    assert "rsh-redone" not in done.stderr, done.stderr


@test
def when_nothing_else_is_missing_all_is_well(folder):
    present = "debootstrap util-linux"
    done = deps(folder, "release", present=present, absent="debian-archive-keyring")
    farm.equal((done.returncode, done.stderr), (0, ""))
    farm.contains(done.stdout, "no package debian-archive-keyring;")
    done = deps(folder, "release", present=present + " debian-archive-keyring")
    farm.equal((done.returncode, done.stdout, done.stderr), (0, "", ""))


@test
def without_lists_nothing_is_said_to_be_absent(folder):
    done = deps(folder, "release", lists=False)
    farm.equal((done.returncode, done.stdout), (1, ""))
    farm.contains(done.stderr, "sudo apt-get install debootstrap debian-archive-keyring util-linux\n")


if __name__ == "__main__":
    farm.main()
