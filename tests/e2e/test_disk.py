#!/usr/bin/python3
"""A lock server whose disk is full, read-only, or hangs: what cannot be kept is not granted, and
service resumes by itself."""

import os
import shutil
import socket
import sqlite3
import subprocess
import time

from support import built, farm, tap
from support.lockd import LOCKERD, Server, identity, serves, sleeper
from support.neighbour import memory_kb
from support.pidstat_help import SILENT
from support.plenty import MANY, hold_each
from support.wire import Wire

REFUSAL = "the state cannot be written"


def read_log(folder):
    with open(f"{folder}/log", encoding="utf-8") as log:
        return log.read()


class Mounted:
    """A lockerd with a file system of its own at `disk`, which nobody else sees."""

    def __init__(self, folder, mount):
        self.folder, self.disk = folder, f"{folder}/disk"
        self.port = farm.free_port()
        os.mkdir(self.disk)
        log = open(f"{folder}/log", "ab")
        farm.at_end(log.close)
        self.server = farm.start("unshare", "-m", "sh", "-c", f"{mount} && exec \"$@\"", "sh",
                                 LOCKERD, "--nofork", "--port", self.port, "--state",
                                 f"{self.disk}/lockerd.db", stderr=log)
        farm.poll(self.is_up, "lockerd serves")

    def is_up(self):
        farm.equal((self.server.poll(), read_log(self.folder) if self.server.poll() else ""),
                   (None, ""))
        return serves(self.port)

    def inside(self, *command):
        """Runs a command that sees the file system."""
        result = farm.run("nsenter", "--target", self.server.pid, "--mount", *command)
        farm.equal((command, result.returncode, result.stderr), (command, 0, ""))
        return result.stdout.strip()

    def expect_refusals(self):
        """Of whatever would change something; ann holds a, which can still be seen."""
        wire = Wire(self.port)
        farm.contains(wire.ask("user bob", "locks b", "LOCK")["error"], "try again later")
        farm.contains(wire.ask("user ann", "locks a", "UNLOCK")["error"], "try again later")
        farm.equal(Wire(self.port).ask("user x", "locks a", "STATUS"),
                   {"owner": "ann", "locked": "0"})
        wire.send("LOCK_LIST")
        farm.contains(wire.line(), "lock a ann")
        time.sleep(2.2)
        farm.equal(read_log(self.folder).count("cannot be written"), 1)

    def expect_service(self):
        farm.poll(lambda: "error" not in Wire(self.port).ask("user bob", "locks b", "LOCK"),
                  "the server has resumed")
        farm.contains(read_log(self.folder), "can be written again")
        farm.equal(Wire(self.port).ask("user ann", "locks a", "UNLOCK"),
                   {"owner": "", "locked": "0"})


def lock_until_refused(port):
    """What there was room for must have been granted."""
    for number in range(10000):
        wire = Wire(port)
        wire.send(f"user u{number}", f"locks used{number}", "LOCK")
        line = wire.line()
        if line.startswith("error"):
            farm.equal(wire.line(), None)
            return line
        answer = wire.status()
        if "error" in answer:
            return "error " + answer["error"]
        wire.close()
    raise AssertionError("the disk never failed")


@tap.test
def on_a_full_disk_nothing_changes_and_service_resumes_by_itself(folder):
    """The disk is filled and emptied through /proc."""
    if farm.run("unshare", "-m", "true").returncode != 0:
        raise tap.Lacks("mount namespaces")
    server = Mounted(folder, f"mount -t tmpfs -o size=1m none {folder}/disk")
    disk = f"/proc/{server.server.pid}/root{folder}/disk"
    Wire(server.port).ask("user ann", "locks a", "LOCK")
    with open(f"{disk}/filling", "wb", buffering=0) as filling:
        try:
            while True:
                filling.write(b"\0" * 4096)
        except OSError:
            pass
    farm.contains(lock_until_refused(server.port), REFUSAL)
    server.expect_refusals()
    os.unlink(f"{disk}/filling")
    server.expect_service()


def lacks_for_a_broken_disk(folder):
    if os.geteuid() != 0:
        return "root"
    for name in ("mkfs.ext4", "fsck.ext4", "losetup", "findmnt", "nsenter"):
        if not shutil.which(name):
            return name
    with open(f"{folder}/image", "wb") as image:
        image.truncate(16 << 20)
    farm.equal(farm.run("mkfs.ext4", "-q", "-F", f"{folder}/image").returncode, 0)
    os.mkdir(f"{folder}/probe")
    probe = farm.run("unshare", "-m", "mount", "-o", "loop", f"{folder}/image", f"{folder}/probe")
    return "" if probe.returncode == 0 else "loop devices"


