"""A lockerd that can be killed and started again with the same port and state."""

import json
import os
import socket
import subprocess

from support import farm
from support.wire import Wire

LOCKERD = farm.program("lockerd")


def serves(port, host="127.0.0.1"):
    """True when a lockerd answers.  One that only listens yet may still be loading its state, and
    end over that."""
    try:
        wire = Wire(port, host)
        wire.send("VERSION")
    except ConnectionError:
        return False
    answer = wire.line()
    wire.close()
    return answer is not None and answer.startswith("version ")


class Server:
    def __init__(self, folder, *options, state=None, **environment):
        self.port = farm.free_port()
        self.folder = folder
        self.state = state or os.path.join(folder, "state", "lockerd.db")
        self.environment = environment
        self.process = None
        self.start(*options)

    def start(self, *options):
        with open(os.path.join(self.folder, "log"), "ab") as log:
            self.process = farm.start(LOCKERD, "--nofork", "--port", self.port, "--state",
                                      self.state, *options, stderr=log,
                                      env=farm.environment(**self.environment))
        farm.poll(self.is_up, "lockerd listens")

    def is_up(self):
        assert self.process.poll() is None, self.log()
        return serves(self.port)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def restart(self, *options):
        """As after a crash."""
        self.kill()
        self.start(*options)

    def log(self):
        with open(os.path.join(self.folder, "log"), encoding="utf-8") as log:
            return log.read()

    def wire(self, source=None):
        """A connection that speaks protocol 2, from another of this machine's addresses if so."""
        wire = Wire(self.port, source=source)
        wire.send("proto 2")
        farm.equal(wire.line(), "proto 2")
        return wire

    def held(self):
        """{lock: owner} of all that is held."""
        wire = Wire(self.port)
        wire.send("LOCK_LIST")
        held = {}
        while (line := wire.line()) != "":
            _, name, owner = line.split()
            held[name] = owner
        wire.close()
        return held


def start_server(*options, port=None, **popen):
    """Starts a server in the foreground and waits until it answers; returns its port."""
    port = port or farm.free_port()
    popen.setdefault("stderr", subprocess.DEVNULL)
    # Tests name hosts that are none; nobody is to be asked about them but by who says so.
    quiet = () if "--pidstat-port" in options else ("--pidstat-port", "none")
    farm.start(LOCKERD, "--nofork", "--state", "none", *quiet, "--port", port, *options, **popen)
    farm.poll(lambda: serves(port), "lockerd serves")
    return port


def sleeper():
    """A process for a lock to belong to."""
    return farm.start("sleep", "1000")


def start_time(pid):
    with open(f"/proc/{pid}/stat", encoding="latin-1") as stat_file:
        return stat_file.read().rpartition(")")[2].split()[19]


def identity(pid):
    """The "process" line of a process of this host."""
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as boot:
        boot_id = boot.read().strip()
    return f"process {start_time(pid)} {boot_id} {os.stat('/proc/self/ns/pid').st_ino}"


def session_of(process, port, user, names, block=1):
    """A protocol 2 connection that asks for a lock as the session of a process."""
    wire = Wire(port)
    wire.send("proto 2", f"user {user}", f"hostname {socket.gethostname()}", f"pid {process.pid}",
              identity(process.pid), "session 1", f"locks {names}", f"block {block}", "LOCK")
    farm.equal(wire.line(), "proto 2")
    return wire


def listing(port):
    wire = Wire(port)
    wire.send("proto 2", "LIST_JSON")
    wire.line()
    size = int(wire.line().split()[1])
    text = wire.buffer
    while len(text) < size + 1:
        text += wire.socket.recv(65536)
    wire.close()
    json.loads(text)
    return text.decode()


def refused(*options):
    """The complaint of a lockerd that does not start."""
    result = farm.run(LOCKERD, "--nofork", "--port", "0", *options)
    farm.equal(result.returncode, 71)
    return result.stderr
