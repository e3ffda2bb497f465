#!/usr/bin/env python3
"""tests/lint/rooms.py finds each kind of fault, planted in a small tree of its own."""

import os
import subprocess
import sys

from support import farm, tap

ROOMS = os.path.join(farm.SOURCE, "tests/lint/rooms.py")
GOOD = {
    "lib/ROOMS": """\
lib          | *      | -        | -       | installed headers
lib/base     | *      | -        | -       | small things
lib/store    | door.h | base     | sqlite3 | what is kept
wrappers/cmd | -      | store    | -       | a program
""",
    "lib/api.h": "int api(void);\n",
    "lib/base/text.h": "int text_clean(void);\n",
    "lib/base/text.c": '#include "text.h"\nint text_clean(void) { return 1; }\n',
    "lib/store/door.h": "int store_open(void);\n",
    "lib/store/door.c": '#include "base/text.h"\n#include "door.h"\n#include "inner.h"\n'
                        "int store_open(void) { return store_inner() + text_clean(); }\n",
    "lib/store/inner.h": "int store_inner(void);\n",
    "lib/store/inner.c": '#include <sqlite3.h>\n#include "inner.h"\n'
                         "int store_inner(void) { return 2; }\n",
    "wrappers/cmd/cmd.c": '#include "store/door.h"\nint main(void) { return store_open(); }\n',
}
# Compiled against this, so that a machine without it can run the test.
OUTSIDE = {"outside/sqlite3.h": "\n"}


def plant(folder, **changes):
    """Writes and compiles the tree with some files changed ("lib__base__text_c"); what is said."""
    files = GOOD | OUTSIDE
    for name, text in changes.items():
        path = "/".join(name.split("__"))
        path = path[:-2] + "." + path[-1] if path[-2:] in ("_c", "_h") else path
        files[path] = text
    for path, text in files.items():
        os.makedirs(os.path.join(folder, os.path.dirname(path)), exist_ok=True)
        with open(os.path.join(folder, path), "w", encoding="utf-8") as file:
            file.write(text)
    for path in files:
        if path.endswith(".c"):
            target = os.path.join(folder, "obj", path[:-2] + ".o")
            os.makedirs(os.path.dirname(target), exist_ok=True)
            # Gcc 14 refuses by itself what rooms.py is to find.
            subprocess.run(["cc", "-w", "-Wno-error=implicit-function-declaration", "-c", "-iquote", "lib",
                            "-iquote", "wrappers", "-iquote", ".", "-isystem", "outside", "-o", target, path], cwd=folder, check=True)
    return examine(folder)


def examine(folder, *words):
    result = farm.run(sys.executable, ROOMS, "--root", folder, "--objects", f"{folder}/obj", *words)
    farm.equal(result.returncode, 1 if result.stdout else 0)
    return result.stdout


@tap.test
def a_tree_without_faults_passes(folder):
    farm.equal(plant(folder), "")


@tap.test
def a_header_of_a_room_that_is_not_named(folder):
    farm.contains(plant(folder, lib__base__text_c='#include "store/door.h"\n'),
                  "lib/base/text.c: lib/base may not include lib/store/door.h")


@tap.test
def a_private_header_from_outside(folder):
    farm.contains(plant(folder, wrappers__cmd__cmd_c='#include "store/inner.h"\n#include "store/door.h"\n'),
                  "wrappers/cmd/cmd.c: lib/store/inner.h is private to lib/store")


@tap.test
def what_protoc_c_makes_is_of_the_room_of_its_source(folder):
    include = '#include "store/wire.pb-c.h"\n'
    files = {"outside/store/wire.pb-c.h": "", "lib/store/wire.proto": ""}
    farm.equal(plant(folder, **files, lib__store__inner_c=include + GOOD["lib/store/inner.c"]), "")
    farm.contains(plant(folder, wrappers__cmd__cmd_c=include + GOOD["wrappers/cmd/cmd.c"]),
                  "wrappers/cmd/cmd.c: lib/store/wire.pb-c.h is private to lib/store")


@tap.test
def the_library_using_a_program(folder):
    farm.contains(plant(folder, wrappers__cmd__cmd_h="\n", lib__base__text_c='#include "cmd/cmd.h"\n'),
                  "lib/base/text.c: the library includes wrappers/cmd/cmd.h of a program")


@tap.test
def a_library_of_others_in_the_wrong_room(folder):
    farm.contains(plant(folder, lib__base__text_c='#include <sqlite3.h>\n'),
                  "lib/base/text.c: lib/base may not use sqlite3")


@tap.test
def files_that_call_each_other_in_a_circle(folder):
    said = plant(folder, lib__store__inner_c="#include <sqlite3.h>\nint store_open(void);\n"
                                             "int store_inner(void) { return store_open(); }\n")
    farm.equal(said, "rooms: a circle of 2 files that call each other: "
                     "lib/store/door.c lib/store/inner.c\n")


@tap.test
def a_call_between_rooms_without_an_include(folder):
    farm.contains(plant(folder, lib__base__text_c="int store_inner(void);\n"
                                                  "int text_clean(void) { return store_inner(); }\n"),
                  "lib/base/text.c: uses store_inner of lib/store/inner.c, "
                  "but lib/base does not stand on lib/store")


@tap.test
def a_function_that_no_header_of_its_file_declares(folder):
    farm.contains(plant(folder, lib__store__inner_h="\n"),
                  "lib/store/door.c: store_inner of lib/store/inner.c is declared neither in inner.h")


@tap.test
def a_folder_that_is_no_room(folder):
    farm.contains(plant(folder, lib__attic__old_c="\n"),
                  "lib/attic/old.c: its folder is no room of lib/ROOMS")


@tap.test
def a_rule_that_names_a_room_above(folder):
    farm.contains(plant(folder, lib__ROOMS="lib/base | * | store | - | x\nlib/store | - | - | - | x\n"),
                  "lib/ROOMS: lib/base stands on store, which is not above it")


@tap.test
def a_rule_that_allows_what_nobody_does(folder):
    farm.contains(plant(folder, lib__store__door_c='#include "door.h"\n'),
                  "lib/ROOMS: lib/store includes nothing of lib/base: do not name it")


@tap.test
def a_stale_table(folder):
    plant(folder)
    page = os.path.join(folder, "TOUR.md")
    table = farm.run(sys.executable, ROOMS, "--root", folder, "--table").stdout
    farm.contains(table, "| lib/store | what is kept | door.h | base sqlite3 |\n")

    def write(text):
        with open(page, "w", encoding="utf-8") as file:
            file.write(f"# A tour\n\n<!-- rooms: begin -->\n{text}<!-- rooms: end -->\n")

    write(table)
    farm.equal(examine(folder, "--check", page), "")
    write(table.replace("what is kept", "what was kept"))
    farm.contains(examine(folder, "--check", page), "its table of rooms is not what")


@tap.test
def objects_that_were_not_built(folder):
    plant(folder)
    result = farm.run(sys.executable, ROOMS, "--root", folder, "--objects", f"{folder}/nowhere")
    farm.contains(result.stdout, "no objects there; build first")
    farm.equal(result.returncode, 1)


if __name__ == "__main__":
    farm.main()
