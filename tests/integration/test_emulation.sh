#!/bin/bash
# Real programs, and odd ones, run under the fast engine as they do by
# themselves, with all their processes and threads in the trace. Arguments: the
# pagewalk program, the source directory. PW_LONG=1 adds longer runs; PW_PARTS
# names the functions below that are run.
set -u
pagewalk=$1
source=$2
for tool in gcc nm qemu-x86_64; do
	command -v $tool >/dev/null ||
		{ echo "skipped: $tool is not installed"; exit 77; }
done
[ "$(uname -m)" = x86_64 ] || { echo "skipped: not on x86-64"; exit 77; }
dir=$(mktemp -d) || exit 1
mounted=
trap '[ -z "$mounted" ] || umount "$dir/small"; rm -rf "$dir"' EXIT
chmod 755 "$dir"
cd "$dir" || exit 1
unset LD_LIBRARY_PATH LD_PRELOAD
failures=0

fail() {
	echo "FAIL: $*"
	failures=$((failures + 1))
}

capture() {
	timeout 120 "$pagewalk" capture --engine qemu -o t.pwt "$@"
}

# field NAME: of the recording's own row.
field() {
	"$pagewalk" info --format csv t.pwt 2>/dev/null | awk -F, -v name="$1" '
		NR == 1 {for (i = 1; i <= NF; i++) if ($i == name) column = i}
		NR == 2 {print $column}'
}

# same COMMAND...: output and exit status as without the recorder.
same() {
	local native status
	"$@" >native.out 2>/dev/null
	native=$?
	capture -- "$@" >out 2>err
	status=$?
	[ $status -eq $native ] ||
		{ fail "$*: exit status $status, not $native"; tail -3 err; }
	sed -e '/^Recording$/,$d' out | cmp -s - native.out ||
		{ fail "$*: other output"; diff out native.out | head -5; }
}

# has WHAT COUNT: processes or threads of the last recording.
has() {
	local got
	got=$(field "$1")
	[ "$got" = "$2" ] || fail "$1: $got, not $2"
}

# stores CELL COUNT: to cell[CELL] of end_mix, in the last recording.
stores() {
	local address got
	address=$(printf '0x%x' $((0x$(nm end_mix | awk '$3 == "cell" {print $1}') + 8 * $1)))
	got=$("$pagewalk" dump --format csv t.pwt 2>/dev/null |
		grep -c ",W,$address,")
	[ "$got" -eq "$2" ] || fail "cell $1: $got stores, not $2"
}

# about COUNT: so many stores in the last recording, and few others.
about() {
	local got
	got=$(field stores)
	[ "$got" -ge "$1" ] && [ "$got" -lt $(($1 + 500000)) ] ||
		fail "$got stores, not $1 and a few"
}

# told WORDS: the last recording has an event with these words.
told() {
	"$pagewalk" dump --events --format csv t.pwt | grep -q "$1" ||
		fail "no event \"$1\""
}

for name in exec_mix end_mix; do
	gcc -D_GNU_SOURCE -O1 -static -no-pie -pthread -o $name \
		"$source/tests/programs/$name.c" || exit 1
done
seq 1 1500 | awk '{print ($1 * 7919) % 503}' >numbers

