#!/usr/bin/env python3
"""What things cost, against what they are compared with: one table.  README.md has the method."""

import argparse
import os
import sys

from servers import spread_out  # first: it finds what the end-to-end tests share
import check
import credentials
import curves
import long_lists
import replicated
from support import farm
import spank
import table
from crowds import Crowds
from handover import Handovers
import monitors
from startup import Starts
from throughput import Requests

# Rounds of each: in short, and with --full.
ROUNDS = {"requests": (15, 60), "starts": (300, 1500), "handovers": (25, 200), "crowds": (15, 60),
          "curves": (5, 9), "rates": (3, 9), "takeovers": (1, 5), "lists": (3, 15)}
HOLDS = (1000000, 10000000)


def works(crowds, full):
    """{name: function that returns rows}, in the order of the table."""
    requests = Requests(ROUNDS["requests"][full])
    starts = Starts(ROUNDS["starts"][full])
    handovers = Handovers(ROUNDS["handovers"][full])
    return {"once": requests.once, "kept": requests.kept, "pipelined": requests.pipelined,
            "pidstatd": requests.pidstatd, "durable": requests.durable,
            "power": requests.power, "munge": lambda: credentials.rows(ROUNDS["requests"][full]),
            "lockersh": starts.lockersh, "wrappers": starts.wrappers,
            "handover": handovers.locks, "pidwatch": handovers.pidwatch,
            "monitor": monitors.rows, "spank": spank.rows,
            "report": lambda: long_lists.report(HOLDS[full], ROUNDS["lists"][full]),
            "list": lambda: long_lists.list_of_many(ROUNDS["lists"][full]),
            "replicated": lambda: replicated.rates(ROUNDS["rates"][full]),
            "takeover": lambda: replicated.takeovers(ROUNDS["takeovers"][full]),
            "waiters": crowds.waiters, "pool": crowds.pool, "held": crowds.held}


def print_table(names, full):
    """With `full` also into a file, fit to be RESULTS.md, with the plots beside it."""
    crowds = Crowds(ROUNDS["crowds"][full], spread_out())
    known = works(crowds, full)
    header = table.header(f"make bench{' FULL=1' if full else ''}")
    rows = []
    print(header, flush=True)
    for name in names or known:
        rows += known[name]()
    print(table.markdown(rows), flush=True)
    if not full:
        return
    folder = os.path.normpath(os.path.join(farm.BUILD, "bench"))
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "RESULTS.md"), "w", encoding="utf-8") as file:
        file.write(table.document(header, rows))
    for path in curves.draw_all(ROUNDS["curves"][full], crowds.many, folder):
        print(path, flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only see whether a cost has doubled")
    parser.add_argument("--full", action="store_true", help="more rounds, and plots in build/bench")
    parser.add_argument("work", nargs="*", help="only these works")
    options = parser.parse_args()
    try:
        if options.check:
            sys.exit(0 if check.run(options.work) else 1)
        print_table(options.work, options.full)
    finally:
        farm.clean_up()


if __name__ == "__main__":
    main()
