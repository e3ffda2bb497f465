"""Breaks a room's sources in one place after the other, in a copy, and sees its unit tests fail.

A mutant is one edit: what is broken by it, the file, a text that is there once, and what stands in its
place.  The tests are built with it and run until one fails.  A mutant that lives is a rule that no
test holds.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Room:
    """What is broken, and by what that is to be found."""

    def __init__(self, folder, tests_folder, mutants, tests, parts=(), sources=None, libraries=(), prepare=None):
        self.folder, self.tests_folder, self.mutants = folder, tests_folder, mutants
        self.tests = tests          # tried one after the other until one fails: program, its environment
        self.parts = parts          # folders that are needed, too
        self.sources = sources      # whether a source of these is: a function of its path; None: all
        self.libraries = libraries  # options for the linker
        self.prepare = prepare      # called with the copy's folder: makes what is generated in it


    def lost(self):
        """Mutants whose text is not there once any more."""
        return [(name, text) for _, name, text, _ in self.mutants
                if (ROOT / self.folder / name).read_text().count(text) != 1]


class Tree:
    """A copy of what the tests are built from; all but what a mutant changes is compiled once."""

    def __init__(self, room, folder):
        self.room, self.folder = room, folder
        for part in (room.folder, room.tests_folder, *room.parts):
            shutil.copytree(ROOT / part, folder / part)
        if room.prepare:
            room.prepare(folder)
        self.tests = {f"{room.tests_folder}/{name}.c" for name, _ in room.tests}
        self.objects = {}
        for path in sorted(folder.rglob("*.c")):
            name = str(path.relative_to(folder))
            is_wanted = name in self.tests if path.name.startswith("test_") else room.sources is None or room.sources(name)
            if is_wanted and not self.compile(name):
                raise SystemExit(f"mutants.py: {name} does not compile")

    def compile(self, name):
        """Compiles a source; False where it does not compile."""
        self.objects[name] = str(self.folder / name.replace("/", "_").replace(".c", ".o"))
        return self.run("-O1", "-w", "-c", "-o", self.objects[name], str(self.folder / name)) == 0

    def run(self, *words):
        """Runs the compiler."""
        command = os.environ.get("CC", "cc").split() + ["-std=gnu11", "-D_GNU_SOURCE"]
        folders = ("lib", ".", "generated", self.room.tests_folder)
        return subprocess.run(command + [f"-I{self.folder}/{name}" for name in folders] + list(words),
                              check=False).returncode

    def link(self, test):
        """Returns the program of a test."""
        program = str(self.folder / test)
        others = self.tests - {f"{self.room.tests_folder}/{test}.c"}
        objects = [path for name, path in self.objects.items() if name not in others]
        if self.run("-o", program, *objects, "-lcmocka", *self.room.libraries) != 0:
            raise SystemExit(f"mutants.py: {test} cannot be linked")
        return program

    def caught_by(self):
        """Which test fails, and how often it was tried; what hangs is caught too.  None for no test."""
        for test, environment in self.room.tests:
            program = self.link(test)
            try:
                result = subprocess.run([program], env=dict(os.environ, **environment), stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, timeout=300, check=False)
            except subprocess.TimeoutExpired:
                return f"{test}, which hangs"
            if result.returncode != 0:
                return " ".join([test] + [f"{name}={value}" for name, value in environment.items()])
        return None

    def try_mutant(self, mutant):
        """Returns what catches the mutant, or None; the tree is as it was then."""
        _, name, text, replacement = mutant
        path = self.folder / self.room.folder / name
        original = path.read_text()
        path.write_text(original.replace(text, replacement))
        try:
            if not self.compile(f"{self.room.folder}/{name}"):
                raise SystemExit(f"mutants.py: {name} does not compile with: {replacement}")
            return self.caught_by()
        finally:
            path.write_text(original)
            self.compile(f"{self.room.folder}/{name}")


def main(room):
    """Tries all mutants, or those whose numbers are given; TAP."""
    if room.lost():
        raise SystemExit(f"mutants.py: not there once: {room.lost()}")
    chosen = [int(number) for number in sys.argv[1:]] or range(1, len(room.mutants) + 1)
    caught = 0
    print(f"1..{len(chosen)}", flush=True)
    with tempfile.TemporaryDirectory() as name:
        tree = Tree(room, pathlib.Path(name))
        if (test := tree.caught_by()) is not None:
            raise SystemExit(f"mutants.py: {test} fails without any mutant")
        for count, number in enumerate(chosen, 1):
            test = tree.try_mutant(room.mutants[number - 1])
            caught += test is not None
            print(f"{'ok' if test else 'not ok'} {count} - {room.mutants[number - 1][0]} # {test or 'lives'}", flush=True)
    print(f"# caught {caught} of {len(chosen)}")
    return 0 if caught == len(chosen) else 1
