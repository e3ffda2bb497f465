#!/usr/bin/python3
"""lockreap and locksync, the epilog and lockersh itself beside a real Grid Engine."""

import os
import signal
import subprocess

from support import farm, gridengine
from support.gridengine_lab import Lab
from support.tap import test

cluster = gridengine.the_cluster()
LOCKERSH = f"{cluster.folder}/bin/lockersh"
LOCKSYNC = f"{cluster.folder}/bin/locksync"
HOME = f"{cluster.folder}/home"


def claim(lab, seat, job, task="undefined", **more):
    """Holds a seat in the name of a job, out of Grid Engine's reach."""
    cluster.launch("qm", LOCKERSH, "--lock", seat, "--exec", "sleep", "300",
                   extra={**lab.variables, "JOB_ID": job, "SGE_TASK_ID": task, **more})
    farm.poll(lambda: seat in lab.held(), f"{seat} is held")


def over():
    """A job that has ended."""
    job = cluster.submit("true")
    farm.poll(lambda: job not in cluster.jobs(), "the job is over", gridengine.PATIENCE_S)
    return job


@test
def what_is_over_loses_its_seat_and_nothing_else():
    lab = Lab(cluster)
    running, ended = cluster.submit("sleep", "300"), over()
    array = cluster.submit("-t", "1-2", "/bin/sh", "-c", "test $SGE_TASK_ID = 1 || exec sleep 300")
    farm.poll(lambda: " 1" not in tasks(array) and " 2" in tasks(array), "task 1 is over",
              gridengine.PATIENCE_S)
    claim(lab, "a", running)
    claim(lab, "b", ended)
    claim(lab, "c1", array, "1")
    claim(lab, "c2", array, "2")
    claim(lab, "named", ended, SGE_CLUSTER_NAME="west")
    claim(lab, "celled", running, SGE_CELL="east")
    look = lab.lockreap("--scheduler", "sge", "--dry-run")
    farm.equal((look.returncode, look.stdout.count("would release"), look.stderr), (0, 2, ""))
    look = lab.lockreap("--scheduler", "sge")
    farm.equal((look.returncode, look.stderr), (0, ""))
    farm.contains(look.stdout, f"sge:{ended} not known any more: released b of qm.local_")
    farm.contains(look.stdout, f"sge:{array}.1 over: released c1 of qm.local_")
    farm.equal(sorted(lab.held()), ["a", "c2", "celled", "named"])
    look = lab.lockreap("--scheduler", "sge", "--cluster", "west")
    farm.contains(look.stdout, f"sge:{ended}@west not known any more: released named")
    farm.equal(sorted(lab.held()), ["a", "c2", "celled"])


def tasks(array):
    """The last columns of an array's rows."""
    shown = cluster.run("qm", "qstat", "-u", "*", "-g", "d").stdout.splitlines()
    return "".join(" " + row.split()[-1] for row in shown if row.split()[:1] == [array])


@test
def nothing_is_released_while_grid_engine_does_not_answer():
    lab = Lab(cluster)
    claim(lab, "x", over())
    # What is hidden below are Grid Engine's commands, and the port of the qmaster is nobody's.
    for variables, message in (({"PATH": "/nonexistent"}, "cannot run qstat; set PATH"),
                               ({"SGE_QMASTER_PORT": "1"}, "Grid Engine: "),
                               ({"SGE_ROOT": "/nonexistent"}, "Grid Engine: ")):
        pairs = [f"{name}={value}" for name, value in variables.items()]
        done = cluster.run("qm", "/usr/bin/env", *pairs, f"{lab.bin}/lockreap", "-S", "sge", "--timeout", "30",
                           extra=lab.variables)
        farm.equal((done.returncode, done.stdout), (69, ""))
        farm.contains(done.stderr, message)
        farm.contains(done.stderr, "; nothing was released\n")
    qmaster = [pid for pid in cluster.processes("qm") if gridengine.name_of(pid) == "sge_qmaster"]
    farm.freeze(qmaster[0])
    try:
        done = cluster.run("qm", f"{lab.bin}/lockreap", "-S", "sge", "--timeout", "1", extra=lab.variables)
    finally:
        os.kill(qmaster[0], signal.SIGCONT)
    farm.equal((done.returncode, done.stdout), (69, ""))
    farm.contains(done.stderr, "Grid Engine: no answer within 1.0 s")
    farm.equal(list(lab.held()), ["x"])


