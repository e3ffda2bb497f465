#!/usr/bin/env python3
"""farmlock-client.conf(5): which file says what to lockersh, and what is said of files that are wrong."""

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile

import jsonschema

from support import farm, tap
from support.lockd import Server
from support.locking import LOCKERD, LOCKERSH, Farm, complaint, schema, start_server
from support.past import LOCKREPORT

PATH = os.environ["PATH"]
ETC = "/etc/farmlock/client.conf"
USER = ".config/farmlock/client.conf"


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, 0o644)
    return path


def clean(**more):
    """As little as cron or a prolog has."""
    return {"PATH": PATH, **{name: str(value) for name, value in more.items()}}


def lockersh(*words, **env):
    return farm.run(LOCKERSH, *words, env=clean(**env))


def with_etc(folder, text, *command):
    """The words that run a command where /etc/farmlock/client.conf has a text."""
    options = "-m" if os.geteuid() == 0 else "-rm"
    if farm.run("unshare", options, "true").returncode != 0:
        raise tap.Lacks("no mount namespace can be had")
    etc, real = os.path.join(folder, "etc"), os.path.join(folder, "real")
    shutil.rmtree(etc, ignore_errors=True)
    os.makedirs(real, exist_ok=True)
    write(os.path.join(etc, "farmlock/client.conf"), text)
    for name in os.listdir("/etc"):
        if name != "farmlock":
            os.symlink(os.path.join(real, name), os.path.join(etc, name))
    return ["unshare", options, "sh", "-c",
            'mount --bind /etc "$0/real" && mount --bind "$0/etc" /etc && exec "$@"', folder, *command]


def settings(*words, **env):
    """What --show-config says holds, {name: (value, where from)}."""
    done = lockersh("--show-config", "--json", *words, **env)
    farm.equal((done.returncode, done.stderr), (0, ""))
    return read_settings(done.stdout)


def read_settings(text):
    document = json.loads(text)
    jsonschema.validate(document, schema("client-config"))
    found = {}
    for one in document["settings"]:
        where = one["from"]
        if where == "file":
            where = f"{one['file']}:{one['line']}"
        found[one["name"]] = (one.get("value"), one.get("by", where))
    return found


@tap.test
def a_job_without_variables_finds_the_server(folder):
    _, port = start_server()
    write(f"{folder}/{USER}", f"# Where the farm's locks are.\nhost = 127.0.0.1={port}\n")
    line = f"{LOCKERSH} --lock a 'echo $LOCKERSH_LOCK'"
    for shell in (["sh", "-c"], ["tcsh", "-f", "-c"], ["perl", "-e", "exit(system(shift) >> 8)"]):
        if not shutil.which(shell[0]):
            raise tap.Lacks(f"there is no {shell[0]}")
        done = farm.run(*shell, line, env=clean(HOME=folder))
        farm.equal((shell, done.returncode, done.stdout, done.stderr), (shell, 0, "a\n", ""))


@tap.test
def the_users_file_is_where_xdg_config_home_says(folder):
    write(f"{folder}/{USER}", "host = home\n")
    write(f"{folder}/x/farmlock/client.conf", "host = xdg\n")
    farm.equal(settings(HOME=folder)["host"], ("home", f"{folder}/{USER}:1"))
    farm.equal(settings(HOME=folder, XDG_CONFIG_HOME=f"{folder}/x")["host"][0], "xdg")
    # As the specification has it: what is no absolute path is nothing.
    farm.equal(settings(HOME=folder, XDG_CONFIG_HOME="x")["host"][0], "home")
    farm.equal(settings(HOME="x")["host"], ("localhost", "built-in"))
    farm.equal(settings()["host"], ("localhost", "built-in"))


@tap.test
def options_go_before_variables_and_these_before_files(folder):
    named = write(f"{folder}/named", "port = 1801\npidstatd-port = 1803\n")
    write(f"{folder}/{USER}", "host = home\nport = 1802\n")
    env = {"HOME": folder, "FARMLOCK_CONF": named, "IPCLOCKER_PORT": "1804"}
    found = settings("--host", "option", **env)
    farm.equal(found["host"], ("option", "host"))
    farm.equal(found["port"], ("1804", "IPCLOCKER_PORT"))
    farm.equal(found["pidstatd-port"], ("1803", f"{named}:2"))
    farm.equal(settings(**env)["host"], ("localhost", "built-in"))
    env["IPCLOCKER_PORT"] = ""
    farm.equal(settings(**env)["port"], ("1801", f"{named}:1"))
    farm.equal(settings(**{**env, "FARMLOCK_CONF": ""})["port"], ("1802", f"{folder}/{USER}:2"))
    farm.equal(settings(**{**env, "FARMLOCK_CONF": "none"})["port"][1], "built-in")


