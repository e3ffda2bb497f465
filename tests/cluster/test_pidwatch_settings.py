#!/usr/bin/env python3
"""The plugin under what slurm.conf may say of where hooks run (SlurmdParameters=contain_spank, from Slurm
24.05 on, calls them in a process that ends with the hook and has a descriptor table of its own), and
beside it, where it says nothing: for each way to launch a step."""

from support import farm, launches, slurm, steps
from support.launches import CONTAINED, PLAIN, tasks_end_with_it, tasks_live_on_without_it
from support.tap import test


def slurmstepd_is_left_as_it_was(settings):
    """While a step runs, and where it ends by itself: neither a descriptor nor a watcher too many."""
    cluster = launches.cluster_with(settings)
    held = []
    for line in ("", steps.plugin_line()):
        cluster.plugstack(line)
        srun = cluster.start_command("srun", "-N1", "-n4", "sh", "-c", "sleep 300; true")
        steps.wait_for(cluster, 4, "sleep")
        held.append(sorted(farm.descriptors(steps.stepds(cluster)[0])))
        for pid in steps.named(cluster, "sleep"):
            farm.kill_pid(pid)
        farm.equal(srun.wait(farm.PATIENCE_S), 0)
        cluster.wait_idle()
    print(f"# {len(held[0])} descriptors without it, {len(held[1])} with it", flush=True)
    # The two ends of the pipe, and the line to srun.
    assert len(held[1]) <= len(held[0]) + 3, held
    steps.leave_nothing_behind(cluster)


@test
def without_the_plugin_tasks_live_on():
    tasks_live_on_without_it(PLAIN)


@test
def without_the_plugin_tasks_live_on_under_contain_spank():
    tasks_live_on_without_it(CONTAINED)


@test
def with_the_plugin_they_end():
    tasks_end_with_it(PLAIN)


@test
def with_the_plugin_they_end_under_contain_spank():
    tasks_end_with_it(CONTAINED)


@test
def slurmstepd_has_few_descriptors_more():
    slurmstepd_is_left_as_it_was(PLAIN)


@test
def slurmstepd_has_few_descriptors_more_under_contain_spank():
    slurmstepd_is_left_as_it_was(CONTAINED)


@test
def they_end_where_sruns_ports_are_few():
    first = farm.free_port()
    tasks_end_with_it(f"SrunPortRange={first}-{min(first + 200, 65535)}\nLaunchParameters=use_interactive_step")


if __name__ == "__main__":
    if slurm.lacking():
        print(f"1..0 # SKIP this machine lacks {slurm.lacking()}", flush=True)
    else:
        farm.main()
