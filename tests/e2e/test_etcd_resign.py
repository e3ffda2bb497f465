#!/usr/bin/python3
"""Giving up to lead by order, among several lockerd over a real etcd.  T is a minute here, so that
whoever serves sooner was not waiting for it."""

import os
import signal
import subprocess
import time

from support import farm
from support.lockd import LOCKERD, serves
from support.replicas import Farm, Replica
from support.tap import test

LONG_S = 60


class Pair(Farm):
    """Two lockerd, each with a pid file; the first leads."""

    def __init__(self, folder, takeover_s=LONG_S):
        super().__init__(folder, 0, takeover_s=takeover_s)
        for name in ("first", "second"):
            replica = Replica(self, name, "--pid-file", os.path.join(folder, f"{name}.pid"))
            farm.poll(self.replicas[0].serves if self.replicas else replica.serves, "the first leads")
            self.replicas.append(replica)

    def resign(self, name, *options):
        return resign(self.state, os.path.join(self.folder, f"{name}.pid"), *options)


def resign(state, pid_file, *options):
    """What lockerd --resign comes to: its status, and what it says."""
    done = farm.run(LOCKERD, "--resign", "--state", state, "--pid-file", pid_file, *options,
                    timeout=farm.PATIENCE_S * 2)
    return done.returncode, done.stdout + done.stderr


@test
def another_leads_at_once_and_nothing_is_lost(folder):
    those = Pair(folder)
    first, second = those.replicas
    wire = first.wire()
    held = wire.ask("user ann", "locks a", "LOCK")
    waiter = those.start("--lock", "a", "--", "echo", "got", "$LOCKERSH_TOKEN")
    farm.poll(lambda: len(those.etcd.must("get", "--prefix", "--keys-only", "/farmlock/test/r/")
                          .split()) == 2, "it waits")
    status, text = those.resign("first")
    farm.contains(text, f":{second.port}), term 2")
    farm.equal(status, 0)
    farm.poll(second.serves, "the other one serves")
    farm.equal(first.serves(), False)
    farm.contains(first.log(), "asked to give up leading: another lockerd may lead")
    # Who was connected is told to look for another one.
    farm.equal(wire.line(), "error-code later")
    again = second.wire()
    farm.equal(again.ask("user ann", "locks a", "LOCK"), held)
    farm.equal(waiter.poll(), None)
    again.ask("user ann", "locks a", "UNLOCK")
    out, _ = waiter.communicate(timeout=farm.PATIENCE_S * 3)
    farm.equal(waiter.returncode, 0)
    assert int(out.split()[1]) > int(held["token"]), out
    # And back: the first one was not started anew, and does not wait longer than others.
    farm.equal(first.process.poll(), None)
    status, text = those.resign("second")
    farm.contains(text, f":{first.port}), term 3")
    farm.equal(status, 0)


@test
def what_was_said_before_is_kept(folder):
    those = Pair(folder)
    first, second = those.replicas
    wire = first.wire()
    for number in range(200):
        wire.send(f"user u{number}", f"locks l{number}", "LOCK")
    granted = [wire.status()["lockname"]]
    first.process.send_signal(signal.SIGUSR1)
    while (line := wire.line()) is not None and line != "error-code later":
        if line.startswith("lockname "):
            granted.append(line.split()[1])
    farm.poll(second.serves, "the other one serves")
    again = second.wire()
    for number, name in enumerate(granted):
        farm.equal(name, f"l{number}")
        farm.equal(again.ask(f"user u{number}", f"locks {name}", "STATUS")["owner"], f"u{number}")
    print(f"# {len(granted)} of 200 were granted before")


@test
def who_is_alone_leads_again(folder):
    those = Farm(folder, 0)
    pid_file = os.path.join(folder, "pid")
    alone = Replica(those, "alone", "--pid-file", pid_file)
    farm.poll(alone.serves, "it serves")
    alone.wire().ask("user ann", "locks a", "LOCK")
    status, text = resign(those.state, pid_file)
    farm.equal((status, text), (1, "lockerd: no other lockerd has taken over, so this one leads again\n"))
    farm.poll(alone.serves, "it serves again")
    farm.equal(alone.wire().ask("user ann", "locks a", "STATUS")["owner"], "ann")


