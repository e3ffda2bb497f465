#!/usr/bin/env python3
"""The soak: a while of it, and that its judge sees what it is there for."""

import os
import sys

from support import farm, soaks, tap

SECONDS = 120 if os.environ.get("FARMLOCK_LONG") else 12
SECOND = 1_000_000_000

# Two that want s1 one behind the other, one of which also tells its life; nothing is wrong.
GOOD = """\
1000 ask a1 s1
1010 hold a1 1 s1
1020 ask b1 s1
1025 told b1
1500 alive a1
2000 end a1
2100 hold b1 2 s1
2200 end b1
2300 final"""


def judge(folder, text):
    """What the judge says to a log whose times are milliseconds."""
    path = os.path.join(folder, "log")
    with open(path, "w", encoding="ascii") as log:
        for line in text.splitlines():
            time, _, rest = line.partition(" ")
            log.write(f"{int(time) * 1000000} {rest}\n")
    result = farm.run(sys.executable, os.path.join(soaks.FOLDER, "checker.py"), path)
    farm.equal(result.stderr, "")
    farm.equal(result.returncode, 0 if ", 0 violations" in result.stdout else 1)
    return result.stdout


def changed(old, new):
    farm.contains(GOOD, old)
    return GOOD.replace(old, new)


@tap.test
def the_judge_takes_what_is_right(folder):
    farm.equal(judge(folder, GOOD), "2 grants, 0 violations\n")


@tap.test
def the_judge_takes_lines_that_come_late(folder):
    lines = GOOD.splitlines()
    farm.equal(judge(folder, "\n".join([lines[0], lines[6], *lines[1:6], *lines[7:]])),
               "2 grants, 0 violations\n")


@tap.test
def the_judge_sees_two_holders(folder):
    farm.contains(judge(folder, changed("2100 hold", "1800 hold")), "two holders of s1")


@tap.test
def the_judge_sees_two_holders_whom_nobody_told_a_token(folder):
    text = changed("2100 hold b1 2", "1400 hold b1 0").replace("hold a1 1", "hold a1 0")
    farm.contains(judge(folder, text), "two holders of s1")


@tap.test
def the_judge_sees_a_token_that_goes_back_or_comes_twice(folder):
    farm.contains(judge(folder, changed("hold a1 1", "hold a1 3")), "the token of s1 went back")
    farm.contains(judge(folder, changed("hold b1 2", "hold b1 1")), "with the token 1")


@tap.test
def the_judge_sees_who_overtakes(folder):
    text = changed("2100 hold b1 2 s1", "1030 ask c1 s1\n2050 hold c1 2 s1\n2060 end c1\n2100 hold b1 3 s1")
    farm.contains(judge(folder, text), "c1, which asked for s1 at 1.030, has overtaken b1")
    farm.contains(judge(folder, text.replace("1030 ask", "1024 ask")), "0 violations")
    farm.contains(judge(folder, text.replace("1500 alive", "1500 cut b1\n1500 alive")),
                  "0 violations")


@tap.test
def the_judge_sees_a_seat_that_does_not_come_back(folder):
    late = changed("2100 hold", "42100 hold").replace("2200 end", "42200 end")
    late = late.replace("2300 final", "42300 final")
    farm.contains(judge(folder, late), "s1 was free for 40.1 s, outages apart, while b1 waited")
    dead = late.replace("2000 end a1", "2000 dead a1")
    farm.contains(judge(folder, dead), "s1 was free for 40.1 s")
    excused = late.replace("42100 hold", "2050 outage server\n28000 calm server\n42100 hold")
    farm.contains(judge(folder, excused), "0 violations")
    farm.contains(judge(folder, excused.replace("28000 calm", "8000 calm")), "s1 was free for")


@tap.test
def the_judge_gives_a_pidstatd_that_was_killed_until_the_server_asks_it_again(folder):
    for back_ms, verdict in ((47000, "0 violations"), (49000, "s1 was free for 16.0 s")):
        late = changed("2100 hold", f"2050 outage pidstatd-killed\n3050 calm pidstatd-killed\n{back_ms} hold")
        late = late.replace("2200 end", f"{back_ms} end").replace("2300 final", f"{back_ms} final")
        farm.contains(judge(folder, late), verdict)


@tap.test
def the_judge_takes_what_clients_say_while_they_are_killed(folder):
    text = changed("2300 final", "2210 dead c9.\n2220 ask c9.w1.1 s1\n2230 hold c9.w1.1 3 s1\n2300 final")
    farm.contains(judge(folder, text), "0 violations")
    farm.contains(judge(folder, text.replace("2210 dead c9.\n", "")), "c9.w1.1, which asked for")


@tap.test
def the_judge_sees_who_waits_for_ever_and_what_nobody_has(folder):
    farm.contains(judge(folder, changed("2100 hold b1 2 s1\n2200 end b1\n", "")), "b1, which asked")
    farm.contains(judge(folder, changed("2300 final", "2300 final s1")), "by nobody: s1")


@tap.test
def the_judge_sees_a_hold_that_is_lost_changed_or_not_asked_for(folder):
    farm.contains(judge(folder, changed("1500 alive a1", "1500 lost a1")), "a1 has lost what it held")
    farm.contains(judge(folder, changed("1500 alive a1", "1500 hold a1 2 s1")), "was then told")
    farm.contains(judge(folder, changed("1000 ask a1 s1\n", "")), "which it does not ask for")


# b1 gives back and is told so; a question that was sent behind that is answered.
LOOKED = GOOD.replace("a1", "c1.w1.1").replace("b1", "c1.w2.1").replace("2300 final", """\
2210 gave c1.w2.1
2240 saw c1.w3 2220000000 s1 -
2300 final""")


@tap.test
def the_judge_sees_an_owner_named_who_had_given_back(folder):
    farm.contains(judge(folder, LOOKED), "0 violations")
    named = LOOKED.replace("s1 -", "s1 n1_7_c1.w2")
    farm.contains(judge(folder, named), "c1.w3 was told that c1.w2 has s1, which had given it back")
    # It was asked before, or it has asked again since, or no answer came yet.
    farm.contains(judge(folder, named.replace("2220000000", "2205000000")), "0 violations")
    farm.contains(judge(folder, named.replace("2240 saw", "2230 ask c1.w2.2 s1\n2235 left c1.w2.2\n2240 saw")),
                  "0 violations")
    farm.contains(judge(folder, named.replace("2210 gave c1.w2.1\n", "")), "0 violations")


@tap.test
def the_judge_sees_a_holder_who_is_not_named(folder):
    for owner in ("-", "n1_7_c1.w2", "n1_9_ann"):
        text = LOOKED.replace("2000 end", f"1900 saw c1.w3 1800000000 s1 {owner}\n2000 end")
        farm.contains(judge(folder, text), "has s1, which c1.w1 has held since 1.010")
        # What was asked before the grant was told may be from before.
        farm.contains(judge(folder, text.replace("1800000000", "1005000000")), "0 violations")
    farm.contains(judge(folder, LOOKED.replace("2000 end", "1900 saw c1.w3 1800000000 s1 n1_7_c1.w1\n2000 end")),
                  "0 violations")


@tap.test
def clients_faults_and_hostile_neighbours_break_no_promise():
    soaks.run("soak.py", "--seconds", str(SECONDS))


if __name__ == "__main__":
    farm.main()
