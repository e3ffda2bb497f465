"""Control groups that tests make, and those of earlier tests that were killed: nobody else removes them."""

import os
import time

ROOT = "/sys/fs/cgroup"
# Names that tests of ours make: slurmd of node n1 calls its own slurm_n1.
OURS = ("farmlock.", "slurm_n1", "slurm_n2")
# A group is made before there is a process in it.
YOUNG_S = 60


def unified():
    """Where control groups of version 2 are mounted, or None."""
    with open("/proc/mounts", encoding="utf-8") as mounts:
        return next((line.split()[1] for line in mounts if line.split()[2] == "cgroup2"), None)


def remove(folders):
    """Removes groups with all below them; those that still have processes stay."""
    for top in folders:
        for folder, _, _ in os.walk(top, topdown=False):
            try:
                os.rmdir(folder)
            except OSError:
                continue


def _is_abandoned(top, older_s):
    """Whether nobody is in it, nor was anything made in it just now."""
    for folder, _, _ in os.walk(top):
        try:
            with open(f"{folder}/cgroup.procs", encoding="ascii") as procs:
                if procs.read(1) or time.time() - os.stat(folder).st_mtime < older_s:
                    return False
        except OSError:
            return False
    return True


def remove_abandoned(trees=None, older_s=YOUNG_S):
    """Removes what is left of tests that were killed, in the trees of both versions."""
    if trees is None:
        trees = [entry.path for entry in os.scandir(ROOT) if entry.is_dir()] + [unified()]
    for tree in filter(None, trees):
        remove(entry.path for entry in list(os.scandir(tree))
               if entry.name.startswith(OURS) and _is_abandoned(entry.path, older_s))
