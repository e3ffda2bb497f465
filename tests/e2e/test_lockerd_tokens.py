#!/usr/bin/env python3
"""What the tokens of grants promise, where one answer is about several."""

import socket

from support import farm, lockd, tap
from support.wire import Wire


@tap.test
def an_answer_about_several_grants_takes_no_token_back():
    port = lockd.start_server()
    other, mine = Wire(port), Wire(port)
    for wire in (other, mine):
        wire.send("proto 2")
        farm.equal(wire.line(), "proto 2")
    other.lock("other", "a")
    first = int(mine.lock("me", "c", 0, "and a b")["token"])
    other.ask("UNLOCK")
    second = int(mine.lock("me", "a")["token"])
    assert second > first, (first, second)
    # c and b by the first grant, a by the second.
    both = mine.lock("me", "c", 0, "and a b")
    farm.equal((both["locked"], set(both["lockname"].split())), ("1", {"a", "b", "c"}))
    farm.equal(int(both["token"]), second)
    farm.equal(int(mine.ask("STATUS")["token"]), second)


@tap.test
def who_has_locks_by_several_grants_goes_on_with_the_token_that_was_told(folder):
    server = lockd.Server(folder, "--pidstat-port", "none")

    def ask(name, *lines):
        wire = Wire(server.port)
        wire.send("proto 2")
        farm.equal(wire.line(), "proto 2")
        return wire.ask(f"user {name}", *lines)

    first = int(ask("me", "locks a", "LOCK")["token"])
    last = int(ask("me", "locks b", "LOCK")["token"])
    farm.equal(int(ask("me", "locks a", "and b", "LOCK")["token"]), last)
    for again in (lambda: None, server.restart):
        again()
        status = ask("me", "locks a", "and b", f"RENEW {last}")
        farm.equal((status.get("error-code"), set(status["lockname"].split())), (None, {"a", "b"}))
        # Who has one of them goes on with that one.
        farm.equal(ask("me", "locks a", f"RENEW {first}").get("error-code"), None)
        # An earlier grant's token is not good for what was granted since, nor for others.
        farm.equal(ask("me", "locks b", f"RENEW {first}")["error-code"], "unknown")
        farm.equal(ask("me", "locks a", "and b", f"RENEW {first}")["error-code"], "unknown")
        farm.equal(ask("you", "locks a", f"RENEW {last}")["error-code"], "unknown")
    farm.equal(ask("me", "RENEW 0")["error-code"], "unknown")
    # What was given back meanwhile is not had any more, and a token of the future is nobody's.
    farm.equal(ask("me", "locks a", f"RENEW {last + 1000}")["error-code"], "unknown")
    ask("me", "locks a", "UNLOCK")
    farm.equal(ask("me", "locks a", "and b", f"RENEW {last}")["error-code"], "unknown")


@tap.test
def a_session_that_asks_for_several_grants_again_is_told_of_the_loss_of_each():
    port = lockd.start_server()
    for name in "ab":
        Wire(port).ask("proto 2", "user me", f"locks {name}", "LOCK")
    session = Wire(port)
    session.ask("proto 2", "session 1", "user me", "locks a", "and b", "LOCK")
    for name in "ba":
        Wire(port).ask("user other", f"locks {name}", "BREAK_LOCK")
        farm.contains(session.line(), "lost ")


@tap.test
def a_process_that_asks_for_several_grants_again_is_watched_for_each():
    port = lockd.start_server()
    owner = lockd.sleeper()
    for name in "ab":
        Wire(port).ask("user me", f"locks {name}", "LOCK")
    Wire(port).ask("proto 2", f"hostname {socket.gethostname()}", f"pid {owner.pid}", "autounlock 1",
                   "user me", "locks a", "and b", "LOCK")
    farm.equal(Wire(port).ask("user me", "locks a", "and b", "STATUS")["locked"], "1")
    owner.kill()
    owner.wait()
    for name in "ab":
        farm.poll(lambda name=name: Wire(port).ask(f"locks {name}", "STATUS")["owner"] == "",
                  f"{name} is free")


if __name__ == "__main__":
    farm.main()
