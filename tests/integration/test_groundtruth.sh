#!/usr/bin/env bash
# The faults that a replay counts between two marks are those that the kernel
# counted. Arguments: the pagewalk program, the source directory.
#
# Our own programs measure themselves with getrusage, run by themselves, and
# tests/groundtruth/run predicts the same numbers from a recording. An optional
# folder with more programs and measured truth is $PW_TEST_DATA/groundtruth
# (PW_TEST_DATA: the folder shared beside the source).
set -uo pipefail
export PAGEWALK=$1
source=$2
data=${PW_TEST_DATA:-$source/../shared}/groundtruth
command -v gcc >/dev/null || { echo "skipped: gcc is not installed"; exit 77; }
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

# Every line of file $1 must be in file $2.
compare() {
	local bad=0 numbers=0 line

	while read -r line; do
		numbers=$((numbers + 1))
		if ! grep -qxF "$line" "$2"; then
			echo "FAIL: the kernel says $line, the replay" \
				"$(grep "^${line%,*}," "$2" || echo nothing)"
			bad=1
		fi
	done <"$1"
	[ $numbers -gt 0 ] || { echo "FAIL: no number to compare"; bad=1; }
	[ $bad -ne 0 ] || echo "$numbers numbers are equal"
	return $bad
}

failed=0
for file in "$source"/tests/groundtruth/programs/*.c; do
	program=$(basename "$file" .c)
	gcc -O1 -g -static -o "$work/$program" "$file" -lm || exit 1
	"$work/$program" | sed -n "s/^/$program,/p" >>"$work/truth" || exit 1
done
"$source/tests/groundtruth/run" "$source/tests/groundtruth" >"$work/got" || failed=1
compare "$work/truth" "$work/got" || failed=1

if [ ! -d "$data" ]; then
	echo "skipped: no further programs in $data"
	exit $failed
fi
export PW_GROUNDTRUTH=${PW_GROUNDTRUTH:-anon_touch}
awk -F, -v programs=" $PW_GROUNDTRUTH " '
	index(programs, " " $1 " ") && $5 == "exact" && $2 !~ /^proc\./ &&
	$2 ~ /\.(minflt|majflt)$/ { print $1 "," $2 "," $3 }
' "$data/truth.csv" >"$work/truth"
"$source/tests/groundtruth/run" "$data" >"$work/got" || failed=1
compare "$work/truth" "$work/got" || failed=1
exit $failed
