#!/usr/bin/python3
"""The page in a real browser, on what lockfeed writes of a real lockerd for a server of files."""

import base64
import datetime
import functools
import hashlib
import html.parser
import http.server
import json
import os
import re
import resource
import socket
import threading
import urllib.parse

from support import farm, page_lab, tap
from support.browser import Browser
from support.lockd import Server, start_server
from support.wire import Wire

FEED = os.path.join(farm.SOURCE, "share/dashboard/lockfeed")
# What the page itself is made of; nothing else may be in it.
ELEMENTS = set("html head meta title style body header h1 h2 span p noscript main div form input label "
               "section aside footer small kbd select option a b i button bdi script dl dt dd table caption "
               "thead tbody tr th td svg path line rect".split())
HOSTILE = ["<img/src=x/onerror=document.title='owned'>", "</script><script>alert(1)</script>",
           "\"'><b>bold</b>&amp;&lt;", "&#60;i&#62;", "{{7*7}}${7*7}", "x" * 200, "\u0645\u0631",
           "javascript:alert(1)", "A\u0308\u00dc\U0001f600"]
# What would hide or turn the text around it is shown by its number, by lockerd or by the page.
TURNED = {"\u202egnp.exe": "\\xe2\\x80\\xaegnp.exe", "a\u200bb": "a\\xe2\\x80\\x8bb"}


class Web:
    """A web server for a folder with the page, and a browser that looks at it."""

    def __init__(self, folder):
        self.site = os.path.join(folder, "site")
        self.folder = folder
        os.mkdir(self.site)
        with open(os.path.join(self.site, "index.html"), "w", encoding="utf-8") as out:
            out.write(page_lab.page())
        self.browser = None
        handler = functools.partial(Quiet, directory=self.site)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        farm.at_end(lambda: (self.server.shutdown(), self.server.server_close()))

    def write(self, document):
        with open(os.path.join(self.site, "locks.json"), "w", encoding="utf-8") as out:
            out.write(document if isinstance(document, str) else json.dumps(document))

    def look(self, **fragment):
        """The page as the browser has it once it has read the list."""
        self.browser = self.browser or Browser()
        self.browser.go(f"http://127.0.0.1:{self.server.server_port}/#{urllib.parse.urlencode(fragment)}")
        self.browser.wait("reading.endedAt > 0 && !reading.isOn")
        farm.equal(self.browser.complaints(), [])
        return Page(self.browser.run("document.documentElement.outerHTML"))


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


class Page(html.parser.HTMLParser):
    """What a dumped page has: elements, texts by id, rows of the tables."""

    def __init__(self, dump):
        super().__init__()
        self.elements, self.texts, self.classes, self.rows = [], {}, {}, []
        self.path = []
        self.feed(dump)
        unknown = {name for name, _ in self.elements} - ELEMENTS
        assert not unknown, f"{unknown} came out of names"
        farm.equal([name for name, _ in self.elements].count("script"), 1)
        for name, attributes in self.elements:
            strange = [key for key, value in attributes.items() if key.startswith("on") or key == "src" or
                       (key == "href" and not value.startswith("#"))]
            assert not strange, (name, attributes)

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.elements.append((tag, attributes))
        if attributes.get("id"):
            self.classes[attributes["id"]] = attributes
        if attributes.get("role") == "row":
            self.rows.append([])
        if attributes.get("role") in ("gridcell", "columnheader"):
            self.rows[-1].append("")
        if tag == "body":
            self.classes["body"] = attributes
        if tag not in ("meta", "input"):
            self.path.append((tag, attributes.get("id"), attributes.get("role")))

    def handle_endtag(self, tag):
        while self.path and self.path.pop()[0] != tag:
            pass

    def handle_data(self, data):
        for _, name, _ in self.path:
            if name:
                self.texts[name] = self.texts.get(name, "") + data
        tags, roles = [tag for tag, _, _ in self.path], [role for _, _, role in self.path]
        if "gridcell" in roles or "columnheader" in roles:
            self.rows[-1][-1] += data
        if "title" in tags:
            self.texts["title"] = data

    def column(self, number):
        return [row[number] for row in self.rows if len(row) > number]


def feed(web, port, folder=None, **extra):
    """Runs lockfeed; extra is for its environment, in capitals, or says how to run it."""
    variables = {"PATH": f"{os.path.join(farm.BUILD, 'bin')}:{os.environ['PATH']}",
                 "IPCLOCKER_HOST": "127.0.0.1", "IPCLOCKER_PORT": port}
    variables.update({name: extra.pop(name) for name in list(extra) if name.isupper()})
    return farm.run(FEED, folder or web.site, env=farm.environment(**variables), **extra)


