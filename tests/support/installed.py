"""The package as others find it: installed below a prefix, with pkg-config."""

import functools
import os
import tempfile

from support import farm, tap


def make(target, place):
    """Has make do install or uninstall; builds nothing: other tests use the build meanwhile."""
    variant = os.path.basename(os.path.normpath(farm.BUILD))
    result = farm.run("make", "-s", "-C", farm.SOURCE, "-o", "all", target, f"PREFIX={place}",
                      f"VARIANT={'' if variant == 'build' else variant}")
    farm.equal((result.returncode, result.stderr), (0, ""))


@functools.lru_cache(maxsize=None)
def prefix():
    """Where it is installed for all tests of a program, none of which changes it."""
    folder = tempfile.mkdtemp(prefix="installed.")
    make("install", folder)
    return folder


def need_plain_libraries():
    if os.path.basename(os.path.normpath(farm.BUILD)) == "asan":
        raise tap.Lacks("a plain program cannot load a library built with ASan")


def environment(place):
    """What builds and runs programs with what is installed below a prefix."""
    return farm.environment(PKG_CONFIG_PATH=f"{place}/lib/pkgconfig",
                            LD_LIBRARY_PATH=f"{place}/lib")


def compile_program(folder, text, env, *options):
    """Builds a program from a text in C, without a warning, and returns it."""
    source, program = os.path.join(folder, "program.c"), os.path.join(folder, "program")
    with open(source, "w", encoding="utf-8") as file:
        file.write(text)
    flags = farm.run("pkg-config", "--cflags", "--libs", "ipclocker", "ipclocker-server", env=env)
    farm.equal((flags.returncode, flags.stderr), (0, ""))
    result = farm.run("cc", "-O1", "-Wall", "-Wextra", "-Werror", *options, "-o", program, source,
                      *flags.stdout.split(), env=env)
    farm.equal((result.returncode, result.stderr), (0, ""))
    return program
