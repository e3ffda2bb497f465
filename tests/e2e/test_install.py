#!/usr/bin/env python3
"""make install and make uninstall, into a folder of the test's own."""

import os
import re
import shutil
import sys

from support import farm, tap


def make(folder, *words, prefix="/usr", **options):
    variant = os.path.basename(os.path.normpath(farm.BUILD))
    result = farm.run("make", "-s", "-C", farm.SOURCE, "-o", "all", *words, f"DESTDIR={folder}",
                      f"PREFIX={prefix}", f"VARIANT={'' if variant == 'build' else variant}", **options)
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
                 "usr/share/farmlock/sysctl.d/60-farmlock.conf", "usr/share/man/mann/farmlock.n",
                 "usr/share/doc/farmlock/examples/demo.sh"):
        assert path in found, path
    for path in found:
        if path.startswith("usr/share/man/man5/"):
            with open(os.path.join(folder, path), encoding="utf-8") as file:
                farm.contains(file.read(), ".Sh NAME")


@tap.test
def all_may_read_it_whatever_the_umask(folder):
    """So may those who are not in the group of who installs it."""
    make(folder, "install", umask=0o077)
    for path in sorted(files(folder)):
        mode = os.stat(os.path.join(folder, path)).st_mode & 0o777
        farm.equal((path, mode), (path, 0o755 if mode & 0o100 else 0o644))
        place = os.path.dirname(path)
        farm.equal((place, os.stat(os.path.join(folder, place)).st_mode & 0o777), (place, 0o755))


@tap.test
def pidstat_may_have_another_name(folder):
    """Where its own is sysstat's; its page, its completions and what refers to it have that name, too."""
    words = ("PIDSTAT_NAME=farmlock-pidstat", "SPANKDIR=/usr/lib/slurm-wlm")
    sysstat = {f"usr/{path}" for path in ("bin/pidstat", "share/man/man1/pidstat.1",
                                          "share/bash-completion/completions/pidstat")}
    for path in sysstat:
        os.makedirs(os.path.join(folder, os.path.dirname(path)), exist_ok=True)
        with open(os.path.join(folder, path), "w", encoding="ascii") as file:
            file.write("sysstat's")
    make(folder, "install", *words)
    for path in sysstat:
        with open(os.path.join(folder, path), encoding="ascii") as file:
            farm.equal(file.read(), "sysstat's")
    shown = farm.run(f"{folder}/usr/lib/farmlock/bin/pidstat", "--version")
    farm.equal((shown.returncode, shown.stdout[:8]), (0, "pidstat "))
    for path, line in (("man/man1/farmlock-pidstat.1", ".Nm farmlock-pidstat\n"),
                       ("man/man1/farmlock-pidstat.1", ".Dt FARMLOCK-PIDSTAT 1\n"),
                       ("man/man8/pidstatd.8", ".Xr farmlock-pidstat 1 ,\n"),
                       ("bash-completion/completions/farmlock-pidstat", "complete -F _pidstat farmlock-pidstat\n"),
                       ("zsh/site-functions/_farmlock-pidstat", "#compdef farmlock-pidstat\n"),
                       ("fish/vendor_completions.d/farmlock-pidstat.fish", "complete -c farmlock-pidstat -f\n"),
                       ("farmlock/farmlock.tcsh", "complete farmlock-pidstat ")):
        with open(f"{folder}/usr/share/{path}", encoding="utf-8") as file:
            farm.contains(file.read(), line)
    for path in files(folder):
        if re.search(r"/man/man[1578]/", f"/{path}") and path not in sysstat:
            with open(os.path.join(folder, path), encoding="utf-8") as file:
                farm.equal((path, re.findall(r"(?<![\w-])(?:Xr pidstat 1|pidstat (?:exists|wait|-).*)", file.read())),
                           (path, []))
    make(folder, "uninstall", *words)
    farm.equal(files(folder), sysstat)


