#!/usr/bin/env python3
"""The units of systemd: what they may do, and that a real systemd starts them."""

import os
import re
import shutil

from support import farm, tap
from support.machine import Machine
from support.munged import make_key

DAEMONS = ("lockerd", "pidstatd")
SERVICES = (*DAEMONS, "lockreap", "locksync", "lockflex", "lockfeed")
MOST_EXPOSED = 2.0
PLACES = {"@SBINDIR@": "/usr/sbin", "@BINDIR@": "/usr/bin", "@DATADIR@": "/usr/share/farmlock"}


def unit(name):
    with open(os.path.join(farm.SOURCE, "share/systemd", f"{name}.service"), encoding="utf-8") as file:
        text = file.read()
    for place, path in PLACES.items():
        text = text.replace(place, path)
    return text


@tap.test
def services_may_do_little(folder):
    if not shutil.which("systemd-analyze"):
        raise tap.Lacks("needs systemd-analyze")
    for name in SERVICES:
        path = os.path.join(folder, f"{name}.service")
        with open(path, "w", encoding="utf-8") as file:
            file.write(unit(name))
        result = farm.run("systemd-analyze", "security", "--offline=yes", path)
        rate = float(re.search(r"exposure level for \S+: ([\d.]+)", result.stdout)[1])
        print(f"# {name}: {rate}")
        assert rate <= MOST_EXPOSED, result.stdout


@tap.test
def systemd_understands_every_line(folder):
    """And finds what they start, which is named by where it is built here."""
    if not shutil.which("systemd-analyze"):
        raise tap.Lacks("needs systemd-analyze")
    places = {"@DATADIR@/dashboard/lockfeed": f"{farm.SOURCE}/share/dashboard/lockfeed", **PLACES,
              "@SBINDIR@": f"{farm.BUILD}/bin"}
    paths = []
    for name in os.listdir(os.path.join(farm.SOURCE, "share/systemd")):
        paths.append(os.path.join(folder, name))
        with open(os.path.join(farm.SOURCE, "share/systemd", name), encoding="utf-8") as file:
            text = file.read()
        for place, path in places.items():
            text = text.replace(place, path)
        assert not re.search("@[A-Z]+@", text), text
        with open(paths[-1], "w", encoding="utf-8") as file:
            file.write(text)
    result = farm.run("systemd-analyze", "verify", "--man=no", *paths)
    # Of other units of this machine it complains, too.
    lines = [line for line in result.stderr.splitlines() if os.path.basename(line.split(":")[0]) in os.listdir(folder)]
    farm.equal(lines, [])


@tap.test
def each_service_reads_its_settings_where_they_are_and_a_sample_shows_them():
    for name in SERVICES:
        text = unit(name)
        farm.contains(text, f"\nEnvironmentFile=-/etc/default/{name}\n")
        with open(os.path.join(farm.SOURCE, "share/default", name), encoding="utf-8") as file:
            sample = file.read()
        # What a sample says is commented out: as it is, it changes nothing.
        assert not re.search(r"^[^#\n]", sample, re.M), sample
        own = set(re.findall(rf"\$\{{?({name.upper()}\w*)", text))
        told = set(re.findall(rf"^#({name.upper()}\w*)=", sample, re.M))
        # Which lockfeed itself reads.
        farm.equal((name, told - {"LOCKFEED_HISTORY"}), (name, own))


@tap.test
def nothing_is_started_as_root():
    for name in SERVICES:
        assert re.search(r"^(User=(?!root)\w+|DynamicUser=yes)$", unit(name), re.M), name


class Installed(Machine):
    """This machine's files, with what make install adds."""

    def prepare(self):
        variant = os.path.basename(os.path.normpath(farm.BUILD))
        result = farm.run("make", "-s", "-C", farm.SOURCE, "-o", "all", "install", f"DESTDIR={self.root}",
                          "PREFIX=/usr", f"VARIANT={'' if variant == 'build' else variant}", timeout=120)
        farm.equal((result.returncode, result.stderr), (0, ""))


def boot(folder, *needs):
    if not os.environ.get("FARMLOCK_LONG"):
        raise tap.Lacks("is part of make check-long")
    if os.geteuid() != 0 or not all(shutil.which(name) for name in ("systemd-nspawn", *needs)):
        raise tap.Lacks(" and ".join(("needs root", "systemd-nspawn", *needs)))
    return Installed(folder)


