#!/usr/bin/python3
"""A state file that somebody removes, or puts another in the place of, while lockerd uses it."""

import glob
import os
import shutil

from support import farm, tap
from support.lockd import Server, refused
from support.wire import Wire


class Holder(Server):
    """A server where ann holds a, and something was given back."""

    def __init__(self, folder):
        super().__init__(folder)
        self.first = self.wire().ask("user ann", "locks a", "LOCK")
        self.wire().ask("user old", "locks given-back", "LOCK")
        self.wire().ask("user old", "locks given-back", "UNLOCK")

    def remove(self, what="*"):
        for path in glob.glob(self.state + what):
            os.unlink(path)

    def expect_all_after_a_restart(self):
        """What was held before the file went and since is held, and the history is there."""
        granted = self.wire().ask("user bob", "locks b", "LOCK")
        assert int(granted["token"]) > int(self.first["token"]), granted
        farm.contains(self.log(), "was removed and is written anew")
        self.restart()
        farm.equal(self.held(), {"a": "ann", "b": "bob"})
        farm.equal(self.wire().ask("user ann", "locks a", "LOCK"), self.first)
        report = farm.run(farm.program("lockreport"), "--state", self.state, "--csv").stdout
        farm.contains(report, '\n"given-back",')


@tap.test
def one_that_was_removed_is_written_anew(folder):
    server = Holder(folder)
    mode = os.stat(server.state).st_mode
    server.remove()
    server.expect_all_after_a_restart()
    farm.equal(os.stat(server.state).st_mode, mode)
    farm.equal(sorted(glob.glob(server.state + "*.new")), [])


@tap.test
def one_that_was_removed_alone_is_written_anew(folder):
    server = Holder(folder)
    server.remove("")
    server.expect_all_after_a_restart()


@tap.test
def one_whose_log_was_removed_is_written_anew(folder):
    server = Holder(folder)
    server.remove("-wal")
    server.expect_all_after_a_restart()


@tap.test
def one_that_was_removed_with_its_folder_is_written_anew(folder):
    server = Holder(folder)
    shutil.rmtree(f"{folder}/state")
    server.expect_all_after_a_restart()


@tap.test
def one_that_was_removed_is_there_again_when_the_server_ends(folder):
    server = Holder(folder)
    server.remove()
    farm.stop(server.process)
    server.start()
    farm.equal(server.held(), {"a": "ann"})


@tap.test
def a_second_server_is_refused_also_where_one_was_written_anew(folder):
    server = Holder(folder)
    server.remove()
    server.wire().ask("user bob", "locks b", "LOCK")
    farm.contains(refused("--state", server.state), "is in use by another lockerd")


@tap.test
def what_is_in_the_place_of_another_is_not_written_over(folder):
    other = Server(folder, state=f"{folder}/other.db")
    other.wire().ask("user cat", "locks c", "LOCK")
    farm.stop(other.process)
    server = Holder(folder)
    os.rename(other.state, server.state)
    wire = Wire(server.port)
    wire.send("user bob", "locks b", "LOCK")
    farm.contains(wire.line(), "another file was put in the place of")
    farm.poll(lambda: "can be written again" in server.log(), "it goes on with that file")
    farm.equal(server.held(), {"c": "cat"})


if __name__ == "__main__":
    farm.main()
