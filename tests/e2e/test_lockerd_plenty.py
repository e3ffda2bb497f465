#!/usr/bin/python3
"""A client that has much of something: what others notice of what it does with that."""

import os
import socket
import sqlite3
import time

from support import farm, tap
from support.lockd import Server, identity, sleeper, start_server
from support.neighbour import Neighbour
from support.plenty import MANY, hang_up, hold_each, nobody_waits
from support.wire import protocol_2


@tap.test
def a_session_of_many_locks_takes_and_renews_them_at_no_cost_of_others():
    port = start_server()
    wire = protocol_2(port)
    names = " ".join(f"big{n}" for n in range(1000))
    token = wire.ask("user big", "session 1", f"locks {names}", "count 1000", "LOCK")["token"]
    with Neighbour(port) as neighbour:
        hold_each(wire, MANY)
        farm.equal(wire.ask("user big", f"locks {names}", f"RENEW {token}")["locked"], "1")
    nobody_waits(neighbour, "many locks of one session")


@tap.test
def the_end_of_a_session_of_many_locks_costs_others_little():
    port = start_server()
    wire, other = protocol_2(port), protocol_2(port)
    hold_each(wire, 2 * MANY, f"hostname {socket.gethostname()}", f"pid {os.getpid()}",
              identity(os.getpid()), "session 1")
    with Neighbour(port) as neighbour:
        hang_up(wire)
        time.sleep(1)
    nobody_waits(neighbour, "a session of many locks that ended")
    farm.equal(other.ask("user other", "locks n0", "STATUS")["owner"], "holder")


@tap.test
def what_a_session_is_told_behind_a_list_that_it_does_not_read_costs_others_nothing():
    port = start_server()
    wire, breaker = protocol_2(port), protocol_2(port)
    hold_each(wire, MANY, "session 1")
    wire.send("LIST_JSON", "VERSION")
    with Neighbour(port) as neighbour:
        for first in range(0, MANY, 1000):
            names = " ".join(f"n{n}" for n in range(first, first + 1000))
            farm.equal(breaker.ask(f"locks {names}", "BREAK_LOCK")["locked"], "0")
    nobody_waits(neighbour, "locks of a session with a list that were broken")
    lost = 0
    while not (line := wire.line()).startswith("version "):
        lost += line.startswith("lost ")
    farm.equal(lost, MANY)


@tap.test
def reports_about_who_has_much_are_answered_at_no_cost_of_others(folder):
    server = Server(folder, "--pidstat-port", "none", state="none")
    hold_each(server.wire(source="127.0.0.2"), MANY, "hostname far", "pid 77", "autounlock 1",
              "job many")
    reporter = server.wire(source="127.0.0.3")
    with Neighbour(server.port) as neighbour:
        reporter.send(*20 * ["DEAD_JOB many 1"], *20 * ["DEAD_JOB many 1 near"])
        for _ in range(40):
            farm.equal(reporter.line(), "ended 0")
        reporter.send(*200 * ["DEAD_PID far 77"], "VERSION")
        farm.contains(reporter.line(), "version ")
    nobody_waits(neighbour, "reports about many locks")
    reporter.send("DEAD_JOB many")
    farm.equal(reporter.line(), "")
    farm.equal(reporter.line(), f"ended {MANY}")


@tap.test
def a_pool_that_is_named_again_and_again_is_looked_at_once(folder):
    seats = 500
    conf = os.path.join(folder, "lockerd.conf")
    with open(conf, "w", encoding="ascii") as out:
        out.write(f'pools = ( {{ name = "vcs"; names = ["vcs[1-{seats}]"]; }} );')
    port = start_server("--config", conf)
    wire = protocol_2(port)
    token = hold_each(wire, seats, "session 1",
                      names=[f"vcs{n + 1}" for n in range(seats)])["token"]
    pool = " ".join(1000 * ["vcs"])
    with Neighbour(port) as neighbour:
        status = wire.ask(f"locks {pool}", "STATUS")
        farm.equal(len(status["lockname"].split()), seats)
        farm.equal(wire.ask(f"RENEW {token}")["locked"], "1")
        farm.equal(wire.ask("LOCK")["locked"], "1")
        status = wire.ask(*["locks vcs"] + 500 * ["and vcs"], "STATUS")
        farm.contains(status["error"], "8 groups")
        status = wire.ask(*["locks vcs"] + 7 * ["and vcs"], "STATUS")
        farm.equal("error" in status, False)
        time.sleep(0.1)  # for one answer at least
    nobody_waits(neighbour, "a pool that was named a thousand times")