@tap.test
def a_real_systemd_starts_them(folder):
    machine = boot(folder)
    for name in DAEMONS:
        machine.start(name)
    farm.equal(machine.run("lockersh", "--lock", "a", "echo $LOCKERSH_LOCK").stdout, "a\n")
    farm.equal(machine.run("pidstat", "exists", "127.0.0.1:1").returncode, 0)
    # A lock is there again after a crash, and goes with its owner, who is another user.
    holder = machine.background("setpriv", "--reuid=1234", "--clear-groups", "lockersh", "--lock", "b", "--exec",
                                "sleep", "1000")
    farm.poll(lambda: "b" in machine.run("lockersh", "--locklist").stdout, "it is held")
    before = machine.main_pid("lockerd")
    machine.run("systemctl", "kill", "-s", "KILL", "lockerd")
    farm.poll(lambda: machine.main_pid("lockerd") not in ("0", before), "it is started again")
    farm.poll(lambda: "b" in machine.run("lockersh", "--locklist").stdout, "it is still held")
    with open(f"/proc/{holder.pid}/task/{holder.pid}/children", encoding="ascii") as file:
        farm.kill_pid(int(file.read()))
    farm.poll(lambda: "b" not in machine.run("lockersh", "--locklist").stdout, "it is given back")
    farm.equal(machine.run("systemctl", "reload", "lockerd").returncode, 0)
    farm.equal(machine.run("systemctl", "is-active", *DAEMONS).stdout, "active\nactive\n")


@tap.test
def libmunge_serves_the_unit(folder):
    """Which opens it when it is needed, without privileges and with few calls of the system."""
    machine = boot(folder, "munged")
    machine.write("etc/default/lockerd", 'LOCKERD_OPTIONS="--auth require --munge-socket /run/munge.socket"\n')
    make_key(os.path.join(machine.root, "etc/key"))
    machine.background("munged", "--foreground", "--force", "--socket=/run/munge.socket", "--key-file=/etc/key",
                       "--pid-file=/run/munged.pid", "--log-file=/run/munged.log", "--seed-file=/run/munged.seed",
                       stderr=machine.console)
    farm.poll(lambda: machine.run("munge", "-S", "/run/munge.socket", "-n").returncode == 0, "munged answers")
    machine.start("lockerd")
    as_user = ("setpriv", "--reuid=1234", "--regid=1234", "--clear-groups", "env", "IPCLOCKER_HOST=127.0.0.1")
    proven = machine.run(*as_user, "IPCLOCKER_MUNGE_SOCKET=/run/munge.socket", "lockersh", "--ping")
    farm.contains(proven.stdout, "it knows you as uid 1234, by munge")
    for auth, status in (("auto", 0), ("none", 69)):
        done = machine.run(*as_user, "IPCLOCKER_MUNGE_SOCKET=/run/munge.socket", f"IPCLOCKER_AUTH={auth}",
                           "lockersh", "--lock", "a", "true")
        farm.equal((auth, done.returncode), (auth, status))


SLURM = """ClusterName=farm
SlurmctldHost={host}(127.0.0.1)
AuthType=auth/munge
AuthInfo=socket=/run/munge.socket
SlurmUser=slurm
StateSaveLocation=/var/lib/slurmctld
SlurmctldPidFile=/run/slurmctld.pid
ProctrackType=proctrack/linuxproc
Licenses=vcs:4
NodeName=n1 NodeAddr=127.0.0.1 State=UNKNOWN
PartitionName=main Nodes=n1 Default=YES
"""


