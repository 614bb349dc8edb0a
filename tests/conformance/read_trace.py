#!/usr/bin/env python3
"""A reader of traces made from formats/FORMAT.md alone, and as slow as it looks.

read_trace.py FILE accesses|events|touches [COUNT]

Prints what `pagewalk dump` prints, at most COUNT rows of it. Touches that are
lost end the rows where accesses tell them too: it does not make them anew.
Exit status: 0, 2 when something is damaged or left out, 64 for accesses of a
trace of touches only, 77 when a library is missing. Only the standard library, and zstd
and xxHash through ctypes, since they are not the format.
"""
import itertools
import json
import os
import re
import struct
import sys

from trace_codecs import (MASK, MIB, Damage, Stream, check_kind, decode,
                          demand, unpack, xxh3)
from trace_touches import CUT, Piece, Runs, Touches

MAGIC = b"\x89PWT\r\n\x1a\n"
CHUNK_MAGIC = b"\xd7PWC"
FOOTER_MAGIC = b"\x89PWTEND\n"
(META, THREADS, MODULES, ACCESSES, TIMELINE, INDEX, END, SHAPES,
 TOUCHES) = range(1, 10)
CODECS = {META: (0,), THREADS: (0,), MODULES: (0,), ACCESSES: (1, 2, 3),
          TIMELINE: (1,), INDEX: (0,), END: (0,), SHAPES: (1,), TOUCHES: (1, 2)}
ONLY_TOUCHES = 128  # of META's unknown bits


class Refused(Exception):
    """What costs the file."""


# ---- chunks ----

class Chunk:
    """A header at its offset, with its payload in the file."""

    def __init__(self, data, offset):
        header = data[offset:offset + 128]
        self.good = False
        if len(header) < 128 or header[:4] != CHUNK_MAGIC:
            return
        (self.kind, self.flags, header_bytes, self.codec, self.payload_bytes,
         self.raw_bytes, self.sequence, self.segment, self.thread, reserved,
         self.first_access, self.access_count, self.first_instruction,
         self.instruction_count, self.min_page, self.max_page, self.previous,
         self.payload_hash, header_hash) = struct.unpack(
             "<4xHHIIQQQQIIQQQQQQQQQ", header)
        if (header_hash != xxh3(header[:120]) or header_bytes != 128 or
                self.payload_bytes > 65 * MIB or self.raw_bytes > 64 * MIB):
            return
        if (self.flags & ~1 or reserved != 0 or
                (self.kind not in CODECS and self.flags & 1) or
                (self.kind in CODECS and
                 self.codec not in CODECS[self.kind])):
            raise Refused("offset %d: a newer version" % offset)
        self.good = True
        self.header = header
        self.offset = offset
        self.end = offset + 128 + (self.payload_bytes + 7) // 8 * 8

    def payload(self, data):
        demand(data[self.offset:self.offset + 128] == self.header, "header")
        content = data[self.offset + 128:self.end]
        demand(len(content) == self.end - self.offset - 128, "cut off")
        demand(xxh3(content) == self.payload_hash, "checksum")
        return content[:self.payload_bytes]


