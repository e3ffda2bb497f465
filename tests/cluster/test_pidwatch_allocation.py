#!/usr/bin/env python3
"""Allocations that salloc has made: they end with salloc and its shell, when a watcher has seen both
alive, and with nothing less."""

import os
import pty
import signal
import subprocess
import time

from support import farm, slurm, steps
from support.tap import test

cluster = slurm.the_cluster(settings="LaunchParameters=use_interactive_step")
PLUGIN = steps.plugin_line("grace=5")
cluster.plugstack(PLUGIN)

KEPT_S = 3  # for how long an allocation is looked at that is to stay
SHELL = {"SHELL": "/bin/sh"}


def the_one(name, *words):
    """The one process of the cluster that has the name and these among its words, no shepherd."""
    def find():
        found = [pid for pid in steps.named(cluster, name) if steps.name(steps.parent(pid)) != name
                 and all(word.encode() in steps.words(pid) for word in words)]
        return found[0] if len(found) == 1 else None

    return farm.poll(find, f"one {name} {words} runs")


def kill(*pids):
    for pid in pids:
        farm.kill_pid(pid)


def has_asked(watcher):
    """Whether a watcher that knows its tasks has the answers about salloc: it asks through an epoll(7)."""
    try:
        links = "".join(farm.descriptors(watcher).values())
    except (FileNotFoundError, ProcessLookupError):
        return False
    return "pidfd" in links and "eventpoll" not in links


def wait_until_watched(count):
    farm.poll(lambda: steps.connected(cluster) == count, f"{count} watchers are connected")
    farm.poll(lambda: all(map(has_asked, steps.watchers_of(cluster))), "they have asked about salloc")
    time.sleep(0.5)  # the first moment of both looks the same


def job_ends(act):
    began = time.monotonic()
    act()
    farm.poll(lambda: not cluster.tell("squeue", "-h", "-t", "RUNNING"), "the allocation is cancelled",
              slurm.PATIENCE_S)
    print(f"# {(time.monotonic() - began) * 1000:.0f} ms", flush=True)
    farm.poll(lambda: not steps.watchers_of(cluster), "no watcher is left")


def job_stays(jobs):
    until = time.monotonic() + KEPT_S
    while time.monotonic() < until:
        farm.equal(cluster.jobs(), jobs)
        time.sleep(0.2)


def start_interactive():
    """salloc whose shell runs on a node, and its srun."""
    terminal, end = pty.openpty()
    farm.at_end(lambda: os.close(terminal))
    cluster.start_command("setsid", "--ctty", "--wait", "salloc", "-N1", stdin=end, stdout=end, stderr=end,
                          extra=SHELL)
    os.close(end)
    os.write(terminal, b"sleep 300\n")
    tasks = steps.wait_for(cluster, 1, "sleep")
    wait_until_watched(1)
    return terminal, the_one("salloc"), the_one("srun"), tasks


def start_local(*settings):
    """salloc whose shell runs beside it and has started a step on both nodes: salloc, the shell, srun."""
    cluster.plugstack(steps.plugin_line("grace=5", *settings))
    farm.at_end(lambda: cluster.plugstack(PLUGIN))
    cluster.start_command("salloc", "-Q", "-N2", "sh", "-c", "srun sleep 300 </dev/null; exec tail -f /dev/null",
                          stdin=subprocess.DEVNULL)
    steps.wait_for(cluster, 2, "sleep")
    wait_until_watched(2)
    srun = the_one("srun", "sleep")
    shell = steps.parent(srun)
    farm.equal(steps.name(shell), "sh")
    farm.at_end(lambda: kill(shell))
    return the_one("salloc"), shell, srun


@test
def with_an_interactive_step_it_ends_with_salloc_and_srun():
    _, salloc, srun, tasks = start_interactive()
    job_ends(lambda: (kill(salloc), steps.kill_srun(srun)))
    assert not any(map(farm.is_alive, tasks))


@test
def and_where_the_shepherd_lives_to_end_the_step():
    _, salloc, srun, tasks = start_interactive()
    job_ends(lambda: kill(srun, salloc))
    assert not any(map(farm.is_alive, tasks))


@test
def and_where_srun_ends_by_itself_when_salloc_has_died():
    _, salloc, srun, tasks = start_interactive()
    shells = steps.children_of_steps(cluster)
    job_ends(lambda: kill(salloc, *tasks, *shells))
    farm.poll(lambda: not farm.is_alive(srun), "srun ends")


