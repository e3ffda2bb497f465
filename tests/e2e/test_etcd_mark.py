#!/usr/bin/python3
"""An etcd that was put back to an earlier time, or is another one: who has seen more does not lead
there unless somebody says so, and then no token is given twice."""

import os
import shutil

from support import farm
from support.lockd import LOCKERD
from support.replicas import Farm, Replica, held, told
from support.tap import test

ACCEPT = "--accept-older-state"
PRELOAD = os.path.join(farm.BUILD, "tests", "failing_disk.so")


def keeper(those, name, *options, **more):
    """A lockerd with a history, and so with a mark, of its own."""
    return Replica(those, name, "--history-file", history(those, name), *options, **more)


def alone(folder, *options, **more):
    """A farm of one, which leads."""
    those = Farm(folder, 0)
    only = keeper(those, "only", *options, **more)
    farm.poll(only.serves, "it leads")
    return those, only


def history(those, name):
    return os.path.join(those.folder, name, "history.db")


def mark(those, name):
    """The words of the file's line about the farm."""
    with open(history(those, name) + ".mark", encoding="ascii") as file:
        words = file.read().splitlines()[1].split()
    return dict(zip(words[::2], words[1::2]))


def is_kept(those, name, token):
    return os.path.exists(history(those, name) + ".mark") and int(mark(those, name)["token"]) > token


def grant(replica, lock):
    """Takes it; the token."""
    wire = replica.wire()
    token = int(wire.ask("user ann", f"locks {lock}", "LOCK")["token"])
    wire.close()
    return token


def owner(replica, lock):
    wire = replica.wire()
    status = wire.ask("user ann", f"locks {lock}", "STATUS")
    wire.close()
    return status["owner"] if status["locked"] == "1" else None


def save(those):
    """A copy of etcd, as its manual has it."""
    copy = os.path.join(those.folder, "copy.db")
    those.etcd.must("snapshot", "save", copy)
    return copy


def restore(those, copy, *options):
    """Has etcd begin with the copy."""
    member = those.etcd.members[0]
    member.kill()
    member.folder += "-again"
    tool = "etcdutl" if shutil.which("etcdutl") else "etcdctl"
    done = farm.run(tool, "snapshot", "restore", copy, "--name", member.name, "--data-dir", member.folder,
                    "--initial-cluster", those.etcd.initial(), "--initial-advertise-peer-urls", member.peer,
                    *options, env=farm.environment(ETCDCTL_API=3))
    farm.equal(done.returncode, 0)
    member.start()
    farm.poll(member.serves, "etcd serves again")


def start_again(replica, *options):
    replica.options = tuple(word for word in replica.options if word != ACCEPT) + options
    os.rename(replica.path, replica.path + ".before")
    replica.start()


def is_refused(replica):
    """It says why, and does not serve."""
    farm.poll(lambda: "this lockerd must not lead: etcd has" in replica.log(), "it says why")
    farm.contains(replica.log(), ACCEPT)
    farm.equal(replica.serves(), False)
    farm.equal(replica.process.poll(), None)


def accept(replica):
    """The person whose farm it is says so."""
    replica.stop()
    start_again(replica, ACCEPT)
    farm.poll(replica.serves, "it leads, as it was told to")
    farm.contains(replica.log(), "is gone on with, as was said by --accept-older-state: tokens go on from")


@test
def an_etcd_that_was_restored_is_led_by_who_is_told_to(folder):
    those = Farm(folder, 0)
    first = keeper(those, "first")
    farm.poll(first.serves, "it leads")
    second = keeper(those, "second")
    grant(first, "before")
    copy = save(those)
    token = max(grant(first, f"later{number}") for number in range(5))
    for name in ("first", "second"):
        farm.poll(lambda name=name: is_kept(those, name, token), f"{name} has written what it has seen")
    for replica in (second, first):
        replica.stop()
    restore(those, copy)
    for replica in (first, second):
        start_again(replica)
        is_refused(replica)
    accept(first)
    farm.equal((owner(first, "before"), owner(first, "later1")), ("ann", None))
    again = grant(first, "again")
    assert again > token, (again, token)
    # The other one has seen that it was accepted, and both start as ever from now on.
    farm.poll(lambda: "it was accepted by who leads, at" in second.log(), "it goes on, too")
    farm.poll(lambda: mark(those, "second")["accepted"] != "0", "and keeps that")
    first.stop()
    farm.poll(second.serves, "the other one takes over")
    next_one = grant(second, "next")
    assert next_one > again, (next_one, again)
    second.stop()
    start_again(first)
    farm.poll(first.serves, "it leads without being told")
    assert grant(first, "last") > next_one
    farm.equal("must not lead" in first.log(), False)


def has_held(those, name, lock):
    return os.path.exists(history(those, name)) and lock in held(history(those, name))


