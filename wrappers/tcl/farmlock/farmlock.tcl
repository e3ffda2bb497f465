# Locks that programs on many hosts share, had from a lockerd(8); for Tcl 8.5 and later, in pure Tcl.
# The manual is farmlock(n).
package require Tcl 8.5-

namespace eval ::farmlock {
    variable folder [file dirname [file normalize [info script]]]
    namespace export lock with get check unlock cancel status giveback breaklock locks json ping
}
foreach file {text.tcl conf.tcl proof.tcl home.tcl engine.tcl race.tcl drive.tcl lock.tcl ask.tcl} {
    source [file join $::farmlock::folder $file]
}
unset file
package provide farmlock 1.0.0

# The options of a command, in an array by their names; `known` has their defaults.
proc ::farmlock::Options {known given} {
    array set found $known
    foreach {name value} $given {
        if {$name eq "-and"} {
            lappend found(-and) $value
        } elseif {![info exists found($name)] || [llength $given] % 2} {
            Fail USAGE "\"[Clean $name]\" is no option, or lacks its value; use [join [lsort [array names found]] {, }]"
        } else {
            set found($name) $value
        }
    }
    return [array get found]
}

proc ::farmlock::Seconds {text what} {
    if {![string is double -strict $text] || !($text >= 0 && $text < 1e9)} {
        Fail USAGE "$what \"[Clean $text]\" is no number of seconds"
    }
    return [expr {int(ceil($text * 1000))}]
}

# A group as it is sent: {NAMES COUNT}.
proc ::farmlock::Group {names count} {
    set names [Names $names]
    if {![string is integer -strict $count] || $count < 1 || $count > 1024
        || ([llength $names] > 1 && $count > [llength $names])} {
        Fail USAGE "\"[Clean $count]\" locks are wanted of [llength $names] that are named"
    }
    return [list $names $count]
}

# farmlock::lock NAMES ?-option value ...?
proc ::farmlock::lock {names args} {
    set options [Options {-count 1 -and {} -timeout "" -hold 0 -keep 0 -warn "" -notice "" -command "" -user ""
        -job "" -project "" -priority "" -hosts "" -port ""} $args]
    set groups [list [Group $names [dict get $options -count]]]
    foreach more [dict get $options -and] {
        lappend groups [Group [lindex $more 0] [expr {[llength $more] > 1 ? [lindex $more 1] : 1}]]
    }
    set words {}
    set keep [Seconds [dict get $options -keep] "-keep"]
    foreach {word value} [list job [Or [dict get $options -job] [Job]] \
        project [Or [dict get $options -project] [Project]] \
        priority [dict get $options -priority] \
        keep [expr {$keep > 0 ? [format %d.%03d [expr {$keep / 1000}] [expr {$keep % 1000}]] : ""}]] {
        if {$value ne ""} {
            lappend words "$word [Word $value $word]"
        }
    }
    set hold [expr {(([Seconds [dict get $options -hold] "-hold"] + 999) / 1000)}]
    set warn [dict get $options -warn]
    set timeout [dict get $options -timeout]
    if {$warn ne ""} { set warn [Seconds $warn -warn] }
    if {$timeout ne ""} { set timeout [Seconds $timeout -timeout] }
    set h [NewHandle $options]
    upvar #0 $h s
    array set s [list groups $groups words $words hold $hold keep $keep warn $warn timeout $timeout op lock \
        began [Now] news 0 -user [dict get $options -user]]
    if {[catch {
        TakeOwner $h
        if {$s(-command) eq ""} { LookInside $h }
        Begin $h 0 [expr {$timeout ne "" && $timeout > 0 ? [Now] + $timeout : ""}]
        if {$s(-command) ne ""} {
            set s(pending) ::farmlock::Obtained
            after 0 [list ::farmlock::OnEvent $h]
        } else {
            Drive $h
            Arm $h
        }
    } text result]} {
        Forget $h
        return -code error -errorcode [dict get $result -errorcode] $text
    }
    return $h
}

