#!/usr/bin/env python3
"""What pidwatch ends, in which order, and what it says of that."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

from support import control_groups, farm, netns, tap
from support.pidstat_help import (ELSEWHERE, NO_PID, Daemon, pidwatch, read_line, seconds_until_end,
                                  sleeper, start_time)

NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")


def script(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
    os.chmod(path, 0o755)
    return path


def marked(mark):
    """Processes that live with a variable in their environment."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/environ", "rb") as environ:
                if mark.encode() in environ.read().split(b"\0") and farm.is_alive(int(name)):
                    found.append(int(name))
        except OSError:
            continue
    return found


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def numbers(path):
    if not os.path.exists(path):
        return []
    with open(path, encoding="ascii") as file:
        return [int(line) for line in file.read().split()]


def started(*words, **options):
    process = pidwatch(*words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
    farm.equal(read_line(process), b"ready\n")
    return process


@tap.test
def the_tree_ends_with_all_its_branches(folder):
    leaf = script(folder, "leaf", f"#!/bin/sh\necho $$ >>{folder}/pids\nexec sleep 1000\n")
    for grace in ([], ["--grace", "1"]):
        watched = sleeper()
        if os.path.exists(f"{folder}/pids"):
            os.remove(f"{folder}/pids")
        process = started("--pid", watched.pid, "--kill-tree", *grace,
                          f"timeout 60 {leaf} & setsid {leaf} & (setsid {leaf} &); ({leaf} &); "
                          f"sh -c 'sh -c {leaf}; true' & echo ready; wait")
        farm.poll(lambda: len(numbers(f"{folder}/pids")) == 5, "all five run")
        leaves = numbers(f"{folder}/pids")
        assert all(farm.is_alive(leaf) for leaf in leaves)
        watched.kill()
        farm.equal(process.wait(farm.PATIENCE_S), -signal.SIGHUP)
        farm.poll(lambda: not [one for one in leaves if farm.is_alive(one)], "nobody is left")
        farm.contains(process.stderr.read().decode(),
                      f"process {watched.pid} has ended: sending HUP to process {process.pid} and all "
                      "that comes from it")


@tap.test
def a_group_is_signalled_as_a_whole():
    for grace, trap in (([], ""), (["--grace", "0.3"], 'trap "" HUP; ')):
        watched = sleeper()
        process = started("--pid", watched.pid, "--kill-group", *grace,
                          f"({trap}echo ready; sleep 1000; sleep 1000) & wait",
                          start_new_session=True)
        group = os.getpgid(process.pid)
        farm.equal(group, process.pid)
        watched.kill()
        process.wait(farm.PATIENCE_S)

        def members():
            found = []
            for name in filter(str.isdigit, os.listdir("/proc")):
                try:
                    if os.getpgid(int(name)) == group and farm.is_alive(int(name)):
                        found.append(name)
                except ProcessLookupError:
                    continue
            return found

        farm.poll(lambda: not members(), "nobody is left in the group")


@tap.test
def those_who_fork_while_they_are_ended_do_not_get_away(folder):
    hop = script(folder, "hop", "#!/bin/sh\ntrap '' HUP TERM\nsleep 0.02\nsetsid $0 &\n")
    watched = sleeper()
    mark = f"HOP={os.getpid()}"
    process = started("--pid", watched.pid, "--kill-tree", "--grace", "0.5",
                      f"{hop}; {hop}; echo ready; sleep 1000; true",
                      env=farm.environment(HOP=os.getpid()))
    time.sleep(0.3)
    watched.kill()
    process.wait(farm.PATIENCE_S)
    farm.poll(lambda: not marked(mark), "nobody is left")
    time.sleep(0.5)
    farm.equal(marked(mark), [])


@tap.test
def strangers_of_its_group_are_left_alone(folder):
    watched = sleeper()
    both = farm.start("sh", "-c", f"sleep 1000 & echo $! >{folder}/stranger; "
                                  f"{farm.program('pidwatch')} --pid {watched.pid} --kill-tree "
                                  "'sleep 1000 & echo ready; wait'; echo $?; exit 3",
                      stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True)
    farm.equal(read_line(both), b"ready\n")
    stranger, = numbers(f"{folder}/stranger")
    farm.at_end(lambda: farm.kill_pid(stranger))
    watched.kill()
    farm.equal(both.wait(farm.PATIENCE_S), 3)
    assert farm.is_alive(stranger)


@tap.test
def a_control_group_of_its_own_hides_nobody(folder):
    tree = f"{folder}/cgroup"
    os.mkdir(tree)
    if farm.run("mount", "-t", "cgroup2", "none", tree).returncode != 0:
        raise tap.Lacks("no permission to mount a cgroup2 file system")
    group = f"{tree}/farmlock.{os.getpid()}"
    farm.at_end(lambda: farm.run("umount", tree))
    farm.at_end(lambda: farm.poll(lambda: farm.run("rmdir", group).returncode == 0, "it is empty"))
    control_groups.remove_abandoned([tree])
    os.mkdir(group)
    leaf = script(folder, "leaf", f"#!/bin/sh\necho $$ >>{folder}/pids\nexec sleep 1000\n")
    watched = sleeper()
    process = started("--pid", watched.pid, "--kill-tree",
                      f"(env -i /usr/bin/setsid {leaf} &); echo ready; sleep 1000; true",
                      enter=("sh", "-c", f'echo $$ >{group}/cgroup.procs; exec "$@"', "sh"))
    leaf_pid, = farm.poll(lambda: numbers(f"{folder}/pids"), "the daemon runs")
    farm.at_end(lambda: farm.kill_pid(leaf_pid))
    watched.kill()
    process.wait(farm.PATIENCE_S)
    farm.poll(lambda: not farm.is_alive(leaf_pid), "the daemon has ended")


@tap.test
def what_ignores_a_signal_gets_the_next_one():
    for ignored, status, said in (("HUP", signal.SIGTERM, ["HUP: sending TERM"]),
                                  ("HUP TERM", signal.SIGKILL, ["HUP: sending TERM",
                                                                "TERM: sending KILL"])):
        for option in ([], ["--kill-tree"], ["--kill-group"]):
            watched = sleeper()
            process = started("--pid", watched.pid, *option,
                              f'trap "" {ignored}; echo ready; while :; do sleep 0.1; done',
                              start_new_session=True)
            watched.kill()
            farm.equal((option, process.wait(farm.PATIENCE_S)), (option, -status))
            errors = process.stderr.read().decode()
            for line in said:
                farm.contains(errors, f"process {process.pid} ignores or blocks {line}")


@tap.test
def a_command_below_nohup_is_ended():
    watched = sleeper()
    process = started("--pid", watched.pid, "echo ready; exec sleep 1000",
                      enter=("sh", "-c", 'trap "" HUP; exec "$@"', "sh"))
    watched.kill()
    farm.equal(process.wait(farm.PATIENCE_S), -signal.SIGTERM)


@tap.test
def what_blocks_is_killed_and_what_acts_is_told_of():
    python = f"exec {sys.executable} -c"
    watched = sleeper()
    blocks = started("--pid", watched.pid,
                     f"{python} 'import signal,time; signal.pthread_sigmask(0, {{1, 15}}); "
                     "print(\"ready\", flush=True); time.sleep(1000)'")
    acts = started("--pid", watched.pid, 'trap "echo heard" HUP; echo ready; '
                                         "while :; do sleep 0.1; done")
    notified = started("--pid", watched.pid, "--signal", "USR1",
                       'trap "" USR1; echo ready; while :; do sleep 0.1; done')
    watched.kill()
    farm.equal(blocks.wait(farm.PATIENCE_S * 2), -signal.SIGKILL)
    farm.contains(blocks.stderr.read().decode(), "blocks TERM: sending KILL")
    for process, words in ((acts, "still runs after HUP: it acts on that in its own way; --grace"),
                           (notified, "still runs after USR1: it ignores that; --grace")):
        farm.contains(process.stderr.readline().decode(), "has ended: sending")
        farm.contains(process.stderr.readline().decode(), f"process {process.pid} {words}")
        farm.equal(process.poll(), None)


@tap.test
def a_stopped_command_hears_any_signal():
    for word, number in (("USR1", signal.SIGUSR1), ("ALRM", signal.SIGALRM), ("KILL", 9)):
        watched = sleeper()
        process = started("--pid", watched.pid, "--signal", word, "echo ready; exec sleep 1000")
        farm.freeze(process.pid)
        seconds_until_end(process.pid, watched.kill)
        farm.equal(process.wait(), -number)


@tap.test
def another_user_s_process_is_told_of(folder):
    if os.getuid() != 0:
        raise tap.Lacks("only root can make a set-user-ID program")
    setpriv = shutil.copy(shutil.which("setpriv"), folder)
    os.chmod(setpriv, 0o4755)
    for option in ([], ["--kill-tree"], ["--kill-group"]):
        command = f"exec {setpriv} --reuid=0 --clear-groups sh -c 'echo ready; exec sleep 1000'"
        watched = sleeper()
        with open(f"{folder}/errors", "wb") as errors:
            process = pidwatch("--pid", watched.pid, *option, command, enter=NOBODY,
                               stdout=subprocess.PIPE, stderr=errors, start_new_session=True)
        farm.equal(read_line(process), b"ready\n")
        watched.kill()
        farm.poll(lambda: "is another user's" in read(f"{folder}/errors"), "it is said")
        farm.equal(process.poll(), None)
        process.kill()


@tap.test
def root_ends_descendants_of_other_users(folder):
    if os.getuid() != 0:
        raise tap.Lacks("only root can become another user")
    watched = sleeper()
    process = started("--pid", watched.pid, "--kill-tree",
                      f"{' '.join(NOBODY)} sh -c 'echo $$ >&9; exec sleep 1000' 9>{folder}/pids"
                      " & echo ready; wait")
    other, = farm.poll(lambda: numbers(f"{folder}/pids"), "it runs")
    watched.kill()
    process.wait(farm.PATIENCE_S)
    farm.poll(lambda: not farm.is_alive(other), "it has ended")


@tap.test
def what_was_seen_and_sent_is_said(folder):
    port = Daemon(folder).port
    run = lambda *words: farm.run(farm.program("pidwatch"), *words)  # noqa: E731
    missing = run("--pid", NO_PID, "sleep 1000")
    # In a container it says that it is in one, and in which.
    said = re.sub(r" \(here is pid namespace \d+, a container's\)", "", missing.stderr)
    farm.contains(said, f"pidwatch: there is no process {NO_PID}: it had ended before, or its pid is "
                        "another host's or container's: sending HUP to process ")
    farm.equal(missing.stderr.count("\n"), 1)
    far = run("--host", ELSEWHERE, "--port", port, "--pid", NO_PID, "--signal", "TERM", "sleep 1000")
    farm.contains(far.stderr, f"there is no process {NO_PID} on {ELSEWHERE}: ")
    farm.contains(far.stderr, "sending TERM to process ")
    watched = sleeper()
    other = run("--pid", watched.pid, "--start-time", start_time(watched.pid) + 1, "sleep 1000")
    farm.contains(other.stderr, f"there is no process {watched.pid} that started at "
                                f"{start_time(watched.pid) + 1} (any more): sending HUP")
    farm.equal(run("--pid", NO_PID, "--quiet", "sleep 1000").stderr, "")
    farm.equal(run("--pid", os.getpid(), "true").stderr, "")


@tap.test
def what_nobody_would_read_goes_to_the_log(folder):
    dev = f"{folder}/dev"
    os.mkdir(dev)
    place = ("unshare", "--mount", "sh", "-c", f"touch {dev}/null; mount --bind /dev/null {dev}/null; "
             f'mount --bind {dev} /dev && exec "$@"', "sh")
    if farm.run(*place, "true").returncode != 0:
        raise tap.Lacks("no permission to have another /dev/log")
    log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    log.bind(f"{dev}/log")
    log.settimeout(farm.PATIENCE_S)
    watched, victim = sleeper(), sleeper()
    # Its standard error is a pipe, which the watcher of another process must not hold.
    farm.equal(farm.run(*place, farm.program("pidwatch"), "--pid", watched.pid, "--foreground",
                        victim.pid).returncode, 0)
    watched.kill()
    line = log.recv(1000).decode()
    assert line.startswith("<13>pidwatch["), line
    farm.contains(line, f"process {watched.pid} has ended: sending HUP to process {victim.pid}")
    farm.equal(victim.wait(farm.PATIENCE_S), -signal.SIGHUP)


@tap.test
def a_daemon_that_is_started_again_is_no_silent_host(folder):
    daemon, watched = Daemon(folder), sleeper()
    process = started("--host", ELSEWHERE, "--port", daemon.port, "--pid", watched.pid,
                      "--on-host-down", "1.5", "echo ready; exec sleep 1000")
    farm.poll(lambda: daemon.counters()["watches"] == 1, "it watches")
    daemon.process.kill()
    daemon.process.wait()
    time.sleep(4)
    farm.equal(process.poll(), None)
    watched.kill()
    watched.wait()
    farm.start(farm.program("pidstatd"), "--nofork", "--host", ELSEWHERE, "--port", daemon.port,
               stderr=subprocess.DEVNULL)
    farm.equal(process.wait(farm.PATIENCE_S), -signal.SIGHUP)
    netns.say("a port that refused for 4 s ended nothing with --on-host-down 1.5")


farm.main()
