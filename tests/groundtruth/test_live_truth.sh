#!/bin/bash
# The model against the running kernel: programs that measure themselves, and
# programs of calls by chance (PW_SEEDS of them). Metrics that the kernel does
# not repeat exactly, or the model does not know, are listed with the reason.
set -u
cd "$2/tests/groundtruth" || exit 1
for tool in gcc python3; do
  command -v $tool >/dev/null || { echo "skipped: no $tool"; exit 77; }
done
[ -z "${PW_SANITIZE:-}" ] ||
  { echo "skipped: steps are too slow under a sanitizer"; exit 77; }
[ "$(uname -m)" = x86_64 ] ||
  { echo "skipped: programs and model are of x86-64"; exit 77; }
traced=$(mktemp -d) || exit 1
"$1" capture -q --engine ptrace -o "$traced/t.pwt" -- /bin/true >/dev/null 2>&1
status=$?
rm -rf "$traced"
[ $status != 4 ] || { echo "skipped: processes cannot be traced here"; exit 77; }
export PAGEWALK=$1
./run --compare . && ./run --compare --engine=ptrace \
  --seeds="1-${PW_SEEDS:-1}" random
