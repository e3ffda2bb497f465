#!/usr/bin/python3
"""lockerd's state: what comes back after a restart, and what it refuses to begin with."""

import os
import signal
import socket
import sqlite3
import stat
import subprocess
import time

from support import farm, tap
from support.layouts import make_earlier
from support.lockd import LOCKERD, Server, refused, serves
from support.wire import Wire


def read_file(path):
    with open(path, encoding="ascii") as text:
        return text.read().strip()


BOOT = read_file("/proc/sys/kernel/random/boot_id")


def sleeper():
    return farm.start("sleep", "1000")


def identity(pid, boot=BOOT):
    """The lines that name a process of this host as the owner's."""
    with open(f"/proc/{pid}/stat", encoding="latin-1") as stat_file:
        start = stat_file.read().rpartition(")")[2].split()[19]
    return [f"hostname {socket.gethostname()}", f"pid {pid}",
            f"process {start} {boot} {os.stat('/proc/self/ns/pid').st_ino}"]


def end(process):
    process.kill()
    process.wait()


@tap.test
def locks_and_tokens_come_back(folder):
    server = Server(folder)
    wire = server.wire()
    first = wire.ask("user ann", "locks a", "LOCK")
    wire.ask("user bob", "locks b c", "and d", "LOCK")
    server.restart()
    farm.equal(server.held(), {"a": "ann", "b": "bob", "d": "bob"})
    wire = server.wire()
    farm.equal(wire.ask("user ann", "locks a", "LOCK"), first)
    assert int(wire.ask("user cat", "locks e", "LOCK")["token"]) > int(first["token"]) + 1


@tap.test
def tokens_grow_over_an_orderly_restart_though_nothing_is_held(folder):
    server = Server(folder)
    token = int(server.wire().ask("user ann", "locks a", "LOCK")["token"])
    server.wire().ask("user ann", "locks a", "UNLOCK")
    farm.stop(server.process)
    farm.equal(server.process.returncode, 0)
    server.start()
    assert int(server.wire().ask("user ann", "locks a", "LOCK")["token"]) > token


@tap.test
def a_part_of_a_grant_that_was_given_back_stays_free(folder):
    server = Server(folder)
    wire = server.wire()
    wire.ask("user ann", "locks a b c", "count 3", "LOCK")
    wire.ask("locks b", "UNLOCK")
    server.restart()
    farm.equal(server.held(), {"a": "ann", "c": "ann"})


@tap.test
def waiters_keep_their_order(folder):
    server = Server(folder)
    server.wire().ask("user holder", "locks a", "LOCK")
    for user in ("one", "two", "three"):
        wire = server.wire()
        wire.send(f"user {user}", "locks a", "block 1", "LOCK")
        wire.line()
    server.restart()
    later = {}
    for user in ("new", "three", "one", "two"):
        later[user] = server.wire()
        later[user].send(f"user {user}", "locks a", "block 1", "LOCK")
        farm.equal(later[user].line(), "print_waiting holder")
        later[user].line()
    server.wire().ask("user holder", "locks a", "UNLOCK")
    for user in ("one", "two", "three", "new"):
        farm.equal(later[user].line(), "print_obtained")
        farm.equal(later[user].status()["owner"], user)
        later[user].ask("UNLOCK")


@tap.test
def a_place_is_kept_for_a_while_and_no_longer(folder):
    server = Server(folder)
    server.wire().ask("user holder", "locks a", "LOCK")
    waiter = server.wire()
    waiter.send("user waiter", "locks a", "block 1", "LOCK")
    waiter.line()
    begun = time.monotonic()
    server.restart("--requeue-grace", "3")
    other = server.wire()
    other.send("user other", "locks a", "block 1", "LOCK")
    other.line()
    farm.equal(other.line().split()[:2], ["queue", "2"])
    server.wire().ask("user holder", "locks a", "UNLOCK")
    farm.equal(other.line(), "print_obtained")
    assert time.monotonic() - begun >= 3
    farm.contains(server.log(), "waiter did not come back")


