#!/bin/bash
# Both engines give the same accesses of the same program: pc, kind, size and
# order within each thread, and addresses in the program's own memory. Those of
# the kernel for the program are among them. Arguments: the pagewalk program,
# the source directory.
#
# The programs in tests/programs/engines_* use no C library, whose start-up
# depends on the processor, and have stacks at fixed places. Addresses above
# 4 GiB, where the kernel has put the arguments, are not compared.
#
# PW_ENGINES_INSTRUCTIONS: how many instructions of each program to compare.
set -u
pagewalk=$1
source=$2
wanted=${PW_ENGINES_INSTRUCTIONS:-12000}
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
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
failures=0

fail() {
	echo "FAIL: $*"
	failures=$((failures + 1))
}

# build NAME SOURCE OPTIONS...
build() {
	local name=$1 file=$2
	shift 2
	gcc -nostdlib -static -no-pie -ffreestanding -fno-stack-protector \
		-fno-asynchronous-unwind-tables -fcf-protection=none \
		-fno-tree-loop-distribute-patterns "$@" -o "$name" \
		"$source/tests/programs/engines_start.S" \
		"$source/tests/programs/$file" || exit 1
}

# record ENGINE NAME ROUNDS: one file of accesses for each thread, named by its
# first access to data, since threads may be numbered in another order.
record() {
	local engine=$1 name=$2 rounds=$3
	if ! timeout 900 "$pagewalk" capture --engine "$engine" --format csv \
		-o $name.pwt -- ./$name "$rounds" >out 2>err; then
		fail "$name with $rounds rounds cannot be recorded by $engine"
		cat err
		return 1
	fi
	"$pagewalk" dump --format csv $name.pwt | normal $name |
		awk -F, -v prefix="$engine.$name." '
			$1 == "thread" { next }
			{ line = substr($0, length($1) + 2) }
			$1 in file { print line >file[$1]; next }
			{ held[$1] = held[$1] line "\n" }
			$3 != "F" {
				file[$1] = prefix $4
				printf "%s", held[$1] >file[$1]
			}'
}

# What is on the signal stack of the program "faults" is the frame and what the
# handler pushes; the frames of kernel and emulator differ in size.
normal() {
	if [ "$1" = faults ]; then
		grep -vE ',0x[0-9a-f]{9,},[0-9]+$'
	else
		sed -E 's/,0x[0-9a-f]{9,},([0-9]+)$/,elsewhere,\1/'
	fi
}

# compare NAME THREADS INSTRUCTIONS-A-ROUND-AT-LEAST
compare() {
	local name=$1 threads=$2 rounds=$((wanted / $3 + 1)) file
	local accesses=0 instructions=0
	rm -f ptrace.* qemu.*
	record ptrace $name $rounds && record qemu $name $rounds || return
	for file in ptrace.$name.*; do
		if ! cmp -s "$file" "qemu.${file#ptrace.}"; then
			fail "$file: ptrace (<) and qemu (>) differ:"
			diff "$file" "qemu.${file#ptrace.}" | head -20
		fi
		accesses=$((accesses + $(wc -l <"$file")))
		instructions=$((instructions + $(grep -c ,F, "$file")))
	done
	[ "$(ls ptrace.$name.* | wc -l)" -eq "$threads" ] &&
		[ "$(ls qemu.$name.* | wc -l)" -eq "$threads" ] ||
		fail "$name: not $threads threads"
	[ "$instructions" -ge "$wanted" ] ||
		fail "$name: only $instructions instructions"
	echo "$name: $instructions instructions, $accesses accesses compared"
}

build integer engines_integer.S
build string engines_string.S
build vector engines_vector.S
build x87 engines_x87.S
build threads engines_threads.S
build faults engines_faults.S
build calls engines_calls.c -O2
build ordinary engines_ordinary.c -O2
build unrolled engines_ordinary.c -O3 -mavx2 -mfma

compare integer 1 600
compare string 1 650
compare vector 1 450
compare x87 1 110
compare threads 5 10000
compare faults 1 2400
compare calls 1 600
compare ordinary 1 72000
compare unrolled 1 49000
exit $((failures > 0))
