"""Clusters for one test each, a step launched in every way there is, and what becomes of the tasks when
their srun is killed: without the plugin, and with it."""

import re
import time

from support import farm, slurm, steps, tap

PLAIN = "SlurmdParameters=config_overrides"
CONTAINED = "SlurmdParameters=config_overrides,contain_spank"
CONTROL_S = 5  # for how long tasks go on without the plugin
LIMIT_S = 20  # what it takes is printed; a busy machine takes seconds


def cluster_with(settings, *files, plugstack="", before_slurmd=()):
    """A cluster for one test; files are names and texts beside slurm.conf, {folder} in them being the
    cluster's; before_slurmd are words in front of slurmd, such as those of unshare(1)."""
    if ("contain_spank" in settings or "stepmgr" in settings) and slurm.release() < (24, 5):
        raise tap.Lacks("Slurm {}.{:02} has no such setting: it is there from 24.05 on".format(*slurm.release()))
    cluster = slurm.Cluster(settings=settings)
    farm.at_end(cluster.destroy)
    for name, text in files:
        with open(f"{cluster.folder}/etc/{name}", "w", encoding="ascii") as out:
            out.write(text.replace("{folder}", cluster.folder))
    cluster.plugstack(plugstack)
    return cluster.start(*before_slurmd)


# In a job that does not end with its step.
IN_A_JOB = "srun sleep {mark} </dev/null; kill -STOP $$"


def launch(cluster):
    """Launches a step of two tasks in each way: {name: (sruns, tasks)}, an array having two sruns.  For
    how long the tasks would sleep tells them apart."""
    def script(mark):
        return "#!/bin/sh\n" + IN_A_JOB.format(mark=mark) + "\n"

    cluster.start_command("srun", "-N2", "sleep", "301")
    cluster.sbatch("-N2", "-o", "/dev/null", script=script(302))
    cluster.start_command("salloc", "-Q", "-N2", "sh", "-c", IN_A_JOB.format(mark=303))
    cluster.start_command("srun", "-n1", "sleep", "304", ":", "-n1", "sleep", "304")
    cluster.sbatch("--array=1-2", "-N1", "-o", "/dev/null", script=script(305))
    names = ("direct", "sbatch", "salloc", "heterogeneous", "array")
    return {name: found(cluster, b"%d" % mark) for mark, name in enumerate(names, 301)}


def found(cluster, mark):
    """Waits until both tasks run, and returns the sruns and the tasks."""
    def of(name):
        return [pid for pid in steps.named(cluster, name) if mark in steps.words(pid)
                and steps.name(steps.parent(pid)) != "srun"]

    farm.poll(lambda: len(of("sleep")) == 2, f"two tasks with {mark} run", slurm.PATIENCE_S)
    return of("srun"), of("sleep")


def own_number(pid):
    """The number of a process in its own pid namespace."""
    with open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as status:
        return int(re.search(r"(?m)^NSpid:.*\t(\d+)$", status.read())[1])


def tasks_live_on(cluster):
    """For a cluster without the plugin."""
    kinds = launch(cluster)
    for sruns, _ in kinds.values():
        for srun in sruns:
            steps.kill_srun(srun)
    time.sleep(CONTROL_S)
    farm.equal({kind: sum(map(farm.is_alive, tasks)) for kind, (_, tasks) in kinds.items()},
               dict.fromkeys(kinds, 2))


def tasks_end(cluster):
    """For a cluster with the plugin."""
    kinds = launch(cluster)
    farm.poll(lambda: steps.connected(cluster) >= 8, "the watchers are connected")
    told = {srun: own_number(srun) for sruns, _ in kinds.values() for srun in sruns}
    for kind, (sruns, tasks) in kinds.items():
        seconds = steps.seconds_until_gone(tasks, lambda dead=tuple(sruns): [steps.kill_srun(pid) for pid in dead])
        print(f"# {kind}: {seconds * 1000:.0f} ms", flush=True)
        assert seconds < LIMIT_S, (kind, seconds)
    logs = cluster.log("n1") + cluster.log("n2")
    for sruns, _ in kinds.values():
        for srun in sruns:
            farm.poll(lambda dead=told[srun]: f"its srun (process {dead}) is dead" in cluster.log("n1") + cluster.log("n2"),
                      f"the log has the death of {srun}: {logs}")
    cluster.clear()
    steps.leave_nothing_behind(cluster)


def tasks_live_on_without_it(settings, *files):
    tasks_live_on(cluster_with(settings, *files))


def tasks_end_with_it(settings, *files):
    tasks_end(cluster_with(settings, *files, plugstack=steps.plugin_line("grace=5")))