@tap.test
def a_disk_that_turns_read_only_is_used_again_when_it_was_repaired(folder):
    """The kernel refuses to make a file system read-only whose files are written to; but ext4 does
    that itself at the first error, which it can be told to find, and it is mounted anew then."""
    lacks = lacks_for_a_broken_disk(folder)
    if lacks:
        raise tap.Lacks(lacks)
    mount = f"mount -o loop,errors=remount-ro {folder}/image {folder}/disk"
    server = Mounted(folder, mount)
    Wire(server.port).ask("user ann", "locks a", "LOCK")
    device = os.path.basename(server.inside("findmnt", "-no", "SOURCE", server.disk))
    with open(f"/sys/fs/ext4/{device}/trigger_fs_error", "w", encoding="ascii") as trigger:
        trigger.write("1")
    farm.contains(lock_until_refused(server.port), REFUSAL)
    server.expect_refusals()
    farm.contains(read_log(folder), "Read-only file system")
    server.inside("umount", "--lazy", server.disk)
    # A copy from long ago, below the mount point, is not taken for the state.
    old = Server(folder, state=f"{folder}/old.db")
    farm.stop(old.process)
    server.inside("cp", f"{folder}/old.db", f"{server.disk}/lockerd.db")
    time.sleep(2.2)
    farm.contains(Wire(server.port).ask("user bob", "locks b", "LOCK")["error"], REFUSAL)
    farm.poll(lambda: device not in os.listdir("/sys/fs/ext4"), "the old mount has gone")
    # It says so with 1 that it has repaired something.
    assert farm.run("fsck.ext4", "-p", "-f", f"{folder}/image").returncode in (0, 1)
    server.inside("sh", "-c", mount)
    server.expect_service()


class Hanging(Server):
    """A layer under the server has its writes wait while `flag` is there."""

    def __init__(self, folder, *options):
        self.flag = f"{folder}/hangs"
        super().__init__(folder, *options, LD_PRELOAD=os.path.join(farm.BUILD, "tests", "failing_disk.so"),
                         FAILING_DISK_WHEN=self.flag,
                         FAILING_DISK_PATH=os.path.join(folder, "state"))
        farm.at_end(self.go_on)

    def hang(self):
        with open(self.flag + ".new", "w", encoding="ascii") as out:
            out.write("hang")
        os.rename(self.flag + ".new", self.flag)

    def go_on(self):
        if os.path.exists(self.flag):
            os.unlink(self.flag)


def version(port):
    wire = Wire(port)
    wire.send("VERSION")
    return wire.line()


@tap.test
def who_needs_no_commit_is_answered_while_the_disk_hangs(folder):
    server = Hanging(folder)
    kept = server.wire()
    server.hang()
    waits = server.wire()
    waits.send("user ann", "locks a", "LOCK")
    farm.equal(waits.is_silent(0.3), True)
    farm.contains(version(server.port), "version ")
    kept.send("VERSION")
    farm.contains(kept.line(), "version ")
    # What it said comes in order, and a status would tell of the grant.
    waits.send("VERSION")
    kept.line()
    kept.send("user bob", "locks a", "STATUS")
    farm.equal(waits.is_silent(0.3) and kept.is_silent(0.1), True)
    server.go_on()
    farm.equal(waits.status()["locked"], "1")
    farm.contains(waits.line(), "version ")
    farm.equal(kept.status(), {"owner": "ann", "locked": "0"})


@tap.test
def a_disk_that_hangs_is_reported_and_service_resumes_by_itself(folder):
    server = Hanging(folder)
    server.wire().ask("user ann", "locks a", "LOCK")
    server.hang()
    waits = server.wire()
    waits.send("user bob", "locks b", "LOCK")
    farm.poll(lambda: "has not answered for" in server.log(), "the log says so")
    for lines in (["user cat", "locks c", "LOCK"], ["user ann", "locks a", "UNLOCK"],
                  ["user cat", "locks b", "STATUS"], ["LOCK_LIST"]):
        wire = Wire(server.port)
        wire.send(*lines)
        farm.contains(wire.line(), f"error {REFUSAL} (its disk has not answered for ")
        farm.equal(wire.line(), None)
    farm.contains(version(server.port), "version ")
    farm.equal(waits.is_silent(), True)
    farm.equal(server.log().count("cannot be written"), 1)
    server.go_on()
    farm.equal(waits.status()["locked"], "1")
    farm.equal(server.wire().ask("user cat", "locks c", "LOCK")["locked"], "1")
    farm.equal(server.held(), {"a": "ann", "b": "bob", "c": "cat"})
    farm.contains(server.log(), "answers again")
    server.restart()
    farm.equal(server.held(), {"a": "ann", "b": "bob", "c": "cat"})


def ends(server):
    """{lock: when it was given back}, of a server that is stopped."""
    farm.stop(server.process)
    with sqlite3.connect(server.state) as state:
        found = dict(state.execute("SELECT lock, ended_ms FROM history WHERE past = 0"))
    state.close()
    return found


