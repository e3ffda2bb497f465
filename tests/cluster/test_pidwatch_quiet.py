#!/usr/bin/env python3
"""What the plugin must not change: output, exit status, the environment of jobs, nodes, the daemons'
descriptors; and when it must do nothing at all."""

import os
import signal
import subprocess
import time

from support import farm, slurm, steps
from support.tap import test

cluster = slurm.the_cluster()
PLUGIN = steps.plugin_line("grace=5")
cluster.plugstack(PLUGIN)

# What the tasks do: say something on both outputs, pass on their input, fail in their own way.
TASK = ("sh", "-c", "echo out $SLURM_PROCID; echo err $SLURM_PROCID >&2; cat; exit $SLURM_PROCID")
INPUT = "one\ntwo\n"


def arrangements(folder):
    """Options of srun, and what its standard input and output are."""
    words = "in", "out", "err"
    files = {word: os.path.join(folder, word) for word in words}
    with open(files["in"], "w", encoding="ascii") as out:
        out.write(INPUT)
    to_file = f"--output={files['out']}"
    return [
        (("-wn1", "-n2"), {"input": INPUT}),
        (("-wn1", "-n2"), {"stdin": subprocess.DEVNULL}),
        (("-wn1", "-n2"), {"stdin": "file"}),
        (("-wn1", "-n2"), {"input": ""}),
        (("-wn1", "-n2", "--input=0"), {"input": INPUT}),
        (("-wn1", "-n2", "--input=none"), {"input": INPUT}),
        (("-wn1", "-n2", f"--input={files['in']}"), {"stdin": subprocess.DEVNULL}),
        (("-wn1", "-n2", "--label"), {"input": INPUT}),
        (("-wn1", "-n2", "--unbuffered"), {"input": INPUT}),
        (("-wn1", "-n2", "--output=none"), {"input": INPUT}),
        (("-wn1", "-n2", "--output=1"), {"input": INPUT}),
        (("-wn1", "-n2", to_file), {"input": INPUT}),
        (("-wn1", "-n2", to_file, f"--error={files['err']}"), {"input": INPUT}),
        (("-wn1,n2", "-n2", f"--output={folder}/out.%t"), {"input": INPUT}),
    ]


def outcome(folder, job, options, streams):
    """All that can be seen of a step in a job that runs already, so that srun need not wait and say
    so.  Lines are in order, as tasks take turns."""
    streams = dict(streams)
    if "input" in streams:
        streams["stdin"] = None
    if streams["stdin"] == "file":
        streams["stdin"] = open(os.path.join(folder, "in"), encoding="ascii")
    done = cluster.run("srun", f"--jobid={job}", "--overlap", *options, *TASK, **streams)
    seen = [done.returncode, sorted(done.stdout.split("\n")), sorted(done.stderr.split("\n"))]
    for name in sorted(os.listdir(folder)):
        if name != "in":
            with open(os.path.join(folder, name), encoding="ascii") as file:
                seen.append((name, sorted(file.read().split("\n"))))
            os.unlink(os.path.join(folder, name))
    return seen


@test
def fourteen_arrangements_of_input_and_output_look_the_same(folder):
    os.chmod(folder, 0o777)
    kinds = arrangements(folder)
    farm.equal(len(kinds), 14)
    farm.at_end(lambda: cluster.plugstack(PLUGIN))
    job = cluster.sbatch("-N2", "--ntasks-per-node=4", "-o", "/dev/null", "--wrap", "tail -f /dev/null")
    farm.at_end(cluster.clear)
    cluster.wait_state(job, "RUNNING")
    for options, streams in kinds:
        cluster.plugstack("")
        expected = outcome(folder, job, options, streams)
        cluster.plugstack(PLUGIN)
        farm.equal(outcome(folder, job, options, streams), expected)


@test
def a_step_ends_as_its_task_did():
    for task, status in (("exit 7", 7), ("kill -9 $$", 137), ("kill -TERM $$", 143), ("true", 0)):
        farm.equal(cluster.run("srun", "sh", "-c", task).returncode, status)


@test
def a_stopped_srun_ends_nothing():
    srun = cluster.start_command("srun", "-N2", "sleep", "300")
    tasks = steps.wait_for(cluster, 2, "sleep")
    for pid in steps.named(cluster, "srun"):
        os.kill(pid, signal.SIGSTOP)
    time.sleep(6)
    assert all(map(farm.is_alive, tasks))
    for pid in steps.named(cluster, "srun"):
        os.kill(pid, signal.SIGCONT)
    for pid in tasks:
        os.kill(pid, signal.SIGUSR1)
    farm.equal(srun.wait(farm.PATIENCE_S), 128 + signal.SIGUSR1)


def descriptors():
    return {name: len(os.listdir(f"/proc/{daemon.pid}/fd")) for name, daemon in cluster.daemons.items()
            if name in slurm.NODES}


def remains():
    """Watchers, dead ones that are not init's to bury included, and connections of theirs."""
    left = [pid for pid in steps.all_processes() if steps.name(pid) == "pidwatch-step" and
            (farm.is_alive(pid) or steps.parent(pid) != 1) and steps.is_of(cluster, pid)]
    return left + steps.stepds(cluster)


