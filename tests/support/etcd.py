"""Real members of etcd, and questions to them: by lockerd's own client (build/tests/etcd/ask) and by
etcdctl.  Members end by kill -9, as one that is asked to end takes seconds and keeps its ports."""

import collections
import os
import re
import shutil
import signal
import subprocess

from support import built, farm, tap

ASK = os.path.join(farm.BUILD, "tests", "etcd", "ask")

tap.before_each(built.need_etcd)


# ---- protobuf, as far as it takes --------------------------------------------------------------

def _varint(number):
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7f | 0x80)
        number >>= 7
    return bytes(out + bytes([number]))


def message(*fields):
    """Of (number, value): bytes and messages, text, or numbers."""
    out = b""
    for number, value in fields:
        if isinstance(value, int):
            out += _varint(number << 3) + _varint(value)
        else:
            data = value.encode() if isinstance(value, str) else value
            out += _varint(number << 3 | 2) + _varint(len(data)) + data
    return out


def _take_varint(data, at):
    number = shift = 0
    while True:
        byte = data[at]
        number, shift, at = number | (byte & 0x7f) << shift, shift + 7, at + 1
        if byte < 0x80:
            return number, at


def fields(data):
    """{number: [value, ...]} of a message."""
    found, at = collections.defaultdict(list), 0
    while at < len(data):
        tag, at = _take_varint(data, at)
        value, at = _take_varint(data, at)
        if tag & 7 == 2:
            value, at = data[at:at + value], at + value
        found[tag >> 3].append(value)
    return found


def put(*pairs):
    """A transaction that puts keys."""
    return message(*((2, message((2, message((1, key), (2, value))))) for key, value in pairs))


def range_of(key, end=None, limit=0, revision=0):
    return message((1, key), *([(2, end)] if end else []), (3, limit), (4, revision))


def keys_of(answer):
    """{key: value} of a range's answer."""
    pairs = (fields(one) for one in fields(answer)[2])
    return {pair[1][0].decode(): pair[5][0] if pair[5] else b"" for pair in pairs}


# ---- members -----------------------------------------------------------------------------------

def version():
    """(3, 4, 23) of the etcd that is installed."""
    if not shutil.which("etcd"):
        raise tap.Lacks("etcd is not installed")
    found = re.search(r"etcd Version: (\d+)\.(\d+)\.(\d+)", farm.run("etcd", "--version").stdout)
    return tuple(int(word) for word in found.groups())


class Member:
    """One etcd; `start()` again after `kill()` goes on with its data."""

    def __init__(self, cluster, name, place=None):
        self.cluster, self.name, self.place = cluster, name, place
        self.port, self.peer_port = farm.free_port(), farm.free_port()
        self.address = place.address if place else "127.0.0.1"
        self.url = f"{cluster.scheme}://{cluster.host or self.address}:{self.port}"
        self.peer = f"http://{self.address}:{self.peer_port}"
        self.folder = os.path.join(cluster.folder, name)
        self.process = None

    def inside(self):
        """The words that run a command on its host."""
        return self.place.enter() if self.place else []

    def start(self):
        listen = f"{self.cluster.scheme}://{self.address}:{self.port}"
        self.process = subprocess.Popen(
            [*self.inside(), "etcd", "--name", self.name, "--data-dir", self.folder,
             "--listen-client-urls", listen, "--advertise-client-urls", self.url,
             "--listen-peer-urls", self.peer, "--initial-advertise-peer-urls", self.peer,
             "--initial-cluster", self.cluster.initial(), *self.cluster.options],
            stdout=self.cluster.log, stderr=self.cluster.log)
        farm.at_end(self.kill)

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def stop(self):
        """In order: it says good-bye to its clients."""
        self.process.terminate()
        self.process.wait(farm.PATIENCE_S)

    def freeze(self):
        """Until the test's end, or thaw(): its kernel goes on taking connections and bytes."""
        farm.freeze(self.process.pid)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def control(self, *words, **options):
        """etcdctl at this member."""
        return self.cluster.control(*words, member=self, **options)

    def serves(self):
        return self.control("get", "x").returncode == 0

    def status(self):
        """{word: number} of what it says of itself, such as MemberID and Leader; empty where it does
        not within a second."""
        said = self.control("endpoint", "status", "--write-out", "fields", "--command-timeout", "1s").stdout
        return {word: int(number) for word, number in re.findall(r'"(\w+)" : (\d+)', said)}


