#!/bin/bash
# The accesses that each engine records of a program are those that valgrind's
# lackey sees of it: every one, in order. Arguments: the pagewalk program, the
# source directory.
#
# Compared are fetches, kinds, sizes and addresses of the functions main and
# mix_* of tests/programs/access_mix.c, built without PIE, so that globals have
# the same addresses in both runs. Stack addresses are compared relative to the
# first one.
#
# Lackey differs from the processor in three ways, undone here one by one:
#  1. It shows a repeated string instruction as one instruction an iteration
#     and a last one that finds the count at zero; the processor fetches it
#     once. Further "I" lines of the same instruction are dropped.
#  2. It runs locked arithmetic and xchg as a load and then a compare and swap,
#     shown as L and M of the same bytes. The L is dropped.
#  3. It drops loads whose value is never used ("cmp mem,reg" before another
#     "cmp"), as a compiler would; the processor makes them. The program has
#     none, since they cannot be told from accesses that we made up.
set -u
pagewalk=$1
source=$2
for tool in valgrind gcc nm; do
	if ! command -v $tool >/dev/null; then
		echo "skipped: $tool is not installed"
		exit 77
	fi
done
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1

gcc -O1 -g -static -no-pie -fcf-protection=none -o mix \
	"$source/tests/programs/access_mix.c" || exit 1
./mix
native=$?
valgrind --tool=lackey --trace-mem=yes --log-file=lackey.log ./mix
if [ $? -ne $native ]; then
	echo "skipped: valgrind cannot run the program here"
	exit 77
fi
# Address ranges of the functions to compare, as "first last".
nm -S --defined-only mix | awk '
	$3 ~ /^[tT]$/ && ($4 == "main" || $4 ~ /^mix_/) {print $1, $2}
' >ranges
[ "$(wc -l <ranges)" -ge 7 ] || { echo "FAIL: functions not found"; exit 1; }

# Both to lines "kind pc address size"; needs 64-bit arithmetic for the stack.
cat >normal.py <<'PYTHON'
import sys

ranges = []
for line in open("ranges"):
    start, size = (int(word, 16) for word in line.split())
    ranges.append((start, start + size))


def ours(path):
    for line in open(path):
        word = line.strip().split(",")
        if word[0] == "thread":
            continue
        yield word[2], int(word[1], 16), int(word[3], 16), int(word[4])


def lackey(path):
    pc = None
    kinds = {"L": "R", "S": "W", "M": "M"}
    for line in open(path):
        word = line.split()
        if len(word) != 2 or word[0] not in ("I", "L", "S", "M"):
            continue
        address, size = word[1].split(",")
        address = int(address, 16)
        if word[0] == "I":
            if address != pc:
                yield "F", address, address, int(size)
            pc = address
        else:
            yield kinds[word[0]], pc, address, int(size)


def without_load_of_locked(records):
    held = None
    for record in records:
        if held and not (record[0] == "M" and record[1:] == held[1:]):
            yield held
        held = record if record[0] == "R" else None
        if not held:
            yield record
    if held:
        yield held


def compared(records):
    origin = None
    for kind, pc, address, size in records:
        if not any(start <= pc < end for start, end in ranges):
            continue
        if address >= 1 << 32:
            if origin is None:
                origin = address
            place = "stack%+d" % (address - origin)
        else:
            place = "0x%x" % address
        print(kind, "0x%x" % pc, place, size)


if sys.argv[1] == "ours":
    compared(ours(sys.argv[2]))
else:
    compared(without_load_of_locked(lackey(sys.argv[2])))
PYTHON
python3 normal.py lackey lackey.log >lackey.txt || exit 1

engines=ptrace
command -v qemu-x86_64 >/dev/null && engines="ptrace qemu"
for engine in $engines; do
	"$pagewalk" capture --engine $engine --no-aslr -o mix.pwt -- ./mix \
		>capture.out 2>&1
	status=$?
	if [ $status -ne $native ]; then
		echo "FAIL: $engine ended with $status, the program with $native"
		cat capture.out
		exit 1
	fi
	"$pagewalk" dump --format csv mix.pwt >dump.csv || exit 1
	python3 normal.py ours dump.csv >ours.txt || exit 1
	count=$(wc -l <ours.txt)
	if [ "$count" -lt 1500 ]; then
		echo "FAIL: $engine: only $count accesses to compare"
		exit 1
	fi
	for kind in R W M F; do
		if ! grep -q "^$kind " ours.txt; then
			echo "FAIL: $engine: no access of kind $kind"
			exit 1
		fi
	done
	if ! cmp -s ours.txt lackey.txt; then
		echo "FAIL: $engine (<) and lackey (>) differ:"
		diff ours.txt lackey.txt | head -40
		exit 1
	fi
	echo "$engine: $count accesses are equal"
done
