# Names, hosts, and who this process is, as text of lockerd-protocol(7).
# Must not open a connection.

namespace eval ::farmlock {
    variable numbers {}
}

proc ::farmlock::Fail {kind text} {
    return -code error -level 2 -errorcode [linsert $kind 0 FARMLOCK] $text
}

# The first of these that is not empty.  (expr would make a number of 010 or 1e3.)
proc ::farmlock::Or {args} {
    foreach text $args {
        if {$text ne ""} {
            return $text
        }
    }
    return ""
}

# What a stranger has sent, fit for a terminal.
proc ::farmlock::Clean {text} {
    set out ""
    foreach c [split $text ""] {
        if {![string is print $c]} {
            set c [format {\x%02x} [expr {[scan $c %c] & 255}]]
        }
        append out $c
    }
    return $out
}

# A text that can be a word of the protocol.
proc ::farmlock::Word {text what} {
    if {$text eq "" || [string length [encoding convertto utf-8 $text]] > 255
        || [regexp {[\x00-\x20\x7f]} $text]} {
        Fail USAGE "the $what \"[Clean [string range $text 0 79]]\" is empty, over 255 bytes, or has\
            blanks or control characters"
    }
    return $text
}

# The names of a list such as lic1:lic2 or vcs[1-8,12].
proc ::farmlock::Names {text} {
    set found {}
    if {[regexp {[\x00-\x08\x0e-\x1f\x7f]} $text]} {
        Fail USAGE "\"[Clean [string range $text 0 79]]\" has control characters"
    }
    # A comma within brackets is no separator.
    while {[regsub -all {(\[[^]]*),} $text "\\1\x01" text]} {}
    regsub -all {\s*[:,]\s*|\s+} [string trim $text] "\n" text
    foreach word [split [string map [list "\x01" ","] $text] "\n"] {
        foreach name [Expand $word] {
            dict set found $name 1
        }
        if {[dict size $found] > 1024} {
            Fail USAGE "more than 1024 names"
        }
    }
    if {[dict size $found] == 0} {
        Fail USAGE "no name"
    }
    return [dict keys $found]
}

proc ::farmlock::Expand {word} {
    set range {\d{1,15}(?:-\d{1,15})?}
    if {![regexp "^(\[^]\[\]*)\\\[($range\(?:,$range)*)\\\](.*)\$" $word -> before inside behind]} {
        if {[regexp {[][]} $word]} {
            Fail USAGE "a bracket that makes no sense in \"[Clean $word]\""
        }
        return [list [Word $word name]]
    }
    set found {}
    foreach piece [split $inside ,] {
        lassign [split $piece -] low high
        set width [expr {[string index $low 0] eq "0" ? [string length $low] : 1}]
        scan $low %lld first
        if {$high eq "" || ![scan $high %lld last]} {
            set last $first
        }
        if {$last < $first || $last - $first >= 1024} {
            Fail USAGE "the range $piece in \"[Clean $word]\" is none, or too large"
        }
        set rest [list ""]
        if {$behind ne ""} {
            set rest [Expand $behind]
        }
        for {set i $first} {$i <= $last} {incr i} {
            foreach end $rest {
                lappend found [Word [format %s%0*lld%s $before $width $i $end] name]
            }
        }
        if {[llength $found] > 16384} {
            Fail USAGE "more than 1024 names"
        }
    }
    return $found
}