def must_feed(web, port):
    done = feed(web, port)
    farm.equal((done.returncode, done.stdout, done.stderr), (0, "", ""))


def hold(port, lock, user="anna", job="slurm:4711_3@lab"):
    wire = Wire(port)
    wire.send("proto 2", f"job {job}", f"user node7_4242_{user}", "hostname node7", "pid 4242",
              f"locks {lock}", "LOCK")
    farm.equal(wire.line(), "proto 2")
    farm.equal(wire.status()["locked"], "1")


def queue(port, locks, user):
    wire = Wire(port)
    wire.send("proto 2", f"user node9_77_{user}", f"locks {locks}", "block 1", "LOCK")
    farm.equal(wire.line(), "proto 2")
    assert wire.line().startswith("print_waiting")


def document(**changes):
    now = datetime.datetime.now(datetime.timezone.utc)
    return dict({"version": 1, "time": now.isoformat(), "locks": [], "waiters": [],
                 "server": {"version": "1", "started": None, "protocol": 2}}, **changes)


def ago(seconds):
    then = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=seconds)
    return then.isoformat()


@tap.test
def seats_holders_and_queue_are_shown(folder):
    port, web = start_server(), Web(folder)
    hold(port, "vcs1")
    hold(port, "vcs2", "bert", "slurm:9@lab")
    queue(port, "vcs1 vcs2", "chris")
    must_feed(web, port)
    page = web.look()
    held = [row for row in page.rows if row[0].startswith("vcs")]
    farm.equal([[row[0], row[1], row[3], row[5], row[6], row[4]] for row in held],
               [["vcs1", "anna", "1", "node7", "4242", "slurm:4711_3@lab"],
                ["vcs2", "bert", "1", "node7", "4242", "slurm:9@lab"]])
    assert re.fullmatch(r"(\d+ min )?\d+ s", held[0][2]), held
    farm.equal([row[:3] for row in page.rows if row[1] == "chris"], [["1", "chris", "vcs[1-2]"]])
    farm.equal(page.texts["title"], "Seats: 2 held, 1 waiting")
    assert re.fullmatch(r"vcs2 held1 waiting, (\d+ min )?\d+ s", page.texts["pools"]), page.texts["pools"]
    assert re.fullmatch(r"(\d+ min )?\d+ s old", page.texts["age"]), page.texts["age"]
    assert "hidden" in page.classes["trouble"] and "stale" not in page.classes["body"].get("class", "")


@tap.test
def a_filter_and_an_order_come_with_the_address(folder):
    port, web = start_server(), Web(folder)
    for number in range(3):
        hold(port, f"vcs{number}", "anna" if number else "bert")
    hold(port, "hsim", "anna")
    queue(port, "vcs2", "chris")
    must_feed(web, port)
    page = web.look(q="VCS anna", sort="waiting")
    farm.equal([row[0] for row in page.rows if len(row) == 8 and row[0] != "Lock"], ["vcs2", "vcs1"])
    farm.equal(page.texts["held-title"], "Held: 2 of 4")
    farm.contains(page.texts["queue"], "No request matches the search.")


@tap.test
def names_of_locks_and_owners_stay_text(folder):
    port, web = start_server(), Web(folder)
    for number, name in enumerate([*HOSTILE, *TURNED]):
        hold(port, name, user=name, job=name[:60])
        queue(port, name, f"u{number}")
    wire = Wire(port)
    wire.send("user a\x1b[31mred\udcff", "locks ansi", "LOCK")
    wire.status()
    must_feed(web, port)
    page = web.look()
    shown = page.column(0)
    for name in (*HOSTILE, *TURNED.values()):
        farm.contains(shown, name)
        farm.contains(page.column(1), name)
    farm.contains("".join(page.column(1)), "a\\x1b[31mred\\xff")
    assert page.texts["title"].startswith("Seats: "), page.texts["title"]


@tap.test
def a_list_of_a_stranger_harms_nothing(folder):
    web = Web(folder)
    rows = [{"name": name, "owner": name, "user": name, "held_seconds": name, "waiting": name,
             "host": {"a": name}, "pid": [name], "job": name} for name in
            (*HOSTILE, "\u202egnp.exe", "a\nb\rc\td", "\x1b[2J\x07", "\u0000", 7, None, True, {"x": "<i>"})]
    web.write(document(locks=[*rows, 7, None, "<b>", []], server={"version": "<i>", "started": 7},
                       waiters=[*rows, {"wants": [{"count": "<b>", "names": [HOSTILE[0]]}, 7]}]))
    page = web.look()
    farm.contains(page.column(0), HOSTILE[0])
    farm.contains(page.column(0), "\\u202egnp.exe")
    farm.contains(page.column(0), "a\\u000ab\\u000dc\\u0009d")
    farm.contains(page.column(0), "\\u001b[2J\\u0007")
    assert page.texts["title"].startswith("Seats: "), page.texts["title"]


