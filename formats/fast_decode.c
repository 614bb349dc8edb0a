/*
 * fast_decode.c - the payload of an ACCESSES chunk, codec 2, to a plan and then
 * to accesses.
 *
 * The payload is input: whatever it holds, nothing is read or written outside
 * the arrays, and what does not add up is refused. When a plan has been made
 * nothing in it can be wrong any more. Slots are copied in blocks of
 * PW_SHAPE_SET_SLACK, so that no copy depends on their number; what is too much
 * is written over by what follows.
 */
#include "formats/codec_fast.h"

#include "base/assert.h"
#include "base/bits.h"
#include "formats/fast_wire.h"
#include "formats/generic_wire.h"
#include "formats/layout.h"
#include "formats/shape_set.h"
#include "formats/tally.h"
#include "formats/varint.h"

/* So many symbols ahead what they need is fetched. */
#define AHEAD_ENTRY 8
#define AHEAD_SLOTS 3

struct pw_fast_plan {
	ZSTD_DCtx *zstd;
	struct pw_shape_set set;
	struct pw_array last;	      /* uint64_t: of each stored slot */
	struct pw_array raw;	      /* uint8_t: the streams after unpacking */
	struct pw_array symbol;	      /* uint32_t */
	struct pw_array rest_address; /* uint64_t: without a shape, and so on */
	struct pw_array rest_pc;
	struct pw_array rest_size;
	struct pw_array rest_kind;
	uint64_t instructions;
	/* The streams, and where each is. */
	const uint8_t *run, *run_end;
	const uint8_t *control, *control_end;
	const uint8_t *byte, *byte_end;
	size_t next;	 /* symbol */
	size_t run_left; /* accesses of the open run */
	size_t rest;	 /* accesses without a shape that were used */
	uint64_t previous;
};

static const char *const stream_name[PW_FAST_STREAMS] = {
	"shape", "symbol", "run", "control", "byte", "rest"};

/* A stream has at most so many bytes for each access. */
static const uint32_t stream_each[PW_FAST_STREAMS] = {
	PW_VARINT_MAX,	  sizeof(uint32_t),    PW_VARINT_MAX, 1,
	sizeof(uint64_t), PW_GENERIC_BYTES_MAX};

static const uint64_t mask[16] = {
	0,
	0xff,
	0xffff,
	0xffffff,
	0xffffffff,
	UINT64_C(0xffffffffff),
	UINT64_C(0xffffffffffff),
	UINT64_C(0xffffffffffffff),
	UINT64_MAX,
};

enum pw_status pw_fast_plan_open(struct pw_fast_plan **out,
				 struct pw_error *err)
{
	struct pw_fast_plan *plan = calloc(1, sizeof(*plan));

	*out = plan;
	if (plan)
		plan->zstd = ZSTD_createDCtx();
	if (!plan || !plan->zstd) {
		pw_fast_plan_close(plan);
		*out = NULL;
		return pw_fail_memory(err, "a decoder");
	}
	plan->set = (struct pw_shape_set)PW_SHAPE_SET;
	plan->last = (struct pw_array)PW_ARRAY(uint64_t);
	plan->raw = (struct pw_array)PW_ARRAY(uint8_t);
	plan->symbol = (struct pw_array)PW_ARRAY(uint32_t);
	plan->rest_address = (struct pw_array)PW_ARRAY(uint64_t);
	plan->rest_pc = (struct pw_array)PW_ARRAY(uint64_t);
	plan->rest_size = (struct pw_array)PW_ARRAY(uint32_t);
	plan->rest_kind = (struct pw_array)PW_ARRAY(uint8_t);
	ZSTD_DCtx_setParameter(plan->zstd, ZSTD_d_windowLogMax,
			       PW_ZSTD_WINDOW_LOG_MAX);
	return PW_OK;
}

void pw_fast_plan_close(struct pw_fast_plan *plan)
{
	if (!plan)
		return;
	ZSTD_freeDCtx(plan->zstd);
	pw_shape_set_free(&plan->set);
	pw_array_free(&plan->last);
	pw_array_free(&plan->raw);
	pw_array_free(&plan->symbol);
	pw_array_free(&plan->rest_address);
	pw_array_free(&plan->rest_pc);
	pw_array_free(&plan->rest_size);
	pw_array_free(&plan->rest_kind);
	free(plan);
}

