#!/usr/bin/env python3
"""Users and tasks that do not play along: forged variables, processes that will not end, settings
that make no sense."""

import os
import signal
import socket
import subprocess
import time

from support import farm, slurm, steps
from support.tap import test

cluster = slurm.the_cluster()
PLUGIN = steps.plugin_line("grace=1")
cluster.plugstack(PLUGIN)

# An srun that does not load the plugin: whoever names another slurm.conf has one.
WITHOUT = f"{cluster.folder}/etc/without.conf"
with open(cluster.conf, encoding="utf-8") as conf, open(WITHOUT, "w", encoding="utf-8") as out:
    out.write(conf.read().replace("plugstack.conf", "no-plugstack.conf"))
open(f"{cluster.folder}/etc/no-plugstack.conf", "w", encoding="utf-8").close()

BOOT = open("/proc/sys/kernel/random/boot_id", encoding="ascii").read().strip()

GARBAGE = ("", "x", ":", "1", "1:2:3:4:5:6", f"1:0:5:6:{BOOT}:in", f"1:99999:5:6:{BOOT}:in",
           f"1:80:0:6:{BOOT}:in", f"1:80:-5:6:{BOOT}:in", f"1:80:5:0:{BOOT}:in",
           f"1:80:5:6:{BOOT}:maybe", f"1:80:5:6:{BOOT}:in:", f"2:80:5:6:{BOOT}:in",
           "1:80:5:6:%s%n%s%n:in", f"1:80:5:6:{BOOT}:in\n1", "1:" * 60, "9" * 100000,
           f"1:18446744073709551617:5:6:{BOOT}:in", "1:80:5:6:\x1b[2J\x07:in", "1:80:5:6:../../../..:own")


def forge(contact, *command, start=False):
    farm.at_end(cluster.clear)
    run = cluster.start_command if start else cluster.run
    return run("srun", *command, extra={"SLURM_CONF": WITHOUT, "SLURM_PIDWATCH_SRUN": contact})


def ended_process():
    """The id and start time of a process that has ended."""
    done = subprocess.run(["sh", "-c", "cat /proc/$$/stat"], capture_output=True, text=True, check=True)
    return int(done.stdout.split()[0]), int(done.stdout.rpartition(")")[2].split()[19])


@test
def garbage_in_the_variable_harms_nothing():
    for text in GARBAGE:
        done = forge(text, "sh", "-c", "echo ok; exit 3")
        farm.equal((done.returncode, done.stdout), (3, "ok\n"))
    farm.poll(lambda: "is not what srun writes" in cluster.log("n1"), "the log says so")
    assert "\x1b" not in cluster.log("n1")
    cluster.wait_idle()


@test
def a_forged_variable_ends_nothing_but_the_users_own_step():
    pid, start = ended_process()
    listener = socket.create_server(("127.0.0.1", 0))
    contact = f"1:{listener.getsockname()[1]}:{pid}:{start}:{BOOT}:own"
    # Somebody else's process, made to look as if it were the step's.
    marked = {"SLURM_PIDWATCH_STEP": contact} if slurm.AS_ROOT else {}
    bystander = farm.start("sleep", "1000", env=farm.environment(**marked))
    other = cluster.sbatch("-o", "/dev/null", "--wrap", "tail -f /dev/null")
    cluster.wait_state(other, "RUNNING")
    forge(contact, "sleep", "300", start=True)
    tasks = steps.wait_for(cluster, 1, "sleep")
    farm.poll(lambda: steps.connected(cluster) == 1, "the watcher has believed it")
    daemons = {name: daemon.pid for name, daemon in cluster.daemons.items()}
    seconds = steps.seconds_until_gone(tasks, listener.close)
    print(f"# {seconds * 1000:.0f} ms", flush=True)
    time.sleep(2)
    assert bystander.poll() is None
    assert all(map(farm.is_alive, daemons.values()))
    farm.equal(cluster.state(other), "RUNNING")


@test
def a_forged_process_that_lives_ends_nothing():
    contact = f"1:{farm.silent_port()}:1:{1}:{BOOT}:own"
    done = forge(contact, "sh", "-c", "sleep 3; echo ok")
    farm.equal((done.returncode, done.stdout), (0, "ok\n"))


@test
def a_program_that_talks_back_at_the_port_keeps_the_watcher_quiet():
    pid, start = ended_process()
    listener = socket.create_server(("127.0.0.1", 0))
    forge(f"1:{listener.getsockname()[1]}:{pid}:{start}:{BOOT}:own", "sleep", "300", start=True)
    tasks = steps.wait_for(cluster, 1, "sleep")
    listener.settimeout(farm.PATIENCE_S)
    connections = 0
    until = time.monotonic() + 4
    while time.monotonic() < until:
        listener.settimeout(max(until - time.monotonic(), 0.01))
        try:
            link, _ = listener.accept()
        except TimeoutError:
            break
        connections += 1
        link.sendall(b"HTTP/1.1 400 Bad Request\r\n" * 100)
        link.close()
    print(f"# {connections} connections in 4 s", flush=True)
    assert 1 <= connections < 40
    assert all(map(farm.is_alive, tasks))


