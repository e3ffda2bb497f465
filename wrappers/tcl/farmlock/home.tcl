# Where a handle is at home: the server that has it in its queue or has granted, and those of its cluster.
# Must not take a server for one of them that has not said so.

namespace eval ::farmlock {
    variable pulseMs 5000
}

# The server has us in its queue, or has granted: no other is asked, but of its cluster.
proc ::farmlock::Settle {h} {
    upvar #0 $h s
    array set s [list home $s(at) homeCluster $s(cluster)]
}

# How long a silence may be before the server is asked whether it is there.
proc ::farmlock::SilenceMs {h} {
    upvar #0 $h s
    variable lookMs
    variable pulseMs
    return [expr {[HasOthers $h] ? $pulseMs : $lookMs}]
}

proc ::farmlock::HasOthers {h} {
    upvar #0 $h s
    return [expr {$s(homeCluster) ne "" && [llength $s(hosts)] > 2 && $s(proto) == 2}]
}

# The server is silent: others of its cluster are asked first.
proc ::farmlock::Avoid {h} {
    upvar #0 $h s
    set others {}
    foreach {host port} $s(hosts) {
        if {[list $host $port] ne $s(at)} {
            lappend others $host $port
        }
    }
    set s(hosts) [concat $others $s(at)]
}

# Whether a try that was in vain is the last one.  Who does not wait has no time for another one behind
# a long one.
proc ::farmlock::IsLast {h} {
    upvar #0 $h s
    variable answerMs
    incr s(tries)
    set slow [expr {!$s(waits) && [Now] - $s(asked_at) >= $answerMs}]
    return [expr {!$s(endless) && ($s(tries) >= $s(most) || $slow)}]
}
