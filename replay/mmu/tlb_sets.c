/*
 * tlb_sets.c - how the models of TLBs divide their entries into sets.
 */
#include "replay/mmu/tlb_sets.h"

#include "base/assert.h"
#include "base/bits.h"

#define ENTRIES_MAX ((uint64_t)1 << 24)

size_t pw_tlb_ways(const struct pw_tlb_config *config)
{
	return (size_t)(config->ways ? config->ways : config->entries);
}

enum pw_status pw_tlb_check(const struct pw_tlb_config *config,
			    struct pw_error *err)
{
	uint64_t sets;

	if (config->entries == 0 || config->entries > ENTRIES_MAX)
		return pw_fail(err, PW_ERR_USAGE,
			       "entries must be 1 to %llu, not %llu",
			       (unsigned long long)ENTRIES_MAX,
			       (unsigned long long)config->entries);
	if (config->entries % pw_tlb_ways(config) != 0)
		return pw_fail(err, PW_ERR_USAGE,
			       "%llu entries are no multiple of %llu ways",
			       (unsigned long long)config->entries,
			       (unsigned long long)config->ways);
	sets = config->entries / pw_tlb_ways(config);
	if (config->index == PW_TLB_XOR && !pw_is_pow2(sets))
		return pw_fail(err, PW_ERR_USAGE,
			       "the index xor needs a power of two of sets, "
			       "not %llu",
			       (unsigned long long)sets);
	return PW_OK;
}

struct pw_tlb_sets pw_tlb_divide(const struct pw_tlb_config *config)
{
	struct pw_tlb_sets sets = {.ways = pw_tlb_ways(config)};

	sets.count = config->entries / sets.ways;
	sets.mask = sets.count - 1;
	sets.pow2 = pw_is_pow2(sets.count);
	if (config->index == PW_TLB_XOR)
		sets.fold = pw_log2(sets.count);
	PW_ASSERT(sets.count * sets.ways == config->entries);
	PW_ASSERT(sets.pow2 || sets.fold == 0);
	return sets;
}

uint64_t pw_tlb_residues(const struct pw_tlb_config *config)
{
	uint64_t sets = config->entries / pw_tlb_ways(config);

	return config->index == PW_TLB_XOR ? 1 : sets & (0 - sets);
}

size_t pw_tlb_depth_one(const struct pw_tlb_config *config)
{
	PW_DEBUG_ASSERT(config->entries > 0);
	(void)config;
	return 1;
}
