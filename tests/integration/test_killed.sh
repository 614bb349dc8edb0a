#!/bin/bash
# A recorder that is killed leaves a trace that can be read, and no process of
# its target. Arguments: the pagewalk program, the source directory. PW_KILLS
# sets how often each engine is killed, 3 times if it is not set.
set -u
pagewalk=$1
source=$2
command -v gcc >/dev/null || { echo "skipped: gcc is not installed"; exit 77; }
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
kills=${PW_KILLS:-3}
failures=0

fail() {
	echo "FAIL: $*"
	failures=$((failures + 1))
}

gcc -D_GNU_SOURCE -O1 -static -no-pie -pthread -o end_mix \
	"$source/tests/programs/end_mix.c" || exit 1
# Processes, threads, pipes and execs, from the first moment to the last.
cat >work.sh <<'SH'
for i in 1 2 3; do
	./end_mix threads 4 >out.$i
	./end_mix stores 3000000 | cat >>out.$i &
done
./end_mix stores 90000000 &
for i in $(seq 1000); do
	./end_mix threads 3 >/dev/null
	/bin/true
done
SH

# Processes of the target, and the guard: their folder tells.
left() {
	local process
	for process in /proc/[0-9]*; do
		[ "$(readlink "$process/cwd" 2>/dev/null)" = "$dir" ] || continue
		[ "${process#/proc/}" != $$ ] || continue
		[ "${process#/proc/}" != $BASHPID ] || continue
		tr '\0' ' ' <"$process/cmdline" 2>/dev/null
	done
}

# kill_one ENGINE MILLISECONDS
kill_one() {
	local engine=$1 status i
	rm -f t.pwt
	"$pagewalk" capture --engine "$engine" -o t.pwt -- bash work.sh \
		>/dev/null 2>&1 &
	sleep $(($2 / 1000)).$(printf %03d $(($2 % 1000)))
	kill -9 $!
	wait $! 2>/dev/null
	for i in $(seq 60); do
		[ -z "$(left)" ] && break
		sleep 0.1
	done
	[ -z "$(left)" ] ||
		fail "$engine, killed after $2 ms: processes left: $(left)"
	[ -e t.pwt ] || return
	"$pagewalk" info --format csv t.pwt >info 2>err
	status=$?
	[ $status -eq 2 ] ||
		fail "$engine, killed after $2 ms: exit status $status of info"
	# The program makes a million accesses in much less than two seconds.
	[ "$2" -lt 3000 ] || [ $engine = ptrace ] ||
		[ "$(awk -F, 'NR == 2 {print $2}' info)" -gt 1000000 ] ||
		fail "$engine, killed after $2 ms: more than a second is lost"
}

RANDOM=7
for i in $(seq "$kills"); do
	if command -v qemu-x86_64 >/dev/null; then
		kill_one qemu $((RANDOM % 2500))
	fi
	kill_one ptrace $((RANDOM % 1500))
done
if command -v qemu-x86_64 >/dev/null; then
	kill_one qemu 3000
fi
[ $failures -eq 0 ] || exit 1
echo "all checks passed"
