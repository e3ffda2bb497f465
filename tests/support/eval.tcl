# Runs its first argument, so that standard input is the script's.
uplevel #0 [lindex $argv 0]
