"""Judges what the lockerd of a farm have written to etcd, one transaction after the other: one leads
at a time, each transaction is the next of its leader's, no token and no ticket comes twice, no lock is
with two, and nobody overtakes.  Knows the keys and values (lockerd-etcd(7)), and nothing of how they
came to be."""

import base64
import json
import os
import time

from support import netns

SILENCE_S = 6  # a leader's heartbeats come more often: after so long without one another member is asked


def record_of(value):
    """{word: rest} of the lines of a value."""
    return dict(line.partition(" ")[::2] for line in value.splitlines())


class Row:
    """A request as it stands there."""

    def __init__(self, ticket, value):
        record = record_of(value)
        names = record["demand"].split()
        self.ticket, self.owner = ticket, record["owner"]
        self.token = int(record.get("token", 0))
        self.is_away = "away" in record
        self.names = [word for word in names if not word.isdigit()]
        # Who wants one lock and no other stands in no queue but that.
        self.only = self.names[0] if names[:1] == ["1"] and len(names) == 2 else None


class Chain:
    """Takes transactions in the order of their revisions; `violations` has what is wrong."""

    def __init__(self):
        self.violations = []
        self.revision = 0
        self.term, self.number, self.leader = 0, 0, ""
        self.counters = (0, 0, 0)  # next ticket, next token, the clock
        self.rows, self.holders = {}, {}
        self.newest_ticket = self.newest_token = self.count = 0
        self.grants = {}  # {token: (ticket, names)}, of all that ever were
        self.terms = []   # (when it was seen, host)

    def complain(self, text):
        self.violations.append(f"revision {self.revision} of etcd: {text}")

    def take(self, revision, changes):
        """One transaction: {key without the prefix: value, or None for one that is deleted}."""
        if all(key.startswith("c/") for key in changes):
            return  # one that stands by says that it is there: nothing is decided by that
        self.revision, self.count = revision, self.count + 1
        if "0/leader" in changes:
            self.on_leader(changes)
        elif "0/seq" not in changes:
            self.complain(f"a transaction without its number: {sorted(changes)}")
        else:
            self.on_number([int(word) for word in changes["0/seq"].split()])
        rows = {int(key[2:], 16): value for key, value in changes.items() if key.startswith("r/")}
        self.on_rows({ticket: Row(ticket, value) if value is not None else None for ticket, value in rows.items()})

    # ---- who leads ------------------------------------------------------------------------------

    def on_leader(self, changes):
        leader = record_of(changes["0/leader"])
        if not leader["instance"]:
            self.leader = ""  # it has resigned
            return
        self.leader = leader["host"]
        self.terms.append((time.monotonic_ns(), self.leader))
        numbers = [int(word) for word in changes.get("0/seq", "0 0 0 0 0 0").split()]
        if [int(leader["term"]), numbers[1], numbers[2]] != [self.term + 1, self.term + 1, 0]:
            self.complain(f"term {self.term} was followed by {leader['term']}, with {numbers}")
        self.term, self.number = numbers[1], 0
        self.check_counters(numbers)

    def on_number(self, numbers):
        if not self.leader:
            self.complain(f"{numbers} was written while nobody leads")
        if numbers[1:3] != [self.term, self.number + 1]:
            self.complain(f"transaction {self.number} of term {self.term} was followed by {numbers[2]} of {numbers[1]}")
        self.term, self.number = numbers[1:3]
        self.check_counters(numbers)

    def check_counters(self, numbers):
        if any(new < old for new, old in zip(numbers[3:6], self.counters)):
            self.complain(f"tickets, tokens and clock went back from {self.counters} to {numbers[3:6]}")
        self.counters = tuple(numbers[3:6])

    # ---- what is held and waited for --------------------------------------------------------------

    def on_rows(self, changes):
        """Locks that are given back and granted by one transaction go from one to the other."""
        before = {ticket: self.rows.pop(ticket, None) for ticket in changes}
        for row in filter(None, before.values()):
            for name in row.names if row.token else ():
                self.holders.pop(name, None)
        newest = self.newest_ticket, self.newest_token
        for ticket, row in changes.items():
            if row is not None:
                self.rows[ticket] = row
                self.newest_ticket = max(self.newest_ticket, ticket)
                self.newest_token = max(self.newest_token, row.token)
        for ticket, row in changes.items():
            if row is not None:
                self.on_row(row, before[ticket], *newest)
        self.check_order(changes, before)

    def on_row(self, row, old, newest_ticket, newest_token):
        """The newest are those before this transaction, in which several may come in any order."""
        if old is None and row.ticket <= newest_ticket:
            self.complain(f"request {row.ticket} of {row.owner} had ended, and is back")
        if old and old.token != row.token and old.token:
            self.complain(f"request {row.ticket} of {row.owner} had the token {old.token}, and now {row.token}")
        if not row.token:
            return
        for name in row.names:
            if name in self.holders:
                self.complain(f"{name} is with {self.rows[self.holders[name]].owner} and with {row.owner}")
            self.holders[name] = row.ticket
        if not (old and old.token):
            if row.token in self.grants:
                self.complain(f"the token {row.token} is of request {self.grants[row.token][0]}, and of {row.ticket}")
            elif row.token < newest_token:
                self.complain(f"the token {row.token} of request {row.ticket} came behind {newest_token}")
            self.grants[row.token] = (row.ticket, tuple(sorted(row.names)))

    def check_order(self, changes, before):
        """Nobody who wants nothing else waits for a lock that a transaction grants to one with a higher
        ticket.  Who stands in that transaction may have been away in between."""
        granted = {name: row.ticket for ticket, row in changes.items() if row and row.token
                   and not (before[ticket] and before[ticket].token) for name in row.names}
        if not granted:
            return
        for row in self.rows.values():
            if not row.token and not row.is_away and row.ticket not in changes and \
                    row.ticket < granted.get(row.only, 0):
                self.complain(f"request {granted[row.only]} was granted {row.only} before {row.ticket} of {row.owner}")

    # ---- what clients were told -------------------------------------------------------------------

    def check_told(self, told):
        """All that clients were told to hold, {token: names}, stood there."""
        for token, names in told.items():
            if token not in self.grants:
                self.complain(f"the token {token} of {names} was told, and was never there")
            elif self.grants[token][1] != names:
                self.complain(f"by the token {token} {names} was told, and {self.grants[token][1]} was there")


