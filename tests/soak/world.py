"""Where a soak takes place: hosts with programs that can be killed, stopped, cut off and started
again.  With root these are network namespaces, each with a boot of its own, so that nobody sees
another host's processes but through its pidstatd; without, they are this machine and a proxy."""

import os
import sqlite3
import subprocess
import sys
import time
import uuid

from support import etcd, farm, munged, netns, tap
from support.locking import Proxy

HERE = os.path.dirname(os.path.abspath(__file__))
HOSTS = ("farm1", "n1", "n2")
QUIET = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
USERS = {"farm1": 41001, "n1": 41002, "n2": 41003}  # who prove who they are, at each host


class Here:
    """This machine, for who may not make hosts: connections through a proxy that can be cut."""

    def __init__(self, name):
        self.name, self.address = name, "127.0.0.1"

    @staticmethod
    def enter(*command):
        return [str(word) for word in command]

    def start(self, *command, **options):
        return farm.start(*self.enter(*command), **options)


def _give_a_boot(host, folder):
    """The kernel's boot id is everyone's; a file of the host's own in its place makes it another
    machine for who looks."""
    path = os.path.join(folder, f"boot-{host.name}")
    with open(path, "w", encoding="ascii") as file:
        file.write(f"{uuid.uuid4()}\n")
    host.must("mount", "--bind", path, "/proc/sys/kernel/random/boot_id")


def _folder_of_daemons(folder):
    """One in which they may make a socket anew, as whom they have become."""
    path = os.path.join(folder, "run")
    os.mkdir(path, 0o755)
    if os.geteuid() == 0:
        os.chown(path, *tap.daemons_user())
    return path


