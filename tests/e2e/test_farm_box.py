#!/usr/bin/python3
"""The farm in a box (make bench FARM=1), with some hundred jobs: it plays, judges and draws; and its
judge finds the faults that a server could have."""

import json
import math
import os
import signal
import sys
import threading
import xml.etree.ElementTree

from support import built, farm, tap

BENCH = os.path.join(farm.SOURCE, "tests", "bench")
sys.path.insert(1, BENCH)
import farm_day  # noqa: E402
import farm_judge  # noqa: E402
import farm_run  # noqa: E402

BOX = os.path.join(BENCH, "farm_box.py")
JOBS, NODES, DAY_S = 300, 40, 3


def played(folder, engine):
    """The JSON of a day."""
    done = farm.run(BOX, "--jobs", JOBS, "--nodes", NODES, "--day", DAY_S, "--seed", 7, "--out", folder, engine,
                    timeout=200)
    if "cannot be played" in done.stderr:
        farm.equal((done.returncode, os.listdir(folder)), (2, []))
        raise tap.Lacks(done.stderr.strip())
    farm.equal((done.returncode, done.stderr), (0, ""))
    with open(os.path.join(folder, "farm.json"), encoding="utf-8") as file:
        return json.load(file), done.stdout


def expect_a_day(folder, engine):
    found, said = played(folder, engine)
    day = found["engines"][engine]
    farm.equal((found["seed"], day["jobs"], day["faults"]), (7, JOBS, 0))
    farm.equal(sum(day["ends"].values()), JOBS)
    assert set(day["ends"]) <= {"unlock", "killed", "node", "gave-up"} and day["ends"]["unlock"] > 0.8 * JOBS, day["ends"]
    assert day["handovers"] > 0 and day["handover_ms"]["p50"] > 0, day
    assert 0 < day["used_in_all"] <= 1 and day["requests"] > 2 * JOBS and day["cpu_us_a_request"] > 0
    assert {"lockerd's CPU", "memory", "connections", "durable answers"} <= {need["name"] for need in day["needs"]}
    asks_a_second = day["present_most"] / 5 if engine == "etcd" else day["waiting_most"] / 60
    own = day["requests_a_second"] * day["busiest"] / found["pace"] * day["cpu_us_a_request"]
    cpu = next(need["amount"] for need in day["needs"] if need["name"] == "lockerd's CPU")
    assert day["pulse_cpu_us"] > 0 and day["pulse_bytes"] > len("QUEUE\nqueue 1"), day
    assert math.isclose(cpu * 1e6, own + asks_a_second * day["pulse_cpu_us"]), day["needs"]
    farm.contains(said, f"What clients that {'wait or hold' if engine == 'etcd' else 'wait'} ask by the clock")
    pictures = [name for name in os.listdir(folder) if name.endswith(".svg")]
    farm.equal(len(pictures), 5)
    for name in pictures:
        xml.etree.ElementTree.parse(os.path.join(folder, name))


@tap.test
def a_small_day_over_sqlite(folder):
    expect_a_day(folder, "sqlite")


@tap.test
def a_small_day_over_etcd(folder):
    built.need_etcd()
    expect_a_day(folder, "etcd")


@tap.test
def an_engine_that_is_named_and_cannot_be_played_is_no_success(folder):
    done = farm.run(sys.executable, BOX, "--jobs", JOBS, "--nodes", NODES, "--day", DAY_S, "--out", folder, "sqlite", "etcd",
                    env={**os.environ, "PATH": folder})
    farm.equal((done.returncode, done.stdout, os.listdir(folder)), (2, "", []))
    farm.contains(done.stderr, "state in three etcd cannot be played: etcd is not installed")


# ---- what it cost ------------------------------------------------------------------------------

def samples_of(*pairs):
    return [{"us": us, "requests": requests} for us, requests in pairs]


