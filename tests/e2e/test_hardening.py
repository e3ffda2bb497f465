#!/usr/bin/env python3
"""How programs and libraries are built, by what readelf(1) finds in them."""

import glob
import os
import platform
import re
import shutil

from support import built, farm, tap

# SPANK's functions are in the program that loads the plugin, and not all in each.
LAZY = {"pidwatch.so"}


def programs():
    found = [farm.program(name) for name in sorted(os.listdir(os.path.join(farm.BUILD, "bin")))]
    found += glob.glob(os.path.join(farm.BUILD, "lib", "*.so.*.*"))
    return found + glob.glob(os.path.join(farm.BUILD, "spank", "*.so"))


@tap.before_each
def needs_readelf():
    if not shutil.which("readelf"):
        raise tap.Lacks("needs readelf")
    if built.is_sanitized():
        raise tap.Lacks("is about builds that are installed, not those with sanitizers")


def readelf(option, path):
    result = farm.run("readelf", "-W", option, path, env=farm.environment(LC_ALL="C"))
    farm.equal(result.returncode, 0)
    return result.stdout


@tap.test
def symbols_are_bound_at_the_start_and_read_only_then():
    for path in programs():
        name = os.path.basename(path)
        farm.contains(readelf("-l", path), "GNU_RELRO")
        dynamic = readelf("-d", path)
        is_bound = re.search(r"BIND_NOW|FLAGS_1\).*NOW", dynamic) is not None
        farm.equal((name, is_bound), (name, name not in LAZY))
        assert name not in os.listdir(os.path.join(farm.BUILD, "bin")) or \
            re.search(r"FLAGS_1\).*PIE", dynamic), name


@tap.test
def stacks_are_not_executable():
    for path in programs():
        stack = re.search(r"GNU_STACK.*", readelf("-l", path))
        assert stack and "RWE" not in stack[0], path


@tap.test
def control_flow_is_guarded_on_x86():
    """In every object of ours; whether a program says so is up to the C library's start files, too,
    which Debian 12 has without."""
    if platform.machine() != "x86_64":
        raise tap.Lacks("CET is of x86")
    folders = ("lib", "daemons", "wrappers", "spank-plugin", "generated")
    found = {folder: glob.glob(os.path.join(farm.BUILD, "obj", folder, "**", "*.o"), recursive=True)
             for folder in folders}
    assert len(found["lib"]) > 200 and len(found["wrappers"]) > 50 and found["daemons"], found
    # The plugin is built where Slurm's headers are; tests need some of its files anyway.
    farm.equal(os.path.join(farm.BUILD, "obj", "spank-plugin", "plugin.o") in found["spank-plugin"],
               os.path.exists(os.path.join(farm.BUILD, "spank", "pidwatch.so")))
    for path in sum(found.values(), []):
        notes = readelf("-n", path)
        assert "IBT" in notes and "SHSTK" in notes, (path, notes)


@tap.test
def the_compiler_is_asked_for_all_it_has():
    with open(os.path.join(farm.BUILD, "flags"), encoding="utf-8") as file:
        flags = file.read()
    for flag in ("-D_FORTIFY_SOURCE=", "-fstack-protector-strong", "-fstack-clash-protection"):
        farm.contains(flags, flag)
    version = re.search(r"(\d+)\.\d+", farm.run("gcc", "-dumpfullversion").stdout)
    if " gcc " in f" {flags}" and version and int(version[1]) >= 12:
        farm.contains(flags, "-D_FORTIFY_SOURCE=3")


@tap.test
def programs_use_what_checks_their_buffers():
    for name in ("lockerd", "lockersh", "pidstatd"):
        assert "_chk" in readelf("--dyn-syms", farm.program(name)), name


if __name__ == "__main__":
    farm.main()
