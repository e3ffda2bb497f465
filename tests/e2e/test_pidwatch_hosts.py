#!/usr/bin/env python3
"""pidwatch and pidstat between three hosts: death, loss, silence; and the idioms of the manual."""

import os
import re
import select
import signal
import subprocess
import time

from support import farm, netns, tap
from support.pidstat_help import pidwatch, read_line, seconds_until_end

NAMES = ("farm1", "farm2", "farm3")
MANUALS = ("share/man/man1/pidwatch.1", "share/man/man1/pidstat.1", "README.md")
READY = "echo ready; exec sleep 1000"


def make_hosts(folder):
    """Three hosts with a pidstatd each; None where this machine cannot have them."""
    missing = netns.missing()
    if missing:
        netns.say(f"not tried: {missing} is missing for hosts of one's own")
        return None
    made = netns.network(folder, NAMES)
    for host in made.values():
        host.daemon = host.start(farm.program("pidstatd"), "--nofork", stderr=subprocess.PIPE)
        assert b"listens on" in host.daemon.stderr.readline()
    return made


def parent_and_command(farms, *options):
    """A parent on farm1, and a command under pidwatch on farm2 that is to end with it."""
    parent = farms["farm1"].start("sleep", "1000")
    command = pidwatch("--host", "farm1", "--pid", parent.pid, *options, READY,
                       enter=farms["farm2"].enter(), stdout=subprocess.PIPE)
    farm.equal(read_line(command), b"ready\n")
    return parent, command


@tap.test
def a_command_dies_within_50_ms_of_its_parent_on_another_host(folder):
    farms = make_hosts(folder)
    if farms is None:
        return

    def end_of_command():
        parent, command = parent_and_command(farms)
        time.sleep(0.05)
        took = seconds_until_end(command.pid, lambda: netns.kill_now(parent))
        farm.equal(command.wait(), -signal.SIGHUP)
        return took

    farm.promised("the command ended behind its parent",
                  lambda: [end_of_command() for _ in range(9)], 0.05, 2)


@tap.test
def with_datagrams_lost_it_dies_within_three_seconds(folder):
    farms = make_hosts(folder)
    if farms is None or not all(farms[name].lose_datagrams(30) for name in ("farm1", "farm2")):
        return
    # Once in some thousand times three rounds of questions in a row are lost whole.
    farm.promised("with 30% loss on both hosts", lambda: ends_of_ten_commands(farms), 1, 3)


def ends_of_ten_commands(farms):
    """How long after their parents they ended: all at once, else it would take as many seconds."""
    pairs = [parent_and_command(farms) for _ in range(10)]
    time.sleep(1.5)
    ends = select.poll()
    for _, command in pairs:
        ends.register(os.pidfd_open(command.pid), select.POLLIN)
    begun = time.monotonic()
    for parent, _ in pairs:
        parent.kill()
    times = []
    while len(times) < len(pairs):
        ready = ends.poll(farm.PATIENCE_S * 1000)
        assert ready, f"{len(pairs) - len(times)} commands still run"
        for fd, _ in ready:
            times.append(time.monotonic() - begun)
            ends.unregister(fd)
            os.close(fd)
    return times


@tap.test
def with_the_host_cut_off_it_runs_on_or_ends_as_told(folder):
    farms = make_hosts(folder)
    if farms is None:
        return
    parent, patient = parent_and_command(farms)
    other_parent, hasty = parent_and_command(farms, "--on-host-down", "2")
    time.sleep(0.5)
    took = seconds_until_end(hasty.pid, farms["farm1"].cut_off)
    print(f"# --on-host-down 2 ended it {took:.1f} s after the host was cut off")
    assert 1.9 < took < 10, took
    farm.equal(hasty.wait(), -signal.SIGHUP)
    netns.kill_now(parent)
    time.sleep(1.5)
    farm.equal(patient.poll(), None)
    took = seconds_until_end(patient.pid, farms["farm1"].join_again)
    farm.equal(patient.wait(), -signal.SIGHUP)
    print(f"# {took:.1f} s after the host was back the other ended too")
    farm.equal(other_parent.poll(), None)


