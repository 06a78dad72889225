#!/bin/sh
# Peak memory of `rnntool tokenize`, the command and its workers together, on 20,000 rows and on all.
# usage: memory.sh RATINGS_TRAIN.txt RATINGS_TEST.txt [TOKENIZER]
set -eu
rnntool=${RNNTOOL:-rnntool} train=$1 test=$2 tokenizer=${3:-mecab}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
head -n 20001 "$train" >"$folder/20000.txt"
{ cat "$train"; tail -n +2 "$test"; } >"$folder/200000.txt"

# Sum of the private memory (PSS) of a process group, sampled ten times a second, in MiB.
peak() {
    setsid $rnntool tokenize -t "$tokenizer" "$1" --force -o "$folder/out.tok" -q &
    group=$! most=0
    while kill -0 "$group" 2>/dev/null; do
        total=0
        for pid in $(ps -o pid= -g "$group"); do
            size=$(awk '/^Pss:/{print $2}' "/proc/$pid/smaps_rollup" 2>/dev/null || true)
            total=$((total + ${size:-0}))
        done
        [ "$total" -gt "$most" ] && most=$total
        sleep 0.1
    done
    wait "$group"
    echo $((most / 1024))
}

echo "| rows | peak memory, MiB |"
echo "| --- | --- |"
for rows in 20000 200000; do
    echo "| $rows | $(peak "$folder/$rows.txt") |"
done
