#!/usr/bin/env python3
"""What of the history over a real etcd could not be copied, as lockreport tells it."""

import os
import shutil
import time

from support import farm
from support.replicas import Farm, Replica, held, report, told
from support.tap import test

PREFIX = "/farmlock/test/"


def history_file(folder, number):
    return os.path.join(folder, f"history{number}", "history.db")


def farm_with_history(folder, count):
    those = Farm(folder, 0)
    for number in range(count):
        those.replicas.append(Replica(those, f"lockerd{number}", "--history-file", history_file(folder, number)))
        if number == 0:
            farm.poll(those.replicas[0].serves, "the first leads")
    return those


def let_others_pass(those, count):
    """As if so many steps more had been kept in etcd; while nobody leads."""
    words = those.etcd.must("get", "--print-value-only", PREFIX + "0/seq").split()
    words[-1] = str(int(words[-1]) + count)
    those.etcd.must("put", PREFIX + "0/seq", " ".join(words))


def check_report_of_hole(server, count):
    hole, = told(server)["holes"]
    farm.equal((hole["why"], hole["entries_at_least"]), ("away", count))
    assert hole["since"] < hole["until"], hole
    text = f"is missing here: this lockerd was away longer than the outbox keeps it ({count} entries or more)\n"
    for options in (), ("--holds",), ("--what-if", "2", "last0"):
        farm.equal(told(server, *options)["holes"], [hole])
        farm.contains(report(server, *options).stdout, text)
        beside = report(server, "--csv", *options)
        farm.contains(beside.stderr, "lockreport: history of ")
        assert "missing" not in beside.stdout, beside.stdout
    farm.contains(report(server, "--html", "-").stdout, "<p>Note: history of ")
    time.sleep(2)
    farm.equal(told(server, "--since", f"@{int(time.time())}")["holes"], [])


@test
def a_lockerd_that_was_away_too_long_tells_of_the_hole(folder):
    those = farm_with_history(folder, 2)
    first, second = those.replicas
    first.hold("before")
    farm.poll(lambda: held(first) == ["before"], "the leader has copied it")
    farm.poll(lambda: held(history_file(folder, 1)) == ["before"], "the other one has copied it")
    for options in (), ("--holds",), ("--what-if", "2", "before"):
        farm.equal(told(first, *options)["holes"], [])
        assert "missing" not in report(first, *options).stdout
    second.stop()
    first.hold("missed1", "missed2")
    farm.poll(lambda: held(first) == ["before", "missed1", "missed2"], "the leader has copied those")
    first.stop()
    let_others_pass(those, 19950 - 3)
    first.start()
    farm.poll(first.serves, "the first leads again")
    first.hold(*(f"last{number}" for number in range(60)))
    # Behind the 20,000th all before the 10,000th go.
    keys = those.etcd.must("get", "--prefix", "--keys-only", PREFIX + "h/").split()
    farm.equal((len(keys), keys[0][-16:]), (60, f"{19951:016x}"))
    second.start()
    first.kill()
    farm.poll(second.serves, "the other one serves")
    farm.poll(lambda: len(held(second)) == 61, "it has copied what there is")
    check_report_of_hole(second, 19950 - 1)
    farm.contains(second.log(), "the history has a hole")


@test
def an_etcd_that_was_set_up_anew_is_copied_from_its_start(folder):
    those = farm_with_history(folder, 1)
    old = those.replicas[0]
    old.hold(*(f"old{number}" for number in range(5)))
    farm.poll(lambda: len(held(old)) == 5, "it is copied")
    old.stop()
    member = those.etcd.members[0]
    member.kill()
    shutil.rmtree(member.folder)
    member.start()
    farm.poll(member.serves, "the new etcd serves")
    # One that has seen nothing of the old one begins it.
    those.replicas.append(Replica(those, "new", "--history-file", history_file(folder, 1)))
    new, mine = those.replicas[1], history_file(folder, 0)
    farm.poll(new.serves, "a new one leads")
    old.start()
    farm.poll(lambda: "must not lead" in old.log(), "the old one says that it is not what it has seen")
    new.hold("new0", "new1")
    farm.poll(lambda: len(held(history_file(folder, 1))) == 2, "the new one has copied that")
    time.sleep(2)
    farm.equal(len(held(mine)), 5)
    new.stop()
    new.options += ("--accept-older-state",)
    new.start()
    farm.poll(new.serves, "the new one leads what was accepted")
    farm.poll(lambda: len(held(mine)) == 7, "the old one has copied that, too")
    farm.equal(held(mine)[:2], ["new0", "new1"])
    hole, = told(mine)["holes"]
    farm.equal((hole["why"], hole["entries_at_least"]), ("new-etcd", None))
    farm.contains(report(mine).stdout, "may be missing here: etcd was set up anew")
    farm.contains(old.log(), "the history may have a hole")
    farm.equal(told(history_file(folder, 1))["holes"], [])
    # That is told once: it goes on with the new one.
    old.stop()
    old.start()
    new.hold("new2")
    farm.poll(lambda: len(held(mine)) == 8, "it goes on")
    farm.equal(told(mine)["holes"], [hole])


if __name__ == "__main__":
    farm.main()
