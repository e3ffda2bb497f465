#!/usr/bin/python3
"""lockerd: its options, its life, and what clients may do to it."""

import json
import os
import random
import signal
import socket
import stat
import subprocess
import time

import farm
import tap
from lockd import serves
from wire import Wire

LOCKERD = farm.program("lockerd")


def start_server(*options, port=None, **popen):
    """Starts a server in the foreground and waits until it answers; returns its port."""
    port = port or farm.free_port()
    popen.setdefault("stderr", subprocess.DEVNULL)
    # Tests name hosts that are none; nobody is to be asked about them but by who says so.
    farm.start(LOCKERD, "--nofork", "--state", "none", "--pidstat-port", "none", "--port", port,
               *options, **popen)
    farm.poll(lambda: serves(port), "lockerd serves")
    return port


def sleeper():
    """A process for a lock to belong to."""
    return farm.start("sleep", "1000")


def start_time(pid):
    with open(f"/proc/{pid}/stat", encoding="latin-1") as stat_file:
        return stat_file.read().rpartition(")")[2].split()[19]


def identity(pid):
    """The "process" line of a process of this host."""
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as boot:
        boot_id = boot.read().strip()
    return f"process {start_time(pid)} {boot_id} {os.stat('/proc/self/ns/pid').st_ino}"


def session_of(process, port, user, names, block=1):
    """A protocol 2 connection that asks for a lock as the session of a process."""
    wire = Wire(port)
    wire.send("proto 2", f"user {user}", f"hostname {socket.gethostname()}", f"pid {process.pid}",
              identity(process.pid), "session 1", f"locks {names}", f"block {block}", "LOCK")
    farm.equal(wire.line(), "proto 2")
    return wire


# ---- options ------------------------------------------------------------------------------


@tap.test
def help_and_version_exit_with_0():
    shown = farm.run(LOCKERD, "--help")
    farm.equal(shown.returncode, 0)
    for option in ("--help", "--version", "--debug", "--fork", "--nofork", "--host", "--port",
                   "--path", "--pid-file", "--state", "--log", "--pidstat-port"):
        farm.contains(shown.stdout, option)
    farm.equal(shown.stderr, "")
    version = farm.run(LOCKERD, "--version")
    farm.equal(version.returncode, 0)
    assert version.stdout.startswith("lockerd (farmlock) Version "), version.stdout


def complaint(*options, status=64, **more):
    """Runs a lockerd that must refuse to start; returns its one line."""
    result = farm.run(LOCKERD, "--state", "none", *options, **more)
    farm.equal((result.returncode, result.stdout), (status, ""))
    farm.equal(result.stderr.count("\n"), 1)
    assert result.stderr.startswith("lockerd: "), result.stderr
    return result.stderr


@tap.test
def wrong_command_lines_get_one_line_and_64():
    farm.contains(complaint("--nonsense"), "unknown or ambiguous option --nonsense")
    farm.contains(complaint("--port"), "--port needs PORT")
    farm.contains(complaint("--nofork=1"), "takes no argument")
    farm.contains(complaint("--pidstat-port", "many"), "--pidstat-port many")
    farm.contains(complaint("extra"), "'extra' is not understood")
    farm.contains(complaint("\x1b[31mred"), "\\x1b[31mred")


@tap.test
def what_cannot_be_listened_at_is_said(folder):
    farm.contains(complaint("--port", "no-such-service"), "no-such-service")
    farm.contains(complaint("--port", "65536"), "'65536'")
    farm.contains(complaint("--host", "no.such.host.invalid"), "cannot resolve")
    farm.contains(complaint("--path", folder, status=71), "is no socket")
    farm.contains(complaint("--path", "/" + 200 * "x"), "107 bytes")
    farm.contains(complaint("--path", f"{folder}/no/such/folder", status=71), "No such file")
    farm.contains(complaint("--log", f"{folder}/no/such/log", status=71), "No such file")
    farm.contains(complaint("--pid-file", f"{folder}/no/such/pid", "--port", farm.free_port(),
                            status=71), "No such file")


