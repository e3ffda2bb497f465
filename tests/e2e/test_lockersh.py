#!/usr/bin/python3
"""lockersh: what the command finds, exit statuses, waits."""

import os
import re
import signal
import socket
import subprocess
import time

from support import farm, tap
from support.listener import Listener
from support.locking import LOCKERSH, Farm, as_if_at_once, complaint
from support.wire import Wire


@tap.test
def words_are_joined_for_the_shell():
    result = Farm().run("--lock", "a", "echo", "one  two", "; echo", "three")
    farm.equal((result.returncode, result.stdout), (0, "one two\nthree\n"))


@tap.test
def exec_runs_the_words_as_they_are():
    result = Farm().run("--lock", "a", "--exec", "printf", "<%s>", "one  two", ";")
    farm.equal((result.returncode, result.stdout), (0, "<one  two><;>"))


@tap.test
def options_behind_the_command_are_its_own():
    result = Farm().run("--lock", "a", "--exec", "echo", "--version", "-n")
    farm.equal(result.stdout, "--version -n\n")


@tap.test
def the_command_is_told_what_it_got():
    lab = Farm()
    result = lab.run("--lock", "a:b", "--count", "2", "--and", "c[1-2]",
                     "echo $LOCKERSH_LOCK; echo $LOCKERSH_TOKEN; echo $LOCKERSH_WAIT_SECONDS")
    lock, token, seconds = result.stdout.splitlines()
    farm.equal(lock, "a b c1")
    assert int(token) >= 1, token
    assert 0 <= float(seconds) < 10, seconds
    again = lab.run("--lock", "a", "echo $LOCKERSH_TOKEN")
    assert int(again.stdout) > int(token), again.stdout


@tap.test
def lock_may_be_repeated_to_name_more():
    lab = Farm()
    lab.hold("a")
    result = lab.run("--lock", "a", "--lock", "b", "-n", "echo $LOCKERSH_LOCK")
    farm.equal(result.stdout, "b\n")
    result = lab.run("--lock", "c", "--and", "a", "--lock", "d", "-n", "echo $LOCKERSH_LOCK")
    farm.equal(result.stdout, "c d\n")


@tap.test
def the_command_runs_in_the_process_that_was_started():
    process = Farm().start("--lock", "a", "--exec", "sh", "-c", "echo $$")
    out, _ = process.communicate(timeout=farm.PATIENCE_S)
    farm.equal(int(out), process.pid)


@tap.test
def signals_are_as_they_were_inherited():
    lab = Farm()
    status = "--exec", "grep", "-E", "^Sig(Blk|Ign|Cgt|Pnd)|^ShdPnd", "/proc/self/status"
    plain = farm.run(*status[1:])
    farm.equal(lab.run("--lock", "a", *status).stdout, plain.stdout)

    def block_and_ignore():
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1, signal.SIGINT, signal.SIGCHLD])
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    plain = farm.run(*status[1:], preexec_fn=block_and_ignore)
    farm.equal(lab.run("--lock", "a", *status, preexec_fn=block_and_ignore).stdout, plain.stdout)
    # The same after a wait, which has handlers of its own.
    holder = lab.hold("b")
    waiter = lab.wait_for("b", command=status, preexec_fn=block_and_ignore)
    holder.kill()
    out, _ = waiter.communicate(timeout=farm.PATIENCE_S)
    farm.equal(out.decode(), plain.stdout)


@tap.test
def the_command_inherits_descriptors_and_closed_streams():
    lab = Farm()
    read_end, write_end = os.pipe()
    lab.run("--lock", "a", f"echo through >/proc/self/fd/{write_end}", pass_fds=[write_end])
    farm.equal(os.read(read_end, 100), b"through\n")
    script = 'exec "$0" --lock a --exec ls /proc/self/fd <&- 2>&-'
    result = farm.run("sh", "-c", script, LOCKERSH, env=lab.env)
    # ls opens the folder itself at the lowest free number, which is standard input's.
    farm.equal(result.stdout.split(), ["0", "1"])


@tap.test
def the_command_has_no_descriptor_of_ours():
    result = Farm().run("--lock", "a", "--exec", "ls", "/proc/self/fd")
    farm.equal(result.stdout.split(), ["0", "1", "2", "3"])


@tap.test
def the_exit_status_is_the_commands_own():
    lab = Farm()
    for status in (0, 1, 7, 255):
        farm.equal(lab.run("--lock", "a", f"exit {status}").returncode, status)
    farm.equal(lab.run("--lock", "a", "kill -9 $$").returncode, -signal.SIGKILL)
    farm.equal(lab.run("--lock", "a", "kill -TERM $$").returncode, -signal.SIGTERM)


