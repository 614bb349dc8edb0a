/*
 * tlb_set_assoc.c - set-associative TLB with true LRU in each set.
 *
 * A set of few ways holds its pages most recent first, so position is age and
 * the victim is always the last one; free ways are at the end. Sets of many
 * ways are wide_set.c's.
 *
 * Source: Hennessy & Patterson, "Computer Architecture" 6th ed., appendix B.2.
 * Cost:   O(ways) a look-up with few ways, but O(1) for recent pages; 8 bytes
 *         of state an entry; O(1) with many ways, 24 to 32 bytes.
 */
#include "base/assert.h"
#include "base/bits.h"
#include "replay/models.h"
#include "replay/wide_set.h"

#define FREE_WAY PW_WIDE_SET_FREE
#define ENTRIES_MAX ((uint64_t)1 << 24)
#define FEW_WAYS 16

struct set_assoc {
	uint64_t sets;
	uint64_t mask; /* sets - 1 when sets are a power of two */
	bool pow2;
	bool wide;
	size_t ways;
	size_t set_words; /* 64-bit words of a set's state */
	uint64_t words[];
};

static size_t count_ways(const struct pw_tlb_config *config)
{
	return (size_t)(config->ways ? config->ways : config->entries);
}

static size_t count_set_words(const struct pw_tlb_config *config)
{
	size_t ways = count_ways(config);

	return ways <= FEW_WAYS ? ways
				: pw_wide_set_bytes(ways) / sizeof(uint64_t);
}

static enum pw_status check(const struct pw_tlb_config *config,
			    struct pw_error *err)
{
	if (config->entries == 0 || config->entries > ENTRIES_MAX)
		return pw_fail(err, PW_ERR_USAGE,
			       "entries must be 1 to %llu, not %llu",
			       (unsigned long long)ENTRIES_MAX,
			       (unsigned long long)config->entries);
	if (config->entries % count_ways(config) != 0)
		return pw_fail(err, PW_ERR_USAGE,
			       "%llu entries are no multiple of %llu ways",
			       (unsigned long long)config->entries,
			       (unsigned long long)config->ways);
	return PW_OK;
}

static size_t state_bytes(const struct pw_tlb_config *config)
{
	PW_ASSERT(config->entries <= ENTRIES_MAX);
	return sizeof(struct set_assoc) +
	       (size_t)config->entries / count_ways(config) *
		       count_set_words(config) * sizeof(uint64_t);
}

static inline uint64_t *set_at(struct set_assoc *tlb, uint64_t index)
{
	return tlb->words + index * tlb->set_words;
}

static inline uint64_t *find_set(struct set_assoc *tlb, uint64_t page)
{
	return set_at(tlb, tlb->pow2 ? page & tlb->mask : page % tlb->sets);
}

/* A set of many ways; words are aligned for it. */
static inline struct pw_wide_set *as_wide(uint64_t *set)
{
	return (struct pw_wide_set *)(void *)set;
}

static void flush(void *state)
{
	struct set_assoc *tlb = state;

	for (uint64_t i = 0; tlb->wide && i < tlb->sets; i++)
		pw_wide_set_init(as_wide(set_at(tlb, i)), tlb->ways);
	for (size_t i = 0; !tlb->wide && i < tlb->sets * tlb->ways; i++)
		tlb->words[i] = FREE_WAY;
}

static void init(void *state, const struct pw_tlb_config *config)
{
	struct set_assoc *tlb = state;

	tlb->ways = count_ways(config);
	tlb->sets = config->entries / tlb->ways;
	tlb->pow2 = pw_is_pow2(tlb->sets);
	tlb->mask = tlb->sets - 1;
	tlb->wide = tlb->ways > FEW_WAYS;
	tlb->set_words = count_set_words(config);
	PW_ASSERT(tlb->sets * tlb->ways == config->entries);
	PW_ASSERT(tlb->sets * tlb->set_words * sizeof(uint64_t) +
			  sizeof(*tlb) ==
		  state_bytes(config));
	flush(state);
}

/* The most recent page of a residue class of a divisor of the number of sets
 * is the most recent of its set. */
static uint64_t filter_sets(const struct pw_tlb_config *config)
{
	uint64_t sets = config->entries / count_ways(config);

	return sets & (0 - sets);
}

/* Make room in front by moving @count pages back. */
static inline void push_front(uint64_t *set, size_t count, uint64_t page)
{
	for (size_t i = count; i > 0; i--)
		set[i] = set[i - 1];
	set[0] = page;
}

static bool lookup(void *state, uint64_t page)
{
	struct set_assoc *tlb = state;
	uint64_t *set = find_set(tlb, page);

	PW_DEBUG_ASSERT(page != FREE_WAY);
	if (tlb->wide)
		return pw_wide_set_lookup(as_wide(set), page);
	for (size_t i = 0; i < tlb->ways; i++) {
		if (set[i] == page) {
			push_front(set, i, page);
			return true;
		}
	}
	return false;
}

static void insert(void *state, uint64_t page)
{
	struct set_assoc *tlb = state;
	uint64_t *set = find_set(tlb, page);

	PW_DEBUG_ASSERT(page != FREE_WAY);
	if (tlb->wide)
		pw_wide_set_insert(as_wide(set), page);
	else
		push_front(set, tlb->ways - 1, page);
}

/* Remove the pages of @set in [first, first + count), closing the gaps. */
static void sweep(uint64_t *set, size_t ways, uint64_t first, uint64_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < ways; i++) {
		if (set[i] - first >= count || set[i] == FREE_WAY)
			set[kept++] = set[i];
	}
	while (kept < ways)
		set[kept++] = FREE_WAY;
}

static void invalidate(void *state, uint64_t first, uint64_t count)
{
	struct set_assoc *tlb = state;
	uint64_t sets = count < tlb->sets ? count : tlb->sets;

	for (uint64_t i = 0; i < sets; i++) {
		uint64_t *set = find_set(tlb, first + i);

		if (tlb->wide)
			pw_wide_set_remove(as_wide(set), first, count);
		else
			sweep(set, tlb->ways, first, count);
	}
}

const struct pw_tlb_ops pw_tlb_set_assoc = {
	.name = "set-assoc",
	.summary = "set-associative, true LRU in each set",
	.source = "Hennessy & Patterson, Computer Architecture, 6th ed., B.2",
	.check = check,
	.state_bytes = state_bytes,
	.init = init,
	.filter_sets = filter_sets,
	.lookup = lookup,
	.insert = insert,
	.invalidate = invalidate,
	.flush = flush,
};
