#!/usr/bin/env python3
"""pidwatch as its users see it, on one host."""

import os
import select
import signal
import subprocess
import time

from support import farm, tap
from support.pidstat_help import (ELSEWHERE, NO_PID, READY, SILENT, Daemon, command_name, pidwatch,
                                  run_pidwatch, seconds_until_end, sleeper, started, watchers_of)


@tap.test
def help_and_version():
    result = run_pidwatch("--help")
    farm.equal(result.returncode, 0)
    for option in ("--cd", "--host", "--pid", "--foreground", "--killer", "--port", "--signal",
                   "--debug", "--help", "--version", "--start-time", "--grace", "--kill-group",
                   "--on-host-down", "--kill-tree", "--quiet", "--pid-namespace"):
        farm.contains(result.stdout, option)
    result = run_pidwatch("--version")
    farm.equal(result.returncode, 0)
    assert result.stdout.startswith("pidwatch (farmlock) Version "), result.stdout


@tap.test
def bad_input_gets_one_line_and_64():
    me = str(os.getpid())
    for words in (["true"], ["--pid", me], ["--pid", "0", "true"], ["--pid", "-3", "true"],
                  ["--pid", "12x", "true"], ["--pid", "99999999999", "true"],
                  ["--pid", me, "--foreground", me, "true"], ["--pid", me, "--foreground", "0"],
                  ["--pid", me, "--signal", "NOSUCH", "true"],
                  ["--pid", me, "--signal", "65", "true"], ["--pid", me, "--signal", "0", "true"],
                  ["--pid", me, "--grace", "-1", "true"], ["--pid", me, "--grace", "x", "true"],
                  ["--pid", me, "--on-host-down", "x", "true"],
                  ["--pid", me, "--on-host-down", "0.44", "true"],
                  ["--pid", me, "--killer", "true", "--kill-tree", "true"],
                  ["--pid", me, "--port", "0", "true"], ["--pid", me, "--host", "", "true"],
                  ["--pid", me, "--host", "a b", "true"],
                  ["--pid", me, "--start-time", "0", "true"],
                  ["--pid", me, "--killer", "no-such-program", "true"],
                  ["--pid", me, "--killer", "/", "true"],
                  ["--pid", me, "--killer", "true", "--kill-group", "true"], ["--bogus"]):
        result = run_pidwatch(*words)
        farm.equal((words, result.returncode), (words, 64))
        farm.equal((words, result.stderr.count("\n")), (words, 1))
        assert result.stderr.startswith("pidwatch: "), result.stderr
        farm.equal(result.stdout, "")


@tap.test
def the_command_is_the_process_that_was_started():
    me = os.getpid()
    process = pidwatch("--pid", me, "echo $$; exit 7", stdout=subprocess.PIPE)
    farm.equal((process.wait(), process.stdout.read()), (7, f"{process.pid}\n".encode()))
    result = run_pidwatch("--pid", me, "printf", "%s/", "a", "'b  c'", "&& echo joined")
    farm.equal((result.returncode, result.stdout), (0, "a/b  c/joined\n"))
    farm.equal(run_pidwatch("--pid", me, "/no/such/command").returncode, 127)
    farm.equal(run_pidwatch("--pid", me, "/").returncode, 126)
    farm.equal(run_pidwatch("--pid", me, "kill -TERM $$").returncode, -signal.SIGTERM)
    process = started("--pid", me, READY)
    process.send_signal(signal.SIGUSR2)
    farm.equal(process.wait(), -signal.SIGUSR2)


@tap.test
def a_plain_command_leaves_no_orphan():
    watched = sleeper()
    process = pidwatch("--pid", watched.pid, "sleep", "1000")
    farm.poll(lambda: command_name(process.pid) == "sleep", "the shell has become the command")
    seconds_until_end(process.pid, watched.kill)
    farm.equal(process.wait(), -signal.SIGHUP)


@tap.test
def input_and_output_are_the_command_s():
    result = run_pidwatch("--pid", os.getpid(), "cat; echo error >&2", stdin=None, input="text\n")
    farm.equal((result.stdout, result.stderr), ("text\n", "error\n"))


@tap.test
def a_pipe_ends_with_the_command_and_the_watcher_leaves():
    # Of a process of its own, as watchers of earlier tests may still be about to leave.
    watched = sleeper()
    process = started("--host", ELSEWHERE, "--port", "9", "--pid", watched.pid,
                      "echo ready; read line", stdin=subprocess.PIPE, stderr=subprocess.STDOUT)
    watchers = farm.poll(lambda: [pid for pid in watchers_of(watched.pid) if pid != process.pid],
                         "there is a watcher")
    process.stdin.close()
    # A watcher that held the pipe, or stayed, would do so for ever.
    assert select.select([process.stdout], [], [], farm.PATIENCE_S)[0], "the pipe is held open"
    farm.equal(process.stdout.read(), b"")
    process.wait()
    farm.poll(lambda: not any(farm.is_alive(pid) for pid in watchers), "the watcher has left")


