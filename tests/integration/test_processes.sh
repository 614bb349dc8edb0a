#!/bin/bash
# Threads, processes and running programs, recorded by single steps. Arguments:
# the pagewalk program, the source directory.
set -u
pagewalk=$1
source=$2
for tool in gcc python3 nm; do
	command -v $tool >/dev/null || { echo "skipped: no $tool"; exit 77; }
done
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
failures=0

fail() {
	echo "FAIL: $*"
	failures=$((failures + 1))
}

# expect STATUS WORDS...: the exit status of "pagewalk capture WORDS...".
expect() {
	local want=$1 got
	shift
	timeout 60 "$pagewalk" capture --engine ptrace "$@" >out 2>err
	got=$?
	[ $got -eq "$want" ] || { fail "capture $*: $got, not $want"; cat err; }
}

# events TRACE: "thread name arguments result text" a line.
events() {
	"$pagewalk" dump --events --format csv "$1" | python3 -c '
import csv, sys
for row in csv.DictReader(sys.stdin):
    print(row["thread"], row["event"], row["arguments"],
          row["result"].lstrip("\x27"), row["text"], sep="|")' >events
}

# value TRACE KEY: a number of "pagewalk info".
value() {
	"$pagewalk" info --format json "$1" |
		sed -n "s/^ *\"$2\": *\([0-9a-z]*\),*\$/\1/p" | head -1
}

# accesses TRACE SYMBOL BYTES KIND LEAST: "count:thread" of the accesses there
# of that kind and of at least so many bytes.
accesses() {
	local start
	start=$(nm target | awk -v name="$2" '$3 == name {print $1}')
	"$pagewalk" dump --format csv "$1" | python3 -c '
import csv, sys
start, size, kind, least = sys.argv[1:]
count = {}
for row in csv.DictReader(sys.stdin):
    address = int(row["address"].lstrip("\x27"), 16)
    if (0 <= address - int(start, 16) < int(size) and row["kind"] == kind and
            int(row["size"]) >= int(least)):
        count[row["thread"]] = count.get(row["thread"], 0) + 1
print(*("%d:%s" % (count[t], t) for t in sorted(count)))' \
		"$start" "$3" "$4" "$5"
}

gcc -O1 -static -pthread -o target "$source/tests/programs/target_mix.c" ||
	exit 1

# Every store of each thread is in the trace, and no other: 300 of 8 bytes.
expect 0 -o t.pwt -- ./target threads
[ "$(value t.pwt threads)" = 3 ] || fail "not three threads"
[ "$(value t.pwt processes)" = 1 ] || fail "not one process"
[ "$(accesses t.pwt first_cells 2400 W 1)" = 300:1 ] ||
	fail "first cells: $(accesses t.pwt first_cells 2400 W 1)"
[ "$(accesses t.pwt second_cells 2400 W 1)" = 300:2 ] ||
	fail "second cells: $(accesses t.pwt second_cells 2400 W 1)"
events t.pwt
[ "$(grep -c '^0|clone|' events)" -eq 2 ] || fail "not two clones"
[ "$(grep -Ec '^[12]\|exit\|' events)" -eq 2 ] || fail "not two thread ends"
[ "$(grep -Ec '^[012]\|cpu\|' events)" -eq 3 ] || fail "not three cpu events"

# The kernel's frame: vector registers, context and siginfo are written to the
# other stack, all but siginfo are read back; no instruction is so large.
expect 0 -o t.pwt -- ./target other-stacks
[ "$(accesses t.pwt other_stack 65536 W 128)" = 3:1 ] ||
	fail "frame stores: $(accesses t.pwt other_stack 65536 W 128)"
[ "$(accesses t.pwt other_stack 65536 R 128)" = 2:1 ] ||
	fail "frame loads: $(accesses t.pwt other_stack 65536 R 128)"
events t.pwt
grep -q '^1|signal|signal=0xa ' events || fail "no SIGUSR1 of the thread"
grep -q '^1|sigreturn|' events || fail "no sigreturn"

