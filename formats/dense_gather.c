/*
 * dense_gather.c - which symbols are executed, and what slots they have.
 */
#include "formats/dense_gather.h"

#include "base/assert.h"
#include "base/bits.h"

void pw_dense_gather_init(struct pw_dense_gather *gather)
{
	*gather = (struct pw_dense_gather){
		.merge = PW_DENSE_MERGE,
		.operands = PW_DENSE_OPERANDS,
		.symbols = PW_ARRAY(uint32_t),
		.base_first = PW_ARRAY(uint32_t),
		.base_operand = PW_ARRAY(uint32_t),
		.use = PW_ARRAY(struct pw_dense_use),
		.slot = PW_ARRAY(struct pw_dense_slot),
		.step = PW_ARRAY(struct pw_dense_step),
		.row = PW_ARRAY(uint32_t),
		.column = PW_ARRAY(uint64_t),
		.before = PW_ARRAY(uint64_t),
		.last = PW_ARRAY(uint64_t),
		.found = PW_ARRAY(struct pw_dense_found),
		.known = PW_ARRAY(bool),
		.unfolded = PW_ARRAY(uint32_t),
		.stack = PW_ARRAY(uint32_t),
	};
}

void pw_dense_gather_free(struct pw_dense_gather *gather)
{
	pw_dense_merge_free(&gather->merge);
	pw_dense_operands_free(&gather->operands);
	pw_array_free(&gather->symbols);
	pw_array_free(&gather->last);
	pw_array_free(&gather->found);
	pw_array_free(&gather->known);
	pw_array_free(&gather->base_first);
	pw_array_free(&gather->base_operand);
	pw_array_free(&gather->use);
	pw_array_free(&gather->slot);
	pw_array_free(&gather->step);
	pw_array_free(&gather->row);
	pw_array_free(&gather->column);
	pw_array_free(&gather->before);
	pw_array_free(&gather->unfolded);
	pw_array_free(&gather->stack);
}

/* Make @array one of @count items, whatever they are. */
static enum pw_status resize(struct pw_array *array, size_t count,
			     struct pw_error *err)
{
	enum pw_status st = pw_array_reserve(array, count + 1, err);

	if (st == PW_OK)
		array->count = count;
	return st;
}

/* ---- operands ---- */

/* Number the operands of the stored slots of one shape. */
static void number_operands(struct pw_dense_gather *gather,
			    const struct pw_executions *executions,
			    const struct pw_lane_shape *shape)
{
	const uint64_t *pc = executions->book->pcs.data;
	uint32_t *operand = gather->base_operand.data;
	uint64_t ordinal = 0;

	if (shape->stored == 0)
		return; /* there may be no arrays then */
	pc += shape->sizes;
	operand += gather->base_operand.count;
	for (uint32_t i = 0; i < shape->stored; i++) {
		ordinal = i > 0 && pc[i] == pc[i - 1] ? ordinal + 1 : 0;
		operand[i] =
			pw_dense_operand(&gather->operands, pc[i], ordinal);
	}
	gather->base_operand.count += shape->stored;
}

/* Symbols, slots and operands of the shapes, before merging. */
static enum pw_status take_shapes(struct pw_dense_gather *gather,
				  const struct pw_executions *executions,
				  struct pw_error *err)
{
	size_t shapes = executions->shapes.count, stored = 0;
	enum pw_status st;

	for (uint32_t s = 1; s <= shapes; s++)
		stored += pw_executions_shape(executions, s)->stored;
	st = pw_dense_operands_clear(&gather->operands, stored, err);
	if (st == PW_OK)
		st = resize(&gather->base_operand, stored, err);
	if (st == PW_OK)
		st = resize(&gather->base_first, shapes + 1, err);
	if (st == PW_OK)
		st = resize(&gather->merge.slots, shapes + 1, err);
	if (st == PW_OK)
		st = resize(&gather->symbols, executions->symbols.count, err);
	if (st != PW_OK)
		return st;
	gather->base_operand.count = 0;
	PW_ARRAY_AT(&gather->merge.slots, uint32_t, 0) = 0;
	for (uint32_t s = 1; s <= shapes; s++) {
		const struct pw_lane_shape *shape =
			pw_executions_shape(executions, s);

		PW_ARRAY_AT(&gather->merge.slots, uint32_t, s) =
			shape->tally[PW_LANE_ACCESSES];
		PW_ARRAY_AT(&gather->base_first, uint32_t, s) =
			(uint32_t)gather->base_operand.count;
		number_operands(gather, executions, shape);
	}
	PW_ASSERT(gather->base_operand.count == stored);
	if (executions->symbols.count > 0)
		memcpy(gather->symbols.data, executions->symbols.data,
		       executions->symbols.count * sizeof(uint32_t));
	return PW_OK;
}

