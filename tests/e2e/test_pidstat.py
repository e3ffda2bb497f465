#!/usr/bin/env python3
"""pidstat as its users see it."""

import json
import os
import signal
import socket
import time

from support import farm, tap
from support.pidstat_help import (ELSEWHERE, NO_PID, Daemon, Inside, can_make_pid_namespace,
                                  seconds_until_end, sleeper, start_time)

# No daemon listens there.
SILENT = "127.0.0.78"
# Nor there, where the test has a socket of its own that takes what comes.
REFUSING = "127.0.0.79"


def pidstat(*words, **options):
    return farm.run(farm.program("pidstat"), *words, **options)


def silence(host, port):
    """Has an address take datagrams for a port and never answer."""
    socket_ = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    farm.at_end(socket_.close)
    socket_.bind((host, port))


@tap.test
def help_and_version():
    result = pidstat("--help")
    farm.equal(result.returncode, 0)
    for word in ("exists", "wait", "--host", "--port", "--silent", "--debug", "--json",
                 "--timeout", "--any", "--help", "--version"):
        farm.contains(result.stdout, word)
    result = pidstat("--version")
    farm.equal(result.returncode, 0)
    assert result.stdout.startswith("pidstat (farmlock) Version "), result.stdout


@tap.test
def bad_input_gets_one_line_and_64():
    for words in ([], ["exists"], ["wait"], ["list", "1"], ["exists", "0"], ["exists", "-1"],
                  ["exists", "12x"], ["exists", "99999999999"], ["exists", "2147483648"],
                  ["exists", "h:"], ["exists", ":1"], ["exists", "h:0"], ["exists", "::1:5"],
                  ["exists", "a b:5"], ["exists", "1", "--port", "0"],
                  ["exists", "--timeout", "0", "1"], ["exists", "--timeout", "soon", "1"],
                  ["exists", "--any", "1"], ["--host", "", "exists", "1"], ["--bogus"]):
        result = pidstat(*words)
        farm.equal((words, result.returncode), (words, 64))
        farm.equal((words, result.stderr.count("\n")), (words, 1))
        assert result.stderr.startswith("pidstat: "), result.stderr
        farm.equal(result.stdout, "")


@tap.test
def this_host_needs_no_daemon():
    pid, name = os.getpid(), socket.gethostname()
    result = pidstat("exists", pid, f"localhost:{pid}", f"{name}:{pid}", f"127.0.0.1:{pid}",
                     f"[::1]:{pid}")
    farm.equal(result.stdout, f"localhost:{pid} up\nlocalhost:{pid} up\n{name}:{pid} up\n"
                              f"127.0.0.1:{pid} up\n[::1]:{pid} up\n")
    farm.equal((result.returncode, result.stderr), (0, ""))


@tap.test
def exit_status_tells_up_down_and_host_down(folder):
    port, pid = Daemon(folder).port, os.getpid()
    up, down, silent = f"{ELSEWHERE}:{pid}", f"{ELSEWHERE}:{NO_PID}", f"{SILENT}:{pid}"
    silence(SILENT, port)
    for processes, status in (([up], 0), ([up, up], 0), ([up, down], 1), ([down], 1),
                              ([silent], 2), ([up, silent], 2), ([down, silent], 2)):
        result = pidstat("--port", port, "--timeout", "1", "exists", *processes)
        words = {up: "up", down: "down", silent: "host_down"}
        farm.equal(result.stdout, "".join(f"{one} {words[one]}\n" for one in processes))
        farm.equal((processes, result.returncode, result.stderr), (processes, status, ""))
        quiet = pidstat("--port", port, "--timeout", "1", "--silent", "exists", *processes)
        farm.equal((quiet.returncode, quiet.stdout, quiet.stderr), (status, "", ""))


@tap.test
def a_host_option_and_options_behind_words_count(folder):
    port, pid = Daemon(folder).port, os.getpid()
    for words in (["--host", ELSEWHERE, "--port", port, "exists", pid],
                  ["exists", pid, "--port", port, "--host", ELSEWHERE],
                  ["exists", "--host", f"[{ELSEWHERE}]", f"--port={port}", "--", pid]):
        result = pidstat(*words)
        farm.contains(result.stdout, f"{pid} up\n")
        farm.equal(result.returncode, 0)


@tap.test
def options_with_one_dash_are_no_call_for_help(folder):
    port, pid = Daemon(folder).port, os.getpid()
    for host in (["-host", ELSEWHERE], [f"-host={ELSEWHERE}"], ["-ho", ELSEWHERE]):
        for process, state, status in ((pid, "up", 0), (NO_PID, "down", 1)):
            result = pidstat(*host, "-port", port, "-noany", "exists", process)
            farm.equal((result.returncode, result.stdout),
                       (status, f"{ELSEWHERE}:{process} {state}\n"))
    result = pidstat("-hots", ELSEWHERE, "exists", pid)
    farm.equal((result.returncode, result.stdout), (64, ""))
    farm.contains(result.stderr, "unknown option -hots; did you mean --host?")


