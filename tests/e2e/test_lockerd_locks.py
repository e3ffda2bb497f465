#!/usr/bin/python3
"""What lockerd grants to whom, and when it takes it back."""

import datetime
import json
import socket
import subprocess
import time

from support import farm, tap
from support.lockd import listing, session_of, sleeper, start_server
from support.wire import Wire


@tap.test
def a_hold_limit_with_a_fraction_is_kept():
    port = start_server()
    wire = Wire(port)
    begun = time.monotonic()
    # In one go, so that the second finds the first one's lock held, however slow this machine is.
    wire.send("user a", "locks x", "block 1", "timeout 0.3", "LOCK", "user b", "timeout 0", "LOCK")
    farm.equal(wire.status()["locked"], "1")
    farm.equal(wire.line(), "print_waiting a")
    farm.equal(wire.line(), "print_obtained")
    assert 0.29 <= time.monotonic() - begun < 10


@tap.test
def groups_and_counts_are_granted_together():
    port = start_server()
    holder, all_or_nothing, other = Wire(port), Wire(port), Wire(port)
    holder.send("proto 2")
    farm.equal(holder.line(), "proto 2")
    first = int(holder.lock("h", "b1")["token"])
    all_or_nothing.send("proto 2", "user w", "locks a1 a2 a3", "count 2", "and b1", "block 1",
                        "LOCK")
    farm.equal(all_or_nothing.line(), "proto 2")
    farm.equal(all_or_nothing.line(), "print_waiting h")
    assert all_or_nothing.line().startswith("queue 1 ")
    # Two of the a's are set aside; the third is free.
    farm.equal(other.lock("o", "a1 a2 a3")["lockname"], "a3")
    farm.equal(other.lock("p", "a1 a2")["locked"], "0")
    holder.ask("UNLOCK")
    farm.equal(all_or_nothing.line(), "print_obtained")
    farm.equal(all_or_nothing.status(),
               {"owner": "w", "locked": "1", "lockname": "a1 a2 b1", "token": str(first + 2)})


@tap.test
def malformed_settings_of_protocol_2_are_errors_and_of_protocol_1_are_not():
    port = start_server()
    for setting in ("block maybe", "timeout soon", "timeout -1", "pid 0x10", "count many",
                    "count 2", "process 1", "autounlock 2", "session yes", "and", "user",
                    "locks", "user " + 256 * "u", "locks " + 256 * "n",
                    "locks " + " ".join(f"n{i}" for i in range(1025))):
        wire = Wire(port)
        wire.send("proto 2", "user a", "locks x", setting)
        farm.equal(wire.line(), "proto 2")
        answer = wire.ask("LOCK")
        farm.equal(answer["locked"], "0")
        assert answer["error"], setting
        wire.close()
    wire = Wire(port)
    answer = wire.ask("user a", "locks x", "block maybe", "timeout soon", "count many", "LOCK")
    farm.equal(answer, {"owner": "a", "locked": "1", "lockname": "x"})


@tap.test
def long_names_are_refused_in_the_classic_protocol_too():
    wire = Wire(start_server())
    answer = wire.ask("user a", "locks " + 10000 * "n", "block 1", "LOCK")
    farm.contains(answer["error"], "longer than 255 bytes")
    farm.equal(wire.ask("locks short", "LOCK")["locked"], "1")


@tap.test
def a_demand_that_nobody_could_ever_fill_is_refused():
    wire = Wire(start_server())
    wire.send("proto 2", "user a", "locks x y x", "count 3", "block 1")
    farm.equal(wire.line(), "proto 2")
    farm.contains(wire.ask("LOCK")["error"], "nobody could ever have so many")
    farm.contains(wire.ask("locks x y", "and y", "shared 1", "LOCK")["error"], "two groups")
    token = wire.ask("locks x", "LOCK")["token"]
    farm.contains(wire.ask("locks x y", "count 2", "LOCK")["error"], "holds a part")
    farm.equal(wire.ask("locks x y", "count 1", "LOCK")["token"], token)


