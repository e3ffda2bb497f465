#!/usr/bin/env python3
"""What is about Slurm compiles against the headers of each release from 22.05 on, without a warning,
and reads a job's state alike.  The headers are the installed ones, changed where newer releases are
known to differ; those of older releases than the installed one are tested where these are installed
(make check-slurm)."""

import glob
import os
import re
import shutil

from support import farm, slurm
from support.tap import test

RELEASES = ((22, 5), (23, 2), (23, 11), (24, 5), (24, 11), (25, 5), (25, 11), (26, 5))
UNBORN = (27, 5)
ROOMS = ("spank-plugin", "wrappers/slurm", "wrappers/lockreap", "wrappers/locksync")

# The first release that has it, and what to put in the place of what.
CHANGES = (
    ((23, 11), r"typedef struct hostlist \* ?hostlist_t;", "typedef struct hostlist hostlist_t;"),
    ((24, 11), r"#define JOB_UPDATE_DB .*", ""),
    ((25, 5), r"(?=#define JOB_REQUEUE )", "#define JOB_GETENV_FAILED SLURM_BIT(9)\n"),
    ((25, 11), r"(?=#define JOB_STAGE_OUT )", "#define JOB_EXPEDITING SLURM_BIT(24)\n"),
    ((26, 5), r"extern void slurm_free_ctl_conf\b", "extern void slurm_free_conf"),
    ((26, 5), r"(extern int slurm_load_job\(job_info_msg_t \*\*\w+,\s+)uint32_t \w+", r"\1slurm_step_id_t step_id"),
    ((26, 5), r"\Z", "#define SLURM_STEP_ID_INITIALIZER ((slurm_step_id_t){.job_id = NO_VAL, "
                     ".step_het_comp = NO_VAL, .step_id = NO_VAL})\n"),
)


def headers():
    probe = farm.run("cc", "-E", "-include", "slurm/spank.h", "-xc", "/dev/null").stdout
    found = re.search(r'"([^"]*)/slurm/spank\.h"', probe)
    assert found, "slurm/spank.h is not installed"
    return os.path.join(found[1], "slurm")


def installed():
    """The release of the installed headers."""
    with open(os.path.join(headers(), "slurm_version.h"), encoding="utf-8") as file:
        number = int(re.search(r"#define SLURM_VERSION_NUMBER (\w+)", file.read())[1], 16)
    return number >> 16, number >> 8 & 0xFF


def edit(path, pattern, replacement):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    text, count = re.subn(pattern, replacement, text)
    assert count, f"{pattern} is not in {path}"
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def headers_of(folder, release):
    """Headers that say they are of that release, and differ from the installed ones as it does."""
    made = os.path.join(folder, "{}.{}".format(*release))
    shutil.copytree(headers(), os.path.join(made, "slurm"))
    edit(os.path.join(made, "slurm", "slurm_version.h"), r"#define SLURM_VERSION_NUMBER .*",
         "#define SLURM_VERSION_NUMBER 0x{:02x}{:02x}00".format(*release))
    for since, pattern, replacement in CHANGES:
        if installed() < since <= release:
            edit(os.path.join(made, "slurm", "slurm.h"), pattern, replacement)
    return made


def releases():
    """Those that can be made of the installed headers."""
    print("# the headers are of {}.{:02}".format(*installed()), flush=True)
    return [release for release in RELEASES if release >= installed()] + [UNBORN]


def compiler(include):
    return ["cc", "-std=gnu11", "-D_GNU_SOURCE", '-DFARMLOCK_VERSION=""', "-Wall", "-Wextra", "-Werror",
            f"-I{include}", "-iquote", f"{farm.SOURCE}/lib", "-iquote", f"{farm.SOURCE}/wrappers"]


def compile_all(include):
    sources = sorted(path for room in ROOMS for path in glob.glob(f"{farm.SOURCE}/{room}/*.c"))
    assert sources
    # libslurm's callers include the installed headers; json-c's folder is not always a usual one.
    flags = farm.run("pkg-config", "--cflags", "json-c").stdout.split()
    return [farm.run(*compiler(include), *flags, "-fsyntax-only", path) for path in sources]


@test
def all_compiles_against_each_release(folder):
    for release in releases():
        for done in compile_all(headers_of(folder, release)):
            assert done.returncode == 0, (release, done.stderr)


@test
def an_older_release_is_named_as_too_old(folder):
    said = "".join(done.stderr for done in compile_all(headers_of(folder, (21, 8))))
    farm.contains(said, "this plugin needs the headers of Slurm 22.05 or newer")
    farm.contains(said, "farmlock needs the headers of Slurm 22.05 or newer")


STATES = """#include <stdio.h>
#include "slurm/phase.h"
#include "slurm/compat.h"
#define BIT(number) ((uint32_t)1 << (number))
int main(void)
{
    static const char *const names[] = {"forgotten", "waiting", "live", "over"};
    const struct { const char *name; uint32_t state; } known[] = {
        {"ended", JOB_COMPLETE},
        {"ended, bit 9", JOB_FAILED | BIT(9)},
        {"ended, expediting", JOB_TIMEOUT | BIT(24)},
        {"ended, unknown flag", JOB_OOM | BIT(30)},
        {"ended, completing", JOB_CANCELLED | JOB_COMPLETING},
        {"ended, completing and an unknown flag", JOB_CANCELLED | JOB_COMPLETING | BIT(30)},
        {"pending", JOB_PENDING},
        {"pending, held, bit 9", JOB_PENDING | JOB_REQUEUE_HOLD | BIT(9)},
        {"pending, expediting", JOB_PENDING | BIT(24)},
        {"pending, unknown flag", JOB_PENDING | BIT(30)},
        {"pending, completing", JOB_PENDING | JOB_COMPLETING},
        {"running", JOB_RUNNING},
        {"running, unknown flag", JOB_RUNNING | BIT(30)},
        {"unknown", JOB_END},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        printf("%s: %s%s\\n", known[i].name, names[phase_of(known[i].state)],
               phase_is_strange(known[i].state) ? ", strange" : "");
}
"""
MEANINGS = """\
ended: over
ended, bit 9: over
ended, expediting: over
ended, unknown flag: over
ended, completing: live
ended, completing and an unknown flag: live
pending: waiting
pending, held, bit 9: waiting
pending, expediting: waiting
pending, unknown flag: live, strange
pending, completing: live
running: live
running, unknown flag: live
unknown: live, strange
"""


@test
def a_state_of_a_job_means_the_same_with_each_release(folder):
    source = os.path.join(folder, "states.c")
    with open(source, "w", encoding="utf-8") as out:
        out.write(STATES)
    for release in releases():
        program = os.path.join(folder, "states")
        done = farm.run(*compiler(headers_of(folder, release)), "-ffunction-sections", "-Wl,--gc-sections",
                        "-O1", "-o", program, source, f"{farm.SOURCE}/wrappers/slurm/phase.c")
        farm.equal((done.returncode, done.stderr), (0, ""))
        farm.equal(farm.run(program).stdout, MEANINGS)


if __name__ == "__main__":
    if slurm.lacking():
        print(f"1..0 # SKIP this machine lacks {slurm.lacking()}", flush=True)
    else:
        farm.main()
