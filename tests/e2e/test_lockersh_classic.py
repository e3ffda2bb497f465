#!/usr/bin/python3
"""lockersh with a classic server.

There is none to run here: a double says what the recorded conversations of tests/wire have, byte
by byte, and nothing to words that a classic server does not know.
"""

import json
import os
import signal
import socket
import subprocess
import threading

import jsonschema

from support import farm, tap
from support.classic import Classic
from support.locking import LOCKERSH, Farm


def recorded(name, connection, skip=0):
    """What a classic server said to a connection of a recorded conversation, after its n-th send."""
    answer = b""
    with open(os.path.join(farm.SOURCE, "tests/wire", name), "rb") as file:
        for line in file:
            line = line.rstrip(b"\n")
            if line.startswith((connection + "< ").encode()):
                answer += line[3:] + b"\n"
    assert answer, name
    if skip:
        answer = b"".join(part + b"\n\n\n" for part in answer.split(b"\n\n\n")[skip:] if part)
    return answer.replace(b"{any} {any}", b"1.502 1000000000")


class Lab(Farm):
    def __init__(self):
        self.double = Classic()
        super().__init__(self.double.port)

    def poll_held(self, lock, pid):
        farm.poll(lambda: self.double.held.get(lock, {}).get("pid") == str(pid), f"{lock} is held")

    def poll_waiting(self, pid):
        farm.poll(lambda: str(pid) in [one.get("pid") for one in self.double.waiting],
                  f"{pid} waits")

    def poll_free(self, lock):
        farm.poll(lambda: lock not in self.double.held, f"{lock} is free")


def replay(answers):
    """A listener that says recorded bytes: one answer for each connection, whatever is asked."""
    listener = socket.create_server(("127.0.0.1", 0))
    farm.at_end(listener.close)
    heard = []

    def serve():
        for answer in answers:
            client, _ = listener.accept()
            data = client.recv(65536)
            client.sendall(answer)
            client.settimeout(farm.PATIENCE_S)
            while not data.endswith(b"EOF\n"):
                more = client.recv(65536)
                if not more:
                    break
                data += more
            heard.append(data)
            client.close()

    threading.Thread(target=serve, daemon=True).start()
    env = farm.environment(IPCLOCKER_HOST="127.0.0.1", IPCLOCKER_PORT=listener.getsockname()[1])
    return env, heard


@tap.test
def recorded_grants_are_understood():
    env, heard = replay([recorded("01-lock-status-unlock.txt", "A"),
                         recorded("01-lock-status-unlock.txt", "C")])
    result = farm.run(LOCKERSH, "--lock", "lic1", "echo $LOCKERSH_LOCK $LOCKERSH_TOKEN", env=env)
    farm.equal((result.stdout, result.stderr), ("lic1\n", ""))
    farm.poll(lambda: len(heard) == 2, "the monitor has unlocked")
    for words in (b"proto 2\n", b"locks lic1\n", b"block 1\n", b"timeout 0\n", b"autounlock 1\n",
                  b"\nLOCK\n"):
        farm.contains(heard[0], words)
    assert heard[0].endswith(b"\nEOF\n"), heard[0]
    # Our servers want to be told the process again.
    farm.contains(heard[1], b"locks lic1\nhostname ")
    farm.contains(heard[1], b"\nUNLOCK\n")


@tap.test
def recorded_waits_are_understood():
    for name, connection, lock in (("03-fifo-handover.txt", "B", "f1"),
                                   ("04-one-of-two-seats.txt", "C", "s1:s2"),
                                   ("05-waiter-on-two-then-both-free.txt", "C", "w1:w2"),
                                   ("06-break-lock.txt", "B", "k1"),
                                   ("07-hold-timeout.txt", "B", "t1"),
                                   ("10-dead-pid.txt", "B", "d1")):
        answer = recorded(name, connection)
        answer = answer[:answer.index(b"\n\n\n") + 3]
        env, _ = replay([answer, recorded("01-lock-status-unlock.txt", "C")])
        result = farm.run(LOCKERSH, "--lock", lock, "--verbose", "echo $LOCKERSH_LOCK", env=env)
        farm.equal(result.returncode, 0)
        got = answer[answer.index(b"lockname ") + 9:].split()[0].decode()
        farm.equal(result.stdout, got + "\n")


