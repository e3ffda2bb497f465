#!/usr/bin/env python3
"""wrappers/python/farmlock.py with lockerd, in programs of their own."""

import ast
import json
import os
import re
import signal
import sys
import time

from support import farm, scripts, tap
from support.locking import Farm, Proxy
from support.lockd import Server
from support.pools import Lab
from support.scripts import go_on, said

FOLDER = scripts.FOLDERS["PYTHONPATH"]


def start(port, text, **extra):
    return scripts.start(scripts.python(text), port, **extra)


def run(port, text, **extra):
    return scripts.run(scripts.python(text), port, **extra)


HOLD = "with farmlock.lock('a') as seat:\n    say(seat)\n    until()\nsay('out')\n"


def hold(lab):
    program = start(lab.port, HOLD)
    farm.equal(said(program), "a")
    return program


@tap.test
def the_module_is_one_of_python_3_6():
    with open(os.path.join(FOLDER, "farmlock.py"), encoding="utf-8") as file:
        tree = ast.parse(file.read(), feature_version=(3, 6))
    # What asyncio has since 3.7 only.
    late = {"create_task", "get_running_loop", "run", "to_thread", "timeout", "TaskGroup"}
    used = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name) and node.value.id == "asyncio"}
    farm.equal(used & late, set())
    standard = getattr(sys, "stdlib_module_names", None)
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert standard is None or names <= standard, names - standard
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
            assert ast.get_docstring(node), node.name


@tap.test
def a_seat_is_held_for_a_block():
    lab = Farm()
    program = start(lab.port, """
with farmlock.lock("lic1:lic2") as seat:
    say(seat, seat.names, seat.held, seat.token > 0, seat.lost, seat.hold_left)
    until()
say(seat.held)
""")
    farm.equal(said(program), "lic1 ('lic1',) True True None None")
    held = lab.locks()["lic1"]
    farm.equal((held["pid"], held["autounlock"]), (program.pid, True))
    assert re.fullmatch(rf".*_{program.pid}(\.\d+)?_.+", held["owner"]), held
    go_on(program)
    farm.equal(said(program), "False")
    farm.equal(lab.locks(), {})


@tap.test
def locks_of_one_program_are_different_seats():
    lab = Farm()
    farm.equal(run(lab.port, """
with farmlock.lock("lic1:lic2") as one, farmlock.lock("lic1:lic2") as two:
    say(one, two)
    for timeout in (0, 0.2):
        try:
            farmlock.lock("lic1:lic2", timeout=timeout).acquire()
        except farmlock.Error as error:
            say(type(error).__name__, error.code)
def other():
    with farmlock.lock("a") as seat:
        say("then", seat)
with farmlock.lock("a"):
    thread = threading.Thread(target=other)
    thread.start()
    while not farmlock.lock_list()["waiters"]:
        time.sleep(0.01)
    say("first")
thread.join()
"""), "lic1 lic2\nBusy None\nRefused own\nfirst\nthen a\n")


@tap.test
def who_waits_is_told_and_gets_it_next():
    lab = Farm()
    holder = lab.hold("a")
    program = start(lab.port, "with farmlock.lock('a', notice=note) as seat:\n    say(seat)\n")
    told = said(program)
    assert re.fullmatch(r"waiting: waiting for a, held by \S+ for \d+\.\d s; place 1 in the queue",
                        told), told
    holder.kill()
    assert said(program).startswith("obtained: obtained a after "), program
    farm.equal(said(program), "a")


@tap.test
def a_program_that_is_killed_frees_its_seat_at_once():
    lab = Farm()
    program = hold(lab)
    waiter = lab.wait_for("a", command=("--exec", "echo", "mine"))
    program.kill()
    farm.equal(waiter.communicate(timeout=farm.PATIENCE_S)[0], b"mine\n")


@tap.test
def a_waiter_that_is_killed_leaves_the_queue():
    lab = Farm()
    lab.hold("a")
    program = start(lab.port, HOLD)
    lab.poll_waiting(program.pid)
    program.kill()
    farm.poll(lambda: lab.waiters() == [], "nobody waits")


