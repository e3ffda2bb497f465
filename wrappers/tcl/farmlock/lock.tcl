# Getting a lock, waiting for it, keeping it and giving it back: what is asked, and what answers mean.
# Must not take more than was asked for, whatever the server says.

proc ::farmlock::TakeOwner {h} {
    upvar #0 $h s
    if {$s(-user) ne ""} {
        set s(owner) [Word $s(-user) user]
    } else {
        lassign [TakeName] s(number) s(owner)
    }
}

# Who waits for what it holds itself waits for ever.
proc ::farmlock::LookInside {h} {
    upvar #0 $h s
    set mine {}
    foreach other [info vars ::farmlock::h*] {
        if {[array exists $other] && [set ${other}(held)]} {
            lappend mine {*}[set ${other}(names)]
        }
    }
    foreach group $s(groups) {
        lassign $group names count
        set left 0
        foreach name $names {
            incr left [expr {$name ni $mine}]
        }
        if {$s(timeout) ne "0" && $left < $count && $left < [llength $names]} {
            Fail {REFUSED own} "[Wanted $h] would wait for itself: it is held here already"
        }
    }
}

proc ::farmlock::Wanted {h} {
    upvar #0 $h s
    set parts {}
    foreach group $s(groups) {
        lassign $group names count
        lappend parts [expr {$count > 1 ? "$count of " : ""}][join $names :]
    }
    return [Clean [join $parts " and "]]
}

proc ::farmlock::OwnerLines {h} {
    upvar #0 $h s
    set lines [list "user $s(owner)" "timeout $s(hold)" "autounlock 1" {*}[ProcessLines $s(proto)]]
    if {$s(proto) == 2} {
        lappend lines {*}$s(words) "session 1"
    }
    return $lines
}

proc ::farmlock::DemandLines {h} {
    upvar #0 $h s
    set lines {}
    foreach group $s(groups) {
        lassign $group names count
        lappend lines "[expr {[llength $lines] ? "and" : "locks"}] [join $names { }]"
        if {$count != 1} {
            lappend lines "count $count"
        }
    }
    if {$s(proto) == 2} {
        lappend lines "why 1"
    }
    lappend lines "block [expr {$s(timeout) ne "0"}]"
    return [concat [OwnerLines $h] $lines]
}

# A server is there: says what is wanted of it.
proc ::farmlock::Ask {h} {
    upvar #0 $h s
    switch -- $s(op) {
        lock {
            if {$s(proto) == 1
                && ([llength $s(groups)] > 1 || [lindex $s(groups) 0 1] != 1 || $s(keep) > 0)} {
                return [Finish $h error UNSUPPORTED "the server at [Place $h] is a classic one, which\
                    knows neither counts nor several groups, and keeps nothing; ask for one of one list"]
            }
            Send $h {*}[DemandLines $h] LOCK
        }
        renew {
            Send $h {*}[OwnerLines $h] "locks [join $s(names) { }]"
            if {$s(proto) == 2} {
                Send $h "count [llength $s(names)]" "RENEW $s(token)"
            } else {
                Send $h STATUS
            }
        }
        unlock {
            Send $h "user $s(owner)" "locks [join $s(names) { }]" {*}[ProcessLines $s(proto)] UNLOCK
        }
        default { AskQuestion $h }
    }
}

# A line that belongs to no status.
proc ::farmlock::TakeLine {h word words} {
    upvar #0 $h s
    switch -- $s(op) {
        lock - renew - unlock { }
        default { return [TakeQuestionLine $h $word $words] }
    }
    if {$word eq "lost" && $s(held) && [lindex $words 0] eq $s(token)} {
        return [Lose $h [Clean [lindex $words 1]]]
    }
    if {$word eq "extended" && $s(held) && [lindex $words 0] eq $s(token)} {
        return [Extended $h [lindex $words 1]]
    }
    if {$s(op) ne "lock" || $s(held)} {
        return
    }
    if {$word in {print_waiting queue why} && $s(timeout) ne "0"} {
        NotePlace $h $word $words
    } elseif {$word eq "autounlock_check"} {
        Report $h $words
    }
}

proc ::farmlock::NotePlace {h word words} {
    upvar #0 $h s
    switch -- $word {
        print_waiting {
            Answered $h
            Settle $h
            array set s [list queued 1 phase waiting tries 0 toldWait 0]
            set s(wait) [list holder [Clean [lindex $words 0]] place 0 lock "" held "" why ""]
        }
        queue {
            if {[llength $words] < 4} { return }
            lassign $words place held lock holder
            dict set s(wait) place [Clean $place]
            dict set s(wait) lock [Clean $lock]
            dict set s(wait) holder [Clean $holder]
            dict set s(wait) held [expr {[string is digit -strict $held] ? $held / 1000.0 : ""}]
        }
        why {
            if {[llength $words] >= 10 && [lindex $words 0] ne "seats"} {
                lassign $words why name a b place of rule value line
                dict set s(wait) why [Clean "$why $a/$b of $name ([join [lrange $words 9 end] { }]:$line)"]
            }
        }
    }
    set s(until) [expr {[Now] + [SilenceMs $h]}]
    # Of ours a line with the place follows, and one with the reason where it was asked for.
    if {!$s(toldWait) && ($s(proto) == 1 || $word eq "why" || ($word eq "queue"
        && [chan pending input $s(chan)] == 0))} {
        set s(toldWait) 1
        set where [dict get $s(wait) place]
        set why [dict get $s(wait) why]
        set held [dict get $s(wait) held]
        Tell $h waiting "waiting for [Wanted $h], held by [dict get $s(wait) holder][expr {
            $held ne "" ? [format { for %.1f s} $held] : ""}][expr {
            $where ne "0" ? "; place $where in the queue" : ""}][expr {$why ne "" ? "; $why" : ""}]"
    }
}