@tap.test
def the_watcher_holds_on_to_nothing():
    watched = sleeper()
    process = started("--pid", watched.pid, READY, stderr=subprocess.PIPE)
    watcher, = farm.poll(lambda: watchers_of(watched.pid), "there is a watcher")
    farm.poll(lambda: [farm.descriptors(watcher).get(number) for number in range(3)] ==
              ["/dev/null"] * 3, "standard input, output and error are /dev/null")
    farm.poll(lambda: not any(link.startswith(("pipe:", "/tmp"))
                              for link in farm.descriptors(watcher).values()),
              f"no pipe is left: {farm.descriptors(watcher)}")
    farm.equal(os.readlink(f"/proc/{watcher}/cwd"), "/")
    farm.equal(os.getsid(watcher) == os.getsid(process.pid), False)
    process.kill()
    farm.poll(lambda: not farm.is_alive(watcher), "the watcher has left")


@tap.test
def the_command_is_signalled_within_50_ms(folder):
    port = Daemon(folder).port
    for host in ("localhost", ELSEWHERE):
        def end_of_command(where=host):
            watched = sleeper()
            process = started("--host", where, "--port", port, "--pid", watched.pid, READY)
            time.sleep(0.05)
            took = seconds_until_end(process.pid, watched.kill)
            farm.equal(process.wait(), -signal.SIGHUP)
            return took

        farm.promised(f"{host}: the command ended behind the watched process",
                      lambda: [end_of_command() for _ in range(9)], 0.05, 2)


@tap.test
def it_starts_about_as_fast_as_a_shell():
    def cost(*command):
        begun = time.monotonic()
        subprocess.run(command, check=True)
        return time.monotonic() - begun

    def dearer():
        """What a run costs more than the shell's run beside it."""
        ours = cost(farm.program("pidwatch"), "--pid", str(os.getpid()), "true")
        return ours - cost("/bin/sh", "-c", "true")

    farm.promised("pidwatch true beyond sh -c true", lambda: [dearer() for _ in range(40)], 0.05, 5)


@tap.test
def a_pid_that_never_existed_ends_the_command(folder):
    port = Daemon(folder).port
    for host in ("localhost", ELSEWHERE):
        begun = time.monotonic()
        result = run_pidwatch("--host", host, "--port", port, "--pid", NO_PID, "sleep 1000")
        farm.equal(result.returncode, -signal.SIGHUP)
        assert time.monotonic() - begun < 5


@tap.test
def a_directory_that_is_not_there_is_a_warning(folder):
    me = os.getpid()
    farm.equal(run_pidwatch("--pid", me, "--cd", folder, "pwd -P").stdout,
               os.path.realpath(folder) + "\n")
    result = run_pidwatch("--pid", me, "--cd", f"{folder}/missing", "pwd -P", cwd=folder)
    farm.equal((result.returncode, result.stdout), (0, os.path.realpath(folder) + "\n"))
    farm.equal(result.stderr.count("\n"), 1)
    farm.contains(result.stderr, "missing")


@tap.test
def without_a_daemon_the_command_runs_all_the_same():
    result = run_pidwatch("--host", SILENT, "--port", "9", "--pid", "1", "echo ran")
    farm.equal((result.returncode, result.stdout, result.stderr), (0, "ran\n", ""))
    process = pidwatch("--host", SILENT, "--port", "9", "--pid", "1", "read line; echo ran",
                       stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    farm.contains(process.stderr.readline(), f"no pidstatd answers on {SILENT} port 9")
    farm.equal(process.communicate("\n", timeout=farm.PATIENCE_S), ("ran\n", ""))
    farm.equal(process.returncode, 0)
    result = run_pidwatch("--host", "no..such..name", "--pid", "1", "echo ran")
    farm.equal((result.returncode, result.stdout), (0, "ran\n"))
    farm.equal(result.stderr.count("\n"), 1)
    farm.contains(result.stderr, "no..such..name does not resolve")


@tap.test
def debug_shows_the_datagrams(folder):
    port = Daemon(folder).port
    result = run_pidwatch("--debug", "--host", ELSEWHERE, "--port", port, "--pid", NO_PID,
                          "sleep 1000")
    farm.contains(result.stderr, f"PIDR {NO_PID} {ELSEWHERE} 7")
    farm.contains(result.stderr, f"EXIS {NO_PID} 0 {ELSEWHERE}")


farm.main()
