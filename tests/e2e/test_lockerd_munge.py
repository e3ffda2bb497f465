#!/usr/bin/python3
"""Proofs by MUNGE over TCP: what lockerd believes, and what it does not."""

import json
import os
import socket
import time

from support import farm, munged, tap
from support.lockd import Server, identity, listing, serves, sleeper
from support.munge_server import ANN, BOB, refused, serve
from support.munged import Munged
from support.proofs import Proof
from support.wire import Wire

tap.before_each(munged.require)


def locks_of(server):
    return {lock["name"]: lock for lock in json.loads(listing(server.port))["locks"]}


@tap.test
def a_credential_proves_its_user(folder):
    server, munge = serve(folder)
    ann = Proof(server.port, munge, ANN)
    farm.equal((ann.method, ann.more), ("munge", ["urgent"]))
    status = ann.ask("user ann", "locks x", "LOCK")
    farm.equal(("key" in status, "token" in status), (False, True))
    lock = locks_of(server)["x"]
    farm.equal((lock["uid"], lock["proof"]), (ANN, "munge"))
    # Another connection of hers, and another user.
    farm.equal(Proof(server.port, munge, ANN).ask("user ann", "locks x", "STATUS")["token"],
               status["token"])
    bob = Proof(server.port, munge, BOB)
    farm.equal(bob.ask("user ann", "locks x", "UNLOCK")["error-code"], "not-owner")
    farm.equal(bob.ask("BREAK_LOCK")["error-code"], "not-owner")
    farm.equal(bob.ask("LOCK")["error-code"], "not-owner")
    farm.equal(ann.ask("UNLOCK")["locked"], "0")
    # Root of this machine may.
    ann.ask("LOCK")
    root = Proof(server.port, munge, 0)
    root.send("user admin", "locks x", "BREAK_LOCK")
    farm.equal(root.line(), "print_broke ann")


@tap.test
def what_proves_nothing_is_refused(folder):
    server, munge = serve(folder)
    other = Munged(folder, "other")

    def attempt(make, code="proof-invalid"):
        wire = Proof(server.port)
        wire.send_raw(f"proof munge {make(wire)}", "user ann", "locks x", "LOCK")
        refused(wire, code)

    attempt(lambda wire: munge.credential(wire.payload(), ANN, BOB))  # made for another user
    attempt(lambda wire: munge.credential(wire.payload(), ANN, None))  # others can read it
    attempt(lambda wire: munge.credential(wire.payload(), ANN, (), "--cipher=none"))
    attempt(lambda wire: other.credential(wire.payload(), ANN))  # of another farm
    attempt(lambda wire: munge.credential("slurm", ANN))  # another program's
    attempt(lambda wire: munge.credential(wire.payload() + "0", ANN))
    attempt(lambda wire: munge.credential(f"farmlock-1 {bytes(16).hex()} {wire.key.hex()}", ANN))
    for garbage in ("", "MUNGE:", "MUNGE:AAAA:", "MUNGE:" + 5000 * "A" + ":", "x", 9000 * "M"):
        attempt(lambda wire, text=garbage: text)
    farm.equal(locks_of(server), {})
    # A nonce is good for one proof, of one connection.
    ann = Proof(server.port, munge, ANN)
    farm.equal(ann.ask("user ann", "locks x", "LOCK")["locked"], "1")
    ann.send_raw(f"proof munge {munge.credential(ann.payload(), ANN)}")
    refused(ann)
    # One that was used, here or anywhere.
    first = Proof(server.port)
    credential = munge.credential(first.payload(), ANN)
    first.prove(credential)
    farm.equal(first.ask("user ann", "locks y", "LOCK")["locked"], "1")
    second = Proof(server.port)
    second.send_raw(f"proof munge {credential}")
    refused(second)
    # Nobody proves anything without having asked for a nonce, or what was not asked for.
    wire = server.wire()
    wire.send("proof munge " + munge.credential("x"))
    farm.equal(wire.line(), "error-code proof-invalid")
    for line in ("proof", "proof tls x", "proof grant", "proof grant x", "proof grant -1"):
        wire = Proof(server.port)
        wire.send_raw(line)
        refused(wire)