class Watcher:
    """Has etcd tell its history, by one member after the other, and gives it to a chain."""

    def __init__(self, chain, start, prefix):
        """start(NUMBER, REVISION) starts `etcdctl watch -w json` at a member from a revision on."""
        self.chain, self.start_one, self.prefix = chain, start, prefix
        self.number, self.next = 0, 1
        self.process, self.buffer, self.heard = None, b"", 0.0
        self.restart()

    def restart(self):
        self.stop()
        self.process = self.start_one(self.number, self.next)
        os.set_blocking(self.process.stdout.fileno(), False)
        self.number, self.buffer, self.heard = self.number + 1, b"", time.monotonic()

    def stop(self):
        if self.process:
            netns.kill_now(self.process)
            self.process.stdout.close()

    def hear(self):
        """Takes what there is; asks another one where there is nothing for long."""
        while chunk := self.process.stdout.read(1 << 20):
            self.heard = time.monotonic()
            *lines, self.buffer = (self.buffer + chunk).split(b"\n")
            for line in lines:
                self.on_line(line)
        if time.monotonic() > self.heard + SILENCE_S or self.process.poll() is not None:
            self.restart()

    def on_line(self, line):
        answer = json.loads(line)
        if answer.get("CompactRevision"):
            raise AssertionError(f"etcd has forgotten what is before {answer['CompactRevision']}")
        changes = {}
        for event in answer.get("Events") or ():
            pair = event["kv"]
            key = base64.b64decode(pair["key"]).decode()[len(self.prefix):]
            value = None if event.get("type") else base64.b64decode(pair.get("value", "")).decode()
            changes.setdefault(pair["mod_revision"], {})[key] = value
        # Events of one revision come in one answer.
        for revision in sorted(changes):
            if revision >= self.next:
                self.chain.take(revision, changes[revision])
                self.next = revision + 1
