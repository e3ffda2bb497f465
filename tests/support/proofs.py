"""A connection to lockerd that proves who it is, and seals what it says."""

import os

from support import farm, seals
from support.wire import Wire

SEALED = ("LOCK", "UNLOCK", "RENEW", "BREAK_LOCK", "DEAD_PID", "DEAD_JOB",
          "EXTEND", "FOLLOW", "DEQUEUE", "OUTSIDE", "OFFLINE", "ONLINE",
          "INSIDE", "CANCEL", "DEAD_PROCESS")


class Proof(Wire):
    """Lines that are sent behind a proof are sealed as they are sent."""

    def __init__(self, port=None, munged=None, uid=0, wire=None, source=None):
        """Connects to a port, from another of this machine's addresses if so, or takes over a
        connection that nothing was said on."""
        if wire:
            self.socket, self.buffer = wire.socket, wire.buffer
        else:
            super().__init__(port, source=source)
        self.chain = None
        self.key = os.urandom(16)
        super().send("proto 2", "auth")
        farm.equal(self.line(), "proto 2")
        word, self.method, nonce, self.reader, *self.more = self.line().split()
        farm.equal(word, "auth")
        self.nonce = bytes.fromhex(nonce)
        if munged:
            self.prove(munged.credential(self.payload(), uid, self.reader))

    def payload(self):
        return f"farmlock-1 {self.nonce.hex()} {self.key.hex()}"

    def prove(self, credential):
        super().send(f"proof munge {credential}")
        self.begin_seals()

    def begin_seals(self):
        self.chain = seals.Chain(self.key, self.nonce)

    def prove_grant(self, token, grant):
        self.key = seals.connection_key(grant, self.nonce)
        super().send(f"proof grant {token}")
        self.chain = seals.Chain(self.key, self.nonce)

    def grant_key(self, token):
        return seals.grant_key(self.key, int(token))

    def send(self, *lines):
        super().send(*(self.sealed(*lines) if self.chain else lines))

    def sealed(self, *lines):
        """The lines with their seals."""
        found = []
        for line in lines:
            seal = self.chain.add(line)
            if line.split() and line.split()[0] in SEALED:
                found.append(f"seal {seal}")
            found.append(line)
        return found

    def send_raw(self, *lines):
        super().send(*lines)

    def refusal(self):
        """The code that the connection is closed with."""
        code = None
        while (line := self.line()) is not None:
            if line.startswith("error-code "):
                code = line.split()[1]
        return code

    def refusal_or_status(self):
        """Likewise, or whether the lock that was asked for is held, where that is said."""
        line = self.line()
        while line is not None and not line.startswith(("error-code ", "locked ")):
            line = self.line()
        return line and line.split()[1]
