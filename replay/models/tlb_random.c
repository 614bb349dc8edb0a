/*
 * tlb_random.c - set-associative TLB that replaces any way of a set.
 *
 * The generator is drawn from on replacements only, and begins anew whenever
 * the TLB is emptied.
 *
 * Source: Hennessy & Patterson, "Computer Architecture" 6th ed., appendix B.1.
 * Cost:   as way_sets.h.
 */
#include "replay/mmu/way_sets.h"

static size_t state_bytes(const struct pw_tlb_config *config)
{
	return pw_way_sets_bytes(config, 0);
}

static void init(void *state, const struct pw_tlb_config *config)
{
	pw_way_sets_init(state, config, 0);
}

static bool lookup(void *state, uint64_t page)
{
	return pw_way_sets_hold(state, page);
}

static void insert(void *state, uint64_t page)
{
	struct pw_way_sets *sets = state;
	struct pw_way_set *set =
		pw_way_set(sets, pw_tlb_set_of(&sets->sets, page));
	size_t way = pw_way_sets_take(sets, set);

	if (way == PW_NO_WAY)
		way = (size_t)pw_random_below(&sets->random, sets->sets.ways);
	pw_way_sets_put(sets, set, way, page);
}

static void refer(void *state, const uint64_t *page, size_t count, uint8_t *hit)
{
	for (size_t i = 0; i < count; i++) {
		hit[i] = lookup(state, page[i]);
		if (!hit[i])
			insert(state, page[i]);
	}
}

const struct pw_tlb_ops pw_tlb_random = {
	.name = "random",
	.summary = "set-associative, any way of a full set is replaced",
	.source = "Hennessy & Patterson, Computer Architecture, 6th ed., B.1",
	.check = pw_tlb_check,
	.state_bytes = state_bytes,
	.init = init,
	.filter_sets = pw_tlb_residues,
	.filter_depth = pw_tlb_depth_one,
	.lookup = lookup,
	.holds = pw_way_sets_hold,
	.insert = insert,
	.refer = refer,
	.invalidate = pw_way_sets_invalidate,
	.flush = pw_way_sets_flush,
};
