#!/usr/bin/python3
"""The list of locks and their history, as lockerd shows them by HTTP."""

import http.client
import json
import threading
import time

import jsonschema

from support import built, farm, tap
from support.http_lab import Site
from support.lockd import Server
from support.locking import schema

MANY, SCRAPERS = 100000, 20
ANSWER_WAIT_S = 30


def shown(folder, *options, **more):
    site = Site()
    return site, Server(folder, "--http", site.place, "--pidstat-port", "none", *options, **more)


def read(site, path):
    return json.loads(site.text(path))


@tap.test
def the_list_is_the_one_that_clients_get(folder):
    site, server = shown(folder)
    wire = server.wire()
    for name in ("a", "b"):
        wire.lock("ann", name)
    other = server.wire()
    other.lock("bob", "a", block=1)
    farm.equal(other.line(), "print_waiting ann")
    document = read(site, "/locks.json")
    jsonschema.validate(document, schema())
    farm.equal([(lock["name"], lock["owner"]) for lock in document["locks"]],
               [("a", "ann"), ("b", "ann")])
    farm.equal([waiter["owner"] for waiter in document["waiters"]], ["bob"])
    farm.equal(site.get("/locks.json")[1]["Content-Type"], "application/json")


@tap.test
def who_has_the_list_is_told_that_it_is_the_same_until_it_changes(folder):
    site, server = shown(folder)
    wire = server.wire()
    wire.lock("ann", "a")
    status, headers, body = site.get("/locks.json")
    tag = headers["ETag"]
    for known in (tag, f'"x", {tag}', "*", tag.removeprefix("W/")):
        status, headers, body = site.get("/locks.json", If_None_Match=known)
        farm.equal((known, status, body, headers["ETag"]), (known, 304, b"", tag))
    farm.equal(site.get("/locks.json", If_None_Match='"other"')[0], 200)
    changes = [lambda: wire.lock("ann", "b"), lambda: wire.ask("UNLOCK"),
               lambda: server.wire().ask("user x", "locks c", "OFFLINE c"), wire.close]
    for change in changes[:2]:
        change()
        status, headers, _ = site.get("/locks.json", If_None_Match=tag)
        farm.equal((status, headers["ETag"] != tag), (200, True))
        tag = headers["ETag"]


@tap.test
def with_private_nobody_is_named(folder):
    site, server = shown(folder, "--private")
    wire = server.wire()
    wire.lock("ann", "a")
    wire.lock("ann", "b")
    wire.ask("UNLOCK")
    farm.equal([lock["owner"] for lock in read(site, "/locks.json")["locks"]], ["-"])
    rows = farm.poll(lambda: read(site, "/history.json")["rows"], "the hold of b is written")
    farm.equal([(row["owner"], row["lock"], row["host"], row["pid"]) for row in rows],
               [("-", "b", None, None)])


def fill_history(server, count):
    wire = server.wire()
    for number in range(count):
        wire.send("user ann", f"locks n{number}", "LOCK", "UNLOCK")
    for _ in range(2 * count):
        wire.status()


@tap.test
def the_history_is_told_part_by_part(folder):
    site, server = shown(folder)
    fill_history(server, 1300)
    rows = farm.poll(lambda: len(found := read(site, "/history.json?limit=100000")["rows"]) == 1300
                     and found, "all of it is written")
    farm.equal((rows[0]["kind"], rows[0]["reason"], rows[0]["owner"]), ("hold", "unlock", "ann"))
    farm.equal({row["lock"] for row in rows}, {f"n{number}" for number in range(1300)})
    assert rows[0]["granted"] <= rows[0]["ended"]
    first = read(site, "/history.json?limit=700")
    assert first["next"] > 0 and len(first["rows"]) == 700, (first["next"], len(first["rows"]))
    rest = read(site, f"/history.json?limit=700&after={first['next']}")
    farm.equal((rest["next"], len(rest["rows"])), (0, 600))
    farm.equal(read(site, "/history.json?since=0")["rows"], [])
    for wrong in ("since=-1", "limit=x", "limit=100001", "after=1e3"):
        farm.equal((wrong, site.get(f"/history.json?{wrong}")[0]), (wrong, 400))


@tap.test
def without_a_state_there_is_no_history(folder):
    site, server = shown(folder, state="none")
    fill_history(server, 3)
    found = read(site, "/history.json")
    farm.equal((found["rows"], found["next"]), ([], 0))


@tap.test
def visitors_who_leave_in_the_midst_leave_nothing_behind(folder):
    site, server = shown(folder)
    fill_history(server, 3000)
    farm.poll(lambda: len(read(site, "/history.json?limit=100000")["rows"]) == 3000, "all is written")
    for path in 20 * ("/history.json?limit=100000", "/locks.json", "/metrics"):
        connection = http.client.HTTPConnection("127.0.0.1", site.port)
        connection.request("GET", path)
        connection.close()
    farm.poll(lambda: site.get("/history.json")[0] == 200, "the history is read again")
    farm.equal(site.get("/healthz")[0], 200)
    assert server.process.poll() is None


def take(wire, count):
    """Locks in as many requests, each of which is answered."""
    names = 500
    for first in range(0, count, names):
        group = " ".join(f"m{number}" for number in range(first, first + names))
        farm.equal(wire.ask("user crowd", f"locks {group}", f"count {names}", "LOCK")["locked"], "1")


@tap.test
def a_list_of_a_hundred_thousand_delays_no_lock(folder):
    """How long LOCK and UNLOCK take while twenty read lists and numbers without a pause, each of
    which has changed.  A server whose loop wrote all this would take a second each."""
    built.need_plain()
    site, server = shown(folder, "--max-names", "1000", "--max-client-locks", "200000",
                         "--max-owner-locks", "200000", "--client-cost", "0", state="none")
    take(server.wire(), MANY)
    over = threading.Event()
    read_bytes = []

    def scrape(path):
        while not over.is_set():
            began = time.monotonic()
            status, _, body = site.get(path)
            # A busy machine may not come to an answer in the time that there is for one.
            if status != 503 or time.monotonic() - began < ANSWER_WAIT_S:
                read_bytes.append((path, status, len(body)))

    scrapers = [threading.Thread(target=scrape, args=(("/locks.json", "/metrics")[number % 2],))
                for number in range(SCRAPERS)]
    for scraper in scrapers:
        scraper.start()
    farm.at_end(over.set)
    farm.poll(lambda: len(read_bytes) > SCRAPERS and any("locks" in path for path, *_ in read_bytes),
              "they read lists and numbers")
    wire = server.wire()

    def measure():
        times = []
        for _ in range(200):
            began = time.monotonic()
            wire.ask("user ann", "locks mine", "LOCK")
            wire.ask("UNLOCK")
            times.append((time.monotonic() - began) / 2)
        return times

    farm.promised("a request among twenty who read a hundred thousand locks", measure, 0.05, 2)
    over.set()
    for scraper in scrapers:
        scraper.join()
    lists = [size for path, status, size in read_bytes if path == "/locks.json" and status == 200]
    print(f"# {len(lists)} lists of {max(lists)} bytes, {len(read_bytes)} answers")
    assert min(lists) > MANY * 100
    farm.equal({status for _, status, _ in read_bytes}, {200})


if __name__ == "__main__":
    farm.main()
