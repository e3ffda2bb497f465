#!/usr/bin/env python3
"""What a user of uriexec sees: running, encoding, explaining, errors, its man page."""

import fcntl
import glob
import os
import pty
import re
import shutil
import signal
import socket
import struct
import subprocess
import termios

from support import farm, hosts, tap
from support.uriexec_calls import URIEXEC, check_says, encode, script, uriexec

@tap.test
def words_are_joined_decoded_and_run_by_sh():
    farm.equal(uriexec("printf", "%25s", "'a+b%2Bc'", "%3B", "echo+%24%7BX-d%7D").stdout, "a b+cd\n")
    farm.equal(uriexec("echo 'a  b'").stdout, "a  b\n")
    farm.equal(uriexec("--", "echo", "x").stdout, "x\n")
    farm.equal(uriexec("").returncode, 0)


@tap.test
def the_exit_status_is_the_commands():
    for status in (0, 1, 7, 255):
        farm.equal(uriexec(f"exit+{status}").returncode, status)
    farm.equal(uriexec("/nonexistent/command").returncode, 127)
    farm.equal(uriexec("/etc/passwd").returncode, 126)


@tap.test
def a_signal_is_the_commands_too():
    farm.equal(uriexec("kill+-TERM+%24%24").returncode, -signal.SIGTERM)
    process = farm.start(URIEXEC, encode("sleep", "1000"))
    farm.poll(lambda: os.readlink(f"/proc/{process.pid}/exe").endswith(("sleep", "coreutils")),
              "uriexec becomes sleep itself")
    process.send_signal(signal.SIGINT)
    farm.equal(process.wait(farm.PATIENCE_S), -signal.SIGINT)


@tap.test
def what_runs_is_the_process_that_was_started():
    process = subprocess.Popen([URIEXEC, encode("sh", "-c", "echo $$ $PPID")],
                               stdout=subprocess.PIPE, text=True)
    farm.equal(process.communicate()[0], f"{process.pid} {os.getpid()}\n")


@tap.test
def input_and_output_pass_as_they_are():
    data = os.urandom(1 << 20)
    found = subprocess.run([URIEXEC, "cat"], input=data, capture_output=True, check=True)
    assert found.stdout == data


@tap.test
def cd_takes_a_folder_as_it_is_or_encoded(folder):
    for name in ("plain", "c++", "a b", "100%41"):
        os.mkdir(os.path.join(folder, name))
    for given, entered in (("plain", "plain"), ("c++", "c++"), ("a b", "a b"), ("a+b", "a b"),
                           ("a%20b", "a b"), ("100%41", "100%41")):
        farm.equal(uriexec("--cd", f"{folder}/{given}", "pwd").stdout, f"{folder}/{entered}\n")
    long = "\x01" * 100
    os.mkdir(os.path.join(folder, long))
    farm.equal(uriexec("--cd", f"{folder}/{'%01' * 100}", "pwd").stdout, f"{folder}/{long}\n")
    with open(os.path.join(folder, "file"), "w", encoding="utf-8"):
        pass
    check_says(uriexec("--cd", f"{folder}/{'%2F' * 100}x", "true"), 71, "name too long")
    check_says(uriexec("--cd", f"{folder}/file/a%20b", "true"), 71, "Not a directory")
    check_says(uriexec("--cd", f"{folder}/none", "true"), 71, f"'{folder}/none'", "--cd")
    check_says(uriexec("--cd", "", "true"), 64, "--cd needs a folder")


@tap.test
def another_shell_can_run_the_result(folder):
    tcsh = hosts.tool("tcsh")
    spaced = os.path.join(folder, "my shell")
    os.symlink(tcsh, spaced)
    for shell in ("tcsh", tcsh, spaced, spaced.replace(" ", "+"), spaced.replace(" ", "%20")):
        farm.equal(uriexec("--shell", shell, "set+x+%3D+%28a+b%29%3B+echo+%24x%5B2%5D").stdout,
                   "b\n")
    check_says(uriexec("--shell", "/nonexistent", "true"), 127, "'/nonexistent'", "No such file")
    check_says(uriexec("--shell", "/etc/passwd", "true"), 126, "'/etc/passwd'", "denied")
    check_says(uriexec("--shell", "a%00", "true"), 64, "encoded shell, byte 2", "%00")


