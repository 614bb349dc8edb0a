#!/usr/bin/env bash
# A trace cut at random places: never a crash, never exit 0, and what comes out
# is an exact prefix of the whole. The places are the same in every run.
set -uo pipefail
pagewalk=$1
fixtures=$2/tests/fixtures/pwt
export LC_ALL=C

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
bad=0
RANDOM=1

# cut FILE TIMES
cut_file() {
	local bytes i at what option status size shortened=0
	"$pagewalk" dump "$1" >whole.csv || exit 1
	"$pagewalk" dump --events "$1" >events.csv || exit 1
	bytes=$(stat -c %s "$1")
	for i in $(seq "$2"); do
		at=$(((RANDOM * 32768 + RANDOM) % bytes))
		head -c $at "$1" >cut.pwt
		for what in whole events; do
			option=
			[ $what = events ] && option=--events
			"$pagewalk" dump $option cut.pwt >part.csv 2>err
			status=$?
			if [ $status -ne 2 ] || ! grep -q cut.pwt err; then
				echo "$1, cut $i at $at: exit $status," \
					"message: $(head -1 err)"
				bad=1
			fi
			size=$(stat -c %s part.csv)
			if ! cmp -s part.csv <(head -c "$size" $what.csv); then
				echo "$1, cut $i at $at: $what is no prefix"
				bad=1
			fi
			[ "$size" -gt 100 ] && shortened=$((shortened + 1))
		done
	done
	# Most cuts leave whole segments: the test is not about empty files.
	[ $shortened -gt "$2" ] || {
		echo "$1: only $shortened parts had content"
		bad=1
	}
}

cut_file "$fixtures/good.pwt" 200
cut_file "$fixtures/shapes_good.pwt" 50
cut_file "$fixtures/dense_good.pwt" 50
exit $bad