@tap.test
def a_port_in_use_is_said_in_the_background_too():
    port = start_server()
    for mode in ("--fork", "--nofork"):
        farm.contains(complaint(mode, "--port", port, status=71), "Address already in use")


@tap.test
def without_a_host_only_localhost_is_served():
    port = start_server()
    with open("/proc/net/tcp", encoding="ascii") as table:
        listening = [line.split()[1] for line in table if line.split()[3] == "0A"]
    farm.equal([a for a in listening if a.endswith(f":{port:04X}")], [f"0100007F:{port:04X}"])


@tap.test
def several_hosts_and_ipv6_are_served():
    port = farm.free_port(host="::1")
    start_server("--host", "127.0.0.1", "--host", "::1", "--host", "127.0.0.2", port=port)
    for host in ("127.0.0.1", "::1", "127.0.0.2"):
        farm.equal(Wire(port, host).lock("a", host)["locked"], "1")
    farm.equal(Wire(port).lock("b", "::1")["owner"], "a")


@tap.test
def a_star_serves_every_address():
    port = start_server("--host", "*")
    for host in ("127.0.0.3", "::1"):
        farm.equal(Wire(port, host).lock("a", host)["locked"], "1")


@tap.test
def the_port_comes_from_the_environment_where_no_option_gives_it():
    port = farm.free_port()
    farm.start(LOCKERD, "--nofork", "--state", "none", stderr=subprocess.DEVNULL,
               env=farm.environment(IPCLOCKER_PORT=port))
    farm.poll(lambda: farm.answers(port), "lockerd listens at $IPCLOCKER_PORT")
    other = farm.free_port()
    start_server(port=other, env=farm.environment(IPCLOCKER_PORT=port))


# ---- UNIX sockets --------------------------------------------------------------------------


def serve_path(path, *options):
    server = farm.start(LOCKERD, "--nofork", "--state", "none", "--path", path, *options,
                        stderr=subprocess.DEVNULL)
    farm.poll(lambda: connects(path), "lockerd listens at the socket")
    return server


def connects(path):
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(path) == 0


@tap.test
def a_path_alone_serves_no_tcp(folder):
    path = f"{folder}/socket"
    port = farm.free_port()
    farm.start(LOCKERD, "--nofork", "--state", "none", "--path", path, stderr=subprocess.DEVNULL,
               env=farm.environment(IPCLOCKER_PORT=port))
    farm.poll(lambda: connects(path), "lockerd listens at the socket")
    farm.equal(Wire(path=path).lock("a", "x")["locked"], "1")
    # The variable names a port for whoever uses TCP; it does not ask for TCP.
    assert not farm.answers(port)


@tap.test
def a_path_and_a_host_serve_the_same_locks(folder):
    path = f"{folder}/socket"
    port = farm.free_port()
    serve_path(path, "--host", "127.0.0.1", "--port", port)
    farm.equal(Wire(path=path).lock("a", "x")["locked"], "1")
    farm.equal(Wire(port).lock("b", "x"), {"owner": "a", "locked": "0"})


@tap.test
def a_stale_socket_is_replaced_and_a_live_one_is_not(folder):
    path = f"{folder}/socket"
    server = serve_path(path)
    farm.contains(complaint("--path", path, status=71), "answers at the socket")
    assert connects(path)
    server.kill()
    server.wait()
    assert stat.S_ISSOCK(os.stat(path).st_mode) and not connects(path)
    server = serve_path(path)
    server.terminate()
    farm.equal(server.wait(farm.PATIENCE_S), 0)
    assert not os.path.exists(path)


@tap.test
def a_file_in_the_place_of_the_socket_is_kept(folder):
    path = f"{folder}/precious"
    with open(path, "w", encoding="ascii") as file:
        file.write("data")
    farm.contains(complaint("--path", path, status=71), "is no socket")
    with open(path, encoding="ascii") as file:
        farm.equal(file.read(), "data")


