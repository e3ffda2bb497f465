#!/usr/bin/env python3
"""wrappers/python/farmlock.py where much goes on at once: programs, threads, forks, asyncio."""

import os
import sys

from support import farm, scripts, tap
from support.locking import Farm


def start(port, text):
    return scripts.start(scripts.python(text), port)


def run(port, text):
    return scripts.run(scripts.python(text), port)


@tap.test
def twenty_programs_take_turns(folder):
    lab = Farm()
    marks = os.path.join(folder, "marks")
    programs = [start(lab.port, f"""
for _ in range(5):
    with farmlock.lock("lic[1-2]") as seat:
        path = {marks!r} + str(seat)
        os.close(os.open(path, os.O_CREAT | os.O_EXCL))
        os.unlink(path)
""") for _ in range(20)]
    for program in programs:
        out, err = program.communicate(timeout=farm.PATIENCE_S * 3)
        farm.equal((program.returncode, out, err), (0, "", ""))
    farm.equal(lab.locks(), {})


@tap.test
def threads_of_one_program_take_turns():
    lab = Farm()
    farm.equal(run(lab.port, """
inside, most = [], []
def work():
    for _ in range(5):
        with farmlock.lock("lic[1-3]") as seat:
            assert str(seat) not in inside
            inside.append(str(seat)); most.append(len(inside)); inside.remove(str(seat))
threads = [threading.Thread(target=work) for _ in range(12)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
say(len(most), farmlock.lock_list()["locks"])
"""), "60 []\n")


@tap.test
def a_child_by_fork_gives_nothing_back():
    lab = Farm()
    farm.equal(run(lab.port, """
import warnings
warnings.simplefilter("ignore")
with farmlock.lock("a") as seat:
    child = os.fork()
    if child == 0:
        say(seat.held)
    else:
        os.waitpid(child, 0)
        say(seat.held, farmlock.status("a").owner != "")
if child == 0:
    with farmlock.lock("b", timeout=5) as own:
        say(own)
    os._exit(0)
""").split("\n")[0], "False")


@tap.test
def what_a_program_leaves_locked_is_given_back_at_its_end():
    lab = Farm()
    farm.equal(run(lab.port, "seat = farmlock.lock('a').acquire()\nsay(seat)"), "a\n")
    farm.equal(lab.locks(), {})


@tap.test
def asyncio_holds_waits_and_gives_back():
    lab = Farm()
    farm.equal(run(lab.port, """
async def work(order):
    async with farmlock.aio.lock("lic1:lic2", notice=note if order == 2 else None) as seat:
        say(order, seat)
        await asyncio.sleep(0.2)
async def main():
    await asyncio.gather(*[work(order) for order in range(2)])
    say((await farmlock.aio.status("lic1")).owner == "", (await farmlock.aio.lock_list())["locks"])
    async with farmlock.aio.lock("a") as seat:
        say((await farmlock.aio.break_lock("a"))[0] != "", (await farmlock.aio.ping()).protocol)
        try:
            await seat.renew()
        except farmlock.Lost as error:
            say(error.code)
        raise KeyError
try:
    go(main())
except KeyError:
    say("its own error")
""").replace("0 lic2\n1 lic1", "0 lic1\n1 lic2"),
               "0 lic1\n1 lic2\nTrue []\nTrue 2\nbroken\nits own error\n")


@tap.test
def an_asyncio_task_that_is_cancelled_leaves_no_waiter_and_no_lock():
    lab = Farm()
    lab.hold("a")
    farm.equal(run(lab.port, """
async def main():
    task = asyncio.ensure_future(farmlock.aio.lock("a").acquire())
    while not (await farmlock.aio.lock_list())["waiters"]:
        await asyncio.sleep(0.01)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        say("cancelled")
    while (await farmlock.aio.lock_list())["waiters"]:
        await asyncio.sleep(0.01)
    # Whenever it is cancelled, in the middle of getting it too.
    for turn in range(60):
        task = asyncio.ensure_future(farmlock.aio.lock("free").acquire())
        await asyncio.sleep(turn / 20000)
        task.cancel()
        try:
            await (await task).release()
        except asyncio.CancelledError:
            pass
    while len((await farmlock.aio.lock_list())["locks"]) > 1:
        await asyncio.sleep(0.01)
    say("free")
go(main())
"""), "cancelled\nfree\n")


@tap.test
def the_example_runs_as_many_as_there_are_seats(folder):
    lab = Farm()
    script = os.path.join(folder, "sim")
    with open(script, "w", encoding="ascii") as file:
        file.write(f"mkdir {folder}/$1 && sleep 0.5 && rmdir {folder}/$1 && exit 3\n")
    done = farm.run(sys.executable, os.path.join(farm.SOURCE, "examples/python/seats.py"), "vcs[1-2]",
                    *[script] * 5, env=scripts.environment(lab.port))
    farm.equal((done.returncode, done.stderr), (3, ""))
    farm.contains(done.stdout, "waiting for vcs1:vcs2, held by ")


if __name__ == "__main__":
    farm.main()