@test
def who_comes_back_late_knows_that_something_may_be_missing(folder):
    those = Farm(folder, 0)
    first = keeper(those, "first")
    farm.poll(first.serves, "it leads")
    second = keeper(those, "second")
    first.hold("before")
    copy = save(those)
    first.hold("lost0", "lost1")
    farm.poll(lambda: has_held(those, "second", "lost1"), "the other one has copied what will be lost")
    for replica in (second, first):
        replica.stop()
    restore(those, copy)
    start_again(first, ACCEPT)
    farm.poll(first.serves, "it leads, as it was told to")
    first.hold("new0", "new1", "new2", "new3")
    start_again(second)
    farm.poll(lambda: has_held(those, "second", "new3"), "the other one goes on")
    farm.equal([hole["why"] for hole in told(history(those, "second"))["holes"]], ["earlier-etcd"])
    farm.contains(second.log(), "the history may have a hole")


@test
def another_etcd_is_not_led_though_it_has_as_much(folder):
    those, only = alone(folder)
    token = grant(only, "a")
    only.stop()
    restore(those, save(those), "--initial-cluster-token", "another")
    start_again(only)
    is_refused(only)
    farm.contains(only.log(), "etcd has another state than")
    accept(only)
    farm.equal(owner(only, "a"), "ann")
    assert grant(only, "b") > token


@test
def an_etcd_that_is_set_up_anew_is_not_led(folder):
    those, only = alone(folder)
    token = grant(only, "a")
    only.stop()
    those.etcd.must("del", "--prefix", "/farmlock/test/")
    start_again(only)
    is_refused(only)
    accept(only)
    assert grant(only, "a") > token


@test
def each_prefix_is_a_farm_of_its_own(folder):
    those, only = alone(folder)
    grant(only, "a")
    only.stop()
    before, those.state = those.state, those.etcd.state("/farmlock/other")
    start_again(only)
    farm.poll(only.serves, "it leads there")
    only.stop()
    those.state = before
    those.etcd.must("del", "--prefix", "/farmlock/test/")
    start_again(only)
    is_refused(only)


@test
def a_history_of_an_earlier_version_has_no_mark(folder):
    those, only = alone(folder)
    grant(only, "a")
    only.stop()
    os.remove(history(those, "only") + ".mark")
    start_again(only)
    farm.poll(only.serves, "it leads as before")
    farm.equal(owner(only, "a"), "ann")
    farm.poll(lambda: is_kept(those, "only", 1), "and has a mark")


@test
def a_mark_that_is_damaged_is_told_of(folder):
    those, only = alone(folder)
    token = grant(only, "a")
    only.stop()
    with open(history(those, "only") + ".mark", "w", encoding="ascii"):
        pass
    done = farm.run(LOCKERD, "--nofork", "--port", "0", "--state", those.state, "--history-file",
                    history(those, "only"))
    farm.equal(done.returncode, 71)
    farm.contains(done.stderr, "history.db.mark, is damaged")
    start_again(only, ACCEPT)
    farm.poll(only.serves, "it leads, as it was told to")
    assert grant(only, "b") > token
    only.stop()
    start_again(only)
    farm.poll(only.serves, "it leads without being told")


@test
def two_have_no_file_in_common(folder):
    """Also where no history is kept."""
    those, only = alone(folder, "--history", "0")
    for kept in "0", "30d":
        done = farm.run(LOCKERD, "--nofork", "--port", "0", "--state", those.state, "--history-file",
                        history(those, "only"), "--history", kept)
        farm.equal(done.returncode, 71)
        farm.contains(done.stderr, "is in use by another lockerd")
    grant(only, "a")
    only.kill()
    start_again(only)
    farm.poll(only.serves, "what it has left is nobody's")
    farm.poll(lambda: is_kept(those, "only", 1), "and it has the file for its own")


@test
def a_disk_that_hangs_holds_nobody_up(folder):
    those = Farm(folder, 0)
    orders = os.path.join(folder, "orders")
    with open(orders, "w", encoding="ascii") as file:
        file.write("hang")
    only = keeper(those, "only", enter=(
        "env", f"LD_PRELOAD={PRELOAD}", f"FAILING_DISK_WHEN={orders}",
        f"FAILING_DISK_PATH={history(those, 'only')}.mark"))
    farm.poll(only.serves, "it leads")
    farm.poll(lambda: "cannot be kept in" in only.log(), "it says so")
    grant(only, "a")
    farm.equal("nothing was confirmed" in only.log(), False)
    farm.equal("deposed" in only.log(), False)
    os.remove(orders)
    farm.poll(lambda: "what was seen of etcd is kept again" in only.log(), "it says that it is over")
    farm.poll(lambda: is_kept(those, "only", 1), "what was seen is kept")


@test
def it_is_for_etcd_only(_folder):
    done = farm.run(LOCKERD, "--nofork", "--port", "0", "--state", "none", ACCEPT)
    farm.equal(done.returncode, 64)
    farm.contains(done.stderr, "--accept-older-state is for a state in etcd")


if __name__ == "__main__":
    farm.main()
