#!/usr/bin/env python3
"""What answers at a lock server's port, and is none: it talks without end, sends what no terminal
should see, and fills memory.  Whatever it says, each program comes to an end and says why."""

import json
import os
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from support import built, farm, tap
from support.listener import Listener

LONG = bool(os.environ.get("FARMLOCK_LONG"))
PAST = b"past hold unlock 1 1000 2000 3000 4 ann h - lic1\n"
# What is said once, and what is said again and again.
STREAMS = {
    "words that nobody knows": (b"proto 2\n", b"bla bla\n" * 1000),
    "the protocol": (b"", b"proto 2\n" * 1000),
    "empty lines": (b"", b"\n" * 1000),
    "versions": (b"proto 2\nversion 1 2\n", b"version 1 2\n" * 500),
    "states": (b"proto 2\n", b"owner bob\nlocked 0\n\n\n" * 400),
    "a state without end": (b"proto 2\n", b"locked 0\n" * 1000),
    "waits": (b"proto 2\n", b"print_waiting bob\n" * 500),
    "grants": (b"proto 2\n", b"print_obtained\n" * 500),
    "places": (b"proto 2\nprint_waiting bob\n", b"queue 1 5 a bob\n" * 500),
    "dead owners": (b"proto 2\nprint_waiting bob\n", b"autounlock_check a h 5 2\n" * 500),
    "broken locks": (b"proto 2\n", b"print_broke bob\n" * 500),
    "refusals": (b"proto 2\n", b"error-code later\nerror x\n\n\n" * 400),
    "a list without end": (b"proto 2\n", b"lock a b\n" * 2000),
    "what is past": (b"proto 2\n", PAST * 300),
    "JSON without end": (b"proto 2\njson 500000000\n", b"[" * 16384),
    "a line without end": (b"proto 2\n", b"x" * 16384),
}
PROGRAMS = {
    "ping": ("lockersh", "--ping"), "list": ("lockersh", "--locklist"),
    "json": ("lockersh", "--locklist", "--json"), "job": ("lockersh", "--locklist", "--job", "7"),
    "owner": ("lockersh", "--owner", "a"), "break": ("lockersh", "--break", "a"),
    "limit": ("lockersh", "--timeout", "2", "--lock", "a", "true"),
    "nonblock": ("lockersh", "--nonblock", "--lock", "a", "true"),
}

# How lockreap and locksync ask for a list; the scheduler is not what is tried here.
SCHEDULER = {
    "qconf": "case $1 in -sc) echo '#name shortcut type relop requestable consumable default';"
             "echo 'lic lic INT <= YES YES 0 0';; -se) echo 'complex_values lic=5';; esac",
    "qstat": "echo '<?xml version=\"1.0\"?><job_info><queue_info></queue_info><job_info></job_info>"
             "</job_info>'",
}
LISTERS = {
    "lockreap": ("--job", "slurm:7@farm", "--dry-run"),
    "locksync": ("--once", "--scheduler", "sge", "--map", "lic=lic"),
}
ENDERS = {"lockreap": ("--job", "slurm:7@farm")}
NUMBERS = b'{"version":1,"time":"2026-11-28T10:00:00.000Z","waiters":[],"locks":[' + b"0," * 1024


class Hostile(Listener):
    """Says something to whoever connects, and then something else until he goes."""

    def __init__(self, first, again=b"", pause_s=0.0):
        self.first, self.again, self.pause_s = first, again, pause_s
        super().__init__()

    def close(self):
        super().close()
        self.again = b""

    def serve(self, client):
        try:
            client.sendall(self.first)
            while self.again:
                client.sendall(self.again)
                time.sleep(self.pause_s)
            client.recv(65536)
        except OSError:
            pass
        client.close()


def run(server, program, *words, **options):
    where = ("--host", "127.0.0.1", "--port", server.port) if program != "lockersh" else \
        ("--dhost", "127.0.0.1", "--port", server.port)
    return farm.run(farm.program(program), *where, *words, **options)


def expect_end(name, server, program):
    begun = time.monotonic()
    result = run(server, *PROGRAMS[program], timeout=60)
    took = time.monotonic() - begun
    assert result.returncode in (0, 1, 69), (name, program, result)
    assert result.returncode == 0 or result.stderr.startswith("lockersh: "), (name, result.stderr)
    return took