@tap.test
def what_the_dead_held_is_not_released_while_the_disk_hangs(folder):
    """Neither of a process that is seen to end, nor of one that is believed to have."""
    server, process = Hanging(folder, "--pidstat-port", farm.free_port()), sleeper()
    for lock, *lines in (("seen", f"hostname {socket.gethostname()}", f"pid {process.pid}",
                          identity(process.pid)), ("said", f"hostname {SILENT}", "pid 77")):
        status = server.wire().lock(lock, lock, 0, *lines, "autounlock 1")
        farm.equal(status["locked"], "1")
    reporter, waits = server.wire(), server.wire()
    server.hang()
    waits.send("user bob", "locks b", "LOCK")
    # As late as it is still taken, for it is believed 3 seconds later.
    time.sleep(4.5)
    reporter.send(f"DEAD_PID {SILENT} 77", "VERSION")
    farm.contains(reporter.line(), "version ")
    farm.poll(lambda: "has not answered for" in server.log(), "the log says so")
    process.kill()
    farm.poll(lambda: "of seen has ended" in server.log(), "its end is seen")
    time.sleep(4)
    answers_ms = int(time.time() * 1000)
    server.go_on()
    farm.equal(waits.status()["locked"], "1")
    farm.poll(lambda: server.held() == {"b": "bob"}, "what the dead held is given back")
    early = {lock: answers_ms - ended_ms for lock, ended_ms in ends(server).items() if ended_ms < answers_ms - 500}
    farm.equal(early, {})


def count_answers(wire, count):
    """Reads the statuses of so many LOCKs that have waited, and were ended."""
    found = 0
    while found < count:
        line = wire.line()
        assert line is not None and not line.startswith("error"), line
        found += line.startswith("locked ")
    farm.equal(wire.line() + wire.line(), "")


@tap.test
def nobody_is_read_from_while_batches_pile_up(folder):
    """300 MB of changes come while the disk hangs, for less than the time after which it counts as
    broken, of few clients that say much and of many that say little; 32 MB of these are taken."""
    built.need_plain()
    server = Hanging(folder, "--client-history", "0", "--pidstat-port", "none")
    names = " ".join(f"{n}{'x' * 190}" for n in range(300))
    farm.equal(server.wire().ask("user holder", f"locks {names}", "count 300", "LOCK")["locked"], "1")
    crowd = [(server.wire(), 300) for _ in range(10)] + [(server.wire(), 14) for _ in range(150)]
    neighbour = server.wire(source="127.0.0.9")
    before, begun = memory_kb(server.process.pid), time.monotonic()
    server.hang()
    for n, (wire, asked) in enumerate(crowd):
        wire.send(f"user w{n}", f"locks {names}", "block 1", *(asked * ["LOCK", "CANCEL"]))
        if n >= 10:
            neighbour.send("VERSION")
            farm.contains(neighbour.line() + neighbour.line(), "version ")
    grown = memory_kb(server.process.pid) - before
    server.go_on()
    print(f"# {grown >> 10} MB in {time.monotonic() - begun:.1f} s", flush=True)
    assert grown < 100_000, grown
    for wire, asked in crowd:
        count_answers(wire, asked)
    farm.equal(server.wire().ask("user late", "locks late", "LOCK")["locked"], "1")


def cpu_s(pid):
    """What a process has used of processors."""
    with open(f"/proc/{pid}/stat", encoding="latin-1") as stat_file:
        words = stat_file.read().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


@tap.test
def what_ends_in_parts_waits_while_the_disk_hangs(folder):
    server = Hanging(folder, "--client-history", "0", "--pidstat-port", "none")
    names, job = [f"n{n}{'x' * 190}" for n in range(2 * MANY)], "j" * 190
    hold_each(server.wire(source="127.0.0.2"), len(names), f"user {'u' * 190}", f"job {job}", names=names)
    server.hang()
    reporter = server.wire(source="127.0.0.3")
    reporter.send(f"DEAD_JOB {job}")
    farm.poll(lambda: "has not answered for" in server.log(), "the log says so")
    used_s, grown = cpu_s(server.process.pid), memory_kb(server.process.pid)
    farm.equal(reporter.is_silent(3), True)
    used_s, grown = cpu_s(server.process.pid) - used_s, memory_kb(server.process.pid) - grown
    assert "has ended, says" not in server.log(), "it has ended"
    assert used_s < 1 and grown < 8_000, f"{used_s} s of a processor, {grown} kB"
    server.go_on()
    farm.equal(reporter.line(), f"ended {len(names)}")
    farm.equal(server.held(), {})


@tap.test
def a_server_whose_disk_hangs_can_be_stopped(folder):
    server = Hanging(folder)
    server.wire().ask("user ann", "locks a", "LOCK")
    server.hang()
    waits = server.wire()
    waits.send("user bob", "locks b", "LOCK")
    farm.equal(waits.is_silent(), True)
    begun = time.monotonic()
    server.process.terminate()
    try:
        farm.equal(server.process.wait(40), 0)
    except subprocess.TimeoutExpired:
        raise AssertionError("the server goes on") from None
    print(f"# stopped in {time.monotonic() - begun:.1f} s", flush=True)
    farm.contains(server.log(), "does not answer: gone on without the last changes")
    farm.equal(waits.line(), None)
    server.go_on()
    server.start()
    farm.equal(server.held(), {"a": "ann"})


if __name__ == "__main__":
    farm.main()
