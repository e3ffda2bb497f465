# One request of a handle, from finding a server to the last line of its answer, without blocking.
# Must not know what requests mean: that is in lock.tcl and ask.tcl.
#
# A handle is an array ::farmlock::hN.  Its `phase` is idle, pause, connecting, handshake, answer,
# waiting or held; Step does what can be done now, and `until` says when it is to be called at the
# latest (milliseconds, "" for never): see drive.tcl.

namespace eval ::farmlock {
    variable count 0
    # proofMs: while a credential is checked, as the server's munged may be busy, or hang.
    variable answerMs 5000 proofMs 60000 lookMs 60000 lineMax 65536
}

proc ::farmlock::Now {} {
    return [clock milliseconds]
}

proc ::farmlock::NewHandle {options} {
    variable count
    set h ::farmlock::h[incr count]
    upvar #0 $h s
    array set s {phase idle chan "" until "" timer "" proto 1 key "" seal 0 unproven "" proving 0 tries 0 putOffs 0 later 0 home {}
        told "" at "" endless 0 deadline "" result "" queued 0 number "" held 0 refusal ""
        names {} token 0 lost "" limit "" warned 0 wait {} version "" pending "" raw 0 op "" faultText "" -notice "" -user ""
        -hosts "" -port "" cluster "" homeCluster "" pulsed 0 pulse "" rivals {} round {} inTurn 0 begun 0 turn 0 next ""}
    array set s $options
    if {[catch {
        set s(conf) [Conf]
        set s(hosts) [Servers $s(conf) $s(-hosts) $s(-port)]
    } text]} {
        unset s
        Fail USAGE $text
    }
    return $h
}

proc ::farmlock::Forget {h} {
    upvar #0 $h s
    Hangup $h
    after cancel $s(timer)
    DropName $s(number)
    unset -nocomplain s
}

proc ::farmlock::Tell {h kind text} {
    upvar #0 $h s
    if {$s(-notice) ne ""} {
        uplevel #0 [linsert $s(-notice) end $kind $text]
    }
}

# ---- a connection ----------------------------------------------------------------------------

proc ::farmlock::Hangup {h} {
    EndRace $h
    Drop $h
}

proc ::farmlock::Drop {h} {
    upvar #0 $h s
    if {$s(chan) ne ""} {
        catch {fileevent $s(chan) readable {}}
        catch {fileevent $s(chan) writable {}}
        catch {close $s(chan)}
        set s(chan) ""
    }
    array set s {key "" proving 0 proto 1 status "" raw 0 version "" cluster "" pulsed 0}
}

proc ::farmlock::Send {h args} {
    upvar #0 $h s
    set bytes ""
    foreach line $args {
        append bytes [Sealed $h [encoding convertto utf-8 $line]]
    }
    # What is wrong with it, the next line will say.
    catch {
        puts -nonewline $s(chan) $bytes
        flush $s(chan)
    }
}

# Begins to connect.  Tcl knows no UNIX sockets: another program stands between.
proc ::farmlock::Open {h host port} {
    upvar #0 $h s
    if {$port ne ""} {
        # What localhost is, no name service need know (RFC 6761).
        if {[catch {socket -async $host $port} s(chan) options]} {
            set failed $s(chan)
            set s(chan) ""
            if {$host ne "localhost"} {
                return -options $options $failed
            }
            set s(chan) [socket -async 127.0.0.1 $port]
        }
    } elseif {[auto_execok socat] ne ""} {
        set s(chan) [open [list | socat - UNIX-CONNECT:$host 2>@1] r+]
    } elseif {[auto_execok nc] ne ""} {
        set s(chan) [open [list | nc -U $host 2>@1] r+]
    } else {
        error "Tcl has no UNIX sockets: install socat, or name a host"
    }
    fconfigure $s(chan) -blocking 0 -translation binary -buffering full
}

