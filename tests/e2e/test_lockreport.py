#!/usr/bin/python3
"""lockreport: what it says about a history that is known."""

import csv
import fcntl
import io
import os
import pty
import sqlite3
import struct
import subprocess
import termios
import time

from support import farm, tap
from support.lockd import Server
from support.past import BEGIN_S, LOCKREPORT, groups, make_history, report, window

def holds_what_is_known(found):
    vcs1 = found["vcs1"]
    farm.equal((vcs1["holds"], vcs1["peak"], vcs1["mean"], vcs1["busy_seconds"]),
               (2, 1, 1.0, 36000.0))
    farm.equal((vcs1["waits"], vcs1["wait_worst_seconds"], vcs1["refused"], vcs1["left"]),
               (1, 4 * 3600.0, 1, 1))
    farm.equal((found["vcs2"]["mean"], found["vcs2"]["left"]), (0.2, 1))
    farm.equal(found["sim2"]["waits"], 1)


@tap.test
def each_lock_is_reported(folder):
    server = make_history(folder)
    holds_what_is_known(groups(*window(server)))


@tap.test
def a_running_server_says_the_same(folder):
    server = make_history(folder)
    server.start()
    options = ["--host", "127.0.0.1", "--port", server.port, *window(server)[2:]]
    holds_what_is_known(groups(*options))
    farm.equal(groups(*options), groups(*window(server)))


@tap.test
def a_long_history_is_asked_for_in_parts(folder):
    server = Server(folder)
    wire = server.wire()
    for part in range(10):
        wire.send(*["user ann", "locks a", *["LOCK", "UNLOCK"] * 250])
        for _ in range(500):
            wire.status()
    found = groups("--host", "127.0.0.1", "--port", server.port)
    farm.equal(found["a"]["holds"], 2500)
    farm.equal(groups("--state", server.state)["a"]["holds"], 2500)


@tap.test
def servers_are_named_as_for_lockersh(folder):
    port = Server(folder, "--host", "127.0.0.1", "--host", "::1").port
    silent = farm.silent_port()
    for hosts in (f"127.0.0.1={port}", f"[::1]={port}", f" localhost={port}",
                  f"127.0.0.1={silent}:localhost={port}", f"nosuch.invalid 127.0.0.1={port}"):
        farm.contains(report(env=farm.environment(IPCLOCKER_HOST=hosts)), "Nothing was held")
        farm.contains(report("--host", hosts), "Nothing was held")
    farm.contains(report("--host", "::1", "--port", port), "Nothing was held")
    for status, why, *options in ((69, "nosuch.invalid:1751 (Name or service not known)",
                                   "--host", "nosuch.invalid"),
                                  (69, f"127.0.0.1:{silent} (Connection refused); start one there",
                                   "--host", f"127.0.0.1={silent}"),
                                  (64, '"nosuch" is no port', "--port", "nosuch")):
        done = farm.run(LOCKREPORT, *options, env=farm.environment(IPCLOCKER_PORT=1751))
        farm.equal((done.returncode, done.stdout), (status, ""))
        farm.contains(done.stderr, why)


@tap.test
def a_malformed_HISTORY_is_refused(folder):
    server = Server(folder)
    for words in ("", "0", "0 1", "x 1 0", "0 1 -1"):
        farm.contains(server.wire().ask(f"HISTORY {words}")["error"], "HISTORY needs")
    wire = server.wire()
    # What stands behind it is done behind it, also when the client has said all that it will.
    wire.send("user ann", "HISTORY 0 9999999999999 0", "locks a", "LOCK", "HISTORY 0 9999999999999 0",
              "EOF")
    farm.equal(wire.line(), "history 0")
    farm.equal(wire.status()["lockname"], "a")
    farm.contains(wire.line(), "past hold - 1 ")
    farm.equal((wire.line(), wire.line()), ("history 0", None))


@tap.test
def pools_are_added_up(folder):
    server = make_history(folder)
    found = groups(*window(server), "vcs[1-2]", "sim[1-4]", "other1")
    vcs = found["vcs[1-2]"]
    farm.equal((vcs["capacity"], vcs["holds"], vcs["peak"], vcs["mean"]), (2, 3, 2, 1.2))
    farm.equal((vcs["waits"], vcs["refused"], vcs["left"]), (2, 1, 1))
    farm.equal((vcs["wait_median_seconds"], vcs["wait_p90_seconds"]), (3600.0, 4 * 3600.0))
    # A grant of two locks was waited for once.
    farm.equal((found["sim[1-4]"]["waits"], found["sim[1-4]"]["holds"]), (1, 2))
    farm.equal(found["other1"]["holds"], 0)


