#!/usr/bin/python3
"""How lockerd watches the processes of owners: once each, however many locks they hold."""

import json
import os
import socket
import subprocess

from support import farm, tap
from support.lockd import LOCKERD, identity, listing, serves, sleeper
from support.pools import Lab
from support.wire import Wire

ELSEWHERE = "127.0.0.9"
# Of no process that this machine can see.
THERE = "process 77 01234567-89ab-cdef-0123-456789abcdef 4026531836"


def serve(*options, limit=(), log=subprocess.DEVNULL):
    port = farm.free_port()
    process = farm.start(*limit, LOCKERD, "--nofork", "--state", "none", "--port", port,
                         *(options or ("--pidstat-port", "none")), stderr=log, text=True)
    farm.poll(lambda: serves(port), "lockerd serves")
    return process, port


def descriptors(process):
    """How many processes a server watches."""
    return list(farm.descriptors(process.pid).values()).count("anon_inode:[pidfd]")


def owner_lines(job, *who, host=None):
    return ("autounlock 1", f"pid {job.pid}", f"hostname {host or socket.gethostname()}", *who)


def speak(port):
    """A connection that speaks protocol 2: the first one knows nothing of starts and boots."""
    wire = Wire(port)
    wire.send("proto 2")
    farm.equal(wire.line(), "proto 2")
    return wire


def hold(port, first, count, *lines):
    """One process, with a name and a lock for each number."""
    wire = speak(port)
    for number in range(first, first + count):
        farm.equal(wire.lock(f"own{number}", f"x{number}", 0, *lines)["locked"], "1")
    wire.close()


def wait_for(port, user, names, holder, *lines):
    wire = speak(port)
    wire.lock(user, names, 1, *lines)
    while (line := wire.line()).startswith("autounlock_check"):
        pass
    farm.equal(line, f"print_waiting {holder}")
    farm.contains(wire.line(), "queue ")
    return wire


def held(port):
    return sorted(entry["name"] for entry in json.loads(listing(port))["locks"])


def end(job):
    job.kill()
    job.wait()


@tap.test
def many_locks_of_a_process_take_one_descriptor():
    process, port = serve()
    jobs = [sleeper(), sleeper()]
    for index, job in enumerate(jobs):
        hold(port, 100 * index, 100, *owner_lines(job, identity(job.pid)))
    farm.equal(descriptors(process), 2)
    end(jobs[0])
    farm.poll(lambda: len(held(port)) == 100, "all of one process are released")
    farm.equal(held(port), sorted(f"x{number}" for number in range(100, 200)))
    farm.equal(descriptors(process), 1)
    wire = speak(port)
    for number in range(100, 200):
        wire.ask(f"user own{number}", f"locks x{number}",
                 *owner_lines(jobs[1], identity(jobs[1].pid)), "UNLOCK")
    farm.equal(descriptors(process), 0)


@tap.test
def nothing_is_granted_to_a_process_on_its_way_out(folder):
    with open(os.path.join(folder, "log"), "w", encoding="utf-8") as log:
        _, port = serve("--pidstat-port", "none", log=log)
    job = sleeper()
    lines = owner_lines(job, identity(job.pid))
    hold(port, 0, 3, *lines)
    own = wait_for(port, "late", "x0", "own0", *lines)
    both = wait_for(port, "later", "x1 x2", "own1", "count 2", *lines)
    other = wait_for(port, "other", "x0", "own0", "autounlock 0")
    end(job)
    farm.equal(other.line(), "print_obtained")
    farm.poll(lambda: held(port) == ["x0"], "the rest is free")
    for wire in (own, both):
        farm.contains(wire.status()["error"], "the owner's process has ended")
    farm.equal(json.loads(listing(port))["waiters"], [])
    with open(os.path.join(folder, "log"), encoding="utf-8") as log:
        farm.equal(log.read().count("has ended"), 1)


@tap.test
def without_descriptors_the_end_is_seen_too(folder):
    path = os.path.join(folder, "log")
    with open(path, "w", encoding="utf-8") as log:
        process, port = serve("--pidstat-port", "none", limit=("prlimit", "--nofile=64:64"), log=log)
    jobs = [sleeper() for _ in range(40)]
    for number, job in enumerate(jobs):
        hold(port, number, 1, *owner_lines(job, identity(job.pid)))
    assert 0 < descriptors(process) < len(jobs)
    with open(path, encoding="utf-8") as log:
        farm.equal(log.read().count("raise the limit of open files"), 1)
    for job in jobs[1:]:
        end(job)
    farm.poll(lambda: held(port) == ["x0"], "all that have ended are released")
    # Descriptors are taken again where they are to be had.
    more = [sleeper() for _ in range(2)]
    for number, job in enumerate(more, 50):
        hold(port, number, 1, *owner_lines(job, identity(job.pid)))
    farm.equal(descriptors(process), 3)


@tap.test
def a_lock_that_is_asked_for_again_without_autounlock_is_kept():
    process, port = serve()
    job = sleeper()
    hold(port, 0, 1, *owner_lines(job, identity(job.pid)))
    farm.equal(descriptors(process), 1)
    hold(port, 0, 1, *owner_lines(job, identity(job.pid), "autounlock 0"))
    farm.equal(descriptors(process), 0)


