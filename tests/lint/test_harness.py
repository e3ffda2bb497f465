#!/usr/bin/env python3
"""The tests' own harness: what one test leaves behind, or fails to, harms no other."""

import os
import signal
import subprocess
import sys
import uuid

from support import control_groups, farm, tap

SUPPORT = os.path.join(farm.SOURCE, "tests/e2e")
HEAD = """\
import os, subprocess, sys, time
from support import farm, netns, tap
"""
# A daemon with a session of its own and nothing in its environment, one that holds the output, one
# in a container, and one on a host of its own with a mount.
LEAVES_MUCH = HEAD + """
@tap.test
def leaves_much(folder):
    mark = sys.argv[2]
    os.system(f"(env -i setsid sh -c 'trap \\"\\" TERM HUP; sleep 1000 & wait' {mark} &) >/dev/null 2>&1")
    os.system(f"(setsid sh -c 'sleep 1000 & wait' {mark} &)")
    with_hosts = "hosts" in sys.argv and not netns.missing()
    if with_hosts:
        farm.start("unshare", "--pid", "--fork", "sh", "-c", "sleep 1000 & wait", mark)
        host = netns.network(folder, ["one"])["one"]
        host.start("sh", "-c", "sleep 1000 & wait", mark)
    farm.poll(lambda: len(farm.marked(mark)) >= (4 if with_hosts else 2), "all run")
    print("# ready", flush=True)
    time.sleep(1000 if sys.argv[3] == "stay" else 0)
    sys.argv[3] == "leave" and os._exit(3)
sys.argv[1:] and farm.main()
"""


def write(folder, text):
    path = os.path.join(folder, "program.py")
    with open(path, "w", encoding="utf-8") as program:
        program.write(text)
    return path


def alone():
    """The environment of a test program that nobody else guards."""
    env = farm.environment(PYTHONPATH=SUPPORT, FARMLOCK_BUILD=farm.BUILD)
    return {name: value for name, value in env.items()
            if name not in ("FARMLOCK_TEST_RUN", "HARNESS_ACTIVE")}


def run_program(folder, text, *words):
    return farm.run(sys.executable, write(folder, HEAD + text + "\nfarm.main()\n"), *words,
                    env=alone())


def start_program(folder, *words, before=(), **options):
    """Starts the program that leaves much, and returns it with its mark when all of that runs."""
    mark = uuid.uuid4().hex
    program = farm.start(*before, sys.executable, write(folder, LEAVES_MUCH), "leaves_much", mark,
                         *words, stdout=subprocess.PIPE, text=True, env=alone(), **options)
    for line in program.stdout:
        if line == "# ready\n":
            return program, mark
    raise AssertionError("the program did not get ready")


@tap.test
def a_cleanup_that_fails_leaves_the_others_their_turn(folder):
    result = run_program(folder, """
@tap.test
def first():
    for name in "one", "two":
        farm.at_end(lambda name=name: print(f"# {name} cleaned up"))
        farm.at_end(lambda: 1 / 0)

@tap.test
def second():
    pass
""")
    farm.equal(result.stdout, "1..2\n# two cleaned up\n# one cleaned up\n"
               "not ok 1 - first\nok 2 - second\n")
    farm.equal(result.returncode, 1)
    farm.equal(result.stderr.count("# ZeroDivisionError"), 2)


@tap.test
def a_test_that_fails_is_cleaned_up_behind_and_its_fault_comes_first(folder):
    result = run_program(folder, """
@tap.test
def first():
    farm.at_end(lambda: print("# cleaned up"))
    farm.at_end(lambda: 1 / 0)
    raise AssertionError("the test's own fault")
""")
    farm.equal(result.stdout, "1..1\n# cleaned up\nnot ok 1 - first\n")
    assert 0 < result.stderr.index("own fault") < result.stderr.index("ZeroDivision"), result.stderr


@tap.test
def a_cleanup_that_does_not_end_is_given_up(folder):
    result = run_program(folder, """
tap.CLEANUP_LIMIT_S = 5

@tap.test
def first():
    farm.at_end(lambda: print("# cleaned up"))
    farm.at_end(lambda: time.sleep(1000))
""")
    farm.equal((result.stdout, result.returncode), ("1..1\n# cleaned up\nnot ok 1 - first\n", 1))
    farm.contains(result.stderr, "no end after 5 s")


