#!/usr/bin/env bash
# pagewalk cut, merge, anonymise: parts of a recording add up to it and replay
# as its windows, merged recordings are the sum of both, and a trace without
# names holds none of them and replays the same.
set -euo pipefail
pagewalk=$1
fixtures=$2/tests/fixtures
export LC_ALL=C
command -v gcc >/dev/null || {
	echo "skipped: gcc is not installed"
	exit 77
}

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

# What does not depend on what came before.
plain="accesses|loads|stores|modifies|fetches|instructions|reference.data|reference.instruction"

# counts TRACE...: these counters of a replay, added up over the traces.
counts() {
	for trace in "$@"; do
		"$pagewalk" replay --format csv "$trace"
	done | grep -E "^($plain)," | awk -F, '
		{ sum[$1] += $2 } END { for (name in sum) print name, sum[name] }' |
		sort
}

cat >marked.c <<'END'
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
int main(void)
{
	char *area = malloc(300000);
	int status;
	memset(area, 1, 300000);
	prctl(PR_SET_NAME, "secret+work");
	for (int i = 0; i < 300000; i += 64)
		area[i]++;
	prctl(PR_SET_NAME, "secret-work");
	if (fork() == 0) {
		memset(area, 2, 100000);
		_exit(0);
	}
	wait(&status);
	return status;
}
END
gcc -O1 -static -o hidden-program marked.c
expect_status 0 "$pagewalk" capture --engine ptrace --follow all -o full.pwt \
	-- ./hidden-program unlikely-argument
instructions=$(number instructions <("$pagewalk" info --format json full.pwt))
[ "$instructions" -gt 9000 ] || fail "nothing was recorded"

# ---- cut ----

a=$((instructions / 3))
b=$((instructions / 3 * 2))
expect_status 0 "$pagewalk" cut --to $a -o 1.pwt full.pwt
expect_status 0 "$pagewalk" cut --from $a --to $b -o 2.pwt full.pwt
expect_status 0 "$pagewalk" cut --from $b --format json -o 3.pwt full.pwt
[ "$(number first_instruction out)" = $b ] || fail "first_instruction"
[ "$(number instructions out)" = $((instructions - b)) ] ||
	fail "instructions of the last part"
counts full.pwt >want
counts 1.pwt 2.pwt 3.pwt >got
[ "$(wc -l <want)" = 8 ] || fail "not eight counters"
diff want got || fail "the parts do not add up"

# A window by marks is the difference of the rows of its marks.
expect_status 0 "$pagewalk" cut --mark work -o work.pwt full.pwt
"$pagewalk" replay --table marks --format csv full.pwt >marks
awk -F, '/^secret\+work/ { a = $3; i = $4 }
	/^secret-work/ { print $3 - a, $4 - i }' marks >want
awk -F, '/^secret-work/ { print $3, $4 }' \
	<("$pagewalk" replay --table marks --format csv work.pwt) >got
diff want got || fail "the window of the marks"
[ "$(cut -d' ' -f1 want)" -gt 9000 ] || fail "an empty window"
# It knows its mappings: no access is outside of all of them.
"$pagewalk" replay --format csv full.pwt | grep fault.unmapped >want || true
"$pagewalk" replay --format csv work.pwt | grep fault.unmapped >got || true
diff want got || fail "accesses outside of mappings"
expect_status 0 "$pagewalk" cut --from-mark secret+work \
	--to-mark secret-work -o same.pwt full.pwt
cmp <("$pagewalk" dump work.pwt) <("$pagewalk" dump same.pwt) ||
	fail "the same window by other names"

# One process, one thread, some pages: what dump has of them.
expect_status 0 "$pagewalk" cut --process 1 -o child.pwt full.pwt
cmp <("$pagewalk" dump child.pwt) <("$pagewalk" dump --process 1 full.pwt) ||
	fail "the accesses of a process"
cmp <("$pagewalk" dump --events child.pwt | cut -d, -f2-) \
	<("$pagewalk" dump --events full.pwt | cut -d, -f2-) ||
	fail "the events of a cut by process"
expect_status 0 "$pagewalk" replay child.pwt
expect_status 0 "$pagewalk" cut --thread 1 --thread 0 -o all.pwt full.pwt
cmp <("$pagewalk" dump all.pwt) <("$pagewalk" dump full.pwt) || fail "threads"
page=$("$pagewalk" dump full.pwt | awk -F, '$3 == "W" && !n++ { print $4 }')
page=${page%???}
expect_status 0 "$pagewalk" cut --pages "${page}000-${page}fff" -o page.pwt \
	full.pwt
[ "$("$pagewalk" dump page.pwt | wc -l)" -gt 10 ] || fail "no access of a page"
! "$pagewalk" dump page.pwt | tail -n +2 | cut -d, -f4 | grep -v "^$page" ||
	fail "accesses of other pages"
for part in all page; do
	expect_status 64 "$pagewalk" replay $part.pwt
	grep -q "only some of the accesses" err || fail "$part is not refused"
	expect_status 0 "$pagewalk" verify $part.pwt
done

expect_status 64 "$pagewalk" cut full.pwt
expect_status 64 "$pagewalk" cut -o full.pwt full.pwt
expect_status 64 "$pagewalk" cut --from 5 --to 5 -o x.pwt full.pwt
expect_status 64 "$pagewalk" cut --from 900G -o x.pwt full.pwt
grep -q "before the part that is wanted" err || fail "no word about the end"
expect_status 64 "$pagewalk" cut --mark nowhere -o x.pwt full.pwt
expect_status 64 "$pagewalk" cut --mark work --from 5 -o x.pwt full.pwt
expect_status 64 "$pagewalk" cut --thread 99 -o x.pwt full.pwt
expect_status 64 "$pagewalk" cut --process 99 -o x.pwt full.pwt
expect_status 64 "$pagewalk" cut --thread one -o x.pwt full.pwt
for pages in 0x1000 0x2000-0x1000 -0x10 0x1-0xg 0x99999999999999999-0x2; do
	expect_status 64 "$pagewalk" cut "--pages=$pages" -o x.pwt full.pwt
