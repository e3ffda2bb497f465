# Who calls Step of a request: a loop that waits for its end, or the event loop.
# Must not know what phases a request has but whether it connects, or is over.

# Until the request is over, without the event loop: nothing else runs meanwhile.  Returns its value.
proc ::farmlock::Drive {h} {
    upvar #0 $h s
    set pause 1
    while {$s(result) eq ""} {
        set pause [expr {[Step $h] ? 1 : min($pause * 2, 50)}]
        if {$s(result) eq ""} {
            after $pause
        }
    }
    return [TakeResult $h]
}

proc ::farmlock::TakeResult {h} {
    upvar #0 $h s
    lassign $s(result) kind value text
    set s(result) ""
    if {$kind eq "error"} {
        return -code error -errorcode [linsert $value 0 FARMLOCK] $text
    }
    return $value
}

# Has the event loop call Step when there is something to do.
proc ::farmlock::Arm {h} {
    upvar #0 $h s
    if {![info exists s]} {
        return
    }
    after cancel $s(timer)
    set s(timer) ""
    if {$s(phase) eq "idle"} {
        return
    }
    if {$s(chan) ne ""} {
        fileevent $s(chan) readable [list ::farmlock::OnEvent $h]
        fileevent $s(chan) writable [expr {$s(phase) eq "connecting" ? [list ::farmlock::OnEvent $h] : ""}]
    }
    foreach rival $s(rivals) {
        fileevent [lindex $rival 1] writable [expr {$s(phase) eq "connecting" ? [list ::farmlock::OnEvent $h] : ""}]
    }
    set next $s(until)
    set begin [NextDue $h]
    if {$begin ne "" && $begin < $next} {
        set next $begin
    }
    if {$s(deadline) ne "" && ($next eq "" || $s(deadline) < $next)} {
        set next $s(deadline)
    }
    if {$next ne ""} {
        set s(timer) [after [expr {max(1, $next - [Now])}] [list ::farmlock::OnEvent $h]]
    }
}

proc ::farmlock::OnEvent {h} {
    upvar #0 $h s
    Step $h
    if {[info exists s] && $s(result) ne ""} {
        set pending $s(pending)
        set s(pending) ""
        if {$pending eq ""} {
            set s(result) ""; # a session has come back, or not
        } else {
            $pending $h
        }
    }
    Arm $h
}
