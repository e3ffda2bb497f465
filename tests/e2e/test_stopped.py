#!/usr/bin/env python3
"""Each participant stopped in its turn, for seconds or (FARMLOCK_LONG) for a minute: nobody else is
held up who does not depend on it, no living owner loses its lock, and all goes on afterwards."""

import os
import signal
import socket
import subprocess
import time

from support import farm, lockd, munged, tap
from support.license_lab import LOCKFLEX, Lab, listing
from support.locking import Farm
from support.munge_server import ANN, serve
from support.pidstat_help import Asker, Daemon
from support.proofs import Proof
from support.stopped import STOP_S, Stopped
from support.wire import Wire

def serves_others(jobs, stopped):
    """Until the stop is over, others get and give back a lock, each within its time."""
    rounds = 0
    while not stopped.over() or rounds < 3:
        result = jobs.run("--lock", "other", "-w", "10", "--exec", "true")
        farm.equal((result.returncode, result.stderr), (0, ""))
        rounds += 1
        time.sleep(0.1)


@tap.test
def a_job_that_is_stopped_keeps_its_lock():
    jobs = Farm()
    holder = jobs.hold("a")
    waiter = jobs.wait_for("a")
    with Stopped(holder.pid) as stopped:
        serves_others(jobs, stopped)
        farm.equal((jobs.locks()["a"]["pid"], waiter.poll()), (holder.pid, None))
    holder.kill()
    farm.equal(waiter.wait(farm.PATIENCE_S), 0)


@tap.test
def a_monitor_that_is_stopped_gives_back_when_it_goes_on():
    jobs = Farm()
    holder = jobs.hold("a", "--hold-timeout", "100000")
    monitor = jobs.poll_monitor("100000")
    waiter = jobs.wait_for("a")
    with Stopped(monitor) as stopped:
        holder.kill()
        holder.wait()
        serves_others(jobs, stopped)
    farm.equal(waiter.wait(farm.PATIENCE_S), 0)


@tap.test
def a_monitor_that_is_stopped_and_killed_holds_nobody_up():
    jobs = Farm()
    holder = jobs.hold("a", "--hold-timeout", "100000")
    monitor = jobs.poll_monitor("100000")
    waiter = jobs.wait_for("a")
    with Stopped(monitor):
        holder.kill()
        holder.wait()
        os.kill(monitor, signal.SIGKILL)
        farm.equal(waiter.wait(farm.PATIENCE_S), 0)


@tap.test
def a_waiter_that_is_stopped_has_its_turn_and_those_behind_it_theirs():
    jobs = Farm()
    holder = jobs.hold("a")
    first, second = jobs.wait_for("a"), jobs.wait_for("a")
    with Stopped(first.pid) as stopped:
        holder.kill()
        jobs.poll_held("a", first.pid)
        serves_others(jobs, stopped)
        farm.equal((jobs.locks()["a"]["pid"], second.poll()), (first.pid, None))
    farm.equal((first.wait(farm.PATIENCE_S), second.wait(farm.PATIENCE_S)), (0, 0))


@tap.test
def a_waiter_that_is_stopped_and_killed_is_passed_over():
    jobs = Farm()
    holder = jobs.hold("a")
    first, second = jobs.wait_for("a"), jobs.wait_for("a")
    with Stopped(first.pid):
        first.kill()
        holder.kill()
        farm.equal(second.wait(farm.PATIENCE_S), 0)


@tap.test
def a_server_that_is_stopped_goes_on_where_it_was(folder):
    server = lockd.Server(folder)
    jobs = Farm(server.port)
    holder = jobs.hold("a")
    waiter, other = jobs.wait_for("a"), jobs.hold("b")
    with Stopped(server.process.pid) as stopped:
        # Who does not wait is told so in time; who waits, waits.
        began = time.monotonic()
        result = jobs.run("--lock", "c", "-n", "--connect-tries", "1", "true")
        farm.equal(result.returncode, 69)
        farm.contains(result.stderr, "no lockerd answers")
        assert time.monotonic() - began < farm.PATIENCE_S, time.monotonic() - began
        late = jobs.start("--lock", "c", "true")
        holder.kill()
        holder.wait()
        farm.poll(stopped.over, "the stop is over", STOP_S + farm.PATIENCE_S)
        farm.equal((waiter.poll(), other.poll(), late.poll()), (None, None, None))
    farm.equal((waiter.wait(farm.PATIENCE_S), late.wait(farm.PATIENCE_S)), (0, 0))
    # The command's end is not awaited by the server's.
    farm.poll(lambda: {name: lock["pid"] for name, lock in jobs.locks().items()} == {"b": other.pid},
              "what ran has let go")