class Trace:
    """All that a file holds. Where touches are as good as accesses they are
    taken first."""

    def __init__(self, data, use_touches):
        self.data = data
        self.use_touches = use_touches
        self.damage = []
        self.chunks = []
        self.shapes = {}
        self.shape_sums = [0, 0]  # slots, bytes
        self.unknown = 0
        self.threads = 0
        self.processes = []  # by thread
        self.clocks = {}  # by thread: accesses, instructions
        self.totals = [0] * 7  # as in END
        self.whole = 0  # segments
        self.read_header()
        if not self.read_index():
            self.walk()
        self.read_declarations()

    def report(self, offset, what):
        self.damage.append("offset %d: %s" % (offset, what))

    def read_header(self):
        header = self.data[:64]
        if header[:8] != MAGIC:
            raise Refused("not a trace")
        if len(header) < 64 or xxh3(header[:56]) != struct.unpack(
                "<Q", header[56:])[0]:
            self.report(0, "the file header is damaged")
            return
        major, _, order, flags = struct.unpack("<HHIQ", header[8:24])
        if major != 1 or order != 0x01020304 or flags or any(header[24:56]):
            raise Refused("a newer version")

    def read_index(self):
        """Footer, END and every INDEX; False when any of them is wrong."""
        footer = self.data[-32:]
        if len(self.data) < 64 + 128 + 80 + 32:
            return False
        at, length, magic, footer_hash = struct.unpack("<QQ8sQ", footer)
        if (magic != FOOTER_MAGIC or footer_hash != xxh3(footer[:24]) or
                length != len(self.data) or at + 128 > length):
            return False
        end = Chunk(self.data, at)
        if not end.good or end.kind != END or end.end != length - 32:
            return False
        indexes = []
        before = end
        try:
            end.payload(self.data)
            while before.previous != 0:
                if before.previous >= before.offset:
                    return False
                before = Chunk(self.data, before.previous)
                if not before.good or before.kind != INDEX:
                    return False
                indexes.insert(0, before)
            chunks = self.list_indexed(indexes) + [end]
        except Damage:
            return False
        offset = 64
        for number, chunk in enumerate(chunks):
            if chunk.offset != offset or chunk.sequence != number:
                return False
            offset = chunk.end
        self.chunks = chunks
        return offset == length - 32

    def list_indexed(self, indexes):
        chunks = []
        for index in indexes:
            content = Stream(index.payload(self.data))
            count, zero = content.number(4), content.number(4)
            demand(zero == 0, "an index")
            for _ in range(count):
                offset = content.number(8)
                copy = content.take(128)
                chunk = Chunk(copy, 0)
                demand(chunk.good, "a header in an index")
                chunk.end += offset
                chunk.offset = offset
                chunks.append(chunk)
            content.end()
            chunks.append(index)
        return chunks

    def walk(self):
        """From header to header; the next one is searched in steps of 8."""
        offset, sequence = 64, 0
        searching = False
        while offset < len(self.data):
            chunk = Chunk(self.data, offset)
            if not chunk.good or chunk.end > len(self.data):
                if not searching:
                    self.report(offset, "no whole chunk")
                searching = True
                offset += 8
                continue
            searching = False
            if chunk.sequence < sequence:
                self.report(offset, "a chunk that does not belong here")
            else:
                if chunk.sequence > sequence:
                    self.report(offset, "chunks before it are missing")
                self.chunks.append(chunk)
                sequence = chunk.sequence + 1
            offset = chunk.end
            if chunk.kind == END:
                self.report(offset, "the index or the footer is damaged")
                return
        self.report(offset, "the recording did not end")

    def read_declarations(self):
        readers = {META: self.read_meta, THREADS: self.read_threads,
                   MODULES: self.read_modules, SHAPES: self.read_shapes}
        for chunk in self.chunks:
            if chunk.kind not in readers:
                continue
            try:
                readers[chunk.kind](chunk, chunk.payload(self.data))
            except Damage as damage:
                self.report(chunk.offset, str(damage))
        for chunk in self.chunks:
            if (chunk.kind in (ACCESSES, TOUCHES) and self.damage and
                    chunk.thread < 2**20):
                self.threads = max(self.threads, chunk.thread + 1)
        self.add_processes()

    def add_processes(self):
        """Of threads whose declaration is lost nothing is known."""
        self.processes += [0] * (self.threads - len(self.processes))

    def read_meta(self, _, payload):
        demand(len(payload) >= 8 and payload[4:8] == bytes(4), "META")
        demand(len(payload) <= 16 * MIB, "META is too long")
        bare = re.sub(rb'"(\\.|[^"\\])*"', b"", payload[8:])
        demand(bare.count(b",") + bare.count(b":") < 2**20 and
               bare.count(b"{") + bare.count(b"[") <= 2**17,
               "META has too many values")
        try:
            root = json.loads(payload[8:].decode())
        except ValueError as error:
            raise Damage("META: %s" % error) from error
        demand(isinstance(root, dict), "META is no object")
        self.unknown = int.from_bytes(payload[:4], "little")

    def read_threads(self, chunk, payload):
        demand(len(payload) % 16 == 0 and chunk.thread >= self.threads and
               chunk.thread + len(payload) // 16 <= 2**20, "THREADS")
        self.threads = chunk.thread
        self.add_processes()
        for process, _, _, parent in struct.iter_unpack("<IIII", payload):
            demand(process <= self.threads and parent <= self.threads,
                   "a thread")
            self.threads += 1
            self.processes.append(process)

    @staticmethod
    def read_modules(_, payload):
        content = Stream(payload)
        while content.left() > 0:
            content.number(4)
            demand(content.number(4) <= 32, "a build id")
            content.take(24 + 32)
            length = content.number(4)
            demand(length <= 65536 and b"\0" not in content.take(length),
                   "a path")

    def read_shapes(self, chunk, payload):
        content = Stream(unpack(payload, chunk.raw_bytes))
        first = chunk.thread
        shapes = []
        while content.left() > 0:
            count = content.varint()
            demand(1 <= count <= 65536, "slots")
            kinds = list(content.take(count))
            for kind in kinds:
                check_kind(kind & 0x7f)
            sizes = [content.size() for _ in range(count)]
            pc, slots = 0, []
            for kind, size in zip(kinds, sizes):
                pc = (pc + content.difference()) & MASK
                slots.append((pc, size, kind))
            shapes.append(slots)
        self.shape_sums[0] += sum(map(len, shapes))
        self.shape_sums[1] += chunk.raw_bytes
        demand(first + len(shapes) <= 2**22 and
               self.shape_sums[0] <= 2**26 and self.shape_sums[1] <= 2**28,
               "too many shapes")
        for i, slots in enumerate(shapes):
            self.shapes[first + i] = slots

    # ---- segments ----

    def segments(self):
        """Whole segments in order: their lists of chunks that will do, the
        first one that does is to be taken; and their TIMELINE."""
        waiting = []
        number = 0
        for chunk in self.chunks:
            if chunk.kind in (ACCESSES, TOUCHES):
                if waiting and waiting[0].segment != chunk.segment:
                    self.report(chunk.offset, "a segment has no end")
                    waiting = []
                waiting.append(chunk)
            if chunk.kind != TIMELINE:
                continue
            mine = [c for c in waiting if c.segment == chunk.segment]
            waiting = []
            if chunk.segment < number:
                self.report(chunk.offset, "a segment out of order")
                continue
            if chunk.segment > number:
                self.report(chunk.offset, "segments before it are lost")
            number = chunk.segment + 1
            choices = [[c for c in mine if c.kind == kind]
                       for kind in (TOUCHES, ACCESSES)[not self.use_touches:]]
            choices = [c for c in choices if is_whole(c, chunk)]
            if choices:
                yield choices, chunk
            else:
                self.report(chunk.offset, "accesses are lost")

    def records(self):
        """(thread, access), or (thread, Piece) of touches, and (thread, event)
        of all whole segments."""
        for choices, timeline in self.segments():
            damage = None
            for parts in choices:
                try:
                    records = self.read_segment(parts, timeline)
                    break
                except Damage as what:
                    damage = what
            else:
                self.report(timeline.offset, "left out: %s" % damage)
                continue
            self.count(parts, timeline, records)
            yield from records
        if not self.damage:
            self.check_end()

    def count(self, parts, timeline, records):
        """Add to the totals; the clocks in the headers go on."""
        for chunk in parts:
            clock = self.clocks.setdefault(chunk.thread, [0, 0])
            if not self.damage:
                demand(clock == [chunk.first_access,
                                 chunk.first_instruction], "a clock")
            clock[0] += chunk.access_count
            clock[1] += chunk.instruction_count
        if not self.damage:
            demand(timeline.first_access == self.totals[0] and
                   timeline.first_instruction == self.totals[5] and
                   timeline.instruction_count ==
                   sum(c.instruction_count for c in parts) and
                   timeline.min_page ==
                   min((c.min_page for c in parts), default=0) and
                   timeline.max_page ==
                   max((c.max_page for c in parts), default=0), "TIMELINE")
        for _, record in records:
            for i, add in enumerate(tally(record)):
                self.totals[i] += add
        self.whole += 1

    def check_end(self):
        """What END says is what came."""
        end = self.chunks[-1]
        demand(end.kind == END, "END is not the last chunk")
        says = list(struct.unpack("<10Q", end.payload(self.data)))
        if says != self.totals + [len(self.chunks), len(self.data),
                                  self.whole]:
            self.report(end.offset, "END says something else")

    def read_segment(self, parts, timeline):
        made = {}
        for chunk in parts:
            payload = chunk.payload(self.data)
            if chunk.kind == TOUCHES:
                made[chunk.thread] = Touches(payload, chunk.raw_bytes,
                                             chunk.codec).pieces
                check_pieces(chunk, made[chunk.thread])
            else:
                made[chunk.thread] = decode(chunk, payload, self.shapes)
                check_header(chunk, made[chunk.thread])
        made = {thread: iter(items) for thread, items in made.items()}
        demand(timeline.raw_bytes <= 8 * MIB, "a timeline is too long")
        content = Stream(unpack(timeline.payload(self.data),
                                timeline.raw_bytes))
        out = []
        position = timeline.first_access
        while content.left() > 0:
            tag, record = content.varint(), None
            record = Stream(content.take(content.varint()))
            if tag == 2:
                run = self.read_run(record, made, position)
                position += sum(tally(item)[0] for _, item in run)
                out += run
            elif tag == 4:
                out.append(self.read_event(record))
            else:
                demand(tag % 2 == 1, "an unknown record")
        for left in made.values():
            demand(next(left, None) is None, "accesses are left over")
        return out

    def read_run(self, record, made, position):
        thread, count = record.varint(), record.varint()
        record.end()
        demand(count > 0 and thread in made and thread < self.threads,
               "a run")
        out = []
        while count > 0:
            item = next(made[thread], None)
            demand(item is not None, "a run past the accesses")
            if isinstance(item, Piece):
                demand(item.accesses <= min(count, CUT - position % CUT),
                       "a piece of touches past a cut")
            accesses = tally(item)[0]
            count -= accesses
            position += accesses
            out.append((thread, item))
        return out

    def read_event(self, record):
        thread, kind, result = (record.varint() for _ in range(3))
        count = record.varint()
        demand(thread < self.threads and kind < 65536 and count <= 10,
               "an event")
        arguments = [record.varint() for _ in range(count)]
        text = record.take(record.varint())
        demand(len(text) <= MIB, "a text is too long")
        demand(b"\0" not in text and record.byte() == 0, "a text")
        record.end()
        return thread, (kind, result, arguments, text)


# ---- what follows from accesses and pieces ----

def is_whole(parts, timeline):
    """Whether these chunks are the accesses of a TIMELINE."""
    order = [c.thread for c in parts]
    counts = [c.access_count for c in parts]
    plain = sum(c.access_count for c in parts
                if c.kind == ACCESSES and c.codec != 3)
    return (sum(counts) == timeline.access_count <= 2**25 and
            all(counts) and plain <= 2**21 and sorted(set(order)) == order)


def tally(record):
    """What a record adds to the first words of END."""
    if isinstance(record, Piece):
        return (record.accesses, record.loads, record.stores, record.modifies,
                record.fetches, record.instructions, 0)
    event = isinstance(record[3], bytes)
    kind = 0 if event else record[1]
    return (int(not event), kind & 7 in (1, 3), kind & 7 in (2, 3),
            kind & 7 == 3, kind & 7 == 4, kind & 16 > 0, int(event))


def check_pieces(chunk, pieces):
    """The words of a TOUCHES header."""
    demand(sum(p.accesses for p in pieces) == chunk.access_count and
           sum(p.instructions for p in pieces) == chunk.instruction_count,
           "the pieces")


def check_header(chunk, accesses):
    """The words of an ACCESSES header."""
    demand(len(accesses) == chunk.access_count, "access_count")
    demand(sum(kind >> 4 & 1 for _, kind, _, _ in accesses) ==
           chunk.instruction_count, "instruction_count")
    lows = [address >> 12 for _, _, address, _ in accesses]
    highs = [min(address + max(size, 1) - 1, MASK) >> 12
             for _, _, address, size in accesses]
    demand(min(lows) == chunk.min_page and max(highs) == chunk.max_page,
           "pages")


# ---- as pagewalk dump prints it ----

def clean(text):
    """Bytes that are no text, or cannot be seen, as \\xNN."""
    unseen = re.compile("[\0-\x1f\x7f-\x9f\u061c\u180e\u200b-\u200f\u2028-\u202e"
                        "\u2060-\u206f\ufeff\ufff9-\uffff\U000e0000-\U000e007f]")
    text = text.decode("utf-8", "backslashreplace")
    return unseen.sub(lambda m: "".join("\\x%02x" % b
                                        for b in m.group().encode()), text)


def quoted(cell):
    if re.search('[",\n\r]', cell):
        return '"%s"' % cell.replace('"', '""')
    return cell


def value(number):
    if number >= 2**64 - 4095:
        return "-%d" % (2**64 - number)
    return "%#x" % number


def event_names(root):
    with open(os.path.join(root, "formats/events.def"), encoding="utf-8") as f:
        text = f.read()
    found = re.findall(r'PW_EVENT\(\s*(\w+),\s*(\d+),\s*"([^"]*)"', text)
    return {int(number): (name, names.split(",") if names else [])
            for name, number, names in found}


def event_row(before, thread, event, names):
    kind, result, arguments, text = event
    name, fields = names.get(kind, ("event%d" % kind, None))
    arguments = arguments + [0] * (10 - len(arguments))
    if fields is None:
        pairs = ["arg%d=%s" % (i, value(a))
                 for i, a in enumerate(arguments) if a]
    else:
        pairs = ["%s=%s" % (f, value(a)) for f, a in zip(fields, arguments)]
    return [str(before), str(thread), name, " ".join(pairs), value(result),
            clean(text)]


HEADS = {"accesses": "thread,pc,kind,address,size",
         "events": "access,thread,event,arguments,result,text",
         "touches": "thread,page,side,loads,stores,fetches,flags,instruction"}


def rows(trace, what, records):
    """Rows in order, up to the first that it cannot tell."""
    names = event_names(os.path.join(os.path.dirname(__file__), "../.."))
    runs = Runs(trace.processes)
    accesses = 0
    for thread, record in records:
        accesses += tally(record)[0]
        if isinstance(record, Piece):
            if what == "touches":
                yield from runs.rows(thread, record)
        elif isinstance(record[3], bytes):
            runs.end(thread)
            if what == "events":
                row = event_row(accesses, thread, record, names)
                yield ",".join(quoted(cell) for cell in row)
        elif what == "accesses":
            pc, kind, address, size = record
            yield "%d,%#x,%s,%#x,%d" % (thread, pc, "?RWMF"[kind & 7],
                                        address, size)
        elif what == "touches":
            return


def dump(trace, what, most):
    """Prints rows; what comes after the last one is only read."""
    records = trace.records()
    print(HEADS[what])
    for row in itertools.islice(rows(trace, what, records), most):
        print(row)
    for _ in records:
        pass


def main():
    if len(sys.argv) not in (3, 4) or sys.argv[2] not in HEADS:
        print(__doc__, file=sys.stderr)
        return 64
    what = sys.argv[2]
    with open(sys.argv[1], "rb") as file:
        data = file.read()
    try:
        trace = Trace(data, what != "accesses")
        if what == "accesses" and trace.unknown & ONLY_TOUCHES:
            print("%s: holds touches only" % sys.argv[1], file=sys.stderr)
            return 64
        dump(trace, what, int(sys.argv[3]) if sys.argv[3:] else sys.maxsize)
    except Refused as refused:
        print("%s: %s" % (sys.argv[1], refused), file=sys.stderr)
        return 2
    for line in trace.damage:
        print("%s: %s" % (sys.argv[1], line), file=sys.stderr)
    return 2 if trace.damage else 0


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    sys.exit(main())