@tap.test
def a_credential_of_another_time_is_told_apart(folder):
    server, munge = serve(folder)
    wire = Proof(server.port)
    credential = munge.credential(wire.payload(), ANN, (), "--ttl=1")
    time.sleep(2.2)  # the second that it is good for
    wire.send_raw(f"proof munge {credential}")
    refused(wire, "proof-clock")


@tap.test
def each_change_needs_its_seal(folder):
    server, munge = serve(folder)

    def attempt(work, code="proof-invalid"):
        wire = Proof(server.port, munge, ANN)
        farm.equal(wire.ask("user ann", "locks x", "LOCK")["locked"], "1")
        work(wire)
        refused(wire, code)
        farm.equal(list(locks_of(server)), ["x"])

    attempt(lambda wire: wire.send_raw("UNLOCK"))
    attempt(lambda wire: wire.send_raw("seal 0123456789abcdef", "UNLOCK"))
    attempt(lambda wire: wire.send_raw("seal", "UNLOCK"))
    attempt(lambda wire: wire.send_raw("seal zz", "UNLOCK"))
    # A seal is for one command behind it.
    attempt(lambda wire: (wire.chain.add("STATUS"), wire.send_raw("STATUS"), wire.status(),
                          wire.send_raw(f"seal {wire.chain.add('UNLOCK')}", "EOFF", "UNLOCK")))

    def changed(wire):
        wire.chain.add("locks y")
        seal = wire.chain.add("UNLOCK")
        wire.send_raw("locks x", f"seal {seal}", "UNLOCK")
    attempt(changed)

    def taken_out(wire):
        wire.chain.add("locks y")
        wire.send_raw(f"seal {wire.chain.add('UNLOCK')}", "UNLOCK")
    attempt(taken_out)

    def put_in(wire):
        wire.send_raw("locks x", f"seal {wire.chain.add('UNLOCK')}", "UNLOCK")
    attempt(put_in)

    def twice(wire):
        wire.send("STATUS")
        wire.status()
        seal = wire.chain.add("BREAK_LOCK")
        wire.send_raw(f"seal {seal}", f"seal {seal[::-1]}", "BREAK_LOCK")
    attempt(twice)
    # And settings from before the proof do not count.
    wire = Proof(server.port)
    wire.send_raw("user bob", "locks z", "timeout 5")
    wire.prove(munge.credential(wire.payload(), ANN))
    farm.contains(wire.ask("LOCK")["error"], "no owner was named")
    # A line's carriage return is no part of it, and what is unknown is a line too.
    wire = Proof(server.port, munge, ANN)
    wire.send_raw(*(line + "\r" for line in ("whatever", "", "user ann", "locks z")))
    for line in ("whatever", "", "user ann", "locks z"):
        wire.chain.add(line)
    farm.equal(wire.ask("LOCK")["locked"], "1")


@tap.test
def a_grants_key_goes_on_without_munge(folder):
    server, munge = serve(folder)
    ann = Proof(server.port, munge, ANN)
    token = ann.ask("user ann", "locks x y", "count 2", "LOCK")["token"]
    key = ann.grant_key(token)
    other = ann.ask("user ann2", "locks z", "LOCK")["token"]
    ann.close()
    server.restart(*server.options)
    munge.stop()
    monitor = Proof(server.port)
    monitor.prove_grant(token, key)
    farm.equal(monitor.ask("user ann", "locks x y", "count 2", f"RENEW {token}")["token"], token)
    # That grant, and nothing else: not by its key, nor by another's.
    farm.equal(monitor.ask("user ann2", "locks z", "UNLOCK")["error-code"], "not-owner")
    farm.equal(monitor.ask("user ann2", "locks z", "BREAK_LOCK")["error-code"], "not-owner")
    for wrong, what in ((key, other), (os.urandom(16), token), (bytes(16), 4711)):
        thief = Proof(server.port)
        thief.prove_grant(what, wrong)
        thief.send("user ann2", "locks z", "UNLOCK")
        refused(thief)
    farm.equal(sorted(server.held()), ["x", "y", "z"])
    farm.equal(monitor.ask("user ann", "locks x y", "UNLOCK")["locked"], "0")
    farm.equal(server.held(), {"z": "ann2"})
    # The key has gone with the grant.
    late = Proof(server.port)
    late.prove_grant(token, key)
    late.send("user ann", "locks x", "UNLOCK")
    refused(late)


