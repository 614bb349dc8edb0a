/*
 * system.h - one simulated machine at work: processor, memory, processes.
 */
#ifndef PW_REPLAY_SYSTEM_H
#define PW_REPLAY_SYSTEM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/array.h"
#include "base/status.h"
#include "formats/batch.h"
#include "replay/counters.h"
#include "replay/machine.h"
#include "replay/processor.h"
#include "replay/space.h"

struct pw_system {
	const struct pw_machine *machine;
	struct pw_arena *arena;
	struct pw_counters counters; /* see pw_system_settle */
	struct pw_processor processor;
	struct pw_table_store tables; /* page tables of all processes */
	struct pw_table_use table_peak[PW_LEVELS_MAX]; /* by height */
	struct pw_array spaces;	  /* struct pw_space * by number, or NULL */
	struct pw_space *current; /* of the running thread; or NULL */
	bool mappings_known;	  /* the trace has address-space events */
};

/*
 * Make the empty system of @machine, which outlives it.
 *
 * Owns:   @system stays where it is; free it with pw_system_free. What it
 *         builds is mostly the arena's.
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_system_make(struct pw_system *system,
			      const struct pw_machine *machine,
			      struct pw_arena *arena,
			      struct pw_error *err) PW_MUST_CHECK;

/*
 * Free what the system holds outside of the arena.
 */
void pw_system_free(struct pw_system *system);

/*
 * Find the space of this number, made empty if there was none. Numbers begin
 * with 0, and memory goes with the highest one.
 *
 * Owns:   the system.
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_system_space(struct pw_system *system, uint32_t number,
			       struct pw_space **out,
			       struct pw_error *err) PW_MUST_CHECK;

/*
 * Let a process in space @number run.
 *
 * Errors: as pw_system_space.
 */
enum pw_status pw_system_switch(struct pw_system *system, uint32_t number,
				struct pw_error *err) PW_MUST_CHECK;

/*
 * Free all pages and mappings of the running process.
 */
void pw_system_empty(struct pw_system *system);

/*
 * Count the touches of a process that has ended; it makes no references.
 */
void pw_system_skip(struct pw_system *system, const struct pw_touches *touches);

/*
 * Let the running process make the references of @touches.
 *
 * Errors: PW_ERR_SYSTEM.
 * Cost:   a few instructions for a touch of a recent page; then O(ways), then
 *         a page-table look-up.
 */
enum pw_status pw_system_touches(struct pw_system *system,
				 const struct pw_touches *touches,
				 struct pw_error *err) PW_MUST_CHECK;

/*
 * Bring peaks and the page-table gauges up to date: after every reference that
 * faulted and every event.
 */
void pw_system_note_peaks(struct pw_system *system);

/*
 * Bring the counters that follow from others up to date (TLB hits, VSZ).
 */
void pw_system_settle(struct pw_system *system);

#endif
