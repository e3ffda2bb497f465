#!/usr/bin/python3
"""Who may do what with a lock: its user where that is proven, else whoever tells its process again."""

import json
import os
import shutil
import signal
import socket
import sqlite3

from support import farm, tap
from support.lockd import Server, identity, listing, session_of, sleeper, start_server
from support.users import as_user, needs_root, speak
from support.wire import Wire

# Users of no account: what is proven is a number.
ANN, BOB = 41001, 41002


def serve(folder, *options):
    os.chmod(folder, 0o755)
    path = os.path.join(folder, "socket")
    server = Server(folder, "--path", path, "--host", "localhost", "--pidstat-port", "none",
                    *options)
    server.options = ("--path", path, "--host", "localhost", "--pidstat-port", "none", *options)
    return server, lambda uid: speak(as_user(uid, lambda: Wire(path=path)))


def owner_lines(job):
    return (f"hostname {socket.gethostname()}", f"pid {job.pid}", identity(job.pid), "autounlock 1")


def refused(answer, code="not-owner"):
    farm.equal((answer.get("error-code"), "token" in answer), (code, False))
    return True


@tap.test
def a_token_is_told_to_the_owner_only():
    port = start_server()
    job = sleeper()
    holder = session_of(job, port, "job_7_ann", "x")
    token = holder.status()["token"]
    stranger = speak(Wire(port))
    seen = stranger.ask("user job_7_ann", "locks x", "STATUS")
    farm.equal(seen, {"owner": "job_7_ann", "locked": "1", "lockname": "x"})
    farm.equal(holder.ask("STATUS")["token"], token)
    # Who tells the same process again is taken for its monitor.
    monitor = speak(Wire(port))
    farm.equal(monitor.ask("user job_7_ann", "locks x", *owner_lines(job), "STATUS")["token"], token)


@tap.test
def a_process_that_was_told_is_to_be_told_again():
    port = start_server()
    job, other = sleeper(), sleeper()
    holder = session_of(job, port, "job_7_ann", "x")
    token = holder.status()["token"]
    told = owner_lines(job)
    word, start, *where = identity(job.pid).split()
    successor = " ".join((word, str(int(start) + 1), *where))
    # Host and pid alone would do on the process's own host, where the server looks which one it is.
    for number, lines in enumerate(((), told[:1], told[1:3], told[2:], owner_lines(other),
                                    told[:2] + (successor, "autounlock 1"))):
        stranger = speak(Wire(port))
        stranger.send("user job_7_ann", "locks x", *lines)
        assert refused(stranger.ask("UNLOCK")), number
        assert refused(stranger.ask(f"RENEW {token}")), number
        # Neither a shorter limit nor another job.
        assert refused(stranger.ask("timeout 0.001", "job slurm:1", "LOCK"), "denied"), number
    lock = json.loads(listing(port))["locks"][0]
    farm.equal((lock["pid"], lock["hold_limit_seconds"], lock["job"], lock["proof"]),
               (job.pid, 0, None, "claimed"))
    monitor = speak(Wire(port))
    farm.equal(monitor.ask("user job_7_ann", "locks x", *told, f"RENEW {token}")["token"], token)
    farm.equal(monitor.ask("UNLOCK")["locked"], "0")
    farm.equal(json.loads(listing(port))["locks"], [])


@tap.test
def a_dead_jobs_seat_is_not_kept_by_who_knows_its_name():
    port = start_server()
    job = sleeper()
    holder = session_of(job, port, "job_7_ann", "x")
    token = holder.status()["token"]
    keeper = speak(Wire(port))
    keeper.send("user job_7_ann", "locks x", "session 1")
    assert refused(keeper.ask(f"RENEW {token}"))
    assert refused(keeper.ask("LOCK"), "denied")
    job.kill()
    job.wait()
    holder.close()
    farm.poll(lambda: json.loads(listing(port))["locks"] == [], "the seat is free")


