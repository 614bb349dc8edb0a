/*
 * gather_fast.c - payloads of codec 2 to executions.
 *
 * A payload is input: whatever it holds, nothing is read or written outside
 * the arrays, and what does not add up is refused.
 */
#include "base/assert.h"
#include "base/bits.h"
#include "formats/fast_wire.h"
#include "formats/gather.h"
#include "formats/layout.h"
#include "formats/varint.h"

/* Where reading a chunk is. */
struct cursor {
	struct pw_difference_reader reader;
	const uint8_t *control_end, *byte_end;
	const uint8_t *run, *run_end;
	size_t left; /* accesses */
	size_t rest; /* those without a shape */
};

static const char *const stream_name[PW_FAST_STREAMS] = {
	"shape", "symbol", "run", "control", "byte", "rest"};

static enum pw_status malformed(struct pw_error *err,
				enum pw_fast_stream stream, const char *how)
{
	return pw_stream_malformed(err, stream_name[stream], how);
}

/* ---- the streams ---- */

/* List the shapes of a chunk of @count accesses. */
static enum pw_status get_shapes(struct pw_gather *gather, const uint8_t *in,
				 const uint8_t *end, size_t count,
				 struct pw_error *err)
{
	uint64_t index = 0, code, slots = 0;
	enum pw_status st = PW_OK;
	uint32_t first = 0;

	gather->member.count = 0;
	while (in < end && st == PW_OK) {
		const struct pw_lane_shape *shape;
		struct pw_gather_member member = {.first = first};

		in = pw_varint_get(in, end, &code);
		if (!in)
			return malformed(err, PW_FAST_SHAPES, "ends early");
		index += pw_unzigzag(code);
		if (index >= gather->book->shapes.count)
			return pw_fail(err, PW_ERR_FORMAT,
				       "its shape %llu is lost",
				       (unsigned long long)index);
		shape = &PW_ARRAY_AT(&gather->book->shapes,
				     struct pw_lane_shape, index);
		member.shape = (uint32_t)index;
		member.slots = shape->tally[PW_LANE_ACCESSES];
		member.stored = shape->stored;
		member.reach = shape->reach;
		first += shape->stored;
		slots += member.slots;
		if (slots > count)
			return malformed(err, PW_FAST_SHAPES,
					 "has more slots than accesses");
		st = pw_gather_meet(gather, member.shape, &member.symbol, err);
		if (st == PW_OK)
			st = pw_array_push(&gather->member, &member, err);
	}
	if (st == PW_OK)
		st = pw_array_reserve(&gather->last, (size_t)first + 1, err);
	return st;
}

/* Unpack the symbols into @raw and widen them. */
static enum pw_status get_symbols(struct pw_gather *gather,
				  const struct pw_stream *stream, size_t count,
				  struct pw_error *err)
{
	size_t bytes = pw_fast_symbol_bytes(gather->member.count);
	size_t symbols = stream->raw_bytes / bytes;
	uint8_t *raw = gather->raw.data;
	enum pw_status st;
	uint32_t *symbol;

	if (stream->raw_bytes % bytes != 0 || symbols > count)
		return malformed(err, PW_FAST_SYMBOLS, "has another length");
	st = pw_array_reserve(&gather->symbol, symbols + 1, err);
	if (st == PW_OK)
		st = pw_stream_unpack(gather->zstd, stream, raw, err);
	if (st != PW_OK)
		return st;
	symbol = gather->symbol.data;
	gather->symbol.count = symbols;
	pw_fast_widen_symbols(symbol, raw, symbols, bytes);
	return PW_OK;
}

/* Unpack runs, controls and bytes, with zeros for an execution behind. */
static enum pw_status open_cursor(struct pw_gather *gather,
				  const struct pw_stream *stream,
				  struct cursor *cursor, struct pw_error *err)
{
	size_t controls = stream[PW_FAST_CONTROLS].raw_bytes;
	size_t slack = (gather->book->stored_max + 1) * sizeof(uint64_t);
	uint8_t *run = gather->raw.data, *control, *byte;
	enum pw_status st;

