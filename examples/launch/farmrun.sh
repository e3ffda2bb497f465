#!/bin/sh
# Runs a command on a far host, through gateways, in the folder where it is called:
#
#   farmrun.sh gate1,gate2,node7 make -j8 'CFLAGS=-O2 -g'
#
# FARMRUN_LAUNCHER, or -l, is what reaches each host ("ssh" where it is not set); FARMRUN_URIEXEC
# is uriexec on the far hosts where it is not in the PATH there.  -n shows the command line only.
set -u

usage() {
    echo "usage: farmrun.sh [-n] [-l LAUNCHER] HOST[,HOST...] COMMAND [ARGUMENT...]" >&2
    exit 64
}

launcher=${FARMRUN_LAUNCHER:-ssh}
print=
while getopts l:n option; do
    case $option in
    l) launcher=$OPTARG ;;
    n) print=--print ;;
    *) usage ;;
    esac
done
shift $((OPTIND - 1))
[ $# -ge 2 ] || usage
hosts=$1
shift

# The words of the command stay in "$@", behind the options that are put before them.
set -- --cd "$PWD" -- "$@"
while [ -n "$hosts" ]; do
    host=${hosts##*,}
    case $hosts in
    *,*) hosts=${hosts%,*} ;;
    *) hosts= ;;
    esac
    # A host goes into a command line; nothing but a name may.
    case $host in
    '' | -* | *[!A-Za-z0-9._@-]*) usage ;;
    esac
    set -- --hop "$launcher $host" "$@"
done

exec uriexec ${print:+"$print"} ${FARMRUN_URIEXEC:+--uriexec-path "$FARMRUN_URIEXEC"} "$@"