@tap.test
def users_hosts_and_jobs_are_reported(folder):
    server = make_history(folder)
    users = groups(*window(server), "--by", "user")
    farm.equal(sorted(users), ["ann", "bob", "cat", "dan", "eve"])
    farm.equal((users["bob"]["holds"], users["bob"]["peak"]), (2, 2))
    farm.equal(users["dan"]["refused"], 2)
    farm.equal(sorted(groups(*window(server), "--by", "user", "sim[1-2]")), ["cat", "dan"])
    farm.equal(sorted(groups(*window(server), "--by", "host")), ["host0", "host1"])
    farm.equal(groups(*window(server), "--by", "job")["slurm:4"]["holds"], 2)


@tap.test
def the_time_is_cut_out(folder):
    server = make_history(folder)
    state = window(server)[:2]
    found = groups(*state, "--since", f"@{BEGIN_S + 4 * 3600}", "--until",
                   f"@{BEGIN_S + 5 * 3600}")
    farm.equal((found["vcs1"]["holds"], found["vcs1"]["mean"], found["vcs1"]["waits"]), (1, 1.0, 0))
    assert "sim1" in found and found["sim1"]["waits"] == 1
    day = time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(BEGIN_S))
    farm.equal(groups(*state, "--since", day, "--until", f"@{BEGIN_S + 36000}"),
               groups(*window(server)))


@tap.test
def what_is_held_now_counts_up_to_now(folder):
    server = Server(folder)
    server.wire().ask("user ann", "locks a", "LOCK")
    server.wire().ask("user bob", "locks a", "block 0", "LOCK")
    server.wire().ask("user bob", "locks b", "LOCK")
    time.sleep(1.2)
    for options in (["--state", server.state], ["--host", "127.0.0.1", "--port", server.port],
                    ["--state", server.state, "--until", f"@{int(time.time()) + 86400}"]):
        found = groups(*options)
        farm.equal((found["a"]["holds"], found["a"]["refused"]), (1, 1))
        assert 1 < found["a"]["busy_seconds"] < 100, found


@tap.test
def a_file_that_may_only_be_read_is_enough(folder):
    server = make_history(folder)
    os.chmod(server.state, 0o444)
    os.chmod(os.path.dirname(server.state), 0o555)
    holds_what_is_known(groups(*window(server)))
    os.chmod(os.path.dirname(server.state), 0o755)


@tap.test
def the_table_has_a_plot(folder):
    server = make_history(folder)
    shown = report(*window(server), "vcs[1-2]", env=farm.environment(LC_ALL="C.UTF-8"))
    farm.contains(shown, "60%")
    farm.contains(shown, "▄▄▄▄▄▄▄▄▄▄▄▄▅██████▅▄▄▄▄▄▄▄▄▄▄▄▄")
    shown = report(*window(server), "vcs[1-2]", env=farm.environment(LC_ALL="C"))
    assert shown.isascii()
    farm.contains(report("--state", server.state, "--since", "1.5h"), "Nothing was held")


def on_terminal(columns, *options):
    """The lines that a terminal of so many columns gets."""
    ours, theirs = pty.openpty()
    with open(ours, "rb", buffering=0) as screen:
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        done = subprocess.run([LOCKREPORT, *options], stdout=theirs, stderr=subprocess.PIPE,
                              env=farm.environment(LC_ALL="C.UTF-8"), check=False)
        os.close(theirs)
        farm.equal((done.returncode, done.stderr), (0, b""))
        shown = b""
        while True:
            try:
                shown += screen.read(65536)
            except OSError:  # all of it was read
                return shown.decode().splitlines()


@tap.test
def the_table_fits_the_terminal(folder):
    server = make_history(folder)
    for columns in (60, 80, 92, 100, 120, 200):
        lines = on_terminal(columns, *window(server), "vcs[1-2]", "sim[1-4]")
        # Narrower than the numbers it cannot be.
        assert max(map(len, lines)) <= max(columns, 80), (columns, lines)
        farm.equal("OVER TIME" in lines[2], columns >= 92)
        farm.equal(lines[3].rstrip().endswith("▄"), columns >= 92)
    farm.contains("\n".join(on_terminal(200, *window(server), "vcs[1-2]")),
                  "▄▄▄▄▄▄▄▄▄▄▄▄▅██████▅▄▄▄▄▄▄▄▄▄▄▄▄")


@tap.test
def any_name_keeps_the_columns(folder):
    server = Server(folder)
    for name in ("a", "漢字", "x\u202ey", "grün", "n" * 39):
        server.wire().ask("user ann", f"locks {name}", "LOCK")
    lines = report("--state", server.state, env=farm.environment(LC_ALL="C.UTF-8")).splitlines()[3:8]

    def column(line):
        return sum(2 if character in "漢字" else 1 for character in line.split(" 1 ")[0])

    farm.equal(len({column(line) for line in lines}), 1)


