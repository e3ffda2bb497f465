"""A double of the classic server, which there is none of to run."""

import threading

from support.listener import Listener


class Classic(Listener):
    """A double of the classic server: a table of locks, and answers in the recorded form."""

    def __init__(self):
        self.lock = threading.Lock()
        self.held = {}
        self.waiting = []
        self.seen = []
        super().__init__()

    def serve(self, client):
        self_ = {"client": client, "locks": ["lock"], "user": ""}
        try:
            for line in client.makefile("r", encoding="latin-1", newline="\n"):
                words = line.split()
                if not words:
                    continue
                with self.lock:
                    self.seen.append(line.rstrip("\n"))
                    if words[0] == "EOF":
                        break
                    self._do(self_, words)
        except OSError:
            pass
        with self.lock:
            self.waiting = [one for one in self.waiting if one is not self_]
        client.close()

    def _say(self, who, *lines):
        who["client"].sendall("".join(line + "\n" for line in lines).encode("latin-1"))

    def _status(self, who):
        for name in who["locks"]:
            if self.held.get(name, {}).get("user") == who["user"]:
                return [f"owner {who['user']}", "locked 1", f"lockname {name}", "", ""]
        owner = self.held.get(who["locks"][0], {}).get("user", "")
        return [f"owner {owner}", "locked 0", "", ""]

    def _do(self, who, words):
        word, args = words[0], words[1:]
        if word in ("user", "block", "timeout", "autounlock", "hostname", "pid"):
            who[word] = args[0] if args else ""
        elif word == "locks":
            who["locks"] = args
        elif word == "LOCK":
            self._lock(who)
        elif word == "UNLOCK":
            for name in who["locks"]:
                if self.held.get(name, {}).get("user") == who["user"]:
                    self._release(name)
            self.waiting = [one for one in self.waiting if one["user"] != who["user"]]
            self._say(who, *self._status(who))
        elif word == "STATUS":
            self._say(who, *self._status(who))
        elif word == "BREAK_LOCK":
            for name in who["locks"]:
                if name in self.held:
                    self._say(who, f"print_broke {self.held[name]['user']}")
                    self._release(name)
            self._say(who, *self._status(who))
        elif word == "LOCK_LIST":
            self._say(who, *[f"lock {n} {o['user']}" for n, o in self.held.items()], "", "")
        elif word == "VERSION":
            self._say(who, "version 1.502 1000000000", "")
        elif word == "DEAD_PID":
            for name, owner in list(self.held.items()):
                if (owner.get("hostname"), owner.get("pid")) == (args[0], args[1]):
                    self._release(name)

    def _lock(self, who):
        if self._status(who)[1] == "locked 1":
            self._say(who, *self._status(who))
            return
        for name in who["locks"]:
            if name not in self.held:
                self.held[name] = who
                self._say(who, *self._status(who))
                return
        # Here the classic server is at fault: who would not wait is queued all the same.
        self.waiting.append(who)
        for name in who["locks"]:
            owner = self.held[name]
            if who.get("autounlock") == "1" and owner.get("autounlock") == "1":
                self._say(who, f"autounlock_check {name} {owner['hostname']} {owner['pid']} 2")
        if who.get("block") != "1":
            self._say(who, *self._status(who))
            return
        self._say(who, f"print_waiting {self.held[who['locks'][0]]['user']}")

    def _release(self, name):
        del self.held[name]
        for who in self.waiting:
            if name in who["locks"]:
                self.waiting.remove(who)
                self.held[name] = who
                if who.get("block") == "1":
                    self._say(who, "print_obtained", *self._status(who))
                return