@tap.test
def a_shell_may_come_with_its_arguments(folder):
    """As the classic uriexec takes it: split at blanks, without a -c of ours."""
    bash, tcsh = hosts.tool("bash"), hosts.tool("tcsh")
    script(folder, "spaced shell", 'printf "<%s>" "$@"')
    env = farm.environment(PATH=f"{folder}:{os.environ['PATH']}")
    for shell, line, output in ((f"{bash} -c", "echo+%24%7BBASH_VERSION%2B1%7D", "1\n"),
                                (f"{bash}+-c", "echo+%24%7BBASH_VERSION%2B1%7D", "1\n"),
                                (f"{bash}%20-o%20errexit%20%20-c", "false; echo x", ""),
                                (f"{tcsh} -fc", "set+x+%3D+%28a+b%29%3B+echo+%24x%5B2%5D", "b\n"),
                                ("env A=1 sh -c", "echo $A", "1\n"), ("bash -c", "%2Dx;+echo+a", "a\n"),
                                ("perl -e", "print 7", "7"),
                                ("spaced shell", "a b", "<-c><a b>")):
        farm.equal((shell, uriexec("--shell", shell, line, env=env).stdout), (shell, output))
    farm.equal(uriexec("--shell", f"{bash} -c", "exit+7").returncode, 7)
    check_says(uriexec("--shell", "/nonexistent -c", "true"), 127, "'/nonexistent -c'", "No such file")
    check_says(uriexec("--shell", "-c", "true"), 64, "--shell '-c' has no name")
    farm.equal(uriexec("--show", "--shell", f"{bash} -c", "echo+a").stdout,
               f"1: {bash} -c echo a\n")
    farm.equal(uriexec("--show", "ssh+h+uriexec+--shell+tcsh%2B-fc+echo+a").stdout.splitlines()[1],
               "2: tcsh -fc echo a")
    farm.equal(uriexec("--tie", "--shell", f"{bash} -c", "exit+8").returncode, 8)


@tap.test
def a_command_that_looks_like_an_option_stays_a_command():
    path = farm.environment(PATH="/usr/bin:/bin")
    found = uriexec("%2Dx", env=path)
    farm.equal(found.returncode, 127)
    farm.contains(found.stderr, "-x: not found")
    farm.equal(uriexec("++echo+a").stdout, "a\n")
    farm.equal(uriexec("%2Bx", env=path).returncode, 127)


@tap.test
def malformed_escapes_stay_and_strict_shows_their_place():
    farm.equal(uriexec("echo 100% %zz %4").stdout, "100% %zz %4\n")
    farm.equal(uriexec("--strict", "echo+%41").stdout, "A\n")
    for line, place, escape in (("echo 100%", 9, "%"), ("a%4", 2, "%4"), ("%41%zz", 4, "%zz")):
        check_says(uriexec("--strict", *line.split(" ")), 64, f"byte {place},", f"'{escape}'")
    check_says(uriexec("--strict", "x" * 100 + "\x1b%"), 64, "byte 102,", "\\x1b", "...")
    for options in ([], ["--strict"]):
        check_says(uriexec(*options, "ab%00cd"), 64, "byte 3,", "'%00' is a NUL", "'ab'")
    long_line = "echo+" + "x" * 5000
    check_says(uriexec(long_line + "%00"), 64, "byte 5006,")


@tap.test
def a_hundred_kilobytes_run_and_more_than_fits_is_refused():
    text = "0123456789" * 10000
    farm.equal(uriexec(encode("printf", "%s", text)).stdout, text)
    farm.equal(len(uriexec("printf %s '", text, "'").stdout), len(text) + 2)
    limit = os.sysconf("SC_PAGESIZE") * 32 - 1
    check_says(uriexec(*["x" * 1000] * 150), 126, f"{limit} bytes", "MAX_ARG_STRLEN")
    check_says(uriexec("--encode", *["x" * 1000] * 150), 126, f"{limit} bytes", "MAX_ARG_STRLEN")
    check_says(uriexec("--encode", "\n" * 50000), 126, f"{limit} bytes")
    check_says(uriexec("--hop", "env", *["x" * 1000] * 150), 126, f"{limit} bytes")
    for len_over in range(-600, 0, 12):
        found = uriexec("--encode", "true", "x" * (limit + len_over - len("exec+true+")))
        if found.returncode == 0:
            call = f"exec env {'/x' * 100}/uriexec {found.stdout}".rstrip("\n")
            assert len(call) <= limit, len(call)
        else:
            check_says(found, 126, f"{limit} bytes")
    farm.equal(uriexec("--encode", "true", "x" * (limit - 600)).returncode, 0)
    fits = "true " + "x" * (limit - len("true "))
    farm.equal(uriexec("true", "x" * (limit - len("true "))).returncode, 0)
    farm.equal(uriexec(*fits.split(), "x").returncode, 126)


