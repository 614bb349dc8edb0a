/*
 * collapse.h - accesses to touches, one thread's batch at a time.
 *
 * The runs of both sides stay open across the batches of one collapser as
 * CONTINUED records, so the number of touches does not depend on how a trace
 * was cut. A run ends at events: call pw_collapse_end_runs, for every thread
 * whose address space the event changes.
 *
 * Every record begins with a reference that was really made, and the records
 * of a batch are in the order of these references. instruction is the 0-based
 * index of the instruction that made it: the clock before the batch, plus the
 * PW_ACCESS_FIRST bits up to and including the access, less one (0 for
 * accesses before the first instruction). LOAD_FIRST says that it was a load.
 *
 * Page-level LRU is exact: after the first reference of each record, a stack
 * of pages fed with the records so far, in whatever interleaving of threads
 * the batches came, equals the one fed with all references so far; and a
 * reference without a record of its own is to one of the two top pages. The
 * same holds for larger pages, up to 1 GiB, of which several 4 KiB pages are
 * parts. What the first store to a page in a batch may change about them, for
 * either side, is seen by the record of the reference that comes next; stores
 * that may change more need pw_collapse_far_stores.
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
 * Before the first batch: leave out records that only tell which side was
 * touched last, and first loads after a run's first store; see
 * collapse_split.h. Touches and references are as many.
 */
void pw_collapse_split(struct pw_collapse *collapse);

/*
 * Before the first batch: for processors where any first store of a run in a
 * batch may change how any page is mapped, however far from it, and again and
 * again. The fetch that comes next begins a record. Touches and references are
 * as many.
 */
void pw_collapse_far_stores(struct pw_collapse *collapse);

/*
 * Free the collapser. NULL is allowed.
 */
void pw_collapse_close(struct pw_collapse *collapse);

/*
 * Collapse @accesses of @thread, whose instruction clock stands at
 * @instruction before them.
 *
 * Owns:   *out points into the collapser; good until the next call.
 * Errors: PW_ERR_SYSTEM; the runs of @thread are as before.
 * Cost:   O(references): an access makes one in each page it covers.
 */
enum pw_status pw_collapse_batch(struct pw_collapse *collapse, uint32_t thread,
				 uint64_t instruction,
				 const struct pw_accesses *accesses,
				 struct pw_touches *out,
				 struct pw_error *err) PW_MUST_CHECK;

/*
 * The same in pieces: begin a batch of @thread, add accesses to it as they
 * come, and end it. In between no other call is allowed.
 *
 * Owns:   *out points into the collapser; good until the next call.
 * Errors: PW_ERR_SYSTEM; the runs of @thread are as before, and the batch is
 *         not open any more.
 */
enum pw_status pw_collapse_begin(struct pw_collapse *collapse, uint32_t thread,
				 uint64_t instruction,
				 struct pw_error *err) PW_MUST_CHECK;
enum pw_status pw_collapse_add(struct pw_collapse *collapse,
			       const struct pw_accesses *accesses,
			       struct pw_error *err) PW_MUST_CHECK;
void pw_collapse_end(struct pw_collapse *collapse, struct pw_touches *out);

/*
 * Take @touches, which were collapsed as if no run had been open, as the next
 * batch of @thread: they become what pw_collapse_batch would have made.
 *
 * Owns:   touches->flags points into the collapser afterwards; good until the
 *         next call.
 * Errors: PW_ERR_SYSTEM.
 * Cost:   a copy of the flags.
 */
enum pw_status pw_collapse_resume(struct pw_collapse *collapse, uint32_t thread,
				  struct pw_touches *touches,
				  struct pw_error *err) PW_MUST_CHECK;

/*
 * End the open runs of @thread: its next accesses begin new touches.
 */
void pw_collapse_end_runs(struct pw_collapse *collapse, uint32_t thread);

/*
 * Go on in new CONTINUED records after each @accesses accesses of a batch, so
 * that no count of a record exceeds it. Without this it is UINT32_MAX, what
 * the counts can hold.
 */
void pw_collapse_limit_counts(struct pw_collapse *collapse, uint32_t accesses);

#endif