@tap.test
def an_owner_whose_pidstatd_is_stopped_is_not_given_up(folder):
    """It is asked about an owner that has ended, and says so when it goes on."""
    daemon = Daemon(folder)
    port = lockd.start_server("--pidstat-port", daemon.port)
    owner = lockd.sleeper()
    wires = Wire(port), Wire(port)
    wires[0].ask("hostname 127.0.0.77", f"pid {owner.pid}", "autounlock 1", "user a", "locks a",
                 "LOCK")
    wires[1].lock("b", "a", 1)
    farm.equal(wires[1].line(), "print_waiting a")
    with Stopped(daemon.process.pid) as stopped:
        owner.kill()
        owner.wait()
        while not stopped.over():
            farm.equal(Wire(port).ask("locks a", "STATUS")["owner"], "a")
            farm.equal(Wire(port).ask("user c", "locks c", "LOCK")["locked"], "1")
            Wire(port).ask("user c", "locks c", "UNLOCK")
            time.sleep(0.1)
    farm.equal(wires[1].line(), "print_obtained")


@tap.test
def a_pidwatch_whose_pidstatd_is_stopped_ends_nothing(folder):
    daemon = Daemon(folder)
    watched = lockd.sleeper()
    watch = farm.start(farm.program("pidwatch"), "--host", "127.0.0.77", "--port", daemon.port,
                       "--pid", watched.pid, "sleep 1000", stderr=subprocess.PIPE)
    farm.poll(lambda: daemon.counters()["questions"] > 0, "it has been asked")
    with Stopped(daemon.process.pid) as stopped:
        farm.poll(stopped.over, "the stop is over", STOP_S + farm.PATIENCE_S)
        farm.equal(watch.poll(), None)
    farm.equal(watch.poll(), None)
    watched.kill()
    watched.wait()
    farm.poll(lambda: watch.poll() is not None, "the command was ended")


@tap.test
def a_pidwatch_that_is_stopped_ends_its_command_when_it_goes_on(folder):
    daemon = Daemon(folder)
    watched = lockd.sleeper()
    watch = farm.start(farm.program("pidwatch"), "--host", "127.0.0.77", "--port", daemon.port,
                       "--pid", watched.pid, "sleep 1000", stderr=subprocess.PIPE)
    farm.poll(lambda: daemon.counters()["questions"] > 0, "it has been asked")
    with Stopped(watch.pid) as stopped:
        watched.kill()
        watched.wait()
        farm.poll(stopped.over, "the stop is over", STOP_S + farm.PATIENCE_S)
    farm.poll(lambda: watch.poll() is not None, "the command was ended")


@tap.test
def a_munged_that_is_stopped_keeps_nobody_from_what_he_has(folder):
    munged.require()
    server, munge = serve(folder)
    ann = Proof(server.port, munge, ANN)
    token = ann.ask("user ann", "locks x", "LOCK")["token"]
    waiting = Proof(server.port)
    credential = munge.credential(waiting.payload(), ANN)
    with Stopped(munge.process.pid) as stopped:
        waiting.prove(credential)
        waiting.send("user ann", "locks y", "LOCK")
        while not stopped.over():
            farm.equal(ann.ask("user ann", "locks x", f"RENEW {token}").get("error"), None)
            monitor = Proof(server.port)
            monitor.prove_grant(token, ann.grant_key(token))
            farm.equal(monitor.ask("user ann", "locks x", f"RENEW {token}").get("error"), None)
            wire = Wire(server.port)
            wire.lock("other", "z")
            farm.equal(wire.ask("UNLOCK")["locked"], "0")
            time.sleep(0.1)
    # After a short stop the credential is good yet; after a long one it was too late for it.
    assert waiting.refusal_or_status() in ("1", "proof-later")

    def proven():
        wire = Proof(server.port, munge, ANN)
        wire.send("user ann", "locks w", "LOCK")
        line = wire.line()
        return line is not None and line.startswith("owner ")
    farm.poll(proven, "credentials are checked again", 40)