done
expect_status 2 "$pagewalk" cut -o x.pwt "$fixtures/pwt/corrupt.pwt"
grep -q "verify --repair" err || fail "no word about what to do"
expect_status 2 "$pagewalk" cut -o x.pwt "$fixtures/pinatrace/corrupt.out"
expect_status 3 "$pagewalk" cut -o /dev/full full.pwt
[ ! -e x.pwt ] || fail "a refusal has left an output"

# ---- merge ----

counts full.pwt work.pwt full.pwt >want
for order in clock proportional auto; do
	expect_status 0 "$pagewalk" merge --order $order --format json \
		-o merged.pwt full.pwt work.pwt full.pwt
	[ "$(number processes out)" = 6 ] || fail "processes of a merge"
	counts merged.pwt >got
	diff want got || fail "order $order: the sums differ"
	expect_status 0 "$pagewalk" verify merged.pwt
	"$pagewalk" dump --process 0 merged.pwt >got
	cmp got <("$pagewalk" dump --process 0 full.pwt) ||
		fail "order $order: accesses of the first process"
done
# Faults of processes that share nothing are those of each alone.
minor() {
	"$pagewalk" replay --format csv "$1" | sed -n 's/^fault.minor,//p'
}
[ "$(minor merged.pwt)" = $((2 * $(minor full.pwt) + $(minor work.pwt))) ] ||
	fail "minor faults of a merge"
expect_status 0 "$pagewalk" merge -o foreign.pwt full.pwt \
	"$fixtures/pinatrace/simple_good.out"
expect_status 0 "$pagewalk" verify foreign.pwt
expect_status 64 "$pagewalk" merge --order time -o x.pwt full.pwt \
	"$fixtures/pinatrace/simple_good.out"
expect_status 64 "$pagewalk" merge full.pwt work.pwt
expect_status 64 "$pagewalk" merge -o full.pwt work.pwt full.pwt
expect_status 64 "$pagewalk" merge -o x.pwt full.pwt nowhere.pwt
expect_status 2 "$pagewalk" merge -o x.pwt full.pwt \
	"$fixtures/pwt/truncated.pwt"
[ ! -e x.pwt ] || fail "a refusal has left an output"

# ---- anonymise ----

# told TRACE: all that commands say of it, and its bytes.
told() {
	"$pagewalk" info --format json "$1"
	"$pagewalk" dump --events "$1"
	strings "$1"
}

expect_status 0 "$pagewalk" anonymise -o anonymous.pwt full.pwt
expect_status 0 "$pagewalk" anonymise --keep-marks -o marked.pwt full.pwt
told anonymous.pwt >all
told marked.pwt >all.marked
{
	"$pagewalk" dump --events full.pwt | tail -n +2 | grep -v ',clone,' |
		cut -d, -f6-
	"$pagewalk" info --table modules --format csv full.pwt | tail -n +2 |
		awk -F, '{ print $4; print $5 }'
	"$pagewalk" info --table metadata --format csv full.pwt |
		sed -nE 's/^(program|cpu|kernel\.[a-z]+),//p' | grep -v x86_64
	echo hidden-program
	echo unlikely-argument
} | tr -d '"' | grep -v '^\[.*\]$' | grep . | sort -u >names
grep -q hidden-program names || fail "the program has no name"
grep -q secret+work names || fail "the marks have no names"
! grep -nFf names all || fail "a name is left"
grep -v '^secret[+-]work$' names >names.unmarked
! grep -nFf names.unmarked all.marked || fail "a name is left beside marks"
grep -q secret+work all.marked || fail "--keep-marks keeps no marks"
grep -q '/file-1' all || fail "no file has a number"
cmp <("$pagewalk" dump full.pwt) <("$pagewalk" dump anonymous.pwt) ||
	fail "accesses of an anonymous trace"
cmp <("$pagewalk" replay --format csv full.pwt) \
	<("$pagewalk" replay --format csv anonymous.pwt) ||
	fail "replay of an anonymous trace"
cmp <("$pagewalk" dump --events full.pwt | cut -d, -f1-3) \
	<("$pagewalk" dump --events anonymous.pwt | cut -d, -f1-3) ||
	fail "events of an anonymous trace"
# Of every form, and of another format.
for source in "$fixtures"/pwt/{,shapes_,dense_}good.pwt \
	"$fixtures/pinatrace/simple_good.out"; do
	expect_status 0 "$pagewalk" anonymise -o other.pwt "$source"
	cmp <("$pagewalk" dump "$source") <("$pagewalk" dump other.pwt) ||
		fail "accesses of $source, anonymous"
	cmp <("$pagewalk" dump --events "$source" | cut -d, -f1-3) \
		<("$pagewalk" dump --events other.pwt | cut -d, -f1-3) ||
		fail "events of $source, anonymous"
	expect_status 0 "$pagewalk" verify other.pwt
	told other.pwt >all
	! grep -n /usr/bin/example all || fail "a module has a name"
done
expect_status 64 "$pagewalk" anonymise full.pwt
expect_status 2 "$pagewalk" anonymise -o x.pwt "$fixtures/pwt/corrupt.pwt"
[ ! -e x.pwt ] || fail "a refusal has left an output"

echo "parts: they add up, replay as windows, merge, and lose their names"