# The next line; returns 0 when there is none yet.  An error: there will be none.
proc ::farmlock::ReadLine {h variable} {
    upvar #0 $h s
    upvar 1 $variable line
    variable lineMax
    if {[catch {gets $s(chan) line} got]} {
        error "it closed the connection"
    }
    if {$got < 0} {
        if {[eof $s(chan)]} {
            error "it closed the connection"
        }
        if {$s(raw) == 0 && [chan pending input $s(chan)] > $lineMax} {
            error "what it says has no end"
        }
        return 0
    }
    if {$s(raw) == 0} {
        set line [string trimright $line "\r"]
        catch {set line [encoding convertfrom utf-8 $line]}
    }
    return 1
}

# ---- from server to server ---------------------------------------------------------------------

# Begins a request: `endless` where it goes on for as long as that takes.  Of several hosts, another one
# may come to serve: who wants to wait for a lock tries for half a minute.
proc ::farmlock::Begin {h endless deadline} {
    upvar #0 $h s
    set waits [expr {$s(op) eq "lock" && $s(timeout) ne "0"}]
    array set s [list endless $endless deadline $deadline tries 0 putOffs 0 result "" told "" queued 0 \
        waits $waits asked_at [Now] most [expr {$waits && [llength $s(hosts)] > 1 ? 8 : 3}]]
    Search $h
}

proc ::farmlock::Search {h} {
    upvar #0 $h s
    Hangup $h
    set alone [expr {[llength $s(home)] > 0 && $s(homeCluster) eq ""}]
    array set s [list round [expr {$alone ? $s(home) : $s(hosts)}] faults {} refusal "" later 0 begun 0 inTurn 0]
    NextHost $h
}

proc ::farmlock::Place {h} {
    upvar #0 $h s
    return [PlaceOf {*}$s(at)]
}

proc ::farmlock::PlaceOf {host port} {
    if {$port eq ""} {
        return [Clean $host]
    }
    return [Clean [expr {[string first : $host] < 0 ? "$host:$port" : "\[$host\]:$port"}]]
}

proc ::farmlock::Fault {h text} {
    upvar #0 $h s
    Drop $h
    lappend s(faults) "[Place $h] ([Clean $text])"
}

# No server of this round is one: pauses, or gives up.
proc ::farmlock::EndRound {h} {
    upvar #0 $h s
    set text "no lockerd answers at [join $s(faults) {, }]"
    set s(faultText) $text
    if {!$s(endless) && $s(refusal) ne ""} {
        return [Finish $h error {*}$s(refusal)]
    }
    if {$s(later) && $s(waits)} {
        return [PutOff $h $text]
    }
    incr s(tries)
    if {!$s(endless) && $s(tries) >= $s(most)} {
        return [Finish $h error UNREACHABLE "$text; start one there, or name another in IPCLOCKER_HOST or\
            /etc/farmlock/client.conf"]
    }
    Pause $h $text
}

# A server is there, and asks to come back: who waits for a lock waits for that, too.
proc ::farmlock::PutOff {h text} {
    upvar #0 $h s
    incr s(putOffs)
    set s(faultText) $text
    Pause $h $text
}

proc ::farmlock::Pause {h text} {
    upvar #0 $h s
    set growth [expr {pow(1.5, min($s(tries) + $s(putOffs), 12))}]
    set pause [expr {$s(endless) ? min(100 * $growth, 5000) : min(1000 * $growth / 1.5, 60000)}]
    set pause [expr {int($pause * (0.75 + 0.5 * rand()))}]
    Hangup $h
    set s(phase) pause
    set s(until) [expr {[Now] + $pause}]
    if {$text ne $s(told)} {
        set s(told) $text
        Tell $h retry [format "%s; trying again in %.1f s" $text [expr {$pause / 1000.0}]]
    }
}

