#!/bin/sh
# What a farm sees: jobs that share two license seats, the queue, and a job that dies.
# Starts its own daemons on free ports of loopback and stops them at the end.  About ten seconds.
#   FARMLOCK_BUILD   where the built programs are; build, beside this folder, by default
set -eu

build=${FARMLOCK_BUILD:-$(dirname "$0")/../build}
PATH=$build/bin:$PATH
folder=$(mktemp -d)
chmod 711 "$folder" # a lockerd that root starts becomes another user
mkdir "$folder/state"
export IPCLOCKER_HOST=127.0.0.1 FARMLOCK_CONF=none

say() {
    printf '\n\033[1m# %s\033[0m\n' "$*"
}

show() {
    printf '\033[36m$ %s\033[0m\n' "$*"
    "$@"
}

# Starts a daemon at the first of some random ports that is free, and prints the port.
start_daemon() {
    name=$1
    shift
    for port in $(shuf -i 20000-29999 -n 20); do
        if "$name" --host 127.0.0.1 --port "$port" --pid-file "$folder/$name.pid" \
            "$@" 2>"$folder/$name.err"; then
            echo "$port"
            return
        fi
    done
    cat "$folder/$name.err" >&2
    exit 1
}

stop() {
    for file in "$folder"/*.pid; do
        [ -s "$file" ] && kill "$(cat "$file")" 2>/dev/null
    done
    wait
    rm -rf "$folder"
}
trap stop EXIT
trap 'exit 130' INT TERM

say "A lock server and a process watcher, on free ports of this machine"
IPCLOCKER_PORT=$(start_daemon lockerd --state "$folder/state/lockerd.db" --log "$folder/lockerd.log")
export IPCLOCKER_PORT
pidstat_port=$(start_daemon pidstatd)
echo "lockerd listens at port $IPCLOCKER_PORT, pidstatd at port $pidstat_port"

say "Five simulations want one of the two seats lic1 and lic2"
for job in 1 2 3 4 5; do
    lockersh --lock lic1:lic2 --verbose \
        "echo \"simulation $job runs with \$LOCKERSH_LOCK\"; echo \$\$ >$folder/job$job; sleep 3" &
    # In a container the number of its pid namespace goes with the process id.
    while ! lockersh --locklist --json | grep -Eq "_$!([.][0-9]+)?_"; do sleep 0.02; done
done
while ! [ -s "$folder/job2" ]; do sleep 0.05; done

say "Who has the seats, and who waits"
show lockersh --locklist
say "The same for programs"
show lockersh --locklist --json

say "Simulation 1 is killed with -9: its seat moves on at once"
show kill -9 "$(cat "$folder/job1")"
while ! [ -s "$folder/job3" ]; do sleep 0.01; done
show lockersh --locklist

say "The others take their turns"
wait
# What stays behind of the last gives its seat back right after its end.
while [ -n "$(lockersh --locklist)" ]; do sleep 0.01; done
echo "all simulations have ended; nobody has a seat:"
show lockersh --locklist

say "Is a process still there, on this host or another?"
sleep 0.3 &
show pidstat --port "$pidstat_port" exists "127.0.0.1:$!" || true
wait
show pidstat --port "$pidstat_port" exists "127.0.0.1:$!" || true
say "Next: README.md, man pages in share/man, make check"
