#!/usr/bin/python3
"""lockerd: its options and its life."""

import os
import signal
import socket
import stat
import subprocess

from support import farm, tap
from support.lockd import LOCKERD, serves, start_server
from support.wire import Wire

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
    farm.contains(complaint("--nonsense"), "unknown option --nonsense")
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


def serve_path(path, *options):
    server = farm.start(LOCKERD, "--nofork", "--state", "none", "--path", path, *options,
                        stderr=subprocess.DEVNULL)
    farm.poll(lambda: connects(path), "lockerd listens at the socket")
    # It has got further than that when it answers: a signal finds it ready.
    farm.equal(Wire(path=path).ask("locks a", "STATUS")["locked"], "0")
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
def a_signal_to_reopen_the_log_does_not_end_a_server_that_starts(folder):
    for number in range(5):
        port, pid_file = farm.free_port(), f"{folder}/pid{number}"
        start = farm.start(LOCKERD, "--state", "none", "--port", port, "--pid-file", pid_file,
                           "--log", f"{folder}/log")
        pid = int(farm.poll(lambda path=pid_file: read_if_there(path), "there is a pid"))
        farm.at_end(lambda pid=pid: farm.is_alive(pid) and os.kill(pid, signal.SIGTERM))
        while start.poll() is None:
            os.kill(pid, signal.SIGHUP)
        farm.equal(start.returncode, 0)
        farm.equal(Wire(port).lock("a", "x")["locked"], "1")


def read_if_there(path):
    try:
        with open(path, encoding="ascii") as file:
            return file.read().strip()
    except FileNotFoundError:
        return ""


@tap.test
def nothing_of_the_starting_terminal_is_kept_open(folder):
    _, pid = serve_in_background(folder)
    for process in [pid, *children(pid)]:
        # They let go once the server is ready, which is when the command returns.
        for number in (0, 1, 2):
            farm.poll(lambda fd=f"/proc/{process}/fd/{number}": os.readlink(fd) == "/dev/null",
                      f"process {process} lets go of {number}")
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
    os.chmod(f"{folder}/notify", 0o777)  # as systemd's
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


if __name__ == "__main__":
    farm.main()