@tap.test
def limits_that_are_over_at_one_moment_are_seen_to_one_after_another(folder):
    server = Server(folder, "--pidstat-port", "none")
    port, wire = server.port, server.wire()
    count, end = 100_000, time.monotonic() + 20
    wire.send("user holder")
    for first in range(0, count, 500):
        wire.send(*(line for n in range(first, first + 500) for line in
                    (f"locks n{n}", f"timeout {max(end - time.monotonic(), 0.1):.3f}", "LOCK")))
        for _ in range(500):
            wire.status()
    assert time.monotonic() < end, "some were over before others were had"
    with Neighbour(port) as neighbour:
        time.sleep(max(end - time.monotonic(), 0) + 0.5)
        farm.poll(lambda: wire.ask(f"locks n{count - 1}", "STATUS")["locked"] == "0", "the end")
    nobody_waits(neighbour, "limits that are over at once")


@tap.test
def sessions_of_a_client_stand_for_a_bounded_number_of_grants():
    port = start_server("--max-client-locks", 100, "--max-client-waiters", 100)
    first = protocol_2(port)
    names = " ".join(f"n{n}" for n in range(100))
    token = first.ask("user a", "session 1", f"locks {names}", "count 100", "LOCK")["token"]
    sessions = []
    for _ in range(1600):
        sessions.append(protocol_2(port))
        status = sessions[-1].ask("user a", "session 1", f"locks {names}", f"RENEW {token}")
        farm.equal(status["locked"], "1")
        if "error" in status:
            break
    farm.contains(status["error"], "your sessions may stand for 1500 grants and waits")
    # By another connection all goes on, and one that is closed makes room.
    farm.equal("error" in first.ask("STATUS"), False)
    sessions[0].close()
    farm.poll(lambda: "error" not in sessions[-1].ask(f"RENEW {token}"), "room again")


@tap.test
def what_ends_by_itself_is_logged_ten_times_a_minute_for_each_client(folder):
    server = Server(folder, "--pidstat-port", "none", state="none")
    process = sleeper()
    ended = [f"pid {process.pid}", identity(process.pid)]
    process.kill()
    process.wait()
    wire = server.wire(source="127.0.0.2")
    wire.send("user over", "timeout 0.01")
    for n in range(100):
        wire.ask(f"locks over{n}", "LOCK")
    wire.send("user silent", "timeout 0", "autounlock 1", "lost-after 1")
    for n in range(100):
        wire.ask(f"locks silent{n}", "LOCK")
    wire.ask("user held", "locks held", "autounlock 0", "lost-after 0", "LOCK")
    for n in range(100):
        waiter = server.wire(source="127.0.0.2")
        waiter.send(f"user waiter{n}", "locks held", "block 1", "LOCK")
        farm.contains(waiter.line(), "print_waiting")
        waiter.close()
        session = server.wire(source="127.0.0.2")
        session.ask(f"user ended{n}", *ended, "session 1", f"locks ended{n}", "LOCK")
        session.close()
    kinds = ("as long as it may", "nothing was heard of silent", "did not come back", "has ended: releasing")
    # Waiters have ten seconds to come back.
    farm.poll(lambda: all(kind in server.log() for kind in kinds), "each kind is logged", 40)
    time.sleep(2)
    log = server.log()
    for kind in kinds:
        assert 0 < log.count(kind) <= 11, f"{log.count(kind)} lines of {kind!r}"


