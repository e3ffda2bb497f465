"""A lockerd with pools, and lockersh beside it."""

import json
import os
import subprocess

import jsonschema

from support import farm
from support.lockd import Server
from support.locking import LOCKERSH, schema


class Lab:
    def __init__(self, folder, conf, state=None):
        self.folder, self.conf = folder, os.path.join(folder, "lockerd.conf")
        self.write(conf)
        self.server = Server(folder, "--config", self.conf, state=state)
        self.environment = farm.environment(IPCLOCKER_HOST="127.0.0.1",
                                            IPCLOCKER_PORT=str(self.server.port))

    def write(self, conf):
        with open(self.conf, "w", encoding="ascii") as out:
            out.write(conf)

    def run(self, *words, **extra):
        return farm.run(LOCKERSH, *words, env={**self.environment, **extra})

    def start(self, *words, **extra):
        return farm.start(LOCKERSH, *words, env={**self.environment, **extra},
                          stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def pools(self):
        done = self.run("--pools", "--json")
        farm.equal(done.returncode, 0)
        document = json.loads(done.stdout)
        jsonschema.validate(document, schema())
        return {pool["name"]: pool for pool in document["pools"]}

    def list(self):
        document = json.loads(self.run("--locklist", "--json").stdout)
        jsonschema.validate(document, schema())
        return document

    def hold(self, pool, *options, **extra):
        before = self.pools()[pool]["held"]
        job = self.start("--lock", pool, *options, "--exec", "sleep", "1000", **extra)
        farm.poll(lambda: self.pools()[pool]["held"] > before, "the job has its seats")
        return job


def end(job):
    job.kill()
    job.wait()