class World:
    names = HOSTS
    servers = "farm1"  # where clients look for one, as IPCLOCKER_HOST has it
    questioner = "farm1"  # whose client asks for the soak itself
    knows_users = True  # of its clients, some prove who they are

    def __init__(self, folder, seed):
        self.folder, self.seed = folder, seed
        self.events = os.path.join(folder, "events")
        with open(self.events, "w", encoding="ascii"):
            os.chmod(self.events, 0o666)
        # Who is proven by a UNIX socket is so from the start; by munge, when begin_auth() was called.
        self.path = os.path.join(_folder_of_daemons(folder), "lockerd.socket")
        self.auth = "none"
        self.munge = munged.Munged(folder) if self.knows_users and not munged.missing() else None
        self.log_fd = os.open(self.events, os.O_WRONLY | os.O_APPEND)
        self.lacks = netns.missing()
        self.proxy = None
        self.hosts = {name: Here(name) for name in self.names} if self.lacks else \
            netns.network(folder, self.names)
        self.port = farm.free_port() if self.lacks else 1751
        self.pidstat_port = farm.free_port() if self.lacks else 1752
        self.client_port = self.port
        self.server, self.is_down = None, False
        self.pidstatds = {}
        self.ended = []  # who has ended without having been told to
        for host in [] if self.lacks else self.hosts.values():
            _give_a_boot(host, folder)
        self.start_pidstatds()
        self.start_server()
        if self.lacks:
            self.proxy = Proxy(self.port)
            self.client_port = self.proxy.port

    def say(self, kind, *words):
        line = " ".join([str(time.monotonic_ns()), kind, *(str(word) for word in words)])
        os.write(self.log_fd, line.encode("ascii", "replace") + b"\n")

    def _log(self, name):
        return open(os.path.join(self.folder, name), "ab")  # the child's; closed by with

    # ---- daemons --------------------------------------------------------------------------------

    def start_server(self, durability="power"):
        with self._log("lockerd.log") as log:
            self.server = self.hosts["farm1"].start(
                farm.program("lockerd"), "--nofork", "--host", "127.0.0.1" if self.lacks else "*",
                "--port", self.port, *self.state(),
                "--pidstat-port", self.pidstat_port, "--requeue-grace", 5, "--path", self.path,
                *self.credentials(), "--durability", durability, **QUIET, stderr=log)
        self.is_down = False

    def credentials(self):
        """The options that say which are checked."""
        return ["--auth", self.auth, "--munge-socket", self.munge.socket] if self.munge else []

    def state(self):
        """The options that say where it is."""
        return ["--state", os.path.join(self.folder, "state", "lockerd.db")]

    def kill_server(self):
        self.is_down = True
        self.server.kill()
        self.server.wait()

    def server_is_up(self):
        """Whether it answers a client."""
        return self.run_client(self.questioner, "--ping", "--connect-tries", 1).returncode == 0

    def start_pidstatds(self):
        names = ["farm1"] if self.lacks else self.hosts
        for name in names:
            self.start_pidstatd(name)

    def start_pidstatd(self, name):
        with self._log("pidstatd.log") as log:
            self.pidstatds[name] = self.hosts[name].start(
                farm.program("pidstatd"), "--nofork", "--port", self.pidstat_port, **QUIET,
                stderr=log)

    def check_daemons(self):
        """Who has ended by itself is a finding; it is started again so that the rest goes on."""
        self.check_server()
        for name, process in list(self.pidstatds.items()):
            if process.poll() is not None:
                self.ended.append(f"pidstatd of {name} ended by itself: {process.returncode}")
                self.start_pidstatd(name)

    def check_server(self):
        if self.server.poll() is not None and not self.is_down:
            self.ended.append(f"lockerd ended by itself: {self.server.returncode}")
            self.start_server()

    # ---- clients --------------------------------------------------------------------------------

    def environment(self, host_name, proves=False):
        is_own = host_name == self.servers
        port = self.port if is_own else self.client_port
        host = "127.0.0.1" if is_own or self.lacks else self.servers
        if proves and is_own:
            host = self.path
        munge = {"IPCLOCKER_MUNGE_SOCKET": self.munge.socket} if self.munge else {}
        return farm.environment(IPCLOCKER_HOST=host, IPCLOCKER_PORT=port,
                                IPCLOCKER_AUTH="auto" if proves else "none", **munge)

    def can_prove(self, host_name):
        """Whether a job of that host can show who it is, by the UNIX socket or by munge."""
        return self.knows_users and not self.lacks and \
            (host_name == self.servers or self.auth == "munge")

    def run_client(self, host_name, *words):
        return farm.run(*self.hosts[host_name].enter(farm.program("lockersh"), *words),
                        env=self.environment(host_name))

    def start_job(self, host_name, name, hold_ms, proves, *words):
        """A lockersh that becomes a job; its complaints are kept in a file of its own."""
        errors = os.path.join(self.folder, f"job-{name}")
        user = USERS.get(host_name)
        become = ("setpriv", "--reuid", user, "--regid", user, "--clear-groups") if proves else ()
        with open(errors, "wb") as file:
            return subprocess.Popen(
                self.hosts[host_name].enter(
                    *become, farm.program("lockersh"), *words, "--connect-tries", 0, "--connect-delay",
                    "0.1", "--exec", os.path.join(farm.BUILD, "tests", "soak", "soak-job"),
                    self.events, name, hold_ms),
                env=self.environment(host_name, proves), stderr=file, **QUIET), errors

    def start_crowd(self, host_name, prefix, count, pause_ms):
        with self._log("clients.log") as log:
            return self.hosts[host_name].start(
                sys.executable, os.path.join(HERE, "clients.py"), self.events, prefix,
                "127.0.0.1" if self.lacks else self.servers, self.client_port, count,
                f"{self.seed}-{prefix}", pause_ms, **QUIET, stderr=log)

    def start_hostile(self, left_out):
        forged = "-" if self.lacks else self.hosts["n1"].address
        with self._log("hostile.log") as log:
            return self.hosts["n2"].start(
                sys.executable, os.path.join(HERE, "hostile.py"),
                "127.0.0.1" if self.lacks else "farm1", self.port, self.server.pid, self.seed,
                "n1", forged, self.munge.socket if self.munge else "-", *left_out, **QUIET, stderr=log)

    def held(self):
        """Who the server says has a lock of the soak's, {name: owner}; None without an answer."""
        result = self.run_client(self.questioner, "--locklist", "--connect-tries", 1)
        if result.returncode != 0:
            return None
        held = dict(line.split()[:2] for line in result.stdout.splitlines())
        return {name: owner for name, owner in held.items() if name[0] in "sgp"}

    def proven(self):
        """How many of the requests that have ended were of whom, as the server knew: [claimed, by the
        UNIX socket, by munge], or None.  The server is killed for it."""
        if not self.knows_users:
            return None
        self.kill_server()
        with sqlite3.connect(os.path.join(self.folder, "state", "lockerd.db")) as state:
            rows = dict(state.execute("SELECT how, count(*) FROM history WHERE past = 0 GROUP BY how"))
        return [rows.get(how, 0) for how in range(3)]

    def server_kb(self):
        """0 between its being killed and its next start."""
        try:
            with open(f"/proc/{self.server.pid}/status", encoding="ascii") as status:
                for line in status:
                    if line.startswith("VmRSS:"):
                        return int(line.split()[1])
        except FileNotFoundError:
            pass
        return 0


class WorldOverEtcd(World):
    """The same with the state in an etcd of one member, beside lockerd: one that is started again is
    another one there, and has to take over."""

    def __init__(self, folder, seed):
        self.etcd = None
        super().__init__(folder, seed)

    def state(self):
        if self.etcd is None:
            self.etcd = etcd.Cluster(self.folder, places=[None if self.lacks else self.hosts["farm1"]])
        return ["--state", self.etcd.state(), "--takeover", "2s"]

    def proven(self):
        return None
