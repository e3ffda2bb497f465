#!/usr/bin/env python3
"""By what pidwatch ends a command: signals, a killer, grace; a process that runs already."""

import os
import signal
import time

from support import farm, tap
from support.pidstat_help import (ELSEWHERE, NO_PID, READY, SILENT, Daemon, pidwatch, run_pidwatch,
                                  seconds_until_end, sleeper, started, watchers_of)


@tap.test
def every_spelling_of_a_signal_is_sent():
    for word, number in (("KILL", 9), ("SIGKILL", 9), ("-KILL", 9), ("-SIGKILL", 9), ("kill", 9),
                         ("9", 9), ("-9", 9), ("TERM", 15), ("USR1", 10), ("-10", 10),
                         ("RTMIN+1", signal.SIGRTMIN + 1)):
        result = run_pidwatch("--pid", NO_PID, "--signal", word, "sleep 1000")
        farm.equal((word, result.returncode), (word, -int(number)))


@tap.test
def a_running_process_is_ended_with_foreground(folder):
    port = Daemon(folder).port
    for host in ("localhost", ELSEWHERE):
        watched, victim = sleeper(), sleeper()
        begun = time.monotonic()
        result = run_pidwatch("--host", host, "--port", port, "--pid", watched.pid,
                              "--foreground", victim.pid)
        farm.equal((result.returncode, result.stdout, result.stderr), (0, "", ""))
        assert time.monotonic() - begun < 5
        farm.equal(victim.poll(), None)
        seconds_until_end(victim.pid, watched.kill)
        farm.equal(victim.wait(), -signal.SIGHUP)
    result = run_pidwatch("--pid", "1", "--foreground", NO_PID)
    farm.equal((result.returncode, result.stderr.count("\n")), (1, 1))


@tap.test
def a_foreground_watcher_does_not_hold_the_caller_s_pipe():
    watched, victim = sleeper(), sleeper()
    # Its end comes with the end of the pipes: the watcher goes on.
    run_pidwatch("--host", SILENT, "--port", "9", "--pid", watched.pid, "--foreground", victim.pid)
    watcher, = watchers_of(victim.pid)
    victim.kill()
    farm.poll(lambda: not farm.is_alive(watcher), "the watcher has left with its victim")


def script(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="ascii") as file:
        file.write("#!/bin/sh\n" + text)
    os.chmod(path, 0o755)
    return path


@tap.test
def the_killer_is_run_instead(folder):
    killer = script(folder, "killer", f'echo "$@" >>{folder}/said; kill -KILL "$2"\n')
    for words, said in (([], "-HUP"), (["--signal", "SIGTERM"], "-TERM"),
                        (["--signal", "-15"], "-15")):
        process = pidwatch("--pid", NO_PID, "--killer", "./killer", *words, "sleep 1000",
                           cwd=folder)
        farm.equal(process.wait(farm.PATIENCE_S), -signal.SIGKILL)
        with open(f"{folder}/said", encoding="ascii") as file:
            farm.equal(file.read(), f"{said} {process.pid}\n")
        os.remove(f"{folder}/said")
    farm.equal(run_pidwatch("--pid", NO_PID, "--killer", "killer", "sleep 1000",
                            env=farm.environment(PATH=f"{folder}:{os.environ['PATH']}"))
               .returncode, -signal.SIGKILL)
    assert killer


@tap.test
def grace_ends_what_does_not_listen():
    watched = sleeper()
    process = started("--pid", watched.pid, "--grace", "0.5",
                      'trap "" HUP; echo ready; while :; do sleep 0.1; done')
    took = seconds_until_end(process.pid, watched.kill)
    farm.equal(process.wait(), -signal.SIGKILL)
    assert took >= 0.5, took
    begun = time.monotonic()
    farm.equal(run_pidwatch("--pid", NO_PID, "--grace", "1000", "sleep 1000").returncode,
               -signal.SIGHUP)
    assert time.monotonic() - begun < 10


@tap.test
def a_stopped_command_is_continued_to_its_end():
    watched = sleeper()
    process = started("--pid", watched.pid, READY)
    farm.freeze(process.pid)
    seconds_until_end(process.pid, watched.kill)
    farm.equal(process.wait(), -signal.SIGHUP)


@tap.test
def a_silent_host_is_dead_only_where_that_is_asked_for(folder):
    daemon, watched = Daemon(folder), sleeper()
    patient = started("--host", ELSEWHERE, "--port", daemon.port, "--pid", watched.pid, READY)
    hasty = started("--host", ELSEWHERE, "--port", daemon.port, "--pid", watched.pid,
                    "--on-host-down", "4", READY)
    farm.poll(lambda: daemon.counters()["watches"] == 2, "both watch")
    time.sleep(5)
    farm.equal((patient.poll(), hasty.poll()), (None, None))
    took = seconds_until_end(hasty.pid, lambda: farm.freeze(daemon.process.pid))
    farm.equal(hasty.wait(), -signal.SIGHUP)
    print(f"# ended {took:.1f} s after its host fell silent, with --on-host-down 4")
    assert 3.9 <= took < 20, took
    farm.equal(patient.poll(), None)
    daemon.process.send_signal(signal.SIGCONT)
    seconds_until_end(patient.pid, watched.kill)


farm.main()
