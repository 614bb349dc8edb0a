/*
 * compare_tlbs.c - what TLBs count against what those of the oracle do.
 */
#include "tests/support/pw_test.h"

#include "tests/oracle/compare_tlbs.h"

static void compare(const struct pw_tlb_tally *have, struct pw_oracle_row want,
		    uint64_t seed, const char *where)
{
	if (have->lookups != want.lookups || have->misses != want.misses ||
	    have->prefetches != want.prefetches)
		fail_msg("seed %ju, %s: %ju look-ups, %ju misses, %ju "
			 "prefetches, not %ju, %ju, %ju",
			 (uintmax_t)seed, where, (uintmax_t)have->lookups,
			 (uintmax_t)have->misses, (uintmax_t)have->prefetches,
			 (uintmax_t)want.lookups, (uintmax_t)want.misses,
			 (uintmax_t)want.prefetches);
}

void pw_oracle_compare_tlbs(
	const struct pw_tlb_tally (*have)[PW_TLB_HEIGHTS],
	const struct pw_oracle_row (*before)[PW_ORACLE_HEIGHTS],
	const struct pw_oracle_row (*after)[PW_ORACLE_HEIGHTS], uint64_t seed,
	const char *where)
{
	for (size_t i = 0; i < PW_TLB_ARRAYS; i++) {
		for (size_t h = 0; h < PW_TLB_HEIGHTS; h++) {
			struct pw_oracle_row want = after[i][h];
			char which[96];

			if (before) {
				want.lookups -= before[i][h].lookups;
				want.misses -= before[i][h].misses;
				want.prefetches -= before[i][h].prefetches;
			}
			snprintf(which, sizeof(which), "%s: %s, height %zu",
				 where, pw_tlb_array_info(i)->name, h);
			compare(&have[i][h], want, seed, which);
		}
	}
}
