"""A root that is booted by a real systemd, in namespaces of its own."""

import os
import re
import subprocess

from support import farm


class Machine:
    """The files of a folder, which stays as it is; nothing is started there but what the test starts."""

    def __init__(self, folder, lower="/"):
        self.layers = os.path.join(folder, "layers")
        self.root = os.path.join(self.layers, "root")
        os.mkdir(self.layers)
        self._mount("-t", "tmpfs", "tmpfs", self.layers)
        for name in ("root", "upper", "work"):
            os.mkdir(os.path.join(self.layers, name))
        self._mount("-t", "overlay", "-o", f"lowerdir={lower},upperdir={self.layers}/upper,workdir="
                    f"{self.layers}/work", "overlay", self.root)
        self.prepare()
        self._boot()

    def prepare(self):
        """What is to be done before it is booted."""

    def _mount(self, *words):
        subprocess.run(["mount", *words], check=True)
        farm.at_end(lambda: subprocess.run(["umount", "-l", words[-1]], check=False))

    def _boot(self):
        # A unit of its own for target, so that nothing else of this machine is started.
        self.write("etc/systemd/system/farm.target",
                   "[Unit]\nRequires=sysinit.target\nAfter=sysinit.target\nAllowIsolate=yes\n")
        self.console = open(os.path.join(self.layers, "console"), "wb")
        farm.at_end(self.console.close)
        self.nspawn = farm.start("systemd-nspawn", "-q", "-D", self.root, "--private-network", "--register=no",
                                 "--keep-unit", "-M", f"farm{os.getpid()}", "--boot",
                                 "systemd.unit=farm.target", stdin=subprocess.DEVNULL,
                                 stdout=self.console, stderr=self.console, start_new_session=True)
        farm.at_end(self.nspawn.kill)
        self.leader = farm.poll(self._find_leader, "systemd is there", 60)
        try:
            farm.poll(lambda: self.run("systemctl", "is-active", "farm.target").stdout == "active\n",
                      "systemd has booted", 30)
        except AssertionError:
            with open(os.path.join(self.layers, "console"), encoding="utf-8", errors="replace") as console:
                print("".join(f"# {line}" for line in console.readlines()[-30:]), flush=True)
            print("# " + str(self.run("systemctl", "list-jobs")), flush=True)
            raise
        self.run("ip", "link", "set", "lo", "up")
        farm.equal(self.run("systemd-sysusers").returncode, 0)

    def _find_leader(self):
        assert self.nspawn.poll() is None, "systemd-nspawn has ended"
        with open(f"/proc/{self.nspawn.pid}/task/{self.nspawn.pid}/children", encoding="ascii") as file:
            children = [int(word) for word in file.read().split()]
        # The others are helpers of its start.
        return next((pid for pid in children if self._name_of(pid) == "systemd"), None)

    @staticmethod
    def _name_of(pid):
        try:
            with open(f"/proc/{pid}/comm", encoding="ascii") as file:
                return file.read().strip()
        except (FileNotFoundError, ProcessLookupError):
            return ""

    def run(self, *command):
        return farm.run("nsenter", "-a", "-t", self.leader, "env", "-i", "LANG=C.UTF-8",
                        "PATH=/usr/sbin:/usr/bin:/sbin:/bin", *command)

    def write(self, path, text):
        path = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="ascii") as file:
            file.write(text)

    def background(self, *command, **options):
        return farm.start("nsenter", "-a", "-t", self.leader, *command, **options)

    def main_pid(self, name):
        return self.run("systemctl", "show", "-P", "MainPID", name).stdout.strip()

    def start(self, name):
        """Starts a unit, which must be without privileges then."""
        started = self.run("systemctl", "start", name)
        farm.equal((name, started.returncode), (name, 0))
        status = self.run("cat", f"/proc/{self.main_pid(name)}/status").stdout
        assert not re.search(r"^Uid:\t0", status, re.M), status
        # pidstatd may open a port below 1024, and nothing else.
        may = {"0" * 16, "0000000000000400"} if name == "pidstatd" else {"0" * 16}
        assert set(re.findall(r"^Cap\w+:\t(\w+)$", status, re.M)) <= may, status
        farm.contains(status, "Seccomp:\t2\n")
        farm.contains(status, "NoNewPrivs:\t1\n")
