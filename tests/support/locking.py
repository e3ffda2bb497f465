"""What the tests of lockersh share: a server, waiting commands, the monitors they leave behind."""

import glob
import json
import os
import re
import socket
import subprocess
import threading

from support import farm
from support.listener import Listener
from support.lockd import identity
from support.wire import Wire

LOCKERSH = farm.program("lockersh")
LOCKERD = farm.program("lockerd")


def start_server(port=None, host="127.0.0.1", *options):
    """Starts a lockerd of the test's own and returns it with its port."""
    port = port or farm.free_port(host=host)
    process = farm.start(LOCKERD, "--nofork", "--state", "none", "--host", host, "--port", port,
                         *options, stderr=subprocess.DEVNULL)
    farm.poll(lambda: farm.answers(port, host), "lockerd listens")
    return process, port


def start_blind_server(*options):
    """A lockerd that sees no process of its host, as if it was on another; returns it with its port."""
    port = farm.free_port()
    as_user = [] if os.geteuid() == 0 else ["--map-current-user"]
    server = farm.start("unshare", *as_user, "--pid", "--fork", "--mount-proc", "--kill-child=KILL", LOCKERD,
                        "--nofork", "--state", "none", "--port", port, *options, stderr=subprocess.DEVNULL)
    farm.at_end(server.kill)  # unshare ignores SIGTERM
    farm.poll(lambda: farm.answers(port), "lockerd listens")
    return server, port


def schema(name="locklist"):
    """What a JSON list has to look like, or another document."""
    with open(os.path.join(farm.SOURCE, f"share/schema/{name}.schema.json"), encoding="utf-8") as file:
        return json.load(file)


def read_strings(path):
    """The strings of a file that ends each with a NUL; none when the process has gone."""
    try:
        with open(path, encoding="latin-1") as file:
            return file.read().split("\0")
    except OSError:
        return []


def complaint(result, status):
    """The one line on standard error of a lockersh that has failed."""
    farm.equal((result.returncode, result.stdout), (status, ""))
    farm.equal(result.stderr.count("\n"), 1)
    assert result.stderr.startswith("lockersh: "), result.stderr
    return result.stderr[len("lockersh: "):-1]


def as_if_at_once(line):
    """A line about a wait, which a busy machine may have made a second longer."""
    return re.sub(r"waiting \d+ s ", "waiting 0 s ", line)


class Farm:
    """A server and the lockersh commands that talk to it."""

    def __init__(self, port=None):
        farm.at_end(self.kill_monitors)
        if port is None:
            self.server, port = start_server()
        self.port = port
        self.env = farm.environment(IPCLOCKER_HOST="127.0.0.1", IPCLOCKER_PORT=port)

    def run(self, *words, **options):
        options.setdefault("env", self.env)
        return farm.run(LOCKERSH, *words, **options)

    def start(self, *words, **options):
        options.setdefault("env", self.env)
        options.setdefault("stdout", subprocess.PIPE)
        options.setdefault("stderr", subprocess.PIPE)
        options.setdefault("stdin", subprocess.DEVNULL)
        return farm.start(LOCKERSH, *words, **options)

    def hold(self, lock, *words):
        """A lockersh that holds a lock until its process is ended."""
        holder = self.start("--lock", lock, *words, "--exec", "sleep", "1000")
        self.poll_held(lock, holder.pid)
        return holder

    def wait_for(self, lock, *words, command=("true",), **options):
        """A lockersh that waits for a lock."""
        waiter = self.start("--lock", lock, *words, *command, **options)
        self.poll_waiting(waiter.pid)
        return waiter

    def json(self):
        result = self.run("--locklist", "--json")
        farm.equal((result.returncode, result.stderr), (0, ""))
        return json.loads(result.stdout)

    def locks(self):
        return {lock["name"]: lock for lock in self.json()["locks"]}

    def token(self, lock):
        """Of a lock's grant, as a server tells it to whoever knows the process."""
        held = self.locks()[lock]
        wire = Wire(self.port)
        wire.send("proto 2")
        farm.equal(wire.line(), "proto 2")
        status = wire.ask(f"user {held['owner']}", f"hostname {held['host']}", f"pid {held['pid']}",
                          identity(held["pid"]), f"locks {lock}", "STATUS")
        wire.close()
        return int(status["token"])

    def waiters(self):
        return self.json()["waiters"]

    def poll_held(self, lock, pid):
        farm.poll(lambda: self.locks().get(lock, {}).get("pid") == pid, f"{pid} holds {lock}")

    def poll_waiting(self, pid):
        farm.poll(lambda: pid in [waiter["pid"] for waiter in self.waiters()], f"{pid} waits")

    def poll_free(self, lock):
        farm.poll(lambda: lock not in self.locks(), f"{lock} is free")

    def monitors(self, word=""):
        """The process ids of the monitors of our commands, of those with a word in its arguments."""
        found = []
        for path in glob.glob("/proc/[0-9]*/comm"):
            folder = os.path.dirname(path)
            if (read_strings(path) == ["lockersh-watch\n"]
                    and f"IPCLOCKER_PORT={self.port}" in read_strings(folder + "/environ")
                    and (not word or word in read_strings(folder + "/cmdline"))):
                found.append(int(os.path.basename(folder)))
        return found

    def poll_monitor(self, word):
        return farm.poll(lambda: self.monitors(word), f"a monitor for {word}")[0]

    def kill_monitors(self):
        """They would look for a server that has ended with the test until the end of days."""
        for pid in self.monitors():
            farm.kill_pid(pid)


class Proxy(Listener):
    """Passes connections on to a server, until they are cut."""

    def __init__(self, server_port):
        self.server_port = server_port
        self.sockets = []
        super().__init__()

    def serve(self, client):
        try:
            server = socket.create_connection(("127.0.0.1", self.server_port))
        except OSError:
            client.close()
            return
        self.sockets += [client, server]
        threading.Thread(target=self._pass_on, args=(server, client), daemon=True).start()
        self._pass_on(client, server)

    @staticmethod
    def _pass_on(source, target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def cut(self):
        """Closes all connections, as a broken network would."""
        # Those that come meanwhile are new ones.
        cut, self.sockets = self.sockets, []
        for one in cut:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            one.close()

    def close(self):
        super().close()
        self.cut()
