#!/usr/bin/env python3
"""Lines of uriexec before every shell: the characters in them, and random arguments through levels
of shells."""

import os
import random
import string
import subprocess
import time

from support import farm, hosts, tap

SLOW = bool(os.environ.get("FARMLOCK_SLOW"))
SAFE = set((string.ascii_letters + string.digits + "_./-,+%").encode())
LEVELS = 5
PERL = r"""
use URI::Escape;
# Each line: levels, the shell, uriexec, then the arguments, all in hex.
while (<STDIN>) {
    my ($levels, $shell, $uriexec, @words) = map { pack "H*", $_ } split /,/, $_ =~ s/\n//r, -1;
    my $line;
    for my $level (1 .. $levels) {
        my $command = join " ", map { "'" . s/'/'\\''/gr . "'" } @words;
        $command = "exec $command" unless $words[0] =~ /^-/; # which dash's exec would not take
        $line = uri_escape($command, "^A-Za-z0-9_./,-");
        @words = ($shell, "-c", "$uriexec $line");
    }
    print "$line\n";
}
"""


def environment(folder):
    """No start-up files, no history; a UTF-8 locale, as that is where bytes go wrong."""
    return {"PATH": folder + ":/usr/bin:/bin", "HOME": hosts.home_in(folder), "TERM": "dumb",
            "LC_ALL": "C.UTF-8"}


def run_bytes(words, folder, **options):
    return subprocess.run(words, capture_output=True, env=environment(folder), check=False,
                          timeout=farm.PATIENCE_S * 2, cwd=folder, **options)


def encode(*words):
    line = subprocess.run([farm.program("uriexec"), "--encode", "--", *words],
                          capture_output=True, check=True).stdout
    assert line.endswith(b"\n") and line.count(b"\n") == 1, line
    return line[:-1]