	control = run + stream[PW_FAST_RUNS].raw_bytes;
	byte = control + controls;
	cursor->run = run;
	cursor->run_end = control;
	cursor->reader.control = control;
	cursor->control_end = byte;
	cursor->reader.byte = byte;
	cursor->byte_end = byte + stream[PW_FAST_BYTES].raw_bytes;
	st = pw_stream_unpack(gather->zstd, &stream[PW_FAST_RUNS], run, err);
	if (st == PW_OK)
		st = pw_stream_unpack(gather->zstd, &stream[PW_FAST_CONTROLS],
				      control, err);
	if (st == PW_OK)
		st = pw_stream_unpack(gather->zstd, &stream[PW_FAST_BYTES],
				      byte, err);
	if (st != PW_OK)
		return st;
	memset(byte + stream[PW_FAST_BYTES].raw_bytes, 0, slack);
	if (!pw_fast_controls_valid(control, controls))
		return malformed(err, PW_FAST_CONTROLS, "holds no length");
	return PW_OK;
}

/* ---- executions ---- */

/* Room for what a chunk can add. */
static enum pw_status make_room(struct pw_gather *gather, size_t controls,
				struct cursor *cursor, struct pw_error *err)
{
	struct pw_executions *all = &gather->executions;
	enum pw_status st;

	st = pw_array_reserve(&all->symbols,
			      all->symbols.count + gather->symbol.count * 2 + 1,
			      err);
	if (st == PW_OK)
		st = pw_array_reserve(&all->address,
				      all->address.count + controls * 2 + 1,
				      err);
	if (st == PW_OK)
		cursor->reader.out =
			(uint64_t *)all->address.data + all->address.count;
	return st;
}

static enum pw_status take_run(struct pw_gather *gather, struct cursor *cursor,
			       struct pw_error *err)
{
	uint64_t run;

	cursor->run = pw_varint_get(cursor->run, cursor->run_end, &run);
	if (!cursor->run || run == 0 || run > cursor->left)
		return malformed(err, PW_FAST_RUNS, "holds no run");
	gather->pending += run;
	cursor->rest += (size_t)run;
	cursor->left -= (size_t)run;
	return PW_OK;
}

static enum pw_status check_room(const struct pw_gather_member *member,
				 const struct cursor *cursor,
				 struct pw_error *err)
{
	const struct pw_difference_reader *reader = &cursor->reader;

	if (member->slots > cursor->left)
		return malformed(err, PW_FAST_SYMBOLS, "is too long");
	if ((member->stored + 1) / 2 >
	    (size_t)(cursor->control_end - reader->control))
		return malformed(err, PW_FAST_CONTROLS, "ends early");
	/* One execution at most goes on in the zeros behind. */
	if (reader->byte > cursor->byte_end)
		return malformed(err, PW_FAST_BYTES, "has another length");
	return PW_OK;
}

static const struct pw_lane_shape *
shape_of(const struct pw_gather *gather, const struct pw_gather_member *member)
{
	return &PW_ARRAY_AT(&gather->book->shapes, struct pw_lane_shape,
			    member->shape);
}

/* Walk over the symbols. */
static enum pw_status execute(struct pw_gather *gather, struct cursor *cursor,
			      struct pw_error *err)
{
	const uint32_t *symbol = gather->symbol.data;
	struct pw_gather_member *members = gather->member.data;
	uint64_t *last = gather->last.data;
	struct pw_array *out = &gather->executions.symbols;
	enum pw_status st = PW_OK;

	for (size_t i = 0; i < gather->symbol.count; i++) {
		const uint64_t *address = cursor->reader.out;
		struct pw_gather_member *member;

		if (symbol[i] == 0)
			st = take_run(gather, cursor, err);
		else if (symbol[i] > gather->member.count)
			st = malformed(err, PW_FAST_SYMBOLS, "names no shape");
		else if (gather->pending > 0)
			st = pw_gather_settle(gather, err);
		if (st != PW_OK)
			return st;
		if (symbol[i] == 0)
			continue;
		member = &members[symbol[i] - 1];
		st = check_room(member, cursor, err);
		if (st != PW_OK)
			return st;
		PW_ARRAY_AT(out, uint32_t, out->count++) = member->symbol;
		pw_difference_read(&cursor->reader, last + member->first,
				   member->stored, member->uses == 0);
		cursor->left -= member->slots;
		if (member->stored > 0 &&
		    pw_gather_outside(gather, address, member->stored,
				      member->reach))
			pw_gather_widen(gather, shape_of(gather, member),
					address);
		member->uses++;
	}
	return PW_OK;
}

