"""Locks that programs on many hosts share, had from a lockerd(8); for Python 3.6 and later.

    import farmlock
    with farmlock.lock("lic1:lic2", timeout=600, notice=print) as seat:
        subprocess.run(["simulate", "--license", str(seat)])    # lic1 or lic2

    async with farmlock.aio.lock("vcs[1-8]", count=2) as seats:
        await simulate(seats.names)                             # such as ("vcs1", "vcs2")

The lock comes back when the block is left, and when this process ends, however it ends.  A server
that goes away or has frozen is reached again, or another one of its cluster where that is one of the
hosts: who waits keeps the place, who holds keeps the lock.  One that answers but cannot do it now,
"later" or "proof-later", is asked again for as long as one waits.  Calls that block leave that to a thread
of this module's own; those of `farmlock.aio` to the caller's loop.

Servers are taken from the environment, as lockersh(1) has it: IPCLOCKER_HOST ("farm1:farm2=1800",
or the path of a UNIX socket), IPCLOCKER_PORT, IPCLOCKER_AUTH, IPCLOCKER_MUNGE_SOCKET; and what that
leaves open from the files of farmlock-client.conf(5).  `hosts` and `port` of each call go before them.
Errors are subclasses of farmlock.Error; ValueError says that an argument, one of these variables or
a file makes no sense.
"""

import asyncio
import atexit
import ctypes
import functools
import itertools
import json
import os
import pwd
import random
import re
import socket
import stat
import struct
import sys
import threading
import time
import types

__all__ = ["lock", "Lock", "aio", "status", "unlock", "break_lock", "lock_list", "ping", "Error",
           "Refused", "NotSupported", "Busy", "TimedOut", "Cancelled", "Unreachable", "Lost"]
__version__ = "1.0.0"

_ANSWER_S, _LOOK_S, _LINE_MAX, _NAMES_MAX = 5, 60, 65536, 1024
_PROOF_S = 60  # while a credential is checked: the server's munged may be busy, or hang
_TRIES, _TRIES_AT_SEVERAL = 3, 8  # the second to wait for a lock: another host may come to serve
_PULSE_S = 5  # of silence, where another server could be gone on with
_NEXT_S = 0.25  # before the next host is tried besides (RFC 8305)
_SHORT_WAIT_S, _STARTERS, _GRANTS = 0.3, 32, 16
_LATER = ("later", "proof-later")
_PUT_OFF = _LATER + ("proof-required", "proof-clock", "proof-invalid")
_REASONS = {"broken": "it was broken, as by lockersh --break", "dead": "its owner was reported dead",
            "hold-limit": "it was held as long as it may be",
            "job-end": "its job was reported to have ended",
            "silent": "the server has heard nothing of us for too long",
            "unknown": "it was taken away while the server was not reached"}


class Error(Exception):
    """What went wrong.  `code` is the word that programs go by, of lockerd-protocol(7), or None."""
    code = None


class Refused(Error):
    """The server refuses, for the reason `code`: own, limit, denied, not-owner, proof-required..."""

    def __init__(self, text, code="refused"):
        super().__init__(text)
        self.code = code


class NotSupported(Refused):
    """The server is a classic one, and cannot do this."""


class Busy(Error):
    """Somebody has the lock, and it was not to be waited for (timeout=0)."""


class TimedOut(Busy):
    """The lock was not free in time; the place in the queue was given up."""


class Cancelled(Error):
    """The wait was ended by somebody else, or with its job."""


class Unreachable(Error, ConnectionError):
    """No server answers."""


class Lost(Error):
    """The lock was taken away.  `code` is why: broken, hold-limit, dead, job-end, silent or
    unknown."""

    def __init__(self, text, code):
        super().__init__(text)
        self.code = code


class _Gone(Exception):
    """A connection is of no use any more; `refusal` is what the server has said for good, `later` for
    now."""
    refusal = later = None


class _Tries:
    """How often a server was looked for in vain, and how often one that is there has said that it
    cannot do it now: who is patient comes back then, however often."""

    def __init__(self, most=_TRIES, patient=False):
        self.most, self.patient = most, patient
        self.count, self.put_offs, self.began = 0, 0, time.monotonic()

    def end(self, later, waits=True):
        """After one more; whether it was the last one.  Who does not wait has no time for another one
        behind a long one."""
        if later and self.patient:
            self.put_offs += 1
            return False
        self.count += 1
        return self.count >= self.most or not waits and time.monotonic() - self.began >= _ANSWER_S

    def all(self):
        return self.count + self.put_offs


def _clean(text):
    """What a stranger has sent, fit for a terminal."""
    return "".join(c if c.isprintable() else "\\x%02x" % (ord(c) & 0xff) for c in text)


def _expand(text):
    """The names of a list such as "lic1:lic2" or "vcs[1-8,12]"."""
    names = {}
    if "\0" in text:
        raise ValueError("a control character in %r" % text)

    def add(word, done=""):
        if len(names) > _NAMES_MAX:
            raise ValueError("more than %d names" % _NAMES_MAX)
        part = re.match(r"([^][]*)\[(\d{1,15}(?:-\d{1,15})?(?:,\d{1,15}(?:-\d{1,15})?)*)\](.*)", word)
        if part is None:
            _word(done + word, "name")
            if set("[]") & set(word):
                raise ValueError("a bracket that makes no sense in %r" % text)
            names[done + word] = True
            return
        for piece in part.group(2).split(","):
            low, _, high = piece.partition("-")
            width = len(low) if low.startswith("0") else 1
            if not 0 <= int(high or low) - int(low) < _NAMES_MAX:
                raise ValueError("the range %s in %r is none, or too large" % (piece, text))
            for number in range(int(low), int(high or low) + 1):
                add(part.group(3), "%s%s%0*d" % (done, part.group(1), width, number))

    for one in re.split(r"\s*[:,]\s*|\s+", re.sub(r"\[[^]]*\]", lambda part: part.group().replace(
            ",", "\0"), text.strip())):
        add(one.replace("\0", ","))
    return list(names)


def _word(text, what):
    """A text that can be a word of the protocol."""
    raw = text.encode("utf-8", "surrogateescape")
    if not raw or len(raw) > 255 or any(byte <= 32 or byte == 127 for byte in raw):
        raise ValueError("the %s %r is empty, over 255 bytes, or has blanks or control characters"
                         % (what, text[:80]))
    return text


def _group(names, count=1):
    names = _expand(names if isinstance(names, str) else ":".join(names))
    if not 1 <= count <= _NAMES_MAX or len(names) > 1 and count > len(names):
        raise ValueError("%d locks are wanted of %d that are named" % (count, len(names)))
    return names, count


def _hosts(text, port):
    """[(host or path, port)] of a list of servers as IPCLOCKER_HOST has it."""
    found, at = [], 0
    entry = re.compile(r"(?:\[([^]\s]+)\]|([^:,=/[\s][^:,=[\s]*)|(/[^:\s]*))(?:=([^:,\s]+))?"
                       r"(?:\s*[:,]\s*(?=[^:,\s])|\s+|$)")
    text = text.strip()
    if text.count(":") > 1 and re.match(r"[0-9A-Fa-f:.]+$", text):
        text = "[" + text + "]"
    while at < len(text) or not found:
        part = entry.match(text, at)
        if part is None or (part.group(2) or "").isdigit():
            raise ValueError("%r is no list of hosts: HOST, HOST=PORT, [IPV6]=PORT or /PATH, with "
                             "colons, commas or blanks between them" % text)
        name = part.group(1) or part.group(2) or part.group(3)
        found.append((name, None if part.group(3) else _port(part.group(4) or port)))
        at = part.end()
    return found


def _port(text):
    try:
        number = int(text) if str(text).isdigit() else socket.getservbyname(text, "tcp")
    except OSError:
        number = 0
    if not 0 < number < 65536:
        raise ValueError("%r is no port; use a number from 1 to 65535 or a service" % (text,))
    return number