@tap.test
def nothing_held_is_said(folder):
    port, web = start_server(), Web(folder)
    must_feed(web, port)
    page = web.look()
    for part, words in (("held", "Nothing is held."), ("queue", "Nobody waits.")):
        assert page.texts[part].endswith(words), page.texts[part]


@tap.test
def two_thousand_seats_are_counted_and_found(folder):
    web = Web(folder)
    web.write(document(locks=[{"name": f"vcs{n}", "owner": "o", "waiting": 0, "held_seconds": n}
                              for n in range(2000)],
                       waiters=[{"owner": "o", "wants": []}] * 3000))
    page = web.look()
    farm.equal((page.texts["held-count"], page.texts["waiting-count"]), ("2,000", "3,000"))
    assert len([row for row in page.rows if row and row[0].startswith("vcs")]) < 100
    farm.equal((page.texts["held-title"], page.texts["queue-title"]), ("Held: 2,000", "Queue: 3,000"))
    farm.equal(len([row for row in web.look(q="vcs1999").rows if row[0] == "vcs1999"]), 1)


@tap.test
def an_old_list_is_shown_to_be_old(folder):
    web = Web(folder)
    web.write(document(time=ago(3961), locks=[{"name": "vcs1", "owner": "o"}]))
    page = web.look()
    farm.contains(page.texts["trouble"], "This is how it was at ")
    farm.equal(page.texts["age"], "1 h 6 min old")
    farm.equal((page.texts["title"], page.classes["body"]["class"]), ("OLD: Seats", "stale"))
    assert "hidden" not in page.classes["trouble"]
    farm.contains(page.column(0), "vcs1")


@tap.test
def what_cannot_be_shown_is_said(folder):
    web = Web(folder)
    farm.contains(web.look().texts["trouble"], "locks.json: the web server says 404")
    web.write("<html>maintenance</html>")
    farm.contains(web.look().texts["trouble"], "locks.json is no JSON")
    web.write(document(version=2))
    farm.contains(web.look().texts["trouble"], "not a list that this page knows")


@tap.test
def the_page_runs_its_own_script_and_style_only():
    page = page_lab.page()
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1]
    rules = dict(rule.strip().partition(" ")[::2] for rule in policy.split(";"))
    for tag, rule in (("script", "script-src"), ("style", "style-src")):
        inside = re.search(f"<{tag}>(.*?)</{tag}>", page, re.S)[1]
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        farm.equal((rule, rules[rule]), (rule, f"'sha256-{digest}'"))
    farm.equal({rule: rules[rule] for rule in rules if not rule.endswith("-src") or "'self'" in rules[rule]
                or "'none'" in rules[rule]},
               {"default-src": "'none'", "connect-src": "'self'", "base-uri": "'none'",
                "form-action": "'none'", "require-trusted-types-for": "'script'"})
    inside = page.replace("http://www.w3.org/2000/svg", "")
    assert "innerHTML" not in page and "http://" not in inside and "https://" not in inside
    assert len(page) < 150000, len(page)


@tap.test
def the_list_is_replaced_as_a_whole(folder):
    port, web = start_server(), Web(folder)
    must_feed(web, port)
    path = os.path.join(web.site, "locks.json")
    first = os.stat(path)
    farm.equal(first.st_mode & 0o777, 0o644)
    hold(port, "vcs1")
    with open(path, encoding="utf-8") as reader:
        must_feed(web, port)
        farm.equal(json.load(reader)["locks"], [])
    with open(path, encoding="utf-8") as reader:
        found = json.load(reader)
    farm.equal([lock["name"] for lock in found["locks"]], ["vcs1"])
    farm.equal(sorted(os.listdir(web.site)), ["index.html", "locks.json"])


