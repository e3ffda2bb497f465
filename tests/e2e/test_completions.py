#!/usr/bin/python3
"""What bash, zsh, fish and tcsh complete, typed into each of them in a terminal."""

import os
import pty
import select
import shutil
import signal
import socket
import termios
import time

from support import farm, tap
from support.lockd import Server

PROGRAMS = sorted(os.listdir(os.path.join(farm.BUILD, "bin")))
SHELLS = ("bash", "zsh", "fish", "tcsh")
ODD = "odd$(touch${IFS}hit)`touch${IFS}hit`;'\"*"

# Stands for each program: keeps its words, but lets lockersh list.
STUB = """#!/bin/sh
case "$*" in *--locklist*) [ $# = 3 ] && exec {real} "$@";; esac
for word; do printf '%s\\n' "$word"; done >{folder}/words.new
mv {folder}/words.new {folder}/words
"""

START = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], """for f in {data}/bash/*; do . "$f"; done
"""),
    "zsh": (["zsh", "-f", "-i"], """fpath=({data}/zsh $fpath)
autoload -Uz compinit
compinit -u -D
_farmcommand() {{ _arguments --special; }}
compdef _farmcommand farmcommand
"""),
    "fish": (["fish", "--no-config", "-i"], """set -p fish_complete_path {data}/fish
complete -c farmcommand -l special
"""),
    "tcsh": (["tcsh", "-f", "-i"], "source {data}/tcsh/all\n"),
}


def built():
    return [name for name in PROGRAMS if os.path.exists(farm.program(name))]


def completion(program, shell):
    result = farm.run(farm.program(program), "--completion", shell)
    farm.equal((result.returncode, result.stderr), (0, ""))
    return result.stdout


def write(path, text, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, mode)


def prepare(folder):
    """Puts stubs and completions where the shells are to find them."""
    for name in built():
        write(f"{folder}/bin/{name}", STUB.format(real=farm.program("lockersh"), folder=folder),
              0o755)
        write(f"{folder}/bash/{name}", completion(name, "bash"))
        write(f"{folder}/zsh/_{name}", completion(name, "zsh"))
        write(f"{folder}/fish/{name}.fish", completion(name, "fish"))
    write(f"{folder}/tcsh/all", "".join(completion(name, "tcsh") for name in built()))
    write(f"{folder}/bin/farmcommand", "#!/bin/sh\n", 0o755)
    write(f"{folder}/home/file with blank", "")
    os.makedirs(f"{folder}/home/sub/folder")


class Terminal:
    """A shell in a terminal, in which one can type."""

    def __init__(self, folder, shell, **environment):
        self.folder, self.shell = folder, shell
        command, self.setup = START[shell]
        env = farm.environment(PATH=f"{folder}/bin:{os.environ['PATH']}", TERM="vt100",
                               HOME=f"{folder}/home", LC_ALL="C.UTF-8", PS1="$ ",
                               **environment)
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(f"{folder}/home")
            os.execvpe(command[0], command, env)
        farm.at_end(self.close)
        termios.tcsetwinsize(self.fd, (50, 200))
        self.seen = b""
        for line in self.setup.format(data=folder).splitlines():
            self.type(line + "\n")
        farm.equal(self.words("pidstat ready"), ["ready"])

    def close(self):
        os.kill(self.pid, signal.SIGKILL)
        os.close(self.fd)
        os.waitpid(self.pid, 0)

    def read(self):
        while select.select([self.fd], [], [], 0)[0]:
            self.seen += os.read(self.fd, 65536)

    def type(self, text):
        os.write(self.fd, text.encode())

    def words(self, typed):
        """Types a line, with a tab in it or not, and returns the words that the program gets."""
        path = f"{self.folder}/words"
        if os.path.exists(path):
            os.unlink(path)
        self.type(typed)
        time.sleep(0.05)
        self.type("\n")

        def are_there():
            self.read()
            return os.path.exists(path)

        try:
            farm.poll(are_there, f"{self.shell} runs {typed!r}")
        except AssertionError:
            print(f"# {self.shell} shows: {self.seen[-2000:]!r}")
            raise
        with open(path, encoding="utf-8") as words:
            return words.read().splitlines()


def shells(folder, **environment):
    prepare(folder)
    for shell in SHELLS:
        if not shutil.which(shell):
            raise tap.Lacks(f"there is no {shell} here")
    for shell in SHELLS:
        yield shell, Terminal(folder, shell, **environment)


@tap.test
def scripts_know_the_options_of_help():
    for name in built():
        text = farm.run(farm.program(name), "--help").stdout
        options = {word[2:] for word in text.split() if word.startswith("--")}
        options = {word.strip(",.;:]") for word in options}
        for shell in SHELLS:
            script = completion(name, shell)
            for option in options:
                assert option in script, (name, shell, option)
    farm.equal(farm.run(farm.program("lockersh"), "--completion", "ksh").returncode, 64)


@tap.test
def scripts_are_accepted(folder):
    prepare(folder)
    for name in built():
        for shell, path in (("bash", f"bash/{name}"), ("zsh", f"zsh/_{name}"),
                            ("fish", f"fish/{name}.fish")):
            result = farm.run(shell, "-n", f"{folder}/{path}")
            farm.equal((name, shell, result.returncode, result.stderr), (name, shell, 0, ""))
        if shutil.which("shellcheck"):
            result = farm.run("shellcheck", "-s", "bash", f"{folder}/bash/{name}")
            farm.equal((name, result.stdout), (name, ""))
    result = farm.run("tcsh", "-f", "-c", f"source {folder}/tcsh/all; complete lockersh")
    farm.equal((result.returncode, result.stderr), (0, ""))
    farm.contains(result.stdout, "locklist")


