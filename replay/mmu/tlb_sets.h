/*
 * tlb_sets.h - how the models of TLBs divide their entries into sets.
 */
#ifndef PW_REPLAY_TLB_SETS_H
#define PW_REPLAY_TLB_SETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "replay/mmu/tlb_key.h"
#include "replay/models.h"

struct pw_tlb_sets {
	uint64_t count;
	uint64_t mask; /* count - 1 when that is a power of two */
	size_t ways;
	unsigned fold; /* bits of a set's number that XOR folds; 0: modulo */
	bool pow2;
};

/*
 * The ways of @config, all entries when it is fully associative.
 */
size_t pw_tlb_ways(const struct pw_tlb_config *config);

/*
 * Check what all models ask of sizes and index.
 *
 * Errors: PW_ERR_USAGE they do not fit.
 */
enum pw_status pw_tlb_check(const struct pw_tlb_config *config,
			    struct pw_error *err) PW_MUST_CHECK;

/*
 * The division of @config, which was checked.
 */
struct pw_tlb_sets pw_tlb_divide(const struct pw_tlb_config *config);

/*
 * Largest power of two S such that keys of one set are equal modulo S: 1 when
 * the index is hashed.
 */
uint64_t pw_tlb_residues(const struct pw_tlb_config *config);

/*
 * The filter_depth of models that may drop all pages but the one touched last:
 * 1.
 */
size_t pw_tlb_depth_one(const struct pw_tlb_config *config);

/*
 * The set of @key, by the page number in it.
 *
 * Source: for XOR, Tatar, Trujillo, Giuffrida & Bos, "TLB;DR", USENIX Security
 *         2022, and Gras et al., "Translation Leak-aside Buffer", USENIX
 *         Security 2018: XOR-7 of Skylake, XOR-8 of Broadwell.
 */
static inline uint64_t pw_tlb_set_of(const struct pw_tlb_sets *sets,
				     uint64_t key)
{
	uint64_t page = key & PW_KEY_PAGE;

	if (!sets->pow2)
		return page % sets->count;
	if (sets->fold)
		page ^= page >> sets->fold;
	return page & sets->mask;
}

/*
 * How many sets hold keys of a range of @count, at most; and the @nth of these
 * sets when the range begins with @first.
 */
static inline uint64_t pw_tlb_sets_reached(const struct pw_tlb_sets *sets,
					   uint64_t count)
{
	return count < sets->count ? count : sets->count;
}

static inline uint64_t pw_tlb_set_reached(const struct pw_tlb_sets *sets,
					  uint64_t first, uint64_t count,
					  uint64_t nth)
{
	return count < sets->count ? pw_tlb_set_of(sets, first + nth) : nth;
}

#endif
