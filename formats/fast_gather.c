/*
 * fast_gather.c - payloads of codec 1 and 2 to executions.
 *
 * A payload is input: whatever it holds, nothing is read or written outside
 * the arrays, and what does not add up is refused.
 */
#include "formats/fast_gather.h"

#include "base/assert.h"
#include "base/bits.h"
#include "formats/fast_wire.h"
#include "formats/layout.h"
#include "formats/varint.h"

/* The symbol of a shape among all executions, if it was met in the round. */
struct met {
	uint32_t round;
	uint32_t symbol;
};

/* A shape that a chunk lists. */
struct member {
	uint32_t symbol; /* among all executions */
	uint32_t shape;
	uint32_t slots;
	uint32_t stored;
	uint32_t first; /* of its stored slots in the last addresses */
	uint32_t uses;
	uint32_t reach; /* the longest of them, less a byte */
};

/* Where reading a chunk is. */
struct cursor {
	struct pw_difference_reader reader;
	const uint8_t *control_end, *byte_end;
	const uint8_t *run, *run_end;
	size_t left;	    /* accesses */
	size_t rest;	    /* those without a shape */
	uint64_t low, span; /* the pages so far, as in a lane */
};

static const char *const stream_name[PW_FAST_STREAMS] = {
	"shape", "symbol", "run", "control", "byte", "rest"};

static enum pw_status malformed(struct pw_error *err,
				enum pw_fast_stream stream, const char *how)
{
	return pw_stream_malformed(err, stream_name[stream], how);
}

enum pw_status pw_fast_gather_init(struct pw_fast_gather *gather,
				   const struct pw_shape_book *book,
				   struct pw_error *err)
{
	enum pw_status st;

	*gather = (struct pw_fast_gather){
		.executions = PW_EXECUTIONS,
		.rest_address = PW_ARRAY(uint64_t),
		.rest_pc = PW_ARRAY(uint64_t),
		.rest_size = PW_ARRAY(uint32_t),
		.rest_kind = PW_ARRAY(uint8_t),
		.met = PW_ARRAY(struct met),
		.member = PW_ARRAY(struct member),
		.last = PW_ARRAY(uint64_t),
		.raw = PW_ARRAY(uint8_t),
		.symbol = PW_ARRAY(uint32_t),
		.book = book,
	};
	st = pw_generic_decoder_open(&gather->generic, err);
	if (st == PW_OK)
		st = pw_array_reserve(&gather->met, book->shapes.count + 1,
				      err);
	if (st != PW_OK)
		return st;
	memset(gather->met.data, 0,
	       (book->shapes.count + 1) * sizeof(struct met));
	gather->zstd = ZSTD_createDCtx();
	if (!gather->zstd)
		return pw_fail_memory(err, "a decoder");
	ZSTD_DCtx_setParameter(gather->zstd, ZSTD_d_windowLogMax,
			       PW_ZSTD_WINDOW_LOG_MAX);
	pw_fast_gather_clear(gather);
	return PW_OK;
}

void pw_fast_gather_free(struct pw_fast_gather *gather)
{
	pw_executions_free(&gather->executions);
	pw_array_free(&gather->rest_address);
	pw_array_free(&gather->rest_pc);
	pw_array_free(&gather->rest_size);
	pw_array_free(&gather->rest_kind);
	pw_array_free(&gather->met);
	pw_array_free(&gather->member);
	pw_array_free(&gather->last);
	pw_array_free(&gather->raw);
	pw_array_free(&gather->symbol);
	pw_generic_decoder_close(gather->generic);
	gather->generic = NULL;
	ZSTD_freeDCtx(gather->zstd);
	gather->zstd = NULL;
}

void pw_fast_gather_clear(struct pw_fast_gather *gather)
{
	pw_executions_clear(&gather->executions, gather->book);
	gather->rest_address.count = 0;
	gather->rest_pc.count = 0;
	gather->rest_size.count = 0;
	gather->rest_kind.count = 0;
	gather->tally = (struct pw_tally){0};
	gather->accesses = 0;
	gather->min_page = UINT64_MAX;
	gather->max_page = 0;
	gather->pending = 0;
	/* After 2^32 rounds none is remembered. */
	if (++gather->round == 0) {
		memset(gather->met.data, 0,
		       gather->book->shapes.count * sizeof(struct met));
		gather->round = 1;
	}
}

static void widen(struct pw_fast_gather *gather, uint64_t first_page,
		  uint64_t last_page)
{
	if (first_page < gather->min_page)
		gather->min_page = first_page;
	if (last_page > gather->max_page)
		gather->max_page = last_page;
}

/* ---- accesses without a shape ---- */

/* Decode @payload behind the accesses that are there. */
static enum pw_status add_rest(struct pw_fast_gather *gather,
			       const struct pw_generic_payload *payload,
			       struct pw_error *err)
{
	size_t at = gather->rest_kind.count, count = at + payload->count;
	struct pw_access_columns columns;
	enum pw_status st;

