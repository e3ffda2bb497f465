#!/usr/bin/env python3
"""Runs clients, faults and hostile neighbours against a lock server for as long as one likes, and
judges what the clients have seen (checker.py).  The same seed has the same faults and requests, as
far as the machine's timing lets it.

    soak.py [--seconds N] [--seed N] [--etcd] [--without TRICK,...] [--keep FOLDER]

Exits with 0 when nothing was wrong, else with 1 and the log of events kept."""

import argparse
import os
import random
import shutil
import sys
import tempfile
import time

from support import farm

from checker import CUTTING, Checker
from faults import Faults
from world import World, WorldOverEtcd

JOBS = 16          # lockersh commands at a time
CROWD = 12         # clients in each process of clients.py
CLIENT_HOSTS = ("n1", "n2", "farm1")
PAUSE_MS = 120     # of a client between two requests
SMALL_S = 0.4      # between two small faults
GREAT_S = (6, 40)  # between two great ones: with rest behind some, for what must be soon then
END_S = 120        # within which all must be over when the faults are
AUTH_FROM = 0.3    # of a run; then credentials are checked
PROVEN = ("p0", "p1")  # locks that are only asked for by whom the kernel vouches for: nobody may break them


class Job:
    def __init__(self, name, process, errors, may_fail):
        self.name, self.process, self.errors, self.may_fail = name, process, errors, may_fail
        self.was_hit = False


class Play:
    """The clients, and what follows of each."""

    def __init__(self, world, seed):
        self.world, self.rng = world, random.Random(f"jobs {seed}")
        self.jobs, self.crowds = [], {}
        self.started = self.crowd_number = 0
        self.findings = []
        for host in CLIENT_HOSTS:
            self.add_crowd(host)

    def add_crowd(self, host):
        self.crowd_number += 1
        prefix = f"c{self.crowd_number}."
        self.crowds[prefix] = (host, self.world.start_crowd(host, prefix, CROWD, PAUSE_MS))

    def random_crowd(self, rng):
        return rng.choice(list(self.crowds.values()))[1]

    def kill_crowd(self, rng):
        prefix = rng.choice(list(self.crowds))
        host, process = self.crowds.pop(prefix)
        self.world.say("dead", prefix)  # before anybody can have what they waited for
        process.kill()
        process.wait()
        self.world.say("mark", "clients-killed")
        self.add_crowd(host)

    def check_crowds(self):
        for prefix, (host, process) in list(self.crowds.items()):
            if process.poll() is not None:
                self.findings.append(f"clients.py {prefix} ended by itself: {process.returncode}; "
                                     "see clients.log")
                del self.crowds[prefix]
                self.world.say("dead", prefix)
                self.add_crowd(host)

    def random_job(self, rng):
        return rng.choice(self.jobs) if self.jobs else None

    def add_job(self):
        self.started += 1
        name = f"j{self.started}."
        names = self.rng.sample([f"s{n}" for n in range(6)], self.rng.choice([1, 1, 1, 2, 3]))
        patience = self.rng.choice([(), (), (), ("-n",), ("-w", "2")])
        hold_ms = int(self.rng.random() ** 2 * 250)
        host = self.rng.choice(CLIENT_HOSTS)
        proves = self.rng.random() < 0.7 and self.world.can_prove(host)
        if proves and host == self.world.servers and self.rng.random() < 0.7:
            names = [self.rng.choice(PROVEN)]
        self.world.say("ask", name, *names)
        process, errors = self.world.start_job(host, name, hold_ms, proves, "--lock", ":".join(names),
                                               *patience)
        self.jobs.append(Job(name, process, errors, bool(patience)))

    def reap(self):
        for job in [job for job in self.jobs if job.process.poll() is not None]:
            self.jobs.remove(job)
            self.world.say("dead", job.name)
            status = job.process.returncode
            if status != 0 and not job.was_hit and not (job.may_fail and status in (1, 69)):
                with open(job.errors, encoding="utf-8", errors="replace") as file:
                    self.findings.append(f"job {job.name} ended with {status}: {file.read()[-300:]}")
            os.unlink(job.errors)

    def fill(self):
        """A few at a time: a machine that starts them all at once does nothing else."""
        for _ in range(2):
            if len(self.jobs) < JOBS:
                self.add_job()


