/*
 * fault.h - page faults: what Linux does, as a decision tree.
 */
#ifndef PW_REPLAY_FAULT_H
#define PW_REPLAY_FAULT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "replay/memory/system.h"

/*
 * Handle the fault of a reference to @page, whose entry lacks PRESENT, or
 * WRITABLE for a write; afterwards it has it. It is no fault if it is only for
 * the CPU to note the use of the page.
 *
 * Errors: PW_ERR_USAGE the machine's memory is full; PW_ERR_SYSTEM.
 * Source: Linux 6.x mm/memory.c handle_mm_fault, do_fault_around, do_wp_page;
 *         the rows of MODEL.md, "Faults".
 */
enum pw_status pw_fault(struct pw_system *system, struct pw_space *space,
			uint64_t page, bool write,
			struct pw_error *err) PW_MUST_CHECK;

/*
 * Map @page of a mapping as if a fault had done so before the recording began:
 * a page of its own in private anonymous memory, and in the private mapping of
 * a file if @flags (enum pw_present_flag) say so; else one of the cache. It is
 * counted if @flags say that it was faulted in. Nothing happens if there is one
 * already.
 *
 * Errors: PW_ERR_USAGE the machine's memory is full; PW_ERR_SYSTEM.
 */
enum pw_status pw_fault_present(struct pw_system *system,
				struct pw_space *space, uint64_t page,
				uint64_t flags,
				struct pw_error *err) PW_MUST_CHECK;

/*
 * A fault of a page behind the end of its file or memory, which no entry maps:
 * the fault fails, but tables above the page stay, and what it did before: a
 * read maps pages around, a write to a private mapping makes its anon_vma.
 *
 * Errors: as pw_fault.
 * Source: Linux 6.18 mm/memory.c __handle_mm_fault, do_read_fault,
 *         do_cow_fault.
 */
enum pw_status pw_fault_failed(struct pw_system *system, struct pw_space *space,
			       uint64_t page, bool write,
			       struct pw_error *err) PW_MUST_CHECK;

#endif