@tap.test
def the_machines_file_is_the_last_that_is_asked(folder):
    _, port = start_server()
    text = f"host = 127.0.0.1={port}\nport = 1801\ntimeout = 3\n"
    write(f"{folder}/{USER}", "timeout = 4\nport = 1802\n")

    def run(*words, **env):
        return farm.run(*with_etc(folder, text, LOCKERSH, *words), env=clean(**env))

    farm.equal(run("--lock", "a", "echo got", HOME=folder).stdout, "got\n")
    found = read_settings(run("--show-config", "--json", HOME=folder).stdout)
    farm.equal(found["host"], (f"127.0.0.1={port}", f"{ETC}:1"))
    farm.equal(found["timeout"], ("4", f"{folder}/{USER}:1"))
    farm.equal(found["port"][0], "1802")
    farm.equal(read_settings(run("--show-config", "--json", HOME=folder, FARMLOCK_CONF="none")
                             .stdout)["host"], ("localhost", "built-in"))
    named = write(f"{folder}/named", "path = /nowhere\n")
    found = read_settings(run("--show-config", "--json", FARMLOCK_CONF=named).stdout)
    farm.equal((found["path"][0], "host" in found, found["timeout"][0]), ("/nowhere", False, "3"))


@tap.test
def a_socket_can_be_the_server(folder):
    path, port = f"{folder}/socket", farm.free_port()
    farm.start(LOCKERD, "--nofork", "--state", "none", "--path", path, "--host", "127.0.0.1",
               "--port", port, stderr=subprocess.DEVNULL)
    farm.poll(lambda: farm.answers(port), "it serves")
    conf = write(f"{folder}/conf", f"path = {path}\n")
    farm.equal(lockersh("--lock", "a", "echo got", FARMLOCK_CONF=conf).stdout, "got\n")
    # A variable that names a host goes before it.
    other = lockersh("--ping", FARMLOCK_CONF=conf, IPCLOCKER_HOST="127.0.0.1", IPCLOCKER_PORT=port)
    farm.contains(other.stdout, f"127.0.0.1:{port} answers")


@tap.test
def a_wait_has_the_limit_and_the_status_of_the_file(folder):
    lab = Farm()
    lab.hold("a")
    server = f"host = 127.0.0.1={lab.port}\n"
    conf = write(f"{folder}/conf", server + "timeout = 2s\nconflict-exit-code = 9\n")
    done = lockersh("--lock", "a", "true", FARMLOCK_CONF=conf)
    farm.equal((done.returncode, done.stderr.count("not free in time")), (9, 1))
    done = lockersh("-n", "-E", "8", "--lock", "a", "true", FARMLOCK_CONF=conf)
    farm.equal((done.returncode, done.stderr.count("a is not free")), (8, 1))
    # Both of these would be waited for in vain.
    write(conf, server + "timeout = 1h\n")
    farm.equal(lockersh("-w", "2", "--lock", "a", "true", FARMLOCK_CONF=conf).returncode, 1)


@tap.test
def what_is_lost_ends_as_the_file_has_it(folder):
    lab = Farm()
    conf = write(f"{folder}/conf", 'on-lost = "kill -USR1 $LOCKERSH_PID # gone"\nquiet = true\n')
    job = lab.start("--lock", "a", "--exec", "sleep", "1000", env=dict(lab.env, FARMLOCK_CONF=conf))
    lab.poll_held("a", job.pid)
    farm.equal(lab.run("--break", "a").returncode, 0)
    farm.equal(job.wait(farm.PATIENCE_S), -signal.SIGUSR1)
    farm.equal(job.stderr.read(), b"")
    # An option says otherwise.
    job = lab.start("--on-lost", "warn", "--lock", "b", "--exec", "sleep", "1000",
                    env=dict(lab.env, FARMLOCK_CONF=conf))
    lab.poll_held("b", job.pid)
    farm.equal(lab.run("--break", "b").returncode, 0)
    lab.poll_free("b")
    assert job.poll() is None


