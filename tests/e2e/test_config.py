#!/usr/bin/env python3
"""Configuration files of the daemons: what they may say, and what is said of them."""

import os
import signal

from support import built, farm, tap
from support.lockd import LOCKERD, serves
from support.pidstat_help import Daemon
from support.wire import Wire


def write(folder, text, name="lockerd.conf", mode=0o644):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, mode)
    return path


def check(path, *options, program=LOCKERD):
    return farm.run(program, "--check-config", "--config", path, *options)


def faults(path, program=LOCKERD):
    """The complaints about a file, without the program's name and the file's folder."""
    result = check(path, program=program)
    farm.equal((result.returncode, result.stdout), (78, ""))
    lines = result.stderr.splitlines()
    start = os.path.basename(program) + ": "
    assert all(line.startswith(start) for line in lines), lines
    return [line[len(start):].replace(os.path.dirname(path) + "/", "") for line in lines]


def start(path, *options, log):
    with open(log, "ab") as err:
        server = farm.start(LOCKERD, "--nofork", "--config", path, *options, stderr=err)
    return server


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def hang_up(process, log, line):
    """Sends SIGHUP and waits until the log has one more of a line."""
    before = read(log).count(line)
    process.send_signal(signal.SIGHUP)
    farm.poll(lambda: read(log).count(line) > before, f"the log has {line!r} in {read(log)}")


def logs_requests(port, log):
    """As it does with --debug; a request behind it is served, and so is it."""
    before = read(log).count(" LOCK by ")
    wire = Wire(port)
    wire.send("proto 2", "user me", "locks a", "LOCK", "UNLOCK", "EOF")
    while wire.line() is not None:
        pass
    return read(log).count(" LOCK by ") > before


@tap.test
def a_server_is_told_by_its_file_what_options_would(folder):
    port, log = farm.free_port(), f"{folder}/log"
    path = write(folder, f"""
        # where
        host = ["127.0.0.1", "127.0.0.2"];
        port = {port}; /* a number,
                          as on the command line */
        state = "none" // and a text
        pidstat-port = "none"
        debug = true
    """)
    start(path, log=log)
    farm.poll(lambda: serves(port), "it serves")
    assert farm.answers(port, "127.0.0.2")
    assert logs_requests(port, log)


@tap.test
def the_command_line_wins(folder):
    port, log = farm.free_port(), f"{folder}/log"
    path = write(folder, f'host = "192.0.2.1"; port = {farm.free_port()}; state = "/nowhere"; fork = true')
    start(path, "--port", port, "--host", "127.0.0.1", "--state", "none", log=log)
    farm.poll(lambda: serves(port), "it serves")
    result = check(path, "--port", "5")
    farm.equal((result.returncode, result.stderr), (0, ""))
    farm.contains(result.stdout, "# --port of the command line counts\n")


@tap.test
def what_is_understood_is_shown_and_can_be_read_again(folder):
    path = write(folder, 'port = 010; history = "9\\x30d"; host = ["a", "b\\"c\\\\"];\n debug=TRUE')
    shown = check(path)
    farm.equal((shown.returncode, shown.stderr), (0, ""))
    farm.equal(shown.stdout, f'port = 10; # {path}:1\nhistory = "90d"; # {path}:1\n'
               f'host = ("a", "b\\"c\\\\"); # {path}:1\ndebug = true; # {path}:2\n')
    again = check(write(folder, shown.stdout, "again"))
    farm.equal([line.partition(" #")[0] for line in again.stdout.splitlines()],
               [line.partition(" #")[0] for line in shown.stdout.splitlines()])


@tap.test
def each_fault_is_told_with_its_file_and_line(folder):
    path = write(folder, """
        prot = 1751
        port = 99999
        pidstat-port = "many"
        requeue-grace = 99999999999
        durability = "none"
        debug = 1
        state = true
        host = ("ok", 5)
        log = ["a"]
        history = 1.5
        check-config = true
    """)
    farm.equal(faults(path), [
        "lockerd.conf:2: unknown setting prot; did you mean port?",
        "lockerd.conf:3: port '99999' is neither a number from 1 to 65535 nor a service",
        "lockerd.conf:4: pidstat-port many: give a number from 1 to 65535, a service, or none",
        'lockerd.conf:5: requeue-grace "99999999999" is no time from 0 to 2147483647 seconds; such '
        "as 0.5, 90s, 30m or 2h",
        'lockerd.conf:6: durability "none" is none of power|process',
        "lockerd.conf:7: debug is true or false",
        "lockerd.conf:8: state is a text or a number",
        'lockerd.conf:9: host "5" is no host; a port goes behind --port',
        "lockerd.conf:10: log is a text or a number",
        "lockerd.conf:11: history 1.5: give a number with d, h, m or s, such as 90d",
        "lockerd.conf:12: unknown setting check-config"])


