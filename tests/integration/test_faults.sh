#!/usr/bin/env bash
# Every write, sync, close and rename of an output fails once, with a full disk
# or a broken one, is interrupted once, or writes less than was asked for. A
# failure gives status 3, path and reason, leaves what stood there, and nothing
# beside it; a recording keeps what is whole. The others change nothing.
# Arguments: the pagewalk program, the source directory. PW_LONG=1 hits every
# call with every fault; without it faults take turns.
set -uo pipefail
pagewalk=$1
fixtures=$2/tests/fixtures
faults=$PW_BUILD_DIR/tests/inject_faults.so
export LC_ALL=C NO_COLOR=1 GCC_COLORS=

[ -e "$faults" ] || { echo "no $faults"; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/out" "$work/in"
cd "$work/in" || exit 1
out=$work/out
cp "$fixtures/pwt/good.pwt" good.pwt
awk 'BEGIN { for (i = 0; i < 3000; i++)
	printf "I  %08x,4\n L %08x,8\n S %08x,4\n", 4096 + i % 100 * 4,
		65536 + i * 24, 1048576 + i * i % 65521
}' >long.lackey
"$pagewalk" import -q -o long.pwt long.lackey >/dev/null || exit 1
echo old >"$work/old"
bad=0
hits=0

fail() {
	echo "FAILED: $*"
	sed 's/^/  /' "$work/err"
	bad=1
}

# hit KIND N COMMAND...: run pagewalk; status in $status. False when the run
# came to its end before call N.
hit() {
	local kind=$1 at=$2
	shift 2
	rm -f "$work/witness"
	env FAULT_UNDER="$out/" FAULT_AT="$at" FAULT_KIND="$kind" \
		FAULT_WITNESS="$work/witness" LD_PRELOAD="$faults" \
		"$pagewalk" "$@" >"$work/stdout" 2>"$work/err"
	status=$?
	[ -e "$work/witness" ] || return 1
	hits=$((hits + 1))
}

reason() {
	case $1 in
	ENOSPC) echo "No space left on device" ;;
	EIO) echo "Input/output error" ;;
	esac
}

# kinds N: the faults for call N.
kinds() {
	if [ -n "${PW_LONG:-}" ]; then
		echo ENOSPC EIO EINTR SHORT
	elif [ $(($1 % 2)) -eq 0 ]; then
		echo ENOSPC EINTR
	else
		echo EIO SHORT
	fi
}

# check_failed KIND WHAT FILE: status and message of a failure.
check_failed() {
	[ "$status" -eq 3 ] || fail "$2: exit status $status, not 3"
	grep -qF "$3" "$work/err" || fail "$2: the message has no path"
	grep -qF "$(reason "$1")" "$work/err" || fail "$2: no reason"
}

