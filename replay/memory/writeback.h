/*
 * writeback.h - when dirty pages of files are written back.
 *
 * Files are dirty in the order in which they became so. The flusher writes them
 * whole, the one that is dirty since longest first: when it wakes by its clock,
 * those that are dirty for dirty_expire; when there are more dirty pages than
 * the background threshold, until there are not. It is looked at when time
 * moves on, which is at events. Whoever makes pages dirty waits for it, half
 * way between the thresholds. MODEL.md, "Writing back", has what is left out.
 *
 * Source: Linux 6.18 mm/page-writeback.c domain_dirty_limits,
 *         dirty_freerun_ceiling, balance_dirty_pages; fs/fs-writeback.c
 *         wb_check_old_data_flush, wb_check_background_flush, queue_io.
 */
#ifndef PW_REPLAY_WRITEBACK_H
#define PW_REPLAY_WRITEBACK_H

#include <stdint.h>

#include "base/status.h"
#include "replay/memory/system.h"

/*
 * Take note of dirty pages that @object has now and had not, or the reverse.
 *
 * Cost: O(1).
 */
void pw_writeback_note(struct pw_system *system, uint32_t object);

/*
 * Forget the dirty pages of @object, which is not written back any more.
 */
void pw_writeback_forget(struct pw_objects *objects, uint32_t object);

/*
 * Count @pages that were written back.
 */
void pw_writeback_count(struct pw_system *system, uint64_t pages);

/*
 * An event happens: let the flusher do what is due.
 *
 * Errors: PW_ERR_SYSTEM.
 * Cost:   O(1) if nothing is dirty; that of pw_rmap_write_back for each file.
 */
enum pw_status pw_writeback_tick(struct pw_system *system,
				 struct pw_error *err) PW_MUST_CHECK;

/*
 * Pages of @object are about to become dirty: if it is a file, let the flusher
 * come first if there are too many.
 *
 * Errors: PW_ERR_SYSTEM.
 * Cost:   as pw_writeback_tick.
 */
enum pw_status pw_writeback_throttle(struct pw_system *system, uint32_t object,
				     struct pw_error *err) PW_MUST_CHECK;

/*
 * Whether pw_writeback_throttle ever does anything on @machine.
 */
bool pw_writeback_may_wait(const struct pw_machine *machine);

#endif
