"""Other clocks for a program, by the layer other_clock.c: set ahead or back, also while it runs."""

import os

from support import farm

LAYER = os.path.join(farm.BUILD, "tests", "other_clock.so")
SECOND, MINUTE, HOUR, DAY, YEAR = 1000, 60000, 3600000, 86400000, 365 * 86400000


class Clock:
    """The clocks of the programs that are started with `environment`, or behind the words `before`."""

    def __init__(self, folder):
        self.path = os.path.join(folder, "clock")
        self.environment = {"LD_PRELOAD": LAYER, "OTHER_CLOCK": self.path}
        self.before = ("env", *(f"{name}={value}" for name, value in self.environment.items()))
        self.set()

    def set(self, wall_ms=0, boot_ms=0, tick_ms=0):
        """By so much are CLOCK_REALTIME and CLOCK_BOOTTIME ahead; the latter goes on by a tick at
        each look."""
        with open(self.path + ".new", "w", encoding="ascii") as file:
            file.write(f"{wall_ms} {boot_ms} {tick_ms}\n")
        os.rename(self.path + ".new", self.path)
