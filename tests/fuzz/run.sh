#!/bin/sh
# Runs a fuzzer, NAME, for SECONDS, from its committed inputs and from what earlier runs have found
# here; says how many inputs it tried, or shows what it has found and exits with 1.
set -eu
name=$1 seconds=$2
log=build/fuzz/$name.log
mkdir -p build/fuzz/found "build/fuzz/corpus/$name"
if ! "build/fuzz/$name" -max_total_time="$seconds" -timeout=10 -print_final_stats=1 \
    -artifact_prefix="build/fuzz/found/$name-" "build/fuzz/corpus/$name" \
    "tests/fuzz/corpus/$name" >"$log" 2>&1; then
    tail -n 40 "$log"
    echo "fuzz: $name failed; the input is in build/fuzz/found, and all it said in $log" >&2
    exit 1
fi
echo "  $name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") inputs"
