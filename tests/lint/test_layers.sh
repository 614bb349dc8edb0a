#!/usr/bin/env bash
# A folder is a layer: each includes only what ARCHITECTURE.md allows, by full
# paths from the root, and no include cycle exists.
set -euo pipefail
cd "$2"

allowed() {
	case "$1" in
	base) echo "base" ;;
	formats) echo "base formats" ;;
	capture) echo "base formats capture" ;;
	replay) echo "base formats replay" ;;
	analyze) echo "base formats replay analyze" ;;
	plots) echo "base plots" ;;
	esac
}

bad=0
for layer in base formats capture replay analyze plots; do
	may=" $(allowed $layer) "
	while IFS=: read -r file include; do
		top=${include%%/*}
		if [ "$top" = "$include" ] || [ ! -e "$include" ]; then
			echo "$file: \"$include\" is no path from the root"
			bad=1
		elif [[ "$may" != *" $top "* ]]; then
			echo "$file: layer $layer must not include $include"
			bad=1
		fi
	done < <(grep -rHoP '^\s*#\s*include\s+"\K[^"]+' "$layer" \
		--include='*.[ch]' --include='*.def')
done

# Views look at the parts of a replay, and no part at a view.
if grep -rn '^\s*#\s*include\s*"replay/views/' replay/machine replay/memory \
	replay/mmu replay/models; then
	bad=1
fi

# A path of the project in angle brackets would hide from the test above.
if grep -rnE '^\s*#\s*include\s+<(base|formats|capture|replay|analyze|plots)/' \
	--include='*.[ch]' --include='*.def' \
	base formats capture replay analyze plots tests ./*.c; then
	bad=1
fi

# pagewalk.c and commands.c know base, and the sinks that render.
while IFS=: read -r file include; do
	case "$include" in
	base/* | plots/sink.h | plots/chart.h | commands.def) ;;
	*)
		echo "$file: must not include $include"
		bad=1
		;;
	esac
done < <(grep -HoP '^\s*#\s*include\s+"\K[^"]+' pagewalk.c commands.c)

# tsort names the files of a cycle.
edges=$(mktemp)
trap 'rm -f "$edges"' EXIT
grep -rHoP '^\s*#\s*include\s+"\K[^"]+' base formats capture replay analyze \
	plots --include='*.h' --include='*.def' | tr ':' ' ' >"$edges"
if ! tsort "$edges" >/dev/null 2>"$edges.err"; then
	echo "include cycle:"
	cat "$edges.err"
	bad=1
fi
rm -f "$edges.err"
exit $bad
