#!/usr/bin/env bash
# pagewalk compact of recordings of the fast engine: threads, faults in the
# middle of blocks, vector code with gathers, repeated string instructions and
# compiled code come back access by access, and every model says the same.
set -euo pipefail
pagewalk=$1
source=$2
export LC_ALL=C
for tool in gcc qemu-x86_64; do
	if ! command -v $tool >/dev/null; then
		echo "skipped: $tool is not installed"
		exit 77
	fi
done
if [ "$(uname -m)" != x86_64 ] || ! grep -qw avx2 /proc/cpuinfo; then
	echo "skipped: the processor cannot run the programs"
	exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

fail() {
	echo "FAILED: $*"
	exit 1
}

# check NAME SOURCE ROUNDS OPTIONS...
check() {
	local name=$1 file=$2 rounds=$3 what
	shift 3
	gcc -nostdlib -static -no-pie -ffreestanding -fno-stack-protector \
		-fno-asynchronous-unwind-tables -fcf-protection=none \
		-fno-tree-loop-distribute-patterns "$@" -o "$name" \
		"$source/tests/programs/engines_start.S" \
		"$source/tests/programs/$file" || exit 1
	timeout 300 "$pagewalk" capture -q --engine qemu -o "$name.pwt" \
		-- "./$name" "$rounds" >out 2>err || { cat err; fail "$name"; }
	"$pagewalk" compact -q --keep accesses -o small.pwt "$name.pwt" >out
	[ "$(stat -c %s small.pwt)" -lt "$(stat -c %s "$name.pwt")" ] ||
		fail "$name has not become smaller"
	# With touches, which a replay then takes, it says the same.
	"$pagewalk" compact -q -o both.pwt "$name.pwt" >out
	for what in dump "dump --events" "dump --touches" replay \
		"replay --interval 16384"; do
		"$pagewalk" $what --format csv "$name.pwt" >want
		[ "$(wc -l <want)" -gt 1 ] || fail "$what of $name is empty"
		for kept in small both; do
			"$pagewalk" $what --format csv $kept.pwt | cmp want - ||
				fail "$what of $name differs in $kept"
		done
	done
	"$pagewalk" verify -q both.pwt >out || fail "$name is not whole"
	# Small already: from dense chunks.
	"$pagewalk" compact -q --level archive -o again.pwt small.pwt >out
	"$pagewalk" dump --format csv "$name.pwt" >want
	"$pagewalk" dump --format csv again.pwt | cmp - want ||
		fail "$name differs when it is made small again"
	echo "$name: $(($(wc -l <want) - 1)) accesses"
}

check threads engines_threads.S 20
check faults engines_faults.S 60
check vector engines_vector.S 60
check string engines_string.S 60
check ordinary engines_ordinary.c 3 -O2
