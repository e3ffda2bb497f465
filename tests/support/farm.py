"""What the end-to-end tests share: the built programs, daemons of a test's own, polling."""

import atexit
import contextlib
import errno
import glob
import os
import random
import re
import signal
import socket
import statistics
import subprocess
import time

from support import guard, tap

# This folder is seen through a link in each folder of tests.
SOURCE = os.path.normpath(os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", ".."))
BUILD = os.environ.get("FARMLOCK_BUILD") or os.path.join(SOURCE, "build")

# A machine under load may take its time; a test that hangs must still end.
PATIENCE_S = 40
FIRST_PID_NAMESPACE = 0xeffffffc  # the kernel's PROC_PID_INIT_INO
CHANCES = 5  # for what is promised to be fast

_cleanups = []
_claims = []

# The tests' own surroundings must not reach the programs, nor the make that runs the tests any make
# that they run.
for _name in list(os.environ):
    if _name.startswith(("IPCLOCKER_", "LOCKERSH_", "SLURM_", "NOTIFY_SOCKET", "LISTEN_", "MAKE", "MFLAGS")):
        del os.environ[_name]

# Nor clients' files of this machine or its user.
os.environ["FARMLOCK_CONF"] = "none"

# A test that runs its own program in another place has a guard already.
if "FARMLOCK_TEST_RUN" not in os.environ:
    guard.stand()

# What they start, and what that leaves behind, is known by this.
os.environ["FARMLOCK_TEST_RUN"] = str(os.getpid())

# Nor may what the caller ignores: a shell's background jobs ignore SIGINT, nohup ignores SIGHUP.
for _number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM):
    signal.signal(_number, signal.SIG_DFL)


def program(name):
    return os.path.join(BUILD, "bin", name)


def version():
    """The one that the build goes by."""
    with open(os.path.join(SOURCE, "lib/ipclocker.h"), encoding="utf-8") as header:
        return re.search(r'#define IPCLOCKER_VERSION "(.*)"', header.read())[1]


def at_end(function):
    """Has the function called at the end of the running test; last in, first out."""
    _cleanups.append(function)


def keep():
    """Lets what was started so far live until the program ends, not just the running test."""
    for function in _cleanups:
        atexit.register(function)
    _cleanups.clear()


def needs_the_hosts_processes():
    """A daemon that is in a container itself never judges those of other containers by what it sees."""
    if os.stat("/proc/self/ns/pid").st_ino != FIRST_PID_NAMESPACE:
        raise tap.Lacks("all of this runs in a container, where not every process is seen")


def poll(condition, what, patience_s=PATIENCE_S):
    """Waits until condition() is true and returns what it returned.  However much it costs to
    look, looking takes a third of a processor at most: others run tests beside this one."""
    deadline = time.monotonic() + patience_s
    while True:
        before = time.monotonic()
        result = condition()
        if result:
            return result
        now = time.monotonic()
        if now > deadline:
            raise AssertionError(f"waited {patience_s} s in vain: {what}")
        time.sleep(max(0.005, min(0.1, 2 * (now - before))))


def promised(what, measure, median_s, worst_s):
    """Holds the times that measure() returns against what is promised.  A machine that is busy with
    other tests makes a fast program slow for a while; a slow program is slow each time."""
    for _ in range(CHANCES):
        times = measure()
        median, worst = statistics.median(times), max(times)
        print(f"# {what}: {median * 1000:.1f} ms (median of {len(times)}), {worst * 1000:.1f} ms "
              "at worst", flush=True)
        if median < median_s and worst < worst_s:
            return
    raise AssertionError(f"{what}: not within {median_s} s and {worst_s} s {CHANCES} times: {times}")


def equal(found, expected):
    assert found == expected, f"\n  found:    {found!r}\n  expected: {expected!r}"


def _states(pid):
    """Of its threads, as proc(5) has them."""
    for task in os.listdir(f"/proc/{pid}/task"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError), \
                open(f"/proc/{pid}/task/{task}/stat", encoding="utf-8", errors="replace") as stat:
            yield stat.read().rpartition(")")[2].split()[0]


def freeze(pid):
    """Stops a process, and waits until all of its threads are: a signal is only on its way at first."""
    os.kill(pid, signal.SIGSTOP)
    poll(lambda: set(_states(pid)) <= set("TtZX"), f"process {pid} is stopped")


def contains(text, part):
    assert part in text, f"{part!r} is not in {text!r}"


