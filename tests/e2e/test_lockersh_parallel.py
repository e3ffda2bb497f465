#!/usr/bin/python3
"""lockersh: several servers are tried at once, and the first of the list that answers is used."""

import os
import resource
import subprocess
import threading
import time

from support import farm, netns, tap
from support.locking import LOCKERD, LOCKERSH, start_server
from support.several import Member, deaf_port

CLEAN = farm.environment(IPCLOCKER_HOST=None, IPCLOCKER_PORT=None)
# What one that does not answer at all was waited for, each; a busy machine takes some of it, too.
CONNECT_S = 5


def lockersh(*words, **options):
    """The result, and how long it took."""
    began = time.monotonic()
    result = farm.run(LOCKERSH, *words, env=CLEAN, **options)
    return result, time.monotonic() - began


def hosts(*ports):
    return ":".join(f"127.0.0.1={port}" for port in ports)


def soon(words, check, least_s=0.25):
    """Runs lockersh, which must not wait for a dead host; a machine may be busy, but not always."""
    for _ in range(3):
        result, took = lockersh(*words)
        check(result)
        assert took >= least_s, took
        if took < CONNECT_S - 1:
            return result
    raise AssertionError(f"{words} took {took} s")


@tap.test
def hosts_that_are_dead_cost_a_question_a_quarter_of_a_second_each():
    dead, (_, port) = [deaf_port(), deaf_port()], start_server()
    for words in (["--ping"], ["--locklist"], ["--owner", "a"]):
        status = int("--owner" in words)
        result = soon(["--dhost", hosts(*dead, port), *words],
                      lambda result, status=status: farm.equal(result.returncode, status), 0.5)
    # It is not kept from whoever asks that another one serves.
    farm.contains(result.stderr, f"asking 127.0.0.1:{port}, as no lockerd answers at 127.0.0.1:"
                  f"{dead[0]} (no connection yet), 127.0.0.1:{dead[1]} (no connection yet); unless")


@tap.test
def a_lock_is_had_at_once_of_another_server_of_the_cluster():
    member = Member(start_server()[1], "farm-7")
    soon(["--dhost", hosts(deaf_port(), member.port), "--lock", "a", "echo $LOCKERSH_LOCK"],
         lambda result: farm.equal((result.returncode, result.stdout, result.stderr), (0, "a\n", "")))
    result, _ = lockersh("--dhost", hosts(member.port), "--ping")
    assert result.stdout.split("\n")[0].endswith(", cluster farm-7"), result.stdout


@tap.test
def a_lock_of_a_server_that_stands_alone_is_had_once_those_before_it_have_failed():
    dead, (_, port) = deaf_port(), start_server()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    result, took = lockersh("--dhost", hosts(dead, port), "--lock", "a", "echo $LOCKERSH_LOCK")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    farm.equal((result.returncode, result.stdout), (0, "a\n"))
    farm.contains(result.stderr, f"asking 127.0.0.1:{port}, as no lockerd answers at "
                  f"127.0.0.1:{dead} (Connection timed out); unless the two share their state")
    assert took >= CONNECT_S - 0.1, took
    # And it was waited for, not looked for.
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 1


@tap.test
def a_server_that_is_just_slow_is_not_passed_by():
    """A second for a connection is a lost segment; the second of the list is another farm's."""
    server_port = start_server()[1]
    time.sleep(1.1)  # the two are told apart by the second in which they have started
    other = start_server()[1]
    slow = deaf_port(opens_after_s=0.5, server_port=server_port)
    result, took = lockersh("--dhost", hosts(slow, other), "--lock", "a",
                            f"{LOCKERSH} --dhost {hosts(other)} --owner a; "
                            f"{LOCKERSH} --dhost {hosts(server_port)} --owner a")
    assert result.stdout.endswith("\n") and result.stdout.count("\n") == 1, result
    farm.equal((result.returncode, result.stderr),
               (0, f"lockersh: 127.0.0.1:{slow} and 127.0.0.1:{other} are independent lockerd: each "
                "could grant what the other has granted; name one of them, or servers that share "
                "their state\n"))
    assert took >= 1, took


@tap.test
def one_server_by_two_names_is_not_two():
    server_port = start_server()[1]
    slow = deaf_port(opens_after_s=0.5, server_port=server_port)
    result, _ = lockersh("--dhost", hosts(slow, server_port), "--lock", "a", "true")
    farm.equal((result.returncode, result.stderr), (0, ""))


@tap.test
def no_descriptor_is_left_to_the_command():
    member = Member(start_server()[1], "farm-7")
    result, _ = lockersh("--dhost", hosts(deaf_port(), deaf_port(), member.port), "--lock", "a",
                         "ls /proc/self/fd")
    farm.equal(result.stdout.split(), ["0", "1", "2", "3"])


