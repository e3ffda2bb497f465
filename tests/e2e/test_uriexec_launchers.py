#!/usr/bin/env python3
"""uriexec --hop with launchers that go nowhere: what is built, signals, checks, slips."""

import os
import signal
import subprocess
import time

from support import farm, hosts, tap
from support.uriexec_calls import URIEXEC, check_says, script, uriexec


@tap.test
def print_shows_a_line_that_does_the_same(folder):
    launcher = f"env A=1 {hosts.tool('tcsh')} -c '{{}}'"
    words = ["--uriexec-path", hosts.uriexec_in(folder), "--hop", launcher, "--hop",
             f"{hosts.tool('fish')} -c \"{{}}\"", "--hop", "env B=2", "--", "sh", "-c",
             'printf "%s\\0" "$A$B" "$@"', "sh", "a  b", "", "it's"]
    expected = "12\0a  b\0\0it's\0"
    farm.equal(uriexec(*words).stdout, expected)
    line = uriexec("--print", *words).stdout
    assert line.startswith(launcher.split("{", maxsplit=1)[0]) and line.count("\n") == 1, line
    farm.equal(farm.run("/bin/sh", "-c", line).stdout, expected)
    farm.equal(uriexec("--hop", "ssh host1", "--hop", "rsh host2", "--print", "--", "ls", "-l",
                       "a b").stdout,
               "ssh host1 env uriexec exec rsh host2 env uriexec exec ls%2B-l %2527a b%2527\n")


@tap.test
def hops_may_each_have_their_uriexec():
    found = uriexec("--uriexec-path", "/all", "--hop", "a", "--hop", "b", "--uriexec-path", "/b",
                    "--hop", "c", "--print", "x")
    farm.equal(found.stdout,
               "a env /all exec b env /b exec c env /all exec x\n")


@tap.test
def hops_take_folders_and_shell_words(folder):
    far = ["--uriexec-path", hosts.uriexec_in(folder), "--hop", "env", "--hop", "sh -c '{}'"]
    os.mkdir(os.path.join(folder, "a b"))
    farm.equal(uriexec(*far, "--cd", f"{folder}/a b", "pwd").stdout, f"{folder}/a b\n")
    farm.equal(uriexec(*far, "--shell-words", "echo a | tr a b; exit 9").stdout, "b\n")
    farm.equal(uriexec(*far, "--shell-words", "exit 9").returncode, 9)
    farm.equal(uriexec(*far, "--cd", f"{folder}/none", "pwd").returncode, 71)
    found = uriexec("--hop", f"cd '{folder}/a b' && env", *far[:2], "pwd")
    farm.equal(found.stdout, f"{folder}/a b\n")


@tap.test
def launchers_get_signals_and_theirs_is_told(folder):
    mark = os.path.join(folder, "ready")
    script = f"trap 'echo got >{mark}; kill -KILL $$' USR1; : >{mark}.0; while :; do sleep 0.05; done"
    process = farm.start(URIEXEC, "--uriexec-path", hosts.uriexec_in(folder), "--hop", "env",
                         "--", "sh", "-c", script)
    farm.poll(lambda: os.path.exists(mark + ".0"), "the command runs")
    process.send_signal(signal.SIGUSR1)
    farm.equal(process.wait(farm.PATIENCE_S), -signal.SIGKILL)
    farm.poll(lambda: os.path.exists(mark), "the trap has run")


@tap.test
def an_alarm_ends_the_launcher_too(folder):
    def set_alarm():
        signal.setitimer(signal.ITIMER_REAL, 0.3)
    begun = time.monotonic()
    process = farm.start(URIEXEC, "--uriexec-path", hosts.uriexec_in(folder), "--hop", "env",
                         "--", "sleep", "15", preexec_fn=set_alarm)
    farm.equal(process.wait(farm.PATIENCE_S), -signal.SIGALRM)
    assert time.monotonic() - begun < 10


@tap.test
def a_killed_uriexec_takes_the_launcher_along(folder):
    mark = os.path.join(folder, "pid")
    process = farm.start(URIEXEC, "--uriexec-path", hosts.uriexec_in(folder), "--hop", "env",
                         "--", "sh", "-c", f"echo $$ >{mark}.0; mv {mark}.0 {mark}; exec sleep 1000")
    farm.poll(lambda: os.path.exists(mark), "the command runs")
    with open(mark, encoding="utf-8") as file:
        pid = int(file.read())
    process.kill()
    farm.poll(lambda: not farm.is_alive(pid), "the command ends")


