#!/usr/bin/python3
"""What lockerd shows by HTTP: health and numbers, and to whom."""

import os
import re
import signal
import socket

from support import farm, tap
from support.http_lab import OPEN_METRICS, SAFE, Site, families_over_etcd, promtool
from support.lockd import LOCKERD, Server
from support.wire import Wire


def shown(folder, *options, **more):
    site = Site()
    return site, Server(folder, "--http", site.place, "--pidstat-port", "none", *options, **more)


def conf(folder, pools):
    path = os.path.join(folder, "lockerd.conf")
    with open(path, "w", encoding="ascii") as out:
        out.write(f"pools = ( {', '.join(pools)} )\n")
    return path


@tap.test
def numbers_are_open_metrics_or_the_older_text_as_is_asked_for(folder):
    site, _ = shown(folder)
    status, headers, body = site.get("/metrics", Accept=OPEN_METRICS)
    farm.equal((status, headers["Content-Type"]),
               (200, "application/openmetrics-text; version=1.0.0; charset=utf-8"))
    assert body.endswith(b"\n# EOF\n"), body[-100:]
    assert site.numbers()["lockerd_build_info"]
    status, headers, body = site.get("/metrics")
    farm.equal((status, headers["Content-Type"]), (200, "text/plain; version=0.0.4; charset=utf-8"))
    assert b"# EOF" not in body
    status, headers, nothing = site.get("/metrics", "HEAD")
    farm.equal((status, nothing), (200, b""))
    assert abs(int(headers["Content-Length"]) - len(body)) < 100


@tap.test
def promtool_has_nothing_to_complain_about(folder):
    site, server = shown(folder, "--config", conf(folder, ['{ name = "vcs"; seats = 3; }']))
    server.wire().lock("ann", "vcs")
    done = promtool("check", "metrics", input=site.text("/metrics"))
    farm.equal((done.returncode, done.stderr, done.stdout), (0, "", ""))


@tap.test
def the_manual_names_each_number_and_no_other(folder):
    site, _ = shown(folder, "--http-users", "--config", conf(folder, ['{ name = "vcs"; seats = 3; }']))
    with open(os.path.join(farm.SOURCE, "share", "man", "man7", "lockerd-http.7"),
              encoding="ascii") as page:
        told = set(re.findall(r"lockerd_[a-z_]+[a-z]", page.read()))
    text = site.text("/metrics", Accept=OPEN_METRICS)
    farm.equal(told, set(re.findall(r"^# TYPE (\S+)", text, re.M)) | families_over_etcd())


@tap.test
def numbers_follow_what_clients_do(folder):
    site, server = shown(folder)
    ann, bob = server.wire(), server.wire()
    farm.equal(ann.lock("ann", "a")["locked"], "1")
    bob.lock("bob", "a", block=1)
    farm.equal(bob.line(), "print_waiting ann")
    farm.equal((site.number("lockerd_held"), site.number("lockerd_waiting")), (1, 1))
    farm.poll(lambda: site.number("lockerd_oldest_wait_seconds") > 0, "the wait is seen")
    ann.ask("UNLOCK")
    while bob.line() != "print_obtained":
        pass
    bob.status()
    server.wire().ask("user eve", "locks a", "BREAK_LOCK")
    farm.poll(lambda: site.number("lockerd_held") == 0, "nothing is held")
    now = site.numbers()

    def number(name, **labels):
        return now[name][tuple(sorted(labels.items()))]

    farm.equal((number("lockerd_grants_total"), number("lockerd_queued_total")), (2, 1))
    farm.equal(number("lockerd_requests_total", kind="LOCK"), 2)
    farm.equal(number("lockerd_requests_total", kind="BREAK_LOCK"), 1)
    farm.equal(number("lockerd_ends_total", reason="unlock"), 1)
    farm.equal(number("lockerd_ends_total", reason="break"), 1)
    farm.equal(number("lockerd_wait_seconds_count"), 2)
    farm.equal(number("lockerd_handover_seconds_count"), 1)
    assert number("lockerd_wait_seconds_sum") > 0
    assert number("lockerd_handover_seconds_sum") > 0
    assert number("lockerd_commit_seconds_count") >= 3
    assert number("lockerd_connections_accepted_total") >= 3
    assert number("lockerd_connections") >= 2


@tap.test
def refusals_limits_and_lost_owners_are_counted(folder):
    site, server = shown(folder, "--max-names", "2")
    wire = server.wire()
    farm.equal(wire.ask("user ann", "locks a b c", "LOCK")["error-code"], "limit")
    farm.equal(site.number("lockerd_refusals_total", code="limit"), 1)
    farm.equal(site.number("lockerd_limits_reached_total", option="max-names"), 1)
    wire.ask("user ann", "locks a", "timeout 1", "LOCK")
    farm.poll(lambda: site.number("lockerd_ends_total", reason="hold-limit") == 1, "its time is over")


