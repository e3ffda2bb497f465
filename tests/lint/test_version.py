#!/usr/bin/env python3
"""The version is that of lib/ipclocker.h, and no second place says another."""

import glob
import os
import re

from support import farm, tap

# Where it stands again: a file, which may not be there yet, and what says it.
PLACES = (
    ("wrappers/python/farmlock.py", r'^__version__ = "(.*)"$'),
    ("wrappers/tcl/farmlock/farmlock.tcl", r"^package provide farmlock (\S+)$"),
    ("wrappers/tcl/farmlock/pkgIndex.tcl", r"^package ifneeded farmlock (\S+) "),
    ("NEWS.md", r"\A# News\n\n## (\S+)"),
    ("debian/changelog", r"\A[\w-]+ \(([^-)]+)"),
    ("share/packaging/debian/changelog", r"\A[\w-]+ \(([^-)]+)"),
    *((path, r"^Version:\s*(\S+)$") for path in ("farmlock.spec", "share/packaging/farmlock.spec")),
)
OPTIONAL = ("debian/", "share/packaging/", "farmlock.spec")


def read(path):
    with open(os.path.join(farm.SOURCE, path), encoding="utf-8") as file:
        return file.read()


@tap.test
def every_place_says_the_version_of_the_header():
    for path, pattern in PLACES:
        if path.startswith(OPTIONAL) and not os.path.exists(os.path.join(farm.SOURCE, path)):
            continue
        found = re.search(pattern, read(path), re.M)
        assert found, f"{path} does not say the version"
        if found[1] not in ("%{version}", "@VERSION@"):
            farm.equal((path, found[1]), (path, farm.version()))


@tap.test
def what_is_built_says_no_version_of_its_own():
    """Sources and what is installed have it from the header, or of what they speak with."""
    sources = [path for pattern in ("lib/*/*.[ch]", "daemons/*.[ch]", "wrappers/*/*.[ch]", "spank-plugin/*.[ch]",
                                    "lib/*.in", "share/systemd/*", "share/dashboard/*.js", "Makefile", "*/*.mk")
               for path in glob.glob(os.path.join(farm.SOURCE, pattern))]
    assert len(sources) > 300, len(sources)
    for path in sources:
        with open(path, encoding="utf-8") as file:
            assert not re.search(rf"(?<!openmetrics-text; version=)\b{re.escape(farm.version())}\b", file.read()), path


@tap.test
def libraries_and_their_symbols_have_the_number_of_the_interface():
    """Which the build names once, and the export lists in their nodes."""
    soversion = re.search(r"^SOVERSION := (\d+)$", read("Makefile"), re.M)[1]
    for name, node in (("libipclocker", "IPCLOCKER"), ("libipclocker-server", "IPCLOCKER_SERVER")):
        farm.equal((name, re.findall(r"^(\w+) \{$", read(f"lib/{name}.map"), re.M)), (name, [f"{node}_{soversion}"]))
        path = os.path.join(farm.BUILD, "lib", f"{name}.so")
        shown = farm.run("readelf", "-dW", "--version-info", path).stdout
        farm.contains(shown, f"Library soname: [{name}.so.{soversion}]")
        assert re.search(rf"Name: {node}_{soversion}\b", shown), shown
        farm.equal(os.path.basename(os.path.realpath(path)), f"{name}.so.{soversion}.{farm.version()}")


if __name__ == "__main__":
    farm.main()
