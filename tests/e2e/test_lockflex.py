#!/usr/bin/python3
"""lockflex tells lockerd what of its pools license servers have given to others."""

import json
import os

from support import farm, tap
from support.license_lab import DOWN, HEAD, HOST, Lab, USER, feature, listing

MAP = ("--map", "vcs=VCS_Net")


def said(done):
    """What a look that went well has printed."""
    farm.equal((done.returncode, done.stderr), (0, ""))
    return done.stdout


@tap.test
def what_is_checked_out_elsewhere_is_given_to_nobody(folder):
    lab = Lab(folder)
    lab.serves(listing(("ann", "pc1"), ("bob", "pc2", 4)))
    farm.equal(said(lab.flex(*MAP)), "vcs: 5 are outside, as 0 of 5 in use are the farm's\n")
    farm.equal(lab.outside(), 5)
    assert lab.is_granted(3) and not lab.is_granted(4)
    with open(f"{folder}/calls", encoding="utf-8") as calls:
        farm.equal(calls.read(), "lmstat -a -c 27000@lic1\n")
    lab.serves(listing())
    said(lab.flex(*MAP))
    assert lab.is_granted(8)


@tap.test
def what_holders_use_is_not_outside(folder):
    lab = Lab(folder)
    lab.hold()
    lab.hold()
    lab.serves(listing((USER, HOST.upper() + ".lab.example"), (USER, HOST, 2), ("ann", "pc1")))
    farm.equal(said(lab.flex(*MAP)), "vcs: 2 are outside, as 2 of 4 in use are the farm's\n")
    # On another machine it is another check-out, but where machines do not count.
    lab.serves(listing((USER, "elsewhere")))
    said(lab.flex(*MAP))
    farm.equal(lab.outside(), 1)
    said(lab.flex(*MAP, "--match", "user"))
    farm.equal(lab.outside(), 0)


@tap.test
def it_is_a_lease(folder):
    lab = Lab(folder)
    lab.serves(listing(("ann", "pc1", 8)))
    said(lab.flex(*MAP, "--for", "2"))
    assert not lab.is_granted(1)
    farm.poll(lambda: lab.outside() == 0, "the lease is over")
    assert lab.is_granted(8)


@tap.test
def a_dry_run_tells_nobody(folder):
    lab = Lab(folder)
    lab.serves(listing(("ann", "pc1", 3)))
    farm.equal(said(lab.flex(*MAP, "--dry-run")),
               "vcs: 3 would be outside, as 0 of 3 in use are the farm's\n")
    farm.equal(lab.outside(), 0)


@tap.test
def programs_get_json(folder):
    lab = Lab(folder, (("vcs", 8), ("hsim", 2)))
    lab.hold()
    lab.serves(HEAD + feature("VCS_Net", (USER, HOST), ("ann", "pc1", 3)).rstrip("\n") +
               "\n    bob pc2 pc2 (v1.0) (lic1/27000 9) queued for 2 licenses\n\n" + feature("H"))
    text = said(lab.flex(*MAP, "--map", "hsim=H", "--json"))
    farm.equal(text.count("\n"), 1)
    farm.equal(json.loads(text), {"version": 1, "dry_run": False, "pools": [
        {"pool": "vcs", "in_use": 4, "ours": 1, "reserved": 0, "queued": 2, "outside": 3, "complete": True,
         "counts": 3},
        {"pool": "hsim", "in_use": 0, "ours": 0, "reserved": 0, "queued": 0, "outside": 0, "complete": True,
         "counts": 0}]})


@tap.test
def files_and_the_input_will_do(folder):
    lab = Lab(folder)
    path = lab.write("lmstat.txt", listing(("ann", "pc1", 3)))
    said(lab.flex(*MAP, "--file", path, server=None))
    farm.equal(lab.outside(), 3)
    with open(lab.write("more.txt", listing(("ann", "pc1", 2))), encoding="utf-8") as more:
        said(lab.flex(*MAP, "--file", "-", "--file", path, server=None, stdin=more))
    farm.equal(lab.outside(), 5)


