/*
 * mmu.h - TLBs and page-walk caches of one core.
 *
 * References that change nothing do not come here: see filter.h.
 */
#ifndef PW_REPLAY_MMU_H
#define PW_REPLAY_MMU_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "replay/counters.h"
#include "replay/machine/machine.h"
#include "replay/mmu/neighbours.h"
#include "replay/mmu/operation.h"
#include "replay/mmu/tlb_key.h"
#include "replay/mmu/walker.h"

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
	unsigned group_order;
	unsigned largest; /* class of the largest entry */
	unsigned seen;	  /* classes that were put in, as bits */
};

struct pw_mmu_side {
	/* By height of the entry that maps the page in its table. */
	struct pw_tlb_array *first[PW_TLB_HEIGHTS];
	struct pw_tlb_array *second[PW_TLB_HEIGHTS]; /* NULL: no such level */
	struct pw_tlb_array *also; /* for some base pages; or NULL */
	uint64_t also_sets;	   /* of second[0] */
};

struct pw_mmu_batch;

struct pw_mmu {
	struct pw_mmu_batch *batch; /* mmu_batch.h; NULL: it takes none */
	bool stores_apart;	    /* the store side is in use */
	struct pw_mmu_side side[PW_TLB_SIDES];
	struct pw_tlb_array array[PW_TLB_ARRAYS];
	bool prefetch_next;
	unsigned order[PW_TLB_HEIGHTS]; /* base pages by height, a power of 2 */
	unsigned held[PW_TLB_HEIGHTS];	/* pw_walker_held_height */
	/* By height of leaves: base pages of a contiguous run; 0: none. */
	unsigned run_order[PW_CONTIGUOUS_HEIGHTS];
	uint64_t global_page; /* from here on: the same in all spaces */
	struct pw_walker walker;
	struct pw_counters *counters;
};

/*
 * Make the empty MMU of @machine, which counts into @counters. @guest is the
 * memory of all its cores, or NULL without nested paging.
 *
 * Owns:   the arena owns its state.
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_mmu_make(struct pw_mmu *mmu, const struct pw_machine *machine,
			   struct pw_guest *guest, struct pw_counters *counters,
			   struct pw_arena *arena,
			   struct pw_error *err) PW_MUST_CHECK;

/* What machines take notice of, to make a filter for them. */
struct pw_mmu_notice {
	uint64_t classes;    /* pw_tlb_ops.filter_sets; 0: of everything */
	size_t depth;	     /* pw_tlb_ops.filter_depth, of base pages */
	uint64_t group_mask; /* base pages that an entry holds, less 1 */
	/* By height of an entry: that of the least piece that a TLB holds. */
	unsigned held[PW_TLB_HEIGHTS];
};

/*
 * What the core of @machine takes notice of on the side of fetches or of loads
 * and stores.
 */
struct pw_mmu_notice pw_mmu_notices(const struct pw_machine *machine,
				    bool fetch);

/*
 * The array of base @base that holds pages of the size that entries at @height
 * map, by number, or PW_TLB_ARRAYS when there is none.
 */
size_t pw_mmu_first_array(const struct pw_machine *machine,
			  enum pw_tlb_array_id base, unsigned height);

/*
 * Whether a core of @machine may drop pages that are more than 1 GiB from the
 * one that is stored to: since one entry may hold both, or since a large page
 * that is split makes it flush.
 */
bool pw_mmu_reaches_far(const struct pw_machine *machine);

/*
 * What the cores of @machine ask of neighbours: enum pw_neighbour bits.
 */
unsigned pw_mmu_wants(const struct pw_machine *machine);

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
 * The reference of an operation that is one, by the identifier @asid.
 */
static inline struct pw_reference
pw_mmu_reference(const struct pw_mmu *mmu, const struct pw_operation *operation,
		 uint32_t asid)
{
	return (struct pw_reference){
		.page = operation->page,
		.leaf = {.first = operation->page &
				  ~(uint64_t)0 << mmu->order[operation->height],
			 .pte = operation->value,
			 .height = operation->height,
			 .probes = operation->probes},
		.asid = asid,
		.space = operation->space,
		.neighbours = operation->neighbours,
	};
}

/*
 * Make a reference: look in the L1 TLB of the side, then in the STLB, then
 * walk, and fill what missed. Misses and walks are counted.
 */
void pw_mmu_refer(struct pw_mmu *mmu, enum pw_tlb_side side,
		  const struct pw_reference *reference);

/*
 * Drop base pages [first, first + count) of the space @asid from all TLBs, and
 * from the page-walk caches what pw_walker_invalidate says. @count is not 0.
 */
void pw_mmu_invalidate(struct pw_mmu *mmu, uint32_t asid, uint64_t first,
		       uint64_t count);

/*
 * Drop all pages of the space @asid that are not global, and what page-walk
 * caches have of it.
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
 * Work out the look-ups in L1 TLBs, which are of all references: those of large
 * pages were counted, those of base pages are what is left.
 */
void pw_mmu_settle(const struct pw_machine *machine,
		   struct pw_counters *counters);

#endif