@tap.test
def talk_is_that_of_the_higher_rank(folder):
    lab = Farm()
    lab.hold("a")
    quiet, verbose, conf = "quiet = true\n", "verbose = true\n", f"{folder}/conf"

    def start(users, machines, *words):
        """A lockersh that waits in vain, with a home and a machine of its own."""
        home = tempfile.mkdtemp(dir=folder)
        write(f"{home}/{USER}", users)
        return farm.start(*with_etc(home, machines, LOCKERSH, *words, "-w", "3", "--lock", "a", "true"),
                          env=clean(HOME=home, IPCLOCKER_HOST=f"127.0.0.1={lab.port}"),
                          stderr=subprocess.PIPE, text=True)

    def talks(waiter):
        """Whether it was told of its wait before that was over."""
        said = waiter.communicate(timeout=farm.PATIENCE_S)[1]
        farm.equal((waiter.returncode, said.count("not free in time")), (1, 1))
        return "waiting" in said

    waiters = [start(verbose, quiet), start(quiet, verbose), start(quiet, verbose, "--verbose"),
               start(verbose, verbose, "--quiet"), start("quiet = false\nverbose = true\n", quiet)]
    farm.equal([talks(one) for one in waiters], [True, False, True, False, True])
    done = lockersh("--lock", "a", "true", FARMLOCK_CONF=write(conf, quiet + verbose))
    farm.equal(complaint(done, 64), f"{conf}:2: choose one of quiet and verbose")


@tap.test
def a_name_that_nobody_knows_is_told_of_once(folder):
    _, port = start_server()
    conf = write(f"{folder}/conf", f"host = 127.0.0.1={port}\nhsot = farm2\nlock = a\n")
    done = lockersh("--lock", "a", "echo got", FARMLOCK_CONF=conf)
    told = (f"lockersh: {conf}:2: unknown setting hsot; did you mean host; see farmlock-client.conf(5)\n"
            f"lockersh: {conf}:3: lock goes on command lines only; farmlock-client.conf(5) has what can be set "
            "there\n")
    farm.equal((done.returncode, done.stdout, done.stderr), (0, "got\n", told))
    done = lockersh("--quiet", "--lock", "a", "echo got", FARMLOCK_CONF=conf)
    farm.equal((done.returncode, done.stdout, done.stderr), (0, "got\n", ""))
    done = lockersh("--show-config", FARMLOCK_CONF=conf)
    farm.equal((done.returncode, done.stderr), (64, told))
    farm.contains(done.stdout, f"host = 127.0.0.1={port}")


@tap.test
def a_value_that_makes_no_sense_is_told_with_file_and_line(folder):
    conf = f"{folder}/conf"
    for text, what in (
            ("timeout = soon", 'timeout "soon" is no time'),
            ("connect-tries = -1", 'connect-tries "-1" is no number from 0'),
            ("conflict-exit-code = 256", "is no number from 0 to 255"),
            ("quiet = yes", "quiet is true or false"),
            ("priority = high", 'priority "high" is no number from -1000 to 1000'),
            ("pidstatd-port = x/y", "is neither a number from 1 to 65535 nor a service"),
            ("port = 0", 'port: "0" is no port'),
            ("host = farm1:1800", 'host: "1800" is no host; a port goes behind =: farm1=1800'),
            ("path = /" + "x" * 200, "path: the path of the socket has more than"),
            ("auth = kerberos", 'auth: "kerberos" is none of auto, munge and none'),
            ("farm1", "this is no setting; write NAME = VALUE"),
            ("Host = farm1", "the name of the setting is none"),
            ("host =", "the setting has no value"),
            ('host = "farm1', "has no other behind it"),
            ("host = a\x1bb", "control character")):
        write(conf, "# A remark.\n\n" + text + "\n")
        done = lockersh("--lock", "a", "true", FARMLOCK_CONF=conf)
        farm.contains(complaint(done, 64), f"{conf}:3: ")
        farm.contains(done.stderr, what)
        farm.equal(lockersh("--show-config", FARMLOCK_CONF=conf).returncode, 64)
    write(conf, "host = a\nhost = b\n")
    farm.equal(complaint(lockersh("--ping", FARMLOCK_CONF=conf), 64),
               f"{conf}:2: host is set in line 1 already")


