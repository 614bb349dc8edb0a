#!/bin/bash
# A recorded program behaves as it does by itself, and its trace tells what it
# did. Arguments: the pagewalk program, the source directory.
set -u
pagewalk=$1
source=$2
command -v gcc >/dev/null || { echo "skipped: gcc is not installed"; exit 77; }
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
	timeout 120 "$pagewalk" capture --engine ptrace "$@" >out 2>err
	got=$?
	if [ $got -ne "$want" ]; then
		fail "capture $*: exit status $got, not $want"
		cat err
	fi
}

gcc -O1 -static -pthread -o target "$source/tests/programs/target_mix.c" ||
	exit 1

# The target's status is the recorder's.
expect 0 -o t.pwt -- ./target exit 0
expect 7 -o t.pwt -- ./target exit 7
expect 143 -o t.pwt -- ./target kill 15
expect 134 -o t.pwt -- ./target kill 6
expect 137 -o t.pwt -- ./target kill 9

# Code that changes, faults, breakpoints, timers, restarted calls, children,
# attached memory and a change of processor all go as without a tracer.
for mode in calls code signals children shared affinity breakpoints rewritten \
	rings; do
	./target $mode || { fail "$mode fails without a recorder"; continue; }
	expect 0 -o $mode.pwt -- ./target $mode
done
if timeout 2 ./target hardware-breakpoint; then
	expect 0 -o hardware.pwt -- ./target hardware-breakpoint
else
	echo "int1 does not work here: not checked"
fi

# Standard input and output are the target's alone.
seq 300 | rev >numbers
sort numbers >native
"$pagewalk" capture --engine ptrace -o sort.pwt -- sort <numbers 2>err | cat >recorded
cmp -s native recorded || fail "sort through a pipe gives another output"

# Programs that cannot be recorded are refused before anything is written.
rm -f none.pwt
expect 4 -o none.pwt -- ./missing-program
grep -q 'missing-program' err || fail "the missing program is not named"
expect 4 -o none.pwt -- missing-program
grep -q 'PATH' err || fail "the message does not speak of PATH"
echo data >plain
expect 4 -o none.pwt -- ./plain
grep -q 'chmod' err || fail "no hint for a file that is not executable"
chmod +x plain
expect 4 -o none.pwt -- ./plain
printf '\x7fELF\x01\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\x03\0' >elf32
chmod +x elf32
expect 4 -o none.pwt -- ./elf32
grep -q '64-bit' err || fail "the 32-bit program is not called so"
expect 4 -o none.pwt -- .
if [ "$(id -u)" -eq 0 ]; then
	cp target other
	chown 65534 other
	chmod u+s other
	expect 4 -o none.pwt -- ./other exit 0
	grep -q 'set-user-ID' err || fail "set-user-ID is not named"
fi
[ -e none.pwt ] && fail "a refused program left a trace"
expect 64 --engine nothing -- ./target exit 0

# A script runs by its interpreter.
printf '#!/bin/sh\nexit 9\n' >script
chmod +x script
expect 9 -o script.pwt -- ./script

# Output that cannot be written ends with 3; the target still ends.
expect 3 -o /dev/full -- ./target exit 0
expect 3 -o no/such/folder.pwt -- ./target exit 0
(
	ulimit -f 8
	timeout 120 "$pagewalk" capture --engine ptrace -o big.pwt -- ./target exit 0
	[ $? -eq 3 ]
) >out 2>err || fail "a trace over the file size limit does not give 3"

# events TRACE: "name arguments result text" a line.
events() {
	"$pagewalk" dump --events --format csv "$1" | python3 -c '
import csv, sys
for row in csv.DictReader(sys.stdin):
    print(row["event"], row["arguments"], row["result"].lstrip("\x27"),
          row["text"], sep="|")'
}

if ! command -v python3 >/dev/null; then
	echo "python3 is not installed: events are not checked"
