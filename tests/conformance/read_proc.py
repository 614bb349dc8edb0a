#!/usr/bin/env python3
"""One reader for /proc files, the kernel's and those of pagewalk vmas.

read_proc.py KIND KERNEL OURS: both files must be read without a rest, have the
same fields in the same order, and end numbers in the same columns. KIND is
smaps, smaps_rollup, maps, status, numa_maps, meminfo or vmstat. Prints what
differs and how many fields were compared.
"""
import re
import sys

# What depends on the configuration of a kernel, its processor or its age: one
# of the two may lack it.
MAYBE = {
    'smaps': {'ProtectionKey', 'KSM', 'Pss_Dirty', 'THPeligible', 'FilePmdMapped'},
    'smaps_rollup': {'KSM', 'Pss_Dirty', 'FilePmdMapped'},
    'meminfo': {'Zswap', 'Zswapped', 'Percpu', 'HardwareCorrupted',
                'AnonHugePages', 'ShmemHugePages', 'ShmemPmdMapped',
                'FileHugePages', 'FilePmdMapped', 'CmaTotal', 'CmaFree',
                'Unaccepted', 'Balloon', 'HugePages_Total', 'HugePages_Free',
                'HugePages_Rsvd', 'HugePages_Surp', 'Hugepagesize', 'Hugetlb',
                'SecPageTables', 'NFS_Unstable', 'Bounce', 'WritebackTmp',
                'DirectMap4k', 'DirectMap2M', 'DirectMap4M', 'DirectMap1G',
                'KReclaimable', 'GPUActive', 'GPUReclaim', 'SwapTotal',
                'ShadowCallStack'},
}
# Files of which the model knows a part only.
PARTIAL = {'status', 'vmstat'}

MAP = re.compile(r'^([0-9a-f]{8,16})-([0-9a-f]{8,16}) [r-][w-][x-][ps] '
                 r'[0-9a-f]{8,} [0-9a-f]{2,}:[0-9a-f]{2,} [0-9]+ '
                 r'( *)(\S.*)?$')
SIZE = re.compile(r'^([A-Za-z0-9_()]+):( *)([0-9]+) kB$')
NUMBER = re.compile(r'^([A-Za-z0-9_()]+):( *)([0-9]+)$')
TABBED = re.compile(r'^([A-Za-z_]+):\t( *)([0-9]+)( kB)?$')
FLAGS = re.compile(r'^VmFlags: ([a-z?]{2} )+$')
COUNTER = re.compile(r'^([a-z0-9_]+) ([0-9]+)$')
NUMA = re.compile(r'^[0-9a-f]{8,16} (default|local|bind|interleave|prefer'
                  r'|prefer \(many\)|weighted interleave)\S*'
                  r'( file=\S+| heap| stack)?( huge)?( anon=\d+)?( dirty=\d+)?'
                  r'( mapped=\d+)?( mapmax=\d+)?( swapcache=\d+)?'
                  r'( active=\d+)?( writeback=\d+)?( N\d+=\d+)*'
                  r'( kernelpagesize_kB=\d+)?$')


def give_up(path, number, line):
    sys.exit(f'{path}:{number}: cannot be read: {line!r}')


def end_column(match):
    """Where a number ends; one that is too wide for its column tells nothing."""
    return match.end(3) if len(match.group(3)) <= 8 else None


def read_fields(kind, path):
    """A list of paragraphs, each a list of (name, column)."""
    paragraphs = []
    last = -1
    for number, line in enumerate(open(path, encoding='utf-8',
                                       errors='surrogateescape'), 1):
        line = line.rstrip('\n')
        head = MAP.match(line) if kind in ('smaps', 'smaps_rollup', 'maps') else None
        if head:
            if int(head[1], 16) < last or int(head[2], 16) <= int(head[1], 16):
                give_up(path, number, line)
            last = int(head[2], 16)
            if head[4] and head[3] and head.start(4) != 73:
                sys.exit(f'{path}:{number}: the name is in column '
                         f'{head.start(4)}, not 73')
            paragraphs.append([])
            continue
        if kind in ('status', 'meminfo', 'vmstat') and not paragraphs:
            paragraphs.append([])
        if kind == 'numa_maps':
            if not NUMA.match(line):
                give_up(path, number, line)
            paragraphs.append([])
            continue
        if kind == 'status':
            match = TABBED.match(line)
            if match:
                column = match.end(3) if match.group(4) else None
                paragraphs[-1].append((match[1], column))
            elif ':\t' in line:
                paragraphs[-1].append((line.split(':')[0], None))
            else:
                give_up(path, number, line)
            continue
        if kind == 'vmstat':
            match = COUNTER.match(line)
            if not match:
                give_up(path, number, line)
            paragraphs[-1].append((match[1], None))
            continue
        match = SIZE.match(line) or NUMBER.match(line)
        if match and paragraphs:
            paragraphs[-1].append((match[1], end_column(match)))
        elif kind == 'smaps' and FLAGS.match(line):
            paragraphs[-1].append(('VmFlags', None))
        else:
            give_up(path, number, line)
    if not paragraphs:
        sys.exit(f'{path}: empty')
    return paragraphs


def compare(kind, kernel, ours):
    """Fields of one paragraph of each."""
    names = [name for name, _ in kernel]
    maybe = MAYBE.get(kind, set())
    for name, _ in ours:
        if name not in names and name not in maybe:
            sys.exit(f'{kind}: the kernel has no {name}')
    mine = [name for name, _ in ours]
    for name in names:
        if name not in mine and kind not in PARTIAL and name not in maybe:
            sys.exit(f'{kind}: {name} is missing')
    both = [name for name in names if name in mine]
    if [name for name in mine if name in names] != both:
        sys.exit(f'{kind}: another order: {mine}, the kernel {names}')
    columns = dict(kernel)
    for name, column in ours:
        if column is not None and columns.get(name) not in (None, column):
            sys.exit(f'{kind}: {name} ends in column {column}, the kernel\'s '
                     f'in {columns[name]}')
    return len(both)


def main():
    kind, kernel_path, our_path = sys.argv[1:]
    kernel = read_fields(kind, kernel_path)
    ours = read_fields(kind, our_path)
    compared = 0
    for paragraph in ours:
        compared += compare(kind, kernel[0], paragraph)
    for paragraph in kernel[1:]:
        compare(kind, kernel[0], paragraph)
    print(f'{kind}: {len(ours)} paragraphs, {compared} fields')


main()
