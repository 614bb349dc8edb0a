#!/usr/bin/env bash
# A report's summary repeats the figures of the commands it is made of, and
# run records, reports, and passes the program's status on.
set -uo pipefail
pagewalk=$1
trace=$2/tests/fixtures/pinatrace/simple_good.out
export LC_ALL=C TERM=dumb

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
bad=0
fail() {
	echo "$*"
	bad=1
}

"$pagewalk" report --format json -o page.html -m zen4 -m skylake-sp "$trace" \
	>report.json 2>err || fail "report: exit $?: $(cat err)"
"$pagewalk" replay --format json -m zen4 -m skylake-sp "$trace" >replay.json
"$pagewalk" wss --format json "$trace" >wss.json
"$pagewalk" mrc --format json "$trace" >mrc.json
python3 - <<'END' || fail "the summary differs from its sources"
import json

load = lambda name: json.load(open(name + ".json"))
report, replay, wss, mrc = map(load, ("report", "replay", "wss", "mrc"))
summary = report["summary"]
counters = replay["machines"][0]["counters"]
time = replay["machines"][0]["time"]
assert summary["machine"] == replay["machines"][0]["name"] == "zen4"
assert summary["accesses"] == counters["accesses"] > 0
assert summary["memory.rss_peak_bytes"] == counters["rss.peak_bytes"]
assert summary["fault.minor"] == counters["fault.minor"]
assert summary["walk.count"] == counters["walk.count"]
assert summary["time.translation_share"] == time["translation_share"]
assert summary["memory.touched_bytes"] == wss["distinct_bytes"] > 0
assert summary["memory.working_set_p50_bytes"] == wss["p50_bytes"]
assert summary["memory.lru_within_1pct_bytes"] == mrc["within_1pct_bytes"]
assert [m["machine"] for m in report["comparison"]] == ["zen4", "skylake-sp"]
names = [section["name"] for section in report["sections"]]
assert names == ["Working set", "Misses by memory size", "Replay", "Trace"], names
assert report["sections"][0]["windows"] == wss["windows"]
assert report["sections"][1]["mrc"] == mrc["mrc"]
END
grep -q '</html>' page.html || fail "page.html is no whole page"

# What people read first is short.
"$pagewalk" report "$trace" >text 2>err
[ -s simple_good.out.html ] || fail "no page named after the trace"
[ "$(wc -l <text)" -le 40 ] || fail "the text of a report is not short"
head -1 text | grep -q Summary || fail "the summary does not come first"

"$pagewalk" report no-such-trace >out 2>err
status=$?
[ $status = 64 ] || fail "report of a missing trace: exit $status, not 64"
[ -e no-such-trace.html ] && fail "a failed report left a page"

"$pagewalk" run -o litter -- ./no-such-program >out 2>err
[ $? = 4 ] || fail "run of nothing: not exit 4"
[ -e litter ] && fail "run of nothing leaves a directory"

"$pagewalk" run -o results -- /bin/sh -c 'echo out; exit 3' >out 2>err
status=$?
if [ $status = 4 ]; then
	echo "programs cannot be traced here: $(head -1 err)"
else
	[ $status = 3 ] || fail "run: exit $status, not the program's 3: $(cat err)"
	[ "$(cat out)" = out ] || fail "run: the program's output is changed"
	grep -q '^Data TLB misses' err || fail "run: no summary on stderr"
	tail -1 err | grep -q 'results/report.html' ||
		fail "run: does not end with the page's name"
	for file in trace.pwt report.html; do
		[ -s results/$file ] || fail "run: no $file"
	done
fi
exit $bad
