#!/usr/bin/env bash
# One file and one line: every registry lists exactly the files there are.
set -euo pipefail
cd "$2"

bad=0
# compare REGISTRY MACRO "FILES AS NAMES"
compare() {
	local listed
	listed=$(grep -oP "^$2\(\K[a-z0-9_]+" "$1" | sort)
	if [ "$listed" != "$(echo "$3" | sort)" ]; then
		echo "$1 and the files disagree (< registry, > files):"
		diff <(echo "$listed") <(echo "$3" | sort) || true
		bad=1
	fi
}

# names GLOB PREFIX: the files' stems without the prefix.
names() {
	local file stem
	for file in $1; do
		[ -e "$file" ] || continue
		stem=$(basename "$file" .c)
		echo "${stem#"$2"}"
	done
}

compare commands.def PW_COMMAND "$(names '*/cmd_*.c' cmd_)"
compare formats/readers.def PW_READER "$(names 'formats/readers/reader_*.c' reader_)"
compare formats/unpackers.def PW_UNPACKER \
	"$(names 'formats/unpackers/unpacker_*.c' unpacker_)"
compare formats/exporters.def PW_EXPORTER \
	"$(names 'formats/exporters/exporter_*.c' exporter_)"
compare plots/sinks.def PW_SINK "$(names 'plots/sinks/sink_*.c' sink_)"
compare capture/engines.def PW_ENGINE "$(names 'capture/engines/engine_*.c' engine_)"
compare replay/models.def PW_TLB "$(names 'replay/models/tlb_*.c' tlb_)"
compare replay/models.def PW_PAGE_TABLE \
	"$(names 'replay/models/page_table_*.c' page_table_)"
compare replay/models.def PW_PAGE_SIZE \
	"$(names 'replay/models/page_size_*.c' page_size_)"
compare analyze/analyzers.def PW_ANALYZER \
	"$(names 'analyze/analyzers/analyzer_*.c' analyzer_)"

for command in $(grep -oP '^PW_COMMAND\(\K[a-z0-9_]+' commands.def); do
	ls */"pagewalk-$command.1" >/dev/null 2>&1 || {
		echo "no manual: <layer>/pagewalk-$command.1"
		bad=1
	}
done

# What the tests need is tracked: an ignored file is in nobody's clone.
if ignored=$(git -c safe.directory='*' ls-files -oi --exclude-standard \
	tests 2>/dev/null) && [ -n "$ignored" ]; then
	echo "ignored by git, so missing in a clone:"
	echo "$ignored"
	bad=1
fi

# Every model, reader, unpacker and exporter says where it comes from.
for file in replay/models/*.c formats/readers/reader_*.c \
	formats/unpackers/*.c formats/exporters/*.c; do
	grep -q '\.source = ' "$file" || {
		echo "$file: no .source in its ops"
		bad=1
	}
done
exit $bad
