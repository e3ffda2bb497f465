package ifneeded farmlock 1.0.0 [list source [file join $dir farmlock.tcl]]