_CONF_MAX, _CONF_SETTINGS_MAX = 65536, 256
_OR_NONE = "or set FARMLOCK_CONF=none"


def _conf_read(path, kind):
    """The text of a file, None where there is none; `kind` is named, home or system.  What is said
    here of files is what farmlock-client.conf(5) has of them."""
    fault = "cannot read %s: %s; name another, " + _OR_NONE
    try:
        os.stat(path)
    except OSError as error:
        if kind != "named" and isinstance(error, (FileNotFoundError, NotADirectoryError)):
            return None
        # A home that is not ours to look into is that of a user whose variables we have kept.
        if kind == "home" and isinstance(error, PermissionError):
            return None
        raise ValueError(fault % (path, error.strerror))
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    except OSError as error:
        raise ValueError(fault % (path, error.strerror))
    with open(fd, "rb") as file:
        found, fault = os.fstat(fd), None
        if not stat.S_ISREG(found.st_mode):
            fault = "is no regular file; name one, " + _OR_NONE
        elif kind == "home" and found.st_uid not in (0, os.geteuid()):
            fault = "belongs to somebody else; set HOME, " + _OR_NONE
        elif found.st_mode & stat.S_IWOTH:
            fault = "can be written by everybody; take that from them (chmod o-w)"
        elif found.st_size > _CONF_MAX:
            fault = "has more than %d bytes" % _CONF_MAX
        text = file.read(_CONF_MAX) if fault is None else b""
    if b"\0" in text:
        fault = "is no text: it has a NUL in it"
    if fault is not None:
        raise ValueError("%s %s" % (path, fault))
    return text.decode("utf-8", "surrogateescape")


def _conf_line(line):
    """(NAME, VALUE) of a line of a file, or None."""
    line = line.strip(" \t\r")
    if not line or line.startswith("#"):
        return None
    name, equals, value = line.partition("=")
    name, value = name.rstrip(" \t\r"), value.lstrip(" \t\r")
    if not equals:
        raise ValueError("this is no setting; write NAME = VALUE, or # before a comment")
    if not re.match(r"[a-z0-9-]+\Z", name):
        raise ValueError("the name of the setting is none; it has small letters, digits and dashes")
    if re.search(r"[\0-\x08\x0a-\x0c\x0e-\x1f\x7f]", value):
        raise ValueError("there is a control character in the value")
    if value.startswith('"'):
        value, quote, rest = value[1:].partition('"')
        if not quote or rest.strip(" \t\r")[:1] not in ("", "#"):
            raise ValueError("the value in quotes does not end, or there is something behind it")
    else:
        value = re.split(r"(?:^|[ \t\r])#", value)[0].rstrip(" \t\r")
    if not value:
        raise ValueError("the setting has no value; put # before it where it is to say nothing")
    return name, value


class _Conf:
    """What the files of farmlock-client.conf(5) set."""

    def __init__(self):
        env = os.environ if (os.getuid(), os.getgid()) == (os.geteuid(), os.getegid()) else {}
        named, self.files = env.get("FARMLOCK_CONF"), []
        folder, home = env.get("XDG_CONFIG_HOME", ""), env.get("HOME", "")
        if not folder.startswith("/"):
            folder = home + "/.config" if home.startswith("/") else None
        if named == "none":
            return
        if named:
            self._read(named, "named")
        elif folder:
            self._read(folder + "/farmlock/client.conf", "home")
        self._read("/etc/farmlock/client.conf", "system")
        auth, where = self.find("auth")[1:]
        if auth not in (None, "auto", "munge", "none"):
            raise ValueError("%s: auth: %r is none of auto, munge and none" % (where, auth))

    def _read(self, path, kind):
        text, found = _conf_read(path, kind), {}
        for number, line in enumerate((text or "").split("\n"), 1):
            where = "%s:%d" % (path, number)
            try:
                name, value = _conf_line(line) or (None, None)
                if name in found:
                    raise ValueError("%s is set already, in %s" % (name, found[name][1]))
                if {"host", "path"} <= {name, *found} or len(found) == _CONF_SETTINGS_MAX and name:
                    raise ValueError("choose one of host and path" if name in ("host", "path") else
                                     "the file has more than %d settings" % _CONF_SETTINGS_MAX)
            except ValueError as error:
                raise ValueError("%s: %s" % (where, error))
            if name:
                found[name] = (value, where)
        self.files.append(found)

    def find(self, *names):
        """(NAME, VALUE, "FILE:LINE") of the first file that has one of them; None of each."""
        for file in self.files:
            for name in names:
                if name in file:
                    return (name,) + file[name]
        return None, None, None

    def servers(self, hosts, port):
        """[(host or path, port)] of what a call names, else the environment, else the files."""
        hosts = hosts or os.environ.get("IPCLOCKER_HOST")
        port = port or os.environ.get("IPCLOCKER_PORT")
        name, where = "port", None
        try:
            if not port:
                _, port, where = self.find("port")
                port = _port(port) if port else _default_port()
            if hosts:
                return _hosts(hosts, port)
            name, hosts, where = self.find("host", "path")
            return [(hosts, None)] if name == "path" else _hosts(hosts or "localhost", port)
        except ValueError as error:
            raise ValueError("%s: %s: %s" % (where, name, error) if where else error)

    def munge_socket(self):
        return os.environ.get("IPCLOCKER_MUNGE_SOCKET") or self.find("munge-socket")[1]

    def auth(self):
        mode = os.environ.get("IPCLOCKER_AUTH")
        return mode if mode in ("auto", "munge", "none") else self.find("auth")[1]


def _default_port():
    try:
        return socket.getservbyname("lockerd", "tcp")
    except OSError:
        return 1751


def _boot_offset():
    """What a time namespace adds to times since boot, in clock ticks; None where that is no whole
    number of them, or not known."""
    try:
        with open("/proc/self/timens_offsets", encoding="ascii") as offsets:
            rows = [row.split() for row in offsets if row.startswith("boottime")]
        seconds, nanoseconds = (int(word) for word in rows[0][1:3])
        if (seconds, nanoseconds) == (0, 0):
            return 0
        if os.readlink("/proc/self/ns/time") != os.readlink("/proc/self/ns/time_for_children"):
            return None
    except (OSError, IndexError, ValueError):
        return 0
    tick = 1000000000 // os.sysconf("SC_CLK_TCK")
    return None if nanoseconds % tick else (seconds * 1000000000 + nanoseconds) // tick


def _start_of(pid):
    """When a process started, as /proc/PID/stat has it outside of time namespaces; 0 where that
    cannot be told."""
    try:
        with open("/proc/%s/stat" % pid, encoding="latin-1") as stat:
            start = int(stat.read().rpartition(")")[2].split()[19])
    except (OSError, IndexError, ValueError):
        return 0
    offset = _boot_offset()
    return 0 if offset is None else start - offset


