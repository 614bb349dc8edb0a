#!/usr/bin/env bash
# What real foreign traces hold, as the documents beside them say. They are not
# part of the project: the folder is PAGEWALK_SAMPLES, or ../shared/samples
# beside the source, and without it there is nothing to test.
set -euo pipefail
pagewalk=$1
samples=${PAGEWALK_SAMPLES:-$2/../shared/samples}
export LC_ALL=C

[ -d "$samples" ] || {
	echo "no samples in $samples: nothing tested"
	exit 77
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

bad=0
# counts SAMPLE FORMAT ACCESSES LOADS STORES FETCHES THREADS
counts() {
	local got
	if ! "$pagewalk" import --format csv -o "$work/out.pwt" "$samples/$1" \
		>"$work/out" 2>"$work/err"; then
		cat "$work/err"
		bad=1
		return
	fi
	got=$(tail -1 "$work/out" | cut -d, -f2-5,7,10 | tr , ' ')
	[ "$got" = "${*:2}" ] || {
		echo "$1: $got, not ${*:2}"
		bad=1
	}
}

counts pin/manual_examples_variant.out pinatrace 34559 22557 12002 0 1
counts pin/simple_examples_variant.out pinatrace 90725 66072 24653 0 1
counts lackey/own_true_valgrind319.log lackey 168606 \
	"$(grep -cE '^ [LM] ' "$samples/lackey/own_true_valgrind319.log")" \
	"$(grep -cE '^ [SM] ' "$samples/lackey/own_true_valgrind319.log")" \
	128746 1
counts lackey/cachelab_long.trace lackey 267988 \
	"$(grep -cE '^ [LM] ' "$samples/lackey/cachelab_long.trace")" \
	"$(grep -cE '^ [SM] ' "$samples/lackey/cachelab_long.trace")" 0 1
counts lackey/cachelab_dave.trace lackey 5 2 3 0 1
counts lackey/cachelab_yi.trace lackey 7 6 3 0 1
counts champsim/own_sqlite_20k.champsimtrace.xz champsim 63955 14009 5991 \
	43955 1
drmem=drmemtrace/drmemtrace
counts $drmem.small.x64.trace drmemtrace 229 42 14 173 1
counts $drmem.allasm_x86_64.trace.zip drmemtrace 133 0 0 133 1
counts $drmem.simple_app.trace.zip drmemtrace 179896 31507 12338 136051 1
counts $drmem.threadsig.x64.tracedir drmemtrace 922934 172208 100150 650576 9
counts $drmem.chase-snappy.x64.tracedir drmemtrace 2903586 566891 36914 \
	2299781 2
counts drmemtrace/offline-legacy-trace.gz drmemtrace 121442 26381 16308 78753 5
counts drmemtrace/threadsig.x86_64 drmemtrace 48516791 15219806 17411738 \
	15885247 21

# A binary file that is only called .din is no trace.
if "$pagewalk" import -o "$work/out.pwt" "$samples/din/d4-7_mm.32.din" \
	>"$work/out" 2>"$work/err"; then
	echo "din/d4-7_mm.32.din was read"
	bad=1
fi
grep -q 'not a trace of a known format' "$work/err" || {
	cat "$work/err"
	bad=1
}

[ $bad = 1 ] || echo "samples: all counts are right"
exit $bad
