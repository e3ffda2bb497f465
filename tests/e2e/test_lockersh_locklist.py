#!/usr/bin/python3
"""lockersh --locklist as people read it: tables, filters, sums, and a list that goes on."""

import fcntl
import json
import os
import pty
import re
import select
import signal
import socket
import struct
import subprocess
import termios
import unicodedata

import jsonschema

from support import farm, tap
from support.classic import Classic
from support.locking import LOCKERSH, Farm, Proxy, complaint, schema, start_server


class Terminal:
    """A terminal of some size, and what lockersh has written to it."""

    def __init__(self, lab, *words, columns=80, lines=24, **env):
        self.ours, theirs = pty.openpty()
        farm.at_end(lambda: os.close(self.ours))
        self.seen = b""
        self.resize(columns, lines)
        env = {"TERM": "xterm", "NO_COLOR": "1", **env}
        # A session of its own, whose terminal this is: it is told of sizes, and of ^C.
        self.process = farm.start(LOCKERSH, "--locklist", *words, env={**lab.env, **env},
                                  stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
                                  preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(theirs)

    def resize(self, columns, lines):
        fcntl.ioctl(self.ours, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def read(self):
        """What has come since, if anything; None at the end."""
        if not select.select([self.ours], [], [], 0)[0]:
            return b""
        try:
            got = os.read(self.ours, 65536)
        except OSError:
            return None
        self.seen += got
        return got

    def all(self):
        farm.poll(lambda: self.read() is None, "lockersh has ended")
        farm.poll(lambda: self.process.poll() is not None, "lockersh has ended")
        return self.seen.decode().replace("\r\n", "\n")

    def picture(self):
        """The lines of the last whole picture of --watch."""
        self.read()
        parts = self.seen.decode(errors="replace").split("\x1b[H")
        whole = [part for part in parts if part.endswith("\x1b[J")]
        text = whole[-1] if whole else ""
        return re.sub(r"\x1b\[(2J|K|J)", "", text).replace("\r\n", "\n").splitlines()

    def poll_picture(self, condition, what):
        farm.poll(lambda: (lines := self.picture()) and condition(lines), what)
        return self.picture()


def shown(lab, *words, **options):
    """What a terminal shows of a list, as lines."""
    terminal = Terminal(lab, *words, **options)
    text = terminal.all()
    farm.equal(terminal.process.returncode, 0)
    assert "\x1b" not in text, text
    return text.splitlines()


def some_farm():
    """vcs1 to vcs3 for one, lic2 and lic10 for two others, and somebody who waits."""
    lab = Farm()
    three = lab.start("--lock", "vcs[1-4]", "--count", "3", "--hold-timeout", "2h", "--exec", "sleep",
                      "1000", env={**lab.env, "SLURM_JOB_ID": "4711"})
    farm.poll(lambda: "vcs3" in lab.locks(), "three are held")
    lab.hold("lic10")
    lab.hold("lic2")
    lab.wait_for("lic2", "--and", "vcs[1-2]")
    return lab, three


@tap.test
def a_terminal_shows_a_table_and_the_queue():
    lab, three = some_farm()
    lines = shown(lab, columns=120)
    user, host = (lab.locks()["vcs1"][key] for key in ("user", "host"))
    farm.equal(lines[0].split(), "LOCK USER HOST PID JOB SINCE FOR LIMIT WAITING".split())
    farm.equal([line.split()[0] for line in lines[1:4]], ["lic2", "lic10", "vcs[1-3]"])
    row = lines[3].split()
    farm.equal(row[1:5], [user, host, str(three.pid), "slurm:4711"])
    assert re.fullmatch(r"\d\d:\d\d:\d\d", row[5]) and re.fullmatch(r"\d+s|\d+m\d+s", row[6]), row
    farm.equal(row[7:], ["2h00m", "1"])
    farm.equal(lines[4], "")
    farm.equal(lines[5].split(), "PLACE USER HOST PID JOB SINCE FOR WANTS".split())
    row = lines[6].split()
    farm.equal(row[:3] + row[7:], ["1", user, host, "lic2", "and", "vcs[1-2]"])
    farm.equal(len(lines), 7)


@tap.test
def a_pipe_gets_what_it_always_got():
    lab, _ = some_farm()
    locks = lab.locks()
    classic = "".join(f"{name:<20} {locks[name]['owner']}\n" for name in sorted(locks))
    farm.equal(lab.run("--locklist").stdout, classic)
    farm.equal(lab.run("--locklist", "--job", "4711").stdout,
               "".join(line + "\n" for line in classic.splitlines() if line.startswith("vcs")))
    farm.equal(lab.run("--locklist", "--job", "47").stdout, "")
    # With an option of the table it is one, without limit and colour, and times that sort.
    lines = lab.run("--locklist", "--me", env={**lab.env, "TERM": "xterm"}).stdout.splitlines()
    farm.equal(lines[0].split()[0], "LOCK")
    assert re.search(r" \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d ", lines[1]), lines[1]
    assert not [line for line in lines if "\x1b" in line]


@tap.test
def a_narrow_terminal_has_what_matters_most():
    lab, _ = some_farm()
    for columns in (200, 80, 60, 40, 20, 8, 1):
        lines = shown(lab, columns=columns)
        if columns >= 20:
            assert max(map(len, lines)) <= columns, (columns, lines)
            farm.equal((lines[0].split()[0], lines[3][:4]), ("LOCK", "vcs["))
        farm.equal(len(lines), 7)
    farm.equal(shown(lab, columns=25)[0].split(), ["LOCK", "USER", "FOR"])
    # A terminal that does not say how wide it is has 80.
    assert max(map(len, shown(lab, columns=0, lines=0))) <= 80


@tap.test
def names_users_hosts_and_jobs_pick():
    lab, _ = some_farm()
    user = lab.locks()["vcs1"]["user"]

    def names(*words):
        result = lab.run("--locklist", "--no-header", "--expand", "--format", "lock", *words)
        farm.equal((result.returncode, result.stderr), (0, ""))
        return result.stdout.split()
    farm.equal(names(), ["lic2", "lic10", "vcs1", "vcs2", "vcs3"])
    farm.equal(names("vcs[2-9]", "lic2"), ["lic2", "vcs2", "vcs3"])
    farm.equal(names("lic10:vcs1"), ["lic10", "vcs1"])
    # Options may stand behind names.
    farm.equal(names("vcs1", "--user", user), ["vcs1"])
    farm.equal(names("--user", f"nobody-here,{user}"), ["lic2", "lic10", "vcs1", "vcs2", "vcs3"])
    farm.equal(names("--user", "nobody-here"), [])
    farm.equal(names("--me"), ["lic2", "lic10", "vcs1", "vcs2", "vcs3"])
    farm.equal(names("--job", "4711"), ["vcs1", "vcs2", "vcs3"])
    farm.equal(names("--job", "4711", "--on-host", "elsewhere"), [])
    farm.equal(names("--on-host", f"elsewhere:{socket.gethostname()}", "lic2"), ["lic2"])
    farm.equal(names("--sort", "-lock", "vcs[1-2]"), ["vcs2", "vcs1"])
    document = json.loads(lab.run("--locklist", "--json", "vcs1", "--me").stdout)
    jsonschema.Draft202012Validator(schema()).validate(document)
    farm.equal([lock["name"] for lock in document["locks"]], ["vcs1"])
    farm.equal(len(document["waiters"]), 1)
    document = json.loads(lab.run("--locklist", "--json", "--user", "nobody-here").stdout)
    farm.equal((document["locks"], document["waiters"]), ([], []))


@tap.test
def sums_tell_who_hoards():
    lab, _ = some_farm()
    user = lab.locks()["vcs1"]["user"]
    lines = lab.run("--locklist", "--by", "user").stdout.splitlines()
    farm.equal(lines[0].split(), ["USER", "HELD", "LONGEST", "WAITING", "OLDEST"])
    row = lines[1].split()
    farm.equal((row[:2], row[3], len(lines)), ([user, "5"], "1", 2))
    result = lab.run("--locklist", "--by", "job", "--format", "job,held", "--no-header")
    farm.equal([line.split() for line in result.stdout.splitlines()],
               [["slurm:4711", "3"], ["-", "2"]])


@tap.test
def what_does_not_go_together_is_refused():
    lab = Farm()
    for words, told in (
            (["--locklist", "--format", "nosuch"], '"nosuch" is no column; there are lock, place, '),
            (["--locklist", "--format", "held"], "these are columns of --by alone"),
            (["--locklist", "--by", "user", "--format", "lock"], "none of these is a column of --by"),
            (["--locklist", "--sort", "x"], '--sort: "x" is no column'),
            (["--locklist", "--by", "owner"], "is none of user|host|job|pool"),
            (["--locklist", "--json", "--by", "user"], "--json has all that is known"),
            (["--locklist", "--json", "--watch", "1"], "--json has all that is known"),
            (["--locklist", "vcs[1-"], "--locklist: "),
            (["--locklist", "--user", "a[", "--me"], "--user: "),
            (["--me", "--lock", "a", "true"], "go with --locklist"),
            (["--watch", "1", "--pools"], "go with --locklist"),
            (["--locklist", "--watch", "0"], "--watch"),
            (["--lock", "a", "--for-pid", "1", "--format", "lock"],
             '--format "lock" is none of plain|sh|csh|json')):
        farm.contains(complaint(lab.run(*words), 64), told)


def columns_of(text):
    """How much of a terminal's line it takes."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
               for c in text)


@tap.test
def hostile_names_stay_in_their_column():
    lab = Farm()
    names = [b"bad\xff\xfe\xc3", b"c1\xc2\x9b31m", b"\xe2\x80\xaertl", b"n" * 255,
             "größe-板".encode(), b"[x,", b"zz\xcc\x81"]
    for name in names:
        connection = socket.create_connection(("127.0.0.1", lab.port))
        farm.at_end(connection.close)
        connection.sendall(b"user o_1_\xff\x9b[1m\nlocks " + name + b"\nLOCK\n")
        farm.poll(lambda waits=connection: waits.recv(4096), "an answer")
    held = len(lab.json()["locks"])
    assert held >= 4, held
    for columns in (30, 80, 400):
        lines = shown(lab, "--expand", columns=columns)
        farm.equal(len(lines), held + 1)
        for line in lines:
            assert not [c for c in line if ord(c) < 32 or 0x7f <= ord(c) < 0xa0
                        or 0x2028 <= ord(c) <= 0x202e], line
            assert columns_of(line) <= columns, line


@tap.test
def what_is_kept_is_marked():
    lab = Farm()
    farm.equal(lab.run("--lock", "a", "--keep", "600", "true").returncode, 0)
    farm.poll(lambda: lab.locks()["a"].get("kept"), "it is kept")
    lab.hold("b")
    lines = shown(lab)
    farm.equal(lines[0].split()[-1], "STATE")
    farm.equal([(line.split()[0], line.split()[-1]) for line in lines[1:]],
               [("a", "kept"), ("b", "-")])


@tap.test
def a_classic_server_shows_what_it_can():
    lab = Farm(port=Classic().port)
    holder = lab.start("--lock", "a2", "--exec", "sleep", "1000")
    farm.poll(lambda: "a2" in lab.run("--locklist").stdout, "the lock is held")
    owner = lab.run("--locklist").stdout.split()[1]
    lines = shown(lab)
    farm.equal(lines[0].split(), ["LOCK", "USER"])
    farm.equal(lines[1].split(), ["a2", owner.rsplit("_", 1)[1]])
    farm.contains(lab.run("--locklist", "--by", "user").stdout, "HELD")
    farm.contains(complaint(lab.run("--locklist", "--on-host", "h"), 69), "which knows no hosts")
    farm.contains(complaint(lab.run("--locklist", "--job", "4"), 69), "which knows no jobs")
    farm.contains(complaint(lab.run("--locklist", "--json", "--job", "4"), 69), "knows no jobs")
    farm.contains(complaint(lab.run("--locklist", "--watch", "1", "--job", "4"), 69), "no jobs")
    holder.terminate()


@tap.test
def colour_is_for_terminals_that_want_it():
    lab = Farm()
    lab.hold("a")

    def text(**env):
        return Terminal(lab, **env).all()
    assert "\x1b[1mLOCK" in text(NO_COLOR="")
    assert "\x1b" not in text(NO_COLOR="1")
    assert "\x1b" not in text(NO_COLOR="", TERM="dumb")


@tap.test
def a_watched_list_is_kept_up_to_date_in_place():
    lab = Farm()
    proxy = Proxy(lab.port)
    lab.hold("a1")
    behind = Farm(port=proxy.port)
    terminal = Terminal(behind, "--watch", "0.2", columns=60, lines=20)
    lines = terminal.poll_picture(lambda lines: "a1" in "".join(lines), "the first picture")
    farm.contains(lines[0], "1 held, 0 waiting, every 0.2 s")
    farm.equal((lines[1], lines[2].split()[0]), ("", "LOCK"))
    second = lab.hold("b2")
    terminal.poll_picture(lambda lines: "2 held" in lines[0] and "b2" in lines[4], "both are shown")
    farm.equal(terminal.seen.count(b"\x1b[2J"), 1)
    # All of it over one connection: the proxy has one, and its other half.
    farm.equal(len(proxy.sockets), 2)
    terminal.resize(14, 20)
    lines = terminal.poll_picture(lambda lines: max(map(len, lines)) <= 14, "a narrower picture")
    farm.equal(lines[2].split(), ["LOCK", "USER"])
    terminal.resize(100, 20)
    terminal.poll_picture(lambda lines: "WAITING" in lines[2], "a wider one")
    second.terminate()
    terminal.poll_picture(lambda lines: "1 held" in lines[0] and len(lines) == 4, "one is left")
    # ^C: the terminal is as it was, and the cursor below the picture.
    os.write(terminal.ours, b"\x03")
    terminal.all()
    farm.equal(terminal.process.returncode, -signal.SIGINT)
    assert re.search(rb"\x1b\[J(\^C)?$", terminal.seen), terminal.seen[-40:]


@tap.test
def a_watched_list_that_is_long_has_both_lists_on_the_screen():
    lab = Farm()
    for i in range(3):
        lab.start("--lock", f"s{i}_[1-20]", "--count", "20", "--exec", "sleep", "1000")
    farm.poll(lambda: len(lab.locks()) == 60, "60 are held")
    waiters = [lab.start("--lock", "s0_1", "true") for _ in range(12)]
    farm.poll(lambda: len(lab.waiters()) == len(waiters), "all wait")
    terminal = Terminal(lab, "--watch", "0.2", "--expand", columns=80, lines=24)
    lines = terminal.poll_picture(lambda lines: "PLACE" in "\n".join(lines), "both lists")
    assert len(lines) <= 23, lines
    farm.equal(len([line for line in lines if re.match(r"\.\.\. and \d+ more$", line)]), 2)
    terminal.process.kill()


@tap.test
def a_watched_list_outlives_its_server():
    lab = Farm()
    first = lab.hold("a1")
    terminal = Terminal(lab, "--watch", "0.2", columns=200)
    terminal.poll_picture(lambda lines: "1 held" in lines[0], "the first picture")
    log = lab.start("--locklist", "--format", "lock", "--watch", "0.2", stdout=subprocess.PIPE)
    farm.equal(log.stdout.readline(), b"LOCK\n")
    # Of a second that differs.
    started = lab.json()["server"]["started"]
    farm.stop(lab.server)
    lines = terminal.poll_picture(lambda lines: "(not since) no lockerd" in lines[0], "it says so")
    farm.contains(lines[3], "a1")
    farm.contains(log.stderr.readline(), b"lockersh: no lockerd answers at ")

    def restart():
        server, _ = start_server(lab.port)
        if lab.json()["server"]["started"] != started:
            return True
        farm.stop(server)
        return False
    farm.poll(restart, "a server of another second")
    farm.poll(lambda: "a1" in lab.locks(), "the session is back")
    lines = terminal.poll_picture(lambda lines: "anew at " in lines[0] and "1 held" in lines[0],
                                  "the server is back")
    assert re.search(r"; the server was started anew at \d\d:\d\d:\d\d$", lines[0]), lines[0]
    for process in (terminal.process, log, first):
        process.terminate()


@tap.test
def ping_is_json_for_programs():
    lab = Farm()
    result = lab.run("--ping", "--json")
    farm.equal((result.returncode, result.stderr), (0, ""))
    document = json.loads(result.stdout)
    validator = jsonschema.Draft202012Validator(
        schema("ping"), format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)
    validator.validate(document)
    farm.equal((document["host"], document["server"]["protocol"], document["you"]),
               (f"127.0.0.1:{lab.port}", 2, {"proof": "claimed"}))
    farm.equal(document["server"]["started"][:19], lab.json()["server"]["started"][:19])
    assert not validator.is_valid({**document, "seconds": "1"})
    result = lab.run("--ping", "--json", env={**lab.env, "IPCLOCKER_PORT": str(Classic().port)})
    document = json.loads(result.stdout)
    validator.validate(document)
    farm.equal((document["server"]["protocol"], "you" in document), (1, False))
    nobody = {**lab.env, "IPCLOCKER_PORT": str(farm.silent_port())}
    farm.contains(complaint(lab.run("--ping", "--json", "--connect-tries", "1", env=nobody), 69),
                  "no lockerd answers")


if __name__ == "__main__":
    farm.main()
