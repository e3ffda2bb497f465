#!/usr/bin/env python3
"""Runs a list of simulations, as many at a time as there are seats.

    seats.py 'vcs[1-8]' run1.sh run2.sh run3.sh ...
"""

import asyncio
import sys

import farmlock


async def simulate(seats, script):
    async with farmlock.aio.lock(seats, notice=lambda kind, text: print(f"{script}: {text}")) as seat:
        process = await asyncio.create_subprocess_exec("sh", script, str(seat))
        return await process.wait()


async def main(seats, *scripts):
    statuses = await asyncio.gather(*[simulate(seats, script) for script in scripts])
    return max(statuses, default=0)


if __name__ == "__main__":
    sys.exit(asyncio.get_event_loop_policy().new_event_loop().run_until_complete(main(*sys.argv[1:])))
