#!/usr/bin/python3
"""What the options and variables that name hosts take for one."""

import os

from support import farm, tap


def is_refused(advice, name, *words, **variables):
    """64 and one line with the advice; a program that was not built is none of ours."""
    if not os.path.exists(farm.program(name)):
        print(f"# there is no {name}")
        return
    result = farm.run(farm.program(name), *words, env=farm.environment(**variables))
    farm.equal((name, words, result.returncode, result.stdout), (name, words, 64, ""))
    farm.contains(result.stderr, advice)
    farm.equal(result.stderr.count("\n"), 1)


@tap.test
def a_port_is_not_taken_for_a_lock_server():
    for host in ("localhost", "127.0.0.1", "farm1", "[::1]"):
        advice = f"a port goes behind =: {host}=42199"
        for list_of_hosts in (f"{host}:42199", f"{host} 42199", f"farm2:{host}:42199:farm3"):
            is_refused(advice, "lockersh", "--dhost", list_of_hosts, "-n", "--lock", "x", "true")
            is_refused(advice, "lockersh", "--locklist", IPCLOCKER_HOST=list_of_hosts)
        is_refused(advice, "lockreport", "--host", f"{host}:42199")
        is_refused(advice, "lockreap", "--host", f"{host}:42199")
        is_refused(advice, "locksync", "--host", f"{host}:42199", "--map", "a=b")
        is_refused(advice, "lockflex", "--host", f"{host}:42199", "--map", "a=b", "--file", "-")
    is_refused("a port goes behind =: HOST=42199", "lockersh", "--dhost", "42199", "--ping")


@tap.test
def a_port_is_not_taken_for_a_part_of_a_host():
    for host in ("localhost", "127.0.0.1", "[::1]"):
        advice = f"a port goes behind --port: --host {host} --port 42199"
        for text in (f"{host}:42199", f"{host}=42199"):
            is_refused(advice, "pidstat", "--host", text, "1")
            is_refused(advice, "pidwatch", "--host", text, "--pid", "1", "true")
            is_refused(advice, "lockerd", "--nofork", "--host", text)
            is_refused(advice, "pidstatd", "--nofork", "--host", text)
    for name, words in (("pidstat", ["1"]), ("pidwatch", ["--pid", "1", "true"]),
                        ("lockerd", []), ("pidstatd", [])):
        is_refused("\"42199\" is no host", name, "--host", "42199", *words)
        is_refused("needs the name or address of a host", name, "--host", "", *words)


if __name__ == "__main__":
    farm.main()
