#!/usr/bin/env python3
"""Whose owners are asked about first: one client's thousands of owners elsewhere, or thousands of
names that do not resolve, delay nobody else's."""

import os
import select
import socket
import time

from support import farm, tap
from support.lockd import LOCKERD, Server
from support.pidstat_help import ELSEWHERE, Daemon, sleeper

LONG = bool(os.environ.get("FARMLOCK_LONG"))
MANY, MANY_NAMES = (30000, 2000) if LONG else (6000, 200)
LIMIT_S = 8  # behind all the others it would be 12 s; alone it is 0.1 s
NO_START = "process 0 - 0"


def crowd(server, hosts, count=MANY, address="127.0.0.2"):
    """One client with many locks, whose owners are said to be elsewhere."""
    wire = server.wire(address)
    for first in range(0, count, 500):
        batch = range(first, min(first + 500, count))
        for number in batch:
            name = f"crowd{address}-{number}"
            wire.send(f"user {name}", f"hostname {hosts(number)}", f"pid {number + 2}", NO_START,
                      "autounlock 1", "block 0", f"locks {name}", "LOCK")
        for _ in batch:
            wire.status()


def seconds_until_given_back(server, host=ELSEWHERE, address="127.0.0.3"):
    """How long a dead owner's seat of another client takes, or of one at that address."""
    owner = sleeper()
    wire = server.wire(address)
    owner.kill()
    owner.wait()
    begun = time.monotonic()
    farm.equal(wire.lock("victim", "seat", 0, "autounlock 1", f"pid {owner.pid}",
                         f"hostname {host}", NO_START)["locked"], "1")
    farm.poll(lambda: wire.ask("user x", "locks seat", "STATUS").get("locked") == "0" and
              wire.ask("user x", "locks seat", "STATUS")["owner"] == "", "it is given back")
    return time.monotonic() - begun


@tap.test
def many_owners_of_one_client_do_not_delay_anothers(folder):
    server = Server(folder, "--pidstat-port", Daemon(folder).port)
    crowd(server, lambda number: f"127.1.{number // 200}.{number % 200 + 1}")
    took = seconds_until_given_back(server)
    print(f"# {took:.2f} s behind {MANY} owners of another client", flush=True)
    assert took < LIMIT_S, took


@tap.test
def many_owners_on_one_host_do_not_delay_those_of_the_same_client_on_another(folder):
    server = Server(folder, "--pidstat-port", Daemon(folder).port)
    crowd(server, lambda number: "127.1.0.1")
    took = seconds_until_given_back(server, address="127.0.0.2")
    print(f"# {took:.2f} s behind {MANY} owners of the same client on one host", flush=True)
    assert took < LIMIT_S, took


@tap.test
def owners_where_the_client_is_do_not_wait_for_those_it_tells_of_elsewhere(folder):
    """As of somebody else on the same login node, who tells of thousands of hosts."""
    server = Server(folder, "--pidstat-port", Daemon(folder).port)
    crowd(server, lambda number: f"127.1.{number // 200}.{number % 200 + 1}", address=ELSEWHERE)
    took = seconds_until_given_back(server, address=ELSEWHERE)
    print(f"# {took:.2f} s behind {MANY} hosts of the same client", flush=True)
    assert took < LIMIT_S, took


class SlowNames(Server):
    """A server whose name service answers to nothing, but for what is in /etc/hosts."""

    hosts = f"127.0.0.1 localhost\n{ELSEWHERE} victim\n"

    def start(self, *options):
        silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        silent.bind(("127.0.0.99", 53))
        farm.at_end(silent.close)
        for name, text in (("hosts", self.hosts),
                           ("resolv.conf", "nameserver 127.0.0.99\n")):
            with open(os.path.join(self.folder, name), "w", encoding="ascii") as file:
                file.write(text)
        binds = "".join(f"mount --bind {self.folder}/{name} /etc/{name} && "
                        for name in ("hosts", "resolv.conf"))
        with open(os.path.join(self.folder, "log"), "ab") as log:
            self.process = farm.start("unshare", "--mount", "sh", "-c", binds + 'exec "$0" "$@"',
                                      LOCKERD, "--nofork", "--port", self.port, "--state",
                                      self.state, *options, stderr=log)
        farm.poll(self.is_up, "lockerd listens")


