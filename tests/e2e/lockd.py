"""A lockerd that can be killed and started again with the same port and state."""

import os
import subprocess

import farm
from wire import Wire

LOCKERD = farm.program("lockerd")


def serves(port):
    """True when a lockerd answers.  One that only listens yet may still be loading its state."""
    if not farm.answers(port):
        return False
    wire = Wire(port)
    wire.send("VERSION")
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

    def wire(self):
        """A connection that speaks protocol 2."""
        wire = Wire(self.port)
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


def refused(*options):
    """The complaint of a lockerd that does not start."""
    result = farm.run(LOCKERD, "--nofork", "--port", "0", *options)
    farm.equal(result.returncode, 71)
    return result.stderr