@test
def who_resigns_without_etcd_leaves_nobody_waiting(folder):
    those = Farm(folder, 1)
    leader, member = those.replicas[0], those.etcd.members[0]
    wire = leader.wire()
    wire.ask("user ann", "locks a", "LOCK")
    member.freeze()
    wire.send("user ann", "locks b", "LOCK")
    leader.process.send_signal(signal.SIGUSR1)
    farm.equal(wire.line(), "error-code later")
    member.thaw()
    farm.poll(leader.serves, "it serves again, as nobody else does")
    farm.equal(leader.wire().ask("user ann", "locks a", "STATUS")["owner"], "ann")


@test
def an_etcd_that_is_away_meanwhile_is_waited_for(folder):
    those = Farm(folder, 0, takeover_s=5)
    pid_file = os.path.join(folder, "pid")
    alone = Replica(those, "alone", "--pid-file", pid_file)
    farm.poll(alone.serves, "it serves")
    order = farm.start(LOCKERD, "--resign", "--state", those.state, "--pid-file", pid_file,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    farm.poll(lambda: "asked to give up leading: another lockerd may lead" in alone.log(), "it has done so")
    time.sleep(1)
    # Longer than one look waits.
    those.etcd.members[0].kill()
    time.sleep(4)
    those.etcd.members[0].start()
    text, _ = order.communicate(timeout=farm.PATIENCE_S * 2)
    print("#", text.strip())
    farm.equal(order.returncode, 1)


@test
def a_pid_file_that_others_may_write_is_refused(folder):
    """Where root believed it, whoever writes it would choose what root signals."""
    state, path = "etcd:http://127.0.0.1:1/x", os.path.join(folder, "pid")
    with open(path, "w", encoding="ascii") as text:
        text.write(f"{os.getpid()}\n")
    for mode, status in ((0o644, 69), (0o664, 71), (0o646, 71)):
        os.chmod(path, mode)
        farm.equal(resign(state, path)[0], status)
    farm.equal(resign(state, path)[1],
               f"lockerd: cannot use the pid file {path}: others can write it (chmod go-w)\n")
    os.chmod(path, 0o644)
    link = os.path.join(folder, "link")
    os.symlink(path, link)
    status, text = resign(state, link)
    farm.equal(status, 71)
    farm.contains(text, "it is a symbolic link")
    if os.geteuid() == 0:
        # Of whom lockerd becomes, and of somebody else.
        os.chown(path, 65534, -1)
        farm.equal(resign(state, path, "--user", "65534")[0], 69)
        os.chown(path, 12345, -1)
        status, text = resign(state, path)
        farm.equal(status, 71)
        farm.contains(text, "it belongs to somebody else")


@test
def where_there_is_nothing_to_give_up_it_says_so(folder):
    those = Pair(folder)
    status, text = those.resign("second")
    farm.equal(status, 1)
    farm.contains(text, f"nothing was given up: the lockerd at {os.uname().nodename} leads")
    farm.contains(those.replicas[1].log(), "asked to give up leading: this lockerd stands by")
    farm.equal(those.replicas[0].serves(), True)
    none = os.path.join(folder, "none.pid")
    farm.equal(resign(those.state, none),
               (69, f"lockerd: no lockerd runs with the pid file {none}\n"))
    stale = os.path.join(folder, "stale.pid")
    with open(stale, "w", encoding="ascii") as text:
        text.write("1\n")
    farm.equal(resign(those.state, stale)[0], 69)
    those.etcd.members[0].freeze()
    status, text = those.resign("first")
    farm.equal(status, 69)
    farm.contains(text, those.etcd.urls()[0])


@test
def what_cannot_resign_goes_on(folder):
    """A state file is its server's alone."""
    pid_file, log, port = (os.path.join(folder, "pid"), os.path.join(folder, "log"), farm.free_port())
    state = os.path.join(folder, "lockerd.db")
    with open(log, "wb") as out:
        server = farm.start(LOCKERD, "--nofork", "--port", port, "--state", state, "--pid-file",
                            pid_file, stderr=out)
    farm.poll(lambda: serves(port), "it serves")
    status, text = resign(state, pid_file)
    farm.equal(status, 64)
    farm.contains(text, "--resign is for several lockerd that share a state in etcd")
    server.send_signal(signal.SIGUSR1)
    farm.poll(lambda: "this lockerd has its state for itself" in open(log, encoding="utf-8").read(),
              "it says why")
    farm.equal(serves(port), True)
    done = farm.run(LOCKERD, "--resign", "--state", "etcd:http://127.0.0.1:1/x")
    farm.equal(done.returncode, 64)
    farm.contains(done.stderr, "send it SIGUSR1")


if __name__ == "__main__":
    farm.main()
