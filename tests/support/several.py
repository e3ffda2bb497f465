"""Several servers of a list: those that share a state and say so, and those that answer to nothing."""

import socket
import sys
import threading
import time

from support import farm
from support.locking import Proxy


class Member(Proxy):
    """A server that says an id of a cluster, as one does whose state is replicated: what it passes on
    is the answer of a lockerd, with a line behind its `proto 2`."""

    def __init__(self, server_port, cluster):
        self.cluster = cluster
        super().__init__(server_port)

    def serve(self, client):
        try:
            server = socket.create_connection(("127.0.0.1", self.server_port))
        except OSError:
            client.close()
            return
        self.sockets += [client, server]
        threading.Thread(target=self._answer, args=(server, client), daemon=True).start()
        self._pass_on(client, server)

    def _answer(self, server, client):
        try:
            with server.makefile("rb") as answers:
                for line in answers:
                    client.sendall(line)
                    if line == b"proto 2\n":
                        client.sendall(f"cluster {self.cluster}\n".encode())
            client.shutdown(socket.SHUT_WR)
        except (OSError, ValueError):
            pass

    def stop(self):
        """It is gone, and refuses; start() of another one may have its port."""
        self.close()


def _pass_on(listener, server_port):
    while True:
        try:
            client, _ = listener.accept()
            server = socket.create_connection(("127.0.0.1", server_port))
        except OSError:
            return
        for ends in ((client, server), (server, client)):
            threading.Thread(target=Proxy._pass_on, args=ends, daemon=True).start()


def _is_asked(address, but):
    """Whether anybody waits for a connection to an address of this host, but for the caller at a port:
    whoever has sent SYN is in state 2 of proc_pid_net(5)."""
    host, port = address
    to = f"{int.from_bytes(socket.inet_aton(host), sys.byteorder):08X}:{port:04X}"
    with open("/proc/self/net/tcp", encoding="ascii") as table:
        rows = [line.split()[1:4] for line in table]
    return any(remote == to and state == "02" and not local.endswith(f":{but:04X}") for local, remote, state in rows)


def _open_after(listener, caller, opens_after_s, server_port):
    address, but = listener.getsockname(), caller.getsockname()[1]
    while not _is_asked(address, but):
        time.sleep(0.01)
        if listener.fileno() < 0:
            return
    time.sleep(opens_after_s)
    _pass_on(listener, server_port)


def deaf_port(opens_after_s=None, server_port=None):
    """A port at which nothing is answered, not even that nobody is there: its queue is full, so that
    the kernel drops what asks for a connection.  It may be a server's some time after somebody has
    asked, however long that took to begin."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    callers = []

    def close():
        for one in [listener, *callers]:
            one.close()

    farm.at_end(close)
    for _ in range(8):
        caller = socket.socket()
        callers.append(caller)
        caller.settimeout(0.5)
        try:
            caller.connect(listener.getsockname())
        except socket.timeout:
            break
    else:
        raise AssertionError("the queue of a listener has no end")
    if server_port is not None:
        # A daemon: close() wakes nobody who waits for a connection.
        threading.Thread(target=_open_after, args=(listener, caller, opens_after_s, server_port), daemon=True).start()
    return listener.getsockname()[1]
