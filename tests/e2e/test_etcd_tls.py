#!/usr/bin/env python3
"""Calls to real etcds by TLS: whose certificate is believed, as whom ours makes us known, and what is
said where the two do not fit."""

import os
import shutil

from support import certificates, etcd, farm
from support.tap import test

GOOD = ("answered", 0, "")


class Farm:
    """A CA, an etcd with a certificate of it for `names`, and a certificate of ours."""

    def __init__(self, folder, names=("DNS:localhost", "IP:127.0.0.1"), clients_need_certificates=False,
                 expired=False):
        self.authority = certificates.Authority(folder)
        self.server = self.authority.issue("server", names, expired=expired)
        self.ours = self.authority.issue("ours", common_name="root")
        options = ["--cert-file", self.server[0], "--key-file", self.server[1]]
        if clients_need_certificates:
            options += ["--client-cert-auth", "--trusted-ca-file", self.authority.file]
        # etcdctl asks by a name that the certificate may not be for.
        tls = {"cacert": self.authority.file, "cert": self.ours[0], "key": self.ours[1],
               "insecure-skip-tls-verify": "true"}
        self.cluster = etcd.Cluster(folder, options=options, tls=tls)

    def ask(self, **settings):
        settings.setdefault("ca_file", self.authority.file)
        asker = etcd.Asker(self.cluster.state(), **settings)
        return outcome(asker.ask("txn", etcd.put(("a", "1"))))

    def fails(self, reason, **settings):
        """A call, of which nobody could know what became, as it was never made."""
        found = self.ask(**settings)
        farm.equal(found[:2], ("unknown", 0))
        farm.contains(found[2], reason)
        farm.contains(found[2], self.cluster.urls()[0])


def outcome(answer):
    return answer.outcome, answer.code, answer.text


@test
def an_address_and_a_name_are_believed_that_the_certificate_has(folder):
    world = Farm(folder)
    farm.equal(world.ask(), GOOD)
    asker = etcd.Asker(world.cluster.state().replace("127.0.0.1", "localhost"), ca_file=world.authority.file)
    farm.equal(outcome(asker.ask("txn", etcd.put(("a", "1")))), GOOD)
    value = os.urandom(1024 * 1024)
    for number in range(4):
        farm.equal(outcome(asker.ask("txn", etcd.put((f"k{number}", value)))), GOOD)
    found = etcd.keys_of(asker.ask("range", etcd.range_of("k", "l")).data)
    farm.equal(len(found), 4)
    assert set(found.values()) == {value}
    farm.equal(asker.repeat(200, "range", etcd.range_of("a"))[:3], (200, 0, 0))


@test
def a_certificate_of_somebody_else_is_not_believed(folder):
    world = Farm(folder, names=("DNS:other.example", "DNS:*.farm.example", "IP:10.1.2.3"))
    port = world.cluster.members[0].port
    farm.equal(world.ask()[2], f"the certificate of etcd at https://127.0.0.1:{port} is for "
               "other.example, *.farm.example, 10.1.2.3, not 127.0.0.1")
    asker = etcd.Asker(world.cluster.state().replace("127.0.0.1", "localhost"), ca_file=world.authority.file)
    farm.contains(asker.ask("status").text, "10.1.2.3, not localhost")


@test
def a_certificate_without_names_is_nobodys(folder):
    world = Farm(folder, names=())
    world.fails("is for nobody, not 127.0.0.1")


@test
def a_ca_that_is_not_named_is_not_believed(folder):
    world = Farm(folder)
    os.mkdir(os.path.join(folder, "others"))
    other = certificates.Authority(os.path.join(folder, "others"), "other")
    world.fails("is not trusted (", ca_file=other.file)
    asker = etcd.Asker(world.cluster.state())
    answer = asker.ask("status")
    farm.equal(answer.outcome, "unknown")
    farm.contains(answer.text, "name its CA with --etcd-ca")
    # Whom this machine trusts is the default.
    asker = etcd.Asker(world.cluster.state(), wrapper=("env", f"SSL_CERT_FILE={world.authority.file}"))
    farm.equal(asker.ask("status").outcome, "answered")


@test
def a_certificate_of_etcd_that_is_out_of_date_is_said(folder):
    Farm(folder, expired=True).fails("is out of date (certificate has expired)")


@test
def our_certificate_makes_us_a_user(folder):
    world = Farm(folder, clients_need_certificates=True)
    for words in (["user", "add", "root:top"], ["user", "grant-role", "root", "root"],
                  ["user", "add", "farm:x"], ["role", "add", "farm"],
                  ["role", "grant-permission", "farm", "readwrite", "/farm/", "--prefix"],
                  ["user", "grant-role", "farm", "farm"], ["auth", "enable"]):
        world.cluster.must(*words)
    cert, key = world.authority.issue("farm", common_name="farm")
    asker = etcd.Asker(world.cluster.state(), ca_file=world.authority.file, cert_file=cert, key_file=key)
    farm.equal(outcome(asker.ask("txn", etcd.put(("/farm/a", "1")))), GOOD)
    refused = asker.ask("txn", etcd.put(("/other", "1")))
    farm.equal((refused.outcome, refused.code), ("refused", 7))
    # Both in one file, and a user with a password beside the certificate.
    both = os.path.join(folder, "both.pem")
    with open(both, "w", encoding="ascii") as out:
        for path in (cert, key):
            with open(path, encoding="ascii") as part:
                out.write(part.read())
    os.chmod(both, 0o600)
    farm.equal(world.ask(cert_file=both)[:2], ("refused", 7))
    password = os.path.join(folder, "password")
    with open(password, "w", encoding="ascii") as out:
        out.write("top\n")
    os.chmod(password, 0o600)
    nameless = world.authority.issue("nameless")
    farm.equal(world.ask(cert_file=nameless[0], key_file=nameless[1], user="root", password_file=password), GOOD)


