/*
 * gather.c - what chunks of all codecs add to: symbols, pages, plain accesses.
 */
#include "formats/gather.h"

#include "base/assert.h"
#include "formats/layout.h"
#include "formats/varint.h"

/* The symbol of a shape among all executions, if it was met in the round. */
struct met {
	uint32_t round;
	uint32_t symbol;
};

enum pw_status pw_gather_init(struct pw_gather *gather,
			      const struct pw_shape_book *book,
			      const struct pw_pwt_shapes *shapes,
			      struct pw_error *err)
{
	enum pw_status st;

	*gather = (struct pw_gather){
		.executions = PW_EXECUTIONS,
		.rest_address = PW_ARRAY(uint64_t),
		.rest_pc = PW_ARRAY(uint64_t),
		.rest_size = PW_ARRAY(uint32_t),
		.rest_kind = PW_ARRAY(uint8_t),
		.met = PW_ARRAY(struct met),
		.member = PW_ARRAY(struct pw_gather_member),
		.last = PW_ARRAY(uint64_t),
		.raw = PW_ARRAY(uint8_t),
		.symbol = PW_ARRAY(uint32_t),
		.entry = PW_ARRAY(struct pw_gather_entry),
		.part = PW_ARRAY(uint32_t),
		.book = book,
		.shapes = shapes,
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
	pw_gather_clear(gather);
	return PW_OK;
}

void pw_gather_free(struct pw_gather *gather)
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
	pw_array_free(&gather->entry);
	pw_array_free(&gather->part);
	pw_generic_decoder_close(gather->generic);
	gather->generic = NULL;
	pw_dense_plan_close(gather->dense);
	gather->dense = NULL;
	ZSTD_freeDCtx(gather->zstd);
	gather->zstd = NULL;
}

void pw_gather_clear(struct pw_gather *gather)
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

/* ---- symbols ---- */

enum pw_status pw_gather_meet(struct pw_gather *gather, uint32_t shape,
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

enum pw_status pw_gather_settle(struct pw_gather *gather, struct pw_error *err)
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

/* ---- pages and counts ---- */

static void widen(struct pw_gather *gather, uint64_t first_page,
		  uint64_t last_page)
{
	if (first_page < gather->min_page)
		gather->min_page = first_page;
	if (last_page > gather->max_page)
		gather->max_page = last_page;
	gather->low = gather->min_page << PW_PAGE_SHIFT;
	gather->span =
		((gather->max_page - gather->min_page) << PW_PAGE_SHIFT) |
		(PW_PAGE_BYTES - 1);
}

void pw_gather_widen(struct pw_gather *gather,
		     const struct pw_lane_shape *shape, const uint64_t *address)
{
	const uint32_t *size =
		(const uint32_t *)gather->book->sizes.data + shape->sizes;

	for (uint32_t i = 0; i < shape->stored; i++)
		widen(gather, address[i] >> PW_PAGE_SHIFT,
		      pw_access_last_byte(address[i], size[i]) >>
			      PW_PAGE_SHIFT);
}

void pw_gather_count(struct pw_gather *gather,
		     const struct pw_lane_shape *shape, uint64_t uses)
{
	const uint32_t *tally = shape->tally;

	if (uses == 0)
		return;
	gather->tally.loads += uses * tally[PW_LANE_LOADS];
	gather->tally.stores += uses * tally[PW_LANE_STORES];
	gather->tally.modifies += uses * tally[PW_LANE_MODIFIES];
	gather->tally.fetches += uses * tally[PW_LANE_FETCHES];
	gather->tally.instructions += uses * tally[PW_LANE_INSTRUCTIONS];
	if (shape->min_page <= shape->max_page)
		widen(gather, shape->min_page, shape->max_page);
}

/* ---- accesses without a shape ---- */

enum pw_status pw_gather_rest_room(struct pw_gather *gather, size_t count,
				   struct pw_access_columns *columns,
				   struct pw_error *err)
{
	size_t at = gather->rest_kind.count;
	enum pw_status st;

	count += at;
	st = pw_array_reserve(&gather->rest_address, count, err);
	if (st == PW_OK)
		st = pw_array_reserve(&gather->rest_pc, count, err);
	if (st == PW_OK)
		st = pw_array_reserve(&gather->rest_size, count, err);
	if (st == PW_OK)
		st = pw_array_reserve(&gather->rest_kind, count, err);
	if (st != PW_OK)
		return st;
	columns->address = (uint64_t *)gather->rest_address.data + at;
	columns->pc = (uint64_t *)gather->rest_pc.data + at;
	columns->size_bytes = (uint32_t *)gather->rest_size.data + at;
	columns->kind = (uint8_t *)gather->rest_kind.data + at;
	return PW_OK;
}

void pw_gather_rest_take(struct pw_gather *gather, size_t count,
			 const struct pw_access_columns *columns)
{
	gather->rest_kind.count += count;
	pw_tally_add(&gather->tally, columns->kind, count);
	for (size_t i = 0; i < count; i++)
		widen(gather, columns->address[i] >> PW_PAGE_SHIFT,
		      pw_access_last_byte(columns->address[i],
					  columns->size_bytes[i]) >>
			      PW_PAGE_SHIFT);
}

enum pw_status pw_gather_plain(struct pw_gather *gather,
			       const struct pw_generic_payload *payload,
			       struct pw_error *err)
{
	struct pw_access_columns columns;
	enum pw_status st;

	st = pw_gather_rest_room(gather, payload->count, &columns, err);
	if (st == PW_OK)
		st = pw_generic_decode(gather->generic, payload, &columns, err);
	if (st == PW_OK)
		pw_gather_rest_take(gather, payload->count, &columns);
	return st;
}

struct pw_accesses pw_gather_rest(const struct pw_gather *gather)
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

/* ---- chunks ---- */

enum pw_status pw_gather_add(struct pw_gather *gather, uint32_t codec,
			     const struct pw_generic_payload *payload,
			     struct pw_error *err)
{
	gather->accesses += payload->count;
	if (codec == PW_CODEC_DENSE)
		return pw_gather_dense(gather, payload, err);
	PW_ASSERT(payload->count <= PW_SEGMENT_ACCESSES_MAX);
	if (codec == PW_CODEC_FAST)
		return pw_gather_fast(gather, payload, err);
	PW_ASSERT(codec == PW_CODEC_ZSTD);
	gather->pending += payload->count;
	return pw_gather_plain(gather, payload, err);
}