@tap.test
def a_wait_ends_in_time_or_by_a_signal():
    lab = Farm()
    lab.hold("a")
    shown = run(lab.port, """
try:
    farmlock.lock("a", timeout=0.3).acquire()
except farmlock.TimedOut as error:
    say(error)
signal.signal(signal.SIGALRM, signal.default_int_handler)
signal.setitimer(signal.ITIMER_REAL, 0.3)
try:
    farmlock.lock("a").acquire()
except KeyboardInterrupt:
    say("interrupted")
while farmlock.lock_list()["waiters"]:
    time.sleep(0.01)
""")
    assert re.fullmatch(r"a was not free in time; it is held by \S+\ninterrupted\n", shown), shown


@tap.test
def a_restart_of_the_server_is_no_end(folder):
    server = Server(folder)
    lab = Farm(server.port)
    text = HOLD.replace("'a'", "'a', notice=note")
    holder = start(server.port, text)
    farm.equal(said(holder), "a")
    waiter = start(server.port, text)
    farm.contains(said(waiter), "waiting: ")
    scripts.restart(server, holder, waiter)
    lab.poll_waiting(waiter.pid)
    farm.equal(lab.locks()["a"]["pid"], holder.pid)
    go_on(holder)
    farm.equal(said(holder), "out")
    while (line := said(waiter)) != "a":
        assert line.startswith(("waiting: ", "obtained: ")), line
    # The session is taken up again: it hears of a loss.
    scripts.restart(server, waiter)
    farm.equal(lab.run("--break", "a").returncode, 0)
    farm.equal(said(waiter), "lost: the lock a was lost: it was broken, as by lockersh --break")


@tap.test
def a_server_that_is_away_at_the_end_hears_of_it_later(folder):
    server = Server(folder)
    lab = Farm(server.port)
    holder = start(server.port, HOLD)
    farm.equal(said(holder), "a")
    server.kill()
    go_on(holder)
    server.start()
    farm.equal(said(holder), "out")
    farm.poll(lambda: lab.locks() == {}, "it was given back")


@tap.test
def a_loss_is_told_and_raised():
    lab = Farm()
    program = start(lab.port, """
try:
    with farmlock.lock("a", notice=note) as seat:
        say("in")
        until()
        say(seat.held, seat.lost)
except farmlock.Lost as error:
    say(error.code, error)
""")
    farm.equal(said(program), "in")
    farm.equal(lab.run("--break", "a").returncode, 0)
    text = "the lock a was lost: it was broken, as by lockersh --break"
    farm.equal(said(program), "lost: " + text)
    go_on(program)
    farm.equal((said(program), said(program)), ("False broken", "broken " + text))


@tap.test
def a_loss_while_the_server_was_not_reached_is_told(folder):
    lab = Farm()
    proxy = Proxy(lab.port)
    program = start(proxy.port, "seat = farmlock.lock('a', notice=note).acquire()\nsay(seat)\nuntil()\n"
                    "try:\n    seat.renew()\nexcept farmlock.Lost as error:\n    say(error.code)\n")
    farm.equal(said(program), "a")
    farm.freeze(program.pid)
    proxy.cut()
    farm.equal(lab.run("--break", "a").returncode, 0)
    os.kill(program.pid, signal.SIGCONT)
    told = said(program)
    farm.contains(told, "lost: the lock a was lost: it was taken away while the server was not reached")
    go_on(program)
    farm.equal(said(program), "unknown")


@tap.test
def a_hold_limit_is_told_before_and_behind():
    lab = Farm()
    program = start(lab.port, "seat = farmlock.lock('a', hold=6, warn=5, notice=note).acquire()\n"
                    "say(3 < seat.hold_left <= 6)\nuntil()\n")
    farm.equal(said(program), "True")
    assert re.fullmatch(r"hold-left: a will be taken back in [0-5] s", said(program))
    farm.equal(said(program), "lost: the lock a was lost: it was held as long as it may be")


@tap.test
def groups_counts_and_brackets():
    lab = Farm()
    farm.equal(run(lab.port, """
with farmlock.lock("vcs[08-10],vcs12", count=2, groups=["board1", ("x:y:z", 2)]) as seats:
    say(seats)
with farmlock.lock(["lic[1-2]", "lic9"], count=3) as seats:
    say(*seats.names)
"""), "vcs08 vcs09 board1 x y\nlic1 lic2 lic9\n")


