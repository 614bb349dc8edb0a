#!/usr/bin/env bash
# A trace cut at 200 random places: never a crash, never exit 0, and what comes
# out is an exact prefix of the whole. The places are the same in every run.
set -uo pipefail
pagewalk=$1
export LC_ALL=C

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

"$pagewalk" dump "$2/tests/fixtures/pwt/good.pwt" >whole.csv || exit 1
"$pagewalk" dump --events "$2/tests/fixtures/pwt/good.pwt" >events.csv || exit 1
bytes=$(stat -c %s "$2/tests/fixtures/pwt/good.pwt")
bad=0
shortened=0
RANDOM=1
for i in $(seq 200); do
	at=$(((RANDOM * 32768 + RANDOM) % bytes))
	head -c $at "$2/tests/fixtures/pwt/good.pwt" >cut.pwt
	for what in whole events; do
		option=
		[ $what = events ] && option=--events
		"$pagewalk" dump $option cut.pwt >part.csv 2>err
		status=$?
		if [ $status -ne 2 ] || ! grep -q cut.pwt err; then
			echo "cut at $at: exit $status, message: $(head -1 err)"
			bad=1
		fi
		size=$(stat -c %s part.csv)
		if ! cmp -s part.csv <(head -c "$size" $what.csv); then
			echo "cut at $at: $what is no prefix"
			bad=1
		fi
		[ "$size" -gt 100 ] && shortened=$((shortened + 1))
	done
done
# Most cuts leave whole segments to read: the test is not about empty files.
[ $shortened -gt 200 ] || { echo "only $shortened parts had content"; bad=1; }
exit $bad
