#!/usr/bin/python3
"""Shared locks: any number of readers or one writer, in the order in which they ask."""

import json
import signal

from support import farm, tap
from support.lockd import Server
from support.locking import Farm, complaint, start_server
from support.pools import Lab
from support.wire import Wire


def reader(lab, lock="x"):
    job = lab.start("--lock", lock, "--shared", "--exec", "sleep", "1000")
    farm.poll(lambda: job.pid in [entry["pid"] for entry in lab.json()["locks"]], "it reads")
    return job


def owners(lab, lock="x"):
    return sorted(entry["pid"] for entry in lab.json()["locks"] if entry["name"] == lock)


def end_job(job):
    job.kill()
    job.wait()


@tap.test
def readers_have_it_together_and_a_writer_alone():
    lab = Farm()
    first, second = reader(lab), reader(lab)
    farm.equal(owners(lab), sorted([first.pid, second.pid]))
    assert all(entry["shared"] for entry in lab.json()["locks"])
    complaint(lab.run("-n", "--lock", "x", "true"), 1)
    writer = lab.wait_for("x", command=("--exec", "sleep", "1000"))
    end_job(first)
    farm.poll(lambda: owners(lab) == [second.pid], "one is left")
    end_job(second)
    lab.poll_held("x", writer.pid)
    assert "shared" not in lab.locks()["x"]
    complaint(lab.run("-n", "--lock", "x", "--shared", "true"), 1)


@tap.test
def readers_behind_a_writer_wait_for_him():
    lab = Farm()
    first = reader(lab)
    writer = lab.wait_for("x", command=("--exec", "sleep", "1000"))
    later = [lab.wait_for("x", "--shared", command=("--exec", "sleep", "1000")) for _ in range(2)]
    complaint(lab.run("-n", "--lock", "x", "--shared", "true"), 1)
    farm.equal([waiter["wants"][0].get("shared") for waiter in lab.waiters()], [None, True, True])
    end_job(first)
    lab.poll_held("x", writer.pid)
    end_job(writer)
    farm.poll(lambda: owners(lab) == sorted(job.pid for job in later), "both read")


@tap.test
def a_writer_that_gives_up_lets_readers_in():
    lab = Farm()
    first = reader(lab)
    writer = lab.wait_for("x")
    later = lab.wait_for("x", "--shared", command=("--exec", "sleep", "1000"))
    writer.send_signal(signal.SIGTERM)
    writer.wait()
    farm.poll(lambda: owners(lab) == sorted([first.pid, later.pid]), "it reads too")


@tap.test
def each_group_says_for_itself():
    lab = Farm()
    both = lab.start("--lock", "data", "--shared", "--and", "out", "--exec", "sleep", "1000")
    lab.poll_held("out", both.pid)
    farm.equal(lab.run("-n", "--lock", "data", "--shared", "true").returncode, 0)
    complaint(lab.run("-n", "--lock", "data", "true"), 1)
    complaint(lab.run("-n", "--lock", "out", "--shared", "true"), 1)
    farm.equal(lab.run("-n", "--lock", "out", "--and", "data", "--shared", "true").returncode, 1)


@tap.test
def all_owners_are_told_and_broken():
    lab = Farm()
    jobs = [reader(lab), reader(lab)]
    told = lab.run("--owner", "x")
    farm.equal(told.returncode, 0)
    farm.equal(len(told.stdout.splitlines()), 2)
    listed = lab.run("--locklist").stdout
    farm.equal([line.split()[0] for line in listed.splitlines()], ["x", "x"])
    broken = lab.run("--break", "x")
    farm.equal(broken.stdout.count("x was taken from"), 2)
    farm.equal(owners(lab), [])
    for job in jobs:
        assert b"was lost" in job.stderr.readline()


@tap.test
def readers_and_their_order_outlive_a_crash_of_the_server(folder):
    server = Server(folder)
    lab = Farm(server.port)
    first = lab.start("--lock", "x", "--shared", "--and", "y", "--exec", "sleep", "1000")
    lab.poll_held("y", first.pid)
    second = reader(lab)
    writer = lab.wait_for("x", command=("--exec", "sleep", "1000"))
    third = lab.wait_for("x", "--shared", command=("--exec", "sleep", "1000"))
    server.restart()
    farm.equal(owners(lab), sorted([first.pid, second.pid]))
    farm.equal([entry.get("shared") for entry in lab.json()["locks"]], [True, True, None])
    farm.poll(lambda: len(lab.waiters()) == 2, "both are back")
    end_job(first)
    end_job(second)
    lab.poll_held("x", writer.pid)
    end_job(writer)
    farm.poll(lambda: owners(lab) == [third.pid], "then the reader")


@tap.test
def a_server_without_memory_is_told_that_it_was_shared():
    lab = Farm()
    jobs = [reader(lab), reader(lab)]
    lab.server.kill()
    lab.server.wait()
    start_server(lab.port)
    farm.poll(lambda: owners(lab) == sorted(job.pid for job in jobs), "both have it again")


@tap.test
def a_seat_of_a_pool_is_not_shared(folder):
    lab = Lab(folder, 'pools = ( { name = "board"; seats = 2; } );')
    text = complaint(lab.run("--lock", "board", "--shared", "true"), 69)
    farm.contains(text, "seats of a pool are not shared")
    farm.equal(lab.run("--lock", "data", "--shared", "true").returncode, 0)


@tap.test
def classic_clients_write():
    lab = Farm()
    reader(lab)
    wire = Wire(lab.port)
    farm.equal(wire.lock("classic_1_u", "x", 0)["locked"], "0")
    wire.close()


def holds(*source):
    done = farm.run(farm.program("lockreport"), *source, "--holds", "--json", "--since", "1h")
    farm.equal((done.returncode, done.stderr), (0, ""))
    return sorted((row["lock"], row["shared"]) for row in json.loads(done.stdout)["rows"])


@tap.test
def the_history_knows_what_was_shared(folder):
    server = Server(folder)
    lab = Farm(server.port)
    reader(lab, "held")
    farm.equal(lab.run("--lock", "x", "--shared", "--and", "y", "true").returncode, 0)
    wire = server.wire()
    farm.poll(lambda: len(server.held()) == 1, "the others are given back")
    wanted = [("held", True), ("x", True), ("y", False)]
    farm.equal(holds("--host", "127.0.0.1", "--port", str(server.port)), wanted)
    farm.poll(lambda: holds("--state", server.state) == wanted, "the file has it")
    wire.send("HISTORY 0 9999999999999 0 by")
    lines = [line for line in iter(wire.line, "history 0") if line.startswith("by ")]
    farm.equal(sorted(line.endswith(" - - shared") for line in lines), [False, True, True])
    wire.close()


if __name__ == "__main__":
    farm.main()