real_programs() {
	same bash -c 'sort numbers | uniq -c | sort -n'
	has processes 4
	cat >hello.c <<'C'
#include <stdio.h>
int main(void) { printf("hello %d\n", 42); return 7; }
C
	same gcc -O1 -S -o - hello.c
	same bash -c 'gcc -O1 -c -o hello.o hello.c && cat hello.o'
	has processes 4 # the shell becomes cat
	seq 1 140000 | awk '{print ($1 * 7919) % 150001}' >many
	same env LC_ALL=C sort --parallel=2 -S 40M many
	has threads 2
	same bash -c 'tar cf - --mtime=@0 numbers | gzip -n1'
	has processes 3
	command -v perl >/dev/null &&
		same perl -e 'print `echo a b`; exit 3'
	[ -x /usr/bin/python3 ] || return
	cat >both.py <<'PYTHON'
import subprocess
import threading

print(subprocess.run(["echo", "hi"], capture_output=True).stdout)
sums = []
threads = [threading.Thread(target=lambda i=i: sums.append(sum(range(i * 99))))
           for i in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(sorted(sums))
PYTHON
	same /usr/bin/python3 both.py
	has processes 2
	has threads 6
}

# A server in the background, driven by a client, both recorded.
server() {
	command -v redis-benchmark >/dev/null || return
	cat >serve.sh <<'SH'
redis-server --unixsocket "$PWD/socket" --port 0 --save "" >/dev/null &
for i in $(seq 100); do
	redis-cli -s socket ping >/dev/null 2>&1 && break
	sleep 0.1
done
redis-benchmark -s socket -t set -n 2000 -r 1 -c 5 -q >/dev/null
redis-cli -s socket dbsize
redis-cli -s socket shutdown nosave
wait
SH
	same bash serve.sh
	told "exec,.*redis-benchmark"
}

execs() {
	for way in "show a,b" self nameless fexecve memory execveat fails \
		thread vfork closed descriptors environment arguments long; do
		same ./exec_mix $way
	done
	printf '#!/bin/echo  one two \n' >first
	printf '#!%s/first arg\n' "$dir" >second
	printf '#!/bin/sh\necho "$0" "$@"\nexit 5\n' >third
	printf '#! /usr/bin/env bash\necho "$0" "$@"\n' >fourth
	printf 'echo no line "$@"\n' >fifth
	printf '#!loop\n' >loop
	chmod +x first second third fourth fifth loop
	same ./second a 'b,c'
	same bash -c './first a "b  c"; ./second; ./third "a,b" "c  d"; ./loop
		./fourth ""; ./fifth z; ./numbers; PATH=.:$PATH; third; nosuch'
	same bash -c "trap '' USR1; exec bash -c 'bash -c \"kill -USR1 \\\$\\\$
		echo alive\"'"
	same env -u _ SHLVL=1 LD_LIBRARY_PATH=/none LD_BIND_NOW=1 A=b \
		bash -c 'echo $LD_LIBRARY_PATH$LD_BIND_NOW$A; exec ./exec_mix show'
	(ulimit -s unlimited; same bash -c './exec_mix show; ./exec_mix thread')
}

# unrecorded WORDS COMMAND...: runs natively, and that is told.
unrecorded() {
	local words=$1
	shift
	same "$@"
	grep -q "goes on unrecorded: $words" err || fail "$*: nothing said"
	told "unrecorded.*$words"
}

natives() {
	# The 32-bit program "exit(5)".
	{
		printf '\177ELF\1\1\1\0\0\0\0\0\0\0\0\0\2\0\3\0\1\0\0\0'
		printf '\124\200\4\10\64\0\0\0\0\0\0\0\0\0\0\0\64\0\40\0\1\0'
		printf '\0\0\0\0\0\0\1\0\0\0\0\0\0\0\0\200\4\10\0\200\4\10'
		printf '\140\0\0\0\140\0\0\0\5\0\0\0\0\20\0\0'
		printf '\270\1\0\0\0\273\5\0\0\0\315\200'
	} >small32
	chmod +x small32
	./small32
	[ $? -ne 5 ] || unrecorded "32-bit program" bash -c './small32; echo $?'
	[ "$(id -u)" = 0 ] || { echo "not root: no chroot, no set-uid"; return; }
	cp /bin/id id
	chown nobody id
	chmod u+s id
	unrecorded set-user-ID bash -c './id -un; echo $?'
	mkdir root
	cp exec_mix root
	unrecorded "the recorder cannot" ./exec_mix root root
	unrecorded "the recorder cannot" ./exec_mix user
}

ends() {
	for signal in 6 9 15; do
		same ./end_mix killed $signal 2>/dev/null
		stores 3 100003
		told "killed,signal=0x$(printf %x $signal),"
	done
	same ./end_mix crash 1 2>/dev/null
	stores 3 100003
	same ./end_mix child 9
	stores 3 100003
	same ./end_mix thread 7
	stores 3 100003
	has threads 4
	same ./end_mix threads 30
	has threads 31
	capture -- ./end_mix stores 20000003 >out 2>&1 &
	sleep 0.2
	kill -STOP $!
	sleep 0.3
	kill -CONT $!
	wait $!
	[ $? -eq 7 ] || fail "a recorder that was stopped: other status"
	about 20000003
	same bash -c './end_mix stores 20000003 & sleep 0.2; kill -STOP $!
		./end_mix stores 3000003; kill -CONT $!; wait $!'
	about 23000006
}

# More threads than there are rings.
crowd() {
	local got
	same ./end_mix threads ${1:-950}
	grep -q "threads go unrecorded: more threads at once" err || fail "a crowd: nothing said"
	told "unrecorded.*rings"
	got=$(field threads)
	[ "$got" -gt 800 ] || fail "only $got threads of a crowd recorded"
}

limits() {
	capture --max-instructions 100000 -- ./end_mix stores 9999999 >out 2>&1
	[ $? -eq 7 ] && grep -q '^stored' out || fail "--max-instructions"
	got=$(field instructions)
	[ "$got" -ge 100000 ] && [ "$got" -lt 101000 ] ||
		fail "--max-instructions: $got"
	capture --from second --to third -- ./end_mix marks 5000 >out 2>&1
	stores 1 0
	stores 2 10000
	stores 3 0
	capture --window 1000 --every 10000 -- ./end_mix marks 50000 >out 2>&1
	got=$(field instructions)
	[ "$got" -gt 110000 ] && [ "$got" -lt 150000 ] ||
		fail "--window: $got instructions of 1.2 million"
	for follow in none children all; do
		rm -f daemon.done
		capture --follow $follow -- ./end_mix daemon 100003 >out 2>&1 ||
			fail "--follow $follow"
		case $follow in
		none) has processes 1 ;;
		all) has processes 2 && stores 3 100003 ;;
		esac
		for i in $(seq 100); do
			[ -e daemon.done ] && break
			sleep 0.1
		done
		[ -e daemon.done ] || fail "--follow $follow: the daemon died"
	done
}

