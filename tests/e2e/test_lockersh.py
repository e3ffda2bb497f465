#!/usr/bin/python3
"""lockersh: its options, what the command finds, exit statuses, bad input."""

import json
import os
import re
import signal
import socket
import subprocess
import time

import jsonschema

from support import farm, tap
from support.locking import LOCKERSH, Farm, schema


def complaint(result, status):
    """The one line on standard error of a lockersh that has failed."""
    farm.equal((result.returncode, result.stdout), (status, ""))
    farm.equal(result.stderr.count("\n"), 1)
    assert result.stderr.startswith("lockersh: "), result.stderr
    return result.stderr[len("lockersh: "):-1]


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
    time.sleep(0.05)
    holder.kill()
    _, err = waiter.communicate(timeout=farm.PATIENCE_S)
    # A machine that is busy may have made it wait for longer.
    waiting, *_, obtained = err.decode().splitlines()
    farm.contains(waiting, "lockersh: waiting 0 s for a, place 1 in the queue; ")
    farm.contains(waiting, f"_{holder.pid}")
    farm.contains(waiting, " has had it since ")
    assert re.match(r"lockersh: obtained a after [0-9.]+ s", obtained), obtained


@tap.test
def without_verbose_a_wait_is_silent():
    lab = Farm()
    holder = lab.hold("a")
    waiter = lab.wait_for("a", command=["true"])
    time.sleep(1.2)
    holder.kill()
    farm.equal(waiter.communicate(timeout=farm.PATIENCE_S), (b"", b""))


@tap.test
def debug_shows_the_conversation():
    result = Farm().run("--lock", "a", "--debug", "true")
    lines = result.stderr.splitlines()
    for line in ("lockersh: > proto 2", "lockersh: > locks a", "lockersh: > LOCK",
                 "lockersh: < proto 2", "lockersh: < locked 1"):
        assert line in lines, (line, lines)


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
def the_list_has_two_columns():
    lab = Farm()
    farm.equal(lab.run("--locklist").stdout, "")
    holder = lab.hold("a")
    name, owner = lab.run("--locklist").stdout.split()
    farm.equal(name, "a")
    farm.equal(owner, lab.locks()["a"]["owner"])
    farm.contains(owner, f"_{holder.pid}")


def pid_in_owner(pid):
    """In a container, such as CI's, the number of its pid namespace goes with it."""
    first, own = 0xEFFFFFFC, os.stat("/proc/self/ns/pid").st_ino
    return pid if own == first else f"{pid}.{own}"


@tap.test
def the_json_list_follows_its_schema():
    lab = Farm()
    holder = lab.hold("a")
    lab.start("--lock", "a", "--and", "b[1-3]", "--count", "2", "true")
    farm.poll(lab.waiters, "a waiter")
    document = lab.json()
    validator = jsonschema.Draft202012Validator(
        schema(), format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)
    validator.validate(document)
    lock = document["locks"][0]
    farm.equal((lock["name"], lock["pid"], lock["host"], lock["autounlock"], lock["waiting"]),
               ("a", holder.pid, socket.gethostname(), True, 1))
    farm.equal(lock["owner"], f"{lock['host']}_{pid_in_owner(lock['pid'])}_{lock['user']}")
    waiter = document["waiters"][0]
    farm.equal(waiter["wants"], [{"count": 1, "names": ["a"]},
                                 {"count": 2, "names": ["b1", "b2", "b3"]}])
    farm.equal(waiter["position"], 1)
    # The schema does find faults.
    for break_it in (lambda d: d.pop("waiters"), lambda d: d["locks"][0].update(pid="1"),
                     lambda d: d["locks"][0].update(held_since="yesterday"),
                     lambda d: d["waiters"][0].update(extra=1), lambda d: d.update(version=2)):
        broken = json.loads(json.dumps(document))
        break_it(broken)
        assert not validator.is_valid(broken)


def hostile_lock(port, name, owner):
    """Takes a lock by hand, with bytes that lockersh would not send."""
    connection = socket.create_connection(("127.0.0.1", port))
    farm.at_end(connection.close)
    connection.sendall(b"user " + owner + b"\nlocks " + name + b"\nLOCK\n")
    reply = b""
    while not reply.endswith(b"\n\n\n"):
        reply += connection.recv(4096)
    return reply


