#!/usr/bin/env bash
# Formatting and wording: clang-format, codespell, no absolute machine paths,
# nothing but the project in the project.
set -euo pipefail
cd "$2"

bad=0
unchecked=0
mapfile -t existing < <(find . \( -path ./build -o -path ./.git \) -prune -o \
	-type f -print | sed 's|^\./||' | sort)
sources=()
texts=()
for file in "${existing[@]}"; do
	case "$file" in
	*.c | *.h) sources+=("$file") && texts+=("$file") ;;
	tests/fixtures/* | tests/fuzz/corpus/* | *.png | *.svg | *.pwt | *.pwt.old | *.pagewalk/*) ;;
	*) texts+=("$file") ;;
	esac
done

if command -v clang-format >/dev/null; then
	clang-format --dry-run -Werror "${sources[@]}" || bad=1
else
	echo "clang-format is not installed: formatting not checked"
	unchecked=1
fi
if command -v codespell >/dev/null; then
	codespell -L 'ist,fo,ba,ue,te,nd,mis,traiger' "${texts[@]}" || bad=1
else
	echo "codespell is not installed: spelling not checked"
	unchecked=1
fi
# The pattern is split so that this file does not match itself.
grep -nE "/(w""ork|h""ome|r""oot)/" "${texts[@]}" && bad=1
grep -nE '[[:space:]]+$' "${sources[@]}" && bad=1
# A part that could not be checked is no pass.
[ $bad = 1 ] || [ $unchecked = 0 ] || exit 77
exit $bad
