#!/usr/bin/python3
"""A day of a farm: thousands of short jobs of twenty users in four projects on fifty seats."""

import os

from support import farm, tap
from support.day import Day, Job
from support.lockd import Server

LONG = os.environ.get("FARMLOCK_LONG") is not None
SEED = os.environ.get("FARMLOCK_SEED") or "1"
ROUNDS = 1500 if LONG else 250
WEIGHTS = {"chip": 4, "core": 3, "ci": 2, "it": 1}
RESERVED = 2
CONF = """
pools = (
  { name = "vcs"; seats = 50;
    share = { by = "project"; weights = ( { of = "chip"; weight = 4; }, { of = "core"; weight = 3; },
                                          { of = "ci"; weight = 2; }, { of = "it"; weight = 1; } ); };
    reserve = ( { seats = 2; users = ["boss"]; } ); }
);
"""


def expect_parts(day, weights, what):
    """Each has what is its by weight, within 5 % of that."""
    parts = day.parts()
    total = sum(weights.values())
    print(f"# {what}: {', '.join(f'{name} {part:.1%}' for name, part in parts.items())}", flush=True)
    for project, part in parts.items():
        wanted = weights.get(project, 0) / total
        assert abs(part - wanted) <= 0.05 * wanted, f"{what}: {project} has {part:.1%}, not {wanted:.1%}"


class Boss:
    """Comes when he likes, does not wait, and finds a seat that is reserved for him."""

    def __init__(self, day):
        self.day = day
        self.jobs = [Job(day, "boss", "boss", 9000 + number) for number in range(RESERVED)]
        self.visits = 0

    def look_in(self):
        for job in self.jobs:
            if job.state == "holding" and job.until <= self.day.round:
                job.give_back()
            elif job.state == "idle" and self.day.random.random() < 0.3:
                job.ask(block=0)
                self.visits += 1


def run(day, boss, rounds):
    for _ in range(rounds):
        boss.look_in()
        day.run(1)


@tap.test
def a_day_of_twenty_users(folder):
    conf = os.path.join(folder, "lockerd.conf")
    with open(conf, "w", encoding="ascii") as out:
        out.write(CONF)
    server = Server(folder, "--config", conf)
    day = Day(server.port, "vcs", 50 - RESERVED, WEIGHTS, SEED)
    boss = Boss(day)
    # Five of the twenty came first, with most of the jobs.
    for number, project in enumerate(project for project in WEIGHTS for _ in range(5)):
        day.hire(f"user{number}", project, 30 if number < 5 else 16)
    run(day, boss, 4 * day.hold)
    day.parts()

    run(day, boss, ROUNDS)
    expect_parts(day, WEIGHTS, "all compete")

    day.resting.add("core")
    run(day, boss, 8 * day.hold)
    day.parts()
    run(day, boss, ROUNDS)
    expect_parts(day, {name: weight for name, weight in WEIGHTS.items() if name != "core"},
                 "one is idle, and the others have its seats")

    day.resting.clear()
    run(day, boss, 2 * day.hold)
    day.parts()
    run(day, boss, ROUNDS)
    expect_parts(day, WEIGHTS, "it is back")

    assert boss.visits > ROUNDS / 4
    print(f"# {day.granted} jobs, the longest wait {day.longest:.0%} of its bound; seed {SEED}", flush=True)
    assert day.granted > 15 * ROUNDS
    assert day.longest > 0.3, "nobody had to wait"


if __name__ == "__main__":
    farm.main()