@tap.test
def vectors_come_through_exactly():
    words = ["", " ", "a  b", "it's", "\n", "-n", "*", "$HOME", "\\t", "=x", "~", ""]
    farm.equal(uriexec(encode("printf", "%s\\0", *words)).stdout, "".join(f"{w}\0" for w in words))
    farm.equal(uriexec(encode("--", "printf", "--", "%s")).stdout, "")
    # A program is run, and not the builtin that has its name.
    farm.equal(uriexec(encode("echo", "a\\tb")).stdout, "a\\tb\n")
    farm.equal(uriexec(encode("exit", "7")).returncode, 7)
    for words in (["hash", "-r"], ["alias"], ["times"], ["jobs"], ["readonly", "A=b"],
                  ["return", "0"], ["unalias", "-a"]):
        found = uriexec(encode(*words), env=farm.environment(PATH="/nonexistent"))
        farm.equal((words, found.returncode), (words, 0))
    assert uriexec(encode("")).returncode in (126, 127)
    found = uriexec(encode("--", "-no-such"), env=farm.environment(PATH="/usr/bin:/bin"))
    farm.equal(found.returncode, 127)


@tap.test
def a_program_whose_name_begins_with_a_dash_runs(folder):
    script(folder, "-x", "printf '<%s>' \"$@\"")
    env = farm.environment(PATH=f"{folder}:/usr/bin:/bin")
    far = ["--uriexec-path", hosts.uriexec_in(folder), "--hop", "env"]
    for line in ([encode("--", "-x", "a b")], [encode("--cd", "/", "--", "-x", "a b")],
                 [*far, "--", "-x", "a b"]):
        farm.equal(uriexec(*line, env=env).stdout, "<a b>")


@tap.test
def shell_words_are_a_command_line(folder):
    line = encode("--shell-words", "x='a b';", "echo", '"$x" | tr a-z A-Z')
    assert " " not in line
    farm.equal(uriexec(line).stdout, "A B\n")
    farm.equal(encode("--shell-words", "--", "-x"), "%2Dx")
    farm.equal(encode("--shell-words", ""), "+")
    farm.equal(uriexec("+").returncode, 0)
    far = ["--uriexec-path", hosts.uriexec_in(folder), "--hop", "env"]
    farm.equal(uriexec(*far, "--shell-words", "").returncode, 0)


@tap.test
def encoded_folders_are_entered_or_nothing_runs(folder):
    os.mkdir(os.path.join(folder, "-a 'b'"))
    line = encode("--cd", os.path.join(folder, "-a 'b'"), "pwd")
    farm.equal(uriexec(line).stdout, folder + "/-a 'b'\n")
    for options in ([], ["--shell-words"]):
        line = encode("--cd", "-a 'b'", *options, "pwd")
        farm.equal(uriexec(line, cwd=folder).stdout, folder + "/-a 'b'\n")
        found = uriexec(line, cwd="/", env=farm.environment(CDPATH=folder))
        farm.equal((found.returncode, found.stdout), (71, ""))


