/*
 * space.h - the address space of one process: mappings, break, page table.
 *
 * Everything here is in page numbers of the machine. What becomes of present
 * pages is the business of pages.h; these functions change mappings only.
 */
#ifndef PW_REPLAY_SPACE_H
#define PW_REPLAY_SPACE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/array.h"
#include "base/interval.h"
#include "base/pagemap.h"
#include "base/status.h"
#include "replay/memory/backing.h"
#include "replay/memory/vma.h"
#include "replay/mmu/tlb_key.h"
#include "replay/models.h"

/*
 * Addresses have PW_ADDRESS_BITS; bits above are a sign or a tag and left out.
 * Page numbers of traces, which have them, are folded.
 */
#define PW_PAGE_END ((uint64_t)1 << PW_KEY_PAGE_BITS) /* of 4 KiB pages */

static inline uint64_t pw_page_fold(uint64_t page)
{
	return page & (PW_PAGE_END - 1);
}

/* Pages [first, end). */
struct pw_range {
	uint64_t first;
	uint64_t end;
};

/* The limits of setrlimit that address spaces have. */
enum pw_limit {
	PW_LIMIT_DATA,
	PW_LIMIT_STACK,
	PW_LIMIT_MEMLOCK,
	PW_LIMIT_AS,
	PW_LIMITS
};

/*
 * Sums over the mappings of a space.
 *
 * Units:  pages of the machine.
 * Source: Linux mm/mmap.c vm_stat_account; struct mm_struct.
 */
struct pw_space_use {
	uint64_t total;
	uint64_t peak_total; /* after any event or growth of a stack */
	uint64_t data;	     /* private and writable, but for stacks */
	uint64_t stack;
	uint64_t exec;
	uint64_t locked;
	uint64_t charged; /* VM_ACCOUNT */
};

/* What resident pages are, as the kernel counts them for a process; hugetlb
 * pages it counts apart. */
enum pw_rss {
	PW_RSS_ANON,
	PW_RSS_FILE,
	PW_RSS_SHMEM,
	PW_RSS_KINDS,
	PW_RSS_HUGETLB = PW_RSS_KINDS,
	PW_RSS_ALL
};

/* The tables of a page table; see kept_tables.h. */
struct pw_kept_tables {
	/* By height: bits of 64 tables by their numbers / 64, or NULL. */
	struct pw_pagemap *set[PW_LEVELS_MAX];
	uint64_t count[PW_LEVELS_MAX];
	struct pw_array frames; /* uint32_t: those of all, in no order */
	uint64_t recent; /* the leaf table needed last, plus 1; 0: none */
};

/* Linux include/uapi/linux/prctl.h PR_SET_THP_DISABLE. */
#define PW_LARGE_OFF 1	       /* large pages are not mapped, */
#define PW_LARGE_OFF_UNASKED 2 /* but where MADV_HUGEPAGE asks for them */

struct pw_space {
	uint32_t number;	    /* see formats/lineage.h */
	unsigned page_shift;	    /* of its pages, those of the machine */
	uint64_t page_end;	    /* one past the last page */
	struct pw_intervals ranges; /* values are indices into mappings */
	struct pw_array mappings;   /* struct pw_mapping */
	struct pw_backings *backings;
	struct pw_space_use use;
	struct pw_intervals guards; /* pages of MADV_GUARD_INSTALL */
	uint32_t anon_vmas;	    /* numbers given */
	bool break_known;
	uint64_t break_first; /* of the heap, a page */
	uint64_t break_page;  /* the break, rounded up */
	uint64_t code_first;  /* pages of the main program's code, */
	uint64_t code_end;    /* or none */
	uint32_t program;     /* its backing, or 0 */
	uint64_t stack_page;  /* where the program's stack began, or 0 */
	uint64_t future_lock; /* PW_VM_LOCKED_MASK of mappings to come */
	bool reads_execute;   /* personality READ_IMPLIES_EXEC */
	uint64_t large_off;   /* what PR_SET_THP_DISABLE turned off */
	uint64_t limit_bytes[PW_LIMITS]; /* 2^64 - 1: none */
	uint64_t data_hard_bytes;	 /* the hard limit of PW_LIMIT_DATA */
	const struct pw_page_table_ops *table_ops;
	void *table;
	struct pw_kept_tables kept;
	uint64_t rss[PW_RSS_ALL]; /* pages */
	uint64_t rss_peak;	  /* the most of their sum; VmHWM */
};

