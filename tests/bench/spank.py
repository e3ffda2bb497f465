"""What the SPANK plugin costs and gains on a real cluster of two nodes: srun -N2 true with and
without it, taking turns; and how soon tasks end when srun and its shepherd are killed."""

import os
import subprocess
import time

import rounds
from support import farm, slurm, steps
from table import Row, at_most

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


def rows():
    """For the table; none where there is no Slurm."""
    if slurm.lacking() or not os.path.exists(slurm.PLUGIN):
        print("spank: no Slurm here, nothing measured", flush=True)
        return []
    cluster = slurm.Cluster().start()
    without, with_plugin = launch_cost(cluster)
    cluster.plugstack(steps.plugin_line())
    deaths = rounds.Spread([death_ms(cluster) for _ in range(DEATHS)])
    cluster.destroy()
    added = rounds.Spread([ours - other for ours, other in zip(with_plugin, without)])
    return [Row("srun -N2 true: what the plugin adds", f"{added} ms",
                f"without {rounds.Spread(without)} ms", "", at_most(5, " ms"), added.median),
            Row("srun and shepherd killed: last task on two nodes gone", f"{deaths} ms",
                "without the plugin: never", "", at_most(2000, " ms"), deaths.median)]
