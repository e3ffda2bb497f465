#!/usr/bin/env tclsh
# Programs the first board that is free, and says who has them all while it waits.
#   board.tcl 'board[1-4]' COMMAND ...     the board's name is put behind the command
package require farmlock

set command [lassign $argv boards]
if {[catch {
    farmlock::with $boards -timeout 3600 -notice {puts stderr} board {
        exec {*}$command [farmlock::get $board names] >@stdout 2>@stderr
    }
} text options]} {
    puts stderr "board.tcl: $text"
    exit [expr {[lindex [dict get $options -errorcode] 1] eq "TIMEOUT" ? 75 : 1}]
}
