#!/usr/bin/env python3
"""Steps whose srun runs on another host: links that are cut, hosts that crash, firewalls; and what
pidstatd there has to say."""

import shutil
import subprocess
import tempfile
import time

from support import farm, netns, slurm, steps
from support.tap import test

PORTS = "40000-40099"
ASKED_AGAIN_S = 8  # after a question to pidstatd whose answer has not come
LIMIT_S = 20  # it takes a second where nothing else runs


def make_cluster():
    """Nodes on a host of their own; None where this machine cannot have that."""
    missing = slurm.lacking() or netns.missing() or (not shutil.which("nft") and "nft")
    if missing:
        print(f"1..0 # SKIP this machine lacks {missing}", flush=True)
        raise SystemExit(0)
    folder = tempfile.mkdtemp(prefix="farmlock-hosts.")
    made = netns.network(folder, ("farm", "login"))
    shutil.rmtree(folder)
    farm.keep()
    return slurm.Cluster(host=made["farm"]).start().serve_all_tests(), made["login"]


cluster, login = make_cluster()


def launch(*settings, count=1, watched=True):
    """A step of a task on each of `count` nodes, launched from the submit host."""
    cluster.plugstack(steps.plugin_line(f"ports={PORTS}", *settings))
    srun = cluster.start_command("srun", f"-N{count}", "sleep", "300", host=login,
                                 stderr=subprocess.DEVNULL)
    farm.at_end(cluster.clear)
    tasks = steps.wait_for(cluster, count, "sleep")
    if watched:
        farm.poll(lambda: steps.connected(cluster) == count, "the watchers are connected")
    return srun, tasks


def start_pidstatd():
    daemon = login.start(farm.program("pidstatd"), "--nofork", stderr=subprocess.PIPE)
    assert b"listens on" in daemon.stderr.readline()
    return daemon


def alive_for(tasks, seconds):
    """The tasks must live for so long; looks all the time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        assert all(map(farm.is_alive, tasks)), f"ended {until - time.monotonic():.1f} s too early"
        time.sleep(0.05)


def reject(match):
    """A firewall on the submit host that refuses connections; it goes with the test."""
    login.must("nft", f"add table inet wall; add chain inet wall input {{ type filter hook input "
                      f"priority 0; }}; add rule inet wall input {match} reject with tcp reset")
    farm.at_end(lift)


def lift():
    login.run("nft", "delete table inet wall")


def gone_after(tasks, act):
    seconds = steps.seconds_until_gone(tasks, act, 60)
    print(f"# {seconds * 1000:.0f} ms", flush=True)
    return seconds


@test
def srun_dies_on_another_host_without_pidstatd():
    srun, tasks = launch(count=2)
    assert gone_after(tasks, lambda: steps.kill_srun(srun.pid)) < LIMIT_S


@test
def srun_dies_on_another_host_with_pidstatd():
    start_pidstatd()
    srun, tasks = launch(count=2)
    assert gone_after(tasks, lambda: steps.kill_srun(srun.pid)) < LIMIT_S


@test
def a_cut_link_ends_nothing():
    srun, tasks = launch()
    login.cut_off()
    farm.at_end(login.join_again)
    alive_for(tasks, 8)
    login.join_again()
    alive_for(tasks, 2)
    assert srun.poll() is None
    assert gone_after(tasks, lambda: steps.kill_srun(srun.pid)) < LIMIT_S


@test
def a_cut_link_ends_nothing_before_unreachable():
    _srun, tasks = launch("unreachable=8")
    cut = time.monotonic()
    login.cut_off()
    farm.at_end(login.join_again)
    alive_for(tasks, 8)
    farm.poll(lambda: not any(map(farm.is_alive, tasks)), "it counts as death in the end")
    print(f"# {time.monotonic() - cut:.1f} s", flush=True)
    farm.poll(lambda: "has been silent for 8 s" in cluster.log("n1"), "the log says so")


@test
def a_link_that_comes_back_in_time_starts_the_clock_anew():
    _srun, tasks = launch("unreachable=8")
    farm.at_end(login.join_again)
    for _ in range(2):
        login.cut_off()
        alive_for(tasks, 6)
        login.join_again()
        farm.poll(lambda: steps.connected(cluster) == 1, "the watcher is connected again")
    alive_for(tasks, 4)


@test
def a_host_that_crashes_tells_of_the_death_once_it_is_back():
    # Probes come sooner where silence counts at all, and so does the news.
    srun, tasks = launch("unreachable=32")
    crash(srun)
    alive_for(tasks, 8)
    assert gone_after(tasks, login.join_again) < 20


def crash(srun):
    """All processes of the submit host die, and nobody hears of it."""
    login.cut_off()
    farm.at_end(login.join_again)
    steps.kill_srun(srun.pid)
    srun.wait()


@test
def a_refusal_counts_for_nothing_while_pidstatd_sees_srun_alive():
    start_pidstatd()
    srun, tasks = launch("unreachable=8")  # which makes it look at the connection each second
    reject(f"tcp dport {PORTS}")
    farm.poll(lambda: steps.connected(cluster) == 0, "the watcher loses its connection")
    alive_for(tasks, 6)
    assert gone_after(tasks, lambda: steps.kill_srun(srun.pid)) < LIMIT_S


@test
def a_refusal_counts_where_there_is_no_pidstatd():
    _srun, tasks = launch("unreachable=8")
    gone_after(tasks, lambda: reject(f"tcp dport {PORTS}"))


@test
def a_firewall_from_the_start_ends_nothing_and_is_told():
    reject(f"tcp dport {PORTS}")
    _srun, tasks = launch(watched=False)
    alive_for(tasks, 12)
    cluster.clear()
    farm.poll(lambda: "is a firewall between them?" in cluster.log("n1"), "the log says so")


@test
def behind_a_firewall_pidstatd_alone_will_do():
    start_pidstatd()
    reject(f"tcp dport {PORTS}")
    srun, tasks = launch(watched=False)
    alive_for(tasks, ASKED_AGAIN_S)
    assert gone_after(tasks, lambda: steps.kill_srun(srun.pid)) < LIMIT_S


@test
def no_watcher_is_left_and_no_node_was_drained():
    steps.leave_nothing_behind(cluster)


if __name__ == "__main__":
    farm.main()
