#!/usr/bin/python3
"""lockreport --what-if: requests once more with other numbers of seats, against a plain simulation."""

import csv
import heapq
import io
import json
import random
import sqlite3

from support import farm, tap
from support.lockd import Server
from support.past import BEGIN_S, LOCKREPORT, groups, make_history, report, window

BEGIN_MS = BEGIN_S * 1000
WINDOW_MS = 36000 * 1000


class Request:
    """asked: when, seats: how many, hold: how long; patience: None waits for ever, 0 does not."""

    def __init__(self, asked, seats, hold, patience=None):
        self.asked, self.seats, self.hold, self.patience = asked, seats, hold, patience
        self.granted = self.left = self.refused = None


def simulate(requests, total):
    """First come, first served: the first in the queue gets the next seats, and nobody overtakes."""
    free, queue, events = total, [], [(request.asked, 2, number) for number, request in enumerate(requests)]
    heapq.heapify(events)

    def serve(now):
        nonlocal free
        while queue and requests[queue[0]].seats <= free:
            number = queue.pop(0)
            free -= requests[number].seats
            requests[number].granted = now
            heapq.heappush(events, (now + requests[number].hold, 0, number))

    while events:
        now, kind, number = heapq.heappop(events)
        request = requests[number]
        if kind == 0:
            free += request.seats
            # What comes back at one instant comes back before anybody asks.
            if not (events and events[0][:2] == (now, 0)):
                serve(now)
        elif kind == 1:
            if number in queue:
                queue.remove(number)
                request.left = now
                serve(now)
        elif request.seats > total:
            pass
        elif request.patience == 0 and (queue or request.seats > free):
            request.refused = now
        else:
            queue.append(number)
            if request.patience:
                heapq.heappush(events, (now + request.patience, 1, number))
            serve(now)
    return requests


def random_requests(seed, most=3):
    """At odd and even milliseconds, so that no two things happen at once."""
    chance = random.Random(seed)
    requests, asked = [], 0
    for _ in range(400):
        asked += 2 * chance.randrange(1, 60000)
        requests.append(Request(asked, chance.randrange(1, most + 1), 2 * chance.randrange(1, 90000) + 1))
    return requests


