/*
 * tlb_tree_plru.c - set-associative TLB with a tree of bits in each set.
 *
 * Each node of a binary tree over the ways points to the half that was not
 * used last; the victim is where the pointers lead. The tree is that of the
 * next power of two ways, and a half without ways is never entered.
 *
 * Source: Smith, "Cache Memories", ACM Computing Surveys 14(3), 1982; Sites &
 *         Agarwal, "Multiprocessor cache analysis using ATUM", ISCA 1988.
 * Cost:   as way_sets.h, and O(log ways); a bit an entry.
 */
#include "base/bits.h"
#include "replay/mmu/way_sets.h"

#define WORD_BITS 64

/* Leaves of the tree over @ways. */
static size_t count_leaves(size_t ways)
{
	return ways > 1 ? (size_t)2 << pw_log2(ways - 1) : 1;
}

/* Bit i, from 1 on, is node i: nodes 2i and 2i + 1 are below it. */
static size_t count_words(const struct pw_tlb_config *config)
{
	return (count_leaves(pw_tlb_ways(config)) + WORD_BITS - 1) / WORD_BITS;
}

static size_t state_bytes(const struct pw_tlb_config *config)
{
	return pw_way_sets_bytes(config, count_words(config));
}

static void init(void *state, const struct pw_tlb_config *config)
{
	pw_way_sets_init(state, config, count_words(config));
}

/* Let the nodes above @way point to their other halves. */
static void turn_away(uint64_t *bits, size_t leaves, size_t way)
{
	for (size_t node = leaves + way; node > 1; node /= 2) {
		size_t above = node / 2;
		uint64_t bit = (uint64_t)1 << above % WORD_BITS;

		if (node % 2)
			bits[above / WORD_BITS] &= ~bit;
		else
			bits[above / WORD_BITS] |= bit;
	}
}

static size_t follow(const uint64_t *bits, size_t leaves, size_t ways)
{
	size_t node = 1;
	size_t first = 0; /* leaf below the node */

	for (size_t half = leaves / 2; half > 0; half /= 2) {
		bool upper = bits[node / WORD_BITS] >> node % WORD_BITS & 1;

		upper = upper && first + half < ways;
		node = 2 * node + upper;
		first += upper ? half : 0;
	}
	PW_DEBUG_ASSERT(first < ways);
	return first;
}

static bool lookup(void *state, uint64_t page)
{
	struct pw_way_sets *sets = state;
	struct pw_way_set *set =
		pw_way_set(sets, pw_tlb_set_of(&sets->sets, page));
	size_t way = pw_way_sets_find(sets, set, page);

	if (way == PW_NO_WAY)
		return false;
	turn_away(set->word, count_leaves(sets->sets.ways), way);
	return true;
}

static void insert(void *state, uint64_t page)
{
	struct pw_way_sets *sets = state;
	struct pw_way_set *set =
		pw_way_set(sets, pw_tlb_set_of(&sets->sets, page));
	size_t leaves = count_leaves(sets->sets.ways);
	size_t way = pw_way_sets_take(sets, set);

	if (way == PW_NO_WAY)
		way = follow(set->word, leaves, sets->sets.ways);
	pw_way_sets_put(sets, set, way, page);
	turn_away(set->word, leaves, way);
}

/*
 * A victim's nodes all point to it, and each was turned by a use of another way
 * that came after its own: so many pages are younger. Where a half lacks ways,
 * nodes may point elsewhere.
 */
static size_t filter_depth(const struct pw_tlb_config *config)
{
	size_t ways = pw_tlb_ways(config);

	return pw_is_pow2(ways) ? (size_t)pw_log2(ways) + 1 : 1;
}

static void refer(void *state, const uint64_t *page, size_t count, uint8_t *hit)
{
	for (size_t i = 0; i < count; i++) {
		hit[i] = lookup(state, page[i]);
		if (!hit[i])
			insert(state, page[i]);
	}
}

const struct pw_tlb_ops pw_tlb_tree_plru = {
	.name = "tree-plru",
	.summary = "set-associative, a tree of bits in each set points away "
		   "from what was used",
	.source = "Smith, Cache Memories, ACM Computing Surveys 14(3), 1982",
	.check = pw_tlb_check,
	.state_bytes = state_bytes,
	.init = init,
	.filter_sets = pw_tlb_residues,
	.filter_depth = filter_depth,
	.lookup = lookup,
	.holds = pw_way_sets_hold,
	.insert = insert,
	.refer = refer,
	.invalidate = pw_way_sets_invalidate,
	.flush = pw_way_sets_flush,
};
