/*
 * counters.h - counters.def as a structure and a table.
 */
#ifndef PW_REPLAY_COUNTERS_H
#define PW_REPLAY_COUNTERS_H

#include <stddef.h>
#include <stdint.h>

#include "base/table.h"
#include "replay/mmu/tlb_arrays.h"

enum pw_reference_kind {
	PW_REFERENCE_LOAD,
	PW_REFERENCE_STORE,
	PW_REFERENCE_FETCH,
	PW_REFERENCE_KINDS
};

struct pw_counters {
#define PW_COUNTER(field, name, unit, kind, help) uint64_t field;
#include "replay/counters.def"
#undef PW_COUNTER
	/* What counters.def does not list. */
	uint64_t reference_store; /* those of reference_data that store */
	/* Those to large pages, by the height of the entry. */
	uint64_t reference_large[PW_REFERENCE_KINDS][PW_TLB_HEIGHTS];
	struct pw_tlb_tally tlb[PW_TLB_ARRAYS][PW_TLB_HEIGHTS];
};

enum pw_counter_kind { PW_COUNTER_TOTAL, PW_COUNTER_GAUGE };

struct pw_counter_info {
	const char *name; /* dotted */
	const char *help; /* the definition */
	enum pw_unit unit;
	enum pw_counter_kind kind;
	size_t offset; /* in struct pw_counters */
};

/*
 * The counters of counters.def, in order; NULL past the last one.
 *
 * Owns: static.
 */
const struct pw_counter_info *pw_counter_at(size_t index);

/*
 * The value of the counter @info.
 */
uint64_t pw_counter_value(const struct pw_counters *counters,
			  const struct pw_counter_info *info);

/*
 * Add all counters to @table (pairs) under their dotted names.
 */
void pw_counters_list(const struct pw_counters *counters,
		      struct pw_table *table);

#endif
