#!/usr/bin/python3
"""locksync sets aside in a real cluster the licences whose seats lockerd has given to others."""

import json
import signal
import socket
import subprocess
import time

from support import slurm
from support.seats import Seats
from support import farm
from support.tap import Lacks, test

LOCKSYNC = farm.program("locksync")
MAP = ("--map", "vcs=vcs[1-4]", "--map", "hsim=hsim1:hsim2:emulator")

cluster = slurm.the_cluster(settings="Licenses=vcs:4,hsim:2")


def reserved():
    """{licence: how many are set aside}, as Slurm tells."""
    found, name = {}, None
    for word in cluster.tell("scontrol", "show", "license").split():
        key, _, value = word.partition("=")
        if key == "LicenseName":
            name = value
        elif key == "Reserved" and value != "0":
            found[name] = int(value)
    return found


def reservation(name="farmlock"):
    """What Slurm shows of one, {} when there is none."""
    shown = cluster.tell("scontrol", "show", "reservation", name)
    return dict(word.split("=", 1) for word in shown.split() if "=" in word)


def sync(seats, *words, **extra):
    return seats.run("locksync", *MAP, *words, **extra)


def once(seats, *words):
    """What one look says, which must go well."""
    done = sync(seats, "--once", *words)
    farm.equal((done.returncode, done.stderr), (0, ""))
    return done.stdout


def drop():
    cluster.tell("scontrol", "delete", "ReservationName=farmlock")


def start(seats, folder, *words):
    """locksync as a service; returns it with a function that tells what it has said."""
    with open(f"{folder}/out", "ab") as out:
        service = farm.start(LOCKSYNC, *MAP, "--interval", "0.1", *words, env=seats.env,
                             stdout=out, stderr=subprocess.STDOUT)

    def said():
        with open(f"{folder}/out", encoding="utf-8") as text:
            return text.read().splitlines()

    return service, said


@test
def what_others_hold_is_set_aside_and_no_more():
    seats = Seats(cluster)
    farm.at_end(drop)
    farm.equal(once(seats), "farmlock: nothing is set aside\n")
    farm.equal(reservation(), {})
    for lock, job in (("vcs1", None), ("vcs2", "lsf:7"), ("vcs3", "slurm:7@fab"),
                      ("vcs4", "slurm:7@lab"), ("emulator", None), ("other", None)):
        seats.hold(lock, job)
    seats.queue("vcs4", None)
    farm.equal(once(seats), "farmlock: vcs:3,hsim:1 is set aside\n")
    farm.equal(reserved(), {"vcs": 3, "hsim": 1})
    shown = reservation()
    farm.equal((shown["Nodes"], shown["NodeCnt"], shown["Users"]), ("(null)", "0", "root"))


@test
def what_is_given_back_is_not_set_aside_any_more():
    seats = Seats(cluster)
    farm.at_end(drop)
    seats.hold("vcs1")
    seats.hold("vcs2")
    seats.hold("hsim1")
    once(seats)
    farm.equal(reserved(), {"vcs": 2, "hsim": 1})
    seats.hold("vcs1").send("UNLOCK")
    seats.hold("hsim1").send("UNLOCK")
    farm.poll(lambda: seats.held() == ["vcs2"], "seats are given back")
    farm.equal(once(seats), "farmlock: vcs:1 is set aside\n")
    farm.equal(reserved(), {"vcs": 1})
    seats.hold("vcs2").send("UNLOCK")
    farm.poll(lambda: not seats.held(), "the last seat is given back")
    farm.equal(once(seats), "farmlock: nothing is set aside\n")
    farm.equal((reserved(), reservation()), ({}, {}))


@test
def no_more_is_set_aside_than_slurm_has():
    seats = Seats(cluster)
    farm.at_end(drop)
    for lock in ("hsim1", "hsim2", "emulator"):
        seats.hold(lock)
    done = sync(seats, "--once")
    farm.equal((done.returncode, done.stdout), (0, "farmlock: hsim:2 is set aside\n"))
    farm.equal(done.stderr, "locksync: others hold more seats than Slurm has licenses: hsim 2 of "
               "3; no more can be set aside: correct --map, or Licenses in slurm.conf\n")
    farm.equal(reserved(), {"hsim": 2})


@test
def a_shortage_is_told_once_until_it_changes(folder):
    seats = Seats(cluster)
    for lock in ("hsim1", "hsim2"):
        seats.hold(lock)
    service, said = start(seats, folder)
    first = "farmlock: hsim:2 is set aside"
    farm.poll(lambda: said() == [first], "it is set aside")
    for _ in range(2):
        begun = len(said())
        seats.hold("emulator")
        farm.poll(lambda begun=begun: len(said()) > begun, "the shortage is told")
        farm.contains(said()[-1], "hsim 2 of 3")
        seats.hold("vcs1")
        farm.poll(lambda: said()[-1] == "farmlock: vcs:1,hsim:2 is set aside", "others go on")
        seats.hold("emulator").send("UNLOCK")
        seats.hold("vcs1").send("UNLOCK")
        farm.poll(lambda: said()[-1] == first, "the shortage is over")
    farm.equal(len([line for line in said() if "more seats" in line]), 2)
    service.terminate()
    farm.equal(service.wait(farm.PATIENCE_S), 0)


