#!/usr/bin/env bash
# Programs that change what they may see or do, under the fast engine: they run
# as they do natively, and what cannot be recorded is said. Arguments: the
# pagewalk program, the source directory.
set -u
pagewalk=$1
for tool in qemu-x86_64 unshare setpriv python3; do
	command -v $tool >/dev/null || { echo "skipped: $tool is not installed"; exit 77; }
done
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
failures=0

fail() {
	echo "FAIL: $*"
	failures=$((failures + 1))
}

# same NAME COMMAND...: the same output and status as natively.
same() {
	local name=$1 want
	shift
	"$@" >want 2>/dev/null
	want=$?
	timeout 60 "$pagewalk" capture -q --engine qemu -o "$name.pwt" -- "$@" \
		>got 2>err
	[ $? -eq $want ] || { fail "$name: the status is not $want"; cat err; }
	cmp -s want got || { fail "$name: another output"; diff want got; }
	"$pagewalk" dump --events --format csv "$name.pwt" >"$name.csv" ||
		fail "$name: no trace"
}

# Every thread says where it runs before it does anything else.
same shell sh -c 'echo a | cat; exec echo b'
python3 - shell.csv <<'PYTHON' || fail "a thread does not say where it runs"
import csv
import sys

seen = {}
for row in csv.DictReader(open(sys.argv[1], newline="")):
    seen.setdefault(row["thread"], set()).add(row["event"])
sys.exit(0 if len(seen) >= 3 and all("cpu" in e for e in seen.values()) else 1)
PYTHON

if unshare -fp true 2>/dev/null; then
	same namespace unshare -fp sh -c 'echo in $$; ls / | head -1'
	grep -q 'unrecorded.*pid namespace' namespace.csv ||
		fail "a hidden process is not told of"
else
	echo "no pid namespaces may be made here: not checked"
fi
if [ "$(id -u)" -eq 0 ]; then
	same rights setpriv --reuid 65534 --clear-groups \
		sh -c 'id -u; echo a | cat'
	grep -q ',exec,.*dash\|,exec,.*/sh\|,exec,.*bash' rights.csv ||
		fail "the program with fewer rights is not recorded"
else
	echo "only root can give rights away: not checked"
fi
[ $failures -eq 0 ] || exit 1
echo "all as natively"