static enum pw_status check_end(const struct cursor *cursor,
				struct pw_error *err)
{
	if (cursor->left != 0)
		return malformed(err, PW_FAST_SYMBOLS, "ends early");
	if (cursor->run != cursor->run_end)
		return malformed(err, PW_FAST_RUNS, "is too long");
	if (cursor->reader.control != cursor->control_end)
		return malformed(err, PW_FAST_CONTROLS, "is too long");
	if (cursor->reader.byte != cursor->byte_end)
		return malformed(err, PW_FAST_BYTES, "has another length");
	return PW_OK;
}

/* The accesses of the runs, of which there are @count. */
static enum pw_status get_rest(struct pw_gather *gather,
			       const struct pw_stream *stream, size_t count,
			       struct pw_error *err)
{
	struct pw_generic_payload payload = {
		.bytes = stream->stored,
		.payload_bytes = stream->stored_bytes,
		.raw_bytes = stream->raw_bytes,
		.count = count,
	};

	if (count > 0)
		return pw_gather_plain(gather, &payload, err);
	if (stream->raw_bytes > 0 || stream->stored_bytes > 0)
		return malformed(err, PW_FAST_REST, "is too long");
	return PW_OK;
}

/* Unpack what @gather needs of the streams @s, and execute it. */
static enum pw_status add_streams(struct pw_gather *gather,
				  const struct pw_stream *s, size_t count,
				  struct pw_error *err)
{
	struct pw_executions *all = &gather->executions;
	struct cursor cursor = {.left = count};
	const uint8_t *raw = gather->raw.data;
	const struct pw_gather_member *member;
	enum pw_status st;

	st = pw_stream_unpack(gather->zstd, &s[PW_FAST_SHAPES],
			      gather->raw.data, err);
	if (st == PW_OK)
		st = get_shapes(gather, raw, raw + s[PW_FAST_SHAPES].raw_bytes,
				count, err);
	if (st == PW_OK)
		st = get_symbols(gather, &s[PW_FAST_SYMBOLS], count, err);
	if (st == PW_OK)
		st = open_cursor(gather, s, &cursor, err);
	if (st == PW_OK)
		st = make_room(gather, s[PW_FAST_CONTROLS].raw_bytes, &cursor,
			       err);
	if (st == PW_OK)
		st = execute(gather, &cursor, err);
	if (st == PW_OK)
		st = check_end(&cursor, err);
	if (st != PW_OK)
		return st;
	all->address.count =
		(size_t)(cursor.reader.out - (uint64_t *)all->address.data);
	PW_ASSERT(all->address.count <= all->address.capacity);
	member = gather->member.data;
	for (size_t i = 0; i < gather->member.count; i++)
		pw_gather_count(gather, shape_of(gather, &member[i]),
				member[i].uses);
	return get_rest(gather, &s[PW_FAST_REST], cursor.rest, err);
}

enum pw_status pw_gather_fast(struct pw_gather *gather,
			      const struct pw_generic_payload *payload,
			      struct pw_error *err)
{
	size_t slack = (gather->book->stored_max + 1) * sizeof(uint64_t);
	struct pw_stream s[PW_FAST_STREAMS] = {{0}};
	enum pw_status st;

	for (size_t i = 0; i < PW_FAST_STREAMS; i++)
		s[i].name = stream_name[i];
	st = pw_streams_find(s, PW_FAST_STREAMS, payload->bytes,
			     payload->payload_bytes, payload->raw_bytes, err);
	if (st == PW_OK)
		st = pw_array_reserve(&gather->raw,
				      payload->raw_bytes + slack + 1, err);
	if (st != PW_OK)
		return st;
	return add_streams(gather, s, payload->count, err);
}