@test
def what_is_wrong_with_our_certificate_is_said(folder):
    world = Farm(folder, clients_need_certificates=True)
    farm.equal(world.ask(cert_file=world.ours[0], key_file=world.ours[1]), GOOD)
    world.fails("wants a certificate of us (")
    cert, key = world.authority.issue("old", common_name="root", expired=True)
    world.fails(f": the one in {cert} has expired; renew it", cert_file=cert, key_file=key)
    os.mkdir(os.path.join(folder, "others"))
    cert, key = certificates.Authority(os.path.join(folder, "others"), "other").issue("stranger")
    world.fails(f"refuses our certificate in {cert} (", cert_file=cert, key_file=key)


@test
def a_certificate_may_be_renewed_without_a_restart(folder):
    world = Farm(folder, clients_need_certificates=True)
    cert, key = world.authority.issue("short", common_name="root", expired=True)
    asker = etcd.Asker(world.cluster.state(), ca_file=world.authority.file, cert_file=cert, key_file=key)
    farm.equal(asker.ask("status").outcome, "unknown")
    world.authority.issue("short", common_name="root")
    farm.equal(asker.ask("status").outcome, "answered")
    os.unlink(key)
    farm.equal(asker.ask("status").outcome, "answered")


@test
def files_that_cannot_be_used_are_said_at_the_start(folder):
    state = "etcd:https://127.0.0.1:2379/farm"
    authority = certificates.Authority(folder)
    cert, key = authority.issue("ours")
    absent, junk = os.path.join(folder, "absent"), os.path.join(folder, "junk")
    with open(junk, "w", encoding="ascii") as out:
        out.write("not a certificate\n")
    farm.equal(etcd.refused(state, ca_file=absent),
               f"the CA's certificates in {absent} cannot be used: No such file or directory")
    farm.contains(etcd.refused(state, ca_file=junk), f"the CA's certificates in {junk} cannot be used: ")
    farm.equal(etcd.refused(state, cert_file=absent),
               f"our certificate in {absent} cannot be used: No such file or directory")
    farm.contains(etcd.refused(state, cert_file=junk), f"our certificate in {junk} cannot be used: ")
    farm.contains(etcd.refused(state, cert_file=cert),
                  f"the key of our certificate, in PEM form, in {cert} cannot be used: ")
    farm.contains(etcd.refused(state, cert_file=cert, key_file=authority.key), "key values mismatch")
    locked = os.path.join(folder, "locked.key")
    farm.run("openssl", "ec", "-aes256", "-passout", "pass:x", "-in", key, "-out", locked)
    farm.equal(etcd.refused(state, cert_file=cert, key_file=locked),
               f"the key in {locked} has a passphrase, which nobody can be asked for: write it without")
    farm.equal(etcd.refused("etcd:http://127.0.0.1:2379/farm", ca_file=authority.file),
               "certificates are named, but http://127.0.0.1:2379 is without TLS: write https://")


@test
def who_asks_in_the_wrong_language_is_told_so(folder):
    world = Farm(folder)
    plain = etcd.Asker(world.cluster.state().replace("https", "http")).ask("status")
    farm.equal(plain.outcome, "unknown")
    farm.contains(plain.text, f"what answers at http://127.0.0.1:{world.cluster.members[0].port} ")
    farm.contains(plain.text, "https://")
    os.mkdir(os.path.join(folder, "plain"))
    bare = etcd.Cluster(os.path.join(folder, "plain"))
    answer = etcd.Asker(bare.state().replace("http", "https"), ca_file=world.authority.file).ask("status")
    farm.equal(answer.outcome, "unknown")
    farm.contains(answer.text, f"what answers at https://127.0.0.1:{bare.members[0].port} ")
    farm.contains(answer.text, "TLS")
    farm.contains(answer.text, "is it http:// there, or no etcd?")


@test
def a_frozen_member_holds_up_no_handshake(folder):
    world = Farm(folder)
    world.cluster.members[0].freeze()
    asker = etcd.Asker(world.cluster.state(), ca_file=world.authority.file)
    answer = asker.ask("status", timeout_ms=500)
    farm.equal(answer.outcome, "unknown")
    farm.contains(answer.text, "does not end the TLS handshake within 500 ms")
    assert answer.ms < 10000, answer


@test
def nothing_leaks_and_nothing_is_read_that_is_not_there(folder):
    world = Farm(folder, clients_need_certificates=True)
    cert, key = world.ours
    asker = etcd.Asker(world.cluster.state(), wrapper=etcd.watched(), ca_file=world.authority.file,
                       cert_file=cert, key_file=key)
    farm.equal(outcome(asker.ask("txn", etcd.put(("a", os.urandom(200000))), timeout_ms=60000)), GOOD)
    farm.equal(outcome(asker.ask("range", etcd.range_of("a"), timeout_ms=60000)), GOOD)
    world.cluster.members[0].kill()
    farm.equal(asker.ask("status", timeout_ms=60000).outcome, "unknown")
    world.cluster.members[0].start()
    farm.poll(world.cluster.members[0].serves, "it is back")
    shutil.copy(world.server[0], cert)  # which does not fit its key any more
    farm.equal(asker.ask("status", timeout_ms=60000).outcome, "unknown")
    shutil.copy(world.server[1], key)
    farm.equal(asker.ask("status", timeout_ms=60000).outcome, "answered")
    farm.equal(asker.end(), 0)


if __name__ == "__main__":
    farm.main()
