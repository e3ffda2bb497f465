#!/usr/bin/env python3
"""uriexec --tie: the far command ends when the near end is gone, and goes on as ever until then."""

import glob
import os
import pty
import random
import signal
import subprocess
import time

from support import farm, hosts, netns, tap
from support.uriexec_calls import URIEXEC, check_says, script, uriexec

MIB = 1 << 20
NO_INPUT_S = 2  # an input that ends before that is one of a launcher without
LAUNCHERS = ("ssh", "rsh", "rsh-redone-rsh")


def processes_with(word):
    """The processes that have a word somewhere in their command lines, by pid."""
    found = {}
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        try:
            with open(path, "rb") as file:
                words = file.read().decode(errors="replace").split("\0")[:-1]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if any(word in one for one in words):
            found[int(path.split("/")[2])] = words
    return found


class Nap:
    """A far command that can be told from all others, and who carries it there."""

    def __init__(self):
        self.seconds = f"{random.randrange(3000, 4000)}.{random.randrange(10**9):09}"
        farm.at_end(self.wake)

    def all(self):
        return processes_with(self.seconds)

    def sleepers(self):
        return [pid for pid, words in self.all().items() if words[0] == "sleep"]

    def wait_for_start(self, count=1):
        farm.poll(lambda: len(self.sleepers()) == count, f"{count} far commands run")

    def wait_for_end(self):
        """Nobody is left at either end, nor between."""
        farm.poll(lambda: not self.all(), "nobody is left")

    def launchers(self):
        """The pids of the launchers themselves, not of shells that wait for one."""
        return [pid for pid, words in self.all().items()
                if os.path.basename(words[0]) in LAUNCHERS]

    def wake(self):
        for pid in self.all():
            farm.kill_pid(pid)


