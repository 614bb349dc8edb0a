/*
 * collapse.h - accesses to touches, one thread's batch at a time.
 *
 * The runs of both sides stay open across the batches of one collapser as
 * CONTINUED records, so the number of touches does not depend on how a trace
 * was cut. A run ends at events: call pw_collapse_end_runs.
 *
 * Source: Puzak's trace stripping as in Wang & Baer, "Efficient trace-driven
 *         simulation methods for cache performance analysis" (1991); the order
 *         records are explained in ARCHITECTURE.md.
 */
#ifndef PW_FORMATS_COLLAPSE_H
#define PW_FORMATS_COLLAPSE_H

#include "base/status.h"
#include "formats/batch.h"

struct pw_collapse;

/*
 * Make a collapser with no open run.
 *
 * Owns:   *out is the caller's; free it with pw_collapse_close.
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_collapse_open(struct pw_collapse **out,
				struct pw_error *err) PW_MUST_CHECK;

/*
 * Free the collapser. NULL is allowed.
 */
void pw_collapse_close(struct pw_collapse *collapse);

/*
 * Collapse @accesses of @thread, whose instruction clock stands at
 * @instruction before them.
 *
 * Owns:   *out points into the collapser; good until the next call.
 * Errors: PW_ERR_SYSTEM.
 * Cost:   O(accesses).
 */
enum pw_status pw_collapse_batch(struct pw_collapse *collapse, uint32_t thread,
				 uint64_t instruction,
				 const struct pw_accesses *accesses,
				 struct pw_touches *out,
				 struct pw_error *err) PW_MUST_CHECK;

/*
 * End the open runs of @thread: its next accesses begin new touches.
 */
void pw_collapse_end_runs(struct pw_collapse *collapse, uint32_t thread);

#endif
