#!/usr/bin/env bash
# formats/FORMAT.md is enough to write a reader: read_trace.py, made from it
# alone, says the same as pagewalk of stored traces, of a new recording in each
# codec, and of damaged ones. Arguments: the pagewalk program, the source
# directory. PW_LONG=1 damages more.
set -uo pipefail
pagewalk=$1
fixtures=$2/tests/fixtures/pwt
reader=$2/tests/conformance/read_trace.py
export LC_ALL=C PYTHONDONTWRITEBYTECODE=1
command -v python3 >/dev/null || { echo "skipped: no python3"; exit 77; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
bad=0
rows=0

# same FILE: accesses, events and status of both.
same() {
	local what option want got
	for what in accesses events; do
		option=
		[ $what = events ] && option=--events
		want=0
		got=0
		"$pagewalk" dump $option "$1" >want 2>want.err || want=$?
		python3 "$reader" "$1" $what >got 2>got.err || got=$?
		if [ $got -eq 77 ]; then
			echo "skipped: $(cat got.err)"
			exit 77
		fi
		if [ $want -ne $got ]; then
			echo "$2: $what: status $want and $got"
			cat want.err got.err
			bad=1
		elif [ -s want ] && ! cmp want got; then
			echo "$2: $what differ"
			bad=1
		fi
		rows=$((rows + $(wc -l <want)))
	done
}

for file in "$fixtures"/*.pwt; do
	same "$file" "$file"
done

# A program of 600 accesses or more, and its calls.
if [ "$(uname -m)" = x86_64 ] && command -v gcc >/dev/null; then
	gcc -nostdlib -static -x assembler -o tiny - <<-'END'
		.globl _start
		_start:	mov $300, %ebx
		1:	push %rbx
		mov (%rsp), %rax
		add %rax, (%rsp)
		pop %rcx
		dec %ebx
		jnz 1b
		mov $12, %eax
		xor %edi, %edi
		syscall
		mov $60, %eax
		xor %edi, %edi
		syscall
	END
	for engine in ptrace qemu; do
		"$pagewalk" capture --engine $engine -q -o $engine.pwt \
			-- ./tiny 2>err || { head -1 err; continue; }
		same $engine.pwt $engine
		"$pagewalk" compact -q -o small.pwt $engine.pwt >out || bad=1
		same small.pwt "$engine, compact"
	done
fi

# One bit is flipped, or the end is missing; the places are always the same.
RANDOM=7
for i in $(seq "$([ -n "${PW_LONG:-}" ] && echo 200 || echo 12)"); do
	for file in good shapes_good dense_good; do
		bytes=$(stat -c %s "$fixtures/$file.pwt")
		at=$(((RANDOM * 32768 + RANDOM) % bytes))
		if [ $((i % 3)) -eq 0 ]; then
			head -c $at "$fixtures/$file.pwt" >damaged.pwt
		else
			cp "$fixtures/$file.pwt" damaged.pwt
			byte=$(od -An -tu1 -j $at -N 1 damaged.pwt)
			printf "\\x$(printf %02x $((byte ^ 1 << RANDOM % 8)))" |
				dd of=damaged.pwt bs=1 seek=$at conv=notrunc \
					2>/dev/null
		fi
		same damaged.pwt "$file, damage $i at $at"
	done
done
[ $rows -gt 8000 ] || { echo "only $rows rows were compared"; bad=1; }
echo "$rows rows"
exit $bad