@tap.test
def a_fault_that_is_overruled_is_found_by_show_config_only(folder):
    _, port = start_server()
    conf = write(f"{folder}/conf", "port = 70000\ntimeout = 5\n")
    env = {"FARMLOCK_CONF": conf, "IPCLOCKER_HOST": f"127.0.0.1={port}", "IPCLOCKER_PORT": port}
    farm.equal(lockersh("--lock", "a", "echo got", **env).stdout, "got\n")
    done = lockersh("--show-config", **env)
    farm.equal(done.returncode, 64)
    farm.contains(done.stderr, f'{conf}:1: port: "70000" is no port')
    done = lockersh("--show-config", IPCLOCKER_HOST="farm1:1800")
    farm.equal(done.returncode, 64)
    farm.contains(done.stderr, "IPCLOCKER_HOST: ")


@tap.test
def a_file_that_is_none_holds_nobody_up(folder):
    conf, advice = f"{folder}/conf", "or set FARMLOCK_CONF=none"
    os.mkfifo(conf)
    done = complaint(lockersh("--lock", "a", "true", FARMLOCK_CONF=conf), 64)
    farm.equal(done, f"{conf} is no regular file; name one, {advice}")
    farm.equal(complaint(lockersh("--ping", FARMLOCK_CONF=folder), 64),
               f"{folder} is no regular file; name one, {advice}")
    farm.equal(complaint(lockersh("--ping", FARMLOCK_CONF=f"{folder}/no"), 64),
               f"cannot read {folder}/no: No such file or directory; name another, {advice}")
    os.remove(conf)
    write(conf, "# much\n" * 10000)
    farm.equal(complaint(lockersh("--ping", FARMLOCK_CONF=conf), 64),
               f"{conf} has more than 65536 bytes")
    write(conf, "host = a\n")
    os.chmod(conf, 0o666)
    farm.equal(complaint(lockersh("--ping", FARMLOCK_CONF=conf), 64),
               f"{conf} can be written by everybody; take that from them (chmod o-w)")


def as_nobody(*command):
    if os.geteuid() != 0:
        raise tap.Lacks("only root can be somebody else")
    return ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *command]


@tap.test
def what_may_not_be_read_is_told_but_for_the_homes_of_others(folder):
    _, port = start_server()
    conf = write(f"{folder}/{USER}", "host = farm1\n")
    env = clean(HOME=folder, IPCLOCKER_HOST=f"127.0.0.1={port}")
    os.chmod(conf, 0o600)
    if os.geteuid() == 0:
        os.chown(conf, 0, 0)
    done = farm.run(*as_nobody(LOCKERSH, "--lock", "a", "true"), env=env)
    farm.equal(complaint(done, 64), f"cannot read {conf}: Permission denied; let everybody read it "
                                    "(chmod a+r), or set FARMLOCK_CONF=none")
    # Whoever was made another user, and has the old HOME yet.
    os.chmod(f"{folder}/.config", 0o700)
    os.chown(f"{folder}/.config", 0, 0)
    done = farm.run(*as_nobody(LOCKERSH, "--lock", "a", "echo got"), env=env)
    farm.equal((done.returncode, done.stdout, done.stderr), (0, "got\n", ""))


@tap.test
def the_file_of_somebody_else_is_not_believed(folder):
    conf = write(f"{folder}/{USER}", "on-lost = rm -rf important\n")
    if os.geteuid() != 0:
        raise tap.Lacks("only root can be somebody else")
    os.chown(conf, 65534, 65534)
    farm.equal(complaint(lockersh("--ping", HOME=folder), 64),
               f"{conf} belongs to somebody else; set HOME, or set FARMLOCK_CONF=none")
    # Its owner may, and who names it has said so.
    farm.equal(farm.run(*as_nobody(LOCKERSH, "--show-config"), env=clean(HOME=folder)).returncode, 0)
    farm.equal(lockersh("--show-config", FARMLOCK_CONF=conf).returncode, 0)