@tap.test
def names_that_do_not_resolve_are_host_down_and_the_others_are_asked():
    pid = os.getpid()
    result = pidstat("exists", f"no..such..name:{pid}", pid)
    farm.equal(result.stdout, f"no..such..name:{pid} host_down\nlocalhost:{pid} up\n")
    farm.equal((result.returncode, result.stderr.count("\n")), (2, 1))
    farm.contains(result.stderr, "no..such..name does not resolve")


@tap.test
def json_says_the_same_and_more(folder):
    port, pid = Daemon(folder).port, os.getpid()
    silence(SILENT, port)
    result = pidstat("--json", "--port", port, "--timeout", "1", "exists", f"{ELSEWHERE}:{pid}",
                     f"{ELSEWHERE}:{NO_PID}", f"{SILENT}:1", pid)
    farm.equal(result.returncode, 2)
    found = json.loads(result.stdout)
    farm.equal([(one["host"], one["pid"], one["state"]) for one in found],
               [(ELSEWHERE, pid, "up"), (ELSEWHERE, NO_PID, "down"), (SILENT, 1, "host_down"),
                ("localhost", pid, "up")])
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        boot = file.read().strip()
    for one in (found[0], found[3]):
        farm.equal((one["start_time"], one["boot_id"]), (start_time(pid), boot))
    assert found[0]["rtt_us"] > 0
    namespace = int(os.readlink("/proc/self/ns/pid")[5:-1])
    farm.equal([one.get("pid_namespace") for one in found], [namespace, namespace, None, None])
    farm.equal(["error" in one for one in found], [False, False, True, False])
    farm.contains(found[2]["error"], f"no answer from {SILENT}, UDP port {port}")


@tap.test
def a_port_that_refuses_is_no_silent_host(folder):
    port, pid = Daemon(folder).port, os.getpid()
    silence(SILENT, port)
    names = [f"{REFUSING}:{pid}", f"{REFUSING}:1", f"{SILENT}:{pid}", f"{ELSEWHERE}:{pid}"]
    result = pidstat("--port", port, "--timeout", "3", "exists", *names)
    farm.equal(result.stdout, f"{names[0]} no_daemon\n{names[1]} no_daemon\n"
                              f"{names[2]} host_down\n{names[3]} up\n")
    farm.equal((result.returncode, result.stderr.count("\n")), (2, 1))
    farm.contains(result.stderr, f"pidstat: {REFUSING} is up, but nothing listens on its UDP port "
                                 f"{port}")
    begun = time.monotonic()
    found = json.loads(pidstat("--port", port, "--json", "--timeout", "30", "exists",
                               names[0]).stdout)
    assert time.monotonic() - begun < 15, "a refusal is waited for like silence"
    farm.equal(found[0]["state"], "no_daemon")
    farm.contains(found[0]["error"], "nothing listens on its UDP port")
    quiet = pidstat("--port", port, "--silent", "exists", names[0])
    farm.equal((quiet.returncode, quiet.stdout, quiet.stderr), (2, "", ""))


@tap.test
def a_wait_says_why_nothing_is_heard(folder):
    port, pid = farm.free_port(socket.SOCK_DGRAM), os.getpid()
    silence(SILENT, port)
    for host, words in ((REFUSING, "nothing listens on its UDP port"), (SILENT, "no answer from")):
        waiting = farm.start(farm.program("pidstat"), "--port", port, "wait", f"{host}:{pid}",
                             stderr=farm.subprocess.PIPE, text=True)
        farm.contains(waiting.stderr.readline(), words)
        farm.equal(waiting.poll(), None)
    # A daemon that is started now is heard all the same.
    process = sleeper()
    waiting = farm.start(farm.program("pidstat"), "--port", port, "wait",
                         f"{ELSEWHERE}:{process.pid}", stderr=farm.subprocess.PIPE, text=True)
    farm.contains(waiting.stderr.readline(), "nothing listens")
    farm.start(farm.program("pidstatd"), "--nofork", "--host", ELSEWHERE, "--port", port,
               stderr=farm.subprocess.DEVNULL)
    process.kill()
    process.wait()
    farm.equal(waiting.wait(farm.PATIENCE_S), 0)


