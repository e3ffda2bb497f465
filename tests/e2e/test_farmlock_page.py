#!/usr/bin/python3
"""What farmlock(7) promises is shown by tests, and what it has programs say, they say."""

import os
import re
import shutil

from support import farm, tap
from support.layouts import NEW
from support.lockd import Server

LOCKERSH = farm.program("lockersh")
# Tests are marked by @tap.test or, in the cluster's, by @test.
MARKED = r"^@(?:tap\.)?test\ndef (\w+)\("


def read(*parts):
    with open(os.path.join(farm.SOURCE, *parts), encoding="utf-8") as file:
        return file.read()


PAGE = read("share/man/man7/farmlock.7")


def section(title):
    return re.search(rf"^\.Sh {title}\n(.*?)^\.Sh ", PAGE, re.M | re.S)[1]


@tap.test
def what_survives_what_is_shown_by_tests_that_there_are():
    shown = 0
    for comments, event in re.findall(r'((?:^\.\\" .*\n)*)^\.It (.*)', section("WHAT SURVIVES WHAT"), re.M):
        tests = re.findall(r'^\.\\" (\S+) (\w+)$', comments, re.M)
        assert tests, f"no test shows what becomes of it when {event}"
        for path, name in tests:
            assert name in re.findall(MARKED, read("tests", path), re.M), (event, path, name)
            shown += 1
    assert shown > 35, shown


@tap.test
def the_layout_and_the_descriptors_are_those_of_now():
    now = max(NEW)
    farm.contains(PAGE, f"that of this release is {now}.\n")
    farm.contains(PAGE, f"(layout {now}, this one knows up to {now - 1}); start that version\n")
    limit = int(re.search(r"^LimitNOFILE=(\d+)$", read("share/systemd/lockerd.service"), re.M)[1])
    farm.contains(PAGE, f"LimitNOFILE={limit}\n")
    farm.contains(PAGE, f"{limit * 3 // 4:,} with the\n")


def shown(*parts):
    """Each part stands in one line of the page."""
    lines = [line.replace("\\(aq", "'").replace("\\(dq", '"') for line in PAGE.splitlines()]
    assert any(all(part in line for part in parts) for line in lines), parts


def says(status, text, *command, **options):
    """A program says it, and the page has it."""
    result = farm.run(*command, **options)
    farm.equal((command, result.returncode), (command, status))
    farm.contains(result.stdout + result.stderr, text)
    shown(text)


@tap.test
def a_server_says_what_the_page_has_it_say(folder):
    config = os.path.join(folder, "lockerd.conf")
    with open(config, "w", encoding="utf-8") as file:
        file.write('pools = ( { name = "vcs"; seats = 2; limits = ( { by = "user"; each = 1; } ); } );\n')
    server = Server(folder, "--config", config)
    env = farm.environment(IPCLOCKER_HOST="localhost", IPCLOCKER_PORT=server.port)

    def lockersh(*words):
        return (LOCKERSH, *words)

    says(0, "it knows you by what you claim alone", *lockersh("--ping"), env=env)
    job = farm.start(*lockersh("--lock", "vcs", "--exec", "sleep", "1000"), env=env)
    farm.poll(lambda: "vcs1" in server.held(), "it is held")
    says(1, "vcs: you would wait: place 1 of 1; you hold 1 of your limit of 1 (",
         *lockersh("--explain", "--lock", "vcs"), env=env)
    farm.run(*lockersh("--offline", "vcs[1-2]", "--reason", "license server down"), env=env)
    says(1, "vcs: you would wait: vcs1 is offline: license server down",
         *lockersh("--explain", "--lock", "vcs"), env=env)
    says(0, "POOL             TOTAL HELD PROMISED RESERVED OUTSIDE OFFLINE FREE WAITING   OLDEST  MOST",
         *lockersh("--pools"), env=env)
    broken = farm.run(*lockersh("--break", "vcs1"), env=env)
    farm.contains(broken.stdout, "vcs1 was taken from ")
    shown("lic1 was taken from n17_4723_ann")
    farm.stop(job)
    says(0, "two blanks", *lockersh("--lock", "a", "echo", "two  blanks"), env=env)
    says(0, "two  blanks", *lockersh("--lock", "a", "--exec", "echo", "two  blanks"), env=env)


