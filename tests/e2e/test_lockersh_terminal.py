#!/usr/bin/python3
"""lockersh in the background of a terminal."""

import os
import pty
import select
import subprocess
import time

from support import farm, tap
from support.locking import LOCKERSH, Farm


def read_for(fd, seconds):
    """What a terminal shows in that time."""
    seen, end = b"", time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        if select.select([fd], [], [], left)[0]:
            seen += os.read(fd, 4096)
    return seen


@tap.test
def a_waiter_in_the_background_leaves_the_prompt_alone():
    lab = Farm()
    lab.hold("a")
    pid, fd = pty.fork()
    if pid == 0:
        # The terminal's foreground is this process's group, as a shell's with its prompt.
        subprocess.call([LOCKERSH, "--lock", "a", "true"], env=lab.env,
                        preexec_fn=os.setpgrp)  # pylint: disable=subprocess-popen-preexec-fn
        os._exit(0)
    farm.at_end(lambda: os.waitpid(pid, 0))
    farm.at_end(lambda: os.close(fd))
    farm.at_end(lambda: [farm.kill_pid(waiter["pid"]) for waiter in lab.waiters()])
    seen = read_for(fd, 3.5)
    farm.equal(seen.count(b"waiting"), 1)
    assert seen.startswith(b"lockersh: waiting") and seen.endswith(b"\r\n"), seen


if __name__ == "__main__":
    farm.main()
