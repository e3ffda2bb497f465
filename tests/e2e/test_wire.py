#!/usr/bin/python3
"""The recorded conversations with the classic server, replayed against ours byte for byte: with single
locks; and with seats of pools, of which a classic client sees nothing.

tests/wire/README.md has the form of the files.
"""

import concurrent.futures
import glob
import os
import re
import tempfile

from support import farm, tap
from support.replay import replay

WIRE = os.path.join(farm.SOURCE, "tests", "wire")
FILES = sorted(glob.glob(os.path.join(WIRE, "[0-9]*.txt")))
assert len(FILES) >= 19, "the transcripts are missing"
OUTCOMES = {}


def of_classic(path):
    return int(os.path.basename(path)[:2]) < 40


def replay_with(path, conf):
    with tempfile.NamedTemporaryFile("w", suffix=".conf", encoding="ascii") as file:
        file.write(conf)
        file.flush()
        replay(path, "--config", file.name)


def replay_seats(path):
    """All locks of a conversation are seats of pools."""
    with open(path, encoding="utf-8") as lines:
        names = " ".join(re.findall(r"(?m)^\w>\|? locks (.*)$", lines.read())).split()
    pools = {}
    for pool, number in (re.fullmatch(r"(\D+)(\d+)", name).groups() for name in names):
        pools[pool] = max(pools.get(pool, 0), int(number))
    replay_with(path, "pools = ( " + ", ".join(f'{{ name = "{pool}"; seats = {seats}; }}'
                                               for pool, seats in sorted(pools.items())) + " );")


def replay_pool(path):
    """The conversation says in its comments what the server is told of pools."""
    with open(path, encoding="utf-8") as lines:
        replay_with(path, "\n".join(re.findall(r"(?m)^#= (.*)$", lines.read())))


WAYS = ([("", path, replay) for path in FILES] +
        [("seats_of_", path, replay_seats) for path in FILES if of_classic(path)] +
        [("pool_", path, replay_pool) for path in sorted(glob.glob(os.path.join(WIRE, "pools", "[0-9]*.txt")))])


def make_test(prefix, path, way):
    def run_transcript():
        # A replay is mostly waiting for nothing more to come: all of them wait at once.
        if not OUTCOMES:
            workers = concurrent.futures.ThreadPoolExecutor(len(WAYS))
            OUTCOMES.update({(one, each): workers.submit(do, each) for one, each, do in WAYS})
        OUTCOMES[prefix, path].result()
    run_transcript.__name__ = f"{prefix}transcript_" + re.sub(r"\W", "_", os.path.basename(path)[:-4])
    return run_transcript


for what in WAYS:
    tap.test(make_test(*what))

if __name__ == "__main__":
    farm.main()
