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
#include "base/status.h"
#include "replay/models.h"
#include "replay/tlb_key.h"

/*
 * Addresses have PW_ADDRESS_BITS; bits above are a sign or a tag and left out.
 * Page numbers of traces, which have them, are folded.
 */
#define PW_PAGE_END ((uint64_t)1 << PW_KEY_PAGE_BITS) /* of 4 KiB pages */

static inline uint64_t pw_page_fold(uint64_t page)
{
	return page & (PW_PAGE_END - 1);
}

#define PW_PROT_MASK 7
#define PW_PROT_WRITE 2

/* Pages [first, end). */
struct pw_range {
	uint64_t first;
	uint64_t end;
};

/* mlock and its family: whether pages of a mapping come in the call. */
enum pw_lock { PW_LOCK_NONE, PW_LOCK_NOW, PW_LOCK_ON_FAULT };

/* What a fork makes of a mapping: MADV_DONTFORK, MADV_WIPEONFORK. */
enum pw_at_fork { PW_AT_FORK_COPY, PW_AT_FORK_LEAVE, PW_AT_FORK_WIPE };

/* MADV_HUGEPAGE, MADV_NOHUGEPAGE: whether large pages are wanted. */
enum pw_huge { PW_HUGE_UNSAID, PW_HUGE_WANTED, PW_HUGE_REFUSED };

/* What is known of a mapping. Its parts, once cut, share a description. */
struct pw_mapping {
	uint64_t prot; /* PW_PROT_MASK */
	bool anonymous;
	bool shared;
	bool grows_down;
	bool owns_pages; /* private, and had a page of its own: see fork.h */
	enum pw_lock lock;
	enum pw_at_fork at_fork;
	enum pw_huge huge;
	unsigned hugetlb_shift; /* of the pages MAP_HUGETLB asks for, or 0 */
	uint64_t file_bias;	/* file offset minus address, modulo 2^64 */
	uint64_t file_bytes;	/* size of the file; 0: unknown */
	uint32_t object;	/* what it maps: see object.h */
};

/* What resident pages are, as the kernel counts them for a process. */
enum pw_rss { PW_RSS_ANON, PW_RSS_FILE, PW_RSS_SHMEM, PW_RSS_KINDS };

struct pw_space {
	uint32_t number;	    /* see formats/lineage.h */
	unsigned page_shift;	    /* of its pages, those of the machine */
	uint64_t page_end;	    /* one past the last page */
	struct pw_intervals ranges; /* values are indices into mappings */
	struct pw_array mappings;   /* struct pw_mapping */
	bool break_known;
	uint64_t break_page;	  /* the break, rounded up */
	enum pw_lock future_lock; /* of mappings to come: mlockall */
	const struct pw_page_table_ops *table_ops;
	void *table;
	uint64_t rss[PW_RSS_KINDS]; /* pages */
	uint64_t rss_peak;	    /* the most of their sum; VmHWM */
};

/*
 * Make an empty address space.
 *
 * Owns:   free the space with pw_space_free; its page table is the arena's.
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_space_make(struct pw_space *space, uint32_t number,
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
 * Note that the mapping of @page, if there is one, has a page of its own.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_space_own_page(struct pw_space *space, uint64_t page,
				 struct pw_error *err) PW_MUST_CHECK;

/*
 * Make @range, which is not empty, a mapping; what was there goes.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_space_map(struct pw_space *space, struct pw_range range,
			    const struct pw_mapping *mapping,
			    struct pw_error *err) PW_MUST_CHECK;

/*
 * The same for private anonymous memory, which becomes one mapping with those
 * that touch it and are alike, as far as they are private and anonymous too.
 *
 * Errors: PW_ERR_SYSTEM.
 * Source: Linux mm/vma.c vma_merge_new_range.
 */
enum pw_status pw_space_merge(struct pw_space *space, struct pw_range range,
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
 * Extend the mapping that ends at @end to @new_end; nothing may lie between.
 * Nothing happens when there is none.
 */
void pw_space_extend(struct pw_space *space, uint64_t end, uint64_t new_end);

/*
 * Extend the stack above @page down to it, if the rules of the kernel let it
 * grow so far. @page is in no mapping.
 *
 * Source: Linux mm/mmap.c expand_downwards, acct_stack_growth: 8 MiB of
 *         RLIMIT_STACK and 256 pages of stack_guard_gap.
 */
bool pw_space_grow_down(struct pw_space *space, uint64_t page);

/*
 * Forget all mappings, the break and what mappings to come shall be.
 */
void pw_space_clear(struct pw_space *space);

/*
 * Pages in mappings.
 *
 * Units: pages.
 * Cost:  O(mappings).
 */
uint64_t pw_space_pages(const struct pw_space *space);

#endif