static enum pw_status malformed(struct pw_error *err,
				enum pw_fast_stream stream, const char *how)
{
	return pw_stream_malformed(err, stream_name[stream], how);
}

/* ---- the streams ---- */

/* Unpack the symbols into @raw and widen them. */
static enum pw_status get_symbols(struct pw_fast_plan *plan,
				  const struct pw_stream *stream, size_t count,
				  struct pw_error *err)
{
	size_t bytes = pw_fast_symbol_bytes(plan->set.entry.count);
	size_t symbols = stream->raw_bytes / bytes;
	uint8_t *raw = plan->raw.data;
	enum pw_status st;
	uint32_t *symbol;

	if (stream->raw_bytes % bytes != 0 || symbols > count)
		return malformed(err, PW_FAST_SYMBOLS, "has another length");
	st = pw_array_reserve(&plan->symbol, symbols, err);
	if (st == PW_OK)
		st = pw_stream_unpack(plan->zstd, stream, raw, err);
	if (st != PW_OK)
		return st;
	symbol = plan->symbol.data;
	plan->symbol.count = symbols;
	pw_fast_widen_symbols(symbol, raw, symbols, bytes);
	return PW_OK;
}

/* How many accesses without a shape there are; they are at most @count. */
static enum pw_status count_rest(const struct pw_fast_plan *plan, size_t count,
				 size_t *rest, struct pw_error *err)
{
	const uint8_t *in = plan->run;
	uint64_t run;

	*rest = 0;
	while (in < plan->run_end) {
		in = pw_varint_get(in, plan->run_end, &run);
		if (!in || run == 0 || run > count - *rest)
			return malformed(err, PW_FAST_RUNS, "holds no run");
		*rest += (size_t)run;
	}
	return PW_OK;
}

/* Decode the accesses without a shape. */
static enum pw_status get_rest(struct pw_fast_plan *plan,
			       struct pw_generic_decoder *generic,
			       const struct pw_stream *stream, size_t count,
			       struct pw_error *err)
{
	struct pw_generic_payload payload = {
		.bytes = stream->stored,
		.payload_bytes = stream->stored_bytes,
		.raw_bytes = stream->raw_bytes,
		.count = count,
	};
	struct pw_access_columns columns;
	struct pw_tally tally = {0};
	enum pw_status st;

	if (count == 0)
		return stream->raw_bytes == 0 && stream->stored_bytes == 0
			       ? PW_OK
			       : malformed(err, PW_FAST_REST, "is too long");
	st = pw_array_reserve(&plan->rest_address, count, err);
	if (st == PW_OK)
		st = pw_array_reserve(&plan->rest_pc, count, err);
	if (st == PW_OK)
		st = pw_array_reserve(&plan->rest_size, count, err);
	if (st == PW_OK)
		st = pw_array_reserve(&plan->rest_kind, count, err);
	if (st != PW_OK)
		return st;
	columns.address = plan->rest_address.data;
	columns.pc = plan->rest_pc.data;
	columns.size_bytes = plan->rest_size.data;
	columns.kind = plan->rest_kind.data;
	st = pw_generic_decode(generic, &payload, &columns, err);
	if (st != PW_OK)
		return st;
	pw_tally_add(&tally, columns.kind, count);
	plan->instructions += tally.instructions;
	return PW_OK;
}

/* Unpack runs, controls, and bytes with a word of zeros behind them. */
static enum pw_status get_streams(struct pw_fast_plan *plan,
				  const struct pw_stream *stream,
				  struct pw_error *err)
{
	uint8_t *run = plan->raw.data;
	uint8_t *control = run + stream[PW_FAST_RUNS].raw_bytes;
	uint8_t *byte = control + stream[PW_FAST_CONTROLS].raw_bytes;
	enum pw_status st;

	plan->run = run;
	plan->run_end = plan->control = control;
	plan->control_end = plan->byte = byte;
	plan->byte_end = byte + stream[PW_FAST_BYTES].raw_bytes;
	st = pw_stream_unpack(plan->zstd, &stream[PW_FAST_RUNS], run, err);
	if (st == PW_OK)
		st = pw_stream_unpack(plan->zstd, &stream[PW_FAST_CONTROLS],
				      control, err);
	if (st == PW_OK)
		st = pw_stream_unpack(plan->zstd, &stream[PW_FAST_BYTES], byte,
				      err);
	if (st != PW_OK)
		return st;
	memset(byte + stream[PW_FAST_BYTES].raw_bytes, 0, sizeof(uint64_t));
	if (!pw_fast_controls_valid(control,
				    stream[PW_FAST_CONTROLS].raw_bytes))
		return malformed(err, PW_FAST_CONTROLS, "holds no length");
	return PW_OK;
}

