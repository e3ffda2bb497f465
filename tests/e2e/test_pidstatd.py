#!/usr/bin/env python3
"""pidstatd as its users see it: options, datagrams, manners."""

import os
import random
import shutil
import signal
import socket
import stat
import time

from support import farm, netns, tap
from support.pidstat_help import (ELSEWHERE, NO_PID, Asker, Daemon, Inside, can_make_pid_namespace,
                                  sleeper, start_time)

KNOWN = "id=0123456789abcdef"


@tap.test
def help_and_version_need_no_socket():
    result = farm.run(farm.program("pidstatd"), "--help")
    farm.equal(result.returncode, 0)
    for option in ("--help", "--version", "--debug", "--fork", "--nofork", "--host", "--port",
                   "--pid-file", "--user", "--max-watches"):
        farm.contains(result.stdout, option)
    result = farm.run(farm.program("pidstatd"), "--version")
    farm.equal(result.returncode, 0)
    assert result.stdout.startswith("pidstatd (farmlock) Version "), result.stdout


@tap.test
def bad_options_get_one_line_and_64():
    for words in (["--port", "0"], ["--port", "65536"], ["--port", "x"], ["--port"], ["--bogus"],
                  ["--max-watches", "-1"], ["--max-watches", "1e3"], ["--user", "no-such-user"],
                  ["word"], ["--fork=yes"], ["--pid-file", ""]):
        result = farm.run(farm.program("pidstatd"), *words)
        farm.equal((words, result.returncode), (words, 64))
        farm.equal(result.stderr.count("\n"), 1)
        assert result.stderr.startswith("pidstatd: "), result.stderr
        farm.equal(result.stdout, "")


@tap.test
def a_socket_that_cannot_be_had_gets_one_line_and_71(folder):
    daemon = Daemon(folder)
    for host in (ELSEWHERE, "192.0.2.1", "no..such..name"):
        result = farm.run(farm.program("pidstatd"), "--host", host, "--port", daemon.port)
        farm.equal((host, result.returncode), (host, 71))
        farm.equal(result.stderr.count("\n"), 1)


@tap.test
def classic_datagrams_are_answered_byte_for_byte(folder):
    daemon = Daemon(folder)
    asker = Asker(daemon.port)
    pid = os.getpid()
    name = socket.getfqdn()
    own = asker.ask(f"PIDR {pid}")
    assert own.startswith(f"EXIS {pid} 1 "), own
    assert own.split()[3].split(".")[0] == name.split(".")[0] or name == "localhost", (own, name)
    for end in ("", "\n", " ", "\r\n"):
        for host in ("foreign.example.com", socket.gethostname(), "127.0.0.1", "a"):
            farm.equal(asker.ask(f"PIDR {pid} {host}{end}"), f"EXIS {pid} 1 {host}")
            farm.equal(asker.ask(f"PIDR {NO_PID} {host}{end}"), f"EXIS {NO_PID} 0 {host}")
    for which in range(8):
        if which & 1:
            farm.equal(asker.ask(f"PIDR {pid} h {which}"), f"EXIS {pid} 1 h")
        else:
            assert asker.is_silent(f"PIDR {pid} h {which}"), which
        if which & 2:
            farm.equal(asker.ask(f"PIDR {NO_PID} h {which}\n"), f"EXIS {NO_PID} 0 h")
        else:
            assert asker.is_silent(f"PIDR {NO_PID} h {which}"), which


@tap.test
def an_unknown_state_is_answered_where_it_is_wanted(folder):
    missing = netns.missing()
    if missing:
        netns.say(f"not tried: {missing} is missing for a /proc that hides processes")
        return
    process = sleeper()
    # Another user's process, behind a /proc that shows nobody else's.
    daemon = Daemon(folder, enter=("unshare", "--mount", "sh", "-c",
                                   'mount -t proc -o hidepid=2 proc /proc && exec "$@"', "sh"))
    asker = Asker(daemon.port)
    pid, start = process.pid, start_time(process.pid)
    farm.equal(asker.ask(f"PIDR {pid} h 7"), f"EXIS {pid} 1 h")
    farm.equal(asker.ask(f"PIDR {pid} h 7 start={start}"), f"UNKN {pid} na h")
    farm.equal(asker.ask(f"PIDR {pid} h 4 start={start}"), f"UNKN {pid} na h")
    assert asker.is_silent(f"PIDR {pid} h 3 start={start}")
    farm.equal(asker.ask(f"PIDR {NO_PID} h 7 start={start}"), f"EXIS {NO_PID} 0 h start={start}")


