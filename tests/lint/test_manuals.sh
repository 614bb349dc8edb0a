#!/usr/bin/env bash
# Help and manual of a command name the same options; manuals are clean mdoc;
# help fits on a screen and ends with three examples.
set -euo pipefail
program=$1
cd "$2"

bad=0
common=$(mktemp)
trap 'rm -f "$common"' EXIT
grep -oP '^\.It Fl .*' pagewalk.1 | grep -oP -- 'Fl -\K[a-z-]+' | sort -u >"$common"

for command in $(grep -oP '^PW_COMMAND\(\K[a-z0-9_]+' commands.def); do
	manual=$(ls */"pagewalk-$command.1")
	"$program" "$command" --help >"$common.help"
	help=$(grep -oP -- '^\s*(-\w, )?\s*--\K[a-z][a-z-]*' "$common.help" | sort -u)
	inman=$(grep -oP '^\.It Fl .*' "$manual" |
		grep -oP -- 'Fl -\K[a-z-]+' | sort -u || true)
	for option in $help; do
		grep -qx "$option" <(echo "$inman") ||
			grep -qx "$option" "$common" || {
			echo "$manual: --$option is in the help only"
			bad=1
		}
	done
	for option in $inman; do
		grep -qx "$option" <(echo "$help") || {
			echo "$manual: --$option is not in the help"
			bad=1
		}
	done
	lines=$(wc -l <"$common.help")
	if [ "$lines" -gt 50 ]; then
		echo "$command --help: $lines lines do not fit a screen"
		bad=1
	fi
	examples=$(grep -c "^ *pagewalk $command" "$common.help" || true)
	if [ "$examples" -lt 3 ]; then
		echo "$command --help: $examples examples, not three"
		bad=1
	fi
done
rm -f "$common.help"

if command -v mandoc >/dev/null; then
	for manual in pagewalk.1 */pagewalk-*.1; do
		mandoc -T lint -W warning "$manual" || bad=1
	done
else
	echo "mandoc is not installed: manuals not linted"
	[ $bad = 1 ] || exit 77
fi
exit $bad
