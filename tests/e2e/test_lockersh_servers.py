#!/usr/bin/python3
"""lockersh: finding a server, losing it, and servers that are none."""

import os
import signal
import socket
import subprocess
import threading
import time

from support import farm, tap
from support.locking import LOCKERD, LOCKERSH, Farm, Proxy, start_server
from support.wire import Wire

CLEAN = farm.environment(IPCLOCKER_HOST=None, IPCLOCKER_PORT=None)
QUICK = ("--connect-tries", "1")


def lockersh(*words, env=None, **options):
    return farm.run(LOCKERSH, *words, env=env or CLEAN, **options)


@tap.test
def the_first_host_that_answers_is_used():
    _, port = start_server()
    down, other_down = farm.silent_port(), farm.silent_port()
    hosts = f"127.0.0.1={down}:127.0.0.1={port}:127.0.0.1={other_down}"
    result = lockersh("--lock", "a", "--debug", "echo $LOCKERSH_LOCK",
                      env=farm.environment(IPCLOCKER_HOST=hosts))
    farm.equal((result.returncode, result.stdout), (0, "a\n"))
    farm.contains(lockersh("--dhost", hosts, "--ping").stdout, f"127.0.0.1:{port} answers")
    farm.contains(lockersh("--dhost", f"no.such.host.invalid:127.0.0.1={port}", "--ping").stdout,
                  f"127.0.0.1:{port} answers")


@tap.test
def the_second_server_of_a_list_is_not_used_without_a_word():
    first, port = start_server()
    _, second_port = start_server()
    hosts = f"127.0.0.1={port}:127.0.0.1={second_port}"
    env = farm.environment(IPCLOCKER_HOST=hosts)
    quiet = lockersh("--lock", "a", "true", env=env)
    farm.equal((quiet.returncode, quiet.stderr), (0, ""))
    farm.stop(first)
    warning = (f"asking 127.0.0.1:{second_port}, as no lockerd answers at 127.0.0.1:{port} "
               "(Connection refused); unless the two share their state, "
               f"127.0.0.1:{port} grants the same locks again when it is back\n")
    for words in (["--lock", "a", "true"], ["-n", "--lock", "a", "true"], ["--locklist"],
                  ["--owner", "a:b:c"], ["--break", "a"]):
        result = lockersh(*words, env=env)
        farm.equal((words, result.returncode, result.stderr),
                   (words, int("--owner" in words), f"lockersh: {warning}"))


@tap.test
def port_and_dhost_win_over_the_environment():
    _, port = start_server()
    env = farm.environment(IPCLOCKER_HOST="no.such.host.invalid", IPCLOCKER_PORT="1")
    result = lockersh("--dhost", "localhost", "--port", port, "--ping", env=env)
    farm.equal(result.returncode, 0)


@tap.test
def ipv6_is_served():
    try:
        port = farm.free_port(host="::1")
    except OSError:
        raise tap.Lacks("this machine has no ::1") from None
    start_server(port, "::1")
    for host in ("::1", "[::1]", f"[::1]={port}", "localhost"):
        result = lockersh("--dhost", host, "--port", port, "--lock", "a", "echo $LOCKERSH_LOCK")
        farm.equal((result.stdout, result.stderr), ("a\n", ""))
    farm.contains(lockersh("--dhost", "::1", "--port", port, "--ping").stdout, f"[::1]:{port} ")


@tap.test
def a_unix_socket_is_served(folder):
    path = os.path.join(folder, "socket")
    farm.start(LOCKERD, "--nofork", "--state", "none", "--path", path, stderr=subprocess.DEVNULL)
    farm.poll(lambda: lockersh("--path", path, *QUICK, "--ping").returncode == 0, "it listens")
    farm.equal(lockersh("--path", path, "--lock", "a", "echo $LOCKERSH_LOCK").stdout, "a\n")
    farm.equal(lockersh("--dhost", f"127.0.0.1=1:{path}", "--lock", "a", "true").returncode, 0)
    waiter = farm.start(LOCKERSH, "--path", path, "--lock", "a", "--exec", "sleep", "1000")
    farm.poll(lambda: "a" in lockersh("--path", path, "--locklist").stdout, "it is held")
    waiter.kill()
    farm.poll(lambda: lockersh("--path", path, "--locklist").stdout == "", "it is free")


