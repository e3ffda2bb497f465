#!/usr/bin/env python3
"""The daemons' log as it goes to a real syslog daemon, which may be away, or stop reading."""

import os
import signal
import socket
import subprocess
import sys
import time

from support import farm, tap
from support.lockd import LOCKERD
from support.wire import Wire

INSIDE = "FARMLOCK_TEST_SYSLOG"
PIDSTATD = farm.program("pidstatd")
DEVICES = ("null", "zero", "full", "random", "urandom", "tty")


def enter_devices():
    """Runs this program again with a /dev of its own; or leaves it to needs_devices()."""
    if os.getuid() != 0 or INSIDE in os.environ:
        return
    script = ('d=$(mktemp -d) && mount -t tmpfs tmpfs "$d" && for n in ' + " ".join(DEVICES) +
              '; do touch "$d/$n" && mount --bind "/dev/$n" "$d/$n"; done; mkdir "$d/shm" && '
              'mount --move "$d" /dev && rmdir "$d" && exec "$0" "$@"')
    os.environ[INSIDE] = "1"
    os.execvp("unshare", ["unshare", "--mount", "sh", "-c", script, sys.executable, *sys.argv])


@tap.before_each
def needs_devices():
    if INSIDE not in os.environ:
        raise tap.Lacks("needs root, to have a /dev of its own")
    if subprocess.run(["busybox", "syslogd", "--help"], check=False, capture_output=True).returncode:
        raise tap.Lacks("needs busybox, with its syslogd")


class Syslog:
    """A syslogd that listens at /dev/log, and writes to a file."""

    def __init__(self, folder):
        self.path = f"{folder}/messages"
        open(self.path, "ab").close()
        self.start()

    def start(self):
        self.process = farm.start("busybox", "syslogd", "-n", "-O", self.path)
        farm.poll(lambda: os.path.exists("/dev/log"), "syslogd listens")

    def stop(self):
        farm.stop(self.process)
        if os.path.lexists("/dev/log"):
            os.unlink("/dev/log")

    def text(self):
        with open(self.path, encoding="utf-8") as file:
            return file.read()


def serve(folder, program=LOCKERD, *options):
    port = farm.free_port()
    server = farm.start(program, "--nofork", "--port", port, "--log", "syslog", *options)
    farm.poll(lambda: farm.answers(port), "it listens")
    return server, port


def log_a_line(port, number):
    """Has lockerd log one; of another owner each, as those of one kind are few a minute."""
    wire = Wire(port)
    wire.lock("ann", f"seat{number}")
    wire.send("user bob", f"locks seat{number}", "BREAK_LOCK")
    farm.equal(wire.line(), "print_broke ann")
    wire.close()


@tap.test
def a_syslogd_that_stops_holds_nobody_up(folder):
    syslog = Syslog(folder)
    server, port = serve(folder, LOCKERD, "--state", "none", "--debug")
    log_a_line(port, 0)
    farm.poll(lambda: f"lockerd[{server.pid}]: " in syslog.text(), "lines come there")
    farm.contains(syslog.text(), "daemon.")
    farm.freeze(syslog.process.pid)
    slowest = 0
    for number in range(1, 400):
        begun = time.monotonic()
        log_a_line(port, number)
        slowest = max(slowest, time.monotonic() - begun)
    print(f"# {slowest * 1000:.1f} ms at most", flush=True)
    assert slowest < 5, slowest
    syslog.process.send_signal(signal.SIGCONT)

    def is_told():
        log_a_line(port, 0)
        return "lines were lost for want of room in the log" in syslog.text()

    farm.poll(is_told, "what was lost is told")
    farm.stop(server)
    farm.equal(server.returncode, 0)


@tap.test
def pidstatd_in_the_background_logs_there_too(folder):
    """And answers while the syslogd does not read."""
    syslog = Syslog(folder)
    port = farm.free_port(socket.SOCK_DGRAM)
    farm.equal(farm.run(PIDSTATD, "--fork", "--port", port, "--pid-file", f"{folder}/pid").returncode, 0)
    with open(f"{folder}/pid", encoding="ascii") as file:
        pid = int(file.read())
    try:
        farm.poll(lambda: "]: listens on" in syslog.text(), "its line comes there")
        farm.contains(syslog.text(), "daemon.info pidstatd[")
        farm.freeze(syslog.process.pid)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
            asker.settimeout(10)
            asker.connect(("127.0.0.1", port))
            for _ in range(400):
                os.kill(pid, signal.SIGUSR1)  # a line in the log each
                asker.send(f"PIDR {pid} farm1 3".encode())
                farm.contains(asker.recv(200).decode(), f"EXIS {pid} 1 farm1")
        syslog.process.send_signal(signal.SIGCONT)

        def has_room():
            os.kill(pid, signal.SIGUSR1)
            return "400 questions" in syslog.text()

        farm.poll(has_room, "there is room for lines again")
    finally:
        os.kill(pid, signal.SIGTERM)
    farm.poll(lambda: "ends by signal 15" in syslog.text(), "its last line comes there")


@tap.test
def a_syslogd_that_comes_late_or_anew_is_found(folder):
    server, port = serve(folder, LOCKERD, "--state", "none", "--debug")
    log_a_line(port, 0)
    for _ in range(2):
        syslog = Syslog(folder)
        before = len(syslog.text())

        def comes(log=syslog, at=before):
            log_a_line(port, 0)
            return f"lockerd[{server.pid}]: " in log.text()[at:]

        farm.poll(comes, "lines come there")
        syslog.stop()
    farm.stop(server)


if __name__ == "__main__":
    enter_devices()
    farm.main()