def record(server, requests, prefix="s", pool=None):
    """A history of it, in a server's file; each grant has seats of its own."""
    rows = []
    for number, request in enumerate(requests, 1):
        if request.granted is None:
            continue
        for seat in range(1, request.seats + 1):
            rows.append((0, 1, f"{prefix}{seat}", f"h_{number}_u", number, number, number, BEGIN_MS + request.asked,
                         BEGIN_MS + request.granted, BEGIN_MS + request.granted + request.hold, pool))
    with sqlite3.connect(server.state) as state:
        state.executemany("INSERT INTO history(past, reason, lock, owner, pid, ticket, token, asked_ms, granted_ms,"
                          " ended_ms, pool) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
    state.close()


def what_if(server, seats, pool="s[1-3]", more=()):
    done = report(*window(server), "--json", "--what-if", seats, *more, pool)
    return {line["seats"]: line for line in json.loads(done)["what_if"]}


def rank(values, part):
    """The smallest that so many do not exceed."""
    ordered = sorted(values)
    return ordered[-(-len(ordered) * part // 10) - 1] / 1000 if ordered else 0.0


def expect_line(line, requests):
    within = [request for request in requests if request.granted is not None and request.granted < WINDOW_MS]
    waits = [request.granted - request.asked for request in within if request.granted > request.asked]
    farm.equal((line["granted"], line["waits"]), (len(within), len(waits)))
    farm.equal((line["wait_median_seconds"], line["wait_p90_seconds"], line["wait_worst_seconds"],
                line["waited_seconds"]), (rank(waits, 5), rank(waits, 9), rank(waits, 10), sum(waits) / 1000))


@tap.test
def it_is_what_a_simulation_says(folder):
    server = make_history(folder)
    with sqlite3.connect(server.state) as state:
        state.execute("DELETE FROM history")
    state.close()
    for seed in range(5):
        with sqlite3.connect(server.state) as state:
            state.execute("DELETE FROM history")
        state.close()
        record(server, simulate(random_requests(seed), 3))
        lines = what_if(server, "-1,+1,+2,8")
        farm.equal(sorted(lines), [2, 3, 4, 5, 8])
        for seats, line in lines.items():
            expected = simulate([Request(r.asked, r.seats, r.hold) for r in simulate(random_requests(seed), 3)], seats)
            farm.equal(line["too_big"], sum(request.seats > seats for request in expected))
            expect_line(line, expected)


@tap.test
def as_many_as_there_were_is_what_was(folder):
    server = Server(folder)
    farm.stop(server.process)
    record(server, simulate(random_requests(17, most=1), 3))
    line = what_if(server, "3")[3]
    real = groups(*window(server), "s[1-3]")["s[1-3]"]
    farm.equal([line[f"wait_{what}_seconds"] for what in ("median", "p90", "worst")],
               [real[f"wait_{what}_seconds"] for what in ("median", "p90", "worst")])
    farm.equal((line["waits"], line["granted"]), (real["waits"], real["granted"]))
    # More seats never make the waits longer here, and enough of them end them.
    lines = what_if(server, "1,2,3,4,5,6,400")
    waited = [lines[seats]["waited_seconds"] for seats in sorted(lines)]
    farm.equal(waited, sorted(waited, reverse=True))
    farm.equal((lines[400]["waits"], lines[400]["full_seconds"]), (0, 0.0))
    assert lines[3]["waiting_full_seconds"] <= lines[3]["full_seconds"] <= 36000


@tap.test
def who_asked_in_vain_might_have_got_one(folder):
    server = make_history(folder)
    # dan would not wait, eve waits for two hours: with another seat each has one.
    lines = what_if(server, "1,2,3", "vcs[1-2]")
    farm.equal([(lines[seats]["refused"], lines[seats]["left"]) for seats in (1, 2, 3)], [(1, 1), (1, 0), (0, 0)])


@tap.test
def a_pool_of_lockerds_is_known_by_its_name(folder):
    config = f"{folder}/lockerd.conf"
    with open(config, "w", encoding="ascii") as file:
        file.write('pools = ( { name = "vcs"; seats = 3; } );\n')
    server = Server(folder, "--config", config)
    farm.stop(server.process)
    record(server, simulate(random_requests(3), 3), "vcs", "vcs")
    done = farm.run(LOCKREPORT, *window(server), "--what-if", "+1", "vcs")
    farm.equal((done.returncode, done.stdout), (64, ""))
    farm.contains(done.stderr, "a state file does not say how many seats vcs has")
    from_file = what_if(server, "3,4", "vcs")
    server.start("--config", config)
    asked = ("--host", "127.0.0.1", "--port", server.port, *window(server)[2:])
    shown = json.loads(report(*asked, "--json", "--what-if", "+1", "vcs"))
    farm.equal(shown["seats"], 3)
    farm.equal({line["seats"]: line for line in shown["what_if"]}, from_file)
    farm.contains(report(*asked, "--what-if", "+1", "vcs"), "without the pool's rules")


@tap.test
def table_and_csv_say_the_same(folder):
    server = make_history(folder)
    lines = what_if(server, "-1,+1", "vcs[1-2]")
    table = list(csv.DictReader(io.StringIO(report(*window(server), "--csv", "--what-if", "-1,+1", "vcs[1-2]"))))
    farm.equal([{key: float(value) for key, value in row.items()} for row in table],
               [{key: float(value) for key, value in line.items()} for line in lines.values()])
    shown = report(*window(server), "--what-if", "-1,+1", "vcs[1-2]").splitlines()
    farm.equal([line[:7].split()[-1] for line in shown[2:]], ["SEATS", "1", "2", "3"])
    farm.equal([line[0] for line in shown[3:]], [" ", "*", " "])


@tap.test
def what_makes_no_sense_is_refused(folder):
    server = make_history(folder)
    for why, *options in (("39,41, or -1,+1,+5", "--what-if", "x", "a"), ("39,41", "--what-if", "1,,2", "a"),
                          ("1 to 65536", "--what-if", "-1", "a"), ("1 to 65536", "--what-if", "0", "a"),
                          ("name one", "--what-if", "1"), ("name one", "--what-if", "1", "a", "b"),
                          ("exclude", "--what-if", "1", "--holds", "a"),
                          ("64 at most", "--what-if", ",".join(["1"] * 65), "a")):
        done = farm.run(LOCKREPORT, "--state", server.state, *options)
        farm.equal((done.returncode, done.stdout), (64, ""))
        farm.contains(done.stderr, why)


if __name__ == "__main__":
    farm.main()
