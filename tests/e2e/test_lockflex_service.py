#!/usr/bin/python3
"""lockflex as a service: it follows changes, and a license server that hangs does not stop it."""

import os
import signal
import socket
import subprocess

from support import farm, tap
from support.license_lab import DOWN, LOCKFLEX, Lab, listing

MAP = ("--map", "vcs=VCS_Net")
STAYS = "; what it has given out stays as it was\n"
AGAIN = "lockflex: all servers answer again\n"


class Service:
    def __init__(self, lab, *words, ask=("--server", "27000@lic1"), **environment):
        self.lab = lab
        self.paths = {name: os.path.join(lab.folder, f"service.{name}") for name in ("out", "err")}
        with open(self.paths["out"], "wb") as out, open(self.paths["err"], "wb") as err:
            self.process = farm.start(LOCKFLEX, *MAP, "--interval", "1", "--lmutil", f"{lab.folder}/lmutil", *ask,
                                      *words, env=dict(lab.env, **environment), stdout=out, stderr=err)

    def said(self, name="err"):
        with open(self.paths[name], encoding="utf-8") as file:
            return file.read()

    def poll(self, seats):
        farm.poll(lambda: self.lab.outside() == seats, f"{seats} seats are outside; {self.said()}")

    def poll_said(self, text, name="err"):
        farm.poll(lambda: self.said(name) == text, f"it says {text!r}; {self.said(name)!r}")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        farm.equal(self.process.wait(farm.PATIENCE_S), 0)


def children_of_ours(mark):
    """Processes with a word in their command line."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                if mark.encode() in file.read().split(b"\0"):
                    found.append(int(pid))
        except OSError:
            pass
    return found


@tap.test
def it_follows_changes_and_prints_news_alone(folder):
    lab = Lab(folder)
    lab.lmutil()
    lab.serves(listing(("ann", "pc1", 3)))
    service = Service(lab)
    service.poll(3)
    lab.serves(listing(("ann", "pc1", 4)))
    service.poll(4)
    calls = os.path.join(folder, "calls")
    before = os.path.getsize(calls)
    farm.poll(lambda: os.path.getsize(calls) > before, "it looks again")
    service.stop()
    service.poll_said("vcs: 3 are outside, as 0 of 3 in use are the farm's\n"
                      "vcs: 4 are outside, as 0 of 4 in use are the farm's\n", "out")
    farm.equal((service.said(), lab.outside()), ("", 4))


@tap.test
def its_lease_is_renewed_and_ends_behind_it(folder):
    lab = Lab(folder)
    lab.lmutil()
    lab.serves(listing(("ann", "pc1", 3)))
    service = Service(lab, "--for", "6")
    service.poll(3)
    calls = os.path.join(folder, "calls")

    def looks():
        with open(calls, encoding="utf-8") as file:
            assert lab.outside() == 3
            return len(file.readlines())

    farm.poll(lambda: looks() > 8, "it has looked for longer than the lease")
    # Nor does it end while the license server does not answer.
    lab.serves(DOWN)
    farm.poll(lambda: looks() > 16, "it has looked for longer than the lease")
    service.process.kill()
    service.poll(0)


@tap.test
def a_server_that_hangs_is_left_alone_and_all_of_it_ended(folder):
    lab = Lab(folder)
    mark = f"hangs-{os.getpid()}"
    answers = f'cat "{folder}/list-$4"'
    hangs = f"""sh -c 'exec sh -c "sleep 1000; :" {mark}' &
