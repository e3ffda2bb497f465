#!/usr/bin/env python3
"""Groups in the rules of pools: the file's, and those of the system, as they are and as they change."""

import signal

from support import farm, tap
from support.group_lab import GROUPS, Server, need_root, read, write
from support.lockd import serves
from support.wire import Wire


@tap.test
def groups_of_file_and_system_let_users_in(folder):
    need_root()
    server = Server(folder, """
        groups = ( { name = "eda"; users = ["bert", "unix:night"]; } )
        pools = ( { name = "vcs"; seats = 9; allow = { users = ["unix:chip", "group:eda"] } } )
    """)
    assert server.grants("anna", "vcs")  # named in the group
    assert server.grants("cleo", "vcs")  # it is her own
    assert server.grants("bert", "vcs")  # by the file
    assert not server.grants("root", "vcs")
    assert not server.grants("nobody-at-all", "vcs")
    assert server.grants("root", "other")


@tap.test
def groups_that_change_count_from_a_reload_on(folder):
    need_root()
    conf = """
        pools = ( { name = "vcs"; seats = 9;
          limits = ( { by = "user"; each = 9 }, { by = "user"; of = "unix:night"; each = 1 } ) } )
    """
    server = Server(folder, conf)
    assert server.grants("anna", "vcs", 1, keep=True)
    assert server.grants("bert", "vcs", 1, keep=True)
    write(f"{folder}/group", GROUPS.replace("night:x:7011:", "night:x:7011:bert,anna"))
    assert server.grants("bert", "vcs", 2)
    server.reload()
    # The system is asked behind the reload.
    farm.poll(lambda: not server.grants("bert", "vcs", 3), "bert has one at most")
    farm.poll(lambda: not server.grants("anna", "vcs", 3), "and so has anna")
    waiting = Wire(server.port)
    waiting.lock("h_4_anna", "vcs", 1)
    farm.contains(waiting.line(), "print_waiting")
    # Who waits is let go when she is in it no more.
    write(f"{folder}/group", GROUPS)
    server.reload()
    farm.equal(waiting.line(), "print_obtained")


@tap.test
def a_group_that_is_not_there_is_a_fault_of_a_reload(folder):
    need_root()
    server = Server(folder, 'pools = ( { name = "vcs"; seats = 2; } )')
    write(f"{folder}/conf", 'pools = ( { name = "vcs"; seats = 2;\n deny = { users = "unix:chips" } } )')
    server.process.send_signal(signal.SIGHUP)
    farm.poll(lambda: "conf:2: the system has no group chips; create it, or name another\n" in read(server.log),
              "it is told")
    assert server.grants("anna", "vcs")


@tap.test
def a_login_that_is_spelled_as_a_group_is_not_that_group(folder):
    need_root()
    server = Server(folder, """
        groups = ( { name = "eda"; users = ["bert"]; } )
        pools = ( { name = "vcs"; seats = 9; allow = { users = ["unix:chip", "group:eda"] } },
                  { name = "few"; seats = 9; limits = ( { by = "user"; each = 1 },
                    { by = "user"; of = ["group:eda"]; each = 9 } ) } )
    """)
    assert server.grants("bert", "vcs")
    assert not server.grants("group:eda", "vcs")
    assert not server.grants("unix:chip", "vcs")
    assert server.grants("group:eda", "few", 1, keep=True)
    assert not server.grants("group:eda", "few", 2)


HANGING = 'pools = ( { name = "vcs"; seats = 9; allow = { users = "unix:chip" } } )'


@tap.test
def who_cannot_be_looked_up_is_refused_in_time_and_holds_up_nobody(folder):
    need_root()
    server = Server(folder, HANGING)
    assert server.grants("cleo", "vcs", 1)  # she is known from now on
    server.hang_groups()
    wire = Wire(server.port)
    wire.send("proto 2", "user h_1_anna", "locks vcs", "block 1", "LOCK")
    farm.equal(wire.line(), "proto 2")
    assert serves(server.port)
    assert server.grants("cleo", "vcs", 2)
    lines = [wire.line(), wire.line()]
    farm.contains("\n".join(lines), "your login and groups cannot be looked up now; try again later")