# Looks whether an owner on this host lives, where the server asks for that.  A classic server reads
# nothing of who waits, so that only what does not wait can report to it.
proc ::farmlock::Report {h words} {
    upvar #0 $h s
    lassign $words name host pid two start
    if {![string is digit -strict $pid] || [file exists /proc/$pid] && ($start eq "" || $start == 0
        || [StartOf $pid] in [list 0 $start])} {
        return
    }
    if {$s(proto) == 2 && [string is digit -strict $start] && $start > 0} {
        set s(news) 1
        Send $h "DEAD_PROCESS $pid $start"
    } elseif {$s(proto) == 1 && $s(timeout) eq "0" && [string equal -nocase $host [HostName]]
        && [Namespace] in {0 4026531836}} {
        set s(news) 1
        Send $h "DEAD_PID $host $pid"
    }
}

# A status that answers what was asked.
proc ::farmlock::TakeAnswer {h status} {
    upvar #0 $h s
    set error [dict get $status error]
    set code [dict get $status code]
    set later [expr {$code in {later proof-later proof-required proof-clock proof-invalid}}]
    switch -- $s(op) {
        lock {
            if {$s(held)} { return }
            if {[dict get $status locked] && $error eq ""} {
                return [TakeGrant $h $status]
            } elseif {$s(news)} {
                set s(news) 0
                return [Send $h LOCK]
            } elseif {$error ne "" && $s(queued) && $code in {later proof-later}} {
                return [Gone $h $error]
            } elseif {$error ne ""} {
                return [RefusedOrLater $h $status]
            } elseif {$s(timeout) ne "0"} {
                return [Finish $h error CANCELLED "the wait for [Wanted $h] was ended by somebody else"]
            }
            if {$s(proto) == 1} {
                Send $h UNLOCK EOF; # it has queued us all the same
            }
            set owner [dict get $status owner]
            Finish $h error BUSY "[Wanted $h] is not free[expr {$owner ne "" ? "; it is held by $owner" : ""}]"
        }
        renew {
            set names [dict get $status names]
            if {[dict get $status locked] && $error eq "" && [lsort $names] eq [lsort $s(names)]} {
                return [Keep $h $status]
            } elseif {$error ne "" && $later} {
                return [Pause $h "the lockerd at [Place $h]: $error"]
            }
            Lose $h unknown
        }
        unlock {
            if {$error ne "" && $code in {later proof-later}} {
                return [Pause $h "the lockerd at [Place $h]: $error"]
            } elseif {$error ne ""} {
                return [Refused $h $status]
            }
            Send $h EOF
            Answered $h
            Finish $h ok ""
        }
        default { TakeQuestionAnswer $h $status }
    }
}

# Who waits for a lock comes back as often as the server asks for it; others some times where it has closed
# the connection, and not at all where it serves on.
proc ::farmlock::RefusedOrLater {h status} {
    upvar #0 $h s
    set text "the lockerd at [Place $h]: [dict get $status error]"
    if {[dict get $status code] ni {later proof-later}} {
        return [Refused $h $status]
    } elseif {$s(waits)} {
        return [PutOff $h $text]
    } elseif {($s(chan) ne "" && ![eof $s(chan)]) || [IsLast $h]} {
        return [Refused $h $status]
    }
    Pause $h $text
}

proc ::farmlock::Refused {h status} {
    upvar #0 $h s
    set text "the server at [Place $h] refuses: [dict get $status error]"
    if {[dict get $status code] eq "proof-required"} {
        append text "; no credential was given, as [Or $s(unproven) [NoProof $h]]"
    }
    Finish $h error [list REFUSED [dict get $status code]] $text
}

# Whether a grant is of what was asked for.  A name that stands alone may be a pool's, of which seats
# are granted, with names of their own.
proc ::farmlock::IsWanted {h names} {
    upvar #0 $h s
    set seats 0
    set needed 0
    set all {}
    foreach group $s(groups) {
        lassign $group wanted count
        incr needed $count
        lappend all {*}$wanted
        set got 0
        foreach name $names {
            incr got [expr {$name in $wanted}]
        }
        if {$got == 0 && $s(proto) == 2 && [llength $wanted] == 1} {
            incr seats $count
        } elseif {$got < $count} {
            return 0
        }
    }
    foreach name $names {
        incr seats [expr {$name in $all ? 0 : -1}]
    }
    return [expr {$seats == 0 && [llength $names] == $needed && [llength [lsort -unique $names]] == $needed}]
}