def _is_gone(pid, start):
    """Whether a process of this host has ended for certain."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        pass
    return start > 0 and _start_of(pid) not in (0, start)


def _parent_of(pid):
    try:
        with open("/proc/%d/stat" % pid, encoding="latin-1") as stat:
            return int(stat.read().rpartition(")")[2].split()[1])
    except (OSError, IndexError, ValueError):
        return 0


def _starters():
    """The processes that have started this one's program, the nearest first: who has a lock among
    them does not give it back before this one is through.  Not those whose program this is, too, in
    parallel: children of os.fork() and of multiprocessing work beside who has started them."""
    pid = _parent_of(_first_pid)
    multiprocessing = sys.modules.get("multiprocessing")
    if multiprocessing and getattr(multiprocessing, "parent_process", lambda: None)():
        pid = _parent_of(multiprocessing.parent_process().pid)
    for _ in range(_STARTERS):
        start = _start_of(pid) if pid > 0 else 0
        if start <= 0:
            return
        yield pid, start
        pid = _parent_of(pid)


def _inside_line():
    """What this process is inside of, see lockerd-protocol(7)."""
    words = ["INSIDE"] + ["process %d %d" % one for one in _starters()]
    handed_down = os.environ.get("LOCKERSH_GRANTS", "")
    if all(" " <= letter for letter in handed_down):
        grants = handed_down.split()[:3 * _GRANTS]
        words += ["grant " + " ".join(grants[i:i + 3]) for i in range(0, len(grants) // 3 * 3, 3)]
    return " ".join(words)


def _namespace():
    try:
        return os.stat("/proc/self/ns/pid").st_ino
    except OSError:
        return 0


def _process_lines():
    """Which process this is."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as boot:
            boot_id = boot.read().strip()
    except OSError:
        boot_id = "-"
    return ["hostname " + socket.gethostname(), "pid %d" % os.getpid(),
            "process %d %s %d" % (_start_of(os.getpid()), boot_id, _namespace())]


def _own_name(number=1):
    """HOST_PID_USER; further locks of one process have HOST_PID.NUMBER_USER, as what one owner has
    already it is given again, rather than another seat."""
    try:
        login = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        login = str(os.getuid())
    inside = _namespace() if _namespace() not in (0, 0xeffffffc) else ""
    more = "%s%02d" % (inside, number) if inside and number > 1 else inside or (
        number if number > 1 else "")
    return "%s_%d%s_%s" % (socket.gethostname()[:140], os.getpid(), more and ".%s" % more,
                           re.sub(r"[\0- \x7f]", "?", login))


_JOBS = ("slurm:{SLURM_ARRAY_JOB_ID}_{SLURM_ARRAY_TASK_ID}={SLURM_JOB_ID}{SLURM}",
         "slurm:{SLURM_HET_JOB_ID}+{SLURM_HET_JOB_OFFSET}{SLURM}", "slurm:{SLURM_JOB_ID}{SLURM}",
         "lsf:{LSB_JOBID}[{LSB_JOBINDEX}]", "lsf:{LSB_JOBID}", "pbs:{PBS_JOBID}",
         "sge:{JOB_ID}.{SGE_TASK_ID}{SGE}", "sge:{JOB_ID}{SGE}")
_PROJECTS = (("SLURM_JOB_ID", "SLURM_JOB_ACCOUNT"), ("LSB_JOBID", "LSB_PROJECT_NAME"),
             ("PBS_JOBID", "PBS_ACCOUNT"), ("JOB_ID", "SGE_ACCOUNT"))


def _job():
    """The id of the scheduler's job around this process, or None."""
    env = {name: value for name, value in os.environ.items() if re.match(r"[!-~]{1,64}$", value)}
    cell = env.get("SGE_CLUSTER_NAME", env.get("SGE_CELL", "default"))
    clusters = {"SLURM": env.get("SLURM_CLUSTER_NAME"), "SGE": cell if cell != "default" else None}
    if not {"SGE_ROOT", "SGE_CELL", "SGE_TASK_ID"} & set(env):
        env.pop("JOB_ID", None)  # too common a name to stand alone
    for name, none in (("LSB_JOBINDEX", "0"), ("SGE_TASK_ID", "undefined")):
        if env.get(name) == none:
            del env[name]
    if "SLURM_JOB_ID" not in env:
        env.pop("SLURM_HET_JOB_ID", None)
    env.update((name, "@" + value if value else "") for name, value in clusters.items())
    for form in _JOBS:
        try:
            return form.format(**env)
        except KeyError:
            continue
    return None


def _project():
    for job, project in _PROJECTS:
        found = os.environ.get(project, "") if job in os.environ else ""
        if re.match(r"\S{1,255}$", found) and found != "sge":
            return found
    return None


# ---- who is asking: see "Proofs" in lockerd-protocol(7) ---------------------------------------

def _siphash(key, data):
    """SipHash-2-4; the key has 16 bytes."""
    mask = (1 << 64) - 1
    low, high = struct.unpack("<QQ", key)
    a, b, c, d = (low ^ 0x736f6d6570736575, high ^ 0x646f72616e646f6d,
                  low ^ 0x6c7967656e657261, high ^ 0x7465646279746573)

    def turn(value, bits):
        return (value << bits | value >> (64 - bits)) & mask

    data += b"\0" * (7 - len(data) % 8) + bytes([len(data) & 255])
    for word in [part[0] for part in struct.iter_unpack("<Q", data)] + [None]:
        if word is None:
            c ^= 255
        else:
            d ^= word
        for _ in range(4 if word is None else 2):
            a, c = (a + b) & mask, (c + d) & mask
            b, d = turn(b, 13) ^ a, turn(d, 16) ^ c
            a = turn(a, 32)
            c, a = (c + b) & mask, (a + d) & mask
            b, d = turn(b, 17) ^ c, turn(d, 21) ^ a
            c = turn(c, 32)
        a ^= word or 0
    return a ^ b ^ c ^ d


def _credential(payload, reader, path):
    """A MUNGE credential for one reader, by libmunge; OSError says why there is none."""
    munge = ctypes.CDLL("libmunge.so.2")
    munge.munge_ctx_create.restype, munge.munge_strerror.restype = ctypes.c_void_p, ctypes.c_char_p
    context, text = ctypes.c_void_p(munge.munge_ctx_create()), ctypes.c_void_p()
    try:
        code = (path and munge.munge_ctx_set(context, 8, os.fsencode(path))
                or munge.munge_ctx_set(context, 9, ctypes.c_uint(reader))
                or munge.munge_encode(ctypes.byref(text), context, payload, len(payload)))
        if code:
            raise OSError(munge.munge_strerror(code).decode())
        return ctypes.string_at(text).decode()
    finally:
        munge.munge_ctx_destroy(context)


def _wants_proof(conf):
    path = conf.munge_socket() or "/run/munge/munge.socket.2"
    return conf.auth() == "munge" or conf.auth() != "none" and os.path.exists(path)


# ---- a connection ------------------------------------------------------------------------------

_wires = set()


