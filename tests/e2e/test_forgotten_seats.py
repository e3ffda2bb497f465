#!/usr/bin/python3
"""Jobs that hold seats of pools, and a lockerd that keeps no state and is started again."""

from support import farm, tap
from support.pools import Lab, end

CONF = """
groups = ( { name = "night"; users = ["nora"]; } );
pools = (
  { name = "vcs"; seats = 4; outside-most = 2; limits = ( { by = "user"; each = 3; } );
    reserve = ( { seats = 1; users = ["group:night"]; } ); hold-default = "1h"; },
  { name = "board"; seats = 3; },
  { name = "turns"; seats = 2; share = { by = "project"; others = 1; };
    limits = ( { by = "project"; of = ["chipB"]; each = 1; } ); }
);
"""


def held(lab):
    return {lock["name"]: lock["pid"] for lock in lab.list()["locks"]}


def comes_back(lab):
    before = held(lab)
    lab.server.restart("--config", lab.conf)
    farm.poll(lambda: held(lab) == before, "each has the seats that it had")
    return before


@tap.test
def seats_that_nobody_may_choose_are_their_holders_again(folder):
    lab = Lab(folder, CONF, state="none")
    first = lab.hold("vcs")
    jobs = [lab.hold("vcs"), lab.hold("vcs")]
    end(first)
    farm.poll(lambda: lab.pools()["vcs"]["held"] == 2, "the first seat is free")
    farm.equal(sorted(comes_back(lab)), ["vcs2", "vcs3"])
    farm.equal(lab.list()["locks"][0]["hold_limit_seconds"], 3600)
    for job in jobs:
        farm.equal(job.poll(), None)
        end(job)
    farm.poll(lambda: lab.pools()["vcs"]["held"] == 0, "both are given back")


@tap.test
def seats_of_several_pools_and_a_lock_are_their_holders_again(folder):
    lab = Lab(folder, CONF, state="none")
    job = lab.start("--lock", "vcs", "--count", "2", "--and", "board", "--and", "other", "--and",
                    "turns", "--exec", "sleep", "1000")
    farm.poll(lambda: len(held(lab)) == 5, "it has all")
    farm.equal(sorted(comes_back(lab)), ["board1", "other", "turns1", "vcs1", "vcs2"])
    comes_back(lab)
    end(job)
    farm.poll(lambda: held(lab) == {}, "all are given back")


@tap.test
def what_they_hold_counts_for_the_rules(folder):
    lab = Lab(folder, CONF, state="none")
    lab.hold("turns", "--project", "chipB")
    lab.hold("vcs", "--count", "3")
    comes_back(lab)
    farm.equal(lab.run("-n", "--lock", "turns", "--project", "chipB", "true").returncode, 1)
    farm.equal(lab.run("-n", "--lock", "turns", "--project", "chipA", "true").returncode, 0)
    farm.equal(lab.run("-n", "--lock", "vcs", "true").returncode, 1)


def renew(lab, token, *names, owner="kim"):
    return lab.server.wire().ask(f"user {owner}", "locks " + " ".join(names),
                                 f"count {len(names)}", f"RENEW {token}")


@tap.test
def nobody_gets_more_by_it_than_by_asking(folder):
    lab = Lab(folder, CONF, state="none")
    token = lab.server.wire().ask("user kim", "locks vcs", "LOCK")["token"]
    lab.server.restart("--config", lab.conf)
    lost = "these locks are not held any more"
    farm.equal(renew(lab, token, "vcs1", "vcs2", "vcs3", "vcs4").get("error"), lost)
    farm.equal(renew(lab, token, "vcs2")["lockname"], "vcs2")
    farm.equal(renew(lab, token, "vcs2")["lockname"], "vcs2")
    farm.equal(renew(lab, token, "vcs2", owner="lee").get("error"), lost)
    farm.equal(renew(lab, token, "vcs3").get("error"), lost)
    farm.equal(renew(lab, token, "vcs1", owner="lee")["lockname"], "vcs1")
    farm.equal(renew(lab, token, "vcs3", owner="max")["lockname"], "vcs3")
    farm.equal(renew(lab, token, "vcs4", owner="ned").get("error"), lost)
    farm.equal(renew(lab, token, "vcs4", owner="nora")["lockname"], "vcs4")


if __name__ == "__main__":
    farm.main()
