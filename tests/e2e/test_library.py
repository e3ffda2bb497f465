#!/usr/bin/python3
"""libipclocker as others find it: installed, with pkg-config, from a program in C."""

import os
import subprocess

import farm
import tap
from locking import Farm


def install(prefix):
    """Installs what is built, building nothing: other tests use it at the same time."""
    variant = os.path.basename(os.path.normpath(farm.BUILD))
    result = farm.run("make", "-s", "-C", farm.SOURCE, "-o", "all", "install", f"PREFIX={prefix}",
                      f"VARIANT={'' if variant == 'build' else variant}",
                      env=farm.environment(MAKEFLAGS=None, MAKELEVEL=None, MFLAGS=None))
    farm.equal((result.returncode, result.stderr), (0, ""))


def build_example(folder):
    """Installs below `folder` and builds the example; returns it and what runs it needs."""
    prefix = os.path.join(folder, "prefix")
    install(prefix)
    env = farm.environment(PKG_CONFIG_PATH=f"{prefix}/lib/pkgconfig", MAKEFLAGS=None,
                           LD_LIBRARY_PATH=f"{prefix}/lib")
    example = os.path.join(folder, "client")
    subprocess.run(["cp", "-r", os.path.join(farm.SOURCE, "examples/client"), example], check=True)
    result = farm.run("make", "-C", example, "CFLAGS=-O1 -Wall -Wextra -Werror", env=env)
    farm.equal((result.returncode, result.stderr), (0, ""))
    return os.path.join(example, "seat"), env


@tap.test
def a_program_builds_and_runs_against_the_installed_library(folder):
    if os.path.basename(os.path.normpath(farm.BUILD)) == "asan":
        print("# a plain program cannot load a library built with ASan")
        return
    seat, env = build_example(folder)
    lab = Farm()
    env.update(IPCLOCKER_HOST="127.0.0.1", IPCLOCKER_PORT=str(lab.port))
    first = farm.start(seat, "lic1:lic2", "1000", env=env, stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE)
    farm.contains(first.stdout.readline(), b"seat: lic1 is ours, token ")
    farm.equal(lab.locks()["lic1"]["pid"], first.pid)
    second = farm.start(seat, "lic1", "0", env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    farm.contains(second.stderr.readline(), b"seat: waiting for lic1, held by ")
    first.kill()
    out, err = second.communicate(timeout=farm.PATIENCE_S)
    farm.contains(out, b"seat: lic1 is ours")
    farm.contains(err, b"seat: obtained lic1 after ")
    lab.poll_free("lic1")
    farm.equal(farm.run(seat, "a[", "1", env=env).returncode, 1)


@tap.test
def the_library_exports_its_interface_only():
    out = farm.run("nm", "-D", "--defined-only",
                   os.path.join(farm.BUILD, "lib", "libipclocker.so")).stdout
    names = [line.split()[-1].partition("@")[0] for line in out.splitlines()]
    public = [name for name in names if name.startswith(("ipclocker_", "pidstat_", "uricommand_"))]
    assert "ipclocker_lock" in public, names
    farm.equal([name for name in names if name not in public and name != "IPCLOCKER_0"
                and not name.startswith("__asan")], [])


if __name__ == "__main__":
    farm.main()
