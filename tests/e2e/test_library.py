#!/usr/bin/python3
"""libipclocker as others find it: installed, with pkg-config, from a program in C."""

import os
import re
import subprocess

from support import farm, installed, tap
from support.locking import Farm


def build_example(folder):
    """Builds the example in `folder` with what is installed; returns it and what runs it needs."""
    env = installed.environment(installed.prefix())
    example = os.path.join(folder, "client")
    subprocess.run(["cp", "-r", os.path.join(farm.SOURCE, "examples/client"), example], check=True)
    result = farm.run("make", "-C", example, "CFLAGS=-O1 -Wall -Wextra -Werror", env=env)
    farm.equal((result.returncode, result.stderr), (0, ""))
    return os.path.join(example, "seat"), env


@tap.test
def a_program_builds_and_runs_against_the_installed_library(folder):
    installed.need_plain_libraries()
    seat, env = build_example(folder)
    lab = Farm()
    env.update(IPCLOCKER_HOST="127.0.0.1", IPCLOCKER_PORT=str(lab.port))
    first = farm.start(seat, "lic1:lic2", "1000", env=env, stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE)
    farm.contains(first.stdout.readline(), b"seat: lic1 is ours, token ")
    lock = lab.locks()["lic1"]
    farm.equal((lock["pid"], lock["hold_limit_seconds"]), (first.pid, 0))
    second = farm.start(seat, "lic1", "0", env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    farm.contains(second.stderr.readline(), b"seat: waiting for lic1, held by ")
    first.kill()
    out, err = second.communicate(timeout=farm.PATIENCE_S)
    farm.contains(out, b"seat: lic1 is ours")
    farm.contains(err, b"seat: obtained lic1 after ")
    lab.poll_free("lic1")
    farm.equal(farm.run(seat, "a[", "1", env=env).returncode, 1)


@tap.test
def a_program_lists_who_has_what_as_structs(folder):
    installed.need_plain_libraries()
    seat, env = build_example(folder)
    who = os.path.join(os.path.dirname(seat), "who")
    lab = Farm()
    env.update(IPCLOCKER_HOST="127.0.0.1", IPCLOCKER_PORT=str(lab.port))
    farm.equal(farm.run(who, env=env).stdout, "")
    lab.hold("lic1")
    lab.wait_for("lic1")
    user, host = (lab.locks()["lic1"][key] for key in ("user", "host"))
    result = farm.run(who, env=env)
    held, waiting = result.stdout.splitlines()
    assert re.fullmatch(rf"lic1: {user} on {host}, job -, for [0-9]+ s", held), held
    farm.equal(waiting, f"place 1: {user} waits for 1 of lic1")
    farm.equal((result.returncode, result.stderr), (0, ""))
    lab.server.kill()
    result = farm.run(who, env=dict(env, IPCLOCKER_PORT=str(farm.silent_port())))
    farm.equal((result.returncode, result.stdout), (1, ""))
    farm.contains(result.stderr, "who: no lockerd answers at ")


# Names of ours that a program is free to have.
NEIGHBOUR = """
#include <ipclocker_server.h>
#include <pidstat.h>
#include <stdio.h>

int tree_insert(void) { return 1; }
int number_parse(void) { return 2; }
int buffer_grow(void) { return 3; }
int process_signal(void) { return 4; }
int text_clean(void) { return 5; }

int main(void)
{
    struct ipclocker *lock = ipclocker_create();
    struct ipclocker_server *server = ipclocker_server_create();
    struct pidstat_server *daemon = pidstat_server_create();
    int all_here = lock && server && daemon && IPCLOCKER_VERSION_NUMBER >= 100;

    printf("%s %s %d %d\\n", IPCLOCKER_VERSION, ipclocker_version(), all_here,
           tree_insert() + number_parse() + buffer_grow() + process_signal() + text_clean());
    ipclocker_destroy(lock);
    ipclocker_server_destroy(server);
    pidstat_server_destroy(daemon);
    return 0;
}
"""


def exported(library):
    """The names that a library in build/lib shows to those who link it."""
    path = os.path.join(farm.BUILD, "lib", library)
    dynamic = ["-D"] if library.endswith(".so") else []
    out = farm.run("nm", *dynamic, "-g", "--defined-only", "-P", path).stdout
    return {line.split()[0].partition("@")[0] for line in out.splitlines() if len(line.split()) > 1}


@tap.test
def each_library_shows_what_its_list_names_and_nothing_else():
    for name, node in (("libipclocker", "IPCLOCKER_0"), ("libipclocker-server", "IPCLOCKER_SERVER_0")):
        with open(os.path.join(farm.SOURCE, "lib", f"{name}.map"), encoding="ascii") as file:
            listed = set(re.findall(r"^ +([a-z_]+);$", file.read(), re.MULTILINE))
        for suffix in ("so", "a"):
            names = {word for word in exported(f"{name}.{suffix}") if not word.startswith("__asan")}
            farm.equal(names - {node}, listed)


@tap.test
def the_libraries_export_every_declared_function():
    names = exported("libipclocker.a") | exported("libipclocker-server.a")
    for header in ("ipclocker.h", "ipclocker_history.h", "ipclocker_keep.h", "ipclocker_list.h",
                   "ipclocker_process.h", "ipclocker_queue.h", "ipclocker_server.h", "pidstat.h",
                   "uricommand.h"):
        with open(os.path.join(farm.SOURCE, "lib", header), encoding="utf-8") as file:
            declared = re.findall(r"^[^/ #][^;]*?\b((?:ipclocker|pidstat|uricommand)_\w+)(?<!_fn)\(",
                                  file.read(), re.MULTILINE)
        assert declared, header
        farm.equal(set(declared) - names, set())


@tap.test
def a_client_loads_neither_the_event_loop_nor_the_database():
    def needs(library):
        return farm.run("objdump", "-p", os.path.join(farm.BUILD, "lib", library)).stdout
    for library in ("libevent", "libsqlite3"):
        assert library not in needs("libipclocker.so"), library
        farm.contains(needs("libipclocker-server.so"), library)
    farm.contains(needs("libipclocker.so"), "libjson-c")


@tap.test
def a_program_may_have_names_that_we_have_inside(folder):
    installed.need_plain_libraries()
    env = installed.environment(installed.prefix())
    source = os.path.join(folder, "neighbour.c")
    with open(source, "w", encoding="ascii") as file:
        file.write(NEIGHBOUR)
    for static in ([], ["--static"]):
        flags = farm.run("pkg-config", "--cflags", "--libs", *static, "ipclocker", "ipclocker-server",
                         env=env).stdout.split()
        if static:
            flags = [{"-lipclocker": "-l:libipclocker.a",
                      "-lipclocker-server": "-l:libipclocker-server.a"}.get(word, word) for word in flags]
        program = os.path.join(folder, "neighbour")
        result = farm.run("cc", "-Wall", "-Werror", "-o", program, source, *flags, env=env)
        farm.equal((result.returncode, result.stderr), (0, ""))
        version = farm.run(program, env=env).stdout.split()
        farm.equal(version[0], version[1])
        farm.equal(version[2:], ["1", "15"])


@tap.test
def one_number_is_the_version_of_everything():
    with open(os.path.join(farm.SOURCE, "lib/ipclocker.h"), encoding="utf-8") as file:
        header = file.read()
    text = re.search(r'#define IPCLOCKER_VERSION "(\d+)\.(\d+)\.(\d+)"', header)
    number = int(re.search(r"#define IPCLOCKER_VERSION_NUMBER (\d+)", header)[1])
    major, minor, patch = (int(part) for part in text.groups())
    farm.equal(number, 10000 * major + 100 * minor + patch)
    farm.contains(farm.run(farm.program("lockersh"), "--version").stdout, ".".join(text.groups()))
    for name in ("ipclocker", "ipclocker-server"):
        with open(os.path.join(farm.BUILD, f"lib/{name}.pc"), encoding="utf-8") as file:
            farm.contains(file.read(), f"Version: {'.'.join(text.groups())}\n")


if __name__ == "__main__":
    farm.main()