@test
def a_service_looks_again_and_again():
    lab = Lab(cluster)
    claim(lab, "x", over())
    cluster.launch("qm", f"{lab.bin}/lockreap", "-S", "sge", "--interval", "0.2",
                   extra=lab.variables, stdout=subprocess.DEVNULL)
    farm.poll(lambda: not lab.held(), "x is given back", gridengine.PATIENCE_S)
    claim(lab, "y", over())
    farm.poll(lambda: not lab.held(), "y is given back", gridengine.PATIENCE_S)


def shepherd_of(node):
    """The one shepherd of a node; it goes on, whatever a test does to it."""
    pids = cluster.shepherds(node)
    farm.equal(len(pids), 1)
    farm.at_end(lambda: resume(pids[0]))
    return pids[0]


def resume(pid):
    try:
        os.kill(pid, signal.SIGCONT)
    except ProcessLookupError:
        pass


def place(lab, kind="locks"):
    """{owner's host: its process} of what is held, or waited for."""
    return {row["host"].partition(".")[0]: row["pid"] for row in lab.list()[kind]}


def push(job):
    """Has Grid Engine run a job anew elsewhere, while its shepherd does not hear of it."""
    node = cluster.node_of(job)
    pid = shepherd_of(node)
    farm.freeze(pid)
    cluster.must("qm", "qmod", "-rj", job)
    return node, pid


@test
def an_epilog_spares_a_run_that_began_elsewhere_before_it():
    lab = Lab(cluster, epilog=True)
    job = lab.hold(options=("-r", "y"))
    cluster.wait_running(job)
    node, shepherd = push(job)
    farm.poll(lambda: lab.list()["waiters"], "the next run waits for the seat", gridengine.PATIENCE_S)
    (other, second), = place(lab, "waiters").items()
    assert other != node
    farm.equal(list(place(lab)), [node])
    resume(shepherd)
    farm.poll(lambda: place(lab) == {other: second}, "the next run has the seat", gridengine.PATIENCE_S)
    farm.poll(lambda: not cluster.shepherds(node), "the former one's shepherd has ended", gridengine.PATIENCE_S)
    farm.equal((lab.held(), place(lab)), ({"x": f"sge:{job}"}, {other: second}))


@test
def and_one_that_has_the_seat_already():
    lab = Lab(cluster, pidstatd=True, epilog=True)
    job = lab.hold(options=("-r", "y"))
    cluster.wait_running(job)
    node, shepherd = push(job)
    farm.poll(lambda: lab.list()["waiters"], "the next run waits for the seat", gridengine.PATIENCE_S)
    (other, second), = place(lab, "waiters").items()
    farm.kill_pid(place(lab)[node])
    farm.poll(lambda: place(lab) == {other: second}, "the next run has the seat", gridengine.PATIENCE_S)
    resume(shepherd)
    farm.poll(lambda: not cluster.shepherds(node), "the former one's shepherd has ended", gridengine.PATIENCE_S)
    farm.equal((lab.held(), place(lab)), ({"x": f"sge:{job}"}, {other: second}))


