"""Several lockerd that share their state in one etcd of a test's own."""

import json
import os
import signal
import subprocess

from support import etcd, farm
from support.lockd import LOCKERD, serves
from support.wire import Wire

TAKEOVER_S = 2
LOCKERSH = farm.program("lockersh")
LOCKREPORT = farm.program("lockreport")


class Replica:
    """One lockerd; `start()` again after its end is another one with the same address."""

    def __init__(self, farm_of, name, *options, address="127.0.0.1", port=None, enter=(), **environment):
        """`enter` are the words that run it elsewhere."""
        self.environment = environment
        self.farm, self.options, self.address, self.enter = farm_of, options, address, enter
        self.port = port or farm.free_port()
        self.path = os.path.join(farm_of.folder, name + ".log")
        self.process = None
        self.start()

    def start(self):
        with open(self.path, "ab") as log:
            self.process = farm.start(*self.enter, LOCKERD, "--nofork", "--host", self.address, "--port",
                                      self.port, "--state", self.farm.state, "--takeover",
                                      f"{self.farm.takeover_s}s", "--pidstat-port", "none", *self.options,
                                      stderr=log, stdout=log, env=farm.environment(**self.environment))
        farm.poll(lambda: any(word in self.log() for word in ("standing by", "leading", "must not lead")),
                  "it stands by")

    def log(self):
        with open(self.path, encoding="utf-8") as log:
            return log.read()

    def serves(self):
        """True when clients can connect, and are answered."""
        return serves(self.port, self.address)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        """In order."""
        self.process.terminate()
        farm.equal(self.process.wait(farm.PATIENCE_S), 0)

    def freeze(self):
        farm.freeze(self.process.pid)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def wire(self):
        """A connection that speaks protocol 2."""
        wire = Wire(self.port, self.address)
        wire.send("proto 2")
        farm.equal(wire.line(), "proto 2")
        wire.cluster = wire.line().split()
        farm.equal(wire.cluster[0], "cluster")
        return wire

    def hold(self, *locks):
        """Each once, so that the history has it."""
        wire = self.wire()
        for lock in locks:
            wire.ask("user ann", f"locks {lock}", "LOCK")
            wire.ask("user ann", f"locks {lock}", "UNLOCK")
        wire.close()


def report(source, *options):
    """What lockreport says of a replica's history, or of a file."""
    where = ("--state", source) if isinstance(source, str) else ("--host", source.address, "--port", source.port)
    done = farm.run(LOCKREPORT, *where, *options)
    farm.equal(done.returncode, 0)
    return done


def told(source, *options):
    return json.loads(report(source, "--json", *options).stdout)


def held(source):
    """The locks that were held, in order."""
    return sorted(row["lock"] for row in told(source, "--holds")["rows"])


class Farm:
    """A cluster of etcd, and lockerd over it, the first of which leads when this is made."""

    def __init__(self, folder, count=2, *options, members=1, of_etcd=(), takeover_s=TAKEOVER_S):
        self.folder, self.takeover_s = folder, takeover_s
        self.etcd = etcd.Cluster(folder, members, of_etcd)
        self.state = self.etcd.state()
        self.replicas = []
        for number in range(count):
            self.replicas.append(Replica(self, f"lockerd{number}", *options))
            if number == 0:
                farm.poll(self.replicas[0].serves, "the first leads")

    def hosts(self):
        """As IPCLOCKER_HOST has it."""
        return ":".join(f"127.0.0.1={replica.port}" for replica in self.replicas)

    def run(self, *words, **options):
        """Runs lockersh to its end."""
        return farm.run(LOCKERSH, *words, env=farm.environment(IPCLOCKER_HOST=self.hosts()),
                        **options)

    def start(self, *words):
        """Starts a lockersh."""
        return farm.start(LOCKERSH, *words, env=farm.environment(IPCLOCKER_HOST=self.hosts()),
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