disk() {
	local engine status command
	mkdir small
	mount -t tmpfs -o size=192k none small 2>/dev/null ||
		{ echo "no small disk: nothing can be mounted"; return; }
	mounted=1
	for engine in qemu ptrace; do
		command="bash -c 'sort numbers; sort -n numbers numbers'"
		[ $engine = qemu ] || command="sort numbers"
		rm -f small/*
		[ $engine = qemu ] || mount -o remount,size=40k small
		eval "$command" >native.out
		eval "timeout 120 '$pagewalk' capture --engine $engine \
			-o small/t.pwt -- $command" >out 2>err
		status=$?
		[ $status -eq 3 ] || fail "full disk, $engine: status $status"
		grep -q "No space left" err || fail "full disk, $engine: no reason"
		cmp -s out native.out || fail "full disk, $engine: other output"
		"$pagewalk" info small/t.pwt >out 2>&1
		[ $? -eq 2 ] || fail "full disk, $engine: not readable"
	done
}

for part in ${PW_PARTS:-real_programs server execs natives ends crowd limits \
	disk}; do
	$part
done
if [ -n "${PW_LONG:-}" ]; then
	crowd 3000
	same bash -c 'for i in $(seq 2000); do /bin/true; done; echo done'
	has processes 2002
fi
[ $failures -eq 0 ] || exit 1
echo "all checks passed"
