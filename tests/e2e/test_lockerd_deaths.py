#!/usr/bin/python3
"""What lockerd tells of holders that may have ended, and which reports of that it believes."""

import os

from support import farm, tap
from support.lockd import identity, session_of, sleeper, start_server
from support.wire import Wire

BOOT = "01234567-89ab-cdef-0123-456789abcdef"
INSIDE, BESIDE = f"{BOOT} 4026539999", f"{BOOT} 4026538888"  # two containers of one machine
HOLDER = ("pid 77", f"process 700 {INSIDE}")


def speak(port, user, *lines, session=1):
    """A connection of protocol 2, with its settings for one lock."""
    wire = Wire(port)
    wire.send("proto 2", f"user {user}", "hostname inside", *lines, f"session {session}", "locks q")
    farm.equal(wire.line(), "proto 2")
    return wire


def start_with_seats(folder, count):
    conf = os.path.join(folder, "lockerd.conf")
    with open(conf, "w", encoding="ascii") as out:
        out.write(f'pools = ( {{ name = "q"; seats = {count}; }} );\n')
    return start_server("--config", conf)


def held(port):
    return Wire(port).ask("locks q", "STATUS")["owner"]


@tap.test
def a_refusal_names_the_process_to_its_neighbours():
    port = start_server()
    farm.equal(speak(port, "ann", *HOLDER).ask("LOCK")["locked"], "1")
    for namespace, told in ((INSIDE, "q inside 77 2 700"), (BESIDE, "q inside 77 2")):
        answer = speak(port, "bob", "pid 78", f"process 800 {namespace}").ask("LOCK")
        farm.equal((answer["owner"], answer["locked"], answer["autounlock_check"]),
                   ("ann", "0", told))
    silent = speak(port, "cat", session=0).ask("LOCK")
    farm.equal(silent, {"owner": "ann", "locked": "0"})


@tap.test
def of_a_pool_only_neighbours_are_told(folder):
    port = start_with_seats(folder, 1)
    farm.equal(speak(port, "ann", *HOLDER).ask("LOCK")["lockname"], "q1")
    for name, namespace, told in (("q", INSIDE, "q1 inside 77 2 700"), ("q", BESIDE, None),
                                  ("q1", INSIDE, "q1 inside 77 2 700"), ("q1", BESIDE, "q1 inside 77 2")):
        answer = speak(port, "bob", "pid 78", f"process 800 {namespace}").ask(f"locks {name}", "LOCK")
        farm.equal((name, answer["locked"], answer.get("autounlock_check")), (name, "0", told))
    farm.equal(speak(port, "ann", *HOLDER).ask("locks r", "LOCK")["lockname"], "r")
    both = speak(port, "bob", "pid 78", f"process 800 {BESIDE}").ask("locks q", "and r", "LOCK")
    farm.equal(both["autounlock_check"], "r inside 77 2")
    classic = Wire(port).ask("user cat", "autounlock 1", "hostname beside", "pid 79", "locks q", "LOCK")
    farm.equal(classic["autounlock_check"], "q1 inside 77 2")


@tap.test
def of_a_crowd_so_many_are_told_however_often_it_is_named(folder):
    port = start_with_seats(folder, 300)
    crowd = speak(port, "ann", *HOLDER)
    for number in range(300):
        farm.equal(crowd.ask(f"user u{number}", f"pid {100 + number}", "LOCK")["locked"], "1")
    answer = speak(port, "bob", "pid 78", f"process 800 {INSIDE}").ask("locks" + " q" * 40, "LOCK")
    farm.equal((answer["locked"], answer["autounlock_check"].count(" inside ")), ("0", 256))


@tap.test
def a_neighbours_report_is_believed():
    port = start_server()
    holder = speak(port, "ann", *HOLDER)
    holder.ask("LOCK")
    bob = speak(port, "bob", "pid 78", f"process 800 {INSIDE}")
    bob.ask("LOCK")
    farm.equal(bob.ask("DEAD_PROCESS 77 700", "LOCK")["locked"], "1")
    # What its monitor gives back is not what another one has got.
    farm.equal(holder.ask("UNLOCK")["owner"], "bob")


@tap.test
def it_goes_to_who_waits_and_not_to_who_reports():
    port = start_server()
    speak(port, "ann", *HOLDER).ask("LOCK")
    waiter = speak(port, "cat")
    waiter.send("block 1", "LOCK")
    while not waiter.line().startswith("queue"):
        pass
    bob = speak(port, "bob", "pid 78", f"process 800 {INSIDE}")
    farm.equal(bob.ask("DEAD_PROCESS 77 700", "LOCK")["owner"], "cat")
    farm.equal(waiter.line(), "print_obtained")