proc ::farmlock::TakeGrant {h status} {
    upvar #0 $h s
    if {![IsWanted $h [dict get $status names]]} {
        Leave $h
        return [Finish $h error {REFUSED refused} "the server at [Place $h] granted something else than was asked for"]
    }
    Keep $h $status
    if {$s(queued)} {
        Tell $h obtained [format "obtained %s after %.1f s" [Clean [join $s(names)]] [expr {([Now] - $s(began)) / 1000.0}]]
    }
}

proc ::farmlock::Keep {h status} {
    upvar #0 $h s
    set left [dict get $status holdleft]
    if {$s(proto) == 1 && $s(hold) > 0} {
        set left [expr {$s(hold) * 1000}]
    }
    Settle $h
    array set s [list held 1 names [dict get $status names] deadline "" wait {} op lock \
        limit [expr {$left ne "" ? [Now] + $left : ""}] queued [expr {$s(queued) && $s(op) eq "lock"}]]
    if {[dict get $status token] ne ""} {
        set s(token) [dict get $status token]
    }
    Answered $h
    if {$s(proto) == 1} {
        Send $h EOF; # it wants a connection for each request
        Hangup $h
    }
    Finish $h ok $h
    SetPulse $h
}

# Something was heard of the server where we hold.
proc ::farmlock::SetPulse {h} {
    upvar #0 $h s
    variable pulseMs
    set s(pulse) [expr {[HasOthers $h] && $s(chan) ne "" ? [Now] + $pulseMs : ""}]
    SetWarning $h
}

proc ::farmlock::SetWarning {h} {
    upvar #0 $h s
    set warns [expr {$s(warn) ne "" && $s(limit) ne "" && !$s(warned)}]
    set s(until) [expr {$warns ? $s(limit) - $s(warn) : ""}]
    if {$s(pulse) ne "" && ($s(until) eq "" || $s(pulse) < $s(until))} {
        set s(until) $s(pulse)
    }
}

# Somebody has put the hold limit off, or it was told anew.
proc ::farmlock::Extended {h ms} {
    upvar #0 $h s
    if {![string is digit -strict $ms]} {
        return
    }
    set s(limit) [expr {[Now] + $ms}]
    set s(warned) 0
    SetWarning $h
}

proc ::farmlock::WarnOfLimit {h} {
    upvar #0 $h s
    set s(warned) 1
    SetWarning $h
    Tell $h hold-left [format "%s will be taken back in %.0f s" [Clean [join $s(names)]] \
        [expr {max(0, $s(limit) - [Now]) / 1000.0}]]
}

# A session whose connection is lost is taken up again, at the server that has granted the lock.
proc ::farmlock::ComeBack {h} {
    upvar #0 $h s
    set s(op) renew
    Begin $h 1 ""
}

proc ::farmlock::LossText {h} {
    upvar #0 $h s
    array set reasons {
        broken "it was broken, as by lockersh --break"
        hold-limit "it was held as long as it may be"
        dead "its owner was reported dead"
        job-end "its job was reported to have ended"
        unknown "it was taken away while the server was not reached"
    }
    set why "the server has taken it back"
    catch {set why $reasons($s(lost))}
    return "the lock [Clean [join $s(names)]] was lost: $why"
}

proc ::farmlock::Lose {h reason} {
    upvar #0 $h s
    array set s [list lost [Or $reason unknown] held 0 deadline ""]
    DropName $s(number)
    set s(number) ""
    set asked [expr {$s(op) eq "renew"}]
    Finish $h ok ""
    if {!$asked} {
        set s(result) ""
    }
    Tell $h lost [LossText $h]
}

# The caller's limit is over.
proc ::farmlock::TimeOut {h} {
    upvar #0 $h s
    set s(deadline) ""
    if {$s(op) eq "unlock"} {
        return [Finish $h error UNREACHABLE "no lockerd answers at [Place $h]; [Clean [join $s(names)]]\
            is given back when it does, where an event loop runs, or at the end of this process"]
    }
    set holder ""
    catch {set holder [dict get $s(wait) holder]}
    if {!$s(queued)} {
        Leave $h
        set text [Or $s(faultText) "no lockerd answers at [Place $h]"]
        return [Finish $h error UNREACHABLE "$text, and there is no more time"]
    }
    Leave $h
    Finish $h error TIMEOUT "[Wanted $h] was not free in time[expr {$holder ne "" ? "; it is held by $holder" : ""}]"
}

# Leaves the queue, and gives back what was granted meanwhile.
proc ::farmlock::Leave {h} {
    upvar #0 $h s
    if {$s(chan) ne "" && $s(phase) in {answer waiting}} {
        Send $h CANCEL UNLOCK EOF
        # What is left unread would make close(2) reset the connection.
        catch {read $s(chan)}
    }
}