@tap.test
def each_program_ends_whatever_a_server_streams():
    slowest = 0
    servers = {name: Hostile(*what) for name, what in STREAMS.items()}
    with ThreadPoolExecutor(6) as pool:
        jobs = {(name, program): pool.submit(expect_end, name, server, program)
                for name, server in servers.items() for program in PROGRAMS
                if LONG or program in ("ping", "nonblock") or
                (program == "json" and "JSON" in name) or (program == "list" and "list" in name)}
        for job in jobs.values():
            slowest = max(slowest, job.result())
    print(f"# {len(jobs)} pairs of a stream and a program: {slowest:.1f} s at most", flush=True)


@tap.test
def a_limit_holds_while_a_server_talks():
    for name in ("waits", "places", "dead owners", "words that nobody knows", "a list without end"):
        server = Hostile(*STREAMS[name])
        begun = time.monotonic()
        result = run(server, *PROGRAMS["limit"])
        took = time.monotonic() - begun
        assert result.returncode in (1, 69) and took < 15, (name, took, result)
    result = run(Hostile(b"proto 2\nprint_waiting bob\n", b"print_waiting bob\n", 0.05),
                 *PROGRAMS["limit"])
    farm.contains(result.stderr, "was not free in time")


def schedulers_commands(folder):
    for name, script in SCHEDULER.items():
        with open(f"{folder}/{name}", "w", encoding="ascii") as file:
            file.write(f"#!/bin/sh\n{script}\n")
        os.chmod(f"{folder}/{name}", 0o755)
    return farm.environment(PATH=f"{folder}:{os.environ['PATH']}", SGE_ROOT=folder)


@tap.test
def what_serves_a_scheduler_ends_whatever_a_server_streams(folder):
    env = schedulers_commands(folder)
    slowest = 0

    def expect(server, program, words):
        begun = time.monotonic()
        result = run(server, program, *words, env=env, timeout=120)
        assert result.returncode in (0, 69), (program, words, result)
        assert result.returncode == 0 or result.stderr.startswith(f"{program}: "), result.stderr
        return time.monotonic() - begun

    # What the programs say to a server that is one.
    empty = b'{"version":1,"time":"2026-11-28T10:00:00.000Z","locks":[],"waiters":[]}'
    for program, words in LISTERS.items():
        server = Hostile(b"proto 2\nversion 1 2\n\njson %d\n%s\n" % (len(empty), empty))
        result = run(server, program, *words, env=env)
        farm.equal((result.returncode, result.stderr), (0, ""))
    with ThreadPoolExecutor(4) as pool:
        servers = {name: Hostile(*what) for name, what in STREAMS.items()}
        jobs = [pool.submit(expect, server, program, words)
                for asked in (LISTERS, ENDERS) for program, words in asked.items()
                for name, server in servers.items()
                if LONG or name in ("words that nobody knows", "refusals", "JSON without end")]
        for job in jobs:
            slowest = max(slowest, job.result())
    print(f"# {len(jobs)} pairs of a stream and a program: {slowest:.1f} s at most", flush=True)


@tap.test
def a_list_of_nothing_but_values_fills_no_memory(folder):
    """60 MB, of which json-c would make 2 GB."""
    built.need_plain()
    env = schedulers_commands(folder)
    most = 1 << 30

    class Numbers(Hostile):
        def serve(self, client):
            size = 60000000
            try:
                client.sendall(b"proto 2\nversion 1 2\n\njson %d\n" % size)
                client.sendall(NUMBERS)
                for sent in range(len(NUMBERS), size, 1 << 20):
                    client.sendall((b"0," * (1 << 19))[:size - sent])
                client.sendall(b"\n")
                client.recv(65536)
            except OSError:
                pass
            client.close()

    server = Numbers(b"")
    for program, words in LISTERS.items():
        result = farm.run("prlimit", f"--as={most}", farm.program(program), "--host", "127.0.0.1",
                          "--port", server.port, *words, env=env, timeout=120)
        farm.equal(result.returncode, 69)
        farm.contains(result.stderr, "list is too long: no lock server has that many locks")


class Inventor(Hostile):
    """Tells of a history without end, each row of another user with a long name."""

    def serve(self, client):
        number = 10**9
        try:
            client.sendall(self.first)
            while self.again:
                number += 1
                client.sendall(b"past hold unlock 1 1000 2000 3000 4 %s h - lic1\n" %
                               (b"%d" % number * 6000))
        except OSError:
            pass
        client.close()


