#!/usr/bin/python3
"""What the page shows of pools, holders, queue and history, and that names stay text."""

import json
import re

from support import farm, page_lab, tap
from support.browser import Browser
from support.page_lab import HOSTILE, lock, waiter

# What would hide or turn the text around it is shown by its number.
SHOWN = {"\u202egnp.exe": "\\u202egnp.exe", "a\u200bb": "a\\u200bb", "a\nb\rc\td": "a\\u000ab\\u000dc\\u0009d",
         "\x1b[2J\x07": "\\u001b[2J\\u0007", "\u0000": "\\u0000", "\U000e0041": "\\u{e0041}", "\ud800": "\\ud800"}


def opened(document, past=None, width=1280, height=800, **fragment):
    site = page_lab.Site()
    site.list, site.history = document, past
    browser = Browser(width, height)
    browser.go(site.at(**fragment))
    browser.wait("!document.querySelector('main').hidden")
    return site, browser


def texts(browser, selector):
    return browser.run(f"[...document.querySelectorAll({selector!r})].map(one => one.innerText.trim())")


def column(browser, part, name):
    return browser.run(f"[...document.querySelectorAll('#{part} .space .row')].sort((a, b) => a.index - b.index)"
                       f".map(row => row.querySelector('.c-{name}').textContent)")


def pool(name, total, held, **more):
    return dict({"name": name, "total": total, "held": held, "promised": 0, "reserved": 0, "outside": 0,
                 "outside_most": 0, "offline": 0, "free": total - held, "waiting": 0, "oldest_wait_seconds": None,
                 "most": None, "classes": []}, **more)


@tap.test
def pools_are_pictures_of_their_seats():
    _, browser = opened(page_lab.document(locks=[lock("vcs2", "anna", 7300, pool="vcs")], pools=[
        pool("vcs", 8, 3, promised=1, free=3, offline=1, outside=1, outside_most=2, reserved=1, waiting=2,
             oldest_wait_seconds=3700, most={"user": "anna", "held": 2}),
        pool("spectre", 1000, 400)]))
    farm.equal(texts(browser, ".card .name, .card .size"), ["vcs", "3 of 8", "spectre", "400 of 1,000"])
    farm.equal(browser.run("[...document.querySelectorAll('.card:first-child i')].map(seat => seat.className.split(' ')[0])"),
               ["held"] * 3 + ["promised", "free", "reserved", "outside", "offline"])
    farm.equal(texts(browser, ".card:first-child .facts span"), ["2 waiting, 1 h 1 min", "1 outside", "1 offline", "most: anna 2"])
    farm.equal(browser.run("[...document.querySelectorAll('.card [role=img]')].map(one => one.getAttribute('aria-label'))"),
               ["3 held, 1 set aside, 1 free, 1 kept free, 1 in use elsewhere, 1 out of use", "400 held, 600 free"])
    farm.equal(browser.run("[...document.querySelectorAll('.card:first-child i')].slice(0, 6).map(seat => seat.title)"),
               ["vcs2: anna, 2 h 1 min", "held", "held", "set aside", "free", "kept free"])
    # Too many for squares: a bar, of two parts.
    farm.equal(browser.run("document.querySelectorAll('.card:nth-child(2) .bar i').length"), 2)
    share = browser.run("(() => { const [a, b] = document.querySelectorAll('.card:nth-child(2) .bar i');"
                        "return a.offsetWidth / (a.offsetWidth + b.offsetWidth); })()")
    assert 0.38 < share < 0.42, share


@tap.test
def a_pool_that_is_over_full_or_empty_is_drawn():
    _, browser = opened(page_lab.document(pools=[
        pool("over", 2, 3, free=0, offline=2, outside=9), pool("none", 0, 0), pool("odd", 4, -1, free="x", most={"user": 7})]))
    farm.equal(texts(browser, ".card .size"), ["3 of 2", "0 of 0", "0 of 4"])
    farm.equal(browser.complaints(), [])