# ---- life ----------------------------------------------------------------------------------


def serve_in_background(folder, *options):
    """Starts a server as a user does; returns its port and the pid of the parent that restarts."""
    port = farm.free_port()
    started = farm.run(LOCKERD, "--state", "none", "--port", port, "--pid-file", f"{folder}/pid",
                       "--log", f"{folder}/log", *options)
    farm.equal((started.returncode, started.stdout, started.stderr), (0, "", ""))
    with open(f"{folder}/pid", encoding="ascii") as file:
        pid = int(file.read())
    farm.at_end(lambda: farm.is_alive(pid) and os.kill(pid, signal.SIGTERM))
    return port, pid


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(child) for child in file.read().split()]


@tap.test
def the_command_returns_when_the_server_listens(folder):
    port, pid = serve_in_background(folder)
    farm.equal(Wire(port).lock("a", "x")["locked"], "1")
    os.kill(pid, signal.SIGTERM)
    farm.poll(lambda: not farm.is_alive(pid), "the parent ends")
    farm.poll(lambda: not farm.answers(port), "the server ends")
    assert not os.path.exists(f"{folder}/pid")


@tap.test
def nothing_of_the_starting_terminal_is_kept_open(folder):
    _, pid = serve_in_background(folder)
    for process in [pid, *children(pid)]:
        for number in (0, 1, 2):
            farm.equal(os.readlink(f"/proc/{process}/fd/{number}"), "/dev/null")
        with open(f"/proc/{process}/stat", encoding="latin-1") as stat_file:
            session, terminal = stat_file.read().rpartition(")")[2].split()[3:5]
        farm.equal((int(session), terminal), (pid, "0"))


@tap.test
def a_server_that_dies_is_started_again_at_the_same_port(folder):
    port, pid = serve_in_background(folder)
    for _ in range(2):
        server = children(pid)[0]
        os.kill(server, signal.SIGKILL)
        farm.poll(lambda: children(pid) and children(pid) != [server], "a new server")
        # The listening socket outlived the server: a client that comes now is served, not refused.
        farm.equal(Wire(port).lock("a", "x")["locked"], "1")
    with open(f"{folder}/log", encoding="utf-8") as log:
        farm.contains(log.read(), "ended by signal 9; starting it again")


@tap.test
def a_server_whose_parent_is_killed_ends_too(folder):
    port, pid = serve_in_background(folder)
    server = children(pid)[0]
    os.kill(pid, signal.SIGKILL)
    farm.poll(lambda: not farm.is_alive(server), "the server ends")
    assert not farm.answers(port)


@tap.test
def a_second_server_with_the_same_pid_file_is_refused(folder):
    serve_in_background(folder)
    line = complaint("--port", farm.free_port(), "--pid-file", f"{folder}/pid", status=71)
    farm.contains(line, "another one runs already")


@tap.test
def a_stale_pid_file_does_no_harm(folder):
    with open(f"{folder}/pid", "w", encoding="ascii") as file:
        file.write("1\n")
    serve_in_background(folder)


@tap.test
def the_log_is_reopened_on_sighup_in_both_modes(folder):
    _, pid = serve_in_background(folder)
    os.rename(f"{folder}/log", f"{folder}/log.1")
    os.kill(pid, signal.SIGHUP)
    farm.poll(lambda: os.path.exists(f"{folder}/log"), "a new log")
    port = farm.free_port()
    server = farm.start(LOCKERD, "--nofork", "--state", "none", "--port", port, "--log",
                        f"{folder}/foreground")
    farm.poll(lambda: serves(port), "lockerd serves")
    os.rename(f"{folder}/foreground", f"{folder}/foreground.1")
    server.send_signal(signal.SIGHUP)
    farm.poll(lambda: os.path.exists(f"{folder}/foreground"), "a new log")
    farm.equal(Wire(port).lock("a", "x")["locked"], "1")


