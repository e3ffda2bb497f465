#!/usr/bin/env python3
"""Who builds it anew gets the same bytes: in another folder, at another time, with another umask."""

import os
import shutil
import subprocess

from support import farm, tap

# All that is not the sources, the compiler and the settings differs.
SURROUNDINGS = (
    {"place": "one/farmlock", "umask": 0o022, "jobs": 2, "touched": "2024-02-29 12:00:00",
     "env": {"TZ": "UTC", "LC_ALL": "C", "USER": "one", "HOME": "/nonexistent"}},
    {"place": "another/place/a-longer-name", "umask": 0o077, "jobs": 5, "touched": "2025-07-01 00:00:01",
     "env": {"TZ": "Asia/Kathmandu", "LC_ALL": "C.UTF-8", "USER": "another", "HOME": "/"}},
)
LIMIT_S = 1500


def lay_sources(folder):
    """The tarball that is to be released, or what is here but for what was built."""
    os.makedirs(folder)
    released = os.environ.get("RELEASED")
    if released:
        subprocess.run(["tar", "-xzf", released, "-C", folder, "--strip-components=1"], check=True)
    else:
        subprocess.run(f"tar -C '{farm.SOURCE}' --exclude=./build --exclude=./.git --exclude=__pycache__ -c . | "
                       f"tar -C '{folder}' -x", shell=True, check=True)


def make(where, surroundings, *words):
    env = {"PATH": os.environ["PATH"], "SOURCE_DATE_EPOCH": "1700000000", **surroundings["env"]}
    result = subprocess.run(["make", "-s", f"-j{surroundings['jobs']}", *words], cwd=where, env=env, check=False,
                            umask=surroundings["umask"], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                            timeout=LIMIT_S)
    farm.equal((result.returncode, result.stderr[-2000:] if result.returncode else ""), (0, ""))


def contents(folder):
    """{path: what it is} of all below a folder."""
    found = {}
    for path, folders, names in os.walk(folder):
        for name in folders + names:
            full = os.path.join(path, name)
            mode = oct(os.lstat(full).st_mode)
            if os.path.islink(full):
                found[os.path.relpath(full, folder)] = (mode, os.readlink(full))
            elif name in names:
                with open(full, "rb") as file:
                    found[os.path.relpath(full, folder)] = (mode, file.read())
            else:
                found[os.path.relpath(full, folder)] = (mode,)
    return found


def same(one, another):
    farm.equal(sorted(one.keys() ^ another.keys()), [])
    farm.equal([path for path in sorted(one) if one[path] != another[path]], [])


def build_twice(folder, *words, of):
    """What two builds have left, each in a folder of it."""
    found = []
    for number, surroundings in enumerate(SURROUNDINGS):
        where = os.path.join(folder, surroundings["place"])
        lay_sources(where)
        subprocess.run(["find", where, "-exec", "touch", "-d", surroundings["touched"], "{}", "+"], check=True)
        result = os.path.join(folder, str(number))
        make(where, surroundings, *(word.replace("RESULT", result) for word in words))
        found.append(contents(of(where, result)))
        shutil.rmtree(where)
    return found


def packages(found, kind):
    """Those of what was found; what else is there has the modes that the umask gives it."""
    chosen = {path: what for path, what in found.items() if path.endswith(kind)}
    assert chosen, f"there are {kind}s"
    print(f"# {len(chosen)} packages")
    return {path: what[1:] for path, what in chosen.items()}


@tap.test
def an_object_is_the_same_wherever_it_was_built(folder):
    target = "build/obj/lib/base/siphash.o"
    one, another = build_twice(folder, target, of=lambda where, _: os.path.dirname(os.path.join(where, target)))
    # What is not installed has the modes that the umask gives it.
    farm.equal(one["siphash.o"][1] == another["siphash.o"][1], True)


@tap.test
def nothing_says_where_it_was_built():
    names = [os.path.join(farm.BUILD, "bin", name) for name in os.listdir(os.path.join(farm.BUILD, "bin"))]
    names += [os.path.join(farm.BUILD, "lib", name) for name in os.listdir(os.path.join(farm.BUILD, "lib"))]
    names.append(os.path.join(farm.BUILD, "spank/pidwatch.so"))
    source = farm.SOURCE.encode()
    told = [b"\0" + source + b"\0"] + [source + folder for folder in (b"/lib/", b"/daemons/", b"/wrappers/", b"/spank-plugin/")]
    for name in filter(os.path.exists, names):
        with open(name, "rb") as file:
            text = file.read()
        farm.equal((name, [part for part in told if part in text]), (name, []))


@tap.test
def all_that_is_installed_is_the_same(folder):
    if not os.environ.get("FARMLOCK_LONG"):
        raise tap.Lacks("is part of make check-long")
    one, another = build_twice(folder, "install", "DESTDIR=RESULT", "PREFIX=/usr", of=lambda _, result: result)
    print(f"# {len(one)} files, links and folders")
    assert "usr/sbin/lockerd" in one, sorted(one)
    same(one, another)


@tap.test
def packages_are_the_same(folder):
    if not os.environ.get("FARMLOCK_LONG"):
        raise tap.Lacks("is part of make check-long")
    if not shutil.which("dh") or not os.path.exists(os.path.join(farm.SOURCE, "share/packaging/debian")):
        raise tap.Lacks("there is no debhelper")
    one, another = build_twice(folder, "deb", of=lambda where, _: os.path.join(where, "build/deb"))
    # What tells of the build tells of its folder, too.
    same(*(packages(side, ".deb") for side in (one, another)))


@tap.test
def packages_for_rpm_systems_are_the_same(folder):
    if not os.environ.get("FARMLOCK_LONG"):
        raise tap.Lacks("is part of make check-long")
    if not shutil.which("rpmbuild") or not os.path.exists(os.path.join(farm.SOURCE, "share/packaging/farmlock.spec")):
        raise tap.Lacks("there is no rpmbuild")
    one, another = build_twice(folder, "rpm", of=lambda where, _: os.path.join(where, "build/rpm"))
    # That of the sources tells of the build's folder.
    same(*({path: what for path, what in packages(side, ".rpm").items() if not path.endswith(".src.rpm")}
           for side in (one, another)))


if __name__ == "__main__":
    farm.main()