@tap.test
def queue_and_cancel_are_answered_while_a_lock_waits():
    port = start_server()
    holder, waiter = Wire(port), Wire(port)
    holder.lock("h", "x")
    waiter.send("proto 2", "user w", "locks x", "block 1", "LOCK")
    farm.equal([waiter.line(), waiter.line()], ["proto 2", "print_waiting h"])
    waiter.line()
    waiter.send("QUEUE")
    word, position, _, name, owner = waiter.line().split()
    farm.equal((word, position, name, owner), ("queue", "1", "x", "h"))
    waiter.send("CANCEL", "QUEUE")
    farm.equal(waiter.status(), {"owner": "h", "locked": "0"})
    farm.equal(waiter.line(), "queue 0")
    holder.ask("UNLOCK")
    farm.equal(holder.ask("STATUS"), {"owner": "", "locked": "0"})


@tap.test
def a_waiter_on_a_new_connection_keeps_its_place():
    port = start_server()
    job, other = sleeper(), sleeper()
    holder = Wire(port)
    holder.lock("h", "x")
    first = session_of(job, port, "w1", "x")
    farm.equal(first.line(), "print_waiting h")
    second = session_of(other, port, "w2", "x")
    farm.equal(second.line(), "print_waiting h")
    assert second.line().startswith("queue 2 ")
    first.close()
    again = session_of(job, port, "w1", "x")
    farm.equal(again.line(), "print_waiting h")
    assert again.line().startswith("queue 1 ")
    holder.ask("UNLOCK")
    farm.equal(again.line(), "print_obtained")
    assert second.is_silent()


@tap.test
def the_end_of_a_sessions_process_frees_the_lock_at_once():
    port = start_server()
    job = sleeper()
    session = session_of(job, port, "j", "x")
    farm.equal(session.status()["locked"], "1")
    waiter = Wire(port)
    waiter.lock("w", "x", 1)
    farm.equal(waiter.line(), "print_waiting j")
    # The connection goes, the process does not: it keeps its lock.
    session.close()
    assert waiter.is_silent()
    job.kill()
    farm.equal(waiter.line(), "print_obtained")


@tap.test
def a_waiter_whose_process_ends_leaves_the_queue():
    port = start_server()
    job = sleeper()
    holder, next_one = Wire(port), Wire(port)
    holder.lock("h", "x")
    session = session_of(job, port, "w1", "x")
    session.line()
    next_one.lock("w2", "x", 1)
    next_one.line()
    session.close()
    job.kill()
    job.wait()
    farm.poll(lambda: "w1" not in listing(port), "the dead waiter leaves")
    holder.ask("UNLOCK")
    farm.equal(next_one.line(), "print_obtained")


@tap.test
def a_classic_owner_with_autounlock_on_this_host_is_watched():
    port = start_server()
    job = sleeper()
    holder = Wire(port)
    holder.lock("j", "x", 0, "autounlock 1", f"pid {job.pid}", f"hostname {socket.gethostname()}")
    holder.close()
    waiter = Wire(port)
    waiter.lock("w", "x", 1)
    farm.equal(waiter.line(), "print_waiting j")
    # Nobody can declare a process dead that is here.
    Wire(port).send(f"DEAD_PID {socket.gethostname()} {job.pid}")
    assert waiter.is_silent()
    job.kill()
    job.wait()
    farm.equal(waiter.line(), "print_obtained")


