"""A farm in a box: one day of it against a lockerd, and what that has cost."""

import os
import subprocess
import tempfile
import urllib.request
from dataclasses import dataclass

from support import farm, lockd
import crowds
import farm_judge
import farm_pulse
import servers
from throughput import run_load

SAMPLES = 288             # of a day: each stands for five minutes of it
QUIET_S = 60              # until what is still there is taken for forgotten
QUARTER_S = 900           # of the farm's day
ETCD_MEMBERS = 3
CAPACITY_CLIENTS = 256
CAPACITY_MS = 2000
MAX_WAITERS = 200000      # --max-waiters at first
PERCENTILES = (50, 90, 99, 99.9, 100)
COLUMNS = ("us", "requests", "held", "waiting", "present", "resident_kb", "questions", "sent", "received", "load_cpu_s",
           "cpu_s")


@dataclass
class Run:
    """What one engine's day came to."""
    engine: str
    figures: dict
    samples: list        # dictionaries of COLUMNS, "others_cpu_s" and "other_cpu_s_most"
    handovers_us: list
    excesses_us: list
    waits_us: list
    faults: list


def _cluster(folder):
    # Not above: tests that import it are skipped where lockerd is built without etcd.
    from support import etcd  # pylint: disable=import-outside-toplevel
    return etcd.Cluster(folder, ETCD_MEMBERS)


class Lockerd:
    """One with the plan's pools, over an engine."""

    def __init__(self, plan, engine):
        self.folder = servers.folder()
        self.cluster = _cluster(self.folder) if engine == "etcd" else None
        self.port, self.http = farm.free_port(), farm.free_port()
        self.pidstat = farm.free_port(servers.socket.SOCK_DGRAM)
        self.state = os.path.join(self.folder, "state", "lockerd.db")
        conf = os.path.join(self.folder, "lockerd.conf")
        with open(conf, "w", encoding="ascii") as out:
            out.write(plan.configuration())
        state = [self.cluster.state("/farmlock/box"), "--etcd-compact"] if self.cluster else [self.state]
        with open(os.path.join(self.folder, "log"), "ab") as log:
            self.server = servers.start(
                "lockerd", [farm.program("lockerd"), "--nofork", "--port", self.port, "--config", conf, "--pidstat-port",
                            self.pidstat, "--http", f"127.0.0.1:{self.http}", "--state", *state,
                            *(("--user", "root") if os.geteuid() == 0 else ())],
                self.port, lambda: lockd.serves(self.port), stderr=log)

    def pids(self):
        """Of the server, and of what keeps its state."""
        members = self.cluster.members if self.cluster else []
        return [self.server.pid, *(member.process.pid for member in members)]

    def metrics(self):
        return numbers(f"http://127.0.0.1:{self.http}/metrics")

    def transactions(self):
        """That etcd has answered, at all members."""
        return sum(numbers(member.url + "/metrics").get('grpc_server_handled_total{grpc_code="OK",grpc_method="Txn",'
                                                        'grpc_service="etcdserverpb.KV",grpc_type="unary"}', 0)
                   for member in (self.cluster.members if self.cluster else ()))

    def state_bytes(self):
        top = self.folder if self.cluster else os.path.dirname(self.state)
        return sum(os.path.getsize(os.path.join(folder, name)) for folder, _, names in os.walk(top) for name in names)


def numbers(url):
    """{name with its labels: number} of a page of metrics."""
    with urllib.request.urlopen(url, timeout=farm.PATIENCE_S) as page:
        lines = page.read().decode().splitlines()
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines
                                                      if line and not line.startswith("#"))}


def take_samples(text):
    samples = []
    for line in text.splitlines():
        words = [float(word) for word in line.split()]
        others = words[len(COLUMNS):]
        samples.append(dict(zip(COLUMNS, words), others_cpu_s=sum(others), other_cpu_s_most=max(others, default=0)))
    return samples


