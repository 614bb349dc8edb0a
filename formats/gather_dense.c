/*
 * gather_dense.c - payloads of codec 3 to executions.
 *
 * Making a plan of a payload has checked all of it, so what it executes is
 * taken without a look.
 */
#include "base/assert.h"
#include "base/bits.h"
#include "formats/dense_plan.h"
#include "formats/gather.h"
#include "formats/varint.h"

static const struct pw_lane_shape *shape_of(const struct pw_gather *gather,
					    uint32_t symbol)
{
	return pw_executions_shape(&gather->executions, symbol);
}

/* Unfold an executed symbol, and count its executions. */
static enum pw_status add_entry(struct pw_gather *gather, uint32_t symbol,
				struct pw_gather_entry *entry,
				struct pw_error *err)
{
	struct pw_dense_plan *plan = gather->dense;
	const struct pw_shape_use *use = plan->set.entry.data;
	uint32_t *part = plan->part.data;
	enum pw_status st = PW_OK;

	entry->part = gather->part.count;
	entry->parts = (uint32_t)pw_dense_unfold(
		plan->rule.data, (uint32_t)plan->set.entry.count, symbol, part,
		plan->stack.data);
	for (uint32_t i = 0; i < entry->parts && st == PW_OK; i++) {
		const struct pw_lane_shape *shape;
		uint32_t mine = 0;

		st = pw_gather_meet(gather, use[part[i] - 1].index, &mine, err);
		if (st == PW_OK)
			st = pw_array_push(&gather->part, &mine, err);
		if (st != PW_OK)
			break;
		shape = shape_of(gather, mine);
		entry->stored += shape->stored;
		if (shape->reach > entry->reach)
			entry->reach = shape->reach;
		pw_gather_count(gather, shape,
				PW_ARRAY_AT(&plan->uses, uint32_t, symbol));
	}
	return st;
}

/* Number the shapes in the order in which they were first executed. */
static enum pw_status meet_listed(struct pw_gather *gather,
				  struct pw_error *err)
{
	const struct pw_shape_use *use = gather->dense->set.entry.data;
	enum pw_status st = PW_OK;
	uint32_t symbol;

	for (size_t i = 0; i < gather->dense->set.entry.count; i++)
		if (st == PW_OK)
			st = pw_gather_meet(gather, use[i].index, &symbol, err);
	return st;
}

/* The executed symbols, and room for their executions. */
static enum pw_status add_entries(struct pw_gather *gather,
				  struct pw_error *err)
{
	struct pw_executions *all = &gather->executions;
	struct pw_dense_plan *plan = gather->dense;
	const uint32_t *uses = plan->uses.data;
	size_t symbols = all->symbols.count + (size_t)uses[0] * 2 + 1;
	size_t addresses = all->address.count + 1;
	enum pw_status st = meet_listed(gather, err);

	gather->entry.count = 0;
	gather->part.count = 0;
	for (uint32_t s = 0; s < plan->uses.count && st == PW_OK; s++) {
		struct pw_gather_entry entry = {0};

		if (s > 0 && uses[s] > 0)
			st = add_entry(gather, s, &entry, err);
		if (st == PW_OK)
			st = pw_array_push(&gather->entry, &entry, err);
		symbols += (size_t)uses[s] * entry.parts;
		addresses += (size_t)uses[s] * entry.stored;
	}
	if (st == PW_OK)
		st = pw_array_reserve(&all->symbols, symbols, err);
	if (st == PW_OK)
		st = pw_array_reserve(&all->address, addresses, err);
	return st;
}

/* Take the pages of an execution, shape by shape. */
static void widen(struct pw_gather *gather, const uint32_t *part,
		  uint32_t parts, const uint64_t *address)
{
	for (uint32_t i = 0; i < parts; i++) {
		const struct pw_lane_shape *shape = shape_of(gather, part[i]);

		pw_gather_widen(gather, shape, address);
		address += shape->stored;
	}
}

/* Execute a symbol. */
static void execute(struct pw_gather *gather, uint32_t symbol)
{
	const struct pw_gather_entry *entry =
		&PW_ARRAY_AT(&gather->entry, struct pw_gather_entry, symbol);
	const uint32_t *part =
		(const uint32_t *)gather->part.data + entry->part;
	struct pw_array *symbols = &gather->executions.symbols;
	struct pw_array *addresses = &gather->executions.address;
	uint64_t *address = (uint64_t *)addresses->data + addresses->count;

	memcpy((uint32_t *)symbols->data + symbols->count, part,
	       entry->parts * sizeof(*part));
	symbols->count += entry->parts;
	pw_dense_plan_execute(gather->dense, symbol, address);
	addresses->count += entry->stored;
	if (pw_gather_outside(gather, address, entry->stored, entry->reach))
		widen(gather, part, entry->parts, address);
}

/* Walk over the symbols. */
static enum pw_status execute_all(struct pw_gather *gather,
				  struct pw_error *err)
{
	struct pw_dense_plan *plan = gather->dense;
	uint32_t bytes = plan->symbol_bytes;
	uint32_t mask = bytes == 4 ? UINT32_MAX : (1U << (8 * bytes)) - 1;
	enum pw_status st = PW_OK;

	for (const uint8_t *at = plan->symbol;
	     at < plan->symbol_end && st == PW_OK; at += bytes) {
		uint32_t symbol = pw_load32(at) & mask;
		uint64_t run;

		if (symbol == 0) {
			plan->run =
				pw_varint_get(plan->run, plan->run_end, &run);
			PW_ASSERT(plan->run);
			gather->pending += run;
			continue;
		}
		if (gather->pending > 0)
			st = pw_gather_settle(gather, err);
		if (st == PW_OK)
			execute(gather, symbol);
	}
	return st;
}

/* Take the accesses without a shape, which the plan has decoded. */
static enum pw_status take_rest(struct pw_gather *gather, struct pw_error *err)
{
	const struct pw_dense_plan *plan = gather->dense;
	size_t count = plan->rest_count;
	struct pw_access_columns to;
	enum pw_status st;

	if (count == 0)
		return PW_OK;
	st = pw_gather_rest_room(gather, count, &to, err);
	if (st != PW_OK)
		return st;
	memcpy(to.address, plan->rest_address.data, count * 8);
	memcpy(to.pc, plan->rest_pc.data, count * 8);
	memcpy(to.size_bytes, plan->rest_size.data, count * 4);
	memcpy(to.kind, plan->rest_kind.data, count);
	pw_gather_rest_take(gather, count, &to);
	return PW_OK;
}

enum pw_status pw_gather_dense(struct pw_gather *gather,
			       const struct pw_generic_payload *payload,
			       struct pw_error *err)
{
	enum pw_status st = PW_OK;

	if (!gather->dense)
		st = pw_dense_plan_open(&gather->dense, err);
	if (st == PW_OK)
		st = pw_dense_plan_make_stored(gather->dense, gather->shapes,
					       gather->generic, payload, err);
	if (st == PW_OK)
		st = add_entries(gather, err);
	if (st == PW_OK)
		st = execute_all(gather, err);
	return st == PW_OK ? take_rest(gather, err) : st;
}
