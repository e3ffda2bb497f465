#!/usr/bin/python3
"""Holds the code against lib/ROOMS: who includes whom, and who calls whom.

  rooms.py                 every #include goes through a door of a room that the line names
  rooms.py --objects DIR   and no files call each other in a circle, by nm on the objects below DIR
  rooms.py --table         prints the table that ARCHITECTURE.md has, from the includes as they are
  rooms.py --check FILE    says whether the table in FILE is that one

It reads sources as text and changes nothing.  Prints a line a fault and exits with 1 if there is any.
"""

import argparse
import collections
import functools
import os
import re
import subprocess
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s+(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)
# Headers of libraries from outside that a room must name, as they are found in #include <...>.
LIBRARY = re.compile(r"^(sqlite3|event2|json-c|slurm|munge|openssl|nghttp2|protobuf-c|libconfig)(?=[/.])")
BEGIN, END = "<!-- rooms: begin -->", "<!-- rooms: end -->"


class Room:
    def __init__(self, path, doors, stands_on, libraries, charter):
        self.path, self.charter = path, charter
        self.doors = None if doors == ["*"] else doors
        self.stands_on, self.libraries = stands_on, libraries

    def has_door(self, header):
        return self.doors is None or header in self.doors


def read_rooms(root):
    """The rooms by path, and what is wrong with the list itself."""
    rooms, faults = {}, []
    for line in text_of(root, "lib/ROOMS").splitlines():
        if line.startswith("#") or not line.strip():
            continue
        path, *lists, charter = (part.strip() for part in line.split("|"))
        doors, names, libraries = ([] if part == "-" else part.split() for part in lists)
        stands_on = [name if name in rooms else "lib/" + name for name in names]
        faults += [f"lib/ROOMS: {path} stands on {name}, which is not above it"
                   for name, full in zip(names, stands_on) if full not in rooms]
        rooms[path] = Room(path, doors, stands_on, libraries, charter)
    return rooms, faults


@functools.cache
def sources(root):
    """Every C file that is the product's, as paths below root."""
    found = []
    for top in ("lib", "daemons", "wrappers", "spank-plugin"):
        for folder, _, names in sorted(os.walk(os.path.join(root, top))):
            found += [os.path.relpath(os.path.join(folder, name), root)
                      for name in sorted(names) if name.endswith((".c", ".h"))]
    return found