@tap.test
def who_told_nothing_goes_by_its_name_as_ever():
    port = start_server()
    farm.equal(Wire(port).lock("ann", "x")["locked"], "1")
    farm.equal(Wire(port).lock("ann", "x")["locked"], "1")
    farm.equal(Wire(port).ask("user ann", "locks x", "UNLOCK")["locked"], "0")
    # A classic client tells host and pid with each request.
    told = ("hostname elsewhere", "pid 7")
    farm.equal(Wire(port).lock("ann", "x", 0, *told)["locked"], "1")
    farm.contains(Wire(port).ask("user ann", "locks x", "UNLOCK")["error"], "another process")
    farm.equal(Wire(port).ask("user ann", "locks x", *told, "UNLOCK")["locked"], "0")


@tap.test
def a_users_lock_is_that_users(folder):
    needs_root()
    server, user = serve(folder)
    ann = user(ANN)
    token = ann.lock("shared", "x")["token"]
    lock = json.loads(listing(server.port))["locks"][0]
    farm.equal((lock["uid"], lock["proof"]), (ANN, "socket"))
    for other in (user(BOB), server.wire()):
        other.send("user shared", "locks x")
        assert refused(other.ask("LOCK"))
        assert refused(other.ask("UNLOCK"))
        assert refused(other.ask(f"RENEW {token}"))
        farm.equal("token" in other.ask("STATUS"), False)
        assert refused(other.ask("BREAK_LOCK"))
    # Another process of hers, and over a restart.
    server.restart(*server.options)
    farm.equal(user(ANN).ask("user shared", "locks x", f"RENEW {token}")["token"], token)
    assert refused(user(BOB).ask("user shared", "locks x", "UNLOCK"))
    farm.equal(user(ANN).ask("user shared", "locks x", "UNLOCK")["locked"], "0")
    farm.equal(server.held(), {})


@tap.test
def a_token_from_before_takes_nothing_from_its_owner(folder):
    needs_root()
    os.chmod(folder, 0o755)
    path, job = os.path.join(folder, "socket"), sleeper()
    # It remembers nothing: who renews what was granted by the one before takes it anew.
    port = start_server("--path", path, "--host", "localhost")
    ann = speak(as_user(ANN, lambda: Wire(path=path)))
    session = session_of(job, port, "shared", "y")
    tokens = {"x": ann.lock("shared", "x")["token"], "y": session.status()["token"]}
    for other in (speak(as_user(BOB, lambda: Wire(path=path))), speak(Wire(port))):
        for lock in ("x", "y"):
            other.send("user shared", f"locks {lock}")
            assert refused(other.ask("RENEW 1"))
            assert refused(other.ask("UNLOCK"))
    farm.equal({lock["name"]: lock["uid"] for lock in json.loads(listing(port))["locks"]},
               {"x": ANN, "y": None})
    farm.equal({"x": ann.ask("STATUS")["token"], "y": session.ask("STATUS")["token"]}, tokens)
    farm.equal(speak(Wire(port)).ask("user other", "locks z", "RENEW 1")["locked"], "1")


@tap.test
def a_users_job_is_ended_by_that_user_and_root_alone(folder):
    needs_root()
    server, user = serve(folder)
    user(ANN).lock("a", "x", 0, "job slurm:5")
    server.wire().lock("b", "y", 0, "job slurm:5")
    bob = user(BOB)
    bob.send("DEAD_JOB slurm:5")
    farm.equal(bob.line(), "ended 1")  # what nobody is proven to own
    farm.equal(server.held(), {"x": "a"})
    ann = user(ANN)
    told = ("hostname somewhere", "pid 7", "autounlock 1")
    ann.lock("p", "p", 0, *told)
    server.wire().lock("q", "q", 0, *told)
    bob.send("DEAD_PID somewhere 7")
    farm.poll(lambda: server.held() == {"x": "a", "p": "p"}, "only what was claimed is released")
    ann.send("DEAD_PID somewhere 7")
    farm.poll(lambda: server.held() == {"x": "a"}, "its user is believed")
    ann = user(ANN)
    ann.send("DEAD_JOB slurm:5")
    farm.equal(ann.line(), "ended 1")
    user(ANN).lock("a", "x", 0, "job slurm:5")
    root = speak(Wire(path=f"{folder}/socket"))
    root.send("DEAD_JOB slurm:5")
    farm.equal(root.line(), "ended 1")


