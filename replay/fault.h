/*
 * fault.h - page faults: what Linux does, as a decision tree.
 */
#ifndef PW_REPLAY_FAULT_H
#define PW_REPLAY_FAULT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "replay/system.h"

/*
 * Handle the fault of a reference to @page, which is absent, or read-only and
 * written. Afterwards it is present, and writable for a write.
 *
 * Errors: PW_ERR_SYSTEM.
 * Source: Linux 6.x mm/memory.c handle_mm_fault, do_fault_around, do_wp_page;
 *         the rows of MODEL.md, "Faults".
 */
enum pw_status pw_fault(struct pw_system *system, struct pw_space *space,
			uint64_t page, bool write,
			struct pw_error *err) PW_MUST_CHECK;

#endif