@tap.test
def a_hundred_hosts_of_which_half_are_down_take_one_wait(folder):
    farms = make_hosts(folder)
    if farms is None:
        return
    for number in range(1, 51):
        farms["farm2"].must("ip", "address", "add", f"10.99.0.{100 + number}/24", "dev", "eth0")
    up = [f"10.99.0.{100 + number}:1" for number in range(1, 51)]
    down = [f"10.99.0.{200 + number}:1" for number in range(1, 51)]
    names = [one for pair in zip(up, down) for one in pair]
    begun = time.monotonic()
    result = farms["farm1"].run(farm.program("pidstat"), "--timeout", "2", "exists", *names)
    took = time.monotonic() - begun
    print(f"# {took:.2f} s for 100 hosts, 50 of them down, with --timeout 2")
    farm.equal(result.returncode, 2)
    farm.equal(result.stdout, "".join(f"{one} {'up' if one in up else 'host_down'}\n"
                                      for one in names))
    assert took < 6, took


def idioms(beginning):
    """Every line that begins so in the manual pages and the README, without doubles."""
    found = []
    for name in MANUALS:
        with open(os.path.join(farm.SOURCE, name), encoding="utf-8") as file:
            for line in file:
                # The one with $PPID needs a login shell: test_uriexec_tie.py has it.
                if line.startswith(beginning) and "$PPID" not in line and line.strip() not in found:
                    found.append(line.strip())
    assert found, f"no line begins with {beginning!r}"
    return found


def tools(folder, farms):
    """A PATH with our programs, and with ssh and rsh that reach the hosts as the real ones do: the
    words joined, given to a shell over there that is nobody's child here."""
    os.makedirs(f"{folder}/bin", exist_ok=True)
    for name in ("ssh", "rsh"):
        with open(f"{folder}/bin/{name}", "w", encoding="ascii") as file:
            file.write("#!/bin/sh\nhost=$1; shift\ncase $host in\n")
            for host in farms.values():
                enter = " ".join(host.enter("setsid", "--wait", "sh", "-c"))
                file.write(f'{host.name}) exec {enter} "$*" ;;\n')
            file.write("esac\n")
        os.chmod(f"{folder}/bin/{name}", 0o755)
    with open(f"{folder}/Makefile", "w", encoding="ascii") as file:
        file.write("sim:\n\t@echo $$PPID >sim.pid; sleep 1000; sleep 1000\n"
                   "report:\n\t@echo reported\n")
    netns.say("ssh and rsh are stand-ins here that enter the namespaces of the other host")
    return farm.environment(PATH=f"{folder}/bin:{farm.BUILD}/bin:{os.environ['PATH']}")


@tap.test
def the_remote_idiom_works_as_written(folder):
    farms = make_hosts(folder)
    if farms is None:
        return
    env = tools(folder, farms)
    for line in idioms("ssh farm2 ") + idioms("rsh farm2 "):
        pid_file = f"{folder}/sim.pid"
        if os.path.exists(pid_file):
            os.remove(pid_file)
        script = farms["farm1"].start("sh", "-c", f"{line}\nexit 3", env=env, folder=folder)
        farm.poll(lambda: os.path.exists(pid_file) and os.path.getsize(pid_file), "make runs")
        with open(pid_file, encoding="ascii") as file:
            sim = int(file.read())
        group = os.getpgid(sim)
        time.sleep(0.3)
        assert farm.is_alive(sim)
        took = seconds_until_end(sim, lambda: netns.kill_now(script))
        farm.poll(lambda: not group_members(group), "nothing of it is left")
        print(f"# {line}\n# ended {took * 1000:.1f} ms after its script")


def group_members(group):
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.getpgid(int(name)) == group and farm.is_alive(int(name)):
                found.append(int(name))
        except ProcessLookupError:
            continue
    return found


@tap.test
def the_barrier_idiom_works_as_written(folder):
    farms = make_hosts(folder)
    if farms is None:
        return
    env = tools(folder, farms)
    for line in idioms("pidstat wait ") + idioms("pidwatch --host farm1 --pid $one"):
        one, two = (farms[name].start("sleep", "1000") for name in ("farm1", "farm2"))
        env["one"], env["two"] = str(one.pid), str(two.pid)
        script = farms["farm3"].start("sh", "-c", f"{line}\necho passed", env=env, folder=folder,
                                      stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        time.sleep(0.5)
        farm.equal(script.poll(), None)
        if "$two" in line:
            netns.kill_now(two)
            time.sleep(0.5)
            farm.equal(script.poll(), None)
        took = seconds_until_end(script.pid, lambda: netns.kill_now(one))
        output = script.stdout.read()
        assert output.endswith("passed\n"), output
        if re.search(r"&& make report", line):
            farm.contains(output, "reported\n")
        print(f"# {line}\n# went on {took * 1000:.1f} ms after the last had ended")


farm.main()
