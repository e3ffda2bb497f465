#!/usr/bin/python3
"""The word that a refusal has for programs, and who is told it."""

import os
import subprocess

from support import farm, tap
from support.lockd import LOCKERD, Server, identity, serves, sleeper, start_server
from support.wire import Wire, protocol_2


def lines_of_status(wire, *lines):
    """A status line by line, without the empty ones."""
    wire.send(*lines)
    found = []
    while (line := wire.line()) != "":
        found.append(line)
    farm.equal(wire.line(), "")
    return found


def expect(wire, code, text, *lines):
    """The next command is answered a status that ends with this word and such a text, and goes on
    to serve."""
    found = lines_of_status(wire, *lines)
    farm.equal(found[-2], f"error-code {code}")
    farm.contains(found[-1], text)
    assert found[-1].startswith("error "), found
    farm.equal(sum(line.startswith("error") for line in found), 2)


@tap.test
def what_makes_no_sense_is_malformed():
    port = start_server()
    wire = protocol_2(port)
    expect(protocol_2(port), "malformed", "behind the names", "count 1", "STATUS")
    expect(wire, "malformed", "no owner was named", "locks x", "LOCK")
    expect(wire, "malformed", "no owner was named", "UNLOCK")
    wire.send("user ann")
    for setting in ("user", "block 2", "session maybe", "pid many", "timeout soon", "process 1",
                    "process x - 0", "locks", "and", "count x"):
        expect(wire, "malformed", "", "locks x", setting, "LOCK")
    expect(wire, "malformed", "nobody could ever have so many", "locks x", "count 2", "LOCK")
    expect(wire, "malformed", "two groups", "locks x y", "and y", "shared 1", "LOCK")
    expect(wire, "malformed", "needs the token", "locks x", "RENEW")
    expect(wire, "malformed", "a time in milliseconds", "DEAD_JOB slurm:7@lab soon")
    expect(wire, "limit", "64 hosts at most", "DEAD_JOB slurm:7@lab 1" + 65 * " e1")
    expect(wire, "malformed", "HISTORY needs", "HISTORY 1 2")
    farm.equal(wire.ask("locks x", "LOCK")["locked"], "1")


@tap.test
def what_is_more_than_the_server_takes_is_over_a_limit():
    port = start_server()
    wire = protocol_2(port)
    long_name = 256 * "n"
    expect(wire, "limit", "longer than 255 bytes", f"user {long_name}", "LOCK")
    wire.send("user ann")
    expect(wire, "limit", "longer than 255 bytes", f"locks {long_name}", "LOCK")
    expect(wire, "limit", "1024 locks", "locks " + " ".join(f"n{i}" for i in range(1025)), "LOCK")
    wire.socket.sendall(70000 * b"x")
    farm.equal(wire.line(), "error-code limit")
    farm.contains(wire.line(), "error a line is longer than 65535 bytes")
    farm.equal(wire.line(), None)
    waiter, holder = protocol_2(port), protocol_2(port)
    holder.ask("user bob", "locks x", "LOCK")
    waiter.lock("cat", "x", 1)
    farm.contains(waiter.line(), "print_waiting bob")
    farm.contains(waiter.line(), "queue 1")
    waiter.socket.sendall(7000 * b"STATUS    \n")
    farm.equal(waiter.line(), "error-code limit")
    farm.contains(waiter.line(), "error too many commands behind a LOCK")


@tap.test
def what_the_owner_has_itself_is_its_own_fault():
    port = start_server()
    wire = protocol_2(port)
    wire.ask("user ann", "locks x", "LOCK")
    expect(wire, "own", "holds a part", "locks x y", "count 2", "LOCK")
    wire.send("user bob", "locks x", "block 1", "LOCK")
    farm.contains(wire.line(), "print_waiting ann")
    other = protocol_2(port)
    expect(other, "own", "waits for one of these", "user bob", "locks x y", "LOCK")


