/*
 * tlb_set_assoc.c - set-associative TLB with true LRU in each set.
 *
 * Source: Hennessy & Patterson, "Computer Architecture" 6th ed., appendix B.2.
 * Cost:   as ordered_sets.h.
 */
#include "replay/mmu/ordered_sets.h"

static inline bool look_up_quad(struct pw_quad_set *set, uint64_t page)
{
	if (!pw_quad_set_holds(set, page))
		return false;
	pw_quad_set_raise(set, page);
	return true;
}

static inline __attribute__((always_inline)) bool
look_up_few(struct pw_few_set *set, size_t ways, uint64_t page)
{
	size_t way = pw_few_set_find(set, ways, page);

	if (way == PW_FEW_NONE)
		return false;
	pw_few_set_raise(set, way);
	return true;
}

static bool lookup(void *state, uint64_t page)
{
	struct pw_ordered_sets *sets = state;
	uint64_t *set = pw_ordered_set(sets, pw_tlb_set_of(&sets->sets, page));

	PW_DEBUG_ASSERT(page != PW_ORDERED_FREE);
	if (sets->form == PW_ORDERED_QUAD)
		return look_up_quad(pw_ordered_quad(set), page);
	if (sets->form == PW_ORDERED_FEW)
		return look_up_few(pw_ordered_few(set), sets->sets.ways, page);
	return pw_wide_set_lookup(pw_ordered_wide(set), page);
}

static void insert(void *state, uint64_t page)
{
	pw_ordered_sets_insert(state, page);
}

static void refer_quad(struct pw_ordered_sets *sets, const uint64_t *page,
		       size_t count, uint8_t *hit)
{
	const struct pw_tlb_sets division = sets->sets;

	for (size_t i = 0; i < count; i++) {
		struct pw_quad_set *set = pw_ordered_quad(sets->words) +
					  pw_tlb_set_of(&division, page[i]);

		hit[i] = look_up_quad(set, page[i]);
		if (!hit[i])
			pw_quad_set_insert(set, division.ways, page[i]);
	}
}

static void refer_few(struct pw_ordered_sets *sets, const uint64_t *page,
		      size_t count, uint8_t *hit)
{
	const struct pw_tlb_sets division = sets->sets;
	const size_t set_words = sets->set_words;

	for (size_t i = 0; i < count; i++) {
		struct pw_few_set *set = pw_ordered_few(
			sets->words +
			pw_tlb_set_of(&division, page[i]) * set_words);

		hit[i] = look_up_few(set, division.ways, page[i]);
		if (!hit[i])
			pw_few_set_insert(set, division.ways, page[i]);
	}
}

static void refer(void *state, const uint64_t *page, size_t count, uint8_t *hit)
{
	struct pw_ordered_sets *sets = state;

	if (sets->form == PW_ORDERED_QUAD) {
		refer_quad(sets, page, count, hit);
		return;
	}
	if (sets->form == PW_ORDERED_FEW) {
		refer_few(sets, page, count, hit);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		hit[i] = lookup(state, page[i]);
		if (!hit[i])
			insert(state, page[i]);
	}
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
	.refer = refer,
	.invalidate = pw_ordered_sets_invalidate,
	.flush = pw_ordered_sets_flush,
};
