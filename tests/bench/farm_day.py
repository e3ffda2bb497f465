"""The day of a farm in a box, made from a seed: jobs of users with seats to share, in bursts, with run
times that have a heavy tail, and what befalls jobs and nodes.  In seconds of that day."""

import math
import random
from dataclasses import dataclass, field

DAY_S = 86400
# Of what all want of a pool's seats in a day, on average.
USED = 0.85
LONGEST_S = 6 * 3600
# How many are submitted in an hour, in parts of the average: people by day, regressions in the evening.
HOURS = (0.7, 0.6, 0.6, 0.6, 0.6, 0.7, 0.8, 1.0, 1.2, 1.3, 1.3, 1.2, 1.1, 1.2, 1.3, 1.3, 1.2, 1.1, 1.0, 0.9,
         1.3, 1.2, 0.9, 0.8)
PROJECTS = {"chip": 4, "core": 3, "ci": 2, "it": 1}
USERS = 200
ARRAYS = 0.05           # of what is submitted; the others are one job
ARRAY_LEAST, ARRAY_MOST, ARRAY_TAIL = 10, 1000, 1.1
TASK_PAUSE_S = 0.01     # from one task of an array to the next
KILLED, GIVES_UP = 0.01, 0.01
PATIENCE_S = 1800       # of those that give up, on average
# For each node a day, and from and to how many seconds.
TROUBLES = {"F": (0.006, 300, 1200), "P": (0.02, 5, 120), "C": (0.01, 5, 60)}


@dataclass
class Pool:
    name: str
    part: float      # of all jobs
    median_s: float  # of how long a job holds its seats; log-normal
    sigma: float
    counts: tuple = (1,)  # seats that a job wants, each as likely
    rule: str = ""        # "share" by project, or "limit" by user
    seats: int = 0

    @property
    def in_order(self):
        """Whether its seats go by tickets alone."""
        return not self.rule

    @property
    def hands_over(self):
        """Whether whoever is next can have any seat that is free."""
        return self.rule != "limit" and set(self.counts) == {1}

    @property
    def limit(self):
        """The most that a user has, or 0."""
        return max(4, self.seats // 6) if self.rule == "limit" else 0


def pools():
    return {pool.name: pool for pool in (
        Pool("vcs", 0.40, 1200, 1.3, rule="share"), Pool("xcelium", 0.15, 1800, 1.2),
        Pool("spectre", 0.15, 840, 1.4), Pool("formal", 0.15, 600, 1.6),
        Pool("dc", 0.10, 3000, 1.0, rule="limit"), Pool("calibre", 0.05, 3600, 1.0, counts=(1, 1, 1, 2, 4)))}


@dataclass
class Job:
    at_s: float
    hold_s: float
    give_up_s: float
    kill_s: float
    node: int
    count: int
    pool: str
    user: str
    project: str


@dataclass
class Trouble:
    kind: str
    at_s: float
    for_s: float
    node: int


@dataclass
class Plan:
    seed: int
    nodes: int
    pace: float  # seconds of its day in one of ours
    pools: dict
    jobs: list = field(default_factory=list)
    troubles: list = field(default_factory=list)

    def us(self, seconds):
        return math.ceil(seconds / self.pace * 1e6)

    def write(self, path):
        """As farm_load reads it."""
        with open(path, "w", encoding="ascii") as out:
            print("N", self.nodes, file=out)
            for job in self.jobs:
                print("J", self.us(job.at_s), self.us(job.hold_s), self.us(job.give_up_s), self.us(job.kill_s),
                      job.node, job.count, job.pool, job.user, job.project, file=out)
            for trouble in self.troubles:
                print(trouble.kind, self.us(trouble.at_s), self.us(trouble.for_s), trouble.node, file=out)

    def configuration(self):
        """Its pools, as lockerd.conf has them."""
        sections = []
        for pool in self.pools.values():
            rule = ""
            if pool.rule == "share":
                weights = ", ".join(f'{{ of = "{name}"; weight = {weight}; }}' for name, weight in PROJECTS.items())
                rule = f' share = {{ by = "project"; weights = ( {weights} ); }};'
            elif pool.rule == "limit":
                rule = f' limits = ( {{ by = "user"; each = {pool.limit}; }} );'
            sections.append(f'  {{ name = "{pool.name}"; seats = {pool.seats};{rule} }}')
        return "pools = (\n" + ",\n".join(sections) + "\n);\n"


class _Maker:
    def __init__(self, seed, jobs, nodes, pace):
        self.random = random.Random(seed)
        self.wanted = jobs
        self.plan = Plan(seed, nodes, pace, pools())
        self.users = [(f"user{number}", self.random.choice(list(PROJECTS))) for number in range(USERS)]
        self.busy = [1 / (number + 1) ** 0.8 for number in range(USERS)]
        self.parts = [pool.part for pool in self.plan.pools.values()]

    def when(self):
        hour = self.random.choices(range(24), HOURS)[0]
        return (hour + self.random.random()) * DAY_S / 24

    def size(self):
        if self.random.random() >= ARRAYS:
            return 1
        return int(min(ARRAY_LEAST * self.random.paretovariate(ARRAY_TAIL), ARRAY_MOST, max(2, self.wanted / 20)))

    def job(self, at_s, pool, user, project):
        hold_s = min(self.random.lognormvariate(math.log(pool.median_s), pool.sigma), LONGEST_S)
        fate = self.random.random()
        kill_s = hold_s * self.random.random() if fate < KILLED else 0
        give_up_s = self.random.expovariate(1 / PATIENCE_S) if 0 <= fate - KILLED < GIVES_UP else 0
        return Job(at_s, hold_s, give_up_s, kill_s, self.random.randrange(self.plan.nodes),
                   self.random.choice(pool.counts), pool.name, user, project)

    def submit(self):
        """One job, or an array of them."""
        pool = self.random.choices(list(self.plan.pools.values()), self.parts)[0]
        user, project = self.random.choices(self.users, self.busy)[0]
        at_s = self.when()
        for number in range(min(self.size(), self.wanted - len(self.plan.jobs))):
            self.plan.jobs.append(self.job(at_s + number * TASK_PAUSE_S, pool, user, project))

    def troubles(self):
        for kind, (rate, least_s, most_s) in TROUBLES.items():
            for _ in range(max(3, round(rate * self.plan.nodes))):
                self.plan.troubles.append(Trouble(kind, self.random.uniform(0.02, 0.98) * DAY_S,
                                                  self.random.uniform(least_s, most_s),
                                                  self.random.randrange(self.plan.nodes)))

    def make(self):
        while len(self.plan.jobs) < self.wanted:
            self.submit()
        self.plan.jobs.sort(key=lambda job: job.at_s)
        for pool in self.plan.pools.values():
            load_s = sum(job.hold_s * job.count for job in self.plan.jobs if job.pool == pool.name)
            pool.seats = max(math.ceil(load_s / DAY_S / USED), *pool.counts, 4)
        self.troubles()
        return self.plan


def make(seed, jobs, nodes, day_s):
    """The same for the same numbers; `day_s` is how long its day takes here."""
    return _Maker(seed, jobs, nodes, DAY_S / day_s).make()
