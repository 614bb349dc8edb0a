/*
 * tlb_bit_plru.c - set-associative TLB with a bit a way: used of late.
 *
 * When the last bit of a set is set, the others are cleared. The victim is the
 * lowest way without its bit.
 *
 * Source: Al-Zoubi, Milenkovic & Milenkovic, "Performance evaluation of cache
 *         replacement policies for the SPEC CPU2000 benchmark suite", ACMSE
 *         2004 (PLRUm).
 * Cost:   as way_sets.h, and O(ways / 64); a bit an entry.
 */
#include "base/bits.h"
#include "replay/mmu/way_sets.h"

#define WORD_BITS 64

/* Word 0 counts the bits that are set; then come the bits. */
static size_t count_bit_words(size_t ways)
{
	return (ways + WORD_BITS - 1) / WORD_BITS;
}

static size_t count_words(const struct pw_tlb_config *config)
{
	return 1 + count_bit_words(pw_tlb_ways(config));
}

static size_t state_bytes(const struct pw_tlb_config *config)
{
	return pw_way_sets_bytes(config, count_words(config));
}

static void init(void *state, const struct pw_tlb_config *config)
{
	pw_way_sets_init(state, config, count_words(config));
}

static void use(uint64_t *word, size_t ways, size_t way)
{
	uint64_t *bits = word + 1;
	uint64_t bit = (uint64_t)1 << way % WORD_BITS;

	if (bits[way / WORD_BITS] & bit)
		return;
	if (++word[0] == ways) {
		memset(bits, 0, count_bit_words(ways) * sizeof(*bits));
		word[0] = 1;
	}
	bits[way / WORD_BITS] |= bit;
}

/* The one way of a set may have its bit. */
static size_t choose(const uint64_t *word, size_t ways)
{
	const uint64_t *bits = word + 1;
	size_t way = 0;

	if (ways == 1)
		return 0;
	while (bits[way / WORD_BITS] == UINT64_MAX)
		way += WORD_BITS;
	way += (size_t)__builtin_ctzll(~bits[way / WORD_BITS]);
	PW_DEBUG_ASSERT(way < ways);
	return way;
}

static bool lookup(void *state, uint64_t page)
{
	struct pw_way_sets *sets = state;
	struct pw_way_set *set =
		pw_way_set(sets, pw_tlb_set_of(&sets->sets, page));
	size_t way = pw_way_sets_find(sets, set, page);

	if (way == PW_NO_WAY)
		return false;
	use(set->word, sets->sets.ways, way);
	return true;
}

static void insert(void *state, uint64_t page)
{
	struct pw_way_sets *sets = state;
	struct pw_way_set *set =
		pw_way_set(sets, pw_tlb_set_of(&sets->sets, page));
	size_t way = pw_way_sets_take(sets, set);

	if (way == PW_NO_WAY)
		way = choose(set->word, sets->sets.ways);
	pw_way_sets_put(sets, set, way, page);
	use(set->word, sets->sets.ways, way);
}

static void refer(void *state, const uint64_t *page, size_t count, uint8_t *hit)
{
	for (size_t i = 0; i < count; i++) {
		hit[i] = lookup(state, page[i]);
		if (!hit[i])
			insert(state, page[i]);
	}
}

const struct pw_tlb_ops pw_tlb_bit_plru = {
	.name = "bit-plru",
	.summary = "set-associative, a bit a way says that it was used of late",
	.source = "Al-Zoubi, Milenkovic & Milenkovic, Performance evaluation "
		  "of cache replacement policies, ACMSE 2004",
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