@functools.cache
def text_of(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as file:
        return file.read()


@functools.cache
def names_in(root, path):
    """Every identifier of a header; none of one that is not there."""
    if not os.path.exists(os.path.join(root, path)):
        return frozenset()
    return frozenset(re.findall(r"\w+", text_of(root, path)))


@functools.cache
def public_names(root):
    """Every identifier of the installed headers: what they declare may be called from every room."""
    return frozenset().union(*(names_in(root, path) for path in sources(root)
                               if os.path.dirname(path) == "lib"))


def find_header(root, path, name):
    """Which file #include "name" means in the file at path: its own folder's before the others.

    What protoc-c makes of a .proto stands for that: it is in the same room."""
    for base in (os.path.dirname(path), "lib", "wrappers", "."):
        candidate = os.path.normpath(os.path.join(base, name))
        source = re.sub(r"[.]pb-c[.]h$", ".proto", candidate)
        if os.path.exists(os.path.join(root, source)):
            return candidate
    return None


class Includes:
    """All #include lines: the faults in them, and which rooms and libraries each room uses."""

    def __init__(self, root, rooms):
        self.root, self.rooms, self.faults = root, rooms, []
        self.used = collections.defaultdict(set)
        self.used_libraries = collections.defaultdict(set)
        for path in sources(root):
            room = rooms.get(os.path.dirname(path))
            if room is None:
                self.faults.append(f"{path}: its folder is no room of lib/ROOMS")
                continue
            for quoted, angled in INCLUDE.findall(text_of(root, path)):
                if quoted:
                    self._look_at_header(path, room, quoted)
                else:
                    self._look_at_library(path, room, angled)
        self._look_for_names_without_use()

    def _look_at_header(self, path, room, name):
        header = find_header(self.root, path, name)
        target = self.rooms.get(os.path.dirname(header)) if header else None
        if target is None:
            self.faults.append(f'{path}: "{name}" is in no room')
        elif target is not room:
            self.used[room.path].add(target.path)
            if room.path.startswith("lib") and not target.path.startswith("lib"):
                self.faults.append(f"{path}: the library includes {header} of a program")
            elif target.path not in room.stands_on:
                self.faults.append(f"{path}: {room.path} may not include {header}: "
                                   f"it does not stand on {target.path}")
            elif not target.has_door(os.path.basename(header)):
                self.faults.append(f"{path}: {header} is private to {target.path}")

    def _look_at_library(self, path, room, name):
        match = LIBRARY.match(name)
        if match:
            self.used_libraries[room.path].add(match[1])
            if match[1] not in room.libraries:
                self.faults.append(f"{path}: {room.path} may not use {match[1]} (<{name}>)")

    def _look_for_names_without_use(self):
        for room in self.rooms.values():
            for name in room.stands_on:
                if name not in self.used[room.path]:
                    self.faults.append(f"lib/ROOMS: {room.path} includes nothing of {name}: "
                                       "do not name it")
            for name in room.libraries:
                if name not in self.used_libraries[room.path]:
                    self.faults.append(f"lib/ROOMS: {room.path} does not use {name}: do not name it")


def short(path):
    return path.removeprefix("lib/")


def table(rooms, includes):
    """The rooms as they are, in Markdown."""
    rows = ["| room | charter | doors | stands on |", "|---|---|---|---|"]
    for room in rooms.values():
        doors = "all" if room.doors is None else " ".join(room.doors) or "-"
        uses = [short(name) for name in rooms if name in includes.used[room.path]]
        uses += sorted(includes.used_libraries[room.path])
        rows.append(f"| {room.path} | {room.charter} | {doors} | {' '.join(uses) or '-'} |")
    return "\n".join(rows) + "\n"


def read_calls(root, objects):
    """Which file refers to a name of which: {path: {path: a name}}."""
    paths = {os.path.join(objects, path[:-2] + ".o"): path
             for path in sources(root) if path.endswith(".c")}
    built = [target for target in paths if os.path.exists(target)]
    if not built:
        return {}
    listing = subprocess.run(["nm", "-A", "-P", "-g", *built], capture_output=True, text=True,
                             check=True).stdout
    defined, undefined = collections.defaultdict(list), []
    for line in listing.splitlines():
        target, name, kind = line.split()[:3]
        path = paths[target.rstrip(":")]
        if kind == "U":
            undefined.append((path, name))
        elif name != "main":
            defined[name].append(path)
    calls = collections.defaultdict(dict)
    for path, name in undefined:
        for other in defined.get(name, ()):
            if can_be_linked(path, other):
                calls[path].setdefault(other, set()).add(name)
    return calls


def can_be_linked(path, other):
    """Whether two files can be in one program: each program has its own names."""
    shared = ("lib/", "wrappers/scheduler/", "wrappers/slurm/", "wrappers/gridengine/")
    return (os.path.dirname(path) == os.path.dirname(other) or path.startswith(shared) or
            other.startswith(shared))


def find_circles(calls):
    """Sets of files that call each other: Tarjan's strongly connected components, of two and more."""
    index, low, stack, circles = {}, {}, [], []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in sorted(calls.get(node, ())):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            circle = stack[stack.index(node):]
            del stack[stack.index(node):]
            if len(circle) > 1:
                circles.append(sorted(circle))

    for node in sorted(calls):
        if node not in index:
            visit(node)
    return circles


def check_calls(root, rooms, objects):
    calls = read_calls(root, objects)
    if not calls:
        return [f"{objects}: no objects there; build first"]
    faults = [f"a circle of {len(circle)} files that call each other: {' '.join(circle)}"
              for circle in find_circles(calls)]
    for path, others in sorted(calls.items()):
        for other, names in sorted(others.items()):
            faults += check_call(root, rooms, path, other, names - public_names(root))
    return faults


def check_call(root, rooms, path, other, names):
    """What is wrong with one file's use of these names of another."""
    if not names:
        return []
    room, home = rooms[os.path.dirname(path)], rooms[os.path.dirname(other)]
    if home is not room and home.path not in room.stands_on:
        return [f"{path}: uses {min(names)} of {other}, but {room.path} does not stand on {home.path}"]
    header = other[:-2] + ".h"
    doors = [os.path.join(home.path, door) for door in home.doors or ()]
    declared = frozenset().union(*(names_in(root, name) for name in [header, *doors]))
    return [f"{path}: {name} of {other} is declared neither in {os.path.basename(header)} nor in a door"
            for name in sorted(names - declared)[:1]]


def check_table(path, expected):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    _, begin, rest = text.partition(BEGIN + "\n")
    found, end, _ = rest.partition(END)
    if not begin or not end:
        return [f"{path}: has no lines {BEGIN} and {END} with the table between them"]
    if found != expected:
        return [f"{path}: its table of rooms is not what tests/lint/rooms.py --table prints"]
    return []


def main():
    parser = argparse.ArgumentParser(description="Holds the code against lib/ROOMS.")
    parser.add_argument("--root", default=".", help="the checkout")
    parser.add_argument("--objects", metavar="DIR", help="look at the calls of the objects below DIR")
    parser.add_argument("--table", action="store_true", help="print the table of rooms")
    parser.add_argument("--check", metavar="FILE", help="compare the table in FILE")
    options = parser.parse_args()
    rooms, faults = read_rooms(options.root)
    includes = Includes(options.root, rooms) if not faults else None
    if options.table and includes:
        sys.stdout.write(table(rooms, includes))
        return 0
    if includes:
        faults += includes.faults
        if options.objects:
            faults += check_calls(options.root, rooms, options.objects)
        if options.check:
            faults += check_table(options.check, table(rooms, includes))
    for fault in faults:
        print(f"rooms: {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