@tap.test
def faults_are_told_as_on_the_page(folder):
    port = farm.silent_port()
    result = farm.run(LOCKERSH, "--dhost", "localhost", "--port", port, "--connect-tries", "1", "--ping")
    farm.contains(result.stderr, " (Connection refused); start one there, or name another in IPCLOCKER_HOST or /etc/farmlock/client.conf")
    shown("no lockerd answers at farm1:1751 (Connection refused); start one there, or name another in IPCLOCKER_HOST or /etc/farmlock/client.conf")
    config = os.path.join(folder, "lockerd.conf")
    with open(config, "w", encoding="utf-8") as file:
        file.write('pools = ( { name = "vcs"; seat = 2; } );\n')
    says(78, ":1: a pool has no setting seat; did you mean seats?", farm.program("lockerd"), "--check-config",
         "--config", config)
    says(0, "1: /bin/sh -c exec echo 'two  blanks'", farm.program("uriexec"), "--show",
         "exec+echo+%27two++blanks%27")
    shown("lockersh: asking farm2:1751, as no lockerd answers at farm1:1751")


@tap.test
def csh_is_told_the_server_as_the_page_has_it(folder):
    if not shutil.which("tcsh"):
        raise tap.Lacks("tcsh")
    server = Server(folder)
    line = re.search(r"^% (setenv IPCLOCKER_HOST) farm1$", PAGE, re.M)[1]
    says(0, "it knows you by what you claim alone", "tcsh", "-f", "-c",
         f"{line} localhost; setenv IPCLOCKER_PORT {server.port}; {LOCKERSH} --ping")


CSH = f"""
setenv PATH {farm.BUILD}/bin:$PATH
%s
"""


def csh(folder, *lines, **env):
    """What a script of csh prints that has these lines of manual pages."""
    path = os.path.join(folder, "script.csh")
    with open(path, "w", encoding="ascii") as script:
        script.write(CSH % "\n".join(lines))
    result = farm.run("tcsh", "-f", path, "a  b", "$c", cwd=folder, env=farm.environment(**env))
    farm.equal((result.returncode, result.stderr), (0, ""))
    return result.stdout


def line_of(page, beginning):
    text = read("share/man/man1", page).replace("\\(aq", "'").replace("\\(dq", '"').replace("\\(ga", "`").replace("\\e", "\\")
    return re.search(rf"^(?:\.Dl )?(?:% )?({re.escape(beginning)}.*)$", text, re.M)[1]


@tap.test
def examples_for_csh_work_in_csh(folder):
    if not shutil.which("tcsh"):
        raise tap.Lacks("tcsh")
    server = Server(folder)
    env = {"IPCLOCKER_HOST": "localhost", "IPCLOCKER_PORT": server.port}
    words = line_of("lockersh.1", "lockersh --lock lic1:lic2 --exec $argv:q").replace("--exec ", "--exec printf '<%s>' ")
    farm.equal(csh(folder, words, **env), "<a  b><$c>")
    farm.equal(csh(folder, line_of("lockersh.1", "eval `"), "echo $LOCKERSH_LOCK", **env), "board1\n")
    farm.equal(csh(folder, line_of("uriexec.1", "uriexec `")), "it's  $5\n")
    alive = re.sub(r"exists [^}]*", "exists $$ ", line_of("pidstat.1", "if ( {"))
    farm.equal(csh(folder, alive), "all processes are up\n")
    dead = re.sub(r"exists [^}]*", "exists 999999999 ", alive)
    farm.equal(csh(folder, dead, "exit 0"), "")


if __name__ == "__main__":
    farm.main()
