#!/usr/bin/env python3
"""Daemons that run out of descriptors, or of room for their log, while they serve: those who are
there are served on, the log says what to raise, and all comes back when there is room again."""

import getpass
import os
import resource
import signal
import shutil
import time

from support import farm, lockd, tap
from support.pidstat_help import Asker, Daemon
from support.wire import Wire

QUIET_S = 1


def take_descriptors(pid):
    """Leaves a process what it has open; returns what gives them back."""
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (max(farm.descriptors(pid)) + 1, before[1]))
    return lambda: resource.prlimit(pid, resource.RLIMIT_NOFILE, before)


def is_quiet(pid):
    """It does not turn in circles over what it cannot do."""
    before = farm.processor_s(pid)
    time.sleep(QUIET_S)
    return farm.processor_s(pid) - before < QUIET_S / 2


@tap.test
def a_server_without_descriptors_serves_who_is_there(folder):
    server = lockd.Server(folder, "--user", getpass.getuser())
    holder, waiter = server.wire(), server.wire()
    holder.lock("ann", "a")
    waiter.lock("bob", "a", 1)
    farm.contains(waiter.line(), "print_waiting")
    waiter.line()
    give_back = take_descriptors(server.process.pid)
    late = [Wire(server.port) for _ in range(20)]
    for wire in late:
        wire.send("user carl", "locks c", "block 0", "LOCK")
    holder.ask("UNLOCK")
    farm.equal(waiter.line(), "print_obtained")
    farm.equal(waiter.status()["lockname"], "a")
    farm.equal(waiter.ask("user bob", "locks b", "LOCK")["locked"], "1")
    waiter.send("HISTORY 0 99999999999999 0")
    farm.contains(waiter.line(), "past hold")
    while not waiter.line().startswith("history "):
        pass
    farm.poll(lambda: is_quiet(server.process.pid), "lockerd rests")
    farm.contains(server.log(), "descriptor")
    assert server.log().count("descriptor") < 10, server.log()
    give_back()
    for wire in late:
        # Those that it could only turn away were told so.
        line = wire.line()
        assert line is not None and line.startswith(("owner ", "error")), line
    farm.equal(server.wire().lock("dora", "d")["locked"], "1")
    farm.equal(set(server.held()) - {"c"}, {"a", "b", "d"})


@tap.test
def an_owner_that_ends_while_its_server_has_no_descriptors_gives_back(folder):
    """There is none for its pidfd: it is looked at now and then."""
    server = lockd.Server(folder, "--user", getpass.getuser())
    owner = lockd.sleeper()
    wire, waiter = server.wire(), server.wire()
    give_back = take_descriptors(server.process.pid)
    farm.at_end(give_back)
    wire.send(f"hostname {farm.socket.gethostname()}", f"pid {owner.pid}",
              lockd.identity(owner.pid), "session 1")
    farm.equal(wire.lock("ann", "a")["locked"], "1")
    waiter.lock("bob", "a", 1)
    farm.contains(waiter.line(), "print_waiting")
    waiter.line()
    wire.close()
    owner.kill()
    owner.wait()
    farm.equal(waiter.line(), "print_obtained")


@tap.test
def a_pidstatd_without_descriptors_answers(folder):
    daemon = Daemon(folder, "--user", getpass.getuser())
    process = lockd.sleeper()
    asker = Asker(daemon.port)
    give_back = take_descriptors(daemon.process.pid)
    for _ in range(50):
        farm.contains(asker.ask(f"PIDR {process.pid} host 7 id=0123456789abcdef watch=?"), f"EXIS {process.pid} 1 host")
    farm.poll(lambda: is_quiet(daemon.process.pid), "pidstatd rests")
    give_back()
    process.kill()
    process.wait()
    farm.contains(asker.ask(f"PIDR {process.pid} host 7"), f"EXIS {process.pid} 0 host")


@tap.test
def a_full_disk_below_the_log_stops_nobody(folder):
    """Lines are lost meanwhile; SIGHUP and the end work as ever."""
    if os.geteuid() != 0 or not shutil.which("nsenter"):
        raise tap.Lacks("root, for a small disk")
    disk = f"{folder}/disk"
    os.mkdir(disk)
    port = farm.free_port()
    process = farm.start(
        "unshare", "--mount", "sh", "-c",
        f'mount -t tmpfs -o size=64k none {disk} && exec "$@"', "sh", lockd.LOCKERD, "--nofork",
        "--port", port, "--state", f"{folder}/state.db", "--log", f"{disk}/log", "--debug")
    farm.poll(lambda: lockd.serves(port), "lockerd serves")
    inside = ["nsenter", "--target", str(process.pid), "--mount"]

    def log_size():
        return int(farm.run(*inside, "stat", "-c", "%s", f"{disk}/log").stdout)

    wire = Wire(port)

    def talk():
        for _ in range(100):
            farm.equal(wire.ask("user u", "locks l", "LOCK")["locked"], "1")
            farm.equal(wire.ask("UNLOCK")["locked"], "0")

    farm.poll(lambda: talk() or log_size() >= 60000, "the log's disk is full")
    for number in range(50):
        farm.equal(wire.ask(f"user u{number}", f"locks l{number}", "LOCK")["locked"], "1")
    process.send_signal(signal.SIGHUP)
    farm.equal(wire.ask("user u1", "locks l1", "STATUS")["locked"], "1")
    farm.run(*inside, "rm", f"{disk}/log")
    process.send_signal(signal.SIGHUP)
    farm.poll(lambda: talk() or farm.run(*inside, "test", "-s", f"{disk}/log").returncode == 0,
              "it logs again")
    process.terminate()
    farm.equal(process.wait(farm.PATIENCE_S), 0)


if __name__ == "__main__":
    farm.main()