class Cluster:
    """Members that serve when it is made.  `options` are etcd's own; with `tls`, options of etcdctl
    (cacert, cert, key), clients come by TLS; `host` is a name for all of them.  `places` are hosts
    (support/netns.py) for the members, one each; else all are on loopback."""

    def __init__(self, folder, size=1, options=(), tls=None, host=None, places=None):
        version()
        self.folder, self.options, self.tls, self.host = folder, options, tls or {}, host
        self.scheme = "https" if tls else "http"
        self.log = open(os.path.join(folder, "etcd.log"), "ab")
        farm.at_end(self.log.close)
        self.members = [Member(self, f"etcd{number}", place)
                        for number, place in enumerate(places or [None] * size, 1)]
        for member in self.members:
            member.start()
        for member in self.members:
            farm.poll(member.serves, f"{member.name} serves")

    def initial(self):
        return ",".join(f"{member.name}={member.peer}" for member in self.members)

    def urls(self):
        return [member.url for member in self.members]

    def state(self, prefix="/farmlock/test"):
        """As --state has it."""
        return "etcd:" + ",".join(self.urls()) + prefix

    def control(self, *words, member=None, user=None, **options):
        """Runs etcdctl, at all members or at one, on the host of the first or of that one, and
        returns it."""
        files = [f"--{name}={path}" for name, path in self.tls.items()]
        inside = (member or self.members[0]).inside()
        return farm.run(*inside, "etcdctl", "--endpoints", member.url if member else ",".join(self.urls()),
                        *files, *(["--user", user] if user else []), *words,
                        env=farm.environment(ETCDCTL_API=3), **options)

    def must(self, *words, **options):
        """The same, and it succeeds."""
        done = self.control(*words, **options)
        assert done.returncode == 0, (words, done.stdout, done.stderr)
        return done.stdout

    def leader(self):
        """The member that leads."""
        for member in self.members:
            status = member.status()
            if status and status["MemberID"] == status["Leader"]:
                return member
        return None


# ---- lockerd's client --------------------------------------------------------------------------

def watched():
    """The words that run the client under valgrind; none where a sanitizer is in it already."""
    with open(ASK, "rb") as program:
        if re.search(rb"__[at]san_init", program.read()):
            return ()
    return ("valgrind", "-q", "--error-exitcode=99", "--leak-check=full",
            "--errors-for-leak-kinds=definite,indirect,possible",
            f"--suppressions={farm.SOURCE}/tests/unit/valgrind.supp")


Answer = collections.namedtuple("Answer", "outcome code ms next data text")


class Asker:
    """A process that asks as lockerd does."""

    def __init__(self, state, wrapper=(), **settings):
        self.process = farm.start(*wrapper, ASK, state,
                                  *(f"{name}={value}" for name, value in settings.items()),
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def tell(self, *words):
        self.process.stdin.write(" ".join(str(word) for word in words) + "\n")
        self.process.stdin.flush()

    def hear(self):
        line = self.process.stdout.readline()
        assert line, f"{ASK} has ended: {self.process.wait()}"
        return line.rstrip("\n")

    def answer(self):
        """To a call that was told."""
        outcome, code, ms, following, data, text = self.hear().split(" ", 5)
        return Answer(outcome, int(code), int(ms), following,
                      b"" if data == "-" else bytes.fromhex(data), text)

    def ask(self, method, request=b"", timeout_ms=10000):
        self.tell("call", method, timeout_ms, request.hex())
        return self.answer()

    def repeat(self, count, method, request=b"", timeout_ms=10000):
        """How many were answered, refused and unknown, and how long all took."""
        self.tell("repeat", count, method, timeout_ms, request.hex())
        return tuple(int(word) for word in self.hear().split())

    def put_many(self, count, revision, timeout_ms=30000):
        """Puts so many keys in one transaction, as lockerd packs it, if the first was last changed at
        that revision: the outcome, whether it was, a revision, how many rows were seen instead, and
        the error."""
        self.tell("put", count, revision, timeout_ms)
        outcome, succeeded, changed, rows, text = self.hear().split(" ", 4)
        return outcome, succeeded == "1", int(changed), int(rows), text

    def interrupt(self, delay_ms):
        """Has all calls end from then on; 0: no more."""
        self.tell("interrupt", delay_ms)
        farm.equal(self.hear(), "set")

    def end(self):
        """Ends it in order, and returns its exit status."""
        self.process.stdin.close()
        return self.process.wait(farm.PATIENCE_S)


def refused(state, **settings):
    """What the client says of settings that it does not take."""
    done = farm.run(ASK, state, *(f"{name}={value}" for name, value in settings.items()))
    farm.equal((done.returncode, done.stderr), (1, ""))
    return done.stdout.rstrip("\n")
