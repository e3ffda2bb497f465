#!/usr/bin/python3
"""lockersh's command line: help, and bad input in one line."""

import subprocess

from support import farm, tap
from support.locking import LOCKERSH, Farm, complaint


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
        (["--lock", "a", "--timeout", "-1", "true"], '--timeout "-1" is no time'),
        (["--lock", "a", "--timeout", "soon", "true"], '--timeout "soon" is no time'),
        (["--lock", "a", "--hold-timeout", "1w", "true"], '--hold-timeout "1w" is no time'),
        (["--lock", "a", "-E", "256", "true"], '--conflict-exit-code "256" is no number'),
        (["--lock", "a", "--connect-tries", "x", "true"], '--connect-tries "x" is no number'),
        (["--lock", "a", "--connect-delay", "x", "true"], "is no time"),
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
        (["--pools", "true"], '"true" is too much'),
        (["--locklist", "--lock", "a"], "--lock goes with a command"),
        (["--owner", "a", "--json"], "--json goes with --locklist"),
        (["--quiet", "--verbose", "--ping"], "choose one of --verbose and --quiet"),
        (["--host", "a", "--dhost", "b", "--ping"], "choose one of --host and --dhost"),
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


if __name__ == "__main__":
    farm.main()
