# Questions, and what is done by name: status, giveback, break, list, json, ping.
# Must not wait for a lock.

proc ::farmlock::Question {op names given options} {
    set h [NewHandle [Options $options $given]]
    upvar #0 $h s
    array set s [list op $op asked $names rows {} blank 0 json ""]
    if {[catch {
        set s(owner) [Word [Or $s(-user) [OwnName]] user]
        Begin $h 0 ""
        Drive $h
    } value result]} {
        Forget $h
        return -code error -errorcode [dict get $result -errorcode] $value
    }
    Forget $h
    return $value
}

proc ::farmlock::AskQuestion {h} {
    upvar #0 $h s
    set lines [list "user $s(owner)" "locks [join $s(asked) { }]"]
    switch -- $s(op) {
        status { Send $h {*}$lines STATUS }
        break { Send $h {*}$lines BREAK_LOCK }
        giveback { Send $h {*}$lines {*}[ProcessLines $s(proto)] UNLOCK }
        list { Send $h LOCK_LIST }
        ping {
            set s(serverVersion) $s(version)
            Send $h {*}[expr {$s(proto) == 2 ? "WHOAMI" : ""}] VERSION
        }
        json {
            if {$s(proto) == 1} {
                return [Finish $h error UNSUPPORTED "the server at [Place $h] is a classic one, which has no JSON"]
            }
            Send $h LIST_JSON
        }
        pools {
            if {$s(proto) == 1} {
                return [Finish $h error UNSUPPORTED "the server at [Place $h] is a classic one, which knows no pools"]
            }
            Send $h "LIST_JSON pools"
        }
    }
}

proc ::farmlock::TakeQuestionLine {h word words} {
    upvar #0 $h s
    if {$s(raw) > 0} {
        return
    }
    switch -- $word {
        print_broke { lappend s(rows) [Clean [lindex $words 0]] }
        lock { lappend s(rows) [lindex $words 0] [lindex $words 1]; set s(blank) 0 }
        json { set s(raw) [expr {[string is digit -strict [lindex $words 0]] ? [lindex $words 0] + 1 : 0}] }
        whoami { set s(rows) [Clean [join $words]] }
        version {
            if {$s(op) eq "ping"} {
                lassign $s(at) host port
                Finish $h ok [dict create host $host version [Clean [lindex $words 0]] protocol $s(proto) \
                    known [Or $s(rows) claimed]]
            }
        }
        "" {
            # Two empty lines end a list, which may be empty.
            if {$s(op) eq "list" && [incr s(blank)] == 2} {
                Finish $h ok $s(rows)
            }
        }
    }
}

# JSON comes in so many bytes, of several lines.
proc ::farmlock::TakeRaw {h line} {
    upvar #0 $h s
    append s(json) $line "\n"
    if {[string length $s(json)] >= $s(raw)} {
        set s(raw) 0
        set text [string range $s(json) 0 end-1]
        catch {set text [encoding convertfrom utf-8 $text]}
        Finish $h ok $text
    }
}

proc ::farmlock::TakeQuestionAnswer {h status} {
    upvar #0 $h s
    if {[dict get $status error] ne ""} {
        return [RefusedOrLater $h $status]
    }
    switch -- $s(op) {
        status {
            set left [dict get $status holdleft]
            dict set status holdleft [expr {$left ne "" ? $left / 1000.0 : ""}]
            Finish $h ok [dict remove $status code error blank]
        }
        break { Finish $h ok $s(rows) }
        giveback { Finish $h ok "" }
    }
}

# farmlock::status NAMES ?-user U? ?-hosts H? ?-port P?
proc ::farmlock::status {names args} {
    return [Question status [Names $names] $args {-user "" -hosts "" -port ""}]
}

# farmlock::giveback NAMES -user U ?-hosts H? ?-port P?
proc ::farmlock::giveback {names args} {
    return [Question giveback [Names $names] $args {-user "" -hosts "" -port ""}]
}

# farmlock::breaklock NAMES ?-hosts H? ?-port P?
proc ::farmlock::breaklock {names args} {
    return [Question break [Names $names] $args {-hosts "" -port ""}]
}

# farmlock::locks ?-hosts H? ?-port P?
proc ::farmlock::locks {args} {
    return [Question list {} $args {-hosts "" -port ""}]
}

# farmlock::json ?-pools 1? ?-hosts H? ?-port P?
proc ::farmlock::json {args} {
    array set given $args
    set pools [expr {[info exists given(-pools)] && $given(-pools)}]
    unset -nocomplain given(-pools)
    return [Question [expr {$pools ? "pools" : "json"}] {} [array get given] {-hosts "" -port ""}]
}

# farmlock::ping ?-hosts H? ?-port P?
proc ::farmlock::ping {args} {
    return [Question ping {} $args {-hosts "" -port ""}]
}
