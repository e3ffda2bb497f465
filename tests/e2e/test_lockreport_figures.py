#!/usr/bin/python3
"""lockreport: what a buyer of licences asks, days by their names, and the entries themselves."""

import csv
import datetime
import io
import json
import zoneinfo

from support import farm, tap
from support.lockd import Server
from support.past import BEGIN_S, LOCKREPORT, groups, make_history, report, window

HOUR_S = 3600.0


@tap.test
def it_tells_how_long_a_pool_was_full_and_wanted(folder):
    server = make_history(folder)
    vcs = groups(*window(server), "vcs[1-2]")["vcs[1-2]"]
    # Both are held from 4 to 6; somebody waits from 1 to 7.
    farm.equal((vcs["full_seconds"], vcs["waiting_full_seconds"]), (2 * HOUR_S, 2 * HOUR_S))
    three = groups(*window(server), "vcs[1-3]")["vcs[1-3]"]
    farm.equal((three["full_seconds"], three["waiting_full_seconds"]), (0.0, 0.0))
    first = groups(*window(server))["vcs1"]
    farm.equal((first["full_seconds"], first["waiting_full_seconds"]), (10 * HOUR_S, 6 * HOUR_S))
    # Nobody knows of how many a user could have had.
    farm.equal(groups(*window(server), "--by", "user")["bob"]["full_seconds"], None)


@tap.test
def it_tells_hours_shares_lengths_and_how_many_waited(folder):
    server = make_history(folder)
    found = groups(*window(server), "vcs[1-2]", "sim[1-2]")
    vcs, sim = found["vcs[1-2]"], found["sim[1-2]"]
    farm.equal((vcs["busy_seconds"], sim["busy_seconds"]), (12 * HOUR_S, 5 * HOUR_S))
    farm.equal((vcs["share"], sim["share"]), (0.7059, 0.2941))
    farm.equal([vcs[f"hold_{what}_seconds"] for what in ("median", "p90", "longest")], [5 * HOUR_S] * 3)
    farm.equal((sim["hold_median_seconds"], sim["hold_longest_seconds"]), (2 * HOUR_S, 3 * HOUR_S))
    farm.equal((vcs["granted"], vcs["granted_late"]), (3, 2))
    # What began before is as long as it was, and was not granted within.
    later = groups(*window(server)[:2], "--since", f"@{BEGIN_S + 9 * 3600}", "vcs[1-2]")["vcs[1-2]"]
    farm.equal((later["hold_median_seconds"], later["granted"], later["busy_seconds"]),
               (5 * HOUR_S, 0, HOUR_S))


@tap.test
def all_together_stand_below(folder):
    server = make_history(folder)
    document = json.loads(report(*window(server), "--json", "vcs[1-2]", "sim[1-2]"))["all"]
    farm.equal((document["capacity"], document["holds"], document["peak"]), (4, 5, 4))
    farm.equal((document["waits"], document["refused"], document["left"]), (3, 2, 1))
    # A request that named two locks was one.
    each = json.loads(report(*window(server), "--json"))
    farm.equal((sum(group["refused"] for group in each["groups"]), each["all"]["refused"]), (3, 2))
    shown = report(*window(server), "vcs[1-2]", "sim[1-2]").splitlines()
    farm.equal((shown[5], shown[6].split()[:3]), ("", ["all", "5", "17.0"]))
    farm.equal(len(report(*window(server), "vcs[1-2]").splitlines()), 4)


@tap.test
def csv_and_json_have_the_same_figures(folder):
    server = make_history(folder)
    rows = {row["lock"]: row for row in csv.DictReader(io.StringIO(report(*window(server), "--csv")))}
    for name, group in groups(*window(server)).items():
        for key in set(group) - {"name", "mean_over_time", "uid"}:
            farm.equal(float(rows[name][key]), float(group[key]))


def beginning(word, zone, **options):
    """What --since is taken for, as JSON has it."""
    server, folder = options["server"], options.get("until")
    until = ["--until", folder] if folder else []
    done = report("--state", server.state, "--json", "--since", word, *until, env=farm.environment(TZ=zone))
    return datetime.datetime.fromisoformat(json.loads(done)["since"].replace("Z", "+00:00"))


