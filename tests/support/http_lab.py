"""What a daemon shows by HTTP: requests, and readers of its numbers that are not ours."""

import http.client
import os
import re
import shutil
import socket

from support import farm, tap

OPEN_METRICS = "application/openmetrics-text; version=1.0.0"
SAFE = {"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
        "Referrer-Policy": "no-referrer", "Cross-Origin-Resource-Policy": "same-origin"}


class Site:
    """The HTTP of a daemon of this test's own."""

    def __init__(self, port=None, host="127.0.0.1"):
        self.port, self.host = port or farm.free_port(), host
        self.place = f"{host}:{self.port}"

    def get(self, path, method="GET", **headers):
        """(status, headers, body) of one request on a connection of its own."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=farm.PATIENCE_S)
        try:
            connection.request(method, path, headers={name.replace("_", "-"): value
                                                      for name, value in headers.items()})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def text(self, path, **headers):
        status, _, body = self.get(path, **headers)
        farm.equal((path, status), (path, 200))
        return body.decode()

    def raw(self, data):
        """All that comes of some bytes, until the other side closes."""
        with socket.create_connection((self.host, self.port), timeout=farm.PATIENCE_S) as connection:
            connection.sendall(data)
            said = b""
            try:
                while more := connection.recv(65536):
                    said += more
            except ConnectionResetError:
                pass
            return said

    def numbers(self):
        """{name: {labels: value}} of all samples, as a reader of OpenMetrics sees them; labels as
        (name, value) in the order of names."""
        found = {}
        for family in read_open_metrics(self.text("/metrics", Accept=OPEN_METRICS)):
            for sample in family.samples:
                labels = tuple(sorted(sample.labels.items()))
                found.setdefault(sample.name, {})[labels] = sample.value
        return found

    def number(self, name, **labels):
        return self.numbers()[name][tuple(sorted(labels.items()))]


def read_open_metrics(text):
    """As python3-prometheus-client has it, which refuses what OpenMetrics does not allow."""
    try:
        from prometheus_client.openmetrics import parser
    except ImportError as error:
        raise tap.Lacks("needs python3-prometheus-client") from error
    return list(parser.text_string_to_metric_families(text))


def families_over_etcd():
    """The numbers that only a lockerd has whose state is in etcd."""
    with open(os.path.join(farm.SOURCE, "lib", "http", "replication_metrics.c"), encoding="ascii") as code:
        return set(re.findall(r'"(lockerd_\w+)"', code.read()))


def promtool(*words, **options):
    own = os.path.join(farm.SOURCE, "build", "promtool", "promtool")
    path = own if os.access(own, os.X_OK) else shutil.which("promtool")
    if path is None:
        raise tap.Lacks("needs promtool, which `make deps` fetches")
    return farm.run(path, *words, **{"stdin": None, **options})