trap '' TERM
sh -c 'sleep 1000; :' {mark}"""
    lab.serves(listing(("ann", "pc1", 3)))
    lab.serves(listing(("bob", "pc2", 1)), "1717@mgc")
    lab.lmutil(answers)
    service = Service(lab, "--timeout", "1", "--server", "1717@mgc")
    service.poll(4)
    lab.lmutil(f"[ $4 = 1717@mgc ] || {{ {hangs}\n}}\n{answers}")
    service.poll_said(f"lockflex: 27000@lic1: no answer within 1.0 s{STAYS}")
    farm.equal(lab.outside(), 4)
    # The other one is heard all the same.
    lab.serves(listing(("bob", "pc2", 7)), "1717@mgc")
    service.poll(7)
    lab.serves(listing(), "1717@mgc")
    lab.lmutil(answers)
    service.poll(3)
    service.poll_said(f"lockflex: 27000@lic1: no answer within 1.0 s{STAYS}{AGAIN}")
    farm.poll(lambda: not children_of_ours(mark), "all of it has ended")
    service.stop()


@tap.test
def it_ends_at_once_also_while_a_server_hangs(folder):
    lab = Lab(folder)
    mark = f"hangs-{os.getpid()}"
    lab.lmutil(f"sh -c 'sleep 1000; :' {mark}")
    service = Service(lab, "--timeout", "1000")
    farm.poll(lambda: children_of_ours(mark), "it asks")
    service.stop()
    farm.poll(lambda: not children_of_ours(mark), "whom it has asked has ended")
    farm.equal(service.said(), "")


@tap.test
def its_own_death_ends_whom_it_asks(folder):
    lab = Lab(folder)
    lab.write("hang", f"#!/bin/sh\necho $$ >{folder}/pid\nexec sleep 1000\n", 0o755)
    lab.lmutil(f"exec {folder}/hang")
    service = Service(lab, "--timeout", "1000")
    pid = farm.poll(lambda: os.path.exists(f"{folder}/pid") and open(f"{folder}/pid", encoding="ascii").read().strip(),
                    "it asks")
    service.process.kill()
    farm.poll(lambda: not os.path.exists(f"/proc/{pid}"), "lmutil has ended")


@tap.test
def failures_are_told_once_and_their_end(folder):
    lab = Lab(folder)
    lab.lmutil("echo 'lmutil: bad image' >&2; exit 3")
    lab.serves(listing(("ann", "pc1", 3)))
    service = Service(lab)
    first = f"lockflex: 27000@lic1: lmutil: bad image{STAYS}"
    service.poll_said(first)
    lab.lmutil("kill -9 $$")
    second = f"{first}lockflex: 27000@lic1: was ended by signal 9{STAYS}"
    service.poll_said(second)
    os.remove(f"{folder}/lmutil")
    third = f"{second}lockflex: 27000@lic1: cannot run {folder}/lmutil: No such file or directory{STAYS}"
    service.poll_said(third)
    lab.lmutil()
    service.poll(3)
    service.poll_said(third + AGAIN)
    service.stop()


@tap.test
def what_lmutil_leaves_behind_does_not_delay_it(folder):
    lab = Lab(folder)
    mark = f"stays-{os.getpid()}"
    lab.serves(listing(("ann", "pc1", 3)))
    done = lab.flex(*MAP, "--command", f"sh -c 'sleep 1000; :' {mark} & echo VCS_Net bob pc2 2", "--timeout", "1000",
                    timeout=farm.PATIENCE_S)
    farm.equal((done.returncode, done.stderr, lab.outside()), (0, "", 5))
    farm.poll(lambda: not children_of_ours(mark), "nothing is left")


@tap.test
def a_lockerd_that_comes_back_is_told_anew(folder):
    lab = Lab(folder)
    lab.lmutil()
    lab.serves(listing(("ann", "pc1", 3)))
    service = Service(lab)
    service.poll(3)
    lab.server.kill()
    farm.poll(lambda: "no lockerd answers" in service.said(), "it says so")
    lab.serves(listing(("ann", "pc1", 5)))
    lab.server.start("--config", f"{folder}/lockerd.conf")
    service.poll(5)
    farm.poll(lambda: service.said().endswith(AGAIN), "it says so")
    service.stop()


@tap.test
def systemd_is_told_that_it_is_ready(folder):
    lab = Lab(folder)
    lab.lmutil()
    lab.serves(listing())
    path = os.path.join(folder, "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(path)
        notify.settimeout(farm.PATIENCE_S)
        service = Service(lab, NOTIFY_SOCKET=path)
        farm.equal(notify.recv(100), b"READY=1")
        service.stop()


@tap.test
def a_program_that_reads_its_input_finds_none(folder):
    lab = Lab(folder)
    done = lab.flex(*MAP, "--command", "cat", server=None, stdin=subprocess.PIPE, timeout=farm.PATIENCE_S)
    farm.equal((done.returncode, done.stderr), (0, ""))


if __name__ == "__main__":
    farm.main()
