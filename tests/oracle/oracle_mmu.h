/*
 * oracle_mmu.h - the TLBs of a core, obviously right: one reference at a time.
 *
 * Written from replay/MODEL.md, "TLBs". Which pages are mapped and how is a
 * question to the caller; walks are his as well.
 */
#ifndef PW_TESTS_ORACLE_ORACLE_MMU_H
#define PW_TESTS_ORACLE_ORACLE_MMU_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/oracle/oracle_tlb.h"

/* The names of tlb_arrays.def, in its order. */
#define PW_ORACLE_ARRAYS 13
#define PW_ORACLE_STLB 7 /* the second level of base pages */
#define PW_ORACLE_HEIGHTS 4

/* One array; all zero: the machine has none. */
struct pw_oracle_array {
	struct pw_oracle_geometry geometry; /* 0 entries: it holds nothing */
	bool declared;
	unsigned coalesce; /* base pages in a group; 0 or 1: none */
	int largest;	   /* height of the largest entry; -1: any */
	bool also;	   /* some base pages go here */
	bool runs;	   /* contiguous ones are one entry */
};

struct pw_oracle_mmu_machine {
	struct pw_oracle_array array[PW_ORACLE_ARRAYS];
	uint64_t pages[PW_ORACLE_HEIGHTS]; /* base pages, by height */
	/* By height of a leaf: that of the largest entry that TLBs may have. */
	unsigned held[PW_ORACLE_HEIGHTS];
	/* By height: base pages of a contiguous run; 0: there are none. */
	uint64_t run[2];
	uint64_t upper_half; /* its first base page */
	bool prefetch;
};

/* What maps a page. */
struct pw_oracle_mapping_entry {
	unsigned height;
	uint64_t flags; /* equal where the mapping is alike */
	bool zero;	/* the zero page: all pages are one frame */
};

/* Who knows what is mapped (false for what is not), and walks; no walk: NULL.
 */
struct pw_oracle_mapper {
	void *context;
	bool (*find)(void *context, uint64_t page,
		     struct pw_oracle_mapping_entry *entry);
	void (*walk)(void *context, uint64_t page);
};

struct pw_oracle_row {
	uint64_t lookups, misses, prefetches;
};

struct pw_oracle_mmu {
	struct pw_oracle_mmu_machine machine;
	struct pw_oracle_tlb tlb[PW_ORACLE_ARRAYS];
	struct pw_oracle_row row[PW_ORACLE_ARRAYS][PW_ORACLE_HEIGHTS];
};

/* What a reference came to. */
struct pw_oracle_outcome {
	bool hit;	 /* in the first level */
	bool second_hit; /* in the second */
	bool second;	 /* there is one for this side */
};

/*
 * Make the empty TLBs of @machine.
 *
 * Owns:   *mmu holds memory until pw_oracle_mmu_free.
 * Errors: none; without memory it aborts, being a test.
 */
void pw_oracle_mmu_init(struct pw_oracle_mmu *mmu,
			const struct pw_oracle_mmu_machine *machine);

/*
 * Free the TLBs.
 */
void pw_oracle_mmu_free(struct pw_oracle_mmu *mmu);

/*
 * Refer to @page of the space @asid, which is mapped: 'R' load, 'W' store, 'F'
 * fetch.
 */
struct pw_oracle_outcome pw_oracle_mmu_refer(struct pw_oracle_mmu *mmu,
					     char how, uint32_t asid,
					     uint64_t page,
					     struct pw_oracle_mapper mapper);

/*
 * Forget what holds any of the pages [first, first + count) of the space @asid.
 */
void pw_oracle_mmu_invalidate(struct pw_oracle_mmu *mmu, uint32_t asid,
			      uint64_t first, uint64_t count);

/*
 * Forget the space @asid, but for pages in the upper half.
 */
void pw_oracle_mmu_flush_space(struct pw_oracle_mmu *mmu, uint32_t asid);

/*
 * Forget all.
 */
void pw_oracle_mmu_flush(struct pw_oracle_mmu *mmu);

#endif