class _Wire(asyncio.Protocol):
    """Lines to and from a server."""
    SEALED = ("LOCK", "UNLOCK", "RENEW", "BREAK_LOCK", "DEAD_PID")
    # An older server reads no seal while a LOCK waits.
    SEALED_URGENT = ("INSIDE", "CANCEL", "DEAD_PROCESS")

    def __init__(self, conf):
        self.conf = conf
        self.loop, self.transport = asyncio.get_event_loop(), None
        self.data, self.wake, self.end = bytearray(), None, None
        self.proto, self.key, self.seal, self.unproven = 1, None, 0, None
        self.answer_s = _ANSWER_S  # for the next line of an answer
        self.seals_urgent = False
        self.cluster = None  # the id of the servers that share its state

    def connection_made(self, transport):
        _wires.add(self)
        self.transport, raw = transport, transport.get_extra_info("socket")
        if raw is not None and raw.family != socket.AF_UNIX:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            for option, value in ((socket.TCP_KEEPIDLE, 60), (socket.TCP_KEEPINTVL, 15),
                                  (socket.TCP_KEEPCNT, 4), (socket.TCP_USER_TIMEOUT, 120000)):
                raw.setsockopt(socket.IPPROTO_TCP, option, value)

    def data_received(self, data):
        self.data += data
        self._wake_up()

    def connection_lost(self, error):
        _wires.discard(self)
        self.end = str(error or "it closed the connection")
        self._wake_up()

    def _wake_up(self):
        if self.wake is not None and not self.wake.done():
            self.wake.set_result(None)

    async def _more(self, until):
        """Waits for more bytes; False when the time is over."""
        left = None if until is None else until - time.monotonic()
        if left is not None and left <= 0:
            return False
        if self.end is not None:
            raise _Gone(self.end)
        self.wake = self.loop.create_future()
        timer = None if left is None else self.loop.call_later(left, self._wake_up)
        try:
            await self.wake
        finally:
            self.wake = None
            if timer is not None:
                timer.cancel()
        return True

    async def line(self, until=None):
        """The next line; None when the time is over."""
        while b"\n" not in self.data:
            if len(self.data) > _LINE_MAX:
                raise _Gone("what it says has no end")
            if not await self._more(until):
                return None
        end = self.data.index(b"\n")
        line = bytes(self.data[:end]).rstrip(b"\r").decode("utf-8", "surrogateescape")
        del self.data[:end + 1]
        self.answer_s = _ANSWER_S
        return line

    async def must(self, until=None):
        """The next line, which has to come in time."""
        line = await self.line(until or time.monotonic() + self.answer_s)
        if line is None:
            raise _Gone("it does not answer")
        return line

    async def bytes(self, count):
        """So many bytes, and a newline."""
        until = time.monotonic() + 60
        while len(self.data) <= count:
            if not await self._more(until):
                raise _Gone("it does not answer")
        found = bytes(self.data[:count])
        del self.data[:count + 1]
        return found

    async def status(self, line=None):
        """A status, from its first line on."""
        found = types.SimpleNamespace(owner="", locked=False, names=(), token=None, hold_left=None,
                                      code=None, error=None)
        until = time.monotonic() + self.answer_s
        while True:
            try:
                line = await self.must(until) if line is None else line
            except _Gone:
                # What is closed with an error has no empty lines behind that.
                if found.error is None:
                    raise
                return found
            word, _, rest = line.partition(" ")
            if word == "":
                await self.must(until)
                return found
            if word == "lockname" and len(found.names) < _NAMES_MAX:
                found.names += (rest,)
            elif word in ("token", "hold-left") and rest.isdigit():
                if word == "token":
                    found.token = int(rest)
                else:
                    found.hold_left = int(rest) / 1000.0
            elif word in ("owner", "error"):
                setattr(found, word, _clean(rest))
            elif word == "error-code":
                found.code = rest
            elif word == "locked":
                found.locked = rest == "1"
            if found.error is not None and found.code is None:
                found.code = "later" if found.error.endswith("try again later") else "refused"
            line = None

    def send(self, *lines):
        out = b""
        for line in lines:
            raw = line.encode("utf-8", "surrogateescape")
            if self.key:
                self.seal = _siphash(self.key, struct.pack("<Q", self.seal) + raw)
                word = line.split(" ")[0]
                if word in self.SEALED or self.seals_urgent and word in self.SEALED_URGENT:
                    out += b"seal %016x\n" % self.seal
            out += raw + b"\n"
        if self.end is None:
            self.transport.write(out)

    def close(self):
        if self.end is None:
            self.send("EOF")
            self.transport.close()

    def leave(self):
        """Leaves the queue, and gives back what was granted meanwhile.  What the server says yet is
        read: a connection that is closed with something unread is reset, and our words with it."""
        self.send("CANCEL", "UNLOCK", "EOF")
        if self.end is None:
            self.transport.write_eof()
            self.loop.call_later(_ANSWER_S, self.transport.abort)
            self.end = "it was left"

    async def prove(self, nonce, reader, until=None):
        """Proves who is asking, where a credential can be had; a server that wants one says so."""
        key, nonce = os.urandom(16), bytes.fromhex(nonce)
        payload = b"farmlock-1 %s %s" % (nonce.hex().encode(), key.hex().encode())
        made = self.loop.run_in_executor(None, _credential, payload, int(reader),
                                         self.conf.munge_socket())
        await asyncio.wait({made}, timeout=2 if until is None else min(2, max(0, until - time.monotonic())))
        if not made.done() or made.exception():
            self.unproven = "munge: %s" % made.exception() if made.done() else "munged is silent"
            return
        self.send("proof munge " + made.result())
        self.answer_s = _PROOF_S
        self.key, self.seal = key, _siphash(key, nonce)

    async def shake_hands(self, until, cluster=None):
        """Learns which protocol the server has, and tells it who is asking.  `cluster` is the id that
        it has to have: one of another knows nothing of a lock, and is told nothing."""
        asks = _wants_proof(self.conf)
        self.send("proto 2", *(["auth"] if asks else []), "VERSION")
        line = await self.must(until)
        if line.startswith("error"):
            code = line[11:] if line.startswith("error-code ") else "later"
            line = await self.must(until) if line.startswith("error-code ") else line
            gone = _Gone(_clean(line[6:]))
            if code not in _PUT_OFF:
                gone.refusal = Refused("the server refuses: %s" % gone, code)
            elif code in _LATER:
                gone.later = Refused("the server refuses: %s" % gone, code)
            raise gone
        words, offer = line.split(), None
        if words[:1] == ["proto"]:
            self.proto = 2
            while words[:1] != ["version"]:
                words = (await self.must(until)).split()
                offer = words if words[:1] == ["auth"] and len(words) > 3 else offer
                if words[:1] == ["cluster"] and re.fullmatch("[A-Za-z0-9-]{1,64}", words[-1]):
                    self.cluster = words[-1]
        if words[:1] != ["version"] or len(words) < 2 or await self.must(until) != "":
            raise _Gone("what answers there is no lockerd")
        self.version = words[1:]
        if cluster is not None and self.cluster != cluster:
            raise _Gone("it is of another cluster" if self.cluster else "it is of no cluster")
        if offer and offer[1] == "munge":
            self.seals_urgent = "urgent" in offer[4:]
            await self.prove(offer[2], offer[3], until)


# ---- servers -----------------------------------------------------------------------------------