@test
def an_epilog_gives_back_what_a_parallel_job_holds_on_its_other_hosts():
    lab = Lab(cluster, epilog=True)
    script = cluster.write("parallel.sh", "#!/bin/sh\nfor host in $(cut -d' ' -f1 $PE_HOSTFILE); do\n"
                           f"  qrsh -inherit -v IPCLOCKER_HOST=$IPCLOCKER_HOST -v IPCLOCKER_PORT=$IPCLOCKER_PORT $host "
                           f"{LOCKERSH} --lock 's[1-2]' --exec sleep 300 &\ndone\nwait\n")
    job = lab.submit(script, options=("-pe", "rr", "4"))
    farm.poll(lambda: len(lab.held()) == 2, "one on each host has a seat", gridengine.PATIENCE_S)
    farm.equal(sorted(place(lab)), ["e1", "e2"])
    # An epilog spares what was granted right before it, as far as it cannot tell how lockerd's clock stands to
    # its own: as long as lockerd's answer takes, for which it waits 5 seconds.
    farm.poll(lambda: min(lock["held_seconds"] for lock in lab.list()["locks"]) > 5, "they have been held for a while",
              gridengine.PATIENCE_S)
    cluster.qdel(job)
    farm.poll(lambda: not lab.held(), "both are given back", gridengine.PATIENCE_S)


@test
def a_late_epilog_spares_the_next_run_of_its_job():
    lab = Lab(cluster, pidstatd=True)
    begun, go, done = marks = [f"{HOME}/{name}" for name in ("begun", "go", "done")]
    script = lab.script(f"touch {begun}; until [ -e {go} ]; do sleep 0.1; done", f"touch {done}")
    farm.at_end(lambda: [os.unlink(path) for path in marks if os.path.exists(path)])
    cluster.epilog(f"root@{script} $job_id $ja_task_id")
    job = lab.hold(options=("-r", "y"))
    first = lab.pid("x")
    cluster.qconf("-mattr", "queue", "epilog", "NONE", "all.q")
    cluster.must("qm", "qmod", "-rj", job)
    farm.poll(lambda: os.path.exists(begun), "the epilog has begun", gridengine.PATIENCE_S)
    farm.poll(lambda: lab.pid("x") not in (None, first), "the next run has the seat",
              gridengine.PATIENCE_S)
    second = lab.pid("x")
    with open(go, "w", encoding="ascii"):
        pass
    farm.poll(lambda: os.path.exists(done), "the epilog has ended", gridengine.PATIENCE_S)
    farm.equal((lab.held(), lab.pid("x")), ({"x": f"sge:{job}"}, second))


def amount(name):
    """What there is of a consumable."""
    shown = cluster.qconf("-se", "global")
    values = shown.partition("complex_values")[2].split("\n")[0].strip()
    return dict(pair.split("=") for pair in values.split(",")).get(name)


@test
def a_consumable_is_kept_in_step_with_seats():
    lab = Lab(cluster)
    table = cluster.qconf("-sc") + "lic lic INT <= YES YES 0 0\nother other INT <= YES YES 0 0\n"
    cluster.qconf("-Mc", cluster.write("complexes", table))
    cluster.qconf("-mattr", "exechost", "complex_values", "lic=3,other=7", "global")
    farm.at_end(lambda: cluster.qconf("-rattr", "exechost", "complex_values", "NONE", "global"))
    words = (LOCKSYNC, "--scheduler", "sge", "--map", "lic=lic[1-3]")
    desk = cluster.launch("qm", LOCKERSH, "--lock", "lic[1-3]", "--exec", "sleep", "300", extra=lab.variables)
    farm.poll(lab.held, "a desk has a seat")
    farm.equal(cluster.must("qm", *words, "--once", "--dry-run", extra=lab.variables),
               "complex_values of global: lic:1 would be set aside\n")
    farm.equal(amount("lic"), "3")
    service = cluster.launch("qm", *words, "--interval", "0.2", extra=lab.variables, stdout=subprocess.DEVNULL)
    farm.poll(lambda: amount("lic") == "2", "the seat of the desk is set aside", gridengine.PATIENCE_S)
    jobs = [lab.submit(LOCKERSH, "--lock", "lic[1-3]", "--exec", "sleep", "300", options=("-l", "lic=1"))
            for _ in range(3)]
    farm.poll(lambda: len(lab.held()) == 3, "two jobs run", gridengine.PATIENCE_S)
    farm.equal((amount("lic"), amount("other")), ("2", "7"))
    assert not lab.list()["waiters"], "the third is held back by Grid Engine"
    farm.stop(desk)
    farm.poll(lambda: amount("lic") == "3", "its seat is free", gridengine.PATIENCE_S)
    farm.poll(lambda: len(lab.held()) == 3, "the third job runs", gridengine.PATIENCE_S)
    desk = cluster.launch("qm", LOCKERSH, "--lock", "lic[1-3]", "--exec", "sleep", "300", extra=lab.variables)
    # Grid Engine kills the monitor with the job, which may not have given the seat back yet.
    reaper = cluster.launch("qm", f"{lab.bin}/lockreap", "--scheduler", "sge", "--interval", "0.5", extra=lab.variables,
                            stdout=subprocess.DEVNULL)
    cluster.qdel(*jobs)
    farm.poll(lambda: len(lab.held()) == 1, "the jobs are gone, and the desk has a seat", gridengine.PATIENCE_S)
    farm.poll(lambda: amount("lic") == "2", "the desk's seat is set aside again", gridengine.PATIENCE_S)
    farm.stop(reaper)
    farm.stop(service)
    farm.equal((amount("lic"), amount("other")), ("3", "7"))


