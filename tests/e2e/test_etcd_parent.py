#!/usr/bin/python3
"""The parent that starts a lockerd again, among several over a real etcd: one that does not come back
at once leaves the place to another.  T is a minute here, so that whoever serves sooner was not
waiting for it."""

import contextlib
import os
import signal
import time

from support import farm
from support.lockd import LOCKERD, serves
from support.replicas import Farm, Replica
from support.tap import test
from support.wire import Wire

LONG_S = 60


class Parent:
    """A lockerd in the background, whose parent starts it again."""

    def __init__(self, those, name, *options):
        self.port, self.path = farm.free_port(), os.path.join(those.folder, name + ".log")
        pid_file = os.path.join(those.folder, name + ".pid")
        farm.equal(farm.run(LOCKERD, "--host", "127.0.0.1", "--port", self.port, "--state",
                            those.state, "--takeover", f"{LONG_S}s", "--pidstat-port", "none",
                            "--pid-file", pid_file, "--log", self.path, *options).returncode, 0)
        with open(pid_file, encoding="ascii") as text:
            self.pid = int(text.read())
        farm.at_end(self.stop)

    def stop(self):
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGTERM)

    def is_there(self):
        return os.path.exists(f"/proc/{self.pid}/stat")

    def log(self):
        with open(self.path, encoding="utf-8") as log:
            return log.read()

    def kill_child(self):
        """The server, if there is one, which has a thread for etcd; not who stands in for it."""
        with open(f"/proc/{self.pid}/task/{self.pid}/children", encoding="ascii") as children:
            for pid in children.read().split():
                with contextlib.suppress(OSError):  # it may end by itself
                    if len(os.listdir(f"/proc/{pid}/task")) > 1:
                        os.kill(int(pid), signal.SIGKILL)


def another_serves(those, parent, in_between=lambda: None):
    """Another lockerd does within far less than T, of its own accord."""
    begun = time.monotonic()

    def look():
        in_between()
        return those.replicas[0].serves()
    farm.poll(look, "the other one serves")
    took_s = time.monotonic() - begun
    print(f"# another one served after {took_s:.1f} s of {LONG_S}")
    assert took_s < LONG_S / 2, took_s
    farm.contains(parent.log(), "another lockerd may lead, as this one is not back at once")


def parent_beside_another(folder, *options):
    """A parent whose server leads, and another lockerd that stands by."""
    those = Farm(folder, 0, takeover_s=LONG_S)
    parent = Parent(those, "parent", *options)
    farm.poll(lambda: serves(parent.port), "it serves")
    those.replicas.append(Replica(those, "standby"))
    return those, parent


@test
def one_that_cannot_be_started_again_leaves_the_place_to_another(folder):
    history = os.path.join(folder, "history.db")
    those, parent = parent_beside_another(folder, "--history-file", history)
    held = Wire(parent.port).ask("user ann", "locks a", "LOCK")
    os.rename(history, history + ".old")
    os.mkdir(history)
    parent.kill_child()
    another_serves(those, parent)
    farm.equal(those.replicas[0].wire().ask("user ann", "locks a", "STATUS")["owner"], held["owner"])


@test
def one_that_dies_again_and_again_leaves_the_place_to_another(folder):
    those, parent = parent_beside_another(folder)
    another_serves(those, parent, parent.kill_child)


@test
def one_whose_parent_is_stopped_before_it_is_back_leaves_the_place(folder):
    those, parent = parent_beside_another(folder)
    farm.freeze(parent.pid)
    parent.kill_child()
    os.kill(parent.pid, signal.SIGTERM)
    os.kill(parent.pid, signal.SIGCONT)
    farm.poll(lambda: not parent.is_there(), "the parent has ended")
    another_serves(those, parent)


if __name__ == "__main__":
    farm.main()
