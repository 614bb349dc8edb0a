/*
 * dense_plan.c - the payload of an ACCESSES chunk, codec 3, to a plan.
 *
 * The payload is input: whatever it holds, nothing is read or written outside
 * the arrays, and what does not add up is refused. When a plan has been made
 * nothing in it can be wrong any more.
 */
#include "formats/dense_plan.h"

#include "base/assert.h"
#include "base/bits.h"
#include "formats/fast_wire.h"
#include "formats/generic_wire.h"
#include "formats/layout.h"
#include "formats/tally.h"
#include "formats/varint.h"

static const char *const stream_name[PW_DENSE_STREAMS] = {
	"shape", "rule",  "symbol", "run", "mode",
	"base",	 "start", "column", "rest"};

/* A stream has at most so many bytes for each access; rules are by themselves.
 */
static const uint32_t stream_each[PW_DENSE_STREAMS] = {
	PW_VARINT_MAX, UINT32_MAX,    sizeof(uint32_t), PW_VARINT_MAX,	     1,
	PW_VARINT_MAX, PW_VARINT_MAX, sizeof(uint64_t), PW_GENERIC_BYTES_MAX};

enum pw_status pw_dense_malformed(struct pw_error *err,
				  enum pw_dense_stream stream, const char *how)
{
	return pw_stream_malformed(err, stream_name[stream], how);
}

enum pw_status pw_dense_plan_open(struct pw_dense_plan **out,
				  struct pw_error *err)
{
	struct pw_dense_plan *plan = calloc(1, sizeof(*plan));

	*out = NULL;
	if (!plan)
		return pw_fail_memory(err, "a decoder");
	*plan = (struct pw_dense_plan){
		.set = PW_SHAPE_SET,
		.operands = PW_DENSE_OPERANDS,
		.raw = PW_ARRAY(uint8_t),
		.operand = PW_ARRAY(uint32_t),
		.rule = PW_ARRAY(struct pw_dense_rule),
		.slots = PW_ARRAY(uint32_t),
		.begun = PW_ARRAY(uint32_t),
		.uses = PW_ARRAY(uint32_t),
		.entry = PW_ARRAY(struct pw_dense_entry),
		.address = PW_ARRAY(uint64_t),
		.pc = PW_ARRAY(uint64_t),
		.size = PW_ARRAY(uint32_t),
		.kind = PW_ARRAY(uint8_t),
		.leader = PW_ARRAY(struct pw_dense_leader),
		.follower = PW_ARRAY(struct pw_dense_follower),
		.keeper = PW_ARRAY(struct pw_dense_keeper),
		.cell = PW_ARRAY(uint64_t),
		.rows = PW_ARRAY(uint8_t),
		.feed = PW_ARRAY(struct pw_dense_feed),
		.value = PW_ARRAY(struct pw_dense_value),
		.latest = PW_ARRAY(uint32_t),
		.wanted = PW_ARRAY(uint8_t),
		.part = PW_ARRAY(uint32_t),
		.stack = PW_ARRAY(uint32_t),
		.rest_address = PW_ARRAY(uint64_t),
		.rest_pc = PW_ARRAY(uint64_t),
		.rest_size = PW_ARRAY(uint32_t),
		.rest_kind = PW_ARRAY(uint8_t),
	};
	plan->zstd = ZSTD_createDCtx();
	if (!plan->zstd) {
		pw_dense_plan_close(plan);
		return pw_fail_memory(err, "a decoder");
	}
	ZSTD_DCtx_setParameter(plan->zstd, ZSTD_d_windowLogMax,
			       PW_ZSTD_WINDOW_LOG_MAX);
	*out = plan;
	return PW_OK;
}

