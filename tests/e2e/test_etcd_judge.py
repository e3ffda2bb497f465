#!/usr/bin/env python3
"""That the judge of what several lockerd have left in etcd sees what it is there for."""

import sys

from support import farm, soaks, tap

sys.path.insert(0, soaks.FOLDER)
from chain import Chain  # noqa: E402


def seq(term, number, ticket=10, token=10, now=1000):
    return {"0/seq": f"1 {term} {number} {ticket} {token} {now} 0"}


def leader(term, instance="abc", host="farm1"):
    return {"0/leader": f"layout 1\nterm {term}\ninstance {instance}\nhost {host}\n"}


def row(ticket, demand, token=0, *more):
    lines = ["layout 1", f"ticket {ticket}", f"owner user{ticket}", f"demand {demand}", *more]
    return {f"r/{ticket:016x}": "\n".join(lines + ([f"token {token}"] if token else [])) + "\n"}


def ended(ticket):
    return {f"r/{ticket:016x}": None}


# Two wait for a behind one that has it; another one leads, and it is handed on.
GOOD = [
    leader(1) | seq(1, 0, 1, 1),
    seq(1, 1, 1, 1),
    seq(1, 2, 2, 2) | row(1, "1 a", 1),
    seq(1, 3, 3, 2) | row(2, "1 a"),
    seq(1, 4, 4, 2) | row(3, "1 a"),
    leader(2, host="farm2") | seq(2, 0, 4, 2),
    seq(2, 1, 4, 3) | ended(1) | row(2, "1 a", 2),
    leader(2, instance=""),
    leader(3) | seq(3, 0, 4, 3),
    seq(3, 1, 4, 4) | ended(2) | row(3, "1 a", 3),
    seq(3, 2, 4, 4) | ended(3),
]


def judged(transactions):
    chain = Chain()
    for revision, changes in enumerate(transactions, 2):
        chain.take(revision, changes)
    return chain


def sees(transactions, *complaints):
    """Each complaint is the beginning of what is said, without the revision."""
    said = [violation.partition(": ")[2] for violation in judged(transactions).violations]
    assert len(said) == len(complaints), said
    for found, expected in zip(said, complaints):
        farm.contains(found, expected)


def changed(number, *transactions):
    """With one of them left out, and others in its place."""
    return [*GOOD[:number], *transactions, *GOOD[number + 1:]]


@tap.test
def the_judge_of_etcd_takes_what_is_right():
    sees(GOOD)
    chain = judged(GOOD)
    farm.equal([host for _, host in chain.terms], ["farm1", "farm2", "farm1"])
    farm.equal(chain.grants, {1: (1, ("a",)), 2: (2, ("a",)), 3: (3, ("a",))})
    farm.equal((chain.rows, chain.holders), ({}, {}))


@tap.test
def the_judge_of_etcd_sees_a_transaction_too_many_or_too_few():
    sees(changed(1), "transaction 0 of term 1 was followed by 2 of 1")
    sees(changed(1, GOOD[1], seq(1, 1, 1, 1)), "transaction 1 of term 1 was followed by 1 of 1")
    # One that stands by says so beside the chain.
    sees(changed(3, {"c/abc": "host farm2\n"}, GOOD[3]))
    sees(changed(3, GOOD[3], {"k/clock": "boot x\n"}), "a transaction without its number: ['k/clock']")


@tap.test
def the_judge_of_etcd_sees_two_leaders():
    # One that has been deposed writes on.
    late = changed(5, GOOD[5], seq(1, 5, 4, 2))
    sees(late, "transaction 0 of term 2 was followed by 5 of 1", "transaction 5 of term 1 was followed by 1 of 2")
    sees(changed(5, leader(2) | seq(2, 1, 4, 2)), "term 1 was followed by 2, with [1, 2, 1, ")
    sees(changed(8), "was written while nobody leads", "transaction 1 of term 2", "was written while nobody leads")


@tap.test
def the_judge_of_etcd_sees_counters_and_clocks_go_back():
    for numbers in ((3, 2, 1000), (4, 1, 1000), (4, 2, 999)):
        sees(changed(5, leader(2) | seq(2, 0, *numbers)), "tickets, tokens and clock went back from (4, 2, 1000)")


@tap.test
def the_judge_of_etcd_sees_two_holders_and_a_token_that_comes_twice():
    sees(changed(6, seq(2, 1, 4, 3) | row(2, "1 a", 2)), "a is with user1 and with user2")
    sees(changed(6, seq(2, 1, 4, 3) | ended(1) | row(2, "1 a", 1)), "the token 1 is of request 1, and of 2")
    sees(changed(4, seq(1, 4, 4, 2) | row(1, "1 a", 7))[:6],
         "request 1 of user1 had the token 1, and now 7")
    sees(changed(2, seq(1, 2, 2, 2) | row(1, "1 a", 2)), "the token 2 is of request 1, and of 2")
    sees(changed(2, seq(1, 2, 2, 2) | row(1, "1 a", 3))[:7], "the token 2 of request 2 came behind 3")


@tap.test
def the_judge_of_etcd_sees_what_had_ended_come_back():
    sees(changed(10, seq(3, 2, 4, 4) | row(1, "1 b", 1)), "request 1 of user1 had ended, and is back",
         "the token 1 is of request 1, and of 1")


@tap.test
def the_judge_of_etcd_sees_who_overtakes_and_excuses_who_was_away():
    overtaken = [seq(2, 1, 4, 3) | ended(1) | row(3, "1 a", 2), leader(3) | seq(3, 0, 4, 3),
                 seq(3, 1, 4, 4) | ended(3) | row(2, "1 a", 3)]
    sees(GOOD[:6] + overtaken, "request 3 was granted a before 2 of user2")
    # It went away and came back, both in one transaction.
    sees(GOOD[:6] + [overtaken[0] | row(2, "1 a")] + overtaken[1:])
    away = [seq(1, 3, 3, 2) | row(2, "1 a", 0, "away 1")]
    sees(GOOD[:3] + away + GOOD[4:6] + overtaken)
    # Who also takes another one, or wants more, may have been given that, or lack it.
    for demand in ("1 a b", "2 a b"):
        sees(GOOD[:3] + [seq(1, 3, 3, 2) | row(2, demand)] + GOOD[4:6] + overtaken)


@tap.test
def the_judge_of_etcd_sees_what_was_told_and_never_stood_there():
    chain = judged(GOOD)
    chain.check_told({1: ("a",), 3: ("a",)})
    farm.equal(chain.violations, [])
    chain.check_told({2: ("b",), 4: ("a",)})
    farm.equal(len(chain.violations), 2)
    farm.contains(chain.violations[0], "by the token 2 ('b',) was told, and ('a',) was there")
    farm.contains(chain.violations[1], "the token 4 of ('a',) was told, and was never there")


if __name__ == "__main__":
    farm.main()
