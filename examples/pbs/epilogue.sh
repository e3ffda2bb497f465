#!/bin/sh
# Gives back at once what the job that has ended holds in lockerd, and what it waits for.  For
# Torque, on every compute node, owned by root and executable:
#
#   /var/spool/torque/mom_priv/epilogue
#
# It runs as root on the job's first node, with the job's id as its first argument, such as
# 123.server or 123[4].server, and an environment that is empty.  It never fails, and takes 5 seconds
# at most; what it could not reach then stands in the system's log.

# The job's run has ended before this began: what a next run of the same job asks for is its own.
case ${1-} in
clean) ;;
*) exec /usr/bin/env -i PATH=/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin \
    /bin/sh "$0" clean "$(/bin/date +%s.%N)" "${1-}" ;;
esac
before=$2 job=$3

# Where lockerd is, unless it is here: IPCLOCKER_HOST=farm1 IPCLOCKER_PORT=1751
if [ -r /etc/default/lockreap ]; then
    set -a
    # shellcheck source=/dev/null
    . /etc/default/lockreap
    set +a
fi

case $job in [0-9]*) ;; *) exit 0 ;; esac
case $job in *[!]A-Za-z0-9._@[-]*) exit 0 ;; esac

said=$(timeout 5 "${LOCKREAP:-lockreap}" --job "pbs:$job" --before "$before" 2>&1 >/dev/null) ||
    logger -t lockreap -p daemon.warning -- \
        "epilogue of job pbs:$job: ${said:-no answer within 5 seconds}" 2>/dev/null
exit 0
