#!/usr/bin/env python3
"""pidwatch as its users see it, on one host."""

import os
import select
import signal
import subprocess
import sys
import time

from support import farm, netns, tap
from support.pidstat_help import (ELSEWHERE, NO_PID, Asker, Daemon, can_make_pid_namespace,
                          inside_pid_namespace, pidwatch, read_line, seconds_until_end, sleeper,
                          start_time, watchers_of)

SILENT = "127.0.0.78"
# Tells when it is ready, ignores what it is asked to ignore, and never ends by itself.
READY = "echo ready; exec sleep 1000"


def run_pidwatch(*words, **options):
    return farm.run(farm.program("pidwatch"), *words, **options)


def started(*words, **options):
    """A pidwatch whose command says that it is ready."""
    process = pidwatch(*words, stdout=subprocess.PIPE, **options)
    farm.equal(read_line(process), b"ready\n")
    return process


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
                  ["--pid", me, "--pid-namespace", "here", "true"],
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


def command_name(pid):
    with open(f"/proc/{pid}/comm", encoding="ascii") as file:
        return file.read().strip()


@tap.test
def input_and_output_are_the_command_s():
    result = run_pidwatch("--pid", os.getpid(), "cat; echo error >&2", stdin=None, input="text\n")
    farm.equal((result.stdout, result.stderr), ("text\n", "error\n"))


@tap.test
def a_pipe_ends_with_the_command_and_the_watcher_leaves():
    process = started("--host", ELSEWHERE, "--port", "9", "--pid", os.getpid(),
                      "echo ready; read line", stdin=subprocess.PIPE, stderr=subprocess.STDOUT)
    watchers = farm.poll(lambda: [pid for pid in watchers_of(os.getpid()) if pid != process.pid],
                         "there is a watcher")
    process.stdin.close()
    # A watcher that held the pipe, or stayed, would do so for ever.
    assert select.select([process.stdout], [], [], farm.PATIENCE_S)[0], "the pipe is held open"
    farm.equal(process.stdout.read(), b"")
    process.wait()
    farm.poll(lambda: not any(farm.is_alive(pid) for pid in watchers), "the watcher has left")


@tap.test
def the_watcher_holds_on_to_nothing():
    process = started("--pid", os.getpid(), READY, stderr=subprocess.PIPE)
    watcher, = farm.poll(lambda: watchers_of(os.getpid()), "there is a watcher")
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
def every_spelling_of_a_signal_is_sent():
    for word, number in (("KILL", 9), ("SIGKILL", 9), ("-KILL", 9), ("-SIGKILL", 9), ("kill", 9),
                         ("9", 9), ("-9", 9), ("TERM", 15), ("USR1", 10), ("-10", 10),
                         ("RTMIN+1", signal.SIGRTMIN + 1)):
        result = run_pidwatch("--pid", NO_PID, "--signal", word, "sleep 1000")
        farm.equal((word, result.returncode), (word, -int(number)))


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
    process.send_signal(signal.SIGSTOP)
    seconds_until_end(process.pid, watched.kill)
    farm.equal(process.wait(), -signal.SIGHUP)


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
def a_silent_host_is_dead_only_where_that_is_asked_for(folder):
    daemon, watched = Daemon(folder), sleeper()
    patient = started("--host", ELSEWHERE, "--port", daemon.port, "--pid", watched.pid, READY)
    hasty = started("--host", ELSEWHERE, "--port", daemon.port, "--pid", watched.pid,
                    "--on-host-down", "1.5", READY)
    farm.poll(lambda: daemon.counters()["watches"] == 2, "both watch")
    time.sleep(2)
    farm.equal((patient.poll(), hasty.poll()), (None, None))
    took = seconds_until_end(hasty.pid, lambda: daemon.process.send_signal(signal.SIGSTOP))
    farm.equal(hasty.wait(), -signal.SIGHUP)
    print(f"# ended {took:.1f} s after its host fell silent, with --on-host-down 1.5")
    assert 1.4 <= took < 10, took
    farm.equal(patient.poll(), None)
    daemon.process.send_signal(signal.SIGCONT)
    seconds_until_end(patient.pid, watched.kill)


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


def reuse(pid):
    """Starts a process under a number that another one has had."""
    for _ in range(200):
        with open("/proc/sys/kernel/ns_last_pid", "w", encoding="ascii") as file:
            file.write(str(pid - 1))
        process = subprocess.Popen(["sleep", "1000"])
        if process.pid == pid:
            return process
        process.kill()
        process.wait()
    raise AssertionError(f"pid {pid} was not given again")


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
    os.kill(watcher, signal.SIGSTOP)
    victim.kill()
    victim.wait()
    again = reuse(victim.pid)
    watched.kill()
    watched.wait()
    os.kill(watcher, signal.SIGCONT)
    farm.poll(lambda: not farm.is_alive(watcher), "the watcher has left")
    farm.equal(again.poll(), None)
    again.kill()


def in_pid_namespace(name, folder):
    if not can_make_pid_namespace():
        netns.say("not tried: root and pid namespaces are needed to use a pid again")
        return
    result = inside_pid_namespace(sys.executable, os.path.abspath(__file__), "inside", name,
                                  folder)
    farm.equal((result.returncode, result.stderr), (0, ""))


@tap.test
def a_watched_pid_that_is_reused_fools_nobody(folder):
    in_pid_namespace("watched_pid_is_reused", folder)


@tap.test
def a_reused_victim_is_never_signalled(folder):
    in_pid_namespace("victim_pid_is_reused", folder)


if sys.argv[1:2] == ["inside"]:
    globals()[sys.argv[2]](sys.argv[3])
    os._exit(0)
farm.main()