void pw_dense_plan_close(struct pw_dense_plan *plan)
{
	if (!plan)
		return;
	ZSTD_freeDCtx(plan->zstd);
	pw_shape_set_free(&plan->set);
	pw_dense_operands_free(&plan->operands);
	pw_array_free(&plan->raw);
	pw_array_free(&plan->operand);
	pw_array_free(&plan->rule);
	pw_array_free(&plan->slots);
	pw_array_free(&plan->begun);
	pw_array_free(&plan->uses);
	pw_array_free(&plan->entry);
	pw_array_free(&plan->address);
	pw_array_free(&plan->pc);
	pw_array_free(&plan->size);
	pw_array_free(&plan->kind);
	pw_array_free(&plan->leader);
	pw_array_free(&plan->follower);
	pw_array_free(&plan->keeper);
	pw_array_free(&plan->cell);
	pw_array_free(&plan->rows);
	pw_array_free(&plan->feed);
	pw_array_free(&plan->value);
	pw_array_free(&plan->latest);
	pw_array_free(&plan->wanted);
	pw_array_free(&plan->part);
	pw_array_free(&plan->stack);
	pw_array_free(&plan->rest_address);
	pw_array_free(&plan->rest_pc);
	pw_array_free(&plan->rest_size);
	pw_array_free(&plan->rest_kind);
	free(plan);
}

/* ---- symbols ---- */

/* Read the rules; each symbol has at most PW_DENSE_SLOTS_MAX slots. */
static enum pw_status get_rules(struct pw_dense_plan *plan, const uint8_t *in,
				const uint8_t *end, struct pw_error *err)
{
	const struct pw_shape_use *shape = plan->set.entry.data;
	size_t symbols = plan->set.entry.count + 1, rules;
	uint32_t *slots, *begun;
	enum pw_status st;

	/* A rule takes two bytes at least. */
	rules = (size_t)(end - in) / 2 + 1;
	if (rules > PW_DENSE_RULES_MAX)
		rules = PW_DENSE_RULES_MAX;
	st = pw_array_reserve(&plan->slots, symbols + rules, err);
	if (st == PW_OK)
		st = pw_array_reserve(&plan->begun, symbols + rules, err);
	if (st == PW_OK)
		st = pw_array_reserve(&plan->rule, rules, err);
	if (st != PW_OK)
		return st;
	slots = plan->slots.data;
	begun = plan->begun.data;
	slots[0] = 0;
	for (size_t s = 1; s < symbols; s++) {
		slots[s] = shape[s - 1].slots;
		begun[s] = shape[s - 1].instructions;
	}
	plan->rule.count = 0;
	while (in < end) {
		uint64_t left = 0, right = 0;
		struct pw_dense_rule *rule =
			(struct pw_dense_rule *)plan->rule.data +
			plan->rule.count;

		if (plan->rule.count == PW_DENSE_RULES_MAX)
			return pw_dense_malformed(err, PW_DENSE_RULES,
						  "is too long");
		in = pw_varint_get(in, end, &left);
		in = in ? pw_varint_get(in, end, &right) : NULL;
		if (!in)
			return pw_dense_malformed(err, PW_DENSE_RULES,
						  "ends early");
		if (left < 1 || left >= symbols || right < 1 ||
		    right >= symbols ||
		    slots[left] + slots[right] > PW_DENSE_SLOTS_MAX)
			return pw_dense_malformed(err, PW_DENSE_RULES,
						  "holds no rule");
		*rule = (struct pw_dense_rule){(uint32_t)left, (uint32_t)right};
		plan->rule.count++;
		begun[symbols] = begun[left] + begun[right];
		slots[symbols++] = slots[left] + slots[right];
	}
	plan->slots.count = symbols;
	return PW_OK;
}

/* Count the executions of each symbol; *runs is how often 0 comes. */
static enum pw_status count_uses(struct pw_dense_plan *plan, size_t count,
				 uint64_t *accesses, size_t *runs,
				 struct pw_error *err)
{
	size_t symbols = plan->slots.count;
	uint32_t bytes = plan->symbol_bytes;
	size_t length = (size_t)(plan->symbol_end - plan->symbol);
	const uint32_t *slots = plan->slots.data, *begun = plan->begun.data;
	uint32_t mask = bytes == 4 ? UINT32_MAX : (1U << (8 * bytes)) - 1;
	enum pw_status st;
	uint32_t *uses;