@tap.test
def recorded_refusals_are_understood():
    refusal = recorded("02-busy-nonblocking.txt", "B")
    env, heard = replay([refusal + recorded("14-unlock-not-mine.txt", "B")])
    result = farm.run(LOCKERSH, "--lock", "n1", "-n", "true", env=env)
    farm.equal((result.returncode, result.stderr),
               (1, "lockersh: n1 is not free; it is held by a_1_u\n"))
    farm.poll(lambda: heard, "it has left")
    # It takes itself off the queue that it should never have been in.
    assert heard[0].endswith(b"\nUNLOCK\nEOF\n"), heard[0]


@tap.test
def recorded_lists_owners_and_versions_are_understood():
    env, _ = replay([b"lock s1 a_1_u\nlock s2 c_3_u\n\n\n"])
    farm.equal(farm.run(LOCKERSH, "--locklist", env=env).stdout.split(),
               ["s1", "a_1_u", "s2", "c_3_u"])
    env, _ = replay([recorded("12-unknown-and-empty.txt", "B")])
    farm.equal(farm.run(LOCKERSH, "--locklist", env=env).stdout, "")
    env, _ = replay([recorded("01-lock-status-unlock.txt", "B")])
    farm.equal(farm.run(LOCKERSH, "--owner", "lic1", env=env).stdout, "host.example_100_alice\n")
    env, _ = replay([recorded("13-version.txt", "A")])
    result = farm.run(LOCKERSH, "--ping", env=env)
    farm.contains(result.stdout, "version 1.502, protocol 1, up since 2001-09-09T01:46:40.000Z")
    breaking = recorded("06-break-lock.txt", "C")
    env, _ = replay([breaking])
    farm.equal(farm.run(LOCKERSH, "--break", "k1", env=env).stdout, "k1 was taken from a_1_u\n")


@tap.test
def a_job_holds_its_lock_and_gives_it_back():
    lab = Lab()
    holder = lab.hold("a")
    monitor = lab.poll_monitor("a")
    waiter = lab.wait_for("a", command=["echo", "got"])
    holder.kill()
    farm.equal(waiter.communicate(timeout=farm.PATIENCE_S)[0], b"got\n")
    lab.poll_free("a")
    farm.poll(lambda: not farm.is_alive(monitor), "the monitor has ended")


def need_pids_that_mean_something():
    if farm.in_container():
        raise tap.Lacks("a client in a container knows nothing of the pids of a classic server's owners")


@tap.test
def the_end_of_a_dead_owner_is_reported():
    need_pids_that_mean_something()
    lab = Lab()
    holder = lab.hold("a")
    # Nobody but a waiter of this host can know that it has ended.
    os.kill(lab.poll_monitor("a"), signal.SIGKILL)
    holder.kill()
    holder.wait()
    waiter = lab.start("--lock", "a", "echo", "got")
    farm.equal(waiter.communicate(timeout=farm.PATIENCE_S)[0], b"got\n")
    farm.contains(lab.double.seen, f"DEAD_PID {socket.gethostname()} {holder.pid}")


@tap.test
def who_would_not_wait_reports_a_dead_owner_and_is_granted_its_lock():
    need_pids_that_mean_something()
    lab = Lab()
    holder = lab.hold("a")
    os.kill(lab.poll_monitor("a"), signal.SIGKILL)
    holder.kill()
    holder.wait()
    farm.equal(lab.run("-n", "--lock", "a", "echo", "got").stdout, "got\n")
    farm.contains(lab.double.seen, f"DEAD_PID {socket.gethostname()} {holder.pid}")


