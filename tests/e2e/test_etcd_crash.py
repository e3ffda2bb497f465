#!/usr/bin/python3
"""What clients were told holds after a kill -9 of a lockerd whose state is in etcd, while other clients
ask; the next one is another instance, which has to take over."""

import os
import random

from support import farm, pool_crowd, tap
from support.crowd import Crowd
from support.etcd import Cluster
from support.lockd import Server

LONG = os.environ.get("FARMLOCK_LONG") is not None
SEED = os.environ.get("FARMLOCK_SEED") or str(random.SystemRandom().randrange(1 << 32))


@tap.test
def what_was_acknowledged_survives_kill_9_over_etcd(folder):
    chance, times = random.Random(SEED), 50 if LONG else 5
    server = Server(folder, "--takeover", "2s", state=Cluster(folder).state())
    crowd = Crowd(server.port, SEED)
    crowd.survive(server, times, chance, 0.3, "--takeover", "2s")
    print(f"# seed {SEED}: {crowd.answers} answers, {times} crashes", flush=True)
    assert crowd.answers > times, "there was no load"


@tap.test
def pools_survive_kill_9_over_etcd(folder):
    pool_crowd.survive_kill_9(folder, 25 if LONG else 3, "--takeover", "2s", state=Cluster(folder).state())


if __name__ == "__main__":
    farm.main()
