/*
 * kept_tables.h - which tables the page table of a process has, as VmPTE counts
 * them: also those in which nothing is mapped any more.
 *
 * A table comes with the first entry in it. It goes when something is unmapped
 * and no mapping is left in its span, with the process, or when MADV_DONTNEED
 * empties the whole of a leaf table. Each has a frame, as has the root, which
 * comes with the first table and goes with the process; the one table of a
 * hashed page table has none.
 *
 * Source: Linux mm/memory.c free_pgd_range, zap_pte_range; mm/mremap.c
 *         move_page_tables; mm/memory.c copy_page_range.
 */
#ifndef PW_REPLAY_KEPT_TABLES_H
#define PW_REPLAY_KEPT_TABLES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "replay/memory/system.h"

/*
 * Let @space have the tables for an entry that maps @page at @height.
 *
 * Errors: PW_ERR_USAGE the machine's memory is full; PW_ERR_SYSTEM.
 * Cost:   O(1); a comparison if the leaf table is that of the last call.
 */
enum pw_status pw_kept_tables_need(struct pw_system *system,
				   struct pw_space *space, uint64_t page,
				   unsigned height,
				   struct pw_error *err) PW_MUST_CHECK;

/*
 * Whether there is the leaf table that has the entry of @page.
 *
 * Cost: O(1).
 */
bool pw_kept_tables_has_leaf(const struct pw_system *system,
			     const struct pw_space *space, uint64_t page);

/*
 * Let go of all tables of @space, the root too.
 */
void pw_kept_tables_drop(struct pw_system *system, struct pw_space *space);

/*
 * Let go of the tables with a part of @range in which nothing lies: no mapping
 * in the span, and no page.
 *
 * Errors: PW_ERR_SYSTEM.
 * Cost:   O(heights + tables that span @range) look-ups.
 */
enum pw_status pw_kept_tables_free(struct pw_system *system,
				   struct pw_space *space,
				   struct pw_range range,
				   struct pw_error *err) PW_MUST_CHECK;

/*
 * The pages of @range were dropped by a call that gives leaf tables back, if
 * the kernel is one that does: those that lie in @range whole go, unless guard
 * pages are in them.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_kept_tables_reclaim(struct pw_system *system,
				      struct pw_space *space,
				      struct pw_range range,
				      struct pw_error *err) PW_MUST_CHECK;

/*
 * Let @child have those tables of @parent that span a part of @range.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_kept_tables_copy(struct pw_system *system,
				   struct pw_space *child,
				   const struct pw_space *parent,
				   struct pw_range range,
				   struct pw_error *err) PW_MUST_CHECK;

/*
 * The pages of @range move to begin at @first: where there are tables for them
 * there will be, and leaf tables that move whole are no longer in @range.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_kept_tables_move(struct pw_system *system,
				   struct pw_space *space,
				   struct pw_range range, uint64_t first,
				   struct pw_error *err) PW_MUST_CHECK;

/*
 * The memory of the tables of @space below the root.
 *
 * Units: bytes.
 */
uint64_t pw_kept_tables_bytes(const struct pw_system *system,
			      const struct pw_space *space);

#endif
