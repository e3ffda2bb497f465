"""A lockerd beside a Grid Engine, and the jobs that want seats of it."""

import json
import os
import time

from support import farm, gridengine


class Lab:
    """A lockerd on the qmaster's host, and what jobs and waiters do there."""

    def __init__(self, cluster, pidstatd=False, epilog=False):
        self.cluster, self.bin = cluster, f"{cluster.folder}/bin"
        self.port = farm.free_port()
        self.lockerd = self.cluster.launch("qm", f"{self.bin}/lockerd", "--nofork", "--state",
                                      "none", "--host", "10.77.0.1", "--port", self.port, stderr=-3)
        self.variables = {"IPCLOCKER_HOST": "10.77.0.1", "IPCLOCKER_PORT": str(self.port)}
        farm.poll(lambda: self.lockersh("--ping").returncode == 0, "lockerd answers")
        for node in gridengine.NODES if pidstatd else ():
            self.cluster.launch(node, f"{self.bin}/pidstatd", "--nofork", "--host", "0.0.0.0", stderr=-3)
        if epilog:
            self.cluster.epilog(f"root@{self.script()} $job_id $ja_task_id")

    def script(self, before="", after=""):
        """The example, told what /etc/default/lockreap would say; it may be held up, and mark its
        end."""
        conf = "".join(f"{name}={value}\n" for name, value in self.variables.items())
        conf = self.cluster.write("lockreap.conf", conf + f"LOCKREAP={self.bin}/lockreap\n")
        path = os.path.join(farm.SOURCE, "examples", "gridengine", "epilog.sh")
        with open(path, encoding="utf-8") as file:
            text = file.read().replace("/etc/default/lockreap", conf)
        text = text.replace("\nsaid=", f"\n{before}\nsaid=").replace("\nexit 0\n", f"\n{after}\nexit 0\n")
        return self.cluster.write("epilog.sh", text)

    def lockersh(self, *words):
        return self.cluster.run("qm", f"{self.bin}/lockersh", *words, extra=self.variables)

    def lockreap(self, *words):
        return self.cluster.run("qm", f"{self.bin}/lockreap", "--timeout", "60", *words,
                                extra=self.variables, timeout=100)

    def list(self):
        return json.loads(self.lockersh("--locklist", "--json").stdout)

    def held(self):
        """{seat: job}"""
        return {lock["name"]: lock["job"] for lock in self.list()["locks"]}

    def pid(self, seat):
        """The process that holds a seat; None where it is free."""
        return next((lock["pid"] for lock in self.list()["locks"] if lock["name"] == seat), None)

    def submit(self, *words, options=(), **more):
        pairs = ",".join(f"{name}={value}" for name, value in self.variables.items())
        return self.cluster.submit("-v", pairs, *options, *words, **more)

    def hold(self, seat="x", options=(), job=None):
        """A job that runs for long and has a seat.  Returns its number."""
        number = self.submit(f"{self.bin}/lockersh", "--lock", seat, "--exec", "sleep", "300", options=options)
        self.poll_held(seat, job or f"sge:{number}")
        return number

    def poll_held(self, seat, job):
        farm.poll(lambda: self.held().get(seat) == job, f"{job} has {seat}: {self.cluster.jobs()}",
                  gridengine.PATIENCE_S)

    def wait(self, seat="x"):
        """Somebody at a desk on the other host who waits for it."""
        waiter = self.cluster.launch("qm", f"{self.bin}/lockersh", "--lock", seat, "echo got; exec sleep 300",
                                extra=self.variables, stdout=-1)
        farm.poll(lambda: self.list()["waiters"], "somebody waits")
        return waiter

    def keeps(self, seat, job, seconds=2):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            farm.equal(self.held().get(seat), job)