@tap.test
def an_orderly_stop_keeps_the_queue_too(folder):
    server = Server(folder)
    server.wire().ask("user holder", "locks a", "LOCK")
    waiter = server.wire()
    waiter.send("user waiter", "locks a", "block 1", "LOCK")
    waiter.line()
    farm.stop(server.process)
    server.start()
    farm.contains(server.log(), "1 locks are held and 1 requests wait")


@tap.test
def the_hold_limit_goes_on_while_the_server_is_down(folder):
    server = Server(folder)
    server.wire().ask("user ann", "locks a", "timeout 0.5", "LOCK")
    server.wire().ask("user bob", "locks b", "timeout 1000", "LOCK")
    server.kill()
    time.sleep(0.6)
    server.start()
    farm.poll(lambda: server.held() == {"b": "bob"}, "the limit is over")
    farm.contains(server.log(), "held by ann as long as it may")


@tap.test
def an_owner_that_ended_meanwhile_is_released_at_once(folder):
    server = Server(folder)
    gone, here = sleeper(), sleeper()
    for user, process in (("gone", gone), ("here", here)):
        server.wire().ask(f"user {user}", *identity(process.pid), "autounlock 1",
                          f"locks of-{user}", "LOCK")
    waiter = server.wire()
    waiter.send("user waiter", *identity(gone.pid), "autounlock 1", "locks of-here", "block 1",
                "LOCK")
    waiter.line()
    server.kill()
    end(gone)
    server.start()
    farm.equal(server.held(), {"of-here": "here"})
    end(here)
    farm.poll(lambda: server.held() == {}, "the other one is watched again")


@tap.test
def owners_of_an_earlier_boot_of_this_machine_are_released(folder):
    server = Server(folder)
    process = sleeper()
    boots = {"earlier": "00000000-0000-4000-8000-000000000001",
             "foreign": "00000000-0000-4000-8000-000000000002"}
    for user, boot in boots.items():
        server.wire().ask(f"user {user}", *identity(process.pid, boot), "autounlock 1",
                          f"locks of-{user}", "LOCK")
    server.wire().ask("user kept", *identity(process.pid, boots["earlier"]), "autounlock 0",
                      "locks of-kept", "LOCK")
    server.kill()
    # As the server of that boot would have written it.
    with sqlite3.connect(server.state) as state:
        host = state.execute("SELECT host FROM state").fetchone()[0]
        state.execute("UPDATE state SET host = ?", (host.replace(BOOT, boots["earlier"]),))
    state.close()
    if host.startswith("- "):
        raise tap.Lacks("a container, or no machine-id(5): nothing proves that this machine has booted")
    server.start()
    farm.equal(server.held(), {"of-foreign": "foreign", "of-kept": "kept"})
    farm.contains(server.log(), "booted since")


@tap.test
def the_parent_starts_a_killed_server_again_with_its_state(folder):
    port, state = farm.free_port(), f"{folder}/state.db"
    started = farm.run(LOCKERD, "--port", port, "--state", state, "--pid-file", f"{folder}/pid",
                       "--log", f"{folder}/log")
    farm.equal(started.returncode, 0)
    parent = int(read_file(f"{folder}/pid"))
    farm.at_end(lambda: os.kill(parent, signal.SIGTERM))
    Wire(port).ask("user ann", "locks a", "LOCK")
    child = int(read_file(f"/proc/{parent}/task/{parent}/children"))
    os.kill(child, signal.SIGKILL)

    def is_back():
        try:
            return Wire(port).ask("user x", "locks a", "STATUS") == {"owner": "ann", "locked": "0"}
        except (OSError, AssertionError):
            return False
    farm.poll(is_back, "the lock is held still")


