"""Several lockerd over three members of etcd: what it costs, and how long nobody is served when one
of them, or its host, is gone."""

import contextlib
import ctypes
import os
import random
import signal
import time

from support import etcd, farm, netns, replicas
import rounds
import servers
from support.lockd import LOCKERD
from table import Row, at_least, at_most
from throughput import kept_load, run_load
from support.wire import Wire

CLIENTS = (1, 16, 64, 256)
TAKEOVER_S = 5
MANY = 100000
ASKED_AT_ONCE = 500
CLONE_NEWNET = 0x40000000


# ---- rates -------------------------------------------------------------------------------------

def rates(count):
    """lockerd over etcd, single transactions at the same etcd, and lockerd with SQLite, in turns; etcd's
    leader is the member that both ask."""
    cluster = etcd.Cluster(servers.folder(), 3)
    member = farm.poll(cluster.leader, "etcd has a leader")
    urls = [member.url] + [url for url in cluster.urls() if url != member.url]
    ours = servers.lockerd("--state", f"etcd:{','.join(urls)}/farmlock/bench", "--etcd-compact")
    alone = servers.durable_lockerd()
    rows = []
    for clients in CLIENTS:
        loads = {"ours": lambda n=clients: kept_load(ours, n),
                 "etcd": lambda n=clients: run_load("load_etcd", member.port, member.process.pid, n, 500),
                 "sqlite": lambda n=clients: kept_load(alone, n)}
        rounds.take_turns(1, loads)
        found = {name: [sample.rate for sample in samples]
                 for name, samples in rounds.take_turns(count, loads).items()}
        medians = {name: rounds.Spread(figures).median for name, figures in found.items()}
        work = f"over 3 etcd, kept, {clients}"
        rows.append(Row(f"{work}: rate", f"{medians['ours']:,.0f}/s",
                        f"single transactions of etcd {medians['etcd']:,.0f}/s",
                        rounds.ratio(found["ours"], found["etcd"]), at_least(3) if clients == 64 else None))
        rows.append(Row(f"{work}: rate", f"{medians['ours']:,.0f}/s", f"SQLite {medians['sqlite']:,.0f}/s",
                        rounds.ratio(found["ours"], found["sqlite"])))
        # Each client has one request under way all the time.
        ms = {name: clients * 1000 / rate for name, rate in medians.items()}
        rows.append(Row(f"{work}: mean latency", f"{ms['ours']:.2f} ms",
                        f"etcd {ms['etcd']:.2f} ms, SQLite {ms['sqlite']:.2f} ms"))
    return rows


# ---- takeovers ---------------------------------------------------------------------------------

def grants(port, host="127.0.0.1"):
    """True when a lock is had there, and given back."""
    try:
        wire = Wire(port, host)
    except OSError:
        return False
    try:
        return wire.ask("user bench", "locks takeover", "LOCK")["locked"] == "1" and wire.ask("UNLOCK")
    except (AssertionError, OSError):
        return False
    finally:
        wire.socket.close()


def seconds_until(served, event):
    """From when the event begins until somebody is served."""
    begun = time.monotonic()
    event()
    farm.poll(served, "somebody serves", TAKEOVER_S * 10)
    return time.monotonic() - begun


class Pair:
    """Two lockerd, one of which leads, over three members of etcd."""

    def __init__(self, **options):
        self.farm = replicas.Farm(servers.folder(), 2, "--etcd-compact", members=3, takeover_s=TAKEOVER_S, **options)

    def roles(self):
        """The one that leads and the one that stands by."""
        first, second = self.farm.replicas
        farm.poll(lambda: grants(first.port) or grants(second.port), "one leads")
        return (first, second) if grants(first.port) else (second, first)

    def end(self, how):
        """Has the leader end, and returns how long until the other serves; both are there again then."""
        leader, other = self.roles()
        took_s = seconds_until(lambda: grants(other.port), lambda: how(leader))
        if leader.process.poll() is None:
            leader.thaw()
            farm.poll(lambda: "deposed" in leader.log() or "asked to give up" in leader.log(), "it knows that")
        else:
            leader.start()
        return took_s

    def end_member(self, how):
        """Has etcd's leader end, and returns how long until lockerd serves; the member is back then."""
        leader, _ = self.roles()
        member = farm.poll(self.farm.etcd.leader, "etcd has a leader")
        took_s = seconds_until(lambda: grants(leader.port), lambda: how(member))
        if member.process.poll() is None:
            member.thaw()
        else:
            member.start()
        farm.poll(member.serves, "it is back")
        return took_s

    def fill(self, count):
        """Has the leader hold so many locks, of an owner each."""
        wire = self.roles()[0].wire()
        for first in range(0, count, ASKED_AT_ONCE):
            for number in range(first, first + ASKED_AT_ONCE):
                wire.send(f"user host_{number}_bench", f"locks license{number}", "LOCK")
            for _ in range(ASKED_AT_ONCE):
                farm.equal(wire.status()["locked"], "1")
        wire.close()


