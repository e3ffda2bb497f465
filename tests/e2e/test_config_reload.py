#!/usr/bin/env python3
"""Pools that change under many clients: nothing is lost, and no limit is passed."""

import os
import re
import signal
import threading

from support import farm, tap
from support.lockd import LOCKERD, serves
from support.wire import Wire

RELOADS = 1000 if os.environ.get("FARMLOCK_LONG") else 250
CLIENTS, USERS = 200, 10

# How many seats, how many for each user, whether there is a second pool.
VARIANTS = [(30, 3, True), (20, 2, True), (20, 3, False), (30, 2, False), (25, 3, True)]
SEATS_MOST, EACH_MOST = 30, 3


def text_of(variant):
    seats, each, has_other = variant
    return f"""
        groups = ( {{ name = "few"; users = ["u0", "u{each}"]; }} )
        pools = ( {{ name = "vcs"; seats = {seats};
            limits = ( {{ by = "user"; each = {each}; }}, {{ by = "user"; of = "group:few"; each = 1 }} );
            share = {{ by = "user"; weights = ( {{ of = "u1"; weight = {each} }} ) }};
            reserve = ( {{ seats = 1; users = "u2" }} ) }}
            {', { name = "dc"; seats = 4 }' if has_other else ''} )
    """


def write(path, text):
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path + ".new", 0o644)
    os.rename(path + ".new", path)


class Book:
    """What clients hold, as they were told."""

    def __init__(self):
        self.mutex, self.held, self.grants, self.faults = threading.Lock(), {}, 0, []

    def take(self, seat, user):
        with self.mutex:
            if seat in self.held:
                self.faults.append(f"{seat} is {self.held[seat]}'s and {user}'s")
            self.held[seat] = user
            self.grants += 1
            mine = [name for name, other in self.held.items() if other == user and name.startswith("vcs")]
            if len(mine) > EACH_MOST:
                self.faults.append(f"{user} has {mine}")
            if sum(name.startswith("vcs") for name in self.held) > SEATS_MOST:
                self.faults.append(f"{sorted(self.held)} are held")

    def give_back(self, seat):
        with self.mutex:
            del self.held[seat]


def work(port, number, book, stop):
    """Asks and gives back until told to stop; what it has asked for, it waits for."""
    user, pool = f"u{number % USERS}", "dc" if number % 10 == 9 else "vcs"
    wire = Wire(port)
    wire.send("proto 2", f"user h_{number}_{user}", "block 1")
    wire.line()
    while not stop.is_set():
        seat = wire.ask(f"locks {pool}", "LOCK")["lockname"]
        # Without the pool its name is that of a lock.
        assert re.fullmatch(pool + ("[0-9]*" if pool == "dc" else "[0-9]+"), seat), seat
        book.take(seat, user)
        farm.equal(wire.ask(f"locks {seat}", "STATUS")["owner"], f"h_{number}_{user}")
        book.give_back(seat)
        wire.ask(f"locks {seat}", "UNLOCK")


class Tail:
    """Lines of a log as they come."""

    def __init__(self, path):
        self.file = open(path, encoding="utf-8")  # pylint: disable=consider-using-with
        self.text = ""
        farm.at_end(self.file.close)

    def has_another(self, words):
        self.text += self.file.read()
        _, found, self.text = self.text.rpartition(words) if words in self.text else ("", "", self.text)
        return found != ""


@tap.test
def reloads_under_load_lose_nothing_and_pass_no_limit(folder):
    port, log, conf = farm.free_port(), f"{folder}/log", f"{folder}/lockerd.conf"
    write(conf, text_of(VARIANTS[0]))
    with open(log, "ab") as err:
        server = farm.start(LOCKERD, "--nofork", "--config", conf, "--state", "none", "--port", port, stderr=err)
    farm.poll(lambda: serves(port), "it serves")
    book, stop, broken, tail = Book(), threading.Event(), [], Tail(log)

    def guarded(number):
        try:
            work(port, number, book, stop)
        except Exception as fault:  # pylint: disable=broad-except
            broken.append(f"client {number}: {fault!r}")

    threads = [threading.Thread(target=guarded, args=(number,), daemon=True) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for i in range(1, RELOADS + 1):
        write(conf, text_of(VARIANTS[i % len(VARIANTS)]))
        server.send_signal(signal.SIGHUP)
        farm.poll(lambda: tail.has_another("was read anew"), "it is read anew")
        assert not broken and not book.faults, (broken[:3], book.faults[:3])
    farm.equal(RELOADS % len(VARIANTS), 0)  # the last one has both pools: nobody is left waiting
    stop.set()
    for thread in threads:
        thread.join(farm.PATIENCE_S)
        assert not thread.is_alive(), "a client waits for ever"
    farm.equal((broken, book.faults), ([], []))
    print(f"# {RELOADS} reloads, {book.grants} grants")
    assert book.grants > CLIENTS
    wire = Wire(port)
    wire.send("LOCK_LIST")
    farm.equal(wire.line(), "")


if __name__ == "__main__":
    farm.main()
