#!/usr/bin/env python3
"""The Tcl package farmlock with lockerd, in programs of their own."""

import glob
import json
import os
import re
import shutil
import time

from support import farm, scripts, tap
from support.locking import Farm
from support.lockd import Server
from support.pools import Lab
from support.scripts import go_on, said

HOLD = "set h [farmlock::lock a -notice note]\nsay [farmlock::get $h names]\nuntil\n" \
       "farmlock::unlock $h\nsay out\n"
# The same where an event loop runs.
EVENTS = """
proc got {h args} { say got {*}$args; set ::h $h }
farmlock::lock a -notice note -command got
fileevent stdin readable {gets stdin; if {[eof stdin]} exit; farmlock::unlock $h; say out}
vwait forever
"""


def start(port, text, **extra):
    return scripts.start(scripts.tcl(text), port, **extra)


def run(port, text, **extra):
    return scripts.run(scripts.tcl(text), port, **extra)


@tap.before_each
def need_tcl():
    if not shutil.which("tclsh"):
        raise tap.Lacks("there is no tclsh")


@tap.test
def the_package_is_one_of_tcl_8_5():
    text = ""
    for path in glob.glob(os.path.join(scripts.FOLDERS["TCLLIBPATH"], "farmlock", "*.tcl")):
        with open(path, encoding="ascii") as file:
            text += re.sub(r"^\s*#.*", "", file.read(), flags=re.M)
    for late in (r"^\s*try\b", r"\blmap\b", r"\bcoroutine\b", r"\btailcall\b", r"\boo::", r"\bthrow\b",
                 r"\bdict (map|filter)\b", r"\bstring cat\b", r"\bstring is (entier|wideinteger|dict)\b",
                 r"\bbinary (en|de)code\b", r"\bfile tempfile\b", r"\bchan (pipe|push)\b"):
        assert not re.search(late, text, re.M), late
    farm.equal(run(1, "say [package provide farmlock]"), farm.version() + "\n")


@tap.test
def a_seat_is_held_until_it_is_given_back():
    lab = Farm()
    program = start(lab.port, """
set h [farmlock::lock lic1:lic2]
say [farmlock::get $h names] [farmlock::get $h held] [expr {[farmlock::get $h token] > 0}] \
    <[farmlock::get $h lost]> <[farmlock::get $h holdleft]>
until
farmlock::unlock $h
say [failed {farmlock::get $h held}]
farmlock::with lic1 h { say in [farmlock::get $h names] }
say [failed {farmlock::with lic1 h { error "its own" }}] [llength [farmlock::locks]]
foreach x {1 2} { farmlock::with lic1 h { break } }
proc value {} { farmlock::with lic1 h { return [farmlock::get $h names] } }
say [value] $x [llength [farmlock::locks]]
""")
    farm.equal(said(program), "lic1 1 1 <> <>")
    held = lab.locks()["lic1"]
    farm.equal((held["pid"], held["autounlock"]), (program.pid, True))
    go_on(program)
    farm.contains(said(program), "FARMLOCK USAGE ")
    farm.equal([said(program) for _ in range(3)], ["in lic1", "NONE its own 0", "lic1 1 0"])


@tap.test
def locks_of_one_program_are_different_seats():
    lab = Farm()
    farm.equal(run(lab.port, """
set one [farmlock::lock lic1:lic2]
set two [farmlock::lock lic1:lic2]
say [farmlock::get $one names] [farmlock::get $two names] [farmlock::get $two owner]
say [lrange [failed {farmlock::lock lic1:lic2 -timeout 0}] 0 1]
say [lrange [failed {farmlock::lock lic1:lic2}] 0 2]
farmlock::unlock $one
say [farmlock::get [farmlock::lock lic1:lic2] names]
""").split("\n")[1:], ["FARMLOCK BUSY", "FARMLOCK REFUSED own", "lic1", ""])


@tap.test
def who_waits_is_told_and_gets_it_next():
    lab = Farm()
    for text, end in ((HOLD, "a"), (EVENTS, "got held")):
        holder = lab.hold("a")
        program = start(lab.port, text)
        told = said(program)
        assert re.fullmatch(r"waiting: waiting for a, held by \S+ for \d+\.\d s; place 1 in the queue",
                            told), told
        holder.kill()
        assert said(program).startswith("obtained: obtained a after ")
        farm.equal(said(program), end)
        go_on(program)
        farm.equal(said(program), "out")


