"""A test program ends with everything that it has started, however it ends: kill -9 of any of its
processes, of its group or of the runner included.

The program becomes three.  The one that the runner started waits, and so does a warden, which is
the parent of the one that goes on with the tests.  Both adopt what loses its parent, so that
daemons, sessions of their own and emptied environments hide nothing.  Each sees the other two end,
and ends all that is left below it; the warden is in a group of its own, so that what is sent to
the group leaves it alone.

When the tests' process ends, its group may so become an orphaned one (setpgid(2)): were a process of
that group stopped then, the kernel would hang up the group, runner and all.  What a C test stops is
in a group of its own, therefore."""

import ctypes
import os
import resource
import shutil
import signal
import sys
import tempfile
import time

# A process that the kernel does not let go of must not hold up the run.
PATIENCE_S = 30

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_SI_KERNEL = 0x80
_HEARD = {signal.SIGCHLD, signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT}


def _prctl(option, value):
    ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def _end_with(parent, number):
    """Has the kernel send a signal to this process when its parent ends, or has ended."""
    _prctl(_PR_SET_PDEATHSIG, number)
    if os.getppid() != parent:
        os.kill(os.getpid(), number)


def _children():
    """{parent: [child, ...]} of this machine."""
    found = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat", encoding="latin-1") as stat:
                parent = int(stat.read().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
        found.setdefault(parent, []).append(int(name))
    return found


def _below(pid):
    """All that descends from a process."""
    children, found = _children(), [pid]
    for one in found:
        found += children.get(one, [])
    return found[1:]


def _reap():
    """Takes in what has ended; False when there are no children any more."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
        return True
    except ChildProcessError:
        return False


def _end_all():
    """Ends all that descends from this process: what loses its parent becomes its child."""
    deadline = time.monotonic() + PATIENCE_S
    while _reap() and time.monotonic() < deadline:
        for pid in _below(os.getpid()):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        time.sleep(0.005)


def _ended(child):
    """The wait status of a child, or None while it runs; others that have ended are taken in."""
    while True:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid in (0, child):
            return status if pid else None


def _wait_for(child, parent):
    """Waits for a child's end and returns its wait status; passes on what it is sent meanwhile.
    Ends the child when the parent has ended, unless that is None."""
    while True:
        heard = signal.sigwaitinfo(_HEARD)
        if parent and os.getppid() != parent:
            return signal.SIGKILL
        if heard.si_signo == signal.SIGCHLD:
            status = _ended(child)
            if status is not None:
                return status
        elif heard.si_code != _SI_KERNEL:  # a terminal's go to the whole group
            os.kill(child, heard.si_signo)


def _end_as(status):
    """Ends this process as another one has ended."""
    number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    if number:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # there is one already, if any
        if number != signal.SIGKILL:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {number})
        os.kill(os.getpid(), number)
    os._exit(128 + number if number else os.WEXITSTATUS(status))


def _fork():
    sys.stdout.flush()
    sys.stderr.flush()
    return os.fork()


def _stand(child, parent, folder):
    status = _wait_for(child, parent)
    _end_all()
    shutil.rmtree(folder, ignore_errors=True)
    _end_as(status)


def stand():
    """Returns in the process that is to go on with the tests.  Temporary folders of its own are
    inside of one that goes with it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _HEARD)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    folder = tempfile.mkdtemp(prefix="farmlock.")
    os.chmod(folder, 0o755)
    group, first = os.getpgrp(), os.getpid()
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    runner = os.getppid() if "HARNESS_ACTIVE" in os.environ else None
    warden = _fork()
    if warden:
        if runner:
            _end_with(runner, signal.SIGTERM)
        _stand(warden, runner, folder)
    os.setpgid(0, 0)
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    _end_with(first, signal.SIGTERM)
    warden, child = os.getpid(), _fork()
    if child:
        _stand(child, first, folder)
    os.setpgid(0, group)
    _end_with(warden, signal.SIGKILL)
    tempfile.tempdir = folder
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