@tap.test
def pools_have_numbers_of_their_own_up_to_a_hundred(folder):
    pools = [f'{{ name = "p{number:03d}"; seats = 2; }}' for number in range(120)]
    site, server = shown(folder, "--config", conf(folder, pools))
    wire = server.wire()
    for pool in ("p003", "p110", "p119"):
        farm.equal(wire.lock("ann", pool)["locked"], "1")
    seats = site.numbers()["lockerd_pool_seats"]
    farm.equal(len(seats), 101)
    farm.equal(seats[(("pool", "(others)"),)], 40)
    farm.equal((site.number("lockerd_pool_held", pool="p003"),
                site.number("lockerd_pool_free", pool="p003"),
                site.number("lockerd_pool_held", pool="p004"),
                site.number("lockerd_pool_held", pool="(others)")), (1, 1, 0, 2))


def by_user(site, what):
    return {dict(labels)["user"]: value for labels, value in site.numbers()[f"lockerd_user_{what}"].items()}


def fill(server):
    """Ann has three locks, 130 others one each, and bob waits twice; returns the connections."""
    wires = [server.wire() for _ in range(133)]
    for number, wire in enumerate(wires[:131]):
        user = "ann" if number == 0 else f"user{number:03d}"
        names = "a b c" if number == 0 else f"x{number}"
        for name in names.split():
            farm.equal(wire.lock(f"host_1_{user}", name)["locked"], "1")
    for number, wire in enumerate(wires[131:]):
        wire.lock(f"host_{number}_bob", "a", block=1)
        farm.contains(wire.line(), "print_waiting")
    return wires


@tap.test
def users_have_numbers_where_one_asks_for_them(folder):
    site, server = shown(folder, "--http-users")
    wires = fill(server)
    held, waiting = by_user(site, "held"), by_user(site, "waiting")
    farm.equal((held["ann"], held["bob"], waiting["ann"], waiting["bob"]), (3, 0, 0, 2))
    farm.equal((len(held), held["(others)"], sum(held.values())), (101, 32, 133))
    farm.equal(sum(waiting.values()), 2)
    for wire in wires:
        wire.close()
    farm.poll(lambda: by_user(site, "waiting").get("bob") is None, "bob is gone")


@tap.test
def users_have_none_else_and_no_names_where_that_is_private(folder):
    site, server = shown(folder)
    fill(server)
    assert "lockerd_user_held" not in site.text("/metrics")
    server.kill()
    site, server = shown(os.path.join(folder), "--http-users", "--private", state="none")
    fill(server)
    farm.equal((by_user(site, "held"), by_user(site, "waiting")), ({"-": 133}, {"-": 2}))


@tap.test
def health_is_ok_and_answers_say_how_they_may_be_used(folder):
    site, _ = shown(folder)
    status, headers, body = site.get("/healthz")
    farm.equal((status, body), (200, b"ok\n"))
    farm.equal({name: headers[name] for name in SAFE}, SAFE)
    farm.contains(headers["Content-Security-Policy"], "default-src 'none'")
    farm.equal((headers["Server"], headers["Set-Cookie"]), (None, None))


@tap.test
def while_the_state_cannot_be_written_it_is_not_healthy_and_says_why(folder):
    preload = os.path.join(farm.BUILD, "tests", "failing_disk.so")
    broken = os.path.join(folder, "broken")
    site, server = shown(folder, LD_PRELOAD=preload, FAILING_DISK_PATH=os.path.join(folder, "state"),
                         FAILING_DISK_WHEN=broken)
    with open(broken, "w", encoding="ascii") as out:
        out.write("1\n")
    wire = Wire(server.port)
    wire.send("user ann", "locks a", "LOCK")
    status, _, body = farm.poll(lambda: (got := site.get("/healthz"))[0] == 503 and got,
                                "it is not healthy")
    assert len(body) > 4, body
    farm.equal(site.number("lockerd_up"), 0)
    os.remove(broken)
    farm.poll(lambda: site.get("/healthz")[0] == 200, "it is healthy again")
    assert site.number("lockerd_commit_failures_total") >= 1


