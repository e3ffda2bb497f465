#!/usr/bin/env python3
"""Three minutes of the soak of several lockerd over etcd."""

from support import farm, netns, soaks, tap

SECONDS = "180"


@tap.test
def a_nemesis_of_lockerd_and_etcd_breaks_no_promise():
    if netns.missing():
        raise tap.Lacks(f"several hosts need {netns.missing()}")
    soaks.run("replicated.py", "--seconds", SECONDS)


if __name__ == "__main__":
    farm.main()