	st = pw_array_reserve(&gather->rest_address, count, err);
	if (st == PW_OK)
		st = pw_array_reserve(&gather->rest_pc, count, err);
	if (st == PW_OK)
		st = pw_array_reserve(&gather->rest_size, count, err);
	if (st == PW_OK)
		st = pw_array_reserve(&gather->rest_kind, count, err);
	if (st != PW_OK)
		return st;
	columns.address = (uint64_t *)gather->rest_address.data + at;
	columns.pc = (uint64_t *)gather->rest_pc.data + at;
	columns.size_bytes = (uint32_t *)gather->rest_size.data + at;
	columns.kind = (uint8_t *)gather->rest_kind.data + at;
	st = pw_generic_decode(gather->generic, payload, &columns, err);
	if (st != PW_OK)
		return st;
	gather->rest_kind.count = count;
	pw_tally_add(&gather->tally, columns.kind, payload->count);
	for (size_t i = 0; i < payload->count; i++)
		widen(gather, columns.address[i] >> PW_PAGE_SHIFT,
		      pw_access_last_byte(columns.address[i],
					  columns.size_bytes[i]) >>
			      PW_PAGE_SHIFT);
	return PW_OK;
}

struct pw_accesses pw_fast_gather_rest(const struct pw_fast_gather *gather)
{
	struct pw_accesses rest = {
		.count = gather->rest_kind.count,
		.address = gather->rest_address.data,
		.pc = gather->rest_pc.data,
		.size_bytes = gather->rest_size.data,
		.kind = gather->rest_kind.data,
	};

	return rest;
}

enum pw_status pw_fast_gather_settle(struct pw_fast_gather *gather,
				     struct pw_error *err)
{
	struct pw_array *runs = &gather->executions.runs;
	const uint32_t none = 0;
	enum pw_status st;
	uint8_t *next;

	if (gather->pending == 0)
		return PW_OK;
	st = pw_array_reserve(runs, runs->count + PW_VARINT_MAX, err);
	if (st == PW_OK)
		st = pw_array_push(&gather->executions.symbols, &none, err);
	if (st != PW_OK)
		return st;
	next = (uint8_t *)runs->data + runs->count;
	runs->count += (size_t)(pw_varint_put(next, gather->pending) - next);
	gather->pending = 0;
	return PW_OK;
}

/* ---- the streams ---- */

/* The symbol of @shape among all executions, a new one if need be. */
static enum pw_status meet(struct pw_fast_gather *gather, uint32_t shape,
			   uint32_t *symbol, struct pw_error *err)
{
	struct met *met = &PW_ARRAY_AT(&gather->met, struct met, shape);
	struct pw_array *shapes = &gather->executions.shapes;
	enum pw_status st = PW_OK;

	if (met->round != gather->round) {
		st = pw_array_push(shapes, &shape, err);
		met->round = gather->round;
		met->symbol = (uint32_t)shapes->count;
	}
	*symbol = met->symbol;
	return st;
}

/* List the shapes of a chunk of @count accesses. */
static enum pw_status get_shapes(struct pw_fast_gather *gather,
				 const uint8_t *in, const uint8_t *end,
				 size_t count, struct pw_error *err)
{
	uint64_t index = 0, code, slots = 0;
	enum pw_status st = PW_OK;
	uint32_t first = 0;

	gather->member.count = 0;
	while (in < end && st == PW_OK) {
		const struct pw_lane_shape *shape;
		struct member member = {.first = first};

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
		st = meet(gather, member.shape, &member.symbol, err);
		if (st == PW_OK)
			st = pw_array_push(&gather->member, &member, err);
	}
	if (st == PW_OK)
		st = pw_array_reserve(&gather->last, (size_t)first + 1, err);
	return st;
}

/* Unpack the symbols into @raw and widen them. */
static enum pw_status get_symbols(struct pw_fast_gather *gather,
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
	for (size_t i = 0; i < symbols && bytes == 1; i++)
		symbol[i] = raw[i];
	for (size_t i = 0; i < symbols && bytes == 2; i++)
		symbol[i] = pw_load16(raw + i * 2);
	if (bytes == 4 && symbols > 0)
		memcpy(symbol, raw, symbols * 4);
	return PW_OK;
}

/* Every nibble must be at most 8. */
static bool controls_valid(const uint8_t *control, size_t count)
{
	uint8_t bad = 0;

	for (size_t i = 0; i < count; i++) {
		uint8_t c = control[i];

		bad |= (uint8_t)((c >> 3) & (c | c >> 1 | c >> 2) & 0x11);
	}
	return bad == 0;
}

/* Unpack runs, controls and bytes, with zeros for an execution behind. */
static enum pw_status open_cursor(struct pw_fast_gather *gather,
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
	if (!controls_valid(control, controls))
		return malformed(err, PW_FAST_CONTROLS, "holds no length");
	return PW_OK;
}

/* ---- executions ---- */

/* Let the cursor's range of pages be the gather's. */
static void set_range(const struct pw_fast_gather *gather,
		      struct cursor *cursor)
{
	cursor->low = gather->min_page << PW_PAGE_SHIFT;
	cursor->span =
		((gather->max_page - gather->min_page) << PW_PAGE_SHIFT) |
		(PW_PAGE_BYTES - 1);
}