@tap.test
def a_name_that_is_not_this_machines_is_refused(folder):
    site, _ = shown(folder, "--http-name", "locks.example.com")
    for host in ("127.0.0.1", "localhost", f"localhost:{site.port}", "[::1]:80", "LOCKS.example.com",
                 f"locks.example.com:{site.port}", os.uname().nodename):
        farm.equal((host, site.get("/healthz", Host=host)[0]), (host, 200))
    for host in ("evil.example", f"evil.example:{site.port}", "127.0.0.1.evil.example",
                 "xlocks.example.com", "localhost.evil"):
        status, headers, body = site.get("/healthz", Host=host)
        farm.equal((host, status, headers["Connection"]), (host, 421, "close"))
        farm.contains(body.decode(), "--http-name")
    farm.contains(site.raw(b"GET http://evil.example/metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"),
                  b" 421 ")
    farm.contains(site.raw(b"GET /metrics HTTP/1.1\r\n\r\n"), b" 400 ")
    farm.contains(site.raw(b"GET /healthz HTTP/1.0\r\n\r\n"), b" 200 ")


@tap.test
def nothing_but_reading_is_served(folder):
    site, _ = shown(folder)
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH"):
        status, headers, _ = site.get("/metrics", method)
        farm.equal((method, status in (400, 405, 413)), (method, True))
        assert status != 405 or headers["Allow"] == "GET, HEAD"
    host = b"Host: localhost\r\n"
    for request in (b"GET /metrics HTTP/1.1\r\n" + host + b"Content-Length: 5\r\n\r\nhello",
                    b"GET /metrics HTTP/1.1\r\n" + host + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                    b"POST /metrics HTTP/1.1\r\n" + host + b"Content-Length: 99999999\r\n\r\n",
                    b"GET /metrics HTTP/1.1\r\n" + host + b"X: " + b"y" * 9000 + b"\r\n\r\n",
                    b"\0\1\2\3\r\n\r\n", b"GET\r\n\r\n", b"GET /metrics HTTP/9.9\r\n\r\n"):
        first = site.raw(request)[:12]
        assert first == b"" or first.startswith(b"HTTP/1.") and first[9:10] == b"4", (request[:60], first)
    for path in ("/..", "/metrics/", "/Metrics", "//metrics", "/%2e%2e/etc/passwd", "/healthz%00"):
        status = site.get(path)[0]
        assert status in (400, 404, 421), (path, status)
    farm.equal(site.get("/healthz?x=1")[0], 200)
    assert site.number("lockerd_http_errors_total") > 5


@tap.test
def one_address_cannot_take_all_places(folder):
    site, _ = shown(folder)
    crowd = [socket.create_connection(("127.0.0.1", site.port)) for _ in range(300)]
    for connection in crowd:
        farm.at_end(connection.close)
    for connection in crowd:
        connection.close()
    farm.poll(lambda: served(site), "others are served again")
    assert site.number("lockerd_http_turned_away_total") > 0


def served(site):
    try:
        return site.get("/healthz")[0] == 200
    except OSError:
        return False


@tap.test
def a_port_that_is_taken_and_a_place_that_is_none_are_told(folder):
    site, _ = shown(folder)
    done = farm.run(LOCKERD, "--nofork", "--state", "none", "--port", farm.free_port(), "--http",
                    site.place)
    farm.equal(done.returncode, 71)
    farm.contains(done.stderr, f"cannot listen for HTTP at {site.place}: Address already in use")
    for place in ("9751", "localhost", "::1:9751", "localhost:x", "localhost:99999", "[::1]9751"):
        done = farm.run(LOCKERD, "--check-config", "--http", place)
        farm.equal((place, done.returncode), (place, 64))
        farm.contains(done.stderr, "is no ADDRESS:PORT")


@tap.test
def the_page_is_read_at_the_start_and_when_the_configuration_is(folder):
    path = os.path.join(folder, "page.html")
    with open(path, "w", encoding="ascii") as out:
        out.write("<p>one")
    site, server = shown(folder, "--http-page", path)
    status, headers, body = site.get("/")
    farm.equal((status, headers["Content-Type"], body), (200, "text/html; charset=utf-8", b"<p>one"))
    farm.contains(headers["Content-Security-Policy"], "connect-src 'self'")
    farm.equal(site.get("/", If_None_Match=headers["ETag"])[0], 304)
    with open(path, "w", encoding="ascii") as out:
        out.write("<p>two, which is longer")
    server.process.send_signal(signal.SIGHUP)
    farm.poll(lambda: site.text("/").startswith("<p>two"), "the page is the new one")
    os.remove(path)
    server.process.send_signal(signal.SIGHUP)
    farm.poll(lambda: f"cannot read the page {path}" in server.log(), "the log tells of it")
    assert site.text("/").startswith("<p>two")


@tap.test
def beyond_this_machine_there_is_a_warning(folder):
    site, server = shown(folder)
    assert "beyond this machine" not in server.log()
    other = Site()
    server.restart("--http", f"*:{other.port}")
    farm.equal(other.get("/healthz")[0], 200)
    farm.contains(server.log(), "HTTP is served beyond this machine")


if __name__ == "__main__":
    farm.main()