@tap.test
def pages_name_the_folders_of_the_installation(folder):
    """What they name is there, and they are as clean as their sources."""
    make(folder, "install", "SPANKDIR=/opt/slurm/plugins", prefix="/opt/farm")
    pages = sorted(path for path in files(folder) if re.search(r"/man\d/", path))
    named = set()
    for path in pages:
        with open(os.path.join(folder, path), encoding="utf-8") as file:
            text = file.read()
        assert "/usr/local/" not in text, path
        named |= set(re.findall(r"/opt/[\w./-]*[\w-]", text))
    for path in ("/opt/slurm/plugins/pidwatch.so", "/opt/farm/share/farmlock/logrotate.d/lockerd"):
        assert path in named or not os.path.exists(f"{folder}{path}"), named
    if os.path.exists(f"{folder}/opt/slurm/plugins/pidwatch.so"):
        farm.equal({path for path in named if not os.path.exists(f"{folder}{path}")}, set())
    whole = [path for path in pages if not os.path.islink(os.path.join(folder, path))]
    # A page that is another one is found from the folder of all.
    shown = farm.run("mandoc", "-T", "lint", "-W", "warning", *(os.path.relpath(path, "opt/farm/share/man")
                     for path in whole if not path.endswith("/pidstatd.conf.5")), cwd=f"{folder}/opt/farm/share/man")
    farm.equal((shown.returncode, shown.stdout), (0, ""))


@tap.test
def every_function_of_the_headers_has_a_page_by_its_name(folder):
    make(folder, "install")
    functions = set()
    for path in files(folder):
        if path.startswith("usr/include/"):
            with open(os.path.join(folder, path), encoding="utf-8") as file:
                # Behind what makes it visible, up to the first parenthesis.
                functions |= set(re.findall(r"^\w+_API\b[^;(]*?(\w+)\(", file.read(), re.M))
    assert len(functions) > 90, sorted(functions)
    for name in sorted(functions):
        page = os.path.join(folder, f"usr/share/man/man3/{name}.3")
        assert os.path.exists(page), name
        with open(page, encoding="utf-8") as file:
            assert re.search(rf"^\.Nm {name}\b", file.read(), re.M), name


@tap.test
def examples_and_what_goes_into_etc_are_there_whole(folder):
    """Under the names of the source, the programs among them as such."""
    make(folder, "install")
    for source, place in (("examples", "doc/farmlock/examples"), ("share/monitoring", "farmlock/monitoring"),
                          ("share/default", "farmlock/default"), ("share/logrotate.d", "farmlock/logrotate.d"),
                          ("share/ufw", "farmlock/ufw"), ("share/sysctl.d", "farmlock/sysctl.d")):
        names = {path for path in files(os.path.join(farm.SOURCE, source)) if "__pycache__" not in path}
        assert names, source
        for name in names:
            found = os.stat(f"{folder}/usr/share/{place}/{name}").st_mode & 0o777
            wanted = 0o755 if os.access(os.path.join(farm.SOURCE, source, name), os.X_OK) else 0o644
            farm.equal((name, found), (name, wanted))


@tap.test
def python_and_tcl_find_their_modules(folder):
    """Where they look by themselves, as Debian has them, and the version of all is one."""
    make(folder, "install", "PYTHONDIR=/usr/lib/python3/dist-packages")
    shown = farm.run(sys.executable, "-c", "import farmlock; print(farmlock.__version__)",
                     env=farm.environment(PYTHONPATH=f"{folder}/usr/lib/python3/dist-packages"))
    farm.equal((shown.stdout, shown.stderr), (farm.version() + "\n", ""))
    if not shutil.which("tclsh"):
        raise tap.Lacks("there is no tclsh")
    script = os.path.join(folder, "script.tcl")
    with open(script, "w", encoding="ascii") as file:
        file.write("puts [package require farmlock]\n")
    shown = farm.run("tclsh", script, env=farm.environment(TCLLIBPATH=f"{folder}/usr/share/tcltk"))
    farm.equal((shown.stdout, shown.stderr), (farm.version() + "\n", ""))


@tap.test
def the_prefix_s_own_folder_of_python_is_found(folder):
    """Debian's python3 does not look into /usr/local/lib/python3."""
    paths = farm.run("python3", "-c", "import sys; print(*sys.path, sep='\\n')").stdout.split("\n")
    for prefix in ("/usr", "/usr/local"):
        known = [path for path in paths if path.startswith(f"{prefix}/lib/python3")
                 and path.endswith("-packages")]
        shown = farm.run("make", "-s", "-C", farm.SOURCE, "-n", "-o", "all", "install", f"PREFIX={prefix}",
                         f"DESTDIR={folder}").stdout
        farm.contains(shown, f"{folder}{(known + [prefix + '/lib/python3/dist-packages'])[0]}/farmlock.py")


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
    assert not os.path.exists(os.path.join(folder, "usr/lib/firewalld"))
    assert not os.path.exists(os.path.join(folder, "usr/share/tcltk/farmlock"))


if __name__ == "__main__":
    farm.main()
