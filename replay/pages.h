/*
 * pages.h - changes of present pages: page table, RSS, TLB invalidation.
 */
#ifndef PW_REPLAY_PAGES_H
#define PW_REPLAY_PAGES_H

#include <stdint.h>

#include "base/status.h"
#include "replay/system.h"

/*
 * The page-table entry of @page, or 0.
 */
uint64_t pw_pages_find(const struct pw_space *space, uint64_t page);

/*
 * Set the entry of @page to @pte, not 0, and keep RSS right. Invalidates
 * nothing.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_pages_set(struct pw_system *system, struct pw_space *space,
			    uint64_t page, uint64_t pte,
			    struct pw_error *err) PW_MUST_CHECK;

/*
 * Say that @changed present pages of @range were removed or changed: count
 * them, and tell the processors.
 */
void pw_pages_invalidate(struct pw_system *system, const struct pw_space *space,
			 struct pw_range range, uint64_t changed);

/*
 * How many pages of @range are present.
 *
 * Cost: O(present pages + leaf tables).
 */
uint64_t pw_pages_count(const struct pw_space *space, struct pw_range range);

/*
 * Remove the present pages of @range and say how many they were. The caller
 * invalidates.
 */
uint64_t pw_pages_remove(struct pw_system *system, struct pw_space *space,
			 struct pw_range range);

/*
 * Remove and invalidate the present pages of @range.
 */
void pw_pages_drop(struct pw_system *system, struct pw_space *space,
		   struct pw_range range);

/*
 * Move the present pages of @range to begin at @first, where nothing is, and
 * invalidate their old places.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_pages_move(struct pw_system *system, struct pw_space *space,
			     struct pw_range range, uint64_t first,
			     struct pw_error *err) PW_MUST_CHECK;

#endif