@tap.test
def sigterm_and_sigint_end_it_with_0():
    for number in (signal.SIGTERM, signal.SIGINT):
        port = farm.free_port()
        server = farm.start(LOCKERD, "--nofork", "--state", "none", "--port", port,
                            stderr=subprocess.DEVNULL)
        farm.poll(lambda: serves(port), "lockerd serves")
        wire = Wire(port)
        wire.lock("a", "x")
        server.send_signal(number)
        farm.equal(server.wait(farm.PATIENCE_S), 0)
        farm.equal(wire.line(), None)


@tap.test
def systemd_is_told_when_it_serves(folder):
    notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    notify.bind(f"{folder}/notify")
    notify.settimeout(farm.PATIENCE_S)
    port = farm.free_port()
    farm.start(LOCKERD, "--nofork", "--state", "none", "--port", port, stderr=subprocess.DEVNULL,
               env=farm.environment(NOTIFY_SOCKET=f"{folder}/notify"))
    farm.equal(notify.recv(100), b"READY=1")
    assert farm.answers(port)
    notify.close()


@tap.test
def a_socket_of_systemd_is_served():
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]

    script = ('import os, sys; os.dup2(int(sys.argv[1]), 3); os.set_inheritable(3, True); '
              'os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid())); '
              'os.execv(sys.argv[2], sys.argv[2:])')
    farm.start("/usr/bin/python3", "-c", script, listening.fileno(), LOCKERD, "--nofork",
               "--state", "none", pass_fds=(listening.fileno(),), stderr=subprocess.DEVNULL)
    listening.close()
    farm.equal(Wire(port).lock("a", "x")["locked"], "1")


@tap.test
def debug_logs_each_request_on_one_harmless_line(folder):
    port = farm.free_port()
    with open(f"{folder}/err", "w", encoding="ascii") as errors:
        farm.start(LOCKERD, "--debug", "--state", "none", "--port", port, stderr=errors)
    farm.poll(lambda: serves(port), "lockerd serves")
    Wire(port).lock("evil\x1b]0;x\x07\udcff", "n\x01")
    farm.poll(lambda: "LOCK by" in open(f"{folder}/err", encoding="utf-8").read(), "a log line")
    with open(f"{folder}/err", "rb") as log:
        text = log.read()
    farm.contains(text, b"LOCK by evil\\x1b]0;x\\x07\\xff of n\\x01: granted\n")
    assert b"\x1b" not in text and b"\xff" not in text


# ---- locks ---------------------------------------------------------------------------------


@tap.test
def a_hold_limit_with_a_fraction_is_kept():
    port = start_server()
    wire = Wire(port)
    begun = time.monotonic()
    farm.equal(wire.ask("user a", "locks x", "block 1", "timeout 0.3", "LOCK")["locked"], "1")
    waiter = Wire(port)
    waiter.lock("b", "x", 1)
    farm.equal(waiter.line(), "print_waiting a")
    farm.equal(waiter.line(), "print_obtained")
    assert 0.29 <= time.monotonic() - begun < 10


@tap.test
def groups_and_counts_are_granted_together():
    port = start_server()
    holder, all_or_nothing, other = Wire(port), Wire(port), Wire(port)
    holder.send("proto 2")
    farm.equal(holder.line(), "proto 2")
    first = int(holder.lock("h", "b1")["token"])
    all_or_nothing.send("proto 2", "user w", "locks a1 a2 a3", "count 2", "and b1", "block 1",
                        "LOCK")
    farm.equal(all_or_nothing.line(), "proto 2")
    farm.equal(all_or_nothing.line(), "print_waiting h")
    assert all_or_nothing.line().startswith("queue 1 ")
    # Two of the a's are set aside; the third is free.
    farm.equal(other.lock("o", "a1 a2 a3")["lockname"], "a3")
    farm.equal(other.lock("p", "a1 a2")["locked"], "0")
    holder.ask("UNLOCK")
    farm.equal(all_or_nothing.line(), "print_obtained")
    farm.equal(all_or_nothing.status(),
               {"owner": "w", "locked": "1", "lockname": "a1 a2 b1", "token": str(first + 2)})


