"""A web server with the page, and farms of any size for it to show."""

import datetime
import functools
import http.server
import json
import os
import queue
import random
import re
import subprocess
import threading
import time
import urllib.parse

from support import farm

JOIN = os.path.join(farm.SOURCE, "share/dashboard/join")
HOSTILE = ["<img/src=x/onerror=document.title='owned'>", "</script><script>alert(1)</script>",
           "\"'><b>bold</b>&amp;&lt;", "&#60;i&#62;", "{{7*7}}${7*7}", "x" * 200, "\u0645\u0631\u062d\u0628\u0627",
           "javascript:alert(1)", "A\u0308\u00dc\U0001f600", "__proto__", "constructor", "#user=x&q=y", "100% +&=?",
           "\u202egnp.exe", "a\u200bb", "a\nb\rc\td", "\x1b[2J\x07", "\u0000", "\U000e0041", "\ud800", "W" * 80]


@functools.lru_cache
def page():
    return subprocess.run([JOIN], check=True, capture_output=True, text=True).stdout


class Site(http.server.ThreadingHTTPServer):
    """Serves the page, a list, a history and events, as lockerd --http does; or files, without events."""
    daemon_threads = True

    def __init__(self, has_events=True, port=0):
        super().__init__(("127.0.0.1", port), Handler)
        self.page, self.list, self.history, self.has_events = page(), None, None, has_events
        self.halts = False  # in the middle of each answer
        self.streams, self.lock = [], threading.Lock()
        self.asked = []
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()
        self.is_open = True
        farm.at_end(self.close)

    def set(self, **settings):
        """Seconds of the page's own."""
        for name, value in settings.items():
            self.page = re.sub(f'(name="farm-{name}" content=)"[0-9]+"', rf'\1"{value}"', self.page)

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_port}/"

    def at(self, **fragment):
        return f"{self.address}#{urllib.parse.urlencode(fragment, quote_via=urllib.parse.quote)}"

    def tell(self, name, **data):
        """Sends an event to all who listen."""
        with self.lock:
            for stream in self.streams:
                stream.put(f"event: {name}\ndata: {json.dumps(data)}\n\n".encode())

    def handle_error(self, *_):
        """A browser that has read enough, or a page that was left, is no error."""

    def close(self):
        """As a server that ends: its connections, too."""
        if not self.is_open:
            return
        self.is_open = False
        with self.lock:
            for stream in self.streams:
                stream.put(None)
        self.shutdown()
        self.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        path, _, question = self.path.partition("?")
        self.server.asked.append(self.path)
        answers = {"/": ("text/html; charset=utf-8", self.server.page), "/locks.json": ("application/json", self.server.list),
                   "/history.json": ("application/json", self.server.history)}
        if path == "/events" and self.server.has_events:
            self.stream()
        elif answers.get(path, (None, None))[1] is None:
            self.send_error(404)
        else:
            kind, content = answers[path]
            content = content(question) if callable(content) else content
            self.answer(kind, content if isinstance(content, str) else json.dumps(content))

    def answer(self, kind, content):
        body = content.encode(errors="surrogatepass")
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.server.halts:
            self.wfile.write(body[:len(body) // 2])
            time.sleep(farm.PATIENCE_S)
        else:
            self.wfile.write(body)

    def stream(self):
        mine = queue.Queue()
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        self.wfile.write(b"retry: 300\n\n")
        with self.server.lock:
            self.server.streams.append(mine)
        try:
            while (message := mine.get()) is not None:
                self.wfile.write(message)
        except OSError:
            pass
        finally:
            with self.server.lock:
                self.server.streams.remove(mine)


# ---- lists ----------------------------------------------------------------------------------

def ago(seconds):
    then = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=seconds)
    return then.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def document(**changes):
    return dict({"version": 1, "time": ago(0), "locks": [], "waiters": [],
                 "server": {"version": "0.1.0", "started": ago(12 * 86400), "protocol": 2}}, **changes)


def lock(name, user="anna", seconds=60.0, **more):
    return dict({"name": name, "owner": f"node7_4242_{user}", "user": user, "host": "node7", "pid": 4242, "job": None,
                 "proof": "munge", "uid": 1000, "login": user, "held_since": ago(seconds), "held_seconds": seconds,
                 "hold_limit_seconds": 0, "autounlock": True, "connected": True, "silent_seconds": 0, "token": 1,
                 "waiting": 0}, **more)


def waiter(user, names, seconds=30.0, count=1, **more):
    return dict({"owner": f"node9_77_{user}", "user": user, "host": "node9", "pid": 77, "job": None, "proof": "munge",
                 "uid": 1001, "login": user, "wants": [{"count": count, "names": names}], "position": 1,
                 "waiting_since": ago(seconds), "waiting_seconds": seconds}, **more)


USERS = ("anna", "bert", "chris", "dora", "emil", "farah", "greta", "hugo", "ines", "jonas", "kira", "regress")
PROJECTS = ("chipA", "chipB", "ci", "serdes")


def _pool(name, total, held, waits, **more):
    pool = dict({"name": name, "total": total, "held": held, "promised": 0, "reserved": 0, "outside": 0, "outside_most": 0,
                 "offline": 0, "waiting": len(waits), "oldest_wait_seconds": max(waits, default=None),
                 "most": {"user": "regress", "held": max(1, held // 3)} if held else None, "classes": []}, **more)
    return dict(pool, free=max(0, total - held - pool["promised"] - pool["offline"]))


def farm_of(locks, waiters, seed=7, pools=(("vcs", 40), ("xcelium", 24), ("spectre", 160), ("calibre", 12), ("formality", 8))):
    """A farm with about so many locks and waiters: pools, and boards that are single locks."""
    dice = random.Random(seed)
    held, waits, shown = [], [], []
    seats = sum(size for _, size in pools)
    grow = locks * 0.85 / (seats * 0.86)
    for name, size in pools:
        total = max(2, round(size * grow)) if locks > 10 else size
        use = min(total, round(total * dice.choice((0.6, 0.85, 1, 1)))) if locks > 10 else min(size, locks // 2)
        extra = {"outside": min(3, total - use), "outside_most": 6} if name == "xcelium" else {}
        if name in ("vcs", "calibre") and total - use > 1:
            extra = {"offline": 1, "reserved": 1}
        for number in range(1, use + 1):
            held.append(_held(dice, f"{name}{number}", pool=name))
        shown.append((name, total, use, extra))
    for number in range(1, max(1, locks - len(held)) + 1):
        held.append(_held(dice, f"board{number:02}"))
    full = [name for name, total, use, _ in shown if use == total] or [shown[0][0]]
    for number in range(1, waiters + 1):
        name, user = dice.choice(full), dice.choice(USERS)
        waits.append(waiter(user, [name] if number % 4 else [f"board{n:02}" for n in (1, 2, 3, 4, 7)], seconds=round(dice.expovariate(1 / 900), 1),
                            count=dice.choice((1, 1, 1, 2)), position=number, of=waiters, owner=f"node{number % 90}_{number + 900}_{user}", pid=number + 900,
                            host=f"node{number % 90}", job=f"slurm:{51000 + number}@lab", reason="seats", project=dice.choice(PROJECTS)))
    waits.sort(key=lambda row: -row["waiting_seconds"])
    for number, row in enumerate(waits, 1):
        row["position"] = number
    seen = [_pool(name, total, use, [row["waiting_seconds"] for row in waits if row["wants"][0]["names"] == [name]], **extra)
            for name, total, use, extra in shown]
    for row in held:
        row["waiting"] = sum(1 for one in waits[:200] if one["wants"][0]["names"] == [row.get("pool", row["name"])])
    return document(locks=sorted(held, key=lambda row: row["name"]), waiters=waits, pools=seen)


def _held(dice, name, **more):
    user, node, task = dice.choice(USERS + ("regress",) * 6), dice.randrange(1, 120), dice.randrange(1, 400)
    pid = dice.randrange(2000, 32000)
    return lock(name, user, seconds=round(dice.expovariate(1 / 4000), 1), host=f"node{node}", pid=pid, owner=f"node{node}_{pid}_{user}",
                job=f"slurm:{4711 + task}_{task}@lab", token=dice.randrange(1, 1 << 40), project=dice.choice(PROJECTS),
                hold_limit_seconds=dice.choice((0, 0, 28800, 86400)), **more)


def past_of(document_, seconds=86400, each=1000, seed=3):
    """A history that leads up to a list: seats busy by day, less so by night."""
    dice, rows = random.Random(seed), []
    names = [(row["name"], row.get("pool"), row["held_seconds"]) for row in document_["locks"]]
    for name, pool, since in names[:each]:
        end = since + dice.expovariate(1 / 400)
        while end < seconds:
            length, wait, user = dice.expovariate(1 / 5000) + 30, dice.choice((0, 0, dice.expovariate(1 / 900))), dice.choice(USERS)
            rows.append({"kind": "hold", "reason": "unlock", "lock": name, "pool": pool, "project": dice.choice(PROJECTS),
                         "owner": f"node3_{len(rows)}_{user}", "uid": 7, "proof": "munge", "host": "node3", "pid": len(rows),
                         "job": None, "token": (1 << 41) + len(rows), "asked": ago(end + length + wait), "granted": ago(end + length),
                         "ended": ago(end), "by": None, "by_uid": None, "by_proof": "claimed", "by_peer": None})
            hour = ((seconds - end) / 3600) % 24
            end += length + dice.expovariate(1 / (300 if 8 < hour < 20 else 4000))
    return {"version": 1, "since": ago(seconds), "until": ago(0), "rows": rows}
