/*
 * space.h - the address space of one process: mappings, break, page table.
 *
 * Everything here is in page numbers. What becomes of present pages is the
 * business of pages.h; these functions change mappings only.
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

#define PW_PAGE_END ((uint64_t)1 << 52) /* one past the last page number */
#define PW_PROT_MASK 7
#define PW_PROT_WRITE 2

/* Pages [first, end). */
struct pw_range {
	uint64_t first;
	uint64_t end;
};

/* What is known of a mapping. Its parts, once cut, share a description. */
struct pw_mapping {
	uint64_t prot; /* PW_PROT_MASK */
	bool anonymous;
	bool shared;
	bool grows_down;
	uint64_t file_bias;  /* file offset minus address, modulo 2^64 */
	uint64_t file_bytes; /* size of the file; 0: unknown */
};

struct pw_space {
	uint32_t process;
	struct pw_intervals ranges; /* values are indices into mappings */
	struct pw_array mappings;   /* struct pw_mapping */
	bool break_known;
	uint64_t break_page; /* the break, rounded up */
	const struct pw_page_table_ops *table_ops;
	void *table;
};

/*
 * Make an empty address space.
 *
 * Owns:   free the space with pw_space_free; its page table is the arena's.
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_space_make(struct pw_space *space, uint32_t process,
			     const struct pw_page_table_ops *table_ops,
			     const struct pw_page_table_config *config,
			     struct pw_error *err) PW_MUST_CHECK;

/*
 * Free what the space holds outside of the arena.
 */
void pw_space_free(struct pw_space *space);

/*
 * The pages of @length bytes at @address, cut at the end of the address space.
 */
struct pw_range pw_range_of(uint64_t address, uint64_t length);

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
 * Make @range, which is not empty, a mapping; what was there goes.
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
 * Forget all mappings and the break.
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
