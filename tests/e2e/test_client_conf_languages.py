#!/usr/bin/env python3
"""farmlock-client.conf(5) as farmlock.py and the Tcl package read it: the same as lockersh does."""

import json
import os
import shutil

from support import farm, scripts, tap
from support.locking import LOCKERSH, start_server

# One setting a line, each in a file of its own; what is wrong is so for all three.
HOSTS = ("host=farm1", " host\t=\tfarm1:farm2 farm3 \t", "host = farm1\r", "host = farm1 # the first",
         "host = farm1 #", "host = farm1, farm2=1800,farm3 , [fd00::1]=1801,farm4", "host = farm1,", "host = ,farm1",
         "host = farm1,,farm2", 'host = "farm1"', 'host = " farm1 " # remark', "host = [fd00::1]=1800:farm2",
         "# host = farm2", "", "\tport = 77", "x-2 = y", "path = /run/lockerd # here", "hosts = farm1",
         "host", "= farm1", "Host = farm1", "ho st = farm1", "host =", "host = #", 'host = ""',
         'host = "farm1', 'host = "farm1" farm2', "host = a\x01b", "host = a\nhost = b",
         "host = a\npath = /b", "path = /b\n\nhost = a", "host = farm1:1800", "port = 0", "port = no-such",
         "auth = none", "auth = maybe", "host = a#b", "host = #a")
PYTHON = """
for one in sys.argv[1:]:
    os.environ["FARMLOCK_CONF"] = one
    try:
        conf = farmlock._Conf()
        conf.servers(None, None)
        say(*[conf.find(name)[1] or "-" for name in ("host", "path", "port", "auth")], sep="|")
    except ValueError:
        say("wrong")
"""
TCL = """
foreach one $FILES {
    set env(FARMLOCK_CONF) $one
    if {[catch {
        set conf [farmlock::Conf]
        farmlock::Servers $conf "" ""
        set found {}
        foreach name {host path port auth} {
            set value [lindex [farmlock::ConfFind $conf $name] 1]
            lappend found [expr {$value eq "" ? "-" : $value}]
        }
        say [join $found |]
    } text options]} {
        say [expr {[lrange [dict get $options -errorcode] 0 1] eq {FARMLOCK USAGE} ? "wrong" : $text}]
    }
}
"""


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, 0o644)
    return path


def clean(**more):
    return {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", **scripts.FOLDERS,
            **{name: str(value) for name, value in more.items()}}


def as_lockersh_has_it(path):
    done = farm.run(LOCKERSH, "--show-config", "--json", env=clean(FARMLOCK_CONF=path))
    if "unknown setting" not in done.stderr and done.returncode != 0:
        farm.equal(done.returncode, 64)
        return "wrong"
    found = {one["name"]: one["value"] for one in json.loads(done.stdout)["settings"]
             if one["from"] == "file"}
    return "|".join(found.get(name, "-") for name in ("host", "path", "port", "auth"))


def need_tcl():
    if not shutil.which("tclsh"):
        raise tap.Lacks("there is no tclsh")


@tap.test
def all_three_read_the_same_out_of_each_file(folder):
    need_tcl()
    files = [write(f"{folder}/{number}", text + "\n") for number, text in enumerate(HOSTS)]
    expected = [as_lockersh_has_it(path) for path in files]
    assert 10 < expected.count("wrong") < len(HOSTS) - 10, expected
    # Its own words come behind the text of -c.
    done = farm.run(*scripts.python("def say(*words, sep=' '):\n    print(*words, sep=sep)\n" + PYTHON),
                    *files, env=clean())
    farm.equal(done.stderr, "")
    farm.equal(list(zip(HOSTS, done.stdout.splitlines())), list(zip(HOSTS, expected)))
    done = farm.run(*scripts.tcl("set FILES {" + " ".join(files) + "}\n" + TCL), env=clean())
    farm.equal(done.stderr, "")
    farm.equal(list(zip(HOSTS, done.stdout.splitlines())), list(zip(HOSTS, expected)))


ASK = {
    "python": """
def ask(**more):
    try:
        with farmlock.lock("a", timeout=0, **more) as seat:
            say("got", seat)
    except (ValueError, farmlock.Error) as error:
        say(type(error).__name__, error)
""",
    "tcl": """
proc ask {args} {
    if {[catch {
        set h [farmlock::lock a -timeout 0 {*}$args]
        say got [farmlock::get $h names]
        farmlock::unlock $h
    } text options]} {
        say [dict get $options -errorcode] $text
    }
}
""",
}
CALLS = {"python": ("ask()", "ask(port={port})"), "tcl": ("ask", "ask -port {port}")}


def ask(language, call=0, port="", **env):
    """What comes of asking for a lock with only these variables."""
    text = ASK[language] + CALLS[language][call].format(port=port) + "\n"
    words = scripts.python(text) if language == "python" else scripts.tcl(text)
    done = farm.run(*words, env=clean(**env))
    farm.equal((done.returncode, done.stderr), (0, ""))
    return done.stdout.strip()


@tap.test
def programs_without_variables_find_the_server(folder):
    need_tcl()
    _, port = start_server()
    other = farm.silent_port()
    os.makedirs(f"{folder}/.config/farmlock")
    write(f"{folder}/.config/farmlock/client.conf", f"host = 127.0.0.1\nport = {port}\n")
    wrong = write(f"{folder}/wrong", f"host = 127.0.0.1\nport = {other}\n")
    for language in ("python", "tcl"):
        farm.equal((language, ask(language, HOME=folder)), (language, "got a"))
        farm.equal(ask(language, XDG_CONFIG_HOME=f"{folder}/.config"), "got a")
        # A variable and what a call says go before the file.
        farm.equal(ask(language, FARMLOCK_CONF=wrong, IPCLOCKER_PORT=port), "got a")
        farm.equal(ask(language, 1, port, FARMLOCK_CONF=wrong, IPCLOCKER_PORT=other), "got a")


@tap.test
def what_is_wrong_with_a_file_is_told(folder):
    need_tcl()
    conf = f"{folder}/conf"
    fifo = f"{folder}/fifo"
    os.mkfifo(fifo)
    write(conf, "\nport = none\n")
    for language, kind in (("python", "ValueError"), ("tcl", "FARMLOCK USAGE")):
        said = ask(language, FARMLOCK_CONF=conf)
        assert said.startswith(f"{kind} {conf}:2: port: "), said
        farm.contains(said, "is no port; use a number from 1 to 65535 or a service")
        said = ask(language, FARMLOCK_CONF=fifo)
        farm.equal(said, f"{kind} {fifo} is no regular file; name one, or set FARMLOCK_CONF=none")
        said = ask(language, FARMLOCK_CONF=f"{folder}/no")
        farm.contains(said.lower(), f"{kind} cannot read {folder}/no: no such file or directory; "
                                    "name another, or set FARMLOCK_CONF=none".lower())


if __name__ == "__main__":
    farm.main()
