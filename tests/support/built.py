"""What tests may expect of the programs, by how they were built."""

import os

from support import farm, tap


def is_sanitized():
    """Whether a sanitizer is in the programs that are tested."""
    with open(os.path.join(farm.BUILD, "flags"), encoding="utf-8") as file:
        return "-fsanitize" in file.read()


def need_plain():
    """For tests of what is measured: memory and times are a sanitizer's as well."""
    if is_sanitized():
        raise tap.Lacks("a sanitizer takes memory and time of its own")


def need_etcd():
    """For tests of a state that is kept there."""
    if not os.path.exists(os.path.join(farm.BUILD, "tests", "etcd", "ask")):
        raise tap.Lacks("built without etcd (WITH_ETCD=0)")
