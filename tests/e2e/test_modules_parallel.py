#!/usr/bin/env python3
"""The modules for Python and Tcl: several servers are tried at once, and what may be had of which."""

import shutil
import time

from support import farm, scripts, tap
from support.listener import Listener
from support.locking import Proxy, start_server
from support.several import Member, deaf_port

# What one that does not answer at all was waited for, each; a busy machine takes some of it, too.
CONNECT_S = 5
OWNERS = {"python": lambda: scripts.python("say(repr(farmlock.status('a').owner))\n"),
          "tcl": lambda: scripts.tcl("say '[dict get [farmlock::status a] owner]'\n")}
LOCKS = {"python": lambda: scripts.python("with farmlock.lock('a', notice=note) as seat:\n    say('has', seat)\n"),
         "tcl": lambda: scripts.tcl("set h [farmlock::lock a -notice note]\nsay has [farmlock::get $h names]\n"
                                    "farmlock::unlock $h\n")}
HOLDER = "seat = farmlock.lock('a', user={!r}).acquire()\nsay('has', seat)\nuntil()\n"
BREAKS = {"python": lambda: scripts.python("say(*farmlock.break_lock('a'))\n"),
          "tcl": lambda: scripts.tcl("say [farmlock::breaklock a]\n")}
GIVES_BACK = {"python": lambda first: scripts.python(f"""
farmlock.lock('a', user='somebody', hosts={first!r}).acquire()
farmlock.unlock('a', user='somebody')
say(repr(farmlock.status('a', hosts={first!r}).owner))
"""),
              "tcl": lambda first: scripts.tcl(f"""
farmlock::lock a -user somebody -hosts {first}
farmlock::giveback a -user somebody
say '[dict get [farmlock::status a -hosts {first}] owner]'
""")}
if not shutil.which("tclsh"):
    del OWNERS["tcl"], LOCKS["tcl"], BREAKS["tcl"], GIVES_BACK["tcl"]


def hosts(*ports):
    return ":".join(f"127.0.0.1={port}" for port in ports)


def run(command, *ports):
    """The output, and how long it took."""
    began = time.monotonic()
    out = scripts.run(command, 1, IPCLOCKER_HOST=hosts(*ports))
    return out, time.monotonic() - began


def soon(kind, command, expected, *ports):
    """A dead host must not be waited for; a machine may be busy, but not always."""
    for _ in range(3):
        out, took = run(command, *ports)
        farm.equal((kind, out), (kind, expected))
        if took < CONNECT_S - 1:
            return
    raise AssertionError(f"{kind} took {took} s")


@tap.test
def hosts_that_are_dead_hold_up_no_question():
    dead, (_, port) = [deaf_port(), deaf_port()], start_server()
    for kind, command in OWNERS.items():
        soon(kind, command(), "''\n", *dead, port)


@tap.test
def a_lock_is_had_at_once_of_another_server_of_the_cluster():
    member = Member(start_server()[1], "farm-7")
    for kind, command in LOCKS.items():
        soon(kind, command(), "has a\n", deaf_port(), member.port)


@tap.test
def the_event_loop_of_tcl_goes_on_meanwhile():
    if "tcl" not in LOCKS:
        raise tap.Lacks("there is no tclsh")
    member = Member(start_server()[1], "farm-7")
    script = ("proc got {h args} { say has [farmlock::get $h names] after $::ticks; farmlock::unlock $h; set ::done 1 }\n"
              "set ticks 0\nproc tick {} { incr ::ticks; after 20 tick }\ntick\n"
              "farmlock::lock a -command got\nvwait done\n")
    for _ in range(3):
        out, took = run(scripts.tcl(script), deaf_port(), member.port)
        farm.contains(out, "has a after ")
        if int(out.split()[-1]) > 2 and took < CONNECT_S - 1:
            return
    raise AssertionError((out, took))


@tap.test
def a_server_that_is_just_slow_is_not_passed_by():
    """A second for a connection is a lost segment; the second of the list is another farm's."""
    for kind, command in LOCKS.items():
        slow = deaf_port(opens_after_s=0.5, server_port=start_server()[1])
        out, took = run(command(), slow, start_server()[1])
        farm.equal((kind, out), (kind, "has a\n"))
        assert took >= 1, (kind, took)


