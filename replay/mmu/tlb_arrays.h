/*
 * tlb_arrays.h - the TLBs of tlb_arrays.def by number and name.
 */
#ifndef PW_REPLAY_TLB_ARRAYS_H
#define PW_REPLAY_TLB_ARRAYS_H

#include <stddef.h>
#include <stdint.h>

enum pw_tlb_array_id {
#define PW_TLB_ARRAY(name, need, base, height) PW_TLB_ARRAY_##name,
#include "replay/mmu/tlb_arrays.def"
#undef PW_TLB_ARRAY
	PW_TLB_ARRAYS
};

/* Heights of entries that map pages: 4 KiB, 2 MiB, 1 GiB, 512 GiB on x86-64. */
#define PW_TLB_HEIGHTS 4

struct pw_tlb_array_info {
	const char *name;
	enum pw_tlb_array_id base;
	unsigned height;
};

/* What happened in an array to pages of one size. */
struct pw_tlb_tally {
	uint64_t lookups;
	uint64_t misses;
	uint64_t prefetches; /* put in before they were looked for */
};

/*
 * What array @id is.
 *
 * Owns: static.
 */
const struct pw_tlb_array_info *pw_tlb_array_info(size_t id);

#endif
