/*
 * ordered_sets.c - sets that hold their keys in an order, newest first.
 */
#include "replay/mmu/ordered_sets.h"

static enum pw_ordered_form form_of(size_t ways)
{
	return ways <= PW_QUAD_WAYS  ? PW_ORDERED_QUAD
	       : ways <= PW_FEW_WAYS ? PW_ORDERED_FEW
				     : PW_ORDERED_WIDE;
}

static size_t count_set_words(size_t ways)
{
	size_t bytes = sizeof(struct pw_quad_set);

	if (form_of(ways) != PW_ORDERED_QUAD)
		bytes = form_of(ways) == PW_ORDERED_FEW
				? pw_few_set_bytes(ways)
				: pw_wide_set_bytes(ways);
	return bytes / sizeof(uint64_t);
}

size_t pw_ordered_sets_bytes(const struct pw_tlb_config *config)
{
	size_t ways = pw_tlb_ways(config);

	return sizeof(struct pw_ordered_sets) + (size_t)config->entries / ways *
							count_set_words(ways) *
							sizeof(uint64_t);
}

void pw_ordered_sets_flush(void *state)
{
	struct pw_ordered_sets *sets = state;
	size_t ways = sets->sets.ways;

	for (uint64_t i = 0; i < sets->sets.count; i++) {
		uint64_t *set = pw_ordered_set(sets, i);

		if (sets->form == PW_ORDERED_QUAD)
			pw_quad_set_init(pw_ordered_quad(set));
		else if (sets->form == PW_ORDERED_FEW)
			pw_few_set_init(pw_ordered_few(set), ways);
		else
			pw_wide_set_init(pw_ordered_wide(set), ways);
	}
}

void pw_ordered_sets_init(void *state, const struct pw_tlb_config *config)
{
	struct pw_ordered_sets *sets = state;

	sets->sets = pw_tlb_divide(config);
	sets->form = form_of(sets->sets.ways);
	sets->set_words = count_set_words(sets->sets.ways);
	PW_ASSERT(sets->sets.count * sets->set_words * sizeof(uint64_t) +
			  sizeof(*sets) ==
		  pw_ordered_sets_bytes(config));
	pw_ordered_sets_flush(state);
}

bool pw_ordered_sets_hold(const void *state, uint64_t key)
{
	const struct pw_ordered_sets *sets = state;
	const uint64_t *set =
		sets->words + pw_tlb_set_of(&sets->sets, key) * sets->set_words;

	if (sets->form == PW_ORDERED_QUAD)
		return pw_quad_set_holds(
			(const struct pw_quad_set *)(const void *)set, key);
	if (sets->form == PW_ORDERED_WIDE)
		return pw_wide_set_find(
			(const struct pw_wide_set *)(const void *)set, key);
	return pw_few_set_find((const struct pw_few_set *)(const void *)set,
			       sets->sets.ways, key) != PW_FEW_NONE;
}

void pw_ordered_sets_invalidate(void *state, uint64_t first, uint64_t count)
{
	struct pw_ordered_sets *sets = state;
	uint64_t reached = pw_tlb_sets_reached(&sets->sets, count);

	for (uint64_t i = 0; i < reached; i++) {
		uint64_t *set = pw_ordered_set(
			sets, pw_tlb_set_reached(&sets->sets, first, count, i));

		if (sets->form == PW_ORDERED_QUAD)
			pw_quad_set_remove(pw_ordered_quad(set), first, count);
		else if (sets->form == PW_ORDERED_WIDE)
			pw_wide_set_remove(pw_ordered_wide(set), first, count);
		else
			pw_few_set_remove(pw_ordered_few(set), sets->sets.ways,
					  first, count);
	}
}
