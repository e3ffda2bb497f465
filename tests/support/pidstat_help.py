"""What the tests of pidstatd, pidstat and pidwatch share."""

import os
import re
import select
import signal
import socket
import subprocess
import sys
import time

from support import farm, netns

# An address of this host that is no interface's, so that it is asked and not looked up.
ELSEWHERE = "127.0.0.77"
# Above the largest pid_max of Linux.
NO_PID = 4194304
# Another such address, where no test has a daemon.
SILENT = "127.0.0.78"
# Tells when it is ready, and never ends by itself.
READY = "echo ready; exec sleep 1000"


class Daemon:
    """A pidstatd in the foreground with its log."""

    def __init__(self, folder, *options, host=ELSEWHERE, enter=(), name="pidstatd"):
        self.port = farm.free_port(socket.SOCK_DGRAM)
        self.log_path = os.path.join(folder, f"{name}.log")
        where = ("--host", host) if host else ()
        with open(self.log_path, "wb") as log:
            self.process = farm.start(*enter, farm.program("pidstatd"), "--nofork", "--port",
                                      self.port, *where, *options, stderr=log)
        farm.poll(lambda: "listens on" in self.log(), "pidstatd is ready")

    def log(self):
        with open(self.log_path, encoding="utf-8") as log:
            return log.read()

    def counters(self):
        """Has it log its counters and returns them by name."""
        before = len(self._counter_lines())
        self.process.send_signal(signal.SIGUSR1)
        farm.poll(lambda: len(self._counter_lines()) > before, "counters are logged")
        return {name: int(number) for number, name in re.findall(r"(\d+) ([a-z ]+)", self._counter_lines()[-1])}

    def _counter_lines(self):
        # What is being written has no newline yet.
        return [line for line in self.log().split("\n")[:-1] if " questions, " in line]

    def memory_kb(self):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
            return int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1))


class Asker:
    """A UDP socket that sends what a test likes."""

    def __init__(self, port, host=ELSEWHERE):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_DGRAM)
        self.to = (host, port)
        farm.at_end(self.socket.close)

    def send(self, text):
        self.socket.sendto(text if isinstance(text, bytes) else text.encode(), self.to)

    def receive(self, patience_s=farm.PATIENCE_S):
        ready, _, _ = select.select([self.socket], [], [], patience_s)
        assert ready, "no answer"
        data, self.source = self.socket.recvfrom(2048)
        return data.decode()

    def ask(self, text):
        self.send(text)
        return self.receive()

    def is_silent(self, text):
        """True when a datagram is not answered, though one behind it is."""
        self.send(text)
        return self.ask("PIDR 1 marker 7") == "EXIS 1 1 marker"


def sleeper(*enter):
    """A process to ask about."""
    return farm.start(*enter, "sleep", "1000")


def start_time(pid):
    with open(f"/proc/{pid}/stat", encoding="latin-1") as stat:
        return int(stat.read().rpartition(")")[2].split()[19])


def seconds_until_end(pid, act, patience_s=farm.PATIENCE_S):
    """Calls act() and returns how long process pid then lives."""
    fd = os.pidfd_open(pid)
    try:
        begun = time.monotonic()
        act()
        ready, _, _ = select.select([fd], [], [], patience_s)
        assert ready, f"process {pid} still runs after {patience_s} s"
        return time.monotonic() - begun
    finally:
        os.close(fd)


def pidwatch(*words, enter=(), **options):
    """Starts a pidwatch that becomes its command."""
    return farm.start(*enter, farm.program("pidwatch"), *words, **options)


def run_pidwatch(*words, **options):
    return farm.run(farm.program("pidwatch"), *words, **options)


def started(*words, **options):
    """A pidwatch whose command says that it is ready."""
    process = pidwatch(*words, stdout=subprocess.PIPE, **options)
    farm.equal(read_line(process), b"ready\n")
    return process


def command_name(pid):
    with open(f"/proc/{pid}/comm", encoding="ascii") as file:
        return file.read().strip()


def watchers_of(pid):
    """Detached watchers: named pidwatch, with the process's number among their words."""
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/cmdline", "rb") as file:
                words = file.read().split(b"\0")
            with open(f"/proc/{name}/stat", encoding="latin-1") as file:
                state = file.read().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if words[0].endswith(b"/pidwatch") and str(pid).encode() in words and state not in "ZX":
            found.append(int(name))
    return found


def read_line(process):
    return process.stdout.readline()


def inside_pid_namespace(*command, **options):
    """Runs a command as the first child of a pid namespace with its own /proc."""
    return farm.run("unshare", "--pid", "--fork", "--mount-proc", "--kill-child", *command,
                    **options)


class Inside(Daemon):
    """A pidstatd in a container, where process 2 is a sleeper."""

    def __init__(self, folder, host=ELSEWHERE):
        super().__init__(folder, host=host, name="inside",
                         enter=("unshare", "--pid", "--fork", "--mount-proc", "--kill-child", "sh",
                                "-c", 'sleep 1000 & exec "$@"', "sh"))
        farm.at_end(self.process.kill)  # unshare ignores SIGTERM
        self.first, = children(self.process.pid)
        self.sleeper, = children(self.first)
        self.namespace = os.readlink(f"/proc/{self.first}/ns/pid")
        self.number = self.namespace[5:-1]

    def crash(self):
        """Ends the container; then its port is another's."""
        self.process.kill()
        self.process.wait()
        farm.poll(lambda: not farm.is_alive(self.first), "the daemon has ended with its container")


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(word) for word in file.read().split()]


def can_make_pid_namespace():
    if os.geteuid() != 0:
        return False
    return subprocess.run(["unshare", "--pid", "--fork", "--mount-proc", "true"], check=False,
                          capture_output=True).returncode == 0


def in_pid_namespace(path, name, folder):
    """Runs a function of a test's file where only its own processes have pids."""
    if not can_make_pid_namespace():
        netns.say("not tried: root and pid namespaces are needed to use a pid again")
        return
    result = inside_pid_namespace(sys.executable, os.path.abspath(path), "inside", name, folder)
    farm.equal((result.returncode, result.stderr), (0, ""))


def run_inside(functions):
    """What the file does there."""
    functions[sys.argv[2]](sys.argv[3])
    os._exit(0)


def reuse(pid):
    """Starts a process under a number that another one has had."""
    for _ in range(200):
        with open("/proc/sys/kernel/ns_last_pid", "w", encoding="ascii") as file:
            file.write(str(pid - 1))
        process = subprocess.Popen(["sleep", "1000"])
        if process.pid == pid:
            return process
        process.kill()
        process.wait()
    raise AssertionError(f"pid {pid} was not given again")