@tap.test
def a_recorded_refusal_with_a_check_is_understood():
    refusal = recorded("16-autounlock-check-when-refused.txt", "B")
    env, _ = replay([refusal + recorded("14-unlock-not-mine.txt", "B")])
    result = farm.run(LOCKERSH, "--lock", "ac1", "-n", "true", env=env)
    farm.equal((result.returncode, result.stderr),
               (1, "lockersh: ac1 is not free; it is held by farm7_77_u\n"))


@tap.test
def a_living_owner_is_not_reported():
    lab = Lab()
    holder = lab.hold("a")
    waiter = lab.wait_for("a", "--verbose")
    # It has looked by then.
    farm.contains(waiter.stderr.readline(), b"waiting")
    holder.kill()
    farm.equal(waiter.wait(farm.PATIENCE_S), 0)
    assert not [line for line in lab.double.seen if line.startswith("DEAD_PID")]


@tap.test
def who_would_not_wait_is_not_left_in_the_queue():
    lab = Lab()
    lab.hold("a")
    farm.equal(lab.run("--lock", "a", "-n", "true").returncode, 1)
    farm.equal(lab.double.waiting, [])


@tap.test
def who_gives_up_leaves_the_queue():
    lab = Lab()
    lab.hold("a")
    farm.equal(lab.run("--lock", "a", "-w", "1", "true").returncode, 1)
    farm.poll(lambda: lab.double.waiting == [], "the queue is empty")


@tap.test
def what_a_classic_server_cannot_do_is_69():
    lab = Lab()
    for demand in (["a:b", "--count", "2"], ["a", "--and", "b"]):
        result = lab.run("--lock", *demand, "true")
        farm.equal((result.returncode, result.stderr.count("\n")), (69, 1))
        farm.contains(result.stderr, "the server is a classic one")
    farm.equal(lab.double.held, {})


@tap.test
def the_list_is_json_with_nulls():
    lab = Lab()
    lab.hold("a")
    result = lab.run("--locklist", "--json")
    document = json.loads(result.stdout)
    with open(os.path.join(farm.SOURCE, "share/schema/locklist.schema.json"),
              encoding="utf-8") as file:
        jsonschema.Draft202012Validator(json.load(file)).validate(document)
    farm.equal(document["server"], {"version": "1.502", "started": "2001-09-09T01:46:40.000Z",
                                    "protocol": 1})
    lock = document["locks"][0]
    farm.equal((lock["name"], lock["pid"], lock["token"], lock["waiting"]), ("a", None, None, None))
    assert lock["user"], lock


@tap.test
def a_list_of_jobs_is_not_to_be_had():
    result = Lab().run("--locklist", "--job", "7")
    farm.equal((result.returncode, result.stdout), (69, ""))
    farm.contains(result.stderr, "a classic one, which knows no jobs")


@tap.test
def the_hold_limit_is_sent():
    lab = Lab()
    process = lab.start("--lock", "a", "--hold-timeout", "7", "--exec", "sleep", "1000",
                        stdout=subprocess.DEVNULL)
    lab.poll_held("a", process.pid)
    farm.contains(lab.double.seen, "timeout 7")


@tap.test
def options_are_written_as_for_getopt_long():
    lab = Farm()
    env = farm.environment(IPCLOCKER_HOST=None, IPCLOCKER_PORT=None)
    for words in (["-dhost", "127.0.0.1", "-port", lab.port, "-lock", "a", "-verbose"],
                  ["--dhost=127.0.0.1", f"-port={lab.port}", "--LOCK", "a", "--verb", "--nodebug"],
                  ["-dh", "127.0.0.1", "--po", lab.port, "-lock=a", "--no-verbose"]):
        result = lab.run(*words, "echo $LOCKERSH_LOCK", "-verbose", env=env)
        farm.equal((words, result.returncode, result.stdout), (words, 0, "a -verbose\n"))
    for word in ("--lo", "-lo"):
        result = lab.run(word, "a", "true", env=env)
        farm.equal((result.returncode, result.stdout), (64, ""))
        farm.contains(result.stderr, f"option {word} is ambiguous: it may be --lock, --lost-after, "
                      "--locklist;")


if __name__ == "__main__":
    farm.main()
