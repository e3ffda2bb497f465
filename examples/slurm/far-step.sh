#!/bin/sh
#SBATCH --job-name=far-step
#SBATCH --output=far-step-%j.log
# Runs a part of a job on a host that Slurm does not manage, such as an emulator's, which one job
# has at a time, in the folder of the job:
#
#   sbatch far-step.sh emu1 simulate 'FLAGS=-O2 -g'
#
# lockersh has the host to itself, uriexec carries the words through whatever login shell is there,
# and pidwatch ends the command there when this job has ended here, even by kill -9; for that
# pidstatd runs on the nodes of Slurm.
#   FARSTEP_SSH     what reaches the host instead of ssh, such as "ssh -F FILE"
#   FARSTEP_BIN     the folder of pidwatch and uriexec over there, where the PATH has none
[ $# -gt 1 ] || { echo "usage: sbatch far-step.sh HOST COMMAND [WORD...]" >&2; exit 64; }
host=$1
shift
# A host goes into a command line; nothing but a name may.
case $host in
'' | -* | *[!A-Za-z0-9._@-]*) echo "far-step.sh: '$host' is no host" >&2; exit 64 ;;
esac
there=${FARSTEP_BIN:+$FARSTEP_BIN/}

# This process becomes lockersh and then uriexec: its number and its start stay what they are.
# pidwatch gives a line to a shell, in which the words are safe as uriexec encodes them.
exec lockersh --connect-tries 0 --lock "$host" --exec \
    uriexec --uriexec-path "${there}uriexec" --hop "${FARSTEP_SSH:-ssh} $host" --cd "$PWD" -- \
    "${there}pidwatch" --host "$(hostname)" --pid $$ --start-time "$(cut -d' ' -f22 /proc/$$/stat)" \
    --kill-group --grace 5 "${there}uriexec $(uriexec --encode "$@")"