/* ---- symbols that are executed ---- */

/* Count the executions of each symbol. */
static enum pw_status count_uses(struct pw_dense_gather *gather,
				 const struct pw_executions *executions,
				 struct pw_error *err)
{
	const struct pw_dense_rule *rule = gather->merge.rule.data;
	const uint32_t *symbol = gather->symbols.data;
	uint32_t shapes = (uint32_t)executions->shapes.count;
	size_t symbols = gather->merge.slots.count;
	struct pw_dense_use *use;
	enum pw_status st = resize(&gather->use, symbols, err);

	if (st != PW_OK)
		return st;
	use = gather->use.data;
	memset(use, 0, symbols * sizeof(*use));
	for (uint32_t s = 1; s < symbols; s++)
		use[s].stored =
			s <= shapes ? pw_executions_shape(executions, s)->stored
				    : use[rule[s - shapes - 1].left].stored +
					      use[rule[s - shapes - 1].right]
						      .stored;
	for (size_t i = 0; i < gather->symbols.count; i++)
		use[symbol[i]].count++;
	return PW_OK;
}

/* List the slots of an executed symbol. */
static enum pw_status list_slots(struct pw_dense_gather *gather,
				 uint32_t shapes, uint32_t symbol,
				 struct pw_error *err)
{
	struct pw_dense_use *use = gather->use.data;
	const uint32_t *first = gather->base_first.data;
	const uint32_t *part = gather->unfolded.data;
	struct pw_array *out = &gather->slot;
	struct pw_dense_slot *slot;
	enum pw_status st;
	size_t parts;

	use[symbol].first = out->count;
	st = pw_array_reserve(out, out->count + use[symbol].stored + 1, err);
	if (st != PW_OK)
		return st;
	slot = (struct pw_dense_slot *)out->data + out->count;
	parts = pw_dense_unfold(gather->merge.rule.data, shapes, symbol,
				gather->unfolded.data, gather->stack.data);
	for (size_t p = 0; p < parts; p++) {
		const uint32_t *operand =
			(const uint32_t *)gather->base_operand.data +
			first[part[p]];
		uint32_t stored = use[part[p]].stored;

		for (uint32_t i = 0; i < stored; i++)
			slot[i] = (struct pw_dense_slot){.operand = operand[i]};
		slot += stored;
		out->count += stored;
	}
	PW_ASSERT(out->count == use[symbol].first + use[symbol].stored);
	return PW_OK;
}

/* Give each executed symbol its slots, columns and rows. */
static enum pw_status place_symbols(struct pw_dense_gather *gather,
				    const struct pw_executions *executions,
				    struct pw_error *err)
{
	uint32_t shapes = (uint32_t)executions->shapes.count;
	struct pw_dense_use *use = gather->use.data;
	size_t column = 0, row = 0;
	enum pw_status st;

	st = resize(&gather->unfolded, PW_DENSE_SLOTS_MAX, err);
	if (st == PW_OK)
		st = resize(&gather->stack, PW_DENSE_SLOTS_MAX, err);
	gather->slot.count = 0;
	for (uint32_t s = 1; s < gather->use.count && st == PW_OK; s++) {
		if (use[s].count == 0)
			continue;
		use[s].column = column;
		column += (size_t)use[s].count * use[s].stored;
		use[s].row = row;
		row += use[s].count;
		st = list_slots(gather, shapes, s, err);
	}
	PW_ASSERT(st != PW_OK || column == executions->address.count);
	return st;
}

enum pw_status pw_dense_gather_run(struct pw_dense_gather *gather,
				   const struct pw_executions *executions,
				   struct pw_error *err)
{
	enum pw_status st;

	PW_ASSERT(executions->shapes.count > 0);
	st = take_shapes(gather, executions, err);
	if (st == PW_OK)
		st = pw_dense_merge_run(&gather->merge, &gather->symbols, err);
	if (st == PW_OK)
		st = count_uses(gather, executions, err);
	if (st == PW_OK)
		st = place_symbols(gather, executions, err);
	if (st == PW_OK)
		st = pw_dense_gather_columns(gather, &executions->address, err);
	return st;
}
