#!/usr/bin/env python3
"""A lockerd that root starts: whom it becomes, what it keeps, and what others can do about it."""

import os
import pwd
import shutil
import signal
import socket
import subprocess

from support import farm, tap
from support.lockd import LOCKERD, Server, identity, serves
from support.tap import daemons_user
from support.wire import Wire

OTHER = ("setpriv", "--reuid=1234", "--regid=1234", "--clear-groups")


@tap.before_each
def needs_root():
    if os.geteuid() != 0:
        raise tap.Lacks("needs root, to give it up")


def status(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


def roots(folder, name):
    """A folder of root's in a test's."""
    path = os.path.join(folder, name)
    os.mkdir(path)
    return path


def refusal(*options):
    result = farm.run(LOCKERD, "--nofork", "--port", farm.free_port(), *options)
    farm.equal(result.returncode, 71)
    return result.stderr


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


@tap.test
def root_and_its_rights_are_given_up(folder):
    server = Server(folder)
    uid, gid = (str(number) for number in daemons_user())
    now = status(server.process.pid)
    farm.equal((now["Uid"].split(), now["Gid"].split()), ([uid] * 4, [gid] * 4))
    farm.equal({now[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")}, {"0" * 16})
    farm.equal(now["NoNewPrivs"], "1")
    assert set(now["Groups"].split()) <= {str(number) for number in os.getgrouplist(
        pwd.getpwuid(int(uid)).pw_name, int(gid))} if uid != "65534" else True, now["Groups"]
    # Its state is its own, made by it or by root.
    for name in ("", "/lockerd.db", "/lockerd.db-wal", "/lockerd.db.lock"):
        farm.equal(str(os.stat(f"{folder}/state{name}").st_uid), uid)


@tap.test
def a_user_can_be_named_and_root_kept(folder):
    for user, uid in (("daemon", pwd.getpwnam("daemon").pw_uid), ("root", 0), ("65534", 65534)):
        port = farm.free_port()
        server = farm.start(LOCKERD, "--nofork", "--state", "none", "--port", port, "--user", user,
                            stderr=subprocess.DEVNULL)
        farm.poll(lambda: serves(port), "it serves")
        farm.equal(os.stat(f"/proc/{server.pid}").st_uid, uid)
    result = farm.run(LOCKERD, "--user", "no-such-user")
    farm.equal((result.returncode, result.stderr),
               (64, "lockerd: --user: there is no user 'no-such-user'; name another\n"))


@tap.test
def owners_of_other_users_are_watched_without_rights(folder):
    server = Server(folder)
    owner = farm.start(*OTHER, "sleep", "1000")
    wire = server.wire()
    wire.send("user owner", f"hostname {socket.gethostname()}", f"pid {owner.pid}",
              identity(owner.pid), "session 1", "autounlock 1", "locks a", "LOCK")
    while not (wire.line() or "").startswith("locked 1"):
        pass
    wire.close()
    farm.equal(server.held(), {"a": "owner"})
    owner.kill()
    owner.wait()
    farm.poll(lambda: server.held() == {}, "the lock is given back")


@tap.test
def a_state_file_that_root_made_is_handed_over(folder):
    state = os.path.join(roots(folder, "mine"), "lockerd.db")
    first = Server(folder, state=state)
    first.kill()
    for path in [os.path.dirname(state), *(f"{os.path.dirname(state)}/{name}"
                                           for name in os.listdir(os.path.dirname(state)))]:
        os.chown(path, 0, 0)
    first.start()
    farm.equal(os.stat(state).st_uid, daemons_user()[0])
    farm.equal(os.stat(os.path.dirname(state)).st_uid, daemons_user()[0])


@tap.test
def what_else_root_has_in_the_folder_is_not_handed_over(folder):
    mine = roots(folder, "mine")
    with open(f"{mine}/precious", "wb"):
        pass
    farm.contains(refusal("--state", f"{mine}/lockerd.db"),
                  f"the folder {mine} has other things in it than the state, such as precious")
    farm.equal(os.stat(mine).st_uid, 0)
    # Nor what is another's, or a link to what is root's.
    for trap in ("theirs", "link"):
        mine = roots(folder, trap)
        os.chown(mine, daemons_user()[0], 0)
        if trap == "theirs":
            with open(f"{mine}/lockerd.db", "wb"):
                os.chown(f"{mine}/lockerd.db", 1234, 1234)
        else:
            os.link(f"{folder}/mine/precious", f"{mine}/lockerd.db")
        farm.contains(refusal("--state", f"{mine}/lockerd.db"), "it is not given to")
    farm.equal(os.stat(f"{folder}/mine/precious").st_uid, 0)


@tap.test
def a_state_file_of_another_is_refused_by_root(folder):
    mine = roots(folder, "mine")
    with open(f"{mine}/lockerd.db", "wb"):
        os.chown(f"{mine}/lockerd.db", 1234, 1234)
    farm.contains(refusal("--user", "root", "--state", f"{mine}/lockerd.db"),
                  "lockerd.db belongs to somebody else; give it to the user that lockerd runs as")
    os.chown(f"{mine}/lockerd.db", 0, 0)
    os.chmod(f"{mine}/lockerd.db", 0o646)
    farm.contains(refusal("--user", "root", "--state", f"{mine}/lockerd.db"),
                  "lockerd.db can be written by others; take that from them (chmod o-w)")


@tap.test
def logs_pid_files_and_locks_do_not_follow_links(folder):
    precious = f"{folder}/precious"
    with open(precious, "w", encoding="ascii") as file:
        file.write("precious\n")
    os.mkdir(f"{folder}/state")
    for option, path in (("--log", f"{folder}/log"), ("--pid-file", f"{folder}/pid"),
                         (None, f"{folder}/state/lockerd.db.lock")):
        other = ("--state", f"{folder}/state/lockerd.db", "--user", "root") if option is None else \
            (option, path, "--state", "none")
        for make, words in ((os.symlink, "it is a symbolic link"), (os.link, "it has another name"),
                            (lambda _, fifo: os.mkfifo(fifo), "it is no regular file")):
            if os.path.exists(path):
                os.remove(path)
            make(precious, path)
            farm.contains(refusal(*other), words)
            os.remove(path)
        with open(path, "wb"):
            os.chown(path, 1234, 1234)
        farm.contains(refusal(*other), "it belongs to somebody else")
        os.chown(path, 0, 0)
        os.chmod(path, 0o666)
        farm.contains(refusal(*other), "others can write it")
        os.remove(path)
    farm.equal(read(precious), "precious\n")


@tap.test
def bystanders_cannot_lock_the_server_out(folder):
    pid_file = f"{folder}/pid"
    for lock in ("fcntl.flock(f, fcntl.LOCK_EX)", "fcntl.lockf(f, fcntl.LOCK_SH)"):
        with open(pid_file, "w", encoding="ascii"):
            os.chmod(pid_file, 0o644)
        other = farm.start(*OTHER, "python3", "-c", f"import fcntl, time; f = open('{pid_file}'); {lock}; "
                           "print(1, flush=True); time.sleep(1000)", stdout=subprocess.PIPE)
        farm.equal(other.stdout.readline(), b"1\n")
        port = farm.free_port()
        started = farm.run(LOCKERD, "--state", "none", "--port", port, "--pid-file", pid_file, "--log",
                           f"{folder}/log")
        farm.equal((started.returncode, started.stderr), (0, ""))
        pid = int(read(pid_file))
        second = farm.run(LOCKERD, "--state", "none", "--port", farm.free_port(), "--pid-file", pid_file)
        farm.contains(second.stderr, "another one runs already")
        os.kill(pid, signal.SIGTERM)
        farm.poll(lambda: not os.path.exists(pid_file) and not farm.is_alive(pid), "it ends")
        farm.stop(other)


@tap.test
def a_log_is_said_to_be_reopened_only_when_it_is(folder):
    logs, port = roots(folder, "logs"), farm.free_port()
    server = farm.start(LOCKERD, "--nofork", "--state", "none", "--port", port, "--log", f"{logs}/log",
                        stderr=subprocess.DEVNULL)
    farm.poll(lambda: serves(port), "it serves")
    os.rename(f"{logs}/log", f"{logs}/log.1")
    server.send_signal(signal.SIGHUP)
    farm.poll(lambda: "cannot reopen the log" in read(f"{logs}/log.1"), "it is told")
    assert "log reopened" not in read(f"{logs}/log.1")
    with open(f"{logs}/log", "wb"):  # as logrotate does with "create"
        os.chown(f"{logs}/log", *daemons_user())
    server.send_signal(signal.SIGHUP)
    farm.poll(lambda: "log reopened" in read(f"{logs}/log"), "it is")


@tap.test
def a_socket_in_a_folder_of_roots_is_removed_at_the_end(folder):
    path = os.path.join(roots(folder, "run"), "lockerd.sock")
    started = farm.run(LOCKERD, "--state", "none", "--path", path, "--pid-file", f"{folder}/pid",
                       "--log", f"{folder}/log")
    farm.equal((started.returncode, started.stderr), (0, ""))
    assert os.path.exists(path)
    pid = int(read(f"{folder}/pid"))
    os.kill(pid, signal.SIGTERM)
    farm.poll(lambda: not farm.is_alive(pid), "it ends")
    assert not os.path.exists(path)


@tap.test
def root_of_a_namespace_of_its_own_serves_as_it_is(folder):
    if subprocess.run(["unshare", "-Ur", "true"], check=False, capture_output=True).returncode != 0:
        raise tap.Lacks("user namespaces cannot be made here")
    os.chmod(folder, 0o777)
    port = farm.free_port()
    # The build may be in a folder of root's own.
    lockerd = shutil.copy(LOCKERD, folder)
    farm.start(*OTHER, "unshare", "-Ur", lockerd, "--nofork", "--port", port, "--state",
               f"{folder}/lockerd.db", stderr=subprocess.DEVNULL)
    farm.poll(lambda: serves(port), "it serves")
    farm.equal(os.stat(f"{folder}/lockerd.db").st_uid, 1234)


def serve_with_proc(options):
    """The port of a server, and its process, to whom /proc is mounted so."""
    script = f"mount -t proc -o {options} proc /proc && exec \"$@\""
    port = farm.free_port()
    server = farm.start("unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh", LOCKERD,
                        "--nofork", "--state", "none", "--port", port, "--pidstat-port", "none",
                        stderr=subprocess.DEVNULL)
    farm.poll(lambda: serves(port), "it serves")
    return port, server


def hold(port, lock, owner, *told):
    wire = Wire(port)
    wire.send(f"user {lock}", f"hostname {socket.gethostname()}", f"pid {owner.pid}", "autounlock 1",
              *told, f"locks {lock}", "LOCK")
    while not (wire.line() or "").startswith("locked 1"):
        pass
    wire.close()


def held(port):
    wire = Wire(port)
    wire.send("LOCK_LIST")
    names = []
    while (line := wire.line()) != "":
        names.append(line.split()[1])
    wire.close()
    return names


def end(process):
    process.kill()
    process.wait()


@tap.test
def the_group_that_sees_hidden_processes_is_kept():
    port, server = serve_with_proc("hidepid=2,gid=4321")
    farm.contains(status(server.pid)["Groups"].split(), "4321")
    owner = farm.start(*OTHER, "sleep", "1000")
    # Classic: only the pid is known, and the moment of its end.
    hold(port, "a", owner)
    end(owner)
    farm.poll(lambda: held(port) == [], "the lock is given back")


@tap.test
def of_hidden_processes_the_end_is_seen_and_nothing_else_believed():
    for options in ("hidepid=1", "hidepid=2", "hidepid=4"):
        port, _ = serve_with_proc(options)
        owners = [farm.start(*OTHER, "sleep", "1000") for _ in range(2)]
        for number, owner in enumerate(owners):
            hold(port, f"x{number}", owner, "proto 2", identity(owner.pid), "session 1")
        # That it cannot look is no proof, nor is what somebody says.
        wire = Wire(port)
        wire.send(f"DEAD_PID {socket.gethostname()} {owners[1].pid}", "VERSION")
        farm.contains(wire.line(), "version ")
        end(owners[0])
        farm.poll(lambda: held(port) == ["x1"], f"{options}: the lock is given back")
        end(owners[1])
        farm.poll(lambda: held(port) == [], f"{options}: the other one, too")


if __name__ == "__main__":
    farm.main()
