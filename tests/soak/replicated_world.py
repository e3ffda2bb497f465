"""Where the soak of several lockerd takes place: three hosts with a member of etcd and a lockerd each,
and two for clients.  What a member keeps is on a disk of its own, which can freeze or be full; each
lockerd has a clock that can be set, and links can be cut one way."""

import os
import re
import signal
import subprocess
import sys

from support import etcd, farm, netns, tap

from chain import Chain, Watcher
from world import HERE, QUIET, World

PREFIX = "/farmlock/test"
TAKEOVER_S = 3
DISK_MB = 600
OWN_ETCD = ("--auto-compaction-mode", "periodic", "--auto-compaction-retention", "10m",
            # What is kept is written anew every few seconds, so that a full disk is soon noticed.
            "--snapshot-count", "1000", "--max-wals", "2", "--max-snapshots", "2")


class Lockerd:
    """One that stays behind to start it again when it dies, and the process that serves."""

    def __init__(self, world, host):
        self.world, self.host = world, host
        self.pid_file = os.path.join(world.folder, f"lockerd-{host.name}.pid")
        self.clock = os.path.join(world.folder, f"clock-{host.name}")
        self.log = os.path.join(world.folder, f"lockerd-{host.name}.log")
        self.starter, self.parent = None, 0
        self.is_down, self.is_wanted = True, False
        self.set_clock(0)
        farm.at_end(self.kill)

    def set_clock(self, ahead_s):
        """How far its wall clock is ahead of that of the others; it is the clock of lockerd alone."""
        with open(self.clock + ".new", "w", encoding="ascii") as file:
            file.write(f"{ahead_s * 1000} 0 0\n")
        os.rename(self.clock + ".new", self.clock)

    def start(self):
        """Returns at once: without etcd it is not ready."""
        with open(self.log, "ab") as log:
            self.starter = subprocess.Popen(self.host.enter(
                "env", f"LD_PRELOAD={farm.BUILD}/tests/other_clock.so", f"OTHER_CLOCK={self.clock}",
                farm.program("lockerd"), "--fork", "--host", "*", "--port", self.world.port, "--state",
                self.world.etcd.state(PREFIX), "--takeover", f"{TAKEOVER_S}s", "--pid-file", self.pid_file,
                "--pidstat-port", self.world.pidstat_port, "--log", self.log),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.is_down = False

    def is_starting(self):
        """Until it is ready, and its process known."""
        if self.starter is None or self.starter.poll() is None:
            return self.starter is not None
        if self.starter.returncode == 0:
            with open(self.pid_file, encoding="ascii") as file:
                self.parent = int(file.read())
        self.starter = None
        return False

    def children(self):
        """The one that serves, if it lives."""
        try:
            with open(f"/proc/{self.parent}/task/{self.parent}/children", encoding="ascii") as file:
                return [int(word) for word in file.read().split()]
        except FileNotFoundError:
            return []

    def signal(self, number):
        """To the one that serves, if it does not end in this moment."""
        for pid in self.children():
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def kill(self):
        """Both of them, the one that starts it again first."""
        self.is_down = True
        if self.starter:
            netns.kill_now(self.starter)
        family = [self.parent, *self.children()] if self.parent else []
        for pid in family:
            farm.kill_pid(pid)
        farm.poll(lambda: not any(map(farm.is_alive, family)), "it is killed")

    def stop(self):
        """In order; returns at once."""
        self.is_down = True
        try:
            os.kill(self.parent, signal.SIGTERM)
        except ProcessLookupError:
            pass

    def resign(self):
        """It is to give up leading, if it leads; returns at once."""
        farm.start(*self.host.enter(farm.program("lockerd"), "--resign", "--pid-file", self.pid_file, "--state",
                                    self.world.etcd.state(PREFIX)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def start_again(self):
        """As soon as it has ended, see tend()."""
        self.is_wanted = True

    def tend(self):
        """Starts it where that is due."""
        if self.is_wanted and not farm.is_alive(self.parent):
            self.is_wanted = False
            self.start()

    def is_running(self):
        """As far as is known: nothing was done to it, and it is ready."""
        return not self.is_down and not self.is_starting()

    def has_ended(self):
        return self.is_running() and not farm.is_alive(self.parent)

    def says(self):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return log.read()


class ReplicatedWorld(World):
    farms = ("farm1", "farm2", "farm3")
    names = (*farms, "n1", "n2")
    servers = ":".join(farms)
    questioner = "n1"
    knows_users = False

    def __init__(self, folder, seed):
        if netns.missing():
            raise tap.Lacks(f"several hosts need {netns.missing()}")
        self.etcd, self.lockerds = None, {}
        self.lacks_disks = ""  # why members have none of their own
        super().__init__(folder, seed)

    def start_server(self, durability="power"):
        """All of them; the first one leads at first."""
        places = [self.hosts[name] for name in self.farms]
        for number, place in enumerate(places, 1):
            self.make_disk(place, os.path.join(self.folder, f"etcd{number}"))
        self.etcd = etcd.Cluster(self.folder, options=OWN_ETCD, places=places)
        self.chain = Chain()
        self.watcher = Watcher(self.chain, self.start_watch, PREFIX + "/")
        farm.at_end(self.watcher.stop)
        for host in self.hosts.values():
            host.must("nft", "add table inet nemesis; add chain inet nemesis in "
                             "{ type filter hook input priority 0; }")
        self.ids = {member.status()["MemberID"]: member for member in self.etcd.members}
        for place in places:
            self.lockerds[place.name] = Lockerd(self, place)
            self.lockerds[place.name].start()
            farm.poll(self.server_is_up, "the first one leads")

    def make_disk(self, place, folder):
        """What is mounted there is gone with the host."""
        os.mkdir(folder, 0o700)
        made = place.run("sh", "-c", f"truncate -s {DISK_MB}M {folder}.img && mkfs.ext4 -q -m 0 {folder}.img && "
                                     f"mount -o loop {folder}.img {folder} && chmod 700 {folder} && "
                                     f"rmdir {folder}/lost+found")
        if made.returncode != 0:
            self.lacks_disks = made.stderr.strip()
            netns.say(f"no disk that freezes or is full: {self.lacks_disks}")

    def start_watch(self, number, revision):
        member = self.etcd.members[number % len(self.etcd.members)]
        with self._log("watch.log") as log:
            return subprocess.Popen(
                member.place.enter("setpriv", "--pdeathsig", "KILL", "etcdctl", "--endpoints", member.url,
                                       "watch", "--prefix", PREFIX + "/", "--rev", revision, "-w", "json"),
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, env=farm.environment(ETCDCTL_API=3))

    def start_lookers(self):
        with self._log("lookers.log") as log:
            return self.hosts["n2"].start(
                sys.executable, os.path.join(HERE, "lookers.py"), self.events, self.servers, self.port, self.seed,
                **QUIET, stderr=log)

    def check_server(self):
        self.watcher.hear()
        for lockerd in self.lockerds.values():
            lockerd.tend()
            if lockerd.has_ended():
                self.ended.append(f"lockerd of {lockerd.host.name} ended by itself: {lockerd.says()[-500:]}")
                lockerd.start()
        for member in self.etcd.members:
            if member.process.poll() is not None and not getattr(member, "may_end", False):
                self.ended.append(f"{member.name} ended by itself: {member.process.returncode}")
                member.start()

    def leader(self):
        """The lockerd that leads as far as is known, or None."""
        return self.lockerds.get(self.chain.leader)

    def etcd_leader(self, but):
        """The member that leads, as one says that is not of those names; or None."""
        for member in self.etcd.members:
            if member.name not in but:
                return self.ids.get(member.status().get("Leader"))
        return None

    def server_kb(self):
        """Of all of them."""
        found = 0
        for lockerd in self.lockerds.values():
            for pid in lockerd.children():
                try:
                    with open(f"/proc/{pid}/status", encoding="ascii") as status:
                        found += int(re.search(r"VmRSS:\s*(\d+)", status.read())[1])
                except (FileNotFoundError, TypeError):
                    continue
        return found

    # ---- links ----------------------------------------------------------------------------------

    def cut(self, rules):
        """Drops what comes to some hosts: (name, an nft match), and returns what undoes that."""
        handles = []
        for name, match in rules:
            done = self.hosts[name].run("nft", "-ae", f"add rule inet nemesis in {match} drop")
            assert done.returncode == 0, done.stderr
            handles.append((name, re.search(r"# handle (\d+)", done.stdout)[1]))

        def heal():
            for name, handle in handles:
                self.hosts[name].must("nft", f"delete rule inet nemesis in handle {handle}")
        return heal

    def link(self, one, other, port, ways):
        """Rules for what goes from one host to another, or back, between a client of a port and its
        server; `ways` are some of "there" and "back"."""
        rules = []
        for sender, receiver, way in ((one, other, "there"), (other, one, "back")):
            if way in ways:
                source = f"ip saddr {self.hosts[sender].address}"
                rules += [(receiver, f"{source} tcp dport {port}"), (receiver, f"{source} tcp sport {port}")]
        return rules

    # ---- the end --------------------------------------------------------------------------------

    def live_keys(self):
        """The requests that etcd has."""
        return self.etcd.must("get", "--prefix", "--keys-only", PREFIX + "/r/").split()

    def revision(self):
        found = self.etcd.must("get", PREFIX + "/0/seq", "-w", "fields")
        return int(re.search(r'"ModRevision" : (\d+)', found)[1])

    def hashes(self):
        """What the members have, each by itself: (revision, hash)."""
        said = self.etcd.must("endpoint", "hashkv", "--rev", self.revision(), "-w", "simple")
        return {line.split(", ")[1] for line in said.splitlines()}