@tap.test
def a_program_that_is_killed_frees_its_seat_at_once():
    lab = Farm()
    for text in (HOLD, EVENTS):
        program = start(lab.port, text)
        said(program)
        waiter = lab.wait_for("a", command=("--exec", "echo", "mine"))
        program.kill()
        farm.equal(waiter.communicate(timeout=farm.PATIENCE_S)[0], b"mine\n")


@tap.test
def a_wait_ends_in_time_or_is_cancelled():
    lab = Farm()
    lab.hold("a")
    shown = run(lab.port, """
say [failed {farmlock::lock a -timeout 0.3}]
proc got {h args} { set ::got $args }
set h [farmlock::lock a -timeout 0.3 -command got]
vwait got
say $got
say [failed {farmlock::get $h names}]
set h [farmlock::lock a -command {set never}]
set waits 0
while {!$waits} { after 10 {set tick 1}; vwait tick; set waits [regexp {"waiters":\\[.*pid} [farmlock::json]] }
farmlock::cancel $h
while {$waits} { set waits [regexp {"waiters":\\[.*pid} [farmlock::json]] }
say done
""").splitlines()
    assert re.fullmatch(r"FARMLOCK TIMEOUT a was not free in time; it is held by \S+", shown[0]), shown
    assert re.fullmatch(r"error \{a was not free in time; it is held by \S+\} \{FARMLOCK TIMEOUT\}",
                        shown[1]), shown
    farm.equal(shown[3], "done")


@tap.test
def an_event_loop_goes_on_meanwhile():
    lab = Farm()
    holder = lab.hold("a")
    program = start(lab.port, """
proc tick {} { say tick; after 20 tick }
proc got {h args} { say got {*}$args; farmlock::unlock $h; set ::done 1 }
farmlock::lock a -command got
tick
vwait done
""")
    for _ in range(20):
        farm.equal(said(program), "tick")
    holder.kill()
    while (line := said(program)) != "got held":
        farm.equal(line, "tick")


@tap.test
def a_restart_of_the_server_is_no_end(folder):
    server = Server(folder)
    lab = Farm(server.port)
    holder = start(server.port, EVENTS)
    farm.equal(said(holder), "got held")
    waiters = []
    for text in (EVENTS, HOLD):
        waiters.append(start(server.port, text))
        farm.contains(said(waiters[-1]), "waiting: ")
    scripts.restart(server, holder, *waiters)
    farm.poll(lambda: len(lab.waiters()) == 2, "both wait again")
    farm.equal(lab.locks()["a"]["pid"], holder.pid)
    go_on(holder)
    farm.equal(said(holder), "out")
    for waiter, end in zip(waiters, ("got held", "a")):
        while (line := said(waiter)) != end:
            assert line.startswith(("waiting: ", "obtained: ")), line
        go_on(waiter)
        farm.equal(said(waiter), "out")
    farm.equal(lab.locks(), {})


@tap.test
def a_session_is_taken_up_again_and_hears_of_a_loss(folder):
    server = Server(folder)
    lab = Farm(server.port)
    holder = start(server.port, EVENTS)
    farm.equal(said(holder), "got held")
    scripts.restart(server, holder)
    farm.equal(lab.run("--break", "a").returncode, 0)
    farm.equal(said(holder), "lost: the lock a was lost: it was broken, as by lockersh --break")


@tap.test
def without_an_event_loop_a_program_asks(folder):
    server = Server(folder)
    lab = Farm(server.port)
    program = start(server.port, """
set h [farmlock::lock a]
say in
until
say [farmlock::check $h]
until
while {[farmlock::get $h held]} { after 10 }
say [failed {farmlock::check $h}]
say [failed {farmlock::with b h { until; while {[farmlock::get $h held]} { after 10 } }}]
""")
    farm.equal(said(program), "in")
    server.restart()
    go_on(program)
    farm.equal(said(program), "1")
    farm.equal(lab.run("--break", "a").returncode, 0)
    go_on(program)
    farm.equal(said(program), "FARMLOCK LOST broken the lock a was lost: it was broken, as by lockersh "
               "--break")
    lab.poll_held("b", program.pid)
    farm.equal(lab.run("--break", "b").returncode, 0)
    go_on(program)
    farm.contains(said(program), "FARMLOCK LOST broken ")