def launch(*command):
    """Launches a step of one task that says when it is ready, and waits for its watcher, too."""
    farm.at_end(cluster.clear)
    srun = cluster.start_command("srun", "--unbuffered", *command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    farm.equal(srun.stdout.readline(), b"ready\n")
    farm.poll(lambda: steps.connected(cluster) == 1, "the watcher is connected")
    return srun


def launch_with_trap(action, signal_name="TERM"):
    return launch("sh", "-c", f"trap '{action}' {signal_name}; echo ready; while :; do sleep 0.1; done")


@test
def a_task_that_ignores_the_signal_is_killed_after_the_grace():
    srun = launch_with_trap("")
    tasks = steps.children_of_steps(cluster)
    seconds = steps.seconds_until_gone(tasks, lambda: steps.kill_srun(srun.pid))
    assert 1 <= seconds < 10, seconds
    farm.poll(lambda: "were killed" in cluster.log("n1") + cluster.log("n2"), "the log says so")
    farm.poll(lambda: not cluster.tell("squeue", "-h"), "the allocation is cancelled")


# Each process lives for two milliseconds, in a session of its own that it has written down, leaves
# a trace, and cannot be asked to end.  Should the test itself be killed, they end some time.
HOPPER = """$SIG{TERM} = 'IGNORE'; POSIX::setsid();
open G, '>>', "$ARGV[0]/groups"; syswrite G, "$$\\n"; open T, '>>', "$ARGV[0]/trace";
do { syswrite T, '.'; select(undef, undef, undef, 0.002) } while time - $^T < 120 && !fork"""


def kill_groups(folder):
    """Whatever comes of the test, no such process must be left on this machine."""
    with open(f"{folder}/groups", encoding="ascii") as groups:
        for group in groups.read().split():
            try:
                os.killpg(int(group), signal.SIGKILL)
            except ProcessLookupError:
                pass


@test
def processes_that_fork_while_they_are_ended_end_too(folder):
    os.chmod(folder, 0o777)
    size = lambda: os.path.getsize(f"{folder}/trace")  # noqa: E731
    srun = launch("sh", "-c", 'for i in 1 2 3; do perl -MPOSIX -e "$1" "$2" & done; echo ready; sleep 300',
                  "sh", HOPPER, folder)
    farm.poll(lambda: os.path.exists(f"{folder}/trace") and size() > 300, "they hop")
    farm.at_end(lambda: kill_groups(folder))
    steps.kill_srun(srun.pid)
    began = time.monotonic()
    farm.poll(lambda: is_still(size), "none hops on")
    print(f"# {time.monotonic() - began:.1f} s", flush=True)
    farm.poll(lambda: not cluster.tell("squeue", "-h"), "the job ends")


def is_still(size):
    before = size()
    time.sleep(0.3)
    return size() == before


@test
def the_signal_is_the_one_of_the_settings(folder):
    os.chmod(folder, 0o777)
    farm.at_end(lambda: cluster.plugstack(PLUGIN))
    cluster.plugstack(steps.plugin_line("signal=USR2"))
    srun = launch_with_trap(f"echo got it >{folder}/got; exit", "USR2")
    steps.kill_srun(srun.pid)
    farm.poll(lambda: os.path.exists(f"{folder}/got"), "the task gets it")


@test
def settings_that_make_no_sense_are_told_and_left_out():
    farm.at_end(lambda: cluster.plugstack(PLUGIN))
    wrong = ("grace=x", "signal=NOPE", "ports=9-1", "ports=5", "nonsense", "default=maybe", "unreachable=-1",
             "port=0", "grace=", "=")
    cluster.plugstack(steps.plugin_line(*wrong, "grace=0.5"))
    srun = launch_with_trap("")
    tasks = steps.children_of_steps(cluster)
    seconds = steps.seconds_until_gone(tasks, lambda: steps.kill_srun(srun.pid))
    assert 0.5 <= seconds < 10, seconds
    log = cluster.log("n1") + cluster.log("n2")
    for word in wrong:
        farm.contains(log, f"plugstack.conf: '{word}' is not understood")
    farm.poll(lambda: not cluster.tell("squeue", "-h"), "the allocation is cancelled")


@test
def srun_listens_where_the_settings_say():
    farm.at_end(lambda: cluster.plugstack(PLUGIN))
    port = farm.free_port()
    cluster.plugstack(steps.plugin_line(f"ports={port}-{port}"))
    srun = launch("sh", "-c", "echo ready; exec sleep 300")
    farm.contains(cluster.tell("ss", "-tnlH"), f":{port} ")
    # The only port is taken: the second step runs, unwatched.
    farm.equal(cluster.run("srun", "sh", "-c", "echo ${SLURM_PIDWATCH_STEP-none}").stdout, "none\n")
    steps.kill_srun(srun.pid)
    farm.poll(lambda: not steps.watchers_of(cluster), "the first step ends")


@test
def no_watcher_is_left_and_no_node_was_drained():
    steps.leave_nothing_behind(cluster)


if __name__ == "__main__":
    farm.main()
