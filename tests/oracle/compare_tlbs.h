/*
 * compare_tlbs.h - what TLBs count against what those of the oracle do.
 */
#ifndef PW_TESTS_ORACLE_COMPARE_TLBS_H
#define PW_TESTS_ORACLE_COMPARE_TLBS_H

#include "replay/counters.h"
#include "tests/oracle/oracle_mmu.h"

/*
 * Fail the test, naming @seed and @where, unless @have is what the oracle
 * counts in @after, less what it counted in @before if that is not NULL.
 */
void pw_oracle_compare_tlbs(
	const struct pw_tlb_tally (*have)[PW_TLB_HEIGHTS],
	const struct pw_oracle_row (*before)[PW_ORACLE_HEIGHTS],
	const struct pw_oracle_row (*after)[PW_ORACLE_HEIGHTS], uint64_t seed,
	const char *where);

#endif
