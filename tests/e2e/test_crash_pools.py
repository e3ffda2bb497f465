#!/usr/bin/python3
"""What clients of pools were told holds after a kill -9 of the server."""

import os

from support import farm, pool_crowd, tap

CRASHES = {None: 8, "1": 50}.get(os.environ.get("FARMLOCK_LONG"), 300)


@tap.test
def pools_survive_kill_9(folder):
    pool_crowd.survive_kill_9(folder, CRASHES, "--durability", "process")


if __name__ == "__main__":
    farm.main()