@tap.test
def the_start_and_the_boot_are_compared(folder):
    daemon = Daemon(folder)
    asker = Asker(daemon.port)
    pid, start = os.getpid(), start_time(os.getpid())
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        boot = file.read().strip()
    farm.equal(asker.ask(f"PIDR {pid} h 7 start={start}"), f"EXIS {pid} 1 h start={start}")
    farm.equal(asker.ask(f"PIDR {pid} h 7 start={start + 1}"),
               f"EXIS {pid} 0 h start={start + 1}")
    farm.equal(asker.ask(f"PIDR {pid} h 7 {KNOWN} start={start} boot={boot}"),
               f"EXIS {pid} 1 h {KNOWN} start={start} boot={boot}")
    other = "0" * 8 + boot[8:]
    farm.equal(asker.ask(f"PIDR {pid} h 7 boot={other}"), f"EXIS {pid} 0 h boot={boot}")
    # A container may tell an id of its own: the very same process is no other one.
    farm.equal(asker.ask(f"PIDR {pid} h 7 {KNOWN} start={start} boot={other}"),
               f"EXIS {pid} 1 h {KNOWN} start={start} boot={boot}")
    farm.equal(asker.ask(f"PIDR {pid} h 7 {KNOWN} start={start + 1} boot={other}"),
               f"EXIS {pid} 0 h {KNOWN} start={start + 1} boot={boot}")
    farm.equal(asker.ask(f"PIDR {pid} h 7 start=? pad={'.' * 20}"),
               f"EXIS {pid} 1 h start={start}")


@tap.test
def a_stranger_s_process_exists_and_a_zombie_does_not(folder):
    daemon = Daemon(folder)
    asker = Asker(daemon.port)
    farm.equal(asker.ask("PIDR 1 h 7"), "EXIS 1 1 h")
    zombie = farm.start("true")
    farm.poll(lambda: not farm.is_alive(zombie.pid), "it has ended")
    farm.equal(asker.ask(f"PIDR {zombie.pid} h 7"), f"EXIS {zombie.pid} 0 h")


def arm(asker, pid):
    """Does what an asker does to watch a process."""
    answer = asker.ask(f"PIDR {pid} h 7 watch=? pad={'.' * 20}")
    proof = answer.split("watch=")[1]
    farm.equal(asker.ask(f"PIDR {pid} h 7 {KNOWN} watch={proof}"),
               f"EXIS {pid} 1 h {KNOWN} watch={proof}")
    return proof


@tap.test
def a_watch_tells_the_end_only_to_who_has_shown_the_proof(folder):
    daemon = Daemon(folder)
    honest, careless = Asker(daemon.port), Asker(daemon.port)
    process = sleeper()
    proof = arm(honest, process.pid)
    # Another address needs another proof.
    answer = careless.ask(f"PIDR {process.pid} h 7 watch={proof}")
    assert "watch=" in answer and proof not in answer, answer
    farm.equal(daemon.counters()["watches"], 1)
    process.kill()
    farm.equal(honest.receive(), f"EXIS {process.pid} 0 h {KNOWN}")
    farm.equal(careless.ask("PIDR 1 h 7"), "EXIS 1 1 h")
    farm.equal(daemon.counters()["watches"], 0)


@tap.test
def each_question_about_a_process_is_told_of_its_end(folder):
    """An asker may have several, such as one with the start and one without: owners of one process
    that said more and less of it."""
    daemon = Daemon(folder)
    asker = Asker(daemon.port)
    process = sleeper()
    proof = arm(asker, process.pid)
    for _ in range(2):  # renewed, each is one watch still
        for number in (0xa1, 0xa2):
            farm.equal(asker.ask(f"PIDR {process.pid} h 7 id={number:016x} watch={proof}"),
                       f"EXIS {process.pid} 1 h id={number:016x} watch={proof}")
    farm.equal(daemon.counters()["watches"], 3)
    process.kill()
    told = sorted(asker.receive() for _ in range(3))
    farm.equal([line.split()[4] for line in told], ["id=00000000000000a1", "id=00000000000000a2", KNOWN])
    farm.equal(daemon.counters()["watches"], 0)


@tap.test
def one_asker_has_few_watches_of_a_process(folder):
    daemon = Daemon(folder)
    asker = Asker(daemon.port)
    process = sleeper()
    proof = arm(asker, process.pid)
    for number in range(1, 101):
        asker.ask(f"PIDR {process.pid} h 7 id={number:016x} watch={proof}")
    farm.equal(daemon.counters()["watches"], 8)
    process.kill()
    # The last that were asked are told.
    farm.equal(sorted(int(asker.receive().split("id=")[1], 16) for _ in range(8)), list(range(93, 101)))


@tap.test
def watches_are_bounded(folder):
    daemon = Daemon(folder, "--max-watches", "1")
    asker = Asker(daemon.port)
    first, second = sleeper(), sleeper()
    proof = arm(asker, first.pid)
    farm.equal(asker.ask(f"PIDR {second.pid} h 7 {KNOWN} watch={proof}"),
               f"EXIS {second.pid} 1 h {KNOWN}")
    farm.equal(daemon.counters()["watches refused"], 1)