@tap.test
def who_waits_can_report_while_it_waits():
    port = start_server()
    speak(port, "ann", *HOLDER).ask("LOCK")
    waiter = speak(port, "bob", "pid 78", f"process 800 {INSIDE}")
    waiter.send("block 1", "LOCK")
    farm.equal(waiter.line(), "autounlock_check q inside 77 2 700")
    farm.equal(waiter.line(), "print_waiting ann")
    waiter.line()
    waiter.send("DEAD_PROCESS 77 700")
    farm.equal(waiter.line(), "print_obtained")


@tap.test
def strangers_who_claim_a_pid_hide_no_circle():
    port = start_server("--max-waiters", "10000", "--client-cost", "0")
    crowd = speak(port, "eve", "pid 77", f"process 699 {INSIDE}", session=0)
    crowd.send(*(line for n in range(5000) for line in (f"locks e{n}", "LOCK")))
    for _ in range(5000):
        farm.equal(crowd.status()["locked"], "1")
    near = speak(port, "eve", "pid 77", f"process 700 {BESIDE}", session=0)
    near.send(*(line for n in range(100) for line in (f"locks f{n}", "LOCK")))
    for _ in range(100):
        farm.equal(near.status()["locked"], "1")
    farm.equal(speak(port, "ann", *HOLDER).ask("LOCK")["locked"], "1")
    inner = speak(port, "bob", "pid 78", f"process 800 {INSIDE}")
    inner.send("block 1", "LOCK")
    while not (inner.line() or "queue").startswith("queue"):
        pass
    inner.send("INSIDE process 77 700")
    farm.contains(inner.line() or "closed", "circle ")


@tap.test
def no_other_report_is_believed():
    port = start_server()
    speak(port, "ann", *HOLDER).ask("LOCK")
    for lines, report in (((f"process 800 {BESIDE}",), "77 700"), ((), "77 700"),
                          ((f"process 800 {INSIDE.replace('01', '02', 1)}",), "77 700"),
                          ((f"process 800 {INSIDE}",), "77 701"),
                          ((f"process 800 {INSIDE}",), "78 700"),
                          ((f"process 800 {INSIDE}",), "77 0"), ((f"process 800 {INSIDE}",), "77"),
                          ((f"process 800 {INSIDE}",), ""), ((f"process 800 {INSIDE}",), "77 x"),
                          ((f"process 800 {INSIDE}", "locks other"), "77 700")):
        liar = speak(port, "bob", "pid 78", *lines)
        liar.ask(*lines[1:], f"DEAD_PROCESS {report}", "STATUS")
        farm.equal(held(port), "ann")
    # Nor by the classic protocol, nor of one that did not ask for it.
    Wire(port).ask("locks q", "DEAD_PROCESS 77 700", "STATUS")
    farm.equal(held(port), "ann")
    other = speak(port, "dan", "pid 79", f"process 900 {INSIDE}", session=0)
    farm.equal(other.ask("autounlock 0", "locks kept", "LOCK")["locked"], "1")
    liar = speak(port, "bob", "pid 78", f"process 800 {INSIDE}")
    farm.equal(liar.ask("locks kept", "DEAD_PROCESS 79 900", "STATUS")["owner"], "dan")


@tap.test
def what_the_server_can_see_itself_it_does_not_ask():
    port = start_server()
    process, other = sleeper(), sleeper()
    holder = session_of(process, port, "ann", "q")
    holder.status()
    start = identity(process.pid).split()[1]
    liar = Wire(port)
    liar.send("proto 2", "user bob", f"pid {other.pid}", identity(other.pid), "session 1",
              "locks q", f"DEAD_PROCESS {process.pid} {start}", "LOCK")
    farm.equal(liar.line(), "proto 2")
    farm.equal(liar.status()["locked"], "0")
    process.kill()
    process.wait()
    farm.equal(liar.ask("LOCK")["locked"], "1")


@tap.test
def a_name_is_free_when_its_process_has_ended():
    """Two commands of one name, one behind the other: the session of the first is open yet."""
    port = start_server()
    first, second = sleeper(), sleeper()
    monitor = session_of(first, port, "ann", "q", 0)
    farm.equal(monitor.status()["locked"], "1")
    farm.equal(session_of(second, port, "ann", "q", 0).status()["error-code"], "denied")
    first.kill()
    first.wait()
    farm.equal(session_of(second, port, "ann", "q", 0).status()["locked"], "1")
    farm.equal(monitor.ask("UNLOCK")["locked"], "1")
    farm.equal(held(port), "ann")
    # Elsewhere a neighbour sees it.
    farm.equal(speak(port, "cat", *HOLDER).ask("locks r", "LOCK")["locked"], "1")
    again = speak(port, "cat", "pid 78", f"process 800 {INSIDE}")
    refusal = again.ask("locks r", "LOCK")
    farm.equal((refusal["error-code"], refusal["autounlock_check"]), ("denied", "r inside 77 2 700"))
    farm.equal(again.ask("DEAD_PROCESS 77 700", "LOCK")["locked"], "1")


if __name__ == "__main__":
    farm.main()
