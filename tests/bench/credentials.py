"""What a proof by MUNGE adds to a grant, against what munge itself takes and one round trip."""

import os
import time

import rounds
import servers
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

    def _cpu_us(self):
        """Of the server, of munged, and of this process, which has libmunge's part."""
        clocks = [(~pid << 3) | 2 for pid in (self.server_pid, self.munge.process.pid)]
        return [time.clock_gettime(clock) * 1e6 for clock in (*clocks, time.CLOCK_PROCESS_CPUTIME_ID)]

    def sample_cpu(self, what):
        """CPU times of each, once."""
        before = self._cpu_us()
        for _ in range(TIMES):
            what(Stopwatch())
        return [(after - begun) / TIMES for begun, after in zip(before, self._cpu_us())]

    def sample(self, what):
        found = []
        for _ in range(TIMES):
            watch = Stopwatch()
            what(watch)
            found.append(watch.us)
        return rounds.Spread(found).median


def cpu_ratio(count):
    """What a grant with a credential costs server and munged, against a grant without, munge's own
    work and a round trip: of libmunge's two calls, which the load makes, the server makes one."""
    grants = Grants(count)
    found = rounds.take_turns(count, {name: lambda name=name: grants.sample_cpu(getattr(grants, name))
                                      for name in ("proven", "claimed", "munge_itself", "round_trip")})
    allowed = [claimed[0] + munge[1] + munge[2] / 2 + trip[0] for claimed, munge, trip in
               zip(found["claimed"], found["munge_itself"], found["round_trip"])]
    return rounds.ratio([proven[0] + proven[1] for proven in found["proven"]], allowed)


def rows(count):
    lack = munged.missing()
    if lack:
        return [Row(f"a grant with a MUNGE credential: {lack}", "")]
    grants = Grants(count)
    found = rounds.take_turns(count, {name: lambda name=name: grants.sample(getattr(grants, name))
                                      for name in ("proven", "claimed", "munge_itself", "round_trip")})
    allowed = [sum(parts) for parts in zip(*(found[name] for name in ("claimed", "munge_itself", "round_trip")))]
    shown = {name: f"{rounds.Spread(times).median:.0f}" for name, times in found.items()}
    return [Row("a grant with a MUNGE credential", f"{rounds.Spread(found['proven'])} us",
                f"a grant {shown['claimed']}, munge's encode and decode {shown['munge_itself']}, a round trip "
                f"{shown['round_trip']} us", rounds.ratio(found["proven"], allowed), at_most(1.1))]
