#!/usr/bin/python3
"""lockersh's monitor where the server does not come back."""

import glob
import os
import subprocess
import time

from support import built, farm, netns, tap
from support.lockd import Server
from support.locking import LOCKERSH, Farm, read_strings

SHORT_JOB_S = 10


def hold_in_container(lab, lock):
    """A lockersh that holds a lock in a pid namespace, until its process is ended."""
    container = farm.start("unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c",
                           '"$0" --connect-delay 0.3 --lock "$1" --exec sleep 1000; sleep 1000',
                           LOCKERSH, lock, env=lab.env, stderr=subprocess.DEVNULL)
    # It does not heed what its child should.
    farm.at_end(container.kill)
    return farm.poll(lambda: lab.locks().get(lock), f"{lock} is held")


def namespaces(path):
    """The ids of a process in its pid namespaces, the innermost last."""
    try:
        with open(path, encoding="utf-8", errors="replace") as status:
            return next(line.split()[1:] for line in status if line.startswith("NSpid:"))
    except (OSError, StopIteration):
        return []


def pid_here(lock):
    """The process id here of the holder of a lock, which has another one in its container; None
    before lockersh has become the command."""
    for path in glob.glob("/proc/[0-9]*/status"):
        ids = namespaces(path)
        if (len(ids) > 1 and ids[-1] == str(lock["pid"]) and f"LOCKERSH_OWNER={lock['owner']}"
                in read_strings(os.path.dirname(path) + "/environ")):
            return int(ids[0])
    return None


@tap.test
def a_monitor_gives_up_where_the_server_sees_the_end_by_itself(folder):
    if farm.in_container():
        raise tap.Lacks("this is a container: the pids of one inside of it cannot be told")
    server = Server(folder)
    lab = Farm(server.port)
    here = lab.hold("here")
    monitor = lab.poll_monitor("here")
    there = there_monitor = None
    if not netns.missing():
        held = hold_in_container(lab, "there")
        there = farm.poll(lambda: pid_here(held), f"the holder is here: {held}")
        there_monitor = lab.poll_monitor("there")
    server.kill()
    start = time.monotonic()
    here.kill()
    if there is not None:
        farm.kill_pid(there)
    farm.poll(lambda: not farm.is_alive(monitor), "the monitor has given up", 40)
    assert 5 < time.monotonic() - start, "it has not tried for long"
    # Nobody else would tell of the end of a container's process.
    assert there_monitor is None or farm.is_alive(there_monitor), "it has given up, too"
    server.start()
    lab.poll_free("here")
    if there is not None:
        farm.poll(lambda: not farm.is_alive(there_monitor), "the other one has delivered", 40)
        farm.equal(lab.locks(), {})


@tap.test
def a_first_process_ends_where_the_server_does_not_come_back(folder):
    if netns.missing():
        raise tap.Lacks(f"a container needs {netns.missing()}")
    server = Server(folder)
    lab = Farm(server.port)
    container = farm.start("unshare", "--pid", "--fork", "--kill-child", "--mount-proc", LOCKERSH,
                           "--connect-tries", "0", "--lock", "x", "read line; exit 7", env=lab.env,
                           stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    farm.poll(lambda: lab.locks().get("x"), "it is held")
    server.kill()
    container.stdin.close()
    farm.equal(container.wait(farm.PATIENCE_S), 7)
    farm.contains(container.stderr.read().decode(), "the lock was not given back: no lockerd answers")


def sleeps(pid):
    """How often a process has gone to sleep."""
    with open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("voluntary_ctxt_switches:"))


@tap.test
def a_monitor_that_has_let_go_of_its_memory_does_all_as_before(folder):
    server = Server(folder)
    lab = Farm(server.port)
    jobs = [lab.hold(lock, *words) for lock, words in (("a", ()), ("b", ("--descendants",)),
                                                       ("c", ("--hold-timeout", "1h")))]
    monitors = [lab.poll_monitor(lock) for lock in "abc"]
    before = [farm.private_kb(pid) for pid in monitors]
    slept = [sleeps(pid) for pid in monitors]
    since = time.monotonic()
    # Until none of them is a short one, whose monitor lets go of nothing.
    farm.poll(lambda: time.monotonic() - since > SHORT_JOB_S
              and all(sleeps(pid) > least for pid, least in zip(monitors, slept)), "they let go of it")
    private = [farm.private_kb(pid) for pid in monitors]
    print(f"# private memory: {before}, then {private} kB")
    assert built.is_sanitized() or max(private) <= 300, private
    server.kill()
    server.start()
    farm.poll(lambda: sorted(lab.locks()) == ["a", "b", "c"], "they are held")
    lab.run("--break", "c")
    farm.contains(jobs[2].stderr.readline().decode(), "lockersh: ")
    for job, lock in zip(jobs, "ab"):
        job.kill()
        lab.poll_free(lock)
    farm.poll(lambda: not any(farm.is_alive(pid) for pid in monitors[:2]), "they have ended")


if __name__ == "__main__":
    farm.main()