class _Client:
    """Finds a server among several, and asks it."""

    def __init__(self, hosts=None, port=None, user=None, notice=None):
        self._conf = _Conf()
        self._hosts = self._conf.servers(hosts, port)
        self._at, self._home, self._told = None, None, None
        self._cluster = self._at_cluster = None  # of home, and of the server that is talked to
        self.user, self.notice = user and _word(user, "user"), notice

    def _tell(self, kind, text):
        if self.notice is not None:
            asyncio.get_event_loop().call_soon(self.notice, kind, text)

    async def _reach(self, wire, host, port):
        loop = asyncio.get_event_loop()
        if port is None:
            return await loop.create_unix_connection(lambda: wire, host)
        # What localhost is, no name service need know (RFC 6761).
        if host == "localhost":
            try:
                return await loop.create_connection(lambda: wire, "127.0.0.1", port)
            except OSError as error:
                try:
                    return await loop.create_connection(lambda: wire, "::1", port)
                except OSError:
                    raise error from None
        return await loop.create_connection(lambda: wire, host, port)

    async def _open(self, wire, host, port, until):
        """Connects to one server, and returns when that has told its protocol."""
        opening = asyncio.ensure_future(self._reach(wire, host, port))
        opening.add_done_callback(lambda done: done.cancelled() or done.exception())
        try:
            await asyncio.wait({opening}, timeout=until - time.monotonic())
            if not opening.done():
                raise _Gone("no connection in time")
            opening.result()
            await wire.shake_hands(until, self._home and self._cluster)
            return wire
        except BaseException:
            opening.cancel()
            if wire.transport is not None:
                wire.transport.abort()
            raise

    async def _race(self, hosts, until, waits):
        """Tries them at once, each begun a little behind the one before.  Returns which of them it
        is, or None, its connection, and {number: fault} of those that have failed.  A server that
        stands alone is had only where those before it have failed, as it knows nothing of what they
        have granted; without `waits`, where none of those has a connection."""
        tasks, wires, faults, begin = [], [], {}, time.monotonic()
        winner = None
        try:
            while True:
                now = time.monotonic()
                if len(tasks) < len(hosts) and now >= begin:
                    wires.append(_Wire(self._conf))
                    tasks.append(asyncio.ensure_future(self._open(
                        wires[-1], *hosts[len(tasks)], min(now + _ANSWER_S, until or now + _ANSWER_S))))
                    begin = now + _NEXT_S
                for number, task in enumerate(tasks):
                    if number in faults or not task.done():
                        continue
                    try:
                        wire = task.result()
                    except (_Gone, OSError) as fault:
                        faults[number] = fault
                        begin = now if number == len(tasks) - 1 else begin
                        continue
                    if wire.cluster or not any(waits or wires[one].transport is not None
                                               for one in range(number) if one not in faults):
                        winner = task
                        return number, wire, faults
                if len(faults) == len(hosts):
                    return None, None, faults
                pending = [task for task in tasks if not task.done()]
                if pending:
                    await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED, timeout=(
                        max(0, begin - now) if len(tasks) < len(hosts) else None))
        finally:
            for task in tasks:
                if not task.done():
                    task.cancel()
                elif task is not winner and not task.cancelled() and task.exception() is None:
                    task.result().close()
            try:
                await asyncio.gather(*tasks, return_exceptions=True)
            except asyncio.CancelledError:
                if winner is not None:
                    winner.result().transport.abort()  # nobody will have it
                raise

    async def _connect(self, until=None, endless=False, waits=False, tries=None):
        """A connection to a server that answers; so many tries, or as long as it takes.  `tries`
        counts them for who comes back when a server has gone."""
        tries = tries or _Tries()
        while True:
            alone = self._home and self._cluster is None
            hosts = [self._home] if alone else list(self._hosts)
            number, wire, faults = await self._race(hosts, until, waits)
            before = hosts if number is None else hosts[:number]
            text = ", ".join("%s (%s)" % (self._name(*host), self._fault(faults.get(one)))
                             for one, host in enumerate(before))
            if number is not None:
                self._at_cluster = wire.cluster
                if before and self._told is None and not wire.cluster:
                    self._tell("second", "asking %s, as no lockerd answers at %s" % (
                        self._name(*hosts[number]), text))
                self._at = hosts[number]
                self._hosts.sort(key=lambda one: one != self._at)
                return wire
            refusal = next((fault.refusal for fault in faults.values()
                            if getattr(fault, "refusal", None)), None)
            later = any(getattr(fault, "later", None) for fault in faults.values())
            text = "no lockerd answers at " + text
            if not endless and (refusal or tries.end(later)):
                raise refusal or Unreachable(text + "; start one there, or name another in IPCLOCKER_HOST or "
                                             "/etc/farmlock/client.conf")
            if endless:
                tries.count += 1
            await self._pause(tries.all(), text, endless, until)

    @staticmethod
    def _fault(fault):
        number = getattr(fault, "errno", None) or 0
        if fault is None:
            return "no connection yet"
        return os.strerror(number) if number > 0 else getattr(fault, "strerror", None) or fault

    def _settle(self):
        """This server has us in its queue, or has granted: no other is asked, but of its cluster."""
        self._home, self._cluster = self._at, self._at_cluster

    def _has_others(self):
        return self._cluster is not None and len(self._hosts) > 1

    def _avoid(self):
        """The server is silent: others of its cluster are asked first."""
        if self._cluster is not None:
            self._hosts.sort(key=lambda one: one == self._at)

    def _name(self, host=None, port=None):
        host, port = (host, port) if host else self._at
        return ("[%s]:%s" if ":" in host else "%s:%s") % (host, port) if port else host

    def _answered(self):
        """What was asked is answered, perhaps by one that was away."""
        if self._told is not None:
            self._tell("retry", "the lockerd at %s answers again" % self._name())
        self._told = None

    async def _pause(self, tries, text, endless, until=None):
        """Between two tries: a farm does not come back in step."""
        growth = 1.5 ** min(tries, 12)
        pause = min(0.1 * growth, 5) if endless else min(growth / 1.5, 60)
        pause *= random.uniform(0.75, 1.25)
        if text != self._told:
            self._tell("retry", "%s; trying again in %.1f s" % (text, pause))
        self._told = text
        left = pause if until is None else until - time.monotonic()
        if left > 0:
            await asyncio.sleep(min(pause, left))
        if left <= pause and until is not None:
            raise Unreachable(text + ", and there is no more time")

    async def _ask(self, lines, take, classic=True, waits=False):
        """Asks once, on a connection of its own; `take` reads the answer.  With `waits`, as for what
        changes something, no server is passed by that just is slow."""
        tries = _Tries()
        while True:
            wire = await self._connect(waits=waits, tries=tries)
            try:
                if wire.proto == 1 and not classic:
                    raise NotSupported("the server at %s is a classic one, which cannot do that"
                                       % self._name())
                wire.send(*lines(wire) if callable(lines) else lines)
                return await take(wire)
            except Refused as refused:
                if refused.code not in _LATER or tries.end(True, False):
                    raise
                await self._pause(tries.all(), str(refused), False)
            except _Gone as gone:
                text = "the lockerd at %s: %s" % (self._name(), gone)
                if tries.end(False, False):
                    raise Unreachable(text)
                await self._pause(tries.all(), text, False)
            finally:
                wire.close()

    def _refusal(self, wire, status):
        """The exception for an answer with an error."""
        text = "the server at %s refuses: %s" % (self._name(), status.error)
        if status.code == "proof-required":
            text += "; no credential was given, as %s" % (wire.unproven or (
                "IPCLOCKER_AUTH is none" if os.environ.get("IPCLOCKER_AUTH") == "none" else
                "auth is none in %s" % self._conf.find("auth")[2] if self._conf.auth() == "none" else
                "munge is not there"))
        return Refused(text, status.code)

    async def _status(self, wire):
        """The status that an answer is, behind whatever lines of other kinds."""
        until = time.monotonic() + wire.answer_s
        while True:
            line = await wire.must(until)
            if line.startswith(("owner", "locked ", "error")):
                return await wire.status(line)


# ---- locks -------------------------------------------------------------------------------------

_numbers, _holding, _guard = set(), set(), threading.Lock()
_first_pid = os.getpid()  # of the program; its forks have others


def _current_task():
    return (getattr(asyncio, "current_task", None) or asyncio.Task.current_task)()


