/*
 * populate.h - faults that a system call takes for the program.
 */
#ifndef PW_REPLAY_POPULATE_H
#define PW_REPLAY_POPULATE_H

#include "base/status.h"
#include "replay/system.h"

enum pw_populate {
	PW_POPULATE_READ,
	PW_POPULATE_WRITE,
	PW_POPULATE_BY_MAPPING, /* as mmap and mlock do */
};

/*
 * Handle the faults of the pages of @range that lie in mappings.
 *
 * Errors: PW_ERR_SYSTEM.
 * Source: Linux mm/gup.c populate_vma_page_range; MODEL.md, "Address space".
 */
enum pw_status pw_populate(struct pw_system *system, struct pw_space *space,
			   struct pw_range range, enum pw_populate how,
			   struct pw_error *err) PW_MUST_CHECK;

#endif
