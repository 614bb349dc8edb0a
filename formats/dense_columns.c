/*
 * dense_columns.c - from rows of addresses, one for each execution, to columns.
 *
 * A walk in the order of execution notes where the rows are, and keeps the last
 * addresses, once for each operand of a symbol: within an execution the slots
 * tell. Then the rows of each symbol are turned.
 */
#include "formats/dense_gather.h"

#include "base/assert.h"
#include "base/bits.h"

#define TURNED 8 /* slots at once: a cache line of a row */

/* Make @array one of @count items, whatever they are. */
static enum pw_status resize(struct pw_array *array, size_t count,
			     struct pw_error *err)
{
	enum pw_status st = pw_array_reserve(array, count + 1, err);

	if (st == PW_OK)
		array->count = count;
	return st;
}

/* ---- what an execution does with last addresses ---- */

/* List the operands of @symbol; *before is the room for addresses before. */
static enum pw_status plan_steps(struct pw_dense_gather *gather,
				 uint32_t symbol, size_t *before,
				 struct pw_error *err)
{
	struct pw_dense_use *use =
		&PW_ARRAY_AT(&gather->use, struct pw_dense_use, symbol);
	struct pw_dense_slot *slot =
		(struct pw_dense_slot *)gather->slot.data + use->first;
	struct pw_dense_found *found = gather->found.data;
	struct pw_array *steps = &gather->step;
	struct pw_dense_step *step;
	enum pw_status st;

	use->step = steps->count;
	st = pw_array_reserve(steps, steps->count + use->stored + 1, err);
	if (st != PW_OK)
		return st;
	step = (struct pw_dense_step *)steps->data + use->step;
	for (uint32_t k = 0; k < use->stored; k++) {
		uint32_t operand = slot[k].operand;

		if (found[operand].symbol == symbol) {
			uint32_t *last = &step[found[operand].step].last;

			slot[k].back = k - *last;
			*last = k;
			continue;
		}
		found[operand] = (struct pw_dense_found){symbol, use->steps};
		step[use->steps++] = (struct pw_dense_step){operand, k, k,
							    (uint32_t)*before};
		slot[k].before = (uint32_t)*before;
		*before += use->count;
	}
	steps->count += use->steps;
	return PW_OK;
}

static enum pw_status plan_all(struct pw_dense_gather *gather,
			       struct pw_error *err)
{
	size_t operands = gather->operands.key.count, before = 0;
	enum pw_status st = resize(&gather->last, operands, err);

	if (st == PW_OK)
		st = resize(&gather->found, operands, err);
	if (st == PW_OK)
		st = resize(&gather->known, operands, err);
	if (st != PW_OK)
		return st;
	memset(gather->last.data, 0, operands * sizeof(uint64_t));
	memset(gather->found.data, 0, operands * sizeof(struct pw_dense_found));
	memset(gather->known.data, 0, operands * sizeof(bool));
	gather->step.count = 0;
	for (uint32_t s = 1; s < gather->use.count && st == PW_OK; s++)
		if (PW_ARRAY_AT(&gather->use, struct pw_dense_use, s).count > 0)
			st = plan_steps(gather, s, &before, err);
	return st == PW_OK ? resize(&gather->before, before, err) : st;
}

/* ---- in the order of execution ---- */

/* The first execution of a symbol says which operands nothing came before. */
static void note_starts(struct pw_dense_gather *gather,
			const struct pw_dense_use *use)
{
	const struct pw_dense_step *step =
		(const struct pw_dense_step *)gather->step.data + use->step;
	struct pw_dense_slot *slot =
		(struct pw_dense_slot *)gather->slot.data + use->first;
	bool *known = gather->known.data;

	for (uint32_t i = 0; i < use->steps; i++) {
		slot[step[i].first].starts = !known[step[i].operand];
		known[step[i].operand] = true;
	}
}

static void walk(struct pw_dense_gather *gather, const uint64_t *address)
{
	const uint32_t *symbol = gather->symbols.data;
	const struct pw_dense_step *steps = gather->step.data;
	struct pw_dense_use *uses = gather->use.data;
	uint64_t *last = gather->last.data, *before = gather->before.data;
	uint32_t *rows = gather->row.data;
	const uint64_t *row = address;

	for (size_t i = 0; i < gather->symbols.count; i++) {
		struct pw_dense_use *use = &uses[symbol[i]];
		const struct pw_dense_step *step = steps + use->step;
		uint32_t count = use->steps, done = use->done;

		if (symbol[i] == 0)
			continue;
		if (done == 0)
			note_starts(gather, use);
		for (uint32_t k = 0; k < count; k++) {
			before[step[k].before + done] = last[step[k].operand];
			last[step[k].operand] = row[step[k].last];
		}
		rows[use->row + done] = (uint32_t)(row - address);
		use->done = done + 1;
		row += use->stored;
	}
}

/* ---- by symbol ---- */

/* Turn the slots from @slot on, TURNED of them or what is left. */
static void turn(const struct pw_dense_use *use, const uint32_t *row,
		 const uint64_t *address, uint32_t slot, uint64_t *column)
{
	uint32_t slots = use->stored - slot, count = use->count;

	address += slot;
	column += (size_t)slot * count;
	if (slots >= TURNED) {
		for (size_t i = 0; i < count; i++)
			for (size_t k = 0; k < TURNED; k++)
				column[k * count + i] = address[row[i] + k];
		return;
	}
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < slots; k++)
			column[k * count + i] = address[row[i] + k];
}

enum pw_status pw_dense_gather_columns(struct pw_dense_gather *gather,
				       const struct pw_array *address,
				       struct pw_error *err)
{
	enum pw_status st = plan_all(gather, err);

	PW_ASSERT(address->count < UINT32_MAX);
	if (st == PW_OK)
		st = resize(&gather->row, gather->symbols.count, err);
	if (st == PW_OK)
		st = resize(&gather->column, address->count, err);
	if (st != PW_OK)
		return st;
	walk(gather, address->data);
	for (uint32_t s = 1; s < gather->use.count; s++) {
		const struct pw_dense_use *use =
			&PW_ARRAY_AT(&gather->use, struct pw_dense_use, s);

		for (uint32_t k = 0; k < use->stored && use->count > 0;
		     k += TURNED)
			turn(use, (const uint32_t *)gather->row.data + use->row,
			     address->data, k,
			     (uint64_t *)gather->column.data + use->column);
	}
	return PW_OK;
}