def kill_child_s(state, folder):
    """kill -9 of the process that serves, whose parent lives."""
    pid_file, port = os.path.join(folder, "pid"), farm.free_port()
    farm.run(LOCKERD, "--host", "127.0.0.1", "--port", port, "--state", state, "--takeover", f"{TAKEOVER_S}s",
             "--pidstat-port", "none", "--pid-file", pid_file, "--log", os.path.join(folder, "log"))
    with open(pid_file, encoding="ascii") as file:
        parent = int(file.read())
    try:
        farm.poll(lambda: grants(port), "it serves")
        with open(f"/proc/{parent}/task/{parent}/children", encoding="ascii") as children:
            child = int(children.read())
        return seconds_until(lambda: grants(port), lambda: os.kill(child, signal.SIGKILL))
    finally:
        os.kill(parent, signal.SIGTERM)
        farm.poll(lambda: not farm.is_alive(parent), "it has ended")


@contextlib.contextmanager
def inside(host):
    """This thread makes its sockets on that host."""
    def enter(path):
        with open(path, "rb") as namespace:
            if ctypes.CDLL(None).setns(namespace.fileno(), CLONE_NEWNET) != 0:
                raise OSError(f"setns {path}")
    with open("/proc/thread-self/ns/net", "rb") as own:
        enter(f"/proc/{host.holder.pid}/ns/net")
        try:
            yield
        finally:
            enter(f"/proc/self/fd/{own.fileno()}")


def cut_off_s(busy=False):
    """The cable of the host on which lockerd leads, and etcd too; where that is busy, just when it has
    changed something that no standby can have seen."""
    folder = servers.folder()
    hosts = netns.network(folder, ["e1", "e2", "e3", "clients"])
    places = [hosts[name] for name in ("e1", "e2", "e3")]
    cluster = etcd.Cluster(folder, places=places)
    first = farm.poll(cluster.leader, "etcd has a leader").place
    second = next(place for place in places if place is not first)
    port = farm.free_port()

    def start(place):
        place.start(LOCKERD, "--nofork", "--host", place.address, "--port", port, "--state", cluster.state(),
                    "--takeover", f"{TAKEOVER_S}s", "--pidstat-port", "none", stderr=log)
    with open(os.path.join(folder, "log"), "wb") as log, inside(hosts["clients"]):
        start(first)
        farm.poll(lambda: grants(port, first.address), "the first leads")
        start(second)
        # Until it stands by, and anywhere between two of the leader's heartbeats.
        until = time.monotonic() + random.uniform(1, 2)
        while busy and time.monotonic() < until:
            grants(port, first.address)
        time.sleep(max(0, until - time.monotonic()))
        return seconds_until(lambda: grants(port, second.address), first.cut_off)


def row(work, times_s, limit_s):
    spread = rounds.Spread(times_s)
    return Row(work, f"{spread} s", "", "", at_most(limit_s, " s"), max(times_s))


def takeovers(count):
    work = f"takeover (T = {TAKEOVER_S} s)"
    pair = Pair()
    ways = {"stopped in order": (lambda one: one.process.terminate(), 1),
            "told to resign": (lambda one: one.process.send_signal(signal.SIGUSR1), 1),
            "killed with its parent": (lambda one: one.process.kill(), TAKEOVER_S + 1),
            "frozen": (lambda one: one.freeze(), TAKEOVER_S + 1)}
    found = rounds.take_turns(count, {way: lambda how=how: pair.end(how) for way, (how, _) in ways.items()})
    rows = [row(f"{work}: {way}", times, ways[way][1]) for way, times in found.items()]
    state = pair.farm.etcd.state("/farmlock/alone")
    rows.insert(0, row(f"{work}: killed, its parent lives",
                       [kill_child_s(state, servers.folder()) for _ in range(count)], 0.5))
    lacks = netns.missing()
    if lacks:
        rows.append(Row(f"{work}: its host is cut off", f"not measured: {lacks} is missing"))
    else:
        rows += [row(f"{work}: its host is cut off{how}", [cut_off_s(busy) for _ in range(count)], TAKEOVER_S + 1)
                 for how, busy in (("", False), (" as it serves", True))]
    members = rounds.take_turns(count, {
        "killed": lambda: pair.end_member(lambda one: one.kill()),
        "frozen": lambda: pair.end_member(lambda one: one.freeze())})
    rows += [Row(f"etcd's leader {how}, until lockerd serves", f"{rounds.Spread(times)} s")
             for how, times in members.items()]
    pair.fill(MANY)
    rows.append(row(f"{work}: killed with its parent, {MANY:,} held",
                    [pair.end(lambda one: one.process.kill()) for _ in range(count)], TAKEOVER_S + 3))
    return rows
