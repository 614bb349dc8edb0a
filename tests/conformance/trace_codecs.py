"""The codecs of formats/FORMAT.md, from payloads to lists of accesses."""
import ctypes
import ctypes.util
import sys

MASK = 2**64 - 1
MIB = 2**20


class Damage(Exception):
    """What costs a chunk or a segment."""


def demand(condition, message):
    if not condition:
        raise Damage(message)


# ---- libraries ----

def library(name):
    found = ctypes.util.find_library(name)
    if not found:
        print("lib%s is missing" % name, file=sys.stderr)
        sys.exit(77)
    return ctypes.CDLL(found)


ZSTD = library("zstd")
ZSTD.ZSTD_decompress.restype = ctypes.c_size_t
ZSTD.ZSTD_isError.argtypes = [ctypes.c_size_t]
XXHASH = library("xxhash")
XXHASH.XXH3_64bits.restype = ctypes.c_uint64


def xxh3(data):
    return XXHASH.XXH3_64bits(bytes(data), ctypes.c_size_t(len(data)))


def check_window(frame):
    """RFC 8878, 3.1.1.1: with bit 5 of the descriptor there is none."""
    if len(frame) > 5 and not frame[4] & 0x20:
        base = 1 << (10 + (frame[5] >> 3))
        demand(base + base // 8 * (frame[5] & 7) <= 2**26, "a zstd window")


def unpack(frame, raw_bytes):
    """The content of one zstd frame, which has exactly so many bytes."""
    demand(raw_bytes <= 64 * MIB, "too long")
    if raw_bytes == 0 and not frame:
        return b""
    check_window(frame)
    out = ctypes.create_string_buffer(raw_bytes + 1)
    got = ZSTD.ZSTD_decompress(out, ctypes.c_size_t(raw_bytes), bytes(frame),
                               ctypes.c_size_t(len(frame)))
    demand(not ZSTD.ZSTD_isError(got) and got == raw_bytes, "zstd")
    return out.raw[:raw_bytes]


# ---- numbers ----

class Stream:
    """Bytes that are read from the front and must be used up."""

    def __init__(self, data):
        self.data = data
        self.at = 0

    def left(self):
        return len(self.data) - self.at

    def byte(self):
        return self.take(1)[0]

    def take(self, count):
        demand(count <= self.left(), "a stream ends early")
        self.at += count
        return self.data[self.at - count:self.at]

    def number(self, count):
        return int.from_bytes(self.take(count), "little")

    def varint(self):
        value = 0
        for i in range(10):
            byte = self.byte()
            demand(i < 9 or byte <= 1, "a varint is too long")
            value |= (byte & 127) << (7 * i)
            if byte < 128:
                return value
        raise Damage("a varint is too long")

    def difference(self):
        return unzigzag(self.varint())

    def size(self):
        size = self.byte()
        if size == 255:
            size = self.varint()
            demand(size < 2**32, "a size is too large")
        return size

    def end(self):
        demand(self.left() == 0, "a stream is too long")


def unzigzag(code):
    return code >> 1 if code % 2 == 0 else (MASK - (code >> 1))


def check_kind(kind):
    demand(1 <= kind & 7 <= 4 and kind & 0x60 == 0, "no kind of access")
    return kind & 0x1f


# ---- codecs: lists of (pc, kind, address, size) ----

def decode(chunk, payload, shapes):
    decoder = {1: generic, 2: fast, 3: dense}[chunk.codec]
    return decoder(payload, chunk.raw_bytes, chunk.access_count, shapes)


def streams(payload, count, raw_bytes, stored=None):
    """The streams of a payload; the one that may be stored as it is, and a
    rest, are told by their numbers."""
    content = Stream(payload)
    table = [(content.number(4), content.number(4)) for _ in range(count)]
    demand(sum(raw for raw, _ in table) == raw_bytes, "lengths")
    out = []
    for i, (raw, length) in enumerate(table):
        frame = content.take(length)
        if stored and i == stored[1]:
            out.append((frame, raw))
        elif stored and i == stored[0] and raw == length:
            out.append(Stream(frame))
        else:
            out.append(Stream(unpack(frame, raw)))
    content.end()
    return out


def generic(payload, raw_bytes, count, _):
    kinds, sizes, pcs, addresses = streams(payload, 4, raw_bytes)
    predictions = [0] * 4096
    pc, out = 0, []
    for _ in range(count):
        byte, size = kinds.byte(), sizes.size()
        kind = check_kind(byte & 0x7f)
        pc = (pc + pcs.difference()) & MASK
        address = pc
        if not byte & 0x80:
            index = ((pc ^ (kind << 56)) * 0x9E3779B97F4A7C15 & MASK) >> 52
            address = (predictions[index] + addresses.difference()) & MASK
            predictions[index] = address
        out.append((pc, kind, address, size))
    for stream in kinds, sizes, pcs, addresses:
        stream.end()
    return out


def listed_shapes(stream, shapes):
    """Symbols 1, 2 ...; symbol 0 is none."""
    symbols, number = [None], 0
    while stream.left() > 0:
        number = (number + stream.difference()) & MASK
        demand(number in shapes, "a shape is lost")
        symbols.append(shapes[number])
    return symbols


def symbol_bytes(highest):
    return 1 if highest <= 255 else 2 if highest <= 65535 else 4


def sum_runs(stream):
    copy, total = Stream(stream.data), 0
    while copy.left() > 0:
        run = copy.varint()
        demand(run > 0, "a run of nothing")
        total += run
    return total


def read_rest(rest, count):
    payload, raw = rest
    if count == 0:
        demand(raw == 0 and not payload, "a rest without runs")
        return iter(())
    return iter(generic(payload, raw, count, None))


def take_run(runs, rest, out):
    for _ in range(runs.varint()):
        out.append(next(rest))


def fast(payload, raw_bytes, count, shapes):
    listed, symbols, runs, controls, differences, rest = streams(
        payload, 6, raw_bytes, (None, 5))
    symbol = listed_shapes(listed, shapes)
    rest = read_rest(rest, sum_runs(runs))
    size = symbol_bytes(len(symbol) - 1)
    last = {}
    first = 0  # the address that a first execution begins from
    out = []
    while symbols.left() > 0:
        s = symbols.number(size)
        if s == 0:
            take_run(runs, rest, out)
            continue
        demand(s < len(symbol), "no symbol")
        stored = sum(1 for slot in symbol[s] if not slot[2] & 0x80)
        nibbles = [n for byte in controls.take((stored + 1) // 2)
                   for n in (byte & 15, byte >> 4)]
        demand(stored % 2 == 0 or nibbles[-1] == 0, "a nibble too many")
        before, addresses = first, []
        for i in range(stored):
            demand(nibbles[i] <= 8, "no width")
            if s in last:
                before = last[s][i]
            before = (before +
                      unzigzag(differences.number(nibbles[i]))) & MASK
            addresses.append(before)
        if s not in last and stored > 0:
            first = before
        last[s] = addresses
        emit(symbol[s], iter(addresses), out)
    demand(len(out) == count and next(rest, None) is None, "accesses")
    for stream in listed, symbols, runs, controls, differences:
        stream.end()
    return out


def emit(slots, addresses, out):
    for pc, size, kind in slots:
        address = pc if kind & 0x80 else next(addresses)
        out.append((pc, kind & 0x1f, address, size))


def dense(payload, raw_bytes, count, shapes):
    (listed, rules, symbols, runs, modes, bases, starts, columns,
     rest) = streams(payload, 9, raw_bytes, (7, 8))
    symbol = listed_shapes(listed, shapes)
    operands, number = {}, {}
    # For each symbol its slots, and of the stored ones the operands.
    for s, slots in enumerate(symbol):
        number[s] = number_operands(slots or [], operands)
    most = len(symbol) + 2**20
    while rules.left() > 0:
        demand(len(symbol) < most, "rules")
        left, right = rules.varint(), rules.varint()
        demand(0 < left < len(symbol) and 0 < right < len(symbol), "a rule")
        number[len(symbol)] = number[left] + number[right]
        symbol.append(symbol[left] + symbol[right])
        demand(len(symbol[-1]) <= 65536, "a rule is too long")
    loose = sum_runs(runs)
    demand(loose <= 2**21, "accesses without a shape")
    rest = read_rest(rest, loose)
    size = symbol_bytes(len(symbol) - 1)
    order = []
    while symbols.left() > 0:
        order.append(symbols.number(size))
        demand(order[-1] < len(symbol), "no symbol")
    demand(sum(len(symbol[s]) for s in set(order) - {0}) <= 2**22, "slots")
    places = read_places(order, number, modes, bases, columns)
    last = read_starts(places, number, operands, starts)
    out = []
    for s in order:
        if s == 0:
            take_run(runs, rest, out)
        else:
            emit(symbol[s], iter(execute(places[s], number[s], last)), out)
    demand(len(out) == count and next(rest, None) is None, "accesses")
    for stream in listed, rules, symbols, runs, modes, bases, starts, columns:
        stream.end()
    return out


def number_operands(slots, operands):
    """The operand of each stored slot; new ones get the next numbers."""
    out, before, ordinal = [], None, 0
    for pc, _, kind in slots:
        if kind & 0x80:
            continue
        ordinal = ordinal + 1 if pc == before else 0
        before = pc
        out.append(operands.setdefault((pc, ordinal), len(operands)))
    return out


def read_places(order, number, modes, bases, columns):
    """For each executed symbol: prediction, base and numbers of its slots."""
    places, zero = {}, 0
    for s in sorted(set(order) - {0}):
        uses = order.count(s)
        places[s] = []
        for i in range(len(number[s])):
            mode = modes.byte()
            prediction, width = mode >> 4, mode & 15
            demand(width <= 8 and prediction <= 9 and
                   (prediction in (0, 9) or prediction <= i), "a mode")
            base = bases.difference()
            if prediction == 0:
                zero = base = (zero + base) & MASK
            column = iter([columns.number(width) for _ in range(uses)])
            places[s].append((prediction, base, column))
    return places


def read_starts(places, number, operands, starts):
    wanted = {operand for s in places
              for operand, place in zip(number[s], places[s])
              if place[0] == 9}
    last, address = [0] * len(operands), 0
    for operand in sorted(wanted):
        address = (address + starts.difference()) & MASK
        last[operand] = address
    return last


def execute(places, operands, last):
    addresses = []
    for (prediction, base, column), operand in zip(places, operands):
        value = base + next(column)
        if prediction == 9:
            value += last[operand]
        elif prediction > 0:
            value += addresses[-prediction]
        addresses.append(value & MASK)
        last[operand] = value & MASK
    return addresses