@tap.test
def no_file_is_right_with_which_lockerd_would_not_start(folder):
    path = write(folder, f"""
        admin = ["0", "nosuchuser", "@nosuchgroup", "@"]
        reaper = "@nosuchgroup"
        path = "/{'x' * 200}"
        log = ""
        pid-file = ""
    """)
    farm.equal(faults(path), [
        "lockerd.conf:2: admin: there is no user 'nosuchuser' on this machine",
        "lockerd.conf:2: admin: there is no group 'nosuchgroup' on this machine",
        "lockerd.conf:2: admin: there is no group '' on this machine",
        "lockerd.conf:3: reaper: there is no group 'nosuchgroup' on this machine",
        "lockerd.conf:4: path: a socket's path has 1 to 107 bytes",
        "lockerd.conf:5: log is empty: name a file",
        "lockerd.conf:6: pid-file is empty: name a file"])
    path = write(folder, 'admin = ["0", "root", "@root", "4294967294"]\nreaper = "65533"')
    farm.equal((check(path).returncode, check(path).stderr), (0, ""))
    # What does not go together.
    result = check(write(folder, 'history-file = "/tmp/x"'))
    farm.equal((result.returncode, result.stderr), (64, "lockerd: --history-file is for a state in "
               "etcd: a state file has its own\n"))
    # The command line is judged likewise.
    done = farm.run(farm.program("lockerd"), "--config", "none", "--reaper", "nosuchuser", "--nofork")
    farm.equal((done.returncode, done.stderr),
               (64, "lockerd: --reaper: there is no user 'nosuchuser' on this machine\n"))


@tap.test
def nor_is_an_etcd_that_nobody_finds(folder):
    built.need_etcd()
    farm.equal(faults(write(folder, 'state = "etcd:http://127.0.0.1:99999/farm"')), [
        "lockerd.conf:1: state: '99999' is no port; it is written etcd:URL[,URL...]/PREFIX, as in "
        "etcd:https://etcd1:2379,https://etcd2:2379/farmlock/east"])


@tap.test
def what_cannot_be_read_is_told_with_its_line(folder):
    for text, fault in (
            ("port = 1;\nport = 2;", "2: duplicate setting name: port = 2;"),
            ("# a\nport = ;", "2: syntax error: port = ;"),
            ("port = 5\nhost = [1, 2", "3: syntax error"),
            ('port = 5\nlog = "x\nhost = 1', "2: a text begins here and does not end"),
            ("/* x\n\nport = 5", "1: a comment begins here and does not end"),
            ("\nport = 99999999999999999999", "2: 99999999999999999999 is too large"),
            ("x = ((((((((((((((((((1))))))))))))))))))", "1: more than 16 brackets in each other"),
            ("host = [ @include \"x\" ]", "1: @include stands between settings, not in one"),
            ("@include \"x\"", "1: cannot read x: No such file or directory"),
            ("\n@include \"lockerd.conf\"", "2: the files include each other more than 8 deep"),
            ("\n\n@inclde \"x\"", '3: syntax error: @inclde "x"')):
        farm.equal(faults(write(folder, text)), ["lockerd.conf:" + fault])
    with open(f"{folder}/lockerd.conf", "wb") as file:
        file.write(b"port = 5\n\0")
    farm.equal(faults(f"{folder}/lockerd.conf"),
               ["lockerd.conf:1: lockerd.conf is no text: it has a NUL in it"])
    farm.equal(faults(f"{folder}/no"), ["no:1: cannot read no: No such file or directory"])


@tap.test
def files_include_others_by_name_and_pattern(folder):
    os.mkdir(f"{folder}/more.d")
    write(folder, 'debug = true @include "../last"', "more.d/a.conf")
    write(folder, 'history = "5d"', "more.d/b.conf")
    write(folder, "requeue-grace = 5", "last")
    path = write(folder, 'port = 5\n@include "more.d/*.conf"\n@include "none.d/*"\nlog = "syslog"')
    shown = check(path)
    farm.equal((shown.returncode, shown.stderr), (0, ""))
    farm.contains(shown.stdout, f"requeue-grace = 5; # {folder}/more.d/../last:1\n")
    farm.contains(shown.stdout, f'history = "5d"; # {folder}/more.d/b.conf:1\n')
    write(folder, "\nport = 6", "last")
    farm.equal(faults(path), ["more.d/../last:2: port is set already, in lockerd.conf:1"])