else
	events calls.pwt >events
	[ "$(grep -c '^mark|' events)" -eq 2 ] || fail "not two marks"
	grep -q '^mark|.*|phase-one$' events || fail "no mark phase-one"
	grep -q '^mark|.*|phase-two$' events || fail "no mark phase-two"
	grep -q '^map|.*|\[stack\]$' events || fail "no map of the stack"
	grep -q '^present|' events || fail "no present pages"
	grep -q '^exit_group|status=0x0|' events || fail "no exit_group"

	events signals.pwt >events
	grep -q '^signal|signal=0xb code=0x1 address=0x10 access=0x2|' events ||
		fail "no SIGSEGV of a store at address 16"
	[ "$(grep -c '^signal|signal=0x5 ' events)" -eq 2 ] ||
		fail "not two SIGTRAPs"
	[ "$(grep -c '^signal|signal=0xe ' events)" -eq 2 ] ||
		fail "not two SIGALRMs"

	events breakpoints.pwt >events
	[ "$(grep -c '^signal|signal=0x5 ' events)" -eq 2 ] ||
		fail "not two SIGTRAPs of breakpoints"
	grep -q '32-bit' events && fail "a breakpoint is taken for a call"

	# The first instruction had five bytes and has three now.
	"$pagewalk" dump --format csv rewritten.pwt |
		grep -c ',0x30000000,F,0x30000000,3$' >/dev/null ||
		fail "code that another thread has written is stale"

	events rings.pwt >events
	grep -q '^map|.*aio' events || fail "io_setup is not recorded"
	grep -q '^munmap|address=0x[0-9a-f]* length=0x[1-9a-f]' events ||
		fail "io_destroy is not recorded"
	[ "$(grep -c '^mlock|' events)" -eq 2 ] || fail "not two mlocks"

	events children.pwt >events
	[ "$(grep -c '^clone|' events)" -eq 3 ] || fail "not three children"
	[ "$(grep -c '^exit_group|' events)" -eq 3 ] ||
		fail "not three processes that end"
	[ "$(grep -c '^exit|' events)" -eq 1 ] || fail "not one thread's end"

	events shared.pwt >events
	grep -q '^shmdt|address=0x[0-9a-f]* length=0x3000|0x0' events ||
		fail "shmdt is not recorded"

	# The new image replaces the old one and is recorded.
	expect 0 -o exec.pwt -- ./target exec ./target
	events exec.pwt >events
	[ "$(grep -c '^exec|.*/target$' events)" -eq 1 ] || fail "no exec"
	sed -n '/^exec|/,$p' events | grep -q '^map|.*|\[stack\]$' ||
		fail "no maps after exec"
	[ "$(sed -n '/^exec|/,$p' events | grep -c '^mark|')" -eq 2 ] ||
		fail "the new image is not recorded"
fi

# Every call that changes the address space, as strace sees it. Addresses too:
# without randomisation both runs lay their memory out the same way.
calls=mmap,munmap,brk,mprotect,mremap,madvise
cat >normal.py <<'PYTHON'
import csv
import re
import sys

counts = {"mmap": 6, "munmap": 2, "brk": 1, "mprotect": 3, "mremap": 4,
          "madvise": 3}
last = 0


def show(name, words, result):
    words = [word & 0xffffffff if name == "mmap" and i == 4 else word
             for i, word in enumerate(words[:counts[name]])]
    print(name, *("0x%x" % word for word in words),
          "error" if result is None else "0x%x" % result)


for line in open(sys.argv[2], newline="") if sys.argv[1] == "strace" else ():
    match = re.match(r"(?:\d+ +)?(\w+)\((.*)\) += (-?\w+)", line)
    if match and match[1] in counts:
        words = [int(word, 0) for word in match[2].split(",")]
        result = int(match[3], 0)
        show(match[1], words, None if result < 0 else result)
if sys.argv[1] == "ours":
    for row in csv.DictReader(open(sys.argv[2], newline="")):
        if row["event"] in counts:
            words = [int(word.split("=")[1], 16)
                     for word in row["arguments"].split()]
            result = row["result"].lstrip("'")
            show(row["event"], words,
                 None if result.startswith("-") else int(result, 16))
PYTHON
compare() {
	setarch -R strace -f -e trace=$calls -e raw=$calls -o strace.log \
		"$@" >/dev/null 2>err || return 1
	expect 0 --no-aslr -o calls.pwt -- "$@"
	"$pagewalk" dump --events --format csv calls.pwt >calls.csv
	python3 normal.py strace strace.log >want
	python3 normal.py ours calls.csv >got
	if [ ! -s want ] || ! cmp -s want got; then
		fail "calls of $*: strace (<) and the trace (>) differ"
		diff want got | head -20
	fi
}
if command -v strace >/dev/null && command -v python3 >/dev/null &&
	setarch -R strace -o /dev/null ./target exit 0 2>/dev/null; then
	compare ./target calls || fail "strace cannot run the target"
	compare sort numbers || fail "strace cannot run sort"
else
	echo "strace cannot be used here: system calls are not compared"
fi

# Limits end the recording, not the target.
expect 5 --max-instructions 1000 -o limit.pwt -- ./target exit 5
"$pagewalk" info --format json limit.pwt >info.json
grep -Eq '"instructions": *1000\b' info.json ||
	fail "not 1000 instructions with --max-instructions 1000"

# await FILE: the target has said that it runs.
await() {
	for _ in $(seq 200); do
		grep -q running "$1" 2>/dev/null && return 0
		sleep 0.05
	done
	fail "the target did not start"
	return 1
}

# target_pid: the target of the background job.
target_pid() {
	pgrep -P "$job" -x target
}

# --max-time ends the recording of a target that only sleeps.
"$pagewalk" capture --engine ptrace --max-time 1 -o time.pwt -- ./target sleeper >out 2>err &
job=$!
if await out; then
	sleep 1.5
	pid=$(target_pid)
	grep -q '^TracerPid:[^0-9]*0$' "/proc/$pid/status" ||
		fail "the sleeper is still traced after --max-time"
	"$pagewalk" info time.pwt >/dev/null || fail "time.pwt is not readable"
	kill -9 "$pid"
fi
wait $job
[ $? -eq 137 ] || fail "the sleeper's status is not passed on"

