#!/usr/bin/env bash
# pagewalk verify: traces of every form are whole or not, damaged ones are
# mended, and every command takes what comes out.
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

# Stored traces of each form.
for form in "" shapes_ dense_ touches_; do
	good=$fixtures/pwt/${form}good.pwt
	expect_status 0 "$pagewalk" verify --format json "$good"
	[ "$(number whole out)" = true ] || fail "$good is not whole"
	[ "$(number accesses out)" = 278 ] || fail "accesses of $good"
	expect_status 0 "$pagewalk" verify --repair -o copy.pwt "$good"
	cmp <("$pagewalk" dump "$good") <("$pagewalk" dump copy.pwt) ||
		fail "the copy of $good"
	for kind in corrupt truncated; do
		bad=$fixtures/pwt/$form$kind.pwt
		expect_status 2 "$pagewalk" verify --format json "$bad"
		[ "$(number whole out)" = false ] || fail "$bad is whole"
		grep -q '"offset"' out || fail "$bad has no damage"
		expect_status 2 "$pagewalk" verify --repair -o mended.pwt "$bad"
		expect_status 0 "$pagewalk" verify mended.pwt
		cmp <("$pagewalk" dump "$bad" 2>/dev/null || true) \
			<("$pagewalk" dump mended.pwt) ||
			fail "what is left of $bad"
		expect_status 0 "$pagewalk" info mended.pwt
		grep -q '^repaired.lost' out || fail "info of what was mended"
		# Only with a hole in it some accesses are missing.
		grep -q "sampled or not filtered" out && hole=1 || hole=0
		[ $kind = truncated ] || [ $hole = 1 ] || fail "no hole in $bad"
		[ $kind = corrupt ] || [ $hole = 0 ] || fail "a hole in $bad"
	done
done

# A recording of several segments, compacted or not, cut off at its middle.
expect_status 0 "$pagewalk" capture --engine ptrace --max-instructions 40000 \
	-o recorded.pwt -- /bin/echo a
expect_status 0 "$pagewalk" compact -o dense.pwt recorded.pwt
for trace in recorded dense; do
	expect_status 0 "$pagewalk" verify $trace.pwt
	head -c $(($(stat -c %s $trace.pwt) - 50)) $trace.pwt >cut.pwt
	expect_status 2 "$pagewalk" verify --repair -o whole.pwt cut.pwt
	expect_status 0 "$pagewalk" verify whole.pwt
	cmp <("$pagewalk" replay --format csv $trace.pwt) \
		<("$pagewalk" replay --format csv whole.pwt) ||
		fail "a trace without its end has lost more"
done

# Its first bytes are no longer those of a trace: --as says what it is.
cp "$fixtures/pwt/good.pwt" headless.pwt
printf 'XXXX' | dd of=headless.pwt conv=notrunc status=none
expect_status 2 "$pagewalk" verify headless.pwt
grep -q "known formats" err || fail "no word about formats"
expect_status 2 "$pagewalk" verify --as pwt --repair -o whole.pwt headless.pwt
cmp <("$pagewalk" dump "$fixtures/pwt/good.pwt") \
	<("$pagewalk" dump whole.pwt) || fail "a trace without its header"

# Touches alone are verified, copied and given away, but not cut or merged.
only=$fixtures/pwt/only_touches.pwt
expect_status 0 "$pagewalk" verify --format json "$only"
[ "$(number accesses out)" = 278 ] || fail "accesses behind touches"
expect_status 0 "$pagewalk" verify --repair -o touches.pwt "$only"
expect_status 0 "$pagewalk" anonymise -o given.pwt "$only"
for copy in touches given; do
	expect_status 0 "$pagewalk" verify $copy.pwt
	cmp <("$pagewalk" dump --touches --count 20000 "$only") \
		<("$pagewalk" dump --touches --count 20000 $copy.pwt) ||
		fail "$copy"
done
for command in "cut --to 5" merge compact; do
	expect_status 64 "$pagewalk" $command -o x.pwt "$only"
	grep -q "holds touches only" err || fail "no word about touches: $command"
done

# Other formats are read through.
expect_status 0 "$pagewalk" verify --format json \
	"$fixtures/pinatrace/simple_good.out"
grep -q '"format": "pinatrace"' out || fail "the format of a Pin trace"
expect_status 2 "$pagewalk" verify "$fixtures/pinatrace/corrupt.out"
expect_status 64 "$pagewalk" verify --repair -o x.pwt \
	"$fixtures/pinatrace/corrupt.out"
grep -q "pagewalk import" err || fail "no word about import"

expect_status 64 "$pagewalk" verify -o x.pwt recorded.pwt
expect_status 64 "$pagewalk" verify --repair recorded.pwt
expect_status 64 "$pagewalk" verify --repair -o recorded.pwt recorded.pwt
expect_status 64 "$pagewalk" verify nowhere.pwt
expect_status 3 "$pagewalk" verify --repair -o /dev/full recorded.pwt
expect_status 3 "$pagewalk" verify --repair -o nowhere/x.pwt recorded.pwt
[ ! -e x.pwt ] || fail "a refusal has left an output"

echo "verify: whole traces are, and others become so"