def on_terminal(*words, columns=60):
    """Runs uriexec on a pseudo terminal and returns what it shows."""
    near, far = pty.openpty()
    fcntl.ioctl(far, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    with subprocess.Popen([URIEXEC, *words], stdout=far, stdin=subprocess.DEVNULL) as process:
        os.close(far)
        shown = b""
        try:
            while chunk := os.read(near, 4096):
                shown += chunk
        except OSError:  # the last writer has gone
            pass
        os.close(near)
        farm.equal(process.wait(), 0)
    return shown.decode().replace("\r\n", "\n")


@tap.test
def show_explains_each_level_and_runs_nothing(folder):
    mark = os.path.join(folder, "ran")
    farm.equal(uriexec("--show", f"touch+{mark}").stdout, f"1: /bin/sh -c touch {mark}\n")
    farm.equal(uriexec("--show", "--cd", "/x", "--shell", "a%20sh", "ssh+h+uriexec+a%2Bb%2525").stdout,
               "1: in /x: a sh -c ssh h uriexec a+b%25\n2: /bin/sh -c a b%\n")
    found = uriexec("--hop", "ssh host1", "--hop", "rsh host2", "--show", "--", "touch", mark)
    farm.equal(found.stdout.splitlines(), [
        f"1: /bin/sh -c exec ssh host1 env uriexec exec rsh host2 env uriexec exec touch {mark}",
        f"2: /bin/sh -c exec rsh host2 env uriexec exec touch {mark}",
        f"3: /bin/sh -c exec touch {mark}"])
    assert not os.path.exists(mark)
    farm.equal(uriexec("--show", "echo+%1b%5d0;evil%07").stdout,
               "1: /bin/sh -c echo \\x1b]0;evil\\x07\n")
    os.mkdir(os.path.join(folder, "a b"))
    os.mkdir(os.path.join(folder, "c+d"))
    for given, entered in (("a+b", "a b"), ("a b", "a b"), ("c+d", "c+d")):
        farm.equal(uriexec("--show", "--cd", f"{folder}/{given}", "ls").stdout,
                   f"1: in {folder}/{entered}: /bin/sh -c ls\n")
    farm.equal(uriexec("--show", "ssh+h+uriexec+--cd+a%2Bb+ls").stdout.splitlines()[1],
               "2: in a b: /bin/sh -c ls")
    check_says(uriexec("--show", "--strict", "a%zz"), 64, "byte 2")


@tap.test
def show_is_laid_out_on_a_terminal():
    words = ["word" + str(i) for i in range(12)]
    farm.equal(on_terminal("--hop", "ssh host1", "--show", "--", "echo", *words), """\
1: /bin/sh -c
    exec ssh host1 env uriexec exec echo word0 word1 word2
      word3 word4 word5 word6 word7 word8 word9 word10
      word11
2: beyond ssh host1: /bin/sh -c
    exec echo word0 word1 word2 word3 word4 word5 word6
      word7 word8 word9 word10 word11
""")


@tap.test
def help_and_version_are_answers():
    found = uriexec("--help")
    farm.equal((found.returncode, found.stderr), (0, ""))
    for option in ("--cd DIR", "--shell SHELL", "--encode", "--hop LAUNCHER", "--show"):
        farm.contains(found.stdout, option)
    assert re.fullmatch(r"uriexec \(farmlock\) Version \d+\.\d+\.\d+\n", uriexec("--version").stdout)


@tap.test
def usage_errors_are_one_clear_line():
    for words, part in ((["--bad"], "--bad"), ([], "a command is missing"),
                        (["--encode"], "a command is missing"), (["--cd"], "--cd needs DIR"),
                        (["--hop", "ssh h"], "a command is missing"),
                        (["--hop", " ", "x"], "--hop ' '"), (["--hop", "a\nb", "x"], "a\\x0ab"),
                        (["--hop", "a", "--uriexec-path", "~/u", "x"], "'~/u'"),
                        (["--print", "x"], "--print goes with --hop"),
                        (["--check", "x"], "--check goes with --hop"),
                        (["--uriexec-path", "/u", "x"], "--uriexec-path goes with --hop"),
                        (["--shell-words", "x"], "--shell-words goes with"),
                        (["--encode", "--hop", "a", "x"], "--encode goes without"),
                        (["--encode", "--show", "x"], "--encode goes without"),
                        (["--encode", "--shell", "a", "x"], "--shell goes with neither"),
                        (["--encode", "--strict", "x"], "--strict goes with neither"),
                        (["--hop", "a", "--print", "--show", "x"], "--print goes with")):
        check_says(uriexec(*words), 64, part)


@tap.test
def a_message_is_one_write_and_one_line():
    near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with near, far:
        for word in ("--bad", "--cd=" + "x" * 5000, "a%00"):
            subprocess.run([URIEXEC, word, "true"], stderr=far, check=False)
            message = near.recv(1 << 16).decode()
            assert re.fullmatch(r"uriexec: [^\n]+\n", message), message
        near.setblocking(False)
        try:
            farm.equal(near.recv(1 << 16), "nothing more")
        except BlockingIOError:
            pass


@tap.test
def output_that_cannot_be_written_is_an_error():
    with open("/dev/full", "w", encoding="utf-8") as full:
        for words in (["--encode", "x"], ["--help"], ["--version"], ["--show", "x"]):
            found = subprocess.run([URIEXEC, *words], stdout=full, stderr=subprocess.PIPE,
                                   text=True, check=False)
            farm.equal(found.returncode, 71)
            farm.contains(found.stderr, "No space left")


def rooms_below(room):
    """Those that a room stands on, by lib/ROOMS."""
    with open(os.path.join(farm.SOURCE, "lib/ROOMS"), encoding="utf-8") as rooms:
        stands_on = {parts[0].strip(): parts[2].split() for parts in map(lambda line: line.split("|"), rooms)
                     if len(parts) > 3}
    return [f"lib/{name}" for name in stands_on[room] if name != "lib"]


@tap.test
def a_build_with_stack_protectors_everywhere_runs(folder):
    """Of what it consists of, as a build of all takes minutes."""
    own = "wrappers/uriexec"
    library = [os.path.relpath(path, farm.SOURCE) for path in glob.glob(f"{farm.SOURCE}/lib/*") if os.path.isfile(path)]
    for name in ("Makefile", own, *library, *rooms_below(own), "tests/tests.mk", "share/install.mk",
                 "share/packaging/packages.mk"):
        path, copy = os.path.join(farm.SOURCE, name), os.path.join(folder, name)
        os.makedirs(os.path.dirname(copy), exist_ok=True)
        (shutil.copytree if os.path.isdir(path) else shutil.copy)(path, copy)
    env = farm.environment(VARIANT=None)
    made = farm.run("make", f"-j{os.cpu_count()}", "WITH_ETCD=0", "CFLAGS=-O0 -g -fstack-protector-all",
                    "build/bin/uriexec", cwd=folder, env=env, timeout=farm.PATIENCE_S * 12)
    farm.equal((made.returncode, made.stderr), (0, ""))
    farm.equal(farm.run(f"{folder}/build/bin/uriexec", "echo+a").stdout, "a\n")


def fake_launchers(folder):
    """An ssh and an rsh that go nowhere but do to a command what the real ones do; their options
    and the host are words without blanks."""
    for name, shell in (("ssh", "tcsh"), ("rsh", "mksh")):
        path = os.path.join(folder, name)
        with open(path, "w", encoding="utf-8") as out:
            out.write("#!/bin/sh\nwhile [ \"${1#-}\" != \"$1\" ]; do shift; done\n"
                      f"FAR_HOST=$1; export FAR_HOST; shift\nexec {hosts.tool(shell)} -c \"$*\"\n")
        os.chmod(path, 0o755)
    hosts.uriexec_in(folder)
    return farm.environment(PATH=f"{folder}:{os.environ['PATH']}")


def examples_of(page):
    """The commands of a page's EXAMPLES, each with the output it promises; those for csh, behind a %,
    are in test_farmlock_page.py."""
    text = farm.run(hosts.tool("mandoc"), "-T", "utf8", "-O", "width=200", page).stdout
    text = re.sub(".\b", "", text)
    section = text.split("\nEXAMPLES\n")[1].split("\nDIAGNOSTICS\n")[0]
    examples = []
    for line in section.splitlines():
        found = re.match(r" {11}(\$ )?(.*)", line)
        if found and found.group(1):
            examples.append((found.group(2), []))
        elif found and examples and not found.group(2).startswith("% "):
            examples[-1][1].append(found.group(2))
    return examples


@tap.test
def the_examples_of_the_man_page_do_what_they_say(folder):
    env = fake_launchers(folder)
    page = os.path.join(farm.SOURCE, "share", "man", "man1", "uriexec.1")
    examples = examples_of(page)
    assert len(examples) >= 6, examples
    for command, output in examples:
        found = farm.run("/bin/sh", "-c", command, env=env, cwd=folder)
        farm.equal((command, (found.stdout + found.stderr).splitlines()), (command, output))


@tap.test
def the_launcher_script_runs_commands_beyond_gateways(folder):
    env = fake_launchers(folder)
    script = os.path.join(farm.SOURCE, "examples", "launch", "farmrun.sh")
    os.mkdir(os.path.join(folder, "my work"))
    here = os.path.join(folder, "my work")
    word = "a  'b' $c \"d\" !e"
    found = farm.run(script, "gate,node7", "sh", "-c", 'pwd; echo "$FAR_HOST $1"; exit 7', "sh",
                     word, env=env, cwd=here)
    farm.equal((found.returncode, found.stdout, found.stderr), (7, f"{here}\nnode7 {word}\n", ""))
    farm.equal(farm.run(script, "-l", "rsh -n", "gate,node7", "echo", word, env=env,
                        cwd=here).stdout, word + "\n")
    farm.contains(farm.run(script, "-n", "gate,node7", "ls", env=env, cwd=here).stdout,
                  "ssh gate env uriexec")
    for words in ([], ["gate"], ["-x", "gate", "ls"], [",", "ls"]):
        found = farm.run(script, *words, env=env, cwd=here)
        farm.equal(found.returncode, 64)
        farm.contains(found.stderr, "usage: farmrun.sh")


if __name__ == "__main__":
    farm.main()
