#!/usr/bin/env python3
"""make install and make uninstall, into a folder of the test's own."""

import os

from support import farm, tap


def make(folder, *words):
    variant = os.path.basename(os.path.normpath(farm.BUILD))
    result = farm.run("make", "-s", "-C", farm.SOURCE, "-o", "all", *words, f"DESTDIR={folder}",
                      "PREFIX=/usr", f"VARIANT={'' if variant == 'build' else variant}",
                      env=farm.environment(MAKEFLAGS=None, MAKELEVEL=None, MFLAGS=None))
    farm.equal((result.returncode, result.stderr), (0, ""))


def files(folder):
    return {os.path.relpath(os.path.join(path, name), folder)
            for path, _, names in os.walk(folder) for name in names}


@tap.test
def every_program_comes_with_its_page_and_completions(folder):
    make(folder, "install")
    found = files(folder)
    programs = {path for path in found if os.path.dirname(path) in ("usr/bin", "usr/sbin")}
    farm.equal({os.path.basename(path) for path in programs}, set(os.listdir(f"{farm.BUILD}/bin")))
    for path in programs:
        name, section = os.path.basename(path), "1" if path.startswith("usr/bin") else "8"
        for wanted in (f"man/man{section}/{name}.{section}", f"bash-completion/completions/{name}",
                       f"zsh/site-functions/_{name}", f"fish/vendor_completions.d/{name}.fish"):
            assert f"usr/share/{wanted}" in found, wanted
    for path in ("usr/include/ipclocker_server.h", "usr/share/farmlock/farmlock.tcsh",
                 "usr/share/doc/farmlock/examples/demo.sh"):
        assert path in found, path


@tap.test
def uninstall_removes_what_was_installed_and_nothing_else(folder):
    make(folder, "install")
    others = os.path.join(folder, "usr/share/farmlock/a-file-of-somebody-else")
    with open(others, "w", encoding="ascii"):
        pass
    # Also by a build that would leave some of it out.
    make(folder, "uninstall", "WITH_SLURM=0", "WITH_COMPLETIONS=0")
    farm.equal(files(folder), {os.path.relpath(others, folder)})
    assert not os.path.exists(os.path.join(folder, "usr/share/doc/farmlock"))
    assert not os.path.exists(os.path.join(folder, "usr/lib/slurm"))


if __name__ == "__main__":
    farm.main()
