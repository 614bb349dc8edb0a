/*
 * dense_expand.c - carry out a plan: symbols to accesses.
 *
 * Nothing is checked here, since making the plan has checked it all.
 */
#include "base/assert.h"
#include "base/bits.h"
#include "formats/dense_plan.h"
#include "formats/varint.h"

/* From so many slots on a copy is left to the library. */
#define COPIED_MANY 48
#define AHEAD_SLOTS 32 /* fetched before they are copied */
/* So many symbols ahead what they need is fetched. */
#define AHEAD_ENTRY 6
#define AHEAD_SYMBOLS 2

static const uint64_t width_mask[PW_DENSE_WIDTH_MAX + 1] = {
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

/* Copy the slots of @entry to @out. */
static inline void copy_slots(const struct pw_dense_plan *plan,
			      const struct pw_dense_entry *entry,
			      const struct pw_access_columns *out, size_t at)
{
	const uint64_t *address =
		(const uint64_t *)plan->address.data + entry->slot;
	const uint64_t *pc = (const uint64_t *)plan->pc.data + entry->slot;
	const uint32_t *size = (const uint32_t *)plan->size.data + entry->slot;
	const uint8_t *kind = (const uint8_t *)plan->kind.data + entry->slot;
	size_t slots = entry->slots;

	if (slots >= COPIED_MANY) {
		memcpy(out->address + at, address, slots * 8);
		if (out->pc)
			memcpy(out->pc + at, pc, slots * 8);
		memcpy(out->size_bytes + at, size, slots * 4);
		memcpy(out->kind + at, kind, slots);
		return;
	}
	for (size_t i = 0; i < slots; i += PW_SHAPE_SET_SLACK) {
		memcpy(out->address + at + i, address + i,
		       (size_t)PW_SHAPE_SET_SLACK * 8);
		if (out->pc)
			memcpy(out->pc + at + i, pc + i,
			       (size_t)PW_SHAPE_SET_SLACK * 8);
		memcpy(out->size_bytes + at + i, size + i,
		       (size_t)PW_SHAPE_SET_SLACK * 4);
		memcpy(out->kind + at + i, kind + i, PW_SHAPE_SET_SLACK);
	}
}

/* Correct the addresses that are not the same each time. */
static inline void correct(struct pw_dense_plan *plan,
			   struct pw_dense_entry *entry, uint64_t *address)
{
	const struct pw_dense_leader *leader =
		(const struct pw_dense_leader *)plan->leader.data +
		entry->leader;
	const struct pw_dense_follower *follower =
		(const struct pw_dense_follower *)plan->follower.data +
		entry->follower;
	const struct pw_dense_keeper *keeper =
		(const struct pw_dense_keeper *)plan->keeper.data +
		entry->keeper;
	uint32_t leaders = entry->leaders, followers = entry->followers;
	uint32_t keepers = entry->keepers;
	uint64_t *cell = plan->cell.data;
	uint64_t *mine = cell + plan->first_cell;
	const uint8_t *row = entry->row;

	for (uint32_t i = 0; i < leaders; i++) {
		uint64_t value = cell[leader[i].source] + leader[i].base +
				 (pw_load64(row) & width_mask[leader[i].width]);

		row += leader[i].width;
		mine[i] = value;
		address[leader[i].slot] = value;
	}
	entry->row = row;
	for (uint32_t i = 0; i < followers; i++)
		address[follower[i].slot] =
			mine[follower[i].leader] +
			(uint64_t)(int64_t)follower[i].offset;
	for (uint32_t i = 0; i < keepers; i++)
		cell[keeper[i].target] =
			cell[keeper[i].source] + keeper[i].offset;
}

/* The entry of a symbol to come, or of another one near the end. */
static inline const struct pw_dense_entry *
entry_ahead(const struct pw_dense_plan *plan, size_t ahead, uint32_t mask)
{
	const struct pw_dense_entry *entry = plan->entry.data;
	const uint8_t *at = plan->symbol + ahead * plan->symbol_bytes;

	return at < plan->symbol_end ? &entry[pw_load32(at) & mask] : entry;
}

/* Let what the symbols to come need come nearer. */
static inline void fetch_ahead(const struct pw_dense_plan *plan, uint32_t mask,
			       bool pc_too)
{
	const struct pw_dense_entry *entry =
		entry_ahead(plan, AHEAD_SYMBOLS, mask);
	const uint64_t *address = plan->address.data, *pc = plan->pc.data;
	const uint32_t *size = plan->size.data;
	const uint8_t *kind = plan->kind.data;

	__builtin_prefetch(entry_ahead(plan, AHEAD_ENTRY, mask));
	for (uint32_t i = 0; i < AHEAD_SLOTS; i += 8) {
		__builtin_prefetch(&address[entry->slot + i]);
		if (pc_too)
			__builtin_prefetch(&pc[entry->slot + i]);
	}
	__builtin_prefetch(&size[entry->slot]);
	__builtin_prefetch(&size[entry->slot + 16]);
	__builtin_prefetch(&kind[entry->slot]);
	__builtin_prefetch((const struct pw_dense_leader *)plan->leader.data +
			   entry->leader);
	__builtin_prefetch(entry->row);
	__builtin_prefetch(
		(const struct pw_dense_follower *)plan->follower.data +
		entry->follower);
	__builtin_prefetch((const struct pw_dense_keeper *)plan->keeper.data +
			   entry->keeper);
}

/* The next accesses of the open run, at most @room; returns how many. */
static size_t copy_run(struct pw_dense_plan *plan, size_t room,
		       const struct pw_access_columns *out, size_t at)
{
	size_t count = plan->run_left < room ? plan->run_left : room;
	size_t from = plan->rest;

	memcpy(out->address + at,
	       (const uint64_t *)plan->rest_address.data + from, count * 8);
	if (out->pc)
		memcpy(out->pc + at,
		       (const uint64_t *)plan->rest_pc.data + from, count * 8);
	memcpy(out->size_bytes + at,
	       (const uint32_t *)plan->rest_size.data + from, count * 4);
	memcpy(out->kind + at, (const uint8_t *)plan->rest_kind.data + from,
	       count);
	plan->rest += count;
	plan->run_left -= count;
	return count;
}

size_t pw_dense_plan_next(struct pw_dense_plan *plan, size_t count,
			  const struct pw_access_columns *out)
{
	struct pw_dense_entry *entries = plan->entry.data;
	uint32_t bytes = plan->symbol_bytes;
	uint32_t mask = (uint32_t)width_mask[bytes];
	size_t done = 0;

	while (done < count) {
		uint32_t symbol;
		uint64_t run;

		if (plan->run_left > 0) {
			done += copy_run(plan, count - done, out, done);
			continue;
		}
		if (plan->symbol == plan->symbol_end)
			break;
		symbol = pw_load32(plan->symbol) & mask;
		plan->symbol += bytes;
		if (symbol == 0) {
			plan->run =
				pw_varint_get(plan->run, plan->run_end, &run);
			PW_ASSERT(plan->run);
			plan->run_left = (size_t)run;
			continue;
		}
		fetch_ahead(plan, mask, out->pc != NULL);
		copy_slots(plan, &entries[symbol], out, done);
		correct(plan, &entries[symbol], out->address + done);
		done += entries[symbol].slots;
	}
	return done;
}

void pw_dense_plan_execute(struct pw_dense_plan *plan, uint32_t symbol,
			   uint64_t *out)
{
	struct pw_dense_entry *entry =
		&PW_ARRAY_AT(&plan->entry, struct pw_dense_entry, symbol);

	PW_DEBUG_ASSERT(plan->only_stored);
	memcpy(out, (const uint64_t *)plan->address.data + entry->slot,
	       entry->slots * sizeof(*out));
	correct(plan, entry, out);
}