@tap.test
def the_busiest_quarter_of_an_hour_is_one_of_time():
    # Ten a microsecond at first, in samples that are close to each other; and a long and quiet end.
    day = samples_of((0, 0), (1, 10), (2, 20), (3, 30), (4, 40), (50, 60), (100, 80))
    farm.equal(farm_run.busiest(day, 2), 10 / 0.8)
    farm.equal(farm_run.busiest(day, 50), 60 / 50 / 0.8)
    farm.equal(farm_run.busiest(day, 200), 1)


@tap.test
def the_member_of_etcd_that_takes_the_most_is_full_first():
    words = " ".join(["1"] * len(farm_run.COLUMNS))
    sample, alone = farm_run.take_samples(f"{words} 2 5 3\n{words}\n")
    farm.equal((sample["others_cpu_s"], sample["other_cpu_s_most"]), (10, 5))
    farm.equal((alone["others_cpu_s"], alone["other_cpu_s_most"]), (0, 0))


# ---- the clients -------------------------------------------------------------------------------

def a_short_plan(holds_s, troubles=()):
    """Jobs that come at once, in real time, and what befalls their one node."""
    plan = farm_day.Plan(1, 1, 1, {"vcs": farm_day.Pool("vcs", 1, 1, 1, seats=len(holds_s))})
    plan.jobs = [farm_day.Job(0, hold_s, 0, 0, 0, 1, "vcs", "user1", "chip") for hold_s in holds_s]
    plan.troubles = [farm_day.Trouble(*words) for words in troubles]
    return plan


def played_beside(plan, act, quiet_s=farm_run.QUIET_S):
    """The outcomes and complaints of a plan, played while act(lockerd) is done."""
    lockerd = farm_run.Lockerd(plan, "sqlite")
    actor = threading.Thread(target=act, args=(lockerd,))
    actor.start()
    try:
        outcomes, _, complaints = farm_run.play(plan, lockerd, 3, quiet_s)
    finally:
        actor.join()
        os.kill(lockerd.server.pid, signal.SIGCONT)
    return outcomes, complaints


def once_held(lockerd, count=1):
    farm.poll(lambda: lockerd.metrics()["lockerd_grants_total"] >= count, "jobs hold their seats")


@tap.test
def a_lock_that_is_broken_is_a_fault():
    plan = a_short_plan([60])

    def break_it(lockerd):
        once_held(lockerd)
        farm.run(farm.program("lockersh"), "--host", "127.0.0.1", "--port", lockerd.port, "--break", "vcs1")
    outcomes, complaints = played_beside(plan, break_it)
    farm.contains("; ".join(farm_run.faults(outcomes, plan, complaints)), "job 0 for vcs: lost after its grant")


@tap.test
def what_clients_complain_of_is_a_fault():
    plan = a_plan()
    farm.equal(farm_run.faults(a_right_day(plan), plan, "bench: job 1 for vcs: no\n"), ["bench: job 1 for vcs: no"])


@tap.test
def a_server_that_does_not_answer_a_holder_ends_the_day():
    plan = a_short_plan([6], [("C", 5, 0.5, 0)])

    def silence(lockerd):
        once_held(lockerd)
        farm.freeze(lockerd.server.pid)
    outcomes, _ = played_beside(plan, silence, quiet_s=2)
    farm.equal([one.end for one in outcomes], ["none"])


@tap.test
def a_node_may_have_the_next_trouble_as_it_comes_back_from_one():
    """So many come that some come between the end of the one before and the return from it."""
    for first, *then in ("CP", "CC", "PPC", "PF"):
        near = [(then[number % len(then)], 0.3 + number * 0.003, 0.01, 0) for number in range(500)]
        plan = a_short_plan([2], [(first, 0.2, 0.1, 0), *near])
        outcomes, complaints = played_beside(plan, lambda lockerd: None)
        farm.equal(farm_run.faults(outcomes, plan, complaints), [])


@tap.test
def a_job_that_was_done_when_its_node_failed_has_given_its_seats_back_by_then():
    plan = a_short_plan([1, 60], [("F", 12, 1, 0)])

    def silence(lockerd):
        once_held(lockerd, 2)
        farm.freeze(lockerd.server.pid)
    outcomes, _ = played_beside(plan, silence)
    farm.equal([one.end for one in outcomes], ["unlock", "node"])
    farm.equal(outcomes[0].proof, outcomes[0].left)
    assert outcomes[1].proof > outcomes[1].left, outcomes[1]


