#!/usr/bin/env python3
"""Debian's packages in a minimal root with a real systemd: installed beside sysstat, used from sh, tcsh,
Python and Tcl, upgraded while a lock is held and others wait, removed and purged.

`make check-packages` builds them and the root, which FARMLOCK_PACKAGES/fresh names."""

import glob
import json
import os
import re
import shutil

from support import farm, tap
from support.machine import Machine

INSTALL_S = 600
DAEMONS = ("lockerd", "pidstatd")
PORTS = {"lockerd": "1751/tcp", "pidstatd": "1752/udp"}
UFW_PROFILE = "/etc/ufw/applications.d/farmlock"
# What waits for an administrator.
LATER = ("lockreap.service", "locksync.service", "lockflex.service", "lockfeed.timer")
# What dpkg, apt and systemd keep of everything that is installed.
KEPT = re.compile(r"/(proc|sys|dev|run|tmp|var/(tmp|debs|cache/(apt|debconf|ldconfig|man)|lib/(dpkg|apt|systemd|ucf)|log/(apt|journal|dpkg\.log"
                  r"|alternatives\.log))|etc/(passwd|group|shadow|gshadow|subuid|subgid)-|etc/\.pwd\.lock)(/|$)")
PYTHON = "import farmlock\nwith farmlock.lock('py', timeout=20) as seat: print('has', seat)\n"
TCL = "package require farmlock\nfarmlock::with tcl -timeout 20 seat { puts {has tcl} }\n"


class Fresh(Machine):
    """A minimal root, in which packages are installed."""

    def __init__(self, folder):
        fresh = os.path.join(os.environ.get("FARMLOCK_PACKAGES", ""), "fresh")
        if not os.path.isdir(os.path.join(fresh, "var/debs")):
            raise tap.Lacks("make check-packages makes the root")
        if os.geteuid() != 0 or not shutil.which("systemd-nspawn"):
            raise tap.Lacks("needs root and systemd-nspawn")
        debs = sorted(glob.glob(os.path.join(fresh, "var/debs/*.deb")))
        self.debs = {number: [deb[len(fresh):] for deb in debs if f"-{number}" in os.path.basename(deb)
                              and "-dbgsym_" not in deb] for number in "12"}
        self.names = [os.path.basename(deb).split("_")[0] for deb in self.debs["1"]]
        super().__init__(folder, fresh)

    def must(self, *command):
        result = farm.run("nsenter", "-a", "-t", self.leader, "env", "-i", "LC_ALL=C.UTF-8", "DEBIAN_FRONTEND=noninteractive",
                          "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", *command, timeout=INSTALL_S)
        assert result.returncode == 0, f"{command}: {result.stdout[-3000:]}{result.stderr[-3000:]}"
        return result.stdout

    def apt(self, *words):
        return self.must("apt-get", "-q", "-y", "--no-install-recommends", "-o", "APT::Sandbox::User=root", *words)

    def install_others(self):
        """What the packages stand on, and what stands beside them."""
        with open(os.path.join(self.root, "var/debs/beside"), encoding="ascii") as file:
            beside = file.read().split()
        # What they read is looked at; nothing is let through or kept out.
        self.must("systemctl", "mask", "firewalld", "ufw")
        planned = re.findall(r"^Inst (\S+)", self.apt("-s", "install", *beside, *self.debs["1"]), re.M)
        self.apt("install", *(name for name in planned if name not in self.names))

    def files(self):
        """All that is there, but what others keep of every package."""
        found = set()
        for path, folders, names in os.walk(self.root):
            inside = path[len(self.root):]
            folders[:] = [name for name in folders if not KEPT.match(f"{inside}/{name}")]
            found.update(f"{inside}/{name}" for name in (*names, *folders) if not KEPT.match(f"{inside}/{name}"))
        return found

    def failed(self):
        return self.must("systemctl", "--failed", "--no-legend", "--plain")

    def list(self):
        return json.loads(self.must("lockersh", "--locklist", "--json"))

    def seat(self):
        """Who has it and by which grant, and who waits in which order."""
        found = self.list()
        return ([(lock["project"], lock["owner"], lock["held_since"]) for lock in found["locks"] if lock["name"] == "seat"],
                [(waiter["project"], waiter["owner"]) for waiter in found["waiters"]])

    def versions(self):
        return set(self.must("dpkg-query", "-W", "-f", "${Version}\n", *self.names).split())

    def job(self, name):
        """One that takes the seat, says so in a file, and keeps it until it is ended."""
        return self.background("lockersh", "--lock", "seat", "--project", name,
                               f"echo {name} $LOCKERSH_TOKEN >>/var/tmp/grants; exec sleep 1000")

    def end_job(self):
        """That of whoever has the seat, as soon as it has begun."""
        farm.poll(lambda: self.run("pkill", "-x", "sleep").returncode == 0, "the job of who has it is ended")

    def grants(self):
        """What the jobs have said."""
        with open(os.path.join(self.root, "var/tmp/grants"), encoding="ascii") as file:
            return [line.split() for line in file]


def check_daemons(machine):
    farm.equal(machine.must("systemctl", "is-active", *DAEMONS), "active\nactive\n")
    farm.equal(machine.must("systemctl", "is-enabled", *DAEMONS), "enabled\nenabled\n")
    farm.equal(machine.failed(), "")
    machine.must("lockersh", "--ping")


