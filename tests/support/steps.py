"""Steps under the plugin: their processes, and the deaths of the srun that launched them."""

import os
import time

from support import farm, slurm


def name(pid):
    """The name of a process; empty when there is none."""
    try:
        with open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as comm:
            return comm.read().strip()
    except OSError:
        return ""


def parent(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="latin-1") as stat:
            return int(stat.read().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def named(cluster, *names):
    """The living processes of the cluster that have one of the names."""
    return [pid for pid in cluster.processes() if name(pid) in names and farm.is_alive(pid)]


def wait_for(cluster, count, *names):
    """Waits until there are that many processes of the names, and returns them."""
    found = []

    def enough():
        found[:] = named(cluster, *names)
        return len(found) == count

    farm.poll(enough, f"{count} of {names} run, not {found}")
    return list(found)


def kill_srun(pid):
    """Kills an srun as the OOM killer or the end of a session does: its shepherd first."""
    for child in [one for one in all_processes() if parent(one) == pid and name(one) == "srun"]:
        farm.kill_pid(child)
    farm.kill_pid(pid)


def seconds_until_gone(pids, act, patience_s=farm.PATIENCE_S):
    """How long after act() the last of the processes was gone."""
    began = time.monotonic()
    act()
    farm.poll(lambda: not any(map(farm.is_alive, pids)), f"{pids} end", patience_s)
    return time.monotonic() - began


def words(pid):
    """The words of a process's command line."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as line:
            return line.read().split(b"\0")
    except OSError:
        return []


def stepds(cluster):
    """The slurmstepds of the cluster: they have its configuration in their environment."""
    return named(cluster, "slurmstepd")


def children_of_steps(cluster):
    """The tasks of all steps, whatever their environment."""
    above = stepds(cluster)
    return [pid for pid in all_processes() if parent(pid) in above and farm.is_alive(pid)]


def all_processes():
    return [int(pid) for pid in os.listdir("/proc") if pid.isdigit()]


def is_of(cluster, pid):
    return pid in cluster.processes()


def watchers_of(cluster):
    """The watchers of a cluster's steps, zombies included."""
    return [pid for pid in cluster.processes() if name(pid) == "pidwatch-step"]


def connected(cluster):
    """How many watchers have a connection."""
    links = cluster.tell("ss", "-tnpH", "state", "established")
    return sum(f"pid={pid}," in links for pid in watchers_of(cluster))


def running(command):
    """The processes with that command line, in whatever environment."""
    wanted = command.encode().split(b" ")
    return [pid for pid in all_processes() if words(pid)[:-1] == wanted and farm.is_alive(pid)]


def leave_nothing_behind(cluster):
    """For the end of a test program: no watcher is left, and no node was drained."""
    farm.poll(lambda: not watchers_of(cluster), "all watchers have ended")
    cluster.wait_idle()


def plugin_line(*arguments):
    return " ".join(("optional", os.path.realpath(slurm.PLUGIN), *arguments))
