"""Processes that are stopped for a while: for seconds, or (FARMLOCK_LONG) for a minute."""

import os
import signal
import time

from support import farm

STOP_S = 60 if os.environ.get("FARMLOCK_LONG") else 3


class Stopped:
    """A process that is stopped from the beginning of a with until its end."""

    def __init__(self, pid):
        self.pid = pid

    def __enter__(self):
        farm.freeze(self.pid)
        self.until = time.monotonic() + STOP_S
        farm.at_end(self.go_on)
        return self

    def over(self):
        """Whether it has been stopped for as long as is meant."""
        return time.monotonic() >= self.until

    def go_on(self):
        try:
            os.kill(self.pid, signal.SIGCONT)
        except ProcessLookupError:
            pass

    def __exit__(self, *_fault):
        self.go_on()