@tap.test
def CSV_has_a_line_for_each(folder):
    server = make_history(folder)
    rows = list(csv.DictReader(io.StringIO(report(*window(server), "--csv"))))
    farm.equal([row["lock"] for row in rows], ["vcs1", "sim2", "sim1", "vcs2"])
    farm.equal((rows[0]["mean"], rows[0]["capacity"]), ("1.0000", "1"))


def bytes_read(*options):
    """What the program reads, by the kernel's account; all of it is read(2)."""
    script = '"$@" >&2; cat /proc/$$/io'
    done = farm.run("sh", "-c", script, "sh", LOCKREPORT, *options)
    farm.equal(done.returncode, 0)
    return int(dict(line.split(": ") for line in done.stdout.splitlines())["rchar"])


@tap.test
def of_a_long_history_only_the_days_in_question_are_read(folder):
    server = make_history(folder)
    few = bytes_read(*window(server))
    with sqlite3.connect(server.state) as state:
        state.execute("INSERT INTO history(past, reason, lock, owner, pid, ticket, token, asked_ms, granted_ms, ended_ms) "
                      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000) "
                      "SELECT 0, 1, 'old', 'host_1_old', 1, i, i, i, i, i + 1 FROM n")
        state.execute("DELETE FROM history_blocks")
    state.close()
    all_of_it = bytes_read(*window(server))
    with sqlite3.connect(server.state) as state:
        state.execute("INSERT INTO history_blocks SELECT (id - 1) / 1024, max(ended_ms), min(asked_ms) "
                      "FROM history GROUP BY 1")
    state.close()
    some = bytes_read(*window(server))
    holds_what_is_known(groups(*window(server)))
    print(f"# {few} bytes of the short one, {some} of the long one, {all_of_it} where nothing is known of it")
    assert some < all_of_it / 5 and some < few + 2000000


@tap.test
def a_file_that_is_no_state_file_is_named(folder):
    server = make_history(folder)

    def said(path):
        done = farm.run(LOCKREPORT, "--state", path)
        farm.equal((done.returncode, done.stdout, done.stderr.count("\n")), (71, "", 1))
        farm.contains(done.stderr, f"lockreport: cannot read the state file {path}: ")
        return done.stderr

    def make(name, sql):
        path = f"{folder}/{name}"
        with sqlite3.connect(path) as other:
            other.executescript(sql)
        other.close()
        return path

    farm.contains(said(folder), "it is no file")
    farm.contains(said("/dev/null"), "it is no file")
    farm.contains(said(make("empty", "")), "it is empty")
    farm.contains(said(make("other", "CREATE TABLE t(a)")), "it is not lockerd's")
    farm.contains(said(f"{folder}/none"), "No such file or directory; name lockerd's with --state")
    with open(f"{folder}/text", "w", encoding="ascii") as text:
        text.write("no database\n" * 100)
    farm.contains(said(f"{folder}/text"), "file is not a database")
    for version, why in ((1, "an earlier version"), (999, "a later version")):
        with sqlite3.connect(server.state) as state:
            state.execute(f"PRAGMA user_version = {version}")
        state.close()
        farm.contains(said(server.state), why)


@tap.test
def what_is_wrong_is_said(folder):
    server = Server(folder)
    for status, *options in ((64, "--by", "moon"), (64, "--since", "soon"), (64, "--json", "--csv"),
                             (64, "--state", server.state, "--port", server.port),
                             (64, "--since", "2024-02-30"), (64, "--since", "2024-04-31T10:00"),
                             (64, "--since", "1d", "--until", "2d"), (64, "a[1-"),
                             (71, "--state", f"{folder}/none.db"), (71, "--state", "/dev/null"),
                             (69, "--host", "127.0.0.1", "--port", farm.silent_port())):
        if options[0] == "a[1-":
            options += ["--state", server.state]
        result = farm.run(LOCKREPORT, *options)
        assert result.returncode == status and result.stderr.startswith("lockreport: "), \
            (options, result)
    done = farm.run(LOCKREPORT, "--since", "2024-07-02", "--until", "2024-07-01T12:30")
    farm.contains(done.stderr, "begin at 2024-07-02 00:00:00")
    farm.contains(done.stderr, "end at 2024-07-01 12:30:00")
    farm.equal(farm.run(LOCKREPORT, "--version").stdout.split()[:2], ["lockreport", "(farmlock)"])
    farm.contains(report("--help"), "--since")


if __name__ == "__main__":
    farm.main()
