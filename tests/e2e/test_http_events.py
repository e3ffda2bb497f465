#!/usr/bin/python3
"""What happens to locks, as lockerd tells it by server-sent events."""

import json
import os
import signal
import socket

from support import farm, tap
from support.http_lab import Site
from support.lockd import Server


def shown(folder, *options, **more):
    site = Site()
    return site, Server(folder, "--http", site.place, "--pidstat-port", "none", *options, **more)


class Follower:
    """A connection that reads events as they come."""

    def __init__(self, site, last_id=None, room=None):
        self.socket = socket.socket()
        self.socket.settimeout(farm.PATIENCE_S)
        # Behind the connection the kernel would have made more of it already.
        if room is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        self.socket.connect(("127.0.0.1", site.port))
        farm.at_end(self.socket.close)
        more = f"Last-Event-ID: {last_id}\r\n" if last_id else ""
        self.socket.sendall(f"GET /events HTTP/1.1\r\nHost: localhost\r\n{more}\r\n".encode())
        self.text = b""
        head = self.until(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 ") and b"text/event-stream" in head, head
        self.last_id = None
        farm.equal(self.event(), {"retry": "2000", "id": self.last_id})

    def until(self, end):
        while end not in self.text:
            more = self.socket.recv(65536)
            assert more, f"closed behind {self.text[-200:]}"
            self.text += more
        said, self.text = self.text.split(end, 1)
        return said

    def chunk(self):
        size = int(self.until(b"\r\n"), 16)
        while len(self.text) < size + 2:
            more = self.socket.recv(65536)
            assert more, "closed"
            self.text += more
        chunk, self.text = self.text[:size], self.text[size + 2:]
        return chunk

    def event(self):
        """The next one, with its fields; a comment is one of its own."""
        if not getattr(self, "body", b""):
            self.body = b""
        while b"\n\n" not in self.body:
            self.body += self.chunk()
        said, self.body = self.body.split(b"\n\n", 1)
        event = {}
        for line in said.decode().split("\n"):
            name, _, value = line.partition(": ")
            event[name] = json.loads(value) if name == "data" else value
        self.last_id = event.get("id", self.last_id)
        return event

    def told(self, count):
        return [(event["event"], event["data"]) for event in (self.event() for _ in range(count))]


@tap.test
def what_happens_to_locks_is_told(folder):
    site, server = shown(folder)
    follower = Follower(site)
    ann, bob = server.wire(), server.wire()
    ann.send("hostname farm7", "pid 77", "job slurm:42")
    ann.lock("ann", "a")
    bob.lock("bob", "a", block=1)
    ann.ask("UNLOCK")
    while bob.line() != "print_obtained":
        pass
    bob.status()
    server.wire().ask("user eve", "locks a", "BREAK_LOCK")
    told = follower.told(5)
    farm.equal([(kind, data["locks"], data["owner"]) for kind, data in told],
               [("granted", ["a"], "ann"), ("asked", ["a"], "bob"), ("released", ["a"], "ann"),
                ("granted", ["a"], "bob"), ("broken", ["a"], "bob")])
    first = told[0][1]
    farm.equal((first["host"], first["pid"], first["job"], first["waited"]),
               ("farm7", 77, "slurm:42", 0))
    assert not any("token" in data or "key" in data for _, data in told)


@tap.test
def who_comes_back_is_told_what_it_has_missed_or_that_it_is_too_much(folder):
    site, server = shown(folder)
    follower = Follower(site)
    wire = server.wire()
    wire.lock("ann", "a")
    follower.told(1)
    follower.socket.close()
    wire.ask("UNLOCK")
    back = Follower(site, follower.last_id)
    farm.equal([kind for kind, _ in back.told(1)], ["released"])
    for number in range(5000):
        wire.send("user ann", f"locks n{number}", "LOCK")
    for _ in range(5000):
        wire.status()
    farm.poll(lambda: site.number("lockerd_held") == 5000, "all are held")
    farm.equal(Follower(site, back.last_id).event()["event"], "reset")
    for wrong in ("abc", "1-1", f"{back.last_id}0000000", "9" * 40):
        farm.equal(Follower(site, wrong).event()["event"], "reset")


@tap.test
def a_lost_lock_a_seat_out_of_use_and_a_new_configuration_are_told(folder):
    conf = os.path.join(folder, "lockerd.conf")
    with open(conf, "w", encoding="ascii") as out:
        out.write('pools = ( { name = "vcs"; seats = 2; } )\n')
    site, server = shown(folder, "--config", conf)
    follower = Follower(site)
    server.wire().ask("user ann", "locks a", "timeout 1", "LOCK")
    (_, granted), (kind, data) = follower.told(2)
    farm.equal((granted["locks"], kind, data["reason"]), (["a"], "lost", "hold-limit"))
    with open(conf, "w", encoding="ascii") as out:
        out.write('pools = ( { name = "vcs"; seats = 3; } )\n')
    server.process.send_signal(signal.SIGHUP)
    farm.equal(follower.event()["event"], "configuration")


@tap.test
def with_private_events_name_nobody(folder):
    site, server = shown(folder, "--private")
    follower = Follower(site)
    wire = server.wire()
    wire.send("hostname farm7", "pid 77", "job slurm:42")
    wire.lock("ann", "a")
    _, data = follower.told(1)[0]
    farm.equal({name: data[name] for name in ("owner", "user", "host", "pid", "job")},
               {"owner": "-", "user": None, "host": None, "pid": None, "job": None})


@tap.test
def hostile_names_stay_text(folder):
    site, server = shown(folder)
    follower = Follower(site)
    wire = server.wire()
    wire.lock('e"\\vil</script>', 'l\x1b[2J\udcff"ock')
    data = follower.told(1)[0][1]
    farm.equal(data["owner"], 'e"\\vil</script>')
    assert "\x1b" not in data["locks"][0] and '"ock' in data["locks"][0], data


@tap.test
def who_does_not_read_is_shown_out_and_others_are_not_held_up(folder):
    site, server = shown(folder, "--client-cost", "0", state="none")
    lazy, quick = Follower(site, room=4096), Follower(site)
    wire = server.wire()
    wire.send(f"user {'u' * 200}")
    for _ in range(12):
        for number in range(500):
            wire.send(f"locks n{number}", "LOCK", "UNLOCK")
        for _ in range(1000):
            wire.status()
        quick.told(1000)
    data = b"x"
    while data:
        data = lazy.socket.recv(1 << 20)
    farm.equal(site.get("/healthz")[0], 200)


if __name__ == "__main__":
    farm.main()
