#!/usr/bin/python3
"""What share/monitoring has for those who watch over a farm, and the numbers of pidstatd."""

import json
import os
import re
import socket

from support import farm, tap
from support.http_lab import OPEN_METRICS, Site, families_over_etcd, promtool
from support.lockd import Server

FOLDER = os.path.join(farm.SOURCE, "share", "monitoring")
PIDSTATD = farm.program("pidstatd")


def pidstatd(*options):
    site, port = Site(), farm.free_port(socket.SOCK_DGRAM)
    farm.start(PIDSTATD, "--nofork", "--host", "127.0.0.1", "--port", port, "--http", site.place, *options)
    farm.poll(lambda: farm.answers(site.port) and site.get("/healthz")[0] == 200, "pidstatd is there")
    return site, port


def check(name, *words):
    return farm.run(os.path.join(FOLDER, name), *words)


def families(site):
    return set(re.findall(r"^# TYPE (\S+)", site.text("/metrics", Accept=OPEN_METRICS), re.M))


@tap.test
def pidstatd_shows_its_counters_and_health():
    site, port = pidstatd()
    farm.equal(site.get("/healthz")[::2], (200, b"ok\n"))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        asker.settimeout(farm.PATIENCE_S)
        asker.sendto(b"PIDR 1 x 7", ("127.0.0.1", port))
        asker.recv(200)
    farm.equal((site.number("pidstatd_questions_total"), site.number("pidstatd_answers_total")), (1, 1))
    done = promtool("check", "metrics", input=site.text("/metrics"))
    farm.equal((done.returncode, done.stderr), (0, ""))
    farm.equal([site.get(path)[0] for path in ("/locks.json", "/history.json", "/events", "/")], 4 * [404])
    with open(os.path.join(farm.SOURCE, "share", "man", "man8", "pidstatd.8"), encoding="ascii") as page:
        farm.equal(set(re.findall(r"pidstatd_[a-z_]+[a-z]", page.read())), families(site))


@tap.test
def rules_say_what_they_should_and_the_test_of_them_passes():
    for words in (("check", "rules", "farmlock.rules.yml"), ("test", "rules", "farmlock.rules.test.yml")):
        done = promtool(*words, cwd=FOLDER)
        farm.equal((words, done.returncode, done.stderr), (words, 0, ""))


@tap.test
def rules_and_dashboard_name_numbers_that_there_are(folder):
    site = Site()
    Server(folder, "--http", site.place, "--pidstat-port", "none")
    there = families(site) | families(pidstatd()[0]) | families_over_etcd()
    for name in ("farmlock.rules.yml", "farmlock.rules.test.yml", "grafana.json"):
        with open(os.path.join(FOLDER, name), encoding="ascii") as file:
            text = file.read()
        named = set(re.findall(r"\b(?:lockerd|pidstatd)_[a-z_]+", text))
        unknown = {word for word in named
                   if word not in there and re.sub("_(total|bucket|sum|count)$", "", word) not in there}
        farm.equal((name, unknown), (name, set()))
        assert named, name
    with open(os.path.join(FOLDER, "grafana.json"), encoding="ascii") as file:
        panels = json.load(file)["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels) >= 10


@tap.test
def check_lockerd_says_how_it_is(folder):
    server = Server(folder)
    place = ("-H", "127.0.0.1", "-p", server.port)
    done = check("check_lockerd", *place)
    assert re.fullmatch(rf"LOCKERD OK - 127\.0\.0\.1:{server.port}: version \S+ answers in \S+ s \| "
                        r"time=\d+\.\d+s;;;0\n", done.stdout), done.stdout
    farm.equal((done.returncode, done.stderr), (0, ""))
    for options, status, word in ((("-w", "0"), 1, "WARNING"), (("-w", "0", "-c", "0"), 2, "CRITICAL")):
        done = check("check_lockerd", "--hostname", "127.0.0.1", "--port", server.port, *options)
        farm.equal((done.returncode, done.stdout.split()[1]), (status, word))
    done = check("check_lockerd", "-H", "127.0.0.1", "-p", farm.silent_port())
    farm.equal(done.returncode, 2)
    farm.contains(done.stdout, "LOCKERD CRITICAL - ")
    for wrong in (("--no",), ("-p", "x"), ("-H",)):
        done = check("check_lockerd", *wrong)
        farm.equal((wrong, done.returncode, done.stdout[:17]), (wrong, 3, "LOCKERD UNKNOWN -"))


@tap.test
def check_pidstatd_says_how_it_is():
    _, port = pidstatd()
    place = ("--host", "127.0.0.1", "-p", port)
    done = check("check_pidstatd", *place)
    farm.equal((done.returncode, done.stdout[:13], done.stderr), (0, "PIDSTATD OK -", ""))
    done = check("check_pidstatd", *place, "--pid", "2147483646")
    farm.equal(done.returncode, 2)
    farm.contains(done.stdout, "no process 2147483646")
    done = check("check_pidstatd", "-H", "127.0.0.1", "-p", farm.free_port(socket.SOCK_DGRAM), "-t", "1")
    farm.equal((done.returncode, done.stdout[:19]), (2, "PIDSTATD CRITICAL -"))


if __name__ == "__main__":
    farm.main()
