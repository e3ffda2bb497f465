#!/usr/bin/python3
"""lockreap gives back what jobs of any scheduler hold that somebody says are over: by name, from a
list, and in the examples of epilogs."""

import os
import socket
import stat
import time

from support import farm, tap
from support.locking import Proxy, start_server
from support.seats import Seats

LOCKREAP = farm.program("lockreap")
IDS = ("sge:5.3", "lsf:7[3]", "pbs:123[4].server", "sge:5@lab", "condor:12.0")


class Named(Seats):
    """A lockerd, and requests in the names of jobs of any scheduler."""

    def __init__(self):
        _, self.port = start_server()
        self.env = farm.environment(IPCLOCKER_HOST="127.0.0.1", IPCLOCKER_PORT=self.port)

    def released(self, *words, **options):
        done = farm.run(LOCKREAP, *words, env=self.env, **options)
        farm.equal((done.returncode, done.stderr), (0, ""))
        return done.stdout


@tap.test
def a_job_of_any_scheduler_is_named_as_its_lock_carries_it():
    seats = Named()
    for number, job in enumerate(IDS):
        seats.hold(f"s{number}", job)
        seats.hold(f"t{number}", job + "0")
    waiter = seats.queue("s0", "sge:6")
    for number, job in enumerate(IDS):
        farm.equal(seats.released("--job", job, "--dry-run"),
                   f"{job}: would release s{number} of holder-s{number}\n")
        farm.equal(seats.released("--job", job), f"{job}: released 1 request\n")
    farm.equal(waiter.status()["locked"], "1")
    farm.equal(seats.held(), ["s0"] + [f"t{number}" for number in range(len(IDS))])


class Meanwhile(Proxy):
    """Has a server's next answers that something has ended come only when `acts` are done, one each."""

    def __init__(self, server_port, *acts):
        self.acts = list(acts)
        super().__init__(server_port)

    def _pass_on(self, source, target):
        try:
            while data := source.recv(65536):
                if b"ended " in data and self.acts:
                    self.acts.pop(0)()
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass


@tap.test
def what_a_job_takes_while_it_is_released_is_released_and_told():
    seats = Named()
    direct = seats.env
    for words, told in (((), "{job}: released 1 request\n{job}: released 2 requests\n"),
                        (("--json",), '"ended":1,"held":[],"waited":[]}},{{"job":"{job}","ended":2,')):
        seats.hold("a", "sge:5")
        proxy = Meanwhile(seats.port, lambda: (seats.hold("b", "sge:5"), seats.hold("c", "sge:5")))
        seats.env = dict(direct, IPCLOCKER_PORT=str(proxy.port))
        farm.contains(seats.released("--job", "sge:5", *words), told.format(job="sge:5"))
        farm.equal(seats.held(), [])
    # Of a task without its own number the list is read first.
    seats.hold("a", "slurm:7_1=9@lab")
    proxy = Meanwhile(seats.port, lambda: seats.hold("b", "slurm:7_1=9@lab"))
    seats.env = dict(direct, IPCLOCKER_PORT=str(proxy.port))
    farm.equal(seats.released("--job", "7_1", "--cluster", "lab"),
               "slurm:7_1=9@lab: released a of holder-a\nslurm:7_1=9@lab: released 1 request\n")


@tap.test
def a_cluster_stands_behind_the_id():
    seats = Named()
    seats.hold("a", "sge:5.3@lab")
    seats.hold("b", "sge:5.3")
    farm.equal(seats.released("--job", "sge:5.3", "--cluster", "lab"), "sge:5.3@lab: released 1 request\n")
    seats.hold("a", "sge:5.3@lab")
    seats.released("--job", "sge:5.3", "--cluster", "lab", "--bare")
    farm.equal(seats.held(), [])


@tap.test
def who_names_a_job_that_has_nothing_learns_what_there_is():
    seats = Named()
    seats.hold("a", "sge:5.3@lab")
    seats.hold("b", "lsf:5[3]")
    done = seats.run("lockreap", "--job", "sge:5.4")
    farm.equal((done.returncode, done.stdout), (0, ""))
    farm.contains(done.stderr, "nothing to release; the lock server knows of sge:5.3@lab\n")


@tap.test
def what_is_no_id_is_refused():
    seats = Named()
    for job in ("", "5.3", "sge:", ":5", "Sge:5", "sge:5 6", "sge:5\x1b[m", "sge:" + "5" * 300, "slurm:x"):
        done = seats.run("lockreap", "--job", job)
        farm.equal((done.returncode, done.stdout), (64, ""))
        farm.contains(done.stderr, "sge:5.3, lsf:7[3], pbs:123[4].server")
        assert "\x1b" not in done.stderr
    for words in (("--before", "5"), ("--before", "yesterday", "--job", "sge:5"),
                  ("--ended-from", "-", "--job", "sge:5"), ("--ended-from", "-", "--interval", "1")):
        farm.equal(seats.run("lockreap", *words).returncode, 64)