@tap.test
def malformed_settings_of_protocol_2_are_errors_and_of_protocol_1_are_not():
    port = start_server()
    for setting in ("block maybe", "timeout soon", "timeout -1", "pid 0x10", "count many",
                    "count 2", "process 1", "autounlock 2", "session yes", "and", "user",
                    "locks", "user " + 256 * "u", "locks " + 256 * "n",
                    "locks " + " ".join(f"n{i}" for i in range(1025))):
        wire = Wire(port)
        wire.send("proto 2", "user a", "locks x", setting)
        farm.equal(wire.line(), "proto 2")
        answer = wire.ask("LOCK")
        farm.equal(answer["locked"], "0")
        assert answer["error"], setting
        wire.close()
    wire = Wire(port)
    answer = wire.ask("user a", "locks x", "block maybe", "timeout soon", "count many", "LOCK")
    farm.equal(answer, {"owner": "a", "locked": "1", "lockname": "x"})


@tap.test
def long_names_are_refused_in_the_classic_protocol_too():
    wire = Wire(start_server())
    answer = wire.ask("user a", "locks " + 10000 * "n", "block 1", "LOCK")
    farm.contains(answer["error"], "longer than 255 bytes")
    farm.equal(wire.ask("locks short", "LOCK")["locked"], "1")


@tap.test
def a_demand_that_nobody_could_ever_fill_is_refused():
    wire = Wire(start_server())
    wire.send("proto 2", "user a", "locks x y x", "count 3", "block 1")
    farm.equal(wire.line(), "proto 2")
    farm.contains(wire.ask("LOCK")["error"], "nobody could ever have so many")
    farm.contains(wire.ask("locks x y", "and y", "LOCK")["error"], "two groups")
    token = wire.ask("locks x", "LOCK")["token"]
    farm.contains(wire.ask("locks x y", "count 2", "LOCK")["error"], "holds a part")
    farm.equal(wire.ask("locks x y", "count 1", "LOCK")["token"], token)


@tap.test
def queue_and_cancel_are_answered_while_a_lock_waits():
    port = start_server()
    holder, waiter = Wire(port), Wire(port)
    holder.lock("h", "x")
    waiter.send("proto 2", "user w", "locks x", "block 1", "LOCK")
    farm.equal([waiter.line(), waiter.line()], ["proto 2", "print_waiting h"])
    waiter.line()
    waiter.send("QUEUE")
    word, position, _, name, owner = waiter.line().split()
    farm.equal((word, position, name, owner), ("queue", "1", "x", "h"))
    waiter.send("CANCEL", "QUEUE")
    farm.equal(waiter.status(), {"owner": "h", "locked": "0"})
    farm.equal(waiter.line(), "queue 0")
    holder.ask("UNLOCK")
    farm.equal(holder.ask("STATUS"), {"owner": "", "locked": "0"})


@tap.test
def a_waiter_on_a_new_connection_keeps_its_place():
    port = start_server()
    job, other = sleeper(), sleeper()
    holder = Wire(port)
    holder.lock("h", "x")
    first = session_of(job, port, "w1", "x")
    farm.equal(first.line(), "print_waiting h")
    second = session_of(other, port, "w2", "x")
    farm.equal(second.line(), "print_waiting h")
    assert second.line().startswith("queue 2 ")
    first.close()
    again = session_of(job, port, "w1", "x")
    farm.equal(again.line(), "print_waiting h")
    assert again.line().startswith("queue 1 ")
    holder.ask("UNLOCK")
    farm.equal(again.line(), "print_obtained")
    assert second.is_silent()


@tap.test
def the_end_of_a_sessions_process_frees_the_lock_at_once():
    port = start_server()
    job = sleeper()
    session = session_of(job, port, "j", "x")
    farm.equal(session.status()["locked"], "1")
    waiter = Wire(port)
    waiter.lock("w", "x", 1)
    farm.equal(waiter.line(), "print_waiting j")
    # The connection goes, the process does not: it keeps its lock.
    session.close()
    assert waiter.is_silent()
    job.kill()
    farm.equal(waiter.line(), "print_obtained")