@tap.test
def another_license_server_is_asked_by_a_command(folder):
    lab = Lab(folder)
    lab.hold()
    command = f"echo note >&2; printf '# rlm\\nVCS_Net {USER} {HOST} 2\\nVCS_Net ann pc1 1\\nx y z 9\\n'"
    said(lab.flex(*MAP, "--command", command, server=None))
    farm.equal(lab.outside(), 2)
    said(lab.flex(*MAP, "--command", "true", server=None))
    farm.equal(lab.outside(), 0)


@tap.test
def reservations_are_outside_unless_they_are_the_farms(folder):
    lab = Lab(folder)
    lab.serves(HEAD + feature("VCS_Net", ("ann", "pc1")).replace("Total of 1 license ", "Total of 6 licenses ") +
               "\t3 RESERVATIONs for GROUP night (lic1/27000)\n\t2 RESERVATIONs for GROUP farm (lic1/27000)\n")
    farm.equal(said(lab.flex(*MAP)),
               "vcs: 6 are outside, as 0 of 1 in use are the farm's, and 5 reserved for others\n")
    said(lab.flex(*MAP, "--reserved", "farm"))
    farm.equal(lab.outside(), 4)


@tap.test
def a_server_that_is_down_changes_nothing(folder):
    lab = Lab(folder)
    lab.serves(listing(("ann", "pc1", 5)))
    said(lab.flex(*MAP))
    for text, why in ((DOWN, "Cannot connect to license server system. (-15,570:111)"),
                      ("", "this is no list of lmstat's"),
                      (HEAD + "Users of VCS_Net: Cannot get users of VCS_Net: No such feature exists. (-5,222)\n", None)):
        lab.serves(text)
        done = lab.flex(*MAP, "--for", "3")
        farm.equal((done.returncode, lab.outside()), (69, 5))
        farm.equal(done.stderr, f"lockflex: 27000@lic1: {why}; what it has given out stays as it was\n" if why else
                   "lockflex: VCS_Net: Cannot get users of VCS_Net: No such feature exists. (-5,222)\n")
    # Nor is a pool told that nothing is known of.
    lab.serves(listing())
    said(lab.flex(*MAP))
    lab.serves(DOWN)
    done = lab.flex(*MAP)
    farm.equal((done.returncode, done.stdout), (69, "vcs: nothing is told\n"))


@tap.test
def one_server_of_two_can_add_but_not_take_away(folder):
    lab = Lab(folder)
    both = ("--server", "1717@mgc")
    lab.serves(listing(("ann", "pc1", 2)))
    lab.serves(listing(("bob", "pc2", 2)), "1717@mgc")
    said(lab.flex(*MAP, *both))
    farm.equal(lab.outside(), 4)
    lab.serves(DOWN, "1717@mgc")
    lab.serves(listing(("ann", "pc1", 1)))
    farm.equal((lab.flex(*MAP, *both).returncode, lab.outside()), (69, 4))
    lab.serves(listing(("ann", "pc1", 6)))
    done = lab.flex(*MAP, *both)
    farm.equal((done.returncode, lab.outside()), (69, 6))
    farm.equal(done.stdout, "vcs: 6 are outside, as 0 of 6 in use are the farm's (not all servers have told)\n")
    farm.contains(done.stderr, "lockflex: 1717@mgc: ")


@tap.test
def no_more_than_lockerd_allows_is_told(folder):
    lab = Lab(folder, entry='{ name = "vcs"; seats = 8; outside-most = 6; }, { name = "hsim"; seats = 2; }')
    lab.serves(listing(("ann", "pc1", 900000)))
    farm.equal(said(lab.flex(*MAP)), "vcs: 6 are outside, as 0 of 900000 in use are the farm's (lockerd leaves it at "
               "that: 900000 were counted)\n")
    done = lab.flex("--map", "hsim=VCS_Net")
    farm.equal((done.returncode, done.stdout), (69, "hsim: nothing is told\n"))
    farm.equal(done.stderr,
               "lockflex: no seat of hsim can be outside; say outside-most = SEATS in lockerd.conf\n")


