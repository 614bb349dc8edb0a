/*
 * pages.h - changes of present pages: page table, RSS, TLB invalidation.
 *
 * What maps pages is an entry of the page table, a leaf; a large one maps many
 * pages. Where a range begins or ends inside of one, it is split: into leaves
 * of the next smaller size, and the one at the border again, until there is a
 * leaf's border.
 */
#ifndef PW_REPLAY_PAGES_H
#define PW_REPLAY_PAGES_H

#include <stdint.h>

#include "base/status.h"
#include "replay/memory/system.h"

/*
 * The page-table entry of @page, or 0.
 */
uint64_t pw_pages_find(const struct pw_space *space, uint64_t page);

/*
 * One past the last page that @leaf maps.
 */
uint64_t pw_pages_end(const struct pw_system *system,
		      const struct pw_leaf *leaf);

/*
 * Map @leaf, whose pages are absent or mapped by an entry at its height, and
 * keep RSS and the counts of frames right: a frame that was mapped before and
 * is used by nothing else goes. Invalidates nothing.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_pages_set(struct pw_system *system, struct pw_space *space,
			    const struct pw_leaf *leaf,
			    struct pw_error *err) PW_MUST_CHECK;

/*
 * The same for pages that are absent.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_pages_add(struct pw_system *system, struct pw_space *space,
			    const struct pw_leaf *leaf,
			    struct pw_error *err) PW_MUST_CHECK;

/*
 * Say that @changed leaves in @range were removed or changed: count them, and
 * tell the processors.
 */
void pw_pages_invalidate(struct pw_system *system, const struct pw_space *space,
			 struct pw_range range, uint64_t changed);

/*
 * Take a frame for an anonymous page of @height that no process has shared.
 *
 * Errors: PW_ERR_USAGE the machine's memory is full; PW_ERR_SYSTEM.
 */
enum pw_status pw_pages_take(struct pw_system *system, unsigned height,
			     uint32_t *frame,
			     struct pw_error *err) PW_MUST_CHECK;

/*
 * Split the leaf that maps @page into those of the next smaller size, and
 * invalidate it. It is a large one.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_pages_split(struct pw_system *system, struct pw_space *space,
			      uint64_t page,
			      struct pw_error *err) PW_MUST_CHECK;

/*
 * Split leaves until none lies across a border of @range; a range of no pages
 * has none.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_pages_cut(struct pw_system *system, struct pw_space *space,
			    struct pw_range range,
			    struct pw_error *err) PW_MUST_CHECK;

/*
 * How many leaves begin in @range.
 *
 * Cost: O(leaves + leaf tables).
 */
uint64_t pw_pages_count(const struct pw_system *system,
			const struct pw_space *space, struct pw_range range);

/*
 * Remove the leaves of @range, which has been cut, and say how many they were.
 * The caller invalidates.
 */
uint64_t pw_pages_remove(struct pw_system *system, struct pw_space *space,
			 struct pw_range range);

/*
 * Cut @range, and remove and invalidate its leaves.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_pages_drop(struct pw_system *system, struct pw_space *space,
			     struct pw_range range,
			     struct pw_error *err) PW_MUST_CHECK;

/*
 * Remove and invalidate what maps pages of files and of shared memory in
 * @range, and leave what is a process's own.
 */
void pw_pages_drop_cached(struct pw_system *system, struct pw_space *space,
			  struct pw_range range);

/*
 * Cut @range, move its leaves to begin at @first, where nothing is, and
 * invalidate their old places. A leaf that would not lie on a multiple of its
 * size is split.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_pages_move(struct pw_system *system, struct pw_space *space,
			     struct pw_range range, uint64_t first,
			     struct pw_error *err) PW_MUST_CHECK;

#endif
