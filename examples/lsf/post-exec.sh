#!/bin/sh
# Gives back at once what the job that has ended holds in lockerd, and what it waits for.  In
# lsb.queues, or lsb.applications:
#
#   POST_EXEC = /etc/farmlock/post-exec.sh
#
# It runs on the first execution host as the job's user, or as LSB_PRE_POST_EXEC_USER of
# lsf.sudoers, also when the job is queued again.  It never fails, and takes 5 seconds at most; what
# it could not reach then stands in the system's log.
#
# The environment is the user's; LSF's own three variables are all that is used of it.

# The job's run has ended before this began.  A job that is queued again may have begun anew on
# other hosts even before that, and what is held there is the next run's own.
case ${1-} in
clean) ;;
*) exec /usr/bin/env -i PATH=/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin \
    /bin/sh "$0" clean "$(/bin/date +%s.%N)" "${LSB_JOBID-}" "${LSB_JOBINDEX-}" \
    "${LSB_MCPU_HOSTS-}" ;;
esac
before=$2 job=$3 index=$4 hosts=$5

# Where lockerd is, unless it is here: IPCLOCKER_HOST=farm1 IPCLOCKER_PORT=1751
if [ -r /etc/default/lockreap ]; then
    set -a
    # shellcheck source=/dev/null
    . /etc/default/lockreap
    set +a
fi

# LSB_JOBINDEX is 0 for a job that is no array's element.
case $job in '' | *[!0-9]*) exit 0 ;; esac
case $index in '' | 0 | *[!0-9]*) ;; *) job="${job}[$index]" ;; esac

# "e1 4 e2 4": this one is the first of them.
case $hosts in *[!A-Za-z0-9._\ -]*) hosts='' ;; esac

said=$(timeout 5 "${LOCKREAP:-lockreap}" --job "lsf:$job" --before "$before" \
    --on "localhost $hosts" 2>&1 >/dev/null) ||
    logger -t lockreap -p daemon.warning -- \
        "post-exec of job lsf:$job: ${said:-no answer within 5 seconds}" 2>/dev/null
exit 0
