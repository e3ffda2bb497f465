#!/usr/bin/env python3
"""The plugin as a file: what it needs, what it shows, and that its sources compile against headers
with the differences that newer releases are known to have.  Those headers are the installed ones,
changed in those places: no others are at hand."""

import glob
import os
import re
import shutil

from support import farm, slurm
from support.tap import test

SOURCES = sorted(glob.glob(os.path.join(farm.SOURCE, "spank-plugin", "*.c")))
RELEASES = ((22, 5), (23, 2), (23, 11), (24, 5), (24, 11), (25, 5))


def headers():
    probe = farm.run("cc", "-E", "-include", "slurm/spank.h", "-xc", "/dev/null").stdout
    found = re.search(r'"([^"]*)/slurm/spank\.h"', probe)
    assert found, "slurm/spank.h is not installed"
    return os.path.join(found[1], "slurm")


def edit(path, pattern, replacement):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    text, count = re.subn(pattern, replacement, text)
    assert count, f"{pattern} is not in {path}"
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def headers_of(folder, major, minor):
    """Headers that say they are of that release."""
    made = os.path.join(folder, f"{major}.{minor}")
    shutil.copytree(headers(), os.path.join(made, "slurm"))
    edit(os.path.join(made, "slurm", "slurm_version.h"), r"#define SLURM_VERSION_NUMBER .*",
         f"#define SLURM_VERSION_NUMBER 0x{major:02x}{minor:02x}00")
    if (major, minor) >= (23, 11):
        edit(os.path.join(made, "slurm", "slurm.h"), r"typedef struct hostlist \* ?hostlist_t;",
             "typedef struct hostlist hostlist_t;")
    return made


def compile_all(include):
    return [farm.run("cc", "-std=gnu11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-fsyntax-only",
                     f"-I{include}", f"-I{farm.SOURCE}/lib", path) for path in SOURCES]


@test
def it_compiles_against_each_release(folder):
    for major, minor in RELEASES:
        for done in compile_all(headers_of(folder, major, minor)):
            assert done.returncode == 0, (major, minor, done.stderr)


@test
def an_older_release_is_named_as_too_old(folder):
    done = compile_all(headers_of(folder, 21, 8))
    farm.contains("".join(one.stderr for one in done), "needs the headers of Slurm 22.05 or newer")


@test
def it_needs_the_c_library_alone():
    needed = re.findall(r"NEEDED.*\[(.*)\]", farm.run("readelf", "-d", slurm.PLUGIN).stdout)
    assert needed, "readelf shows nothing"
    assert all(name.startswith(("libc.", "libpthread.", "ld-linux")) for name in needed), needed


@test
def it_shows_what_slurm_looks_for_and_nothing_else():
    shown = re.findall(r" [A-Z] (\w+)$", farm.run("nm", "-D", "--defined-only", slurm.PLUGIN).stdout, re.M)
    others = [name for name in shown if not name.startswith(("slurm_spank_", "plugin_", "spank_plugin_"))]
    farm.equal(others, [])
    farm.equal(len([name for name in shown if name.startswith("slurm_spank_")]), 5)


if __name__ == "__main__":
    if slurm.lacking():
        print(f"1..0 # SKIP this machine lacks {slurm.lacking()}", flush=True)
    else:
        farm.main()
