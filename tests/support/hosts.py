"""Far hosts on this machine: login shells, an sshd and an rshd of a test's own.

Users with each login shell exist only inside a private mount namespace, which a bind mount over
/etc/passwd gives another list of users.  Nothing on the machine itself is changed."""

import getpass
import os
import shutil
import subprocess

from support import farm, tap

# The name under which a shell is known here, and the program.
_PROGRAMS = {"sh": "sh", "bash": "bash", "dash": "dash", "ksh": "ksh", "mksh": "mksh",
             "zsh": "zsh", "csh": "bsd-csh", "tcsh": "tcsh", "fish": "fish"}
SBIN = ":/usr/local/sbin:/usr/sbin:/sbin"


def tool(name):
    """The path of a program, or the test ends because the machine lacks it."""
    path = shutil.which(name, path=os.environ.get("PATH", "/usr/bin:/bin") + SBIN)
    if not path:
        raise tap.Lacks(f"there is no {name}; make deps installs it")
    return path


def shells():
    """All the shells, by name."""
    return {name: tool(program) for name, program in _PROGRAMS.items()}


def uriexec_in(folder):
    """A path of uriexec that needs no quoting, wherever the build is."""
    path = os.path.join(folder, "uriexec")
    if not os.path.exists(path):
        os.symlink(os.path.realpath(farm.program("uriexec")), path)
    return path


def home_in(folder):
    """An empty home, so that nobody's start-up files matter."""
    path = os.path.join(folder, "home")
    os.makedirs(path, mode=0o700, exist_ok=True)
    return path


def user(shell):
    return f"farm-{shell}"


def _write(path, text, mode=0o600):
    with open(path, "w", encoding="utf-8") as out:
        out.write(text)
    os.chmod(path, mode)
    return path


def _namespace(folder, *unshare_options):
    """The words that run a command where /etc/passwd has a user for each shell; None where this
    user or this machine may not make such a place."""
    with open("/etc/passwd", encoding="utf-8") as passwd:
        users = passwd.read()
    for shell, path in shells().items():
        users += f"{user(shell)}:*:{os.getuid()}:{os.getgid()}::{home_in(folder)}:{path}\n"
    _write(os.path.join(folder, "passwd"), users, 0o644)
    script = _write(os.path.join(folder, "enter"),
                    'set -e\nmount --bind "$1/passwd" /etc/passwd\n'
                    "mount -t tmpfs none /run\nmkdir -m 755 /run/sshd\n"
                    "[ -z \"$2\" ] || ip link set lo up\nshift 2\nexec \"$@\"\n")
    words = [tool("unshare"), "--mount", *unshare_options, "--",
             "/bin/sh", script, folder, "net" if "--net" in unshare_options else ""]
    if os.getuid() != 0 or farm.run(*words, "true").returncode != 0:
        return None
    return words


def _isolated(daemon):
    """The words that run a daemon with processes of its own; unshare itself hears no SIGTERM."""
    return ["/bin/sh", "-c", "trap 'kill -KILL $!' TERM; \"$@\" & wait", "sh", tool("unshare"),
            "--pid", "--fork", "--kill-child", "--mount-proc", "--", *daemon]