/*
 * Make an empty address space, whose mappings count in @backings.
 *
 * Owns:   free the space with pw_space_free; its page table is the arena's.
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_space_make(struct pw_space *space, uint32_t number,
			     struct pw_backings *backings,
			     const struct pw_page_table_ops *table_ops,
			     const struct pw_page_table_config *config,
			     struct pw_error *err) PW_MUST_CHECK;

/*
 * Free what the space holds outside of the arena.
 */
void pw_space_free(struct pw_space *space);

/*
 * The 4 KiB pages of @length bytes at @address, folded and cut at the end of
 * the address space: the address rounded down, the length up.
 */
struct pw_range pw_range_of(uint64_t address, uint64_t length);

/*
 * The pages of @space that have one of the @length bytes at @address, folded
 * and cut at the end of the address space.
 */
struct pw_range pw_space_range(const struct pw_space *space, uint64_t address,
			       uint64_t length);

/*
 * The bytes of a page of @space.
 *
 * Units: bytes.
 */
static inline uint64_t pw_space_page_bytes(const struct pw_space *space)
{
	return (uint64_t)1 << space->page_shift;
}

/*
 * The mapping that holds @page, or NULL; its extent goes to *extent unless
 * that is NULL.
 *
 * Owns: the space; good until it changes.
 */
const struct pw_mapping *pw_space_find(const struct pw_space *space,
				       uint64_t page, struct pw_range *extent);

/*
 * The first mapping that ends above @page, with its extent, or NULL.
 *
 * Owns: the space; good until it changes.
 */
const struct pw_mapping *pw_space_next(const struct pw_space *space,
				       uint64_t page, struct pw_range *extent);

/*
 * The next part of a mapping in *range, or NULL: its extent within *range goes
 * to *part, and *range goes on behind it.
 *
 * Owns: the space; good until it changes.
 */
const struct pw_mapping *pw_space_part(const struct pw_space *space,
				       struct pw_range *range,
				       struct pw_range *part);

/*
 * Note that the mapping of @page, if there is one and it is private, has a
 * page of its own: it gets an anon_vma, that of a neighbour if it can.
 *
 * Errors: PW_ERR_SYSTEM.
 * Source: Linux mm/rmap.c __anon_vma_prepare, mm/vma.c find_mergeable_anon_vma.
 */
enum pw_status pw_space_own_page(struct pw_space *space, uint64_t page,
				 struct pw_error *err) PW_MUST_CHECK;

/*
 * Make @range, which is not empty, a mapping of its own; what was there goes.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_space_map(struct pw_space *space, struct pw_range range,
			    const struct pw_mapping *mapping,
			    struct pw_error *err) PW_MUST_CHECK;

/*
 * Remove all mappings in @range.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_space_unmap(struct pw_space *space, struct pw_range range,
			      struct pw_error *err) PW_MUST_CHECK;

/*
 * Extend the stack above @page down to it, if the rules of the kernel let it
 * grow so far; *grown says whether they did. @page is in no mapping.
 *
 * Errors: PW_ERR_SYSTEM.
 * Source: Linux mm/vma.c expand_downwards, acct_stack_growth: RLIMIT_STACK, 256
 *         pages of stack_guard_gap above a mapping that can be used and is no
 *         stack, RLIMIT_AS.
 */
enum pw_status pw_space_grow_down(struct pw_space *space, uint64_t page,
				  bool *grown,
				  struct pw_error *err) PW_MUST_CHECK;

/*
 * Whether pw_space_grow_down would extend a stack down to @page, which is in no
 * mapping.
 */
bool pw_space_may_grow(const struct pw_space *space, uint64_t page);

/*
 * Bring the peak of the mapped pages up to date.
 */
void pw_space_note_peak(struct pw_space *space);

/*
 * How /proc/PID/maps calls the mapping @mapping at @extent: a path, a name in
 * brackets, or "".
 *
 * Owns:   the arena of the backings.
 * Source: Linux fs/proc/task_mmu.c get_vma_name.
 */
const char *pw_space_name(const struct pw_space *space,
			  const struct pw_mapping *mapping,
			  struct pw_range extent);

/*
 * Forget all mappings, the break and what mappings to come shall be.
 */
void pw_space_clear(struct pw_space *space);

/*
 * Let @child, which is empty, have what a fork takes over but mappings: the
 * break, names, limits.
 *
 * Source: Linux kernel/fork.c dup_mm.
 */
void pw_space_inherit(struct pw_space *child, const struct pw_space *parent);

/*
 * Pages in mappings.
 *
 * Units: pages.
 */
uint64_t pw_space_pages(const struct pw_space *space);

#endif
