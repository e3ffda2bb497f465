# Who is asking: credentials by munge(1), and the seals of "Proofs" in lockerd-protocol(7).
# Must not show a key to other processes, as in the words of a command.

namespace eval ::farmlock {
    variable makingMs 2000
}

# SipHash-2-4: the key as two numbers, the data as bytes.
proc ::farmlock::SipHash {key data} {
    set m 0xffffffffffffffff
    lassign $key low high
    set a [expr {$low ^ 0x736f6d6570736575}]
    set b [expr {$high ^ 0x646f72616e646f6d}]
    set c [expr {$low ^ 0x6c7967656e657261}]
    set d [expr {$high ^ 0x7465646279746573}]
    set len [string length $data]
    append data [string repeat \0 [expr {7 - $len % 8}]] [binary format c [expr {$len & 255}]]
    binary scan $data wu* words
    foreach word [linsert $words end ""] {
        if {$word eq ""} {
            set c [expr {$c ^ 255}]
        } else {
            set d [expr {$d ^ $word}]
        }
        for {set i [expr {$word eq "" ? 4 : 2}]} {$i > 0} {incr i -1} {
            set a [expr {($a + $b) & $m}]
            set c [expr {($c + $d) & $m}]
            set b [expr {(($b << 13 | $b >> 51) & $m) ^ $a}]
            set d [expr {(($d << 16 | $d >> 48) & $m) ^ $c}]
            set a [expr {($a << 32 | $a >> 32) & $m}]
            set c [expr {($c + $b) & $m}]
            set a [expr {($a + $d) & $m}]
            set b [expr {(($b << 17 | $b >> 47) & $m) ^ $c}]
            set d [expr {(($d << 21 | $d >> 43) & $m) ^ $a}]
            set c [expr {($c << 32 | $c >> 32) & $m}]
        }
        if {$word ne ""} {
            set a [expr {$a ^ $word}]
        }
    }
    return [expr {$a ^ $b ^ $c ^ $d}]
}

# How to prove who is asking, and who says so.
proc ::farmlock::Auth {h} {
    upvar #0 $h s
    if {[Env IPCLOCKER_AUTH] in {auto munge none}} {
        return [list [Env IPCLOCKER_AUTH] IPCLOCKER_AUTH]
    }
    return [lrange [ConfFind $s(conf) auth] 1 2]
}

proc ::farmlock::MungeSocket {h} {
    upvar #0 $h s
    return [Or [Env IPCLOCKER_MUNGE_SOCKET] [lindex [ConfFind $s(conf) munge-socket] 1]]
}

proc ::farmlock::WantsProof {h} {
    set mode [lindex [Auth $h] 0]
    return [expr {$mode eq "munge" || ($mode ne "none"
        && [file exists [Or [MungeSocket $h] /run/munge/munge.socket.2]])}]
}

proc ::farmlock::NoProof {h} {
    lassign [Auth $h] mode where
    if {$mode eq "none"} {
        return [expr {$where eq "IPCLOCKER_AUTH" ? "$where is none" : "auth is none in $where"}]
    }
    return "munge is not there"
}

# What munge(1) makes of a payload, or an error that says why nothing.  It tries for long where munged hangs:
# it is left alone then.
proc ::farmlock::Credential {h command payload} {
    upvar #0 $h s
    variable makingMs
    set end [expr {[Now] + $makingMs}]
    if {$s(deadline) ne "" && $s(deadline) < $end} {
        set end $s(deadline)
    }
    set chan [open [concat | [list {*}$command << $payload 2>@1]] r]
    fconfigure $chan -blocking 0
    set text ""
    set pause 1
    while {1} {
        append text [read $chan]
        if {[eof $chan]} {
            break
        }
        if {[Now] >= $end} {
            close $chan; # does not wait for it
            error "munged is silent"
        }
        after $pause
        set pause [expr {min(2 * $pause, 20)}]
    }
    fconfigure $chan -blocking 1
    if {[catch {close $chan} why]} {
        error [Or $text $why]
    }
    return [string trim $text]
}

# Proves who is asking on the connection of a handle, where a credential can be had: a server that
# wants one says so.
proc ::farmlock::Prove {h nonce reader} {
    upvar #0 $h s
    set random [open /dev/urandom r]
    fconfigure $random -translation binary -buffersize 16
    set key [read $random 16]
    close $random
    binary scan $key H* keyText
    set command [list munge --restrict-uid=$reader]
    if {[MungeSocket $h] ne ""} {
        lappend command --socket=[MungeSocket $h]
    }
    if {[catch {Credential $h $command "farmlock-1 $nonce $keyText"} credential]} {
        set s(unproven) "munge: [Clean [lindex [split $credential "\n"] 0]]"
        return
    }
    Send $h "proof munge $credential"
    binary scan $key wuwu low high
    array set s [list proving 1 key [list $low $high]]
    set s(seal) [SipHash $s(key) [binary format H* $nonce]]
}

# A line as it is sent: behind its seal, where there is a proof and the server wants one for it.
proc ::farmlock::Sealed {h bytes} {
    upvar #0 $h s
    if {$s(key) eq ""} {
        return $bytes\n
    }
    set signed [expr {$s(seal) >> 63 ? $s(seal) - (1 << 64) : $s(seal)}]
    set s(seal) [SipHash $s(key) [binary format w $signed]$bytes]
    set words {LOCK UNLOCK RENEW BREAK_LOCK DEAD_PID}
    # An older server reads no seal while a LOCK waits.
    if {"urgent" in [lrange $s(offer) 4 end]} {
        lappend words INSIDE CANCEL DEAD_PROCESS
    }
    if {[lindex [split $bytes] 0] in $words} {
        return [format "seal %016llx\n%s\n" $s(seal) $bytes]
    }
    return $bytes\n
}
