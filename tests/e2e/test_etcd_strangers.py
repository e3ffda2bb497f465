#!/usr/bin/env python3
"""What is asked as if it were etcd, and is none, or is one at another port: a clear word within the
deadline, whatever it says or does not say."""

import http.server
import os
import re
import socket
import ssl
import threading
import time
import warnings

from support import certificates, etcd, farm, tap
from support.listener import Listener
from support.tap import test

DEADLINE_MS = 1500
# Above the deadline by what a busy machine may take.
LATEST_MS = DEADLINE_MS + 15000


class Stranger(Listener):
    """Says `words` to whoever connects, and then nothing, or goes away."""

    def __init__(self, words=b"", stays=True, trickle_s=0, context=None):
        super().__init__()
        self.words, self.stays, self.trickle_s, self.context = words, stays, trickle_s, context

    def serve(self, client):
        try:
            if self.context:
                client = self.context.wrap_socket(client, server_side=True)
            with client:
                for byte in self.words if self.trickle_s else [self.words]:
                    client.sendall(bytes([byte]) if self.trickle_s else byte)
                    time.sleep(self.trickle_s)
                if self.stays:
                    while client.recv(4096):
                        pass
        except OSError:
            pass


def said_of(port, scheme="http", **settings):
    """What a call at the port comes to."""
    asker = etcd.Asker(f"etcd:{scheme}://127.0.0.1:{port}/farm", **settings)
    answer = asker.ask("status", timeout_ms=DEADLINE_MS)
    farm.equal((answer.outcome, answer.code, answer.data), ("unknown", 0, b""))
    farm.contains(answer.text, f"{scheme}://127.0.0.1:{port}")
    assert answer.ms < LATEST_MS, answer
    return answer.text


def ends_late(text, what):
    """A step has what those before it left of the call's time."""
    said = re.search(rf"{what} within (\d+) ms", text)
    assert said and DEADLINE_MS - 500 <= int(said[1]) <= DEADLINE_MS, text


@test
def a_web_server_is_told_apart():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
    server.RequestHandlerClass.log_message = lambda *_: None
    threading.Thread(target=server.serve_forever, daemon=True).start()
    farm.at_end(server.shutdown)
    # Python's answers in the way of HTTP/0.9, without a word of what it is.
    farm.contains(said_of(server.server_port), "speaks no HTTP/2: is it etcd?")


@test
def etcds_port_for_monitoring_is_told_apart(folder):
    port = farm.free_port()
    etcd.Cluster(folder, options=["--listen-metrics-urls", f"http://127.0.0.1:{port}"])
    farm.contains(said_of(port), "speaks HTTP/1, not gRPC: is it another port (2379 is etcd's for clients)")


@test
def garbage_is_told_apart():
    farm.contains(said_of(Stranger(b"220 mail.example ESMTP ready\r\n").port), "speaks no HTTP/2: is it etcd?")
    farm.contains(said_of(Stranger(os.urandom(3) + b"\xff" + os.urandom(100000)).port), "speaks no HTTP/2")


@test
def silence_ends_with_the_deadline():
    stranger = Stranger()
    ends_late(said_of(stranger.port), "takes the connection and says nothing")
    ends_late(said_of(stranger.port, "https"), "does not end the TLS handshake")


@test
def one_that_trickles_prolongs_nothing():
    settings = b"\0\0\x06\x04\0\0\0\0\0\0\x04\0\0\xff\xff" + b"\0\0\x08\x06\0\0\0\0\0pingping" * 5000
    ends_late(said_of(Stranger(settings, trickle_s=0.02).port), "does not answer")


@test
def one_that_closes_at_once_is_said():
    stranger = Stranger(stays=False)
    text = said_of(stranger.port)
    assert "closes the connection without a word" in text or "broke" in text, text
    text = said_of(stranger.port, "https")
    assert "ends the TLS handshake" in text or "broke" in text, text


def tls_context(files):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files)
    return context


@test
def tls_without_http_2_is_told_apart(folder):
    authority = certificates.Authority(folder)
    context = tls_context(authority.issue("server", ("IP:127.0.0.1",)))
    farm.contains(said_of(Stranger(context=context).port, "https", ca_file=authority.file),
                  "speaks no HTTP/2 by TLS")
    context.set_alpn_protocols(["http/1.1"])
    # A server that has none of what is offered may say so, or go on without.
    text = said_of(Stranger(context=context).port, "https", ca_file=authority.file)
    assert "speaks no HTTP/2 by TLS" in text or "no application protocol" in text, text