@tap.test
def slips_in_the_map_are_told(folder):
    lab = Lab(folder)
    lab.serves(listing(("ann", "pc1", 2)))
    done = lab.flex(*MAP, "--map", "hsim=VCS_Net")
    farm.equal((done.returncode, done.stderr), (69, "lockflex: lockerd has no pool hsim; correct --map, or lockerd.conf\n"))
    farm.equal(lab.outside(), 2)
    done = lab.flex("--map", "vcs=VCS")
    farm.equal((done.returncode, done.stderr),
               (69, "lockflex: no license server tells of a feature VCS; correct --map\n"))


@tap.test
def a_feature_without_a_limit_takes_no_seat(folder):
    lab = Lab(folder)
    lab.serves(HEAD + "Users of VCS_Net:  (Uncounted, node-locked)\n\n"
               "    ann pc1 pc1 (v1.0) (lic1/27000 9), start Mon 11/23 9:15\n")
    done = lab.flex(*MAP)
    farm.equal((done.returncode, lab.outside()), (0, 0))
    farm.equal(done.stderr, "lockflex: VCS_Net has no limit: nobody takes a seat by using it\n")


@tap.test
def a_server_without_pools_is_told_of(folder):
    lab = Lab(folder, ())
    lab.serves(listing())
    done = lab.flex(*MAP)
    farm.equal((done.returncode, done.stderr),
               (69, "lockflex: the lock server has no pools; name them in lockerd.conf\n"))
    lab.server.kill()
    done = lab.flex(*MAP)
    farm.equal(done.returncode, 69)
    farm.contains(done.stderr, "no lockerd answers")


@tap.test
def hostile_names_do_no_harm(folder):
    lab = Lab(folder)
    evil = "\033]0;x\007\033[2J"
    lab.serves(HEAD + feature("VCS_Net", (f"ev{evil}il", evil), ("ann", "pc1")) +
               f"Users of VCS_Net: Cannot get users {evil}\n")
    for words in ((), ("--json",)):
        done = lab.flex(*MAP, *words)
        assert "\033" not in done.stdout + done.stderr, done
    lab.serves(f"Error getting status: {evil}\n")
    done = lab.flex(*MAP)
    farm.contains(done.stderr, "27000@lic1: \\x1b]0;x\\x07\\x1b[2J; ")
    # A line without an end, a list without one, and numbers beyond all counting.
    lab.serves(HEAD + feature("VCS_Net", ("ann", "pc1" + 100000 * "x", 2), ("bob", "pc2", 99999999)))
    done = lab.flex(*MAP)
    assert done.returncode == 69 and lab.outside() <= 8, done
    lab.lmutil()
    done = lab.flex(*MAP, "--command", "yes VCS_Net", server=None)
    farm.equal(done.returncode, 69)
    farm.contains(done.stderr, "--command: ")


@tap.test
def whom_to_ask_and_what_for_must_be_said():
    for words, advice in (((), "nothing to count; give --map POOL=FEATURE"),
                          (MAP, "nobody to ask; give --server PORT@HOST, --file or --command"),
                          ((*MAP, "--server", "-c"), "--server -c: give PORT@HOST"),
                          ((*MAP, "--file", "-", "--interval", "5"), "standard input can be read once only"),
                          ((*MAP, "--file", "x", "--interval", "5", "--for", "5"), "give more than --interval"),
                          (("--map", "vcs"), "--map vcs: give POOL=FEATURE, such as vcs=VCSRuntime_Net"),
                          (("--map", "vcs=a", "--map", "vcs=b"), "--map vcs=b: this pool is mapped already")):
        done = farm.run(farm.program("lockflex"), *words)
        farm.equal((words, done.returncode, done.stdout), (words, 64, ""))
        farm.contains(done.stderr, advice)
    assert os.path.exists(farm.program("lockflex"))


if __name__ == "__main__":
    farm.main()