@tap.test
def the_queue_stands_before_the_holders():
    _, browser = opened(page_lab.document(
        locks=[lock("vcs10", "bert", 7200), lock("vcs2", "anna", 65, job="slurm:4711@lab", waiting=1, hold_limit_seconds=3600)],
        waiters=[waiter("chris", [f"vcs{n}" for n in (1, 2, 3, 4, 5, 6, 7, 8, 12)], 754, count=2),
                 waiter("dora", ["vcs01", "vcs1", "board"], 5, position=2)]))
    order = browser.run("[...document.querySelectorAll('main h2')].map(one => one.getBoundingClientRect().top)")
    assert order[1] < order[2], order
    farm.equal(column(browser, "queue", "wants"), ["2 of vcs[1-8,12]", "vcs01 vcs1 board"])
    farm.equal(column(browser, "queue", "who"), ["chris", "dora"])
    farm.equal(column(browser, "queue", "for")[0], "12 min")
    # Numbers are in the order of numbers.
    farm.equal(column(browser, "held", "lock"), ["vcs2", "vcs10"])
    farm.equal(column(browser, "held", "limit"), ["1 h 0 min", ""])
    farm.equal(texts(browser, "#figures b")[:1] + texts(browser, "#figures b")[2:], ["2", "2", "12 min"])


@tap.test
def who_has_how_much_is_summed_up():
    locks = [lock(f"vcs{n}", "anna" if n < 4 else "bert", project="chipA" if n % 3 else None) for n in range(6)]
    _, browser = opened(page_lab.document(locks=locks, waiters=[waiter("bert", ["vcs9"])]))
    farm.equal([column(browser, "tally", part) for part in ("name", "held", "waiting")],
               [["anna", "bert"], ["4", "2"], ["", "1"]])
    browser.run("at('by').value = 'project', at('by').onchange()")
    farm.equal([column(browser, "tally", part) for part in ("name", "held")], [["chipA", "–"], ["4", "2"]])
    farm.contains(browser.run("location.hash"), "by=project")


@tap.test
def what_is_out_of_use_stands_by_itself():
    _, browser = opened(page_lab.document(locks=[lock("board2", offline=True)], offline=[
        {"name": "board2", "until": None, "reason": "smells of smoke"},
        {"name": "board3", "until": page_lab.ago(-86400 * 3), "reason": None}]))
    farm.equal(texts(browser, "#offline-title, .card .size, .card .facts span"), ["1 held", "2 offline", "Out of use: 2"])
    farm.equal(browser.run("[...document.querySelectorAll('.card i')].map(seat => seat.className.split(' ')[0])"), ["held", "offline"])
    farm.equal([column(browser, "offline", part) for part in ("lock", "reason")], [["board2", "board3"], ["smells of smoke", ""]])
    farm.equal(column(browser, "offline", "until")[0], "it is put back")
    browser.run("location.hash = 'lock=board2'")
    browser.wait("at('details-title').textContent === 'Lock board2'")
    farm.contains(texts(browser, "#details dd"), "until it is put back")
    farm.contains(texts(browser, "#details dd"), "anna")
    browser.run("location.hash = 'q=smoke'")
    browser.wait("offlineGrid.rows.length === 1")


