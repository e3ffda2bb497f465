"""Hosts of a test's own: network namespaces with names and addresses, joined by a bridge."""

import os
import shutil
import signal
import subprocess

from support import farm

NEEDED = ("ip", "unshare", "nsenter")


def missing():
    """What this machine lacks for hosts of one's own; empty when nothing."""
    if os.geteuid() != 0:
        return "root"
    for name in NEEDED:
        if not shutil.which(name):
            return name
    probe = subprocess.run(["unshare", "--net", "--uts", "--mount", "true"], check=False,
                           capture_output=True)
    return "" if probe.returncode == 0 else "namespaces"


def say(text):
    print(f"# {text}", flush=True)


class Host:
    """A network, a host name and an /etc/hosts of its own; processes are everyone's.  It ends with
    the test, or, if it is kept, with the program."""

    def __init__(self, name, address, kept=False):
        self.name = name
        self.address = address
        self.holder = subprocess.Popen(
            ["unshare", "--net", "--uts", "--mount", "setpriv", "--pdeathsig", "KILL", "sh", "-c",
             'hostname "$0" && echo && exec sleep infinity', name], stdout=subprocess.PIPE)
        if not kept:
            farm.at_end(self.close)
        self.holder.stdout.readline()

    def close(self):
        self.holder.kill()
        self.holder.wait()
        self.holder.stdout.close()

    def enter(self, *command, folder="/"):
        return ["nsenter", "--target", str(self.holder.pid), "--net", "--uts", "--mount",
                f"--wd={folder}", *(str(word) for word in command)]

    def run(self, *command, **options):
        return farm.run(*self.enter(*command), **options)

    def must(self, *command):
        result = self.run(*command)
        assert result.returncode == 0, f"{command}: {result.stderr}"

    def start(self, *command, folder="/", **options):
        return farm.start(*self.enter(*command, folder=folder), **options)

    def cut_off(self):
        self.must("ip", "link", "set", "eth0", "down")

    def join_again(self):
        self.must("ip", "link", "set", "eth0", "up")

    def lose_datagrams(self, percent):
        """Loses that many of the datagrams that arrive; False where nothing here can."""
        if self.run("tc", "qdisc", "add", "dev", "eth0", "root", "netem", "loss",
                    f"{percent}%").returncode == 0:
            say(f"{self.name}: tc netem loses {percent}% of what is sent")
            return True
        if not shutil.which("nft"):
            say("this kernel has no netem and nft is missing: no datagrams can be lost")
            return False
        self.must("nft", "add table inet loss; add chain inet loss input "
                         "{ type filter hook input priority 0; }; add rule inet loss input "
                         f"meta l4proto udp numgen random mod 100 < {percent} drop")
        say(f"{self.name}: this kernel has no netem: nftables loses {percent}% of what arrives")
        return True


def network(folder, names):
    """Makes the hosts, each of which knows the others by name.  Returns them by name."""
    switch = Host("switch", None)
    switch.must("ip", "link", "add", "bridge", "type", "bridge")
    switch.must("ip", "link", "set", "bridge", "up")
    hosts = {name: Host(name, f"10.99.0.{number}") for number, name in enumerate(names, 1)}
    names_file = os.path.join(folder, "hosts")
    with open(names_file, "w", encoding="ascii") as file:
        file.write("127.0.0.1 localhost\n")
        for host in hosts.values():
            file.write(f"{host.address} {host.name}\n")
    for number, host in enumerate(hosts.values(), 1):
        switch.must("ip", "link", "add", f"port{number}", "type", "veth", "peer", "name", "eth0",
                    "netns", host.holder.pid)
        switch.must("ip", "link", "set", f"port{number}", "master", "bridge", "up")
        host.must("ip", "link", "set", "lo", "up")
        host.must("ip", "address", "add", f"{host.address}/24", "dev", "eth0")
        host.must("ip", "link", "set", "eth0", "up")
        host.must("mount", "--bind", names_file, "/etc/hosts")
    return hosts


def kill_now(process):
    process.send_signal(signal.SIGKILL)
    process.wait()
