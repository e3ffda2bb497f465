#!/usr/bin/env python3
"""Manners in queues: not to join a long one, and to take others' waits off it."""

import os

from support import farm, tap
from support.locking import Farm, complaint, start_server
from support.munge_server import ANN, BOB
from support.users import as_user, needs_root, speak
from support.wire import Wire


def connect(lab):
    wire = Wire(lab.port)
    wire.send("proto 2")
    wire.line()
    return wire


def waits(wire, *lines):
    """Asks for a lock, and sees that it waits."""
    wire.send("user u", "locks a", "block 1", "session 1", *lines, "LOCK")
    answer = wire.line()
    while answer.startswith("autounlock_check "):
        answer = wire.line()
    farm.contains(answer, "print_waiting")


@tap.test
def who_would_not_queue_behind_others_fails_with_a_status_of_its_own():
    lab = Farm()
    # A free lock has no queue.
    farm.equal(lab.run("--no-queue-if", "0", "--lock", "a", "true").returncode, 0)
    holder = lab.hold("a")
    farm.contains(complaint(lab.run("--no-queue-if", "0", "--lock", "a", "true"), 75),
                  "as many wait for it already")
    first = lab.wait_for("a", "--no-queue-if", "1")
    farm.contains(complaint(lab.run("--no-queue-if", "1", "--lock", "a", "true"), 75),
                  "as many wait for it already")
    second = lab.wait_for("a", "--no-queue-if", "2")
    farm.equal([waiter["pid"] for waiter in lab.waiters()], [first.pid, second.pid])
    holder.kill()
    for waiter in (first, second):
        farm.equal(waiter.wait(farm.PATIENCE_S), 0)


@tap.test
def who_waits_already_keeps_its_place():
    lab = Farm()
    lab.hold("a")
    wire = connect(lab)
    waits(wire, "queue-most 1")
    other = lab.wait_for("a")
    again = connect(lab)
    waits(again, "queue-most 0")
    farm.equal([waiter["owner"] for waiter in lab.waiters()][0], "u")
    assert other.poll() is None


@tap.test
def a_pool_counts_as_one_queue(folder):
    path = os.path.join(folder, "conf")
    with open(path, "w", encoding="ascii") as file:
        file.write('pools = ( { name = "vcs"; seats = 1; } );\n')
    _, port = start_server(None, "127.0.0.1", "--config", path)
    lab = Farm(port)
    holder = lab.start("--lock", "vcs", "--exec", "sleep", "1000")
    farm.poll(lambda: lab.locks(), "the seat is held")
    lab.wait_for("vcs", "--no-queue-if", "1")
    complaint(lab.run("--no-queue-if", "1", "--lock", "vcs", "true"), 75)
    assert holder.poll() is None


@tap.test
def a_waiter_whose_wait_is_cancelled_is_told():
    lab = Farm()
    holder = lab.hold("a")
    waiter = lab.wait_for("a")
    other = lab.wait_for("a")
    owner = next(entry["owner"] for entry in lab.waiters() if entry["pid"] == waiter.pid)
    result = lab.run("--cancel", owner)
    farm.equal((result.returncode, result.stdout), (0, "1 wait was ended\n"))
    farm.equal(waiter.wait(farm.PATIENCE_S), 1)
    farm.contains(waiter.stderr.read().decode(),
                  "the wait was ended by somebody else, as by lockersh --cancel")
    farm.equal([entry["pid"] for entry in lab.waiters()], [other.pid])
    # What is held stays so.
    own = lab.locks()["a"]["owner"]
    farm.equal(complaint(lab.run("--cancel", own), 1), f"{own} waits for nothing")
    lab.poll_held("a", holder.pid)


@tap.test
def the_waits_of_a_job_are_cancelled():
    lab = Farm()
    lab.hold("a")
    env = dict(lab.env, SLURM_JOB_ID="4711")
    waiters = [lab.wait_for("a", env=env), lab.wait_for("a", env=env)]
    other = lab.wait_for("a")
    result = lab.run("--cancel-job", "4711")
    farm.equal((result.returncode, result.stdout), (0, "2 waits were ended\n"))
    for waiter in waiters:
        farm.equal(waiter.wait(farm.PATIENCE_S), 1)
    farm.equal([entry["pid"] for entry in lab.waiters()], [other.pid])
    farm.equal(complaint(lab.run("--cancel-job", "4711"), 1), "job 4711 waits for nothing")


@tap.test
def another_users_wait_stays(folder):
    needs_root()
    os.chmod(folder, 0o755)
    path = os.path.join(folder, "socket")
    _, port = start_server(None, "127.0.0.1", "--path", path)
    lab = Farm(port)
    farm.poll(lambda: os.path.exists(path), "the socket is there")
    os.chmod(path, 0o777)
    lab.hold("a")
    ann, bob = (speak(as_user(uid, lambda: Wire(path=path))) for uid in (ANN, BOB))
    waits(ann)
    farm.equal(bob.ask("DEQUEUE u")["error-code"], "not-owner")
    farm.equal(len(lab.waiters()), 1)
    admin = speak(Wire(path=path))
    admin.send("DEQUEUE u")
    farm.equal(admin.line(), "ended 1")
    status = ann.status()
    farm.equal((status["locked"], status["error-code"]), ("0", "cancelled"))


@tap.test
def words_that_make_no_sense_are_refused():
    lab = Farm()
    wire = connect(lab)
    farm.equal(wire.ask("DEQUEUE")["error-code"], "malformed")
    wire.send("DEQUEUE nobody")
    farm.equal(wire.line(), "ended 0")
    farm.equal(wire.ask("user u", "locks a", "queue-most x", "LOCK")["error-code"], "malformed")
    farm.equal(wire.ask("queue-most", "LOCK")["locked"], "1")


if __name__ == "__main__":
    farm.main()
