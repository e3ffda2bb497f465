#!/usr/bin/env python3
"""What the mutants break is still there: they run for many minutes, and in check-long only."""

import glob
import os
import runpy

from support import farm, tap


@tap.test
def each_mutant_has_its_text():
    rooms = glob.glob(os.path.join(farm.SOURCE, "tests/unit/*/mutants.py"))
    assert len(rooms) >= 2, rooms
    for path in rooms:
        farm.equal((path, runpy.run_path(path)["ROOM"].lost()), (path, []))


farm.main()
