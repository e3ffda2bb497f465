#!/usr/bin/env python3
"""Where systemd is not: the init script of the examples, and logs that a real logrotate rotates."""

import os
import re
import shutil

from support import farm, tap

SCRIPT = os.path.join(farm.SOURCE, "examples/init/farmlockd.sh")
ROTATED = os.path.join(farm.SOURCE, "share/logrotate.d/lockerd")


class Machine:
    """A folder with an init script for each daemon, its settings and what it writes."""

    def __init__(self, folder, *shell):
        self.folder, self.shell = folder, shell
        self.env = farm.environment(FARMLOCK_PATH=f"{farm.BUILD}/bin:{os.environ['PATH']}", FARMLOCK_RUN=f"{folder}/run",
                                    FARMLOCK_DEFAULT=f"{folder}/default", IPCLOCKER_PORT=str(farm.free_port()))
        os.mkdir(f"{folder}/default")
        with open(SCRIPT, encoding="ascii") as file:
            text = file.read()
        for name in ("lockerd", "pidstatd"):
            with open(f"{folder}/S20{name}", "w", encoding="ascii") as file:
                # As the script itself says.
                file.write(re.sub("farmlockd$", name, text, flags=re.M))
            os.chmod(f"{folder}/S20{name}", 0o755)
        self.set("lockerd", f'LOCKERD_STATE={folder}/state/db\nLOCKERD_OPTIONS="--config none --log {folder}/log"\n')
        farm.at_end(lambda: [self.run(name, "stop") for name in ("lockerd", "pidstatd")])

    def set(self, name, text):
        with open(f"{self.folder}/default/{name}", "w", encoding="ascii") as file:
            file.write(text)

    def run(self, name, word):
        return farm.run(*self.shell, f"{self.folder}/S20{name}", word, env=self.env)

    def does(self, name, *words):
        """Each of them well."""
        for word in words:
            done = self.run(name, word)
            farm.equal((word, done.returncode, done.stderr), (word, 0, ""))

    def pid(self, name):
        return re.search(r"process (\d+)\n", self.run(name, "status").stdout)[1]


def shells():
    """What /bin/sh is on one system or another; none of them needs to be bash."""
    for words in (("dash",), ("busybox", "sh")):
        if shutil.which(words[0]):
            yield words


@tap.test
def the_script_starts_reloads_and_stops_both(folder):
    for number, shell in enumerate(shells()):
        os.mkdir(f"{folder}/{number}", 0o755)
        machine = Machine(f"{folder}/{number}", *shell)
        machine.set("pidstatd", f'PIDSTATD_OPTIONS="--config none --host 127.0.0.1 --port {farm.free_port()}"\n')
        for name in ("lockerd", "pidstatd"):
            farm.equal(machine.run(name, "status").returncode, 3)
            farm.equal(machine.run(name, "reload").returncode, 7)
            machine.does(name, "stop", "try-restart")
            farm.equal(machine.run(name, "status").returncode, 3)
            machine.does(name, "start", "status", "start", "reload")
            first = machine.pid(name)
            machine.does(name, "restart")
            assert machine.pid(name) != first
            machine.does(name, "stop", "stop")
            farm.equal(machine.run(name, "status").returncode, 3)
            farm.poll(lambda: not farm.marked(f"{machine.folder}/run/{name}/{name}.pid"), "nothing is left")


@tap.test
def locks_stay_over_its_restart(folder):
    machine = Machine(folder)
    machine.does("lockerd", "start")
    lockersh = farm.program("lockersh")
    holder = farm.start(lockersh, "--lock", "a", "--exec", "sleep", "1000", env=machine.env)
    held = lambda: "a" in farm.run(lockersh, "--locklist", env=machine.env).stdout.split()
    farm.poll(held, "it is held")
    machine.does("lockerd", "restart")
    farm.poll(held, "it is still held")
    farm.kill_pid(holder.pid)
    farm.poll(lambda: not held(), "it is given back")


@tap.test
def what_is_wrong_is_told(folder):
    machine = Machine(folder)
    machine.set("lockerd", "LOCKERD_OPTIONS=--nonsense\n")
    done = machine.run("lockerd", "start")
    farm.equal(done.returncode, 64)
    farm.contains(done.stderr, "--nonsense")
    farm.equal(machine.run("lockerd", "dance").returncode, 2)
    done = farm.run("sh", SCRIPT, "start")
    farm.equal((done.returncode, done.stdout), (2, ""))
    # A pid that is another process's now.
    with open(f"{folder}/run/lockerd/lockerd.pid", "w", encoding="ascii") as file:
        file.write(f"{os.getpid()}\n")
    farm.equal(machine.run("lockerd", "status").returncode, 3)
    machine.does("lockerd", "stop")


@tap.test
def a_rotated_log_goes_on_in_the_new_file(folder):
    if not shutil.which("logrotate"):
        raise tap.Lacks("there is no logrotate")
    machine = Machine(folder)
    os.mkdir(f"{folder}/logs")
    user = "--user root " if os.geteuid() == 0 else ""
    machine.set("lockerd", f'LOCKERD_STATE=none\nLOCKERD_OPTIONS="--config none {user}--log {folder}/logs/lockerd.log"\n')
    machine.does("lockerd", "start")
    with open(ROTATED, encoding="ascii") as file:
        text = file.read()
    text = text.replace("/var/log/lockerd/", f"{folder}/logs/").replace("/run/lockerd/", f"{folder}/run/lockerd/")
    user = farm.run("id", "-un").stdout.strip()
    text = text.replace("farmlock farmlock", f"{user} {farm.run('id', '-gn').stdout.strip()}")
    with open(f"{folder}/conf", "w", encoding="ascii") as file:
        file.write(text)
    os.chmod(f"{folder}/conf", 0o644)
    done = farm.run("logrotate", "--force", "--state", f"{folder}/rotated", f"{folder}/conf")
    farm.equal((done.returncode, done.stderr), (0, ""))

    def log(name):
        with open(f"{folder}/logs/{name}", encoding="utf-8") as file:
            return file.read()

    farm.poll(lambda: "log reopened" in log("lockerd.log"), "it goes on in the new one")
    farm.contains(log("lockerd.log.1"), " serves\n")
    farm.equal(os.stat(f"{folder}/logs/lockerd.log").st_mode & 0o777, 0o640)


if __name__ == "__main__":
    farm.main()
