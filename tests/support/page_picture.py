#!/usr/bin/python3
"""Makes the picture of the page that README.md shows, of a farm that is made up:

    tests/e2e/support/page_picture.py share/dashboard/page.png [WIDTH HEIGHT [light|dark [LOCKS]]]
"""

import os
import sys

# This folder is seen through a link in each folder of tests.
sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), ".."))

from support import farm, page_lab  # noqa: E402
from support.browser import Browser  # noqa: E402


def main(path, width=1280, height=860, theme="light", locks=96):
    site = page_lab.Site()
    site.list = page_lab.farm_of(int(locks), int(locks) // 5, pools=(("vcs", 40), ("xcelium", 24), ("spectre", 30), ("calibre", 12)))
    site.history = page_lab.past_of(site.list)
    browser = Browser(int(width), int(height))
    browser.prefer(color_scheme=theme)
    browser.go(site.address)
    browser.wait("past.hasServer && connection.isLive && !reading.isOn")
    browser.run("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    browser.picture(path)
    farm.clean_up()


if __name__ == "__main__":
    main(*sys.argv[1:])