/* ---- checks ---- */

/* What the symbols that were checked take of the other streams. */
struct check {
	const uint8_t *run;
	const uint8_t *control;
	size_t accesses;
	size_t unused; /* the sum of nibbles that only fill a byte */
};

/* Check the next run; at most @left accesses may come. */
static enum pw_status check_run(const struct pw_fast_plan *plan,
				struct check *check, size_t left,
				struct pw_error *err)
{
	uint64_t run;

	check->run = pw_varint_get(check->run, plan->run_end, &run);
	if (!check->run || run > left)
		return malformed(err, PW_FAST_RUNS, "ends early");
	check->accesses += (size_t)run;
	return PW_OK;
}

/* Check that there are symbols, runs and controls for @count accesses. */
static enum pw_status check_symbols(struct pw_fast_plan *plan, size_t count,
				    struct check *check, struct pw_error *err)
{
	const struct pw_shape_use *entries = plan->set.entry.data;
	const uint32_t *symbol = plan->symbol.data;

	for (size_t i = 0; i < plan->symbol.count; i++) {
		size_t left = count - check->accesses, controls;
		const struct pw_shape_use *entry;
		enum pw_status st;

		if (symbol[i] == 0) {
			st = check_run(plan, check, left, err);
			if (st != PW_OK)
				return st;
			continue;
		}
		if (symbol[i] > plan->set.entry.count)
			return malformed(err, PW_FAST_SYMBOLS,
					 "names no shape");
		/* What is right behind the entry is near enough. */
		if (i + AHEAD_ENTRY < plan->symbol.count)
			__builtin_prefetch(&entries[symbol[i + AHEAD_ENTRY]]);
		entry = &entries[symbol[i] - 1];
		controls = ((size_t)entry->stored + 1) / 2;
		if (entry->slots > left)
			return malformed(err, PW_FAST_SYMBOLS, "is too long");
		if (controls > (size_t)(plan->control_end - check->control))
			return malformed(err, PW_FAST_CONTROLS, "ends early");
		check->control += controls;
		if (entry->stored % 2 == 1)
			check->unused += check->control[-1] >> 4;
		check->accesses += entry->slots;
		plan->instructions += entry->instructions;
	}
	return PW_OK;
}

/* Check that all streams are used up exactly. */
static enum pw_status check_plan(struct pw_fast_plan *plan, size_t count,
				 struct pw_error *err)
{
	struct check check = {.run = plan->run, .control = plan->control};
	enum pw_status st = check_symbols(plan, count, &check, err);
	size_t bytes = 0;

	if (st != PW_OK)
		return st;
	if (check.accesses != count)
		return malformed(err, PW_FAST_SYMBOLS, "ends early");
	if (check.run != plan->run_end)
		return malformed(err, PW_FAST_RUNS, "is too long");
	if (check.control != plan->control_end)
		return malformed(err, PW_FAST_CONTROLS, "is too long");
	for (const uint8_t *at = plan->control; at < plan->control_end; at++)
		bytes += (size_t)(*at & 15) + (*at >> 4);
	if (bytes - check.unused != (size_t)(plan->byte_end - plan->byte))
		return malformed(err, PW_FAST_BYTES, "has another length");
	return PW_OK;
}

/* Read the shapes, then the symbols, then the rest of the streams. */
static enum pw_status make(struct pw_fast_plan *plan,
			   const struct pw_pwt_shapes *shapes,
			   const struct pw_stream *stream,
			   const struct pw_generic_payload *payload,
			   struct pw_error *err)
{
	uint8_t *raw = plan->raw.data;
	enum pw_status st;

