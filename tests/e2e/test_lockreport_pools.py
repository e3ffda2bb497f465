#!/usr/bin/python3
"""lockreport by the pools and projects of a history."""

import csv
import io
import json
import sqlite3
import time

from support import farm, tap
from support.lockd import Server

LOCKREPORT = farm.program("lockreport")
BEGIN_S = int(time.time()) - 20 * 3600
HOUR_MS = 3600 * 1000


def report(*options):
    result = farm.run(LOCKREPORT, *options)
    farm.equal((result.returncode, result.stderr), (0, ""))
    return result.stdout


def groups(*options):
    return {group["name"]: group for group in json.loads(report("--json", *options))["groups"]}


def make_history(folder):
    """Ten hours of two pools, made by hand, one of whose seats has a name of its own."""
    server = Server(folder)
    farm.stop(server.process)
    rows = []

    def add(past, lock, pool, project, asked, granted, ended):
        token, begin = len(rows) + 1, BEGIN_S * 1000
        rows.append((past, 1, lock, f"h_{token}_ann", pool, project, token, token if past == 0 else 0,
                     *(begin + int(hour * HOUR_MS) for hour in (asked, granted, ended))))

    add(0, "vcs1", "vcs", "chipA", 0, 0, 5)
    add(0, "vcs7", "vcs", "chipB", 1, 2, 6)
    add(0, "big1", "board", "chipA", 0, 0, 10)
    add(0, "lone", None, None, 0, 0, 1)
    add(1, "vcs", "vcs", "chipB", 5, 5, 5)
    add(2, "vcs", "vcs", "chipA", 5, 5, 7)
    with sqlite3.connect(server.state) as state:
        state.executemany(
            "INSERT INTO history(past, reason, lock, owner, login, pid, pool, project, ticket, token, asked_ms,"
            " granted_ms, ended_ms) VALUES(?, ?, ?, ?, 'ann', 0, ?, ?, ?, ?, ?, ?, ?)", rows)
        state.execute("UPDATE state SET next_token = 100")
    state.close()
    return server


def window(server):
    return ["--state", server.state, "--since", f"@{BEGIN_S}", "--until", f"@{BEGIN_S + 36000}"]


@tap.test
def pools_and_projects_are_reported(folder):
    server = make_history(folder)
    pools = groups(*window(server), "--by", "pool")
    farm.equal(sorted(pools), ["-", "board", "vcs"])
    vcs = pools["vcs"]
    farm.equal((vcs["holds"], vcs["peak"], vcs["mean"], vcs["waits"], vcs["refused"], vcs["left"], vcs["capacity"]),
               (2, 2, 0.9, 1, 1, 1, None))
    farm.equal(pools["-"]["holds"], 1)
    projects = groups(*window(server), "--by", "project")
    farm.equal({name: (group["mean"], group["refused"], group["left"]) for name, group in projects.items()},
               {"-": (0.1, 0, 0), "chipA": (1.5, 0, 1), "chipB": (0.4, 1, 0)})
    rows = list(csv.DictReader(io.StringIO(report(*window(server), "--csv", "--by", "project"))))
    farm.equal([row["project"] for row in rows], ["chipA", "chipB", "-"])
    farm.contains(report(*window(server), "--by", "pool"), "POOL ")
    # Whose project is not known has a line too, behind the others.
    table = [line.split() for line in report(*window(server), "--by", "project").splitlines()]
    farm.equal([row[:3] for row in table if row[:1] == ["-"]], [["-", "1", "1.0"]])


@tap.test
def a_pool_of_lockerds_is_known_by_its_name(folder):
    server = make_history(folder)
    found = groups(*window(server), "vcs", "big1")
    farm.equal(sorted(found), ["big1", "vcs"])
    farm.equal((found["vcs"]["holds"], found["vcs"]["capacity"]), (2, None))
    farm.equal((found["big1"]["holds"], found["big1"]["capacity"]), (1, 1))
    # What concerns it counts, by whatever.
    projects = groups(*window(server), "--by", "project", "vcs")
    farm.equal({name: group["mean"] for name, group in projects.items()}, {"chipA": 0.5, "chipB": 0.4})


@tap.test
def a_running_server_says_the_same(folder):
    server = make_history(folder)
    server.start()
    asked = ["--host", "127.0.0.1", "--port", server.port, *window(server)[2:]]
    for words in (("--by", "pool"), ("--by", "project"), ("vcs",)):
        farm.equal(groups(*asked, *words), groups(*window(server), *words))


@tap.test
def a_server_says_how_many_seats_its_pools_have(folder):
    server = make_history(folder)
    config = f"{folder}/lockerd.conf"
    with open(config, "w", encoding="ascii") as file:
        file.write('pools = ( { name = "vcs"; seats = 9; }, { name = "board"; names = ["big[1-2]"]; },\n'
                   '          { name = "idle"; seats = 3; } );\n')
    server.start("--config", config)
    asked = ["--host", "127.0.0.1", "--port", server.port, *window(server)[2:]]
    pools = groups(*asked, "--by", "pool")
    farm.equal({name: group["capacity"] for name, group in pools.items()}, {"vcs": 9, "board": 2, "-": None})
    farm.contains(report(*asked, "--by", "pool"), " 10%")
    named = groups(*asked, "vcs", "idle", "lone")
    farm.equal({name: (group["capacity"], group["holds"]) for name, group in named.items()},
               {"vcs": (9, 2), "idle": (3, 0), "lone": (1, 1)})
    # A seat that is held now is one of its pool's.
    server.wire().ask("user ann", "project chipC", "locks vcs", "LOCK")
    now = ["--host", "127.0.0.1", "--port", server.port, "--since", "1h"]
    server.wire().ask("user bob", "locks vcs", "LOCK")
    projects = groups(*now, "--by", "project")
    farm.equal((groups(*now, "vcs")["vcs"]["holds"], projects["chipC"]["holds"], projects["-"]["holds"]), (2, 1, 1))


if __name__ == "__main__":
    farm.main()
