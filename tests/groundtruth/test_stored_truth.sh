#!/usr/bin/env bash
# The model says what another machine's kernel did: metrics that were measured
# there and came out the same each time. Arguments: the pagewalk program, the
# source directory.
#
# An optional folder of programs and their truth is $PW_TEST_DATA/groundtruth
# (PW_TEST_DATA: the folder shared beside the source); PW_GROUNDTRUTH are the
# programs to run, by default a quick one.
set -uo pipefail
export PAGEWALK=$1
source=$2
data=${PW_TEST_DATA:-$source/../shared}/groundtruth
[ -d "$data" ] || { echo "skipped: no programs in $data"; exit 77; }
command -v gcc >/dev/null || { echo "skipped: gcc is not installed"; exit 77; }
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

read -ra programs <<<"${PW_GROUNDTRUTH:-anon_touch}"
awk -F, -v programs=" ${programs[*]} " '
	index(programs, " " $1 " ") && $5 == "exact" && $2 !~ /^proc\./ &&
	$2 ~ /\.(minflt|majflt)$/ { print $1 "," $2 "," $3 }
' "$data/truth.csv" >"$work/truth"
"$source/tests/groundtruth/run" "$data" "${programs[@]}" >"$work/got" || exit 1

bad=0
numbers=0
while read -r line; do
	numbers=$((numbers + 1))
	grep -qxF "$line" "$work/got" && continue
	echo "FAIL: the kernel says $line, the replay" \
		"$(grep "^${line%,*}," "$work/got" || echo nothing)"
	bad=1
done <"$work/truth"
[ $numbers -gt 0 ] || { echo "FAIL: no number to compare"; bad=1; }
[ $bad -ne 0 ] || echo "$numbers numbers are equal"
exit $bad
