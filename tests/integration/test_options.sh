#!/bin/bash
# The options of a recording do what they say, through "capture" and through
# "run"; the metadata tells what was asked for and where it was recorded.
# Arguments: the pagewalk program, the source directory.
set -u
pagewalk=$1
command -v python3 >/dev/null || { echo "skipped: no python3"; exit 77; }
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
failures=0

fail() {
	echo "FAIL: $*"
	failures=$((failures + 1))
}

# refuse STATUS WORDS COMMAND...: the exit status, and words of the message.
refuse() {
	local want=$1 words=$2 got
	shift 2
	timeout 60 "$pagewalk" "$@" >out 2>err
	got=$?
	[ $got -eq "$want" ] || fail "$*: exit status $got, not $want"
	grep -q -- "$words" err || fail "$*: no \"$words\" in: $(cat err)"
}

refuse 64 'missing -- COMMAND' capture
refuse 64 'missing -- COMMAND' run
refuse 64 'only one' capture --pid 1 -- true
refuse 64 'only one' run --pid 1 -- true
refuse 64 '--window needs --every' capture --window 10 -- true
refuse 64 '--every needs --window' run --every 10 -- true
refuse 64 'more instructions' capture --window 10 --every 5 -- true
refuse 64 '--follow' capture --follow me -- true
refuse 64 '--min-free' run --min-free lots -- true
refuse 64 'no engine is called' run --engine steam -- true
refuse 4 'there is none' capture --pid 999999999
refuse 4 'there is none' run --pid 999999999
[ -z "$(ls -A | grep -v '^out$\|^err$')" ] || fail "results of what was refused"

# An Arm program is nothing for single steps.
python3 -c '
import sys
elf = bytearray(64)
elf[:7] = b"\x7f" + b"ELF" + bytes([2, 1, 1])
elf[18] = 183
sys.stdout.buffer.write(elf)' >arm
chmod +x arm
refuse 4 'x86-64' capture --engine ptrace -- ./arm

# meta TRACE EXPRESSION: of the metadata m.
meta() {
	"$pagewalk" info --format json "$1" | python3 -c '
import json, sys
info = json.load(sys.stdin)
m, host = info["metadata"], info["host"]
sys.exit(0 if eval(sys.argv[1]) else 1)' "$2" || fail "$1: not $2"
}

"$pagewalk" capture --engine ptrace --no-aslr --follow none \
	--max-instructions 1000 -o t.pwt -- /bin/true >out 2>err ||
	fail "capture: $(cat err)"
meta t.pwt 'm["engine"] == "ptrace" and m["layout"] == "native"'
meta t.pwt 'm["machine"] == "x86_64" and m["aslr"] == "false"'
meta t.pwt 'm["follow"] == "none" and m["attached"] == "false"'
meta t.pwt 'm["folios"] in ("known", "unknown")'
meta t.pwt "host['memory.total_bytes'] >= 1 << 20"
meta t.pwt "host['sysctl.swappiness'] == $(cat /proc/sys/vm/swappiness)"
meta t.pwt "host['cpus_online'] == \
	'$(cat /sys/devices/system/cpu/online)' or host['cpus_online'] == 0"

"$pagewalk" run --engine ptrace --max-instructions 1000 --to end \
	--window 10 --every 100 -o results -- /bin/true >out 2>err ||
	fail "run: $(cat err)"
"$pagewalk" info --format json results/trace.pwt >info.json
grep -q '"scope.to": "end"' info.json ||
	fail "run does not hand on --to"
grep -q '"scope.window_instructions": 10,' info.json ||
	fail "run does not hand on --window"
grep -q '"scope.every_instructions": 100' info.json ||
	fail "run does not hand on --every"

if [ $failures -ne 0 ]; then
	echo "$failures failures"
	exit 1
fi
echo "all as it should be"