@tap.test
def a_missing_uriexec_is_reported(folder):
    found = uriexec("--hop", "env PATH=/nonexistent /bin/sh -c 'PATH=/usr/bin:/bin; {}'", "true",
                    env=farm.environment(PATH="/usr/bin:/bin"))
    farm.equal(found.returncode, 127)
    farm.contains(found.stderr, "no uriexec there, or no such command")
    far = ["--uriexec-path", hosts.uriexec_in(folder)]
    found = uriexec(*far, "--hop", "env", "--uriexec-path", "/nonexistent", "--check", "true")
    farm.contains(found.stderr, "no /nonexistent beyond 'env'; install farmlock there")
    farm.equal(found.returncode, 127)
    check_says(uriexec(*far, "--hop", "true", "--check"), 127, "'true' does not get through")
    farm.equal(uriexec(*far, "--hop", "env", "--check", "echo", "x").stdout, "x\n")


@tap.test
def a_launcher_that_only_repeats_its_words_fails_the_check(folder):
    rsh = script(folder, "rsh", 'printf "%s\\n" "$@"; echo "$*"')
    reader = script(folder, "answer", 'printf "\\nuriexec-answers\\n"; exit 3')
    for launcher in ("echo", "printf '%s\\n'", "printf '%s' x", rsh, "env; false", reader):
        found = uriexec("--uriexec-path", hosts.uriexec_in(folder), "--hop", f"{launcher} {{}}",
                        "--check")
        farm.equal((found.returncode, found.stdout), (127, ""))
        farm.contains(found.stderr, f"'{launcher} {{}}' does not get through")
    greets = script(folder, "greets", 'printf "Welcome"; exec "$@"')
    farm.equal(uriexec("--uriexec-path", hosts.uriexec_in(folder), "--hop", greets,
                       "--check").stdout, "uriexec answers beyond every hop\n")


@tap.test
def ending_a_check_ends_its_launcher(folder):
    mark = os.path.join(folder, "pid")
    launcher = script(folder, "slow", f"echo $$ >{mark}.0; mv {mark}.0 {mark}; exec sleep 1000")
    for number in (signal.SIGTERM, signal.SIGKILL):
        process = farm.start(URIEXEC, "--hop", launcher, "--check", "touch", mark + ".ran",
                             stderr=subprocess.DEVNULL)
        farm.poll(lambda: os.path.exists(mark), "the launcher runs")
        with open(mark, encoding="utf-8") as file:
            pid = int(file.read())
        process.send_signal(number)
        farm.equal(process.wait(farm.PATIENCE_S), -number)
        farm.poll(lambda: not farm.is_alive(pid), "the launcher ends")
        os.unlink(mark)
    assert not os.path.exists(mark + ".ran")


@tap.test
def launchers_that_would_lose_the_words_are_refused(folder):
    mark = os.path.join(folder, "ran")
    for launcher, part in (("sh -c {}", "write -c '{}'"), ("sh -c", "write -c '{}'"),
                           ("bash -lc {} x", "write -c '{}'"), ("env # c", "a # that hides"),
                           ("env;# {}", "a # that hides"), ("sh -c '{}' {}", "{} twice"),
                           ("true;", "operator"), ("ssh h & ", "operator"), ("ssh h |", "operator"),
                           ("false ||", "operator"), ("(", "operator"), ("ssh h >", "operator")):
        check_says(uriexec("--hop", launcher, "--", "touch", mark), 64, f"--hop '{launcher}'", part)
    assert not os.path.exists(mark)


@tap.test
def launchers_that_only_look_odd_are_taken(folder):
    far = ["--uriexec-path", hosts.uriexec_in(folder)]
    for launcher in ("sh -c \"{}\"", "env 'A=# c'", "env A=b#c", "env A=\\;", "env 'A=x;'",
                     "env A=\"it's #1 \\\" ;\"", "true; env",
                     "sh -c '{}; #'", "(env {})", "env '#A=b'", "env A=-c {}",
                     "exec env", "command env", "eval", " A=1 env", " env"):
        farm.equal((launcher, uriexec(*far, "--hop", launcher, "echo", "a").stdout),
                   (launcher, "a\n"))


if __name__ == "__main__":
    farm.main()
