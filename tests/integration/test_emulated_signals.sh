#!/usr/bin/env bash
# Signals of an emulated program: each delivery and return is an event, and the
# frame that holds the handler's context is written and read by the kernel.
# Arguments: the pagewalk program, the source directory.
set -u
pagewalk=$1
source=$2
for tool in qemu-x86_64 gcc python3; do
	command -v $tool >/dev/null || { echo "skipped: $tool is not installed"; exit 77; }
done
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1

gcc -O1 -o frames "$source/tests/programs/signal_frames.c" || exit 1
"$pagewalk" capture --engine qemu -o t.pwt -- ./frames >out 2>err ||
	{ cat err; exit 1; }
"$pagewalk" dump --format csv t.pwt >accesses.csv || exit 1
"$pagewalk" dump --events --format csv t.pwt >events.csv || exit 1
cat >check.py <<'PYTHON'
import csv
import sys

FRAME = 960  # what QEMU puts on the stack
told = [(int(n), int(address, 16))
        for n, address in (line.split() for line in open("out"))]
events = [row for row in csv.DictReader(open("events.csv", newline=""))
          if row["event"] in ("signal", "sigreturn")]
accesses = list(csv.DictReader(open("accesses.csv", newline="")))
kinds = [row["event"] for row in events]
if kinds != ["signal", "sigreturn"] * 2:
    sys.exit("FAIL: the events are %s" % kinds)
for i, (number, context) in enumerate(told):
    delivery, back = events[2 * i], events[2 * i + 1]
    if "signal=0x%x " % number not in delivery["arguments"]:
        sys.exit("FAIL: not signal %d: %s" % (number, delivery))
    write = accesses[int(delivery["access"])]
    read = accesses[int(back["access"]) - 1]
    start = int(write["address"], 16)
    if (write["kind"], int(write["size"])) != ("W", FRAME) or \
            not start < context < start + FRAME:
        sys.exit("FAIL: no frame around 0x%x: %s" % (context, write))
    if (read["kind"], read["size"], read["address"]) != \
            ("R", write["size"], write["address"]):
        sys.exit("FAIL: the frame is not read at the end: %s" % read)
print("%d signals, their frames and returns" % len(told))
PYTHON
python3 check.py
