#!/usr/bin/env python3
"""What lockerd-etcd(7) says of looking after etcd, done to members that lockerd works with."""

import json
import os

from support import etcd, farm, tap
from support.replicas import Farm, Replica

CHANGES = 2000


def status_of(member):
    return json.loads(member.control("endpoint", "status", "-w", "json").stdout)[0]["Status"]


def change_much(wire):
    """Locks, and their ends, of which etcd keeps all that ever was."""
    for _ in range(CHANGES // 100):
        for number in range(100):
            wire.send(f"user u{number}", f"locks l{number}", "LOCK", "UNLOCK")
        for _ in range(200):
            wire.status()


def grants(those, name):
    done = those.run("--lock", name, "-n", "--connect-tries", "10", "true")
    farm.equal((done.returncode, name), (0, name))


@tap.test
def compaction_and_defragmentation_one_by_one_disturb_nobody(folder):
    those = Farm(folder, 1, members=3)
    wire = those.replicas[0].wire()
    wire.ask("user ann", "locks a", "LOCK")
    for _ in range(3):
        change_much(wire)
    revision = status_of(those.etcd.members[0])["header"]["revision"]
    before = [status_of(member)["dbSize"] for member in those.etcd.members]
    those.etcd.must("compact", "--physical", str(revision))
    grants(those, "b")
    for member in those.etcd.members:
        member.control("defrag")
        grants(those, "b")
    after = [status_of(member)["dbSize"] for member in those.etcd.members]
    print(f"# {before} bytes, {after} afterwards")
    assert all(late < early for early, late in zip(before, after)), (before, after)
    farm.equal(wire.ask("user ann", "locks a", "STATUS")["owner"], "ann")


@tap.test
def who_has_lockerd_compact_need_not(folder):
    those = Farm(folder, 1, "--etcd-compact")
    wire, member = those.replicas[0].wire(), those.etcd.members[0]
    first = status_of(member)["header"]["revision"]

    def is_compacted():
        for word in ("LOCK", "UNLOCK") * 50:  # one a transaction
            wire.ask("user ann", "locks a", word)
        return "compacted" in member.control("get", "x", "--rev", str(first)).stderr
    farm.poll(is_compacted, "what was is forgotten")


@tap.test
def a_copy_has_what_was_held(folder):
    those = Farm(folder, 1)
    token = those.replicas[0].wire().ask("user ann", "locks a", "LOCK")["token"]
    copy = os.path.join(folder, "copy.db")
    farm.equal(those.etcd.members[0].control("snapshot", "save", copy).returncode, 0)
    grants(those, "b")
    those.replicas[0].stop()
    those.etcd.members[0].kill()
    # The members of the restored one, with its data, are new ones.
    place = os.path.join(folder, "restored")
    os.mkdir(place)
    new = etcd.Cluster.__new__(etcd.Cluster)
    new.folder, new.options, new.tls, new.host, new.scheme, new.log = place, (), {}, None, "http", those.etcd.log
    new.members = [etcd.Member(new, "etcd1")]
    restored = farm.run("etcdctl", "snapshot", "restore", copy, "--name", "etcd1", "--data-dir", new.members[0].folder,
                        "--initial-cluster", new.initial(), "--initial-advertise-peer-urls", new.members[0].peer,
                        env=farm.environment(ETCDCTL_API=3))
    farm.equal(restored.returncode, 0)
    new.members[0].start()
    farm.poll(new.members[0].serves, "it serves")
    those.state = new.state()
    lockerd = Replica(those, "new")
    farm.poll(lockerd.serves, "one that knows nothing of the time before leads")
    farm.equal(lockerd.wire().ask("user ann", "locks a", "LOCK")["token"], token)


@tap.test
def lockerd_is_renewed_one_by_one(folder):
    those = Farm(folder, 3, members=3)
    waits = those.start("--lock", "a", "--connect-tries", "0", "echo got; exec sleep 1000")
    farm.equal(waits.stdout.readline(), "got\n")
    for replica in those.replicas:
        replica.stop()
        replica.start()
        farm.poll(lambda: any(one.serves() for one in those.replicas), "one serves")
        farm.contains(those.run("--owner", "a", "--connect-tries", "10").stdout, f"_{waits.pid}")
    farm.equal(waits.poll(), None)


if __name__ == "__main__":
    farm.main()
