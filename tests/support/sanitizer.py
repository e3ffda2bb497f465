"""What tests may expect of programs that were built with a sanitizer."""

import os

from support import farm, tap


def is_in():
    """Whether one is in the programs that are tested."""
    with open(os.path.join(farm.BUILD, "flags"), encoding="utf-8") as file:
        return "-fsanitize" in file.read()


def need_none():
    """For tests of what is measured: memory and times are the sanitizer's as well."""
    if is_in():
        raise tap.Lacks("a sanitizer takes memory and time of its own")
