#!/usr/bin/python3
"""lockreport: the proven user and the claimed one, and who broke a lock."""

import json
import os

from support import farm, tap
from support.lockd import Server
from support.wire import Wire

LOCKREPORT = farm.program("lockreport")


def serve(folder, *options):
    os.chmod(folder, 0o755)
    path = os.path.join(folder, "lockerd.socket")
    server = Server(folder, "--pidstat-port", "none", "--path", path, "--host", "127.0.0.1",
                    *options)
    server.path = path
    return server


def make_history(server):
    """Root by the socket holds `proven`, and a stranger `claimed`, each twice, under a name like
    ann's; both are broken in the end."""
    def ask(wire, user, lock, word):
        wire.send("proto 2", f"user {user}", f"locks {lock}", word)

    for ends, lock, user in (({"path": server.path}, "proven", "h_1_ann"),
                             ({"port": server.port}, "claimed", "h_2_ann")):
        for word in ("LOCK", "UNLOCK", "LOCK"):
            wire = Wire(**ends)
            ask(wire, user, lock, word)
            farm.equal(wire.line(), "proto 2")
            assert "error" not in wire.status()
        wire = Wire(**ends)
        ask(wire, "h_9_boss", lock, "BREAK_LOCK")
        farm.equal(wire.line(), "proto 2")
        farm.equal(wire.line(), f"print_broke {user}")
        wire.status()


def report(*options):
    done = farm.run(LOCKREPORT, *options)
    farm.equal((done.returncode, done.stderr), (0, ""))
    return done.stdout


def sources(server):
    return (("--state", server.state), ("--host", "127.0.0.1", "--port", server.port),
            ("--host", server.path))


@tap.test
def it_tells_who_broke_a_lock(folder):
    server = serve(folder)
    make_history(server)
    for source in sources(server):
        proven, claimed = json.loads(report(*source, "--json"))["breaks"]
        farm.equal((proven["lock"], proven["owner"], proven["uid"], proven["proof"]),
                   ("proven", "h_1_ann", 0, "socket"))
        farm.equal(proven["by"], {"name": "h_9_boss", "uid": 0, "proof": "socket", "peer": None})
        farm.equal((claimed["lock"], claimed["uid"], claimed["proof"]),
                   ("claimed", None, "claimed"))
        farm.equal(claimed["by"], {"name": "h_9_boss", "uid": None, "proof": "claimed",
                                   "peer": "127.0.0.1"})
        table = report(*source)
        farm.contains(table, "proven, of h_1_ann (uid 0 by socket), by h_9_boss (uid 0 by socket)")
        farm.contains(table, "claimed, of h_2_ann (claimed), by h_9_boss (claimed) from 127.0.0.1")
        # Of a pool, what concerns it.
        farm.equal([broken["lock"] for broken in
                    json.loads(report(*source, "--json", "claimed"))["breaks"]], ["claimed"])


@tap.test
def a_proven_user_is_another_than_who_claims_its_name(folder):
    server = serve(folder)
    make_history(server)
    for source in sources(server):
        groups = {(group["name"], group["uid"]): group["holds"]
                  for group in json.loads(report(*source, "--by", "user", "--json"))["groups"]}
        farm.equal(groups, {("root", 0): 2, ("ann", None): 2})
        farm.contains(report(*source, "--by", "user"), "root (uid 0)")
        lines = report(*source, "--by", "user", "--csv").split()
        farm.equal({line.split(",")[0]: line.split(",")[-1] for line in lines},
                   {"user": "uid", '"root"': "0", '"ann"': ""})


@tap.test
def a_private_server_counts_what_it_does_not_tell(folder):
    server = serve(folder, "--private")
    make_history(server)
    for host in ("127.0.0.1", server.path):
        found = json.loads(report("--host", host, "--port", server.port, "--json"))
        farm.equal({group["name"]: group["holds"] for group in found["groups"]},
                   {"proven": 2, "claimed": 2})
    told = json.loads(report("--host", "127.0.0.1", "--port", server.port, "--json"))["breaks"]
    farm.equal({broken["by"]["name"] for broken in told}, {None})


if __name__ == "__main__":
    farm.main()
