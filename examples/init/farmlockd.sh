#!/bin/sh
### BEGIN INIT INFO
# Provides:          farmlockd
# Required-Start:    $local_fs $network $remote_fs $syslog
# Required-Stop:     $local_fs $network $remote_fs $syslog
# Default-Start:     2 3 4 5
# Default-Stop:      0 1 6
# Short-Description: Lock server of the farm, or its process watcher
### END INIT INFO
#
# For systems without systemd; a copy for each daemon, whose name is the daemon's, with Provides as it:
#
#   sed 's/farmlockd$/lockerd/' farmlockd.sh >/etc/init.d/lockerd
#   sed 's/farmlockd$/pidstatd/' farmlockd.sh >/etc/init.d/pidstatd
#   chmod 755 /etc/init.d/lockerd /etc/init.d/pidstatd
#   update-rc.d lockerd defaults; update-rc.d pidstatd defaults      (or chkconfig --add, rc-update add)
#
# A supervisor such as runit or s6 needs no more than "exec lockerd --nofork" as its run script.
#
# LOCKERD_OPTIONS, LOCKERD_STATE and PIDSTATD_OPTIONS are those of the units, in /etc/default/lockerd and
# /etc/default/pidstatd.  Status 0 and 3 of "status" are the LSB's: it runs, it does not.
set -u
PATH=${FARMLOCK_PATH:-/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin}
export PATH
default=${FARMLOCK_DEFAULT:-/etc/default} run=${FARMLOCK_RUN:-/run}
PATIENCE=300

name=${0##*/}
name=${name#[SK][0-9][0-9]} # as rc?.d has it
case $name in
lockerd | pidstatd) ;;
*) echo "$0: name this file lockerd or pidstatd" >&2; exit 2 ;;
esac
pid_file=$run/$name/$name.pid
if [ -r "$default/$name" ]; then
    # shellcheck disable=SC1090
    . "$default/$name"
fi

# The daemon holds a lock on its pid file, and removes it at its end: a pid that another process has
# got meanwhile is not taken for it.
running() {
    pid=$(cat "$pid_file" 2>/dev/null)
    [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null &&
        [ "$(tr '\0' '\n' 2>/dev/null <"/proc/$pid/cmdline" | sed 's|.*/||;q')" = "$name" ]
}

# It returns when it serves, or says why it does not.  The options are words, with a * that is theirs.
start() {
    running && return 0
    mkdir -p "${pid_file%/*}" || return 1
    set -f
    case $name in
    lockerd)
        # shellcheck disable=SC2086
        lockerd --pid-file "$pid_file" ${LOCKERD_STATE:+--state "$LOCKERD_STATE"} ${LOCKERD_OPTIONS-}
        ;;
    pidstatd)
        # shellcheck disable=SC2086
        pidstatd --pid-file "$pid_file" ${PIDSTATD_OPTIONS-}
        ;;
    esac
}

stop() {
    running || return 0
    kill "$pid"
    looks=0
    while running; do
        if [ $looks -ge $PATIENCE ]; then
            echo "$name: process $pid does not end" >&2
            return 1
        fi
        # Not every sleep knows parts of a second.
        sleep 0.1 2>/dev/null || sleep 1
        looks=$((looks + 1))
    done
}

case ${1-} in
start) start ;;
stop) stop ;;
restart | force-restart) stop && start ;;
try-restart | condrestart) if running; then stop && start; fi ;;
reload | force-reload)
    # Locks and waiters stay, also over a restart.
    running || exit 7
    kill -HUP "$pid"
    ;;
status)
    if running; then
        echo "$name runs as process $pid"
    else
        echo "$name does not run"
        exit 3
    fi
    ;;
*)
    echo "usage: $0 start|stop|restart|try-restart|reload|status" >&2
    exit 2
    ;;
esac
