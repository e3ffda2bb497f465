"""What the process that lockersh leaves behind for each job takes of a node's memory."""

import os
import time

from support import farm, locking
import rounds
import servers
from table import Row, at_most

LIMIT_KB = 300
MANY = 20
# From when on a job is none of the short ones, for whose sake nothing is let go of.
SETTLED_S = 11


def measure(count):
    """Of so many jobs at once; returns the memory of their monitors, and of them: each is a
    sleep(1), than which few programs are smaller."""
    lab = locking.Farm(servers.lockerd().port)
    # As a file that is still to be written has no page that is not its last user's.
    os.sync()
    jobs = [lab.hold(f"seat{number}") for number in range(count)]
    monitors = [lab.poll_monitor(f"seat{number}") for number in range(count)]
    time.sleep(SETTLED_S)
    found = [[farm.private_kb(pid) for pid in pids] for pids in (monitors, [job.pid for job in jobs])]
    for job in jobs:
        farm.stop(job)
    return found


def rows():
    result = []
    for what, count in (("alone", 1), (f"one of {MANY}", MANY)):
        monitors, jobs = (rounds.Spread(sizes) for sizes in measure(count))
        result.append(Row(f"lockersh's monitor, {what}: private memory", f"{monitors} kB",
                          f"sleep {jobs} kB", "", *([at_most(LIMIT_KB, " kB"), monitors.median] if count == MANY else [])))
    return result


def ratio():
    return rounds.ratio(*measure(MANY))