@tap.test
def a_program_with_rights_of_its_own_reads_no_file_of_its_callers(folder):
    if os.geteuid() != 0 or os.statvfs(folder).f_flag & os.ST_NOSUID:
        raise tap.Lacks("no program here can have rights of its own")
    conf = write(f"{folder}/conf", "port = 1801\n")
    write(f"{folder}/{USER}", "port = 1802\n")
    program = shutil.copy(LOCKERSH, f"{folder}/lockersh")
    os.chown(program, 65534, 65534)
    words = [program, "--show-config", "--json"]
    # A leak sanitizer cannot look into such a program.
    env = clean(HOME=folder, FARMLOCK_CONF=conf, ASAN_OPTIONS="detect_leaks=0")
    farm.equal(read_settings(farm.run(*words, env=env).stdout)["port"][0], "1801")
    os.chmod(program, 0o4755)
    document = json.loads(farm.run(*words, env=env).stdout)
    farm.equal([file["path"] for file in document["files"]], [ETC])


@tap.test
def what_is_shown_can_be_read_again(folder):
    conf = write(f"{folder}/conf", 'host = farm1:[fd00::1]=1800\non-lost = "mail # us"\nwarn = 5m\n')
    first = lockersh("--show-config", FARMLOCK_CONF=conf)
    again = write(f"{folder}/again", first.stdout)
    found, shown = settings(FARMLOCK_CONF=again), settings(FARMLOCK_CONF=conf)
    farm.equal({name: value for name, (value, _) in found.items()},
               {name: value for name, (value, _) in shown.items()})
    farm.contains(first.stdout, f"# {conf} is read\n# {ETC} is ")
    farm.contains(lockersh("--show-config", FARMLOCK_CONF="none").stdout,
                  "# FARMLOCK_CONF is none: no file is read\n")
    farm.contains(complaint(lockersh("--show-config", "true"), 64), "no command runs with")


@tap.test
def the_example_and_the_page_have_every_setting(folder):
    names = set(settings(FARMLOCK_CONF="none")) | {"path"}
    with open(os.path.join(farm.SOURCE, "examples/client.conf"), encoding="utf-8") as file:
        example = file.read()
    conf = write(f"{folder}/conf", re.sub(r"^#(?=[a-z-]+ = )(?!path|quiet)", "", example, flags=re.M))
    found = settings(FARMLOCK_CONF=conf)
    farm.equal(sorted(name for name, (_, where) in found.items() if where.startswith(conf)),
               sorted(names - {"path", "quiet"}))
    farm.equal(set(re.findall(r"^#?([a-z-]+) = ", example, re.M)), names)
    farm.equal(set(settings(FARMLOCK_CONF=os.path.join(farm.SOURCE, "examples/client.conf"))),
               names - {"path"})
    with open(os.path.join(farm.SOURCE, "share/man/man5/farmlock-client.conf.5"), encoding="utf-8") as file:
        farm.equal(set(re.findall(r"(?:^\.It|,) Ic ([a-z-]+) =", file.read(), re.M)), names)


@tap.test
def lockreport_asks_the_server_that_the_file_names(folder):
    server = Server(folder)
    conf = write(f"{folder}/conf", f"host = 127.0.0.1\nport = {server.port}\n")
    done = farm.run(LOCKREPORT, "--json", env=clean(HOME=folder, FARMLOCK_CONF=conf))
    farm.equal((done.returncode, done.stderr, json.loads(done.stdout)["groups"]), (0, "", []))
    # Nobody names a server: the one of this host is meant.
    done = farm.run(LOCKREPORT, "--json", "--state", "none", env=clean(IPCLOCKER_PORT=server.port))
    farm.equal((done.returncode, done.stderr, json.loads(done.stdout)["groups"]), (0, "", []))
    write(conf, "host = 127.0.0.1\nport = none\n")
    done = farm.run(LOCKREPORT, env=clean(HOME=folder, FARMLOCK_CONF=conf))
    farm.equal(done.returncode, 64)
    farm.contains(done.stderr, f'{conf}:2: port: "none" is no port')


@tap.test
def lockerd_reads_no_file_of_clients(folder):
    conf, port = write(f"{folder}/conf", "nonsense\n"), farm.free_port()
    farm.start(LOCKERD, "--nofork", "--state", "none", "--host", "127.0.0.1",
               env=clean(HOME=folder, FARMLOCK_CONF=conf, IPCLOCKER_PORT=port),
               stderr=subprocess.DEVNULL)
    farm.poll(lambda: farm.answers(port), "it serves")


if __name__ == "__main__":
    farm.main()