@tap.test
def a_command_that_cannot_be_run_is_126_or_127(folder):
    lab = Farm()
    text = complaint(lab.run("--lock", "a", "--exec", "/no/such/command"), 127)
    farm.contains(text, "cannot run /no/such/command: No such file")
    complaint(lab.run("--lock", "a", "--exec", folder), 126)
    farm.equal(lab.run("--lock", "a", "/no/such/command").returncode, 127)
    lab.poll_free("a")


@tap.test
def tcsh_users_are_served_by_sh():
    env = dict(Farm().env, SHELL="/usr/bin/tcsh")
    result = farm.run(LOCKERSH, "--lock", "a", "for i in 1 2; do echo $i; done", env=env)
    farm.equal(result.stdout, "1\n2\n")
    if not os.path.exists("/usr/bin/tcsh"):
        print("# no tcsh here: only SHELL was set to it")
        return
    result = farm.run("/usr/bin/tcsh", "-fc", f"{LOCKERSH} --lock a 'exit 3'; echo $status",
                      env=env)
    farm.equal(result.stdout, "3\n")


@tap.test
def nonblock_gives_up_at_once():
    lab = Farm()
    holder = lab.hold("a")
    text = complaint(lab.run("--lock", "a", "--nonblock", "true"), 1)
    farm.contains(text, "a is not free; it is held by ")
    farm.contains(text, f"_{holder.pid}")
    farm.equal(lab.run("--lock", "a", "-n", "true").returncode, 1)
    farm.equal(lab.run("--lock", "a", "--timeout", "0", "true").returncode, 1)
    farm.equal(lab.waiters(), [])


@tap.test
def conflict_exit_code_replaces_1():
    lab = Farm()
    lab.hold("a")
    farm.equal(lab.run("--lock", "a", "-n", "--conflict-exit-code", "75", "true").returncode, 75)
    farm.equal(lab.run("--lock", "a", "-n", "-E", "0", "true").returncode, 0)
    farm.equal(lab.run("--lock", "a", "-w", "1", "-E", "9", "true").returncode, 9)


@tap.test
def timeout_bounds_the_wait():
    lab = Farm()
    lab.hold("a")
    start = time.monotonic()
    text = complaint(lab.run("--lock", "a", "--timeout", "1", "true"), 1)
    took = time.monotonic() - start
    farm.contains(text, "a was not free in time; it is held by ")
    assert 1 <= took < 10, took
    farm.equal(lab.waiters(), [])


@tap.test
def a_signal_while_waiting_leaves_the_queue_at_once():
    lab = Farm()
    lab.hold("a")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        waiter = lab.wait_for("a")
        waiter.send_signal(number)
        farm.equal(waiter.wait(farm.PATIENCE_S), -number)
        farm.poll(lambda: lab.waiters() == [], "the queue is empty")
    # A shell sees 128+N.
    waiter = farm.start("sh", "-c", f"{LOCKERSH} --lock a true; echo $?", env=lab.env,
                        stdout=subprocess.PIPE)
    pid = farm.poll(lambda: [w["pid"] for w in lab.waiters()], "it waits")[0]
    os.kill(pid, signal.SIGTERM)
    out, _ = waiter.communicate(timeout=farm.PATIENCE_S)
    farm.equal(out, b"143\n")


