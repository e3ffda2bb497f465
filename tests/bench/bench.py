#!/usr/bin/env python3
"""What things cost, against what they are compared with: one table.  README.md has the method.

bench.py [WORK...]   only these: once kept pipelined pidstatd"""

import sys

import table
from servers import Servers, spread_out
from throughput import Requests

ROUNDS = 15


def works(servers):
    requests = Requests(servers, ROUNDS)
    return {"once": requests.once, "kept": requests.kept, "pipelined": requests.pipelined,
            "pidstatd": requests.pidstatd}


def main():
    spread_out()
    print(table.header("make bench"))
    rows = []
    with Servers() as servers:
        for name, work in works(servers).items():
            if not sys.argv[1:] or name in sys.argv[1:]:
                rows += work()
    print(table.markdown(rows))


if __name__ == "__main__":
    main()
