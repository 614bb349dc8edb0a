/*
 * remap.h - mremap: mappings and their pages move, shrink, grow or double.
 */
#ifndef PW_REPLAY_REMAP_H
#define PW_REPLAY_REMAP_H

#include "replay/memory/event_call.h"

/*
 * Carry out a successful mremap.
 *
 * Errors: PW_ERR_SYSTEM.
 * Source: Linux 6.18 mm/mremap.c; MODEL.md, "Address space".
 */
enum pw_status pw_call_mremap(const struct pw_call_context *ctx,
			      struct pw_error *err) PW_MUST_CHECK;

#endif