@tap.test
def a_run_that_began_later_keeps_its_seat():
    seats = Named()
    seats.hold("old", "sge:5")
    time.sleep(0.1)
    ended = time.time()
    time.sleep(0.1)
    seats.hold("new", "sge:5")
    farm.equal(seats.released("--job", "sge:5", "--before", f"{ended:.9f}"),
               "sge:5: released 1 request\n")
    farm.equal(seats.held(), ["new"])
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(ended)) + ".000Z"
    done = seats.run("lockreap", "--job", "sge:5", "--before", stamp)
    farm.equal((done.returncode, done.stdout, seats.held()), (0, "", ["new"]))
    # A time to come is now.
    seats.released("--job", "sge:5", "--before", str(int(ended) + 3600))
    farm.equal(seats.held(), [])


@tap.test
def a_list_of_what_has_ended_is_worked_off_line_by_line():
    seats = Named()
    for number, job in enumerate(IDS):
        seats.hold(f"s{number}", job)
    seats.hold("slurm", "slurm:4711@lab")
    seats.hold("kept", "sge:9")
    text = "\n# yesterday\n  sge:5.3 \r\nno such thing\n" + "\n".join(IDS[1:]) + "\n4711@lab"
    done = farm.run(LOCKREAP, "--ended-from", "-", env=seats.env, stdin=None, input=text)
    farm.equal(done.returncode, 64)
    farm.contains(done.stderr, "no such thing: this is no job")
    farm.equal((done.stdout.count("released 1 request"), seats.held()), (6, ["kept"]))
    farm.equal(seats.run("lockreap", "--ended-from", "/nonexistent/list").returncode, 66)


@tap.test
def a_list_is_worked_off_as_it_comes():
    seats = Named()
    seats.hold("a", "sge:1")
    seats.hold("b", "sge:2")
    reader = farm.start(LOCKREAP, "--ended-from", "-", env=seats.env, stdin=-1, stdout=-1)
    reader.stdin.write(b"sge:1\n")
    reader.stdin.flush()
    farm.equal(reader.stdout.readline(), b"sge:1: released 1 request\n")
    farm.equal(seats.held(), ["b"])
    reader.stdin.close()
    farm.equal(reader.wait(20), 0)


def installed(folder, script, seats):
    """An example that finds its settings where the test has them."""
    conf = f"{folder}/lockreap.conf"
    with open(conf, "w", encoding="utf-8") as file:
        file.write(f"IPCLOCKER_HOST=127.0.0.1\nIPCLOCKER_PORT={seats.port}\nLOCKREAP={LOCKREAP}\n")
    with open(os.path.join(farm.SOURCE, "examples", script), encoding="utf-8") as file:
        text = file.read()
    farm.equal(text.count("/etc/default/lockreap"), 2)
    path = f"{folder}/{os.path.basename(script)}"
    with open(path, "w", encoding="utf-8") as file:
        file.write(text.replace("/etc/default/lockreap", conf))
    os.chmod(path, stat.S_IRWXU)
    return path


HERE = socket.gethostname()


@tap.test
def a_run_that_began_elsewhere_keeps_its_seat():
    seats = Named()
    for lock, host in (("old", "e1.example.com"), ("far", "e2.example.com"), ("here", HERE),
                       ("new", "e3.example.com")):
        seats.hold(lock, "sge:5", host=host)
    seats.hold("other", "sge:6", host=HERE)
    # What was asked for while the server's answer about its time is under way counts as later, and
    # a busy machine may take its time.
    time.sleep(1)
    words = ("--job", "sge:5", "--on", "e1 e2.example.com:localhost")
    said = seats.released(*words, "--dry-run")
    farm.equal(said, "sge:5: would release far of holder-far, would release here of holder-here, "
               "would release old of holder-old\n")
    farm.equal(seats.released(*words), "sge:5: released 3 requests\n")
    farm.equal(seats.held(), ["new", "other"])
    # Of more hosts than a line of the protocol takes.
    farm.contains(seats.run("lockreap", "--job", "sge:5", "--on", "n[1-500]").stderr, "nothing to release")
    farm.equal(seats.released("--job", "sge:5", "--on", "n[1-500] e3"), "sge:5: released 1 request\n")
    # A time that is told holds besides.
    seats.hold("late", "sge:5", host=HERE)
    seats.run("lockreap", "--job", "sge:5", "--on", "localhost", "--before", str(int(time.time()) - 60))
    farm.equal(seats.held(), ["late", "other"])
    for words in (("--on", "e1"), ("--job", "sge:5", "--on", ""), ("--job", "sge:5", "--on", "e[1")):
        farm.equal(seats.run("lockreap", *words).returncode, 64)


