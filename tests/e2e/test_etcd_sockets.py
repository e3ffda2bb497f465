#!/usr/bin/python3
"""UNIX sockets of several lockerd over a real etcd: only the one that leads is to be found at one, and
two of one machine may have the same path."""

import os
import socket
import stat
import subprocess

from support import farm, tap
from support.lockd import LOCKERD
from support.replicas import Farm, Replica
from support.tap import test
from support.wire import Wire


def answers(path):
    """True where a lockerd answers; None where it takes the connection and is silent."""
    try:
        wire = Wire(path=path)
    except OSError:
        return False
    wire.send("VERSION")
    try:
        wire.socket.settimeout(1)
        line = wire.line()
    except TimeoutError:
        return None
    finally:
        wire.close()
    return line is not None and line.startswith("version ")


class Shared(Farm):
    """Two lockerd of one machine with one path; the first leads."""

    def __init__(self, folder):
        super().__init__(folder, 0)
        self.path = os.path.join(folder, "socket")
        for name in ("first", "second"):
            self.replicas.append(Replica(self, name, "--path", self.path))
            farm.poll(lambda: answers(self.path), "the first answers")

    def leads(self, replica):
        """It answers at the path."""
        with_tcp, with_path = Wire(replica.port), Wire(path=self.path)
        user = f"user{os.urandom(4).hex()}"
        with_path.ask(f"user {user}", f"locks {user}", "LOCK")
        farm.equal(with_tcp.ask(f"user {user}", f"locks {user}", "STATUS")["owner"], user)


@test
def the_socket_is_of_the_one_that_leads(folder):
    those = Shared(folder)
    first, second = those.replicas
    farm.equal(stat.S_IMODE(os.stat(those.path).st_mode), 0o666)
    those.leads(first)
    first.stop()
    farm.poll(second.serves, "the other one serves")
    farm.poll(lambda: answers(those.path), "it answers at the path")
    those.leads(second)
    # One that stands by, or ends then, leaves the other's alone.
    before = os.stat(those.path).st_ino
    first.start()
    farm.poll(lambda: "standing by: lockerd at" in first.log(), "it stands by")
    first.stop()
    farm.equal(os.stat(those.path).st_ino, before)
    those.leads(second)
    second.stop()
    farm.equal(os.path.exists(those.path), False)


@test
def what_one_that_was_killed_has_left_is_replaced(folder):
    those = Shared(folder)
    first, second = those.replicas
    first.kill()
    farm.equal(answers(those.path), False)
    farm.equal(os.path.exists(those.path), True)
    farm.poll(second.serves, "the other one serves")
    farm.poll(lambda: answers(those.path), "it answers at the path")
    those.leads(second)


@test
def one_that_is_mute_is_not_to_be_found(folder):
    those = Shared(folder)
    wire = Wire(path=those.path)
    those.etcd.members[0].freeze()
    farm.poll(lambda: not os.path.exists(those.path), "it is gone")
    wire.send("user ann", "locks a", "STATUS")
    assert wire.is_silent()
    those.etcd.members[0].thaw()
    farm.poll(lambda: answers(those.path), "it is back")


@test
def one_that_is_frozen_keeps_the_path_until_it_knows(folder):
    those = Shared(folder)
    first, second = those.replicas
    first.freeze()
    farm.poll(second.serves, "the other one serves")
    farm.poll(lambda: "leads, but a server answers at the socket" in second.log(), "it says so")
    farm.equal(answers(those.path), None)
    first.thaw()
    farm.poll(lambda: answers(those.path), "the path is free")
    farm.poll(lambda: "the UNIX socket is served, too" in second.log(), "it is the other one")
    those.leads(second)


def refused(*options, **environment):
    done = farm.run(LOCKERD, "--nofork", "--port", farm.free_port(), *options, **environment)
    assert done.returncode != 0
    return done.stderr


@test
def what_cannot_be_a_socket_later_is_refused_at_the_start(folder):
    state = "etcd:http://127.0.0.1:1/farmlock/test"
    precious = os.path.join(folder, "precious")
    with open(precious, "w", encoding="ascii") as text:
        text.write("data")
    farm.contains(refused("--state", state, "--path", precious), "exists and is no socket")
    farm.contains(refused("--state", state, "--path", os.path.join(folder, "none", "socket")),
                  f"cannot make a socket in {folder}/none: No such file or directory")
    farm.equal(os.listdir(folder), ["precious"])


@test
def a_folder_that_the_user_may_not_write_is_refused_at_the_start(folder):
    if os.geteuid() != 0:
        raise tap.Lacks("only root can become another user")
    of_root = os.path.join(folder, "root")
    os.mkdir(of_root, 0o755)
    state = "etcd:http://127.0.0.1:1/farmlock/test"
    path = os.path.join(of_root, "socket")
    farm.contains(refused("--state", state, "--user", "nobody", "--path", path),
                  f"cannot make a socket in {of_root}: Permission denied")


@test
def a_socket_of_systemd_is_refused():
    listening = socket.create_server(("127.0.0.1", 0))
    script = ('import os, sys; os.dup2(int(sys.argv[1]), 3); os.set_inheritable(3, True); '
              'os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid())); '
              'os.execv(sys.argv[2], sys.argv[2:])')
    done = subprocess.run(["/usr/bin/python3", "-c", script, str(listening.fileno()), LOCKERD,
                           "--nofork", "--state", "etcd:http://127.0.0.1:1/farmlock/test"],
                          pass_fds=(listening.fileno(),), capture_output=True, text=True,
                          timeout=farm.PATIENCE_S, check=False)
    listening.close()
    farm.equal(done.returncode, 64)
    farm.contains(done.stderr, "a socket that systemd has opened cannot be used with a state in etcd")


if __name__ == "__main__":
    farm.main()