@tap.test
def what_prepares_a_test_may_fail_it_alone(folder):
    result = run_program(folder, """
turns = []
tap.before_each(lambda: turns.append(1) or len(turns) == 1 and 1 / 0)

@tap.test
def first():
    print("# never runs")

@tap.test
def second():
    pass
""")
    farm.equal(result.stdout, "1..2\nnot ok 1 - first\nok 2 - second\n")


@tap.test
def a_daemon_that_is_left_behind_does_not_hold_the_output(folder):
    program, mark = start_program(folder, "leave")
    # Its end is that of the last process which has the other end of the pipe.
    program.communicate(timeout=farm.PATIENCE_S)
    farm.equal(program.returncode, 3)
    farm.equal(farm.marked(mark), [])


def chain_of(program, pids):
    """A program's three processes, each the parent of the next one, whose number may be lower."""
    chain = [program.pid]
    for _ in range(2):
        with open(f"/proc/{chain[-1]}/task/{chain[-1]}/children", encoding="ascii") as children:
            chain += [int(pid) for pid in children.read().split() if int(pid) in pids]
    farm.equal(sorted(chain), sorted(pids))
    return chain


@tap.test
def a_program_that_is_killed_leaves_nothing(folder):
    """Whichever of its processes, and the whole group."""
    for which in range(3):
        program, mark = start_program(folder, "stay", "hosts", start_new_session=True)
        chain = chain_of(program, [pid for pid in farm.marked(mark)
                                   if farm.words_of(pid)[1:2] == [folder + "/program.py"]])
        os.kill(chain[which], signal.SIGKILL)
        farm.poll(lambda: not farm.marked(mark), f"process {which} was killed: all end")
        farm.equal(program.wait(), -signal.SIGKILL)
    program, mark = start_program(folder, "stay", "hosts", start_new_session=True)
    os.killpg(program.pid, signal.SIGKILL)
    farm.poll(lambda: not farm.marked(mark), "the group was killed: all end")


@tap.test
def a_program_whose_runner_is_killed_leaves_nothing(folder):
    program, mark = start_program(folder, "stay", before=("env", "HARNESS_ACTIVE=1", "sh", "-c",
                                                          '"$@"; exit', "runner"))
    program.kill()
    farm.poll(lambda: not farm.marked(mark), "all end")


@tap.test
def a_program_that_is_ended_kindly_says_so(folder):
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        program, mark = start_program(folder, "stay")
        program.send_signal(number)
        farm.equal(program.wait(farm.PATIENCE_S), -number)
        farm.equal(farm.marked(mark), [])


@tap.test
def temporary_folders_go_with_the_program(folder):
    result = run_program(folder, """
import tempfile
print("#", tempfile.mkdtemp(), flush=True)

@tap.test
def first(folder):
    print("#", folder, flush=True)
    os.kill(os.getpid(), 9)
""")
    farm.equal(result.returncode, -signal.SIGKILL)
    paths = [line[2:] for line in result.stdout.splitlines() if line.startswith("# /")]
    farm.equal((len(paths), [path for path in paths if os.path.exists(path)]), (2, []))


@tap.test
def control_groups_of_a_killed_test_are_removed_by_a_later_one():
    tree = control_groups.unified()
    if os.geteuid() != 0 or not tree or not os.access(tree, os.W_OK):
        raise tap.Lacks("this machine has no control groups of version 2 that root may use")
    tree = f"{tree}/farmlock.{os.getpid()}"
    farm.at_end(lambda: control_groups.remove([tree]))
    empty, used = groups = [f"{tree}/farmlock.{word}" for word in ("empty", "used")]
    for group in groups:
        os.makedirs(f"{group}/system.slice/step_0")
    process = farm.start("sleep", "1000")
    with open(f"{used}/system.slice/step_0/cgroup.procs", "w", encoding="ascii") as procs:
        procs.write(str(process.pid))
    # One in which somebody is about to begin.
    control_groups.remove_abandoned([tree])
    farm.equal(os.path.isdir(empty), True)
    control_groups.remove_abandoned([tree], older_s=0)
    farm.equal([os.path.isdir(group) for group in groups], [False, True])
    farm.stop(process)


farm.main()
