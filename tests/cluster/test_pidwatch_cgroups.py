#!/usr/bin/env python3
"""The plugin under what slurm.conf may say of who keeps a step's processes together, and of who manages
it: for each way to launch a step."""

import glob
import os
import re

from support import control_groups, farm, launches, slurm, steps, tap
from support.launches import CONTAINED, PLAIN, tasks_end_with_it, tasks_live_on_without_it
from support.tap import test


def with_control_groups(settings, act):
    """Of version 1."""
    if not os.access(f"{control_groups.ROOT}/freezer/tasks", os.W_OK) or not os.access(f"{control_groups.ROOT}/cpuset/tasks", os.W_OK):
        raise tap.Lacks("this machine has no control groups of version 1 that root may use")
    control_groups.remove_abandoned()
    before = set(glob.glob(f"{control_groups.ROOT}/*/slurm*"))
    farm.at_end(lambda: control_groups.remove(set(glob.glob(f"{control_groups.ROOT}/*/slurm*")) - before))
    act(f"ProctrackType=proctrack/cgroup\nTaskPlugin=task/cgroup,task/affinity\n{settings}",
        ("cgroup.conf", "CgroupPlugin=cgroup/v1\nCgroupMountpoint=/sys/fs/cgroup\nConstrainCores=no\n"))


@test
def they_live_on_in_control_groups_without_it():
    with_control_groups(PLAIN, tasks_live_on_without_it)


@test
def they_end_in_control_groups():
    with_control_groups(PLAIN, tasks_end_with_it)


@test
def they_end_in_control_groups_under_contain_spank():
    with_control_groups(CONTAINED, tasks_end_with_it)


# slurmd in a group of its own, which is all that it sees, with the slice that systemd would have made,
# and no other version beside it: it ends where there are controllers of version 1.
IN_UNIFIED_GROUPS = """
mkdir -p {group}.$$/system.slice && echo $$ >{group}.$$/cgroup.procs && exec unshare --mount --cgroup sh -c '
umount -l /sys/fs/cgroup; mount -t cgroup2 none /sys/fs/cgroup && LD_PRELOAD={layer} exec "$@"' sh "$@"
"""


def with_unified_control_groups(act, **more):
    """Of version 2, without controllers where version 1 has them: what keeps a step together needs none."""
    if not slurm.AS_ROOT or not control_groups.unified():
        raise tap.Lacks("this machine has no control groups of version 2 that root may use")
    control_groups.remove_abandoned()
    group = f"{control_groups.unified()}/farmlock.{os.getpid()}"
    farm.at_end(lambda: control_groups.remove(set(glob.glob(f"{group}.*"))))
    words = IN_UNIFIED_GROUPS.format(group=group, layer=f"{farm.BUILD}/tests/one_hierarchy.so")
    cluster = launches.cluster_with(
        "ProctrackType=proctrack/cgroup\nTaskPlugin=task/cgroup,task/affinity",
        ("cgroup.conf", "CgroupPlugin=cgroup/v2\nIgnoreSystemd=yes\nConstrainCores=no\nConstrainRAMSpace=no\n"),
        before_slurmd=("sh", "-c", words, "sh"), **more)
    shown = cluster.run("srun", "-N1", "cat", "/proc/self/cgroup").stdout
    assert re.search(r"(?m)^0::/.*slurmstepd\.scope/\w+/step_0/", shown), shown
    act(cluster)


@test
def they_live_on_in_unified_control_groups_without_it():
    with_unified_control_groups(launches.tasks_live_on)


@test
def they_end_in_unified_control_groups():
    with_unified_control_groups(launches.tasks_end, plugstack=steps.plugin_line("grace=5"))


@test
def they_end_where_a_node_manages_the_steps():
    tasks_end_with_it("SlurmctldParameters=enable_stepmgr\nPrologFlags=Contain")


if __name__ == "__main__":
    if slurm.lacking():
        print(f"1..0 # SKIP this machine lacks {slurm.lacking()}", flush=True)
    else:
        farm.main()