def start_nap(folder, launchers, *options, inside=(), stdin=subprocess.DEVNULL, command=None,
              ready=1):
    nap = Nap()
    hops = [word for launcher in launchers for word in ("--hop", launcher)]
    words = command or ["sleep", "{}"]
    near = farm.start(*inside, URIEXEC, "--tie", *options, "--uriexec-path",
                      hosts.uriexec_in(folder), *hops, "--",
                      *(word.replace("{}", nap.seconds) for word in words),
                      stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    nap.wait_for_start(ready)
    return near, nap


def open_pipe():
    """An input that goes on and carries nothing."""
    read, write = os.pipe()
    farm.at_end(lambda: os.close(read))
    farm.at_end(lambda: os.close(write))
    return read


def ended_file(folder):
    """An input that ends at once, but might have carried something."""
    path = os.path.join(folder, "empty")
    with open(path, "w", encoding="ascii"):
        pass
    return open(path, "rb")  # pylint: disable=consider-using-with


def terminal():
    near, far = pty.openpty()
    farm.at_end(lambda: os.close(near))
    farm.at_end(lambda: os.close(far))
    return far


def inputs(folder):
    return {"nothing": subprocess.DEVNULL, "a pipe": open_pipe(), "a file": ended_file(folder),
            "a terminal": terminal()}


@tap.test
def the_far_command_ends_with_uriexec_behind_each_login_shell(folder):
    sshd = hosts.Sshd(folder, isolates=True)
    for number, shell in enumerate(hosts.shells()):
        near, nap = start_nap(folder, [sshd.launcher(shell)])
        near.send_signal(signal.SIGTERM if number % 3 == 0 else signal.SIGKILL)
        nap.wait_for_end()


@tap.test
def whatever_standard_input_is(folder):
    sshd = hosts.Sshd(folder, isolates=True)
    for kind, stdin in inputs(folder).items():
        for shell in ("tcsh", "bash"):
            print(f"# {kind}, {shell}", flush=True)
            near, nap = start_nap(folder, [sshd.launcher(shell)], stdin=stdin)
            near.kill()
            nap.wait_for_end()


@tap.test
def the_far_command_ends_with_the_ssh_client(folder):
    sshd = hosts.Sshd(folder, isolates=True)
    for shell in hosts.shells():
        _, nap = start_nap(folder, [sshd.launcher(shell)], stdin=open_pipe())
        (client,) = nap.launchers()
        os.kill(client, signal.SIGKILL)
        nap.wait_for_end()


@tap.test
def it_ends_beyond_several_hops(folder):
    sshd = hosts.Sshd(folder, isolates=True)
    names = list(hosts.shells())
    for length in (2, 3):
        for first in range(0, len(names), 2):
            route = [sshd.launcher(names[(first + i) % len(names)]) for i in range(length)]
            near, nap = start_nap(folder, route, stdin=open_pipe())
            farm.equal(len(nap.launchers()), length)
            if first % 4 == 0:
                near.kill()
            else:
                os.kill(random.choice(nap.launchers()), signal.SIGKILL)
            nap.wait_for_end()


@tap.test
def rsh_is_tied_too(folder):
    rshd = hosts.Rshd(folder, isolates=True)
    for kind, stdin in inputs(folder).items():
        for shell in ("tcsh", "bash", "fish"):
            print(f"# {kind}, {shell}", flush=True)
            near, nap = start_nap(folder, [rshd.launcher(shell)] * (1 + (shell == "bash")),
                                  inside=rshd.inside, stdin=stdin)
            if shell == "tcsh":
                os.kill(nap.launchers()[0], signal.SIGKILL)
            else:
                near.kill()
            nap.wait_for_end()


@tap.test
def what_will_not_end_is_killed_with_all_that_it_has_started(folder):
    sshd = hosts.Sshd(folder, isolates=True)
    stubborn = ["sh", "-c", "trap '' TERM HUP; setsid sleep {} & (setsid sleep {} &) ; "
                "sleep {}; :"]
    for grace in ("0.2", "1000"):
        near, nap = start_nap(folder, [sshd.launcher("tcsh")], "--grace", grace, command=stubborn,
                              ready=3)
        near.kill()
        if grace == "1000":
            farm.poll(lambda: not nap.launchers(), "the connection ends")
            farm.equal(len(nap.sleepers()), 3)
            for pid in nap.sleepers():
                os.kill(pid, signal.SIGKILL)
        nap.wait_for_end()


@tap.test
def a_command_may_end_in_its_own_way(folder):
    sshd = hosts.Sshd(folder, isolates=True)
    mark = os.path.join(folder, "saved")
    near, nap = start_nap(folder, [sshd.launcher("fish")], command=[
        "sh", "-c", f"trap 'echo saved >{mark}; exit' TERM; sleep {{}} & while :; do wait; done"])
    near.kill()
    nap.wait_for_end()
    farm.poll(lambda: os.path.exists(mark), "it has heard SIGTERM")


@tap.test
def launchers_of_several_commands_and_on_this_host_end_too(folder):
    sshd = hosts.Sshd(folder, isolates=True)
    deaf = script(folder, "deaf", "trap '' TERM HUP\n\"$@\"\n:")
    ssh = sshd.launcher("bash")
    for launchers in ([f"cd / && {ssh}"], [f"A=b {ssh}"], [f"{deaf} {ssh}"], ["sh -c '{}'"],
                      [f"setsid --wait {deaf}"], [ssh, f"setsid --wait {deaf}"]):
        for stdin in (subprocess.DEVNULL, open_pipe()):
            print(f"# {launchers}", flush=True)
            near, nap = start_nap(folder, launchers, "--grace", "0.2", stdin=stdin)
            near.kill()
            nap.wait_for_end()


@tap.test
def a_launcher_without_input_is_no_end(folder):
    sshd = hosts.Sshd(folder, isolates=True)
    # As of an ssh -n whose sshd has much to do when the command has begun.
    late = script(folder, "late", 'sleep 0.5 | "$@"')
    for launcher in (*(sshd.launcher("dash", *options) for options in (["-n"], ["-tt"], ["-tt", "-n"])),
                     f"{late} {sshd.launcher('dash')}"):
        near, nap = start_nap(folder, [launcher])
        time.sleep(1)
        farm.equal((near.poll(), len(nap.sleepers())), (None, 1))
        near.kill()
        nap.wait_for_end()


@tap.test
def the_end_of_what_passes_input_on_alone_is_one_unless_it_comes_at_once(folder):
    """As of docker exec -i, whose daemon has the other streams."""
    if farm.run(hosts.tool("unshare"), "--pid", "--fork", "true").returncode != 0:
        raise tap.Lacks("no permission to make a pid namespace")
    line, pipe = os.path.join(folder, "line"), os.path.join(folder, "pipe")
    os.mkfifo(pipe)
    client = script(folder, "client", f'echo "$@" >{line}.new; mv {line}.new {line}; exec cat >{pipe}')
    farm.start(hosts.tool("unshare"), "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c",
               f"until test -e {line}; do sleep 0.05; done; sh {line} <{pipe} >{folder}/out 2>&1")
    near, nap = start_nap(folder, [client])
    time.sleep(NO_INPUT_S)
    near.kill()
    nap.wait_for_end()


@tap.test
def a_reader_that_leaves_is_no_end(folder):
    """Nor is the end of the input, whoever the launchers are."""
    sshd = hosts.Sshd(folder, isolates=True)
    far = ["--tie", "--uriexec-path", hosts.uriexec_in(folder)]
    mark = os.path.join(folder, "end")
    command = ["--", "sh", "-c", f"cat >/dev/null; echo x; sleep 0.5; : >{mark}"]
    for launcher in (sshd.launcher("bash"), "sh -c '{}'", "env"):
        for stdin in (subprocess.DEVNULL, ended_file(folder)):
            with subprocess.Popen([URIEXEC, *far, "--hop", launcher, *command],
                                  stdin=stdin, stdout=subprocess.PIPE) as near:
                farm.equal(near.stdout.readline(), b"x\n")
                near.stdout.close()
                farm.equal((launcher, near.wait(farm.PATIENCE_S)), (launcher, 0))
            os.unlink(mark)


@tap.test
def status_input_and_output_are_as_without_it(folder):
    sshd = hosts.Sshd(folder, isolates=True)
    data = random.randbytes(3 * MIB)
    shells = list(hosts.shells())
    for number, shell in enumerate(shells):
        route = [sshd.launcher(shell), sshd.launcher(shells[number - 1])][:1 + number % 2]
        hops = [word for launcher in route for word in ("--hop", launcher)]
        found = subprocess.run([URIEXEC, "--tie", "--uriexec-path", hosts.uriexec_in(folder),
                                *hops, "--", "sh", "-c", 'cat; printf "%s" "$1" >&2; exit 7', "sh",
                                "it's  $5"], input=data, capture_output=True, check=False,
                               timeout=farm.PATIENCE_S * 2)
        farm.equal((shell, found.returncode, found.stderr, found.stdout == data),
                   (shell, 7, b"it's  $5", True))


@tap.test
def what_the_command_leaves_behind_goes_on(folder):
    sshd = hosts.Sshd(folder, isolates=True)
    nap = Nap()
    found = uriexec("--tie", "--uriexec-path", hosts.uriexec_in(folder), "--hop",
                    sshd.launcher("bash"), "--", "sh", "-c",
                    f"setsid sleep {nap.seconds} </dev/null >/dev/null 2>&1 & echo started")
    farm.equal((found.returncode, found.stdout), (0, "started\n"))
    # It may become what it is a moment behind that word.
    nap.wait_for_start()
    time.sleep(0.3)
    farm.equal(len(nap.sleepers()), 1)


@tap.test
def signals_reach_the_command_and_its_end_is_told(folder):
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1):
        near, nap = start_nap(folder, ["env"], command=[
            "sh", "-c", "trap 'kill $!; exit 40' USR1; sleep {} & wait"])
        near.send_signal(number)
        farm.equal(near.wait(farm.PATIENCE_S), 40 if number == signal.SIGUSR1 else -number)
        nap.wait_for_end()


