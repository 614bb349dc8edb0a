#!/usr/bin/env bash
# Every address-space call of a program under the emulator is in the trace, in
# order, with arguments and result. The witness is the emulator's own list of
# system calls, printed without our plugin. Arguments: the pagewalk program,
# the source directory.
set -u
pagewalk=$1
source=$2
for tool in qemu-x86_64 gcc python3; do
	command -v $tool >/dev/null || { echo "skipped: $tool is not installed"; exit 77; }
done
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
failures=0

# Both to lines "call argument... result"; flags by name become numbers.
cat >normal.py <<'PYTHON'
import csv
import re
import sys

COUNTS = {"mmap": 6, "munmap": 2, "brk": 1, "mprotect": 3, "mremap": 4,
          "madvise": 3}
NAMES = {"NULL": 0, "PROT_NONE": 0, "PROT_READ": 1, "PROT_WRITE": 2,
         "PROT_EXEC": 4, "MAP_SHARED": 1, "MAP_PRIVATE": 2, "MAP_FIXED": 16,
         "MAP_ANONYMOUS": 32, "MAP_GROWSDOWN": 0x100, "MAP_DENYWRITE": 0x800,
         "MAP_EXECUTABLE": 0x1000, "MAP_LOCKED": 0x2000,
         "MAP_NORESERVE": 0x4000, "MAP_POPULATE": 0x8000,
         "MAP_NONBLOCK": 0x10000, "MAP_STACK": 0x20000,
         "MAP_UNINITIALIZED": 0x4000000, "MREMAP_MAYMOVE": 1,
         "MREMAP_FIXED": 2, "MADV_NORMAL": 0, "MADV_DONTNEED": 4,
         "MADV_WILLNEED": 3, "MADV_FREE": 8}
MASK = (1 << 64) - 1


def number(text):
    value = 0
    for word in text.split("|"):
        value |= NAMES[word] if word in NAMES else int(word, 0)
    return value & MASK


def show(call, words, result):
    if call == "mmap":
        words[4] &= 0xffffffff
    print(call, *("0x%x" % word for word in words), result)


def emulator(path):
    pattern = re.compile(r"^\d+ (\w+)\((.*?)\) = (.*)$")
    for line in open(path, errors="replace"):
        match = pattern.match(line)
        if not match or match[1] not in COUNTS:
            continue
        call, words, result = match.groups()
        words = [number(w) for w in words.split(",")][:COUNTS[call]]
        failed = re.match(r"-1 errno=(\d+)", result)
        show(call, words, "-%s" % failed[1] if failed
             else "0x%x" % number(result.split()[0]))


def ours(path):
    for row in csv.DictReader(open(path, newline="")):
        if row["event"] not in COUNTS:
            continue
        words = [int(w.split("=")[1], 0) & MASK
                 for w in row["arguments"].split()]
        result = row["result"].lstrip("'")
        show(row["event"], words[:COUNTS[row["event"]]],
             result if result.startswith("-") else "0x%x" % int(result, 0))


emulator(sys.argv[2]) if sys.argv[1] == "emulator" else ours(sys.argv[2])
PYTHON

# compare EMULATOR PROGRAM ARGUMENT...
compare() {
	local emulator=$1
	shift
	"$emulator" -strace "$@" >/dev/null 2>calls.log
	"$pagewalk" capture --engine qemu -o t.pwt -- "$@" >/dev/null 2>err ||
		{ echo "FAIL: $* cannot be recorded"; cat err; failures=1; return; }
	"$pagewalk" dump --events --format csv t.pwt >events.csv
	python3 normal.py emulator calls.log >want || exit 1
	python3 normal.py ours events.csv >got || exit 1
	if [ ! -s want ] || ! cmp -s want got; then
		echo "FAIL: calls of $*: emulator (<) and trace (>) differ"
		diff want got | head -20
		failures=1
		return
	fi
	echo "$*: $(wc -l <got) calls are equal"
}

seq 300 | rev >numbers
compare qemu-x86_64 "$(command -v sort)" numbers -o sorted
gcc -O1 -static -pthread -o target "$source/tests/programs/target_mix.c" ||
	exit 1
compare qemu-x86_64 ./target calls
if command -v qemu-aarch64 >/dev/null &&
	command -v aarch64-linux-gnu-gcc >/dev/null; then
	aarch64-linux-gnu-gcc -O1 -static -o arm \
		"$source/tests/programs/space_calls.c" || exit 1
	compare qemu-aarch64 ./arm
	[ "$("$pagewalk" info --format json t.pwt |
		grep -c '"machine": *"aarch64"')" -ge 1 ] ||
		{ echo "FAIL: the trace does not say aarch64"; failures=1; }
fi
[ $failures -eq 0 ] || exit 1