# The connection is of no use any more.  Who was in the queue, or holds the lock, goes on for as long
# as that takes, at the same server.
proc ::farmlock::Gone {h text} {
    upvar #0 $h s
    set phase $s(phase)
    # What is closed with an error has no empty lines behind that.
    if {$phase ne "handshake" && $s(status) ne "" && [dict get $s(status) error] ne ""} {
        dict set s(status) blank 1
        return [TakeStatus $h "" ""]
    }
    if {$phase in {connecting handshake}} {
        Fault $h $text
        return [NextHost $h]
    }
    set text "the lockerd at [Place $h]: [Clean $text]"
    set s(faultText) $text
    if {$phase eq "held"} {
        return [ComeBack $h]
    }
    if {$s(queued)} {
        set s(endless) 1
    }
    if {[IsLast $h]} {
        return [Finish $h error UNREACHABLE $text]
    }
    Pause $h $text
}

# Ends a request: `kind` is ok, with a value, or error, with what stands behind FARMLOCK in the
# errorcode, and a text.
proc ::farmlock::Finish {h kind args} {
    upvar #0 $h s
    set s(phase) [expr {$s(held) ? "held" : "idle"}]
    set s(until) ""
    set s(result) [linsert $args 0 $kind]
    if {$s(phase) eq "idle"} {
        Hangup $h
    }
}

# ---- steps -----------------------------------------------------------------------------------------

# Does what can be done without waiting, but not for long.  True if that was anything.
proc ::farmlock::Step {h} {
    upvar #0 $h s
    set did 0
    while {$did < 64 && [info exists s] && $s(result) eq "" && [StepOnce $h]} {
        incr did
    }
    return $did
}

proc ::farmlock::StepOnce {h} {
    upvar #0 $h s
    if {$s(deadline) ne "" && [Now] >= $s(deadline)} {
        TimeOut $h
        return 1
    }
    switch -- $s(phase) {
        idle { return 0 }
        pause { set done [expr {[Now] >= $s(until)}]; if {$done} { Search $h }; return $done }
        connecting { return [StepConnecting $h] }
    }
    if {[catch {ReadLine $h line} got]} {
        Gone $h $got
        return 1
    }
    if {$got} {
        if {$s(phase) in {handshake answer} && [Now] > $s(until)} {
            Gone $h "what it says has no end"
        } else {
            Take $h $line
        }
        return 1
    }
    if {$s(until) eq "" || [Now] < $s(until)} {
        return 0
    }
    Overdue $h
    return 1
}

proc ::farmlock::BeginHandshake {h} {
    upvar #0 $h s
    variable answerMs
    array set s [list phase handshake proto 1 status "" offer "" until [expr {[Now] + $answerMs}]]
    Send $h "proto 2" {*}[expr {[WantsProof $h] ? "auth" : ""}] VERSION
}

# Nothing has come in time.
proc ::farmlock::Overdue {h} {
    upvar #0 $h s
    variable pulseMs
    if {$s(phase) eq "held" && ($s(pulse) eq "" || [Now] < $s(pulse))} {
        return [WarnOfLimit $h]
    }
    if {$s(pulsed) && [HasOthers $h]} {
        Avoid $h
        return [Gone $h "it does not answer"]
    }
    if {$s(phase) in {waiting held}} {
        if {$s(proto) == 2} {
            Send $h QUEUE
            set s(pulsed) 1
        }
        if {$s(phase) eq "held"} {
            set s(pulse) [expr {[Now] + $pulseMs}]
            return [SetWarning $h]
        }
        set s(until) [expr {[Now] + [SilenceMs $h]}]
        return
    }
    if {$s(homeCluster) ne ""} {
        Avoid $h
    }
    Gone $h "it does not answer"
}

proc ::farmlock::Take {h line} {
    upvar #0 $h s
    if {$s(phase) eq "handshake"} {
        return [ShakeHands $h $line]
    }
    if {$s(raw) > 0} {
        return [TakeRaw $h $line]
    }
    set s(pulsed) 0
    if {$s(phase) eq "held"} {
        SetPulse $h
    }
    if {$s(proving)} {
        set s(proving) 0
        AwaitAnswer $h
    }
    # A status is taken whole.
    set word [lindex [split $line] 0]
    if {$s(status) ne "" || $word in {owner locked error-code error}} {
        return [TakeStatus $h $word [string range $line [string length $word]+1 end]]
    }
    TakeLine $h $word [lrange [split $line] 1 end]
}

