#!/bin/bash
# The faults that a replay counts between two marks are those that the kernel
# counted. Arguments: the pagewalk program, the source directory.
#
# A program measures itself: between prctl(PR_SET_NAME) of "gt+NAME" and
# "gt-NAME" it does one thing and asks getrusage for its faults. It runs once by
# itself, once recorded; the differences of fault.minor and fault.major between
# the marks of the replay must be the numbers that it printed alone.
#
# An optional folder with more such programs and measured truth is
# $PW_TEST_DATA/groundtruth (PW_TEST_DATA: the folder shared beside the source).
set -u
pagewalk=$1
source=$2
data=${PW_TEST_DATA:-$source/../shared}/groundtruth
if ! command -v gcc >/dev/null; then
	echo "skipped: gcc is not installed"
	exit 77
fi
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
export GT_DIR="$dir/files"
mkdir files || exit 1

# Lines "NAME.minflt,N" and "NAME.majflt,N", the last window of each name, of
# the replay of program $1.
replayed() {
	"$pagewalk" capture -o "$1.pwt" -- "./$1" >"$1.out" 2>"$1.err" &&
		"$pagewalk" replay --table marks --format csv "$1.pwt" \
			>"$1.marks" || {
		echo "FAIL: $1: capture or replay" >&2
		cat "$1.err" >&2
		return 1
	}
	awk -F, '
		NR == 1 { for (i = 1; i <= NF; i++) column[$i] = i; next }
		{
			sign = substr($column["name"], 1, 3)
			name = substr($column["name"], 4)
			minor = $column["fault.minor"]
			major = $column["fault.major"]
		}
		sign == "gt+" { minor0[name] = minor; major0[name] = major }
		sign == "gt-" && name in minor0 {
			got[name ".minflt"] = minor - minor0[name]
			got[name ".majflt"] = major - major0[name]
		}
		END { for (name in got) print name "," got[name] }
	' "$1.marks" | sort
}

# Every line of file $2 must be in file $3; $1 names the program.
compare() {
	local bad=0 windows=0 line

	while read -r line; do
		windows=$((windows + 1))
		if ! grep -qxF "$line" "$3"; then
			echo "FAIL: $1: the kernel says $line, the replay" \
				"$(grep "^${line%,*}," "$3" || echo nothing)"
			bad=1
		fi
	done <"$2"
	if [ "$windows" -eq 0 ]; then
		echo "FAIL: $1: no window to compare"
		bad=1
	fi
	[ $bad -ne 0 ] || echo "$1: $windows numbers are equal"
	return $bad
}

failed=0
gcc -O1 -g -static -o anon_touch_like \
	"$source/tests/programs/anon_touch_like.c" || exit 1
./anon_touch_like | sort >truth || exit 1
replayed anon_touch_like >got || exit 1
compare anon_touch_like truth got || failed=1

if [ ! -d "$data" ]; then
	echo "skipped: no further programs in $data"
	exit $failed
fi
# 15 bytes of a mark hold a name of at most 12.
for program in ${PW_GROUNDTRUTH:-anon_touch}; do
	gcc -O1 -g -static -Wno-unused -o "$program" \
		"$data/programs/$program.c" -lm || exit 1
	awk -F, -v program="$program" '
		$1 == program && $5 == "exact" && $2 !~ /^proc\./ &&
		$2 ~ /\.(minflt|majflt)$/ {
			dot = match($2, /\.[a-z]*$/)
			print substr(substr($2, 1, dot - 1), 1, 12) \
				substr($2, dot) "," $3
		}
	' "$data/truth.csv" | sort >truth
	replayed "$program" >got || exit 1
	compare "$program" truth got || failed=1
done
exit $failed
