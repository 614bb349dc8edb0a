#!/usr/bin/env bash
# The program around the commands: help, version, messages, exit status, output
# that arrives or is reported. Needs no trace.
set -euo pipefail
pagewalk=$1
export LC_ALL=C
unset NO_COLOR

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

# expect_error TEXT: it is on stderr, and stdout is empty.
expect_error() {
	grep -qF -- "$1" err || { cat err; fail "no \"$1\" on stderr"; }
	[ ! -s out ] || fail "stdout is not empty before \"$1\""
}

# The program's own pages.
expect_status 0 "$pagewalk" --version
grep -qE '^pagewalk [0-9]+\.[0-9]+\.[0-9]+$' out || fail "version"
expect_status 0 "$pagewalk" --help
cp out overview
expect_status 0 "$pagewalk" help
cmp -s out overview || fail "help and --help differ"
[ "$(wc -l <overview)" -le 24 ] || fail "the overview is longer than a screen"

# Every command has a page of help that fits a screen, with three examples.
mapfile -t commands < <(sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p' overview)
[ "${#commands[@]}" -ge 5 ] || fail "only ${#commands[@]} commands listed"
for command in "${commands[@]}"; do
	expect_status 0 "$pagewalk" "$command" --help
	cp out page
	expect_status 0 "$pagewalk" help "$command"
	cmp -s out page || fail "help $command and $command --help differ"
	[ "$(wc -l <page)" -le 45 ] || fail "$command --help is too long"
	[ "$(wc -L <page)" -le 80 ] || fail "$command --help is too wide"
	examples=$(sed -n '/^Examples:/,$p' page | grep -c '^  .*pagewalk')
	[ "$examples" -eq 3 ] || fail "$command --help: $examples examples"
	grep -q "Common options:" page || fail "$command: no common options"
	expect_status 64 "$pagewalk" "$command" --no-such-option
	expect_error "pagewalk $command: unknown option --no-such-option"
done

# Wrong usage says what and what to try.
expect_status 64 "$pagewalk"
expect_error "pagewalk: missing command"
expect_status 64 "$pagewalk" machins
expect_error "did you mean machines?"
expect_status 64 "$pagewalk" help machins
expect_error "did you mean machines?"
expect_status 64 "$pagewalk" --colour
expect_error 'unknown option "--colour"'
expect_status 64 "$pagewalk" machines --formt csv
expect_error "did you mean --format?"
expect_status 64 "$pagewalk" machines --format xml
expect_error '--format: "xml" is not one of table|csv|json'
expect_status 64 "$pagewalk" machines --table
expect_error "option --table needs a value"
expect_status 64 "$pagewalk" machines --table none
expect_error "none"

# What comes from outside cannot reach the terminal.
expect_status 64 "$pagewalk" $'ev\033[31mil\xff\xe2\x80\xae'
expect_error 'ev\x1b[31mil\xff\xe2\x80\xae'
! grep -q $'\033' err || fail "an escape byte on stderr"

# No escapes when piped, unless they are asked for.
expect_status 0 "$pagewalk" machines
cp out plain
! grep -q $'\033' out || fail "an escape byte without a terminal"
expect_status 0 "$pagewalk" machines --color always
grep -q $'\033' out || fail "no color though asked for"

# Output that cannot be written is never success.
for words in --version --help "help machines" machines "machines --format json"; do
	status=0
	# shellcheck disable=SC2086
	"$pagewalk" $words >/dev/full 2>err || status=$?
	[ "$status" -eq 3 ] || fail "$words to a full device: status $status"
	grep -q "No space left on device" err || fail "$words: no reason given"
done
status=0
"$pagewalk" machines >&- 2>err || status=$?
[ "$status" -eq 3 ] || fail "closed standard output: status $status"
expect_status 3 "$pagewalk" machines -o /dev/full
expect_error "/dev/full: cannot write: No space left on device"
expect_status 3 "$pagewalk" machines -o no/where
expect_error "no/where: cannot write: No such file or directory"

# -o writes the same as standard output, says so, and leaves nothing else.
expect_status 0 "$pagewalk" machines -o file
cmp -s file plain || fail "-o differs from standard output"
grep -q "^wrote file$" err || fail "no \"wrote file\""
expect_status 0 "$pagewalk" machines -q -o file
[ ! -s err ] || fail "--quiet is not quiet"
[ -z "$(find . -name '.pagewalk*')" ] || fail "a temporary file is left"
expect_status 64 "$pagewalk" machines --table none -o file
cmp -s file plain || fail "a failure changed the old file"
expect_status 0 "$pagewalk" machines -o -
cmp -s out plain || fail "-o - differs from standard output"

# A reader that goes away ends the program as it does others: by SIGPIPE.
status=0
(
	trap - PIPE
	"$pagewalk" machines --format json
) 2>/dev/null | head -c 1 >/dev/null || status=$?
[ "$status" -eq 0 ] || [ "$status" -eq 141 ] || fail "SIGPIPE: $status"