@tap.test
def hostile_names_do_no_harm_in_lists():
    lab = Farm()
    names = [b"esc\x1b[2J\x1b]0;owned\x07", b"bad\xff\xfeutf8\xc3", b"c1\xc2\x9b31m", b"\xe2\x80\xaertl",
             b"n" * 255, b'quote"back\\slash', b"$(reboot)`x`%s%n", "größe-名".encode()]
    taken = [name for name in names
             if b"locked 1" in hostile_lock(lab.port, name, b"o_1_\xff\x1b[1m")]
    assert len(taken) >= 4, taken
    listing = subprocess.run([LOCKERSH, "--locklist"], env=lab.env, capture_output=True,
                             check=True).stdout
    farm.equal(listing.count(b"\n"), len(taken))
    text = listing.decode("utf-8")
    assert not [c for c in text if c != "\n" and (ord(c) < 32 or 0x7f <= ord(c) < 0xa0
                                                  or 0x2028 <= ord(c) <= 0x202e)], text
    document = lab.json()
    jsonschema.Draft202012Validator(schema()).validate(document)
    farm.equal(len(document["locks"]), len(taken))
    if names[1] in taken:
        farm.contains([lock["name"] for lock in document["locks"]], "bad\\xff\\xfeutf8\\xc3")
    # Who waits for such an owner is told of it harmlessly.
    result = lab.run("--lock", "n" * 255, "-n", "true")
    farm.equal(result.returncode, 1)
    assert "\x1b" not in result.stderr, result.stderr
    assert "\x1b" not in lab.run("--owner", "n" * 255).stdout


@tap.test
def owner_tells_who_has_a_lock():
    lab = Farm()
    result = lab.run("--owner", "a")
    farm.equal((result.returncode, result.stdout, result.stderr), (0, "", ""))
    lab.hold("a")
    owner = lab.locks()["a"]["owner"]
    farm.equal(lab.run("--owner", "a").stdout, owner + "\n")
    farm.equal(lab.run("--owner", "[a-]").returncode, 64)
    lab.hold("b2")
    farm.equal([line.split()[0] for line in lab.run("--owner", "a:b[1-2]").stdout.splitlines()],
               ["a", "b2"])


@tap.test
def break_takes_a_lock_away_and_says_from_whom():
    lab = Farm()
    farm.equal(lab.run("--break", "a").stdout, "a was not held\n")
    lab.hold("a")
    owner = lab.locks()["a"]["owner"]
    waiter = lab.wait_for("a", command=["echo", "got"])
    farm.equal(lab.run("--break", "a").stdout, f"a was taken from {owner}\n")
    farm.equal(waiter.communicate(timeout=farm.PATIENCE_S)[0], b"got\n")


@tap.test
def ping_tells_the_response_time():
    lab = Farm()
    result = lab.run("--ping")
    farm.equal((result.returncode, result.stderr), (0, ""))
    assert result.stdout.startswith(f"127.0.0.1:{lab.port} answers in "), result.stdout
    farm.contains(result.stdout, "protocol 2")


@tap.test
def help_and_version_exit_with_0():
    shown = farm.run(LOCKERSH, "--help")
    farm.equal((shown.returncode, shown.stderr), (0, ""))
    farm.contains(shown.stdout, "--conflict-exit-code N")
    farm.equal(farm.run(LOCKERSH, "-h").stdout, shown.stdout)
    version = farm.run(LOCKERSH, "-V")
    farm.equal(version.returncode, 0)
    assert version.stdout.startswith("lockersh (farmlock) Version "), version.stdout


@tap.test
def output_that_cannot_be_written_is_an_error():
    with open("/dev/full", "w", encoding="ascii") as full:
        result = subprocess.run([LOCKERSH, "--help"], stdout=full, stderr=subprocess.PIPE,
                                check=False)
    farm.equal(result.returncode, 71)
    farm.contains(result.stderr, b"cannot write the output: No space left on device")


