"""What a proof by MUNGE adds to a grant, against what munge itself takes and one round trip."""

import os
import time

import rounds
import servers
from crowds import cpu_s
from support import munged
from support.libmunge import Maker
from support.munged import Munged
from support.proofs import Proof
from support.wire import Wire
from table import Row, at_most

TIMES = 20  # of each, in a turn


class Stopwatch:
    """Runs while somebody is waited for, not while Python makes seals."""

    def __init__(self):
        self.us = 0

    def time(self, function):
        before = time.perf_counter()
        result = function()
        self.us += (time.perf_counter() - before) * 1e6
        return result


class Grants:
    def __init__(self, count):
        self.count = count
        self.munge = Munged(servers.folder())
        server = servers.lockerd("--auth", "munge", "--munge-socket", self.munge.socket)
        self.port = server.port
        self.server_pid = server.pid
        self.maker = Maker(self.munge.socket, Proof(self.port).reader)
        self.own = Maker(self.munge.socket, os.geteuid())
        self.kept = Wire(self.port)

    def proven(self, watch):
        proof = watch.time(lambda: Proof(self.port))
        credential = watch.time(lambda: self.maker.credential(proof.payload()))
        proof.begin_seals()
        lines = (f"proof munge {credential}", *proof.sealed("user ann", "locks x", "LOCK"))
        watch.time(lambda: (proof.send_raw(*lines), proof.status()))
        proof.ask("UNLOCK")
        proof.close()

    def claimed(self, watch):
        wire = watch.time(lambda: Wire(self.port))
        watch.time(lambda: (wire.send("proto 2", "user ann", "locks x", "LOCK"), wire.line(), wire.status()))
        wire.ask("UNLOCK")
        wire.close()

    def munge_itself(self, watch):
        watch.time(lambda: self.own.decode(self.own.credential("farmlock-1 " + 65 * "0")))

    def round_trip(self, watch):
        watch.time(lambda: (self.kept.send("VERSION"), self.kept.line()))

    def parts(self):
        """What a grant with a credential is set against, one after the other as there: munged that
        does nothing else for a while is a third cheaper, as all it needs is in the caches."""
        return {"claimed": self.claimed, "munge_itself": self.munge_itself, "round_trip": self.round_trip}

    def _servers_us(self):
        return sum(cpu_s(pid) for pid in (self.server_pid, self.munge.process.pid)) * 1e6

    def proven_cpu_us(self):
        """CPU time of server and munged."""
        before = self._servers_us()
        for _ in range(TIMES):
            self.proven(Stopwatch())
        return (self._servers_us() - before) / TIMES

    def parts_cpu_us(self):
        """The same, and libmunge's part: of its two calls, which the load makes, the server makes one."""
        before, own_s = self._servers_us(), 0
        for _ in range(TIMES):
            for name, part in self.parts().items():
                begun_s = time.process_time()
                part(Stopwatch())
                own_s += time.process_time() - begun_s if name == "munge_itself" else 0
        return (self._servers_us() - before + own_s * 1e6 / 2) / TIMES

    def proven_us(self):
        found = []
        for _ in range(TIMES):
            watch = Stopwatch()
            self.proven(watch)
            found.append(watch.us)
        return rounds.Spread(found).median

    def parts_us(self):
        """{name: how long one was waited for}."""
        found = {name: [] for name in self.parts()}
        for _ in range(TIMES):
            for name, part in self.parts().items():
                watch = Stopwatch()
                part(watch)
                found[name].append(watch.us)
        return {name: rounds.Spread(times).median for name, times in found.items()}


def cpu_ratio(count):
    """What a grant with a credential costs server and munged, against a grant without, munge's own
    work and a round trip."""
    grants = Grants(count)
    found = rounds.take_turns(count, {"proven": grants.proven_cpu_us, "parts": grants.parts_cpu_us})
    return rounds.ratio(found["proven"], found["parts"])


def rows(count):
    lack = munged.missing()
    if lack:
        return [Row(f"a grant with a MUNGE credential: {lack}", "")]
    grants = Grants(count)
    found = rounds.take_turns(count, {"proven": grants.proven_us, "parts": grants.parts_us})
    allowed = [sum(parts.values()) for parts in found["parts"]]
    shown = {name: f"{rounds.Spread([parts[name] for parts in found['parts']]).median:.0f}"
             for name in grants.parts()}
    return [Row("a grant with a MUNGE credential", f"{rounds.Spread(found['proven'])} us",
                f"a grant {shown['claimed']}, munge's encode and decode {shown['munge_itself']}, a round trip "
                f"{shown['round_trip']} us", rounds.ratio(found["proven"], allowed), at_most(1.1))]
