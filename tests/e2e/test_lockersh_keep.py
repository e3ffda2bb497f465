#!/usr/bin/python3
"""lockersh --keep: nobody else gets a lock for a while, though whoever took it has ended."""

import signal
import time

import jsonschema

from support import farm, tap
from support.classic import Classic
from support.lockd import Server
from support.locking import Farm, complaint, schema
from support.pools import Lab


def kept_rows(server):
    """(granted, ended) of what the history has of the ends of such times."""
    wire = server.wire()
    wire.send("HISTORY 0 9999999999999 0")
    rows = []
    while (line := wire.line()).startswith("past "):
        words = line.split()
        if words[2] == "kept":
            rows.append((int(words[5]), int(words[6])))
    return rows


def keep(lab, seconds, *words):
    done = lab.run("--lock", "night", "--keep", seconds, *(words or ("true",)))
    farm.equal((done.returncode, done.stderr), (0, ""))


@tap.test
def the_second_finds_it_taken_though_the_first_has_ended():
    lab = Farm()
    ran = [lab.run("-w", 0, "--lock", "night", "--keep", 60, "true").returncode for _ in range(5)]
    farm.equal(ran, [0, 1, 1, 1, 1])
    farm.contains(complaint(lab.run("-n", "--lock", "night", "true"), 1), "has it kept for")
    told = lab.run("--owner", "night")
    farm.equal((told.returncode, told.stdout.count("\n")), (0, 1))


@tap.test
def the_list_says_so():
    lab = Farm()
    holder = lab.hold("night", "--keep", 60)
    entry = lab.locks()["night"]
    assert "kept_until" in entry and "kept" not in entry, entry
    holder.kill()
    holder.wait()
    farm.poll(lambda: "kept" in lab.locks()["night"], "its owner is done with it")
    document = lab.json()
    jsonschema.validate(document, schema())
    farm.equal([document["locks"][0][word] for word in ("pid", "silent_seconds")], [None, None])
    farm.equal(document["locks"][0]["kept_until"], entry["kept_until"])


@tap.test
def who_waits_gets_it_when_its_time_is_over():
    lab = Farm()
    began = time.monotonic()
    keep(lab, "5500ms")
    done = lab.run("--verbose", "--lock", "night", "true")
    farm.equal(done.returncode, 0)
    farm.contains(done.stderr, "has it kept for")
    assert time.monotonic() - began >= 5.5


@tap.test
def a_command_that_takes_longer_has_it_to_its_end():
    lab = Farm()
    holder = lab.hold("night", "--keep", 0.2)
    farm.poll(lambda: lab.locks()["night"].get("kept_until") is None, "its time is over")
    farm.equal(lab.locks()["night"]["pid"], holder.pid)
    holder.kill()
    holder.wait()
    lab.poll_free("night")


@tap.test
def breaking_it_frees_it_at_once():
    lab = Farm()
    keep(lab, 600)
    farm.contains(lab.run("--break", "night").stdout, "night was taken from")
    farm.equal(lab.run("-n", "--lock", "night", "true").returncode, 0)


@tap.test
def a_hold_limit_ends_it_and_what_outlasts_one_is_refused(folder):
    lab = Farm(Server(folder, "--max-hold", "60").port)
    farm.contains(complaint(lab.run("--lock", "x", "--hold-timeout", 5, "--keep", 6, "true"), 64),
                  "--keep is longer than --hold-timeout")
    farm.contains(complaint(lab.run("--lock", "x", "--keep", 61, "true"), 69), "--max-hold")
    farm.equal(lab.run("--lock", "x", "--until-boot", "--hold-timeout", 6, "true").returncode, 0)
    farm.contains(complaint(lab.run("-n", "--lock", "x", "true"), 1), "until its host has booted")
    lab.poll_free("x")


@tap.test
def what_is_given_back_by_hand_is_kept_too():
    lab = Farm()
    job = farm.start("sleep", "1000")
    taken = lab.run("--lock", "night", "--keep", 60, "--for-pid", job.pid)
    farm.equal((taken.returncode, taken.stderr), (0, ""))
    farm.equal(lab.run("--unlock", "night", "--for-pid", job.pid).returncode, 0)
    assert lab.locks()["night"]["kept"]
    said = complaint(lab.run("--unlock", "night", "--for-pid", job.pid), 1)
    farm.contains(said, f"night is not held for process {job.pid} any more: it was given back, and is kept")


@tap.test
def it_is_kept_over_a_crash_of_the_server_and_ends_once(folder):
    server = Server(folder)
    lab = Farm(server.port)
    keep(lab, 10)
    waiter = lab.wait_for("night")
    until = lab.locks()["night"]["kept_until"]
    server.restart()
    farm.equal(lab.locks()["night"]["kept_until"], until)
    assert lab.locks()["night"]["kept"]
    farm.equal(waiter.wait(), 0)
    (granted, ended), = farm.poll(lambda: kept_rows(server), "the history has its end")
    assert 10000 <= ended - granted < 20000, (granted, ended)


@tap.test
def one_who_has_given_back_part_keeps_the_other_part(folder):
    server = Server(folder)
    wire = server.wire()
    wire.send("user olga", "locks a", "and b", "keep 60", "LOCK")
    wire.status()
    wire.send("locks a", "UNLOCK")
    farm.equal(wire.status()["locked"], "0")
    wire.send("locks b", "STATUS")
    farm.equal(wire.status()["locked"], "1")
    server.restart()
    wire = server.wire()
    farm.equal(server.held(), {"a": "olga", "b": "olga"})
    for name, locked in (("a", "0"), ("b", "1")):
        wire.send("user olga", f"locks {name}", "STATUS")
        farm.equal(wire.status()["locked"], locked)


@tap.test
def an_owner_of_the_same_name_is_another_one(folder):
    wire = Server(folder).wire()
    wire.send("user nightly", "locks x", "keep 60", "block 0", "LOCK", "UNLOCK")
    farm.equal(wire.status()["locked"], "1")
    wire.status()
    wire.send("LOCK")
    farm.equal(wire.status()["locked"], "0")


@tap.test
def a_seat_of_a_pool_and_a_share_are_kept(folder):
    lab = Lab(folder, 'pools = ( { name = "board"; seats = 2; hold-limit = "1h"; } );')
    farm.equal(lab.run("--lock", "board", "--keep", 60, "true").returncode, 0)
    farm.equal(lab.pools()["board"]["free"], 1)
    farm.equal(lab.run("--lock", "data", "--shared", "--keep", 60, "true").returncode, 0)
    farm.equal(lab.run("-n", "--lock", "data", "--shared", "true").returncode, 0)
    farm.equal(lab.run("-n", "--lock", "data", "true").returncode, 1)
    farm.contains(complaint(lab.run("--lock", "board", "--keep", "2h", "true"), 69),
                  "hold limits")
    lab.server.restart("--config", lab.conf)
    farm.equal(lab.pools()["board"]["free"], 1)
    farm.equal(lab.run("-n", "--lock", "data", "true").returncode, 1)
    lab.write('pools = ( { name = "board"; seats = 3; } );')
    lab.server.process.send_signal(signal.SIGHUP)
    farm.poll(lambda: lab.pools()["board"]["total"] == 3, "the pool is reloaded")
    farm.equal(lab.pools()["board"]["free"], 2)


@tap.test
def a_classic_server_keeps_nothing():
    lab = Farm(Classic().port)
    farm.contains(complaint(lab.run("--lock", "x", "--keep", 5, "true"), 69), "keeps nothing")


if __name__ == "__main__":
    farm.main()
