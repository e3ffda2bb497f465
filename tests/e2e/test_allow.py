#!/usr/bin/env python3
"""Whom the daemons serve, by address.  Others come from an address of a network of the test's own."""

import os
import signal
import socket
import subprocess
import sys
import time

from support import farm, tap
from support.lockd import LOCKERD
from support.pidstat_help import Asker

INSIDE = "FARMLOCK_TEST_ALLOW"


def enter_network():
    """Runs this program again where addresses can be made; says what is missing otherwise."""
    able = subprocess.run(["unshare", "--net", "ip", "link", "set", "lo", "up"], check=False,
                          capture_output=True)
    if able.returncode == 0 and INSIDE not in os.environ:
        os.environ[INSIDE] = "1"
        os.execvp("unshare", ["unshare", "--net", sys.executable, *sys.argv])
    if INSIDE not in os.environ:
        return
    for words in ("link set lo up", "addr add 192.0.2.7/32 dev lo", "addr add 192.0.2.8/32 dev lo",
                  "-6 addr add 2001:db8::7/128 dev lo nodad", "-6 addr add 2001:db8:1::8/128 dev lo nodad"):
        subprocess.run(["ip", *words.split()], check=True)


@tap.before_each
def needs_a_network():
    if INSIDE not in os.environ:
        raise tap.Lacks("needs root, to make a network of its own")


def ask(port, source, target):
    """What a lockerd says to a client with an address; b"" where it says nothing."""
    with socket.create_connection((target, port), timeout=farm.PATIENCE_S,
                                  source_address=(source, 0)) as client:
        client.sendall(b"VERSION\n")
        try:
            return client.recv(200)
        except ConnectionResetError:
            return b""


def start(folder, *options, port):
    with open(f"{folder}/log", "ab") as log:
        server = farm.start(LOCKERD, "--nofork", "--state", "none", "--port", port, "--host", "*",
                            "--pidstat-port", "none", *options, stderr=log)
    farm.poll(lambda: farm.answers(port), "it listens")
    return server


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


@tap.test
def lockerd_serves_only_whom_it_may(folder):
    port = farm.free_port()
    start(folder, "--allow", "192.0.2.7,2001:db8::/32", "--allow", "198.51.100.0/24", port=port)
    for source, target in (("192.0.2.7", "192.0.2.8"), ("2001:db8::7", "2001:db8::7"),
                           ("2001:db8:1::8", "2001:db8::7"), ("127.0.0.1", "127.0.0.1"),
                           ("::1", "::1")):
        assert ask(port, source, target).startswith(b"version "), source
    for _ in range(5):
        farm.equal(ask(port, "192.0.2.8", "192.0.2.7"), b"error this server does not serve your "
                   b"address; its --allow has to have it\n")
    log = read(f"{folder}/log")
    farm.equal(log.count("refused a connection from 192.0.2.8, which is not allowed"), 1)


@tap.test
def a_client_of_protocol_2_is_told_a_code_and_does_not_try_again(folder):
    port = farm.free_port()
    start(folder, "--allow", "192.0.2.7", port=port)
    for _ in range(5):
        with socket.create_connection(("192.0.2.8", port), source_address=("192.0.2.8", 0)) as client:
            client.sendall(b"proto 2\nVERSION\n")
            farm.equal(client.recv(200), b"error-code denied\nerror this server does not serve your "
                       b"address; its --allow has to have it\n")
    for words in (["--lock", "x", "true"], ["-n", "--lock", "x", "true"], ["--ping"],
                  ["--locklist"], ["--owner", "x"], ["--break", "x"]):
        begun = time.monotonic()
        result = farm.run(farm.program("lockersh"), "--dhost", "192.0.2.8", "--port", port, *words)
        took = time.monotonic() - begun
        assert result.returncode != 0, words
        farm.contains(result.stderr, "this server does not serve your address; its --allow has to")
        assert "again" not in result.stderr, result.stderr
        assert took < 5, (words, took)


@tap.test
def hangup_changes_whom_lockerd_serves(folder):
    port, conf = farm.free_port(), f"{folder}/conf"

    def write(text):
        with open(conf, "w", encoding="ascii") as file:
            file.write(text)

    write('allow = [ "192.0.2.7" ]')
    server = start(folder, "--config", conf, port=port)
    assert ask(port, "192.0.2.8", "192.0.2.7").startswith(b"error ")
    write('allow = "192.0.2.8/32"')
    server.send_signal(signal.SIGHUP)
    farm.poll(lambda: ask(port, "192.0.2.8", "192.0.2.7").startswith(b"version "), "it is served")
    assert ask(port, "192.0.2.7", "192.0.2.7").startswith(b"error ")
    write("\nallow = \"farm1\"")
    server.send_signal(signal.SIGHUP)
    farm.poll(lambda: f'{conf}:2: allow: "farm1" is no address' in read(f"{folder}/log"), "it is told")
    assert ask(port, "192.0.2.8", "192.0.2.7").startswith(b"version ")


@tap.test
def whoever_listens_to_the_world_is_warned(folder):
    port = farm.free_port()
    start(folder, port=port)
    warning = f"other machines can reach port {port}, and nobody has to prove"
    farm.poll(lambda: " serves" in read(f"{folder}/log"), "it serves")
    farm.equal(read(f"{folder}/log").count(warning), 1)
    os.mkdir(f"{folder}/here")
    with open(f"{folder}/here/log", "wb") as log:
        port = farm.free_port()
        farm.start(LOCKERD, "--nofork", "--state", "none", "--port", port, stderr=log)
    farm.poll(lambda: farm.answers(port), "it listens")
    assert "other machines" not in read(f"{folder}/here/log")


@tap.test
def pidstatd_answers_only_whom_it_may(folder):
    port = farm.free_port(socket.SOCK_DGRAM)
    with open(f"{folder}/log", "wb") as log:
        daemon = farm.start(farm.program("pidstatd"), "--nofork", "--port", port, "--allow",
                            "192.0.2.7,2001:db8::/32", stderr=log)
    farm.poll(lambda: "listens on" in read(f"{folder}/log"), "it is ready")

    def asker(source, target):
        asker = Asker(port, target)
        asker.socket.bind((source, 0))
        return asker

    for source, target in (("192.0.2.7", "192.0.2.8"), ("2001:db8:1::8", "2001:db8::7"),
                           ("127.0.0.1", "127.0.0.1")):
        farm.equal(asker(source, target).ask("PIDR 1 h 7"), "EXIS 1 1 h")
    stranger = asker("192.0.2.8", "192.0.2.8")
    stranger.send("PIDR 1 h 7")
    farm.equal(asker("192.0.2.7", "192.0.2.7").ask("PIDR 1 h 7"), "EXIS 1 1 h")
    daemon.send_signal(signal.SIGUSR1)
    farm.poll(lambda: ", 1 not allowed to ask" in read(f"{folder}/log"), "it is counted")
    stranger.socket.setblocking(False)
    try:
        raise AssertionError(stranger.socket.recv(100))
    except BlockingIOError:
        pass


@tap.test
def what_is_no_range_is_refused():
    for program in ("lockerd", "pidstatd"):
        result = farm.run(farm.program(program), "--allow", "10.1.2.3/8")
        farm.equal((result.returncode, result.stderr),
                   (64, f'{program}: --allow: "10.1.2.3/8" has bits behind its mask; do you mean '
                        "10.0.0.0/8?\n"))


if __name__ == "__main__":
    enter_network()
    farm.main()