# {HOST PORT ...} of a list as IPCLOCKER_HOST has it; a UNIX socket has the port "".
proc ::farmlock::Hosts {text port} {
    set found {}
    set text [string trim $text]
    if {[regexp {^[0-9A-Fa-f.]*:[0-9A-Fa-f.:]*:[0-9A-Fa-f.:]*$} $text]} {
        set text "\[$text\]"
    }
    set entry {^(?:\[([^]\s]+)\]|([^:,=/\[\s][^:,=\[\s]*)|(/[^:\s]*))(?:=([^:,\s]+))?(?:\s*[:,]\s*(?=[^:,\s])|\s+|$)}
    while {$text ne "" || [llength $found] == 0} {
        if {![regexp $entry $text all ipv6 name path own] || [string is digit -strict $name]} {
            Fail USAGE "\"[Clean $text]\" is no list of hosts: HOST, HOST=PORT, \[IPV6\]=PORT or\
                /PATH, with colons, commas or blanks between them"
        }
        if {$path ne ""} {
            lappend found $path ""
        } else {
            lappend found $ipv6$name [Port [Or $own $port]]
        }
        set text [string range $text [string length $all] end]
    }
    return $found
}

# A number, or a name of the services database.
proc ::farmlock::Port {text} {
    if {[string is digit -strict $text] && [scan $text %lld number] && $number > 0 && $number < 65536} {
        return $number
    }
    foreach line [split [ReadFile /etc/services] "\n"] {
        if {[regexp {^(\S+)\s+(\d+)/tcp} $line -> name number] && $name eq $text} {
            return $number
        }
    }
    if {$text eq "lockerd"} {
        return 1751
    }
    Fail USAGE "\"[Clean $text]\" is no port; use a number from 1 to 65535 or a service"
}

proc ::farmlock::Env {name {default ""}} {
    if {[info exists ::env($name)] && $::env($name) ne ""} {
        return $::env($name)
    }
    return $default
}

proc ::farmlock::ReadFile {path} {
    set text ""
    if {![catch {open $path r} file]} {
        catch {set text [read $file]}
        close $file
    }
    return $text
}

# When a process started, as /proc/PID/stat has it, in ticks of a hundredth of a second; 0 where that
# cannot be told.  In a time namespace with an offset it is not what others read, and not told.
proc ::farmlock::StartOf {pid} {
    set stat [ReadFile /proc/$pid/stat]
    set start [lindex [split [string range $stat [string last ")" $stat] end]] 20]
    if {[regexp {boottime +(?:-?[1-9]|0 +[1-9])} [ReadFile /proc/self/timens_offsets]]} {
        return 0
    }
    return [expr {[string is digit -strict $start] ? $start : 0}]
}

proc ::farmlock::Namespace {} {
    set inode 0
    catch {regexp {\d+} [file readlink /proc/self/ns/pid] inode}
    return $inode
}

proc ::farmlock::HostName {} {
    return [Or [string trim [ReadFile /proc/sys/kernel/hostname]] [info hostname]]
}

# Which process this is, in each protocol.
proc ::farmlock::ProcessLines {proto} {
    set boot [string trim [ReadFile /proc/sys/kernel/random/boot_id]]
    set lines [list "hostname [HostName]" "pid [pid]"]
    if {$proto == 2} {
        lappend lines "process [StartOf [pid]] [Or $boot -] [Namespace]"
    }
    return $lines
}

# HOST_PID_USER; further locks of one process have HOST_PID.NUMBER_USER, as what one owner has already
# it is given again, rather than another seat.
proc ::farmlock::OwnName {{number 1}} {
    set process [pid]
    if {[Namespace] ni {0 4026531836}} {
        append process .[Namespace]
        if {$number > 1} {
            append process [format %02d $number]
        }
    } elseif {$number > 1} {
        append process .$number
    }
    regsub -all {[\x00-\x20\x7f]} $::tcl_platform(user) ? login
    return [string range [HostName] 0 139]_${process}_$login
}

# A name that no other lock of this process has: {NUMBER NAME}.
proc ::farmlock::TakeName {} {
    variable numbers
    set number 1
    while {$number in $numbers} {
        incr number
    }
    lappend numbers $number
    return [list $number [OwnName $number]]
}

proc ::farmlock::DropName {number} {
    variable numbers
    set at [lsearch -exact $numbers $number]
    if {$at >= 0} {
        set numbers [lreplace $numbers $at $at]
    }
}

# The id of the scheduler's job around this process; "" for none.
proc ::farmlock::Job {} {
    foreach {variable name} {SLURM_JOB_ID j SLURM_ARRAY_JOB_ID array SLURM_ARRAY_TASK_ID task
        SLURM_HET_JOB_ID het SLURM_HET_JOB_OFFSET part SLURM_CLUSTER_NAME cluster LSB_JOBID lsf
        LSB_JOBINDEX index PBS_JOBID pbs JOB_ID sge SGE_TASK_ID sgetask SGE_CLUSTER_NAME sgename
        SGE_CELL cell SGE_ROOT root} {
        set value [Env $variable]
        set $name ""
        if {[regexp {^[!-~]{1,64}$} $value]} {
            set $name $value
        }
    }
    if {$j ne ""} {
        set id slurm:$j
        if {$array ne "" && $task ne ""} {
            set id slurm:${array}_$task=$j
        } elseif {$het ne "" && $part ne ""} {
            set id slurm:$het+$part
        }
        if {$cluster ne ""} {
            append id @$cluster
        }
        return $id
    } elseif {$lsf ne ""} {
        if {$index ni {"" 0}} {
            append lsf \[$index\]
        }
        return lsf:$lsf
    } elseif {$pbs ne ""} {
        return pbs:$pbs
    } elseif {$sge ne "" && "$root$cell$sgetask" ne ""} {
        if {$sgetask ni {"" undefined}} {
            append sge .$sgetask
        }
        if {$sgename ne "" || $cell ni {"" default}} {
            append sge @[Or $sgename $cell]
        }
        return sge:$sge
    }
    return ""
}

proc ::farmlock::Project {} {
    foreach {job project} {SLURM_JOB_ID SLURM_JOB_ACCOUNT LSB_JOBID LSB_PROJECT_NAME
        PBS_JOBID PBS_ACCOUNT JOB_ID SGE_ACCOUNT} {
        set found [Env $project]
        if {[Env $job] ne "" && [regexp {^[^\x00-\x20\x7f]{1,255}$} $found] && $found ne "sge"} {
            return $found
        }
    }
    return ""
}
