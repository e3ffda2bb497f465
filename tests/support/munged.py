"""A munged of a test's own, with its own key, and credentials made by it."""

import os
import shutil
import subprocess

from support import farm, tap


def missing():
    """What this machine lacks for tests with munge; None when it has all."""
    if os.geteuid() != 0:
        return "other users can be played by root only"
    # In /usr/sbin, where not everybody looks.
    return None if program() and shutil.which("munge") else "there is no munged: install munge"


def require():
    """For tap.before_each(): a test that needs munge is not tried without it, which is said."""
    lack = missing()
    if lack:
        raise tap.Lacks(lack)


def program():
    return shutil.which("munged", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


def make_key(path):
    with open(path, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as key:
        key.write(os.urandom(128))
    return path


class Munged:
    def __init__(self, folder, name="munge", key=None, before=()):
        os.chmod(folder, 0o755)
        self.folder = os.path.join(folder, name)
        os.mkdir(self.folder, 0o755)
        self.socket = os.path.join(self.folder, "socket")
        self.key = key or make_key(os.path.join(self.folder, "key"))
        self.before = before
        self.reader = 0  # whom credentials are for, where nobody else is named
        self.process = None
        self.start()

    def start(self):
        files = [f"--{name}-file={self.folder}/{name}" for name in ("pid", "log", "seed")]
        self.process = farm.start(*self.before, program(), "--foreground", "--force",
                                  f"--socket={self.socket}", f"--key-file={self.key}", *files,
                                  stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                  stdin=subprocess.DEVNULL)
        farm.poll(self.answers, "munged answers")

    def answers(self):
        return farm.run("munge", f"--socket={self.socket}", "-n").returncode == 0

    def stop(self):
        farm.stop(self.process)

    def credential(self, payload, uid=0, reader=(), *options):
        """A credential that the user `uid` makes for the user `reader`, or for all (None)."""
        reader = self.reader if reader == () else reader
        restriction = () if reader is None else (f"--restrict-uid={reader}",)
        made = farm.run("setpriv", "--reuid", uid, "--regid", uid, "--clear-groups", "munge",
                        f"--socket={self.socket}", f"--string={payload}", *restriction, *options)
        farm.equal((made.returncode, made.stderr), (0, ""))
        return made.stdout.strip()