	st = pw_stream_unpack(plan->zstd, &stream[PW_FAST_SHAPES], raw, err);
	if (st == PW_OK)
		st = pw_shape_set_read(&plan->set, shapes, raw,
				       raw + stream[PW_FAST_SHAPES].raw_bytes,
				       payload->count, err);
	if (st == PW_OK)
		st = pw_array_reserve(&plan->last, plan->set.stored.count + 1,
				      err);
	if (st == PW_OK)
		st = get_symbols(plan, &stream[PW_FAST_SYMBOLS], payload->count,
				 err);
	if (st == PW_OK)
		st = get_streams(plan, stream, err);
	return st;
}

enum pw_status pw_fast_plan_make(struct pw_fast_plan *plan,
				 const struct pw_pwt_shapes *shapes,
				 struct pw_generic_decoder *generic,
				 const struct pw_generic_payload *payload,
				 struct pw_error *err)
{
	struct pw_stream s[PW_FAST_STREAMS] = {{0}};
	enum pw_status st;
	size_t rest = 0;

	PW_ASSERT(payload->count <= PW_SEGMENT_ACCESSES_MAX);
	for (size_t i = 0; i < PW_FAST_STREAMS; i++)
		s[i].name = stream_name[i];
	plan->instructions = 0;
	plan->next = 0;
	plan->run_left = 0;
	plan->rest = 0;
	plan->previous = 0;
	st = pw_streams_find(s, PW_FAST_STREAMS, payload->bytes,
			     payload->payload_bytes, payload->raw_bytes, err);
	if (st == PW_OK)
		st = pw_streams_bound(s, stream_each, PW_FAST_STREAMS,
				      payload->count, err);
	if (st == PW_OK)
		st = pw_array_reserve(
			&plan->raw, payload->raw_bytes + sizeof(uint64_t), err);
	if (st == PW_OK)
		st = make(plan, shapes, s, payload, err);
	if (st == PW_OK)
		st = count_rest(plan, payload->count, &rest, err);
	if (st == PW_OK)
		st = get_rest(plan, generic, &s[PW_FAST_REST], rest, err);
	if (st == PW_OK)
		st = check_plan(plan, payload->count, err);
	return st;
}

uint64_t pw_fast_plan_instructions(const struct pw_fast_plan *plan)
{
	return plan->instructions;
}

size_t pw_fast_plan_slack(const struct pw_fast_plan *plan)
{
	return plan->set.slots_max + PW_SHAPE_SET_SLACK;
}

/* ---- executions ---- */

/* Copy the slots of @entry; addresses are the pcs so far. */
static inline void copy_slots(const struct pw_fast_plan *plan,
			      const struct pw_shape_use *entry,
			      const struct pw_access_columns *out, size_t at)
{
	const uint64_t *pc = (const uint64_t *)plan->set.pc.data + entry->slot;
	const uint32_t *size =
		(const uint32_t *)plan->set.size.data + entry->slot;
	const uint8_t *kind =
		(const uint8_t *)plan->set.kind.data + entry->slot;

	for (uint32_t i = 0; i < entry->slots; i += PW_SHAPE_SET_SLACK) {
		memcpy(out->address + at + i, pc + i,
		       (size_t)PW_SHAPE_SET_SLACK * 8);
		memcpy(out->pc + at + i, pc + i,
		       (size_t)PW_SHAPE_SET_SLACK * 8);
		memcpy(out->size_bytes + at + i, size + i,
		       (size_t)PW_SHAPE_SET_SLACK * 4);
		memcpy(out->kind + at + i, kind + i, PW_SHAPE_SET_SLACK);
	}
}

/* The first execution of a shape: each slot begins at the one before. */
static void get_first(struct pw_fast_plan *plan, struct pw_shape_use *entry,
		      uint64_t *address)
{
	const uint16_t *slot =
		(const uint16_t *)plan->set.stored.data + entry->first;
	uint64_t *last = (uint64_t *)plan->last.data + entry->first;

	for (uint32_t i = 0; i < entry->stored; i++) {
		unsigned length = plan->control[i / 2] >> i % 2 * 4 & 15;

		plan->previous +=
			pw_unzigzag(pw_load64(plan->byte) & mask[length]);
		plan->byte += length;
		last[i] = plan->previous;
		address[slot[i]] = plan->previous;
	}
	plan->control += (entry->stored + 1) / 2;
	entry->seen = true;
}