@tap.test
def hostile_names_stay_text_everywhere():
    locks = [lock(name, name, owner=name, host=name, job=name, project=name, waiting=1, **({"pool": name} if at % 2 else {}))
             for at, name in enumerate(HOSTILE)]
    waits = [waiter(name, [name], owner=name, host=name, job=name, project=name, reason=name) for name in HOSTILE]
    pools = [pool(name, 3, 1, most={"user": name, "held": 1}, classes=[{"name": name, "weight": 1, "use": 1, "waiting": 0}])
             for name in HOSTILE[1::2]]
    past = {"version": 1, "since": page_lab.ago(86400), "until": page_lab.ago(0), "rows": [
        {"kind": "hold", "reason": name, "lock": name, "owner": name, "host": name, "job": name, "by": name, "token": at,
         "pool": name, "project": name, "pid": name, "asked": page_lab.ago(90), "granted": page_lab.ago(80),
         "ended": page_lab.ago(70)} for at, name in enumerate(HOSTILE)]}
    site, browser = opened(page_lab.document(locks=locks, waiters=waits, pools=pools, offline=[
        {"name": name, "until": name, "reason": name} for name in HOSTILE]), past, width=1920, height=3000)
    browser.wait("past.hasServer")
    shown = [SHOWN.get(name, name) for name in HOSTILE]
    farm.equal(sorted(column(browser, "held", "lock")), sorted(shown))
    farm.equal(sorted(column(browser, "queue", "who")), sorted(shown))
    before = browser.run("[...new Set([...document.querySelectorAll('*')].map(one => one.localName))].sort().join(' ')")
    assert not set(before.split()) & {"img", "iframe", "object", "embed", "form2", "base"}, before
    kinds = ("lock", "user", "owner", "pool", "job", "host", "project")
    titles = browser.run(f"""{list(kinds)}.map(kind => {json.dumps(shown)}.map(name => {{
        history.replaceState(null, "", address({{[kind]: name}}));
        readHash();
        draw();
        return at("details-title").textContent; }}))""")
    farm.equal(titles, [[f"{kind.capitalize()} {name}" for name in shown] for kind in kinds])
    assert not [url for url in browser.fetched() if not url.startswith((site.address, "about:"))], browser.fetched()
    farm.equal((browser.complaints(), browser.run("document.querySelectorAll('script, style').length")), ([], 2))
    assert browser.run("document.title").startswith("Seats: "), browser.run("document.title")
    hrefs = browser.run("[...document.querySelectorAll('a')].map(one => one.getAttribute('href'))")
    assert all(href.startswith("#") for href in hrefs), hrefs
    assert browser.run("document.documentElement.scrollWidth") <= 1920


@tap.test
def a_list_that_is_no_list_harms_nothing():
    junk = [7, None, "<b>", [], {}, True, {"name": {"a": 1}, "owner": [1], "held_seconds": "x", "wants": 7, "pool": 9},
            {"name": 5, "wants": [{"names": 3}, {"names": [None, 7, {}], "count": "x"}, None], "waiting": {}, "position": []}]
    site, browser = opened(page_lab.document(locks=junk, waiters=junk, offline=junk, pools=[*junk, {"total": 1e9, "held": -3}],
                                                     server="x"), {"rows": [*junk, {"kind": "hold"}], "since": 7})
    browser.wait("past.hasServer")
    for kind in ("lock", "pool", "user"):
        browser.go(site.at(**{kind: "undefined"}))
        browser.wait("!at('details').hidden")
    farm.equal(browser.complaints(), [])


@tap.test
def details_and_history_have_an_address():
    rows = [{"kind": "hold", "reason": "unlock", "lock": "vcs1", "pool": "vcs", "project": None, "owner": f"node3_9_{user}", "host": "node3",
             "pid": 9, "job": None, "token": token, "asked": page_lab.ago(3600 + wait), "granted": page_lab.ago(3600), "ended": page_lab.ago(1800),
             "by": by} for token, user, wait, by in ((3, "emil", 0, None), (4, "farah", 600, "root"))]
    _, browser = opened(page_lab.document(
        locks=[lock("vcs1", "anna", 65, pool="vcs", project="chipA", silent_seconds=90, connected=False)],
        pools=[pool("vcs", 1, 1, waiting=1, classes=[{"name": "chipA", "weight": 3, "use": 1, "waiting": 1}])],
        waiters=[waiter("chris", ["vcs"], 754, reason="limit", project="chipA")]),
        {"version": 1, "since": page_lab.ago(86400), "until": page_lab.ago(0), "rows": rows}, lock="vcs1")
    browser.wait("past.hasServer")
    farm.equal(texts(browser, "#details-title"), ["Lock vcs1"])
    facts = dict(zip(texts(browser, "#details dt"), texts(browser, "#details dd")))
    farm.equal((facts["User"], facts["Project"], facts["Pool"]), ("anna", "chipA", "vcs"))
    farm.contains(facts["Connected"], "no, nothing heard for 1 min")
    farm.equal(browser.run("[...document.querySelectorAll('#details caption')].map(one => one.textContent)"), ["Waits", "History"])
    history = texts(browser, "#details table:last-of-type tbody tr")
    farm.equal(len(history), 2)
    assert any("emil" in line and "30 min" in line and "given back" in line for line in history), history
    assert any("farah" in line and "given back by root" in line for line in history), history
    # From here to whoever waits, by a link, and back.
    browser.run("[...document.querySelectorAll('#details a')].find(one => one.textContent === 'chris').click()")
    browser.wait("at('details-title').textContent === 'User chris'")
    browser.run("location.hash = '#owner=node9_77_chris'")
    browser.wait("at('details-title').textContent === 'Owner node9_77_chris'")
    farm.contains(texts(browser, "#details dd"), "a limit is reached")
    browser.run("location.hash = '#pool=vcs'")
    browser.wait("at('details-title').textContent === 'Pool vcs'")
    farm.contains(texts(browser, "#details td"), "chipA")
    browser.run("history.back()")
    browser.wait("at('details-title').textContent === 'Owner node9_77_chris'")


