#!/usr/bin/python3
"""What clients were told holds after a kill -9 of the server, and after its disk has failed."""

import os
import random

from support import farm, tap
from support.crowd import Crowd
from support.lockd import Server
from support.wire import Wire

LONG = os.environ.get("FARMLOCK_LONG") is not None
SEED = os.environ.get("FARMLOCK_SEED") or str(random.SystemRandom().randrange(1 << 32))


def crash_again_and_again(folder, times, *options):
    chance = random.Random(SEED)
    server = Server(folder, *options)
    crowd = Crowd(server.port, SEED)
    crowd.survive(server, times, chance, 0.3, *options)
    print(f"# seed {SEED}: {crowd.answers} answers, {times} crashes", flush=True)
    assert crowd.answers > times, "there was no load"


@tap.test
def what_was_acknowledged_survives_kill_9(folder):
    crash_again_and_again(folder, 200 if LONG else 10)


@tap.test
def what_was_acknowledged_survives_kill_9_with_durability_process(folder):
    crash_again_and_again(folder, 100 if LONG else 10, "--durability", "process")


@tap.test
def what_was_acknowledged_survives_writes_that_fail(folder):
    """A layer under the server makes a part of its writes and syncs fail, at random."""
    chance = random.Random(SEED)
    flag = os.path.join(folder, "fails")
    server = Server(folder, LD_PRELOAD=os.path.join(farm.BUILD, "tests", "failing_disk.so"),
                    FAILING_DISK_WHEN=flag, FAILING_DISK_PATH=os.path.join(folder, "state"))
    crowd = Crowd(server.port, SEED)
    for _ in range(200 if LONG else 5):
        crowd.connect()
        crowd.run_for(0.02 + chance.random() * 0.1)
        with open(flag, "w", encoding="ascii") as out:
            out.write(str(chance.randrange(1, 12)))
        crowd.run_until(lambda: False)
        os.unlink(flag)
        farm.poll(lambda: can_change(server.port), "the server has resumed")
        crowd.check()
    farm.contains(server.log(), "cannot be written")
    farm.contains(server.log(), "can be written again")
    print(f"# seed {SEED}: {crowd.answers} answers", flush=True)


def can_change(port):
    wire = Wire(port)
    wire.send("user probe", "locks probe", "LOCK")
    line = wire.line()
    if line.startswith("error "):
        # What was on its way when a write failed is told that, and no status.
        farm.contains(line, "cannot be written")
        farm.equal(wire.line(), None)
        return False
    answer = wire.status()
    assert answer["locked"] == "1" or "cannot be written" in answer["error"], answer
    if answer["locked"] == "1":
        wire.ask("UNLOCK")
    wire.close()
    return answer["locked"] == "1"


if __name__ == "__main__":
    farm.main()