@tap.test
def lockreap_and_locksync_can_do_their_work_in_their_units(folder):
    machine = boot(folder, "munged", "slurmctld")
    # Slurm resolves even 127.0.0.1 only where there is another address, too.
    machine.run("ip", "address", "add", "192.0.2.1/32", "dev", "lo")
    machine.write("etc/slurm/slurm.conf", SLURM.format(host=machine.run("hostname").stdout.strip()))
    machine.write("etc/default/lockreap", "LOCKREAP_OPTIONS=--scheduler slurm --bare\n")
    machine.write("etc/default/locksync", "LOCKSYNC_MAPS=--map vcs=vcs[1-4]\n")
    machine.run("install", "-d", "-o", "slurm", "/var/lib/slurmctld")
    with open(os.path.join(machine.layers, "slurm"), "wb") as log:
        make_key(os.path.join(machine.root, "etc/key"))
        machine.background("munged", "--foreground", "--force", "--socket=/run/munge.socket", "--key-file=/etc/key",
                           "--pid-file=/run/munged.pid", "--seed-file=/run/munged.seed", stderr=log)
        machine.background("slurmctld", "-D", "-c", stderr=log)
    farm.poll(lambda: machine.run("scontrol", "ping").stdout.rstrip().endswith(" is UP"), "slurmctld answers",
              60)
    machine.start("lockerd")
    # A job that waits for a node, and that is over before it gets one; and somebody's without a scheduler.
    job = machine.run("sbatch", "--parsable", "--wrap", "true").stdout.strip()
    machine.background("env", f"SLURM_JOB_ID={job}", "lockersh", "--lock", "a", "--exec", "sleep", "1000")
    machine.background("lockersh", "--lock", "vcs1", "--exec", "sleep", "1000")
    farm.poll(lambda: {"a", "vcs1"} <= set(machine.run("lockersh", "--locklist").stdout.split()), "both are held")
    farm.equal(machine.run("scancel", job).returncode, 0)
    for name in ("lockreap", "locksync"):
        machine.start(name)
    farm.poll(lambda: "Reserved=1" in machine.run("scontrol", "show", "license").stdout, "it is set aside")
    farm.poll(lambda: "a" not in machine.run("lockersh", "--locklist").stdout.split(), "it is given back")
    farm.equal(machine.run("systemctl", "stop", "locksync").returncode, 0)
    farm.contains(machine.run("scontrol", "show", "reservation").stdout, "No reservations")


LMUTIL = """#!/bin/sh
echo "Users of VCS_Net:  (Total of 4 licenses issued;  Total of 3 licenses in use)"
"""


@tap.test
def what_is_in_etc_counts(folder):
    machine = boot(folder)
    machine.write("etc/default/lockerd", 'LOCKERD_OPTIONS="--max-hold 7200"\nLOCKERD_STATE=none\n')
    machine.write("etc/farmlock/lockerd.conf", 'log = "/var/log/lockerd/lockerd.log";\n')
    machine.start("lockerd")
    shown = machine.run("cat", f"/proc/{machine.main_pid('lockerd')}/cmdline").stdout.split("\0")
    farm.equal(shown[1:], ["--nofork", "--state", "none", "--max-hold", "7200", ""])
    # The page of locks, in a folder that nobody had to make.
    farm.equal(machine.run("systemctl", "start", "lockfeed").returncode, 0)
    farm.equal(machine.run("stat", "-c", "%U %a", "/var/cache/lockfeed/locks.json", "/var/cache/lockfeed/index.html").stdout,
               "farmlock 644\nfarmlock 644\n")
    # A log that is rotated goes on in the new file.
    if shutil.which("logrotate"):
        done = machine.run("logrotate", "--force", "/usr/share/farmlock/logrotate.d/lockerd")
        farm.equal((done.returncode, done.stderr), (0, ""))
        farm.poll(lambda: "log reopened" in machine.run("cat", "/var/log/lockerd/lockerd.log").stdout, "it goes on")
        farm.contains(machine.run("cat", "/var/log/lockerd/lockerd.log.1").stdout, " serves\n")
    # A user that there is not is told once.
    machine.write("etc/default/lockreap", "")
    machine.write("etc/systemd/system/lockreap.service.d/override.conf", "[Service]\nUser=nobody-of-here\n")
    machine.run("systemctl", "daemon-reload")
    farm.equal(machine.run("systemctl", "start", "lockreap").returncode, 1)
    farm.equal(machine.run("systemctl", "show", "-P", "NRestarts", "-P", "ActiveState", "lockreap").stdout.split(),
               ["0", "failed"])


@tap.test
def lockflex_can_do_its_work_in_its_unit(folder):
    machine = boot(folder)
    machine.write("etc/farmlock/lockerd.conf", 'pools = ( { name = "vcs"; seats = 4; outside-most = 4; } );\n')
    machine.write("opt/lmutil", LMUTIL)
    machine.run("chmod", "755", "/opt/lmutil")
    machine.write("etc/default/lockflex",
                  "LOCKFLEX_OPTIONS=--server 27000@lic1 --map vcs=VCS_Net\nPATH=/usr/bin:/opt\n")
    machine.start("lockerd")
    machine.start("lockflex")
    farm.poll(lambda: machine.run("lockersh", "-n", "--lock", "vcs", "--count", "2", "true").returncode == 1,
              "three of four are outside")
    farm.equal(machine.run("lockersh", "-n", "--lock", "vcs", "true").returncode, 0)
    farm.equal(machine.run("systemctl", "stop", "lockflex").returncode, 0)


if __name__ == "__main__":
    farm.main()
