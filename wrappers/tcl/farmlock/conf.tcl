# What clients' files set, see farmlock-client.conf(5): a list of dicts, of name and {VALUE FILE:LINE},
# that of the higher rank first.  Errors are those of Fail USAGE.
# Must not wait for a FIFO, nor need another program.

proc ::farmlock::Conf {} {
    set named [Env FARMLOCK_CONF]
    if {$named eq "none"} {
        return {}
    }
    set folder [Env XDG_CONFIG_HOME]
    if {![string match /* $folder]} {
        set folder [expr {[string match /* [Env HOME]] ? "[Env HOME]/.config" : ""}]
    }
    set files {}
    if {$named ne ""} {
        lappend files [ConfTake $named [ConfRead $named named]]
    } elseif {$folder ne ""} {
        set path $folder/farmlock/client.conf
        lappend files [ConfTake $path [ConfRead $path home]]
    }
    set path /etc/farmlock/client.conf
    lappend files [ConfTake $path [ConfRead $path system]]
    lassign [ConfFind $files auth] name auth where
    if {$name ne "" && $auth ni {auto munge none}} {
        Fail USAGE "$where: auth: \"[Clean $auth]\" is none of auto, munge and none"
    }
    return $files
}

# The text of a file, "" where there is none; `kind` is named, home or system.
proc ::farmlock::ConfRead {path kind} {
    set none "or set FARMLOCK_CONF=none"
    if {[catch {file stat $path st} text result]} {
        # A home that is not ours to look into is that of a user whose variables we have kept.
        set why [lindex [dict get $result -errorcode] 1]
        if {$kind ne "named" && $why in {ENOENT ENOTDIR} || $kind eq "home" && $why eq "EACCES"} {
            return ""
        }
        Fail USAGE "cannot read [Clean $path]: [lindex [dict get $result -errorcode] 2]; name another, $none"
    }
    set fault ""
    if {$st(type) ne "file"} {
        set fault "is no regular file; name one, $none"
    } elseif {$kind eq "home" && $st(uid) != 0 && ![file owned $path]} {
        set fault "belongs to somebody else; set HOME, $none"
    } elseif {$st(mode) & 2} {
        set fault "can be written by everybody; take that from them (chmod o-w)"
    } elseif {$st(size) > 65536} {
        set fault "has more than 65536 bytes"
    } elseif {[catch {open $path {RDONLY NONBLOCK}} file result]} {
        Fail USAGE "cannot read [Clean $path]: [lindex [dict get $result -errorcode] 2]; name another, $none"
    } else {
        fconfigure $file -translation binary
        set text [read $file 65536]
        close $file
        catch {set text [encoding convertfrom utf-8 $text]}
        if {[string first "\0" $text] >= 0} {
            set fault "is no text: it has a NUL in it"
        }
    }
    if {$fault ne ""} {
        Fail USAGE "[Clean $path] $fault"
    }
    return $text
}

# {NAME VALUE} of a line, {} of one that says nothing; an error has what is wrong.
proc ::farmlock::ConfLine {line} {
    set line [string trim $line " \t\r"]
    if {$line eq "" || [string match "#*" $line]} {
        return {}
    }
    if {![regexp {^([^=]*)=(.*)$} $line -> name value]} {
        error "this is no setting; write NAME = VALUE, or # before a comment"
    }
    set name [string trimright $name " \t\r"]
    if {![regexp {^[a-z0-9-]+$} $name]} {
        error "the name of the setting is none; it has small letters, digits and dashes"
    }
    if {[regexp {[\x00-\x08\x0a-\x0c\x0e-\x1f\x7f]} $value]} {
        error "there is a control character in the value"
    }
    if {[regexp {^[ \t\r]*"} $value]} {
        if {![regexp {^[ \t\r]*"([^"]*)"[ \t\r]*(?:#.*)?$} $value -> value]} {
            error "the value in quotes does not end, or there is something behind it"
        }
    } else {
        regsub {(^|[ \t\r])#.*$} $value "" value
        set value [string trim $value " \t\r"]
    }
    if {$value eq ""} {
        error "the setting has no value; put # before it where it is to say nothing"
    }
    return [list $name $value]
}

proc ::farmlock::ConfTake {path text} {
    set found {}
    set number 0
    foreach line [split $text "\n"] {
        set where "[Clean $path]:[incr number]"
        if {[catch {ConfLine $line} setting]} {
            Fail USAGE "$where: $setting"
        }
        lassign $setting name value
        set rival [expr {$name eq "host" ? "path" : $name eq "path" ? "host" : ""}]
        if {$name eq ""} {
            continue
        } elseif {[dict exists $found $name]} {
            Fail USAGE "$where: $name is set already, in [lindex [dict get $found $name] 1]"
        } elseif {[dict exists $found $rival]} {
            Fail USAGE "$where: choose one of host and path"
        } elseif {[dict size $found] == 256} {
            Fail USAGE "$where: the file has more than 256 settings"
        }
        dict set found $name [list $value $where]
    }
    return $found
}

# {NAME VALUE FILE:LINE} of the first file that has one of the names; three empty words for none.
proc ::farmlock::ConfFind {files args} {
    foreach file $files {
        foreach name $args {
            if {[dict exists $file $name]} {
                return [linsert [dict get $file $name] 0 $name]
            }
        }
    }
    return {"" "" ""}
}

# The servers of a handle: what its options name, else the environment, else the files.
proc ::farmlock::Servers {files hosts port} {
    set hosts [Or $hosts [Env IPCLOCKER_HOST]]
    set port [Or $port [Env IPCLOCKER_PORT]]
    if {$port eq ""} {
        lassign [ConfFind $files port] name port where
        if {$port ne "" && [catch {Port $port} text]} {
            Fail USAGE "$where: port: $text"
        }
        set port [Or $port lockerd]
    }
    if {$hosts ne ""} {
        return [Hosts $hosts $port]
    }
    lassign [ConfFind $files host path] name hosts where
    if {$name eq "path"} {
        return [list $hosts ""]
    }
    if {[catch {Hosts [Or $hosts localhost] $port} found]} {
        Fail USAGE [expr {$name eq "" ? $found : "$where: host: $found"}]
    }
    return $found
}