class Puppet:
    """A pidstatd that says what it is told to."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((ELSEWHERE, 0))
        self.socket.settimeout(farm.PATIENCE_S)
        self.port = self.socket.getsockname()[1]
        farm.at_end(self.socket.close)

    def hears(self):
        """The words id=... of the next question, and who asked."""
        text, asker = self.socket.recvfrom(2048)
        words = text.decode().split()
        return next(word for word in words if word.startswith("id=")), int(words[1]), asker

    def answers(self, question, state, *words):
        number, pid, asker = question
        text = " ".join((f"EXIS {pid} {state} {ELSEWHERE}", number, *words))
        self.socket.sendto(text.encode(), asker)

    def is_left_alone(self):
        self.socket.settimeout(0.5)
        try:
            self.hears()
        except TimeoutError:
            return True
        finally:
            self.socket.settimeout(farm.PATIENCE_S)
        return False


@tap.test
def many_locks_of_a_process_elsewhere_take_one_question():
    puppet = Puppet()
    _, port = serve("--pidstat-port", puppet.port)
    job = sleeper()
    lines = owner_lines(job, THERE, host=ELSEWHERE)
    hold(port, 0, 1, *lines)
    question = puppet.hears()
    puppet.answers(question, 1, "start=77")
    hold(port, 1, 50, *lines)
    assert puppet.is_left_alone()
    own = wait_for(port, "late", "x7", "own7", *lines)
    puppet.answers(question, 0)
    farm.poll(lambda: held(port) == [], "all are released")
    farm.contains(own.status()["error"], "the owner's process has ended")


@tap.test
def an_answer_about_a_bare_pid_is_none_about_who_came_later():
    puppet = Puppet()
    _, port = serve("--pidstat-port", puppet.port)
    lines = owner_lines(sleeper(), "process 0 - 0", host=ELSEWHERE)
    hold(port, 0, 1, *lines)
    first = puppet.hears()
    puppet.answers(first, 1, "start=11")
    hold(port, 1, 1, *lines)
    second = puppet.hears()
    assert second[0] != first[0]
    # Another process has the pid now: the first one has ended, the second one has not.
    puppet.answers(first, 0)
    farm.poll(lambda: held(port) == ["x1"], "only the first is released")
    puppet.answers(second, 1, "start=22")
    hold(port, 2, 1, *lines)
    third = puppet.hears()
    puppet.answers(third, 1, "start=22")
    # Now they are known to be of one process, and share the second's question.
    assert puppet.is_left_alone()
    puppet.answers(third, 0)
    farm.equal(held(port), ["x1", "x2"])
    puppet.answers(second, 0)
    farm.poll(lambda: held(port) == [], "both are released")


@tap.test
def a_lock_that_another_process_takes_over_is_that_ones(folder):
    # A user that is proven may hand its locks on to another process of its own.
    puppet = Puppet()
    _, port = serve("--pidstat-port", puppet.port, "--path", f"{folder}/socket")
    questions = []
    for job in (sleeper(), sleeper()):
        wire = Wire(path=f"{folder}/socket")
        wire.send("proto 2")
        farm.equal(wire.line(), "proto 2")
        farm.equal(wire.lock("own0", "x0", 0, *owner_lines(job, "process 0 - 0",
                                                           host=ELSEWHERE))["locked"], "1")
        wire.close()
        questions.append(puppet.hears())
        puppet.answers(questions[-1], 1)
    assert questions[0][1] != questions[1][1]
    puppet.answers(questions[0], 0)
    assert puppet.is_left_alone()
    farm.equal(held(port), ["x0"])
    puppet.answers(questions[1], 0)
    farm.poll(lambda: held(port) == [], "it is released")


@tap.test
def a_daemon_in_a_container_proves_no_end(folder):
    puppet = Puppet()
    with open(f"{folder}/log", "w", encoding="utf-8") as log:
        _, port = serve("--pidstat-port", puppet.port, log=log)
    job = sleeper()
    hold(port, 0, 1, *owner_lines(job, "process 0 - 0", host=ELSEWHERE))
    hold(port, 1, 1, *owner_lines(job, THERE, host=ELSEWHERE))
    questions = [puppet.hears(), puppet.hears()]
    for question in questions:
        puppet.answers(question, 0, "ns=4026532999")
    farm.poll(lambda: open(f"{folder}/log", encoding="utf-8").read().count(
        f"the pidstatd on {ELSEWHERE} is in a container (pid namespace 4026532999)") == 2,
              "it is logged")
    farm.equal(held(port), ["x0", "x1"])
    for question in questions:
        puppet.answers(question, 0, "ns=4026531836")
    farm.poll(lambda: held(port) == [], "the host's own daemon is believed")


@tap.test
def a_session_that_comes_back_for_a_seat_is_granted_another_that_its_owner_waits_for(folder):
    server = Lab(folder, 'pools = ( { name = "q"; seats = 2; } );\n').server
    former, other, waits = server.wire(), server.wire(), server.wire()
    token = former.ask("user ann", "session 1", "locks q1", "LOCK")["token"]
    farm.equal(other.ask("user bob", "locks q2", "LOCK")["locked"], "1")
    waits.send("user ann", "session 1", "locks q2", "block 1", "LOCK")
    farm.contains(waits.line(), "print_waiting")
    waits.socket.shutdown(socket.SHUT_WR)
    while waits.line() is not None:
        pass
    farm.equal(server.wire().ask("user ann", "session 1", "locks q", f"RENEW {token}")["token"], token)
    farm.equal(other.ask("UNLOCK")["locked"], "0")
    farm.equal(server.held(), {"q1": "ann", "q2": "ann"})


if __name__ == "__main__":
    farm.main()
