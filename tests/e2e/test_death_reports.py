#!/usr/bin/env python3
"""DEAD_PID of processes elsewhere: who is there is asked, and a report alone is believed where
nobody answers, of who was there."""

import os
import subprocess
import time

from support import farm, tap
from support.lockd import Server
from support.pidstat_help import ELSEWHERE, SILENT, Daemon, sleeper
from support.wire import Wire


def hold(server, pid, host, source=None):
    """As a classic client, which does not tell when its process has started."""
    farm.equal(server.wire(source).lock("ann", "seat", 0, "autounlock 1", f"pid {pid}",
                                  f"hostname {host}")["locked"], "1")


def owner(server):
    return server.wire().ask("user x", "locks seat", "STATUS")["owner"]


@tap.test
def who_lives_is_not_taken_for_dead(folder):
    server = Server(folder, "--pidstat-port", Daemon(folder).port)
    process = sleeper()
    hold(server, process.pid, ELSEWHERE)
    server.wire().send("user liar", f"DEAD_PID {ELSEWHERE} {process.pid}")
    farm.poll(lambda: "was reported dead by liar of 127.0.0.1, but lives" in server.log(),
              "the lie is found out")
    farm.equal(owner(server), "ann")
    process.kill()
    process.wait()
    farm.poll(lambda: owner(server) == "", "its end counts")


@tap.test
def where_nobody_answers_the_report_is_believed_after_a_while(folder):
    server = Server(folder, "--pidstat-port", Daemon(folder).port)
    hold(server, 77, SILENT)
    begun = time.monotonic()
    server.wire().send("user bob", f"DEAD_PID {SILENT} 78", f"DEAD_PID {SILENT} 77")
    farm.poll(lambda: owner(server) == "", "it is given back")
    took = time.monotonic() - begun
    assert took > 2, f"{took:.2f} s"
    farm.contains(server.log(), f"process 77 at {SILENT} was reported dead by bob of 127.0.0.1: 1")


@tap.test
def false_reports_delay_no_look_at_who_is_beside_the_liar(folder):
    server = Server(folder, "--pidstat-port", Daemon(folder).port)
    owners = [sleeper() for _ in range(50)]
    for number, process in enumerate(owners):
        server.wire().lock(f"o{number}", f"seat{number}", 0, "autounlock 1", f"pid {process.pid}",
                           f"hostname {ELSEWHERE}")
    liar = server.wire()

    def is_free_beside_the_liar():
        liar.send(*(f"DEAD_PID {ELSEWHERE} {process.pid}" for process in owners))
        return owner(server) == ""

    late = sleeper()
    server.wire().lock("late", "seat", 0, "autounlock 1", f"pid {late.pid}", f"hostname {ELSEWHERE}")
    farm.poll(lambda: is_free_beside_the_liar() or "but lives" in server.log(), "lies are asked about")
    begun = time.monotonic()
    late.kill()
    late.wait()
    farm.poll(is_free_beside_the_liar, "its end counts")
    took = time.monotonic() - begun
    print(f"# {took:.2f} s")
    assert took < 10, f"{took:.2f} s"


@tap.test
def who_came_after_the_report_is_not_meant(folder):
    server = Server(folder, "--pidstat-port", Daemon(folder).port)
    hold(server, 77, SILENT)
    wire = server.wire()
    wire.send(f"DEAD_PID {SILENT} 77")
    farm.poll(lambda: wire.ask("user x", "locks seat", "STATUS")["owner"] == "ann", "it was read")
    time.sleep(0.01)
    server.wire().lock("bob", "other", 0, "autounlock 1", "pid 77", f"hostname {SILENT}")
    farm.poll(lambda: owner(server) == "", "what was reported is given back")
    farm.equal(wire.ask("user x", "locks other", "STATUS")["owner"], "bob")


@tap.test
def a_server_stops_while_reports_are_looked_into(folder):
    server = Server(folder, "--pidstat-port", Daemon(folder).port)
    hold(server, 77, SILENT)
    wire = server.wire()
    for _ in range(300):
        wire.send(f"DEAD_PID {SILENT} 77")
    wire.ask("user x", "locks seat", "STATUS")
    farm.stop(server.process)
    farm.equal(server.process.returncode, 0)


HOLDER, HOST, STRANGER = "127.0.0.81", SILENT, "127.0.0.83"  # none is configured: not "here"


def is_kept(server, liar):
    said = f"was reported dead by {liar}, which nobody there says: kept"
    farm.poll(lambda: said in server.log(), "the report counts for nothing")
    farm.equal(owner(server), "ann")


