package ifneeded farmlock 0.1.0 [list source [file join $dir farmlock.tcl]]