@tap.test
def an_answer_says_which_pid_namespace_it_is_about(folder):
    pid = os.getpid()
    here = os.readlink("/proc/self/ns/pid")[5:-1]
    asker = Asker(Daemon(folder).port)
    for question in (f"PIDR {pid} h 7 ns=? pad=.....", f"PIDR {pid} h 7 ns=7 pad=........"):
        farm.equal(asker.ask(question), f"EXIS {pid} 1 h ns={here}")
    farm.equal(asker.ask(f"PIDR {NO_PID} h 7 ns=? pad=....."), f"EXIS {NO_PID} 0 h ns={here}")
    # Who does not pay for it, or does not ask, hears nothing of it.
    farm.equal(asker.ask(f"PIDR {pid} h 7 ns=?"), f"EXIS {pid} 1 h")
    farm.equal(asker.ask(f"PIDR {pid} h 7"), f"EXIS {pid} 1 h")
    for bad in ("ns=", "ns=0", "ns=-1", "ns=4294967296", "ns=x"):
        assert asker.is_silent(f"PIDR {pid} h 7 {bad}"), bad
    if can_make_pid_namespace():
        daemon = Inside(folder)
        answer = Asker(daemon.port).ask("PIDR 1 h 7 ns=? pad=.....")
        assert answer.startswith("EXIS 1 1 h ns=") and here not in answer, answer
        farm.contains(daemon.log(), "this is a container")


@tap.test
def an_answer_is_not_larger_than_it_may_be(folder):
    daemon = Daemon(folder)
    asker = Asker(daemon.port)
    pid = os.getpid()
    for question in (f"PIDR {pid} h", f"PIDR {pid} h 7 start=? boot=? watch=?",
                     f"PIDR {pid} h 7 {KNOWN} start=? boot=? watch=? pad={'.' * 64}",
                     f"PIDR {pid} h 7 {KNOWN} ns=? pad=.", f"PIDR {pid} h 7 ns=?",
                     f"PIDR {pid} h 7 {KNOWN} start=? boot=? watch=?"):
        answer = asker.ask(question)
        assert len(answer) <= len(question) + 3, (question, answer)


@tap.test
def both_families_are_served_and_the_asked_address_answers(folder):
    daemon = Daemon(folder, host=None)
    for address in ("127.0.0.1", "127.0.0.5", "127.1.2.3", "::1"):
        try:
            asker = Asker(daemon.port, address)
            farm.equal(asker.ask("PIDR 1 h 7"), "EXIS 1 1 h")
        except OSError as error:
            assert address == "::1", error
            netns.say(f"IPv6 is not tried: {error}")
            continue
        farm.equal(asker.source[:2], (address, daemon.port))


@tap.test
def root_is_given_up(folder):
    if os.geteuid() != 0:
        netns.say("not tried: the test does not run as root")
        return
    daemon = Daemon(folder)
    farm.equal(os.stat(f"/proc/{daemon.process.pid}").st_uid, 65534)
    kept = Daemon(folder, "--user", "root", name="kept")
    farm.equal(os.stat(f"/proc/{kept.process.pid}").st_uid, 0)


def background(folder, *options):
    port = farm.free_port(socket.SOCK_DGRAM)
    pid_file = os.path.join(folder, "pid")
    result = farm.run(farm.program("pidstatd"), "--host", ELSEWHERE, "--port", port, "--pid-file",
                      pid_file, *options)
    farm.equal((result.returncode, result.stdout, result.stderr), (0, "", ""))
    with open(pid_file, encoding="ascii") as file:
        pid = int(file.read())
    farm.at_end(lambda: farm.kill_pid(pid))
    return port, pid_file, pid


