/*
 * touch_expand.c - a plan of touches to records.
 *
 * The records of each rule are worked out once, in columns. Expanding is
 * copying then, in blocks of PW_TOUCH_SLACK, so that few copies depend on their
 * number; what is too much is written over by what follows. Most symbols of a
 * program that repeats itself little are no rules: each of these records is
 * packed, so that it is in one cache line.
 */
#include "formats/touch_plan.h"

#include "base/assert.h"
#include "formats/dense_wire.h"
#include "formats/touch_cut.h"

_Static_assert(PW_TOUCH_CUT * 2 <= UINT64_C(1) << PW_TOUCH_COUNT_BITS,
	       "a record's counts fit");

void pw_touch_columns_init(struct pw_touch_columns *columns)
{
	*columns = (struct pw_touch_columns){
		.page = PW_ARRAY(uint64_t),
		.instruction = PW_ARRAY(uint64_t),
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

/* Make the packed records, which are symbols 1 to plan->distinct. */
static enum pw_status pack_records(struct pw_touch_plan *plan,
				   struct pw_error *err)
{
	const uint64_t *pages = plan->pages.data;
	struct pw_touch_packed *packed;
	struct pw_touch_entry *entry = plan->entry.data;
	enum pw_status st =
		pw_array_reserve(&plan->packed, plan->distinct, err);

	if (st != PW_OK)
		return st;
	packed = plan->packed.data;
	for (size_t i = 0; i < plan->distinct; i++) {
		const struct pw_touch_record r = pw_touch_record_at(plan, i);
		uint64_t literal = r.page == 0;

		packed[i].where = pages[r.page] |
				  (uint64_t)r.flags << PW_TOUCH_FLAGS_SHIFT |
				  literal << PW_TOUCH_LITERAL_SHIFT;
		packed[i].counts = (uint64_t)(r.loads | r.fetches) |
				   (uint64_t)r.stores << PW_TOUCH_COUNT_BITS |
				   (uint64_t)r.instructions
					   << 2 * PW_TOUCH_COUNT_BITS;
		entry[i + 1].instructions = r.instructions;
		entry[i + 1].literals = (uint32_t)literal;
	}
	return PW_OK;
}

/* Where the columns of a plan are written or read. */
struct cursor {
	uint64_t *page;
	uint64_t *instruction;
	uint32_t *loads;
	uint32_t *stores;
	uint32_t *fetches;
	uint8_t *flags;
};

static struct cursor cursor_of(const struct pw_touch_columns *columns)
{
	return (struct cursor){
		columns->page.data,    columns->instruction.data,
		columns->loads.data,   columns->stores.data,
		columns->fetches.data, columns->flags.data,
	};
}

/*
 * Write a packed record at @at, of which *begun instructions came before; its
 * page is @literal if it is one. Returns whether it is.
 */
static inline size_t unpack(struct pw_touch_packed packed,
			    const struct cursor *to, size_t at, uint64_t *begun,
			    uint64_t literal)
{
	const uint32_t mask = ((uint32_t)1 << PW_TOUCH_COUNT_BITS) - 1;
	uint64_t is_literal = packed.where >> PW_TOUCH_LITERAL_SHIFT;
	uint8_t flags =
		(uint8_t)(packed.where << 1 >> (PW_TOUCH_FLAGS_SHIFT + 1));
	uint32_t fetch = 0 - (uint32_t)(flags & PW_TOUCH_FETCH);
	uint32_t first = (uint32_t)packed.counts & mask;

	/* Literals have no page in the packed record. */
	to->page[at] = (packed.where & UINT64_MAX >> PW_PAGE_SHIFT) |
		       (literal & (0 - is_literal));
	*begun += packed.counts >> 2 * PW_TOUCH_COUNT_BITS;
	to->instruction[at] = *begun;
	to->loads[at] = first & ~fetch;
	to->stores[at] =
		(uint32_t)(packed.counts >> PW_TOUCH_COUNT_BITS) & mask;
	to->fetches[at] = first & fetch;
	to->flags[at] = flags;
	return (size_t)is_literal;
}

/* Write the records of a rule behind those that are there. */
static enum pw_status make_rule(struct pw_touch_plan *plan, uint32_t symbol,
				size_t *made, struct pw_error *err)
{
	const struct cursor to = cursor_of(&plan->made);
	struct pw_touch_entry *entry =
		&PW_ARRAY_AT(&plan->entry, struct pw_touch_entry, symbol);
	const struct pw_touch_packed *packed = plan->packed.data;
	const uint32_t *part = plan->part.data;
	enum pw_status st;
	uint64_t begun = 0;
	size_t at = *made;

	st = pw_array_reserve(&plan->place, plan->place.count + entry->count,
			      err);
	if (st != PW_OK)
		return st;
	entry->first = (uint32_t)at;
	entry->literal = (uint32_t)plan->place.count;
	pw_dense_unfold(plan->rule.data, (uint32_t)plan->distinct, symbol,
			plan->part.data, plan->stack.data);
	for (uint32_t i = 0; i < entry->count; i++, at++)
		if (unpack(packed[part[i] - 1], &to, at, &begun, 0))
			PW_ARRAY_AT(&plan->place, uint32_t,
				    plan->place.count++) = i;
	entry->instructions = (uint32_t)begun;
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

	/* No rule is anywhere yet: literal says that one is wanted. */
	for (size_t i = 0; i < plan->symbols.count; i++)
		entry[symbol[i]].literal = 1;
	for (size_t s = plan->distinct + 1; s < plan->entry.count; s++) {
		records += entry[s].literal ? entry[s].count : 0;
		if (records > PW_TOUCH_SLOTS_ALL_MAX)
			return pw_stream_malformed(err, "rule",
						   "holds too many records");
	}
	st = pack_records(plan, err);
	if (st == PW_OK)
		st = pw_touch_columns_reserve(&plan->made, records, err);
	if (st == PW_OK)
		st = pw_array_reserve(&plan->part, PW_TOUCH_SLOTS_MAX, err);
	if (st == PW_OK)
		st = pw_array_reserve(&plan->stack, PW_TOUCH_SLOTS_MAX, err);
	plan->place.count = 0;
	for (uint32_t s = (uint32_t)plan->distinct + 1;
	     s < plan->entry.count && st == PW_OK; s++)
		if (entry[s].literal != 0)
			st = make_rule(plan, s, &made, err);
	return st;
}

/* ---- records of a piece ---- */

/* Copy the records of a rule, of which @begun instructions came before. */
static inline void copy(const struct pw_touch_plan *plan,
			const struct pw_touch_entry *entry,
			const struct cursor *to, size_t at, uint64_t begun)
{
	size_t from = entry->first;
	const uint64_t *page = (const uint64_t *)plan->made.page.data + from;
	const uint64_t *instruction =
		(const uint64_t *)plan->made.instruction.data + from;
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
	const struct pw_touch_packed *packed = plan->packed.data;
	const uint32_t *symbol = plan->symbols.data;
	const uint32_t *place = plan->place.data;
	const uint64_t *literal = plan->literals.data;
	const uint64_t *literal_begin = literal;
	const struct cursor to = cursor_of(&plan->out);
	const uint32_t distinct = (uint32_t)plan->distinct;
	/* Instructions are counted from 0: the first one is that begun first.
	 */
	uint64_t begun = clock - 1;
	size_t i = plan->symbol, at = 0;

	PW_ASSERT(i < plan->symbols.count);
	literal += plan->literal;
	for (; symbol[i] != 0; i++) {
		const struct pw_touch_entry *entry;

		if (symbol[i] <= distinct) {
			literal += unpack(packed[symbol[i] - 1], &to, at++,
					  &begun, *literal);
			continue;
		}
		entry = &entries[symbol[i]];
		copy(plan, entry, &to, at, begun);
		for (uint32_t k = 0; k < entry->literals; k++)
			to.page[at + place[entry->literal + k]] = *literal++;
		at += entry->count;
		begun += entry->instructions;
	}
	PW_ASSERT(at <= plan->piece_max);
	for (size_t k = 0; k < at && to.instruction[k] == UINT64_MAX; k++)
		to.instruction[k] = 0;
	plan->literal = (size_t)(literal - literal_begin);
	plan->symbol = i + 1;
	*out = (struct pw_touches){at,	     to.page,	to.instruction,
				   to.loads, to.stores, to.fetches,
				   to.flags};
}
