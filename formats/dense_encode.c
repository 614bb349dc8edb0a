/*
 * dense_encode.c - executions of shapes to the payload of an ACCESSES chunk,
 * codec 3.
 */
#include "formats/codec_dense.h"

#include "base/assert.h"
#include "base/bits.h"
#include "formats/dense_choose.h"
#include "formats/dense_gather.h"
#include "formats/fast_wire.h"
#include "formats/layout.h"
#include "formats/varint.h"

#define WINDOW_LOG 25
/*
 * When addresses are hardly predicted, what comes again is a path through
 * memory, and in columns of short symbols its steps stand together. These
 * columns are most of the payload, and pay for a closer look.
 */
#define SLOTS_SHORT 16
#define LEVEL_SHORT 9

struct pw_dense_encoder {
	ZSTD_CCtx *zstd;
	int level;
	struct pw_generic_encoder *generic;
	struct pw_dense_gather gather;
	struct pw_executions executions;    /* of a lane */
	struct pw_array start;		    /* struct start, by operand */
	struct pw_array raw[PW_DENSE_REST]; /* uint8_t: before packing */
};

/* What the last address of an operand is before its first one. */
struct start {
	bool wanted; /* an address of the operand is predicted by the last */
	bool known;  /* and the first one is */
	uint64_t address;
};

enum pw_status pw_dense_encoder_open(struct pw_dense_encoder **out, int level,
				     struct pw_generic_encoder *generic,
				     struct pw_error *err)
{
	struct pw_dense_encoder *encoder = calloc(1, sizeof(*encoder));

	*out = encoder;
	if (encoder)
		encoder->zstd = ZSTD_createCCtx();
	if (!encoder || !encoder->zstd) {
		pw_dense_encoder_close(encoder);
		*out = NULL;
		return pw_fail_memory(err, "an encoder");
	}
	encoder->generic = generic;
	encoder->level = level;
	pw_dense_gather_init(&encoder->gather);
	encoder->executions = (struct pw_executions)PW_EXECUTIONS;
	encoder->start = (struct pw_array)PW_ARRAY(struct start);
	for (size_t s = 0; s < PW_DENSE_REST; s++)
		encoder->raw[s] = (struct pw_array)PW_ARRAY(uint8_t);
	ZSTD_CCtx_setParameter(encoder->zstd, ZSTD_c_windowLog, WINDOW_LOG);
	return PW_OK;
}

void pw_dense_encoder_close(struct pw_dense_encoder *encoder)
{
	if (!encoder)
		return;
	ZSTD_freeCCtx(encoder->zstd);
	pw_dense_gather_free(&encoder->gather);
	pw_executions_free(&encoder->executions);
	pw_array_free(&encoder->start);
	for (size_t s = 0; s < PW_DENSE_REST; s++)
		pw_array_free(&encoder->raw[s]);
	free(encoder);
}

/* Where the next bytes of a stream go, at most @room of them. */
static uint8_t *extend(struct pw_array *raw, size_t room, struct pw_error *err)
{
	size_t wanted = raw->count + room + 1;

	if (wanted > raw->capacity &&
	    pw_array_reserve(raw, wanted + wanted / 2, err) != PW_OK)
		return NULL;
	return (uint8_t *)raw->data + raw->count;
}

static void finish(struct pw_array *raw, const uint8_t *end)
{
	raw->count = (size_t)(end - (uint8_t *)raw->data);
	PW_ASSERT(raw->count <= raw->capacity);
}

/* ---- symbols and rules ---- */

/* The shapes met, each as the difference to the one before. */
static enum pw_status put_shapes(struct pw_array *raw,
				 const struct pw_array *shapes,
				 struct pw_error *err)
{
	const uint32_t *shape = shapes->data;
	uint8_t *next = extend(raw, shapes->count * PW_VARINT_MAX, err);
	uint64_t last = 0;

	if (!next)
		return err->status;
	for (size_t i = 0; i < shapes->count; i++) {
		next = pw_varint_put(next, pw_zigzag(shape[i] - last));
		last = shape[i];
	}
	finish(raw, next);
	return PW_OK;
}

static enum pw_status put_rules(struct pw_array *raw,
				const struct pw_array *rules,
				struct pw_error *err)
{
	const struct pw_dense_rule *rule = rules->data;
	uint8_t *next = extend(raw, rules->count * 2 * PW_VARINT_MAX, err);

	if (!next)
		return err->status;
	for (size_t i = 0; i < rules->count; i++) {
		next = pw_varint_put(next, rule[i].left);
		next = pw_varint_put(next, rule[i].right);
	}
	finish(raw, next);
	return PW_OK;
}

