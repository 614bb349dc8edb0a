/*
 * compare_walks.h - all counters of walks against those of the oracle.
 */
#ifndef PW_TESTS_ORACLE_COMPARE_WALKS_H
#define PW_TESTS_ORACLE_COMPARE_WALKS_H

#include "replay/counters.h"
#include "tests/oracle/oracle_walk.h"

/*
 * Fail the test, naming @seed and @step, unless what walks count is equal.
 */
void pw_oracle_compare_walks(const struct pw_counters *have,
			     const struct pw_oracle_walk_counts *want,
			     uint64_t seed, uint64_t step);

#endif
