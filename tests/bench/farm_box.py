#!/usr/bin/env python3
"""A farm in a box: a day of it against lockerd, what that costs, whether it was right, and where its
limits are.  README.md has the method."""

import argparse
import json
import os
import shutil
import sys

from servers import spread_out  # first: it finds what the end-to-end tests share
import farm_day
import farm_plots
import farm_run
import farm_scale
from farm_run import figure, percent
from support import farm
import table

ENGINES = ("sqlite", "etcd")
FAULTS_SHOWN = 20


def missing(engine):
    """Why it cannot be played, or None."""
    if engine == "etcd" and not shutil.which("etcd"):
        return "etcd is not installed"
    if engine == "etcd" and "--takeover" not in farm.run(farm.program("lockerd"), "--help").stdout:
        return "lockerd is built without etcd"
    return None


def _spread(found):
    return ", ".join(f"{name} {figure(value)}" for name, value in found.items()) + " ms"


def rows(run):
    """(what, how much) for people."""
    found = run.figures
    cores = f"{percent(found['cpu_cores'])} of a core"
    yield "jobs", f"{found['jobs']:,}: " + ", ".join(f"{count:,} {end}" for end, count in found["ends"].items())
    yield "at once, at most", f"{found['present_most']:,.0f}: {found['held_most']:,.0f} hold, {found['waiting_most']:,.0f} wait"
    yield "requests a second", (f"{found['requests_a_second']:,.0f}, {found['requests_a_second'] * found['busiest']:,.0f} in "
                                f"the busiest quarter of an hour")
    yield "CPU a request", f"{found['cpu_us_a_request']:.1f} us of lockerd ({cores})" + (
        f", {found['etcd_cpu_us_a_request']:.1f} us of etcd, "
        f"{found['etcd_cpu_us_a_request_most']:.1f} of one of its members" if run.engine == "etcd" else "")
    yield "release to next grant", f"{_spread(found['handover_ms'])} ({found['handovers']:,})"
    yield "death to next grant", f"{_spread(found['after_death_ms'])} ({found['deaths']:,})"
    yield "seats held", f"{found['used_in_all']:.2%} of the day, {found['used_in_all_earliest']:.2%} at the earliest"
    yield "wait", f"mean {figure(found['wait_mean_ms'])} ms; {_spread(found['wait_ms'])}"
    yield "wait beyond what seats force", f"mean {figure(found['beyond_mean_ms'])} ms; {_spread(found['beyond_ms'])}"
    yield "memory", (f"{found['resident_mb_before']:.0f} MB at first, {found['resident_mb_most']:.0f} MB at most: "
                     f"{found['bytes_a_job_present']:,.0f} bytes a job that is there")
    yield "commits", f"{found['commits']:,.0f}, {found['commit_ms']:.2f} ms each" + (
        f"; {found['etcd_transactions']:,.0f} transactions of etcd" if run.engine == "etcd" else "")
    yield "CPU of a question for one's place", (f"{found['pulse_cpu_us']:.1f} us of lockerd, {found['pulse_bytes']:,.0f} "
                                                f"bytes, of {found['pulse_clients']:,} that wait behind that day")
    yield "most requests a second", (f"{found['capacity_a_second']:,.0f} of {farm_run.CAPACITY_CLIENTS} clients behind that day")
    yield "the load's own CPU", f"{percent(found['load_cpu_cores'])} of a core"
    yield "faults", f"{found['faults']:,}"


def report(run, plan):
    lines = [f"## {farm_plots.NAMES[run.engine][0].upper()}{farm_plots.NAMES[run.engine][1:]}", "", "| what | how much |",
             "| ---- | -------- |", *(f"| {what} | {much} |" for what, much in rows(run)), "",
             *farm_scale.lines(run, plan.pace), ""]
    return lines + [f"FAULT: {fault}" for fault in run.faults[:FAULTS_SHOWN]]


def write(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as out:
        out.write(text)
    return path


def as_json(options, plan, runs):
    return {"seed": options.seed, "jobs": options.jobs, "nodes": options.nodes, "day_s": options.day, "pace": plan.pace,
            "pools": {name: {"seats": pool.seats, "rule": pool.rule} for name, pool in plan.pools.items()},
            "engines": {run.engine: {
                **run.figures, "faults_found": run.faults[:FAULTS_SHOWN],
                "needs": [{"name": need.name, "amount": need.amount, "there_is": need.there_is, "unit": need.unit,
                           "full_at_times": need.full_at, "arithmetic": {factor: need.sentence(factor)
                                                                         for factor in farm_scale.FACTORS}}
                          for need in farm_scale.needs(run, plan.pace)],
                "samples": run.samples} for run in runs}}


def play(options):
    """Prints and writes what each engine's day came to; returns how many faults there were."""
    descriptors = spread_out()
    plan = farm_day.make(options.seed, options.jobs, options.nodes, options.day)
    header = (table.header(f"make bench FARM=1 JOBS_A_DAY={options.jobs} NODES={options.nodes} DAY={options.day:g} SEED={options.seed}")
              + f"at most {descriptors:,} open files\n")
    print(header, flush=True)
    lines, runs = [], []
    for engine in options.engines:
        lacks = missing(engine)
        if lacks:
            print(f"{farm_plots.NAMES[engine]}: not played: {lacks}", flush=True)
            continue
        runs.append(farm_run.day(plan, engine, options.day))
        found = report(runs[-1], plan)
        print("\n".join(found), flush=True)
        lines += found
        farm.clean_up()
    os.makedirs(options.out, exist_ok=True)
    document = "# A farm in a box\n\n" + "".join(f"    {line}\n" for line in header.splitlines()) + "\n" + "\n".join(lines) + "\n"
    paths = [write(options.out, "farm.md", document),
             write(options.out, "farm.json", json.dumps(as_json(options, plan, runs), indent=1))]
    pictures = farm_plots.draw(plan, runs, {run.engine: farm_scale.needs(run, plan.pace) for run in runs}) if runs else {}
    print("\n".join(paths + [write(options.out, name, text) for name, text in pictures.items()]), flush=True)
    return sum(run.figures["faults"] for run in runs)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--day", type=float, default=180, help="seconds that its day takes here")
    parser.add_argument("--jobs", type=int, default=100000)
    parser.add_argument("--nodes", type=int, default=10000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", default=os.path.normpath(os.path.join(farm.BUILD, "bench")), help="a folder")
    parser.add_argument("engines", nargs="*", metavar="sqlite|etcd")
    options = parser.parse_args()
    if not set(options.engines) <= set(ENGINES):
        parser.error(f"an engine is one of {', '.join(ENGINES)}")
    for engine in options.engines:
        if missing(engine):
            parser.exit(2, f"{parser.prog}: {farm_plots.NAMES[engine]} cannot be played: {missing(engine)}\n")
    options.engines = options.engines or ENGINES
    try:
        sys.exit(1 if play(options) else 0)
    finally:
        farm.clean_up()


if __name__ == "__main__":
    main()