@tap.test
def awkward_names():
    lab = Farm()
    names = ["a'b", 'q"$x', "-n", "010", "1e3", "ä€𝕏", "x" * 255, "#c", "a;b", "%s", "\\n", "{x}"]
    farm.equal(run(lab.port, f"""
for name in {names!r}:
    with farmlock.lock(name) as seat:
        say(seat.names == (name,), farmlock.status(name).locked, name in [
            lock["name"] for lock in farmlock.lock_list()["locks"]])
"""), "True True True\n" * len(names))
    bad = ["", " ", "a\x01", "x" * 256, "vcs[1-", "vcs]", "v[2-1]", "v[1-9999]", "a::b", "v[]"]
    farm.equal(run(lab.port, f"""
for name in {bad!r}:
    try:
        farmlock.lock(name)
        say("taken", repr(name))
    except ValueError:
        pass
for wrong in (dict(count=0), dict(count=3), dict(groups=["a", "b"]), dict(user="a b"), dict(timeout=-1),
              dict(hosts="farm1:1751"), dict(hosts="[::1"), dict(port="nosuch"), dict(hosts="a:")):
    try:
        farmlock.lock("a:b", **wrong)
        say("taken", wrong)
    except ValueError as error:
        pass
"""), "")


@tap.test
def a_servers_text_cannot_harm_a_terminal():
    lab = Farm()
    wire_owner = "evil\x1b[31m\u202eowner"
    holder = start(lab.port, f"seat = farmlock.lock('a', user={wire_owner!r}.replace(chr(27), chr(0x9b)))"
                   ".acquire()\nsay('in')\nuntil()")
    farm.equal(said(holder), "in")
    shown = run(lab.port, "try:\n    farmlock.lock('a', timeout=0).acquire()\n"
                "except farmlock.Busy as error:\n    say(ascii(str(error)))\n")
    farm.contains(shown, "\\\\x9b")
    assert "\\x9b" not in shown.replace("\\\\x9b", "") and "u202e" not in shown, shown


@tap.test
def questions_by_name():
    lab = Farm()
    holder = hold(lab)
    shown = json.loads(run(lab.port, """
import json
status, ping, free = farmlock.status("a"), farmlock.ping(), farmlock.status("b")
say(json.dumps([status.owner, status.locked, free.owner, ping.protocol, ping.known,
                [lock["name"] for lock in farmlock.lock_list()["locks"]]]))
"""))
    owner = lab.locks()["a"]["owner"]
    farm.equal(shown, [owner, False, "", 2, "claimed", ["a"]])
    # Another process may not give it back, whatever name it gives.
    farm.equal(run(lab.port, f"""
try:
    farmlock.unlock("a", user={owner!r})
except farmlock.Refused as error:
    say(error.code)
say(farmlock.break_lock("a:b"))
"""), f"not-owner\n{[owner]!r}\n")
    assert holder.poll() is None
    lab.run("--lock", "c", "true")
    farm.equal(run(lab.port, """
seat = farmlock.lock("c", user="somebody").acquire()
farmlock.unlock("c", user="somebody")
say(farmlock.status("c").owner == "")
"""), "True\n")


@tap.test
def a_refusal_comes_with_its_code():
    lab = Farm()
    farm.equal(run(lab.port, """
for timeout in (0, None):
    first = farmlock.lock("a:b", user="me", count=2).acquire()
    try:
        farmlock.lock("b:c", count=2, user="me", timeout=timeout).acquire()
    except farmlock.Refused as error:
        say(error.code, "refuses: " in str(error) or "itself" in str(error))
    say(first.held, farmlock.status("a", user="me").locked)
    first.release()
"""), "own True\nTrue True\n" * 2)


