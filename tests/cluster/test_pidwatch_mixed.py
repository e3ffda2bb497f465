#!/usr/bin/env python3
"""The plugin where slurmctld and a slurmd are of different releases, as while a farm is upgraded: first
slurmctld, then the nodes, then the commands, each with the plugin that was built for it:
make check-slurm RELEASE=sid+trixie TESTS=this."""

import os

from support import farm, launches, slurm, steps, tap
from support.tap import test

# Where .ci/release mounts the root of an older release, in which the same was built.
OLDER = "/older"
PLUGINS = f"{OLDER}/var/farmlock-build/spank"


def cluster_with_older(*nodes, plugstack=""):
    """A cluster with nodes, and commands, of the older release: a newer salloc's srun cannot launch on
    older nodes, nor a newer node's, plugin or not."""
    if not os.path.exists(f"{PLUGINS}/pidwatch.so"):
        raise tap.Lacks("there is no older Slurm beside this one; 'make check-slurm RELEASE=sid+trixie' has one")
    cluster = launches.cluster_with("DebugFlags=NO_CONF_HASH", plugstack=plugstack)
    # A node's own plugin is at the same place on each, as on a farm.
    place = f"{OLDER}{slurm.BUILD}/spank"
    farm.at_end(lambda: farm.run("umount", "--lazy", place))
    farm.equal(farm.run("mount", "--bind", PLUGINS, place).stderr, "")
    as_user = cluster.as_user
    cluster.as_user = lambda *command: ["chroot", OLDER, *as_user(*command)]
    for node in nodes:
        cluster.stop_daemon(node)
        cluster.start_slurmd(node, "chroot", OLDER)
    # slurmctld speaks to a node as it has registered last.
    farm.poll(lambda: len(older_nodes(cluster)) == len(nodes), "the older nodes have registered", slurm.PATIENCE_S)
    cluster.wait_idle()
    print("# " + cluster.tell("sinfo", "-h", "-N", "-o", "%N: %v").replace("\n", ", "), flush=True)
    return cluster


def older_nodes(cluster):
    """Those that are not of the release that is tested."""
    release = "{}.{:02}.".format(*slurm.release())
    return [line for line in cluster.tell("sinfo", "-h", "-N", "-o", "%v").splitlines() if not line.startswith(release)]


@test
def tasks_live_on_without_it():
    launches.tasks_live_on(cluster_with_older(*slurm.NODES))


@test
def they_end_where_the_nodes_are_older():
    launches.tasks_end(cluster_with_older(*slurm.NODES, plugstack=steps.plugin_line("grace=5")))


if __name__ == "__main__":
    if slurm.lacking():
        print(f"1..0 # SKIP this machine lacks {slurm.lacking()}", flush=True)
    else:
        farm.main()
