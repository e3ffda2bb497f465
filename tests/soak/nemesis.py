"""What goes wrong in a soak of several lockerd over etcd, besides what clients suffer (faults.py).  A
fault has one or more hosts for itself; those that have none may suffer others at the same time."""

import os
import signal
import subprocess

from faults import Faults
from replicated_world import TAKEOVER_S

LONG_S = (0.5, 3.5 * TAKEOVER_S)  # beyond three times the takeover a leader closes its connections
SHORT_S = (0.3, 2 * TAKEOVER_S)
HOUR_S = 3600


class Nemesis(Faults):
    def __init__(self, world, play, seed):
        super().__init__(world, play, seed)
        self.busy = set()  # hosts of lockerd, members of etcd, and kinds
        self.great = [
            self.kill_child, self.kill_child, self.kill_lockerd, self.kill_lockerd, self.end_lockerd, self.resign,
            self.stop_lockerd, self.stop_lockerd, self.cut_lockerd_from_etcd, self.cut_lockerd_from_etcd,
            self.cut_lockerd_from_member, self.cut_lockerd_from_clients, self.cut_off_server, self.set_clock,
            self.kill_member, self.kill_etcd_leader, self.stop_etcd_leader, self.stop_member, self.move_etcd_leader,
            self.cut_members, self.cut_member_off, self.lose_quorum, self.kill_all_members, self.freeze_disk,
            self.fill_disk, self.stop_clients, self.stop_pidstatd, self.kill_pidstatd, self.cut_off_host]
        if world.lacks_disks:
            self.great = [fault for fault in self.great if fault not in (self.freeze_disk, self.fill_disk)]
        self.left = []  # of the great ones in this round

    def happen(self, kinds):
        """Each great one comes as often as it stands there, before any comes again."""
        if kinds is not self.great:
            return super().happen(kinds)
        if not self.left:
            self.left = self.rng.sample(self.great, len(self.great))
        fault = self.left.pop()
        try:
            done = fault()
        except (AssertionError, OSError, subprocess.TimeoutExpired) as failed:
            self.play.findings.append(f"{fault.__name__} cannot be done: {failed!r}")
            return None
        if done is None:
            self.left.insert(0, fault)  # who was to be hit is busy
        return done

    # ---- who is hit -----------------------------------------------------------------------------

    def _lockerd(self):
        """One that nothing else happens to, mostly the one that leads."""
        leader = self.world.leader()
        free = list(self.world.lockerds.values())
        if leader and self.rng.random() < 0.75:
            free = [leader]
        free = [one for one in free if one.host.name not in self.busy and one.is_running()]
        return self.rng.choice(free) if free else None

    def _member(self, leads=False):
        if leads:
            leader = self.world.etcd_leader(self.busy)
            return leader if leader and leader.name not in self.busy else None
        free = [one for one in self.world.etcd.members if one.name not in self.busy]
        return self.rng.choice(free) if free else None

    def _begin(self, kind, *targets):
        """False where that kind of fault is there already, or a target is not to be had."""
        if kind in self.busy or None in targets:
            return False
        self.busy |= {kind, *targets}
        self.world.say("outage", kind)
        return True

    def _until(self, kind, undo, seconds, *targets):
        def end():
            undo()
            self.busy -= {kind, *targets}
            self.world.say("calm", kind)
        return end, self.rng.uniform(*seconds)

    # ---- lockerd --------------------------------------------------------------------------------

    def _hit_lockerd(self, what, act, seconds):
        """act(LOCKERD) does it, and returns what undoes that."""
        lockerd = self._lockerd()
        role = "leader" if lockerd is self.world.leader() else "standby"
        if lockerd is None or not self._begin(f"{role}-{what}", lockerd.host.name):
            return None
        return self._until(f"{role}-{what}", act(lockerd), seconds, lockerd.host.name)

    def kill_child(self):
        """Its parent starts it again."""
        def kill(lockerd):
            lockerd.signal(signal.SIGKILL)
            return lambda: None
        return self._hit_lockerd("killed", kill, (1, 1))

    def kill_lockerd(self):
        """With its parent, as when its host dies."""
        def kill(lockerd):
            lockerd.kill()
            return lockerd.start
        return self._hit_lockerd("and-parent-killed", kill, SHORT_S)

    def end_lockerd(self):
        def stop(lockerd):
            lockerd.stop()
            return lockerd.start_again
        return self._hit_lockerd("ended", stop, SHORT_S)

    def resign(self):
        def resign(lockerd):
            lockerd.resign()
            return lambda: None
        return self._hit_lockerd("resigns", resign, (1, 1))

    def stop_lockerd(self):
        def stop(lockerd):
            lockerd.signal(signal.SIGSTOP)
            return lambda: lockerd.signal(signal.SIGCONT)
        return self._hit_lockerd("stopped", stop, LONG_S)

    def set_clock(self):
        """By an hour, ahead or back, while it runs."""
        def set_one(lockerd):
            lockerd.set_clock(self.rng.choice([HOUR_S, -HOUR_S]))
            return lambda: lockerd.set_clock(0)
        return self._hit_lockerd("clock-off", set_one, LONG_S)

    # ---- links ----------------------------------------------------------------------------------

    def _ways(self):
        return self.rng.choice([("there", "back"), ("there",), ("back",)])

    @staticmethod
    def _kind(what, ways):
        return what if len(ways) == 2 else f"{what}-one-way"

    def cut_lockerd_from_etcd(self):
        return self._cut_lockerd_from("etcd", self.world.etcd.members)

    def cut_lockerd_from_member(self):
        return self._cut_lockerd_from("one-member", [self.rng.choice(self.world.etcd.members)])

    def _cut_lockerd_from(self, what, members):
        ways = self._ways()

        def cut(lockerd):
            links = (self.world.link(lockerd.host.name, member.place.name, member.port, ways) for member in members)
            return self.world.cut(sum(links, []))
        return self._hit_lockerd(self._kind(f"cut-from-{what}", ways), cut, LONG_S)

    def cut_lockerd_from_clients(self):
        """Nobody takes over then, as long as it reaches etcd."""
        ways = self._ways()

        def cut(lockerd):
            others = [name for name in self.world.hosts if name != lockerd.host.name]
            links = (self.world.link(name, lockerd.host.name, self.world.port, ways) for name in others)
            return self.world.cut(sum(links, []))
        return self._hit_lockerd(self._kind("cut-from-clients", ways), cut, LONG_S)

    def cut_off_server(self):
        """A whole host, with its member of etcd."""
        lockerd = self._lockerd()
        member = lockerd and next(one for one in self.world.etcd.members if one.place is lockerd.host)
        if member is None or member.name in self.busy or \
                not self._begin("server-cut-off", lockerd.host.name, member.name):
            return None
        lockerd.host.cut_off()
        return self._until("server-cut-off", lockerd.host.join_again, LONG_S, lockerd.host.name, member.name)

    def cut_members(self):
        one, other = self.rng.sample(self.world.etcd.members, 2)
        ways = self._ways()
        kind = self._kind("members-cut", ways)
        if not self._begin(kind):
            return None
        rules = []
        for member in (one, other):
            rules += self.world.link(one.place.name, other.place.name, member.peer_port, ways)
        return self._until(kind, self.world.cut(rules), LONG_S)

    def cut_member_off(self):
        """From both others; clients reach it."""
        member, ways = self._member(self.rng.random() < 0.5), self._ways()
        kind = self._kind("member-cut-off", ways)
        if member is None or not self._begin(kind, member.name):
            return None
        rules = []
        for other in self.world.etcd.members:
            if other is not member:
                for port in (member.peer_port, other.peer_port):
                    rules += self.world.link(member.place.name, other.place.name, port, ways)
        return self._until(kind, self.world.cut(rules), LONG_S, member.name)

    # ---- members of etcd ------------------------------------------------------------------------

    def _kill_members(self, kind, members):
        if None in members or not self._begin(kind, *(one.name for one in members)):
            return None
        for member in members:
            member.may_end = True
            member.kill()

        def start():
            for member in members:
                member.start()
                member.may_end = False
        return self._until(kind, start, SHORT_S, *(one.name for one in members))

    def _stop_members(self, kind, members):
        if None in members or not self._begin(kind, *(one.name for one in members)):
            return None
        for member in members:
            member.freeze()

        def thaw():
            for member in members:
                member.thaw()
        return self._until(kind, thaw, LONG_S, *(one.name for one in members))

    def kill_member(self):
        return self._kill_members("member-killed", [self._member()])

    def kill_etcd_leader(self):
        return self._kill_members("etcd-leader-killed", [self._member(leads=True)])

    def kill_all_members(self):
        return None if self._is_any_member_busy() else self._kill_members("all-members-killed", self.world.etcd.members)

    def stop_member(self):
        return self._stop_members("member-stopped", [self._member()])

    def stop_etcd_leader(self):
        return self._stop_members("etcd-leader-stopped", [self._member(leads=True)])

    def lose_quorum(self):
        return None if self._is_any_member_busy() else \
            self._stop_members("quorum-lost", self.rng.sample(self.world.etcd.members, 2))

    def _is_any_member_busy(self):
        return any(member.name in self.busy for member in self.world.etcd.members)

    def move_etcd_leader(self):
        leader = self.world.etcd_leader(self.busy)
        others = [number for number, member in self.world.ids.items() if member is not leader]
        if leader is None or leader.control("move-leader", f"{self.rng.choice(others):x}").returncode != 0:
            return None
        return self._outage("etcd-leader-moved", lambda: None, 1)

    def freeze_disk(self):
        member = self._member(self.rng.random() < 0.5)
        if member is None or not self._begin("disk-frozen", member.name):
            return None
        member.place.must("fsfreeze", "--freeze", member.folder)
        return self._until("disk-frozen", lambda: member.place.must("fsfreeze", "--unfreeze", member.folder), LONG_S,
                           member.name)

    def fill_disk(self):
        """It ends when it finds that out, and is started again when there is room."""
        member = self._member()
        if member is None or not self._begin("disk-full", member.name):
            return None
        member.may_end = True
        ballast = os.path.join(member.folder, "ballast")
        member.place.run("sh", "-c", f"fallocate -l $(df -B1 --output=avail {member.folder} | tail -1) {ballast}; "
                                     f"cat /dev/zero >>{ballast}")

        def empty():
            member.place.must("rm", ballast)
            if member.process.poll() is not None:
                self.world.say("mark", "member-ended-by-full-disk")
                member.start()
            member.may_end = False
        return self._until("disk-full", empty, (5, 15), member.name)