def script(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as out:
        out.write("#!/bin/sh\n" + text)
    os.chmod(path, 0o755)
    return path


@tap.test
def lines_hold_only_characters_of_the_safe_set():
    for byte in range(1, 256):
        one = bytes([byte])
        for word in (one, one + b"x", b"x" + one + b"x", b"x" + one):
            line = encode(word, word)
            assert set(line) <= SAFE, line
            assert line[:1] != b"-", line
            shell_words = subprocess.run([farm.program("uriexec"), "--encode", "--shell-words",
                                          "--", word], capture_output=True, check=True).stdout
            assert set(shell_words[:-1]) <= SAFE and shell_words[:1] != b"-", shell_words


def awkward_places(char):
    """Words in which a character would be most likely to mean something."""
    return [char, char * 2, char + "x", "x" + char, "x" + char + "x", "1" + char, char + "1",
            "1" + char + "1", char + "27", char + "-x", char + "/x", "x/" + char, "-" + char,
            "--x" + char + "y", char + "x" + char] + [char + other for other in "_./-,+%"]


@tap.test
def no_shell_sees_anything_in_a_safe_character(folder):
    """As arguments, in scripts and at a prompt, where history is; nothing may change."""
    script(folder, "show-words", "for word; do printf '<%s>' \"$word\"; done\n")
    words = [word for char in sorted(map(chr, SAFE)) for word in awkward_places(char)]
    expected = "".join(f"<{word}>" for word in words).encode()
    line = ("show-words " + " ".join(words)).encode()
    for name, shell in hosts.shells().items():
        found = run_bytes([shell, "-c", line], folder, stdin=subprocess.DEVNULL)
        farm.equal((name, found.stdout), (name, expected))
        found = run_bytes([shell, "-i"], folder, input=b"echo first\n" + line + b"\nexit\n")
        assert expected in found.stdout, (name, found.stdout, found.stderr)


@tap.test
def no_shell_sees_anything_in_a_safe_character_of_a_command(folder):
    """Inside the name of a command: each shell has to run just that program."""
    for char in "_.-,+%":
        name = f"x{char}x{char}1{char}"
        script(folder, name, "printf ran\n")
        for shell, path in hosts.shells().items():
            farm.equal((shell, run_bytes([path, "-c", name], folder).stdout), (shell, b"ran"))


@tap.test
def safe_lines_are_safe_in_variables_and_substitutions(folder):
    script(folder, "show-words", "for word; do printf '<%s>' \"$word\"; done\n")
    line = encode(b"a ~=", b"", b"%x", b"-{a,b}*?[!x]", b"\n$(x)`y`#^:@")
    with open(os.path.join(folder, "line"), "wb") as out:
        out.write(line + b"\n")
    forms = {"csh": "set x = `cat line`; show-words $x", "fish": "set x (cat line); show-words $x",
             "sh": "x=`cat line`; show-words $x"}
    forms["tcsh"] = forms["csh"]
    for name, shell in hosts.shells().items():
        found = run_bytes([shell, "-c", forms.get(name, forms["sh"])], folder)
        farm.equal((name, found.stdout), (name, b"<" + line + b">"))


def random_words():
    """Arguments over all bytes but NUL, with those that shells know more often than others."""
    special = list(b" \t\n'\"\\$`!^~*?[]{}()<>|&;#%+=@:-")
    words = [random.choice([b"printf", b"-x"]), b"%s\\0"]
    for _ in range(random.randrange(1, 7)):
        length = random.choice([0, 1, 2, 8, 40])
        words.append(bytes(random.choice(special) if random.random() < 0.5
                           else random.randrange(1, 256) for _ in range(length)))
    return words


def add_dashed(folder):
    """A program whose name begins with a dash, in the PATH."""
    script(folder, "-x", 'exec printf "$@"\n')


def encode_levels(words, levels, shell, uriexec):
    line = encode(*words)
    for _ in range(levels - 1):
        line = encode(shell.encode(), b"-c", uriexec.encode() + b" " + line)
    return line


def encode_in_perl(folder, cases, shell, uriexec):
    """All cases in one run of perl."""
    lines = [",".join(word.hex() for word in [str(levels).encode(), shell.encode(),
                                              uriexec.encode(), *words])
             for levels, words in cases]
    found = run_bytes([hosts.tool("perl"), "-e", PERL], folder,
                      input="".join(line + "\n" for line in lines).encode())
    farm.equal(found.stderr, b"")
    return found.stdout.splitlines()


def check_line(folder, name, shell, uriexec, line, words):
    """Runs a line as a login shell does, which is what the dash in its name makes it.  Such a shell
    may set a PATH of its own, without the program that is ours."""
    called = name if words[0] == b"-x" else "-" + name
    found = run_bytes([called, "-c", uriexec.encode() + b" " + line], folder,
                      executable=shell, stdin=subprocess.DEVNULL)
    expected = b"".join(word + b"\0" for word in words[2:])
    assert found.stdout == expected, (name, words, line, found)


def check_shell(folder, name):
    shell = hosts.shells()[name]
    uriexec = hosts.uriexec_in(folder)
    add_dashed(folder)
    cases = [(levels, random_words()) for levels in range(1, LEVELS + 1)
             for _ in range(40 if SLOW else 3)]
    for levels, words in cases:
        check_line(folder, name, shell, uriexec, encode_levels(words, levels, shell, uriexec),
                   words)
    lines = encode_in_perl(folder, cases, shell, uriexec)
    farm.equal(len(lines), len(cases))
    for (_, words), line in zip(cases, lines):
        check_line(folder, name, shell, uriexec, line, words)


def make_shell_test(name):
    def check(folder):
        check_shell(folder, name)
    check.__name__ = f"random_arguments_survive_five_levels_of_{name}"
    tap.test(check)


for _name in ("sh", "bash", "dash", "ksh", "mksh", "zsh", "csh", "tcsh", "fish"):
    make_shell_test(_name)


@tap.test
def random_arguments_survive_hops_through_mixed_shells(folder):
    """The same through --hop, whose lines come in several words."""
    shells = hosts.shells()
    add_dashed(folder)
    for _ in range(100 if SLOW else 12):
        words = random_words()
        route = random.choices(list(shells), k=random.randrange(1, LEVELS + 1))
        launchers = [word for name in route for word in ("--hop", shells[name] + " -c '{}'")]
        found = run_bytes([farm.program("uriexec"), "--uriexec-path", hosts.uriexec_in(folder),
                           *launchers, "--", *words], folder)
        farm.equal((route, words, found.stdout),
                   (route, words, b"".join(word + b"\0" for word in words[2:])))


@tap.test
def lines_of_perls_default_escapes_are_decoded(folder):
    text = bytes(range(1, 256))
    command = b"printf %s '" + text.replace(b"'", b"'\\''") + b"'"
    line = run_bytes([hosts.tool("perl"), "-MURI::Escape", "-e", "print uri_escape($ARGV[0])",
                      command], folder).stdout
    farm.equal(run_bytes([farm.program("uriexec"), line], folder).stdout, text)


if __name__ == "__main__":
    seed = time.time_ns()
    random.seed(seed)
    print(f"# seed {seed}")
    farm.main()
