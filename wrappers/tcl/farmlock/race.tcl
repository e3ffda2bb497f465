# Several servers are tried at once, each begun a little behind the one before (RFC 8305): the handle's own
# connection, and its rivals {TURN CHANNEL HOST PORT UNTIL}, in the order of their turns.
# Must not say anything to a server.

namespace eval ::farmlock {
    variable nextMs 250
}

# Begins with the first of the round's hosts that can be begun with; else goes on with one that is being
# tried already.
proc ::farmlock::NextHost {h} {
    upvar #0 $h s
    variable answerMs
    variable nextMs
    while {[llength $s(round)] > 0 && !($s(inTurn) && [llength $s(rivals)] > 0)} {
        set s(round) [lassign $s(round) host port]
        array set s [list at [list $host $port] turn [incr s(begun)] phase connecting \
            until [expr {[Now] + $answerMs}] next [expr {[Now] + $nextMs}]]
        if {![catch {Open $h $host $port} text]} {
            return
        }
        regsub {^couldn't open socket: } $text "" text
        Fault $h $text
    }
    if {[llength $s(rivals)] == 0} {
        return [EndRound $h]
    }
    Promote $h [lindex $s(rivals) 0]
}

# A rival becomes the handle's own connection, which has none.
proc ::farmlock::Promote {h rival} {
    upvar #0 $h s
    set s(rivals) [lsearch -all -inline -exact -not $s(rivals) $rival]
    lassign $rival s(turn) s(chan) host port s(until)
    array set s [list at [list $host $port] phase connecting]
}

# The reverse.
proc ::farmlock::Demote {h} {
    upvar #0 $h s
    # Nobody reads of it: what has failed is readable for ever.
    fileevent $s(chan) readable {}
    lappend s(rivals) [concat [list $s(turn) $s(chan)] $s(at) [list $s(until)]]
    set s(rivals) [lsort -integer -index 0 $s(rivals)]
    set s(chan) ""
}

proc ::farmlock::EndRace {h} {
    upvar #0 $h s
    foreach rival $s(rivals) {
        catch {close [lindex $rival 1]}
    }
    set s(rivals) {}
}

# What has become of a connection: ok, wait, or why there is none.
proc ::farmlock::Connected {chan port until} {
    set error ""
    if {$port eq ""} {
        return ok
    }
    catch {set error [fconfigure $chan -error]}
    if {$error ne ""} {
        return $error
    }
    # Without a connection: an error in 8.5, nothing in 8.6.
    if {![catch {fconfigure $chan -peername} peer] && $peer ne ""} {
        return ok
    }
    return [expr {[Now] < $until ? "wait" : "no connection in time"}]
}

proc ::farmlock::StepConnecting {h} {
    upvar #0 $h s
    set found [Connected $s(chan) [lindex $s(at) 1] $s(until)]
    if {$found eq "ok"} {
        BeginHandshake $h
    } elseif {$found ne "wait"} {
        Gone $h $found
    } elseif {![StepRivals $h]} {
        if {[llength $s(round)] == 0 || $s(inTurn) || [Now] < $s(next)} {
            return 0
        }
        Demote $h
        NextHost $h
    }
    return 1
}

# True if one of them has connected, or failed.
proc ::farmlock::StepRivals {h} {
    upvar #0 $h s
    foreach rival $s(rivals) {
        lassign $rival turn chan host port until
        set found [Connected $chan $port $until]
        if {$found eq "wait"} {
            continue
        }
        Demote $h
        Promote $h $rival
        if {$found eq "ok"} {
            BeginHandshake $h
        } else {
            Gone $h $found
        }
        return 1
    }
    return 0
}

# The hosts before the current one that have not answered yet.
proc ::farmlock::Earlier {h} {
    upvar #0 $h s
    set earlier {}
    foreach rival $s(rivals) {
        lassign $rival turn chan host port
        if {$turn < $s(turn)} {
            lappend earlier "[PlaceOf $host $port] (no connection yet)"
        }
    }
    return $earlier
}

# Of a server that stands alone, a lock is had, broken or given back only where those before it have failed, as
# it knows nothing of what they have granted: it is asked again then.  True: that is done here.
proc ::farmlock::AwaitEarlier {h} {
    upvar #0 $h s
    if {$s(op) ni {lock break giveback} || $s(cluster) ne "" || [llength [Earlier $h]] == 0} {
        return 0
    }
    set later $s(at)
    foreach rival $s(rivals) {
        lassign $rival turn chan host port
        if {$turn > $s(turn)} {
            lappend later $host $port
            catch {close $chan}
            set s(rivals) [lsearch -all -inline -exact -not $s(rivals) $rival]
        }
    }
    array set s [list round [concat $later $s(round)] inTurn 1]
    Drop $h
    NextHost $h
    return 1
}

# When the next one is to be begun, as far as there is one; else "".
proc ::farmlock::NextDue {h} {
    upvar #0 $h s
    return [expr {$s(phase) eq "connecting" && [llength $s(round)] > 0 && !$s(inTurn) ? $s(next) : ""}]
}