@tap.test
def the_default_place_is_below_XDG_STATE_HOME(folder):
    if os.geteuid() == 0:
        command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", LOCKERD]
        os.chown(folder, 65534, 65534)
    else:
        command = [LOCKERD]
    port = farm.free_port()
    farm.start(*command, "--nofork", "--port", port, stderr=subprocess.DEVNULL,
               env=farm.environment(XDG_STATE_HOME=f"{folder}/xdg"))
    farm.poll(lambda: serves(port), "lockerd serves")
    made = os.stat(f"{folder}/xdg/farmlock")
    farm.equal(stat.S_IMODE(made.st_mode), 0o700)
    farm.equal(stat.S_IMODE(os.stat(f"{folder}/xdg/farmlock/lockerd.db").st_mode), 0o640)


@tap.test
def a_second_server_on_the_same_file_is_refused(folder):
    server = Server(folder)
    os.symlink(server.state, f"{folder}/link.db")
    for path in (server.state, f"{folder}/link.db"):
        farm.contains(refused("--state", path), "is in use by another lockerd (process "
                                                f"{server.process.pid})")
    server.kill()
    server.start()


@tap.test
def a_file_of_a_later_version_is_refused_and_left_alone(folder):
    server = Server(folder)
    farm.stop(server.process)
    with sqlite3.connect(server.state) as state:
        state.execute("PRAGMA user_version = 1000")
    state.close()
    with open(server.state, "rb") as before:
        content = before.read()
    farm.contains(refused("--state", server.state, "--move-corrupt-state"),
                  "was written by a later version of lockerd (layout 1000")
    with open(server.state, "rb") as after:
        farm.equal(after.read() == content, True)


@tap.test
def a_file_of_version_1_is_brought_up_to_date(folder):
    path = f"{folder}/state.db"
    with sqlite3.connect(path) as state:
        state.executescript("""
            CREATE TABLE state(id INTEGER PRIMARY KEY, next_ticket INTEGER NOT NULL,
              next_token INTEGER NOT NULL, host TEXT NOT NULL);
            INSERT INTO state VALUES(1, 8, 9, '');
            CREATE TABLE probe(id INTEGER PRIMARY KEY, filling BLOB);
            CREATE TABLE requests(ticket INTEGER PRIMARY KEY, token INTEGER NOT NULL,
              owner TEXT NOT NULL, host TEXT, boot TEXT, job TEXT, pid INTEGER NOT NULL,
              start INTEGER NOT NULL, pid_namespace INTEGER NOT NULL, autounlock INTEGER NOT NULL,
              asked_ms INTEGER NOT NULL, granted_ms INTEGER NOT NULL, hold_ms INTEGER NOT NULL,
              deadline_ms INTEGER NOT NULL, demand TEXT NOT NULL);
            INSERT INTO requests VALUES(7, 8, 'ann', NULL, NULL, NULL, 0, 0, 0, 0, 1, 2, 0,
              9223372036854775807, '2 a b');
            PRAGMA application_id = 1718447211;
            PRAGMA user_version = 1;""")
    state.close()
    server = Server(folder, state=path)
    farm.equal(server.held(), {"a": "ann", "b": "ann"})
    farm.equal(server.wire().ask("user bob", "locks c", "LOCK")["token"], "9")
    server.wire().ask("user ann", "locks a b", "UNLOCK")
    farm.stop(server.process)
    with sqlite3.connect(path) as state:
        farm.equal(state.execute("SELECT count(*) FROM history").fetchone(), (2,))
    state.close()


@tap.test
def a_file_of_version_7_is_brought_up_to_date(folder):
    """Nobody shared anything then."""
    server = Server(folder)
    server.wire().ask("user ann", "locks a", "LOCK")
    farm.stop(server.process)
    make_earlier(server.state, 7)
    server.start()
    farm.equal(server.held(), {"a": "ann"})
    server.wire().ask("user bob", "locks r", "shared 1", "LOCK")
    server.wire().ask("user cid", "locks r", "shared 1", "LOCK")
    server.restart()
    farm.equal(server.wire().ask("locks r", "STATUS")["owner"], "bob")
    farm.stop(server.process)
    with sqlite3.connect(server.state) as state:
        farm.equal(state.execute("SELECT owner FROM requests WHERE demand = '1r r'").fetchall(),
                   [("bob",), ("cid",)])
        assert state.execute("PRAGMA user_version").fetchone()[0] > 7
    state.close()


