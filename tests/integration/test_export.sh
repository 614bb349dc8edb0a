#!/usr/bin/env bash
# pagewalk export: what is exported and imported again is what it was, as far
# as the format holds it; pages are what a dump says.
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

# A log of lackey comes back whole: lines of accesses are the same.
cp "$fixtures/lackey/log_good.txt" log.txt
expect_status 0 "$pagewalk" export --to lackey log.txt
grep -E '^(I  | [LSM] )' log.txt | sed 's/ *$//' >want
diff want log.lackey || fail "lackey text changed"
expect_status 0 "$pagewalk" export --to lackey -o - log.txt
diff want out || fail "lackey to standard output"

# ChampSim: the same instructions and operands.
cp "$fixtures/champsim/good.trace" instructions
expect_status 0 "$pagewalk" export --to champsim instructions
[ "$(xz -dc instructions.champsimtrace.xz | wc -c)" = $((18 * 64)) ] ||
	fail "number of ChampSim's instructions"
expect_status 0 "$pagewalk" dump instructions
cp out want
expect_status 0 "$pagewalk" dump instructions.champsimtrace.xz
diff want out || fail "ChampSim's instructions changed"

# A jump is taken: the fetch of 2 bytes at 0x401003 is followed by 0x401000.
printf 'I  00401000,3\nI  00401003,2\nI  00401000,3\n' >jump.txt
expect_status 0 "$pagewalk" export --to champsim jump.txt
xz -dc jump.champsimtrace.xz | od -An -v -tu1 -w64 | awk '{print $9, $10}' \
	>branches
printf '0 0\n1 1\n0 0\n' | diff - branches || fail "branches"

# Six loads and three stores do not fit into one instruction.
{
	echo 'I  00401000,3'
	for i in 1 2 3 4 5 6; do echo " L 0040400$i,1"; done
	for i in 1 2 3; do echo " S 0040500$i,1"; done
} >many.txt
expect_status 0 "$pagewalk" export --to champsim many.txt
expect_status 0 "$pagewalk" dump many.champsimtrace.xz
[ "$(grep -c ',R,' out)" = 6 ] || fail "loads"
[ "$(grep -c ',W,' out)" = 3 ] || fail "stores"

# Pages: from a dump, where an access of 4 bytes at 0x404ffe crosses.
cp "$fixtures/drmemtrace/good.trace" good.trace
expect_status 0 "$pagewalk" export --to pages good.trace
expect_status 0 "$pagewalk" dump good.trace
python3 - out good.pages <<'END'
import sys
want = []
for line in open(sys.argv[1]).read().split()[1:]:
    address, size = (int(x, 0) for x in line.split(",")[3:5])
    want += range(address >> 12, (address + max(size, 1) - 1 >> 12) + 1)
got = [int(line) for line in open(sys.argv[2])]
assert got == want, (got, want)
END

# libCacheSim: the next request of each page, found by looking for it.
expect_status 0 "$pagewalk" export --to oracle_general good.trace
python3 - good.pages good.oracleGeneral.bin <<'END'
import struct, sys
pages = [int(line) for line in open(sys.argv[1])]
data = open(sys.argv[2], "rb").read()
assert len(data) == 24 * len(pages)
for i, page in enumerate(pages):
    later = [k for k in range(i + 1, len(pages)) if pages[k] == page]
    want = (0, page, 4096, later[0] if later else -1)
    got = struct.unpack_from("<IQIq", data, 24 * i)
    assert got == want, (i, got, want)
END

# DynamoRIO's records: the same accesses of the same threads, where each
# read-modify-write is a read and a write and one of a size over 65535 is
# several of 32768; threads are numbered as they come.
# plainly: a dump with threads in this order and such accesses in two.
plainly() {
	awk -F, -v OFS=, 'NR > 1 {
		if (!($1 in number))
			number[$1] = threads++
		$1 = number[$1]
		if ($3 == "M") {
			$3 = "R"
			print
			$3 = "W"
		}
		print
	}'
}
cp "$fixtures/pwt/good.pwt" odd.pwt
expect_status 0 "$pagewalk" capture --engine ptrace --follow all \
	-o two.pwt -- sh -c '/bin/true; exit 0'
cp -r "$fixtures/drmemtrace/good_folder" app
for source in good.trace app two.pwt; do
	expect_status 0 "$pagewalk" export --to drmemtrace -o again "$source"
	expect_status 0 "$pagewalk" dump "$source"
	plainly <out >want
	expect_status 0 "$pagewalk" dump again
	plainly <out >got
	cmp want got || fail "accesses of $source in DynamoRIO's records"
	expect_status 0 "$pagewalk" verify again
done
[ "$(cut -d, -f1 got | sort -u | wc -l)" = 2 ] || fail "not two threads"
expect_status 0 "$pagewalk" export --to drmemtrace --format json -o again odd.pwt
grep -q '"left_out": [1-9]' out || fail "odd fetches are not left out"
expect_status 0 "$pagewalk" verify again
printf ' L 00001000,70000\n' >long.txt
expect_status 0 "$pagewalk" export --to drmemtrace -o again long.txt
expect_status 0 "$pagewalk" dump again
printf '%s\n' thread,pc,kind,address,size 0,0x0,R,0x1000,32768 \
	0,0x0,R,0x9000,37232 | diff - out || fail "a long access"

# One thread of several; refusals leave no file.
rm -r app
cp -r "$fixtures/drmemtrace/good_folder" app
expect_status 64 "$pagewalk" export --to lackey -o no.lackey app
grep -q -- '--thread' err || fail "no word about --thread"
expect_status 0 "$pagewalk" export --to lackey --thread 1 app
[ "$(wc -l <app.lackey)" = 3 ] || fail "accesses of thread 1"
expect_status 64 "$pagewalk" export --to lackey --thread 2 -o no.lackey app
expect_status 64 "$pagewalk" export --to lackey --thread x -o no.lackey app
expect_status 64 "$pagewalk" export --to lackey -o no.lackey instructions
expect_status 64 "$pagewalk" export --to champsim -o no.lackey \
	"$fixtures/din/good.din"
expect_status 64 "$pagewalk" export --to nothing -o no.lackey log.txt
expect_status 64 "$pagewalk" export -o no.lackey log.txt
expect_status 3 "$pagewalk" export --to pages -o nowhere/x log.txt
expect_status 64 "$pagewalk" export --to oracle_general -o - log.txt
[ ! -e no.lackey ] || fail "a refusal left a file"
expect_status 3 "$pagewalk" export --to pages -o /dev/full good.trace

# A damaged trace: status 2, what is whole is written.
expect_status 2 "$pagewalk" export --to pages "$fixtures/din/corrupt.din"
[ "$(wc -l <corrupt.pages)" = 5 ] || fail "pages of a damaged trace"

echo "export: formats hold what they can"
