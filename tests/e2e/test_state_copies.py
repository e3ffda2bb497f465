#!/usr/bin/python3
"""Copies of lockerd's state as farmlock(7) has them made and put back, and files of every earlier layout."""

import glob
import os
import re
import shutil
import sqlite3
import threading

from support import farm, tap
from support.layouts import NEW, make_earlier
from support.lockd import Server, refused
from support.locking import Farm

HISTORY_SINCE = 2  # that layout
PAGE = os.path.join(farm.SOURCE, "share/man/man7/farmlock.7")


def commands(path, copy):
    """Those that the page shows for a copy, and for the tokens of one that is put back, for these files."""
    with open(PAGE, encoding="utf-8") as page:
        shown = re.findall(r"^\.Dl # (sqlite3 .*)$", page.read(), re.M)
    for line in shown:
        line = line.replace(r"\(dq", '"').replace(r"\(aq", "'")
        yield line.replace("/var/lib/lockerd/lockerd.db", path).replace("/backup/lockerd.db", copy)


def put_back(server, copy):
    """What is beside the file belongs to the one that it replaces."""
    for path in glob.glob(server.state + "*"):
        os.unlink(path)
    shutil.copy(copy, server.state)


class Busy(threading.Thread):
    """A client that changes something all the time."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.wire, self.ends, self.done = server.wire(), False, 0
        self.start()

    def run(self):
        while not self.ends:
            self.wire.ask("user busy", "locks often", "LOCK")
            self.wire.ask("UNLOCK")
            self.done += 1

    def stop(self):
        self.ends = True
        self.join()


@tap.test
def a_copy_that_is_made_while_it_runs_is_put_back(folder):
    if not shutil.which("sqlite3"):
        raise tap.Lacks("sqlite3")
    server = Server(folder)
    jobs = Farm(server.port)
    jobs.run("--lock", "once", "true")
    early, holder = jobs.hold("early"), jobs.hold("seat")
    waiters = [jobs.wait_for("seat") for _ in range(2)]
    before, token = jobs.locks()["seat"], jobs.token("seat")
    copy = f"{folder}/copy.db"
    make, raise_tokens = commands(server.state, copy)
    busy = Busy(server)
    farm.poll(lambda: busy.done, "the state changes")
    made = farm.run("sh", "-c", make)
    farm.equal((made.returncode, made.stderr), (0, ""))
    busy.stop()
    # What happens behind the copy is not in it.
    with open(f"{folder}/told", "wb") as told:
        late = jobs.start("--lock", "late", "--exec", "sleep", "1000", stderr=told)
        jobs.poll_held("late", late.pid)
    last = jobs.token("late")
    farm.stop(early)
    jobs.poll_free("early")
    farm.stop(server.process)
    farm.equal(farm.run("sh", "-c", raise_tokens).returncode, 0)
    put_back(server, copy)
    server.start()
    # Who has ended since is seen to have ended; who has got something since is told that he has lost it.
    # The busy one may have been in the midst of it.
    farm.poll(lambda: set(jobs.locks()) - {"often"} == {"seat"}, "the seat is held")
    after = jobs.locks()["seat"]
    farm.equal((after["owner"], after["held_since"], jobs.token("seat")),
               (before["owner"], before["held_since"], token))
    farm.poll(lambda: "was lost" in read(f"{folder}/told"), "the late one is told")
    farm.equal(late.poll(), None)
    farm.poll(lambda: [each["pid"] for each in jobs.waiters()] == [each.pid for each in waiters],
              "the queue is as it was")
    farm.stop(holder)
    farm.equal([waiter.wait(farm.PATIENCE_S) for waiter in waiters], [0, 0])
    jobs.hold("new")
    assert jobs.token("new") > last + 900_000_000, jobs.locks()
    report = farm.run(farm.program("lockreport"), "--state", copy, "--csv").stdout
    farm.contains(report, '\n"once",')


@tap.test
def after_a_loss_jobs_that_run_have_their_locks_again(folder):
    """What stands in the file's place is damaged, which begins with none."""
    server = Server(folder)
    jobs = Farm(server.port)
    holder = jobs.hold("seat")
    token = jobs.token("seat")
    farm.stop(server.process)
    for path in glob.glob(server.state + "*"):
        os.unlink(path)
    with open(server.state, "w", encoding="ascii") as lost:
        lost.write("lost\n")
    farm.contains(refused("--state", server.state), "is damaged")
    server.start("--move-corrupt-state")
    jobs.poll_held("seat", holder.pid)
    assert jobs.token("seat") > token, token
    farm.stop(holder)
    jobs.poll_free("seat")


def read(path):
    with open(path, encoding="utf-8") as text:
        return text.read()


def look(state, sql):
    with sqlite3.connect(state) as database:
        found = database.execute(sql).fetchall()
    database.close()
    return found


@tap.test
def a_file_of_every_earlier_layout_goes_on(folder):
    for layout in range(min(NEW) - 1, max(NEW)):
        print(f"# layout {layout}")
        path = f"{folder}/{layout}/lockerd.db"
        server = Server(folder, state=path)
        wire = server.wire()
        wire.ask("user old", "locks once", "LOCK")
        wire.ask("locks once", "UNLOCK")
        granted = server.wire().ask("user ann", "locks a", "LOCK")
        wire = server.wire()
        wire.send("user bob", "locks a", "block 1", "LOCK")
        wire.line()
        wire.line()
        farm.stop(server.process)
        make_earlier(path, layout)
        server.start()
        farm.equal(server.held(), {"a": "ann"})
        farm.equal(server.wire().ask("user ann", "locks a", "LOCK"), granted)
        # Who waited before goes before who asks first now.
        places = {}
        for user in ("new", "bob"):
            wire = server.wire()
            wire.send(f"user {user}", "locks a", "block 1", "LOCK")
            farm.equal(wire.line(), "print_waiting ann")
            places[user] = wire.line().split()[1]
        farm.equal(places, {"new": "2", "bob": "1"})
        server.wire().ask("user ann", "locks a", "UNLOCK")
        farm.equal(wire.line(), "print_obtained")
        farm.stop(server.process)
        farm.equal(look(path, "PRAGMA user_version"), [(max(NEW),)])
        farm.equal(look(path, "SELECT lock FROM history ORDER BY id"),
                   [("once",), ("a",)] if layout >= HISTORY_SINCE else [("a",)])


@tap.test
def a_file_of_the_next_layout_is_refused_and_serves_its_own_version_still(folder):
    server = Server(folder)
    server.wire().ask("user ann", "locks a", "LOCK")
    farm.stop(server.process)
    with sqlite3.connect(server.state) as state:
        state.execute(f"PRAGMA user_version = {max(NEW) + 1}")
    state.close()
    farm.contains(refused("--state", server.state),
                  f"was written by a later version of lockerd (layout {max(NEW) + 1}, this one "
                  f"knows up to {max(NEW)}); start that version")
    with sqlite3.connect(server.state) as state:
        state.execute(f"PRAGMA user_version = {max(NEW)}")
    state.close()
    server.start()
    farm.equal(server.held(), {"a": "ann"})


if __name__ == "__main__":
    farm.main()