@tap.test
def an_owner_on_another_host_is_watched_through_its_pidstatd():
    pidstat_port = farm.free_port(socket.SOCK_DGRAM, host="127.0.0.9")
    farm.start(farm.program("pidstatd"), "--nofork", "--host", "127.0.0.9", "--port", pidstat_port,
               stderr=subprocess.DEVNULL)
    port = start_server("--pidstat-port", pidstat_port)
    job, unknown = sleeper(), sleeper()
    holder = Wire(port)
    holder.lock("j", "x", 0, "autounlock 1", f"pid {job.pid}", "hostname 127.0.0.9")
    # Nobody answers for this one: that proves nothing.
    holder.lock("k", "y", 0, "autounlock 1", f"pid {unknown.pid}", "hostname 127.0.0.10")
    holder.close()
    waiter, other = Wire(port), Wire(port)
    waiter.lock("w", "x", 1, "autounlock 0")
    other.lock("v", "y", 1, "autounlock 0")
    farm.equal([waiter.line(), other.line()], ["print_waiting j", "print_waiting k"])
    assert waiter.is_silent()
    for process in (job, unknown):
        process.kill()
        process.wait()
    farm.equal(waiter.line(), "print_obtained")
    assert other.is_silent(1)


@tap.test
def without_autounlock_the_end_of_the_process_changes_nothing():
    port = start_server()
    job = sleeper()
    holder = Wire(port)
    holder.lock("j", "x", 0, f"pid {job.pid}", f"hostname {socket.gethostname()}")
    holder.close()
    job.kill()
    job.wait()
    Wire(port).send(f"DEAD_PID {socket.gethostname()} {job.pid}")
    time.sleep(0.2)
    farm.equal(Wire(port).ask("locks x", "STATUS")["owner"], "j")


@tap.test
def a_job_that_has_ended_gives_everything_back():
    port = start_server()
    one, two, waiter, asker = Wire(port), Wire(port), Wire(port), Wire(port)
    for wire, user, name in ((one, "a", "x"), (two, "b", "y")):
        wire.send("proto 2", "job slurm:4711_3", f"user {user}", f"locks {name}", "LOCK")
        wire.line()
        farm.equal(wire.status()["locked"], "1")
    waiter.send("proto 2", "job slurm:4711_3", "user c", "locks x", "block 1", "LOCK")
    farm.equal([waiter.line(), waiter.line()], ["proto 2", "print_waiting a"])
    waiter.line()
    asker.send("proto 2", "DEAD_JOB slurm:4711", "DEAD_JOB slurm:4711_3", "LOCK_LIST")
    farm.equal([asker.line(), asker.line(), asker.line()], ["proto 2", "ended 0", "ended 3"])
    farm.equal(asker.status(), {})
    farm.contains(waiter.status()["error"], "its job has ended")


@tap.test
def what_a_job_asks_for_after_it_was_looked_at_outlives_its_earlier_run():
    port = start_server()
    earlier, later, asker = Wire(port), Wire(port), Wire(port)
    asker.send("proto 2")
    asker.line()

    def hold(wire, name):
        wire.send("proto 2", "job slurm:7@lab", f"user {name}", f"locks {name}", "LOCK")
        wire.line()
        farm.equal(wire.status()["locked"], "1")

    def clock():
        asker.send("LIST_JSON")
        size = int(asker.line().split()[1])
        while len(asker.buffer) < size + 1:
            asker.buffer += asker.socket.recv(65536)
        text, asker.buffer = asker.buffer[:size], asker.buffer[size + 1:]
        shown = datetime.datetime.fromisoformat(json.loads(text)["time"])
        return round(shown.timestamp() * 1000)

    hold(earlier, "x")
    begun = clock()
    looked = farm.poll(lambda: clock() > begun and clock(), "the clock goes on")
    hold(later, "y")
    asker.send(f"DEAD_JOB slurm:7@lab {looked}", "LOCK_LIST")
    farm.equal(asker.line(), "ended 1")
    farm.equal(asker.status(), {"lock": "y y"})
    for bad in ("soon", "-1", "1e3", "99999999999999999999"):
        farm.contains(asker.ask(f"DEAD_JOB slurm:7@lab {bad}")["error"], "a time in milliseconds")


