#!/usr/bin/env python3
"""A minute of the soak of one lockerd whose state is in etcd."""

from support import farm, soaks, tap

SECONDS = "60"


@tap.test
def clients_faults_and_hostile_neighbours_break_no_promise_over_etcd():
    soaks.run("soak.py", "--etcd", "--seconds", SECONDS)


if __name__ == "__main__":
    farm.main()