class AsyncLock(_Client):
    """A lock, for asyncio: `async with farmlock.aio.lock(...) as seat`, or acquire() and release().
    Lock has the arguments and attributes; acquire, release and renew are coroutines here."""

    def __init__(self, names, count=1, groups=(), timeout=None, hold=None, warn=None, notice=None,
                 user=None, job=None, project=None, priority=0, hosts=None, port=None,
                 nested_wait=False, keep=None):
        super().__init__(hosts, port, user, notice)
        self._nested_wait = nested_wait
        self._groups = [_group(names, count)]
        for group in groups:
            self._groups.append(_group(*([group] if isinstance(group, str) else group)))
        if not all(0 <= one for one in (timeout or 0, hold or 0, warn or 0, keep or 0)):
            raise ValueError("a time below 0")
        every = [name for group, _ in self._groups for name in group]
        if len(set(every)) < min(len(every), sum(count for _, count in self._groups)):
            raise ValueError("groups have names in common, and too few for all of them")
        self.timeout, self.hold, self.warn = timeout, hold and max(1, int(hold)), warn
        self.keep = keep
        self._words = [("job", job or _job()), ("project", project or _project()),
                       ("priority", str(int(priority)) if priority else None),
                       ("keep", "%.3f" % keep if keep else None)]
        self._words = ["%s %s" % (word, _word(value, word)) for word, value in self._words if value]
        self._held = self._queued = False
        self._wire = self._task = self._number = self._limit = self._pid = self._asker = None
        self.names, self.token, self.lost, self.waiting, self.waited = (), None, None, None, None

    def __str__(self):
        return " ".join(self.names)

    def __repr__(self):
        return "<farmlock lock %s%s>" % (self._wanted(), ", held" if self.held else "")

    @property
    def held(self):
        """Whether the lock is held, as far as the server has told."""
        return self._held and self._pid == os.getpid()

    @property
    def hold_left(self):
        """For how many seconds the lock may be held yet; None without a limit."""
        return None if self._limit is None else max(0.0, self._limit - time.monotonic())

    def _wanted(self):
        return " and ".join(("%d of " % count if count > 1 else "") + ":".join(names)
                            for names, count in self._groups)

    def _owner(self, wire):
        """Who asks, and for how long."""
        lines = _process_lines()
        session = lines[2:] + self._words + ["session 1"] if wire.proto == 2 else []
        return ["user " + self.user, "timeout %d" % (self.hold or 0), "autounlock 1",
                *lines[:2], *session]

    def _demand(self, wire):
        lines = []
        for names, count in self._groups:
            lines.append(("and " if lines else "locks ") + " ".join(names))
            if count != 1:
                lines.append("count %d" % count)
        if wire.proto == 1 and (len(lines) > 1 or self.keep):
            raise NotSupported("the server at %s is a classic one, which knows neither counts nor "
                               "several groups, and keeps nothing; ask for one of one list"
                               % self._name())
        return self._owner(wire) + lines + ["block %d" % (self.timeout != 0)] + (
            ["why 1"] if wire.proto == 2 else [])

    def _take_name(self):
        """An owner's name that no other lock of this process has, unless the caller gave one."""
        with _guard:
            if self.user is None:
                self._number = next(n for n in itertools.count(1) if n not in _numbers)
                _numbers.add(self._number)
                self.user = _own_name(self._number)

    def _drop_name(self):
        _holding.discard(self)
        with _guard:
            if self._number is not None:
                _numbers.discard(self._number)
                self._number = self.user = None

    def _look_inside(self):
        """Who waits for what it holds itself waits for ever."""
        mine = {name for one in list(_holding) if one.held and one._asker == self._asker
                for name in one.names}
        for names, count in self._groups:
            if self.timeout != 0 and mine & set(names) and len(set(names) - mine) < count:
                raise Refused("%s would wait for itself: it is held here already" % self._wanted(),
                              "own")

    async def acquire(self):
        """Gets the lock, and returns self.  Raises Busy, TimedOut, Cancelled, Refused, Unreachable.
        A call that is cancelled leaves the queue."""
        if self.held or self._number is not None:
            raise RuntimeError("%r is held, or being got, already" % self)
        self._asker = self._asker or _current_task()
        self._look_inside()
        self.lost, self.waiting, self.names, self._pid = None, None, (), os.getpid()
        self._home, self._cluster, self._queued = None, None, False
        self._take_name()
        try:
            await self._get(time.monotonic())
        except BaseException as fault:
            self._drop_name()
            if isinstance(fault, Unreachable) and self._queued:
                raise TimedOut("%s was not free in time; %s" % (self._wanted(), fault))
            raise
        finally:
            self.waiting = None
        return self

    async def _get(self, began):
        until = began + self.timeout if self.timeout else None
        most = _TRIES_AT_SEVERAL if self.timeout != 0 and len(self._hosts) > 1 else _TRIES
        tries = _Tries(most, self.timeout != 0)
        while True:
            wire = None
            try:
                wire = await self._connect(until, self._queued, True, tries)
                await self._wait(wire, until)
                self.waited = time.monotonic() - began
                if self._queued:
                    self._tell("obtained", "obtained %s after %.1f s" % (self, self.waited))
                return
            except _Gone as gone:
                wire.transport.abort()
                text = "the lockerd at %s: %s" % (self._name(), gone)
                if tries.end(gone.later, self.timeout != 0) and not self._queued:
                    raise gone.later or Unreachable(text)
                await self._pause(tries.all(), text, self._queued, until)
            except (Refused, Cancelled, Unreachable):
                if wire is not None:
                    wire.close()
                raise
            except BaseException:
                # Also what was granted meanwhile is given back.
                if wire is not None:
                    wire.leave()
                raise

    async def _wait(self, wire, until):
        """Asks on a connection, and waits for the grant."""
        wire.send(*self._demand(wire), "LOCK")
        asked, news, answer = False, False, time.monotonic() + wire.answer_s
        inside = self._nested_wait or wire.proto == 1
        circle = None
        while True:
            pause = (_PULSE_S if self._has_others() else _LOOK_S) if inside else _SHORT_WAIT_S
            look = time.monotonic() + (pause if self._queued else wire.answer_s)
            line = await wire.line(min(look, until or look))
            if line is None and until is not None and time.monotonic() >= until:
                if not self._queued:
                    wire.leave()
                    raise Unreachable("no lockerd answers at %s in time" % self._name())
                raise TimedOut("%s was not free in time%s" % (self._wanted(), "; it is held by %s"
                               % self.waiting["holder"] if self.waiting else ""))
            if line is None:
                if self.timeout == 0:
                    raise _Gone("it does not answer")
                if self._queued and not inside:
                    inside = True
                    wire.send(_inside_line())
                    continue
                if asked and self._queued and self._has_others():
                    self._avoid()
                    raise _Gone("it does not answer")
                if asked:
                    self._tell("retry", "no lockerd answers at %s; it has the request, and is "
                               "waited for" % self._name())
                if wire.proto == 2:
                    wire.send("QUEUE")
                if not self._queued and self._at_cluster is not None:
                    self._settle()  # it has the request, and others of its cluster may have its place
                asked = self._queued = True
                continue
            if not self._queued and time.monotonic() > answer:
                raise _Gone("what it says has no end")
            word, _, rest = line.partition(" ")
            if word in ("print_waiting", "queue", "why") and self.timeout != 0:
                asked = False
                self._note_place(word, rest.split(), b"\nwhy " in b"\n" + wire.data, wire.proto == 1)
            elif word == "circle":
                circle = rest.split()
            elif word == "autounlock_check":
                news = self._report(wire, rest.split()) or news
            elif word in ("owner", "locked", "error-code", "error"):
                status = await wire.status(line)
                if status.locked and status.error is None:
                    return self._take(wire, status)
                if news:
                    news = False
                    wire.send("LOCK")
                    continue
                if status.code == "own" and circle and len(circle) >= 2:
                    raise Refused("%s is asked for inside itself: %s has %s, and waits for what asks "
                                  "for it now" % (self._wanted(), _clean(circle[1]),
                                                  _clean(circle[0])), "own")
                await self._be_refused(wire, status)

    def _note_place(self, word, args, more, classic):
        """What a waiter is told: who has the lock, and which place it has itself."""
        if word == "print_waiting":
            self._answered()
            self._queued = True
            self._settle()
            self.waiting = {"holder": _clean(args[0]) if args else "", "place": 0, "why": "",
                            "lock": "", "held": None, "told": False}
        elif word == "queue" and len(args) >= 4 and self.waiting and args[0].isdigit():
            self.waiting.update(place=int(args[0]), lock=_clean(args[2]), holder=_clean(args[3]),
                                held=int(args[1]) / 1000 if args[1].isdigit() else None)
        elif word == "why" and len(args) >= 11 and self.waiting and args[0] != "seats":
            self.waiting["why"] = _clean("%s %s%s/%s of %s (%s:%s)" % (
                args[0], args[2], "" if args[4] == "0" else "+" + args[4], args[3], args[1],
                " ".join(args[10:]), args[9]))
        known = self.waiting
        if known and not known["told"] and not more and (known["place"] or classic):
            known["told"] = True
            self._tell("waiting", "waiting for %s, held by %s%s%s%s" % (
                self._wanted(), known["holder"] or "somebody",
                "" if known["held"] is None else " for %.1f s" % known["held"],
                known["place"] and "; place %d in the queue" % known["place"] or "",
                known["why"] and "; " + known["why"]))

    def _report(self, wire, args):
        """Looks whether an owner on this host lives, where the server asks for that."""
        if len(args) < 3 or not args[2].isdigit():
            return False
        pid, start = int(args[2]), int(args[4]) if args[4:] and args[4].isdigit() else 0
        if wire.proto == 2:
            dead = start > 0 and _is_gone(pid, start)
            line = "DEAD_PROCESS %d %d" % (pid, start)
        else:
            dead = (args[1].lower() == socket.gethostname().lower()
                    and _namespace() in (0, 0xeffffffc) and _is_gone(pid, 0))
            line = "DEAD_PID %s %d" % (args[1], pid)
        if dead and wire.proto == 1 and self.timeout != 0:
            # What is said on a connection that waits is read behind the grant.
            other = _Client(user=self.user)
            other._hosts = [self._at]
            asyncio.ensure_future(other._ask([line, "VERSION"], _Wire.must))
        elif dead:
            wire.send(line)
        return dead

    async def _be_refused(self, wire, status):
        if status.error is not None:
            refusal = self._refusal(wire, status)
            if status.code in _LATER and (self.timeout != 0 or wire.end is not None):
                gone = _Gone(status.error)
                gone.later = refusal
                raise gone
            raise refusal
        if self.timeout != 0:
            raise Cancelled("the wait for %s was ended by somebody else" % self._wanted())
        # A classic server has put us into the queue all the same; TimedOut and Busy say UNLOCK.
        raise Busy("%s is not free%s" % (self._wanted(), status.owner and "; it is held by %s"
                                         % status.owner))

    def _take(self, wire, status):
        """Checks and keeps what was granted."""
        named = {name for names, _ in self._groups for name in names}
        seats = 0  # of pools
        for names, count in self._groups:
            got = sum(name in names for name in status.names)
            if not got and wire.proto == 2 and len(names) == 1:
                seats += count
            elif got < count:
                break
        else:
            if (len(set(status.names)) == len(status.names) and
                    len(status.names) == sum(count for _, count in self._groups) and
                    sum(name not in named for name in status.names) == seats):
                self._keep(wire, status)
                return
        wire.leave()
        raise Refused("the server at %s granted something else than was asked for" % self._name())

    def _keep(self, wire, status):
        limit = status.hold_left if wire.proto == 2 else self.hold
        self._limit = None if limit is None else time.monotonic() + limit
        self.names, self.token, self._held = status.names, status.token or self.token, True
        self._wire = wire
        self._settle()
        if wire.proto == 1:
            wire.close()  # it wants one for each request
        _holding.add(self)
        self._answered()
        self._task = asyncio.ensure_future(self._watch())

    async def _watch(self):
        """Looks after the connection of a lock that is held."""
        warned, asked = not self.warn, False
        look = time.monotonic() + _PULSE_S
        while self._held:
            until = None if warned or self._limit is None else self._limit - self.warn
            others = self._has_others() and self._wire.proto == 2
            try:
                if self._wire.proto == 1:
                    if until is None:
                        return
                    await asyncio.sleep(max(0, until - time.monotonic()))
                    line = None
                else:
                    line = await self._wire.line(min(look, until or look) if others else until)
            except _Gone:
                return await self._come_back()
            if line is not None:
                look, asked = time.monotonic() + _PULSE_S, False
            elif others and asked and time.monotonic() >= look:
                self._avoid()
                self._wire.transport.abort()
                return await self._come_back()
            elif others and time.monotonic() >= look:
                self._wire.send("QUEUE")
                look, asked = time.monotonic() + _PULSE_S, True
                continue
            if line is None:
                warned = True
                self._tell("hold-left", "%s will be taken back in %.0f s" % (self, self.hold_left))
                continue
            word, token, told = (line.split() + ["", "", ""])[:3]
            if token != str(self.token):
                continue
            if word == "lost":
                self._lose(told or "unknown")
            elif word == "extended" and told.isdigit():
                self._limit = time.monotonic() + int(told) / 1000.0
                warned = not self.warn

    async def _come_back(self):
        """Takes the session up again at the server that has granted the lock."""
        for tries in itertools.count(1):
            wire = await self._connect(None, True)
            try:
                wire.send(*self._owner(wire), "locks " + " ".join(self.names))
                if wire.proto == 2:
                    wire.send("count %d" % len(self.names), "RENEW %d" % (self.token or 0))
                else:
                    wire.send("STATUS")
                status = await self._status(wire)
                if status.locked and status.error is None and set(status.names) == set(self.names):
                    return self._keep(wire, status)
                if status.error is None or status.code not in _PUT_OFF:
                    return self._lose("unknown")
                raise _Gone(status.error)
            except BaseException as fault:
                wire.transport.abort()
                if not isinstance(fault, _Gone):
                    raise
                self._avoid()
                await self._pause(tries, "the lockerd at %s: %s" % (self._name(), fault), True)

    def _lose(self, reason):
        self.lost, self._held = _clean(reason), False
        self._wire.close()
        self._drop_name()
        self._tell("lost", str(self._loss()))

    def _loss(self):
        return Lost("the lock %s was lost: %s" % (
            self, _REASONS.get(self.lost, "the server has taken it back")), self.lost)

    async def renew(self):
        """Asks the server whether the lock is held still, by a new connection; raises Lost."""
        if self.held:
            self._task.cancel()
            self._wire.close()
            await self._come_back()
        if self.lost is not None:
            raise self._loss()
        return self

    async def release(self):
        """Gives the lock back.  Not to hold it, as another process after a fork, is no error."""
        if not self.held:
            return
        self._held = False
        self._task.cancel()
        giving = asyncio.ensure_future(self._give_back())
        await asyncio.wait({giving}, timeout=2 * _ANSWER_S)
        if not giving.done():
            raise Unreachable("no lockerd answers at %s; %s is given back when it does" % (
                self._name(), self))
        giving.result()

    async def _give_back(self):
        wire = self._wire
        try:
            for tries in itertools.count(1):
                try:
                    if wire.end is not None or wire.transport.is_closing():
                        wire = await self._connect(None, True)
                    wire.send("user " + self.user, "locks " + " ".join(self.names),
                              *_process_lines()[:3 if wire.proto == 2 else 2], "UNLOCK")
                    status = await self._status(wire)
                    if status.code in _LATER:
                        raise _Gone(status.error)
                    wire.close()
                    self._answered()
                    break
                except _Gone as gone:
                    wire.transport.abort()
                    self._avoid()
                    await self._pause(tries, "the lockerd at %s: %s" % (self._name(), gone), True)
        finally:
            self._drop_name()
        if status.error is not None:
            raise self._refusal(wire, status)

    async def __aenter__(self):
        return await self.acquire()

    async def __aexit__(self, kind, error, trace):
        try:
            await self.release()
        except Error:
            if error is None:
                raise
        if self.lost is not None and error is None:
            raise self._loss()


