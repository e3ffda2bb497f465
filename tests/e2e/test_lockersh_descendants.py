#!/usr/bin/env python3
"""lockersh --descendants: the lock is held until all that the command has started has ended."""

import contextlib
import os
import pty
import signal
import subprocess

from support import control_groups, farm, tap
from support.locking import LOCKERSH, Farm, complaint

# Ends while what it has started goes on, until that is told to end; the daemon in a session of its own.
CHILD = "sh -c 'echo $$ >child; exec sleep 1000' >/dev/null 2>&1 & "
DAEMON = "setsid sh -c 'echo $$ >child; exec sleep 1000' >/dev/null 2>&1 </dev/null & "
READY = "until test -s child; do sleep 0.01; done; "
# Control groups cannot be made by nobody, nor where their file system cannot be written to.
NO_GROUPS = ("unshare", "--mount", "sh", "-c",
             'mount --bind -o ro "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"')


def child_of(folder):
    path = os.path.join(folder, "child")

    def read():
        try:
            with open(path, encoding="ascii") as file:
                return int(file.read() or 0)
        except FileNotFoundError:
            return 0
    pid = farm.poll(read, "the child runs")
    farm.at_end(lambda: farm.kill_pid(pid))
    return pid


def group_of(pid):
    """The folder of the control group that lockersh has made for a process, or None: others' tests have
    such groups, too."""
    for folder, _, _ in os.walk(control_groups.unified() or "/nonexistent"):
        with contextlib.suppress(OSError), open(f"{folder}/cgroup.procs", encoding="ascii") as procs:
            if os.path.basename(folder).startswith("lockersh-") and str(pid) in procs.read().split():
                return folder
    return None


def without_groups(*words):
    """A command where lockersh can make no control group, and is in none of its own."""
    return (*NO_GROUPS, control_groups.unified() or "/sys/fs/cgroup", *words)


def need_groups():
    if control_groups.unified() is None or os.geteuid() != 0:
        raise tap.Lacks("root and control groups of version 2")


@tap.test
def without_it_what_is_left_behind_holds_nothing(folder):
    lab = Farm()
    farm.equal(lab.run("--lock", "a", CHILD + READY + "exit 7", cwd=folder).returncode, 7)
    lab.poll_free("a")
    child_of(folder)


@tap.test
def a_daemon_of_its_holds_it_by_the_control_group(folder):
    need_groups()
    lab = Farm()
    done = lab.run("--lock", "a", "--descendants", DAEMON + READY + "exit 7", cwd=folder)
    farm.equal((done.returncode, done.stderr), (7, ""))
    pid = child_of(folder)
    lab.poll_held("a", pid)
    group = group_of(pid)
    assert group, "it is in no group of lockersh's"
    os.kill(pid, signal.SIGKILL)
    lab.poll_free("a")
    farm.poll(lambda: not os.path.exists(group), "the group is removed")
    farm.poll(lambda: not lab.monitors(), "no monitor is left")


@tap.test
def children_in_the_background_hold_it_by_the_process_group(folder):
    lab = Farm()
    done = farm.run(*without_groups(LOCKERSH, "--lock", "a", "--descendants",
                                    CHILD + READY + "exit 7"), env=lab.env, cwd=folder)
    farm.equal((done.returncode, done.stderr), (7, ""))
    pid = child_of(folder)
    lab.poll_held("a", pid)
    os.kill(pid, signal.SIGKILL)
    lab.poll_free("a")


@tap.test
def a_daemon_has_left_the_process_group(folder):
    lab = Farm()
    done = farm.run(*without_groups(LOCKERSH, "--lock", "a", "--descendants",
                                    DAEMON + READY + "exit 7"), env=lab.env, cwd=folder)
    farm.equal((done.returncode, done.stderr), (7, ""))
    lab.poll_free("a")
    child_of(folder)


