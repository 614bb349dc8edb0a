/*
 * tlb_fifo.c - set-associative TLB that replaces what was put in first.
 *
 * Source: Hennessy & Patterson, "Computer Architecture" 6th ed., appendix B.1.
 * Cost:   as ordered_sets.h.
 */
#include "replay/mmu/ordered_sets.h"

static bool lookup(void *state, uint64_t page)
{
	return pw_ordered_sets_hold(state, page);
}

static void insert(void *state, uint64_t page)
{
	pw_ordered_sets_insert(state, page);
}

static void refer(void *state, const uint64_t *page, size_t count, uint8_t *hit)
{
	for (size_t i = 0; i < count; i++) {
		hit[i] = lookup(state, page[i]);
		if (!hit[i])
			insert(state, page[i]);
	}
}

const struct pw_tlb_ops pw_tlb_fifo = {
	.name = "fifo",
	.summary = "set-associative, first in, first out in each set",
	.source = "Hennessy & Patterson, Computer Architecture, 6th ed., B.1",
	.check = pw_tlb_check,
	.state_bytes = pw_ordered_sets_bytes,
	.init = pw_ordered_sets_init,
	.filter_sets = pw_tlb_residues,
	.filter_depth = pw_tlb_depth_one,
	.lookup = lookup,
	.holds = pw_ordered_sets_hold,
	.insert = insert,
	.refer = refer,
	.invalidate = pw_ordered_sets_invalidate,
	.flush = pw_ordered_sets_flush,
};