@tap.test
def a_strangers_report_is_not_believed_where_nobody_answers(folder):
    server = Server(folder, "--pidstat-port", Daemon(folder).port)
    hold(server, 77, HOST, HOLDER)
    wire = server.wire(STRANGER)
    wire.send("user liar", f"DEAD_PID {HOST} 77", "EOF")
    is_kept(server, f"liar of {STRANGER}")
    classic = Wire(server.port, source=STRANGER)
    classic.send("user classic", f"DEAD_PID {HOST} 77")
    classic.close()
    is_kept(server, f"classic of {STRANGER}")


@tap.test
def who_comes_from_the_host_is_believed_where_no_pidstatd_is(folder):
    server = Server(folder, "--pidstat-port", Daemon(folder).port)
    hold(server, 77, HOST, HOLDER)
    Wire(server.port, source=HOST).send("user watcher", f"DEAD_PID {HOST} 77")
    farm.poll(lambda: owner(server) == "", "it is given back")


@tap.test
def where_nobody_is_asked_a_strangers_report_counts_for_nothing_either(folder):
    server = Server(folder, "--pidstat-port", "none")
    for name in (HOST, "nowhere.invalid"):
        hold(server, 77, name, HOLDER)
        server.wire(STRANGER).send(f"user {name}", f"DEAD_PID {name} 77")
        is_kept(server, f"{name} of {STRANGER}")
        server.wire(HOLDER).ask("user ann", "locks seat", f"hostname {name}", "pid 77", "UNLOCK")
    hold(server, 77, HOST, HOLDER)
    server.wire(HOST).send("user watcher", f"DEAD_PID {HOST} 77")
    farm.poll(lambda: owner(server) == "", "the host's own is believed")


@tap.test
def one_who_says_to_be_beside_a_process_is_not_believed_from_elsewhere(folder):
    """Boot and namespace of a process are no secret."""
    server = Server(folder, "--pidstat-port", "none")
    told = ("hostname box", "process 700 11111111-2222-3333-4444-555555555555 9")
    farm.equal(server.wire(HOLDER).lock("ann", "seat", 0, "autounlock 1", "pid 77",
                                        *told)["locked"], "1")
    for source, left in ((STRANGER, "ann"), (HOLDER, "")):
        beside = server.wire(source)
        beside.send("user bob", "locks seat", "pid 78", *told, "DEAD_PROCESS 77 700")
        farm.equal(beside.ask("STATUS")["owner"], left)


BOOT, OTHER_BOOT = "01234567-89ab-cdef-0123-456789abcdef", "11111111-2222-3333-4444-555555555555"
OF_HOST, OF_CONTAINER = f"{BOOT} 4026531836", f"{OTHER_BOOT} 4026539999"


def claim(server, source, user, host, pid, start, where=OF_HOST):
    said = server.wire(source).lock(user, user, 0, "autounlock 1", f"pid {pid}", f"hostname {host}",
                                    f"process {start} {where}")
    farm.equal(said["locked"], "1")


@tap.test
def strangers_who_claim_a_pid_hide_nobody_who_had_it(folder):
    server = Server(folder, "--pidstat-port", "none")
    for n in range(20):
        claim(server, STRANGER, f"eve{n}", "box", 77, n + 1)
    claim(server, HOLDER, "ann", "box", 77, 500)
    server.wire(HOLDER).send("user bob", "DEAD_PID box 77")
    farm.poll(lambda: "ann" not in server.held(), "it is given back")
    farm.equal(len(server.held()), 20)


@tap.test
def what_a_strangers_own_pidstatd_says_is_proof_for_nobody_else(folder):
    server = Server(folder, "--pidstat-port", Daemon(folder).port)
    claim(server, ELSEWHERE, "eve", SILENT, 77, 500, OF_CONTAINER)
    claim(server, HOLDER, "ann", SILENT, 77, 500)
    server.wire(ELSEWHERE).send("user liar", f"DEAD_PID {SILENT} 77")
    farm.poll(lambda: "eve" not in server.held(), "the liar's own ends")
    time.sleep(4)
    farm.equal(list(server.held()), ["ann"])


@tap.test
def another_users_report_through_the_servers_own_socket_is_a_strangers(folder):
    if os.getuid() != 0:
        raise tap.Lacks("only root can be somebody else")
    server = Server(folder, "--pidstat-port", "none", "--path", f"{folder}/socket")
    os.chmod(folder, 0o755)
    hold(server, 77, "nowhere.invalid", HOLDER)
    script = ("import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]);"
              "s.sendall(b'user nobody\\nDEAD_PID nowhere.invalid 77\\n')")
    subprocess.run(["setpriv", "--reuid=1234", "--clear-groups", "--regid=1234", "python3", "-c",
                    script, f"{folder}/socket"], check=True)
    is_kept(server, "nobody (uid 1234 by its socket)")
    root = Wire(path=f"{folder}/socket")
    root.send("user admin", "DEAD_PID nowhere.invalid 77")
    farm.poll(lambda: owner(server) == "", "an administrator is believed")


if __name__ == "__main__":
    farm.main()