@tap.test
def an_ignored_signal_stays_ignored_while_waiting():
    lab = Farm()
    holder = lab.hold("a")
    waiter = lab.wait_for("a", command=["echo", "got"],
                          preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    waiter.send_signal(signal.SIGHUP)
    holder.kill()
    out, _ = waiter.communicate(timeout=farm.PATIENCE_S)
    farm.equal(out, b"got\n")


@tap.test
def waiters_are_served_in_order():
    lab = Farm()
    holder = lab.hold("a")
    read_end, write_end = os.pipe()
    for number in range(5):
        lab.wait_for("a", command=["echo", number], stdout=write_end)
    holder.kill()
    seen = b""
    while seen.count(b"\n") < 5:
        seen += os.read(read_end, 100)
    farm.equal(seen, b"0\n1\n2\n3\n4\n")


@tap.test
def verbose_explains_the_wait():
    lab = Farm()
    holder = lab.hold("a")
    waiter = lab.wait_for("a", "--verbose", command=["true"])
    waiting = waiter.stderr.readline().decode()
    holder.kill()
    _, err = waiter.communicate(timeout=farm.PATIENCE_S)
    # A machine that is busy may have made it wait for longer.
    *_, obtained = err.decode().splitlines()
    farm.contains(as_if_at_once(waiting), "lockersh: waiting 0 s for a, place 1 in the queue; ")
    farm.contains(waiting, f"_{holder.pid}")
    farm.contains(waiting, " has had it since ")
    assert re.match(r"lockersh: obtained a after [0-9.]+ s", obtained), obtained


@tap.test
def a_log_has_one_line_of_a_wait_and_one_of_its_end():
    lab = Farm()
    holder = lab.hold("a")
    quiet = lab.wait_for("a", "--quiet", command=["true"])
    waiter = lab.wait_for("a", command=["true"])
    waiting = waiter.stderr.readline().decode()
    assert re.match(r"lockersh: waiting \d+ s for a, place 2 in the queue; \S+ has had it since ",
                    waiting), waiting
    holder.kill()
    out, err = waiter.communicate(timeout=farm.PATIENCE_S)
    assert re.fullmatch(r"lockersh: obtained a after [0-9.]+ s\n", err.decode()), err
    farm.equal(out, b"")
    farm.equal(quiet.communicate(timeout=farm.PATIENCE_S), (b"", b""))


@tap.test
def a_short_wait_leaves_nothing_in_a_log():
    lab = Farm()
    holder = lab.hold("a")
    waiter = lab.wait_for("a", command=["true"])
    holder.kill()
    _, err = waiter.communicate(timeout=farm.PATIENCE_S)
    # Unless this machine has made a second of it.
    assert err == b"" or re.search(rb"waiting [1-9]", err), err


@tap.test
def debug_shows_the_conversation():
    result = Farm().run("--lock", "a", "--debug", "true")
    lines = result.stderr.splitlines()
    for line in ("lockersh: > proto 2", "lockersh: > locks a", "lockersh: > LOCK",
                 "lockersh: < proto 2", "lockersh: < locked 1"):
        assert line in lines, (line, lines)


@tap.test
def debug_shows_the_beginning_of_a_long_line_and_how_long_it_is():
    lab = Farm()
    names = [f"{n:-<100}" for n in range(300)]
    said = lab.run("--lock", ":".join(names), "--count", "300", "--debug", "true").stderr.splitlines()
    text = "locks " + " ".join(names)
    farm.equal([line for line in said if "--- 1--" in line or "> 1--" in line],
               [f"lockersh: > {text[:960]}... ({len(text)} bytes)"])
    holder = Wire(lab.port)
    holder.send("user ann", "hostname far", *(line for name in names for line in (f"locks {name}", "LOCK")))
    for _ in names:
        farm.equal(holder.status()["locked"], "1")
    # Each line of a list is shown as one, wherever the pieces end in which it is received.
    listed = lab.run("--locklist", "--json", "--debug")
    farm.equal([line for line in listed.stderr.splitlines() if "---" in line],
               ["lockersh: < " + line for line in listed.stdout.splitlines() if "---" in line])


@tap.test
def debug_shows_what_has_begun_and_does_not_end():
    def serve(client):
        client.sendall(b"proto 2\n" + 5000 * b"x" + b"\nxxx")
        client.shutdown(socket.SHUT_WR)
        while client.recv(4096):
            pass
        client.close()

    server = Listener()
    server.serve = serve
    result = farm.run(LOCKERSH, "--port", server.port, "--host", "127.0.0.1", "--ping", "--debug")
    farm.equal([line for line in result.stderr.splitlines() if "xx" in line],
               [f"lockersh: < {960 * 'x'}... (5000 bytes)", "lockersh: < xxx... (3 bytes, so far)"])


@tap.test
def debug_shows_half_a_line_that_nothing_comes_behind():
    def serve(client):
        client.sendall(b"proto 2\n" + 5000 * b"x")
        while client.recv(4096):
            pass
        client.close()

    server = Listener()
    server.serve = serve
    waiter = farm.start(LOCKERSH, "--port", server.port, "--host", "127.0.0.1", "--lock", "a", "--debug",
                        "true", stderr=subprocess.PIPE)
    seen = [waiter.stderr.readline().decode() for _ in range(2)]
    while "xx" not in seen[-1]:
        assert seen[-1], seen
        seen.append(waiter.stderr.readline().decode())
    farm.equal(seen[-1], f"lockersh: < {960 * 'x'}... (5000 bytes, so far)\n")
    waiter.terminate()
    farm.equal(waiter.wait(farm.PATIENCE_S), -signal.SIGTERM)


@tap.test
def hold_timeout_is_agreed_with_the_server():
    lab = Farm()
    lab.hold("a", "--hold-timeout", "600")
    farm.equal(lab.locks()["a"]["hold_limit_seconds"], 600)
    late = lab.start("--lock", "b", "--hold-timeout", "1", "echo has it; exec sleep 1000")
    farm.equal(late.stdout.readline(), b"has it\n")
    lab.poll_free("b")
    farm.equal(late.poll(), None)
    lab.hold("c")
    farm.equal(lab.locks()["c"]["hold_limit_seconds"], 0)


@tap.test
def nested_commands_may_have_locks_of_their_own():
    result = Farm().run("--lock", "a", f"{LOCKERSH} --lock b 'echo $LOCKERSH_LOCK'")
    farm.equal(result.stdout, "b\n")


if __name__ == "__main__":
    farm.main()