# The event loop's end of a lock.
proc ::farmlock::Obtained {h} {
    upvar #0 $h s
    set command $s(-command)
    if {[catch {TakeResult $h} text options]} {
        Forget $h
        uplevel #0 [linsert $command end $h error $text [dict get $options -errorcode]]
    } else {
        uplevel #0 [linsert $command end $h held]
    }
}

proc ::farmlock::Handle {h} {
    if {![string match ::farmlock::h* $h] || ![info exists $h]} {
        Fail USAGE "\"[Clean $h]\" is no lock that is held or waited for"
    }
}

# farmlock::with NAMES ?-option value ...? variable body
proc ::farmlock::with {names args} {
    set body [lindex $args end]
    upvar 1 [lindex $args end-1] h
    set h [lock $names {*}[lrange $args 0 end-2]]
    set mine $h
    set code [catch {uplevel 1 $body} value options]
    set lost [expr {[info exists $mine] ? [get $mine lost] : ""}]
    set text [expr {$lost ne "" ? [LossText $mine] : ""}]
    if {[info exists $mine]} {
        if {[catch {unlock $mine} failure failed] && $code == 0} {
            return -code error -errorcode [dict get $failed -errorcode] $failure
        }
    }
    if {$lost ne "" && $code == 0} {
        return -code error -errorcode [list FARMLOCK LOST $lost] $text
    }
    dict incr options -level
    return -options $options $value
}

# What has come meanwhile for a lock that is held, where no event loop has taken it.
proc ::farmlock::LookAfter {h} {
    upvar #0 $h s
    if {$s(held)} {
        Step $h
        set s(result) ""
        Arm $h
    }
}

# farmlock::get HANDLE WHAT
proc ::farmlock::get {h what} {
    Handle $h
    upvar #0 $h s
    LookAfter $h
    switch -- $what {
        names - held - lost - wait { return $s($what) }
        token { return [expr {$s(held) ? $s(token) : 0}] }
        owner { return $s(owner) }
        holdleft { return [expr {$s(limit) eq "" || !$s(held) ? "" : max(0, $s(limit) - [Now]) / 1000.0}] }
        default { Fail USAGE "\"[Clean $what]\" is none of names, held, lost, wait, token, owner, holdleft" }
    }
}

# farmlock::check HANDLE
proc ::farmlock::check {h} {
    Handle $h
    upvar #0 $h s
    LookAfter $h
    if {$s(held) && $s(phase) eq "held"} {
        set s(op) renew
        Begin $h 1 ""
    }
    if {$s(held)} {
        Drive $h
        Arm $h
    }
    if {$s(lost) ne ""} {
        return -code error -errorcode [list FARMLOCK LOST $s(lost)] [LossText $h]
    }
    return $s(held)
}

# farmlock::unlock HANDLE
proc ::farmlock::unlock {h} {
    Handle $h
    upvar #0 $h s
    variable answerMs
    if {!$s(held)} {
        return [cancel $h]
    }
    set is_there [expr {$s(phase) eq "held" && $s(chan) ne ""}]
    array set s [list held 0 op unlock phase answer endless 1 tries 0 result "" pending "" deadline "" \
        until [expr {[Now] + $answerMs}]]
    if {$is_there} {
        Ask $h
    } else {
        Search $h
    }
    # An event loop is not held up for a server that is away.
    if {!$is_there && $s(proto) == 2 && $s(-command) ne ""} {
        return [GiveBackLater $h]
    }
    set s(deadline) [expr {[Now] + 2 * $answerMs}]
    if {[catch {Drive $h} text options]} {
        if {[lindex [dict get $options -errorcode] 1] eq "UNREACHABLE"} {
            Search $h
            GiveBackLater $h
        } else {
            Forget $h
        }
        return -code error -errorcode [dict get $options -errorcode] $text
    }
    Forget $h
    return
}

proc ::farmlock::GiveBackLater {h} {
    upvar #0 $h s
    array set s [list deadline "" result "" pending ::farmlock::Forget]
    Arm $h
}

# farmlock::cancel HANDLE
proc ::farmlock::cancel {h} {
    Handle $h
    Leave $h
    Forget $h
    return
}
