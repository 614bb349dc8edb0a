#!/usr/bin/env bash
# pagewalk compact: every command says the same of the small trace as of the
# one it was made from; damage and other faults leave no output behind.
set -euo pipefail
pagewalk=$1
fixtures=$2/tests/fixtures
export LC_ALL=C

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

fail() {
	echo "FAILED: $*"
	exit 1
}

# expect_status WANTED COMMAND...: run it, its output to ./out and ./err.
expect_status() {
	local want=$1 got=0
	shift
	"$@" >out 2>err || got=$?
	[ "$got" -eq "$want" ] || {
		cat out err
		fail "exit status $got, not $want: $*"
	}
}

# number NAME FILE: the member NAME of a JSON object, digits or true or false.
number() {
	grep -oE "\"$1\": ?[0-9a-z.]+" "$2" | head -1 | sed 's/.*: *//'
}

# same SOURCE SMALL COMMAND...: it says the same of both.
same() {
	local source=$1 small=$2
	shift 2
	expect_status 0 "$pagewalk" "$@" "$source"
	cp out want
	expect_status 0 "$pagewalk" "$@" "$small"
	cmp want out || fail "$* differs between $source and $small"
}

# touches TRACE: how often each page was touched, and its references. Records
# that go on with a touch are where batches end, and those differ.
touches() {
	"$pagewalk" dump --format csv --touches "$1" | awk -F, '
		NR > 1 {
			key = $1 "," $2 "," $3
			loads[key] += $4
			stores[key] += $5
			fetches[key] += $6
			count[key] += $7 !~ /continued|order|upgrade/
		}
		END {
			for (key in count)
				print key, count[key], loads[key], stores[key],
					fetches[key]
		}' | sort
}

check() {
	local source=$1 small=$2
	same "$source" "$small" dump --format csv
	[ "$(wc -l <want)" -gt 3 ] || fail "$source holds nothing"
	same "$source" "$small" dump --format csv --events
	# Accesses of a gigabyte are in the others: their touches take long.
	if [ "$source" = recorded.pwt ]; then
		touches "$source" >want
		touches "$small" >got
		[ "$(wc -l <want)" -gt 3 ] || fail "no touches of $source"
		cmp want got || fail "touches of $source and $small differ"
		same "$source" "$small" wss --format csv
		same "$source" "$small" replay --format csv
	fi
	expect_status 0 "$pagewalk" info "$small"
	# All but the form of the file.
	tr -s ' ' <out | grep -vE '^(chunks|file|format) ' >small.info
	expect_status 0 "$pagewalk" info "$source"
	tr -s ' ' <out | grep -vE '^(chunks|file|format) ' >source.info
	if [ "${source##*.}" = pwt ]; then
		diff source.info small.info || fail "info of $small"
	fi
}

# A recording, plain accesses, executions of shapes, a foreign format.
cp "$fixtures/pwt/good.pwt" plain.pwt
cp "$fixtures/pwt/shapes_good.pwt" shapes.pwt
cp "$fixtures/pinatrace/simple_good.out" pin.out
expect_status 0 "$pagewalk" capture --engine ptrace --max-instructions 30000 \
	-o seconds.pwt -- /bin/echo a
# Segments end every second, and touches are cut where segments end: one
# segment, however slow the machine is.
expect_status 0 "$pagewalk" import -o recorded.pwt seconds.pwt
for source in plain.pwt shapes.pwt recorded.pwt pin.out; do
	expect_status 0 "$pagewalk" compact -o small.pwt "$source"
	check "$source" small.pwt
	# What is small already stays the same trace, and the same file.
	expect_status 0 "$pagewalk" compact --level archive -o again.pwt \
		small.pwt
	check "$source" again.pwt
	# (Touches of a gigabyte take long.)
	kept=accesses
	[ "$source" != recorded.pwt ] || kept="all accesses touches"
	for keep in $kept; do
		expect_status 0 "$pagewalk" compact --keep $keep -o first.pwt \
			"$source"
		expect_status 0 "$pagewalk" compact --keep $keep -o second.pwt \
			small.pwt
		cmp first.pwt second.pwt ||
			fail "$source and its small trace differ: $keep"
	done
done

# Touches are enough where no access is needed, and only there.
expect_status 0 "$pagewalk" compact --keep touches -o touches.pwt recorded.pwt
same recorded.pwt touches.pwt dump --format csv --touches
same recorded.pwt touches.pwt dump --format csv --events
same recorded.pwt touches.pwt replay --format csv --interval 16384
expect_status 0 "$pagewalk" info touches.pwt
grep -q "there are touches only" out || fail "info says nothing of touches"
for command in dump mrc wss "replay --interval 1000" \
	"export --to lackey -o x" "compact -o x"; do
	expect_status 64 "$pagewalk" $command touches.pwt
	grep -q "touches.pwt: holds touches only" err ||
		fail "no word about touches: $command"
done

# It pays: the accesses of a recording become smaller, and it is replaced by
# default.
cp recorded.pwt here.pwt
expect_status 0 "$pagewalk" compact --keep accesses --format json here.pwt
[ "$(number source_bytes out)" = "$(stat -c %s recorded.pwt)" ] ||
	fail "source_bytes"
[ "$(number file_bytes out)" = "$(stat -c %s here.pwt)" ] || fail "file_bytes"
[ "$(stat -c %s here.pwt)" -lt "$(stat -c %s recorded.pwt)" ] ||
	fail "the trace has not become smaller"
check recorded.pwt here.pwt

# Refusals; what was there stays as it was.
cp here.pwt before.pwt
for damaged in truncated corrupt shapes_truncated shapes_corrupt \
	touches_truncated touches_corrupt; do
	expect_status 2 "$pagewalk" compact -o here.pwt \
		"$fixtures/pwt/$damaged.pwt"
	grep -q "$damaged.pwt:" err || fail "no word about the damage"
	grep -q "pagewalk verify --repair" err || fail "no word about what to do"
done
expect_status 2 "$pagewalk" compact -o here.pwt "$fixtures/pinatrace/corrupt.out"
expect_status 2 "$pagewalk" compact -o here.pwt "$fixtures/pwt/README"
expect_status 64 "$pagewalk" compact -o here.pwt nowhere.pwt
expect_status 64 "$pagewalk" compact --level tiny here.pwt
expect_status 64 "$pagewalk" compact
expect_status 3 "$pagewalk" compact -o nowhere/x.pwt here.pwt
expect_status 3 "$pagewalk" compact -o /dev/full here.pwt
cmp here.pwt before.pwt || fail "a refusal changed the output"

echo "compact: every form of a trace stays the same trace"