@tap.test
def another_process_of_the_name_is_denied():
    port = start_server()
    first, second = sleeper(), sleeper()
    asks = [["user ann", "hostname h", f"pid {process.pid}", identity(process.pid), "autounlock 1",
             "locks x"] for process in (first, second)]
    farm.equal(protocol_2(port).ask(*asks[0], "LOCK")["locked"], "1")
    expect(protocol_2(port), "denied", "another process of this owner's name", *asks[1], "LOCK")


@tap.test
def a_grant_that_is_no_more_is_unknown():
    port = start_server()
    wire = protocol_2(port)
    token = wire.ask("user ann", "locks x", "LOCK")["token"]
    farm.equal(wire.ask(f"RENEW {token}")["locked"], "1")
    other = protocol_2(port)
    other.send("user adm", "locks x", "BREAK_LOCK")
    farm.equal(other.line(), "print_broke ann")
    other.status()
    expect(wire, "unknown", "not held any more", f"RENEW {token}")


@tap.test
def a_wait_that_others_have_ended_is_refused():
    port = start_server()
    protocol_2(port).ask("user ann", "locks x", "LOCK")
    waiter = protocol_2(port)
    waiter.send("user bob", "locks x", "block 1", "job slurm:7@lab", "LOCK")
    farm.contains(waiter.line(), "print_waiting ann")
    farm.contains(waiter.line(), "queue 1")
    protocol_2(port).send("DEAD_JOB slurm:7@lab")
    expect(waiter, "refused", "its job has ended")


@tap.test
def a_server_whose_disk_fails_says_later(folder):
    flag = f"{folder}/fails"
    server = Server(folder, LD_PRELOAD=os.path.join(farm.BUILD, "tests", "failing_disk.so"),
                    FAILING_DISK_WHEN=flag, FAILING_DISK_PATH=os.path.join(folder, "state"))
    kept = server.wire()
    kept.ask("user ann", "locks a", "LOCK")
    with open(flag, "w", encoding="ascii") as out:
        out.write("1")
    kept.send("locks b", "LOCK")
    farm.equal(kept.line(), "error-code later")
    farm.contains(kept.line(), "error the state cannot be written")
    farm.equal(kept.line(), None)
    expect(server.wire(), "later", "the state cannot be written", "user bob", "locks c", "LOCK")
    # As ever for those that never said which protocol they have.
    classic = lines_of_status(Wire(server.port), "user bob", "locks c", "LOCK")
    farm.equal(classic[:2], ["owner ", "locked 0"])
    farm.contains(classic[2], "error the state cannot be written")
    farm.equal(len(classic), 3)
    os.unlink(flag)
    farm.poll(lambda: "error" not in server.wire().ask("user bob", "locks c", "LOCK"), "it serves")


@tap.test
def one_connection_too_many_is_told_so_as_ever():
    port = farm.free_port()
    farm.start("prlimit", "--nofile=200:200", LOCKERD, "--nofork", "--state", "none", "--port",
               port, stderr=subprocess.DEVNULL)
    farm.poll(lambda: serves(port), "lockerd serves")
    crowd = []
    for _ in range(150):
        crowd.append(Wire(port))
        crowd[-1].send("user somebody")
    farm.equal(crowd[-1].line(), "error too many connections; try again later")
    farm.equal(crowd[-1].line(), None)


@tap.test
def classic_clients_are_told_no_code():
    port = start_server()
    wire = Wire(port)
    farm.equal(lines_of_status(wire, "locks x", "LOCK"),
               ["owner ", "locked 0", "error no owner was named; send \"user NAME\" first"])
    wire.ask("user ann", "LOCK")
    farm.equal(lines_of_status(wire, f"user {256 * 'n'}", "LOCK"),
               ["owner ann", "locked 1", "lockname x",
                "error a setting is longer than 255 bytes; use a shorter one"])
    wire.socket.sendall(70000 * b"x")
    farm.equal(wire.line(), "error a line is longer than 65535 bytes; send shorter ones")
    farm.equal(wire.line(), None)


if __name__ == "__main__":
    farm.main()