def only_child(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        words = file.read().split()
    return int(words[0]) if words else 0


@tap.test
def in_the_background_it_is_ready_restarts_and_ends(folder):
    port, pid_file, pid = background(folder, "--fork")
    asker = Asker(port)
    farm.equal(asker.ask("PIDR 1 h 7"), "EXIS 1 1 h")
    result = farm.run(farm.program("pidstatd"), "--port", farm.free_port(socket.SOCK_DGRAM),
                      "--pid-file", pid_file)
    farm.equal(result.returncode, 71)
    server = only_child(pid)
    os.kill(server, signal.SIGKILL)
    farm.poll(lambda: only_child(pid) not in (0, server), "another server runs")
    farm.equal(asker.ask("PIDR 1 h 7"), "EXIS 1 1 h")
    # The supervisor must outlive the signal that asks for the counters.
    os.kill(pid, signal.SIGUSR1)
    farm.equal(asker.ask("PIDR 1 h 7"), "EXIS 1 1 h")
    os.kill(pid, signal.SIGTERM)
    farm.poll(lambda: not farm.is_alive(pid), "it has ended")
    assert not os.path.exists(pid_file)


@tap.test
def it_ends_orderly_by_a_signal(folder):
    for number in (signal.SIGTERM, signal.SIGINT):
        daemon = Daemon(folder, name=f"by{int(number)}")
        daemon.process.send_signal(number)
        farm.equal(daemon.process.wait(farm.PATIENCE_S), 0)
        farm.contains(daemon.log(), f"ends by signal {int(number)}")


@tap.test
def systemd_hears_that_it_is_ready(folder):
    path = os.path.join(folder, "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(path)
        os.chmod(path, stat.S_IRWXU | stat.S_IRWXG | stat.S_IRWXO)
        notify.settimeout(farm.PATIENCE_S)
        farm.start(farm.program("pidstatd"), "--nofork", "--host", ELSEWHERE, "--port",
                   farm.free_port(socket.SOCK_DGRAM), env=farm.environment(NOTIFY_SOCKET=path),
                   stderr=farm.subprocess.DEVNULL)
        farm.equal(notify.recv(100), b"READY=1")


@tap.test
def the_unit_runs_what_is_installed():
    with open(os.path.join(farm.SOURCE, "share/systemd/pidstatd.service"),
              encoding="ascii") as file:
        text = file.read()
    farm.contains(text, "ExecStart=@SBINDIR@/pidstatd --nofork")
    farm.contains(text, "Type=notify")
    farm.contains(text, "DynamicUser=yes")
    if not shutil.which("systemd-analyze"):
        netns.say("systemd-analyze is not here to verify the unit")


def mutate(datagram, dice):
    data = bytearray(datagram)
    for _ in range(dice.randrange(1, 5)):
        kind, place = dice.randrange(4), dice.randrange(len(data) + 1)
        if kind == 0:
            data[place:place + 1] = bytes([dice.randrange(256)])
        elif kind == 1:
            data[place:place] = dice.randbytes(dice.randrange(1, 9))
        elif kind == 2:
            del data[place:place + dice.randrange(1, 9)]
        else:
            data[place:place] = dice.choice([b" ", b"=", b"?", b"-1", b"9" * 30, b"\0", b"\n"])
    return bytes(data)


@tap.test
def a_million_bad_datagrams_leave_it_answering_and_no_larger(folder):
    rounds, batch = 250, 4000
    daemon = Daemon(folder)
    asker = Asker(daemon.port)
    watched = sleeper()
    arm(asker, watched.pid)
    armed_at = time.monotonic()
    dice = random.Random(1752)
    good = [f"PIDR {os.getpid()} farm1 7 {KNOWN} start=? boot=? watch=? pad=....".encode(),
            b"PIDR 1", b"PIDR 1 farm1\n", f"PIDR {NO_PID} farm1 2 start=5".encode()]
    # Enough of them that they differ, few enough to be made in a second; every round shuffles.
    pool = [mutate(dice.choice(good), dice) for _ in range(30000)]
    pool += [dice.randbytes(dice.randrange(0, 1400)) for _ in range(10000)]
    dice.shuffle(pool)
    size_kb, sent = 0, 0
    flood = Asker(daemon.port)
    flood.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    for number in range(rounds):
        begin = number * batch % len(pool)
        for index in range(begin, begin + batch):
            flood.socket.sendto(pool[index], flood.to)
            sent += 1
            if sent % 200 == 0:
                # Keeps the socket's buffer from overflowing: all of them must be looked at.
                farm.equal(asker.ask("PIDR 1 h 7"), "EXIS 1 1 h")
        flood.socket.setblocking(False)
        try:
            while flood.socket.recv(2048):
                pass
        except BlockingIOError:
            pass
        flood.socket.setblocking(True)
        if number == rounds // 10:
            size_kb = daemon.memory_kb()
    counters = daemon.counters()
    seen = counters["questions"] + counters["malformed"]
    grown_kb = daemon.memory_kb() - size_kb
    netns.say(f"{sent} sent, {seen} seen, {counters['malformed']} malformed, "
              f"memory {size_kb} kB, grown {grown_kb} kB")
    assert sent == 1000000 and seen >= sent, seen
    assert counters["malformed"] > sent // 4
    assert grown_kb <= 256, grown_kb
    farm.equal(asker.ask("PIDR 1 h 7"), "EXIS 1 1 h")
    # Meanwhile nobody has renewed the watch.
    farm.poll(lambda: daemon.counters()["watches"] == 0, "the watch is dropped", 150)
    assert time.monotonic() - armed_at > 10


farm.main()
