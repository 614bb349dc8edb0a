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
touches=0
ended=0

# same_touches FILE NAME: touches and status of both. Accesses of 4 GiB make
# millions of touches: only the first ones are compared, and the status when
# all were read. Where touches are lost the reader makes none of accesses, so
# its rows end early.
same_touches() {
	local most=${PW_LONG:+100000000} want=0 got=0
	most=${most:-20000}
	"$pagewalk" dump --touches --count "$most" "$1" >want 2>/dev/null
	"$pagewalk" dump --touches --first 1000000000 "$1" >/dev/null \
		2>want.err || want=$?
	python3 "$reader" "$1" touches "$most" >got 2>got.err || got=$?
	if [ $want -ne $got ]; then
		echo "$2: touches: status $want and $got"
		cat want.err got.err
		bad=1
	elif [ -s want ] && ! head -n "$(wc -l <got)" want | cmp - got; then
		echo "$2: touches differ"
		bad=1
	fi
	touches=$((touches + $(wc -l <got)))
	ended=$((ended + ($(wc -l <got) < $(wc -l <want))))
}

# same FILE NAME: accesses, events, touches if there are, and status of both.
same() {
	local what option want got
	case $2 in
	*touches*) same_touches "$1" "$2" ;;
	esac
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

# A program of some accesses to some pages, and its calls.
if [ "$(uname -m)" = x86_64 ] && command -v gcc >/dev/null; then
	gcc -nostdlib -static -x assembler -o tiny - <<-'END'
		.globl _start
		.lcomm pages, 1 << 20
		_start:	mov $1000, %ebx
		1:	push %rbx
		movzbl %bl, %eax
		shl $11, %eax
		imul %ebx, %eax
		and $0xffff8, %eax
		mov pages(%rax), %rdx
		mov %rdx, pages+2044(%rax)
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
		for keep in all touches; do
			"$pagewalk" compact -q --keep $keep -o small.pwt \
				$engine.pwt >out || bad=1
			same small.pwt "$engine, compact ${keep/all/and touches}"
		done
	done
fi

# One bit is flipped, or the end is missing; the places are always the same.
RANDOM=7
for i in $(seq "$([ -n "${PW_LONG:-}" ] && echo 200 || echo 12)"); do
	for file in good shapes_good dense_good touches_good only_touches; do
		case $file in
		*touches*) [ $((i % 2)) -eq 1 ] || [ -n "${PW_LONG:-}" ] || continue ;;
		esac
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
[ $touches -gt 100000 ] || { echo "only $touches touches compared"; bad=1; }
echo "$rows rows, $touches touches; in $ended files they ended early"
exit $bad