@tap.test
def a_waiter_whose_process_ends_leaves_the_queue():
    port = start_server()
    job = sleeper()
    holder, next_one = Wire(port), Wire(port)
    holder.lock("h", "x")
    session = session_of(job, port, "w1", "x")
    session.line()
    next_one.lock("w2", "x", 1)
    next_one.line()
    session.close()
    job.kill()
    job.wait()
    farm.poll(lambda: "w1" not in listing(port), "the dead waiter leaves")
    holder.ask("UNLOCK")
    farm.equal(next_one.line(), "print_obtained")


def listing(port):
    wire = Wire(port)
    wire.send("proto 2", "LIST_JSON")
    wire.line()
    size = int(wire.line().split()[1])
    text = wire.buffer
    while len(text) < size + 1:
        text += wire.socket.recv(65536)
    wire.close()
    json.loads(text)
    return text.decode()


@tap.test
def a_classic_owner_with_autounlock_on_this_host_is_watched():
    port = start_server()
    job = sleeper()
    holder = Wire(port)
    holder.lock("j", "x", 0, "autounlock 1", f"pid {job.pid}", f"hostname {socket.gethostname()}")
    holder.close()
    waiter = Wire(port)
    waiter.lock("w", "x", 1)
    farm.equal(waiter.line(), "print_waiting j")
    # Nobody can declare a process dead that is here.
    Wire(port).send(f"DEAD_PID {socket.gethostname()} {job.pid}")
    assert waiter.is_silent()
    job.kill()
    job.wait()
    farm.equal(waiter.line(), "print_obtained")


@tap.test
def an_owner_on_another_host_is_watched_through_its_pidstatd():
    pidstat_port = farm.free_port(socket.SOCK_DGRAM, host="127.0.0.9")
    farm.start(farm.program("pidstatd"), "--nofork", "--host", "127.0.0.9", "--port", pidstat_port,
               stderr=subprocess.DEVNULL)
    port = start_server("--pidstat-port", pidstat_port)
    job, unknown = sleeper(), sleeper()
    holder = Wire(port)
    holder.lock("j", "x", 0, "autounlock 1", f"pid {job.pid}", "hostname 127.0.0.9")
    # Nobody answers for this one: that proves nothing.
    holder.lock("k", "y", 0, "autounlock 1", f"pid {unknown.pid}", "hostname 127.0.0.10")
    holder.close()
    waiter, other = Wire(port), Wire(port)
    waiter.lock("w", "x", 1, "autounlock 0")
    other.lock("v", "y", 1, "autounlock 0")
    farm.equal([waiter.line(), other.line()], ["print_waiting j", "print_waiting k"])
    assert waiter.is_silent()
    for process in (job, unknown):
        process.kill()
        process.wait()
    farm.equal(waiter.line(), "print_obtained")
    assert other.is_silent(1)


@tap.test
def without_autounlock_the_end_of_the_process_changes_nothing():
    port = start_server()
    job = sleeper()
    holder = Wire(port)
    holder.lock("j", "x", 0, f"pid {job.pid}", f"hostname {socket.gethostname()}")
    holder.close()
    job.kill()
    job.wait()
    Wire(port).send(f"DEAD_PID {socket.gethostname()} {job.pid}")
    time.sleep(0.2)
    farm.equal(Wire(port).ask("locks x", "STATUS")["owner"], "j")