@tap.test
def many_names_that_do_not_resolve_do_not_delay_anothers(folder):
    if os.getuid() != 0:
        raise tap.Lacks("only root can have a name service of its own")
    server = SlowNames(folder, "--pidstat-port", Daemon(folder).port)
    crowd(server, lambda number: f"host{number}.invalid", MANY_NAMES)
    took = seconds_until_given_back(server, "victim")
    print(f"# {took:.2f} s behind {MANY_NAMES} names of another client", flush=True)
    assert took < LIMIT_S, took


@tap.test
def names_of_eight_clients_leave_places_for_anothers(folder):
    if os.getuid() != 0:
        raise tap.Lacks("only root can have a name service of its own")
    server = SlowNames(folder, "--pidstat-port", Daemon(folder).port)
    for client in range(8):
        crowd(server, lambda number, of=client: f"host{number}-{of}.invalid", 20,
              f"127.0.1.{client + 1}")
    took = seconds_until_given_back(server, "victim")
    print(f"# {took:.2f} s behind 20 names of each of eight clients", flush=True)
    assert took < LIMIT_S, took


def silent_host(address, port):
    silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    silent.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4000000)
    silent.bind((address, port))
    silent.settimeout(farm.PATIENCE_S)
    farm.at_end(silent.close)
    return silent


def seconds_for(count, sockets):
    """How long so many datagrams take to come to them, behind a first one."""
    got, begun = -1, 0
    while got < count:
        for ready in select.select(sockets, [], [], farm.PATIENCE_S)[0]:
            ready.recv(2000)
            got += 1
            begun = begun or time.monotonic()
    return time.monotonic() - begun


@tap.test
def one_client_is_asked_for_at_a_bounded_rate(folder):
    daemon = Daemon(folder)
    server = Server(folder, "--pidstat-port", daemon.port)
    silent = [silent_host(f"127.1.0.{host}", daemon.port) for host in range(1, 9)]
    crowd(server, lambda number: f"127.1.0.{number % 8 + 1}", 1000)
    took = seconds_for(300, silent)
    assert took > 1.7, f"300 datagrams in {took:.2f} s"


@tap.test
def one_host_is_asked_at_a_bounded_rate_whoever_tells_of_it(folder):
    daemon = Daemon(folder)
    server = Server(folder, "--pidstat-port", daemon.port)
    silent = silent_host("127.1.0.1", daemon.port)
    for client in range(4):
        crowd(server, lambda number: "127.1.0.1", 200, f"127.0.1.{client + 1}")
    took = seconds_for(150, [silent])
    assert took > 1.5, f"150 datagrams in {took:.2f} s"


@tap.test
def the_address_that_the_client_came_from_is_asked_first(folder):
    if os.getuid() != 0:
        raise tap.Lacks("only root can have a name service of its own")

    addresses = ("127.1.0.1", "127.1.0.2")

    class TwoAddresses(SlowNames):
        hosts = "127.0.0.1 localhost\n" + "".join(f"{address} both{number} \n" for number in (0, 1)
                                                  for address in addresses)

    daemon = Daemon(folder)
    silent = {silent_host(address, daemon.port): address for address in addresses}
    server = TwoAddresses(folder, "--pidstat-port", daemon.port)
    for number, address in enumerate(addresses):
        server.wire(address).lock(f"u{number}", f"seat{number}", 0, "autounlock 1", "pid 77",
                                        f"hostname both{number}", NO_START)
    first = {}
    while len(first) < len(addresses):
        for ready in select.select(list(silent), [], [], farm.PATIENCE_S)[0]:
            first.setdefault(ready.recv(2000).split()[2], silent[ready])
    farm.equal(first, {b"both0": addresses[0], b"both1": addresses[1]})


if __name__ == "__main__":
    farm.main()