@test
def http_2_by_tls_that_is_no_etcd_is_told_apart(folder):
    authority = certificates.Authority(folder)
    context = tls_context(authority.issue("server", ("IP:127.0.0.1",)))
    context.set_alpn_protocols(["h2"])
    stranger = Stranger(b"\0\0\0\x04\0\0\0\0\0" b"\0\0\x01\x01\x05\0\0\0\x01\x8d", context=context)
    farm.contains(said_of(stranger.port, "https", ca_file=authority.file), "is no etcd (HTTP status 404)")
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    farm.contains(said_of(stranger.port, "https", ca_file=authority.file), "is no etcd (HTTP status 404)")


@test
def tls_of_old_is_not_spoken(folder):
    authority = certificates.Authority(folder)
    context = tls_context(authority.issue("server", ("IP:127.0.0.1",)))
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its age
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_alpn_protocols(["h2"])
    text = said_of(Stranger(context=context).port, "https", ca_file=authority.file)
    assert "protocol" in text and "TLS" in text, text


@test
def a_port_that_takes_no_connections_holds_up_nothing():
    full = socket.create_server(("127.0.0.1", 0), backlog=0)
    farm.at_end(full.close)
    waiting = []
    for _ in range(4):  # more than it has room for: the kernel then drops what comes
        one = socket.socket()
        one.setblocking(False)
        one.connect_ex(full.getsockname())
        waiting.append(one)
        farm.at_end(one.close)
    ends_late(said_of(full.getsockname()[1]), "does not take a connection")


NAMES = """set -e
mount --bind "$1/resolv.conf" /etc/resolv.conf
mount --bind "$1/nsswitch.conf" /etc/nsswitch.conf
mount --bind "$1/hosts" /etc/hosts
shift
exec "$@"
"""


def with_names(folder, *more, hosts="127.0.0.1 localhost\n"):
    """The words that run a command with a name service of its own."""
    for name, text in (("resolv.conf", "nameserver 127.0.0.1\noptions timeout:30 attempts:1\n"),
                       ("nsswitch.conf", "hosts: files dns\n"), ("hosts", hosts)):
        with open(os.path.join(folder, name), "w", encoding="ascii") as out:
            out.write(text)
    words = ["unshare", "--mount", *more, "--", "sh", "-c", NAMES, "sh", folder]
    if os.geteuid() != 0 or farm.run(*words, "true").returncode != 0:
        raise tap.Lacks("needs to be root in mount and network namespaces")
    return words


# Takes questions and answers none.
SILENT_NAMES = """ip link set lo up
python3 -c 'import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", 53))
print("silent", flush=True)
time.sleep(1000)' &
exec "$@"
"""


@test
def a_name_service_that_hangs_holds_up_nothing(folder):
    words = with_names(folder, "--net")
    asker = etcd.Asker("etcd:http://etcd1.example/farm", wrapper=[*words, "sh", "-c", SILENT_NAMES, "sh"])
    farm.equal(asker.hear(), "silent")
    for _ in range(2):
        answer = asker.ask("status", timeout_ms=DEADLINE_MS)
        farm.equal(answer.outcome, "unknown")
        farm.contains(answer.text, "the name service does not say in time where etcd1.example is")
        assert DEADLINE_MS - 100 <= answer.ms < LATEST_MS, answer
    asker.interrupt(300)
    answer = asker.ask("status", timeout_ms=60000)
    farm.contains(answer.text, "interrupted")
    assert answer.ms < LATEST_MS, answer


@test
def an_address_that_was_known_is_good_while_the_name_service_fails(folder):
    cluster = etcd.Cluster(folder)
    words = with_names(folder, hosts="127.0.0.1 localhost etcd1.example\n")
    state = cluster.state().replace("127.0.0.1", "etcd1.example")
    asker = etcd.Asker(state, wrapper=words)
    farm.equal(asker.ask("status").outcome, "answered")
    with open(os.path.join(folder, "hosts"), "w", encoding="ascii") as out:
        out.write("127.0.0.1 localhost\n")
    member = cluster.members[0]
    member.stop()
    member.start()
    farm.poll(member.serves, "it is back")
    farm.equal(asker.ask("status").outcome, "answered")
    # Who has not known it before is told.
    answer = etcd.Asker(state, wrapper=words).ask("status")
    farm.contains(answer.text, "no address of etcd1.example is known")


if __name__ == "__main__":
    farm.main()
