#!/usr/bin/env python3
"""What uriexec adds to a command: `uriexec true` against `/bin/sh -c true`, taken in turns."""

import os
import statistics
import sys
import time

ROUNDS = 2000
TARGET = 1.3
BUILD = os.environ.get("FARMLOCK_BUILD", "build")
COMMANDS = {"/bin/sh -c true": ["/bin/sh", "-c", "true"],
            "uriexec true": [os.path.join(BUILD, "bin", "uriexec"), "true"],
            "uriexec --strict true": [os.path.join(BUILD, "bin", "uriexec"), "--strict", "true"]}


def time_us(words):
    began = time.perf_counter()
    status = os.waitpid(os.posix_spawn(words[0], words, os.environ), 0)[1]
    assert status == 0, words
    return (time.perf_counter() - began) * 1e6


def main():
    times = {name: [] for name in COMMANDS}
    for _ in range(ROUNDS):
        for name, words in COMMANDS.items():
            times[name].append(time_us(words))
    medians = {name: statistics.median(taken) for name, taken in times.items()}
    base = medians["/bin/sh -c true"]
    for name, median in medians.items():
        print(f"{name:24} {median:7.0f} us  x {median / base:.2f}")
    ratio = medians["uriexec true"] / base
    print(f"uriexec true / sh -c true: {ratio:.2f}, at most {TARGET} wanted"
          f" ({ROUNDS} rounds, medians)")
    sys.exit(1 if ratio > TARGET else 0)


if __name__ == "__main__":
    main()