/* The symbols in as few bytes as the highest one needs. */
static enum pw_status put_symbols(struct pw_array *raw,
				  const struct pw_array *symbols,
				  size_t highest, struct pw_error *err)
{
	const uint32_t *symbol = symbols->data;
	size_t bytes = pw_fast_symbol_bytes(highest);
	uint8_t *next = extend(raw, symbols->count * 4, err);

	if (!next)
		return err->status;
	for (size_t i = 0; i < symbols->count; i++) {
		pw_store32(next, symbol[i]);
		next += bytes;
	}
	finish(raw, next);
	return PW_OK;
}

/* ---- slots ---- */

static struct pw_dense_column column_of(const struct pw_dense_gather *gather,
					const struct pw_dense_use *use,
					uint32_t slot)
{
	const struct pw_dense_slot *at = &PW_ARRAY_AT(
		&gather->slot, const struct pw_dense_slot, use->first + slot);
	size_t first = use->column + (size_t)slot * use->count;
	struct pw_dense_column column = {
		.address = (const uint64_t *)gather->column.data + first,
		.count = use->count,
		.slot = slot,
		.before = (const uint64_t *)gather->before.data + at->before,
		.starts = at->starts,
	};

	if (at->back > 0)
		column.before = column.address - (size_t)at->back * use->count;
	return column;
}

/* Write the column of a leader. */
static enum pw_status put_column(struct pw_array *raw,
				 const struct pw_dense_column *column,
				 const struct pw_dense_choice *choice,
				 struct pw_error *err)
{
	size_t i = 0, width = choice->width;
	uint8_t *next = extend(raw, column->count * width + 8, err);

	if (!next)
		return err->status;
	if (choice->from == PW_DENSE_FROM_LAST && column->starts) {
		/* The start is made so that this one is nought. */
		memset(next, 0, 8);
		next += width;
		i = 1;
	}
	for (; i < column->count; i++) {
		uint64_t value = column->address[i] - choice->base -
				 pw_dense_predict(column, choice->from, i);

		pw_store64(next, value);
		next += width;
	}
	finish(raw, next);
	return PW_OK;
}

/* Mode, base and column of one slot. */
static enum pw_status put_slot(struct pw_dense_encoder *encoder,
			       struct pw_dense_column *column, size_t slot,
			       uint64_t *base, struct pw_error *err)
{
	uint32_t operand =
		PW_ARRAY_AT(&encoder->gather.slot, struct pw_dense_slot, slot)
			.operand;
	struct start *start =
		&PW_ARRAY_AT(&encoder->start, struct start, operand);
	uint8_t *mode = extend(&encoder->raw[PW_DENSE_MODES], 1, err);
	uint8_t *next =
		extend(&encoder->raw[PW_DENSE_BASES], PW_VARINT_MAX, err);
	struct pw_dense_choice choice;
	uint64_t code;

	if (!mode || !next)
		return err->status;
	column->base = *base;
	choice = pw_dense_choose(column);
	code = choice.base;
	if (choice.from == PW_DENSE_FROM_ZERO) {
		code -= *base;
		*base = choice.base;
	} else if (choice.from == PW_DENSE_FROM_LAST) {
		start->wanted = true;
		if (column->starts) {
			start->known = true;
			start->address = column->address[0] - choice.base;
		}
	}
	*mode = (uint8_t)(choice.from << 4 | choice.width);
	finish(&encoder->raw[PW_DENSE_MODES], mode + 1);
	finish(&encoder->raw[PW_DENSE_BASES],
	       pw_varint_put(next, pw_zigzag(code)));
	if (choice.width == 0)
		return PW_OK;
	return put_column(&encoder->raw[PW_DENSE_COLUMNS], column, &choice,
			  err);
}

static enum pw_status put_starts(struct pw_dense_encoder *encoder,
				 struct pw_error *err)
{
	struct pw_array *raw = &encoder->raw[PW_DENSE_STARTS];
	const struct start *start = encoder->start.data;
	uint8_t *next = extend(raw, encoder->start.count * PW_VARINT_MAX, err);
	uint64_t last = 0;

	if (!next)
		return err->status;
	for (size_t i = 0; i < encoder->start.count; i++) {
		uint64_t address = start[i].known ? start[i].address : last;

		if (!start[i].wanted)
			continue;
		next = pw_varint_put(next, pw_zigzag(address - last));
		last = address;
	}
	finish(raw, next);
	return PW_OK;
}

/* All slots of all executed symbols, then the starts. */
static enum pw_status put_slots(struct pw_dense_encoder *encoder,
				struct pw_error *err)
{
	const struct pw_dense_gather *gather = &encoder->gather;
	size_t operands = gather->operands.key.count;
	enum pw_status st;
	uint64_t base = 0;