/* Take the pages of the stored slots of an execution, at @address. */
static void widen_execution(struct pw_fast_gather *gather,
			    const struct member *member,
			    const uint64_t *address, struct cursor *cursor)
{
	const struct pw_lane_shape *shape = &PW_ARRAY_AT(
		&gather->book->shapes, struct pw_lane_shape, member->shape);
	const uint32_t *size =
		(const uint32_t *)gather->book->sizes.data + shape->sizes;

	for (uint32_t i = 0; i < member->stored; i++)
		widen(gather, address[i] >> PW_PAGE_SHIFT,
		      pw_access_last_byte(address[i], size[i]) >>
			      PW_PAGE_SHIFT);
	set_range(gather, cursor);
}

/* Whether any address of an execution is outside the pages so far. */
static inline bool is_outside(const struct member *member,
			      const uint64_t *address,
			      const struct cursor *cursor)
{
	uint64_t span = cursor->span - member->reach;
	bool outside = cursor->span < member->reach;

	for (uint32_t i = 0; i < member->stored; i++)
		outside |= address[i] - cursor->low > span;
	return outside;
}

/* Room for what a chunk can add. */
static enum pw_status make_room(struct pw_fast_gather *gather, size_t controls,
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

static enum pw_status take_run(struct pw_fast_gather *gather,
			       struct cursor *cursor, struct pw_error *err)
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

static enum pw_status check_room(const struct member *member,
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

/* Walk over the symbols. */
static enum pw_status execute(struct pw_fast_gather *gather,
			      struct cursor *cursor, struct pw_error *err)
{
	const uint32_t *symbol = gather->symbol.data;
	struct member *members = gather->member.data;
	uint64_t *last = gather->last.data;
	struct pw_array *out = &gather->executions.symbols;
	enum pw_status st = PW_OK;

	for (size_t i = 0; i < gather->symbol.count; i++) {
		const uint64_t *address = cursor->reader.out;
		struct member *member;

		if (symbol[i] == 0)
			st = take_run(gather, cursor, err);
		else if (symbol[i] > gather->member.count)
			st = malformed(err, PW_FAST_SYMBOLS, "names no shape");
		else if (gather->pending > 0)
			st = pw_fast_gather_settle(gather, err);
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
		/* The first time there may be no pages yet. */
		if (member->stored > 0 &&
		    (member->uses == 0 || is_outside(member, address, cursor)))
			widen_execution(gather, member, address, cursor);
		member->uses++;
	}
	return PW_OK;
}

/* Count what was executed, and take the pages of slots at their pc. */
static void add_tallies(struct pw_fast_gather *gather)
{
	for (size_t i = 0; i < gather->member.count; i++) {
		const struct member *member =
			&PW_ARRAY_AT(&gather->member, struct member, i);
		const struct pw_lane_shape *shape =
			&PW_ARRAY_AT(&gather->book->shapes,
				     struct pw_lane_shape, member->shape);
		const uint32_t *tally = shape->tally;
		uint64_t uses = member->uses;

		if (uses == 0)
			continue;
		gather->tally.loads += uses * tally[PW_LANE_LOADS];
		gather->tally.stores += uses * tally[PW_LANE_STORES];
		gather->tally.modifies += uses * tally[PW_LANE_MODIFIES];
		gather->tally.fetches += uses * tally[PW_LANE_FETCHES];
		gather->tally.instructions +=
			uses * tally[PW_LANE_INSTRUCTIONS];
		if (shape->min_page <= shape->max_page)
			widen(gather, shape->min_page, shape->max_page);
	}
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
static enum pw_status get_rest(struct pw_fast_gather *gather,
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
		return add_rest(gather, &payload, err);
	if (stream->raw_bytes > 0 || stream->stored_bytes > 0)
		return malformed(err, PW_FAST_REST, "is too long");
	return PW_OK;
}

/* Unpack what @gather needs of the streams @s, and execute it. */
static enum pw_status add_streams(struct pw_fast_gather *gather,
				  const struct pw_stream *s, size_t count,
				  struct pw_error *err)
{
	struct pw_executions *all = &gather->executions;
	struct cursor cursor = {.left = count};
	const uint8_t *raw = gather->raw.data;
	enum pw_status st;

	set_range(gather, &cursor);
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
	add_tallies(gather);
	return get_rest(gather, &s[PW_FAST_REST], cursor.rest, err);
}

enum pw_status pw_fast_gather_add(struct pw_fast_gather *gather, uint32_t codec,
				  const struct pw_generic_payload *payload,
				  struct pw_error *err)
{
	size_t slack = (gather->book->stored_max + 1) * sizeof(uint64_t);
	struct pw_stream s[PW_FAST_STREAMS] = {{0}};
	enum pw_status st;

	PW_ASSERT(codec == PW_CODEC_ZSTD || codec == PW_CODEC_FAST);
	PW_ASSERT(payload->count <= PW_SEGMENT_ACCESSES_MAX);
	gather->accesses += payload->count;
	if (codec == PW_CODEC_ZSTD) {
		gather->pending += payload->count;
		return add_rest(gather, payload, err);
	}
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