@tap.test
def a_launcher_that_hands_no_signal_on_leaves_nothing(folder):
    near, nap = start_nap(folder, ["sh -c '{}; :'"])
    near.terminate()
    farm.equal(near.wait(farm.PATIENCE_S), -signal.SIGTERM)
    nap.wait_for_end()


def on_terminal(folder, launcher, command, typed, tie=("--tie",)):
    """Runs a command in a session with a terminal of its own, types and returns what shows and the
    exit status."""
    pid, near = pty.fork()
    if pid == 0:
        os.execv(URIEXEC, ["uriexec", *tie, "--uriexec-path", hosts.uriexec_in(folder), "--hop",
                           launcher, "--", *command])
    farm.at_end(lambda: farm.kill_pid(pid))
    shown = b""
    try:
        while chunk := os.read(near, 4096):
            shown += chunk
            if b"ready" in chunk:
                os.write(near, typed)
    except OSError:  # the last writer has gone
        pass
    status = os.waitpid(pid, 0)[1]
    os.close(near)
    return shown.decode(), os.waitstatus_to_exitcode(status)


@tap.test
def the_terminal_stays_the_commands(folder):
    sshd = hosts.Sshd(folder, isolates=True)
    reads = ["sh", "-c", "test -t 0 && stty -echo; echo ready; read line; echo \"<$line>\""]
    waits = ["sh", "-c", "trap 'exit 9' INT; echo ready; while :; do sleep 0.05; done"]
    for shell in ("bash", "tcsh", "fish"):
        launchers = [f"{hosts.tool(hosts.shells()[shell])} -c '{{}}'"]
        if sshd.namespace:
            launchers.append(sshd.launcher(shell, "-tt"))
        for launcher in launchers:
            shown, status = on_terminal(folder, launcher, reads, b"typed\n")
            farm.equal((launcher, status), (launcher, 0))
            farm.contains(shown, "<typed>")
            untied = on_terminal(folder, launcher, waits, b"\x03", tie=())
            farm.equal((launcher, on_terminal(folder, launcher, waits, b"\x03")),
                       (launcher, untied))