@tap.test
def a_job_that_has_ended_gives_everything_back():
    port = start_server()
    one, two, waiter, asker = Wire(port), Wire(port), Wire(port), Wire(port)
    for wire, user, name in ((one, "a", "x"), (two, "b", "y")):
        wire.send("proto 2", "job slurm:4711_3", f"user {user}", f"locks {name}", "LOCK")
        wire.line()
        farm.equal(wire.status()["locked"], "1")
    waiter.send("proto 2", "job slurm:4711_3", "user c", "locks x", "block 1", "LOCK")
    farm.equal([waiter.line(), waiter.line()], ["proto 2", "print_waiting a"])
    waiter.line()
    asker.send("proto 2", "DEAD_JOB slurm:4711", "DEAD_JOB slurm:4711_3", "LOCK_LIST")
    farm.equal([asker.line(), asker.line(), asker.line()], ["proto 2", "ended 0", "ended 3"])
    farm.equal(asker.status(), {})
    farm.contains(waiter.status()["error"], "its job has ended")


def in_session(port, names, token=None, **process):
    """A protocol 2 connection whose owner is told apart by start, boot and namespace."""
    who = {"pid": 7, "start": 1, "boot": "b", "namespace": 4} | process
    wire = Wire(port)
    wire.send("proto 2", "user h_7_u", "hostname h", f"pid {who['pid']}",
              f"process {who['start']} {who['boot']} {who['namespace']}", "session 1",
              f"locks {names}", "LOCK" if token is None else f"RENEW {token}")
    farm.equal(wire.line(), "proto 2")
    return wire


@tap.test
def two_processes_of_one_name_do_not_share_a_lock():
    port = start_server()
    first = in_session(port, "x").status()
    farm.equal(first["locked"], "1")
    for other in ({"boot": "c"}, {"namespace": 5}, {"pid": 8}):
        answer = in_session(port, "x", **other).status()
        farm.contains(answer["error"], "another process of this owner's name")
    # The same pid in the same place, started later: the first one cannot be there any more.
    later = in_session(port, "x", start=2).status()
    farm.equal(later["locked"], "1")
    assert int(later["token"]) > int(first["token"])


@tap.test
def a_renewal_confirms_and_takes_nothing():
    port = start_server()
    holder = in_session(port, "x")
    token = holder.status()["token"]
    farm.equal(in_session(port, "x", token).status(),
               {"owner": "h_7_u", "locked": "1", "lockname": "x", "token": token})
    farm.equal(Wire(port).ask("locks x", "BREAK_LOCK")["print_broke"], "h_7_u")
    broken = in_session(port, "x", token).status()
    farm.equal((broken["locked"], broken["error"]), ("0", "these locks are not held any more"))
    farm.equal(Wire(port).ask("locks x", "STATUS")["owner"], "")


@tap.test
def a_server_that_has_forgotten_gives_just_these_locks_again():
    port = start_server()
    token = in_session(port, "x").status()["token"]
    time.sleep(0.01)
    port = start_server()
    again = in_session(port, "x", token).status()
    farm.equal((again["locked"], again["lockname"]), ("1", "x"))
    assert int(again["token"]) > int(token)
    Wire(port).lock("other", "y")
    farm.equal(in_session(port, "y", token).status()["locked"], "0")


@tap.test
def a_lock_whose_owner_has_just_ended_is_not_refused():
    port = start_server()
    job = sleeper()
    session = session_of(job, port, "j", "x", 0)
    farm.equal(session.status()["locked"], "1")
    job.kill()
    job.wait()
    # The session is still open, as that of a monitor that has not noticed yet.
    farm.equal(Wire(port).lock("next", "x")["locked"], "1")


@tap.test
def closed_standard_streams_do_not_cost_the_listening_socket(folder):
    port = farm.free_port()
    started = farm.run("sh", "-c", f"exec {LOCKERD} --state none --port {port} --log {folder}/log "
                                   f"--pid-file {folder}/pid <&- >&- 2>&-")
    with open(f"{folder}/pid", encoding="ascii") as file:
        pid = int(file.read())
    farm.at_end(lambda: os.kill(pid, signal.SIGTERM))
    farm.equal(started.returncode, 0)
    farm.equal(Wire(port).lock("a", "x")["locked"], "1")


# ---- hostile clients -----------------------------------------------------------------------


