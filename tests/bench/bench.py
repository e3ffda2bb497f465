#!/usr/bin/env python3
"""What things cost, against what they are compared with: one table.  README.md has the method."""

import argparse

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


def main():
    try:
        known = works(spread_out())
        parser = argparse.ArgumentParser(description=__doc__)
        parser.add_argument("work", nargs="*", choices=[[], *known], help="only these works")
        wanted = parser.parse_args().work or list(known)
        print(table.header("make bench"), flush=True)
        rows = []
        for name in wanted:
            rows += known[name]()
        print(table.markdown(rows))
    finally:
        farm.clean_up()


if __name__ == "__main__":
    main()