@tap.test
def a_hold_limit_is_told_before_and_behind():
    lab = Farm()
    program = start(lab.port, EVENTS.replace("-notice", "-hold 6 -warn 5 -notice"))
    farm.equal(said(program), "got held")
    assert re.fullmatch(r"hold-left: a will be taken back in [0-5] s", said(program))
    farm.equal(said(program), "lost: the lock a was lost: it was held as long as it may be")


@tap.test
def groups_counts_and_brackets():
    lab = Farm()
    farm.equal(run(lab.port, """
farmlock::with {vcs[08-10],vcs12} -count 2 -and board1 -and {x:y:z 2} h { say [farmlock::get $h names] }
farmlock::with {lic[1-2] lic9} -count 3 h { say [farmlock::get $h names] }
"""), "vcs08 vcs09 board1 x y\nlic1 lic2 lic9\n")


@tap.test
def awkward_names():
    lab = Farm()
    names = ["a'b", 'q"$x', "-n", "010", "1e3", "0x10", "ä€", "x" * 255, "#c", "a;b", "%s", "\\n", "{x",
             "x}", "$y(1)"]
    farm.equal(run(lab.port, """
foreach name [split $::env(NAMES) "\\n"] {
    farmlock::with $name h {
        say [expr {[list $name] eq [farmlock::get $h names]}] [dict get [farmlock::status $name] locked] \
            [dict exists [farmlock::locks] $name]
    }
}
""", NAMES="\n".join(names)), "1 1 1\n" * len(names))
    farm.equal(run(lab.port, r"""
foreach name [list "" " " a\x01 [string repeat x 256] {vcs[1-} {vcs]} {v[2-1]} {v[1-9999]} a::b {v[]}] {
    if {![string match "FARMLOCK USAGE *" [failed {farmlock::lock $name}]]} { say taken <$name> }
}
foreach wrong {{-count 0} {-count 3} {-and a:c x} {-user {a b}} {-timeout -1} {-timeout soon} {-hosts farm1:1751}
        {-hosts {[::1}} {-port nosuch} {-hosts a:} {-nosuch 1} -count} {
    if {![string match "FARMLOCK USAGE *" [failed {farmlock::lock a:b {*}$wrong}]]} { say taken $wrong }
}
"""), "")


@tap.test
def what_a_name_is_does_not_depend_on_its_looks():
    """Owners, jobs and projects of digits stay what they are."""
    lab = Farm()
    found = json.loads(run(lab.port, "farmlock::lock a -user 010 -job 1e3 -project 0x10\n"
                           "say [farmlock::json]"))
    farm.equal([found["locks"][0].get(word) for word in ("owner", "job", "project")],
               ["010", "1e3", "0x10"])


@tap.test
def questions_by_name():
    lab = Farm()
    holder = start(lab.port, HOLD)
    farm.equal(said(holder), "a")
    owner = lab.locks()["a"]["owner"]
    shown = run(lab.port, f"""
say [dict get [farmlock::status a] owner] [dict get [farmlock::status b] locked] [farmlock::locks]
say [dict get [farmlock::ping] protocol] [dict get [farmlock::ping] known]
say [lrange [failed {{farmlock::giveback a -user {owner}}}] 0 2]
say [farmlock::breaklock a:b] [farmlock::locks]
set h [farmlock::lock c -user somebody]
farmlock::giveback c -user somebody
say [farmlock::locks]
""")
    farm.equal(shown.splitlines(), [f"{owner} 0 a {owner}", "2 claimed", "FARMLOCK REFUSED not-owner",
                                    f"{owner} ", ""])


@tap.test
def a_refusal_comes_with_its_code():
    lab = Farm()
    farm.equal(run(lab.port, """
set h [farmlock::lock a:b -user me -count 2]
say [lrange [failed {farmlock::lock b:c -count 2 -user me -timeout 0}] 0 2]
proc got {h args} { say [lindex $args 0] [lindex $args 2]; set ::done 1 }
farmlock::lock b:c -count 2 -user me -command got
vwait done
say [farmlock::check $h]
"""), "FARMLOCK REFUSED own\nerror FARMLOCK REFUSED own\n1\n")


