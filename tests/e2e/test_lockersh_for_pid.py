#!/usr/bin/env python3
"""lockersh --for-pid: locks for processes that go on, and what a shell is told of them."""

import json
import os
import signal
import socket
import subprocess

from support import farm, tap
from support.locking import Farm, complaint

ODD = "a*b'c!d{e}~f?g\"h$i`j\\k%d-"


def sleeper():
    return farm.start("sleep", "1000")


def hold(lab, lock, pid, *words):
    result = lab.run("--lock", lock, "--for-pid", pid, *words)
    farm.equal((result.returncode, result.stderr), (0, ""))
    return result.stdout


def holder(lab, lock):
    return lab.locks().get(lock, {}).get("pid")


def poll_no_monitor(lab):
    farm.poll(lambda: not lab.monitors(), "no monitor is left")


@tap.test
def a_lock_is_the_processs_until_that_ends():
    lab = Farm()
    process = sleeper()
    farm.equal(hold(lab, "a", process.pid), "")
    farm.equal(holder(lab, "a"), process.pid)
    farm.equal(complaint(lab.run("-n", "--lock", "a", "true"), 1).split(";")[0], "a is not free")
    process.kill()
    process.wait()
    lab.poll_free("a")
    poll_no_monitor(lab)


@tap.test
def it_is_given_back_by_unlock_and_can_be_had_again():
    lab = Farm()
    process = sleeper()
    for _ in range(3):
        hold(lab, "a", process.pid)
        farm.equal(lab.run("--unlock", "a", "--for-pid", process.pid).returncode, 0)
        farm.equal(lab.locks(), {})
        poll_no_monitor(lab)
    said = complaint(lab.run("--unlock", "a", "--for-pid", process.pid), 1)
    farm.equal(said, f"a is not held for process {process.pid}")
    other = sleeper()
    hold(lab, "a", process.pid)
    complaint(lab.run("--unlock", "a", "--for-pid", other.pid), 1)
    farm.equal(holder(lab, "a"), process.pid)


@tap.test
def a_shell_has_two_and_gives_one_back():
    lab = Farm()
    script = (f"{farm.program('lockersh')} --lock a:b --for-pid $$ || exit 9\n"
              f"{farm.program('lockersh')} --lock c --for-pid $$ || exit 9\n"
              f"{farm.program('lockersh')} --unlock c --for-pid $$ || exit 9\necho; read x\n")
    shell = farm.start("sh", "-c", script, env=lab.env, stdin=subprocess.PIPE,
                       stdout=subprocess.PIPE)
    farm.equal(shell.stdout.readline(), b"\n")
    farm.equal({name: lock["pid"] for name, lock in lab.locks().items()}, {"a": shell.pid})
    shell.communicate(b"\n", timeout=farm.PATIENCE_S)
    lab.poll_free("a")


@tap.test
def nothing_of_the_shells_stays_open():
    lab = Farm()
    process = sleeper()
    # run() reads to the end of both pipes, which the monitor would hold up.
    farm.equal(hold(lab, "a", process.pid, "--print"), "a\n")
    monitor = lab.poll_monitor("a")
    farm.equal(os.readlink(f"/proc/{monitor}/cwd"), "/")


@tap.test
def what_was_obtained_is_printed():
    lab = Farm()
    process = sleeper()
    farm.equal(hold(lab, "a:b", process.pid, "--count", "2", "--print"), "a b\n")
    token = lab.token("a")
    said = json.loads(hold(lab, "a:b", process.pid, "--count", "2", "--format", "json"))
    farm.equal((said["locks"], said["token"]), (["a", "b"], token))
    farm.equal(said["owner"], lab.locks()["a"]["owner"])
    assert 0 <= said["wait_seconds"] < 60, said


def evaluate(lab, shell, line, variable, pid, lock):
    """What a shell has in a variable behind the line."""
    env = dict(lab.env, LOCKERSH=farm.program("lockersh"), NAME=lock, HOLDER=str(pid))
    result = farm.run(*shell, line + f"\nprintenv {variable}", env=env)
    farm.equal((result.returncode, result.stderr), (0, ""))
    return result.stdout


@tap.test
def shells_have_it_whatever_the_name_is(folder):
    lab = Farm()
    command = '"$LOCKERSH" --lock "$NAME" --for-pid $HOLDER --format '
    lines = (
        (["dash", "-c"], f'eval "$({command}sh)"'),
        (["bash", "-c"], f'eval "$({command}sh)"'),
        (["tcsh", "-fc"], 'eval `"$LOCKERSH" --lock "$NAME:q" --for-pid $HOLDER --format csh`'),
        (["csh", "-fc"], 'eval `"$LOCKERSH" --lock "$NAME:q" --for-pid $HOLDER --format csh`'),
    )
    os.chdir(folder)  # with files that a pattern would find
    for name in ("axb", "aYb'c!d"):
        with open(name, "w", encoding="ascii"):
            pass
    for lock in ("plain", "-x", ODD, "n\u00e4me"):
        for shell, line in lines:
            process = sleeper()
            farm.equal(evaluate(lab, shell, line, "LOCKERSH_LOCK", process.pid, lock), lock + "\n")
            token = lab.token(lock)
            farm.equal(evaluate(lab, shell, line, "LOCKERSH_TOKEN", process.pid, lock),
                       f"{token}\n")
            process.kill()
            process.wait()
            lab.poll_free(lock)


