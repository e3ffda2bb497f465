"""A lockerd with pools, and programs that stand in for FlexNet's lmutil."""

import getpass
import json
import os
import socket

from support import farm
from support.lockd import Server

LOCKFLEX = farm.program("lockflex")
HOST, USER = socket.gethostname(), getpass.getuser()

HEAD = """\
lmutil - Copyright (c) 1989-2024 Flexera.
Flexible License Manager status on Mon 11/23/2026 9:20

License server status: 27000@lic1
    License file(s) on lic1: /opt/lic/eda.lic:

lic1: license server UP (MASTER) v11.19.6

Vendor daemon status (on lic1):

   snpslmd: UP v11.19.6
Feature usage info:

"""
DOWN = "Error getting status: Cannot connect to license server system. (-15,570:111)\n"


def feature(name, *rows, issued=40):
    """A feature with check-outs: (user, host) or (user, host, count)."""
    used = sum(row[2] if len(row) > 2 else 1 for row in rows)
    text = (f"Users of {name}:  (Total of {issued} licenses issued;  Total of {used} "
            f"license{'' if used == 1 else 's'} in use)\n\n")
    if not rows:
        return text
    text += f'  "{name}" v2026.06, vendor: snpslmd, expiry: 30-jun-2027\n  floating license\n\n'
    for user, host, *count in rows:
        more = f", {count[0]} licenses" if count else ""
        text += f"    {user} {host} /dev/tty (v2024.06) (lic1/27000 101), start Mon 11/23 9:15{more}\n"
    return text + "\n"


def listing(*rows, name="VCS_Net"):
    return HEAD + feature(name, *rows) + feature("Other", ("eve", "pc1"))


class Lab:
    def __init__(self, folder, pools=(("vcs", 8),), entry=""):
        self.folder = folder
        entries = entry or ", ".join(f'{{ name = "{name}"; seats = {seats}; outside-most = {seats}; }}' for name, seats in pools)
        config = self.write("lockerd.conf", f"pools = ( {entries} );\n")
        self.server = Server(folder, "--config", config)
        self.env = farm.environment(IPCLOCKER_HOST="127.0.0.1", IPCLOCKER_PORT=self.server.port)

    def write(self, name, text, mode=0o644):
        """In one step, for those who read it meanwhile."""
        path = os.path.join(self.folder, name)
        with open(path + ".new", "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(text)
        os.chmod(path + ".new", mode)
        os.rename(path + ".new", path)
        return path

    def lmutil(self, body=None):
        """A program that notes how it was called, and does this; without it, writes the list of
        the server that it is asked for."""
        body = body or f'cat "{self.folder}/list-$4"'
        return self.write("lmutil", f'#!/bin/sh\necho "$@" >>{self.folder}/calls\n{body}\n', 0o755)

    def serves(self, text, server="27000@lic1"):
        """What a license server tells from now on."""
        self.write(f"list-{server}", text)

    def flex(self, *words, server="27000@lic1", **options):
        """One look, at one license server unless others are named."""
        ask = ("--lmutil", self.lmutil(), "--server", server) if server else ()
        return farm.run(LOCKFLEX, *ask, *words, env=self.env, **options)

    def list(self):
        wire = self.server.wire()
        wire.send("LIST_JSON")
        size = int(wire.line().split()[1])
        while len(wire.buffer) < size + 1:
            wire.buffer += wire.socket.recv(65536)
        wire.close()
        return json.loads(wire.buffer)

    def outside(self, pool="vcs"):
        return {entry["name"]: entry["outside"] for entry in self.list()["pools"]}[pool]

    def hold(self, lock="vcs", *words):
        """A lockersh on this host that holds a seat."""
        before = len(self.list()["locks"])
        process = farm.start(farm.program("lockersh"), "--lock", lock, *words, "--exec", "sleep", "1000",
                             env=self.env)
        farm.poll(lambda: len(self.list()["locks"]) > before, "the seat is held")
        return process

    def is_granted(self, count):
        """Whether so many seats are to be had at once."""
        done = farm.run(farm.program("lockersh"), "-n", "--lock", "vcs", "--count", count, "--exec", "true",
                        env=self.env)
        assert done.returncode in (0, 1), done
        return done.returncode == 0
