"""The table that the bench prints, and what stands above it."""

import datetime
import os
import subprocess
from dataclasses import dataclass

TITLES = ("work", "ours", "compared with", "ratio", "target", "met?")
ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")


class Target:
    """A bound on a figure."""

    def __init__(self, limit, sign, unit=""):
        self.limit = limit
        self.sign = sign
        self.unit = unit

    def holds(self, value):
        return value <= self.limit if self.sign == "<=" else value >= self.limit

    def __str__(self):
        return f"{self.sign} {self.limit:,}{self.unit}"


def at_most(limit, unit=""):
    return Target(limit, "<=", unit)


def at_least(limit, unit=""):
    return Target(limit, ">=", unit)


@dataclass
class Row:
    work: str
    ours: str
    peer: str = ""
    ratio: object = ""     # a Spread, or nothing
    target: object = None  # of the ratio's median, or of `figure` where that is given
    figure: float = None

    @property
    def met(self):
        if self.target is None:
            return None
        return self.target.holds(self.ratio.median if self.figure is None else self.figure)

    def cells(self):
        met = {None: "", True: "yes", False: "no"}[self.met]
        target = "" if self.target is None else str(self.target)
        return (self.work, self.ours, self.peer, str(self.ratio), target, met)


def _first(path, key):
    with open(path, encoding="utf-8") as file:
        for line in file:
            if line.startswith(key):
                return line.partition(":")[2].strip()
    return "?"


def _commit():
    found = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], text=True,
                           capture_output=True, check=False)
    return found.stdout.strip() or "unknown"


def header(command):
    memory_gb = int(_first("/proc/meminfo", "MemTotal").split()[0]) / 1e6
    return (f"{command}\n"
            f"{_first('/proc/cpuinfo', 'model name')}, {os.cpu_count()} cores, {memory_gb:.0f} GB; "
            f"Linux {os.uname().release}\n"
            f"{datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d %H:%M} UTC, "
            f"commit {_commit()}, load average {os.getloadavg()[0]:.1f} at the start\n"
            f"figures are medians, with the quarter and three quarters points in brackets\n")


def markdown(rows):
    """The rows as a table that is fit for a terminal and for Markdown."""
    lines = [TITLES, *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(TITLES))]

    def form(cells):
        return "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths)) + " |"
    return "\n".join([form(TITLES), form(["-" * width for width in widths]),
                      *(form(line) for line in lines[1:])])


def document(header, rows):
    """A file of its own; the header keeps its lines."""
    lines = "".join(f"    {line}\n" for line in header.splitlines())
    return f"# Results\n\n{lines}\n{markdown(rows)}\n"
