/*
 * remap.h - mremap: mappings and their pages move, shrink or grow.
 */
#ifndef PW_REPLAY_REMAP_H
#define PW_REPLAY_REMAP_H

#include <stdint.h>

#include "base/status.h"
#include "replay/system.h"

#define PW_REMAP_DONTUNMAP 4 /* Linux include/uapi/linux/mman.h */

struct pw_remap {
	struct pw_range from; /* old address and length */
	struct pw_range to;   /* result and new length */
	uint64_t flags;
};

/*
 * Carry out a successful mremap.
 *
 * Errors: PW_ERR_SYSTEM.
 * Source: Linux mm/mremap.c; MODEL.md, "Address space".
 */
enum pw_status pw_remap(struct pw_system *system, struct pw_space *space,
			const struct pw_remap *remap,
			struct pw_error *err) PW_MUST_CHECK;

#endif
