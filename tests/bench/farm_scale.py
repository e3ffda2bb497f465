"""Where a lockerd has its first bottleneck as a farm grows, worked out from what a day has cost."""

import os
from dataclasses import dataclass

import farm_run

FACTORS = (10, 100, 1000)
NETWORK_BYTES_A_SECOND = 125e6  # a gigabit
# Three quarters of the descriptors are for clients: --max-connections in lockerd(8).
CONNECTIONS_PART = 0.75
# Of silence, before a client that waits asks for its place; and where lockerd has several hosts, one
# that holds as well: lib/client/lock.c and pulse.h have them.
LOOK_S, PULSE_S = 60, 5


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


def pulses(run):
    """Questions a second that clients ask by the clock where the day was fullest, and the arithmetic of that."""
    if run.engine == "etcd":
        return run.figures["present_most"] / PULSE_S, f"{run.figures['present_most']:,.0f} jobs at once / {PULSE_S} s"
    return run.figures["waiting_most"] / LOOK_S, f"{run.figures['waiting_most']:,.0f} that wait / {LOOK_S} s"


def pulse_sentence(run):
    found = run.figures
    rate, asks = pulses(run)
    who = "wait or hold" if run.engine == "etcd" else "wait"
    return (f"What clients that {who} ask by the clock, which the day leaves out, is in lockerd's CPU and the network with "
            f"{asks} = {farm_run.figure(rate)} a second: x {found['pulse_cpu_us']:.1f} us = {farm_run.figure(rate * found['pulse_cpu_us'] / 1e6)} cores, "
            f"x {found['pulse_bytes']:,.0f} bytes = {farm_run.figure(rate * found['pulse_bytes'] / 1e6)} MB/s.")


def needs(run, pace):
    """Of a lockerd for a farm as large as the day's, at the farm's own pace."""
    found = run.figures
    busiest = found["requests_a_second"] * found["busiest"] / pace
    rate = f"{found['requests_a_second']:,.0f}/s x {found['busiest']:.2f} (busiest quarter of an hour) / {pace:,.0f} (pace)"
    asks_a_second, asks = pulses(run)
    known = [
        Need("lockerd's CPU", (busiest * found["cpu_us_a_request"] + asks_a_second * found["pulse_cpu_us"]) / 1e6, 1,
             f"({rate} x {found['cpu_us_a_request']:.1f} us + {asks} x {found['pulse_cpu_us']:.1f} us)", "cores"),
        Need("durable answers", busiest, found["capacity_a_second"], rate, "a second"),
        Need("memory", found["present_most"] * found["bytes_a_job_present"] / 1e6, _memory_mb(),
             f"{found['present_most']:,.0f} jobs at once x {found['bytes_a_job_present']:,.0f} bytes", "MB"),
        Need("connections", found["present_most"], _descriptors_most() * CONNECTIONS_PART,
             f"{found['present_most']:,.0f} jobs at once", "connections"),
        Need("network", (busiest * found["wire_bytes"] / found["requests"] + asks_a_second * found["pulse_bytes"]) / 1e6,
             NETWORK_BYTES_A_SECOND / 1e6, f"({rate} x {found['wire_bytes'] / found['requests']:,.0f} bytes + "
             f"{asks} x {found['pulse_bytes']:,.0f} bytes, without headers)", "MB/s")]
    if run.engine == "etcd":
        most_us = found["etcd_cpu_us_a_request_most"]
        known.append(Need("etcd's CPU, each", busiest * most_us / 1e6, 1,
                          f"{rate} x {most_us:.1f} us of the member that takes the most", "cores"))
    return known


def lines(run, pace):
    """Markdown: what is needed at each size, the scarcest first, and what is full first."""
    known = sorted(needs(run, pace), key=lambda need: need.full_at)
    first = known[0]
    found = [f"First to be full: {first.name}, at {farm_run.figure(first.full_at)} times that farm. Then "
             + ", ".join(f"{need.name} at {farm_run.figure(need.full_at)}" for need in known[1:]) + ".", "",
             pulse_sentence(run), ""]
    for factor in FACTORS:
        found.append(f"- At {factor:,} times:")
        found += [f"  - {need.name}: {need.sentence(factor)}" for need in known]
        if run.figures["waiting_most"] * factor > farm_run.MAX_WAITERS:
            found.append(f"  - {run.figures['waiting_most'] * factor:,.0f} wait: more than --max-waiters is at first, "
                         f"{farm_run.MAX_WAITERS:,}")
    return found