class Slow(Proxy):
    """A server that has a connection at once, and is slow to say anything."""

    def serve(self, client):
        time.sleep(1)
        super().serve(client)


def hold(port, user):
    holder = scripts.start(scripts.python(HOLDER.format(user)), port)
    farm.equal(scripts.said(holder), "has a")


def all_say(expected, programs):
    """Of programs that run beside each other."""
    for kind, program in programs:
        out, errors = program.communicate(timeout=farm.PATIENCE_S)
        farm.equal((kind, out, errors), (kind, expected, ""))


@tap.test
def a_lock_is_broken_at_the_first_server_though_that_is_slow():
    (_, second), programs = start_server(), []
    hold(second, "second")
    for kind, command in BREAKS.items():
        for slow in (lambda port: Slow(port).port, lambda port: deaf_port(opens_after_s=0.5, server_port=port)):
            _, first = start_server()
            hold(first, "first")
            programs.append((kind, scripts.start(command(), 1, IPCLOCKER_HOST=hosts(slow(first), second))))
    all_say("first\n", programs)


@tap.test
def a_lock_is_given_back_at_the_first_server_though_that_is_slow():
    (_, second), programs = start_server(), []
    for kind, command in GIVES_BACK.items():
        _, first = start_server()
        slow = deaf_port(opens_after_s=0.5, server_port=first)
        programs.append((kind, scripts.start(command(hosts(first)), 1, IPCLOCKER_HOST=hosts(slow, second))))
    all_say("''\n", programs)


@tap.test
def a_server_with_a_connection_is_not_passed_by_for_a_question():
    (_, first), (_, second) = start_server(), start_server()
    hold(first, "first")
    for kind, command in OWNERS.items():
        farm.equal((kind, run(command(), Slow(first).port, second)[0]), (kind, "'first'\n"))


@tap.test
def a_lock_of_servers_that_stand_alone_is_had_of_the_first_once_those_before_it_have_failed():
    """Though both have a connection long before that."""
    programs = {}
    for kind, command in LOCKS.items():
        ports = [deaf_port(), Proxy(start_server()[1]).port, Proxy(start_server()[1]).port]
        programs[kind] = scripts.start(command(), 1, IPCLOCKER_HOST=hosts(*ports)), ports, time.monotonic()
    for kind, (program, (dead, first, _), began) in programs.items():
        out, _ = program.communicate(timeout=farm.PATIENCE_S)
        assert time.monotonic() - began >= CONNECT_S - 0.1, kind
        farm.contains(out, f"second: asking 127.0.0.1:{first}, as no lockerd answers at 127.0.0.1:{dead} (")
        farm.contains(out, "has a\n")


@tap.test
def the_first_to_answer_is_asked_first_from_then_on():
    """And those that were passed by are left in peace."""
    for kind in OWNERS:
        member = Member(start_server()[1], "farm-7")
        other = Member(start_server()[1], "farm-7")
        out, _ = run(OWNERS[kind](), member.port, other.port)
        farm.equal((kind, out, len(other.sockets)), (kind, "''\n", 0))


class Silent(Listener):
    """One of a cluster that freezes when a lock is asked for, and takes connections then all the same."""

    def __init__(self, cluster):
        self.cluster, self.asked = cluster, 0
        super().__init__()

    def serve(self, client):
        for line in client.makefile("r", encoding="latin-1"):
            self.asked += line == "LOCK\n"
            if self.asked:
                continue
            if line == "proto 2\n":
                client.sendall(f"proto 2\ncluster {self.cluster}\n".encode())
            elif line == "VERSION\n":
                client.sendall(b"version 1.0.0 1\n\n")


@tap.test
def a_new_request_that_meets_a_server_which_freezes_goes_on_at_another_of_its_cluster():
    programs = {}
    for kind, command in LOCKS.items():
        silent, member = Silent("farm-7"), Member(start_server()[1], "farm-7")
        programs[kind] = scripts.start(command(), 1, IPCLOCKER_HOST=hosts(silent.port, member.port)), silent
    for kind, (program, silent) in programs.items():
        out, _ = program.communicate(timeout=farm.PATIENCE_S * 2)
        farm.equal((kind, out.splitlines()[-1:], silent.asked), (kind, ["has a"], 1))


if __name__ == "__main__":
    farm.main()