@test
def what_locksync_cannot_do_is_said():
    lab = Lab(cluster)
    for name, user, status, message in (("absent", None, 64, "Grid Engine has no complex absent"),
                                        ("arch", None, 64, "is not consumable")):
        done = cluster.run("qm", LOCKSYNC, "-S", "sge", "--map", f"{name}=lic[1-3]", "--once", user=user,
                           extra=lab.variables)
        farm.equal((done.returncode, done.stdout), (status, ""))
        farm.contains(done.stderr, message)
    done = cluster.run("qm", LOCKSYNC, "-S", "sge", "--map", "slots=s[1-3]", "--once", user="alice",
                       extra=lab.variables)
    farm.equal((done.returncode, done.stdout), (69, ""))
    farm.contains(done.stderr, 'denied: "alice" must be manager')


def warnings(lab):
    """How often lockersh warns in a job that runs it twice, and asks for its server."""
    log = f"{HOME}/warnings"
    lab.submit("/bin/sh", "-c", f"for i in 1 2; do {LOCKERSH} --lock w true; done 2>{log}; {LOCKERSH} --ping 2>>{log}; "
               f"echo end >>{log}")

    def text():
        with open(log, encoding="utf-8") as file:
            return file.read()

    farm.poll(lambda: os.path.exists(log) and text().endswith("end\n"), "the job is over",
              gridengine.PATIENCE_S)
    shown = text()
    os.unlink(log)
    return shown.count("lockersh: warning: Grid Engine kills lockersh's monitor"), shown.count("\n") - 1


@test
def a_job_is_warned_once_where_nobody_sees_its_end():
    farm.equal(warnings(Lab(cluster)), (2, 2))
    farm.equal(warnings(Lab(cluster, epilog=True)), (0, 0))
    farm.equal(warnings(Lab(cluster, pidstatd=True)), (0, 0))


@test
def a_session_without_variables_is_known_by_its_shepherd():
    lab = Lab(cluster)
    ours, theirs = os.openpty()
    session = cluster.launch("qm", "setsid", "--ctty", "qrsh", stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    farm.at_end(lambda: os.close(ours))
    shown = b""
    while b"#" not in shown and b"$" not in shown:
        shown += os.read(ours, 1000)
    line = f"IPCLOCKER_HOST=10.77.0.1 IPCLOCKER_PORT={lab.port} {LOCKERSH} --lock x --exec sleep 300\n"
    os.write(ours, line.encode())
    farm.poll(lab.held, "it has its seat", gridengine.PATIENCE_S)
    farm.equal(lab.held(), {"x": f"sge:{cluster.jobs()[0]}"})
    session.kill()


if __name__ == "__main__":
    farm.main()
