#!/usr/bin/python3
"""Time limits of clients hold whatever happens: names, connections and servers that do not answer."""

import os
import signal
import socket
import subprocess
import threading
import time

from support import farm, netns, tap
from support.locking import LOCKERSH, Farm, start_server
from support.wire import Wire

LOCKREPORT = farm.program("lockreport")
# What a program may need to start and end on a busy machine.
SLACK_S = 8


def timed(*command, **options):
    start = time.monotonic()
    result = farm.run(*command, **options)
    return result, time.monotonic() - start


def all_at_once(calls):
    """Runs calls of timed() side by side; returns what they returned, in their order."""
    found = [None] * len(calls)

    def run(index, words, options):
        found[index] = timed(*words, **options)

    threads = [threading.Thread(target=run, args=(index, words, options))
               for index, (words, options) in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def stopped_server():
    """A server that is stopped until the test ends, and the environment that names it."""
    server, port = start_server()
    farm.freeze(server.pid)
    farm.at_end(lambda: server.send_signal(signal.SIGCONT))
    return server, port, farm.environment(IPCLOCKER_HOST="localhost", IPCLOCKER_PORT=port)


@tap.test
def who_does_not_wait_is_told_of_a_silent_server_in_five_seconds():
    _, port, env = stopped_server()
    calls = [["-n", "--lock", "x", "true"], ["--lock", "x", "-w", "0", "true"],
             ["-n", "--lock", "x:y", "--count", "2", "true"], ["--locklist"],
             ["--locklist", "--json"], ["--locklist", "--job", "1"], ["--ping"],
             ["--owner", "x"], ["--break", "x"]]
    commands = [[LOCKERSH, *words] for words in calls] + [[LOCKREPORT, "--host", "localhost"]]
    for command, (result, took) in zip(commands, all_at_once([(command, {"env": env})
                                                              for command in commands])):
        farm.equal((command, result.returncode, result.stdout), (command, 69, ""))
        # The address that matters is not the one that comes last, ::1, where nobody listens.
        farm.contains(result.stderr, f"no lockerd answers at localhost:{port} (it does not answer)")
        farm.equal(result.stderr.count("\n"), 1)
        assert 4.5 < took < 5 + SLACK_S, (command, took)


@tap.test
def who_waits_is_told_of_a_silent_server_and_of_its_return():
    server, port, env = stopped_server()
    waiter = farm.start(LOCKERSH, "--lock", "x", "echo", "got", env=env, stdout=subprocess.PIPE,
                        stderr=subprocess.PIPE)
    farm.contains(waiter.stderr.readline().decode(),
                  f"no lockerd answers at localhost:{port} (it does not answer); it has the request")
    server.send_signal(signal.SIGCONT)
    out, err = waiter.communicate(timeout=farm.PATIENCE_S)
    farm.equal((waiter.returncode, out.decode(), err.decode()),
               (0, "got\n", f"lockersh: the lockerd at localhost:{port} answers again\n"))


@tap.test
def who_waits_for_a_silent_server_keeps_the_order():
    server, port, env = stopped_server()
    read_end, write_end = os.pipe()
    for name in ("first", "second"):
        farm.start(LOCKERSH, "--lock", "x", "echo", name, env=env, stdout=write_end,
                   stderr=subprocess.PIPE)
        # The first one is connected.
        farm.poll(lambda: connections(port) >= (1 if name == "first" else 2), "it is connected")
    time.sleep(6)
    server.send_signal(signal.SIGCONT)
    seen = b""
    while seen.count(b"\n") < 2:
        seen += os.read(read_end, 100)
    farm.equal(seen, b"first\nsecond\n")


def connections(port):
    """How many connections to a port of 127.0.0.1 have been made."""
    with open("/proc/net/tcp", encoding="ascii") as table:
        rows = [line.split() for line in table][1:]
    return sum(row[2] == f"0100007F:{port:04X}" and row[3] == "01" for row in rows)


@tap.test
def a_waiter_in_the_queue_is_told_of_a_silent_server():
    server, port = start_server()
    lab = Farm(port)
    wire = Wire(port).lock("o_1_u", "x")
    waiter = lab.wait_for("x", "--verbose", command=["echo", "got"])
    farm.freeze(server.pid)
    farm.at_end(lambda: server.send_signal(signal.SIGCONT))
    lines = []
    while not lines or "does not answer" not in lines[-1]:
        lines.append(waiter.stderr.readline().decode())
        assert lines[-1], lines
    farm.contains(lines[-1], f"127.0.0.1:{port} (it does not answer); it has a place for us")
    server.send_signal(signal.SIGCONT)
    farm.contains(waiter.stderr.readline().decode(), "answers again")
    farm.equal([entry["pid"] for entry in lab.waiters()], [waiter.pid])
    del wire


@tap.test
def the_next_server_of_the_list_serves_where_one_is_silent():
    stopped, silent_port, _ = stopped_server()
    lab = Farm()
    hosts = f"localhost={silent_port}:127.0.0.1={lab.port}"
    limited, plain, unwilling = all_at_once([
        ([LOCKERSH, "--dhost", hosts, *words, "--lock", "x", "echo $LOCKERSH_LOCK"], {})
        for words in (["-w", "3"], [], ["-n", "--hold-timeout", "0"])])
    for (result, took), most in ((limited, 3), (plain, 5), (unwilling, 5)):
        if result.returncode == 1:  # another one of these had it just then
            continue
        farm.equal((result.returncode, result.stdout), (0, "x\n"))
        farm.contains(result.stderr, "(it does not answer); unless the two share their state")
        assert took < most + SLACK_S, took
    # What the silent one finds when it goes on is granted to nobody.
    stopped.send_signal(signal.SIGCONT)
    Farm(silent_port).poll_free("x")


def stream(text, piece_s=0, first=b""):
    """A server that says a text for ever, behind another one; returns its port."""
    listener = socket.create_server(("127.0.0.1", 0))
    farm.at_end(listener.close)

    def pour(client):
        try:
            client.sendall(first)
            while True:
                client.sendall(text)
                time.sleep(piece_s)
        except OSError:
            client.close()

    def serve():
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=pour, args=(client,), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    return listener.getsockname()[1]


@tap.test
def a_server_that_streams_holds_nobody():
    many = b"proto 2\n" * 1000
    cases = [
        (stream(many), ["-n", "--lock", "x", "true"], 5),
        (stream(many), ["-w", "1", "--lock", "x", "true"], 1),
        (stream(b"proto 2\n" + b"nothing known\n" * 1000), ["--locklist"], 5),
        (stream(b"proto 2\n", 0.05), ["--owner", "x"], 5),
        (stream(b"lock a b\n", 0.05, b"proto 2\n"), ["--locklist"], 5),
        (stream(b"print_waiting x\nqueue 1 1 x y\n"), ["-w", "1", "--lock", "x", "true"], 1),
    ]
    found = all_at_once([([LOCKERSH, "--dhost", f"127.0.0.1={port}", *words], {})
                         for port, words, _ in cases])
    for (_, words, limit), (result, took) in zip(cases, found):
        assert result.returncode in (69, 1), (words, result)
        assert limit - 0.5 < took < limit + SLACK_S, (words, took)


@tap.test
def control_c_ends_a_waiter_that_is_flooded():
    port = stream(b"print_waiting x\nqueue 1 1 x y\n" * 100)
    waiter = farm.start(LOCKERSH, "--dhost", f"127.0.0.1={port}", "--lock", "x", "true",
                        stderr=subprocess.DEVNULL)
    time.sleep(0.5)
    waiter.send_signal(signal.SIGINT)
    farm.equal(waiter.wait(farm.PATIENCE_S), -signal.SIGINT)


def keeps_limit(call, limit_s):
    """Whether a call ends at its limit, of some chances: a busy machine may be late once."""
    took = []
    for _ in range(farm.CHANCES):
        result, seconds = call()
        assert result.returncode == 69, result
        took.append(seconds)
        if limit_s - 0.01 <= seconds < limit_s + 0.5:
            return
    raise AssertionError(f"{limit_s} s became {took}")


@tap.test
def a_wait_limit_is_kept_to_a_tenth_of_a_second():
    _, port, env = stopped_server()
    for words in (["--lock", "x"], ["--lock", "x:y", "--count", "2"]):
        keeps_limit(lambda: timed(LOCKERSH, *words, "-w", "1.3", "true", env=env), 1.3)
    streaming = stream(b"proto 2\n" * 1000)
    keeps_limit(lambda: timed(LOCKERSH, "--dhost", f"127.0.0.1={streaming}", "--lock", "x", "-w",
                              "1.3", "true"), 1.3)


class Isle(netns.Host):
    """A host whose name server never answers, and whose firewall drops what comes to 10.9.8.2."""

    def __init__(self, folder):
        super().__init__("isle", "127.0.0.1")
        self.must("ip", "link", "set", "lo", "up")
        self.must("ip", "addr", "add", "10.9.8.2/32", "dev", "lo")
        self.must("nft", "add table ip t; add chain ip t o { type filter hook input priority 0; }; "
                  "add rule ip t o ip daddr 10.9.8.2 drop")
        for name, text in (("resolv.conf", "nameserver 10.9.8.2\n"),
                           ("hosts", "127.0.0.1 localhost\n10.9.8.2 dropped\n"),
                           ("nsswitch.conf", "hosts: files dns\n")):
            path = os.path.join(folder, name)
            with open(path, "w", encoding="ascii") as file:
                file.write(text)
            self.must("mount", "--bind", path, f"/etc/{name}")

    def lockersh(self, *words):
        return self.enter(LOCKERSH, *words)


def isle(folder):
    lacking = netns.missing()
    if lacking:
        netns.say(f"no host of its own: this machine lacks {lacking}")
        return None
    return Isle(folder)


@tap.test
def a_name_server_that_never_answers_holds_nobody(folder):
    host = isle(folder)
    if host is None:
        return
    keeps_limit(lambda: timed(*host.lockersh("--dhost", "farm1", "-w", "1.3", "--lock", "x",
                                             "true")), 1.3)
    one, two = all_at_once([(host.lockersh("--dhost", names, "-n", "--lock", "x", "true"), {})
                            for names in ("farm1", "farm1:farm2")])
    for (result, took), names, limit in ((one, ("farm1",), 6), (two, ("farm1", "farm2"), 7)):
        where = ", ".join(f"{name}:1751 (its name was not resolved in time)" for name in names)
        farm.equal((result.returncode, result.stderr),
                   (69, f"lockersh: no lockerd answers at {where}; start one there, or name another in "
                    "IPCLOCKER_HOST or /etc/farmlock/client.conf\n"))
        assert limit - 0.5 < took < limit + SLACK_S, took
    # Digits and localhost ask nobody.
    result, took = timed(*host.lockersh("--dhost", "localhost", "--ping", "--connect-tries", "1"))
    farm.equal(result.returncode, 69)
    farm.contains(result.stderr, "localhost:1751 (Connection refused)")
    assert took < SLACK_S, took


@tap.test
def control_c_ends_a_search_for_a_name(folder):
    host = isle(folder)
    if host is None:
        return
    process = host.start(LOCKERSH, "--dhost", "farm1", "--lock", "x", "true")
    farm.poll(lambda: os.path.basename(os.readlink(f"/proc/{process.pid}/exe")) == "lockersh",
              "it runs")
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    farm.equal(process.wait(farm.PATIENCE_S), -signal.SIGINT)


@tap.test
def a_firewall_that_drops_holds_nobody(folder):
    host = isle(folder)
    if host is None:
        return
    keeps_limit(lambda: timed(*host.lockersh("--dhost", "dropped", "-w", "1.3", "--lock", "x",
                                             "true")), 1.3)
    cases = ("10.9.8.2", "dropped", "10.9.8.2:dropped")
    found = all_at_once([(host.lockersh("--dhost", hosts, "-n", "--lock", "x", "true"), {})
                         for hosts in cases])
    for hosts, (result, took) in zip(cases, found):
        farm.equal((result.returncode, result.stderr.count("\n")), (69, 1))
        farm.contains(result.stderr, f"{hosts.split(':')[0]}:1751 (Connection timed out)")
        assert 4.5 < took < 5 + SLACK_S, took
    # There is time for the next one before the limit.
    result = host.run(LOCKERSH, "--dhost", "dropped:localhost", "-w", "1", "--connect-tries", "1",
                      "--lock", "x", "true")
    farm.equal((result.returncode, result.stderr),
               (69, "lockersh: no lockerd answers at dropped:1751 (Connection timed out), "
                "localhost:1751 (Connection refused); start one there, or name another in IPCLOCKER_HOST or "
                "/etc/farmlock/client.conf\n"))


def door(text):
    """A server that says a text to whoever comes, and closes; returns its port."""
    listener = socket.create_server(("127.0.0.1", 0))
    farm.at_end(listener.close)

    def serve():
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            client.sendall(text)
            client.shutdown(socket.SHUT_WR)
            client.recv(1000)
            client.close()

    threading.Thread(target=serve, daemon=True).start()
    return listener.getsockname()[1]


@tap.test
def what_cannot_succeed_is_not_tried_again(folder):
    # What stands at the address that matters decides, not ::1, where nobody listens.
    cases = [[f"localhost={door(text)}", reason] for text, reason in (
        (b"SSH-2.0-OpenSSH_9.2\r\n", "what answers there is no lockerd"),
        (b"proto 3\n", "it speaks another protocol"),
        (b"error-code denied\nerror not you\n", "not you"),
        (b"error-code limit\nerror too much, whoever you are\n\n\n", "too much"),
        (b"error a classic server has its reasons\n", "has its reasons"))]
    cases += [["/etc/passwd/socket", "Not a directory"]]
    for hosts, reason in cases:
        for tries in ("5", "0"):
            result = farm.run(LOCKERSH, "--dhost", hosts, "--connect-tries", tries, "--lock", "x",
                              "true")
            farm.equal((result.returncode, result.stderr.count("\n")), (69, 1))
            farm.contains(result.stderr, reason)
    # Of several servers, another one may still come.
    for hosts, reason in cases[:2]:
        result = farm.run(LOCKERSH, "--dhost", f"{hosts}:127.0.0.1={farm.silent_port()}",
                          "--connect-tries", "2", "--connect-delay", "0.1", "--lock", "x", "true")
        farm.equal((result.returncode, result.stderr.count("trying again")), (69, 1))
    # What is for now only is tried again.
    port = door(b"error-code later\nerror too many connections\n")
    result = farm.run(LOCKERSH, "--dhost", f"127.0.0.1={port}", "--connect-tries", "2",
                      "--connect-delay", "0.1", "--lock", "x", "true")
    farm.equal((result.returncode, result.stderr.count("trying again")), (69, 1))
    host = isle(folder)
    if host is not None:
        host.must("sh", "-c", "echo hosts: files >/etc/nsswitch.conf")
        result = host.run(LOCKERSH, "--dhost", "farmm1", "--connect-tries", "0", "--lock", "x",
                          "true")
        farm.equal((result.returncode, result.stderr),
                   (69, "lockersh: no lockerd answers at farmm1:1751 (Name or service not known); "
                    "start one there, or name another in IPCLOCKER_HOST or /etc/farmlock/client.conf\n"))


if __name__ == "__main__":
    farm.main()
