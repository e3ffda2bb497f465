#!/usr/bin/python3
"""lockersh --until-boot: rolling reboots, one host at a time."""

import os
import subprocess
import uuid

from support import farm, netns, tap
from support.locking import LOCKERD, LOCKERSH


class Hosts:
    """Two hosts with boots of their own; lockerd is on the first."""

    def __init__(self, folder):
        lacking = netns.missing()
        if lacking:
            raise tap.Lacks(f"{lacking} is missing for hosts of one's own")
        self.folder = folder
        self.hosts = netns.network(folder, ("farm1", "farm2"))
        self.daemons = {}
        self.lockerd = None
        for name in self.hosts:
            self.boot(name)

    def boot(self, name):
        """Has a host be up in another boot, with a pidstatd."""
        host, path = self.hosts[name], os.path.join(self.folder, f"boot-{uuid.uuid4()}")
        with open(path, "w", encoding="ascii") as file:
            file.write(f"{uuid.uuid4()}\n")
        host.must("mount", "--bind", path, "/proc/sys/kernel/random/boot_id")
        daemon = host.start(farm.program("pidstatd"), "--nofork", stderr=subprocess.PIPE)
        assert b"listens on" in daemon.stderr.readline()
        self.daemons[name] = daemon

    def go_down(self, name):
        farm.stop(self.daemons[name])

    def serve(self):
        self.lockerd = self.hosts["farm1"].start(
            LOCKERD, "--nofork", "--host", "0.0.0.0", "--state",
            os.path.join(self.folder, "state.db"), stderr=subprocess.DEVNULL)
        farm.poll(lambda: self.run("farm1", "--ping").returncode == 0, "lockerd serves")

    def run(self, name, *words):
        return self.hosts[name].run(LOCKERSH, "--dhost", "farm1", *words)

    def is_kept(self):
        return self.run("farm1", "-n", "--lock", "reboot", "true").returncode == 1


@tap.test
def another_host_has_it_until_its_pidstatd_answers_in_another_boot(folder):
    lab = Hosts(folder)
    lab.serve()
    farm.equal(lab.run("farm2", "--lock", "reboot", "--until-boot", "true").returncode, 0)
    told = lab.run("farm1", "-n", "--lock", "reboot", "true")
    farm.contains(told.stderr, "has it kept until its host has booted anew")
    lab.go_down("farm2")
    assert lab.is_kept(), "it is down"
    # The watch outlives a restart of the server.
    netns.kill_now(lab.lockerd)
    lab.serve()
    assert lab.is_kept(), "it is down still"
    lab.boot("farm2")
    farm.equal(lab.run("farm1", "-w", 60, "--lock", "reboot", "true").returncode, 0)


@tap.test
def a_pidstatd_that_starts_anew_is_no_boot(folder):
    lab = Hosts(folder)
    lab.serve()
    farm.equal(lab.run("farm2", "--lock", "reboot", "--until-boot", "true").returncode, 0)
    lab.go_down("farm2")
    lab.hosts["farm2"].start(farm.program("pidstatd"), "--nofork", stderr=subprocess.DEVNULL)
    farm.equal(lab.run("farm1", "-w", 4, "--lock", "reboot", "true").returncode, 1)


@tap.test
def the_servers_own_host_has_it_until_the_server_is_back(folder):
    lab = Hosts(folder)
    lab.serve()
    farm.equal(lab.run("farm1", "--lock", "reboot", "--until-boot", "true").returncode, 0)
    farm.equal(lab.run("farm2", "--lock", "other", "--until-boot", "true").returncode, 0)
    netns.kill_now(lab.lockerd)
    lab.serve()
    assert lab.is_kept(), "that was no boot"
    netns.kill_now(lab.lockerd)
    lab.go_down("farm1")
    lab.boot("farm1")
    lab.serve()
    assert not lab.is_kept()
    farm.equal(lab.run("farm1", "-n", "--lock", "other", "true").returncode, 1)


if __name__ == "__main__":
    farm.main()
