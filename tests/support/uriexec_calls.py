"""Calls of uriexec, which its tests share."""

import os
import re

from support import farm

URIEXEC = farm.program("uriexec")


def uriexec(*words, **options):
    return farm.run(URIEXEC, *words, **options)


def script(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as out:
        out.write(f"#!/bin/sh\n{text}\n")
    os.chmod(path, 0o755)
    return path


def encode(*words):
    return uriexec("--encode", *words).stdout.rstrip("\n")


def check_says(found, status, *parts):
    """One clear line on standard error and nothing else."""
    farm.equal((found.returncode, found.stdout), (status, ""))
    assert re.fullmatch(r"uriexec: [^\n]+\n", found.stderr), found.stderr
    for part in parts:
        farm.contains(found.stderr, part)
