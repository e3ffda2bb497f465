#!/usr/bin/env python3
"""What people copy from the manual is right, and what it refers to is there."""

import glob
import os
import re
import subprocess

from support import farm, installed, tap
from support.locking import Farm, Proxy

# Pages of others: the system's and Slurm's.
OTHERS = {
    1: "cp env flock nohup qconf qstat salloc sbatch scancel setsid sh squeue srun ssh systemd timeout uname",
    2: "bind connect execve flock fork gethostname listen pidfd_open poll socket",
    3: "errno exec free sd_listen_fds sd_notify syslog system",
    5: "crontab nsswitch.conf proc services slurm.conf ssh_config sysctl.d",
    7: "cgroups epoll glob munge pid_namespaces signal",
    8: "cron logrotate munged sge_execd spank sshd systemd-sysusers",
}
KNOWN = {(name, str(section)) for section, names in OTHERS.items() for name in names.split()}

# What stands around the lines of an example that is no program by itself.
AROUND = """
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <ipclocker.h>
#include <ipclocker_server.h>
#include <pidstat.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sysexits.h>
#include <uricommand.h>

int example(%s);
int example(%s)
{
%s
    return 0;
}
int main(void)
{
    return 0;
}
"""
# What they take from the program around them.
TAKEN = {
    "ipclocker_process.3": ["struct ipclocker *lock, int keyboard, int result",
                            "struct ipclocker *lock, int set"],
    "ipclocker_server_create.3": ["void", "struct ipclocker_server *server, int keyboard"],
    "uricommand.3": ["int status"],
}


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def pages():
    return sorted(glob.glob(os.path.join(farm.SOURCE, "share/man/man*/*")))


def examples(page):
    """The literal texts among a page's examples, as a reader sees them."""
    part = re.search(r"^\.Sh EXAMPLES\n(.*?)^\.Sh ", read(page), re.M | re.S)
    found = re.findall(r"^\.Bd -literal.*?\n(.*?)^\.Ed", part[1], re.M | re.S) if part else []
    return [text.replace("\\e", "\\").replace("\\-", "-") for text in found]


def page(name):
    return os.path.join(farm.SOURCE, "share/man/man3", name)


def as_installed():
    installed.need_plain_libraries()
    return installed.environment(installed.prefix())


def references():
    """(file, name, section) of all that the pages, the headers and README.md refer to."""
    for path in pages():
        yield from ((path, *found) for found in re.findall(r"\bXr (\S+) (\d|n)\b", read(path)))
    for path in [os.path.join(farm.SOURCE, "README.md"), *glob.glob(f"{farm.SOURCE}/lib/*.h")]:
        yield from ((path, *found) for found in
                    re.findall(r"(?<![\w>.-])([a-z_][\w.-]*)\(([1-8])\)", read(path)))


@tap.test
def every_reference_leads_to_a_page():
    prefix, count, lost = installed.prefix(), 0, []
    for path, name, section in references():
        count += 1
        # exists() follows the link.
        if (not os.path.exists(f"{prefix}/share/man/man{section}/{name}.{section}")
                and (name, section) not in KNOWN):
            lost.append((os.path.basename(path), f"{name}({section})"))
    assert count > 150, count
    farm.equal(lost, [])


@tap.test
def each_function_of_a_page_is_found_by_its_name_and_uninstalled(folder):
    installed.make("install", folder)
    for path in glob.glob(os.path.join(farm.SOURCE, "share/man/man3/*")):
        names = re.findall(r"^\.Nm (\w+)", read(path).partition(".Sh LIBRARY")[0], re.M)
        assert names, path
        for name in names:
            farm.equal(read(f"{folder}/share/man/man3/{name}.3"), read(path))
    installed.make("uninstall", folder)
    left = [path for path in glob.glob(f"{folder}/**", recursive=True) if not os.path.isdir(path)]
    farm.equal(left, [])