# ---- questions ---------------------------------------------------------------------------------

def _names_of(names):
    return " ".join(_group(names)[0])


async def _status(names, user=None, hosts=None, port=None):
    """Who has a lock: `owner`, "" when it is free; and `locked`, `names`, `token`, `hold_left` of
    what `user` has of it."""
    client = _Client(hosts, port, user)
    wanted = ["user " + (client.user or _own_name()), "locks " + _names_of(names), "STATUS"]

    async def take(wire):
        status = await client._status(wire)
        if status.error is not None:
            raise client._refusal(wire, status)
        return status

    return await client._ask(wanted, take)


async def _unlock(names, user, hosts=None, port=None):
    """Gives back what an owner has of these, as one of this process whose program gave it a name."""
    client = _Client(hosts, port, user)

    def lines(wire):
        return ["user " + client.user, "locks " + _names_of(names),
                *_process_lines()[:3 if wire.proto == 2 else 2], "UNLOCK"]

    async def take(wire):
        status = await client._status(wire)
        if status.error is not None:
            raise client._refusal(wire, status)

    await client._ask(lines, take, waits=True)


async def _break_lock(names, hosts=None, port=None):
    """Takes locks away from whoever has them; returns from whom, as a list."""
    client = _Client(hosts, port)
    taken = []

    async def take(wire):
        del taken[:]
        while True:
            line = await wire.must()
            if line.startswith("print_broke "):
                taken.append(_clean(line.split()[1]))
            elif line.startswith(("owner", "locked ", "error")):
                status = await wire.status(line)
                if status.error is not None:
                    raise client._refusal(wire, status)
                return taken

    return await client._ask(["user " + _own_name(), "locks " + _names_of(names), "BREAK_LOCK"],
                             take, waits=True)


