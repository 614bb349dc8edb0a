#!/usr/bin/env bash
# pagewalk capture --keep: what a recording keeps of accesses changes no result
# of a replay. Arguments: the pagewalk program, the source directory.
set -euo pipefail
pagewalk=$1
export LC_ALL=C

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

fail() {
	echo "FAILED: $*"
	exit 1
}

engines=ptrace
command -v qemu-x86_64 >/dev/null && engines="ptrace qemu"
for engine in $engines; do
	"$pagewalk" capture --engine $engine --keep all -o all.pwt \
		--max-instructions 50000 -- /bin/echo a >out 2>&1 ||
		fail "$engine: $(cat out)"
	"$pagewalk" dump all.pwt >all.dump
	[ "$(wc -l <all.dump)" -gt 20000 ] || fail "$engine: accesses are lost"
	# The same accesses without touches: these are made while reading.
	for keep in accesses touches; do
		"$pagewalk" compact --keep $keep -o $keep.pwt all.pwt >out
	done
	"$pagewalk" dump accesses.pwt | cmp - all.dump ||
		fail "$engine: other accesses"
	for table in counters intervals; do
		for trace in accesses touches all; do
			"$pagewalk" replay --interval 16384 --table $table \
				--format csv $trace.pwt >$trace.$table
			[ "$(wc -l <$trace.$table)" -gt 1 ] ||
				fail "$engine: no $table"
			cmp $trace.$table accesses.$table ||
				fail "$engine: $table of $trace"
		done
	done
	"$pagewalk" capture --engine $engine --keep touches -o only.pwt \
		--max-instructions 50000 -- /bin/echo a >out 2>&1 ||
		fail "$engine: $(cat out)"
	"$pagewalk" replay --format csv only.pwt >out ||
		fail "$engine: touches are not replayed"
	"$pagewalk" info only.pwt | grep -q "there are touches only" ||
		fail "$engine: info says nothing of touches"
	[ "$(stat -c %s only.pwt)" -lt "$(stat -c %s all.pwt)" ] ||
		fail "$engine: touches alone are no smaller"
done
echo "keep: replays are the same whatever a recording keeps"