@tap.test
def a_report_of_a_history_without_end_is_bounded():
    built.need_plain()
    server = Inventor(b"proto 2\nversion 1 2\n\n", b"on")
    result = farm.run("prlimit", f"--as={1 << 30}", farm.program("lockreport"), "--host",
                      "127.0.0.1", "--port", server.port, "--since", "5000d", "--by", "user",
                      "--csv", timeout=280)
    farm.equal(result.returncode, 69)
    farm.contains(result.stderr, "it is too long; ask for less of it")


@tap.test
def a_history_that_goes_on_and_on_ends():
    # Parts that are all empty, and go on.
    class Parts(Hostile):
        def serve(self, client):
            try:
                client.recv(65536)
                client.sendall(b"proto 2\nversion 1 2\n\n")
                number = 0
                while client.recv(65536):
                    number += 1
                    client.sendall(b"history %d\n" % number)
            except OSError:
                pass
            client.close()

    result = run(Parts(b""), "lockreport", "--csv", timeout=60)
    farm.equal(result.returncode, 69)
    farm.contains(result.stderr, "its history does not go on")


RAW = b"\x1b[2J\x07\xc2\x9b31m\x7f\xe2\x80\xae"


JSON = b'{"locks":[{"name":"' + RAW + b'","owner":"o"}]}'


def expect_clean(result, name):
    for text in (result.stdout, result.stderr):
        for character in text:
            assert character in "\n\t" or (character >= " " and not "\x7f" <= character < "\xa0" and
                                           character != "\u202e"), (name, text)


@tap.test
def nothing_that_a_server_sends_reaches_a_terminal():
    answers = {
        "list": b"proto 2\nlock n" + RAW + b" o" + RAW + b"\n\n\n",
        "json": b"proto 2\nversion 1 2\n\njson %d\n%s\n" % (len(JSON), JSON),
        "owner": b"proto 2\nowner o" + RAW + b"\nlocked 1\nlockname a\n\n\n",
        "nonblock": b"proto 2\nowner o" + RAW + b"\nlocked 0\n\n\n",
        "break": b"proto 2\nprint_broke o" + RAW + b"\nowner \nlocked 0\n\n\n",
        "ping": b"proto 2\nversion v" + RAW + b" 7\n\n",
        "limit": b"proto 2\nprint_waiting o" + RAW + b"\nqueue 1 5 n" + RAW + b" o" + RAW + b"\n",
    }
    for name, answer in answers.items():
        server = Hostile(answer)
        for more in ((), ("--debug",), ("--verbose",)):
            expect_clean(run(server, *PROGRAMS[name][:1], *more, *PROGRAMS[name][1:]), name)
        refusing = Hostile(b"proto 2\nerror-code denied\nerror e" + RAW + b"\n\n\n")
        expect_clean(run(refusing, *PROGRAMS[name]), name)
        stranger = Hostile(RAW + b"\n")
        expect_clean(run(stranger, *PROGRAMS[name]), name)
    text = run(Hostile(answers["json"]), *PROGRAMS["json"]).stdout
    farm.contains(json.loads(text)["locks"][0]["name"], "\x1b[2J")
    rows = (b"proto 2\nversion 1 2\n\npast hold r" + RAW + b" 1 1000 2000 3000 4 a" + RAW + b" h" +
            RAW + b" j" + RAW + b" l" + RAW + b"\nhistory 0\n")
    for form in ((), ("--json",), ("--csv",)):
        for by in ("lock", "user", "host", "job"):
            result = run(Hostile(rows), "lockreport", "--since", "5000d", "--by", by, *form)
            farm.equal((result.returncode, result.stderr), (0, ""))
            expect_clean(result, (form, by))


@tap.test
def nothing_that_a_pidstatd_sends_reaches_a_terminal():
    daemon = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    daemon.bind(("127.0.0.77", 0))
    farm.at_end(daemon.close)

    def answer():
        while True:
            try:
                question, asker = daemon.recvfrom(2048)
            except OSError:
                return
            words = question.split()
            daemon.sendto(b"EXIS " + words[1] + b" 1 " + words[2] + b" boot=" + RAW, asker)
            daemon.sendto(RAW, asker)

    threading.Thread(target=answer, daemon=True).start()
    result = farm.run(farm.program("pidstat"), "--debug", "--timeout", "1", "--port",
                      daemon.getsockname()[1], "exists", "127.0.0.77:7")
    farm.contains(result.stderr, "hears")
    expect_clean(result, "pidstat")


if __name__ == "__main__":
    farm.main()
