#!/usr/bin/env bash
# The faults that a replay lists are those that the kernel reports, page by page
# and in order. Arguments: the pagewalk program, the source directory.
#
# Programs of tests/groundtruth are run by themselves, with the kernel telling of
# each fault, and recorded by single steps. A few of them; with PW_LONG=1 all,
# and what an optional folder has measured elsewhere, $PW_TEST_DATA/groundtruth.
set -uo pipefail
export PAGEWALK=$1
source=$2
data=${PW_TEST_DATA:-$source/../shared}/groundtruth
faults=$source/tests/groundtruth/faults
export PYTHONDONTWRITEBYTECODE=1
for tool in gcc python3; do
	command -v $tool >/dev/null || { echo "skipped: no $tool"; exit 77; }
done

if [ -z "${PW_LONG:-}" ]; then
	exec "$faults" "$source/tests/groundtruth" zero_page sparse_tables \
		startup startup_dyn
fi
"$faults" "$source/tests/groundtruth" || exit
[ -d "$data/faults" ] || { echo "skipped: no lists in $data"; exit 0; }
# Huge pages are not made by default, and a file that is written in large pieces
# has folios that the recording does not tell.
exec "$faults" --stored "$data" anon_touch fork_cow madv_drop populate_lock \
	signals sparse_pt stack_grow startup startup_dyn zero_read