@tap.test
def without_a_descriptor_for_all_of_them_they_are_looked_at_in_turn():
    """Three streams, two connections, and none for the set of both."""
    server_port = start_server()[1]
    for _ in range(3):
        slow = deaf_port(opens_after_s=0.5, server_port=server_port)
        began = time.monotonic()
        result = farm.run("prlimit", "--nofile=5", LOCKERSH, "--dhost", hosts(slow, deaf_port()),
                          "--owner", "a", env=CLEAN)
        took = time.monotonic() - began
        farm.equal((result.returncode, result.stderr), (1, ""))
        if took < CONNECT_S - 1:
            return
    raise AssertionError(f"{took} s")


@tap.test
def a_socket_file_is_tried_beside_a_dead_host(folder):
    path = os.path.join(folder, "socket")
    farm.start(LOCKERD, "--nofork", "--state", "none", "--path", path, stderr=subprocess.DEVNULL)
    farm.poll(lambda: os.path.exists(path), "lockerd listens")
    soon(["--dhost", f"127.0.0.1={deaf_port()}:{path}", "--ping"],
         lambda result: farm.contains(result.stdout, f"{path} answers"))


@tap.test
def many_dead_hosts_are_waited_for_together():
    dead = [deaf_port() for _ in range(6)]
    result, took = lockersh("--dhost", hosts(*dead), "--ping")
    farm.equal(result.returncode, 69)
    for port in dead:
        farm.contains(result.stderr, f"127.0.0.1:{port} (Connection timed out)")
    assert took < (len(dead) - 1) * CONNECT_S, took


@tap.test
def a_dead_host_is_found_again_when_it_is_back():
    """The wait goes on at the first that can be had, in whatever order they come."""
    first, second = farm.free_port(), farm.free_port()
    jobs = [farm.start(LOCKERSH, "--dhost", hosts(deaf_port(), first, second), "--connect-tries",
                       "0", "--lock", "a", "true", env=CLEAN) for _ in range(2)]
    threading.Timer(1, lambda: start_server(second)).start()
    for job in jobs:
        farm.equal(job.wait(60), 0)


@tap.test
def a_name_that_resolves_slowly_holds_no_other_up(folder):
    lacking = netns.missing()
    if lacking:
        netns.say(f"no host of its own: this machine lacks {lacking}")
        return
    isle = netns.Host("isle", "127.0.0.1")
    isle.must("ip", "link", "set", "lo", "up")
    isle.must("ip", "addr", "add", "10.9.8.2/32", "dev", "lo")
    isle.must("nft", "add table ip t; add chain ip t o { type filter hook input priority 0; }; "
              "add rule ip t o ip daddr 10.9.8.2 drop")
    for name, text in (("resolv.conf", "nameserver 10.9.8.2\n"), ("nsswitch.conf", "hosts: dns\n")):
        path = os.path.join(folder, name)
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        isle.must("mount", "--bind", path, f"/etc/{name}")
    isle.start(LOCKERD, "--nofork", "--state", "none", stderr=subprocess.DEVNULL)
    farm.poll(lambda: isle.run(LOCKERSH, "--dhost", "127.0.0.1", "--ping").returncode == 0,
              "lockerd listens")
    for dead in ("farm1", "farm1:10.9.8.2:farm2"):
        for _ in range(3):
            began = time.monotonic()
            result = isle.run(LOCKERSH, "--dhost", f"{dead}:127.0.0.1", "--ping")
            took = time.monotonic() - began
            farm.contains(result.stdout, "127.0.0.1:1751 answers")
            if took < CONNECT_S - 1:
                break
        assert took < CONNECT_S - 1, (dead, took)
    # For a lock the name is waited for, as the server behind it may be the one.
    result = isle.run(LOCKERSH, "--dhost", "farm1:127.0.0.1", "--lock", "a", "true")
    farm.equal(result.returncode, 0)
    farm.contains(result.stderr, "farm1:1751 (its name was not resolved in time)")


@tap.test
def who_waits_for_a_lock_at_several_hosts_tries_for_longer():
    ports = farm.free_port(), farm.free_port()
    for several, options, tries in ((hosts(*ports), (), 8), (hosts(*ports), ("-n",), 3), (hosts(ports[0]), (), 3)):
        result, _ = lockersh("--dhost", several, "--connect-delay", "0.01", *options, "--lock", "a", "true")
        lines = result.stderr.splitlines()
        farm.equal((result.returncode, len(lines)), (69, tries))
        farm.contains(lines[0], f"(2 of {tries})")


if __name__ == "__main__":
    farm.main()
