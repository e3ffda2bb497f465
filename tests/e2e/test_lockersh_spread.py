#!/usr/bin/python3
"""lockersh --spread: of what is free, that which was used longest ago."""

from support import farm, tap
from support.pools import Lab, end


def get(lab, *words):
    done = lab.run(*words, "echo", "$LOCKERSH_LOCK")
    farm.equal(done.stderr, "")
    farm.poll(lambda: lab.server.held() == {}, "it is given back")
    return done.stdout.strip()


@tap.test
def boards_wear_evenly(folder):
    lab = Lab(folder, "")
    farm.equal([get(lab, "--lock", "board[1-3]", "--spread") for _ in range(7)],
               ["board1", "board2", "board3", "board1", "board2", "board3", "board1"])
    farm.equal(get(lab, "--lock", "board2"), "board2")  # whoever used it
    farm.equal([get(lab, "--lock", "board[1-3]", "--spread") for _ in range(3)],
               ["board3", "board1", "board2"])
    farm.equal(get(lab, "--lock", "board[1-3]"), "board1")


@tap.test
def what_is_held_is_not_waited_for(folder):
    lab = Lab(folder, "")
    get(lab, "--lock", "board1:board2", "--spread")
    job = lab.start("--lock", "board2", "--exec", "sleep", "1000")
    farm.poll(lambda: "board2" in lab.server.held(), "it is held")
    farm.equal(lab.run("-n", "--lock", "board1:board2", "--spread", "echo $LOCKERSH_LOCK").stdout,
               "board1\n")
    farm.equal(lab.run("--explain", "--lock", "board1:board2:board3", "--spread").stdout,
               "board1:board2:board3: you would be granted board3\n")
    end(job)


@tap.test
def each_group_may_be_spread_and_they_may_overlap(folder):
    lab = Lab(folder, "")
    for wanted in ("a x", "b x", "c x", "a x"):
        farm.equal(get(lab, "--lock", "a:b:c", "--spread", "--and", "x:y"), wanted)
    farm.equal(sorted(get(lab, "--lock", "b:c:d", "--spread", "--count", "2", "--and", "d").split()),
               ["b", "c", "d"])
    for wanted in (["e", "f"], ["a", "e"], ["e", "f"]):
        farm.equal(sorted(get(lab, "--lock", "e", "--and", "a:e:f", "--spread").split()), wanted)


@tap.test
def pools_have_an_order_of_their_own(folder):
    lab = Lab(folder, 'pools = ( { name = "board"; seats = 3; } );')
    farm.equal([get(lab, "--lock", "board", "--spread") for _ in range(2)], ["board1", "board1"])


@tap.test
def it_is_about_names(folder):
    wire = Lab(folder, "").server.wire()
    farm.contains(wire.ask("user ann", "spread 1", "LOCK")["error"], "comes behind the names")
    wire.close()


if __name__ == "__main__":
    farm.main()
