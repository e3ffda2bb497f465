"""Soaks as tests."""

import os
import subprocess
import sys

from support import farm

FOLDER = os.path.join(farm.SOURCE, "tests", "soak")


def run(program, *options):
    """Runs one, which is to find nothing.  The seed of a run that fails is in its first line."""
    with subprocess.Popen([sys.executable, os.path.join(FOLDER, program), *options], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True) as process:
        farm.at_end(lambda: farm.stop(process))
        said = process.communicate()[0]
    for line in said.splitlines():
        print(line if line.startswith("#") else f"# {line}", flush=True)
    farm.contains(said, "violations  none")
    farm.equal(process.returncode, 0)
