/*
 * tlb_set_assoc.c - set-associative TLB with true LRU in each set.
 *
 * Source: Hennessy & Patterson, "Computer Architecture" 6th ed., appendix B.2.
 * Cost:   as ordered_sets.h.
 */
#include "replay/ordered_sets.h"

static bool lookup(void *state, uint64_t page)
{
	struct pw_ordered_sets *sets = state;
	uint64_t *set = pw_ordered_set(sets, pw_tlb_set_of(&sets->sets, page));
	size_t way;

	PW_DEBUG_ASSERT(page != PW_ORDERED_FREE);
	if (sets->wide)
		return pw_wide_set_lookup(pw_ordered_wide(set), page);
	way = pw_few_set_find(pw_ordered_few(set), sets->sets.ways, page);
	if (way == PW_FEW_NONE)
		return false;
	pw_few_set_raise(pw_ordered_few(set), way);
	return true;
}

static void insert(void *state, uint64_t page)
{
	pw_ordered_sets_insert(state, page);
}

const struct pw_tlb_ops pw_tlb_set_assoc = {
	.name = "set-assoc",
	.summary = "set-associative, true LRU in each set",
	.source = "Hennessy & Patterson, Computer Architecture, 6th ed., B.2",
	.check = pw_tlb_check,
	.state_bytes = pw_ordered_sets_bytes,
	.init = pw_ordered_sets_init,
	.filter_sets = pw_tlb_residues,
	.filter_depth = pw_tlb_ways,
	.lookup = lookup,
	.holds = pw_ordered_sets_hold,
	.insert = insert,
	.invalidate = pw_ordered_sets_invalidate,
	.flush = pw_ordered_sets_flush,
};
