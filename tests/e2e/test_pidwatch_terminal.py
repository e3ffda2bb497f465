#!/usr/bin/env python3
"""pidwatch --kill-group and --kill-tree on a terminal, below each shell, here and behind ssh -tt."""

import os
import pty
import select
import signal
import time

from support import farm, hosts, tap
from support.pidstat_help import sleeper

PIDWATCH = farm.program("pidwatch")


class Terminal:
    """A command on a terminal of its own."""

    def __init__(self, *words):
        self.text = b""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            try:
                os.execvp(words[0], words)
            finally:
                os._exit(126)
        self.status = None
        farm.at_end(self.close)

    def close(self):
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.fd)

    def read(self):
        if select.select([self.fd], [], [], 0.05)[0]:
            try:
                self.text += os.read(self.fd, 4096)
            except OSError:  # nobody has the other end any more
                time.sleep(0.01)
        return self.text

    def expect(self, text, times=1):
        farm.poll(lambda: self.read().count(text.encode()) >= times,
                  lambda: f"{text!r} {times} times")

    def type(self, text):
        os.write(self.fd, text.encode())

    def has_ended(self):
        self.read()
        if self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self.status = os.waitstatus_to_exitcode(status) if pid else None
        return self.status is not None


def check_terminal(name, words, watched):
    """What is typed is read, as without pidwatch; and it ends with the watched process."""
    terminal = Terminal(*words)
    terminal.expect("ready")
    terminal.type("typed\n")
    try:
        terminal.expect("heard typed")
        terminal.type("\x04")
        farm.poll(terminal.has_ended, "the end of input ends it")
    except AssertionError as error:
        raise AssertionError(f"{name}: {terminal.text!r}") from error
    farm.equal((name, terminal.status), (name, 0))
    terminal = Terminal(*words)
    terminal.expect("ready")
    watched.kill()
    watched.wait()
    try:
        farm.poll(terminal.has_ended, "it ends with the watched process")
    except AssertionError as error:
        raise AssertionError(f"{name}: {terminal.text!r}") from error


def lines(watched, option, folder):
    """Command lines, below a shell that becomes its command and below one that stays."""
    reader = os.path.join(folder, "reader")
    with open(reader, "w", encoding="ascii") as file:
        file.write("#!/bin/sh\necho ready\nwhile read line; do echo heard $line; done\n")
    os.chmod(reader, 0o755)
    line = f"{PIDWATCH} --pid {watched.pid} {option} {reader}"
    return [line, f"{line}; true"]


@tap.test
def a_group_keeps_the_terminal_below_each_shell(folder):
    for name, shell in hosts.shells().items():
        for option in ("--kill-group", "--kill-tree"):
            for number in range(2):
                watched = sleeper()
                line = lines(watched, option, folder)[number]
                check_terminal(f"{name}: {line}", (shell, "-c", line), watched)


@tap.test
def a_group_keeps_the_terminal_behind_ssh(folder):
    sshd = hosts.Sshd(folder)
    print(f"# {sshd.how()}")
    for name in hosts.shells():
        for number in range(2):
            watched = sleeper()
            words = (*sshd.launcher(name, "-tt").split(), lines(watched, "--kill-group",
                                                                folder)[number])
            check_terminal(f"ssh -tt {name}", words, watched)


@tap.test
def a_key_stops_the_job_and_the_group_with_it(folder):
    watched = sleeper()
    terminal = Terminal("bash", "--norc", "--noprofile", "-i")
    terminal.type(f"sh -c '{lines(watched, '--kill-group', folder)[1]}'\n")
    terminal.expect("ready\r\n")
    terminal.type("\x1a")
    terminal.expect("Stopped")
    terminal.type("fg\n")
    terminal.type("typed\n")
    terminal.expect("heard typed")
    terminal.type("\x03")
    terminal.expect("^C")

    def has_prompt():
        terminal.type("echo $((1000 + 300))\n")
        time.sleep(0.1)
        return b"1300" in terminal.read()

    farm.poll(has_prompt, "the key ends the job")


farm.main()
