#!/usr/bin/env python3
"""What things cost, against what they are compared with: one table.  README.md has the method."""

import argparse

import sys

import check
import table
from servers import spread_out  # first: it finds what the end-to-end tests share
import farm
from crowds import Crowds
from handover import Handovers
from startup import Starts
from throughput import Requests


def works(descriptors):
    """{name: function that returns rows}, in the order of the table."""
    requests = Requests(15)
    starts = Starts(300)
    handovers = Handovers(25)
    crowds = Crowds(15, descriptors)
    return {"once": requests.once, "kept": requests.kept, "pipelined": requests.pipelined,
            "pidstatd": requests.pidstatd, "durable": requests.durable, "lockersh": starts.lockersh,
            "wrappers": starts.wrappers, "handover": handovers.locks,
            "pidwatch": handovers.pidwatch, "waiters": crowds.waiters, "held": crowds.held}


def print_table(names):
    known = works(spread_out())
    print(table.header("make bench"), flush=True)
    rows = []
    for name in names or known:
        rows += known[name]()
    print(table.markdown(rows))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only see whether a cost has doubled")
    parser.add_argument("work", nargs="*", help="only these works")
    options = parser.parse_args()
    try:
        if options.check:
            sys.exit(0 if check.run(options.work) else 1)
        print_table(options.work)
    finally:
        farm.clean_up()


if __name__ == "__main__":
    main()
