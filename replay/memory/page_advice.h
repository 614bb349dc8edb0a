/*
 * page_advice.h - madvise that concerns pages: FREE, COLD, PAGEOUT, REMOVE and
 * WILLNEED.
 */
#ifndef PW_REPLAY_PAGE_ADVICE_H
#define PW_REPLAY_PAGE_ADVICE_H

#include "base/status.h"
#include "replay/memory/event_call.h"

/* Linux include/uapi/asm-generic/mman-common.h. */
enum pw_page_advice {
	PW_ADVICE_WILLNEED = 3,
	PW_ADVICE_FREE = 8,
	PW_ADVICE_REMOVE = 9,
	PW_ADVICE_COLD = 20,
	PW_ADVICE_PAGEOUT = 21,
};

/*
 * Carry out @advice for @part of @mapping.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_page_advice(const struct pw_call_context *ctx,
			      struct pw_range part,
			      const struct pw_mapping *mapping,
			      enum pw_page_advice advice,
			      struct pw_error *err) PW_MUST_CHECK;

/*
 * Mark the pages that MADV_FREE gave up and that still wait for it.
 *
 * Source: Linux mm/swap.c lru_add_drain, lru_lazyfree.
 */
void pw_lazy_drain(struct pw_system *system);

#endif
