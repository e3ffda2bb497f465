#!/usr/bin/env python3
"""The plugin as a file: what it needs, and what it shows."""

import re

from support import farm, slurm
from support.tap import test


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
