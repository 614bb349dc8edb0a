/*
 * mmu.h - TLBs and page-walk caches of one core, behind an exact filter.
 *
 * Each array of the first level keeps, for every residue class of keys that
 * its model allows (pw_tlb_ops.filter_sets), the key touched last in it, and
 * whether its page may be written without a fault. A touch of that page
 * changes nothing and is done with here; for base pages, inline. The rest goes
 * through the models.
 */
#ifndef PW_REPLAY_MMU_H
#define PW_REPLAY_MMU_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "replay/counters.h"
#include "replay/machine.h"
#include "replay/tlb_key.h"
#include "replay/walker.h"

/* Stores are of the data side where they have no TLB of their own. */
enum pw_tlb_side {
	PW_TLB_DATA,
	PW_TLB_INSTRUCTION,
	PW_TLB_STORE,
	PW_TLB_SIDES
};

/* An array of tlb_arrays.def; its classes are those of tlb_key.h. */
struct pw_tlb_array {
	struct pw_tlb tlb;	    /* ops NULL: it holds nothing */
	struct pw_tlb_tally *tally; /* by class, groups with single pages */
	/* The first level's: by class and slot, the key touched last << 1 |
	 * writable; UINT64_MAX: none. */
	uint64_t *recent;
	uint64_t mask; /* slots of a class, - 1 */
	bool usable;   /* else recent stays empty */
	unsigned group_order;
	unsigned largest; /* class of the largest entry */
	unsigned seen;	  /* classes that were put in, as bits */
};

/* A class that the filter of an array may know, beside single base pages. */
struct pw_mmu_lane {
	struct pw_tlb_array *array;
	unsigned class;
};

#define PW_MMU_LANES_MAX 12

/* The filter of a side for single base pages. */
struct pw_mmu_filter {
	const uint64_t *recent;
	uint64_t mask;
};

struct pw_mmu_side {
	/* By height of the entry that maps the page. */
	struct pw_tlb_array *first[PW_TLB_HEIGHTS];
	struct pw_tlb_array *second[PW_TLB_HEIGHTS]; /* NULL: no such level */
	struct pw_tlb_array *also; /* for some base pages; or NULL */
	uint64_t also_sets;	   /* of second[0] */
	struct pw_mmu_lane lane[PW_MMU_LANES_MAX];
	unsigned lanes;
};

struct pw_mmu {
	struct pw_mmu_filter filter[PW_TLB_SIDES];
	bool stores_apart; /* the store side is in use */
	struct pw_mmu_side side[PW_TLB_SIDES];
	struct pw_tlb_array array[PW_TLB_ARRAYS];
	bool prefetch_next;
	unsigned order[PW_TLB_HEIGHTS]; /* base pages by height, a power of 2 */
	const struct pw_page_table_ops *table_ops; /* see pw_mmu_map */
	void *table;
	struct pw_walker walker;
	struct pw_counters *counters;
};

/* References in a row to one page; the first one does the work. */
struct pw_mmu_record {
	uint32_t loads;
	uint32_t stores;
	uint32_t fetches;
};

/*
 * Make the empty MMU of @machine, which counts into @counters.
 *
 * Owns:   the arena owns its state.
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_mmu_make(struct pw_mmu *mmu, const struct pw_machine *machine,
			   struct pw_counters *counters, struct pw_arena *arena,
			   struct pw_error *err) PW_MUST_CHECK;

/*
 * Say which page table maps the pages referred to from now on. Coalescing and
 * prefetching ask it for neighbours; without one there are none.
 */
void pw_mmu_map(struct pw_mmu *mmu, const struct pw_page_table_ops *ops,
		void *table);

/*
 * The side of a fetch, of a store or of a load.
 */
static inline enum pw_tlb_side pw_mmu_side_of(const struct pw_mmu *mmu,
					      bool fetch, bool store)
{
	return (enum pw_tlb_side)(fetch | (unsigned)(store & mmu->stores_apart)
						  << 1);
}

/*
 * Whether a touch of base page @page in the space @asid hits the L1 TLB, needs
 * no fault and changes nothing. False when that is not known.
 */
static inline bool pw_mmu_is_recent(const struct pw_mmu *mmu,
				    enum pw_tlb_side side, uint32_t asid,
				    uint64_t page, bool write)
{
	const struct pw_mmu_filter *filter = &mmu->filter[side];
	uint64_t recent = filter->recent[page & filter->mask];

	return (recent | !write) == (pw_tlb_key(asid, 0, page) << 1 | 1);
}

/*
 * The same for pages held in groups or of a larger size. If it is true, the
 * references of @record are counted.
 */
bool pw_mmu_is_recent_large(struct pw_mmu *mmu, enum pw_tlb_side side,
			    uint32_t asid, uint64_t page, bool write,
			    const struct pw_mmu_record *record);

/*
 * Make the references of @record: look in the L1 TLB of the side, then in the
 * STLB, then walk, and fill what missed. Misses and walks are counted, and
 * references that settling cannot find out.
 */
void pw_mmu_refer(struct pw_mmu *mmu, enum pw_tlb_side side,
		  const struct pw_reference *reference,
		  const struct pw_mmu_record *record);

/*
 * Drop base pages [first, first + count) of the space @asid from all TLBs and
 * empty the page-walk caches. @count is not 0.
 */
void pw_mmu_invalidate(struct pw_mmu *mmu, uint32_t asid, uint64_t first,
		       uint64_t count);

/*
 * Drop all pages of the space @asid that are not global, and empty the
 * page-walk caches.
 *
 * Source: Intel SDM vol. 3A, 4.10.4.1 (INVPCID, single context); for Linux,
 *         arch/x86/mm/tlb.c. Global are the pages of the kernel's half.
 */
void pw_mmu_flush_space(struct pw_mmu *mmu, uint32_t asid);

/*
 * Empty all TLBs and page-walk caches.
 */
void pw_mmu_flush(struct pw_mmu *mmu);

/*
 * Bring the look-ups of single base pages in L1 TLBs up to date: they are what
 * is left of all references.
 */
void pw_mmu_settle(const struct pw_machine *machine,
		   struct pw_counters *counters);

#endif
