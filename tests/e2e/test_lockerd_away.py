#!/usr/bin/python3
"""Classic waiters whose connection has closed: they keep their place, and hold nobody up."""

import json
import socket
import time

from support import farm, tap
from support.lockd import Server, listing, sleeper, start_server
from support.wire import Wire


def ask(port, user, *lines, lock="q", block=1):
    wire = Wire(port)
    wire.send(f"user {user}", f"locks {lock}", f"block {block}", *lines, "LOCK")
    return wire


def hold(port, user="holder", lock="q"):
    wire = ask(port, user, lock=lock)
    farm.equal(wire.status()["locked"], "1")
    return wire


def wait(port, user, *lines, holder="holder", lock="q"):
    wire = ask(port, user, *lines, lock=lock)
    farm.equal(wire.line(), f"print_waiting {holder}")
    return wire


def waiters(port):
    return [waiter["owner"] for waiter in json.loads(listing(port))["waiters"]]


def leave(wire, port, user, lock="q"):
    """Closes a waiter's connection, and waits until the server has seen that."""
    def queued():
        return next(each["waiting"] for each in json.loads(listing(port))["locks"]
                    if each["name"] == lock)
    before = queued()
    wire.close()
    farm.poll(lambda: queued() == before - 1, f"{user} has left the queue")
    farm.contains(waiters(port), user)


def expect_served(wire, user):
    farm.equal(wire.line(), "print_obtained")
    farm.equal(wire.status()["owner"], user)


@tap.test
def it_is_served_before_who_came_behind_it():
    port = start_server()
    holder = hold(port)
    ann, bob = wait(port, "ann"), wait(port, "bob")
    cat = wait(port, "cat")
    leave(ann, port, "ann")
    leave(bob, port, "bob")
    bob, ann = wait(port, "bob"), wait(port, "ann")
    for user, wire in (("ann", ann), ("bob", bob), ("cat", cat)):
        holder.ask("UNLOCK")
        expect_served(wire, user)
        holder = wire


@tap.test
def nobody_is_held_up_for_it():
    port = start_server()
    holder = hold(port)
    ann = wait(port, "ann")
    cat = wait(port, "cat")
    leave(ann, port, "ann")
    holder.ask("UNLOCK")
    expect_served(cat, "cat")
    farm.equal(cat.ask("UNLOCK"), {"owner": "", "locked": "0"})
    farm.equal(ask(port, "dan", block=0).status()["locked"], "1")
    # It may come back, and have it behind dan.
    ann = wait(port, "ann", holder="dan")
    Wire(port).ask("user dan", "locks q", "UNLOCK")
    expect_served(ann, "ann")


@tap.test
def a_free_lock_is_had_on_return():
    port = start_server()
    holder = hold(port)
    for block in (0, 1):
        leave(wait(port, "ann"), port, "ann")
        holder.ask("UNLOCK")
        ann = ask(port, "ann", block=block)
        farm.equal(ann.status()["locked"], "1")
        ann.ask("UNLOCK")
        holder = hold(port)


@tap.test
def it_is_given_up_after_ten_seconds():
    port = start_server()
    hold(port)
    ann = wait(port, "ann")
    begun = time.monotonic()
    leave(ann, port, "ann")
    farm.poll(lambda: waiters(port) == [], "it is given up")
    assert time.monotonic() - begun >= 9.9


@tap.test
def who_asks_for_something_else_is_not_in_his_own_way():
    port = start_server()
    hold(port)
    hold(port, "other", "r")
    leave(wait(port, "ann", lock="q r"), port, "ann")
    ann = wait(port, "ann", lock="r", holder="other")
    farm.equal(waiters(port), ["ann"])
    leave(ann, port, "ann", "r")
    farm.equal(ask(port, "ann", lock="s r").status()["lockname"], "s")
    farm.equal(waiters(port), [])


@tap.test
def another_process_of_its_name_is_not_taken_for_it():
    port = start_server()
    hold(port)
    first, second = sleeper(), sleeper()

    def who(process):
        return f"hostname {socket.gethostname()}", f"pid {process.pid}", "autounlock 1"
    leave(wait(port, "ann", *who(first)), port, "ann")
    wait(port, "bob")
    ann = wait(port, "ann", *who(second))
    farm.equal(waiters(port), ["bob", "ann"])
    # One whose process has ended does not come back.
    leave(ann, port, "ann")
    second.kill()
    farm.poll(lambda: waiters(port) == ["bob"], "its end is seen")


@tap.test
def who_gives_up_on_another_connection_has_no_place():
    port = start_server()
    hold(port)
    leave(wait(port, "ann"), port, "ann")
    Wire(port).ask("user ann", "locks q", "UNLOCK")
    farm.equal(waiters(port), [])


@tap.test
def who_needs_several_locks_has_no_place_without_a_session():
    port = start_server()
    hold(port)
    wire = Wire(port)
    wire.send("proto 2", "user ann", "locks q r", "count 2", "block 1", "LOCK")
    for _ in range(3):
        wire.line()
    wire.close()
    farm.poll(lambda: waiters(port) == [], "it is given up")


@tap.test
def a_restart_keeps_its_place(folder):
    server = Server(folder)
    hold(server.port)
    leave(wait(server.port, "ann"), server.port, "ann")
    wait(server.port, "bob")
    server.restart()
    farm.equal(waiters(server.port), ["ann", "bob"])
    bob, ann = wait(server.port, "bob"), wait(server.port, "ann")
    Wire(server.port).ask("user holder", "locks q", "UNLOCK")
    expect_served(ann, "ann")
    ann.ask("UNLOCK")
    expect_served(bob, "bob")


@tap.test
def nobody_is_held_up_for_it_behind_a_restart(folder):
    server = Server(folder)
    hold(server.port)
    leave(wait(server.port, "ann"), server.port, "ann")
    # The place is safe when somebody has been told of a later change.
    hold(server.port, "other", "r")
    server.restart()
    cat = wait(server.port, "cat")
    Wire(server.port).ask("user holder", "locks q", "UNLOCK")
    expect_served(cat, "cat")
    farm.equal(waiters(server.port), ["ann"])


if __name__ == "__main__":
    farm.main()