	st = pw_array_reserve(&encoder->start, operands + 1, err);
	if (st != PW_OK)
		return st;
	encoder->start.count = operands;
	memset(encoder->start.data, 0, (operands + 1) * sizeof(struct start));
	for (size_t s = 1; s < gather->use.count; s++) {
		const struct pw_dense_use *use =
			&PW_ARRAY_AT(&gather->use, struct pw_dense_use, s);

		if (use->count == 0)
			continue;
		for (uint32_t k = 0; k < use->stored && st == PW_OK; k++) {
			struct pw_dense_column column =
				column_of(gather, use, k);

			st = put_slot(encoder, &column, use->first + k, &base,
				      err);
		}
		if (st != PW_OK)
			return st;
	}
	return put_starts(encoder, err);
}

/* ---- payload ---- */

/* Append the generic payload of @rest, if there is any. */
static enum pw_status put_rest(struct pw_dense_encoder *encoder,
			       const struct pw_accesses *rest,
			       struct pw_array *out, size_t table,
			       uint64_t *raw_bytes, struct pw_error *err)
{
	size_t before = out->count;
	uint64_t raw = 0;
	enum pw_status st = PW_OK;

	if (rest->count > 0)
		st = pw_generic_encode(encoder->generic, rest, out, &raw, err);
	if (st != PW_OK)
		return st;
	PW_ASSERT(raw <= UINT32_MAX && out->count - before <= UINT32_MAX);
	pw_store32((uint8_t *)out->data + table, (uint32_t)raw);
	pw_store32((uint8_t *)out->data + table + 4,
		   (uint32_t)(out->count - before));
	*raw_bytes += raw;
	return PW_OK;
}

/* Pack the columns, unless that gains too little to be undone each time. */
static enum pw_status pack_columns(struct pw_dense_encoder *encoder,
				   struct pw_array *out, size_t table,
				   struct pw_error *err)
{
	const struct pw_array *raw = &encoder->raw[PW_DENSE_COLUMNS];
	size_t before = out->count;
	enum pw_status st;

	st = pw_stream_pack(encoder->zstd, raw->data, raw->count, out, table,
			    err);
	if (st != PW_OK || out->count - before <= raw->count / 20 * 17)
		return st;
	st = pw_array_reserve(out, before + raw->count + 1, err);
	if (st != PW_OK)
		return st;
	memcpy((uint8_t *)out->data + before, raw->data, raw->count);
	out->count = before + raw->count;
	pw_store32((uint8_t *)out->data + table + 4, (uint32_t)raw->count);
	return PW_OK;
}

/* Make the streams before the rest. */
static enum pw_status make_streams(struct pw_dense_encoder *encoder,
				   const struct pw_executions *executions,
				   struct pw_error *err)
{
	struct pw_dense_gather *gather = &encoder->gather;
	struct pw_array *raw = encoder->raw;
	enum pw_status st = pw_dense_gather_run(gather, executions, err);
	uint8_t *next;

	for (size_t s = 0; s < PW_DENSE_REST; s++)
		raw[s].count = 0;
	if (st == PW_OK)
		st = put_shapes(&raw[PW_DENSE_SHAPES], &executions->shapes,
				err);
	if (st == PW_OK)
		st = put_rules(&raw[PW_DENSE_RULES], &gather->merge.rule, err);
	if (st == PW_OK)
		st = put_symbols(&raw[PW_DENSE_SYMBOLS], &gather->symbols,
				 gather->merge.slots.count - 1, err);
	if (st == PW_OK)
		st = put_slots(encoder, err);
	if (st != PW_OK)
		return st;
	next = extend(&raw[PW_DENSE_RUNS], executions->runs.count, err);
	if (!next)
		return err->status;
	if (executions->runs.count > 0)
		memcpy(next, executions->runs.data, executions->runs.count);
	finish(&raw[PW_DENSE_RUNS], next + executions->runs.count);
	return PW_OK;
}

/* Whether a chunk may execute all these symbols. */
static bool slots_fit(const struct pw_dense_gather *gather)
{
	uint64_t slots = 0;

	for (size_t s = 1; s < gather->use.count; s++)
		if (PW_ARRAY_AT(&gather->use, struct pw_dense_use, s).count)
			slots += PW_ARRAY_AT(&gather->merge.slots, uint32_t, s);
	return slots <= PW_DENSE_SLOTS_ALL_MAX;
}

