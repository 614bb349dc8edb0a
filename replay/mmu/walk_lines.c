/*
 * walk_lines.c - where walks find the entries that they read, and what it
 * costs.
 */
#include "replay/mmu/walk_lines.h"

#include "base/assert.h"

enum pw_status pw_walk_lines_make(struct pw_walk_lines *lines,
				  const struct pw_machine *machine,
				  struct pw_counters *counters,
				  struct pw_arena *arena, struct pw_error *err)
{
	const struct pw_line_choice *choice = &machine->lines;
	enum pw_status st = PW_OK;

	memset(lines, 0, sizeof(*lines));
	lines->counters = counters;
	lines->cached = choice->cached;
	lines->fixed_cycles = machine->cost.walk_reference_cycles;
	lines->served[0] = &counters->walk_served_l1d;
	lines->served[1] = &counters->walk_served_l2;
	lines->served[2] = &counters->walk_served_llc;
	lines->served[3] = &counters->walk_served_memory;
	memcpy(lines->cycles, choice->cycles, sizeof(lines->cycles));
	for (size_t i = 0; i < PW_LINE_CACHES && st == PW_OK; i++)
		st = pw_tlb_make(&lines->cache[i], &choice->cache[i], arena,
				 err);
	return st;
}

void pw_walk_lines_look(struct pw_walk_lines *lines, uint32_t space,
			unsigned height, uint64_t entry)
{
	uint64_t key;
	size_t place = 0;

	PW_DEBUG_ASSERT(lines->cached);
	PW_DEBUG_ASSERT(height < PW_CLASSES && space <= PW_LINE_HOST);
	key = pw_tlb_key(space, height, entry >> PW_LINE_ENTRIES_SHIFT);
	for (; place < PW_LINE_CACHES; place++) {
		const struct pw_tlb *cache = &lines->cache[place];

		if (cache->ops && cache->ops->lookup(cache->state, key))
			break;
	}
	lines->counters->walk_cycles += lines->cycles[place];
	++*lines->served[place];
	while (place-- > 0) {
		const struct pw_tlb *cache = &lines->cache[place];

		if (cache->ops)
			cache->ops->insert(cache->state, key);
	}
}
