#!/usr/bin/env bash
# pagewalk import: what a foreign trace says, line by line, is what the native
# one made from it says; and the commands that follow work on it and say the
# same as on the source.
set -euo pipefail
pagewalk=$1
fixtures=$2/tests/fixtures/pinatrace
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

# accesses FILE: a Pin trace as "thread,pc,kind,address,size".
accesses() {
	awk '
	function short(hex) {
		if (hex == "(nil)")
			return "0x0"
		sub(/^0x0*/, "", hex)
		return "0x" (hex == "" ? "0" : hex)
	}
	/^(0x[0-9a-f]+|\(nil\)): [RW] (0x[0-9a-f]+|\(nil\))( |$)/ {
		sub(/:/, "", $1)
		print "0," short($1) "," $2 "," short($3) "," ($4 == "" ? 0 : $4)
	}' "$1"
}

check_import() {
	local source=$1 trace=$2
	local count loads stores

	accesses "$source" >want.csv
	count=$(wc -l <want.csv)
	loads=$(grep -c ',R,' want.csv)
	stores=$(grep -c ',W,' want.csv)
	[ "$count" -gt 0 ] || fail "$source holds no records"

	expect_status 0 "$pagewalk" dump --format csv "$trace"
	tail -n +2 out >got.csv
	head -1 out | grep -qx 'thread,pc,kind,address,size' ||
		fail "dump has another heading: $(head -1 out)"
	diff want.csv got.csv || fail "$trace differs from $source"

	expect_status 0 "$pagewalk" info --format json "$trace"
	[ "$(number accesses out)" = "$count" ] || fail "accesses of $trace"
	[ "$(number loads out)" = "$loads" ] || fail "loads of $trace"
	[ "$(number stores out)" = "$stores" ] || fail "stores of $trace"
	[ "$(number fetches out)" = 0 ] || fail "fetches of $trace"
	[ "$(number threads out)" = 1 ] || fail "threads of $trace"
	[ "$(number complete out)" = true ] || fail "$trace is not complete"
}

# same COMMAND...: it says the same of ./good.out as of ./good.pwt.
same() {
	expect_status 0 "$pagewalk" "$@" good.pwt
	cp out native
	[ -s native ] || fail "$* says nothing"
	expect_status 0 "$pagewalk" "$@" good.out
	diff native out || fail "$* differs between source and import"
}

# Both variants, by default names and by -o.
for variant in manual simple; do
	cp "$fixtures/${variant}_good.out" good.out
	rm -f good.pwt
	expect_status 0 "$pagewalk" import good.out
	[ -f good.pwt ] || fail "no good.pwt"
	check_import good.out good.pwt
	expect_status 0 "$pagewalk" import --format json -o other.pwt good.out
	[ "$(number accesses out)" = "$(wc -l <want.csv)" ] || fail "the table"
	cmp good.pwt other.pwt || fail "-o makes another trace"

	same wss --format csv
	same mrc --format csv
	same replay --format csv
	same dump --format csv --touches
done

# A damaged source: status 2, the output is kept, whole, and says why.
for damaged in truncated corrupt; do
	expect_status 2 "$pagewalk" import "$fixtures/$damaged.out"
	grep -q "$damaged.out:" err || fail "no word about the damage"
	if [ "$damaged" = corrupt ]; then
		cp "$fixtures/corrupt.out" records
		# Lines with extra fields or digits are no records.
		sed -i -e '/0x12345678901234567/d' -e '/ 8$/d' records
	else
		sed '$d' "$fixtures/truncated.out" >records
	fi
	check_import records "$damaged.pwt"
	"$pagewalk" info "$damaged.pwt" >/dev/null || fail "info $damaged.pwt"
	grep -qa "$damaged.out:" "$damaged.pwt" || fail "damage not recorded"
	[ ! -e "$damaged.pwt.partial" ] || fail "something was left behind"
done

