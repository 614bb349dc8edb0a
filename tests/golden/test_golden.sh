#!/usr/bin/env bash
# Whole-program output. Each folder beside this file is a case: `cmd` is a
# shell script, run in an empty directory with $pagewalk and $fixtures; its
# output must equal `stdout` and `stderr` and its exit status `exit`.
# PW_GOLDEN_UPDATE=1 rewrites what is expected: read the diff before a commit.
set -uo pipefail
export pagewalk=$1
export fixtures=$2/tests/fixtures
cases=$2/tests/golden
export LC_ALL=C TERM=dumb
unset NO_COLOR COLUMNS

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0
ran=0
for dir in "$cases"/*/; do
	name=$(basename "$dir")
	mkdir "$work/$name"
	(
		cd "$work/$name" || exit 99
		bash -u "$dir/cmd" >../out 2>../err </dev/null
		echo $? >../exit
	)
	ran=$((ran + 1))
	# Paths of this machine are no part of what is expected.
	sed -i "s|$fixtures|FIXTURES|g; s|$work/$name|WORK|g" "$work/out" "$work/err"
	for stream in out err exit; do
		case $stream in out) kept=stdout ;; err) kept=stderr ;; *) kept=exit ;; esac
		if [ -n "${PW_GOLDEN_UPDATE:-}" ]; then
			cp "$work/$stream" "$dir/$kept"
		elif ! diff -u "$dir/$kept" "$work/$stream"; then
			echo "golden case $name: $kept differs (<- expected, +> got)"
			bad=1
		fi
	done
done
echo "$ran golden cases"
[ "$ran" -gt 0 ] || bad=1
exit $bad
