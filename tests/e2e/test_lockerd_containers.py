#!/usr/bin/python3
"""Owners in containers: lockerd, or a pidstatd of their host, sees their end from outside."""

import contextlib
import os
import signal
import subprocess

from support import farm, tap
from support.lockd import LOCKERD, Server, serves
from support.locking import LOCKERSH, Farm
from support.pidstat_help import can_make_pid_namespace

CONTAINER = ("unshare", "--pid", "--fork", "--mount-proc", "--uts", "--kill-child=KILL")
PIDSTATD = farm.program("pidstatd")


def in_container(*words, kind=CONTAINER, **options):
    """A process of a container with a host name of its own."""
    if not can_make_pid_namespace():
        raise tap.Lacks("no permission to make a pid namespace")
    job = farm.start(*kind, "sh", "-c", 'hostname box; exec "$@"', "sh", *words, **options)
    farm.at_end(job.kill)  # unshare ignores SIGTERM
    return job


def pids_inside(container):
    """What runs in a container, as it is known outside: the first process comes first."""
    def below(pid):
        try:
            with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as children:
                found = [int(child) for child in children.read().split()]
        except OSError:
            return []
        return found + [pid for child in found for pid in below(child)]
    return below(container.pid)


def named(pids, name):
    found = []
    for pid in pids:
        try:
            with open(f"/proc/{pid}/comm", encoding="ascii") as comm:
                found += [pid] * (comm.read().strip() == name)
        except OSError:
            pass
    return found


def watched(server):
    """The processes that a server has descriptors of."""
    found = set()
    for number, target in farm.descriptors(server.pid).items():
        # It may have closed it since.
        with contextlib.suppress(FileNotFoundError):
            if target == "anon_inode:[pidfd]":
                with open(f"/proc/{server.pid}/fdinfo/{number}", encoding="ascii") as info:
                    found |= {int(line.split()[1]) for line in info if line.startswith("Pid:")}
    return found


def orphan(lab, lock, env, kind=CONTAINER):
    """A job in a container that holds a lock, and whose monitor was killed; its pid outside."""
    job = in_container("sh", "-c", f"{LOCKERSH} --lock {lock} --exec sleep 1000 & wait",
                       kind=kind, env=env)
    farm.poll(lambda: lock in lab.locks(), f"{lock} is held")
    os.kill(lab.poll_monitor(lock), signal.SIGKILL)
    return farm.poll(lambda: named(pids_inside(job), "sleep"), "the job runs")[0]


@tap.test
def a_container_that_is_killed_gives_its_seats_back():
    farm.needs_the_hosts_processes()
    lab = Farm()
    for kind in (CONTAINER, (*CONTAINER, *CONTAINER)):  # one in another, too
        job = in_container(LOCKERSH, "--lock", "a", "--exec", "sleep", "1000", kind=kind,
                           env=lab.env)
        farm.poll(lambda: "a" in lab.locks(), "it is held")
        farm.equal(lab.locks()["a"]["host"], "box")
        os.kill(pids_inside(job)[0], signal.SIGKILL)
        lab.poll_free("a")


@tap.test
def one_whose_monitor_was_killed_is_watched_from_outside():
    farm.needs_the_hosts_processes()
    lab = Farm()
    jobs = {name: orphan(lab, name, lab.env) for name in "abc"}
    farm.poll(lambda: watched(lab.server) == set(jobs.values()), "they are watched")
    farm.equal(set(lab.locks()), {"a", "b", "c"})
    os.kill(jobs["b"], signal.SIGKILL)
    lab.poll_free("b")
    farm.equal(set(lab.locks()), {"a", "c"})


@tap.test
def a_unix_socket_says_which_process_it_is(folder):
    """No walk through /proc is needed: one that has ended before anybody looked is known, too."""
    path = os.path.join(folder, "socket")
    farm.start(LOCKERD, "--nofork", "--state", "none", "--path", path)
    lab = Farm(port="UNIX")
    lab.env = farm.environment(IPCLOCKER_HOST=path, IPCLOCKER_PORT="UNIX")
    farm.poll(lambda: lab.run("--ping").returncode == 0, "lockerd listens")
    job = in_container(LOCKERSH, "--lock", "a", "--exec", "sleep", "1000", env=lab.env)
    farm.poll(lambda: "a" in lab.locks(), "it is held")
    os.kill(pids_inside(job)[0], signal.SIGKILL)
    lab.poll_free("a")


