"""TOUCHES chunks of formats/FORMAT.md, and what runs of them print as."""
import re

from trace_codecs import demand, streams, symbol_bytes

CUT = 16384  # accesses
FETCH, LOAD_FIRST, CONTINUED, ORDER, UPGRADE = 1, 2, 4, 8, 16
NAMES = ((LOAD_FIRST, "load-first"), (CONTINUED, "continued"),
         (ORDER, "order"), (UPGRADE, "upgrade"))


class Piece:
    """What some accesses of a thread come to; records() but once, in order."""

    def __init__(self, touches, symbols, numbers):
        (self.accesses, self.instructions, self.stores, self.modifies,
         self.fetches) = numbers
        self.loads = (self.accesses - self.fetches - self.stores +
                      self.modifies)
        self.touches = touches
        self.symbols = symbols
        demand(1 <= self.accesses <= CUT and self.loads >= self.modifies and
               self.modifies <= self.stores and
               self.instructions <= self.accesses, "a piece")

    def records(self):
        """(page, flags, loads, stores, fetches, instructions so far)"""
        begun = 0
        for symbol in self.symbols:
            for record in self.touches.unfold(symbol):
                flags, loads, stores, fetches, instructions, page = record
                begun += instructions
                yield (self.touches.page(page), flags, loads, stores, fetches,
                       begun)


class Touches:
    """A chunk: all is checked at once, but records are made when wanted."""

    def __init__(self, payload, raw_bytes, codec):
        pages, records, rules, symbols, literals, pieces = streams(
            payload, 6, raw_bytes)
        self.pages = [None]
        while pages.left() > 0:
            page = (self.pages[-1] or 0) + pages.difference()
            self.pages.append(page % 2**64)
            demand(self.pages[-1] < 2**52, "a page")
        demand(len(self.pages) <= 2**23 + 1, "pages")
        self.literals = literals
        self.width = symbol_bytes(len(self.pages) - 1) if codec == 2 else 0
        self.literal = 0
        self.read_records(records)
        self.read_rules(rules)
        self.read_pieces(symbols, pieces)

    def read_records(self, stream):
        count = stream.varint()
        demand(1 <= count <= 2**20, "records")
        columns = [list(stream.take(count))]
        columns += [[stream.varint() for _ in range(count)] for _ in range(5)]
        stream.end()
        self.record = [None] + list(zip(*columns))
        for record in self.record[1:]:
            self.check_record(record)
        # By symbol: records, literals, instructions.
        self.sums = [(0, 0, 0)] + [(1, int(page == 0), begun)
                                   for _, _, _, _, begun, page
                                   in self.record[1:]]

    def check_record(self, record):
        flags, loads, stores, fetches, _, page = record
        demand(max(record[1:5]) < 2**15 and page < len(self.pages), "a number")
        if flags & FETCH:
            demand(flags & ~(FETCH | ORDER) == 0 and fetches > 0 and
                   loads == stores == 0, "a record of fetches")
        else:
            first = loads if flags & LOAD_FIRST else stores
            demand(flags & ~(LOAD_FIRST | ORDER | UPGRADE) == 0 and
                   first > 0 and fetches == 0, "a record of data")

    def read_rules(self, stream):
        self.rules = {}
        while stream.left() > 0:
            left, right = stream.varint(), stream.varint()
            s = len(self.sums)
            demand(0 < left < s and 0 < right < s, "a rule")
            self.rules[s] = left, right
            self.sums.append(tuple(
                a + b for a, b in zip(self.sums[left], self.sums[right])))
            demand(self.sums[s][0] <= 65536, "a rule is too long")
            demand(len(self.rules) <= 2**20, "rules")

    def read_pieces(self, symbols, stream):
        size = symbol_bytes(len(self.sums) - 1)
        lists = [[]]
        while symbols.left() > 0:
            s = symbols.number(size)
            demand(s < len(self.sums), "no symbol")
            if s == 0:
                lists.append([])
            else:
                lists[-1].append(s)
        demand(len(lists) > 1 and not lists.pop(), "a piece has no end")
        used = {s for part in lists for s in part}
        demand(sum(map(len, lists)) + len(lists) <= 2**24 and
               sum(self.sums[s][0] for s in used) <= 2**22, "symbols")
        columns = [[stream.varint() for _ in lists] for _ in range(5)]
        stream.end()
        self.pieces = []
        literals = 0
        for part, numbers in zip(lists, zip(*columns)):
            sums = [sum(self.sums[s][i] for s in part) for i in range(3)]
            demand(1 <= sums[0] <= 2**22 and sums[2] <= numbers[1],
                   "the records of a piece")
            literals += sums[1]
            self.pieces.append(Piece(self, part, numbers))
        demand(literals == self.count_literals() and literals <= 2**23,
               "literals")

    def count_literals(self):
        data = self.literals.data
        if self.width == 0:
            return count_varints(data)
        numbers = memoryview(data).cast({1: "B", 2: "H", 4: "I"}[self.width])
        demand(not numbers or (min(numbers) > 0 and
                               max(numbers) < len(self.pages)), "a literal")
        return len(numbers)

    def unfold(self, symbol):
        """The records of a symbol."""
        stack = [symbol]
        while stack:
            s = stack.pop()
            if s in self.rules:
                left, right = self.rules[s]
                stack += [right, left]
            else:
                yield self.record[s]

    def page(self, number):
        if number > 0:
            return self.pages[number]
        if self.width > 0:
            return self.pages[self.literals.number(self.width)]
        self.literal = (self.literal + self.literals.difference()) % 2**64
        demand(self.literal < 2**52, "a page")
        return self.literal


def count_varints(data):
    """How many there are; literals are many, and most are never wanted."""
    demand(not data or data[-1] < 128, "a stream ends early")
    demand(data.isascii() or
           not re.search(b"[\x80-\xff]{9}[^\0\1]", data, re.DOTALL),
           "a varint is too long")
    return len(data.translate(None, bytes(range(128, 256))))


# ---- as pagewalk dump --touches prints it ----

class Runs:
    """The open runs of all threads, which go on from piece to piece."""

    def __init__(self, processes):
        self.processes = processes  # by thread
        self.clocks = {}
        self.open = {}  # by thread and side: a page

    def rows(self, thread, piece):
        clock = self.clocks.get(thread, 0)
        seen = set()
        for page, flags, loads, stores, fetches, begun in piece.records():
            side = flags & FETCH
            if side not in seen and self.open.get((thread, side)) == page:
                flags |= CONTINUED
                if not flags & (FETCH | LOAD_FIRST):
                    flags |= UPGRADE  # for all that is known
            seen.add(side)
            self.open[thread, side] = page
            yield "%d,%#x,%s,%d,%d,%d,%s,%d" % (
                thread, page, "instruction" if side else "data", loads,
                stores, fetches,
                " ".join(name for bit, name in NAMES if flags & bit),
                max(clock + begun - 1, 0))
        self.clocks[thread] = clock + piece.instructions

    def end(self, thread):
        """An event of a thread ends the runs of its process. (Processes that
        share memory, after vfork, are in no trace of this test.)"""
        process = self.processes[thread]
        for key in list(self.open):
            if self.processes[key[0]] == process:
                del self.open[key]
