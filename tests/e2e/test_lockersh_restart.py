#!/usr/bin/python3
"""lockersh and its monitors over a crash of the server, and while its disk is full."""

import os
import resource
import subprocess
import time

from support import farm, tap
from support.lockd import Server
from support.locking import Farm

LONG = os.environ.get("FARMLOCK_LONG") is not None
CROWD = 1000 if LONG else 60


def start_farm(folder, *options, **environment):
    server = Server(folder, *options, **environment)
    jobs = Farm(server.port)
    return server, jobs


def wait_for_crowd(jobs, key, count):
    return farm.poll(lambda: (found := jobs.json()[key]) and len(found) >= count and found,
                     f"{count} {key}", 300)


@tap.test
def a_crowd_that_holds_and_a_crowd_that_waits_ride_out_a_crash(folder):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65536), hard))
    farm.at_end(lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard)))
    server, jobs = start_farm(folder)
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    last = jobs.hold("seat")
    holders = [jobs.start("--lock", f"lock{n}", "--exec", "sleep", "1000", **quiet)
               for n in range(CROWD)]
    waiters = [jobs.start("--lock", "seat", f"echo $LOCKERSH_TOKEN $$ >>{folder}/order", **quiet)
               for _ in range(CROWD)]
    locks = wait_for_crowd(jobs, "locks", CROWD + 1)
    order = [waiter["pid"] for waiter in wait_for_crowd(jobs, "waiters", CROWD)]
    server.kill()
    # Some jobs end while nobody can be told.
    for holder in holders[:CROWD // 4]:
        farm.stop(holder)
    time.sleep(0.5)
    server.start()
    kept = {lock["name"]: lock["held_since"] for lock in locks
            if lock["pid"] not in [holder.pid for holder in holders[:CROWD // 4]]}
    farm.poll(lambda: {lock["name"]: lock["held_since"] for lock in jobs.json()["locks"]} == kept,
              "only the locks of the jobs that have ended are free", 60)
    farm.equal([waiter["pid"] for waiter in jobs.waiters()], order)
    for process in holders[CROWD // 4:] + waiters:
        farm.equal(process.poll(), None)
    farm.stop(last)
    for waiter in waiters:
        farm.equal(waiter.wait(300), 0)
    with open(f"{folder}/order", encoding="ascii") as served:
        lines = [line.split() for line in served]
    farm.equal([int(pid) for _, pid in lines], order)
    tokens = [int(token) for token, _ in lines]
    farm.equal(tokens, sorted(set(tokens)))
    for holder in holders[CROWD // 4:]:
        holder.kill()
    farm.poll(lambda: jobs.json()["locks"] == [], "everything is given back", 60)


@tap.test
def a_verbose_waiter_is_told_of_the_crash(folder):
    server, jobs = start_farm(folder)
    holder = jobs.hold("a")
    with open(f"{folder}/told", "w", encoding="utf-8") as told:
        waiter = jobs.wait_for("a", "--verbose", stderr=told)
    server.kill()

    def is_told():
        with open(f"{folder}/told", encoding="utf-8") as shown:
            return "trying again" in shown.read()
    farm.poll(is_told, "the waiter says that it tries again")
    server.start()
    farm.stop(holder)
    farm.equal(waiter.wait(farm.PATIENCE_S), 0)


@tap.test
def who_waits_or_holds_goes_back_to_the_same_server_of_several(folder):
    first, jobs = start_farm(folder)
    other = Farm()
    hosts = ("--dhost", f"127.0.0.1={first.port}:127.0.0.1={other.port}")
    with open(f"{folder}/told", "wb") as told:
        quiet = {"stdout": subprocess.DEVNULL, "stderr": told}
        holder = jobs.hold("a", *hosts)
        waiters = [jobs.wait_for("a", *hosts, command=[f"echo {n} $LOCKERSH_TOKEN >>{folder}/order"],
                                 **quiet) for n in range(3)]
    token = jobs.token("a")
    first.process.terminate()
    farm.equal(first.process.wait(farm.PATIENCE_S), 0)
    time.sleep(0.5)
    farm.equal([waiter.poll() for waiter in waiters], [None] * 3)
    farm.equal((other.locks(), other.waiters()), ({}, []))
    first.start()
    farm.poll(lambda: len(jobs.waiters()) == 3, "the queue is there again")
    farm.equal([waiter["pid"] for waiter in jobs.waiters()], [waiter.pid for waiter in waiters])
    farm.equal((jobs.locks()["a"]["pid"], jobs.token("a")), (holder.pid, token))
    farm.stop(holder)
    farm.equal([waiter.wait(farm.PATIENCE_S) for waiter in waiters], [0] * 3)
    with open(f"{folder}/order", encoding="ascii") as served:
        order = [[int(word) for word in line.split()] for line in served]
    farm.equal([number for number, _ in order], [0, 1, 2])
    assert token < order[0][1] < order[1][1] < order[2][1], (token, order)
    farm.equal(other.locks(), {})


@tap.test
def waiters_and_monitors_ride_out_a_disk_that_fails(folder):
    flag = f"{folder}/fails"
    server, jobs = start_farm(
        folder, LD_PRELOAD=os.path.join(farm.BUILD, "tests", "failing_disk.so"),
        FAILING_DISK_WHEN=flag, FAILING_DISK_PATH=os.path.join(folder, "state"))
    ends, stays = jobs.hold("ends"), jobs.hold("stays")
    waiter = jobs.wait_for("stays")
    before = jobs.token("stays")
    with open(flag, "w", encoding="ascii") as out:
        out.write("1")
    farm.stop(ends)
    farm.poll(lambda: "cannot be written" in server.log(), "the disk fails")
    refused = jobs.run("--lock", "new", "-n", "true")
    farm.equal(refused.returncode, 69)
    farm.contains(refused.stderr, "cannot be written")
    late = jobs.start("--lock", "new", "true")
    # Long enough for everybody to have been refused more than once.
    time.sleep(2)
    farm.equal((stays.poll(), waiter.poll(), late.poll()), (None, None, None))
    farm.equal(sorted(jobs.locks()), ["ends", "stays"])
    os.unlink(flag)
    farm.equal(late.wait(farm.PATIENCE_S), 0)
    farm.poll(lambda: list(jobs.locks()) == ["stays"], "the lock of the ended job is given back")
    farm.equal(jobs.token("stays"), before)
    farm.stop(stays)
    farm.equal(waiter.wait(farm.PATIENCE_S), 0)
    farm.equal(jobs.run("--lock", "new", "true").returncode, 0)


if __name__ == "__main__":
    farm.main()
