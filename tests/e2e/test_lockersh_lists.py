#!/usr/bin/python3
"""lockersh as one asks it who has what: lists, owners, breaking, ping."""

import json
import os
import socket
import subprocess

import jsonschema

from support import farm, tap
from support.locking import LOCKERSH, Farm, schema


@tap.test
def the_list_has_two_columns():
    lab = Farm()
    farm.equal(lab.run("--locklist").stdout, "")
    holder = lab.hold("a")
    name, owner = lab.run("--locklist").stdout.split()
    farm.equal(name, "a")
    farm.equal(owner, lab.locks()["a"]["owner"])
    farm.contains(owner, f"_{holder.pid}")


def pid_in_owner(pid):
    """In a container, such as CI's, the number of its pid namespace goes with it."""
    first, own = 0xEFFFFFFC, os.stat("/proc/self/ns/pid").st_ino
    return pid if own == first else f"{pid}.{own}"


@tap.test
def the_json_list_follows_its_schema():
    lab = Farm()
    holder = lab.hold("a")
    lab.start("--lock", "a", "--and", "b[1-3]", "--count", "2", "true")
    farm.poll(lab.waiters, "a waiter")
    document = lab.json()
    validator = jsonschema.Draft202012Validator(
        schema(), format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)
    validator.validate(document)
    lock = document["locks"][0]
    farm.equal((lock["name"], lock["pid"], lock["host"], lock["autounlock"], lock["waiting"]),
               ("a", holder.pid, socket.gethostname(), True, 1))
    farm.equal(lock["owner"], f"{lock['host']}_{pid_in_owner(lock['pid'])}_{lock['user']}")
    waiter = document["waiters"][0]
    farm.equal(waiter["wants"], [{"count": 1, "names": ["a"]},
                                 {"count": 2, "names": ["b1", "b2", "b3"]}])
    farm.equal(waiter["position"], 1)
    # The schema does find faults.
    for break_it in (lambda d: d.pop("waiters"), lambda d: d["locks"][0].update(pid="1"),
                     lambda d: d["locks"][0].update(held_since="yesterday"),
                     lambda d: d["waiters"][0].update(extra=1), lambda d: d.update(version=2)):
        broken = json.loads(json.dumps(document))
        break_it(broken)
        assert not validator.is_valid(broken)


def hostile_lock(port, name, owner):
    """Takes a lock by hand, with bytes that lockersh would not send."""
    connection = socket.create_connection(("127.0.0.1", port))
    farm.at_end(connection.close)
    connection.sendall(b"user " + owner + b"\nlocks " + name + b"\nLOCK\n")
    reply = b""
    while not reply.endswith(b"\n\n\n"):
        reply += connection.recv(4096)
    return reply


@tap.test
def hostile_names_do_no_harm_in_lists():
    lab = Farm()
    names = [b"esc\x1b[2J\x1b]0;owned\x07", b"bad\xff\xfeutf8\xc3", b"c1\xc2\x9b31m", b"\xe2\x80\xaertl",
             b"n" * 255, b'quote"back\\slash', b"$(reboot)`x`%s%n", "größe-名".encode()]
    taken = [name for name in names
             if b"locked 1" in hostile_lock(lab.port, name, b"o_1_\xff\x1b[1m")]
    assert len(taken) >= 4, taken
    listing = subprocess.run([LOCKERSH, "--locklist"], env=lab.env, capture_output=True,
                             check=True).stdout
    farm.equal(listing.count(b"\n"), len(taken))
    text = listing.decode("utf-8")
    assert not [c for c in text if c != "\n" and (ord(c) < 32 or 0x7f <= ord(c) < 0xa0
                                                  or 0x2028 <= ord(c) <= 0x202e)], text
    document = lab.json()
    jsonschema.Draft202012Validator(schema()).validate(document)
    farm.equal(len(document["locks"]), len(taken))
    if names[1] in taken:
        farm.contains([lock["name"] for lock in document["locks"]], "bad\\xff\\xfeutf8\\xc3")
    # Who waits for such an owner is told of it harmlessly.
    result = lab.run("--lock", "n" * 255, "-n", "true")
    farm.equal(result.returncode, 1)
    assert "\x1b" not in result.stderr, result.stderr
    assert "\x1b" not in lab.run("--owner", "n" * 255).stdout


@tap.test
def owner_tells_who_has_a_lock():
    lab = Farm()
    result = lab.run("--owner", "a")
    farm.equal((result.returncode, result.stdout, result.stderr), (1, "", ""))
    lab.hold("a")
    owner = lab.locks()["a"]["owner"]
    result = lab.run("--owner", "a")
    farm.equal((result.returncode, result.stdout), (0, owner + "\n"))
    farm.equal(lab.run("--owner", "[a-]").returncode, 64)
    lab.hold("b2")
    result = lab.run("--owner", "a:b[1-2]")
    farm.equal([line.split()[0] for line in result.stdout.splitlines()], ["a", "b2"])
    farm.equal((result.returncode, lab.run("--owner", "a:b2").returncode), (1, 0))


@tap.test
def break_takes_a_lock_away_and_says_from_whom():
    lab = Farm()
    farm.equal(lab.run("--break", "a").stdout, "a was not held\n")
    lab.hold("a")
    owner = lab.locks()["a"]["owner"]
    waiter = lab.wait_for("a", command=["echo", "got"])
    farm.equal(lab.run("--break", "a").stdout, f"a was taken from {owner}\n")
    farm.equal(waiter.communicate(timeout=farm.PATIENCE_S)[0], b"got\n")


@tap.test
def ping_tells_the_response_time():
    lab = Farm()
    result = lab.run("--ping")
    farm.equal((result.returncode, result.stderr), (0, ""))
    assert result.stdout.startswith(f"127.0.0.1:{lab.port} answers in "), result.stdout
    farm.contains(result.stdout, "protocol 2")
    farm.equal(result.stdout.splitlines()[1:], ["it knows you by what you claim alone"])


if __name__ == "__main__":
    farm.main()
