#!/usr/bin/env python3
"""A machine whose name service does not know localhost, as a minimal one without an /etc/hosts."""

import os
import shutil
import sys

from support import farm, netns, tap

NO_HOSTS = "mount --bind /dev/null /etc/hosts && mount --bind \"$0\" /etc/nsswitch.conf && exec getent hosts localhost"


def nameless_host(folder):
    lacks = netns.missing()
    if lacks:
        raise tap.Lacks(f"needs {lacks}")
    host = netns.Host("bare", "127.0.0.1")
    switch = os.path.join(folder, "nsswitch.conf")
    with open(switch, "w", encoding="ascii") as file:
        file.write("hosts: files\npasswd: files\ngroup: files\n")
    host.must("ip", "link", "set", "lo", "up")
    # glibc knows localhost by itself in getent, but no program does.
    host.run("sh", "-c", NO_HOSTS, switch)
    shown = host.run("python3", "-c", "import socket; socket.getaddrinfo('localhost', 1)")
    farm.contains(shown.stderr, "gaierror")
    return host


def start_daemons(host, folder):
    for name, words in (("lockerd", ("--state", "none", "--http", ":9751")), ("pidstatd", ())):
        ready = os.path.join(folder, f"{name}.log")
        with open(ready, "wb") as log:
            daemon = host.start(farm.program(name), "--nofork", *words, stdout=log, stderr=log)
        farm.at_end(lambda process=daemon: farm.stop(process))
    farm.poll(lambda: host.run(farm.program("lockersh"), "--ping").returncode == 0, "lockerd answers")
    farm.poll(lambda: host.run(farm.program("pidstat"), "exists", "localhost:1").returncode == 0,
              "pidstatd answers")


@tap.test
def daemons_and_their_clients_know_localhost_all_the_same(folder):
    host = nameless_host(folder)
    start_daemons(host, folder)
    shown = host.run(farm.program("lockersh"), "--lock", "a", "echo $LOCKERSH_LOCK")
    farm.equal((shown.returncode, shown.stdout), (0, "a\n"))
    shown = host.run(farm.program("pidwatch"), "--host", "localhost", "--pid", "1", "echo", "watched")
    farm.equal((shown.returncode, shown.stdout), (0, "watched\n"))
    for name in ("check_lockerd", "check_pidstatd"):
        shown = host.run(sys.executable, f"{farm.SOURCE}/share/monitoring/{name}")
        farm.equal((name, shown.returncode), (name, 0))
    shown = host.run(sys.executable, "-c", "import farmlock\nwith farmlock.lock('b', timeout=5) as b: print(b)",
                     env=farm.environment(PYTHONPATH=f"{farm.SOURCE}/wrappers/python"))
    farm.equal((shown.returncode, shown.stdout, shown.stderr), (0, "b\n", ""))


@tap.test
def so_does_tcl(folder):
    if not shutil.which("tclsh"):
        raise tap.Lacks("there is no tclsh")
    host = nameless_host(folder)
    start_daemons(host, folder)
    script = os.path.join(folder, "script.tcl")
    with open(script, "w", encoding="ascii") as file:
        file.write("package require farmlock\nfarmlock::with c -timeout 5 seat { puts held }\n")
    shown = host.run("tclsh", script, env=farm.environment(TCLLIBPATH=f"{farm.SOURCE}/wrappers/tcl"))
    farm.equal((shown.returncode, shown.stdout, shown.stderr), (0, "held\n", ""))


if __name__ == "__main__":
    farm.main()
