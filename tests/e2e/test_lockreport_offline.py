#!/usr/bin/python3
"""lockreport of what is out of use."""

import json

from support import farm, tap
from support.lockd import Server
from support.locking import LOCKERSH

LOCKREPORT = farm.program("lockreport")


def lockersh(server, *words):
    done = farm.run(LOCKERSH, *words, env=farm.environment(IPCLOCKER_HOST="127.0.0.1", IPCLOCKER_PORT=server.port))
    farm.equal((done.returncode, done.stderr), (0, ""))


def report(*options):
    done = farm.run(LOCKREPORT, *options)
    farm.equal((done.returncode, done.stderr), (0, ""))
    return done.stdout


def serve(folder):
    """Of two boards and a seat of a pool somebody has said that they are out of use."""
    conf = f"{folder}/lockerd.conf"
    with open(conf, "w", encoding="ascii") as out:
        out.write('pools = ( { name = "vcs"; seats = 4; } )\n')
    server = Server(folder, "--config", conf, "--pidstat-port", "none")
    lockersh(server, "--offline", "board10,vcs2", "--reason", "new\x1bcable, back at 5")
    lockersh(server, "--offline", "board9", "--for", "2h")
    return server


@tap.test
def what_is_out_of_use_stands_behind_the_report(folder):
    server = serve(folder)
    asked = ("--host", "127.0.0.1", "--port", server.port)
    from_server = json.loads(report("--json", *asked))["offline"]
    farm.equal([(lock["lock"], lock["reason"]) for lock in from_server],
               [("board9", None), ("board10", "new\\x1bcable, back at 5"), ("vcs2", "new\\x1bcable, back at 5")])
    farm.equal([lock["until"] is None for lock in from_server], [False, True, True])
    farm.contains(report(*asked), "\nOut of use now:\nboard9, until 20")
    farm.contains(report(*asked), "\nboard10: new\\x1bcable, back at 5\n")
    farm.stop(server.process)
    from_file = json.loads(report("--json", "--state", server.state))["offline"]
    farm.equal([dict(lock, until=None) for lock in from_file], [dict(lock, until=None) for lock in from_server])
    farm.equal([lock["lock"] for lock in json.loads(report("--json", "--state", server.state, "board[1-9]"))["offline"]],
               ["board9"])


@tap.test
def what_is_back_is_not_there(folder):
    server = serve(folder)
    lockersh(server, "--online", "board9,board10,vcs2")
    farm.equal(json.loads(report("--json", "--host", "127.0.0.1", "--port", server.port))["offline"], [])
    assert "Out of use" not in report("--host", "127.0.0.1", "--port", server.port)


if __name__ == "__main__":
    farm.main()
