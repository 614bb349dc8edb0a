/*
 * populate.h - faults that a system call takes for the program.
 */
#ifndef PW_REPLAY_POPULATE_H
#define PW_REPLAY_POPULATE_H

#include "base/status.h"
#include "replay/memory/system.h"

enum pw_populate {
	PW_POPULATE_READ,
	PW_POPULATE_WRITE,
	PW_POPULATE_BY_MAPPING, /* as mmap and mlock do */
};

/*
 * Up to where pages of @part, which lies in @mapping, can be had: a guard, or
 * the first page behind the end of its file or memory.
 *
 * Cost: O(pages of @part), if it is of a file or shared.
 */
uint64_t pw_populate_end(const struct pw_system *system,
			 const struct pw_space *space,
			 const struct pw_mapping *mapping,
			 struct pw_range part);

/*
 * Handle the faults of the pages of @range that lie in mappings, in each up to
 * the first page that cannot be had, whose fault fails.
 *
 * Errors: PW_ERR_SYSTEM.
 * Source: Linux mm/gup.c __mm_populate, populate_vma_page_range;
 *         MODEL.md, "Address space".
 */
enum pw_status pw_populate(struct pw_system *system, struct pw_space *space,
			   struct pw_range range, enum pw_populate how,
			   struct pw_error *err) PW_MUST_CHECK;

#endif