/* Pack all streams but the rest. */
static enum pw_status pack_streams(struct pw_dense_encoder *encoder,
				   struct pw_array *out, size_t table,
				   struct pw_error *err)
{
	enum pw_status st = PW_OK;

	for (size_t s = 0; s < PW_DENSE_REST && st == PW_OK; s++) {
		const struct pw_array *raw = &encoder->raw[s];
		size_t entry = table + s * PW_STREAM_ENTRY_BYTES;

		if (s == PW_DENSE_COLUMNS)
			st = pack_columns(encoder, out, entry, err);
		else
			st = pw_stream_pack(encoder->zstd, raw->data,
					    raw->count, out, entry, err);
	}
	return st;
}

/*
 * Append the payload, made for addresses that are hardly predicted or for
 * others.
 */
static enum pw_status encode(struct pw_dense_encoder *encoder,
			     const struct pw_executions *executions,
			     bool hardly, struct pw_array *out,
			     uint64_t *raw_bytes, struct pw_error *err)
{
	size_t table = out->count;
	int level = encoder->level;
	enum pw_status st;

	*raw_bytes = UINT64_MAX;
	encoder->gather.merge.slots_max =
		hardly ? SLOTS_SHORT : PW_DENSE_MERGE_SLOTS;
	if (hardly && level < LEVEL_SHORT)
		level = LEVEL_SHORT;
	ZSTD_CCtx_setParameter(encoder->zstd, ZSTD_c_compressionLevel, level);
	st = make_streams(encoder, executions, err);
	if (st != PW_OK || !slots_fit(&encoder->gather))
		return st;
	*raw_bytes = 0;
	for (size_t s = 0; s < PW_DENSE_REST; s++)
		*raw_bytes += encoder->raw[s].count;
	if (*raw_bytes > PW_RAW_BYTES_MAX)
		return PW_OK;
	st = pw_array_reserve(out, table + PW_DENSE_TABLE_BYTES, err);
	if (st != PW_OK)
		return st;
	out->count += PW_DENSE_TABLE_BYTES;
	return pack_streams(encoder, out, table, err);
}

/* Whether it pays to try the other way after the payload at @first. */
static bool is_hardly_predicted(const struct pw_executions *executions,
				const struct pw_array *out, size_t first)
{
	const uint8_t *entry = (const uint8_t *)out->data + first +
			       PW_DENSE_COLUMNS * PW_STREAM_ENTRY_BYTES;

	/* Columns that do not pack at all have no paths either. */
	return out->count - first > executions->address.count / 2 &&
	       pw_load32(entry + 4) < pw_load32(entry);
}

/*
 * Take the payload from @second to the end if it is shorter than the first, and
 * so much that longer reading pays.
 */
static void keep_shorter(struct pw_array *out, size_t first, size_t second,
			 uint64_t second_raw, uint64_t *raw_bytes)
{
	uint8_t *bytes = out->data;
	size_t count = out->count - second;

	out->count = second;
	if (second_raw > PW_RAW_BYTES_MAX || count > (second - first) / 16 * 15)
		return;
	memmove(bytes + first, bytes + second, count);
	out->count = first + count;
	*raw_bytes = second_raw;
}

enum pw_status pw_dense_encode(struct pw_dense_encoder *encoder,
			       const struct pw_executions *executions,
			       const struct pw_accesses *rest,
			       struct pw_array *out, uint64_t *raw_bytes,
			       struct pw_error *err)
{
	size_t first = out->count, second;
	uint64_t raw = 0;
	enum pw_status st;

	st = encode(encoder, executions, false, out, raw_bytes, err);
	if (st != PW_OK || *raw_bytes > PW_RAW_BYTES_MAX)
		return st;
	second = out->count;
	if (is_hardly_predicted(executions, out, first)) {
		st = encode(encoder, executions, true, out, &raw, err);
		if (st != PW_OK)
			return st;
		keep_shorter(out, first, second, raw, raw_bytes);
	}
	return put_rest(encoder, rest, out,
			first + PW_DENSE_REST * PW_STREAM_ENTRY_BYTES,
			raw_bytes, err);
}

enum pw_status pw_dense_encode_lane(struct pw_dense_encoder *encoder,
				    const struct pw_lane_store *store,
				    const struct pw_accesses *rest,
				    struct pw_array *out, uint64_t *raw_bytes,
				    struct pw_error *err)
{
	enum pw_status st =
		pw_executions_read(&encoder->executions, store, err);

	if (st == PW_OK)
		st = pw_dense_encode(encoder, &encoder->executions, rest, out,
				     raw_bytes, err);
	PW_ASSERT(st != PW_OK || *raw_bytes <= PW_RAW_BYTES_MAX);
	return st;
}
