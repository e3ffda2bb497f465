#!/usr/bin/python3
"""The page as lockerd itself serves it: live, through kills, with what strangers call themselves."""

import time

from support import farm, tap
from support.browser import Browser
from support.http_lab import Site
from support.lockd import Server

SOON_S = 1.0  # what is promised of a grant or a release


def opened(folder, *options, **fragment):
    site = Site()
    server = Server(folder, "--http", site.place, "--pidstat-port", "none", *options)
    browser = Browser()
    browser.go(f"http://{site.place}/#" + "&".join(f"{key}={value}" for key, value in fragment.items()))
    browser.wait("connection.isLive && !document.querySelector('main').hidden && !reading.isOn")
    return server, browser


def shown(browser, part):
    return browser.tried(f"[...document.querySelectorAll('#{part} .space .row')].map(row => row.children[0].textContent + ' ' + "
                         "row.children[1].textContent)")


def soon(browser, what, part, act, expected):
    """What is done shows within a second, on a machine that has nothing else to do."""
    began = time.monotonic()
    act()
    farm.poll(lambda: shown(browser, part) == expected, f"{what}: {expected}")
    return time.monotonic() - began


@tap.test
def a_grant_and_a_release_show_within_a_second(folder):
    server, browser = opened(folder)
    wire, other = server.wire(), server.wire()

    def measure():
        times = [soon(browser, "a grant", "held", lambda: wire.lock("anna", "vcs1"), ["vcs1 anna"]),
                 soon(browser, "a wait", "queue", lambda: other.lock("bert", "vcs1", block=1), ["1 bert"])]
        farm.equal(other.line(), "print_waiting anna")
        times.append(soon(browser, "a handover", "held", lambda: wire.ask("UNLOCK"), ["vcs1 bert"]))
        other.line()
        other.status()
        times.append(soon(browser, "a release", "held", lambda: other.ask("UNLOCK"), []))
        return times

    farm.promised("from a request to the page", measure, SOON_S, SOON_S)
    farm.equal(browser.complaints(), [])


@tap.test
def pools_and_their_changes_are_shown(folder):
    with open(f"{folder}/pools.conf", "w", encoding="utf-8") as file:
        file.write('pools = ( { name = "vcs"; seats = 4; outside-most = 2; } );\n')
    server, browser = opened(folder, "--config", f"{folder}/pools.conf")
    wire, cards = server.wire(), "[...document.querySelectorAll('.card .size, .card .facts span')].map(one => one.textContent)"
    wire.lock("anna", "vcs")
    farm.poll(lambda: browser.run(cards)[:1] == ["1 of 4"], "the seat is shown")
    server.wire().send("OFFLINE vcs4 0 in repair")
    farm.poll(lambda: "1 offline" in browser.run(cards), "a seat is out of use")
    farm.equal(browser.run("document.querySelectorAll('.card i.offline').length"), 1)
    browser.run("location.hash = 'lock=vcs1'")
    browser.wait("at('details-title').textContent === 'Lock vcs1'")
    farm.contains(browser.run("at('details-body').textContent"), "anna")


@tap.test
def a_server_that_is_killed_is_said_and_caught_up_with(folder):
    server, browser = opened(folder)
    server.wire().lock("anna", "vcs1", 0, "timeout 0")
    farm.poll(lambda: shown(browser, "held") == ["vcs1 anna"], "the lock is shown")
    server.kill()
    browser.wait("document.body.dataset.state === 'lost'")
    farm.contains(browser.run("at('trouble').textContent"), "The connection is lost since ")
    server.start("--http", browser.run("location.host"), "--pidstat-port", "none")
    server.wire().lock("bert", "vcs2")
    browser.wait("document.body.dataset.state === 'live'")
    farm.poll(lambda: shown(browser, "held") == ["vcs1 anna", "vcs2 bert"], "the page has caught up")


@tap.test
def the_history_of_a_lock_is_told(folder):
    server, browser = opened(folder, lock="vcs1")
    wire = server.wire()
    wire.lock("node3_9_anna", "vcs1", 0, "hostname node3", "pid 9")
    wire.ask("UNLOCK")
    farm.poll(lambda: browser.run("readHistory().then(() => at('details-body').textContent.includes('given back'))"), "its end is told")
    farm.equal(browser.run("[...document.querySelectorAll('#details tbody td')].map(one => one.textContent)[1]"), "anna")
    farm.equal((browser.run("past.hasServer"), browser.complaints()), (True, []))


@tap.test
def what_strangers_call_themselves_stays_text(folder):
    server, browser = opened(folder)
    names = ["<img/src=x/onerror=document.title='owned'>", "</script><script>alert(1)</script>", "\u202egnp.exe", "x" * 200]
    for name in names:
        server.wire().lock(name, name, 0, f"hostname {name}", f"job {name[:60]}")
    browser.wait(f"farm.held.length === {len(names)}")
    found = " ".join(shown(browser, "held"))
    for name in (*names[:2], names[3]):
        farm.contains(found, f"{name} {name}")
    farm.contains(found, "gnp.exe")
    assert "\u202e" not in found
    farm.equal((browser.complaints(), browser.run("document.querySelectorAll('img, main script').length")), ([], 0))


if __name__ == "__main__":
    farm.main()
