#!/usr/bin/python3
"""What people see of several lockerd that share a state in a real etcd: lockersh --ping, HTTP, the log."""

import collections
import json
import os
import re
import signal
import threading
import urllib.error
import urllib.request

import jsonschema

from support import etcd, farm
from support.http_lab import families_over_etcd
from support.locking import Farm as Locking
from support.replicas import Farm, Replica
from support.tap import test


def get(port, path):
    """The status, the type and the text of an answer of HTTP."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}") as answer:
            return answer.status, answer.headers["Content-Type"], answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers["Content-Type"], error.read().decode()


def number(port, name):
    """The number of a metric without labels; None where there is none."""
    lines = [line.split() for line in get(port, "/metrics")[2].splitlines()]
    return next((float(line[1]) for line in lines if line[0] == name), None)


def schema():
    with open(os.path.join(farm.SOURCE, "share/schema/ping.schema.json"), encoding="utf-8") as text:
        return json.load(text)


@test
def ping_tells_who_leads_who_stands_by_and_how_etcd_is(folder):
    those = Farm(folder, 2)
    leader, standby = (f"127.0.0.1:{one.port}" for one in those.replicas)

    def ping(*words):
        return those.run("--ping", *words).stdout
    farm.poll(lambda: "standing by:" in ping(), "the one that stands by is seen")
    text = ping()
    farm.contains(text, f":{those.replicas[0].port} leads since ")
    farm.contains(text, ", term 1; confirmed ")
    farm.contains(text, f":{those.replicas[1].port}, version ")
    farm.contains(text, f" at {those.etcd.members[0].url}: database ")
    farm.contains(text, "no alarm")
    farm.contains(text, f"{standby} does not serve: it stands by, or does not answer (")
    told = json.loads(ping("--json"))
    jsonschema.validate(told, schema())
    farm.equal((told["host"], told["replication"]["role"], told["replication"]["term"]), (leader, "leads", 1))
    farm.equal(len(told["replication"]["standbys"]), 1)
    assert told["replication"]["commits"]["count"] > 0
    farm.equal([(one["host"], one["answers"]) for one in told["hosts"]], [(standby, False)])
    # One that stands alone does not belong there.
    alone, asked = Locking(), those.replicas[0].port
    farm.equal(ping("--dhost", f"127.0.0.1={asked}:127.0.0.1={alone.port}:localhost={asked}").splitlines()[-2:],
               [f"127.0.0.1:{alone.port} answers, too, and shares no state with {leader}: each grants what "
                "the other has granted", f"localhost:{asked} answers, too"])
    # The one that is left leads a later term, and nobody stands by.
    those.replicas[0].kill()
    farm.poll(lambda: "term 2" in ping() and "nobody is seen to stand by" in ping(), "it leads alone")


@test
def who_stands_by_is_counted_no_more_when_it_is_gone(folder):
    port = farm.free_port()
    those = Farm(folder, 1, "--http", f"127.0.0.1:{port}")
    farm.equal(number(port, "lockerd_standbys"), 0)
    standby = Replica(those, "standby")
    farm.poll(lambda: number(port, "lockerd_standbys") == 1, "it is counted")
    standby.kill()
    farm.poll(lambda: number(port, "lockerd_standbys") == 0, "it is counted no more")
    farm.equal(those.etcd.must("get", "--prefix", "--keys-only", "/farmlock/test/c/"), "")


@test
def monitoring_is_told_that_one_stands_by_instead_of_an_empty_list(folder):
    ports = farm.free_port(), farm.free_port()
    those = Farm(folder, 1, "--http", f"127.0.0.1:{ports[0]}")
    leader = those.replicas[0]
    standby = Replica(those, "standby", "--http", f"127.0.0.1:{ports[1]}")
    leader.wire().ask("user ann", "locks a", "LOCK")
    farm.poll(lambda: number(ports[1], "lockerd_term") == 1, "it has seen who leads")
    farm.equal([number(port, "lockerd_leads") for port in ports], [1, 0])
    farm.contains(get(ports[1], "/metrics")[2], f':{leader.port}"')
    status, kind, text = get(ports[1], "/locks.json")
    farm.equal((status, kind), (503, "text/plain; charset=utf-8"))
    farm.contains(text, f":{leader.port}), term 1")
    farm.equal(get(ports[0], "/locks.json")[:2], (200, "application/json"))
    leader.stop()
    farm.poll(standby.serves, "it serves")
    farm.poll(lambda: number(ports[1], "lockerd_leads") == 1, "it says so")
    farm.equal([lock["owner"] for lock in json.loads(get(ports[1], "/locks.json")[2])["locks"]], ["ann"])
    told = get(ports[1], "/metrics")[2]
    farm.equal({name for name in families_over_etcd() if not re.search(rf"^# TYPE {name}(_info)? ", told, re.M)}, set())
    for name in ("lockerd_etcd_database_bytes", "lockerd_etcd_quota_bytes", "lockerd_leader_since_seconds"):
        assert number(ports[1], name) > 0, name
    farm.equal(number(ports[1], "lockerd_etcd_healthy"), 1)


@test
def one_that_has_lost_etcd_does_not_say_that_it_leads(folder):
    port = farm.free_port()
    those = Farm(folder, 1, "--http", f"127.0.0.1:{port}")
    farm.equal((number(port, "lockerd_leads"), get(port, "/healthz")[0]), (1, 200))
    those.etcd.members[0].freeze()
    farm.poll(lambda: number(port, "lockerd_leads") == 0, "it does not say so")
    farm.poll(lambda: get(port, "/healthz")[0] == 503, "nor that all is well")
    assert number(port, "lockerd_confirmed_seconds") > 1
    those.etcd.members[0].thaw()
    farm.poll(lambda: number(port, "lockerd_leads") == 1 and get(port, "/healthz")[0] == 200, "it leads again")


@test
def a_list_is_whole_or_it_is_told_why_there_is_none(folder):
    """While leading goes from one to the other and back, and some wait for their list."""
    ports = farm.free_port(), farm.free_port()
    those = Farm(folder, 1, "--http", f"127.0.0.1:{ports[0]}")
    those.replicas.append(Replica(those, "other", "--http", f"127.0.0.1:{ports[1]}"))
    wire = those.replicas[0].wire()
    for number_of in range(2000):
        wire.send("user ann", f"locks a{number_of}", "LOCK")
    for _ in range(2000):
        farm.equal(wire.status()["locked"], "1")
    over = threading.Event()
    told = collections.Counter()

    def scrape(port):
        while not over.is_set():
            status, _, text = get(port, "/locks.json")
            told[f"{len(json.loads(text)['locks'])} locks" if status == 200 else text] += 1
    scrapers = [threading.Thread(target=scrape, args=(port,)) for port in ports for _ in range(2)]
    for scraper in scrapers:
        scraper.start()
    try:
        for turn in range(4):
            old, new = those.replicas[turn % 2], those.replicas[(turn + 1) % 2]
            old.process.send_signal(signal.SIGUSR1)
            farm.poll(new.serves, "the other one serves")
        farm.poll(lambda: told["2000 locks"], "somebody has had a list")
    finally:
        over.set()
        for scraper in scrapers:
            scraper.join()
    print(f"# {told}")
    farm.equal([text for text in told if "memory" in text or "in time" in text], [])
    farm.equal([text for text in told if text.endswith(" locks")], ["2000 locks"])


@test
def known_faults_of_etcd_and_little_room_are_logged(folder):
    those = Farm(folder, 1, "--etcd-quota", "1M")
    leader = those.replicas[0]
    if etcd.version() < (3, 5, 28) and etcd.version() != (3, 4, 42):
        farm.poll(lambda: "has known faults: " in leader.log(), "its version is told")
    for place in range(8):
        those.etcd.must("put", f"/other/{place}", "x" * 100000)
    farm.poll(lambda: "above half of its quota of 1 MiB: compact it" in leader.log(), "its size is told")
    farm.equal(leader.log().count("above half of its quota"), 1)


@test
def an_alarm_is_told_and_its_end(folder):
    those = Farm(folder, 1, of_etcd=["--quota-backend-bytes", str(4 * 1024 * 1024)])
    leader, member = those.replicas[0], those.etcd.members[0]
    while member.control("put", "/fill", "x" * 100000).returncode == 0:
        pass
    farm.poll(lambda: "NOSPACE: nothing can be granted" in leader.log(), "the alarm is told")
    revision = json.loads(member.control("get", "/fill", "-w", "json").stdout)["header"]["revision"]
    for words in (["compact", str(revision)], ["defrag"], ["alarm", "disarm"]):
        farm.equal(member.control(*words).returncode, 0)
    farm.poll(lambda: "has no alarm any more" in leader.log(), "its end is told")


if __name__ == "__main__":
    farm.main()