# A target that was let go may run where the recorder may, also when it has
# chosen processors for another process.
"$pagewalk" capture --engine ptrace --max-time 1 -o where.pwt -- ./target elsewhere \
	>out 2>err &
job=$!
if await out; then
	sleep 1.5
	pid=$(target_pid)
	[ "$(grep '^Cpus_allowed:' "/proc/$pid/status")" = \
		"$(grep '^Cpus_allowed:' /proc/self/status)" ] ||
		fail "the target's processors are not given back"
	kill -9 "$pid"
fi
wait $job

# SIGTERM goes to the target, and the trace is whole.
"$pagewalk" capture --engine ptrace -o term.pwt -- ./target sleeper >out 2>err &
job=$!
await out && kill -TERM $job
wait $job
[ $? -eq 143 ] || fail "SIGTERM to the recorder does not end the target by it"
"$pagewalk" info --format json term.pwt | grep -q '"complete": *true' ||
	fail "the trace is not complete after SIGTERM"

# A second SIGTERM ends nothing before the trace is whole.
"$pagewalk" capture --engine ptrace -o twice.pwt -- ./target slow >out 2>err &
job=$!
if await out; then
	kill -TERM $job
	kill -TERM $job
	sleep 0.02
	kill -TERM $job
fi
wait $job
case $? in
9 | 143) ;; # the last one may come when the trace is whole already
*) fail "the status after two SIGTERMs is not the target's" ;;
esac
"$pagewalk" info --format json twice.pwt | grep -q '"complete": *true' ||
	fail "the trace is not complete after two SIGTERMs"

# Limits and SIGTERM end a recording whose first thread is dead: the trace is
# whole while another thread goes on.
"$pagewalk" capture --engine ptrace --max-time 1 -o leader.pwt -- ./target leaderless \
	>out 2>err &
job=$!
if await out; then
	sleep 2
	"$pagewalk" info --format json leader.pwt |
		grep -q '"complete": *true' ||
		fail "--max-time does not work without a first thread"
fi
wait $job
[ $? -eq 3 ] || fail "the status of a further thread's exit is lost"
"$pagewalk" capture --engine ptrace -o leader.pwt -- ./target leaderless >out 2>err &
job=$!
await out && sleep 0.5 && kill -TERM $job
wait $job
[ $? -eq 143 ] || fail "SIGTERM does not work without a first thread"

# SIGTERM ends a target that job control has stopped.
"$pagewalk" capture --engine ptrace -o stopped.pwt -- ./target sleeper >out 2>err &
job=$!
if await out; then
	kill -STOP "$(target_pid)"
	sleep 0.2
	kill -TERM $job
fi
wait $job
[ $? -eq 143 ] || fail "SIGTERM does not end a stopped target"

# An inherited SIGCHLD that is ignored does not cost the exit status.
(
	trap '' CHLD
	exec "$pagewalk" capture --engine ptrace -o child.pwt -- ./target exit 6
) >out 2>err
[ $? -eq 6 ] || fail "the status is lost when SIGCHLD is ignored"

# Job control works: a stopped target stays stopped and can be continued.
"$pagewalk" capture --engine ptrace -o stop.pwt -- ./target forever >out 2>err &
job=$!
if await out; then
	pid=$(target_pid)
	kill -STOP "$pid"
	sleep 0.3
	state=$(awk '/^State:/ {print $2}' "/proc/$pid/status")
	case $state in
	[tT]) ;;
	*) fail "a stopped target is in state $state" ;;
	esac
	before=$(awk '{print $14 + $15}' "/proc/$pid/stat")
	sleep 0.5
	after=$(awk '{print $14 + $15}' "/proc/$pid/stat")
	[ "$before" = "$after" ] || fail "a stopped target runs"
	kill -CONT "$pid"
	sleep 0.5
	after=$(awk '{print $14 + $15}' "/proc/$pid/stat")
	[ "$before" != "$after" ] || fail "a continued target does not run"
	kill -TERM "$pid"
fi
wait $job
[ $? -eq 143 ] || fail "the status after job control is wrong"

# A recorder that is killed leaves no target behind and a trace to read, which
# lacks about a second at most.
"$pagewalk" capture --engine ptrace -o killed.pwt -- ./target forever >out 2>err &
job=$!
if await out; then
	pid=$(target_pid)
	sleep 2.5
	kill -9 $job
	wait $job 2>/dev/null
	sleep 0.3
	state=$(awk '/^State:/ {print $2}' "/proc/$pid/status" 2>/dev/null)
	case $state in
	"" | Z) ;;
	*) fail "the target outlived its recorder, in state $state" ;;
	esac
	"$pagewalk" info --format json killed.pwt >out 2>err
	status=$?
	[ $status -eq 2 ] ||
		fail "the killed recorder's trace gives $status, not 2"
	grep -Eq '"accesses": *[1-9]' out ||
		fail "the killed recorder's trace is empty"
fi

if [ $failures -ne 0 ]; then
	echo "$failures failures"
	exit 1
fi
echo "all as it should be"