@tap.test
def a_client_is_told_who_it_is_to_the_server(folder):
    needs_root()
    server, user = serve(folder)
    for wire, person in ((user(ANN), f"socket {ANN}"), (server.wire(), "claimed")):
        wire.send("WHOAMI")
        farm.equal(wire.line(), f"whoami {person}")
    classic = Wire(server.port)
    classic.send("WHOAMI", "VERSION")
    assert classic.line().startswith("version ")
    ping = farm.run(farm.program("lockersh"), "--ping", "--path", f"{folder}/socket")
    farm.equal(ping.stdout.splitlines()[1:], ["it knows you as uid 0, by its socket"])


@tap.test
def root_breaks_what_others_may_not_and_the_history_tells_who(folder):
    needs_root()
    server, user = serve(folder)
    user(ANN).lock("ann", "x")
    server.wire().lock("anybody", "y")
    assert refused(user(BOB).ask("user bob", "locks x", "BREAK_LOCK"))
    breaker = user(BOB)
    breaker.send("user bob", "locks y", "BREAK_LOCK")
    farm.equal(breaker.line(), "print_broke anybody")
    root = speak(Wire(path=f"{folder}/socket"))
    root.send("user admin", "locks x", "BREAK_LOCK")
    farm.equal(root.line(), "print_broke ann")
    asker = server.wire()
    asker.send("HISTORY 0 9999999999999 0 by")
    lines = []
    while not (line := asker.line()).startswith("history "):
        lines.append(line)
    farm.equal([line for line in lines if line.startswith("by ")],
               [f"by claimed - socket {BOB} - bob", f"by socket {ANN} socket 0 - admin"])
    farm.contains(server.log(), f"y was broken for bob (uid {BOB} by its socket)")
    farm.stop(server.process)
    with sqlite3.connect(server.state) as state:
        farm.equal(state.execute("SELECT lock, uid, how, by_uid, by_how, by_name FROM history"
                                 " ORDER BY id").fetchall(),
                   [("y", -1, 0, BOB, 1, "bob"), ("x", ANN, 1, 0, 1, "admin")])
    state.close()