async def _lock_list(pools=False, hosts=None, port=None):
    """What is held and waited for, as locklist.schema.json has it; with `pools`, the pools."""
    client = _Client(hosts, port)

    def lines(wire):
        return [("LIST_JSON" + " pools" * pools) if wire.proto == 2 else "LOCK_LIST"]

    async def take(wire):
        if wire.proto == 2:
            line = await wire.must()
            if not line.startswith("json ") or not line[5:].isdigit():
                status = await wire.status(line)
                raise client._refusal(wire, status)
            return json.loads((await wire.bytes(int(line[5:]))).decode("utf-8", "replace"))
        rows, line = [], await wire.must()
        while line:
            rows.append(line.split())
            line = await wire.must()
        return {"locks": [{"name": _clean(row[1]), "owner": _clean(row[2])} for row in rows
                          if len(row) > 2], "waiters": []}

    return await client._ask(lines, take, classic=not pools)


async def _ping(hosts=None, port=None):
    """Who answers: `host`, `version`, `protocol`, and `known`, as what it knows the caller:
    "munge 1000", "socket 1000" or "claimed"."""
    client = _Client(hosts, port)

    async def take(wire):
        until, known = time.monotonic() + wire.answer_s, "claimed"
        line = await wire.must(until)
        while not line.startswith("version"):
            known = line[7:] if line.startswith("whoami ") else known
            line = await wire.must(until)
        return types.SimpleNamespace(host=client._at[0], version=_clean(wire.version[0]),
                                     protocol=wire.proto, known=_clean(known))

    return await client._ask(lambda wire: ["WHOAMI"][:wire.proto - 1] + ["VERSION"], take)


class aio:
    """The same for asyncio: lock() for `async with`, and coroutines of the same names."""
    lock = AsyncLock
    status, unlock, break_lock = staticmethod(_status), staticmethod(_unlock), staticmethod(_break_lock)
    lock_list, ping = staticmethod(_lock_list), staticmethod(_ping)


# ---- calls that block ------------------------------------------------------------------------------

_background = None


def _loop():
    """The event loop of this module's own thread, which a forked child has anew."""
    global _background
    with _guard:
        if _background is None or _background[0] != os.getpid():
            loop = asyncio.new_event_loop()
            thread = threading.Thread(target=_serve, args=(loop,), name="farmlock", daemon=True)
            _background = os.getpid(), loop, thread
            thread.start()
        if _background[2] is threading.current_thread():
            raise RuntimeError("a notice must not call what blocks")
        return _background[1]


def _serve(loop):
    asyncio.set_event_loop(loop)
    loop.run_forever()
    tasks = (getattr(asyncio, "all_tasks", None) or asyncio.Task.all_tasks)(loop)
    for task in tasks:
        task.cancel()
    for wire in [one for one in _wires if one.loop is loop]:
        wire.transport.abort()
    loop.run_until_complete(asyncio.gather(asyncio.sleep(0), *tasks, return_exceptions=True))
    loop.close()


@atexit.register
def _stop():
    """At the end of the program: gives back what it has left locked."""
    if _background is None or _background[0] != os.getpid():
        return

    async def give_all_back():
        giving = [asyncio.ensure_future(one.release()) for one in list(_holding)
                  if one._task._loop is _background[1]]
        if giving:
            await asyncio.wait(giving, timeout=2)

    try:
        _run(give_all_back())
    finally:
        _background[1].call_soon_threadsafe(_background[1].stop)
        _background[2].join(2)


def _run(coroutine):
    future = asyncio.run_coroutine_threadsafe(coroutine, _loop())
    try:
        return future.result()
    except BaseException:
        future.cancel()
        raise


def _blocking(coroutine):
    @functools.wraps(coroutine)
    def call(*args, **options):
        return _run(coroutine(*args, **options))
    call.__name__ = call.__qualname__ = coroutine.__name__[1:]
    return call


class Lock:
    """A lock: `with farmlock.lock("lic1:lic2") as seat`, or acquire() and release().

    names      "lic1:lic2" or "vcs[1-8]", or a list of such: one of these; or the name of a pool
    count      how many of them
    groups     further ones, each "names" or ("names", count), to be had together with the others
    timeout    seconds to wait at most; 0: not at all; None: for ever
    hold       seconds after which the server takes the lock back; None: never
    keep       seconds for which, from now on, nobody else gets it, though it was given back before
    notice     notice(kind, text) is told of what happens, in another thread than the caller's: kind
               is "waiting", "obtained", "lost", "hold-left", "retry" or "second"; text is for people
    warn       has "hold-left" told so many seconds before the server takes the lock back
    user       the owner's name; by default HOST_PID_USER, one for each lock of a process
    job, project, priority    what pools go by; by default those of the scheduler's job
    hosts, port    instead of IPCLOCKER_HOST, IPCLOCKER_PORT and the files of farmlock-client.conf(5)
    nested_wait    waits, too, for what a process holds that has started this one, as lockersh or a
                   script: that would be for ever if it waits for this one, and is Refused ("own")

    `names` is what was got, as str(seat) with blanks between them; `token`, `held`, `hold_left`
    (seconds), `waited` (seconds), `waiting` (None, or a dict of place, holder, lock, held and why)
    and `lost` (None, or the reason) say how it is.  Leaving the block raises Lost if the lock was
    taken away in it, and the block has not failed by itself.
    """

    def __init__(self, names, **options):
        self._lock = AsyncLock(names, **options)

    def __getattr__(self, name):
        if name == "_lock":
            raise AttributeError(name)
        return getattr(self._lock, name)

    def __str__(self):
        return str(self._lock)

    def __repr__(self):
        return repr(self._lock)

    def acquire(self):
        """Gets the lock, and returns self.  Raises Busy, TimedOut, Cancelled, Refused, Unreachable.
        A signal's exception, such as KeyboardInterrupt, leaves the queue."""
        self._lock._asker = threading.get_ident()
        try:
            _run(self._lock.acquire())
        except (Error, RuntimeError):
            raise
        except BaseException:
            asyncio.run_coroutine_threadsafe(self._lock.release(), _loop())
            raise
        return self

    def renew(self):
        """Asks the server whether the lock is held still, by a new connection; raises Lost."""
        _run(self._lock.renew())
        return self

    def release(self):
        """Gives the lock back.  Not to hold it, as another process after a fork, is no error."""
        if self._lock.held:
            _run(self._lock.release())

    def __enter__(self):
        return self.acquire()

    def __exit__(self, kind, error, trace):
        if self._lock._pid == os.getpid():
            _run(self._lock.__aexit__(kind, error, None))


lock = Lock
status, unlock, break_lock = _blocking(_status), _blocking(_unlock), _blocking(_break_lock)
lock_list, ping = _blocking(_lock_list), _blocking(_ping)