@test
def another_locksync_of_that_name_is_noticed_once(folder):
    seats, others = Seats(cluster), Seats(cluster)
    seats.hold("vcs1")
    others.hold("vcs2")
    others.hold("vcs3")
    service, said = start(seats, folder)
    own = "farmlock: vcs:1 is set aside"
    farm.poll(lambda: said() == [own], "one seat is set aside")
    seats.hold("hsim1")
    changed = "farmlock: vcs:1,hsim:1 is set aside"
    farm.poll(lambda: said() == [own, changed], "what it changes itself is no other's doing")
    for _ in range(3):
        once(others)
        farm.poll(lambda: reserved() == {"vcs": 1, "hsim": 1}, "the service has its way again")
    farm.equal(said(), [own, changed, "locksync: somebody else changes the reservation farmlock: "
                        "if that is another locksync, give one of them another name with "
                        "--reservation"])
    service.terminate()
    farm.equal(service.wait(farm.PATIENCE_S), 0)


@test
def slurm_starts_no_job_that_would_only_wait(folder):
    seats = Seats(cluster)
    for lock in ("vcs1", "vcs2", "vcs3"):
        seats.hold(lock)
    service, _ = start(seats, folder)
    farm.poll(lambda: reserved() == {"vcs": 3}, "three seats are set aside")
    script = "#!/bin/sh\nexec sleep 300\n"
    fits = cluster.sbatch("-o", "/dev/null", "-L", "vcs:1", script=script)
    waits = cluster.sbatch("-o", "/dev/null", "-L", "vcs:1", script=script)
    cluster.wait_state(fits, "RUNNING")
    time.sleep(3)  # the scheduler looks every two seconds
    farm.equal(cluster.state(waits), "PENDING")
    farm.contains(cluster.tell("squeue", "-h", "-j", waits, "-o", "%r"), "Licenses")
    seats.hold("vcs1").send("UNLOCK")
    cluster.wait_state(waits, "RUNNING")
    # All four are in use now, and another one is taken outside: that many can be set aside still.
    seats.hold("vcs1")
    farm.poll(lambda: reserved() == {"vcs": 3}, "three seats are set aside")
    service.terminate()
    farm.equal(service.wait(farm.PATIENCE_S), 0)


@test
def the_reservation_goes_with_locksync(folder):
    # The signal often comes while Slurm still answers: what is asked for then may be done.
    for number in 5 * (signal.SIGTERM, signal.SIGINT):
        seats = Seats(cluster)
        seats.hold("vcs1")
        service, said = start(seats, folder)
        farm.poll(lambda: reserved() == {"vcs": 1}, "a seat is set aside")
        service.send_signal(number)
        farm.equal(service.wait(farm.PATIENCE_S), 0)
        farm.equal((reservation(), reserved()), ({}, {}))
        assert set(said()) <= {"farmlock: vcs:1 is set aside"}, said()


@test
def what_a_killed_locksync_has_left_is_taken_over_and_ends_by_itself(folder):
    seats = Seats(cluster)
    farm.at_end(drop)
    seats.hold("vcs1")
    service, _ = start(seats, folder)
    farm.poll(lambda: reserved() == {"vcs": 1}, "a seat is set aside")
    service.kill()
    service.wait()
    farm.equal(reserved(), {"vcs": 1})
    end = time.mktime(time.strptime(reservation()["EndTime"], "%Y-%m-%dT%H:%M:%S"))
    assert 300 < end - time.time() <= 610, reservation()
    seats.hold("hsim1")
    service, _ = start(seats, folder)
    farm.poll(lambda: reserved() == {"vcs": 1, "hsim": 1}, "the new one goes on")
    service.terminate()
    farm.equal(service.wait(farm.PATIENCE_S), 0)
    farm.equal(reservation(), {})


@test
def a_reservation_that_nears_its_end_is_prolonged():
    seats = Seats(cluster)
    farm.at_end(drop)
    seats.hold("vcs1")
    once(seats)
    cluster.tell("scontrol", "update", "ReservationName=farmlock", "EndTime=now+100")
    before = reservation()["EndTime"]
    once(seats)
    assert reservation()["EndTime"] > before, (reservation(), before)
    farm.equal(reserved(), {"vcs": 1})


@test
def a_dry_run_changes_nothing(folder):
    seats = Seats(cluster)
    seats.hold("vcs1")
    farm.equal(once(seats, "--dry-run"), "farmlock: vcs:1 would be set aside\n")
    farm.equal(json.loads(once(seats, "-n", "--json")),
               {"version": 1, "dry_run": True, "reservation": "farmlock",
                "licenses": {"vcs": 1, "hsim": 0}})
    service, said = start(seats, folder, "--dry-run")
    farm.poll(lambda: said() == ["farmlock: vcs:1 would be set aside"], "the service says so")
    service.terminate()
    farm.equal(service.wait(farm.PATIENCE_S), 0)
    farm.equal((reservation(), reserved()), ({}, {}))