@tap.test
def a_file_that_others_can_write_is_refused(folder):
    text = "port = 5"
    for mode, words in ((0o666, "chmod go-w"), (0o664, "chmod go-w")):
        found, = faults(write(folder, text, mode=mode))
        farm.contains(found, words)
    path = write(folder, '@include "theirs"')
    write(folder, text, "theirs", mode=0o646)
    farm.equal(faults(path), ["lockerd.conf:1: theirs can be written by others; take that from them "
                              "(chmod go-w)"])
    os.remove(f"{folder}/theirs")
    os.mkfifo(f"{folder}/theirs")
    farm.equal(faults(path), ["lockerd.conf:1: theirs is no file"])
    if os.geteuid() != 0:
        return
    path = write(folder, text)
    os.chown(path, 65534, 65534)
    farm.equal(faults(path), ["lockerd.conf:1: lockerd.conf belongs to somebody else; give it to root "
                              "(chown root)"])


@tap.test
def hangup_reads_the_file_anew_and_a_fault_changes_nothing(folder):
    port, log = farm.free_port(), f"{folder}/log"
    path = write(folder, 'state = "none"; debug = false')
    server = start(path, "--port", port, log=log)
    farm.poll(lambda: serves(port), "it serves")
    assert not logs_requests(port, log)
    write(folder, 'state = "none"; debug = true')
    hang_up(server, log, f"{path} was read anew")
    assert logs_requests(port, log)
    # A fault: all stays as it was.
    write(folder, 'state = "none"; debug = false;\ndebugg = 1')
    hang_up(server, log, f"{path}:2: unknown setting debugg; did you mean debug?\n")
    farm.poll(lambda: "stays as it was" in read(log), "that is said")
    assert logs_requests(port, log)
    # What is opened once is named.
    write(folder, '\nport = 5; host = "127.0.0.1"; state = "none"')
    hang_up(server, log, f"{path}:2: host counts from the next start of lockerd on\n")
    assert ":2: port counts" not in read(log)  # the command line has it
    assert not logs_requests(port, log)


@tap.test
def a_server_that_is_started_anew_goes_by_the_file_as_it_is_now(folder):
    port, log = farm.free_port(), f"{folder}/log"
    path = write(folder, f'state = "none"; log = "{log}"; pid-file = "{folder}/pid"')
    done = farm.run(LOCKERD, "--config", path, "--port", port)
    farm.equal((done.returncode, done.stdout, done.stderr), (0, "", ""))
    parent = int(read(f"{folder}/pid"))
    farm.at_end(lambda: farm.kill_pid(parent))
    write(folder, f'state = "none"; log = "{log}"; pid-file = "{folder}/pid"; debug = true; fork = true')
    server, = [int(word) for word in read(f"/proc/{parent}/task/{parent}/children").split()]
    os.kill(server, signal.SIGKILL)
    farm.poll(lambda: "was read anew" in read(log), "the next one reads it")
    farm.poll(lambda: serves(port), "it serves again")
    assert logs_requests(port, log)


@tap.test
def without_a_file_all_is_as_it_was(folder):
    shown = check("none")
    farm.equal((shown.returncode, shown.stdout, shown.stderr),
               (0, "# there is no configuration file\n", ""))
    empty = check(write(folder, "# nothing yet"))
    farm.equal((empty.returncode, empty.stdout, empty.stderr), (0, "", ""))


@tap.test
def pidstatd_has_one_too(folder):
    program = farm.program("pidstatd")
    path = write(folder, "\nmax-watches = 5\nuser = \"no-such-user\"\nport = 0\npid-file = \"\"",
                 "pidstatd.conf")
    farm.equal(faults(path, program), [
        "pidstatd.conf:3: there is no user 'no-such-user'; name another with --user",
        "pidstatd.conf:4: port cannot be '0'; give 1 to 65535 or a UDP service of /etc/services",
        "pidstatd.conf:5: pid-file is empty: name a file"])
    write(folder, "debug = false; max-watches = 5", "pidstatd.conf")
    daemon = Daemon(folder, "--config", path)
    write(folder, "\ndebug = true; max-watches = 6", "pidstatd.conf")
    daemon.process.send_signal(signal.SIGHUP)
    farm.poll(lambda: f"{path} was read anew" in daemon.log(), "it is read")
    farm.contains(daemon.log(), f"{path}:2: max-watches counts from the next start of pidstatd on\n")
    farm.contains(daemon.log(), " questions, ")
    write(folder, "debug = false; prt = 5", "pidstatd.conf")
    daemon.process.send_signal(signal.SIGHUP)
    farm.poll(lambda: "stays as it was" in daemon.log(), "the fault is told")
    farm.contains(daemon.log(), f"{path}:1: unknown setting prt; did you mean port?\n")


if __name__ == "__main__":
    farm.main()