@tap.test
def a_network_that_is_cut_is_noticed_as_soon_as_sshd_notices(folder):
    if netns.missing():
        raise tap.Lacks(f"the cut needs {netns.missing()}")
    net = netns.network(folder, ["near", "far"])
    sshd = hosts.Sshd(folder, address="10.99.0.2", inside=net["far"].enter(), isolates=True,
                      settings="ClientAliveInterval 1\nClientAliveCountMax 2\n")
    near, nap = start_nap(folder, [sshd.launcher("tcsh", "-o", "ServerAliveInterval=1")],
                          inside=net["near"].enter(folder=folder), stdin=open_pipe())
    net["far"].cut_off()
    nap.wait_for_end()
    farm.equal(near.wait(farm.PATIENCE_S), 255)


@tap.test
def ssh_s_own_failure_is_told_from_the_commands_end(folder):
    sshd = hosts.Sshd(folder, isolates=True)
    far = ["--uriexec-path", hosts.uriexec_in(folder)]
    good, dead = sshd.launcher("tcsh"), f"ssh -F {sshd.config} -o Port=1 -p 1 host-bash"
    host = os.uname().nodename
    for command, line in (("exit 255", f"the command on {host} itself ended with status 255"),
                          ("kill -9 $$", f"the command on {host} was ended by signal KILL")):
        found = uriexec("--tie", *far, "--hop", good, "--hop", sshd.launcher("sh"), "--", "sh",
                        "-c", command)
        assert found.returncode in (255, 137), found
        farm.contains(found.stderr, line)
        farm.equal(found.returncode == 255, "status 255 came back through 2 hops" in found.stderr)
    for options in ([], ["--tie"]):
        found = uriexec(*options, *far, "--hop", good, "--hop", dead, "--", "true")
        farm.equal(found.returncode, 255)
        farm.contains(found.stderr, f"came back through 2 hops, the last '{dead[:30]}")
        assert "itself ended" not in found.stderr
    found = uriexec(*far, "--hop", good, "--", "sh", "-c", "exit 255")
    farm.contains(found.stderr, "--tie tells them apart")
    found = uriexec(*far, "--hop", "env", "--", "sh", "-c", "exit 255")
    farm.equal((found.returncode, found.stderr), (255, ""))