EPILOGS = (("gridengine/epilog.sh", ("5", "0"), {}, "sge:5"),
           ("gridengine/epilog.sh", ("5", "3"), {}, "sge:5.3"),
           ("gridengine/epilog.sh", ("5", "3", "lab"), {}, "sge:5.3@lab"),
           ("lsf/post-exec.sh", (), {"LSB_JOBID": "7", "LSB_JOBINDEX": "0"}, "lsf:7"),
           ("lsf/post-exec.sh", (), {"LSB_JOBID": "7", "LSB_JOBINDEX": "3"}, "lsf:7[3]"),
           ("pbs/epilogue.sh", ("123.server", "alice", "eda"), {}, "pbs:123.server"),
           ("pbs/epilogue.sh", ("123[4].server",), {}, "pbs:123[4].server"))


def ended(seats, left, *command, env):
    """Runs an epilog.  It spares what was granted right before it began, as far as it cannot tell how
    lockerd's clock stands to its own, which a busy machine makes longer."""
    for _ in range(farm.CHANCES):
        done = farm.run(*command, env=env)
        farm.equal((done.returncode, done.stdout, done.stderr), (0, "", ""))
        if seats.held() == left:
            return
    farm.equal(seats.held(), left)


@tap.test
def the_epilogs_give_back_what_their_job_holds(folder):
    seats = Named()
    for script, words, variables, job in EPILOGS:
        seats.hold("x", job, host=HERE)
        seats.hold("other", job + "1", host=HERE)
        ended(seats, ["other"], installed(folder, script, seats), *words, env=farm.environment(**variables))
        seats.released("--job", job + "1")


@tap.test
def grid_engines_epilog_gives_back_what_a_parallel_job_holds_on_its_other_hosts(folder):
    seats = Named()
    with open(f"{folder}/pe_hostfile", "w", encoding="ascii") as file:
        file.write("".join(f"{host} 2 all.q@{host} UNDEFINED\n" for host in ("e1.local", "e2.local")))
    for lock, host in (("a", "e1.local"), ("b", "e2.local"), ("here", HERE), ("next", "e3.local")):
        seats.hold(lock, "sge:5", host=host)
    # Its parent is the shepherd, which works in the job's folder of the spool.
    ended(seats, ["next"], "sh", "-c", f'cd {folder} && "$@"; exit $?', "sh",
          installed(folder, "gridengine/epilog.sh", seats), "5", "0", env=farm.environment())


@tap.test
def the_epilogs_use_nothing_of_the_users_environment_and_never_fail(folder):
    seats, theirs = Named(), Named()
    caught = f"{folder}/caught"
    for name in ("lockreap", "timeout", "date", "env", "logger", "sh"):
        with open(f"{folder}/{name}", "w", encoding="utf-8") as file:
            file.write(f"#!/bin/sh\necho {name} >>{caught}\nexit 3\n")
        os.chmod(f"{folder}/{name}", 0o755)
    hostile = {"PATH": f"{folder}:/bin", "IPCLOCKER_HOST": "127.0.0.1", "IPCLOCKER_PORT": str(theirs.port),
               "ENV": f"{folder}/sh", "BASH_ENV": f"{folder}/sh", "IFS": "e", "CDPATH": folder,
               "BASH_FUNC_logger%%": "() { echo f; }", "LOCKREAP": f"{folder}/lockreap",
               "POSIXLY_CORRECT": "1"}
    for script, words, variables, job in EPILOGS:
        seats.hold("x", job, host=HERE)
        path = installed(folder, script, seats)
        ended(seats, [], path, *words, env=dict(hostile, **variables))
    farm.equal(os.path.exists(caught), False)
    seats.hold("x", "sge:5")
    for script, words in (("gridengine/epilog.sh", ("5;x", "0")), ("gridengine/epilog.sh", ()),
                          ("lsf/post-exec.sh", ()), ("pbs/epilogue.sh", ("$(id)",)), ("pbs/epilogue.sh", ())):
        done = farm.run(installed(folder, script, seats), *words, env=hostile)
        farm.equal((done.returncode, done.stdout, done.stderr), (0, "", ""))
    # Without a lock server either.
    seats.port = farm.silent_port()
    done = farm.run(installed(folder, "gridengine/epilog.sh", seats), "5", "0")
    farm.equal(done.returncode, 0)
    farm.equal(Seats.held(theirs), [])


if __name__ == "__main__":
    farm.main()