@test
def two_hundred_short_steps_leave_nothing_behind():
    # Fewer, where a busy machine has not come so far in two minutes.
    cluster.run("srun", "-N2", "true")
    farm.poll(lambda: not remains(), "nothing is left of the first")
    before = descriptors()
    done = cluster.run("salloc", "-Q", "-N2", "sh", "-c",
                       "i=0 end=$(($(date +%s) + 120)); while [ $i -lt 200 ] && [ $(date +%s) -lt $end ]; "
                       "do srun --overlap -N2 true || exit; i=$((i+1)); done",
                       timeout=250)
    farm.equal((done.returncode, done.stdout, done.stderr), (0, "", ""))
    farm.poll(lambda: not remains(), "no watcher is left")
    # slurmd makes some of its own as it goes on; ours would be one for each step.
    farm.poll(lambda: max(count - before[name] for name, count in descriptors().items()) < 5,
              f"the daemons have no descriptor more than {before}", slurm.PATIENCE_S)
    print(f"# {before} descriptors before, {descriptors()} behind", flush=True)


def settings_of(words):
    """The variables of the plugin's in what env(1) printed."""
    return [line for line in words.split("\n") if line.startswith("SLURM_PIDWATCH")]


@test
def off_watches_nothing():
    farm.equal(settings_of(cluster.run("srun", "--pidwatch=off", "env").stdout), [])
    farm.equal(len(settings_of(cluster.run("srun", "--pidwatch=on", "env").stdout)), 1)


@test
def an_option_of_a_batch_script_holds_for_its_steps(folder):
    os.chmod(folder, 0o777)
    for word, count in (("off", 0), ("on", 1)):
        job = cluster.sbatch("-o", f"{folder}/{word}", script=f"#!/bin/sh\n#SBATCH --pidwatch={word}\nsrun env\n")
        cluster.wait_state(job, "COMPLETED")
        with open(f"{folder}/{word}", encoding="ascii") as out:
            farm.equal(len(settings_of(out.read())), count)


@test
def a_job_that_is_submitted_from_one_that_is_off_is_watched(folder):
    os.chmod(folder, 0o777)
    inner = f"sbatch --wait -o {folder}/inner --wrap 'env; srun --overlap env'"
    outer = "srun --overlap env"
    for command in (("sbatch", "--wait", "-o", f"{folder}/outer", "--wrap", f"{outer}; {inner}"),
                    ("salloc", "-Q", "sh", "-c", f"{outer} >{folder}/outer; {inner}")):
        farm.equal(cluster.run(command[0], "--pidwatch=off", *command[1:], timeout=250).returncode, 0)
        with open(f"{folder}/outer", encoding="utf-8") as out:
            farm.equal(settings_of(out.read()), [])
        with open(f"{folder}/inner", encoding="utf-8") as out:
            text = out.read()
        farm.equal(len(settings_of(text)), 1)
        assert "pidwatch_pidwatch" not in text, text


@test
def default_off_is_for_those_who_say_nothing():
    farm.at_end(lambda: cluster.plugstack(PLUGIN))
    cluster.plugstack(steps.plugin_line("default=off"))
    farm.equal(settings_of(cluster.run("srun", "env").stdout), [])
    farm.equal(len(settings_of(cluster.run("srun", "--pidwatch=on", "env").stdout)), 1)


@test
def another_word_is_refused_at_the_command_line():
    for program in (("srun",), ("salloc",), ("sbatch", "--wrap")):
        done = cluster.run(program[0], "--pidwatch=maybe", *program[1:], "true")
        assert done.returncode != 0
        farm.contains(done.stderr, "--pidwatch takes 'on' or 'off'")


@test
def what_is_launched_from_a_step_does_not_inherit_its_srun(folder):
    os.chmod(folder, 0o777)
    script = f"{folder}/script"
    with open(script, "w", encoding="ascii") as out:
        out.write(f"#!/bin/sh\nenv >{folder}/batch\nsrun env >{folder}/step\n")
    done = cluster.run("srun", "-N1", "sh", "-c", f"env; sbatch -o /dev/null --parsable {script}")
    cluster.wait_state(done.stdout.split()[-1], "COMPLETED")
    outer = settings_of(done.stdout)
    with open(f"{folder}/batch", encoding="ascii") as out:
        farm.equal(settings_of(out.read()), [])
    with open(f"{folder}/step", encoding="ascii") as out:
        inner = settings_of(out.read())
    farm.equal((len(outer), len(inner)), (1, 1))
    assert outer != inner


@test
def a_batch_script_and_its_own_processes_are_not_watched():
    job = cluster.sbatch("-o", "/dev/null", script="#!/bin/sh\nsrun true\nsleep 300\n")
    steps.wait_for(cluster, 1, "sleep")
    farm.poll(lambda: not steps.watchers_of(cluster), "nothing is watched")
    farm.equal(cluster.state(job), "RUNNING")


@test
def no_node_was_drained():
    cluster.wait_idle()


if __name__ == "__main__":
    farm.main()