@tap.test
def a_lockflex_that_is_stopped_keeps_nobody_from_its_seats_for_ever(folder):
    lab = Lab(folder)
    lab.lmutil()
    lab.serves(listing(("ann", "pc1", 3)))
    service = farm.start(LOCKFLEX, "--map", "vcs=VCS_Net", "--interval", "1", "--for", "2", "--server",
                         "27000@lic1", "--lmutil", f"{folder}/lmutil", env=lab.env,
                         stdout=subprocess.DEVNULL)
    farm.poll(lambda: lab.outside() == 3, "three are outside")
    with Stopped(service.pid) as stopped:
        serves_others(Farm(lab.server.port), stopped)
        farm.poll(lambda: lab.outside() == 0, "its lease has ended")
    farm.poll(lambda: lab.outside() == 3, "three are outside again")
    service.terminate()
    farm.equal(service.wait(farm.PATIENCE_S), 0)


@tap.test
def a_client_that_is_stopped_in_the_middle_of_a_line_or_an_answer_holds_nobody_up():
    """As bytes on a connection: half a line, and an answer that nobody reads."""
    jobs = Farm()
    half, deaf = socket.create_connection(("127.0.0.1", jobs.port)), Wire(jobs.port)
    farm.at_end(half.close)
    half.sendall(b"user x\nlocks other\nLO")
    deaf.send("proto 2", *["LIST_JSON"] * 1000)
    end = time.monotonic() + STOP_S

    class Over:
        over = staticmethod(lambda: time.monotonic() >= end)

    serves_others(jobs, Over)


@tap.test
def a_log_that_nobody_reads_holds_nobody_up():
    """The reader of a pipe to which lockerd logs is stopped: lines are lost, not service."""
    reader, writer = os.pipe()
    farm.at_end(lambda: os.close(reader))
    port = lockd.start_server("--debug", stderr=writer)
    os.close(writer)
    wire = Wire(port)
    for _ in range(1500):
        farm.equal(wire.ask("user somebody", "locks a", "LOCK")["locked"], "1")
        farm.equal(wire.ask("UNLOCK")["locked"], "0")
    os.set_blocking(reader, False)
    text = os.read(reader, 1 << 20).decode()
    while "lines were lost" not in text:
        wire.ask("LOCK")
        text += os.read(reader, 1 << 20).decode()


@tap.test
def a_log_whose_reader_has_gone_ends_no_daemon():
    reader, writer = os.pipe()
    tcp, udp = farm.free_port(), farm.free_port(socket.SOCK_DGRAM)
    daemons = [farm.start(farm.program("lockerd"), "--nofork", "--state", "none", "--debug",
                          "--port", tcp, stderr=writer),
               farm.start(farm.program("pidstatd"), "--nofork", "--host", "127.0.0.1", "--port", udp,
                          stderr=writer)]
    os.close(writer)
    text = b""
    while b"serves" not in text or b"listens on" not in text:
        text += os.read(reader, 65536)
    os.close(reader)
    for _ in range(10):
        daemons[1].send_signal(signal.SIGUSR1)  # it logs its counters
        farm.equal(Wire(tcp).ask("user u", "locks a", "LOCK")["locked"], "1")
        farm.equal(Asker(udp, "127.0.0.1").ask(f"PIDR {os.getpid()} h 7"), f"EXIS {os.getpid()} 1 h")
    farm.equal([daemon.poll() for daemon in daemons], [None, None])


if __name__ == "__main__":
    farm.main()