@tap.test
def who_proves_nothing_is_told_the_key_of_its_grant(folder):
    server, munge = serve(folder)
    job = sleeper()
    told = (f"hostname {socket.gethostname()}", f"pid {job.pid}", identity(job.pid), "autounlock 1")
    holder = Proof(server.port)
    status = holder.ask("user job", "locks x", *told, "LOCK")
    key = bytes.fromhex(status["key"])
    stranger = Proof(server.port)
    seen = stranger.ask("user job", "locks x", "STATUS")
    farm.equal(("key" in seen, "token" in seen), (False, False))
    farm.equal("key" in server.wire().ask("user job", "locks x", *told, "STATUS"), False)
    holder.close()
    monitor = Proof(server.port)
    monitor.prove_grant(status["token"], key)
    farm.equal(monitor.ask("user job", "locks x", "UNLOCK")["locked"], "0")
    farm.equal(server.held(), {})


@tap.test
def a_server_may_require_a_proof(folder):
    server, munge = serve(folder, "require", None, "--reaper", str(BOB))
    # Taken before it did.
    stranger = Proof(server.port)
    farm.equal(stranger.more, ["required", "urgent"])
    for wire in (stranger, server.wire()):
        for command in ("LOCK", "UNLOCK", "RENEW 1", "BREAK_LOCK", "DEAD_JOB slurm:1"):
            farm.equal(wire.ask("user s", "locks x", command)["error-code"], "proof-required")
    classic = Wire(server.port)
    farm.contains(classic.ask("user s", "locks x", "LOCK")["error"], "does not know")
    farm.equal(classic.ask("STATUS")["locked"], "0")
    ann = Proof(server.port, munge, ANN)
    token = ann.ask("user ann", "locks x", "job slurm:7", "LOCK")["token"]
    # The UNIX socket proves as well.
    farm.equal(Wire(path=server.path).lock("root", "y")["locked"], "1")
    # A grant's key is no proof of anything else.
    monitor = Proof(server.port)
    monitor.prove_grant(token, ann.grant_key(token))
    farm.equal(monitor.ask("user m", "locks new", "LOCK")["error-code"], "proof-required")
    farm.equal(monitor.ask("user ann", "locks x", f"RENEW {token}")["token"], token)
    reaper = Proof(server.port, munge, BOB)
    farm.equal(reaper.ask("user ann", "locks x", "BREAK_LOCK")["error-code"], "not-owner")
    reaper.send("DEAD_JOB slurm:7")
    farm.equal(reaper.line(), "ended 1")
    farm.equal(server.held(), {"y": "root"})


@tap.test
def what_was_claimed_needs_a_proof_where_one_is_required(folder):
    server, munge = serve(folder, "none")
    farm.equal(Proof(server.port).method, "none")
    keyed = Proof(server.port)
    status = keyed.ask("user old", "locks k", "job slurm:9", "LOCK")
    server.wire().lock("old", "x")
    farm.stop(server.process)
    server.start("--auth", "require", *server.options[2:])
    farm.equal(server.wire().ask("user old", "locks x", "UNLOCK")["error-code"], "proof-required")
    ann = Proof(server.port, munge, ANN)
    farm.equal(ann.ask("DEAD_JOB slurm:9")["error-code"], "not-owner")
    monitor = Proof(server.port)
    monitor.prove_grant(status["token"], bytes.fromhex(status["key"]))
    farm.equal(monitor.ask("user old", "locks x", "UNLOCK")["error-code"], "not-owner")
    farm.equal(monitor.ask("user old", "locks k", "UNLOCK")["locked"], "0")
    # Renewed by a user who is proven, it is that user's.
    farm.equal(ann.ask("user old", "locks x", "LOCK")["locked"], "1")
    farm.equal(locks_of(server)["x"]["uid"], ANN)
    farm.equal(Proof(server.port, munge, BOB).ask("user old", "locks x", "UNLOCK")["error-code"],
               "not-owner")


