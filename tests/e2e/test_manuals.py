#!/usr/bin/python3
"""Tables of options, --help, what programs accept, manual pages and headers, held against each
other."""

import glob
import os
import re

from support import farm, tap


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def source(*parts):
    return os.path.join(farm.SOURCE, *parts)


def pages():
    """(program, page) for each built program."""
    for name in sorted(os.listdir(os.path.join(farm.BUILD, "bin"))):
        found = glob.glob(source(f"share/man/man[18]/{name}.[18]"))
        assert len(found) == 1, f"{name} has {len(found)} manual pages"
        yield name, read(found[0])


def help_options(name):
    """{long name: (letter or None, takes an argument)} as --help lists them."""
    shown = farm.run(farm.program(name), "--help")
    farm.equal((shown.returncode, shown.stderr), (0, ""))
    found = {}
    for line in shown.stdout.splitlines():
        match = re.match(r"  (?:-(\w), |    )--([\w-]+)(?: (\S+))?(?:  |$)", line)
        if match:
            found[match[2]] = (match[1], bool(match[3]))
    assert len(found) >= 2, shown.stdout
    return found


def table_options(name):
    """The same as the program's table has them, which fish's completion shows whole."""
    shown = farm.run(farm.program(name), "--completion", "fish")
    farm.equal((shown.returncode, shown.stderr), (0, ""))
    found = {}
    for line in shown.stdout.splitlines():
        match = re.match(r"complete -c \S+ -n \S+(?: -s (\w))? -l (\S+) -d '(?:[^'\\]|\\.)*'( -[xr])?",
                         line)
        if match:
            found[match[2]] = (match[1], bool(match[3]))
    return found


def page_options(page):
    """The same as the page's lists describe them."""
    found = {}
    for line in page.splitlines():
        if not line.startswith((".It Fl ", ".It Xo Fl ")):
            continue
        letter, last = None, None
        for match in re.finditer(r"Fl (?:(?:Fl |-)([\w-]+)|(\w)\b)((?: (?!Fl)\S+)*)", line):
            if match[1]:
                argument = match[3].replace(" ,", "").strip()
                found[match[1]] = (letter, bool(argument))
                last = match[1]
            else:
                letter = match[2]
        assert last, line
    return found


@tap.test
def there_are_pages():
    assert {"lockersh", "lockerd"} <= {name for name, _ in pages()}


@tap.test
def pages_and_help_describe_the_options_of_the_table():
    for name, page in pages():
        of_table = table_options(name)
        print(f"# {name}: {len(of_table)} options")
        for of_other in (help_options(name), page_options(page)):
            for option in sorted(of_table.keys() | of_other.keys()):
                farm.equal((name, option, of_other.get(option)),
                           (name, option, of_table.get(option)))


@tap.test
def help_fits_a_terminal():
    for name, _ in pages():
        for line in farm.run(farm.program(name), "--help").stdout.splitlines():
            assert len(line) <= 80, (name, line)


@tap.test
def programs_accept_the_options_of_help():
    for name, _ in pages():
        for option, (letter, takes_argument) in help_options(name).items():
            # Used wrongly, an option says that it is known, and nothing else happens.
            word = f"--{option}" if takes_argument else f"--{option}=x"
            expected = "needs" if takes_argument else "takes no argument"
            result = farm.run(farm.program(name), word)
            farm.equal((name, option, result.returncode), (name, option, 64))
            farm.contains(result.stderr, f"option --{option} {expected}")
            if letter and takes_argument:
                result = farm.run(farm.program(name), f"-{letter}")
                farm.contains(result.stderr, f"option --{option} needs")


# What counts each time, as the pages say; --owner and --break have a message of their own.
REPEATED = {"lockersh": {"lock", "and", "count", "owner", "break"}, "lockerd": {"host", "allow", "admin", "reaper", "http", "http-name"}, "pidstatd": {"allow", "http", "http-name"},
            "locksync": {"map"}, "lockflex": {"map", "server", "file", "command", "reserved"}, "uriexec": {"hop", "uriexec-path"}}
# Values that are no number, where a number will not do.
VALUES = {"host": "localhost", "format": "sh", "durability": "power", "classic-pidstatd": "no", "user": "root", "by": "user", "scheduler": "sge", "signal": "TERM",
          "history": "5d", "since": "5d", "until": "5d", "killer": "true", "pidstat-port": "5",
          "auth": "none", "match": "user", "lmutil": "true", "max-line": "1K", "max-unread": "4K", "max-output": "1M"}


@tap.test
def an_option_that_comes_twice_counts_twice_or_is_refused():
    for name, _ in pages():
        for option, (letter, takes_argument) in table_options(name).items():
            if not takes_argument or option in REPEATED.get(name, ()) or option == "completion":
                continue
            first = [f"--{option}", VALUES.get(option, "5")]
            for second in (first, [f"-{letter}5"] if letter else first):
                result = farm.run(farm.program(name), *first, *second)
                farm.equal((name, option, result.returncode), (name, option, 64))
                farm.equal(result.stderr, f"{name}: option --{option} was given twice; see "
                                          "--help\n")


@tap.test
def options_that_repeat_say_what_each_is_for(folder):
    line = farm.run(farm.program("uriexec"), "--hop", "env A=1", "--hop", "env B=2", "--print",
                    "true")
    assert "A=1" in line.stdout and "B" in line.stdout, line
    for words, message in (
            (["uriexec", "--uriexec-path", "/a", "--uriexec-path", "/b"], "for the same hop"),
            (["uriexec", "--hop", "env", "--uriexec-path", "/a", "--uriexec-path", "/b"],
             "for the same hop"),
            (["lockersh", "--lock", "a", "--count", "1", "--count", "1", "true"], "given twice"),
            (["lockersh", "--break", "a", "--break", "b"], "given twice"),
            (["locksync", "--map", "l=a", "--map", "l=b"], "mapped already"),
            (["lockflex", "--map", "l=a", "--map", "l=b"], "mapped already")):
        if os.path.exists(farm.program(words[0])):
            result = farm.run(farm.program(words[0]), *words[1:], cwd=folder)
            farm.equal((words, result.returncode), (words, 64))
            farm.contains(result.stderr, message)


@tap.test
def pages_have_the_sections_that_readers_look_for():
    wanted = {"NAME", "SYNOPSIS", "DESCRIPTION", "EXIT STATUS", "EXAMPLES", "SEE ALSO"}
    for name, page in pages():
        sections = set(re.findall(r"^\.Sh (.*)$", page, re.M))
        assert wanted <= sections, (name, wanted - sections)


@tap.test
def functions_of_the_libraries_have_pages():
    exported = set()
    for path in glob.glob(source("lib/*.map")):
        exported |= set(re.findall(r"^ +([a-z_]+);$", read(path), re.M))
    assert len(exported) > 90, exported
    named, shown = set(), set()
    for path in glob.glob(source("share/man/man3/*")):
        named |= {name for name in re.findall(r"^\.Nm ([a-z]+_\w+)", read(path), re.M)}
        shown |= set(re.findall(r"^\.F[no] \"?(\w+)", read(path), re.M))
    farm.equal((exported - shown, named - exported), (set(), set()))


@tap.test
def programs_of_the_classic_package_say_how_they_differ():
    for path in ("man1/lockersh.1", "man1/pidstat.1", "man1/pidwatch.1", "man1/uriexec.1",
                 "man8/lockerd.8", "man8/pidstatd.8"):
        farm.contains(read(source("share/man", path)), "\n.Sh COMPATIBILITY\n")


if __name__ == "__main__":
    farm.main()