@tap.test
def the_history_is_written_where_it_is_wanted(folder):
    server, web = Server(folder, "--pidstat-port", "none"), Web(folder)
    wire = server.wire()
    wire.lock("node7_4242_anna", "vcs1", 0, "hostname node7", "pid 4242")
    wire.ask("UNLOCK")
    done = farm.poll(lambda: (done := feed(web, server.port, LOCKFEED_HISTORY="1d")) and
                     os.path.exists(os.path.join(web.site, "history.json")) and done, "the history is written")
    farm.equal((done.returncode, done.stderr), (0, ""))
    path = os.path.join(web.site, "history.json")
    first = os.stat(path)
    farm.equal(first.st_mode & 0o777, 0o644)
    # Not each time.
    feed(web, server.port, LOCKFEED_HISTORY="1d")
    farm.equal(os.stat(path).st_ino, first.st_ino)
    os.utime(path, (first.st_atime, first.st_mtime - 400))
    feed(web, server.port, LOCKFEED_HISTORY="1d")
    assert os.stat(path).st_ino != first.st_ino
    web.look(lock="vcs1")
    web.browser.wait("past.hasServer")
    farm.equal(web.browser.run("[...document.querySelectorAll('#details tbody td')].slice(1, 2).map(one => one.textContent)"),
               ["anna"])
    os.utime(path, (first.st_atime, first.st_mtime - 400))
    done = feed(web, server.port, LOCKFEED_HISTORY="soon")
    farm.equal((done.returncode, done.stderr.count("\n")), (64, 1))
    farm.contains(done.stderr, f"{path} stays as it was")


@tap.test
def without_a_server_the_old_list_stays_and_this_is_said(folder):
    port, web = start_server(), Web(folder)
    done = feed(web, 1)
    farm.equal((done.returncode, done.stdout), (69, ""))
    farm.contains(done.stderr, "no lockerd answers at 127.0.0.1:1")
    farm.contains(done.stderr, "there is no ")
    must_feed(web, port)
    done = feed(web, 1)
    farm.equal((done.returncode, done.stderr.count("\n")), (69, 1))
    farm.contains(done.stderr, f"{web.site}/locks.json stays as it was on 20")
    farm.equal(sorted(os.listdir(web.site)), ["index.html", "locks.json"])


@tap.test
def a_server_that_does_not_answer_is_not_waited_for(folder):
    web = Web(folder)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        done = feed(web, silent.getsockname()[1], LOCKFEED_TIMEOUT="0.3")
    farm.equal(done.returncode, 69)
    farm.contains(done.stderr, "accepts but does not answer")
    farm.equal(os.listdir(web.site), ["index.html"])


@tap.test
def a_folder_that_cannot_be_written_is_named(folder):
    web = Web(folder)
    farm.equal(farm.run(FEED).returncode, 64)
    done = farm.run(FEED, os.path.join(folder, "none"))
    farm.equal((done.returncode, done.stderr),
               (64, f"lockfeed: {folder}/none is no folder; make it, with index.html in it\n"))
    farm.equal(farm.run(FEED, "--help").stdout, "usage: lockfeed FOLDER\n")
    os.makedirs(os.path.join(web.site, "locks.json", "in the way"))
    done = feed(web, start_server())
    farm.equal((done.returncode, done.stderr.count("\n")), (71, 1))
    farm.contains(done.stderr, f"{web.site}/locks.json")
    farm.equal(sorted(os.listdir(web.site)), ["index.html", "locks.json"])


@tap.test
def a_full_disk_is_said(folder):
    def allow_no_byte():
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))

    web, port = Web(folder), start_server()
    must_feed(web, port)
    # Python ignores SIGXFSZ, and so must the feed: a write fails then as on a full disk.
    done = feed(web, port, preexec_fn=allow_no_byte, restore_signals=False)
    farm.equal((done.returncode, done.stderr.count("\n")), (71, 1))
    farm.contains(done.stderr, "lockfeed: lockersh: cannot write")
    farm.contains(done.stderr, "locks.json stays as it was")
    farm.equal(sorted(os.listdir(web.site)), ["index.html", "locks.json"])


@tap.test
def what_is_wrong_with_the_setting_up_is_no_servers_fault(folder):
    web, port = Web(folder), start_server()
    for status, why, extra in ((64, "LOCKFEED_TIMEOUT", {"LOCKFEED_TIMEOUT": "soon"}),
                               (64, "IPCLOCKER_HOST", {"IPCLOCKER_HOST": "[::1"}),
                               (71, "lockersh", {"PATH": "/usr/bin:/bin"})):
        done = feed(web, port, **extra)
        farm.equal((extra, done.returncode, done.stderr.count("\n")), (extra, status, 1))
        farm.contains(done.stderr, why)
    os.mkdir(os.path.join(folder, "-x"))
    done = feed(web, port, folder="-x", cwd=folder)
    farm.equal((done.returncode, done.stderr), (0, ""))
    farm.equal(os.listdir(os.path.join(folder, "-x")), ["locks.json"])


if __name__ == "__main__":
    farm.main()