/* A later execution: each slot begins at its own last address. */
static inline void get_next(struct pw_fast_plan *plan,
			    const struct pw_shape_use *entry, uint64_t *address)
{
	const uint16_t *slot =
		(const uint16_t *)plan->set.stored.data + entry->first;
	uint64_t *last = (uint64_t *)plan->last.data + entry->first;
	const uint8_t *control = plan->control, *byte = plan->byte;
	uint32_t stored = entry->stored, i;

	for (i = 0; i + 1 < stored; i += 2) {
		unsigned a = *control & 15, b = *control >> 4;

		last[i] += pw_unzigzag(pw_load64(byte) & mask[a]);
		address[slot[i]] = last[i];
		byte += a;
		last[i + 1] += pw_unzigzag(pw_load64(byte) & mask[b]);
		address[slot[i + 1]] = last[i + 1];
		byte += b;
		control++;
	}
	if (i < stored) {
		unsigned a = *control++ & 15;

		last[i] += pw_unzigzag(pw_load64(byte) & mask[a]);
		address[slot[i]] = last[i];
		byte += a;
	}
	plan->control = control;
	plan->byte = byte;
}

/* The entry of a symbol to come, or of another one near the end. */
static inline const struct pw_shape_use *
entry_ahead(const struct pw_fast_plan *plan, size_t ahead)
{
	const struct pw_shape_use *entry = plan->set.entry.data;
	size_t at = plan->next + ahead;
	uint32_t symbol;

	if (at >= plan->symbol.count)
		return entry;
	symbol = PW_ARRAY_AT(&plan->symbol, uint32_t, at);
	return symbol > 0 ? &entry[symbol - 1] : entry;
}

/* Let what symbols to come need come nearer. */
static inline void fetch_ahead(const struct pw_fast_plan *plan)
{
	const struct pw_shape_use *entry = entry_ahead(plan, AHEAD_SLOTS);
	const struct pw_shape_set *set = &plan->set;

	__builtin_prefetch(entry_ahead(plan, AHEAD_ENTRY));
	__builtin_prefetch((const uint64_t *)set->pc.data + entry->slot);
	__builtin_prefetch((const uint64_t *)set->pc.data + entry->slot + 8);
	__builtin_prefetch((const uint32_t *)set->size.data + entry->slot);
	__builtin_prefetch((const uint8_t *)set->kind.data + entry->slot);
	__builtin_prefetch((const uint64_t *)plan->last.data + entry->first);
	__builtin_prefetch((const uint16_t *)set->stored.data + entry->first);
}

/* The next accesses of the open run, at most @room; returns how many. */
static size_t copy_run(struct pw_fast_plan *plan, size_t room,
		       const struct pw_access_columns *out, size_t at)
{
	size_t count = plan->run_left < room ? plan->run_left : room;
	size_t from = plan->rest;

	memcpy(out->address + at,
	       (const uint64_t *)plan->rest_address.data + from, count * 8);
	memcpy(out->pc + at, (const uint64_t *)plan->rest_pc.data + from,
	       count * 8);
	memcpy(out->size_bytes + at,
	       (const uint32_t *)plan->rest_size.data + from, count * 4);
	memcpy(out->kind + at, (const uint8_t *)plan->rest_kind.data + from,
	       count);
	plan->rest += count;
	plan->run_left -= count;
	return count;
}

size_t pw_fast_plan_next(struct pw_fast_plan *plan, size_t count,
			 const struct pw_access_columns *out)
{
	struct pw_shape_use *entries = plan->set.entry.data;
	const uint32_t *symbol = plan->symbol.data;
	size_t done = 0;

	while (done < count) {
		struct pw_shape_use *entry;
		uint64_t run;

		if (plan->run_left > 0) {
			done += copy_run(plan, count - done, out, done);
			continue;
		}
		if (plan->next == plan->symbol.count)
			break;
		if (symbol[plan->next] == 0) {
			plan->run =
				pw_varint_get(plan->run, plan->run_end, &run);
			PW_ASSERT(plan->run);
			plan->run_left = (size_t)run;
			plan->next++;
			continue;
		}
		fetch_ahead(plan);
		entry = &entries[symbol[plan->next++] - 1];
		copy_slots(plan, entry, out, done);
		if (entry->seen)
			get_next(plan, entry, out->address + done);
		else
			get_first(plan, entry, out->address + done);
		done += entry->slots;
	}
	return done;
}
