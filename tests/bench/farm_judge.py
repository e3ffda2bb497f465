"""What has become of the jobs of a farm in a box: faults of the server, and how far it was from the
earliest that the seats allow.  Times are microseconds since the day began."""

import bisect
import heapq
from dataclasses import dataclass

CUT, PAUSED = 1, 2


@dataclass
class Outcome:
    number: int
    end: str
    flags: int
    asked: int
    queued: int   # 0: it did not wait
    granted: int  # 0: never
    left: int
    proof: int    # from when on somebody can tell that it has ended
    token: int
    seats: tuple
    job: object   # of the plan


def read(path, plan):
    outcomes = []
    with open(path, encoding="ascii") as file:
        for line, job in zip(file, plan.jobs, strict=True):
            number, end, flags, asked, queued, granted, left, proof, token, *seats = line.split()
            outcomes.append(Outcome(int(number), end, int(flags), int(asked), int(queued), int(granted), int(left),
                                    int(proof), int(token), () if seats == ["-"] else tuple(seats), job))
    return outcomes


def by_pool(outcomes, plan):
    """{pool's name: those that were granted, in the order of grants}."""
    found = {name: [] for name in plan.pools}
    for one in sorted((one for one in outcomes if one.granted), key=lambda one: one.token):
        found[one.job.pool].append(one)
    return found


def by_seat(outcomes):
    """{seat: those that had it, in the order of time}."""
    found = {}
    for one in sorted((one for one in outcomes if one.granted), key=lambda one: one.granted):
        for seat in one.seats:
            found.setdefault(seat, []).append(one)
    return found


# ---- faults ------------------------------------------------------------------------------------

def _of_seats(outcomes):
    for seat, holders in by_seat(outcomes).items():
        for before, after in zip(holders, holders[1:]):
            if before.left == 0 or after.granted < before.left:
                yield f"{seat} is with jobs {before.number} and {after.number} at once"
            if after.token <= before.token:
                yield f"{seat}: the token of job {after.number} is not above that of job {before.number}"


def _of_jobs(outcomes, plan):
    for one in outcomes:
        if one.end in ("none", "lost", "refused"):
            yield f"job {one.number} for {one.job.pool}: {one.end}" + (" after its grant" if one.granted else "")
        if one.granted and len(set(one.seats)) != one.job.count:
            yield f"job {one.number} has {len(set(one.seats))} seats, not {one.job.count}"
        if any(not is_seat(seat, plan.pools[one.job.pool]) for seat in one.seats):
            yield f"job {one.number} has seats that are none of {one.job.pool}"


def is_seat(seat, pool):
    number = seat.removeprefix(pool.name)
    return seat != number and number.isdigit() and 1 <= int(number) <= pool.seats


def _of_order(granted, plan):
    """Where tickets alone count: who knew that it waits before another one asked has its turn before."""
    for name, outcomes in granted.items():
        if not plan.pools[name].in_order:
            continue
        first = None  # of those with a later grant, the one that waited first
        for one in reversed(outcomes):
            if first is not None and first.queued < one.asked:
                yield f"{name}: job {one.number} was served before job {first.number}"
            if one.queued and not one.flags & CUT and (first is None or one.queued < first.queued):
                first = one


def _of_limits(granted, plan):
    for name, outcomes in granted.items():
        limit = plan.pools[name].limit
        users = {}
        for one in outcomes if limit else ():
            ends = users.setdefault(one.job.user, [])
            while ends and ends[0] <= one.granted:
                heapq.heappop(ends)
            heapq.heappush(ends, one.left or float("inf"))
            if len(ends) > limit:
                yield f"{name}: {one.job.user} has {len(ends)} seats, more than {limit}"


def faults(outcomes, plan):
    """What the server may never do, as sentences."""
    granted = by_pool(outcomes, plan)
    return [*_of_seats(outcomes), *_of_jobs(outcomes, plan), *_of_order(granted, plan), *_of_limits(granted, plan)]


# ---- the earliest ------------------------------------------------------------------------------

def _earliest(outcomes, pool):
    """When each could have begun: no seat is idle that the next one in the order of grants could have
    had.  Each holds its seats for as long as it did here."""
    free = [0] * pool.seats
    running = {}  # {user: when its seats come back}, where there is a limit
    last = 0
    starts = []
    for one in outcomes:
        start = max([one.asked, last] + [heapq.heappop(free) for _ in range(one.job.count)])
        if pool.limit:
            ends = running.setdefault(one.job.user, [])
            while len(ends) >= pool.limit:
                start = max(start, heapq.heappop(ends))
        end = start + max(one.proof - one.granted, 0)
        for _ in range(one.job.count):
            heapq.heappush(free, end)
        if pool.limit:
            heapq.heappush(running[one.job.user], end)
        starts.append(start)
        last = start
    return starts


def excesses(outcomes, plan):
    """[(outcome, how long after the earliest it was granted)]."""
    found = []
    for name, granted in by_pool(outcomes, plan).items():
        found += [(one, one.granted - start) for one, start in zip(granted, _earliest(granted, plan.pools[name]))]
    return found


def used(outcomes, plan, day_us):
    """{pool: (the part of the day that its seats were held, and the same of the earliest)}."""
    found = {}
    for name, granted in by_pool(outcomes, plan).items():
        seats = plan.pools[name].seats
        real = earliest = 0
        for one, start in zip(granted, _earliest(granted, plan.pools[name])):
            real += max(min(one.left, day_us) - min(one.granted, day_us), 0) * one.job.count
            end = start + one.left - one.granted
            earliest += max(min(end, day_us) - min(start, day_us), 0) * one.job.count
        found[name] = (real / seats / day_us, earliest / seats / day_us)
    return found


# ---- handovers ---------------------------------------------------------------------------------

def handovers(outcomes, plan):
    """How long it took from when a seat was given back, or could be known to be free, until who waited
    for it has heard: (after UNLOCK, after a death).  Only where a free seat goes to the next one at
    once: neither at a limit, nor where it may be collected; and not of jobs whose network paused."""
    given, died = [], []
    plain = [one for one in outcomes if plan.pools[one.job.pool].hands_over]
    for holders in by_seat(plain).values():
        for before, after in zip(holders, holders[1:]):
            if after.flags or before.flags or not after.queued or after.asked >= before.left:
                continue
            (given if before.end == "unlock" else died).append(after.granted - before.proof)
    return sorted(given), sorted(died)


def percentile(values, percent):
    """Of sorted values; 0 where there are none."""
    return values[min(int(len(values) * percent / 100), len(values) - 1)] if values else 0


def part_below(values, limit):
    return bisect.bisect_right(values, limit) / len(values)