@tap.test
def days_have_names(folder):
    server = make_history(folder)
    for zone in ("UTC", "Europe/Berlin", "America/Los_Angeles", "Asia/Kolkata"):
        while True:
            today = datetime.datetime.now(zoneinfo.ZoneInfo(zone))
            midnight = today.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
            names = {"today": midnight, "yesterday": midnight - datetime.timedelta(days=1),
                     "week": midnight - datetime.timedelta(days=midnight.weekday()),
                     "month": midnight.replace(day=1), "year": midnight.replace(day=1, month=1)}
            names["last-week"] = names["week"] - datetime.timedelta(days=7)
            names["last-month"] = (names["month"] - datetime.timedelta(days=1)).replace(day=1)
            names["last-year"] = names["year"].replace(year=midnight.year - 1)
            for index, name in enumerate("monday tuesday wednesday thursday friday saturday sunday".split()):
                names[name] = midnight - datetime.timedelta(days=(midnight.weekday() - index) % 7)
            found = {name: beginning(name, zone, server=server) for name in names}
            if datetime.datetime.now(zoneinfo.ZoneInfo(zone)).day == today.day:
                break  # else midnight came in between
        for name, day in names.items():
            farm.equal((zone, name, found[name]),
                       (zone, name, day.replace(tzinfo=zoneinfo.ZoneInfo(zone)).astimezone(datetime.timezone.utc)))
    done = farm.run(LOCKREPORT, "--state", server.state, "--since", "mondays")
    farm.equal(done.returncode, 64)
    farm.contains(done.stderr, "monday")


def rows(*options):
    listed = json.loads(report("--json", *options))["rows"]
    table = list(csv.DictReader(io.StringIO(report("--csv", *options))))
    # The same in both.
    farm.equal([{key: value if isinstance(value, str) else json.dumps(value).replace("null", "")
                 for key, value in row.items()} for row in listed], table)
    return listed


@tap.test
def holds_are_listed_one_by_one(folder):
    server = make_history(folder)
    held = rows(*window(server), "--holds")
    farm.equal([(row["lock"], row["owner"]) for row in held],
               [("vcs1", "host_101_ann"), ("vcs1", "host_102_bob"), ("vcs2", "host_103_bob"),
                ("sim1", "host_104_cat"), ("sim2", "host_104_cat")])
    farm.equal((held[1]["kind"], held[1]["reason"], held[1]["job"], held[1]["pid"], held[1]["token"]),
               ("hold", "unlock", "slurm:2", 102, 2))
    farm.equal(rows(*window(server), "--holds", "sim[1-9]"), held[3:])
    farm.equal(rows("--state", server.state, "--since", "1h", "--holds"), [])
    server.start()
    # A server tells no tokens.
    farm.equal(rows("--host", "127.0.0.1", "--port", server.port, *window(server)[2:], "--holds"),
               [{**row, "token": None} for row in held])
    lines = report(*window(server), "--holds").splitlines()
    farm.equal(lines[2].split(), "GRANTED WAITED HELD END LOCK USER HOST PID JOB PROJECT".split())
    farm.equal(lines[4].split()[2:], "4h00m 5h00m unlocked vcs1 bob host0 102 slurm:2 -".split())
    farm.contains(report("--state", server.state, "--since", "1h", "--holds"), "Nothing was held.")


@tap.test
def who_asked_in_vain_is_listed_with_the_reason(folder):
    server = Server(folder)
    holder = server.wire()
    holder.ask("user ann", "locks a", "LOCK")
    for _ in range(4):
        server.wire().ask("user bob", "locks a b", "count 2", "block 0", "LOCK")
    waiter = server.wire()
    waiter.send("proto 2", "user cat", "locks a", "block 1", "LOCK")
    farm.equal([waiter.line(), waiter.line()], ["proto 2", "print_waiting ann"])
    waiter.close()
    state = ["--state", server.state, "--in-vain"]
    farm.poll(lambda: "client gone" in report(*state), "both are known")
    # Repeats are noted once a minute, and at the end.
    farm.stop(server.process)
    refused, left, again = rows(*state)
    farm.equal((refused["owner"], refused["lock"], refused["granted"]), ("bob", "a b", None))
    farm.equal((left["owner"], left["lock"], left["reason"]), ("cat", "a", "gone"))
    farm.equal((again["owner"], again["lock"], again["token"]), ("bob", "a b", 3))
    shown = report(*state)
    farm.contains(shown, "would not wait, 3 times")
    farm.contains(shown, "client gone")
    farm.equal([row["lock"] for row in rows("--state", server.state, "--holds")], ["a"])
    farm.contains(report("--state", server.state, "--holds"), "held still")


@tap.test
def names_of_strangers_stay_text(folder):
    server = Server(folder)
    server.wire().ask("user \x1b[31mann", "locks a\"b", "LOCK")
    for options in ((), ("--csv",), ("--json",)):
        shown = report("--state", server.state, "--holds", *options)
        assert "\x1b" not in shown, shown
        farm.contains(shown, "[31mann")


@tap.test
def what_belongs_together_is_checked(folder):
    server = make_history(folder)
    done = farm.run(LOCKREPORT, "--state", server.state, "--holds", "--in-vain")
    farm.equal((done.returncode, done.stdout), (64, ""))
    # Nobody reads on: it ends, and says nothing.
    farm.equal(farm.run("sh", "-c", '"$@" | head -n 1 >/dev/null', "sh", LOCKREPORT, *window(server), "--holds").stderr, "")


if __name__ == "__main__":
    farm.main()