def play(plan, lockerd, day_s, quiet_s=QUIET_S):
    """Returns the outcomes, the samples, and what the clients complained of."""
    with tempfile.TemporaryDirectory(dir=lockerd.folder) as folder:
        path, out = os.path.join(folder, "plan"), os.path.join(folder, "out")
        plan.write(path)
        done = subprocess.run(
            [servers.load("farm_load"), path, out, str(lockerd.port), str(lockerd.pidstat),
             str(max(20, round(day_s * 1000 / SAMPLES))), str(quiet_s), *map(str, lockerd.pids())],
            check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert done.returncode == 0, done.stderr
        return farm_judge.read(out, plan), take_samples(done.stdout), done.stderr


def faults(outcomes, plan, complaints):
    """What the server did that it may never do: what the judge finds, and what clients said of it."""
    return farm_judge.faults(outcomes, plan) + complaints.splitlines()


def spread(values):
    """{percentile: value}; values are sorted."""
    return {f"p{percent:g}": farm_judge.percentile(values, percent) for percent in PERCENTILES}


def busiest(samples, span_us):
    """Requests a second in the busiest span of a day, over the average of all that was sampled."""
    rates, end = [], 0
    for before in samples:
        while end < len(samples) and samples[end]["us"] - before["us"] < span_us:
            end += 1
        if end == len(samples):
            break
        rates.append((samples[end]["requests"] - before["requests"]) / (samples[end]["us"] - before["us"]))
    return max(rates) / (samples[-1]["requests"] / samples[-1]["us"]) if rates else 1


def cost_figures(before, after, samples, lockerd, pace):
    """What the day has cost the machine; before and after are metrics."""
    def more(name):
        return after.get(name, 0) - before.get(name, 0)
    first, last = samples[0], samples[-1]
    requests, seconds = last["requests"], last["us"] / 1e6
    commits = more("lockerd_commits_total")
    peak = max(samples, key=lambda sample: sample["present"])
    return {
        "seconds": seconds, "requests": requests, "requests_a_second": requests / seconds,
        "busiest": busiest(samples, QUARTER_S / pace * 1e6),
        "cpu_us_a_request": last["cpu_s"] / requests * 1e6, "cpu_cores": last["cpu_s"] / seconds,
        "etcd_cpu_us_a_request": last["others_cpu_s"] / requests * 1e6,
        "etcd_cpu_us_a_request_most": last["other_cpu_s_most"] / requests * 1e6,
        "load_cpu_cores": (last["load_cpu_s"] - first["load_cpu_s"]) / seconds,
        "present_most": peak["present"], "waiting_most": max(sample["waiting"] for sample in samples),
        "held_most": max(sample["held"] for sample in samples),
        "resident_mb_before": first["resident_kb"] * 1024 / 1e6, "resident_mb_most": crowds.memory_mb(lockerd.server.pid, "VmHWM"),
        "bytes_a_job_present": max(peak["resident_kb"] - first["resident_kb"], 0) * 1024 / max(peak["present"], 1),
        "wire_bytes": last["sent"] + last["received"],
        "commits": commits, "commit_ms": more("lockerd_commit_seconds_sum") / max(commits, 1) * 1000,
        "grants": more("lockerd_grants_total"), "proven_deaths": more('lockerd_ends_total{reason="dead"}'),
        "questions": last["questions"], "state_bytes": lockerd.state_bytes()}


def day(plan, engine, day_s):
    """Plays it, and returns a Run."""
    lockerd = Lockerd(plan, engine)
    before, transactions = lockerd.metrics(), lockerd.transactions()
    outcomes, samples, complaints = play(plan, lockerd, day_s)
    figures = cost_figures(before, lockerd.metrics(), samples, lockerd, plan.pace)
    figures["etcd_transactions"] = lockerd.transactions() - transactions
    full = run_load("load_tcp", "lockerd", "kept", lockerd.port, lockerd.server.pid, CAPACITY_CLIENTS, 1, CAPACITY_MS)
    figures.update(capacity_a_second=full.rate, capacity_cpu_us=full.cpu_us)
    wanted = max(plan.pools.values(), key=lambda pool: pool.part)
    pulse = farm_pulse.measure(lockerd.port, lockerd.server.pid, wanted, plan.jobs[0].project,
                                figures["waiting_most"])
    figures.update(pulse_clients=pulse.clients, pulse_cpu_us=pulse.cpu_us, pulse_bytes=pulse.bytes)
    given, died = farm_judge.handovers(outcomes, plan)
    beyond = sorted(excess for _, excess in farm_judge.excesses(outcomes, plan))
    waits = sorted(one.granted - one.asked for one in outcomes if one.granted)
    used = farm_judge.used(outcomes, plan, day_s * 1e6)
    seats = {name: pool.seats for name, pool in plan.pools.items()}
    figures.update(
        jobs=len(outcomes), ends={end: sum(one.end == end for one in outcomes) for end in sorted({o.end for o in outcomes})},
        handover_ms=in_ms(spread(given)), handovers=len(given), after_death_ms=in_ms(spread(died)), deaths=len(died),
        wait_ms=in_ms(spread(waits)), wait_mean_ms=mean(waits) / 1000,
        beyond_ms=in_ms(spread(beyond)), beyond_mean_ms=mean(beyond) / 1000,
        used={name: {"seats": seats[name], "used": real, "earliest": best} for name, (real, best) in used.items()},
        used_in_all=mean_of(used, seats, 0), used_in_all_earliest=mean_of(used, seats, 1))
    found = faults(outcomes, plan, complaints)
    figures["faults"] = len(found)
    return Run(engine, figures, samples, given, beyond, waits, found)


def figure(number):
    """For people: as many digits as say something."""
    return f"{number:,.0f}" if abs(number) >= 100 else f"{number:.3g}"


def percent(part):
    return f"{figure(part * 100)} %"


def in_ms(percentiles):
    return {name: value / 1000 for name, value in percentiles.items()}


def mean(values):
    return sum(values) / max(len(values), 1)


def mean_of(used, seats, which):
    return sum(used[name][which] * seats[name] for name in used) / sum(seats.values())

