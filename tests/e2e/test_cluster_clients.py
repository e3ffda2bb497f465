#!/usr/bin/env python3
"""lockersh and the modules for Python and Tcl among servers of one state, which tell their common id,
and others: who waits or holds goes on where the state is, and nowhere else."""

import json
import os
import shutil

from support import farm, scripts, tap
from support.lockd import Server
from support.several import Member

LOCKERSH = farm.program("lockersh")
# Each has its lock, or waits for one, until it is told to go on.
HOLDERS = {
    "lockersh": lambda name: [LOCKERSH, "--lock", name, "echo has $LOCKERSH_LOCK; read line; echo out"],
    "python": lambda name: scripts.python(
        f"with farmlock.lock('{name}') as seat:\n    say('has', seat)\n    until()\nsay('out')\n"),
    "tcl": lambda name: scripts.tcl(
        f"set h [farmlock::lock {name}]\nsay has [farmlock::get $h names]\n"
        "fileevent stdin readable {gets stdin ::on}\nvwait on\nfarmlock::unlock $h\nsay out\n"),
}
if not shutil.which("tclsh"):
    del HOLDERS["tcl"]


class Several:
    """Three servers of a list: `first` and `last` of one cluster, a stranger between them."""

    def __init__(self, folder, state=None):
        self.first = Server(self._folder(folder, "first"), state=state)
        self.stranger = Server(self._folder(folder, "stranger"), state="none")
        self.port = farm.free_port()
        self.members = [Member(self.first.port, "farm-7"), Member(self.port, "farm-7")]
        self.hosts = (f"127.0.0.1={self.members[0].port}:127.0.0.1={self.stranger.port}:"
                      f"127.0.0.1={self.members[1].port}")
        self.folder, self.last = folder, None

    @staticmethod
    def _folder(folder, name):
        path = os.path.join(folder, name)
        os.mkdir(path)
        return path

    def start_last(self, state):
        self.last = Server.__new__(Server)
        self.last.port, self.last.folder = self.port, self.first.folder
        self.last.state, self.last.environment, self.last.process = state, {}, None
        self.last.start()

    def start(self, kind, name):
        return scripts.start(HOLDERS[kind](name), 1, IPCLOCKER_HOST=self.hosts, FARMLOCK_CONF="none")


def listed(server, kind):
    """Of the JSON list of a server, locks or waiters."""
    result = farm.run(LOCKERSH, "--dhost", f"127.0.0.1={server.port}", "--locklist", "--json")
    farm.equal((result.returncode, result.stderr), (0, ""))
    return json.loads(result.stdout)[kind]


@tap.test
def all_go_on_where_the_state_is_when_a_server_dies(folder):
    several = Several(folder)
    holders = {kind: several.start(kind, kind) for kind in HOLDERS}
    for kind, program in holders.items():
        farm.equal(scripts.said(program), f"has {kind}")
    since = {lock["name"]: lock["held_since"] for lock in listed(several.first, "locks")}
    waiters = {kind: several.start(kind, kind) for kind in HOLDERS}
    farm.poll(lambda: len(listed(several.first, "waiters")) == len(waiters), "all wait")
    several.first.kill()
    several.members[0].stop()
    several.start_last(several.first.state)
    farm.equal({lock["name"]: lock["held_since"] for lock in listed(several.last, "locks")}, since)
    for kind in HOLDERS:
        scripts.go_on(holders[kind])
        farm.equal((kind, scripts.said(holders[kind])), (kind, "out"))
        farm.equal((kind, scripts.said(waiters[kind])), (kind, f"has {kind}"))
        scripts.go_on(waiters[kind])
        farm.equal((kind, scripts.said(waiters[kind])), (kind, "out"))
        farm.equal((holders[kind].wait(30), waiters[kind].wait(30)), (0, 0))
    farm.poll(lambda: several.last.held() == {}, "all is given back")
    farm.equal((several.stranger.held(), listed(several.stranger, "waiters")), ({}, []))


@tap.test
def all_leave_a_server_that_has_frozen(folder):
    """What takes its place has another state here, and gives the locks anew; nobody asks the stranger."""
    several = Several(folder, state="none")
    holders = {kind: several.start(kind, kind) for kind in HOLDERS}
    for kind, program in holders.items():
        farm.equal(scripts.said(program), f"has {kind}")
    waiters = {kind: several.start(kind, kind) for kind in HOLDERS}
    farm.poll(lambda: len(listed(several.first, "waiters")) == len(waiters), "all wait")
    several.start_last("none")
    farm.freeze(several.first.process.pid)
    farm.poll(lambda: set(several.last.held()) == set(HOLDERS), "all are at the other one", 90)
    farm.poll(lambda: len({lock["name"] for lock in listed(several.last, "locks")} &
                          set(HOLDERS)) == len(HOLDERS), "they hold there")
    farm.equal((several.stranger.held(), listed(several.stranger, "waiters")), ({}, []))


if __name__ == "__main__":
    farm.main()