class Soak:
    """Soak test of lockerd; see CONTRIBUTING.md."""
    world_of, faults_of = World, Faults
    cutting = CUTTING
    small_s, great_s = SMALL_S, GREAT_S

    def __init__(self, folder, seconds, seed, left_out=()):
        self.seconds, self.seed, self.left_out = seconds, seed, left_out
        self.world = self.world_of(folder, seed)
        farm.poll(self.world.server_is_up, "lockerd answers")
        self.first_kb = self.last_kb = self.world.server_kb()
        self.checker = Checker(lambda name: not name.startswith("g"), self.cutting)
        self.log = open(self.world.events, encoding="ascii")
        self.part = ""
        self.play = Play(self.world, seed)
        self.faults = self.faults_of(self.world, self.play, seed)
        self.undo = []  # (when, what)
        self.told = 0  # of the findings
        self.proven = None
        self.hostile = self.start_hostile()

    def start_hostile(self):
        return self.world.start_hostile(self.left_out)

    def hear(self):
        while chunk := self.log.read(1 << 20):
            *lines, self.part = (self.part + chunk).split("\n")
            for line in lines:
                self.on_line(line)

    def on_line(self, line):
        self.checker.feed(line)

    def later(self, fault, now):
        if fault:
            self.undo.append((now + fault[1], fault[0]))

    def undo_due(self, now):
        due = [undo for undo in self.undo if undo[0] <= now]
        self.undo = [undo for undo in self.undo if undo[0] > now]
        for _, function in due:
            function()

    def watch(self):
        self.world.check_daemons()
        self.play.check_crowds()
        if self.hostile and self.hostile.poll() is not None:
            self.hostile = self.start_hostile()

    def run(self):
        start = now = time.monotonic()
        small, great, told = now, now + 3, now
        while now < start + self.seconds:
            self.undo_due(now)
            if now >= start + self.seconds * AUTH_FROM and self.world.munge and \
                    self.world.auth == "none" and not self.world.is_down:
                self.later(self.faults.begin_auth(), now)
            if now >= small:
                self.later(self.faults.happen(self.faults.small), now)
                small = now + self.faults.rng.random() * 2 * self.small_s
            if now >= great and not self.world.is_down:
                self.later(self.faults.happen(self.faults.great), now)
                great = now + self.faults.rng.uniform(*self.great_s)
            self.play.reap()
            self.play.fill()
            self.watch()
            self.hear()
            if now >= told + 60:
                told = now
                self.tell(now - start)
            time.sleep(0.02)
            now = time.monotonic()

    def calm_down(self):
        for _, function in sorted(self.undo, key=lambda undo: undo[0]):
            function()
        self.undo = []
        if self.hostile:
            farm.stop(self.hostile)
        self.world.say("mark", "quiet")
        for _, process in self.play.crowds.values():
            process.terminate()

    def all_over(self):
        self.play.reap()
        self.hear()
        return not self.play.jobs and \
            all(process.poll() is not None for _, process in self.play.crowds.values())

    def finish(self):
        self.calm_down()
        if not self.comes(self.all_over, "clients and jobs end"):
            self.play.findings.append(f"left: {[job.name for job in self.play.jobs]}, {list(self.play.crowds)}")
        held = None
        end = time.monotonic() + END_S
        while held != {} and time.monotonic() < end:
            held = self.world.held()
        self.world.say("final", *held if held is not None else ["unknown"])
        self.hear()
        self.checker.finish()
        self.last_kb = self.world.server_kb()
        self.proven = self.world.proven()
        if self.proven and self.world.munge and not self.world.lacks and 0 in self.proven:
            self.play.findings.append(f"some proofs were not tried: {self.proven}")

    def comes(self, condition, what):
        """Whether it does while one waits; else that is a finding."""
        try:
            farm.poll(condition, what, END_S)
            return True
        except AssertionError as late:
            self.play.findings.append(str(late))
            return False

    def findings(self):
        return self.checker.violations + self.world.ended + self.play.findings

    def tell(self, passed):
        counts = self.checker.counts
        for finding in self.findings()[self.told:]:
            print(f"# violation: {finding}", flush=True)
        self.told = len(self.findings())
        print(f"# {passed:.0f} s: {counts['ask']} requests, {counts['hold']} grants, "
              f"{sum(self.checker.faults.values())} faults, {len(self.findings())} violations, "
              f"lockerd {self.world.server_kb()} kB", flush=True)

    def report(self):
        self.report_requests()
        print(f"lockerd     {self.first_kb} kB at first, {self.last_kb} kB at last")
        self.report_violations()

    def report_requests(self):
        counts, faults = self.checker.counts, self.checker.faults
        where = "this machine, connections through a proxy (for want of " + self.world.lacks + ")" \
            if self.world.lacks else "three hosts in network namespaces"
        print(f"soak: {self.seconds} s on {where}, seed {self.seed}")
        print(f"requests    {counts['ask']}: {counts['hold']} grants told, {counts['told']} told to "
              f"wait, {self.play.started} by lockersh")
        print(f"faults      {sum(faults.values()) - faults['quiet']}: " +
              ", ".join(f"{kind} {count}" for kind, count in sorted(faults.items())
                        if kind != "quiet"))
        if self.proven:
            claimed, by_socket, by_munge = self.proven
            print(f"owners      {claimed} claimed, {by_socket} proven by the UNIX socket, {by_munge} by munge")
        print(f"seats       free at most {self.checker.worst_gap_ns / 1e9:.2f} s while somebody "
              "waited, outages apart")

    def report_violations(self):
        print(f"violations  {len(self.findings()) or 'none'}")
        for finding in self.findings()[:50]:
            print(f"  {finding}")


def arguments(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--etcd", action="store_true", help="lockerd's state is there (soak.py alone)")
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4), "big"))
    parser.add_argument("--without", metavar="TRICK,...", default="",
                        help="what is to be left out, to see what does the harm")
    parser.add_argument("--keep", metavar="FOLDER", help="where the logs go if something is wrong")
    return parser.parse_args()


def keep(folder, options):
    kept = options.keep or os.path.join(farm.BUILD, "soak", str(options.seed))
    shutil.rmtree(kept, ignore_errors=True)
    shutil.copytree(folder, kept, ignore=shutil.ignore_patterns("*.img", "run", "munge"))
    print(f"kept        {kept}; again with --seed {options.seed}", flush=True)


def main(kind):
    options = arguments(kind.__doc__)
    folder = tempfile.mkdtemp(prefix="soak.")
    os.chmod(folder, 0o755)
    print(f"# seed {options.seed}", flush=True)
    soak, is_good = None, False
    try:
        soak = kind(folder, options.seconds, options.seed, options.without.split(","))
        soak.run()
        soak.finish()
        soak.report()
        is_good = not soak.findings()
    finally:
        if soak:
            soak.log.close()
        farm.clean_up()
        if not is_good:
            keep(folder, options)
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(0 if is_good else 1)


class SoakOverEtcd(Soak):
    """The same with lockerd's state in etcd."""
    world_of = WorldOverEtcd


if __name__ == "__main__":
    main(SoakOverEtcd if "--etcd" in sys.argv else Soak)