# ---- the judge ---------------------------------------------------------------------------------

def a_plan(count=4):
    """Jobs for the two seats of a pool, and for one with a limit."""
    plan = farm_day.Plan(1, 1, 1, {"vcs": farm_day.Pool("vcs", 1, 1, 1, seats=2),
                                   "dc": farm_day.Pool("dc", 1, 1, 1, rule="limit", seats=9)})
    plan.jobs = [farm_day.Job(0, 10, 0, 0, 0, 1, "vcs", "user1", "chip") for _ in range(count)]
    return plan


def outcome(plan, number, asked, queued, granted, left, seat):
    return farm_judge.Outcome(number, "unlock", 0, asked, queued, granted, left, left, 100 + number, (seat,),
                              plan.jobs[number])


def a_right_day(plan):
    """Two hold the seats from the beginning, two wait; each of these has one 2 us behind its release."""
    return [outcome(plan, 0, 1, 0, 10, 110, "vcs1"), outcome(plan, 1, 1, 0, 11, 210, "vcs2"),
            outcome(plan, 2, 20, 21, 112, 300, "vcs1"), outcome(plan, 3, 30, 31, 212, 300, "vcs2")]


def faults_with(change):
    plan = a_plan()
    outcomes = a_right_day(plan)
    change(outcomes)
    return farm_judge.faults(outcomes, plan)


@tap.test
def the_judge_finds_nothing_in_a_right_day():
    plan = a_plan()
    farm.equal(farm_judge.faults(a_right_day(plan), plan), [])


@tap.test
def the_judge_finds_two_holders_of_a_seat():
    farm.contains("; ".join(faults_with(lambda day: setattr(day[2], "granted", 109))), "vcs1 is with jobs 0 and 2 at once")


@tap.test
def the_judge_finds_tokens_that_do_not_grow():
    farm.contains("; ".join(faults_with(lambda day: setattr(day[2], "token", 100))), "token of job 2")


@tap.test
def the_judge_finds_lost_grants_and_waits():
    def lose(day):
        day[1].end = "lost"
        day[3].end, day[3].granted, day[3].seats = "none", 0, ()
    farm.equal(faults_with(lose), ["job 1 for vcs: lost after its grant", "job 3 for vcs: none"])


@tap.test
def the_judge_finds_who_was_overtaken():
    def overtake(day):
        day[2].token, day[3].token = day[3].token, day[2].token
    farm.equal(faults_with(overtake), ["vcs: job 3 was served before job 2"])


@tap.test
def the_judge_finds_seats_that_are_none():
    farm.contains("; ".join(faults_with(lambda day: setattr(day[3], "seats", ("vcs3",)))), "seats that are none of vcs")


@tap.test
def the_judge_finds_a_limit_that_is_exceeded():
    plan = a_plan(5)
    for job in plan.jobs:
        job.pool = "dc"
    day = [outcome(plan, number, 1, 0, 10 + number, 100, f"dc{number + 1}") for number in range(5)]
    farm.equal(farm_judge.faults(day, plan), ["dc: user1 has 5 seats, more than 4"])


@tap.test
def the_earliest_is_what_the_seats_allow():
    plan = a_plan()
    day = a_right_day(plan)
    # The first two had to wait for nothing; the others have seats that are free 9 us earlier than they were.
    farm.equal([excess for _, excess in farm_judge.excesses(day, plan)], [9, 10, 11, 12])
    given, died = farm_judge.handovers(day, plan)
    farm.equal((given, died), ([2, 2], []))


@tap.test
def a_day_is_made_by_its_seed():
    one, same, other = (farm_day.make(seed, JOBS, NODES, DAY_S) for seed in (1, 1, 2))
    assert one == same and one != other


if __name__ == "__main__":
    farm.main()
