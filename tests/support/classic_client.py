"""The classic package's own client, where this machine's perl has it, and else a double of what it does."""

import socket
import subprocess
import sys

from support import farm

# Lines in, one line out for each.  It goes by IPCLOCKER_HOST and IPCLOCKER_PORT.
PERL = r"""
use IPC::Locker;
$| = 1;
my $lock;
while (<STDIN>) {
    my ($word, $user, $name) = split;
    my $said = eval {
        if ($word eq 'unlock') {
            $lock->unlock;
            'unlocked';
        } elsif ($word eq 'owner') {
            ($lock || IPC::Locker->new(lock => [$name], destroy_unlock => 0))->owner || 'nobody';
        } else {
            $lock ||= IPC::Locker->new(lock => [$name], user => $user, timeout => 0, destroy_unlock => 0);
            $lock->lock ? 'locked' : 'not locked';
        }
    };
    print defined $said ? "$said\n" : "failed: " . (split /\n/, $@)[0] . "\n";
}
"""


class Double:
    """A connection for each request, to the first of the hosts that takes one; whoever did is the first
    from then on.  What comes until the server closes is the answer, whatever that is worth."""

    def __init__(self, hosts, port):
        self.hosts, self.port = hosts.split(":"), port
        self.user, self.name, self.locked = "", "lock", False

    def connect(self):
        for host in list(self.hosts):
            try:
                connection = socket.create_connection((host, self.port))
            except OSError:
                continue
            if host != self.hosts[0]:
                self.hosts.insert(0, host)
            return connection
        return None

    def request(self, command):
        """The words of the answer's lines."""
        connection = self.connect()
        if connection is None:
            return None
        with connection, connection.makefile("r", encoding="latin-1") as answer:
            connection.sendall(f"user {self.user}\nlocks {self.name}\nblock 1\ntimeout 0\n{command}\n\nEOF\n".encode())
            found = {}
            try:
                for line in answer:
                    word, _, rest = line.strip().partition(" ")
                    found[word] = rest
            except OSError:
                pass
        self.locked = found.get("locked", self.locked) in ("1", True)
        return found

    def do(self, word, user, name):
        if word != "unlock":
            self.user, self.name = (user, name) if word == "lock" else (self.user or user, name)
        found = self.request({"lock": "LOCK", "unlock": "UNLOCK", "owner": "STATUS"}[word])
        if found is None or "error" in found:
            return "failed: " + ("no server takes a connection" if found is None else found["error"])
        if word == "owner":
            return found.get("owner") or "nobody"
        return "unlocked" if word == "unlock" else "locked" if self.locked else "not locked"


def main():
    hosts, port = sys.argv[1:]
    client = Double(hosts, int(port))
    for line in sys.stdin:
        word, user, name = (line.split() + ["", ""])[:3]
        print(client.do(word, user, name), flush=True)


def is_real():
    return farm.run("perl", "-MIPC::Locker", "-e", "1").returncode == 0


class Client:
    """A program with one lock, which does what it is told."""

    def __init__(self, user, name, hosts, port):
        self.user, self.name = user, name
        words = ["perl", "-e", PERL] if is_real() else [sys.executable, __file__, hosts, port]
        self.process = farm.start(*words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                  env=farm.environment(IPCLOCKER_HOST=hosts, IPCLOCKER_PORT=port,
                                                       PYTHONPATH=f"{farm.SOURCE}/tests"))

    def tell(self, word):
        self.process.stdin.write(f"{word} {self.user} {self.name}\n")
        self.process.stdin.flush()

    def hear(self):
        return self.process.stdout.readline().rstrip("\n")

    def ask(self, word):
        self.tell(word)
        return self.hear()


if __name__ == "__main__":
    main()
