#!/usr/bin/env bash
# See test_headers.py; every header also compiles alone.
set -euo pipefail
cd "$2"
command -v python3 >/dev/null || { echo "skipped: no python3"; exit 77; }
python3 tests/lint/test_headers.py "$2"
bad=0
headers=$(mktemp)
trap 'rm -f "$headers"' EXIT
find base formats capture replay analyze plots -name '*.h' | sort >"$headers"
while read -r header; do
	echo "#include \"$header\"" |
		gcc -std=c11 -D_GNU_SOURCE -I. -Wall -Wextra -Werror \
			-fsyntax-only -x c - || bad=1
done <"$headers"
exit $bad