@test
def and_where_salloc_dies_a_little_later_than_its_step():
    # As on a busy machine, where who was killed has yet to be let die.
    _, salloc, srun, tasks = start_interactive()
    shells = steps.children_of_steps(cluster)
    os.kill(salloc, signal.SIGSTOP)
    kill(*tasks, *shells)
    farm.poll(lambda: not farm.is_alive(srun), "srun ends", slurm.PATIENCE_S)
    time.sleep(1)
    job_ends(lambda: kill(salloc))


@test
def with_a_shell_of_its_own_it_ends_with_salloc_shell_and_srun():
    salloc, shell, srun = start_local()
    job_ends(lambda: (kill(salloc, shell), steps.kill_srun(srun)))


@test
def also_where_they_die_some_time_after_one_another():
    salloc, shell, srun = start_local()
    steps.kill_srun(srun)
    time.sleep(1)
    kill(salloc)
    time.sleep(1)
    job_ends(lambda: kill(shell))


@test
def with_a_shell_that_lives_on_it_stays():
    salloc, shell, srun = start_local()
    jobs = cluster.jobs()
    kill(salloc)
    steps.kill_srun(srun)
    job_stays(jobs)
    assert farm.is_alive(shell)


@test
def with_salloc_alive_it_stays():
    salloc, shell, srun = start_local()
    jobs = cluster.jobs()
    os.kill(salloc, signal.SIGSTOP)
    kill(shell)
    steps.kill_srun(srun)
    job_stays(jobs)


@test
def with_allocation_keep_it_stays():
    salloc, shell, srun = start_local("allocation=keep")
    jobs = cluster.jobs()
    kill(salloc, shell)
    steps.kill_srun(srun)
    job_stays(jobs)


@test
def with_allocation_keep_that_of_an_srun_stays_too():
    cluster.plugstack(steps.plugin_line("grace=5", "allocation=keep"))
    farm.at_end(lambda: cluster.plugstack(PLUGIN))
    srun = cluster.start_command("srun", "-N2", "sleep", "300")
    tasks = steps.wait_for(cluster, 2, "sleep")
    wait_until_watched(2)
    jobs = cluster.jobs()
    steps.seconds_until_gone(tasks, lambda: steps.kill_srun(srun.pid))
    job_stays(jobs)


@test
def another_job_in_which_its_shell_starts_a_step_stays():
    other = cluster.sbatch("-N1", "-o", "/dev/null", "--wrap", "tail -f /dev/null")
    cluster.wait_state(other, "RUNNING")
    for words in (f"srun --overlap --jobid={other}", f"SLURM_JOB_ID={other} srun --overlap"):
        cluster.start_command("salloc", "-Q", "-N1", "sh", "-c", f"{words} sleep 300 </dev/null; sleep 200",
                              stdin=subprocess.DEVNULL)
        tasks = steps.wait_for(cluster, 1, "sleep")
        wait_until_watched(1)
        srun = the_one("srun", "sleep")
        kill(the_one("salloc"), steps.parent(srun))
        steps.seconds_until_gone(tasks, lambda found=srun: steps.kill_srun(found))
        job_stays(sorted(cluster.jobs()))
        farm.contains(cluster.jobs(), other)
        cluster.tell("scancel", *(job for job in cluster.jobs() if job != other))
        farm.poll(lambda: cluster.jobs() == [other], "the other allocation ends")


@test
def a_shell_that_ends_by_itself_leaves_no_watcher():
    terminal, salloc, _, tasks = start_interactive()
    kill(*tasks)
    os.write(terminal, b"exit 0\n")
    farm.poll(lambda: not farm.is_alive(salloc), "salloc ends")
    farm.poll(lambda: not steps.watchers_of(cluster), "no watcher is left")
    job = cluster.tell("scontrol", "show", "job", "-o").rpartition("JobId=")[2]
    farm.equal(cluster.wait_state(job.split()[0], "COMPLETED", "CANCELLED", "FAILED"), "COMPLETED")


@test
def steps_see_nothing_of_it():
    seen = cluster.run("salloc", "-Q", "-N1", "sh", "-c", "env; echo; srun env").stdout
    inside, _, step = seen.partition("\n\n")
    farm.contains(inside, "SLURM_PIDWATCH_SALLOC=")
    farm.equal([line.partition("=")[0] for line in step.split("\n") if "PIDWATCH" in line],
               ["SLURM_PIDWATCH_STEP"])


@test
def no_watcher_is_left_and_no_node_was_drained():
    steps.leave_nothing_behind(cluster)


if __name__ == "__main__":
    farm.main()