class Sshd:
    """An sshd; `config` makes `ssh -F config host-SHELL` end in that login shell.  `inside` are
    the words that run it in another network, `isolates` gives it processes of its own, as another
    host has; `settings` are lines for its configuration."""

    def __init__(self, folder, address="127.0.0.1", inside=(), isolates=False, settings=""):
        self.address = address
        self.settings = settings
        sshd = tool("sshd")
        self.folder = folder
        self.port = farm.free_port()
        self.config = os.path.join(folder, "ssh_config")
        self.namespace = _namespace(folder)
        self.log = os.path.join(folder, "sshd.log")
        if os.getuid() == 0 and self.namespace is None:
            os.makedirs("/run/sshd", mode=0o755, exist_ok=True)  # what ssh's start script does
        _write(os.path.join(folder, "authorized_keys"), self._make_keys())
        _write(self.config, self._client_config())
        _write(os.path.join(folder, "sshd_config"), self._server_config())
        with open(self.log, "wb") as log:
            daemon = [sshd, "-D", "-e", "-f", os.path.join(folder, "sshd_config")]
            daemon = _isolated(daemon) if isolates else daemon
            farm.start(*inside, *(self.namespace or []), *daemon, stdin=subprocess.DEVNULL,
                       stderr=log)
        farm.poll(self._listens, f"sshd on port {self.port}, see {self.log}")

    def how(self):
        if self.namespace:
            return "sshd runs them from its users' entries"
        return "no namespace here: sshd runs them by command= in authorized_keys"

    def _make_keys(self):
        """A key for each shell.  Without users of our own it names the shell by command=, which
        then runs just what sshd would."""
        keys = ""
        keygen = tool("ssh-keygen")
        for name, path in {**shells(), "host": None}.items():
            key = os.path.join(self.folder, f"key-{name}")
            farm.run(keygen, "-q", "-t", "ed25519", "-N", "", "-f", key).check_returncode()
            with open(key + ".pub", encoding="utf-8") as public:
                line = public.read()
            if path and not self.namespace:
                line = f'command="exec {path} -c \\"$SSH_ORIGINAL_COMMAND\\"" {line}'
            keys += line if path else ""
        return keys

    def _server_config(self):
        return (f"Port {self.port}\nListenAddress {self.address}\nHostKey {self.folder}/key-host\n"
                f"PidFile none\nAuthorizedKeysFile {self.folder}/authorized_keys\n"
                "StrictModes no\nUsePAM no\nPasswordAuthentication no\nPermitRootLogin yes\n"
                "KbdInteractiveAuthentication no\nMaxStartups 100\nUseDNS no\n"
                + self.settings)

    def _client_config(self):
        text = ""
        for shell in shells():
            name = user(shell) if self.namespace else getpass.getuser()
            text += f"Host host-{shell}\n  User {name}\n  IdentityFile {self.folder}/key-{shell}\n"
        return text + (f"Host *\n  HostName {self.address}\n  Port {self.port}\n  IdentitiesOnly yes\n"
                       "  IdentityAgent none\n  BatchMode yes\n  StrictHostKeyChecking no\n"
                       "  UserKnownHostsFile /dev/null\n  GlobalKnownHostsFile /dev/null\n"
                       "  LogLevel ERROR\n  PreferredAuthentications publickey\n")

    def _listens(self):
        with open(self.log, encoding="utf-8") as log:
            return "Server listening" in log.read()

    def launcher(self, shell, *options):
        return " ".join(["ssh", "-F", self.config, *options, f"host-{shell}"])


class Rshd:
    """An in.rshd under inetd, in a network of its own, where port 514 is free; if it isolates, with
    processes of its own, as another host has."""

    def __init__(self, folder, isolates=False):
        rshd = tool("in.rshd")
        inetd = tool("inetd")
        self.rsh = tool("rsh-redone-rsh")
        namespace = _namespace(folder, "--net")
        if not namespace:
            raise tap.Lacks("rsh needs port 514: only root can have a network namespace with it")
        _write(os.path.join(home_in(folder), ".rhosts"), "localhost root\n")
        _write(os.path.join(folder, "inetd.conf"),
               f"127.0.0.1:514 stream tcp nowait.1000 root {rshd} in.rshd\n")
        daemon = [inetd, "-i", os.path.join(folder, "inetd.conf")]
        daemon = _isolated(daemon) if isolates else daemon
        self.inetd = farm.start(*namespace, *daemon, stdin=subprocess.DEVNULL)
        self.inside = [tool("nsenter"), "--target", str(self.inetd.pid), "--mount", "--net", "--"]
        farm.poll(self._listens, "inetd on port 514")

    def _listens(self):
        return ":514 " in farm.run(*self.inside, tool("ss"), "-ltn").stdout

    def launcher(self, shell):
        return f"{self.rsh} -l {user(shell)} localhost"