	if (length % bytes != 0 || length / bytes > count)
		return pw_dense_malformed(err, PW_DENSE_SYMBOLS,
					  "has another length");
	st = pw_array_reserve(&plan->uses, symbols, err);
	if (st != PW_OK)
		return st;
	uses = plan->uses.data;
	plan->uses.count = symbols;
	memset(uses, 0, symbols * sizeof(*uses));
	for (const uint8_t *at = plan->symbol; at < plan->symbol_end;
	     at += bytes) {
		uint32_t symbol = pw_load32(at) & mask;

		if (symbol >= symbols)
			return pw_dense_malformed(err, PW_DENSE_SYMBOLS,
						  "names no shape");
		uses[symbol]++;
	}
	*runs = uses[0];
	*accesses = 0;
	plan->instructions = 0;
	plan->slots_max = 0;
	plan->slots_all = 0;
	for (size_t s = 1; s < symbols; s++) {
		if (uses[s] == 0)
			continue;
		*accesses += (uint64_t)uses[s] * slots[s];
		plan->instructions += (uint64_t)uses[s] * begun[s];
		plan->slots_all += slots[s];
		if (slots[s] > plan->slots_max)
			plan->slots_max = slots[s];
	}
	if (plan->slots_all > PW_DENSE_SLOTS_ALL_MAX)
		return pw_dense_malformed(err, PW_DENSE_SYMBOLS,
					  "has too many slots");
	return PW_OK;
}

/* Add up @runs runs; they are all that there are. */
static enum pw_status sum_runs(const struct pw_dense_plan *plan, size_t runs,
			       size_t count, size_t *sum, struct pw_error *err)
{
	const uint8_t *in = plan->run;
	uint64_t run;

	*sum = 0;
	for (size_t i = 0; i < runs; i++) {
		in = pw_varint_get(in, plan->run_end, &run);
		if (!in)
			return pw_dense_malformed(err, PW_DENSE_RUNS,
						  "ends early");
		if (run == 0 || run > count - *sum)
			return pw_dense_malformed(err, PW_DENSE_RUNS,
						  "holds no run");
		*sum += (size_t)run;
	}
	if (in != plan->run_end)
		return pw_dense_malformed(err, PW_DENSE_RUNS, "is too long");
	return PW_OK;
}

/* ---- the rest ---- */