@tap.test
def options_and_arguments_are_completed(folder):
    for shell, terminal in shells(folder):
        for typed, expected in (
                ("lockersh --pin\t", ["--ping"]),
                ("lockersh --verb\t--nonb\t", ["--verbose", "--nonblock"]),
                ("lockerd --nof\t", ["--nofork"]),
                ("lockerd --durability pr\t", ["--durability", "process"]),
                ("lockreport --by us\t", ["--by", "user"]),
                ("pidstatd --user daem\t", ["--user", "daemon"]),
                ("lockersh --path fil\t", ["--path", "file with blank"]),
                ("uriexec --cd su\t", ["--cd", "sub"]),
                ("pidstat ex\t", ["exists"]),
                ("pidstat exists --sil\t", ["exists", "--silent"]),
                ("pidwatch --signal US\t1", ["--signal", "USR1"]),
                ("lockersh --lock a farmcomm\t", ["--lock", "a", "farmcommand"]),
                ("pidwatch --pid 1 -- farmcomm\t", ["--pid", "1", "--", "farmcommand"]),
                ("uriexec farmcomm\t", ["farmcommand"])):
            # Some shells take the slash behind a folder away again.
            found = [word.rstrip("/") for word in terminal.words(typed)]
            farm.equal((shell, typed, found), (shell, typed, expected))


@tap.test
def arguments_behind_an_equals_sign_are_completed(folder):
    for shell, terminal in shells(folder):
        if shell == "tcsh":  # it has words only
            continue
        for typed, expected in (("lockerd --durability=pr\t", ["--durability=process"]),
                                ("lockersh --path=fil\t", ["--path=file with blank"])):
            farm.equal((shell, typed, terminal.words(typed)), (shell, typed, expected))


@tap.test
def words_of_the_command_are_completed_as_its_own(folder):
    for shell, terminal in shells(folder):
        if shell == "tcsh":  # cannot tell them from ours; a path is a file at least
            farm.equal(terminal.words("lockersh --lock a farmcommand ./fil\t"),
                       ["--lock", "a", "farmcommand", "./file with blank"])
            continue
        if shell == "bash":  # the part of bash-completion, which is told where the command begins
            terminal.type("_command_offset() { COMPREPLY=(\"${COMP_WORDS[$1]}-is-asked\"); }\n")
        for program in ("lockersh --lock a", "pidwatch --pid 1", "uriexec --cd /"):
            found = terminal.words(f"{program} farmcommand --spec\t")
            own = ["farmcommand-is-asked"] if shell == "bash" else ["--special"]
            farm.equal((shell, found), (shell, program.split()[1:] + ["farmcommand"] + own))


@tap.test
def held_locks_are_completed(folder):
    server = Server(f"{folder}")
    for name in ("zebra", ODD):
        server.wire().ask("user somebody", f"locks {name}", "LOCK")
    for shell, terminal in shells(folder, IPCLOCKER_HOST="127.0.0.1", IPCLOCKER_PORT=server.port):
        for typed, expected in (("lockersh --owner zeb\t", ["--owner", "zebra"]),
                                ("lockreport zeb\t", ["zebra"])):
            farm.equal((shell, typed, terminal.words(typed)), (shell, typed, expected))
        if shell == "tcsh":  # no way to quote
            farm.equal(terminal.words("lockersh --owner odd\t"), ["--owner", "odd"])
            continue
        for typed, expected in (("lockersh --lock a:zeb\t", ["--lock", "a:zebra"]),
                                ("lockersh --owner=zeb\t", ["--owner=zebra"]),
                                ("lockersh --break odd\t", ["--break", ODD])):
            farm.equal((shell, typed, terminal.words(typed)), (shell, typed, expected))
    assert not os.path.exists(f"{folder}/home/hit")


@tap.test
def a_silent_server_does_not_hold_the_shell_up(folder):
    silent = socket.create_server(("127.0.0.1", 0))
    farm.at_end(silent.close)
    for shell, terminal in shells(folder, IPCLOCKER_HOST="127.0.0.1",
                                  IPCLOCKER_PORT=silent.getsockname()[1]):
        begun = time.monotonic()
        farm.equal(terminal.words("lockersh --owner zeb\t"), ["--owner", "zeb"])
        print(f"# {shell}: {time.monotonic() - begun:.1f} s")
        assert time.monotonic() - begun < 5, shell


def bash_replies(folder, *words):
    """What the function alone says of words, as bash splits them, the last of which is at hand."""
    script = f". {folder}/bash/{words[0]}; shift; COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); " \
             f"_{words[0]}; printf '%s\\n' \"${{COMPREPLY[@]}}\""
    result = farm.run("bash", "-c", script, "bash", folder, *words)
    farm.equal(result.stderr, "")
    return result.stdout.split()


@tap.test
def the_function_of_bash_works_by_itself(folder):
    prepare(folder)
    farm.equal(bash_replies(folder, "lockersh", "--co"),
               ["--count", "--conflict-exit-code", "--connect-tries", "--connect-delay"])
    farm.equal(bash_replies(folder, "lockerd", "--durability", ""), ["power", "process"])
    farm.equal(bash_replies(folder, "lockerd", "-durability", "pow"), ["power"])
    farm.equal(bash_replies(folder, "lockersh", "--count", ""), [])
    farm.equal(bash_replies(folder, "lockersh", "-w", "5", "--ver"), ["--verbose", "--version"])
    farm.equal(bash_replies(folder, "pidstat", "exists", ""), [])
    farm.contains(bash_replies(folder, "lockersh", "--lock", "a", "bas"), "bash")


if __name__ == "__main__":
    farm.main()
