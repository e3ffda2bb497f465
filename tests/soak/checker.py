#!/usr/bin/env python3
"""Judges what the clients of a lock server have seen, from the log of events that they have written:
no lock has two holders, tokens only rise, nobody overtakes, a seat that was given up comes back in
its time, and nobody waits for ever.  Knows nothing of how the server works.

A log has a line for each event, NANOSECONDS KIND ID ..., by the clock of the boot, from many writers
and so only nearly in order:

    ask ID NAME...          a request is about to be sent; of each group one name is wanted
    told ID                 the server has said that it waits
    hold ID TOKEN NAME...   the server has said that it holds
    alive ID                it holds still
    end ID                  it is about to give back
    gave ID                 the server has said that it has given back
    saw ID SINCE NAME OWNER a question that was sent at that time was answered: this one has the lock, or nobody (-)
    cut ID                  its connection is lost, and so may its place be; it asks again
    left ID                 it waits no more
    lost ID [REASON]        the server says that it does not hold what it was granted
    dead PREFIX             the process of all ids that begin so has ended
    outage KIND             something keeps clients from being served, from now
    calm KIND               until now
    mark KIND               something happened that is counted and needs no allowance
    odd ID TEXT...          the server has refused in a way that nothing here calls for
    final NAME...           what the server lists as held when all have given back

An ID is CLIENT.NUMBER, and the owner's name ends with _CLIENT; of jobs, whose owner has another name, it
begins with j."""

import collections
import heapq
import sys

SECOND = 1_000_000_000
REORDER_NS = 20 * SECOND  # by so much may a line be late, as when its writer was stopped
BOUND_NS = 15 * SECOND    # within which a seat that was given up is had by who waited for it
AFTER_NS = 15 * SECOND    # of an outage are also the seconds behind it: clients come back
# A pidstatd that starts anew watches nobody until the server asks it again, which is 30 seconds after
# it was answered the last time, or sooner where it has asked in vain; the jobs of classic clients have
# nobody else to tell of their end. So all is told within 30 seconds, in which clients have come back,
# too. (A watch itself lasts 75 seconds: that is for a server that was away, not for a pidstatd.)
AFTER_KIND_NS = {"pidstatd-killed": 30 * SECOND}
PAST = 100  # how many of a client's requests are remembered: far more than there are within one question

# In these a client may have lost its connection, and with it its place, without knowing yet.
CUTTING = ("host-cut-off", "packets-lost", "server-killed")


class Hold:
    """What one request was granted of one lock."""

    def __init__(self, request, begin):
        self.request, self.begin = request, begin


class Request:
    def __init__(self, name, asked, names):
        self.name, self.asked, self.names = name, asked, names
        self.told = 0
        self.token = 0
        self.held = []
        self.gave = None

    def may_have_had(self, lock_name, since, until):
        """Whether a server may say at some time between these that it has the lock."""
        return lock_name in self.names and self.asked <= until and (self.gave is None or self.gave >= since)


class Lock:
    def __init__(self):
        self.token = 0      # the highest that was told
        self.owner = None   # to whom
        self.holds = []     # that may go on
        self.free_since = 0
        self.waiting = {}   # requests for this lock alone that were told to wait, by their name


