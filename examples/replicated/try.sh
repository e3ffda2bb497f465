#!/bin/sh
# Three etcd and three lockerd on this machine, for trying: kill what you like and see another take over.
# What ends is started again after ten seconds, as systemd would do it.  Ctrl-C ends and removes all.
#   FARMLOCK_BUILD   where built programs are, if not beside this folder or installed
#   FARMLOCK_PORT    the first of three ports that are free at 127.0.0.11, 127.0.0.12 and 127.0.0.13
set -eu

build=${FARMLOCK_BUILD:-$(dirname "$0")/../../build}
PATH=$build/bin:$PATH:/usr/local/sbin:/usr/sbin
port=${FARMLOCK_PORT:-$(shuf -i 20000-29997 -n 1)}
hosts=127.0.0.11:127.0.0.12:127.0.0.13
for program in etcd lockerd lockersh; do
    command -v $program >/dev/null || { echo "$0: there is no $program" >&2; exit 1; }
done
folder=$(mktemp -d)
chmod 711 "$folder" # a lockerd that root starts becomes another user
export IPCLOCKER_HOST=$hosts IPCLOCKER_PORT="$port" FARMLOCK_CONF=none
keepers=

stop() {
    trap '' INT TERM
    # shellcheck disable=SC2086
    [ -z "$keepers" ] || kill $keepers 2>/dev/null || true
    wait
    rm -rf "$folder"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Runs a command, and again ten seconds after its end; its process id is in a file meanwhile.
keep() {
    name=$1
    shift
    (
        trap 'kill -9 "$child" 2>/dev/null || true; wait; exit' TERM
        trap - EXIT INT
        while :; do
            "$@" >>"$folder/$name.log" 2>&1 &
            child=$!
            echo "$child" >"$folder/$name.pid"
            wait "$child" || true
            sleep 10 &
            child=$!
            wait "$child"
        done
    ) 2>/dev/null &
    keepers="$keepers $!"
}

cluster='' state='' prefix=/farmlock/try
for number in 1 2 3; do
    cluster=$cluster${cluster:+,}etcd$number=http://127.0.0.1$number:$((port + 2))
    state=$state${state:+,}http://127.0.0.1$number:$((port + 1))
done
for number in 1 2 3; do
    client=http://127.0.0.1$number:$((port + 1)) peer=http://127.0.0.1$number:$((port + 2))
    keep etcd$number etcd --name etcd$number --data-dir "$folder/etcd$number" \
        --listen-client-urls $client --advertise-client-urls $client \
        --listen-peer-urls $peer --initial-advertise-peer-urls $peer --initial-cluster "$cluster"
    keep lockerd$number lockerd --nofork --host 127.0.0.1$number --pidstat-port none \
        --state "etcd:$state$prefix" --etcd-compact --history-file "$folder/history$number/history.db"
done

# The address and the process id of the one that serves now.
leader() {
    for number in 1 2 3; do
        # One that is frozen takes connections all the same, and says nothing.
        if timeout 1 lockersh --dhost 127.0.0.1$number --connect-tries 1 --ping >/dev/null 2>&1; then
            echo "127.0.0.1$number (process $(cat "$folder/lockerd$number.pid"))"
            return
        fi
    done
}

looks=0
while [ -z "$(leader)" ]; do
    looks=$((looks + 1))
    if [ $looks -gt 300 ]; then
        echo "$0: nobody leads after a minute:" >&2
        tail -n 3 "$folder"/*.log >&2
        exit 1
    fi
    sleep 0.2
done
cat <<END
Three etcd and three lockerd run; their logs are in $folder.  In another shell:

  export IPCLOCKER_HOST=$hosts IPCLOCKER_PORT=$port
  lockersh --lock lic1:lic2 sleep 60 &       # a seat, which stays held whatever happens
  lockersh --locklist
  kill -9 PROCESS                            # of the one that leads, see below
  kill -STOP PROCESS; kill -CONT PROCESS     # it is frozen, and learns later that another one leads
  kill -9 \$(cat $folder/etcd1.pid)           # a member of etcd: nobody notices
  ETCDCTL_API=3 etcdctl --endpoints $state get --prefix $prefix/

Ctrl-C ends all.

END
last=
while :; do
    now=$(leader)
    if [ "$now" != "$last" ]; then
        echo "$(date +%T) ${now:-nobody} leads"
        last=$now
    fi
    sleep 0.5 &
    wait $! || true
done