@tap.test
def roles_are_given_by_name_number_and_group(folder):
    server, munge = serve(folder, "munge", None, "--admin", "daemon", "--reaper", "@bin")
    Proof(server.port, munge, ANN).ask("user ann", "locks x", "job j:1", "LOCK")
    # By gid: uid and gid 2 is bin.
    reaper = Proof(server.port, munge, 2)
    farm.equal(reaper.ask("user r", "locks x", "BREAK_LOCK")["error-code"], "not-owner")
    reaper.send("DEAD_JOB j:1")
    farm.equal(reaper.line(), "ended 1")
    Proof(server.port, munge, ANN).ask("user ann", "locks x", "LOCK")
    admin = Proof(server.port, munge, 1)
    admin.send("user a", "locks x", "BREAK_LOCK")
    farm.equal(admin.line(), "print_broke ann")
    farm.poll(lambda: Proof(server.port, munge, 1).ask("user d", "locks d", "LOCK") and
              locks_of(server)["d"]["login"] == "daemon", "its name is known")
    for wrong in ("nobody-of-that-name", "@no-such-group"):
        done = farm.run(farm.program("lockerd"), "--nofork", "--state", "none", "--admin", wrong,
                        "--port", "0")
        farm.equal(done.returncode, 64)
        farm.contains(done.stderr, wrong.lstrip("@"))


@tap.test
def the_root_of_another_machine_is_no_administrator(folder):
    server, munge = serve(folder, "munge", None, "--private")
    ann = Proof(server.port, munge, ANN)
    for lock in ("x", "y"):
        ann.ask("user ann", f"locks {lock}", "job slurm:7", "LOCK")
    # An address that none of this machine's networks has; and root there has its own locks.
    there = Proof(server.port, munge, 0, source="127.0.0.83")
    farm.equal(there.ask("user admin", "locks z", "LOCK")["locked"], "1")
    for command, answer in (("BREAK_LOCK", "not-owner"), ("UNLOCK", "not-owner"),
                            ("OFFLINE x 60", "denied")):
        farm.equal((command, there.ask("user ann", "locks x", command)["error-code"]),
                   (command, answer))
    # It is not told what it is not shown.
    there.send("DEAD_JOB slurm:7")
    farm.equal(there.line(), "ended 0")
    there.send("LOCK_LIST")
    farm.equal(there.status(), {"lock": "x - y - z admin"})
    here = Proof(server.port, munge, 0)
    here.send("LOCK_LIST")
    farm.equal(here.status(), {"lock": "x ann y ann z admin"})
    here.send("user admin", "locks x", "BREAK_LOCK")
    farm.equal(here.line(), "print_broke ann")
    here.status()
    here.send("DEAD_JOB slurm:7")
    farm.equal(here.line(), "ended 1")


@tap.test
def a_replay_at_another_munged_of_the_key_is_refused(folder):
    server, munge = serve(folder)
    twin = Munged(folder, "twin", munge.key)
    spy = Server(os.path.join(folder, "twin"), "--auth", "munge", "--munge-socket", twin.socket,
                 "--pidstat-port", "none")
    wire = Proof(server.port)
    credential = munge.credential(wire.payload(), ANN)
    wire.prove(credential)
    farm.equal(wire.ask("user ann", "locks x", "LOCK")["locked"], "1")
    # That munged decodes it again, and so does this one behind a restart: the nonce is another.
    thief = Proof(spy.port)
    thief.send_raw(f"proof munge {credential}")
    refused(thief)
    munge.stop()
    munge.start()
    thief = Proof(server.port)
    thief.send_raw(f"proof munge {credential}")
    refused(thief)
    farm.equal(Proof(server.port, munge, ANN).ask("user ann", "locks x", "UNLOCK")["locked"], "0")