@tap.test
def a_file_of_version_8_is_brought_up_to_date(folder):
    """Nothing was kept for a while then."""
    server = Server(folder)
    server.wire().ask("user ann", "locks a", "shared 1", "LOCK")
    farm.stop(server.process)
    make_earlier(server.state, 8)
    server.start()
    farm.equal(server.held(), {"a": "ann"})
    server.wire().ask("user ann", "locks a", "UNLOCK")
    server.wire().ask("user bob", "locks b", "keep 600", "LOCK")
    server.wire().ask("user bob", "locks b", "UNLOCK")
    server.restart()
    farm.equal(server.held(), {"b": "bob"})


@tap.test
def what_is_no_state_file_is_refused_and_left_alone(folder):
    with sqlite3.connect(f"{folder}/other.db") as other:
        other.execute("CREATE TABLE mine(x)")
    other.close()
    farm.contains(refused("--state", f"{folder}/other.db", "--move-corrupt-state"),
                  "is a database, but not lockerd's")
    farm.contains(refused("--state", folder), "is not a file")


@tap.test
def a_file_of_another_user_is_refused_and_the_reason_said(folder):
    state = f"{folder}/lockerd.db"
    with open(state, "wb"):
        os.chmod(state, 0o400)
    # Without this capability root is a user like others.
    before = ["setpriv", "--bounding-set=-dac_override"] if os.geteuid() == 0 else []
    done = farm.run(*before, LOCKERD, "--nofork", "--port", farm.free_port(), "--state", state)
    farm.equal(done.returncode, 71)
    farm.contains(done.stderr, f"cannot write the state file {state}: Permission denied; ")


def damage(path):
    """Writes over everything behind the header."""
    with open(path, "r+b") as state:
        size = os.fstat(state.fileno()).st_size
        state.seek(100)
        state.write(b"\x55" * (size - 100))


@tap.test
def a_damaged_file_is_refused_until_it_is_moved_aside(folder):
    server = Server(folder)
    old = int(server.wire().ask("user ann", "locks a", "LOCK")["token"])
    farm.stop(server.process)
    damage(server.state)
    complaint = refused("--state", server.state)
    farm.contains(complaint, "is damaged")
    farm.contains(complaint, "--move-corrupt-state")
    server.start("--move-corrupt-state")
    farm.equal(server.held(), {})
    aside = [name for name in os.listdir(os.path.dirname(server.state)) if ".corrupt-" in name]
    farm.equal(len(aside), 1)
    assert int(server.wire().ask("user bob", "locks a", "LOCK")["token"]) > old
    server.restart()
    farm.equal(server.held(), {"a": "bob"})


@tap.test
def nonsense_in_the_file_is_damage(folder):
    for number, nonsense in enumerate(("demand = '2 a'", "demand = ''", "demand = '1 a\n1 a'",
                                       "demand = '1 b', token = 7", "demand = '1  a'")):
        path = f"{folder}/{number}.db"
        server = Server(folder, state=path)
        wire = server.wire()
        wire.ask("user ann", "locks a", "LOCK")
        wire.ask("user bob", "locks b", "LOCK")
        farm.stop(server.process)
        with sqlite3.connect(path) as state:
            state.execute(f"UPDATE requests SET {nonsense} WHERE owner = 'ann'")
        state.close()
        farm.contains(refused("--state", path), "is damaged")


@tap.test
def options_of_the_state_are_checked(folder):
    for option, value in (("--durability", "some"), ("--history", "90x"), ("--history", ""),
                          ("--state", ""),
                          ("--requeue-grace", "-1")):
        where = () if option == "--state" else ("--state", f"{folder}/s")
        result = farm.run(LOCKERD, "--nofork", *where, option, value)
        farm.equal(result.returncode, 64)
        farm.contains(result.stderr, option)
    farm.contains(refused("--state", "/proc/nowhere/lockerd.db"), "/proc/nowhere/lockerd.db")


if __name__ == "__main__":
    farm.main()
