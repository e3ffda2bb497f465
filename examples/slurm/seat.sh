#!/bin/sh
#SBATCH --job-name=seat
#SBATCH --output=seat-%j.log
# Runs a command with one of the seats lic1 and lic2, whichever is free first:
#
#   sbatch seat.sh simulate --cycles 1000
#
# The command finds in LOCKERSH_LOCK which seat it is.  However it ends, scancel, time limit and
# requeue included, the seat goes on at once; after a crash of its node, lockreap gives it on.
# As a step, so that what --signal and scancel -s send reaches the command.  --ntasks=1, since each
# task would take a seat of its own.
[ $# -gt 0 ] || { echo "usage: sbatch seat.sh COMMAND [WORD...]" >&2; exit 64; }
# --connect-tries 0: a lock server that restarts is waited for.
exec srun --ntasks=1 lockersh --connect-tries 0 --lock lic1:lic2 --exec "$@"
