#!/usr/bin/env python3
"""uriexec over real sshd and rshd, through each login shell."""

import os
import random
import signal
import subprocess
import time

from support import farm, hosts, tap

SLOW = bool(os.environ.get("FARMLOCK_SLOW"))
MIB = 1 << 20


def far_uriexec(folder):
    return ["--uriexec-path", hosts.uriexec_in(folder)]


def hops(launchers):
    return [word for launcher in launchers for word in ("--hop", launcher)]


def routes(names, length):
    """For each shell a route through it and the shells behind it in the list."""
    return [[names[(first + i) % len(names)] for i in range(length)] for first in range(len(names))]


def check_route(folder, inside, launchers, status):
    """Input, binary output, awkward arguments and the exit status, all in one go."""
    data = random.randbytes(MIB)
    awkward = ["", " a  b ", "it's", "$HOME `id` !! ^x^y ~ *", "\n\t\\", "\x80\xff"]
    awkward = [os.fsencode(word) if word.isascii() else word.encode("latin-1") for word in awkward]
    script = 'printf "%s\\0" "$@"; cat; exit 7'
    command = [*inside, farm.program("uriexec"), *far_uriexec(folder), *hops(launchers), "--",
               "sh", "-c", script, "sh"]
    found = subprocess.run([*map(os.fsencode, command), *awkward], input=data,
                           capture_output=True, timeout=farm.PATIENCE_S * 3, check=False)
    where = f"through {launchers}: {found.stderr[:300]!r}"
    expected = b"".join(word + b"\0" for word in awkward) + data
    assert found.stdout == expected, f"{len(found.stdout)} bytes differ, {where}"
    assert found.returncode == status, f"status {found.returncode}, {where}"


def check_ssh_routes(folder, length):
    sshd = hosts.Sshd(folder)
    print(f"# {sshd.how()}")
    for route in routes(list(hosts.shells()), length):
        check_route(folder, [], [sshd.launcher(shell) for shell in route], 7)


@tap.test
def two_ssh_hops_through_each_login_shell(folder):
    check_ssh_routes(folder, 2)


@tap.test
def three_ssh_hops_through_each_login_shell(folder):
    check_ssh_routes(folder, 3)


@tap.test
def a_signal_at_the_far_end_is_told(folder):
    sshd = hosts.Sshd(folder)
    for shell in hosts.shells():
        found = farm.run(farm.program("uriexec"), *far_uriexec(folder), "--hop",
                         sshd.launcher(shell), "--", "sh", "-c", "kill -TERM $$")
        # ssh itself says 255 for a command that a signal ended; a login shell that waits says 143.
        assert found.returncode in (143, 255), f"{shell}: {found}"


@tap.test
def ending_uriexec_ends_the_far_command(folder):
    sshd = hosts.Sshd(folder)
    mark = os.path.join(folder, "pid")
    script = f"echo $$ >{mark}.new; mv {mark}.new {mark}; exec cat"
    # Without a terminal the far command is told by the end of its input; an sshd that is not
    # root's may not be able to give one.
    terminal = ["-tt"] if sshd.namespace else []
    near = farm.start(farm.program("uriexec"), *far_uriexec(folder),
                      *hops([sshd.launcher("tcsh", *terminal), sshd.launcher("bash", *terminal)]),
                      "--", "sh", "-c", script, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                      stderr=subprocess.DEVNULL)
    farm.poll(lambda: os.path.exists(mark), "the far command runs")
    with open(mark, encoding="utf-8") as file:
        far = int(file.read())
    near.send_signal(signal.SIGTERM)
    assert near.wait(farm.PATIENCE_S) in (-signal.SIGTERM, 255), near.returncode
    farm.poll(lambda: not farm.is_alive(far), "the far command ends")


@tap.test
def a_far_side_without_uriexec_is_reported(folder):
    sshd = hosts.Sshd(folder)
    for shell in hosts.shells():
        good = [sshd.launcher("sh")] if shell == "csh" else []
        found = farm.run(farm.program("uriexec"), *far_uriexec(folder), *hops(good), "--hop",
                         sshd.launcher(shell), "--uriexec-path", "/nonexistent/uriexec", "--",
                         "true")
        farm.equal(found.returncode, 127)
        farm.contains(found.stderr, "env: ")
        farm.contains(found.stderr, "/nonexistent/uriexec")
        farm.contains(found.stderr, f"the last '{sshd.launcher(shell)[:30]}")
        farm.contains(found.stderr, "no uriexec there")