@tap.test
def a_reload_while_the_group_database_hangs_holds_up_nobody(folder):
    need_root()
    server = Server(folder, HANGING)
    server.hang_groups()
    write(f"{folder}/conf", 'pools = ( { name = "vcs"; seats = 3; deny = { users = "unix:night" } } )')
    # Two that come at once are one to a process; the second one is to find the first at work.
    farm.poll(server.is_asked_twice, "one comes while the other is under way")
    for _ in range(3):
        assert serves(server.port)
    assert "was read anew" not in read(server.log)
    server.free_groups()
    farm.poll(server.is_read_anew, "it is read")
    assert server.grants("bert", "vcs")

KEPT = """
    groups = ( { name = "eda"; users = ["cleo"]; } )
    pools = ( { name = "vcs"; seats = 3; reserve = ( { seats = 1; users = "group:eda"; } );
      limits = ( { by = "user"; each = 9 }, { by = "user"; of = "unix:chip"; each = 1 } ) } )
"""


def is_granted(wire):
    """Reads up to the grant of a wait that may have been told of before."""
    line = wire.line()
    while line.startswith("print_waiting"):
        line = wire.line()
    return line in ("print_obtained", "locked 1") or line.startswith("owner ")


@tap.test
def who_waited_before_a_restart_goes_by_the_groups_of_file_and_system(folder):
    need_root()
    server = Server(folder, KEPT, f"{folder}/state.db")
    assert server.grants("anna", "vcs", 1, keep=True)  # by the system in chip: one at most
    assert server.grants("bert", "vcs", 1, keep=True)
    for user in ("anna", "bert"):  # she is held back; the third seat is not for him
        farm.contains(server.asks(user, "vcs", 2).line(), "print_waiting")
    server.crash()
    server.start()
    waits = {user: server.asks(user, "vcs", 2) for user in ("anna", "bert")}
    for wire in waits.values():
        farm.contains(wire.line(), "print_waiting")
    assert server.grants("cleo", "vcs", 1, keep=True)  # by the file in eda: it is kept for her
    assert all(wire.is_silent() for wire in waits.values())
    Wire(server.port).ask("user h_1_bert", "locks vcs", "UNLOCK")
    assert is_granted(waits["bert"])  # though anna has asked before, who has as many as she may
    assert waits["anna"].is_silent()
    Wire(server.port).ask("user h_1_anna", "locks vcs", "UNLOCK")
    assert is_granted(waits["anna"])


@tap.test
def groups_that_change_while_the_server_is_down_count_from_its_start_on(folder):
    need_root()
    server = Server(folder, KEPT, f"{folder}/state.db")
    assert server.grants("anna", "vcs", 1, keep=True)
    farm.contains(server.asks("anna", "vcs", 2).line(), "print_waiting")
    server.crash()
    write(f"{folder}/group", GROUPS.replace("chip:x:7010:anna", "chip:x:7010:"))
    server.start()
    assert is_granted(server.asks("anna", "vcs", 2))
    assert server.grants("cleo", "vcs", 1, keep=True)
    assert not server.grants("cleo", "vcs", 2)  # chip is her own group


@tap.test
def a_renewal_that_names_its_seats_waits_for_the_groups_of_who_asks(folder):
    """Of a seat that the table does not know to be hers any more; meanwhile nobody else waits."""
    need_root()
    server = Server(folder, 'pools = ( { name = "vcs"; seats = 9; deny = { users = "unix:night" } } )')
    wire = Wire(server.port)
    wire.send("proto 2")
    farm.equal(wire.line(), "proto 2")
    token = wire.ask("user h_1_anna", "locks vcs", "LOCK")["token"]
    server.crash()
    server.start()
    server.hang_groups()
    wire = Wire(server.port)
    wire.send("proto 2", "user h_1_anna", "locks vcs1", f"RENEW {token}")
    farm.equal(wire.line(), "proto 2")
    assert serves(server.port) and wire.is_silent()
    server.free_groups()
    farm.poll(lambda: server.end_of_groups() and not wire.is_silent(), "the groups are known")
    answer = wire.status()
    farm.equal((answer.get("locked"), answer.get("lockname"), answer.get("error")), ("1", "vcs1", None))


if __name__ == "__main__":
    farm.main()