@test
def another_clusters_reservation_is_left_alone(folder):
    seats = Seats(cluster)
    seats.hold("vcs1")
    once(seats)
    farm.at_end(drop)
    service, said = start(seats, folder, "--cluster", "fab")
    farm.poll(said, "the wrong cluster is told")
    farm.contains(said()[0], "cluster lab, not of fab")
    service.terminate()
    farm.equal(service.wait(farm.PATIENCE_S), 0)
    farm.equal(reserved(), {"vcs": 1})


@test
def somebody_elses_reservation_is_left_alone():
    seats = Seats(cluster)
    seats.hold("vcs1")
    cluster.tell("scontrol", "create", "reservation", "ReservationName=farmlock", "StartTime=now",
                 "Duration=10", "Users=root", "Nodes=n1")
    farm.at_end(drop)
    before = reservation()
    for words in (("--once",), ()):
        done = sync(seats, *words)
        farm.equal((done.returncode, done.stdout), (64, ""))
        farm.contains(done.stderr, "it is somebody else's; give another name with --reservation")
    farm.equal(reservation(), before)
    farm.equal(once(seats, "--reservation", "seats"), "seats: vcs:1 is set aside\n")
    farm.equal(reservation("seats")["Licenses"], "vcs:1")
    cluster.tell("scontrol", "delete", "ReservationName=seats")


@test
def wrong_maps_are_refused():
    seats = Seats(cluster)
    done = seats.run("locksync", "--once", "--map", "gold=g[1-2]")
    farm.equal((done.returncode, done.stdout), (64, ""))
    farm.contains(done.stderr, "Slurm has no license gold; correct --map, or Licenses in slurm.conf")
    for words in ((), ("--map", "vcs"), ("--map", "vcs="), ("--map", "=vcs1"), ("--map", "vcs=a[1"),
                  ("--map", "vcs=a", "--map", "vcs=b"), ("--map", "v:1=a"), ("--map", "vcs=a", "x"),
                  ("--map", "vcs=a", "--reservation", "a b"), ("--map", "vcs=a", "-i", "0")):
        done = seats.run("locksync", "--once", *words)
        farm.equal((words, done.returncode, done.stdout), (words, 64, ""))


@test
def a_user_without_the_right_is_told_who_has_it():
    if not slurm.AS_ROOT:
        raise Lacks("another user than Slurm's; run the tests as root")
    seats = Seats(cluster)
    seats.hold("vcs1")
    done = farm.run(*cluster.as_user(LOCKSYNC, *MAP, "--once"), env=seats.env)
    farm.equal((done.returncode, done.stdout), (69, ""))
    farm.contains(done.stderr, "; run locksync as SlurmUser, as root, or as one of Slurm's")
    farm.equal(reservation(), {})


@test
def servers_that_do_not_answer_are_named():
    seats = Seats(cluster)
    seats.hold("vcs1")
    begun = time.monotonic()
    done = sync(seats, "--once", "--timeout", "1", SLURM_CONF="/nonexistent/slurm.conf")
    farm.equal((done.returncode, done.stdout), (69, ""))
    farm.contains(done.stderr, "locksync: slurmctld: no answer within 1.0 s")
    assert time.monotonic() - begun < 15
    done = sync(seats, "--once", "--cluster", "fab")
    farm.equal((done.returncode, done.stdout), (69, ""))
    farm.contains(done.stderr, "slurmctld is that of cluster lab, not of fab")
    done = sync(seats, "--once", "--port", farm.silent_port())
    farm.equal((done.returncode, done.stdout), (69, ""))
    farm.contains(done.stderr, "no lockerd answers")
    farm.equal(reservation(), {})


@test
def a_service_keeps_what_it_has_while_a_server_is_away(folder):
    ready = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    ready.bind(f"{folder}/notify")
    ready.settimeout(farm.PATIENCE_S)
    farm.at_end(ready.close)
    seats = Seats(cluster)
    seats.env["NOTIFY_SOCKET"] = f"{folder}/notify"
    seats.hold("vcs1")
    service, said = start(seats, folder, "--timeout", "2")
    farm.equal(ready.recv(100), b"READY=1")
    farm.poll(lambda: reserved() == {"vcs": 1}, "a seat is set aside")
    farm.freeze(cluster.daemons["slurmctld"].pid)
    try:
        farm.poll(lambda: len(said()) == 2, "the failure is told")
        time.sleep(3)  # and once only
    finally:
        cluster.daemons["slurmctld"].send_signal(signal.SIGCONT)
    farm.poll(lambda: len(said()) == 3, "the return is told")
    farm.equal(reserved(), {"vcs": 1})
    cluster.tell("scontrol", "delete", "ReservationName=farmlock")
    farm.poll(lambda: reserved() == {"vcs": 1}, "what was deleted is made again")
    service.terminate()
    farm.equal(service.wait(farm.PATIENCE_S), 0)
    farm.equal([line.split(" ")[0] for line in said()], ["farmlock:"] + 3 * ["locksync:"])
    farm.contains(said()[3], "somebody else changes the reservation")
    farm.equal(reservation(), {})


if __name__ == "__main__":
    farm.main()