@tap.test
def lines_of_two_kinds_or_clients_do_not_make_room_for_each_other(folder):
    server = Server(folder, "--pidstat-port", "none", state="none")
    wires = [server.wire(source=f"127.0.1.{n}") for n in range(1, 101)]
    for n in range(15):
        for wire in wires:
            wire.send(f"user u{n}", f"locks x{n}", "LOCK", "BREAK_LOCK", f"OFFLINE x{n} 0",
                      f"ONLINE x{n}", "VERSION")
    for wire in wires:
        for _ in range(15):
            while not wire.line().startswith("version "):
                pass
    log = server.log()
    for kind, most in ((" was broken for ", 1000), (" says u", 2000)):
        assert 0 < log.count(kind) <= most, f"{log.count(kind)} lines of {kind!r}"


@tap.test
def who_comes_from_very_many_addresses_leaves_the_lines_of_others_in_the_log(folder):
    server = Server(folder, "--pidstat-port", "none", state="none")
    other = server.wire(source="127.0.0.2")
    other.send("OFFLINE first 0", "ONLINE first")
    farm.equal((other.line(), other.line()), ("offline 1", "offline 0"))
    for n in range(3000):
        wire = server.wire(source=f"127.0.{n // 250 + 1}.{n % 250 + 1}")
        wire.send("user loud", "locks x", *6 * ["LOCK", "BREAK_LOCK", "OFFLINE x 0", "ONLINE x"],
                  *6 * ["LOCK", "BREAK_LOCK"], "VERSION")
        while not wire.line().startswith("version "):
            pass
        wire.close()
    for n in range(8):
        other.send(f"OFFLINE other{n} 0")
        farm.equal(other.line(), "offline 1")
    log = server.log()
    farm.equal([n for n in range(8) if f"other{n} is offline" not in log], [])
    assert log.count(" says ") < 25_000, log.count(" says ")
    farm.stop(server.process)
    for who in ("clients too many to tell apart", "127.0.1.1"):
        farm.contains(server.log()[-200_000:], f" lines more of this kind, by {who}: ")


@tap.test
def refusals_that_are_repeated_are_paid_for_in_the_history(folder):
    server = Server(folder, "--pidstat-port", "none", "--client-history", 1000)
    wire = server.wire()
    wire.ask("user holder", "locks x", "LOCK")
    for first in range(0, 4000, 200):
        wire.send(*(line for n in range(first, first + 200)
                    for line in (f"user u{n}", "LOCK", "LOCK")))
        for _ in range(400):
            wire.status()
    server.process.terminate()
    server.process.wait()
    rows = sqlite3.connect(server.state).execute("SELECT count(*) FROM history").fetchone()[0]
    # A burst of 50 kB is 490 rows.
    assert rows < 1000, f"{rows} rows"


@tap.test
def what_the_connections_of_a_client_name_together_is_bounded(folder):
    server = Server(folder, "--pidstat-port", "none", "--max-output", "4M", state="none")
    names = " ".join(f"{n:200}".replace(" ", "x") for n in range(300))
    wires, status = [], {}
    while "error" not in status:
        assert len(wires) < 40, "there is no end to it"
        wires.append(server.wire(source="127.0.0.2"))
        status = wires[-1].ask(f"locks {names}", f"and {names}".replace("x", "y"), "STATUS")
    assert len(wires) > 5, status
    farm.contains(status["error"], "your connections may name 1048576 bytes together")
    farm.equal("error" in server.wire(source="127.0.0.3").ask(f"locks {names}", "STATUS"), False)
    farm.equal(wires[-1].ask("user a", "locks x", "LOCK")["locked"], "1")
    farm.equal(wires[0].ask("locks x", "STATUS")["locked"], "0")
    farm.equal("error" in wires[-1].ask(f"locks {names}", "STATUS"), False)


if __name__ == "__main__":
    farm.main()