proc ::farmlock::ShakeHands {h line} {
    upvar #0 $h s
    set words [split $line]
    switch -- [lindex $words 0] {
        proto { set s(proto) 2; return }
        auth { set s(offer) $words; return }
        cluster {
            if {[regexp {^cluster ([A-Za-z0-9-]{1,64})$} $line all id] && $s(proto) == 2} {
                set s(cluster) $id
            }
            return
        }
        error-code { set s(status) [lindex $words 1]; return }
        error {
            set text "the server at [Place $h] refuses: [Clean [string range $line 6 end]]"
            if {$s(status) in {"" later proof-later}} {
                set s(later) 1
            } else {
                set s(refusal) [list [list REFUSED $s(status)] $text]
            }
            return [Gone $h [string range $line 6 end]]
        }
        version { set s(version) [lindex $words 1]; return }
        "" { }
        default { return [expr {$s(proto) == 2 ? "" : [Gone $h "what answers there is no lockerd"]}] }
    }
    if {$s(version) eq ""} {
        return [Gone $h "what answers there is no lockerd"]
    }
    # One of another cluster knows nothing of a lock, and is told nothing.
    if {[llength $s(home)] > 0 && $s(homeCluster) ne "" && $s(cluster) ne $s(homeCluster)} {
        return [Gone $h [expr {$s(cluster) ne "" ? "it is of another cluster" : "it is of no cluster"}]]
    }
    if {[AwaitEarlier $h]} {
        return
    }
    set faults [concat $s(faults) [Earlier $h]]
    EndRace $h
    if {[lindex $s(offer) 1] eq "munge" && [llength $s(offer)] > 3} {
        Prove $h [lindex $s(offer) 2] [lindex $s(offer) 3]
    }
    if {[llength $faults] > 0 && $s(told) eq "" && $s(cluster) eq ""} {
        Tell $h second "asking [Place $h], as no lockerd answers at [join $faults {, }]"
    }
    array set s {status "" phase answer}
    AwaitAnswer $h
    Ask $h
}

# How long the next line of an answer may take.
proc ::farmlock::AwaitAnswer {h} {
    upvar #0 $h s
    variable answerMs
    variable proofMs
    variable lookMs
    if {$s(phase) eq "answer"} {
        set s(until) [expr {[Now] + ($s(proving) ? $proofMs : $s(op) in {list json pools} ? $lookMs : $answerMs)}]
    }
}

# What was asked is answered, perhaps by one that was away.
proc ::farmlock::Answered {h} {
    upvar #0 $h s
    if {$s(told) ne ""} {
        set s(told) ""
        Tell $h retry "the lockerd at [Place $h] answers again"
    }
}

proc ::farmlock::TakeStatus {h word rest} {
    upvar #0 $h s
    if {$s(status) eq ""} {
        set s(status) [dict create owner "" locked 0 names {} token "" holdleft "" code "" error "" blank 0]
    }
    switch -- $word {
        owner - error { dict set s(status) $word [Clean $rest] }
        locked { dict set s(status) locked [expr {$rest eq "1"}] }
        lockname { dict lappend s(status) names $rest }
        token { dict set s(status) token [expr {[string is digit -strict $rest] ? $rest : ""}] }
        hold-left { dict set s(status) holdleft [expr {[string is digit -strict $rest] ? $rest : ""}] }
        error-code { dict set s(status) code [Clean $rest] }
        "" { dict incr s(status) blank }
    }
    if {[llength [dict get $s(status) names]] > 1024} {
        return [Gone $h "what it says has no end"]
    }
    if {[dict get $s(status) blank] == 2} {
        set status $s(status)
        set s(status) ""
        if {[dict get $status error] ne "" && [dict get $status code] eq ""} {
            dict set status code [expr {[string match "*try again later" [dict get $status error]] ? "later" : "refused"}]
        }
        TakeAnswer $h $status
    }
}