@tap.test
def what_was_held_before_proofs_is_claimed(folder):
    path = f"{folder}/state.db"
    with sqlite3.connect(path) as state:
        # As 0.1.0 had it before it told users apart: layout 4.
        state.executescript("""
            CREATE TABLE state(id INTEGER PRIMARY KEY, next_ticket INTEGER NOT NULL,
              next_token INTEGER NOT NULL, host TEXT NOT NULL, boot TEXT NOT NULL DEFAULT '',
              base_ms INTEGER NOT NULL DEFAULT 0, seen_ms INTEGER NOT NULL DEFAULT 0,
              keep_until_ms INTEGER NOT NULL DEFAULT 0);
            INSERT INTO state VALUES(1, 8, 9, '', '', 0, 0, 0);
            CREATE TABLE probe(id INTEGER PRIMARY KEY, filling BLOB);
            CREATE TABLE requests(ticket INTEGER PRIMARY KEY, token INTEGER NOT NULL,
              owner TEXT NOT NULL, host TEXT, boot TEXT, job TEXT, pid INTEGER NOT NULL,
              start INTEGER NOT NULL, pid_namespace INTEGER NOT NULL, autounlock INTEGER NOT NULL,
              asked_ms INTEGER NOT NULL, granted_ms INTEGER NOT NULL, hold_ms INTEGER NOT NULL,
              deadline_ms INTEGER NOT NULL, demand TEXT NOT NULL,
              away INTEGER NOT NULL DEFAULT 0);
            INSERT INTO requests VALUES(7, 8, 'ann', NULL, NULL, NULL, 0, 0, 0, 0, 1, 2, 0,
              9223372036854775807, '1 a', 0);
            CREATE TABLE history(id INTEGER PRIMARY KEY, past INTEGER NOT NULL,
              reason INTEGER NOT NULL, lock TEXT NOT NULL, owner TEXT NOT NULL, login TEXT,
              host TEXT, job TEXT, pid INTEGER NOT NULL, ticket INTEGER NOT NULL,
              token INTEGER NOT NULL, asked_ms INTEGER NOT NULL, granted_ms INTEGER NOT NULL,
              ended_ms INTEGER NOT NULL);
            INSERT INTO history VALUES(1, 0, 1, 'old', 'bob', 'bob', NULL, NULL, 0, 1, 1, 1, 1,
              9999999999999);
            PRAGMA application_id = 1718447211;
            PRAGMA user_version = 4;""")
    state.close()
    server = Server(folder, state=path)
    lock = json.loads(listing(server.port))["locks"][0]
    farm.equal((lock["name"], lock["uid"], lock["proof"]), ("a", None, "claimed"))
    asker = server.wire()
    asker.send("HISTORY 0 9999999999999 0 by")
    asker.line()
    farm.equal(asker.line(), "by claimed - claimed - - -")
    # And nobody's: not root's.
    farm.equal(server.wire().ask("user ann", "locks a", "UNLOCK")["locked"], "0")
    farm.equal(server.held(), {})


@tap.test
def a_descriptor_that_was_passed_on_speaks_for_who_opened_it(folder):
    needs_root()
    server, user = serve(folder)
    # The test is root; the connection is Ann's, who gave it away.
    user(ANN).lock("ann", "x")
    lock = json.loads(listing(server.port))["locks"][0]
    farm.equal((lock["uid"], lock["proof"]), (ANN, "socket"))


@tap.test
def a_server_in_a_user_namespace_takes_nobody_for_root(folder):
    needs_root()
    if farm.run("unshare", "-U", "true").returncode != 0:
        raise tap.Lacks("this machine has no user namespaces")
    os.chmod(folder, 0o777)
    path, port = f"{folder}/socket", farm.free_port()
    # The build may be in a folder of root's own.
    lockerd = shutil.copy(farm.program("lockerd"), folder)
    options = ("--nofork", "--state", "none", "--path", path, "--host", "localhost", "--port", port,
               "--pidstat-port", "none")

    def start(*more):
        # Its creator is 0 there; everybody else is one and the same.
        server = farm.start("setpriv", "--reuid", ANN, "--regid", ANN, "--clear-groups", "unshare",
                            "-Ur", lockerd, *options, *more)
        farm.poll(lambda: os.path.exists(path) and farm.answers(port), "it serves")
        users = [speak(as_user(uid, lambda: Wire(path=path))) for uid in (ANN, BOB, BOB + 1)]
        for number, wire in enumerate(users):
            farm.equal(wire.lock(f"own{number}", f"x{number}")["locked"], "1")
        return server, users
    server, _ = start()
    locks = json.loads(listing(port))["locks"]
    farm.equal([(lock["proof"], lock["uid"]) for lock in locks],
               [("socket", 0), ("claimed", None), ("claimed", None)])
    farm.stop(server)
    # Nor may that creator do what only root may: it is no administrator of what is another's.
    _, users = start("--private")
    told = []
    for wire in users:
        wire.send("LOCK_LIST")
        told.append(wire.status()["lock"])
    farm.equal(told, ["x0 own0 x1 - x2 -"] + 2 * ["x0 - x1 - x2 -"])


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    farm.main()
