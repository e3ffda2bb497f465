#!/usr/bin/python3
"""lockersh --explain: what would come of a request, and why, without asking for it."""

import json
import re
import socket
import threading

import jsonschema

from support import farm, tap
from support.lockd import listing
from support.locking import LOCKERSH, schema
from support.pools import Lab, end

CONF = """
groups = ( { name = "night"; users = ["nora"]; } );
pools = (
  { name = "vcs"; seats = 4; limits = ( { by = "user"; each = 3; } ); outside-most = 2; },
  { name = "board"; seats = 3; },
  { name = "rtl"; seats = 2; allow = { users = ["group:night"] } }
);
"""
HOLDER = r"\S+ has had \S+ since \d\d:\d\d:\d\d \(\d+ s\)"


def explain(lab, *words, status=0, **extra):
    done = lab.run("--explain", *words, **extra)
    farm.equal((done.returncode, done.stderr), (status, ""))
    if "--json" in words:
        jsonschema.validate(json.loads(done.stdout), schema("explain"))
    return done.stdout


def matches(pattern, text):
    assert re.fullmatch(pattern, text), text


@tap.test
def what_is_free_would_be_granted_and_still_is_free(folder):
    lab = Lab(folder, CONF)
    farm.equal(explain(lab, "--lock", "board", "--count", "2", "--and", "vcs", "--and", "other"),
               "2 of board and vcs and other: you would be granted board1 board2 vcs1 other\n")
    farm.equal(lab.list()["locks"], [])
    farm.equal(explain(lab, "--lock", "board[2-3]"), "board[2-3]: you would be granted board2\n")
    farm.equal(lab.run("--lock", "board", "--count", "3", "echo", "$LOCKERSH_LOCK").stdout,
               "board1 board2 board3\n")


@tap.test
def a_wait_would_have_a_place_a_reason_and_a_holder(folder):
    lab = Lab(folder, CONF)
    lab.hold("vcs", "--count", "3")
    matches(rf"vcs: you would wait: place 1 of 1; you hold 3 of your limit of 3 \({lab.conf}:4\); "
            rf"{HOLDER}\n", explain(lab, "--lock", "vcs", status=1))
    lab.hold("board", "--count", "3")
    lab.start("--lock", "board", "true")
    farm.poll(lambda: lab.pools()["board"]["waiting"] == 1, "it waits")
    matches(rf"board: you would wait: place 2 of 2; {HOLDER}\n",
            explain(lab, "--lock", "board", status=1))
    farm.equal(lab.run("--explain", "-E", "7", "--lock", "board").returncode, 7)


@tap.test
def what_is_said_is_what_a_waiter_is_told(folder):
    lab = Lab(folder, CONF)
    lab.hold("vcs", "--count", "3")
    said = explain(lab, "--lock", "vcs", "--priority", "5", status=1)
    waiter = lab.start("--verbose", "--lock", "vcs", "--priority", "5", "true")
    told = waiter.stderr.readline()
    farm.contains(said, re.search(r"place .*", told)[0])


@tap.test
def single_locks_are_explained_too(folder):
    lab = Lab(folder, CONF)
    holder = lab.start("--lock", "plain", "--exec", "sleep", "1000")
    farm.poll(lambda: len(lab.list()["locks"]) == 1, "it holds it")
    matches(rf"plain: you would wait: place 1 of 1; {HOLDER}\n",
            explain(lab, "--lock", "plain", status=1))
    farm.equal(explain(lab, "--lock", "plain:second"), "plain:second: you would be granted second\n")
    end(holder)
    farm.poll(lambda: lab.run("--explain", "--lock", "plain").returncode == 0, "it is free")


@tap.test
def a_refusal_is_told_with_its_line(folder):
    lab = Lab(folder, CONF)
    said = explain(lab, "--lock", "vcs", "--count", "4", status=2)
    farm.equal(said, "4 of vcs: you would be refused: of vcs a user may have 3 at most, and 4 were asked for; "
                     f"ask for fewer ({lab.conf}:4)\n")
    farm.contains(explain(lab, "--lock", "rtl", status=2),
                  f"rtl is not for this user, host or project ({lab.conf}:6)\n")
    farm.contains(explain(lab, "--lock", "vcs1", status=2), "seats of vcs cannot be chosen")


@tap.test
def it_is_json_for_programs(folder):
    lab = Lab(folder, CONF)
    farm.equal(json.loads(explain(lab, "--json", "--lock", "board", "--count", "2")),
               {"request": "2 of board", "would": "grant", "seats": ["board1", "board2"]})
    lab.hold("board", "--count", "3")
    said = json.loads(explain(lab, "--json", "--lock", "board", status=1))
    farm.equal((said["would"], said["position"], said["of"], said["lock"]), ("wait", 1, 1, "board"))
    farm.equal(said["holder"], lab.list()["locks"][0]["owner"])
    said = json.loads(explain(lab, "--json", "--lock", "rtl", status=2))
    farm.equal(said["would"], "refuse")
    assert said["error"].startswith("rtl is not for this user"), said


@tap.test
def the_schema_tells_what_does_not_belong_together(_folder):
    for document in ({"request": "a", "would": "grant"}, {"request": "a", "would": "wait", "position": 1, "seats": ["a"]},
                     {"request": "a", "would": "refuse", "error": "no", "position": 1}, {"request": "a", "would": "perhaps"}):
        try:
            jsonschema.validate(document, schema("explain"))
        except jsonschema.ValidationError:
            continue
        raise AssertionError(document)


@tap.test
def a_question_changes_nothing(folder):
    lab = Lab(folder, CONF)
    lab.hold("vcs", "--count", "3")
    lab.start("--lock", "vcs", "true")
    farm.poll(lambda: lab.pools()["vcs"]["waiting"] == 1, "it waits")

    def table():
        return re.sub(r'"(time|generated|[a-z_]*(seconds|_ms))" ?: ?[^,}\n]*', "", listing(lab.server.port))

    before = table()
    for words in (("vcs",), ("board",), ("board1",), ("plain",), ("vcs", "--and", "board")):
        lab.run("--explain", "--lock", *words)
    farm.equal(table(), before)


def older(listener):
    """A server of an earlier release: it says nothing to words that it does not know."""
    connection, _ = listener.accept()
    with connection:
        for line in connection.makefile("r"):
            if line.startswith("proto"):
                connection.sendall(b"proto 2\n")
            elif line.startswith("VERSION"):
                connection.sendall(b"version 0.1 1 1\n\n")
            elif line.startswith("QUEUE"):
                connection.sendall(b"queue 0\n")


@tap.test
def an_earlier_server_cannot_say(folder):
    del folder
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=older, args=(listener,), daemon=True).start()
        done = farm.run(LOCKERSH, "--dhost", "127.0.0.1", "--port", listener.getsockname()[1],
                        "--explain", "--lock", "a")
    farm.equal((done.returncode, done.stdout), (69, ""))
    farm.contains(done.stderr, "the server is an earlier one, which cannot say what would happen")


@tap.test
def options_that_do_not_go_with_it_are_refused(folder):
    del folder
    for words, text in ((("--lock", "a", "true"), '"true" is too much'), ((), "no lock is named"),
                        (("--ping",), "choose one of --locklist, --explain")):
        done = farm.run(LOCKERSH, "--explain", *words)
        farm.equal(done.returncode, 64)
        farm.contains(done.stderr, text)


if __name__ == "__main__":
    farm.main()
