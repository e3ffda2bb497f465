#!/usr/bin/env python3
"""Three that want to lead, and three real members of etcd: what happens to those and to these, and
that no token is given twice, or out of order, whoever gives it."""

import os
import re
import signal
import subprocess

from support import etcd, farm
from support.tap import test

STAND = os.path.join(farm.BUILD, "tests", "etcd", "stand")
TAKEOVER_MS = 3000
TOKENS = 40  # that each leader gives at least


class Stand:
    """One of them; what it says is kept in a file."""

    def __init__(self, folder, state, name):
        self.name, self.log = name, os.path.join(folder, name)
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([STAND, state, name, str(TAKEOVER_MS)], stdout=log)
        farm.at_end(self.kill)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def says(self, pattern=""):
        """The whole lines that begin with it."""
        with open(self.log, encoding="utf-8") as log:
            lines = log.read().split("\n")[:-1]
        return [line for line in lines if re.match(pattern, line)]

    def leads(self):
        """By what it has said last of that."""
        return self.says("leads|deposed|resigned|failed")[-1:] and \
            self.says("leads|deposed|resigned|failed")[-1].startswith("leads")

    def tokens(self):
        """(number, when it was asked for, when it was confirmed)."""
        return [tuple(int(word) for word in line.split()[1:]) for line in self.says("token ")]


class World:
    def __init__(self, folder):
        self.cluster = etcd.Cluster(folder, size=3)
        self.stands = [Stand(folder, self.cluster.state(), f"stand{n}") for n in range(3)]
        self.folder = folder

    def leader(self, but=()):
        """The one that leads and works, of those that are not named."""
        def find():
            for stand in self.stands:
                assert not stand.says("failed"), stand.says("failed")
            found = [one for one in self.stands if one not in but and one.leads()]
            return len(found) == 1 and found[0]
        leader = farm.poll(find, "one leads")
        self.goes_on(leader)
        return leader

    def troubles(self):
        return sum(len(stand.says("trouble")) for stand in self.stands)

    def goes_on(self, leader):
        before = len(leader.tokens())
        farm.poll(lambda: len(leader.tokens()) > before + TOKENS, f"{leader.name} gives tokens")

    def check(self):
        given = sorted(token for stand in self.stands for token in stand.tokens())
        numbers = [number for number, _, _ in given]
        farm.equal(len(set(numbers)), len(numbers))
        # One that is larger was not confirmed before a smaller one was asked for.
        for i, (number, sent, _) in enumerate(given):
            for later, _, confirmed in given[i + 1:i + 200]:
                assert confirmed >= sent, (number, later)
        print(f"# {len(given)} tokens of {sum(len(one.says('leads')) for one in self.stands)} terms")


@test
def whoever_is_killed_stopped_or_resigns_another_leads_and_no_token_is_given_twice(folder):
    world = World(folder)
    first = world.leader()
    first.kill()
    second = world.leader(but=[first])
    loaded = int(second.says("loaded")[-1].split()[1])
    assert loaded >= len(first.tokens()), "what was confirmed is there"
    # One that is stopped, and does not know how long.
    farm.freeze(second.process.pid)
    third = world.leader(but=[first, second])
    second.process.send_signal(signal.SIGCONT)
    farm.poll(lambda: second.says("deposed"), "it learns that another leads")
    assert not second.leads() and third.leads()
    # One that goes in order.
    third.process.terminate()
    farm.equal(third.process.wait(farm.PATIENCE_S), 0)
    farm.equal(third.says()[-1], "resigned")
    assert world.leader(but=[first, third]) is second
    world.check()


@test
def members_of_etcd_may_end_or_freeze_and_it_goes_on(folder):
    world = World(folder)
    leader = world.leader()
    for trouble in ("kill", "freeze"):
        member = farm.poll(world.cluster.leader, "etcd has a leader")
        getattr(member, trouble)()
        world.leader()
        if trouble == "kill":
            member.start()
        else:
            member.thaw()
        farm.poll(member.serves, "it is back")
    # Without a quorum nothing is confirmed; with one again it goes on.
    troubles = world.troubles()
    for member in world.cluster.members[1:]:
        member.freeze()
    farm.poll(lambda: world.troubles() > troubles, "it is noticed")
    for member in world.cluster.members[1:]:
        member.thaw()
    world.leader()
    world.check()
    print(f"# {leader.name} led first; troubles: {world.troubles()}")


if __name__ == "__main__":
    farm.main()