/* Decode the accesses without a shape. */
static enum pw_status get_rest(struct pw_dense_plan *plan,
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
			       : pw_dense_malformed(err, PW_DENSE_REST,
						    "is too long");
	if (count > PW_SEGMENT_ACCESSES_MAX)
		return pw_dense_malformed(err, PW_DENSE_REST, "is too long");
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

/* ---- the payload ---- */

/* Unpack all streams but the rest, one behind the other. */
static enum pw_status unpack(struct pw_dense_plan *plan,
			     const struct pw_stream *stream,
			     const uint8_t **begin, struct pw_error *err)
{
	size_t bytes = 0;
	enum pw_status st;
	uint8_t *raw;

	for (size_t s = 0; s < PW_DENSE_REST; s++)
		bytes += stream[s].raw_bytes;
	/* A value and a symbol are read in words. */
	st = pw_array_reserve(&plan->raw, bytes + sizeof(uint64_t), err);
	if (st != PW_OK)
		return st;
	raw = plan->raw.data;
	for (size_t s = 0; s < PW_DENSE_REST && st == PW_OK; s++) {
		begin[s] = raw;
		if (s == PW_DENSE_COLUMNS &&
		    stream[s].stored_bytes == stream[s].raw_bytes)
			memcpy(raw, stream[s].stored, stream[s].raw_bytes);
		else
			st = pw_stream_unpack(plan->zstd, &stream[s], raw, err);
		raw += stream[s].raw_bytes;
	}
	begin[PW_DENSE_REST] = raw;
	memset(raw, 0, sizeof(uint64_t));
	return st;
}

/* Make a plan of the streams that begin at @begin. */
static enum pw_status make(struct pw_dense_plan *plan,
			   const uint8_t *const *begin, size_t count,
			   size_t *rest, struct pw_error *err)
{
	struct pw_dense_streams streams = {
		begin[PW_DENSE_MODES],	 begin[PW_DENSE_MODES + 1],
		begin[PW_DENSE_BASES],	 begin[PW_DENSE_BASES + 1],
		begin[PW_DENSE_STARTS],	 begin[PW_DENSE_STARTS + 1],
		begin[PW_DENSE_COLUMNS], begin[PW_DENSE_COLUMNS + 1],
	};
	uint64_t accesses = 0;
	enum pw_status st;
	size_t runs = 0;

	st = get_rules(plan, begin[PW_DENSE_RULES], begin[PW_DENSE_RULES + 1],
		       err);
	if (st != PW_OK)
		return st;
	plan->symbol = begin[PW_DENSE_SYMBOLS];
	plan->symbol_end = begin[PW_DENSE_SYMBOLS + 1];
	plan->symbol_bytes =
		(uint32_t)pw_fast_symbol_bytes(plan->slots.count - 1);
	plan->run = begin[PW_DENSE_RUNS];
	plan->run_end = begin[PW_DENSE_RUNS + 1];
	plan->run_left = 0;
	plan->rest = 0;
	st = count_uses(plan, count, &accesses, &runs, err);
	if (st == PW_OK)
		st = sum_runs(plan, runs, count, rest, err);
	if (st != PW_OK)
		return st;
	if (accesses != count - *rest)
		return pw_dense_malformed(err, PW_DENSE_SYMBOLS,
					  "has another number of accesses");
	return pw_dense_compile(plan, &streams, err);
}

static enum pw_status plan_payload(struct pw_dense_plan *plan,
				   const struct pw_pwt_shapes *shapes,
				   struct pw_generic_decoder *generic,
				   const struct pw_generic_payload *payload,
				   struct pw_error *err)
{
	struct pw_stream s[PW_DENSE_STREAMS] = {{0}};
	const uint8_t *begin[PW_DENSE_STREAMS];
	enum pw_status st;
	size_t rest = 0;

	PW_ASSERT(payload->count <= PW_SEGMENT_DENSE_MAX);
	for (size_t i = 0; i < PW_DENSE_STREAMS; i++)
		s[i].name = stream_name[i];
	st = pw_streams_find(s, PW_DENSE_STREAMS, payload->bytes,
			     payload->payload_bytes, payload->raw_bytes, err);
	if (st == PW_OK)
		st = pw_streams_bound(s, stream_each, PW_DENSE_STREAMS,
				      payload->count, err);
	if (st == PW_OK && s[PW_DENSE_RULES].raw_bytes >
				   PW_DENSE_RULES_MAX * 2 * PW_VARINT_MAX)
		st = pw_dense_malformed(err, PW_DENSE_RULES, "is too long");
	if (st == PW_OK)
		st = unpack(plan, s, begin, err);
	if (st == PW_OK)
		st = pw_shape_set_read(
			&plan->set, shapes, begin[PW_DENSE_SHAPES],
			begin[PW_DENSE_SHAPES + 1], payload->count, err);
	if (st == PW_OK)
		st = make(plan, begin, payload->count, &rest, err);
	if (st == PW_OK)
		st = get_rest(plan, generic, &s[PW_DENSE_REST], rest, err);
	plan->rest_count = rest;
	return st;
}

enum pw_status pw_dense_plan_make(struct pw_dense_plan *plan,
				  const struct pw_pwt_shapes *shapes,
				  struct pw_generic_decoder *generic,
				  const struct pw_generic_payload *payload,
				  struct pw_error *err)
{
	plan->only_stored = false;
	return plan_payload(plan, shapes, generic, payload, err);
}

enum pw_status pw_dense_plan_make_stored(
	struct pw_dense_plan *plan, const struct pw_pwt_shapes *shapes,
	struct pw_generic_decoder *generic,
	const struct pw_generic_payload *payload, struct pw_error *err)
{
	plan->only_stored = true;
	return plan_payload(plan, shapes, generic, payload, err);
}

uint64_t pw_dense_plan_instructions(const struct pw_dense_plan *plan)
{
	return plan->instructions;
}

size_t pw_dense_plan_slack(const struct pw_dense_plan *plan)
{
	return plan->slots_max + PW_SHAPE_SET_SLACK;
}
