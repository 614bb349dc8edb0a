#!/usr/bin/env bash
# Figures of another TLB simulator, drmemtrace's, for real traces. Its rules are
# pagewalk's: a reference in each page of an access, both levels filled by a
# miss. But where pages are larger than 4 KiB, its accesses that cross 4 KiB are
# one reference, and pagewalk's two, the second of which hits: so hits are counted
# there as accesses that did not miss. The traces are not part of the project: the
# folder is PAGEWALK_SAMPLES, or ../shared/samples beside the source.
set -euo pipefail
pagewalk=$1
samples=${PAGEWALK_SAMPLES:-$2/../shared/samples}/drmemtrace
export LC_ALL=C

[ -d "$samples" ] || {
	echo "no samples in $samples: nothing tested"
	exit 77
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

bad=0
# figures NAME TRACE MODEL PAGE L1I-HITS MISSES L1D-HITS MISSES L2-HITS MISSES
figures() {
	local got level
	local set=(-s "page_table.page=$4")
	for level in l1d l1i; do
		set+=(-s "tlb.$level.model=$3" -s "tlb.$level.entries=32"
			-s "tlb.$level.ways=full")
	done
	set+=(-s "tlb.stlb.model=$3" -s tlb.stlb.entries=1024 -s tlb.stlb.ways=4)
	"$pagewalk" replay -q --format csv "${set[@]}" "$2" >"$work/out"
	got=$(awk -F, -v large="$([ "$4" = 4K ] || echo 1)" '{ v[$1] = $2 }
		END { if (large) {
				v["itlb.hits"] = v["fetches"] - v["itlb.misses"]
				v["dtlb.hits"] = v["accesses"] - v["fetches"] - \
					v["dtlb.misses"]
			}
			print v["itlb.hits"], v["itlb.misses"], v["dtlb.hits"],
			v["dtlb.misses"], v["stlb.hits"], v["stlb.misses"] }' \
		"$work/out")
	[ "$got" = "${*:5}" ] || {
		echo "$1, $3, $4: $got, not ${*:5}"
		bad=1
	}
}

app=$samples/drmemtrace.simple_app.trace.zip
figures simple_app "$app" set-assoc 4K 135993 82 43678 167 95 154
figures simple_app "$app" fifo 4K 135981 94 43580 265 205 154
figures simple_app "$app" set-assoc 2M 136048 3 43838 7 3 7
thread=$samples/threadsig.x86_64/trace/drmemtrace.threadsig.2765543.2117.trace.zip
figures 'a thread' "$thread" set-assoc 4K 790347 14 1630186 9 0 23

[ $bad = 1 ] || echo "TLB figures: all are equal"
exit $bad