@tap.test
def no_server_is_said_and_what_to_do():
    port = farm.silent_port()
    for text in ("say [failed {farmlock::lock a -notice note}]",
                 "proc got {h kind text code} { say $code $text; exit }\n"
                 "farmlock::lock a -notice note -command got\nvwait forever"):
        lines = run(port, text).splitlines()
        assert re.fullmatch(rf"retry: no lockerd answers at 127.0.0.1:{port} \(connection refused\); "
                            r"trying again in [\d.]+ s", lines[0]), lines
        farm.equal(lines[1], f"FARMLOCK UNREACHABLE no lockerd answers at 127.0.0.1:{port} (connection "
                   "refused); start one there, or name another in IPCLOCKER_HOST or /etc/farmlock/client.conf")


@tap.test
def the_next_host_of_a_list_is_asked(folder):
    path = os.path.join(folder, "socket")
    server = Server(folder, "--path", path)
    dead = farm.silent_port()
    lists = [f"127.0.0.1={dead}:[::1]={dead}:127.0.0.1={server.port}"]
    # Tcl has no UNIX sockets of its own.
    if shutil.which("socat") or shutil.which("nc"):
        lists += [path, f"/nowhere:{path}"]
    for hosts in lists:
        farm.equal(run(1, "farmlock::with a h {say [lindex [dict get [farmlock::ping] known] 0]}",
                       IPCLOCKER_HOST=hosts), f"{'socket' if path in hosts else 'claimed'}\n")


@tap.test
def another_host_may_come_to_serve(folder):
    server = Server(folder)
    server.kill()
    program = start(1, "farmlock::with a h {say [farmlock::get $h names]}",
                    IPCLOCKER_HOST=f"127.0.0.1={farm.silent_port()}:127.0.0.1={server.port}")
    time.sleep(4)  # three tries take 3.2 s at most
    server.restart()
    farm.equal(said(program), "a")


@tap.test
def pools_and_their_rules(folder):
    lab = Lab(folder, 'pools = ( { name = "vcs"; seats = 4; limits = ( { by = "user"; each = 3; } ); } );')
    program = start(lab.server.port, """
set h [farmlock::lock vcs -count 2 -project chipA]
say [farmlock::get $h names] [regexp {"held":2} [farmlock::json -pools 1]]
farmlock::lock vcs -count 2 -notice note -command {set ignored}
fileevent stdin readable {gets stdin; say [lrange [failed {farmlock::lock vcs -count 5}] 0 2]; exit}
vwait forever
""")
    farm.equal(said(program), "vcs1 vcs2 1")
    farm.contains(said(program), "; limit 2/3 of vcs (")
    go_on(program)
    farm.equal(said(program), "FARMLOCK REFUSED limit")


@tap.test
def the_example_programs_the_first_free_board():
    lab = Farm()
    lab.hold("board1")
    example = os.path.join(farm.SOURCE, "examples/tcl/board.tcl")
    done = farm.run("tclsh", example, "board[1-2]", "echo", "on", env=scripts.environment(lab.port))
    farm.equal((done.returncode, done.stdout, done.stderr), (0, "on board2\n", ""))
    done = farm.run("tclsh", example, "board2", "false", env=scripts.environment(lab.port))
    farm.equal((done.returncode, done.stdout), (1, ""))


@tap.test
def twenty_programs_take_turns(folder):
    lab = Farm()
    programs = [start(lab.port, f"""
for {{set i 0}} {{$i < 5}} {{incr i}} {{
    farmlock::with {{lic[1-2]}} h {{
        set path {folder}/[farmlock::get $h names]
        close [open $path {{CREAT EXCL WRONLY}}]
        file delete $path
    }}
}}
""") for _ in range(20)]
    for program in programs:
        out, err = program.communicate(timeout=farm.PATIENCE_S * 3)
        farm.equal((program.returncode, out, err), (0, "", ""))
    farm.equal(lab.locks(), {})


@tap.test
def many_waits_of_one_event_loop_take_turns():
    lab = Farm()
    farm.equal(run(lab.port, """
set inside {}
set left 12
proc got {h args} {
    if {$args ne "held" || [farmlock::get $h names] in $::inside} { say wrong $args }
    lappend ::inside [farmlock::get $h names]
    after 10 [list out $h]
}
proc out {h} {
    set ::inside [lsearch -all -inline -not -exact $::inside [farmlock::get $h names]]
    farmlock::unlock $h
    incr ::left -1
}
for {set i 0} {$i < 12} {incr i} { farmlock::lock {lic[1-3]} -command got }
while {$left} { vwait left }
say [farmlock::locks]
"""), "\n")


if __name__ == "__main__":
    farm.main()
