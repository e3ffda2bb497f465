"""Where a lockerd has its first bottleneck as a farm grows, worked out from what a day has cost."""

import os
from dataclasses import dataclass

import farm_run

FACTORS = (10, 100, 1000)
NETWORK_BYTES_A_SECOND = 125e6  # a gigabit
# Three quarters of the descriptors are for clients: --max-connections in lockerd(8).
CONNECTIONS_PART = 0.75


@dataclass
class Need:
    """What a farm of the day's size takes of something, how much there is of it, and how that was found."""
    name: str
    amount: float
    there_is: float
    how: str  # the arithmetic, with {factor} in it
    unit: str

    def part(self, factor):
        return self.amount * factor / self.there_is

    @property
    def full_at(self):
        """How many times that farm take all there is."""
        return self.there_is / self.amount if self.amount else float("inf")

    def sentence(self, factor):
        return (f"{factor:,} x {self.how} = {farm_run.figure(self.amount * factor)} {self.unit}, "
                f"{farm_run.percent(self.part(factor))} of {farm_run.figure(self.there_is)}")


def _memory_mb():
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e6


def _descriptors_most():
    with open("/proc/sys/fs/nr_open", encoding="ascii") as limit:
        return int(limit.read())


def needs(run, pace):
    """Of a lockerd for a farm as large as the day's, at the farm's own pace."""
    found = run.figures
    busiest = found["requests_a_second"] * found["busiest"] / pace
    rate = f"{found['requests_a_second']:,.0f}/s x {found['busiest']:.2f} (busiest quarter of an hour) / {pace:,.0f} (pace)"
    known = [
        Need("lockerd's CPU", busiest * found["cpu_us_a_request"] / 1e6, 1,
             f"{rate} x {found['cpu_us_a_request']:.1f} us", "cores"),
        Need("durable answers", busiest, found["capacity_a_second"], rate, "a second"),
        Need("memory", found["present_most"] * found["bytes_a_job_present"] / 1e6, _memory_mb(),
             f"{found['present_most']:,.0f} jobs at once x {found['bytes_a_job_present']:,.0f} bytes", "MB"),
        Need("connections", found["present_most"], _descriptors_most() * CONNECTIONS_PART,
             f"{found['present_most']:,.0f} jobs at once", "connections"),
        Need("network", busiest * found["wire_bytes"] / found["requests"] / 1e6, NETWORK_BYTES_A_SECOND / 1e6,
             f"{rate} x {found['wire_bytes'] / found['requests']:,.0f} bytes", "MB/s")]
    if run.engine == "etcd":
        each_us = found["etcd_cpu_us_a_request"] / farm_run.ETCD_MEMBERS
        known.append(Need("etcd's CPU, each", busiest * each_us / 1e6, 1, f"{rate} x {each_us:.1f} us", "cores"))
    return known


def lines(run, pace):
    """Markdown: what is needed at each size, the scarcest first, and what is full first."""
    known = sorted(needs(run, pace), key=lambda need: need.full_at)
    first = known[0]
    found = [f"First to be full: {first.name}, at {farm_run.figure(first.full_at)} times that farm. Then "
             + ", ".join(f"{need.name} at {farm_run.figure(need.full_at)}" for need in known[1:]) + ".", ""]
    for factor in FACTORS:
        found.append(f"- At {factor:,} times:")
        found += [f"  - {need.name}: {need.sentence(factor)}" for need in known]
        if run.figures["waiting_most"] * factor > farm_run.MAX_WAITERS:
            found.append(f"  - {run.figures['waiting_most'] * factor:,.0f} wait: more than --max-waiters is at first, "
                         f"{farm_run.MAX_WAITERS:,}")
    return found
