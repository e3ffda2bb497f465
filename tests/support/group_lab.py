"""A lockerd on a machine with users and groups of the test's own."""

import os
import signal

from support import farm, tap
from support.lockd import LOCKERD, serves
from support.wire import Wire

USERS = ("root:x:0:0::/:/bin/sh\nanna:x:7001:7001::/:/bin/sh\nbert:x:7002:7002::/:/bin/sh\n"
         "cleo:x:7003:7010::/:/bin/sh\n")
GROUPS = "root:x:0:\nanna:x:7001:\nbert:x:7002:\nchip:x:7010:anna\nnight:x:7011:\n"


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:  # in its place, as it is mounted
        file.write(text)
    os.chmod(path, 0o644)


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


class Server:
    """lockerd on a machine with users and groups of the test's own."""

    def __init__(self, folder, conf, state="none"):
        self.folder, self.port, self.log = folder, farm.free_port(), f"{folder}/log"
        write(f"{folder}/passwd", USERS)
        write(f"{folder}/group", GROUPS)
        write(f"{folder}/conf", conf)
        self.state = state
        self.start()

    def start(self):
        mounts = "".join(f"mount --bind {self.folder}/{name} /etc/{name} && " for name in ("passwd", "group"))
        with open(self.log, "ab") as err:
            self.process = farm.start(
                "unshare", "-m", "sh", "-c", mounts + 'exec "$@"', "sh", LOCKERD, "--nofork",
                "--config", f"{self.folder}/conf", "--state", self.state, "--user", "root", "--port", self.port,
                stderr=err)
        farm.poll(self.is_up, "it serves")

    def is_up(self):
        assert self.process.poll() is None, read(self.log)
        return serves(self.port)

    def crash(self):
        self.process.kill()
        self.process.wait()

    def asks(self, user, name, owner=1):
        """The connection of a user who waits where he has to."""
        wire = Wire(self.port)
        wire.lock(f"h_{owner}_{user}", name, 1)
        return wire

    def grants(self, user, name, owner=1, keep=False):
        """Whether a user is granted a seat now, which he gives back."""
        wire = Wire(self.port)
        granted = wire.lock(f"h_{owner}_{user}", name)["locked"] == "1"
        if granted and not keep:
            wire.ask("UNLOCK")
        return granted

    def reload(self):
        before = read(self.log).count("was read anew")
        self.process.send_signal(signal.SIGHUP)
        farm.poll(lambda: read(self.log).count("was read anew") > before, f"it is read: {read(self.log)}")

    def within(self, *command):
        farm.equal(farm.run("nsenter", "-t", self.process.pid, "-m", *command).returncode, 0)

    def hang_groups(self):
        """The group database does not answer any more."""
        os.mkfifo(f"{self.folder}/fifo")
        self.within("mount", "--bind", f"{self.folder}/fifo", "/etc/group")

    def free_groups(self):
        self.within("umount", "-l", "/etc/group")

    def is_asked_twice(self):
        self.process.send_signal(signal.SIGHUP)
        return "is read again when" in read(self.log)

    def end_of_groups(self):
        """Whoever has opened them finds their end."""
        os.close(os.open(f"{self.folder}/fifo", os.O_RDWR))
        return True

    def is_read_anew(self):
        self.end_of_groups()
        return "was read anew" in read(self.log)


def need_root():
    if os.geteuid() != 0:
        raise tap.Lacks("root, to mount users and groups of its own")