@tap.test
def every_example_compiles(folder):
    env = as_installed()
    count = 0
    for path in sorted(glob.glob(page("*"))):
        name = os.path.basename(path)
        for number, text in enumerate(examples(path)):
            taken = TAKEN.get(name, ["void"])
            if "main(void)" not in text:
                text = AROUND % (taken[number], taken[number], text)
            print(f"# {name}, example {number + 1}")
            installed.compile_program(folder, text, env, "-Wno-unused-but-set-parameter",
                                      "-Wno-unused-result")
            count += 1
    assert count >= 8, count


@tap.test
def the_first_example_gives_its_seat_back_when_it_is_killed(folder):
    env = as_installed()
    program = installed.compile_program(folder, examples(page("ipclocker.3"))[0], env)
    lab = Farm()
    env.update(IPCLOCKER_HOST="127.0.0.1", IPCLOCKER_PORT=str(lab.port))

    def start():
        return farm.start(program, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    first, second = start(), start()
    farm.equal(sorted((first.stdout.readline(), second.stdout.readline())),
               [b"using lic1\n", b"using lic2\n"])
    farm.equal({lock["hold_limit_seconds"] for lock in lab.locks().values()}, {0})
    third = start()
    lab.poll_waiting(third.pid)
    first.kill()
    assert third.stdout.readline().startswith(b"using lic"), "the seat is free at once"
    second.stdin.write(b"\n")
    second.stdin.flush()
    farm.equal(second.wait(farm.PATIENCE_S), 0)
    third.kill()
    farm.poll(lambda: not lab.locks(), "all seats are free")


# Waits for events only: a descriptor that was not told to the set is never heard of again.
EPOLL = """
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <ipclocker.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>

static void tell(int set, struct ipclocker *lock)
{
%s
    if (fd >= 0 && ((fcntl(fd, F_GETFD) & FD_CLOEXEC) == 0 || (fcntl(fd, F_GETFL) & O_NONBLOCK) == 0))
        errx(1, "not close-on-exec, or it blocks");
    printf("fd %%d\\n", fd);
}

int main(void)
{
    struct ipclocker *lock = ipclocker_create();
    int set = epoll_create1(EPOLL_CLOEXEC), result;

    setlinebuf(stdout);
    ipclocker_set_session(lock, true);
    if (ipclocker_set_locks(lock, "a", 1) != 0 || ipclocker_lock_start(lock) != 0)
        return 1;
    while ((result = ipclocker_process(lock)) >= 0) {
        struct epoll_event event;

        tell(set, lock);
        puts(result > 0 ? "held" : "waits");
        epoll_wait(set, &event, 1, ipclocker_timeout(lock));
    }
    errx(1, "%%s", ipclocker_error(lock));
}
"""


@tap.test
def the_epoll_example_survives_a_connection_that_has_the_number_of_the_last(folder):
    env = as_installed()
    program = installed.compile_program(folder, EPOLL % examples(page("ipclocker_process.3"))[1], env)
    lab = Farm()
    proxy = Proxy(lab.port)
    env.update(IPCLOCKER_HOST="127.0.0.1", IPCLOCKER_PORT=str(proxy.port))
    holder = lab.hold("a")
    with open(os.path.join(folder, "out"), "wb") as out:
        waiter = farm.start(program, env=env, stdout=out, stderr=subprocess.STDOUT)

    def output():
        return read(os.path.join(folder, "out")).split("\n")

    lab.poll_waiting(waiter.pid)
    proxy.cut()
    farm.poll(lambda: len(proxy.sockets) == 2, "it has connected again")
    lab.poll_waiting(waiter.pid)
    holder.kill()
    farm.poll(lambda: "held" in output(), "it gets the lock")
    numbers = [line for line in output() if line.startswith("fd ")]
    assert "fd -1" in numbers, numbers  # while there was no connection
    farm.equal(numbers[0], numbers[-1])
    # It hears of the end of the connection while it holds the lock, too.
    proxy.cut()
    farm.poll(lambda: len(proxy.sockets) == 2, "the session is renewed")
    lab.poll_held("a", waiter.pid)
    lab.run("--break", "a")
    proxy.cut()
    farm.equal(waiter.wait(farm.PATIENCE_S), 1)
    farm.contains(output()[-2], " was lost: it was ")


farm.main()
