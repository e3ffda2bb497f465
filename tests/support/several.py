"""Several servers of a list: those that share a state and say so, and those that answer to nothing."""

import socket
import threading

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


def deaf_port(opens_after_s=None, server_port=None):
    """A port at which nothing is answered, not even that nobody is there: its queue is full, so that
    the kernel drops what asks for a connection.  It may be a server's after some time."""
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
        timer = threading.Timer(opens_after_s, _pass_on, (listener, server_port))
        timer.daemon = True  # close() wakes nobody who waits for a connection
        timer.start()
    return listener.getsockname()[1]