# results FILE COMMAND...: the command writes $out/FILE.
results() {
	local file=$1 at=0 kind over=0
	shift
	rm -rf "${out:?}"/*
	"$pagewalk" "$@" >"$work/stdout" 2>"$work/err" || fail "$*"
	cp "$out/$file" "$work/whole" || { fail "$*: wrote nothing"; return; }
	while [ $over -eq 0 ] && [ $at -lt 400 ]; do
		at=$((at + 1))
		for kind in $(kinds $at); do
			rm -rf "${out:?}"/*
			cp "$work/old" "$out/$file"
			hit "$kind" $at "$@" || over=1
			if [ $over -eq 1 ]; then
				[ $status -eq 0 ] || fail "$* without faults"
				break
			fi
			case $kind in
			EINTR | SHORT)
				[ $status -eq 0 ] ||
					fail "$kind at $at: $*: status $status"
				cmp "$out/$file" "$work/whole" ||
					fail "$kind at $at: $*: other content"
				;;
			*)
				check_failed "$kind" "$kind at $at: $*" "$file"
				cmp -s "$out/$file" "$work/old" ||
					fail "$kind at $at: $*: old file lost"
				;;
			esac
			[ "$(ls -A "$out")" = "$file" ] ||
				fail "$kind at $at: $*: left $(ls -A "$out")"
		done
	done
	[ $at -gt 3 ] && [ $over -eq 1 ] || fail "$*: $at calls"
	echo "$* ($((at - 1)) calls)"
}

# readable FILE: what is whole of a recording comes out; its accesses.
readable() {
	local got=0
	"$pagewalk" dump --format csv "$1" >"$work/csv" 2>"$work/err" || got=$?
	case $got in
	0 | 2) tail -n +2 "$work/csv" | wc -l ;;
	*) echo "status $got" ;;
	esac
}

# recording ENGINE: a capture, the old recording beside it.
recording() {
	local engine=$1 at=0 kind over=0 all=-1 some what
	while [ $over -eq 0 ] && [ $at -lt 400 ]; do
		at=$((at + 1))
		for kind in $(kinds $at); do
			rm -rf "${out:?}"/*
			cp good.pwt "$out/x.pwt"
			hit "$kind" $at capture --engine "$engine" -q \
				-o "$out/x.pwt" -- "$work/tiny" || over=1
			what="$kind at $at: capture --engine $engine"
			if [ $over -eq 1 ] || [ "$kind" = EINTR ] ||
				[ "$kind" = SHORT ]; then
				[ $status -eq 0 ] || fail "$what: $status"
				all=$(readable "$out/x.pwt")
				[ "$all" -gt 100 ] || fail "$what: $all accesses"
			else
				check_failed "$kind" "$what" x.pwt
			fi
			cmp -s good.pwt "$out/x.pwt.old" ||
				cmp -s good.pwt "$out/x.pwt" ||
				fail "$what: the old recording is lost"
			[ -z "$(ls -A "$out" | grep -vE '^x\.pwt(\.old)?$')" ] ||
				fail "$what: left $(ls -A "$out")"
			[ -e "$out/x.pwt" ] || continue
			some=$(readable "$out/x.pwt")
			[ "$some" -ge 0 ] 2>/dev/null || fail "$what: $some"
			[ $over -eq 1 ] && break
		done
	done
	[ $at -gt 5 ] && [ $over -eq 1 ] || fail "$engine: $at calls"
	# The last failing calls come when all is written.
	hit EIO $((at - 1)) capture --engine "$engine" -q -o "$out/x.pwt" -- \
		"$work/tiny" || fail "$engine: no call before the last"
	[ "$(readable "$out/x.pwt")" = "$all" ] ||
		fail "$engine: not all of a recording whose end failed"
	echo "capture --engine $engine ($((at - 1)) calls)"
}

results x.pwt import -q -o "$out/x.pwt" long.lackey
results x.pwt import -q -o "$out/x.pwt" "$fixtures/drmemtrace/good.trace.zip"
# Its pages alone take long: some accesses are large.
results x.pwt compact -q --keep accesses -o "$out/x.pwt" \
	"$fixtures/pwt/shapes_good.pwt"
results x.pwt compact -q -o "$out/x.pwt" long.pwt
for format in champsim lackey pages oracle_general; do
	results x export -q --to $format --thread 0 -o "$out/x" long.pwt
done
results x.csv replay -q --format csv -o "$out/x.csv" long.pwt
results x.meminfo vmas -q --view meminfo -o "$out/x.meminfo" long.pwt
results x.csv stat -q --format csv -o "$out/x.csv" long.pwt
results x.json info -q --format json -o "$out/x.json" long.pwt
results x.csv dump -q --format csv -o "$out/x.csv" long.pwt
if command -v gnuplot >/dev/null; then
	results x.html report -q -o "$out/x.html" long.pwt
fi

if [ "$(uname -m)" = x86_64 ] && command -v gcc >/dev/null; then
	gcc -nostdlib -static -x assembler -o "$work/tiny" - <<-'END'
		.globl _start
		_start:	mov $200, %ecx
		1:	push %rcx
		pop %rax
		dec %ecx
		jnz 1b
		mov $60, %eax
		xor %edi, %edi
		syscall
	END
	for engine in ptrace qemu; do
		if "$pagewalk" capture --engine $engine -q -o "$work/try.pwt" \
			-- "$work/tiny" 2>"$work/err"; then
			recording $engine
		else
			echo "not recorded by $engine: $(head -1 "$work/err")"
		fi
	done
fi
[ $hits -gt 50 ] || fail "only $hits calls were hit"
exit $bad
