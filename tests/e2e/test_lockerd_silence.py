#!/usr/bin/python3
"""Owners of whom nothing is heard: shown in any case, and over when that was agreed."""

import json
import os
import re
import signal
import subprocess
import time

from support import farm, netns, tap
from support.lockd import Server
from support.locking import LOCKERD, LOCKERSH, Farm, start_blind_server

PIDSTATD = farm.program("pidstatd")


class Cut:
    """A server and a client on hosts of their own, whose link can be cut."""

    def __init__(self, folder, *options):
        if netns.missing():
            raise tap.Lacks(netns.missing())
        hosts = netns.network(folder, ("server", "client"))
        self.server, self.client = hosts["server"], hosts["client"]
        self.port = str(farm.free_port())
        self.log = os.path.join(folder, "log")
        with open(self.log, "ab") as log:
            self.server.start(LOCKERD, "--nofork", "--state", "none", "--host", "0.0.0.0", "--port",
                              self.port, *options, stderr=log)
        farm.poll(lambda: self.run(self.server, "--ping").returncode == 0, "lockerd serves")

    def run(self, host, *words):
        return host.run(LOCKERSH, "--dhost", "server", "--port", self.port, *words)

    def lock(self, name="a"):
        document = json.loads(self.run(self.server, "--locklist", "--json").stdout)
        return next((lock for lock in document["locks"] if lock["name"] == name), None)

    def hold(self, *words, **options):
        job = self.client.start(LOCKERSH, "--dhost", "server", "--port", self.port, "--lock", "a",
                                *words, "--exec", "sleep", "1000", stderr=subprocess.PIPE, text=True,
                                **options)
        farm.at_end(lambda: farm.kill_pid(job.pid))
        farm.poll(self.lock, "it is held")
        return job

    def logged(self):
        with open(self.log, encoding="utf-8") as log:
            return log.read()


@tap.test
def who_is_cut_off_loses_it_and_is_told(folder):
    lab = Cut(folder)
    job = lab.hold("--lost-after", "8")
    farm.equal((lab.lock()["connected"], lab.lock()["silent_seconds"] < 8), (True, True))
    lab.client.cut_off()
    farm.poll(lambda: lab.lock()["silent_seconds"] >= 5, "it is shown to be silent")
    farm.equal(lab.lock()["connected"], True)
    farm.poll(lambda: lab.lock() is None, "it is lost")
    farm.contains(lab.logged(), "nothing was heard of client_")
    lab.client.join_again()
    farm.contains(job.stderr.readline(), "was lost: the server has heard nothing of us for too long")


@tap.test
def who_comes_back_in_time_keeps_it(folder):
    lab = Cut(folder, "--lost-after", "12")
    lab.hold()
    lab.client.cut_off()
    farm.poll(lambda: lab.lock()["silent_seconds"] >= 6, "it is shown to be silent")
    lab.client.join_again()
    farm.poll(lambda: lab.lock()["silent_seconds"] < 4, "it is heard again")
    began = time.monotonic()
    farm.poll(lambda: time.monotonic() > began + 14, "it would have been lost")
    assert lab.lock() is not None, lab.logged()


def leave_alone(lab, lock, *words):
    """A holder whose monitor was killed, on another host as far as the server knows."""
    job = lab.start("--lock", lock, *words, "--exec", "sleep", "1000",
                    env=farm.environment(IPCLOCKER_HOST="127.0.0.1", IPCLOCKER_PORT=lab.port))
    farm.poll(lambda: lock in lab.locks(), f"{lock} is held")
    os.kill(lab.poll_monitor(lock), signal.SIGKILL)
    return job


def blind_server(*options):
    """A lockerd that sees no process of its host, as if it was on another."""
    server, port = start_blind_server(*options)
    lab = Farm(port=port)
    lab.server = server
    return lab


@tap.test
def one_without_session_and_pidstatd_is_silent():
    lab = blind_server("--pidstat-port", "none")
    leave_alone(lab, "a", "--lost-after", "3")
    leave_alone(lab, "b")
    farm.poll(lambda: lab.locks().get("b", {}).get("silent_seconds", 0) >= 2, "it is shown")
    farm.equal(lab.locks()["b"]["connected"], False)
    lab.poll_free("a")
    farm.equal(set(lab.locks()), {"b"})


@tap.test
def one_whose_pidstatd_answers_is_not():
    port = farm.free_port(kind=farm.socket.SOCK_DGRAM)
    daemon = farm.start(PIDSTATD, "--nofork", "--port", str(port), stderr=subprocess.DEVNULL)
    lab = blind_server("--pidstat-port", str(port), "--lost-after", "3")
    leave_alone(lab, "a")
    began = time.monotonic()
    farm.poll(lambda: time.monotonic() > began + 6, "it would have been lost")
    farm.equal((lab.locks()["a"]["connected"], lab.locks()["a"]["silent_seconds"]), (False, 0))
    daemon.kill()
    daemon.wait()
    lab.poll_free("a")


@tap.test
def one_that_the_server_sees_is_not():
    lab = Farm()
    job = leave_alone(lab, "a", "--lost-after", "2")
    began = time.monotonic()
    farm.poll(lambda: time.monotonic() > began + 4, "it would have been lost")
    farm.equal(lab.locks()["a"]["silent_seconds"], 0)
    job.kill()
    lab.poll_free("a")


@tap.test
def a_server_that_stood_still_has_heard_nothing():
    lab = blind_server("--pidstat-port", "none")
    leave_alone(lab, "a", "--lost-after", "6")
    with open(f"/proc/{lab.server.pid}/task/{lab.server.pid}/children", encoding="ascii") as children:
        server = int(children.read())
    farm.freeze(server)
    began = time.monotonic()
    farm.poll(lambda: time.monotonic() > began + 10, "it stood still for longer than it may be silent")
    os.kill(server, signal.SIGCONT)
    farm.poll(lambda: lab.locks()["a"]["silent_seconds"] < 6, "it is noted that it stood still")
    lab.poll_free("a")


@tap.test
def what_was_agreed_is_kept_over_a_restart(folder):
    """And silence begins anew: nothing could be heard meanwhile."""
    server = Server(folder)
    server.restart("--pidstat-port", "none")
    wire = server.wire()
    wire.send("proto 2", "user ann", "hostname far.away", "pid 77", "autounlock 1",
              "process 700 01234567-89ab-cdef-0123-456789abcdef 4026531836", "lost-after 4",
              "locks a", "LOCK")
    farm.poll(lambda: "a" in Farm(server.port).locks(), "it is held")
    wire.close()
    server.restart("--pidstat-port", "none")
    farm.equal(set(Farm(server.port).locks()), {"a"})
    Farm(server.port).poll_free("a")
    # A busy server looks later.
    assert re.search(r"nothing was heard of ann for ([4-9]|\d\d+) s", server.log()), server.log()


if __name__ == "__main__":
    farm.main()