@tap.test
def no_server_is_69_and_says_where():
    port = farm.free_port()
    for words in (["--lock", "a", "true"], ["--locklist"], ["--owner", "a"], ["--break", "a"]):
        result = lockersh("--dhost", "127.0.0.1", "--port", port, *QUICK, *words)
        farm.equal((result.returncode, result.stdout), (69, ""))
        farm.equal(result.stderr,
                   f"lockersh: no lockerd answers at 127.0.0.1:{port} (Connection refused); "
                   "start one there, or name another in IPCLOCKER_HOST or /etc/farmlock/client.conf\n")
    result = lockersh("--dhost", "127.0.0.1", "--port", port, "--ping")
    farm.equal((result.returncode, result.stderr.count("\n")), (69, 1))
    result = lockersh("--dhost", "no.such.host.invalid", *QUICK, "--lock", "a", "true")
    farm.equal(result.returncode, 69)
    farm.contains(result.stderr, "no lockerd answers at no.such.host.invalid:1751 (")
    result = lockersh("--path", "/no/such/socket", *QUICK, "--lock", "a", "true")
    farm.equal(result.returncode, 69)
    farm.contains(result.stderr, "at /no/such/socket (No such file or directory)")
    result = lockersh("--path", "/tmp", *QUICK, "--lock", "a", "true")
    farm.equal((result.returncode, result.stderr.count("\n")), (69, 1))


@tap.test
def of_many_servers_the_last_are_left_out_in_dots():
    port = farm.free_port()
    hosts = ":".join(f"127.0.0.{number}" for number in range(1, 13))
    result = lockersh("--dhost", hosts, "--port", port, *QUICK, "--lock", "a", "true")
    farm.equal(result.returncode, 69)
    farm.contains(result.stderr, f"127.0.0.1:{port} (Connection refused), 127.0.0.2:{port} (")
    farm.contains(result.stderr, "...; start one there")


@tap.test
def advice_fits_what_was_asked():
    for words, status, advice in (
            (["--path", "/no/such/socket", *QUICK, "--ping"], 69, "name its socket by --path"),
            (["--owner", ""], 64, "lockersh: --owner: no name"),
            (["--break", "a::b"], 64, "lockersh: --break: empty name at"),
            (["--lock", "a", "--timeout", "0,5", "true"], 64, "; such as 0.5, 90s, 30m or 2h\n"),
            (["--lock", "a", "--hold-timeout", "2 hours", "true"], 64, "30m or 2h\n"),
            (["--lock", "a", "--exec", ""], 64, "--exec is an empty word; name a program\n"),
            (["--lock", "a", "--exec", "", "b"], 64, "name a program\n")):
        result = lockersh(*words)
        farm.equal((result.returncode, result.stderr.count("\n")), (status, 1))
        farm.contains(result.stderr, advice)


@tap.test
def commas_separate_names_as_colons_do():
    lab = Farm()
    for names, obtained in (("a,b", "a b"), ("a:b", "a b"), ("v[1,3],b", "v1 v3 b")):
        result = lab.run("--lock", names, "--count", len(obtained.split()), "echo $LOCKERSH_LOCK")
        farm.equal((result.returncode, result.stdout, result.stderr), (0, obtained + "\n", ""))
    farm.equal(lab.run("--lock", "v[1,3],w[1-2,4]", "--count", "5", "true").returncode, 0)


