/*
 * compare_walks.c - all counters of walks against those of the oracle.
 */
#include "tests/support/pw_test.h"

#include "tests/oracle/compare_walks.h"

void pw_oracle_compare_walks(const struct pw_counters *have,
			     const struct pw_oracle_walk_counts *want,
			     uint64_t seed, uint64_t step)
{
	const struct {
		const char *name;
		uint64_t have, want;
	} rows[] = {
		{"walk.count", have->walk_count, want->walks},
		{"walk.references", have->walk_references, want->references},
		{"walk.cycles", have->walk_cycles, want->cycles},
		{"walk.height0", have->walk_height0, want->height[0]},
		{"walk.height1", have->walk_height1, want->height[1]},
		{"walk.height2", have->walk_height2, want->height[2]},
		{"walk.height3", have->walk_height3, want->height[3]},
		{"walk.height4", have->walk_height4, want->height[4]},
		{"walk.served.l1d", have->walk_served_l1d, want->served[0]},
		{"walk.served.l2", have->walk_served_l2, want->served[1]},
		{"walk.served.llc", have->walk_served_llc, want->served[2]},
		{"walk.served.memory", have->walk_served_memory,
		 want->served[3]},
		{"pwc.hits", have->pwc_hits, want->pwc_hits},
		{"nested.references", have->nested_references,
		 want->nested_references},
		{"nested.tlb_hits", have->nested_tlb_hits,
		 want->nested_tlb_hits},
		{"nested.tlb_misses", have->nested_tlb_misses,
		 want->nested_tlb_misses},
		{"nested.walks", have->nested_walks, want->nested_walks},
		{"nested.pwc_hits", have->nested_pwc_hits,
		 want->nested_pwc_hits},
		{"nested.guest_bytes", have->nested_guest_bytes,
		 want->guest_bytes},
		{"nested.guest_peak_bytes", have->nested_guest_peak_bytes,
		 want->guest_peak_bytes},
	};

	for (size_t i = 0; i < PW_COUNT(rows); i++) {
		if (rows[i].have != rows[i].want)
			fail_msg("seed %ju, step %ju: %s is %ju, not %ju",
				 (uintmax_t)seed, (uintmax_t)step, rows[i].name,
				 (uintmax_t)rows[i].have,
				 (uintmax_t)rows[i].want);
	}
}
