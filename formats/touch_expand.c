/*
 * touch_expand.c - a plan of touches to records.
 *
 * The records of each symbol are worked out once. Expanding is copying then,
 * in blocks of PW_TOUCH_SLACK, so that no copy depends on their number; what
 * is too much is written over by what follows.
 */
#include "formats/touch_plan.h"

#include "base/assert.h"
#include "formats/dense_wire.h"

void pw_touch_columns_init(struct pw_touch_columns *columns,
			   size_t instruction_bytes)
{
	*columns = (struct pw_touch_columns){
		.page = PW_ARRAY(uint64_t),
		.instruction = {NULL, 0, 0, instruction_bytes},
		.loads = PW_ARRAY(uint32_t),
		.stores = PW_ARRAY(uint32_t),
		.fetches = PW_ARRAY(uint32_t),
		.flags = PW_ARRAY(uint8_t),
	};
}

void pw_touch_columns_free(struct pw_touch_columns *columns)
{
	pw_array_free(&columns->page);
	pw_array_free(&columns->instruction);
	pw_array_free(&columns->loads);
	pw_array_free(&columns->stores);
	pw_array_free(&columns->fetches);
	pw_array_free(&columns->flags);
}

/* Room for @count records, and for what copies write behind them. */
enum pw_status pw_touch_columns_reserve(struct pw_touch_columns *columns,
					size_t count, struct pw_error *err)
{
	enum pw_status st;

	count += PW_TOUCH_SLACK;
	st = pw_array_reserve(&columns->page, count, err);
	if (st == PW_OK)
		st = pw_array_reserve(&columns->instruction, count, err);
	if (st == PW_OK)
		st = pw_array_reserve(&columns->loads, count, err);
	if (st == PW_OK)
		st = pw_array_reserve(&columns->stores, count, err);
	if (st == PW_OK)
		st = pw_array_reserve(&columns->fetches, count, err);
	if (st == PW_OK)
		st = pw_array_reserve(&columns->flags, count, err);
	return st;
}

/* ---- the records of symbols ---- */

/* Write the records of a symbol behind those that are there. */
static enum pw_status make_symbol(struct pw_touch_plan *plan, uint32_t symbol,
				  size_t *made, struct pw_error *err)
{
	struct pw_touch_entry *entry =
		&PW_ARRAY_AT(&plan->entry, struct pw_touch_entry, symbol);
	const uint32_t *part = plan->part.data;
	const uint64_t *pages = plan->pages.data;
	enum pw_status st;
	uint32_t begun = 0;
	size_t at = *made;

	st = pw_array_reserve(&plan->place, plan->place.count + entry->count,
			      err);
	if (st != PW_OK)
		return st;
	entry->first = (uint32_t)at;
	entry->literal = (uint32_t)plan->place.count;
	pw_dense_unfold(plan->rule.data, (uint32_t)plan->distinct, symbol,
			plan->part.data, plan->stack.data);
	for (uint32_t i = 0; i < entry->count; i++, at++) {
		const struct pw_touch_record record =
			pw_touch_record_at(plan, part[i] - 1);

		begun += record.instructions;
		PW_ARRAY_AT(&plan->made.page, uint64_t, at) =
			pages[record.page];
		PW_ARRAY_AT(&plan->made.instruction, uint32_t, at) = begun;
		PW_ARRAY_AT(&plan->made.loads, uint32_t, at) = record.loads;
		PW_ARRAY_AT(&plan->made.stores, uint32_t, at) = record.stores;
		PW_ARRAY_AT(&plan->made.fetches, uint32_t, at) = record.fetches;
		PW_ARRAY_AT(&plan->made.flags, uint8_t, at) = record.flags;
		if (record.page == 0)
			PW_ARRAY_AT(&plan->place, uint32_t,
				    plan->place.count++) = i;
	}
	entry->instructions = begun;
	entry->literals = (uint32_t)plan->place.count - entry->literal;
	*made = at;
	return PW_OK;
}

/* Make the records of all symbols that occur. */
enum pw_status pw_touch_make_symbols(struct pw_touch_plan *plan,
				     struct pw_error *err)
{
	struct pw_touch_entry *entry = plan->entry.data;
	const uint32_t *symbol = plan->symbols.data;
	size_t records = 0, made = 0;
	enum pw_status st;

