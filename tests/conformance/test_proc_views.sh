#!/usr/bin/env bash
# What pagewalk vmas prints of a simulated process can be read by what reads
# /proc/PID: one reader takes both and finds the same fields, in the same order
# and columns. Arguments: the pagewalk program, the source directory.
set -uo pipefail
pagewalk=$1
reader=$2/tests/conformance/read_proc.py
export LC_ALL=C PYTHONDONTWRITEBYTECODE=1
command -v python3 >/dev/null || { echo "skipped: no python3"; exit 77; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
"$pagewalk" capture -q --engine ptrace -o t.pwt -- cat /proc/self/smaps \
	>kernel.smaps 2>err || { echo "skipped: $(cat err)"; exit 77; }
bad=0
for file in smaps smaps_rollup maps status numa_maps meminfo vmstat; do
	real=/proc/self/$file
	case $file in meminfo | vmstat) real=/proc/$file ;; esac
	if ! cat $real >kernel 2>/dev/null; then
		echo "$file: not of this kernel"
		continue
	fi
	"$pagewalk" vmas -q --view $file t.pwt >ours || bad=1
	python3 "$reader" $file kernel ours || bad=1
done

# Who the process is, is the same to the letter; a view at the end has the name
# that exec gave.
cat /proc/self/status >kernel.status
"$pagewalk" vmas -q --view status t.pwt >ours || bad=1
"$pagewalk" vmas -q --view stat t.pwt >ours.stat || bad=1
for field in Name State Uid Gid Threads; do
	diff <(grep "^$field:" kernel.status) <(grep "^$field:" ours) || bad=1
done
grep -q '^[0-9]* (cat) R [0-9]* ' ours.stat || { cat ours.stat; bad=1; }
[ "$(wc -w <ours.stat)" = "$(wc -w </proc/self/stat)" ] || bad=1

# The mappings of the simulated process are those that it saw of itself.
"$pagewalk" vmas -q --view smaps t.pwt >ours || bad=1
for path in $(awk '/^[0-9a-f]+-.* \// { print $6 }' ours | sort -u); do
	grep -qF " $path" kernel.smaps || { echo "$path: not mapped"; bad=1; }
done
grep -q '/' ours || { echo "no file is mapped"; bad=1; }
exit $bad