@tap.test
def a_line_without_end_is_refused_and_others_are_served():
    port = start_server()
    endless = Wire(port)
    endless.socket.sendall(70000 * b"x")
    farm.contains(endless.line(), "error a line is longer than 65535 bytes")
    farm.equal(endless.line(), None)
    farm.equal(Wire(port).lock("a", "x")["locked"], "1")


@tap.test
def what_is_sent_before_the_end_of_input_is_answered():
    wire = Wire(start_server())
    wire.send("user a", "locks x", "LOCK", "STATUS")
    wire.socket.shutdown(socket.SHUT_WR)
    farm.equal(wire.status()["locked"], "1")
    farm.equal(wire.status()["locked"], "1")
    farm.equal(wire.line(), None)


@tap.test
def a_client_that_sends_half_a_line_is_let_go_of_and_holds_nobody_up():
    port = start_server()
    half = Wire(port)
    half.socket.sendall(b"user a\nlocks x\nLO")
    farm.equal(Wire(port).lock("b", "x")["locked"], "1")
    half.close()
    farm.equal(Wire(port).lock("b", "x")["locked"], "1")


@tap.test
def a_client_that_does_not_read_holds_nobody_up():
    port = start_server()
    holder = Wire(port)
    for i in range(200):
        holder.lock("a", f"{200 * 'n'}{i}")
    deaf = Wire(port)
    deaf.socket.setblocking(False)
    sent = 0
    try:
        while sent < 10_000_000:
            sent += deaf.socket.send(1000 * b"LOCK_LIST\n")
    except BlockingIOError:
        pass
    assert sent < 10_000_000, "the server takes in what it cannot answer"
    farm.equal(Wire(port).lock("b", "x")["locked"], "1")
    # When it reads after all, every command that was taken is answered.
    deaf.socket.setblocking(True)
    deaf.socket.settimeout(farm.PATIENCE_S)
    received = b""
    while received.count(b"lock ") < 200 * 500:
        received += deaf.socket.recv(1 << 20)
        received = received[-10:] + b"lock " * received.count(b"lock ")


@tap.test
def garbage_of_every_kind_leaves_the_server_answering():
    port = start_server()
    seed = random.randrange(1 << 30)
    print(f"# seed {seed}", flush=True)
    chance = random.Random(seed)
    words = ["user", "locks", "LOCK", "UNLOCK", "STATUS", "proto 2", "and", "count", "block 1",
             "DEAD_PID", "BREAK_LOCK", "session 1", "QUEUE", "CANCEL", "LOCK_LIST", "LIST_JSON",
             "timeout", "process", "EOF", "-1", "99999999999999999999", "\0", "\x1b[2J", "\r",
             "\t", "x", "y", "z", "\n", "\n\n", " ", "pid", "hostname", "VERSION", "autounlock"]
    for _ in range(300):
        wire = Wire(port)
        data = "".join(chance.choice(words) + chance.choice([" ", "\n", ""])
                       for _ in range(chance.randrange(60))).encode()
        data += bytes(chance.randrange(256) for _ in range(chance.randrange(40)))
        wire.socket.sendall(data)
        if chance.random() < 0.3:
            wire.socket.shutdown(socket.SHUT_WR)
        if chance.random() < 0.3:
            wire.is_silent(0.001)
        wire.close()
    farm.equal(Wire(port).lock("somebody", "something")["locked"], "1")
    listing(port)


@tap.test
def beyond_the_limit_of_connections_a_client_is_told_so():
    port = farm.free_port()
    farm.start("prlimit", "--nofile=200:200", LOCKERD, "--nofork", "--state", "none", "--port",
               port, stderr=subprocess.DEVNULL)
    farm.poll(lambda: serves(port), "lockerd serves")
    first = Wire(port)
    farm.equal(first.lock("a", "x")["locked"], "1")
    crowd = [Wire(port) for _ in range(150)]
    farm.contains(crowd[-1].line(), "error too many connections")
    farm.equal(first.ask("STATUS")["locked"], "1")
    for wire in crowd:
        wire.close()
    farm.poll(lambda: serves(port), "room again")


if __name__ == "__main__":
    farm.main()
