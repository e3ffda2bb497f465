#!/bin/sh
#SBATCH --job-name=array
#SBATCH --output=array-%A_%a.log
#SBATCH --array=1-20
# Runs a command twenty times, with three seats for all of them:
#
#   sbatch array.sh simulate                  # those without a seat wait on their nodes
#   sbatch --licenses=lic array.sh simulate   # or in Slurm's queue, see README.md
#
# The command finds its number in SLURM_ARRAY_TASK_ID, its seat in LOCKERSH_LOCK.
[ $# -gt 0 ] || { echo "usage: sbatch array.sh COMMAND [WORD...]" >&2; exit 64; }
exec lockersh --connect-tries 0 --lock 'lic[1-3]' --exec "$@"