@tap.test
def what_a_job_asks_for_on_other_hosts_outlives_its_run_here():
    port = start_server()
    asker = Wire(port)
    asker.send("proto 2")
    asker.line()
    for name, host in (("a", "e1.example"), ("b", "e2"), ("c", "e3"), ("d", None)):
        wire = Wire(port)
        wire.send("proto 2", "job sge:7", f"user {name}", *([f"hostname {host}"] if host else []), f"locks {name}", "LOCK")
        wire.line()
        farm.equal(wire.status()["locked"], "1")
    later = round(time.time() * 1000) + 1
    farm.poll(lambda: time.time() * 1000 > later, "that is not to come any more")
    asker.send(f"DEAD_JOB sge:7 {later} E1 e2.example e30", "LOCK_LIST")
    farm.equal(asker.line(), "ended 2")
    farm.equal(asker.status(), {"lock": "c c d d"})
    many = " ".join(f"n{number}" for number in range(64))
    asker.send(f"DEAD_JOB sge:7 {later} {many}")
    farm.equal(asker.line(), "ended 0")
    farm.contains(asker.ask(f"DEAD_JOB sge:7 {later} {many} e3")["error"], "64 hosts at most")
    farm.contains(asker.ask("DEAD_JOB sge:7 e3")["error"], "a time in milliseconds")


def in_session(port, names, token=None, **process):
    """A protocol 2 connection whose owner is told apart by start, boot and namespace."""
    who = {"pid": 7, "start": 1, "boot": "b", "namespace": 4} | process
    wire = Wire(port)
    wire.send("proto 2", "user h_7_u", "hostname h", f"pid {who['pid']}",
              f"process {who['start']} {who['boot']} {who['namespace']}", "session 1",
              f"locks {names}", "LOCK" if token is None else f"RENEW {token}")
    farm.equal(wire.line(), "proto 2")
    return wire


@tap.test
def two_processes_of_one_name_do_not_share_a_lock():
    port = start_server()
    first = in_session(port, "x").status()
    farm.equal(first["locked"], "1")
    for other in ({"boot": "c"}, {"namespace": 5}, {"pid": 8}):
        answer = in_session(port, "x", **other).status()
        farm.contains(answer["error"], "another process of this owner's name")
    # The same pid in the same place, started later: the first one cannot be there any more.
    later = in_session(port, "x", start=2).status()
    farm.equal(later["locked"], "1")
    assert int(later["token"]) > int(first["token"])


@tap.test
def a_renewal_confirms_and_takes_nothing():
    port = start_server()
    holder = in_session(port, "x")
    token = holder.status()["token"]
    farm.equal(in_session(port, "x", token).status(),
               {"owner": "h_7_u", "locked": "1", "lockname": "x", "token": token})
    farm.equal(Wire(port).ask("locks x", "BREAK_LOCK")["print_broke"], "h_7_u")
    broken = in_session(port, "x", token).status()
    farm.equal((broken["locked"], broken["error"]), ("0", "these locks are not held any more"))
    farm.equal(Wire(port).ask("locks x", "STATUS")["owner"], "")


@tap.test
def a_server_that_has_forgotten_gives_just_these_locks_again():
    port = start_server()
    token = in_session(port, "x").status()["token"]
    time.sleep(0.01)
    port = start_server()
    again = in_session(port, "x", token).status()
    farm.equal((again["locked"], again["lockname"]), ("1", "x"))
    assert int(again["token"]) > int(token)
    Wire(port).lock("other", "y")
    farm.equal(in_session(port, "y", token).status()["locked"], "0")


@tap.test
def a_lock_whose_owner_has_just_ended_is_not_refused():
    port = start_server()
    job = sleeper()
    session = session_of(job, port, "j", "x", 0)
    farm.equal(session.status()["locked"], "1")
    job.kill()
    job.wait()
    # The session is still open, as that of a monitor that has not noticed yet.
    farm.equal(Wire(port).lock("next", "x")["locked"], "1")


if __name__ == "__main__":
    farm.main()