# An exec by another thread than the first: it goes on, the first does not.
expect 0 -o t.pwt -- ./target thread-exec
events t.pwt
grep -q '^1|exec|.*/target$' events || fail "no exec of the second thread"
[ "$(sed -n '/|exec|/,$p' events | grep -c '^1|mark|')" -eq 2 ] ||
	fail "the second thread's image is not recorded"
sed -n '/|exec|/,$p' events | grep -q '^0|' &&
	fail "the first thread goes on after an exec of another"

# Fork, vfork, exec and a pipeline, with the program's own output.
expect 0 -o t.pwt -- sh -c 'echo a | cat'
[ "$(cat out)" = a ] || fail "the pipeline's output is wrong"
[ "$(value t.pwt processes)" = 3 ] || fail "not three processes"
events t.pwt
[ "$(grep -c '|exec|.*/cat$' events)" -eq 1 ] || fail "cat is not recorded"
expect 0 -o t.pwt -- ./target killed-child
events t.pwt
[ "$(grep -c '^1|killed|signal=0x9|' events)" -eq 1 ] ||
	fail "the child's death is not recorded"

# Which processes are recorded, and until when.
expect 4 --follow none -o t.pwt -- ./target orphan
[ "$(value t.pwt processes)" = 1 ] || fail "none: not one process"
events t.pwt
[ "$(grep -c '|unrecorded|.*|process$' events)" -eq 1 ] ||
	fail "none: not one unrecorded process"
expect 4 --follow children -o t.pwt -- ./target orphan
[ "$(value t.pwt processes)" = 2 ] || fail "children: not two processes"
events t.pwt
grep -q 'alone' events && fail "children: recorded past the first's end"
expect 4 --follow all -o t.pwt -- ./target orphan
events t.pwt
grep -q '^1|mark|.*alone$' events || fail "all: the orphan is not recorded"

# await FILE: the target has said that it runs.
await() {
	for _ in $(seq 200); do
		grep -q running "$1" 2>/dev/null && return 0
		sleep 0.05
	done
	fail "the target did not start"
	return 1
}

# free_again PID: not traced, not stopped, and where it may run.
free_again() {
	local task
	for task in "/proc/$1/task"/*; do
		grep -q '^TracerPid:[^0-9]*0$' "$task/status" ||
			fail "a thread is still traced"
		grep -q '^State:[^A-Za-z]*[tT]' "$task/status" &&
			fail "a thread is left stopped"
		[ "$(grep '^Cpus_allowed:' "$task/status")" = \
			"$(grep '^Cpus_allowed:' /proc/self/status)" ] ||
			fail "a thread's processors are not given back"
	done
}

# A limit, an interrupt and SIGTERM each end a recording of a program that ran
# before and runs on.
./target workers >out.workers &
pid=$!
if await out.workers; then
	expect 0 --pid $pid --max-instructions 2000 -o t.pwt
	[ "$(value t.pwt instructions)" = 2000 ] ||
		fail "attached: not 2000 instructions"
	[ "$(value t.pwt threads)" = 3 ] || fail "attached: not three threads"
	free_again $pid
	for signal in INT TERM; do
		# A background job of a script ignores SIGINT unless it is told.
		python3 -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])' "$pagewalk" capture --engine ptrace \
			--pid $pid -o $signal.pwt >/dev/null 2>err &
		job=$!
		sleep 1
		kill -$signal $job
		wait $job || fail "attached: the status after $signal"
		[ "$(value $signal.pwt complete)" = true ] ||
			fail "attached: no complete trace after $signal"
		free_again $pid
	done
	# A recorder that is killed leaves the program as it was, too.
	"$pagewalk" capture --engine ptrace --pid $pid -o killed.pwt \
		>/dev/null 2>err &
	job=$!
	sleep 1
	kill -KILL $job
	wait $job 2>/dev/null
	sleep 0.5
	free_again $pid
	[ "$(value killed.pwt complete)" = true ] ||
		fail "attached: no complete trace after KILL"
	kill -TERM $pid
fi
wait $pid
[ $? -eq 11 ] || fail "the program did not go on as before"

# What cannot be attached to is said so.
expect 4 --pid 4194304 -o none.pwt
[ -e none.pwt ] && fail "a refused attachment left a trace"

if [ $failures -ne 0 ]; then
	echo "$failures failures"
	exit 1
fi
echo "all as it should be"