def _ports():
    """Ports that the kernel gives to nobody who does not name them, as far as there are any."""
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as limits:
        first = int(limits.read().split()[0])
    return range(10000, first) if first >= 20000 else range(10000, 65536)


def _claim(port):
    """True when no other running test has the port: its name is free then, which stays this
    program's until it ends, and needs no file."""
    claim = socket.socket(socket.AF_UNIX)
    try:
        claim.bind(f"\0farmlock-test-port-{port}")
    except OSError:
        claim.close()
        return False
    _claims.append(claim)
    return True


def free_port(kind=socket.SOCK_STREAM, host="127.0.0.1"):
    """A port of this test's own, also while its server is away: nobody else takes it meanwhile."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    while True:
        port = random.choice(_ports())
        with socket.socket(family, kind) as probe:
            try:
                probe.bind((host, port))
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
                continue
            if _claim(port):
                return port


def silent_port():
    """A TCP port at which nobody listens as long as the test runs."""
    holder = socket.socket()
    holder.bind(("127.0.0.1", 0))
    at_end(holder.close)
    return holder.getsockname()[1]


def answers(port, host="127.0.0.1"):
    """True when something listens at a TCP port."""
    try:
        socket.create_connection((host, port), timeout=PATIENCE_S).close()
        return True
    except OSError:
        return False


def environment(**extra):
    """This process's environment with changes; None removes a variable."""
    env = dict(os.environ)
    for name, value in extra.items():
        if value is None:
            env.pop(name, None)
        else:
            env[name] = str(value)
    return env


def run(*command, **options):
    """Runs a command to its end and returns it, with text output."""
    options.setdefault("timeout", PATIENCE_S * 2)
    options.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          errors="surrogateescape", check=False, **options)


def stop(process):
    """Ends a process that a test has started."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream:
            stream.close()


def start(*command, **options):
    """Starts a command in the background; it is ended with the test."""
    process = subprocess.Popen([str(word) for word in command], **options)
    at_end(lambda: stop(process))
    return process


def in_container():
    """True where this machine's pids are not those that other machines know (pid_namespaces(7))."""
    return os.stat("/proc/self/ns/pid").st_ino != 0xEFFFFFFC


def kill_pid(pid):
    """Ends a process whose id a test has learned, such as a daemon's from its pid file."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def is_alive(pid):
    """True while a process exists and is not a zombie."""
    try:
        with open(f"/proc/{pid}/stat", encoding="latin-1") as stat:
            return stat.read().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def private_kb(pid):
    """The memory that no other process has, as the kernel counts it (smaps_rollup in proc(5))."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        return sum(int(number) for number in re.findall(r"^Private_\w+: +(\d+) kB", file.read(), re.M))


def words_of(pid):
    """The words of a process's command line; none when it has gone."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as line:
            return line.read().decode(errors="surrogateescape").split("\0")[:-1]
    except (FileNotFoundError, ProcessLookupError):
        return []


def marked(word):
    """The ids of all processes that have a word among those of their command line."""
    return [int(pid) for pid in os.listdir("/proc") if pid.isdigit() and word in words_of(pid)]


def descriptors(pid):
    """What a process has open, {number: what /proc shows}; it may close some while we look."""
    found = {}
    for name in os.listdir(f"/proc/{pid}/fd"):
        try:
            found[int(name)] = os.readlink(f"/proc/{pid}/fd/{name}")
        except FileNotFoundError:
            continue
    return found


def processor_s(pid):
    """Seconds of CPU that a process has used."""
    with open(f"/proc/{pid}/stat", encoding="latin-1") as stat:
        words = stat.read().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def _end_monitors():
    """Ends what commands of these tests have left to look for servers that ended with a test."""
    marker = f"FARMLOCK_TEST_RUN={os.getpid()}".encode()
    for folder in glob.glob("/proc/[0-9]*"):
        try:
            exe = os.path.basename(os.readlink(folder + "/exe")).partition(" ")[0]
            with open(folder + "/environ", "rb") as environ:
                if exe == "lockersh" and marker in environ.read().split(b"\0"):
                    kill_pid(int(os.path.basename(folder)))
        except OSError:
            continue


def clean_up():
    """Ends what was started, as is done behind each test; for programs that have none."""
    faults = tap.clean_up(_cleanups)
    _end_monitors()
    for fault in faults:
        raise fault


def main():
    tap.main(_cleanups)