@tap.test
def a_restart_finds_those_that_live_and_misses_those_that_have_ended(folder):
    farm.needs_the_hosts_processes()
    server = Server(folder)
    lab = Farm(port=server.port)
    lives, ended = (orphan(lab, name, lab.env) for name in "ab")
    server.kill()
    os.kill(ended, signal.SIGKILL)
    server.start()
    lab.poll_free("b")
    farm.equal(set(lab.locks()), {"a"})
    farm.poll(lambda: watched(server.process) == {lives}, "it is watched")


def server_inside(*options):
    """A lockerd that is itself in a container, and sees no other; with its port."""
    port = farm.free_port()
    in_container(LOCKERD, "--nofork", "--state", "none", "--port", str(port), *options)
    farm.poll(lambda: serves(port), "lockerd serves")
    return port


def daemon(*options, **keywords):
    port = farm.free_port(kind=farm.socket.SOCK_DGRAM)
    keywords.setdefault("stderr", subprocess.DEVNULL)
    process = farm.start(*options, PIDSTATD, "--nofork", "--port", str(port), **keywords)
    return process, port


@tap.test
def the_pidstatd_of_its_host_sees_it_for_a_lockerd_elsewhere():
    farm.needs_the_hosts_processes()
    pidstatd, daemon_port = daemon()
    port = server_inside("--pidstat-port", str(daemon_port))
    lab = Farm(port=port)
    jobs = {name: orphan(lab, name, lab.env) for name in "ab"}
    farm.poll(lambda: watched(pidstatd) == set(jobs.values()), "they are watched")
    os.kill(jobs["a"], signal.SIGKILL)
    lab.poll_free("a")
    farm.equal(set(lab.locks()), {"b"})
    os.kill(jobs["b"], signal.SIGKILL)
    lab.poll_free("b")


@tap.test
def who_cannot_see_all_ends_nothing(folder):
    """A lockerd of nobody's under hidepid, and no pidstatd."""
    port = farm.free_port()
    hidden = ("unshare", "--mount", "sh", "-c",
              'mount -t proc -o hidepid=2 proc /proc && exec setpriv --reuid 65534 --regid 65534 '
              '--clear-groups "$@"', "sh")
    log = open(os.path.join(folder, "log"), "w+", encoding="utf-8")
    farm.at_end(log.close)
    farm.start(*hidden, LOCKERD, "--nofork", "--state", "none", "--port", str(port),
               "--pidstat-port", "none", stderr=log)
    farm.poll(lambda: serves(port), "lockerd serves")
    lab = Farm(port=port)
    job = orphan(lab, "a", lab.env)
    os.kill(job, signal.SIGKILL)
    farm.poll(lambda: "cannot be seen from here" in open(log.name, encoding="utf-8").read(),
              "it was looked for")
    farm.equal(set(lab.locks()), {"a"})


@tap.test
def nobody_sees_those_of_others():
    """All is readable to anybody but which namespace it is."""
    farm.needs_the_hosts_processes()
    port = farm.free_port()
    server = farm.start("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups",
                        LOCKERD, "--nofork", "--state", "none", "--port", str(port),
                        "--pidstat-port", "none")
    farm.poll(lambda: serves(port), "lockerd serves")
    lab = Farm(port=port)
    jobs = {name: orphan(lab, name, lab.env) for name in "ab"}
    farm.poll(lambda: watched(server) == set(jobs.values()), "they are watched")
    os.kill(jobs["a"], signal.SIGKILL)
    lab.poll_free("a")
    farm.equal(set(lab.locks()), {"b"})


@tap.test
def a_time_namespace_does_not_make_it_another_process():
    """Start times are shifted in there: that is no proof of an end."""
    farm.needs_the_hosts_processes()
    lab = Farm()
    shifted = ("unshare", "--time", "--boottime", "100000", "--fork", "--kill-child=KILL")
    kinds = {"a": shifted, "b": (*shifted, *CONTAINER)}
    if farm.run(*shifted, "true").returncode != 0:
        raise tap.Lacks("no permission to make a time namespace")
    jobs = {name: orphan(lab, name, lab.env, kind=("unshare", "--uts", *kind))
            for name, kind in kinds.items()}
    farm.poll(lambda: watched(lab.server) == set(jobs.values()), "they are watched")
    farm.equal(set(lab.locks()), {"a", "b"})
    for name, pid in jobs.items():
        os.kill(pid, signal.SIGKILL)
        lab.poll_free(name)


if __name__ == "__main__":
    farm.main()