@tap.test
def bad_command_lines_are_refused_without_asking_a_server():
    huge = "x" * 10000
    cases = [
        (["--frobnicate"], "unknown option --frobnicate"),
        (["-q"], "unknown option -q"),
        (["--lock"], "option --lock needs NAMES"),
        (["--nonblock=yes", "--lock", "a", "true"], "takes no argument"),
        ([], "no lock is named; use --lock NAME"),
        (["true"], "no lock is named; use --lock NAME"),
        (["--lock", "a"], "no command is given"),
        (["--lock", "a b", "true"], "a lock's name cannot have white space"),
        (["--lock", "", "true"], "--lock: no name"),
        (["--lock", "a::b", "true"], "--lock: empty name at character 3"),
        (["--lock", "a[1-", "true"], "--lock: bracket without end"),
        (["--lock", "a[1-2000]", "true"], "--lock: more than 1024 names"),
        (["--lock", "a\x1b[m", "true"], "--lock: control character at character 2"),
        (["--lock", huge, "true"], "--lock: name of more than 255 bytes at character 256"),
        (["--lock", "a:b", "--count", "3", "true"],
         "--lock: 3 locks are wanted, but only 2 named; name more or ask for fewer"),
        (["--lock", "a:a", "--count", "2", "true"], "but only 1 named"),
        (["--lock", "a", "--count", "0", "true"], '--count "0" is no number from 1 to 1024'),
        (["--lock", "a", "--count", "x", "true"], '--count "x" is no number'),
        (["--lock", "a:b", "--count", "1", "--count", "2", "true"], "--count was given twice"),
        (["--count", "1", "true"], "--count has no --lock"),
        (["--and", "b", "true"], "--and has no --lock before it"),
        (["--lock", "a", "--and", "b:a", "true"], "--and: a is in two groups; name it in one"),
        (["--lock", "a", "--timeout", "-1", "true"], '--timeout "-1" is no number of seconds'),
        (["--lock", "a", "--timeout", "soon", "true"], '--timeout "soon" is no number of seconds'),
        (["--lock", "a", "--hold-timeout", "1h", "true"], '--hold-timeout "1h" is no number'),
        (["--lock", "a", "-E", "256", "true"], '--conflict-exit-code "256" is no number'),
        (["--lock", "a", "--connect-tries", "x", "true"], '--connect-tries "x" is no number'),
        (["--lock", "a", "--connect-delay", "x", "true"], "is no number of seconds"),
        (["--lock", "a", "--port", "0", "true"], '--port: "0" is no port'),
        (["--lock", "a", "--port", "65536", "true"], '--port: "65536" is no port'),
        (["--lock", "a", "--port", "nosuchservice", "true"], "use a number from 1 to 65535"),
        (["--lock", "a", "--dhost", "", "true"], "--dhost: no name in the list of hosts"),
        (["--lock", "a", "--dhost", "x::y", "true"], "an IPv6 address goes into brackets"),
        (["--lock", "a", "--dhost", "a=x", "true"], "--dhost: no port in the list of hosts"),
        (["--lock", "a", "--dhost", "h" * 300, "true"], "a name that is too long"),
        (["--lock", "a", "--path", "/" + huge, "true"], "--path: the path of the socket has more"),
        (["--lock", "a", "--path", "", "true"], "--path: the path of the socket is empty"),
        (["--lock", "a", "--dhost", "a", "--path", "/b", "true"], "choose one of --dhost and"),
        (["--lock", "a", "--json", "true"], "--json goes with --locklist"),
        (["--locklist", "--ping"], "choose one of --locklist"),
        (["--ping", "--job", "7"], "--job goes with --locklist"),
        (["--locklist", "--job", "a b"], "is no job's id"),
        (["--locklist", "--job", ""], "--job needs the id"),
        (["--locklist", "true"], '"true" is too much'),
        (["--locklist", "--lock", "a"], "--lock goes with a command"),
        (["--ping", "--json"], "--json goes with --locklist"),
        (["--owner", "a b"], "cannot have white space"),
        (["--owner", "a", "--owner", "b"], "was given twice"),
    ]
    # A port where nothing listens: whoever asks would fail with another status.
    env = farm.environment(IPCLOCKER_HOST="127.0.0.1", IPCLOCKER_PORT="1")
    for words, expected in cases:
        text = complaint(farm.run(LOCKERSH, *words, env=env), 64)
        farm.contains(text, expected)
        assert len(text) < 300, text


@tap.test
def bad_variables_are_named():
    for name, value in (("IPCLOCKER_PORT", "x1"), ("IPCLOCKER_HOST", "x::y")):
        env = farm.environment(**{name: value})
        text = complaint(farm.run(LOCKERSH, "--lock", "a", "true", env=env), 64)
        assert text.startswith(name + ": "), text
    # What the command line says instead is not looked at.
    lab = Farm()
    env = dict(lab.env, IPCLOCKER_PORT="x1")
    farm.equal(farm.run(LOCKERSH, "--port", lab.port, "--lock", "a", "true", env=env).returncode, 0)


@tap.test
def nested_commands_may_have_locks_of_their_own():
    result = Farm().run("--lock", "a", f"{LOCKERSH} --lock b 'echo $LOCKERSH_LOCK'")
    farm.equal(result.stdout, "b\n")


if __name__ == "__main__":
    farm.main()
