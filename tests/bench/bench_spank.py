#!/usr/bin/env python3
"""What the SPANK plugin costs and gains on a real cluster of two nodes: srun -N2 true with and
without it, taking turns; and how soon tasks end when srun and its shepherd are killed."""

import os
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cluster"))

import slurm  # noqa: E402
import steps  # noqa: E402
from slurm import farm  # noqa: E402

ROUNDS = 60
DEATHS = 20


def start_ms(cluster, job):
    """srun -N2 true in an allocation that there is already."""
    begun = time.monotonic()
    done = cluster.run("srun", f"--jobid={job}", "--overlap", "-N2", "true")
    assert done.returncode == 0, done.stderr
    return (time.monotonic() - begun) * 1000


def launch_cost(cluster):
    """Lists of milliseconds without the plugin and with it."""
    job = cluster.sbatch("-N2", "-o", "/dev/null", "--wrap", "tail -f /dev/null")
    cluster.wait_state(job, "RUNNING")
    kinds = ("", steps.plugin_line())
    times = ([], [])
    for turn in range(2 * ROUNDS + 2):
        cluster.plugstack(kinds[turn % 2])
        milliseconds = start_ms(cluster, job)
        if turn >= 2:
            times[turn % 2].append(milliseconds)
    cluster.clear()
    return times


def death_ms(cluster):
    """From the death of srun and its shepherd to that of the last of two tasks on two nodes."""
    srun = cluster.start_command("srun", "-Q", "-N2", "sleep", "300", stderr=subprocess.DEVNULL)
    tasks = steps.wait_for(cluster, 2, "sleep")
    farm.poll(lambda: steps.connected(cluster) == 2, "the watchers are connected")
    seconds = steps.seconds_until_gone(tasks, lambda: steps.kill_srun(srun.pid))
    srun.wait()
    farm.poll(lambda: not cluster.tell("squeue", "-h"), "the allocation is cancelled")
    return seconds * 1000


def measure():
    """Returns {"without", "with", "deaths"}: lists of milliseconds; None where there is no Slurm."""
    if slurm.lacking() or not os.path.exists(slurm.PLUGIN):
        return None
    cluster = slurm.Cluster().start()
    without, with_plugin = launch_cost(cluster)
    cluster.plugstack(steps.plugin_line())
    deaths = [death_ms(cluster) for _ in range(DEATHS)]
    cluster.destroy()
    return {"without": without, "with": with_plugin, "deaths": deaths}


def quartiles(values):
    low, middle, high = statistics.quantiles(values, n=4)
    return f"{middle:6.1f} ms   ({low:.1f} to {high:.1f})"


def main():
    found = measure()
    if found is None:
        print("spank: no Slurm here, nothing measured")
        return
    added = [b - a for a, b in zip(found["without"], found["with"])]
    print(f"srun -N2 true, medians and quartiles of {ROUNDS} each, taking turns")
    print(f"  without the plugin        {quartiles(found['without'])}")
    print(f"  with the plugin           {quartiles(found['with'])}")
    print(f"  added, pair by pair       {quartiles(added)}")
    print(f"srun and shepherd killed, {DEATHS} times")
    print(f"  last task on two nodes    {quartiles(found['deaths'])}, {max(found['deaths']):.1f} at most")


if __name__ == "__main__":
    main()