def check_what_waits(machine):
    """Units without their settings are off, and started do nothing, which is no failure."""
    for unit in LATER:
        farm.equal((unit, machine.run("systemctl", "is-enabled", unit).stdout), (unit, "disabled\n"))
        machine.must("systemctl", "start", unit)
    machine.must("systemctl", "stop", "lockfeed.timer")
    machine.must("systemctl", "start", "lockfeed.service")
    farm.contains(machine.must("ls", "/var/cache/lockfeed"), "index.html\nlocks.json\n")
    for unit in ("lockreap", "locksync", "lockflex"):
        farm.equal((unit, machine.must("systemctl", "show", "-P", "ConditionResult", unit)), (unit, "no\n"))
    farm.equal(machine.failed(), "")


def check_languages(machine):
    farm.equal(machine.must("sh", "-c", "lockersh --lock sh 'echo has $LOCKERSH_LOCK'"), "has sh\n")
    farm.equal(machine.must("tcsh", "-c", "setenv IPCLOCKER_HOST localhost; lockersh --lock tcsh 'echo has tcsh'"),
               "has tcsh\n")
    farm.equal(machine.must("python3", "-c", PYTHON), "has py\n")
    machine.write("var/tmp/script.tcl", TCL)
    farm.equal(machine.must("tclsh", "/var/tmp/script.tcl"), "has tcl\n")


def check_pidstat(machine):
    """sysstat's is where it was, and ours has names of its own."""
    farm.contains(machine.run("pidstat", "-V").stdout, "sysstat")
    farm.equal(machine.must("dpkg", "-S", "/usr/bin/pidstat"), "sysstat: /usr/bin/pidstat\n")
    machine.must("farmlock-pidstat", "exists", "localhost:1")
    machine.must("env", "PATH=/usr/lib/farmlock/bin:/usr/bin", "pidstat", "exists", "localhost:1")


def check_firewalls(machine):
    """firewalld and ufw know the daemons' ports by their names."""
    machine.must("firewall-offline-cmd", "--check-config")
    machine.must("install", "-m", "644", "/usr/share/farmlock/ufw/farmlock", UFW_PROFILE)
    for name, port in PORTS.items():
        farm.equal(machine.must("firewall-offline-cmd", f"--service={name}", "--get-ports"), f"{port}\n")
        farm.contains(machine.must("ufw", "app", "info", name), f"Port:\n  {port}\n")
    machine.must("rm", UFW_PROFILE)


def check_modes(machine):
    """Whoever built them with whatever umask, all may read them."""
    for name in machine.names:
        for path in machine.must("dpkg", "-L", name).split("\n"):
            if path and os.path.lexists(machine.root + path) and not os.path.islink(machine.root + path):
                mode = os.stat(machine.root + path).st_mode
                assert mode & 0o044 == 0o044, f"{path}: {mode:o}"


def upgrade(machine):
    """A new server takes over, and nobody loses what he has or waits for."""
    machine.job("first")
    farm.poll(lambda: machine.seat()[0], "it is held")
    for name in ("second", "third"):
        machine.job(name)
        farm.poll(lambda: name in str(machine.seat()[1]), f"{name} waits")
    before, pids = machine.seat(), [machine.main_pid(name) for name in DAEMONS]
    machine.apt("install", *machine.debs["2"])
    farm.equal([version.rpartition("-")[2][0] for version in machine.versions()], ["2"])
    check_daemons(machine)
    for name, pid in zip(DAEMONS, pids):
        assert machine.main_pid(name) != pid, f"{name} is the old one"
    farm.equal(machine.seat(), before)
    # Who waits has come back, and is granted it in his turn.
    for name, others in (("first", 1), ("second", 0)):
        farm.equal(len(machine.seat()[1]), others + 1)
        farm.equal(machine.seat()[0][0][0], name)
        machine.end_job()
        farm.poll(lambda: len(machine.seat()[1]) == others, f"{name} has given it back")
    farm.poll(lambda: len(machine.grants()) == 3, "the third has it")
    grants = machine.grants()
    farm.equal([name for name, _ in grants], ["first", "second", "third"])
    farm.equal(int(grants[0][1]), before[0][0][2])
    assert int(grants[0][1]) < int(grants[1][1]) < int(grants[2][1]), grants
    machine.end_job()


def remove(machine, others):
    """What is kept of locks stays until it is purged."""
    machine.apt("remove", *machine.names)
    assert os.path.exists(os.path.join(machine.root, "var/lib/lockerd/lockerd.db"))
    assert not machine.run("pgrep", "-x", "lockerd|pidstatd").stdout
    machine.must("dpkg", "--purge", *machine.names)
    farm.equal(sorted(machine.files() - others), [])
    farm.equal(sorted(others - machine.files()), [])
    farm.equal(machine.failed(), "")


@tap.test
def packages_install_serve_upgrade_and_go(folder):
    machine = Fresh(folder)
    machine.install_others()
    others = machine.files()
    machine.apt("install", *machine.debs["1"])
    check_daemons(machine)
    check_what_waits(machine)
    check_languages(machine)
    check_pidstat(machine)
    check_firewalls(machine)
    check_modes(machine)
    upgrade(machine)
    remove(machine, others)


if __name__ == "__main__":
    farm.main()
