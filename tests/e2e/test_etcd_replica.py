#!/usr/bin/env python3
"""One of several lockerd over a real etcd of one member: taking over, reading, committing."""

import os
import re
import signal
import subprocess

from support import built, etcd, farm, tap

LEAD = os.path.join(farm.BUILD, "tests", "etcd", "lead")
TAKEOVER_MS = 2000
# Of a busy machine, a heartbeat may come late: nobody else is there to take over then.
ALONE_MS = 60000


class Replica:
    """A process that stands by, leads and commits."""

    def __init__(self, cluster, instance, takeover_ms=ALONE_MS, *words):
        built.need_etcd()
        self.process = farm.start(LEAD, cluster.state(), instance, str(takeover_ms), *words,
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def tell(self, *words):
        self.process.stdin.write(" ".join(str(word) for word in words) + "\n")
        self.process.stdin.flush()

    def hear(self, *wanted):
        """The next line that begins with one of the words; members that do not answer are passed over."""
        while True:
            line = self.process.stdout.readline().rstrip("\n")
            assert line, f"{LEAD} has ended: {self.process.wait()}"
            if line.split()[0] in wanted:
                return line
            assert line.startswith("trouble "), (line, wanted)

    def commit(self, *words):
        self.tell(*words or ["commit"])
        return self.hear("committed", "failed", "deposed")

    def lead(self):
        """Waits until it leads and has read all; how many rows."""
        self.hear("leads")
        rows = int(self.hear("loaded").split()[1])
        farm.equal(self.commit().split()[0], "committed")
        return rows

    def kill(self):
        self.process.kill()
        self.process.wait()


def revision(cluster):
    found = re.search(r'"Revision" : (\d+)', cluster.must("get", "x", "--write-out", "fields"))
    return int(found[1])


def count(cluster, names):
    return len(cluster.must("get", "--prefix", "--keys-only", f"/farmlock/test/{names}").split())


@tap.test
def four_thousand_changes_are_one_revision_and_are_all_read_again(folder):
    cluster = etcd.Cluster(folder)
    one = Replica(cluster, "one")
    farm.equal(one.lead(), 1)
    before = revision(cluster)
    farm.equal(one.commit("fill", "r/a", 4000, 200).split()[0], "committed")
    # A heartbeat may have come in between; four thousand would be many.
    assert before < revision(cluster) < before + 100, (before, revision(cluster))
    farm.equal(count(cluster, "r/"), 4000)
    for names in "bc":
        farm.equal(one.commit("fill", f"r/{names}", 4000, 100).split()[0], "committed")
    farm.equal(one.commit("commit", "r/a0000").split()[0], "committed")
    one.kill()
    # The same instance need not wait.
    farm.equal(Replica(cluster, "one").lead(), 12000)


@tap.test
def a_standby_takes_over_and_the_old_one_is_deposed(folder):
    cluster = etcd.Cluster(folder)
    one = Replica(cluster, "one", TAKEOVER_MS)
    one.lead()
    farm.equal(one.commit("commit", "r/1", "mine").split()[0], "committed")
    farm.freeze(one.process.pid)
    two = Replica(cluster, "two", TAKEOVER_MS)
    farm.equal(two.lead(), 2)
    farm.equal(two.commit("commit", "r/1").split()[0], "committed")
    one.process.send_signal(signal.SIGCONT)
    farm.equal(one.hear("deposed"), "deposed another lockerd leads, at here")
    farm.equal(count(cluster, "r/"), 0)


@tap.test
def who_resigns_is_followed_at_once(folder):
    cluster = etcd.Cluster(folder)
    one = Replica(cluster, "one")
    one.lead()
    two = Replica(cluster, "two")
    one.tell("resign")
    one.hear("resigned")
    farm.equal(two.hear("leads"), "leads 2")


@tap.test
def commits_outlive_the_end_of_etcd(folder):
    cluster = etcd.Cluster(folder)
    one = Replica(cluster, "one")
    one.lead()
    for number in range(3):
        member = cluster.members[0]
        member.kill()
        one.tell("commit", f"r/{number}", "mine")
        one.hear("trouble")
        member.start()
        one.hear("committed")
    farm.equal(count(cluster, "r/"), 3)


@tap.test
def a_full_etcd_holds_up_commits_and_loses_none(folder):
    cluster = etcd.Cluster(folder, options=["--quota-backend-bytes", str(8 << 20)])
    one = Replica(cluster, "one")
    one.lead()
    for number in range(100):
        one.tell("fill", f"r/{number}.", 9, 100000)
        said = one.hear("committed", "trouble")
        if "database space exceeded" in said:
            break
        if said.startswith("trouble"):
            one.hear("committed")
    farm.contains(said, "database space exceeded")
    # The one by which it becomes full may be done, whatever etcd says of it.
    kept = count(cluster, "r/")
    assert kept in (number * 9, number * 9 + 9), (kept, number)
    for old in range(number):
        farm.equal(cluster.must("del", "--prefix", f"/farmlock/test/r/{old}."), "9\n")
    cluster.must("compact", "--physical", str(revision(cluster)))
    cluster.must("defrag")

    def is_done():
        # What is refused meanwhile may raise the alarm again.
        cluster.must("alarm", "disarm")
        return count(cluster, f"r/{number}.") == 9
    farm.poll(is_done, "it is done when there is room")
    one.hear("committed")
    farm.equal(count(cluster, "r/"), 9)


@tap.test
def etcd_that_is_ours_alone_forgets_what_is_old(folder):
    cluster = etcd.Cluster(folder)
    one = Replica(cluster, "one", ALONE_MS, "compacts")
    one.lead()
    for number in range(1100):
        farm.equal(one.commit("commit", "r/1", number).split()[0], "committed")
    farm.contains(cluster.control("get", "x", "--rev", "1").stderr, "compacted")
    farm.equal(cluster.must("get", "--print-value-only", "/farmlock/test/r/1"), "1099\n")


if __name__ == "__main__":
    farm.main()