@tap.test
def lists_tell_a_stranger_no_owner_where_they_are_private(folder):
    server, munge = serve(folder, "munge", None, "--private")
    ann = Proof(server.port, munge, ANN)
    told = ("hostname h", "pid 7", "job j:1")
    ann.ask("user ann", "locks past", *told, "LOCK")
    ann.ask("UNLOCK")
    ann.ask("user ann", "locks x", *told, "LOCK")
    queued = Proof(server.port, munge, ANN)
    queued.send("user ann-too", "locks x", *told, "block 1", "LOCK")
    farm.equal(queued.line(), "print_waiting ann")
    bob = Proof(server.port, munge, BOB)
    for wire, sees in ((ann, True), (bob, False), (server.wire(), False),
                       (Proof(server.port, munge, 0), True)):
        wire.send("LIST_JSON")
        size = int(wire.line().split()[1])
        text = wire.buffer
        while len(text) < size + 1:
            text += wire.socket.recv(65536)
        wire.buffer = text[size + 1:]
        everything = json.loads(text[:size])
        entries = everything["locks"] + everything["waiters"]
        farm.equal([(entry["owner"], entry["host"], entry["pid"], entry["job"], entry["uid"])
                    for entry in entries],
                   [("ann", "h", 7, "j:1", ANN), ("ann-too", "h", 7, "j:1", ANN)] if sees else
                   2 * [("-", None, None, None, None)])
        wire.send("LOCK_LIST")
        farm.equal(wire.status(), {"lock": "x ann" if sees else "x -"})
        wire.send("HISTORY 0 9999999999999 0 by")
        lines = []
        while not (line := wire.line()).startswith("history "):
            lines.append(line.split())
        farm.equal([(words[8:]) for words in lines if words[0] == "past"],
                   [["ann", "h", "j:1", "past"], ["ann", "h", "j:1", "x"]] if sees else
                   [["-", "-", "-", "past"], ["-", "-", "-", "x"]])


@tap.test
def nor_which_process_has_it_to_who_waits_and_could_not_report_its_end(folder):
    server, munge = serve(folder, "munge", None, "--private")
    told = ("hostname h", "process 700 boot0123 4026531836", "autounlock 1")
    there = "127.0.0.71"  # which is none that this machine has
    for lock, wire in (("proven", Proof(server.port, munge, ANN)), ("claimed", server.wire(there))):
        farm.equal(wire.ask("user ann", f"locks {lock}", "pid 7", *told, "LOCK")["locked"], "1")

    def checks(wire, *names):
        return [name for name in names
                if "autounlock_check" in wire.ask(f"user {os.urandom(4).hex()}", f"locks {name}",
                                                  "pid 8", *told, "block 0", "LOCK")]
    for who, wire, sees in (("ann", Proof(server.port, munge, ANN), ["proven"]),
                            ("bob", Proof(server.port, munge, BOB), []),
                            ("root", Proof(server.port, munge, 0), ["proven", "claimed"]),
                            ("a stranger", server.wire(), []),
                            ("a classic one", Wire(server.port), []),
                            # Whose word would count.
                            ("one beside", server.wire(there), ["claimed"]),
                            ("a classic one beside", Wire(server.port, source=there), ["claimed"])):
        farm.equal((who, checks(wire, "proven", "claimed")), (who, sees))
    waiter = Proof(server.port, munge, BOB)
    waiter.lock("bob", "proven", 1, "pid 8", *told)
    farm.equal(waiter.line(), "print_waiting ann")


@tap.test
def one_warning_is_logged_beyond_loopback_where_nobody_has_to_prove_who_he_is(folder):
    port, munge = farm.free_port(), Munged(folder)
    log = f"{folder}/log"
    for options, warnings in ((("--host", "0.0.0.0"), 1), (("--host", "127.0.0.1"), 0),
                              (("--host", "::1", "--path", f"{folder}/socket"), 0),
                              (("--host", "0.0.0.0", "--auth", "munge", "--munge-socket",
                                munge.socket), 0)):
        with open(log, "wb") as out:
            lockerd = farm.start(farm.program("lockerd"), "--nofork", "--state", "none", "--port",
                                 port, *options, stderr=out)
        farm.poll(lambda: serves(port, "::1" if "::1" in options else "127.0.0.1"), "it serves")
        with open(log, encoding="utf-8") as text:
            told = [line for line in text if "other machines" in line or "beyond" in line
                    or "see --auth" in line]
        farm.equal((options, len(told)), (options, warnings))
        farm.stop(lockerd)


if __name__ == "__main__":
    farm.main()