# Refusals; what was there stays as it was.
cp good.pwt before.pwt
expect_status 64 "$pagewalk" import -o ./good.pwt good.pwt
ln -s good.pwt link.pwt
expect_status 64 "$pagewalk" import -o link.pwt good.pwt
expect_status 64 "$pagewalk" import good.pwt
expect_status 64 "$pagewalk" import nowhere.out
expect_status 64 "$pagewalk" import
echo 'what 3212859348' >unknown.out
expect_status 2 "$pagewalk" import -o good.pwt unknown.out
expect_status 64 "$pagewalk" import --as nothing -o good.pwt good.out
expect_status 3 "$pagewalk" import -o nowhere/x.pwt good.out
cmp good.pwt before.pwt || fail "a refusal changed the output"

# Samples are no whole traces: those who need all accesses refuse.
cp "$2/tests/fixtures/perf/good.txt" samples.txt
expect_status 0 "$pagewalk" import -o samples.pwt samples.txt
for source in samples.txt samples.pwt; do
	for command in wss mrc replay; do
		expect_status 64 "$pagewalk" "$command" "$source"
		grep -q 'holds only some of the accesses' err ||
			fail "$command of $source"
	done
	expect_status 0 "$pagewalk" dump "$source"
	[ "$(wc -l <out)" = 5 ] || fail "dump of $source"
done

# A folder of traces, and a layout that is told and not recognised.
cp -r "$2/tests/fixtures/drmemtrace/good_folder" app.dir
expect_status 0 "$pagewalk" import app.dir/
expect_status 0 "$pagewalk" dump app.pwt
[ "$(wc -l <out)" = 17 ] || fail "accesses of the folder"
expect_status 64 "$pagewalk" import --as din -o other.pwt app.dir
cp "$2/tests/fixtures/champsim/good.trace" champsim
expect_status 2 "$pagewalk" import --as cloudsuite -o other.pwt champsim

# Guessed mappings: pages 0x401 (fetched), 0x404, 0x405 (read and written) and
# 0x7ffc1 (read); the kernel's are none of the program.
cp "$2/tests/fixtures/drmemtrace/good.trace" drmem
expect_status 0 "$pagewalk" import --infer-mappings --format csv \
	--table guesses -o guessed.pwt drmem
cat >want <<'END'
process,address,end,bytes,pages,rights,first,why
0,0x401000,0x402000,4096,1,r-x,0,lowest page touched
0,0x404000,0x405000,4096,1,rw-,7,other rights than the one below
0,0x405000,0x406000,4096,1,r--,10,other rights than the one below
0,0x7ffc1000,0x7ffc2000,4096,1,r--,1,far from the one below
END
diff want out || fail "guesses"
expect_status 0 "$pagewalk" dump --events guessed.pwt
[ "$(grep -c '^0,0,map,' out)" = 4 ] || fail "map events of the guesses"
expect_status 0 "$pagewalk" info --format json guessed.pwt
grep -q '"mappings": *"guessed"' out || grep -q guessed out ||
	fail "the trace does not say that it guesses"
expect_status 64 "$pagewalk" import --infer-mappings -o x.pwt guessed.pwt
expect_status 0 "$pagewalk" replay guessed.pwt
expect_status 0 "$pagewalk" import -o x.pwt drmem
grep -q "tells no mappings, and none are guessed" out || fail "no word of it"

# 1030 pages a MiB apart are as many mappings, of which a thousand are listed.
for i in $(seq 1030); do printf '0 %x\n' $((i << 20)); done >far.din
expect_status 0 "$pagewalk" import --infer-mappings --as din --format csv \
	--table guesses -o far.pwt far.din
[ "$(wc -l <out)" = 1001 ] || fail "a thousand guesses"
expect_status 0 "$pagewalk" import --infer-mappings --as din -o far.pwt far.din
grep -q "mappings that are not listed: 30" out || fail "the others"
expect_status 0 "$pagewalk" dump --events far.pwt
[ "$(grep -c ',map,' out)" = 1030 ] || fail "all guesses are events"

echo "import: both variants equal to their sources"