@tap.test
def a_daemon_in_a_container_does_not_tell_of_the_host_s_processes(folder):
    if not can_make_pid_namespace():
        raise tap.Lacks("no permission to make a pid namespace")
    inside = Inside(folder)
    process = sleeper()
    name = f"{ELSEWHERE}:{process.pid}"
    result = pidstat("--port", inside.port, "exists", name, f"{ELSEWHERE}:1")
    farm.equal((result.returncode, result.stdout),
               (2, f"{name} unknown\n{ELSEWHERE}:1 unknown\n"))
    farm.equal(result.stderr.count("\n"), 1)
    farm.contains(result.stderr, f"the pidstatd on {ELSEWHERE} is in a container (pid namespace ")
    found, = json.loads(pidstat("--port", inside.port, "--json", "exists", name).stdout)
    assert found["pid_namespace"] > 4026531840, found
    farm.contains(found["error"], "is in a container")
    waiting = farm.start(farm.program("pidstat"), "--port", inside.port, "wait", name,
                         stderr=farm.subprocess.PIPE, text=True)
    farm.contains(waiting.stderr.readline(), "is in a container")
    farm.equal(waiting.poll(), None)


@tap.test
def debug_shows_the_datagrams(folder):
    port, pid = Daemon(folder).port, os.getpid()
    result = pidstat("--debug", "--port", port, "exists", f"{ELSEWHERE}:{pid}")
    farm.equal(result.stdout, f"{ELSEWHERE}:{pid} up\n")
    farm.contains(result.stderr, f"PIDR {pid} {ELSEWHERE} 7 id=")
    farm.contains(result.stderr, f"EXIS {pid} 1 {ELSEWHERE} id=")


@tap.test
def many_silent_hosts_take_one_wait(folder):
    port, pid = Daemon(folder).port, os.getpid()
    up = [f"{ELSEWHERE}:{pid}"] * 50
    silent = [f"127.0.2.{number}:{pid}" for number in range(1, 51)]
    for number in range(1, 51):
        silence(f"127.0.2.{number}", port)
    mixed = [one for pair in zip(up, silent) for one in pair]
    begun = time.monotonic()
    result = pidstat("--port", port, "--timeout", "1", "exists", *mixed)
    took = time.monotonic() - begun
    print(f"# {took:.2f} s for 100 questions, 50 of them to silent hosts, with --timeout 1")
    farm.equal(result.returncode, 2)
    farm.equal(result.stdout, "".join(f"{one} {'up' if one in up else 'host_down'}\n"
                                      for one in mixed))
    assert took < 5, took


@tap.test
def wait_ends_with_the_last_and_any_with_the_first(folder):
    port = Daemon(folder).port
    for host in ("localhost", ELSEWHERE):
        first, second = sleeper(), sleeper()
        names = [f"{host}:{first.pid}", f"{host}:{second.pid}"]
        both = farm.start(farm.program("pidstat"), "--port", port, "wait", *names,
                          stdout=farm.subprocess.PIPE, text=True)
        either = farm.start(farm.program("pidstat"), "--port", port, "wait", "--any", *names,
                            stdout=farm.subprocess.PIPE, text=True)
        time.sleep(0.2)
        farm.equal((both.poll(), either.poll()), (None, None))
        took = seconds_until_end(either.pid, first.kill)
        farm.equal((either.wait(), either.stdout.read()), (0, f"{names[0]} down\n"))
        farm.equal(both.poll(), None)
        took = max(took, seconds_until_end(both.pid, second.kill))
        farm.equal((both.wait(), both.stdout.read()),
                   (0, f"{names[0]} down\n{names[1]} down\n"))
        print(f"# {host}: waiting ended {took * 1000:.1f} ms after the process at most")
        assert took < 5, took


@tap.test
def wait_gives_up_after_its_timeout(folder):
    port, pid = Daemon(folder).port, os.getpid()
    result = pidstat("--port", port, "wait", "--timeout", "1", f"{ELSEWHERE}:{pid}")
    farm.equal((result.returncode, result.stdout), (1, f"{ELSEWHERE}:{pid} up\n"))
    silence(SILENT, port)
    result = pidstat("--port", port, "wait", "--timeout", "0.3", f"{SILENT}:{pid}")
    farm.equal((result.returncode, result.stdout), (2, f"{SILENT}:{pid} host_down\n"))
    result = pidstat("wait", NO_PID, f"no..such..name:{pid}")
    farm.equal((result.returncode, sorted(result.stdout.splitlines())),
               (2, sorted([f"localhost:{NO_PID} down", f"no..such..name:{pid} host_down"])))


@tap.test
def wait_outlives_a_daemon_that_is_started_again(folder):
    daemon, process = Daemon(folder), sleeper()
    waiting = farm.start(farm.program("pidstat"), "--port", daemon.port, "wait",
                         f"{ELSEWHERE}:{process.pid}", stdout=farm.subprocess.PIPE)
    farm.poll(lambda: daemon.counters()["watches"] == 1, "it is watched")
    daemon.process.send_signal(signal.SIGKILL)
    daemon.process.wait()
    process.kill()
    process.wait()
    farm.equal(waiting.poll(), None)
    again = farm.start(farm.program("pidstatd"), "--nofork", "--host", ELSEWHERE, "--port",
                       daemon.port, stderr=farm.subprocess.DEVNULL)
    farm.equal(waiting.wait(farm.PATIENCE_S), 0)
    farm.equal(again.poll(), None)


farm.main()