@tap.test
def what_is_left_of_a_command_that_was_killed_holds_it(folder):
    lab = Farm()
    job = lab.start("--lock", "a", "--descendants", CHILD + "exec sleep 1000", cwd=folder)
    pid = child_of(folder)
    # Without its monitor nobody removes it.
    group = group_of(pid)
    farm.at_end(lambda: control_groups.remove(filter(None, [group])))
    lab.poll_held("a", job.pid)
    job.kill()
    farm.equal(job.wait(), -9)
    lab.poll_held("a", pid)
    # The server knows who has it now, and needs no monitor to see the end.
    os.kill(lab.poll_monitor("a"), signal.SIGKILL)
    farm.equal(set(lab.locks()), {"a"})
    os.kill(pid, signal.SIGKILL)
    lab.poll_free("a")


@tap.test
def one_after_another_holds_it(folder):
    lab = Farm()
    generations = "for i in 1 2 3 4 5 6; do (sleep 0.2) & (sleep 0.$i) & done; "
    farm.equal(lab.run("--lock", "a", "--descendants", generations + CHILD + READY,
                       cwd=folder).returncode, 0)
    pid = child_of(folder)
    lab.poll_held("a", pid)
    os.kill(pid, signal.SIGKILL)
    lab.poll_free("a")


@tap.test
def for_another_process_it_is_its_group(folder):
    lab = Farm()
    other = farm.start("sh", "-c", CHILD + READY + "read x", cwd=folder, stdin=subprocess.PIPE,
                       start_new_session=True)
    pid = child_of(folder)
    farm.equal(lab.run("--lock", "a", "--descendants", "--for-pid", other.pid).returncode, 0)
    lab.poll_held("a", other.pid)
    other.stdin.close()
    other.wait()
    lab.poll_held("a", pid)
    os.kill(pid, signal.SIGKILL)
    lab.poll_free("a")


@tap.test
def a_container_is_held_until_all_in_it_has_ended(folder):
    container = ("unshare", "-p", "-f", "--mount-proc", "--kill-child=KILL")
    if farm.run(*container, "true").returncode != 0:
        raise tap.Lacks("no permission to make a pid namespace")
    lab = Farm()
    job = farm.start(*container, LOCKERSH, "--lock", "a", "--descendants",
                     "setsid sleep 1000 & echo >child; exit 7", env=lab.env, cwd=folder)
    farm.poll(lambda: os.path.exists(os.path.join(folder, "child")), "the command has run")

    def sleeper():
        done = farm.run("pgrep", "--ns", first(), "-x", "sleep")
        return int(done.stdout or 0)

    def first():
        with open(f"/proc/{job.pid}/task/{job.pid}/children", encoding="ascii") as children:
            return children.read().strip()
    pid = farm.poll(sleeper, "what it has started runs")
    assert job.poll() is None
    farm.equal(set(lab.locks()), {"a"})
    os.kill(pid, signal.SIGKILL)
    farm.equal(job.wait(farm.PATIENCE_S), 7)
    lab.poll_free("a")


@tap.test
def a_script_on_a_terminal_is_told_that_its_group_would_be_meant():
    lab = Farm()
    pid, fd = pty.fork()
    if pid == 0:
        line = f'{LOCKERSH} --lock a --descendants true 2>&1; echo status $?; exit 0'
        words = without_groups("sh", "-c", line)
        os.execvpe(words[0], words, lab.env)
    said = b""
    try:
        while data := os.read(fd, 4096):
            said += data
    except OSError:
        pass  # the terminal has gone
    os.close(fd)
    os.waitpid(pid, 0)
    farm.contains(said, b"the process group is that of who has started lockersh")
    farm.contains(said, b"status 64")


@tap.test
def what_makes_no_sense_with_it_is_refused():
    lab = Farm()
    expected = "--descendants goes with a command, or with --for-pid of this host"
    for words in (("--unlock", "a", "--for-pid", os.getpid()), ("--lock", "a", "--for-pid", "far.away:7"),
                  ("--lock", "a", "--for-pid-file", "x", "true"), ("--locklist",)):
        farm.equal(complaint(lab.run("--descendants", *words), 64).split(";")[0], expected)


if __name__ == "__main__":
    farm.main()