@tap.test
def a_folder_that_cannot_be_entered_names_the_hop(folder):
    found = uriexec("--uriexec-path", hosts.uriexec_in(folder), "--hop", "env A=1", "--cd",
                    "/nonexistent", "--", "true")
    farm.equal(found.returncode, 71)
    farm.contains(found.stderr, "through 1 hop, the last 'env A=1': the folder of --cd")


@tap.test
def an_uriexec_that_knows_no_tie_is_found_by_the_check(folder):
    old = script(folder, "old", f"case $1 in --tie*) exit 64; esac; exec {URIEXEC} \"$@\"")
    found = uriexec("--tie", "--hop", "env", "--uriexec-path", hosts.uriexec_in(folder), "--hop",
                    "env A=b", "--uriexec-path", old, "--check")
    check_says(found, 127, "beyond 'env A=b' is too old for --tie")
    found = uriexec("--tie", "--uriexec-path", hosts.uriexec_in(folder), "--hop", "env", "--check")
    farm.equal((found.returncode, found.stderr), (0, ""))


@tap.test
def a_printed_line_is_tied_by_its_connection(folder):
    sshd = hosts.Sshd(folder, isolates=True)
    nap = Nap()
    line = uriexec("--tie", "--grace", "2.5", "--uriexec-path", hosts.uriexec_in(folder), "--hop",
                   sshd.launcher("ksh"), "--print", "--", "sleep", nap.seconds).stdout
    farm.contains(line, " --tie --grace 2.500 exec sleep ")
    client = farm.start("/bin/sh", "-c", "exec " + line, stdin=subprocess.DEVNULL)
    nap.wait_for_start()
    client.kill()
    nap.wait_for_end()


@tap.test
def pidwatch_ties_to_the_connection_by_its_parent(folder):
    sshd = hosts.Sshd(folder, isolates=True)
    for shell in ("sh", "bash", "dash", "ksh", "mksh", "zsh"):
        nap = Nap()
        client = farm.start(*sshd.launcher(shell).split(), f"{farm.program('pidwatch')} "
                            f"--pid $PPID sleep {nap.seconds}", stdin=subprocess.DEVNULL)
        nap.wait_for_start()
        client.kill()
        nap.wait_for_end()


@tap.test
def options_of_a_tie_that_mean_nothing_are_refused():
    for words, part in ((["--encode", "--tie", "x"], "--tie goes without --encode"),
                        (["--grace", "1", "x"], "--grace goes with --tie"),
                        (["--hop", "env", "--tie-to", "x", "y"], "--tie-to is written by"),
                        (["--tie-to", "1.2", "x"], "--tie-to '1.2'"),
                        (["--tie-to", "1" * 200, "x"], "--tie-to '111")):
        check_says(uriexec(*words), 64, part)
    farm.equal(uriexec("--tie-to", "later,held", "echo+a").stdout, "a\n")


@tap.test
def a_tie_is_explained_level_by_level():
    farm.equal(uriexec("--tie", "--show", "echo+a").stdout, "1: /bin/sh -c echo a\n")
    found = uriexec("--tie", "--grace", "3", "--hop", "ssh h1", "--hop", "ssh h2", "--show", "--",
                    "ls", "a b").stdout.splitlines()
    farm.equal(len(found), 3)
    farm.contains(found[0], "1: /bin/sh -c exec ssh h1 env uriexec --tie-to held,")
    farm.contains(found[1], "--grace 3.000 exec %3C/dev/null")
    farm.equal(found[2], "3: /bin/sh -c exec </dev/null; exec ls 'a b'")


if __name__ == "__main__":
    seed = time.time_ns()
    random.seed(seed)
    print(f"# seed {seed}")
    farm.main()
