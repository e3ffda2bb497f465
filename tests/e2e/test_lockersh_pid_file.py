#!/usr/bin/env python3
"""lockersh --for-pid-file: the lock of a command that leaves a daemon behind is that daemon's."""

import os

from support import farm, tap
from support.lockd import Server
from support.locking import Farm
from support.wire import Wire

# A daemon that writes its pid when it is told to, and goes on until it is ended.
DAEMON = ("setsid sh -c 'read x <go; echo $$ >new; mv new pid; exec sleep 1000' "
          ">/dev/null 2>&1 </dev/null &")


def read_pid(folder):
    with open(os.path.join(folder, "pid"), encoding="ascii") as file:
        return int(file.read())


def start(lab, folder, line, lock="a", path="pid"):
    """Runs a command line that ends, with the folder as its own."""
    result = lab.run("--lock", lock, "--for-pid-file", path, line, cwd=folder)
    farm.equal((result.returncode, result.stderr), (0, ""))


def let_go(folder):
    """Has the daemon write its pid, and returns it."""
    with open(os.path.join(folder, "go"), "w", encoding="ascii") as pipe:
        pipe.write("\n")
    path = os.path.join(folder, "pid")
    farm.poll(lambda: os.path.exists(path), "the daemon's pid")
    pid = read_pid(folder)
    farm.at_end(lambda: farm.kill_pid(pid))
    return pid


@tap.test
def the_lock_is_the_daemons_until_that_ends(folder):
    os.mkfifo(os.path.join(folder, "go"))
    lab = Farm()
    start(lab, folder, DAEMON)
    command = lab.locks()["a"]["pid"]
    assert not farm.is_alive(command), "the command still runs"
    owner = lab.locks()["a"]["owner"]
    pid = let_go(folder)
    lab.poll_held("a", pid)
    farm.equal(lab.locks()["a"]["owner"], owner)
    farm.kill_pid(pid)
    lab.poll_free("a")
    farm.poll(lambda: not lab.monitors(), "no monitor is left")


@tap.test
def the_server_knows_it_over_a_restart_and_without_monitor(folder):
    os.mkfifo(os.path.join(folder, "go"))
    server = Server(folder)
    lab = Farm(server.port)
    start(lab, folder, DAEMON)
    pid = let_go(folder)
    lab.poll_held("a", pid)
    server.kill()
    farm.kill_pid(lab.poll_monitor("a"))
    server.start()
    lab.poll_held("a", pid)
    farm.kill_pid(pid)
    lab.poll_free("a")


@tap.test
def a_daemon_that_hands_over_to_another_keeps_it(folder):
    os.mkfifo(os.path.join(folder, "go"))
    lab = Farm()
    start(lab, folder, DAEMON)
    first = let_go(folder)
    lab.poll_held("a", first)
    second = farm.start("sleep", "1000")
    with open(os.path.join(folder, "pid"), "w", encoding="ascii") as file:
        print(second.pid, file=file)
    farm.kill_pid(first)
    lab.poll_held("a", second.pid)
    second.kill()
    second.wait()
    lab.poll_free("a")


@tap.test
def a_command_that_stays_has_it_itself(folder):
    lab = Farm()
    other = farm.start("sleep", "1000")
    with open(os.path.join(folder, "pid"), "w", encoding="ascii") as file:
        print(other.pid, file=file)
    job = lab.start("--lock", "a", "--for-pid-file", f"{folder}/pid", "--exec", "sleep", "1000")
    lab.poll_held("a", job.pid)


@tap.test
def it_goes_back_where_the_file_names_no_process_of_the_commands(folder):
    lab = Farm()
    old = farm.start("sleep", "1000")
    lines = {
        "never": "true",
        "rubbish": "echo rubbish >rubbish",
        "empty": ": >empty",
        "ended": "sh -c 'echo $$ >ended'",
        "untouched": "true",
        "older": f"echo {old.pid} >older",
        "pipe": "mkfifo pipe",
        "folder": "mkdir folder",
    }
    with open(os.path.join(folder, "untouched"), "w", encoding="ascii") as file:
        print(old.pid, file=file)
    for name, line in lines.items():
        start(lab, folder, line, name, name)
        farm.contains(lab.locks(), name)
    farm.poll(lambda: not lab.locks(), "all are back")
    farm.poll(lambda: not lab.monitors(), "no monitor is left")


@tap.test
def a_session_follows_and_others_may_not():
    lab = Farm()
    me, other = Wire(lab.port), Wire(lab.port)
    for wire in (me, other):
        wire.send("proto 2")
        wire.line()
    process = ("hostname h", "pid 4711", "process 5 boot 0")
    token = me.ask("user u", *process, "locks a", "block 0", "LOCK")["token"]
    farm.equal(other.ask("user u", "locks a", f"FOLLOW {token} 1 2")["error-code"], "not-owner")
    farm.equal(me.ask(f"FOLLOW {token} 0 2")["error-code"], "malformed")
    farm.equal(me.ask(f"FOLLOW {token} 1")["error-code"], "malformed")
    farm.equal(me.ask(f"FOLLOW {int(token) + 1} 1 2")["error-code"], "unknown")
    status = me.ask(f"FOLLOW {token} 4712 6")
    farm.equal((status["locked"], status["token"]), ("1", token))
    farm.equal(lab.locks()["a"]["pid"], 4712)
    # One whose answer was lost asks again as the process of before.
    third = Wire(lab.port)
    third.send("proto 2")
    third.line()
    farm.equal(third.ask("user u", *process, "locks a", f"FOLLOW {token} 4712 6")["locked"], "1")
    farm.equal(third.ask(f"RENEW {token}")["locked"], "1")


@tap.test
def a_session_hears_that_another_connection_has_given_it_back():
    lab = Farm()
    me, other = Wire(lab.port), Wire(lab.port)
    for wire in (me, other):
        wire.send("proto 2")
        wire.line()
    token = me.ask("session 1", "user u", "locks a", "block 0", "LOCK")["token"]
    farm.equal(other.ask("user u", "locks a", "UNLOCK")["locked"], "0")
    farm.equal(me.line(), f"lost {token} unlocked")
    me.ask("LOCK")
    me.ask("UNLOCK")
    assert me.is_silent()


if __name__ == "__main__":
    farm.main()
