#!/usr/bin/env python3
"""etcd's users: as whom calls are made, what a token's end costs, and what is said of passwords that
do not fit."""

import os
import time

from support import etcd, farm
from support.tap import test

TTL_S = 5


def write_password(folder, password="secret", mode=0o640):
    path = os.path.join(folder, "password")
    with open(path, "w", encoding="ascii") as out:
        out.write(password + "\n")
    os.chmod(path, mode)
    return path


def with_users(folder, enable=True, **options):
    """A cluster with root and with farm, who may read and write below /farm/."""
    cluster = etcd.Cluster(folder, **options)
    for words in (["user", "add", "root:top"], ["user", "grant-role", "root", "root"],
                  ["user", "add", "farm:secret"], ["role", "add", "farm"],
                  ["role", "grant-permission", "farm", "readwrite", "/farm/", "--prefix"],
                  ["user", "grant-role", "farm", "farm"], *([["auth", "enable"]] if enable else [])):
        cluster.must(*words)
    return cluster


def put(asker, key="/farm/a", **options):
    return asker.ask("txn", etcd.put((key, "1")), **options)


def outcome(answer):
    return answer.outcome, answer.code, answer.text


GOOD = ("answered", 0, "")


@test
def a_user_may_what_its_role_may(folder):
    cluster = with_users(folder)
    asker = etcd.Asker(cluster.state(), user="farm", password_file=write_password(folder))
    farm.equal(outcome(put(asker)), GOOD)
    farm.equal(asker.repeat(50, "txn", etcd.put(("/farm/a", "2")))[:3], (50, 0, 0))
    answer = put(asker, "/other")
    farm.equal((answer.outcome, answer.code), ("refused", 7))
    farm.contains(answer.text, "permission denied")
    farm.equal(outcome(put(asker)), GOOD)
    farm.equal(asker.ask("status").outcome, "answered")
    nobody = put(etcd.Asker(cluster.state()))
    farm.equal((nobody.outcome, nobody.code), ("refused", 16))
    farm.contains(nobody.text, "user name is empty")
    farm.contains(nobody.text, ": name a user with --etcd-user")


@test
def a_token_that_has_expired_is_made_anew(folder):
    cluster = with_users(folder, options=["--auth-token-ttl", str(TTL_S)])
    asker = etcd.Asker(cluster.state(), user="farm", password_file=write_password(folder))
    farm.equal(outcome(put(asker)), GOOD)
    time.sleep(TTL_S + 2)  # there is nothing to look at: each use prolongs it
    farm.equal(outcome(put(asker)), GOOD)
    with open(os.path.join(folder, "etcd.log"), encoding="utf-8", errors="replace") as log:
        farm.contains(log.read(), "invalid auth token")


@test
def a_token_that_a_restart_has_forgotten_is_made_anew(folder):
    cluster = with_users(folder)
    member = cluster.members[0]
    asker = etcd.Asker(cluster.state(), user="farm", password_file=write_password(folder))
    farm.equal(outcome(put(asker)), GOOD)
    member.kill()
    member.start()
    farm.poll(lambda: put(asker).outcome == "answered", "it serves, with a new token")


@test
def a_token_serves_at_all_members(folder):
    cluster = with_users(folder, size=3)
    asker = etcd.Asker(cluster.state(), user="farm", password_file=write_password(folder))
    farm.equal(outcome(put(asker)), GOOD)
    os.unlink(os.path.join(folder, "password"))
    cluster.members[0].kill()
    farm.poll(lambda: put(asker).outcome == "answered", "the next one takes it")


@test
def a_new_password_is_read_when_it_is_needed(folder):
    cluster = with_users(folder)
    path = write_password(folder)
    asker = etcd.Asker(cluster.state(), user="farm", password_file=path)
    farm.equal(outcome(put(asker)), GOOD)
    done = cluster.control("user", "passwd", "farm", "--interactive=false", user="root:top", stdin=None,
                           input="new\n")
    farm.equal(done.returncode, 0)
    answer = farm.poll(lambda: (lambda a: a.outcome != "answered" and a)(put(asker)),
                       "the change has ended the token")
    farm.equal((answer.outcome, answer.code), ("refused", 16))
    farm.contains(answer.text, "authentication failed, invalid user ID or password")
    write_password(folder, "new")
    farm.equal(outcome(put(asker)), GOOD)


@test
def users_may_be_switched_on_and_off_meanwhile(folder):
    cluster = with_users(folder, enable=False)
    asker = etcd.Asker(cluster.state(), user="farm", password_file=write_password(folder))
    farm.equal(outcome(put(asker)), GOOD)
    cluster.must("auth", "enable")
    farm.equal(outcome(put(asker)), GOOD)
    farm.equal(put(asker, "/other").code, 7)
    cluster.must("auth", "disable", user="root:top")
    farm.equal(outcome(put(asker, "/other")), GOOD)


@test
def a_password_that_cannot_be_had_is_said_at_the_start(folder):
    state = "etcd:http://127.0.0.1:2379/farm"
    path = os.path.join(folder, "password")
    farm.contains(etcd.refused(state, user="farm"), "name the file that has it with --etcd-password-file")
    farm.contains(etcd.refused(state, user="farm", password_file=path), "No such file")
    write_password(folder, mode=0o644)
    farm.equal(etcd.refused(state, user="farm", password_file=path),
               f"the password of etcd's user farm cannot be read from {path}: everybody can read it (chmod o-r)")
    write_password(folder, mode=0o660)
    farm.contains(etcd.refused(state, user="farm", password_file=path), "others can write it")
    write_password(folder, "", mode=0o600)
    farm.contains(etcd.refused(state, user="farm", password_file=path), "its first line is empty")


@test
def a_password_that_has_gone_is_said_and_can_come_back(folder):
    cluster = with_users(folder)
    path = write_password(folder)
    asker = etcd.Asker(cluster.state(), user="farm", password_file=path)
    asker.interrupt(0)  # it has come so far that it hears
    os.unlink(path)
    answer = put(asker)
    farm.equal((answer.outcome, answer.code), ("refused", 16))
    farm.contains(answer.text, f"cannot be read from {path}: No such file or directory")
    write_password(folder)
    farm.equal(outcome(put(asker)), GOOD)


if __name__ == "__main__":
    farm.main()