@tap.test
def a_wait_ends_with_the_process():
    lab = Farm()
    lab.hold("a")
    process = sleeper()
    waiter = lab.start("--lock", "a", "--for-pid", process.pid)
    lab.poll_waiting(process.pid)
    process.kill()
    process.wait()
    farm.equal(waiter.wait(farm.PATIENCE_S), 1)
    farm.contains(waiter.stderr.read().decode(), f"process {process.pid} has ended")
    farm.equal(lab.waiters(), [])


@tap.test
def who_loses_it_is_told():
    lab = Farm()
    process = farm.start("sleep", "1000", stderr=subprocess.PIPE)
    hold(lab, "a", process.pid, "--on-lost", "USR1")
    farm.equal(lab.run("--break", "a").returncode, 0)
    farm.contains(process.stderr.readline().decode(), "the lock a was lost: it was broken")
    farm.equal(process.wait(farm.PATIENCE_S), -signal.SIGUSR1)


@tap.test
def the_server_sees_the_end_where_the_monitor_was_killed():
    lab = Farm()
    process = sleeper()
    hold(lab, "a", process.pid)
    farm.kill_pid(lab.poll_monitor("a"))
    farm.equal(holder(lab, "a"), process.pid)
    process.kill()
    process.wait()
    lab.poll_free("a")


@tap.test
def nobody_has_it_unawares():
    lab = Farm()
    process = sleeper()
    result = farm.run("sh", "-c", '"$@" >/dev/full', "sh", farm.program("lockersh"), "--lock", "a",
                      "--for-pid", process.pid, "--print", env=lab.env)
    farm.equal(result.returncode, 71)
    farm.contains(result.stderr, "cannot print what was obtained")
    farm.equal(lab.locks(), {})


@tap.test
def what_makes_no_sense_is_said():
    lab = Farm()
    process = sleeper()
    process.kill()
    process.wait()
    said = complaint(lab.run("--lock", "a", "--for-pid", process.pid), 1)
    farm.equal(said, f"process {process.pid} has ended: it holds nothing, and cannot")
    for words, part in (
            (["--lock", "a", "--for-pid", "0"], "is no process"),
            (["--lock", "a", "--for-pid", "x:y"], "is no process"),
            (["--lock", "a", "--for-pid", ":1"], "needs a PID"),
            (["--lock", "a", "--for-pid", "1", "true"], "is too much"),
            (["--lock", "a", "--print", "true"], "go with --for-pid"),
            (["--unlock", "a"], "--unlock needs --for-pid"),
            (["--locklist", "--for-pid", "1"], "goes with --lock"),
            (["--lock", "a", "--for-pid", "h:1", "--on-lost", "TERM"], "of this host only"),
            (["--lock", "a", "--for-pid", "1", "--for-pid-file", "f"], "choose one")):
        farm.contains(complaint(lab.run(*words), 64), part)


@tap.test
def a_process_of_another_host_is_watched_through_its_pidstatd():
    host = "127.0.0.2"  # which nobody takes for this one
    port = farm.free_port(socket.SOCK_DGRAM, host)
    daemon = farm.start(farm.program("pidstatd"), "--nofork", "--host", host, "--port", port,
                        stderr=subprocess.DEVNULL)
    ask = (farm.program("pidstat"), "--port", port, "exists", f"{host}:{os.getpid()}")
    farm.poll(lambda: farm.run(*ask).returncode == 0, "pidstatd answers")
    lab = Farm()
    process = sleeper()
    words = ("--for-pid", f"{host}:{process.pid}", "--pidstatd-port", port)
    farm.equal(lab.run("--lock", "a", *words).returncode, 0)
    farm.equal((lab.locks()["a"]["host"], holder(lab, "a")), (host, process.pid))
    farm.equal(lab.run("--unlock", "a", *words).returncode, 0)
    farm.equal(lab.locks(), {})
    poll_no_monitor(lab)
    farm.equal(lab.run("--lock", "a", *words).returncode, 0)
    process.kill()
    process.wait()
    lab.poll_free("a")
    farm.contains(complaint(lab.run("--lock", "a", *words), 1), f"has ended on {host}")
    farm.stop(daemon)
    farm.contains(complaint(lab.run("--lock", "a", *words), 69), f"no pidstatd on {host} tells")


if __name__ == "__main__":
    farm.main()
