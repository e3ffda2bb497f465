#!/usr/bin/env python3
"""examples/replicated: three lockerd over three etcd by one command, and the certificates and settings
of real ones."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess

from support import etcd, farm, tap
from support.lockd import LOCKERD, serves

EXAMPLE = os.path.join(farm.SOURCE, "examples/replicated")
LOCKERSH = farm.program("lockersh")
NAMES = ("farm1", "farm2", "farm3")


def example(name):
    with open(os.path.join(EXAMPLE, name), encoding="ascii") as file:
        return file.read()


class Trial:
    """The example, as it is started by who tries it."""

    def __init__(self, folder):
        etcd.version()
        self.out = os.path.join(folder, "out")
        os.mkdir(f"{folder}/tmp", 0o711)
        with open(self.out, "wb") as out:
            self.process = farm.start(os.path.join(EXAMPLE, "try.sh"), stdout=out, stderr=subprocess.STDOUT,
                                      env=farm.environment(FARMLOCK_BUILD=farm.BUILD, TMPDIR=f"{folder}/tmp"))
        farm.poll(self.leaders, "somebody leads")
        hosts, port = re.search(r"export IPCLOCKER_HOST=(\S+) IPCLOCKER_PORT=(\d+)\n", self.text()).groups()
        self.env = farm.environment(IPCLOCKER_HOST=hosts, IPCLOCKER_PORT=port)

    def text(self):
        assert self.process.poll() is None, self.process.returncode
        with open(self.out, encoding="ascii") as file:
            return file.read()

    def leaders(self):
        """(address, process id) of those that have led, in turn."""
        return re.findall(r"^[\d:]+ (127\S+) \(process (\d+)\) leads$", self.text(), re.M)

    def lock(self, name, command, *options, **popen):
        return farm.start(LOCKERSH, *options, "--lock", name, command, env=self.env,
                          stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True, **popen)

    def waits(self):
        """True when one does."""
        text = farm.run(LOCKERSH, "--locklist", "--json", env=self.env).stdout
        return len(json.loads(text)["waiters"]) == 1

    def owner(self, name):
        return farm.run(LOCKERSH, "--owner", name, "--connect-tries", "30", env=self.env).stdout


@tap.test
def a_lock_outlives_the_one_that_has_granted_it(folder):
    trial = Trial(folder)
    holder = trial.lock("a", "echo $LOCKERSH_TOKEN; read line; true")
    token = int(holder.stdout.readline())
    owner = trial.owner("a")
    assert owner.strip(), owner
    waiter = trial.lock("a", "echo $LOCKERSH_TOKEN; read line; true")
    farm.poll(trial.waits, "it waits")
    (first,) = trial.leaders()
    os.kill(int(first[1]), signal.SIGKILL)
    farm.poll(lambda: len(trial.leaders()) == 2, "another one leads")
    assert trial.leaders()[1][0] != first[0]
    farm.equal(trial.owner("a"), owner)
    assert int(trial.lock("b", "echo $LOCKERSH_TOKEN").stdout.readline()) > token
    farm.equal((holder.poll(), waiter.poll()), (None, None))
    holder.communicate("\n", timeout=farm.PATIENCE_S)
    assert int(waiter.stdout.readline()) > token
    # Who is frozen is not waited for, either.
    farm.freeze(int(trial.leaders()[1][1]))
    farm.poll(lambda: len(trial.leaders()) == 3, "a third one leads")
    farm.contains(trial.owner("a"), f"_{waiter.pid}")
    waiter.communicate("\n", timeout=farm.PATIENCE_S)
    # The interrupt is the terminal's, which the processes behind the script do not get here.
    trial.process.send_signal(signal.SIGINT)
    farm.equal(trial.process.wait(farm.PATIENCE_S), 130)
    farm.equal(os.listdir(f"{folder}/tmp"), [])
    farm.poll(lambda: not [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc")))
                           if any(f"{folder}/tmp" in word for word in farm.words_of(pid))], "nothing is left")


class Real:
    """What README.md has for real hosts, on loopback and in a folder: the hosts are addresses, each of
    which certificates have to be for."""

    def __init__(self, folder):
        etcd.version()
        if not shutil.which("openssl"):
            raise tap.Lacks("openssl is not installed")
        self.folder = folder
        self.certificates("farm1,127.0.0.1", "farm2,127.0.0.2", "farm3,127.0.0.3")
        ports = {"2379": farm.free_port(), "2380": farm.free_port()}
        self.place = lambda text: re.sub(r":(2379|2380)\b", lambda found: f":{ports[found[1]]}", re.sub(
            r"(https://)farm(\d)", r"\g<1>127.0.0.\2", text))
        self.url = self.place("https://farm1:2379")

    def certificates(self, *hosts, **environment):
        done = farm.run("sh", f"{EXAMPLE}/certificates.sh", f"{self.folder}/ca", *hosts,
                        env=farm.environment(**environment))
        farm.equal((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def start_member(self, number):
        name, own = f"farm{number}", f"{self.folder}/ca/farm{number}"
        text = example("etcd.default")
        # As its first lines say.
        first, rest = text.split("\nETCD_INITIAL_CLUSTER=")
        text = self.place(first.replace("farm1", name) + "\nETCD_INITIAL_CLUSTER=" + rest)
        for path, real in (("/etc/etcd/ca.crt", f"{self.folder}/ca/ca.crt"), ("/etc/etcd", own),
                           ("/var/lib/etcd", f"{self.folder}/{name}"), ("0.0.0.0", f"127.0.0.{number}")):
            text = text.replace(path, real)
        settings = dict(line.split("=", 1) for line in text.splitlines() if line and line[0] != "#")
        with open(f"{self.folder}/{name}.log", "wb") as log:
            farm.start("etcd", env=farm.environment(**settings), stdout=log, stderr=log)

    def start_lockerd(self, number):
        """As the unit starts it; returns its port."""
        settings = {}
        for line in example("lockerd.default").splitlines():
            if line and line[0] != "#":
                name, value = line.split("=", 1)
                settings[name] = shlex.split(value)[0]
        options = self.place(settings["LOCKERD_OPTIONS"]).replace("/var/lib/lockerd", f"{self.folder}/lockerd{number}")
        for name in ("lockerd.crt", "lockerd.key"):
            options = options.replace(f"/etc/farmlock/{name}", f"{self.folder}/ca/farm{number}/{name}")
        options = options.replace("/etc/farmlock/ca.crt", f"{self.folder}/ca/ca.crt")
        port = farm.free_port()
        words = [word if word != "*" else "127.0.0.1" for word in options.split()]
        user = ["--user", "root"] if os.geteuid() == 0 else []
        with open(f"{self.folder}/lockerd{number}.log", "wb") as log:
            farm.start(LOCKERD, "--nofork", "--state", self.place(settings["LOCKERD_STATE"]), *words, *user,
                       "--port", port, "--pidstat-port", "none", stdout=log, stderr=log)
        return port

    def control(self, url, *words, cert="farm1/lockerd"):
        files = [f"--cacert={self.folder}/ca/ca.crt"]
        files += [f"--cert={self.folder}/ca/{cert}.crt", f"--key={self.folder}/ca/{cert}.key"] if cert else []
        return farm.run("etcdctl", "--endpoints", url, *files, *words, env=farm.environment(ETCDCTL_API=3))


@tap.test
def etcd_and_lockerd_let_in_who_has_a_certificate_of_the_script(folder):
    real = Real(folder)
    for number in (1, 2, 3):
        real.start_member(number)
    farm.poll(lambda: real.control(real.url, "get", "x").returncode == 0, "etcd serves")
    assert real.control(real.url, "get", "x", cert=None).returncode != 0
    ports = [real.start_lockerd(number) for number in (1, 2)]
    farm.poll(lambda: any(serves(port) for port in ports), "one of them serves")
    env = farm.environment(IPCLOCKER_HOST=":".join(f"127.0.0.1={port}" for port in ports))
    done = farm.run(LOCKERSH, "--lock", "a", "echo $LOCKERSH_LOCK", env=env)
    farm.equal((done.returncode, done.stdout, done.stderr), (0, "a\n", ""))
    keys = real.control(real.url, "get", "--prefix", "--keys-only", "/farmlock/east/").stdout
    farm.contains(keys, "/farmlock/east/0/leader")


@tap.test
def certificates_that_are_there_stay_and_keys_are_nobody_elses(folder):
    real = Real(folder)
    paths = [os.path.join(path, name) for path, _, names in os.walk(f"{folder}/ca") for name in names]
    before = {}
    for path in paths:
        farm.equal((path, os.stat(path).st_mode & 0o077), (path, 0))
        with open(path, "rb") as file:
            before[path] = file.read()
    farm.equal(sorted(os.path.relpath(path, f"{folder}/ca") for path in paths), sorted(
        ["ca.crt", "ca.key", "ca.srl"] + [f"{host}/{name}.{kind}" for host in NAMES for name in ("etcd", "lockerd")
                                          for kind in ("crt", "key")]))
    farm.contains(real.certificates("farm1", "farm4,2001:db8::4,farm4.example.com", COMMON_NAME="locks"), "farm1: there already")
    for path, text in before.items():
        if not path.endswith("ca.srl"):
            with open(path, "rb") as file:
                assert file.read() == text, path
    text = farm.run("openssl", "x509", "-noout", "-text", "-in", f"{folder}/ca/farm4/etcd.crt").stdout
    farm.contains(text, "DNS:localhost, IP Address:127.0.0.1, DNS:farm4, IP Address:2001:DB8:0:0:0:0:0:4, DNS:farm4.example.com")
    text = farm.run("openssl", "x509", "-noout", "-subject", "-in", f"{folder}/ca/farm4/lockerd.crt").stdout
    farm.contains(text, "locks")


@tap.test
def systemd_understands_the_units(folder):
    if not shutil.which("systemd-analyze"):
        raise tap.Lacks("needs systemd-analyze")
    with open(f"{folder}/etcd.service", "w", encoding="ascii") as file:
        file.write(example("etcd.service").replace("/usr/bin/etcd", "/bin/true"))
    with open(f"{folder}/lockerd.service", "w", encoding="ascii") as file:
        file.write(example("lockerd-etcd.conf") + "[Service]\nExecStart=/bin/true\n")
    done = farm.run("systemd-analyze", "verify", "--man=no", f"{folder}/etcd.service", f"{folder}/lockerd.service")
    farm.equal([line for line in done.stderr.splitlines() if folder in line or line.startswith(("etcd", "lockerd"))], [])


if __name__ == "__main__":
    farm.main()