	/* No symbol is anywhere yet: literal says that one is wanted. */
	for (size_t i = 0; i < plan->symbols.count; i++) {
		if (symbol[i] == 0 || entry[symbol[i]].literal != 0)
			continue;
		entry[symbol[i]].literal = 1;
		records += entry[symbol[i]].count;
		if (records > PW_TOUCH_SLOTS_ALL_MAX)
			return pw_stream_malformed(err, "rule",
						   "holds too many records");
	}
	st = pw_touch_columns_reserve(&plan->made, records, err);
	if (st == PW_OK)
		st = pw_array_reserve(&plan->part, PW_TOUCH_SLOTS_MAX, err);
	if (st == PW_OK)
		st = pw_array_reserve(&plan->stack, PW_TOUCH_SLOTS_MAX, err);
	plan->place.count = 0;
	for (uint32_t s = 1; s < plan->entry.count && st == PW_OK; s++)
		if (entry[s].literal != 0)
			st = make_symbol(plan, s, &made, err);
	return st;
}

/* ---- records of a piece ---- */

/* Where the columns of a plan are written or read. */
struct cursor {
	uint64_t *page;
	uint64_t *instruction;
	uint32_t *loads;
	uint32_t *stores;
	uint32_t *fetches;
	uint8_t *flags;
};

/* Copy the records of a symbol, of which @begun instructions came before. */
static inline void copy(const struct pw_touch_plan *plan,
			const struct pw_touch_entry *entry,
			const struct cursor *to, size_t at, uint64_t begun)
{
	size_t from = entry->first;
	const uint64_t *page = (const uint64_t *)plan->made.page.data + from;
	const uint32_t *instruction =
		(const uint32_t *)plan->made.instruction.data + from;
	const uint32_t *loads = (const uint32_t *)plan->made.loads.data + from;
	const uint32_t *stores =
		(const uint32_t *)plan->made.stores.data + from;
	const uint32_t *fetches =
		(const uint32_t *)plan->made.fetches.data + from;
	const uint8_t *flags = (const uint8_t *)plan->made.flags.data + from;

	for (uint32_t i = 0; i < entry->count; i += PW_TOUCH_SLACK) {
		memcpy(to->page + at + i, page + i,
		       PW_TOUCH_SLACK * sizeof(*page));
		for (uint32_t k = 0; k < PW_TOUCH_SLACK; k++)
			to->instruction[at + i + k] =
				begun + instruction[i + k];
		memcpy(to->loads + at + i, loads + i,
		       PW_TOUCH_SLACK * sizeof(*loads));
		memcpy(to->stores + at + i, stores + i,
		       PW_TOUCH_SLACK * sizeof(*stores));
		memcpy(to->fetches + at + i, fetches + i,
		       PW_TOUCH_SLACK * sizeof(*fetches));
		memcpy(to->flags + at + i, flags + i, PW_TOUCH_SLACK);
	}
}

void pw_touch_plan_next(struct pw_touch_plan *plan, uint64_t clock,
			struct pw_touches *out)
{
	const struct pw_touch_entry *entries = plan->entry.data;
	const uint32_t *symbol = plan->symbols.data;
	const uint32_t *place = plan->place.data;
	const uint64_t *literal = plan->literals.data;
	const struct cursor to = {
		plan->out.page.data,	plan->out.instruction.data,
		plan->out.loads.data,	plan->out.stores.data,
		plan->out.fetches.data, plan->out.flags.data,
	};
	/* Instructions are counted from 0: the first one is that begun first.
	 */
	uint64_t begun = clock - 1;
	size_t i = plan->symbol, at = 0;

	PW_ASSERT(i < plan->symbols.count);
	literal += plan->literal;
	for (; symbol[i] != 0; i++) {
		const struct pw_touch_entry *entry = &entries[symbol[i]];

		copy(plan, entry, &to, at, begun);
		for (uint32_t k = 0; k < entry->literals; k++)
			to.page[at + place[entry->literal + k]] = *literal++;
		plan->literal += entry->literals;
		at += entry->count;
		begun += entry->instructions;
	}
	PW_ASSERT(at <= plan->piece_max);
	for (size_t k = 0; k < at && to.instruction[k] == UINT64_MAX; k++)
		to.instruction[k] = 0;
	plan->symbol = i + 1;
	*out = (struct pw_touches){at,	     to.page,	to.instruction,
				   to.loads, to.stores, to.fetches,
				   to.flags};
}