@tap.test
def each_retry_is_announced():
    port = farm.free_port()
    start = time.monotonic()
    result = lockersh("--dhost", f"127.0.0.1={port}", "--connect-tries", "3", "--connect-delay",
                      "0.1", "--lock", "a", "true")
    took = time.monotonic() - start
    farm.equal(result.returncode, 69)
    lines = result.stderr.splitlines()
    farm.equal(len(lines), 3)
    farm.contains(lines[0], "trying again in 0.1 s (2 of 3)")
    farm.contains(lines[1], "(3 of 3)")
    farm.contains(lines[2], "start one there")
    assert 0.18 < took < 5, took


@tap.test
def a_server_that_comes_later_is_found():
    port = farm.free_port()
    process = farm.start(LOCKERSH, "--dhost", "localhost", "--port", port, "--connect-tries", "0",
                         "--connect-delay", "0.05", "--lock", "a", "echo", "got", env=CLEAN,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    farm.contains(process.stderr.readline(), b"trying again")
    start_server(port)
    farm.equal(process.communicate(timeout=farm.PATIENCE_S)[0], b"got\n")


@tap.test
def the_wait_limit_covers_the_search_for_a_server():
    start = time.monotonic()
    result = lockersh("--dhost", f"127.0.0.1={farm.silent_port()}", "--connect-tries", "0",
                      "--timeout", "0.5", "--lock", "a", "true")
    farm.equal(result.returncode, 69)
    assert 0.4 < time.monotonic() - start < 5


@tap.test
def a_server_that_hangs_is_no_busy_lock():
    server, port = start_server()
    farm.freeze(server.pid)
    try:
        result = lockersh("--dhost", f"127.0.0.1={port}", "-w", "0.5", "--lock", "a", "true")
        farm.equal((result.returncode, result.stderr),
                   (69, f"lockersh: no lockerd answers at 127.0.0.1:{port} in time\n"))
        start = time.monotonic()
        result = lockersh("--dhost", f"127.0.0.1={port}", "--ping")
        farm.equal(result.returncode, 69)
        farm.contains(result.stderr, "it does not answer")
        assert 4 < time.monotonic() - start < 9
    finally:
        server.send_signal(signal.SIGCONT)
    # What it finds when it goes on is granted to nobody for long.
    Farm(port).poll_free("a")


@tap.test
def no_delay_is_no_busy_loop():
    result = lockersh("--dhost", f"127.0.0.1={farm.silent_port()}", "--connect-tries", "0",
                      "--connect-delay", "0", "-w", "0.5", "--lock", "a", "true")
    farm.equal(result.returncode, 69)
    assert result.stderr.count("trying again") <= 7, result.stderr


def stranger(answer, close=True):
    """A listener that says something to whoever comes; returns its port."""
    listener = socket.create_server(("127.0.0.1", 0))
    farm.at_end(listener.close)

    def serve():
        kept = []
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            try:
                client.sendall(answer)
                if close:
                    client.shutdown(socket.SHUT_WR)
            except OSError:
                pass
            kept.append(client)

    threading.Thread(target=serve, daemon=True).start()
    return listener.getsockname()[1]


@tap.test
def servers_that_are_none_are_recognized():
    _, good = start_server()
    cases = [
        (b"SSH-2.0-OpenSSH_9.2\r\n", "what answers there is no lockerd"),
        (b"\x00\x01\x02" * 1000 + b"\n", "what answers there is no lockerd"),
        (b"x" * 100000, "what answers there is no lockerd"),
        (b"", "it closed the connection"),
        (b"error too many connections; try again later\n", "too many connections"),
        (b"error \x1b[31mred\n", "\\x1b[31mred"),
        (b"proto 3\n", "it speaks another protocol"),
        (b"owner x\nlocked 1\nlockname other\n\n\n", "granted something else"),
        # Of a pool that is called so it may be a seat of any name, but one.
        (b"proto 2\nowner x\nlocked 1\nlockname other\nlockname more\n\n\n",
         "granted something else"),
        (b"proto 2\nowner x\nlocked 1\n\n\n", "granted something else"),
        (b"proto 2\nowner x\nlocked 1\nlockname a\nlockname a\n\n\n", "granted something else"),
        (b"proto 2\nowner x\nlocked 0\nerror no\x07pe\n\n\n", "refused: no\\x07pe"),
    ]
    for answer, expected in cases:
        port = stranger(answer)
        result = lockersh("--dhost", f"127.0.0.1={port}", *QUICK, "--lock", "a", "true")
        farm.equal((result.returncode, result.stderr.count("\n")), (69, 1))
        farm.contains(result.stderr, expected)
    # One that answers needs nobody to start another.
    port = stranger(b"error the disk is full; try again later\n")
    result = lockersh("--dhost", f"127.0.0.1={port}", *QUICK, "--lock", "a", "true")
    farm.equal(result.stderr, f"lockersh: the lockerd does not serve at 127.0.0.1:{port} "
                              "(the disk is full; try again later)\n")
    # Another host that is one is used instead.
    port = stranger(b"HTTP/1.1 400 Bad Request\r\n")
    farm.equal(lockersh("--dhost", f"127.0.0.1={port}:127.0.0.1={good}", "--lock", "a",
                        "true").returncode, 0)


@tap.test
def a_server_that_floods_is_stopped():
    flood = b"proto 2\n" + b"lock " + b"n" * 60000 + b" o\n"
    port = stranger(flood * 1 + (b"lock " + b"n" * 60000 + b" o\n") * 1200)
    result = lockersh("--dhost", f"127.0.0.1={port}", *QUICK, "--locklist")
    farm.equal(result.returncode, 69)


@tap.test
def a_waiter_outlives_a_restart_of_the_server():
    server, port = start_server()
    lab = Farm(port)
    # Held by somebody who is not there any more when the server is back.
    Wire(port).lock("o_1_u", "a")
    waiter = lab.wait_for("a", command=["echo", "got"])
    server.kill()
    server.wait()
    farm.contains(waiter.stderr.readline(), b"no lockerd answers")
    time.sleep(2)
    start_server(port)
    out, err = waiter.communicate(timeout=farm.PATIENCE_S)
    farm.equal((out, waiter.returncode), (b"got\n", 0))
    # It does not tell the same twice, and tells the end.
    *rest, again, obtained = err.decode().splitlines()
    farm.contains(obtained, "lockersh: obtained a after ")
    farm.equal(again, f"lockersh: the lockerd at 127.0.0.1:{port} answers again")
    for line in rest:
        assert "trying again" in line or "waiting" in line, err
    assert len(rest) <= 2, err


@tap.test
def a_waiter_that_is_cut_off_keeps_its_place():
    lab = Farm()
    proxy = Proxy(lab.port)
    holder = lab.hold("a")
    read_end, write_end = os.pipe()
    lab.wait_for("a", "--port", proxy.port, command=["echo", "first"],
                 stdout=write_end)
    lab.wait_for("a", command=["echo", "second"], stdout=write_end)
    order = [waiter["pid"] for waiter in lab.waiters()]
    before = len(proxy.sockets)
    proxy.cut()
    farm.poll(lambda: len(proxy.sockets) >= before, "it has come back")
    farm.equal([waiter["pid"] for waiter in lab.waiters()], order)
    holder.kill()
    seen = b""
    while seen.count(b"\n") < 2:
        seen += os.read(read_end, 100)
    farm.equal(seen, b"first\nsecond\n")


@tap.test
def a_holder_that_is_cut_off_keeps_its_lock():
    lab = Farm()
    proxy = Proxy(lab.port)
    holder = lab.hold("a", "--port", proxy.port)
    token = lab.token("a")
    waiter = lab.wait_for("a")
    before = len(proxy.sockets)
    proxy.cut()
    farm.poll(lambda: len(proxy.sockets) >= before, "the monitor has come back")
    farm.equal((lab.locks()["a"]["pid"], lab.token("a")), (holder.pid, token))
    assert waiter.poll() is None
    holder.kill()
    farm.equal(waiter.wait(farm.PATIENCE_S), 0)


@tap.test
def a_lock_that_was_broken_does_not_come_back():
    lab = Farm()
    proxy = Proxy(lab.port)
    holder = lab.start("--lock", "a:b", "--port", proxy.port, "--exec", "sleep", "1000")
    lab.poll_held("a", holder.pid)
    monitor = lab.poll_monitor("a:b")
    farm.freeze(monitor)
    proxy.cut()
    farm.equal(lab.run("--break", "a").returncode, 0)
    other = lab.hold("a")
    os.kill(monitor, signal.SIGCONT)
    farm.poll(lambda: len(proxy.sockets) >= 2, "the monitor has come back")
    time.sleep(0.3)
    # Neither the lock nor the other one of the two that the job had asked for.
    farm.equal({name: lock["pid"] for name, lock in lab.locks().items()}, {"a": other.pid})
    holder.kill()
    farm.poll(lambda: not farm.is_alive(monitor), "the monitor has ended")


@tap.test
def a_monitor_takes_the_lock_to_a_server_that_starts_anew():
    server, port = start_server()
    lab = Farm(port)
    holder = lab.hold("a")
    server.kill()
    server.wait()
    start_server(port)
    lab.poll_held("a", holder.pid)
    holder.kill()
    lab.poll_free("a")


@tap.test
def a_release_is_delivered_late_rather_than_never():
    server, port = start_server()
    lab = Farm(port)
    holder = lab.hold("a")
    monitor = lab.poll_monitor("a")
    server.kill()
    server.wait()
    holder.kill()
    holder.wait()
    time.sleep(0.2)
    assert farm.is_alive(monitor), "the monitor has given up"
    # It is held, by nobody but the name, when the server is back.
    listener = start_server(port)[1]
    farm.equal(listener, port)
    farm.poll(lambda: not farm.is_alive(monitor), "the monitor has delivered")
    farm.equal(lab.locks(), {})


@tap.test
def a_monitor_that_cannot_deliver_can_be_ended():
    server, port = start_server()
    lab = Farm(port)
    holder = lab.hold("a")
    monitor = lab.poll_monitor("a")
    os.kill(monitor, signal.SIGTERM)
    farm.stop(server)
    time.sleep(0.2)
    assert farm.is_alive(monitor), "a signal for the job has ended its monitor"
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    time.sleep(0.5)
    assert farm.is_alive(monitor), "a signal for the job has ended its monitor later"

    def is_ended():
        """What comes before it has tried to deliver is still for the job."""
        if farm.is_alive(monitor):
            os.kill(monitor, signal.SIGTERM)
        return not farm.is_alive(monitor)

    farm.poll(is_ended, "the monitor has ended")


@tap.test
def a_release_goes_to_the_server_that_granted():
    server, port = start_server()
    lab = Farm(port)
    other = Farm()
    holder = lab.hold("a", "--dhost", f"127.0.0.1={port}:127.0.0.1={other.port}")
    monitor = lab.poll_monitor("a")
    server.kill()
    server.wait()
    time.sleep(0.3)
    holder.kill()
    holder.wait()
    time.sleep(0.3)
    assert farm.is_alive(monitor), "the monitor has told another server"
    farm.equal(other.locks(), {})
    start_server(port)
    farm.poll(lambda: not farm.is_alive(monitor), "the monitor has delivered")


@tap.test
def control_c_works_while_the_server_is_away():
    server, port = start_server()
    lab = Farm(port)
    lab.hold("a")
    waiter = lab.wait_for("a")
    server.kill()
    server.wait()
    farm.contains(waiter.stderr.readline(), b"trying again")
    waiter.send_signal(signal.SIGINT)
    farm.equal(waiter.wait(farm.PATIENCE_S), -signal.SIGINT)


if __name__ == "__main__":
    farm.main()