@tap.test
def use_is_drawn_from_the_history_and_what_is_held():
    hours = 3600
    rows = [{"kind": "hold", "reason": "unlock", "lock": f"vcs{n}", "owner": f"o{n}", "token": n + 9, "asked": page_lab.ago(13 * hours),
             "granted": page_lab.ago(12 * hours), "ended": page_lab.ago(6 * hours)} for n in range(4)]
    _, browser = opened(page_lab.document(locks=[lock("vcs9", seconds=2 * hours)]),
                        {"version": 1, "since": page_lab.ago(86400), "until": page_lab.ago(0), "rows": rows})
    browser.wait("past.hasServer")
    at = "(hours => { const d = series('day', ALL), i = Math.floor(d.held.length * (1 - hours / 24)); return [d.held[i], d.waiting[i]].map(Math.round); })"
    farm.equal([browser.run(f"{at}({hour})") for hour in (20, 12.5, 9, 4, 1)], [[0, 0], [0, 4], [4, 0], [0, 0], [1, 0]])
    farm.contains(texts(browser, "#use .reading")[0], "at most 4. Waiting: at most 4")
    browser.run("at('span').value = 'week', at('span').onchange()")
    farm.contains(browser.run("document.querySelector('#use [role=img]').getAttribute('aria-label')"), "over 7 days")
    farm.contains(browser.run("location.hash"), "span=week")
    # What it does not know, it says.
    farm.contains(texts(browser, "#use")[0], "is not known here")


@tap.test
def a_history_that_is_too_long_is_read_as_far_as_it_goes():
    """A server tells the oldest first, and where to go on."""
    asked = []

    def told(question):
        seconds = int(re.search(r"since=(\d+)", question)[1])
        asked.append(seconds)
        rows = [{"kind": "hold", "reason": "unlock", "lock": f"vcs{n}", "owner": "o", "asked": page_lab.ago(n * 60), "granted": page_lab.ago(n * 60),
                 "ended": page_lab.ago(n * 60 - 30)} for n in range(1, seconds // 60)]
        return {"version": 1, "since": page_lab.ago(seconds), "until": page_lab.ago(0), "rows": rows[-500:], "next": 7 if len(rows) > 500 else 0}
    _, browser = opened(page_lab.document(locks=[lock("vcs9")]), told)
    browser.wait("library.timer && past.until")
    farm.equal(asked, [3600, 6 * 3600, 86400])
    known = browser.run("(serverNow() - past.since) / 3600e3")
    assert 5.9 < known < 6.5, known
    farm.contains(texts(browser, "#use")[0], "is not known here")
    # What has ended since is asked for alone.
    browser.run("readHistory()")
    farm.poll(lambda: len(asked) > 3, "the history is read again")
    assert asked[3] < 600, asked


if __name__ == "__main__":
    farm.main()
