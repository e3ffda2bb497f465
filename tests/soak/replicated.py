#!/usr/bin/env python3
"""The soak of several lockerd over etcd: random clients, and a nemesis that kills, stops and cuts off
lockerd and members of etcd, judged by what the clients have seen (checker.py) and by all that stood in
etcd (chain.py).  As root, on hosts of its own.

    replicated.py [--seconds N] [--seed N] [--without FAULT,...] [--keep FOLDER]

Exits with 0 when nothing was wrong, else with 1 and the log of events kept."""

import bisect
import collections
import statistics

from nemesis import Nemesis
from replicated_world import TAKEOVER_S, ReplicatedWorld
from soak import Soak, main

SECOND = 1_000_000_000
END_NS = float("inf")
AFTER_S = 6 * TAKEOVER_S  # for so long a fault may be why nobody is served


class Service:
    """When clients were served, and what was wrong then."""

    def __init__(self):
        self.holds, self.faults = [], []

    def on_line(self, line):
        time, kind, *words = line.split()
        if kind == "hold":
            bisect.insort(self.holds, int(time))
        elif kind == "outage":
            self.faults.append((int(time), words[0]))

    def longest(self, begin, end):
        """The longest time without a grant of those that begin between two times; and its end."""
        first = bisect.bisect_left(self.holds, begin) - 1
        pairs = zip(self.holds[max(first, 0):], self.holds[max(first, 0) + 1:])
        return max(((later - earlier, later) for earlier, later in pairs if earlier < end and later > begin),
                   default=(0, end))

    def table(self):
        """{kind of fault: seconds from it until somebody was served again, of those that were alone}."""
        took = collections.defaultdict(list)
        faults = sorted(self.faults)
        for number, (time, kind) in enumerate(faults):
            before = faults[number - 1][0] if number else 0
            after = faults[number + 1][0] if number + 1 < len(faults) else time + AFTER_S * SECOND
            if time > before + AFTER_S * SECOND / 2 and after > time + TAKEOVER_S * SECOND * 2:
                gap, until = self.longest(time, min(after, time + AFTER_S * SECOND))
                took[kind].append(min(gap, until - time) / SECOND)
        return took


class Replicated(Soak):
    """Soak test of several lockerd over etcd; see CONTRIBUTING.md."""
    world_of, faults_of = ReplicatedWorld, Nemesis
    cutting = ()
    great_s = (0.5, 9)

    def __init__(self, *arguments):
        self.service = Service()
        super().__init__(*arguments)
        self.faults.great = [fault for fault in self.faults.great if fault.__name__ not in self.left_out]

    def start_hostile(self):
        """Nobody is hostile here, but curious."""
        return self.world.start_lookers()

    def on_line(self, line):
        super().on_line(line)
        self.service.on_line(line)

    def all_over(self):
        self.world.check_daemons()
        return super().all_over()

    def finish(self):
        super().finish()
        world, chain = self.world, self.world.chain
        if self.findings():
            return  # what else is to come may never come
        self.comes(lambda: not world.live_keys(), "nothing is left in etcd")
        last = world.revision()

        def is_told():
            world.watcher.hear()
            return chain.revision >= last
        self.comes(is_told, "the history has been told")
        chain.check_told(self.checker.granted)
        self.comes(lambda: len(world.hashes()) == 1, "all members have the same")

    def findings(self):
        return super().findings() + self.world.chain.violations

    def report(self):
        chain = self.world.chain
        self.report_requests()
        print(f"etcd        {chain.count} transactions of {len(chain.terms)} terms, {len(chain.grants)} grants")
        gap = self.service.longest(0, END_NS)[0] / SECOND
        print(f"questions   {self.checker.counts['saw']} answered")
        print(f"takeovers   {max(len(chain.terms) - 1, 0)}; longest time without a grant {gap:.1f} s")
        print("            seconds until somebody was served again, median and worst, of faults that were alone:")
        for kind, took in sorted(self.service.table().items()):
            print(f"            {kind:34} {statistics.median(took):6.2f} {max(took):6.2f}  of {len(took)}")
        print(f"lockerd     {self.first_kb} kB at first, {self.world.server_kb()} kB at last")
        self.report_violations()


if __name__ == "__main__":
    main(Replicated)
