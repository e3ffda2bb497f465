#!/usr/bin/env python3
"""pidwatch and numbers that are given again: start times, kernels without pidfd."""

import os
import signal
import subprocess
import sys
import time

from support import farm, tap
from support.pidstat_help import (ELSEWHERE, READY, Asker, Daemon, command_name, in_pid_namespace,
                                  pidwatch, reuse, run_inside, run_pidwatch, seconds_until_end,
                                  sleeper, start_time, started, watchers_of)


@tap.test
def a_start_time_tells_a_reused_pid(folder):
    port, watched = Daemon(folder).port, sleeper()
    for host in ("localhost", ELSEWHERE):
        where = ("--host", host, "--port", port, "--pid", watched.pid)
        result = run_pidwatch(*where, "--start-time", start_time(watched.pid) + 1,
                              "sleep 1000")
        farm.equal(result.returncode, -signal.SIGHUP)
        result = run_pidwatch(*where, "--start-time", start_time(watched.pid), "sleep 0.3; exit 5")
        farm.equal(result.returncode, 5)


SECCOMP_KERNEL = """
import ctypes, os, struct, sys
code = b"".join(struct.pack("HBBI", *line) for line in (
    (0x20, 0, 0, 0),              # the number of the system call
    (0x15, 1, 0, 424),            # pidfd_send_signal
    (0x15, 0, 1, 434),            # pidfd_open
    (0x06, 0, 0, 0x00050000 | 38),  # ENOSYS
    (0x06, 0, 0, 0x7fff0000)))
text = ctypes.create_string_buffer(code)
program = struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(text))
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, program, 0, 0) == 0
os.execv(sys.argv[1], sys.argv[1:])
"""


@tap.test
def a_kernel_without_pidfd_will_do(folder):
    old_kernel = (sys.executable, "-c", SECCOMP_KERNEL)
    probe = farm.run(*old_kernel, sys.executable, "-c",
                     "import os\ntry: os.pidfd_open(1)\nexcept OSError as e: print(e.errno)")
    farm.equal(probe.stdout, "38\n")
    port = Daemon(folder).port
    for host in ("localhost", ELSEWHERE):
        watched = sleeper()
        process = pidwatch("--host", host, "--port", port, "--pid", watched.pid, "sleep", "1000",
                           enter=old_kernel)
        farm.poll(lambda one=process: command_name(one.pid) == "sleep", "the command runs")
        took = seconds_until_end(process.pid, watched.kill)
        farm.equal(process.wait(), -signal.SIGHUP)
        print(f"# {host}: {took * 1000:.0f} ms without pidfd")
        short = pidwatch("--host", host, "--port", port, "--pid", os.getpid(), "true",
                         enter=old_kernel)
        farm.equal(short.wait(farm.PATIENCE_S), 0)
    farm.poll(lambda: not watchers_of(os.getpid()), "the watchers have left")
    # A daemon that cannot watch is asked every second.
    daemon = Daemon(folder, enter=old_kernel, name="old")
    watched = sleeper()
    process = pidwatch("--host", ELSEWHERE, "--port", daemon.port, "--pid", watched.pid, "sleep",
                       "1000")
    farm.poll(lambda: daemon.counters()["watches refused"] > 0, "it cannot watch")
    took = seconds_until_end(process.pid, watched.kill)
    print(f"# {took:.1f} s with a daemon without pidfd")
    assert took < 5, took


def watched_pid_is_reused(folder):
    """The daemon and its watch die with the watched process, and the pid comes back."""
    daemon, watched = Daemon(folder), sleeper()
    first_start = start_time(watched.pid)
    process = started("--quiet", "--host", ELSEWHERE, "--port", daemon.port, "--pid", watched.pid,
                      READY)
    waiting = farm.start(farm.program("pidstat"), "--port", daemon.port, "wait",
                         f"{ELSEWHERE}:{watched.pid}")
    farm.poll(lambda: daemon.counters()["watches"] == 2, "both watch")
    hosts_port = daemon.port
    daemon.process.kill()
    daemon.process.wait()
    watched.kill()
    watched.wait()
    time.sleep(0.02)
    again = reuse(watched.pid)
    assert start_time(again.pid) != first_start
    farm.start(farm.program("pidstatd"), "--nofork", "--host", ELSEWHERE, "--port", hosts_port,
               stderr=subprocess.DEVNULL)
    farm.equal(process.wait(farm.PATIENCE_S), -signal.SIGHUP)
    farm.equal(waiting.wait(farm.PATIENCE_S), 0)
    asker = Asker(hosts_port)
    farm.equal(asker.ask(f"PIDR {again.pid} h 7 start={first_start}"),
               f"EXIS {again.pid} 0 h start={first_start}")
    again.kill()


def victim_pid_is_reused(_folder):
    """The watcher sleeps while its victim dies, its pid comes back and the watched one dies."""
    watched, victim = sleeper(), sleeper()
    farm.equal(run_pidwatch("--pid", watched.pid, "--signal", "KILL", "--foreground",
                            victim.pid).returncode, 0)
    watcher, = watchers_of(victim.pid)
    farm.freeze(watcher)
    victim.kill()
    victim.wait()
    again = reuse(victim.pid)
    watched.kill()
    watched.wait()
    os.kill(watcher, signal.SIGCONT)
    farm.poll(lambda: not farm.is_alive(watcher), "the watcher has left")
    farm.equal(again.poll(), None)
    again.kill()


@tap.test
def a_watched_pid_that_is_reused_fools_nobody(folder):
    in_pid_namespace(__file__, "watched_pid_is_reused", folder)


@tap.test
def a_reused_victim_is_never_signalled(folder):
    in_pid_namespace(__file__, "victim_pid_is_reused", folder)


if sys.argv[1:2] == ["inside"]:
    run_inside(globals())
farm.main()
