#!/bin/sh
# Peak memory of `rnntool train lm` on 100 MB and on 1 GB of text (the file given, repeated): a few
# hundred steps and a short validation, everything else as always. Needs 5 bytes of disk a character.
# usage: lm_memory.sh TEXT.txt [MEGABYTES…]
set -eu
rnntool=${RNNTOOL:-rnntool} text=$1
shift
[ $# -gt 0 ] || set -- 100 1000
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
echo "| text, MB | peak memory, MiB | seconds |"
echo "| --- | --- | --- |"
for size in "$@"; do
    : >"$folder/text.txt"
    while [ "$(stat -c %s "$folder/text.txt")" -lt $((size * 1000000)) ]; do
        if [ -s "$folder/text.txt" ] && [ "$(stat -c %s "$folder/text.txt")" -lt $((size * 250000)) ]; then
            cat "$folder/text.txt" >"$folder/twice"
            cat "$folder/twice" >>"$folder/text.txt"
            rm "$folder/twice"
        else
            cat "$text" >>"$folder/text.txt"
        fi
    done
    head -c $((size * 1000000)) "$folder/text.txt" >"$folder/exact.txt"
    rm "$folder/text.txt"
    started=$(date +%s)
    peak=$(python - "$rnntool" "$folder" <<'PYTHON'
import resource
import subprocess
import sys

rnntool, folder = sys.argv[1:]
command = [rnntool, "train", "lm", f"{folder}/exact.txt", "-o", f"{folder}/run", "--force", "-q",
           "--hidden", "128", "--epochs", "2", "--epoch-steps", "100", "--validation", "0.0002"]
subprocess.run(command, check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
PYTHON
)
    echo "| $size | $peak | $(($(date +%s) - started)) |"
done