@tap.test
def a_hundred_kilobytes_go_through_ssh(folder):
    sshd = hosts.Sshd(folder)
    words = ["word"] * 20000
    for shell in hosts.shells():
        times = 2 if shell == "tcsh" or SLOW else 1
        found = farm.run(farm.program("uriexec"), *far_uriexec(folder),
                         *hops([sshd.launcher(shell)] * times), "--",
                         "sh", "-c", "echo $#", "sh", *words)
        farm.equal((shell, found.stdout, found.stderr), (shell, "20000\n", ""))


@tap.test
def rsh_hops_through_each_login_shell(folder):
    rshd = hosts.Rshd(folder)
    for length in (1, 2, 3) if SLOW else (1, 2):
        for route in routes(list(hosts.shells()), length):
            # rsh has no way to carry the status.
            check_route(folder, rshd.inside, [rshd.launcher(shell) for shell in route], 0)


@tap.test
def rsh_mixes_with_other_launchers(folder):
    rshd = hosts.Rshd(folder)
    check_route(folder, rshd.inside, ["sh -c '{}'", rshd.launcher("tcsh"), "env"], 0)


@tap.test
def rsh_that_would_hide_a_missing_uriexec_is_checked_first(folder):
    rshd = hosts.Rshd(folder)
    mark = os.path.join(folder, "ran")
    for extra, broken in ((far_uriexec(folder), False),
                          (["--uriexec-path", "/nonexistent/uriexec"], True)):
        found = farm.run(*rshd.inside, farm.program("uriexec"), *far_uriexec(folder), "--hop",
                         rshd.launcher("tcsh"), "--hop", rshd.launcher("bash"), *extra, "--",
                         "sh", "-c", f"echo >>{mark}")
        farm.equal((found.returncode, os.path.exists(mark)), (127 if broken else 0, not broken))
        if broken:
            farm.contains(found.stderr, "no /nonexistent/uriexec beyond")
            farm.contains(found.stderr, rshd.launcher("bash"))
        else:
            os.unlink(mark)


@tap.test
def check_names_the_hop_at_fault(folder):
    sshd = hosts.Sshd(folder)
    good = sshd.launcher("tcsh")
    dead = f"ssh -F {sshd.config} -p 1 -o Port=1 host-bash"
    cases = [([good, good], [], 0, ""), ([good, dead], [], 127, f"'{dead}' does not get through"),
             ([good, good], ["--uriexec-path", "/nonexistent"], 127, f"beyond '{good}'")]
    for launchers, extra, status, message in cases:
        found = farm.run(farm.program("uriexec"), *far_uriexec(folder), *hops(launchers), *extra,
                         "--check")
        farm.equal(found.returncode, status)
        farm.contains(found.stderr, message)
        farm.equal(found.stdout, "" if status else "uriexec answers beyond every hop\n")


@tap.test
def doubled_percent_signs_come_through_a_remote_command(folder):
    sshd = hosts.Sshd(folder)
    line = farm.run(farm.program("uriexec"), "--encode", "printf", "%s|", "it's  $5", "50%").stdout
    command = f"RemoteCommand={hosts.uriexec_in(folder)} {line.strip()}"
    for shell in ("bash", "tcsh"):
        found = farm.run("ssh", "-F", sshd.config, "-o", command.replace("%", "%%"),
                         f"host-{shell}")
        farm.equal((shell, found.stdout), (shell, "it's  $5|50%|"))


@tap.test
def only_csh_bounds_a_word(folder):
    """As the manual says: 8,187 bytes."""
    uriexec = hosts.uriexec_in(folder)
    for name, shell in hosts.shells().items():
        for length in (8187, 8188, 100000):
            found = farm.run(farm.program("uriexec"), "--uriexec-path", uriexec, "--hop",
                             f"{shell} -c '{{}}'", "--", "printf", "%s", "x" * length)
            fits = name != "csh" or length <= 8187
            farm.equal((name, length, found.stdout == "x" * length), (name, length, fits))


if __name__ == "__main__":
    seed = time.time_ns()
    random.seed(seed)
    print(f"# seed {seed}")
    farm.main()
