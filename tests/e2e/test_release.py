#!/usr/bin/env python3
"""The root of another release that make check-slurm runs in: what runs there ends with .ci/release,
however that ends, and leaves no mount; where no root can be made, it says so.  The root of these
tests has little more than a shell."""

import os
import re
import shutil
import signal
import subprocess
import time

from support import farm, tap
from support.tap import test

SCRIPT = os.path.join(farm.SOURCE, ".ci", "release")
PROGRAMS = ("sh", "env", "sleep", "umount", "cat", "ip")
MARK = f"3000.{os.getpid()}"  # seconds that nobody else sleeps for
# When it is killed; None is while the command runs.
MOMENTS = ((signal.SIGKILL, (0, 0.05, 0.2, None)), (signal.SIGTERM, (0.1, None)), (signal.SIGINT, (None,)))


def make_root(roots):
    """Copies a few programs and what these load."""
    root = os.path.join(roots, "tiny")
    for folder in ("mnt", "proc", "sys", "dev", "run", "etc/apt/apt.conf.d", "usr/bin", "var", "tmp"):
        os.makedirs(os.path.join(root, folder))
    os.chmod(roots, 0o700)
    for program in PROGRAMS:
        path = shutil.which(program)
        files = re.findall(r"(/\S+) \(0x", farm.run("ldd", path).stdout)
        for file in files:
            os.makedirs(root + os.path.dirname(file), exist_ok=True)
            shutil.copy(file, root + file)
        shutil.copy(path, os.path.join(root, "usr/bin", program))
    os.symlink("usr/bin", os.path.join(root, "bin"))
    with open(os.path.join(root, "usr/bin/apt-get"), "w", encoding="ascii") as out:
        out.write("#!/bin/sh\nexit 0\n")
    os.chmod(os.path.join(root, "usr/bin/apt-get"), 0o755)
    return root


def lacking():
    if os.geteuid() != 0:
        return "root's rights"
    return next((name for name in ("dpkg", "debootstrap", "apt-config") if not shutil.which(name)), None)


def prepare(folder):
    if lacking():
        raise tap.Lacks(f"this machine lacks {lacking()}")
    roots = os.path.join(folder, "roots")
    make_root(roots)
    return farm.environment(FARMLOCK_ROOTS=roots)


def left(root):
    """Mounts below the root that this machine sees."""
    with open("/proc/self/mountinfo", encoding="utf-8") as mounts:
        return [line for line in mounts if root in line]


@test
def a_command_runs_there_with_the_sources_that_it_cannot_change(folder):
    env = prepare(folder)
    done = farm.run("sh", SCRIPT, "tiny", "sh", "-c",
                    "cat /farmlock/.ci/release; >/farmlock/x; >/farmlock/build/y; exit 7", env=env)
    farm.equal(done.returncode, 7)
    with open(SCRIPT, encoding="utf-8") as file:
        farm.contains(done.stdout, file.read())
    farm.contains(done.stderr, "Read-only")
    assert os.path.exists(f"{folder}/roots/tiny/var/farmlock-build/y")
    farm.equal(left(folder), [])


@test
def all_ends_with_it_whoever_kills_it_and_when(folder):
    env = prepare(folder)
    for number, moments in MOMENTS:
        for moment_s in moments:
            run = subprocess.Popen(["sh", SCRIPT, "tiny", "sleep", MARK], env=env, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            farm.at_end(lambda process=run: farm.stop(process))
            if moment_s is None:
                farm.poll(lambda: [pid for pid in farm.marked(MARK) if farm.words_of(pid)[:1] == ["sleep"]],
                          "the command runs")
            else:
                time.sleep(moment_s)
            run.send_signal(number)
            # Its end is seen when the last process has closed it.
            run.stderr.read()
            run.wait(farm.PATIENCE_S)
            farm.poll(lambda: not farm.marked(MARK), f"nothing is left of one that got {number} after {moment_s}")
            farm.equal(left(folder), [])


@test
def without_a_mirror_it_says_so_and_leaves_no_root(folder):
    env = prepare(folder)
    if farm.run("unshare", "--net", "true").returncode != 0:
        raise tap.Lacks("this machine gives no network namespace")
    done = farm.run("unshare", "--net", "sh", SCRIPT, "trixie", "true", env=env, timeout=farm.PATIENCE_S * 5)
    farm.equal(done.returncode, 1)
    farm.contains(done.stderr, "release: debootstrap cannot make a root of trixie")
    farm.equal([name for name in os.listdir(f"{folder}/roots") if name in ("trixie", "trixie.new")], [])


@test
def wrong_words_are_told():
    farm.equal(farm.run("sh", SCRIPT).returncode, 64)
    done = farm.run("sh", SCRIPT, "../etc", "true")
    farm.equal(done.returncode, 1)
    farm.contains(done.stderr, "'../etc' is not the name of a Debian release")


if __name__ == "__main__":
    farm.main()
