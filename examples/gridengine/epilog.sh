#!/bin/sh
# Gives back at once what the job that has ended holds in lockerd, and what it waits for.  On every
# execution host, in the configuration of each queue (qconf -mq), or for all of them
# (qconf -mconf):
#
#   epilog  root@/etc/farmlock/epilog.sh $job_id $ja_task_id
#
# with the name of the cluster behind it where jobs know it, by SGE_CLUSTER_NAME or by a cell that
# is not "default".  It never fails, which would put the queue into state E and the job back in the
# queue, and takes 5 seconds at most; what it could not reach then stands in the system's log.
#
# The environment is the user's, and nothing of it is used.  As root@ his LD_PRELOAD is dropped
# before this starts; as nobody@ it is not, and only what the job holds on this host is given back.

# The job's run has ended before this began.  A job that is queued again may have begun anew on
# other hosts even before that, and what is held there is the next run's own.
case ${1-} in
clean) shift ;;
*) exec /usr/bin/env -i PATH=/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin \
    /bin/sh "$0" clean "$(/bin/date +%s.%N)" "$@" ;;
esac
before=$1 job=${2-} task=${3-} cluster=${4-}

# Where this run was: here, and where its folder, in which its shepherd is, has it for a parallel one.
hosts="localhost $(cut -d' ' -f1 "/proc/$PPID/cwd/pe_hostfile" 2>/dev/null | head -n 1000 | tr '\n' ' ')"

# Where lockerd is, unless it is here: IPCLOCKER_HOST=farm1 IPCLOCKER_PORT=1751
if [ -r /etc/default/lockreap ]; then
    set -a
    # shellcheck source=/dev/null
    . /etc/default/lockreap
    set +a
fi

# $ja_task_id is 0 for a job that is no array.
case $job in '' | *[!0-9]*) exit 0 ;; esac
case $task in '' | 0 | *[!0-9]*) ;; *) job=$job.$task ;; esac

said=$(timeout 5 "${LOCKREAP:-lockreap}" --job "sge:$job${cluster:+@$cluster}" --before "$before" \
    --on "$hosts" 2>&1 >/dev/null) ||
    logger -t lockreap -p daemon.warning -- \
        "epilog of job sge:$job: ${said:-no answer within 5 seconds}" 2>/dev/null
exit 0
