#!/usr/bin/env python3
"""Clients of the classic package among several lockerd, which they know by IPCLOCKER_HOST alone: they
have one port for all hosts, try these in turn, and never ask a second time by themselves."""

from support import classic_client, farm, tap
from support.classic_client import Client
from support.replicas import Farm, Replica

ADDRESSES = ("127.0.0.2", "127.0.0.3", "127.0.0.4")


class Hosts(Farm):
    """Three lockerd with a port in common; the one that leads is not the first of the list."""

    def __init__(self, folder):
        super().__init__(folder, 0)
        self.port = farm.free_port()
        for number in (1, 0, 2):
            self.replicas.append(Replica(self, f"lockerd{number}", address=ADDRESSES[number], port=self.port))
            if number == 1:
                farm.poll(self.replicas[0].serves, "the second leads")
        if not classic_client.is_real():
            print("# perl has no IPC::Locker here: a double of its client does what it would")

    def client(self, user, name):
        return Client(user, name, ":".join(ADDRESSES), self.port)

    def kill_leader(self):
        """Returns the one that serves then."""
        leader = next(one for one in self.replicas if one.process.poll() is None and one.serves())
        leader.kill()

        def find():
            return next((one for one in self.replicas if one is not leader and one.serves()), None)
        return farm.poll(find, "another one serves")


def owner_at(replica, name):
    return replica.wire().ask("user nobody", f"locks {name}", "STATUS")["owner"]


@tap.test
def what_was_granted_is_held_at_the_next_one_and_given_back_there(folder):
    hosts = Hosts(folder)
    ann, bob = hosts.client("ann", "a"), hosts.client("bob", "a")
    farm.equal(ann.ask("lock"), "locked")
    farm.equal(bob.ask("owner"), "ann")
    new = hosts.kill_leader()
    farm.equal(owner_at(new, "a"), "ann")
    farm.equal(bob.ask("owner"), "ann")
    farm.equal(ann.ask("lock"), "locked")  # it has it already
    farm.equal(ann.ask("unlock"), "unlocked")
    farm.equal(bob.ask("lock"), "locked")
    farm.equal(owner_at(new, "a"), "bob")


@tap.test
def who_waits_is_told_nothing_and_asks_again(folder):
    hosts = Hosts(folder)
    ann, bob = hosts.client("ann", "a"), hosts.client("bob", "a")
    farm.equal(ann.ask("lock"), "locked")
    bob.tell("lock")
    leader = hosts.replicas[0]
    waiters = leader.wire()

    def waits():
        waiters.send("LIST_JSON")
        return "bob" in waiters.line() + waiters.line()
    farm.poll(waits, "bob waits")
    new = hosts.kill_leader()
    # As where any lockerd ends: the answer is that there is none.
    farm.equal(bob.hear(), "not locked")
    bob.tell("lock")
    farm.equal(owner_at(new, "a"), "ann")
    farm.equal(ann.ask("unlock"), "unlocked")
    farm.equal(bob.hear(), "locked")
    farm.equal(owner_at(new, "a"), "bob")


@tap.test
def meanwhile_nobody_takes_a_connection(folder):
    hosts = Hosts(folder)
    ann = hosts.client("ann", "a")
    farm.equal(ann.ask("lock"), "locked")
    hosts.replicas[0].kill()
    farm.contains(ann.ask("unlock"), "failed: ")
    farm.poll(lambda: any(one.serves() for one in hosts.replicas), "another one serves")
    farm.equal(ann.ask("unlock"), "unlocked")
    farm.equal(hosts.client("bob", "a").ask("lock"), "locked")


if __name__ == "__main__":
    farm.main()
