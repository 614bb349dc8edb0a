#!/usr/bin/env bash
# Predicted faults and peaks of real programs are close to those that the kernel
# tells of a native run. Arguments: the pagewalk program, the source directory.
# PW_LONG=1 takes more programs, and an hour under load.
set -uo pipefail
export PAGEWALK=$1
export PYTHONDONTWRITEBYTECODE=1
for tool in gcc python3 qemu-x86_64; do
	command -v $tool >/dev/null || { echo "skipped: no $tool"; exit 77; }
done
[ -z "${PW_SANITIZE:-}" ] || { echo "skipped: long under sanitizers"; exit 77; }
exec "$2/tests/groundtruth/real" ${PW_LONG:+--long}
