#!/usr/bin/env bash
# The numbers of calls.def are those of the kernel's headers, on both machines;
# every call that the headers have is there, but for those long gone.
set -euo pipefail
cd "$2"
command -v gcc >/dev/null || { echo "skipped: no gcc"; exit 77; }

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# numbers PREFIX: "name number" of the macros on standard input.
numbers() {
	awk -v prefix="$1" '$1 == "#define" && $2 ~ "^" prefix {
		name = substr($2, length(prefix) + 1)
		if ($3 ~ /^[0-9]+$/) print name, $3
	}' | sort
}

# Calls that current kernels refuse, and macros that are no calls.
gone='^(_sysctl|afs_syscall|arch_specific_syscall|create_module|epoll_ctl_old|epoll_wait_old|fstatat|get_kernel_syms|getpmsg|lookup_dcookie|nfsservctl|putpmsg|query_module|security|syscalls|tuxcall|uprobe|uretprobe|uselib|vserver) '

# compare COLUMN MACHINE: the table's numbers against $scratch/MACHINE.
bad=0
compare() {
	tr '\n' ' ' <capture/calls.def | grep -oP 'PW_CALL\(\w+, \w+, \w+,' |
		tr -d '(),' | sed 's/^PW_CALL//' |
		awk -v column="$1" '$column != "NONE" {print $1, $column}' |
		sort >"$scratch/table"
	if [ ! -s "$scratch/$2" ]; then
		echo "$2: no headers"
		return
	fi
	grep -vE "$gone" "$scratch/$2" >"$scratch/wanted"
	if comm -13 "$scratch/table" "$scratch/wanted" | grep .; then
		echo "$2: above, calls of the headers that calls.def has not so"
		bad=1
	fi
	# A newer call than the headers know may be in the table alone.
	while read -r name number; do
		if grep -qE " $number\$" "$scratch/wanted" &&
			! grep -qx "$name $number" "$scratch/wanted"; then
			echo "$2: $name is not $number"
			bad=1
		fi
	done <"$scratch/table"
}

echo '#include <asm/unistd_64.h>' | gcc -E -dM - 2>/dev/null |
	numbers __NR_ >"$scratch/x86-64" || true
want='-D__ARCH_WANT_RENAMEAT -D__ARCH_WANT_NEW_STAT -D__ARCH_WANT_SYS_CLONE3
	-D__ARCH_WANT_SET_GET_RLIMIT -D__ARCH_WANT_TIME32_SYSCALLS
	-D__ARCH_WANT_MEMFD_SECRET'
# Calls with 32-bit forms are named by another macro; newfstatat is fstatat.
# shellcheck disable=SC2086
echo '#include <asm-generic/unistd.h>' | gcc -E -dM $want - 2>/dev/null |
	tee "$scratch/macros" | numbers __NR_ >"$scratch/aarch64" || true
numbers __NR3264_ <"$scratch/macros" | sed 's/^fstatat /newfstatat /' |
	grep -v 'fadvise64_64' >>"$scratch/aarch64" || true
sort -u -o "$scratch/aarch64" "$scratch/aarch64"

compare 2 x86-64
compare 3 aarch64
exit $bad