@tap.test
def no_server_is_said_and_what_to_do():
    port = farm.silent_port()
    shown = run(port, """
try:
    farmlock.lock("a", notice=note).acquire()
except farmlock.Unreachable as error:
    say(error)
""")
    lines = shown.splitlines()
    farm.equal(len(lines), 2)
    assert re.fullmatch(rf"retry: no lockerd answers at 127.0.0.1:{port} \(Connection refused\); trying "
                        r"again in [\d.]+ s", lines[0]), lines
    farm.equal(lines[1], f"no lockerd answers at 127.0.0.1:{port} (Connection refused); start one "
               "there, or name another in IPCLOCKER_HOST or /etc/farmlock/client.conf")


@tap.test
def the_next_host_of_a_list_is_asked(folder):
    path = os.path.join(folder, "socket")
    server = Server(folder, "--path", path)
    dead = farm.silent_port()
    for hosts in (f"127.0.0.1={dead}:[::1]={dead}:127.0.0.1={server.port}", path, f"/nowhere:{path}"):
        farm.equal(run(1, "with farmlock.lock('a') as seat:\n    say(seat, farmlock.ping().known.split()[0])",
                       IPCLOCKER_HOST=hosts), f"a {'socket' if path in hosts else 'claimed'}\n")


@tap.test
def another_host_may_come_to_serve(folder):
    server = Server(folder)
    server.kill()
    program = start(1, "with farmlock.lock('a') as seat:\n    say(seat)",
                    IPCLOCKER_HOST=f"127.0.0.1={farm.silent_port()}:127.0.0.1={server.port}")
    time.sleep(4)  # three tries take 3.2 s at most
    server.restart()
    farm.equal(said(program), "a")


@tap.test
def the_scheduler_s_job_is_told():
    lab = Farm()
    for variables, job in (
            ({"SLURM_JOB_ID": "47", "SLURM_CLUSTER_NAME": "lab"}, "slurm:47@lab"),
            ({"SLURM_JOB_ID": "49", "SLURM_ARRAY_JOB_ID": "47", "SLURM_ARRAY_TASK_ID": "3"},
             "slurm:47_3=49"),
            ({"LSB_JOBID": "7", "LSB_JOBINDEX": "0"}, "lsf:7"),
            ({"LSB_JOBID": "7", "LSB_JOBINDEX": "3"}, "lsf:7[3]"),
            ({"PBS_JOBID": "123[4].server"}, "pbs:123[4].server"), ({"JOB_ID": "5"}, None),
            ({"JOB_ID": "5", "SGE_TASK_ID": "3", "SGE_CELL": "lab"}, "sge:5.3@lab"),
            ({"JOB_ID": "5", "SGE_TASK_ID": "undefined", "SGE_CELL": "default"}, "sge:5")):
        found = json.loads(run(lab.port, "import json\nwith farmlock.lock('a'):\n"
                               "    say(json.dumps(farmlock.lock_list()))", **variables))
        farm.equal((variables, found["locks"][0].get("job")), (variables, job))


@tap.test
def pools_and_their_rules(folder):
    lab = Lab(folder, 'pools = ( { name = "vcs"; seats = 4; limits = ( { by = "user"; each = 3; } ); } );')
    program = start(lab.server.port, """
with farmlock.lock("vcs", count=2, project="chipA") as seats:
    say(seats, farmlock.lock_list(pools=True)["pools"][0]["held"])
    seat = farmlock.lock("vcs", count=2, notice=note)
    threading.Thread(target=seat.acquire, daemon=True).start()
    until()
    try:
        farmlock.lock("vcs", count=5).acquire()
    except farmlock.Refused as error:
        say(error.code)
""")
    farm.equal(said(program), "vcs1 vcs2 2")
    farm.contains(said(program), "; limit 2/3 of vcs (")
    go_on(program)
    farm.equal(said(program), "limit")


@tap.test
def pydoc_shows_the_manual():
    shown = farm.run(sys.executable, "-m", "pydoc", "farmlock",
                     env=farm.environment(PYTHONPATH=FOLDER)).stdout
    for part in ("with farmlock.lock(", "IPCLOCKER_HOST", "timeout    seconds to wait at most",
                 "status(names, user=None, hosts=None, port=None)", "class Lost(Error)"):
        farm.contains(shown, part)


if __name__ == "__main__":
    farm.main()
