"""What the plots of a farm in a box show."""

import farm_judge
import farm_svg
from farm_svg import Bare, Hours, Linear, Logarithmic, Panel

WIDTH = 860
LEFT, RIGHT = 84, 836
NAMES = {"sqlite": "state in SQLite", "etcd": "state in three etcd"}
CURVE_POINTS = 300


def over_the_day(run, plan):
    """Seats and waiters, requests, and CPU, by the hour of the farm's day."""
    last = run.samples[-1]
    hour = {id(sample): sample["us"] / 1e6 * plan.pace / 3600 for sample in run.samples}
    x_scale = Hours(max(24, hour[id(last)]))
    seats = sum(pool.seats for pool in plan.pools.values())
    pairs = list(zip(run.samples, run.samples[1:]))

    def rate(key, unit=1.0):
        return [(hour[id(after)], (after[key] - before[key]) / (after["us"] - before["us"]) * 1e6 * unit)
                for before, after in pairs if after["us"] > before["us"]]
    held = [(hour[id(sample)], sample["held"]) for sample in run.samples]
    waiting = [(hour[id(sample)], sample["waiting"]) for sample in run.samples]
    top = max(seats, *(count for _, count in waiting))
    parts = farm_svg.legend(LEFT, 96, ["jobs that hold seats", "jobs that wait"])
    panel = Panel((LEFT, 126, RIGHT, 306), x_scale, Linear(0, top), "jobs")
    panel.area(waiting, 1)
    panel.area(held, 0)
    parts += panel.parts
    requests = rate("requests")
    panel = Panel((LEFT, 362, RIGHT, 472), x_scale, Linear(0, max(y for _, y in requests), 4),
                  "requests a second, in our time")
    panel.area(requests, 2)
    parts += panel.parts
    cpu = rate("cpu_s", 100)
    panel = Panel((LEFT, 528, RIGHT, 638), x_scale, Linear(0, max(y for _, y in cpu), 4),
                  "CPU of lockerd, % of a core", "hour of the farm's day")
    panel.area(cpu, 3)
    parts += panel.parts
    notes = [f"{len(plan.jobs):,} jobs on {plan.nodes:,} nodes, {seats:,} seats; its day {plan.pace:,.0f} times as fast as ours"]
    return farm_svg.picture(WIDTH, 694, f"A farm's day: {NAMES[run.engine]}", notes, parts)


def _thinned(values):
    """Points of the curve of how many are at most so large, dense at its upper end."""
    parts = [number / CURVE_POINTS for number in range(CURVE_POINTS)] + [1 - 10 ** -(2 + number / 10) for number in range(30)]
    return [(max(farm_judge.percentile(values, part * 100), 1) / 1000, part * 100) for part in sorted(parts)]


def shares(title, y_name, by_engine):
    """How many of some times are at most so long; `by_engine` has sorted microseconds."""
    known = {engine: values for engine, values in by_engine.items() if values}
    longest = max([values[-1] for values in known.values()] + [1000])
    shortest = min([farm_judge.percentile(values, 1) for values in known.values()] + [1000])
    panel = Panel((LEFT, 120, RIGHT, 400), Logarithmic(max(shortest, 10) / 1000, longest / 1000), Linear(0, 100),
                  y_name, "milliseconds")
    notes = []
    for number, (engine, values) in enumerate(known.items()):
        panel.line(_thinned(values) + [(values[-1] / 1000, 100)], number)
        figures = [f"{percent:g} %: {farm_judge.percentile(values, percent) / 1000:,.2f} ms" for percent in (50, 90, 99, 99.9)]
        notes.append(f"{NAMES[engine]}: {',  '.join(figures)}  ({len(values):,})")
        for percent in (50, 99):
            panel.dot(max(farm_judge.percentile(values, percent), 1) / 1000, percent, number)
    parts = panel.parts + farm_svg.legend(LEFT + 380, 110, [NAMES[engine] for engine in known])
    return farm_svg.picture(WIDTH, 460, title, notes, parts)


def use_of_seats(runs):
    """A row of bars for each pool: what was held of its seats, and what the earliest schedule would."""
    pools = list(runs[0].figures["used"])
    names = [NAMES[run.engine] for run in runs] + ["the earliest that the seats allow"]
    row = 18 * (len(runs) + 1) + 16
    bottom = 120 + row * len(pools)
    panel = Panel((LEFT + 90, 110, RIGHT - 30, bottom), Linear(0, 100), Bare(), "", "% of the pool's seats, over the day")
    parts = panel.parts
    for place, name in enumerate(pools):
        top = 120 + row * place
        figures = [run.figures["used"][name]["used"] for run in runs] + [runs[0].figures["used"][name]["earliest"]]
        parts.append(farm_svg.text(LEFT + 78, top + row / 2 - 6, name, "", "end"))
        parts.append(farm_svg.text(LEFT + 78, top + row / 2 + 9, f"{runs[0].figures['used'][name]['seats']:,} seats", "note", "end"))
        for number, part in enumerate(figures):
            y, width = top + 18 * number, panel.x(part * 100) - panel.left
            parts.append(f'<rect class="f{number}" x="{panel.left}" y="{y}" width="{width:.1f}" height="14" rx="2"/>')
            parts.append(farm_svg.text(panel.left + width + 6, y + 11, f"{part:.1%}"))
    return farm_svg.picture(WIDTH, bottom + 60, "Seats that were held", [], farm_svg.legend(LEFT + 90, 84, names) + parts)


def growth(run, needs):
    """What is needed of what there is, for farms of several sizes; `needs` as farm_scale has them."""
    factors = (1, 10, 100, 1000)
    parts_of = {need.name: [(factor, need.part(factor) * 100) for factor in factors] for need in needs}
    values = [value for points in parts_of.values() for _, value in points if value > 0]
    panel = Panel((LEFT, 100, RIGHT - 210, 440), Logarithmic(1, 1000), Logarithmic(max(min(values), 1e-6), max(*values, 200)),
                  "% of what there is", "times that farm: 10,000 nodes with 100,000 jobs a day are 1"
                  if run.figures["jobs"] == 100000 else "times that farm")
    places = farm_svg.apart({name: panel.y(points[-1][1]) for name, points in parts_of.items()}, 17)
    for number, (name, points) in enumerate(parts_of.items()):
        panel.line([(x, max(y, 1e-9)) for x, y in points], number % len(farm_svg.LIGHT))
        for x, y in points:
            panel.dot(x, y, number % len(farm_svg.LIGHT))
        panel.parts.append(farm_svg.text(RIGHT - 196, places[name] + 4, name, f"t{number % len(farm_svg.LIGHT)}"))
    panel.limit(100, "all of it")
    return farm_svg.picture(WIDTH, 500, f"Where the first bottleneck is: {NAMES[run.engine]}",
                            ["worked out from what the day has cost; at the farm's own pace"], panel.parts)


def draw(plan, runs, needs):
    """{name of a file: text of an SVG}; needs has a list for each engine."""
    found = {f"farm-day-{run.engine}.svg": over_the_day(run, plan) for run in runs}
    found |= {f"farm-growth-{run.engine}.svg": growth(run, needs[run.engine]) for run in runs}
    found["farm-handover.svg"] = shares("From a seat given back to the next grant heard", "% of handovers that took at most so long",
                                        {run.engine: run.handovers_us for run in runs})
    found["farm-beyond.svg"] = shares("What jobs waited beyond what the seats force", "% of jobs, at most so much longer",
                                      {run.engine: run.excesses_us for run in runs})
    found["farm-seats.svg"] = use_of_seats(runs)
    return found
