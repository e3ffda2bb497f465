#!/usr/bin/python3
"""Groups of one request that have names in common."""

from support import farm, tap
from support.pools import Lab, end


def lab_of(folder, conf=""):
    return Lab(folder, conf)


def hold(lab, name):
    job = lab.start("--lock", name, "--exec", "sleep", "1000")
    farm.poll(lambda: name in lab.server.held(), f"{name} is held")
    return job


def wait(lab, *words):
    job = lab.start(*words, "echo $LOCKERSH_LOCK")
    farm.poll(lambda: len(lab.list()["waiters"]) == 1, "it waits")
    return job


def got(job):
    return sorted(job.communicate(timeout=farm.PATIENCE_S)[0].split())


@tap.test
def each_group_gets_its_own(folder):
    lab = lab_of(folder)
    for groups in (("R1", "R[1-2]"), ("R[1-2]", "R1"), ("R[1-2]", "R[1-2]")):
        done = lab.run("--lock", groups[0], "--and", groups[1], "echo", "$LOCKERSH_LOCK")
        farm.equal((sorted(done.stdout.split()), done.stderr), (["R1", "R2"], ""))


@tap.test
def what_comes_free_is_never_the_wrong_one(folder):
    """R2 is free at once, and serves the second group; R1 the first one."""
    lab = lab_of(folder)
    job = hold(lab, "R1")
    waiter = wait(lab, "--lock", "R1:R2", "--and", "R2:R3", "--and", "R1:R3")
    farm.equal(lab.run("-n", "--lock", "R2", "true").returncode, 1)
    end(job)
    farm.equal(got(waiter), ["R1", "R2", "R3"])


@tap.test
def nobody_is_held_up_by_what_is_of_no_use(folder):
    """One of R1 and R2, and R1: once R1 and R2 are set aside, R3 would be for nothing."""
    lab = lab_of(folder)
    job = hold(lab, "x")
    waiter = wait(lab, "--lock", "R1", "--and", "R[1-3]", "--and", "x")
    farm.equal(lab.run("-n", "--lock", "R3", "true").returncode, 0)
    farm.equal(lab.run("-n", "--lock", "R2", "true").returncode, 1)
    end(job)
    farm.equal(got(waiter), ["R1", "R2", "x"])


@tap.test
def what_can_never_be_had_is_refused(folder):
    lab = lab_of(folder, 'pools = ( { name = "board"; seats = 3; } );')
    for words, text in (
            (("--lock", "R1", "--and", "R1"), "nobody could ever have so many of these locks"),
            (("--lock", "R[1-2]", "--and", "R[1-2]", "--count", "2"), "nobody could ever have so many"),
            (("--lock", "R1", "--and", "R[1-2]", "--shared"), "all shared or none"),
            (("--lock", "board1", "--and", "board[1-2]"), "not together with seats of pools"),
            (("--lock", "R1", "--and", "R[1-2]", "--and", "board"), "not together with seats of pools"),
            (("--lock", "R[1-200]", "--and", "R[1-2]"), "128 locks at most"),
            (("--lock", "R0", *(word for number in range(9) for word in ("--and", f"R0:S{number}"))),
             "that goes for 8 groups")):
        done = lab.run(*words, "true")
        farm.equal(done.returncode, 69)
        farm.contains(done.stderr, text)


@tap.test
def readers_and_writers_wait_for_each_other_as_ever(folder):
    lab = lab_of(folder)
    job = hold(lab, "R2")
    reader = wait(lab, "--lock", "R1", "--shared", "--and", "R[1-2]", "--shared")
    farm.equal(lab.run("-n", "--lock", "R1", "--shared", "true").returncode, 0)
    farm.equal(lab.run("-n", "--lock", "R1", "true").returncode, 1)
    end(job)
    farm.equal(got(reader), ["R1", "R2"])


@tap.test
def the_wait_is_there_after_kill_9(folder):
    lab = lab_of(folder)
    job = hold(lab, "R1")
    waiter = wait(lab, "--lock", "x", "--and", "R1", "--and", "R[1-2]")
    wants = lab.list()["waiters"][0]["wants"]
    farm.equal(wants, [{"count": 1, "names": ["x"]}, {"count": 1, "names": ["R1"]},
                       {"count": 1, "names": ["R1", "R2"]}])
    lab.server.restart("--config", lab.conf)
    farm.poll(lambda: len(lab.list()["waiters"]) == 1, "it waits")
    farm.equal(lab.list()["waiters"][0]["wants"], wants)
    farm.equal(lab.run("-n", "--lock", "R2", "true").returncode, 1)
    end(job)
    farm.equal(got(waiter), ["R1", "R2", "x"])


@tap.test
def it_is_explained(folder):
    lab = lab_of(folder)
    farm.equal(lab.run("--explain", "--lock", "R1", "--and", "R[1-2]").stdout,
               "R1 and R[1-2]: you would be granted R1 R2\n")
    lab.run("--offline", "R2")
    done = lab.run("-n", "--lock", "R1", "--and", "R[1-2]", "true")
    farm.equal(done.stderr, "lockersh: R1 and R1:R2 is not free; R2 is offline\n")


if __name__ == "__main__":
    farm.main()