class Checker:
    """Takes lines in any order that is nearly theirs; `violations` has what is wrong."""

    def __init__(self, is_shared=lambda name: True, cutting=CUTTING):
        """is_shared(NAME): every request for the lock wants one name of one group, so that who
        waits for it may be expected to get it next.  `cutting` are outages that excuse who overtakes."""
        self.is_shared, self.cutting = is_shared, cutting
        self.pending, self.number = [], 0
        self.locks = collections.defaultdict(Lock)
        self.requests = {}
        self.past = collections.defaultdict(lambda: collections.deque(maxlen=PAST))  # of each client
        self.granted = {}  # {token: names}, all that were told
        self.dead = set()
        self.gone = collections.deque(maxlen=10000)  # ids of whom nothing more is to come
        self.outages = collections.deque()  # (from, until, kind) of those that are over
        self.open_outages = {}
        self.counts = collections.Counter()
        self.faults = collections.Counter()
        self.violations = []
        self.newest = 0
        self.worst_gap_ns = 0

    def feed(self, line):
        time, _, rest = line.partition(" ")
        time = int(time)
        self.newest = max(self.newest, time)
        self.number += 1
        heapq.heappush(self.pending, (time, self.number, rest.split()))
        while self.pending and self.pending[0][0] < self.newest - REORDER_NS:
            self.take(heapq.heappop(self.pending))

    def finish(self):
        while self.pending:
            self.take(heapq.heappop(self.pending))
        for request in self.requests.values():
            self.complain(self.newest, f"{request.name}, which asked for {request.names} at "
                          f"{seconds(request.asked)}, was never answered, or never ended")

    def take(self, event):
        time, _, words = event
        self.counts[words[0]] += 1
        getattr(self, "on_" + words[0])(time, *words[1:])

    def complain(self, time, text):
        self.violations.append(f"{seconds(time)} {text}")

    # ---- what clients say -----------------------------------------------------------------

    def on_ask(self, time, name, *names):
        if name.partition(".")[0] + "." in self.dead:
            self.gone.append(name)  # said in the moment of its end, too
            return
        self.requests[name] = Request(name, time, names)
        if not name.startswith("j"):
            self.past[client_of(name)].append(self.requests[name])

    def on_told(self, time, name):
        request = self.requests.get(name)
        if request and not request.told:
            request.told = time
            if len(request.names) == 1 and self.is_shared(request.names[0]):
                self.locks[request.names[0]].waiting[name] = request

    def on_hold(self, time, name, token, *names):
        request = self.requests.get(name)
        if request is None and name in self.gone:
            return  # said in the moment of its end
        if request is None:
            self.complain(time, f"{name} was granted {names}, which it does not ask for")
            return
        if request.held:
            self.check_repeat(time, request, int(token), names)
            return
        request.token, request.held = int(token), list(names)
        if request.token:
            self.granted[request.token] = tuple(sorted(names))
        for lock_name in names:
            self.grant(time, request, lock_name)
        self.forget_wait(request)

    def on_alive(self, time, name):
        request = self.requests.get(name)
        for lock_name in request.held if request else []:
            self.check_alone(time, request, lock_name)

    def on_end(self, time, name):
        self.on_alive(time, name)
        self.close(time, name)

    def on_gave(self, time, name):
        for request in self.past[client_of(name)]:
            if request.name == name:
                request.gave = time

    def on_saw(self, time, name, since, lock_name, owner):
        """By what it was told, and not by what this checker has made of it: the answer may be older
        than the newest that is known, but not older than the question."""
        since, client = int(since), owner.rpartition("_")[2]
        past = self.past.get(client)
        if past and past[0].asked < since and \
                not any(request.may_have_had(lock_name, since, time) for request in past):
            self.complain(time, f"{name} was told that {client} has {lock_name}, which had given it back "
                          f"before that was asked at {seconds(since)}")
        for hold in self.locks[lock_name].holds:
            holder = client_of(hold.request.name)
            if hold.begin < since and not holder.startswith("j") and client != holder:
                self.complain(time, f"{name} was told that {owner} has {lock_name}, which {holder} has held since "
                              f"{seconds(hold.begin)}")

    def on_cut(self, time, name):
        if name in self.requests:
            self.forget_wait(self.requests[name])

    def on_left(self, time, name):
        self.close(time, name)

    def on_lost(self, time, name, reason=""):
        self.complain(time, f"{name} has lost what it held without having given it back {reason}".rstrip())
        self.close(time, name)

    def on_dead(self, time, prefix):
        if not prefix.startswith("j"):
            self.dead.add(prefix)  # of many clients in one process
        for name in [name for name in self.requests if name.startswith(prefix)]:
            self.close(time, name)

    def on_outage(self, time, kind):
        self.faults[kind] += 1
        self.open_outages[kind] = time

    def on_calm(self, time, kind):
        begin = self.open_outages.pop(kind, time)
        self.outages.append((begin, time + AFTER_KIND_NS.get(kind, AFTER_NS), kind))
        while self.outages and self.outages[0][1] < time - 600 * SECOND:
            self.outages.popleft()

    def on_mark(self, time, kind):
        self.faults[kind] += 1

    def on_odd(self, time, name, *text):
        self.complain(time, f"{name} was refused: {' '.join(text)}")

    def on_final(self, time, *names):
        if names:
            self.complain(time, f"held at the end, by nobody: {' '.join(names)}")

    # ---- what follows from it --------------------------------------------------------------

    def grant(self, time, request, lock_name):
        lock = self.locks[lock_name]
        if request.token == 0:
            pass  # classic servers tell none
        elif request.token < lock.token:
            self.complain(time, f"the token of {lock_name} went back: {request.name} was told "
                          f"{request.token}, {lock.owner} had {lock.token}")
        elif request.token == lock.token:
            self.complain(time, f"{request.name} and {lock.owner} were both granted {lock_name} "
                          f"with the token {request.token}")
        else:
            lock.token, lock.owner = request.token, request.name
        self.check_gap(time, request, lock, lock_name)
        self.check_order(time, request, lock, lock_name)
        lock.holds.append(Hold(request, time))

    def check_repeat(self, time, request, token, names):
        """Who comes back is told again what it has."""
        if token != request.token or sorted(names) != sorted(request.held):
            self.complain(time, f"{request.name} had {request.held} by {request.token}, and was "
                          f"then told {list(names)} by {token}")

    def check_alone(self, time, request, lock_name):
        """Nobody was granted the lock between this one's grant and now."""
        holds = self.locks[lock_name].holds
        begin = next((hold.begin for hold in holds if hold.request is request), time)
        for other in holds:
            if other.request is not request and begin <= other.begin < time:
                self.complain(time, f"two holders of {lock_name}: {request.name} since "
                              f"{seconds(begin)}, and since {seconds(other.begin)} "
                              f"{other.request.name}")

    def check_gap(self, time, request, lock, lock_name):
        """Who waited all the time that nobody held it has waited for nothing."""
        since = max(lock.free_since, request.asked)
        if not lock.free_since or lock.holds or not self.is_shared(lock_name):
            return
        gap = time - since - self.outage_between(since, time)
        self.worst_gap_ns = max(self.worst_gap_ns, gap)
        if gap > BOUND_NS:
            self.complain(time, f"{lock_name} was free for {gap / SECOND:.1f} s, outages apart, "
                          f"while {request.name} waited for it")

    def check_order(self, time, request, lock, lock_name):
        for other in list(lock.waiting.values()):
            if other.told < request.asked and other is not request and len(request.names) == 1 \
                    and not self.outage_between(other.told, time, self.cutting):
                self.complain(time, f"{request.name}, which asked for {lock_name} at "
                              f"{seconds(request.asked)}, has overtaken {other.name}, which was "
                              f"told to wait at {seconds(other.told)}")

    def outage_between(self, since, until, kinds=None):
        """How much of a time had something in it that keeps clients from being served, of all or
        of some kinds."""
        spans = [(begin, until, kind) for kind, begin in self.open_outages.items()]
        spans = [span[:2] for span in spans + list(self.outages) if kinds is None or span[2] in kinds]
        total, reached = 0, since
        for begin, end in sorted(spans):
            begin, end = max(begin, reached), min(end, until)
            if begin < end:
                total += end - begin
                reached = end
        return total

    def forget_wait(self, request):
        for lock_name in request.names:
            self.locks[lock_name].waiting.pop(request.name, None)

    def close(self, time, name):
        request = self.requests.pop(name, None)
        if request is None:
            return
        self.gone.append(name)
        self.forget_wait(request)
        for lock_name in request.held:
            lock = self.locks[lock_name]
            lock.holds = [hold for hold in lock.holds if hold.request is not request]
            lock.free_since = time


def client_of(name):
    return name.rpartition(".")[0]


def seconds(time):
    return f"{time / SECOND:.3f}"


def main():
    """Judges a log that was kept: checker.py LOG."""
    checker = Checker(lambda name: not name.startswith("g"))
    with open(sys.argv[1], encoding="ascii") as log:
        for line in log:
            checker.feed(line)
    checker.finish()
    for violation in checker.violations:
        print(violation)
    print(f"{checker.counts['hold']} grants, {len(checker.violations)} violations")
    sys.exit(1 if checker.violations else 0)


if __name__ == "__main__":
    main()
