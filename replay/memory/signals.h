/*
 * signals.h - faults that end in a signal: what the trace says, and what the
 * model would have said.
 *
 * An access that ends in a signal is not in a trace; the signal is. What the
 * model expects follows from the mapping that the address lies in.
 */
#ifndef PW_REPLAY_SIGNALS_H
#define PW_REPLAY_SIGNALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/array.h"
#include "base/status.h"
#include "replay/memory/event_call.h"

#define PW_SIGNALS_MAX 65536 /* that are listed; all are counted */

/* A signal and its si_code; 0, 0: the access would have been no fault. */
struct pw_signal {
	unsigned number;
	unsigned code;
};

struct pw_signal_row {
	uint32_t process;
	uint32_t thread;
	uint64_t address; /* as in the trace */
	struct pw_signal seen;
	struct pw_signal expected;
};

/*
 * What an access to @address of @space, of the kind that the mapping there
 * forbids if it forbids any, ends in.
 *
 * Source: Linux 6.18 arch/x86/mm/fault.c do_user_addr_fault, access_error;
 *         mm/filemap.c filemap_fault; mm/memory.c handle_pte_marker.
 */
struct pw_signal pw_signal_expect(const struct pw_system *system,
				  const struct pw_space *space,
				  uint64_t address);

/*
 * Whether @page of @mapping lies behind the last page that its file, or memory
 * without a name, has a byte of.
 */
bool pw_signal_past_end(const struct pw_system *system,
			const struct pw_space *space,
			const struct pw_mapping *mapping, uint64_t page);

/*
 * Carry out a signal event: one that a fault ended in is counted, compared and
 * listed, and leaves what pw_fault_failed says; others do nothing.
 *
 * Errors: PW_ERR_SYSTEM.
 * Cost:   O(log mappings).
 */
enum pw_status pw_call_signal(const struct pw_call_context *ctx,
			      struct pw_error *err) PW_MUST_CHECK;

/*
 * Carry out the event of @ctx, that the kernel failed to reach an address for a
 * call: as a fault of the program would, but without a signal.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_call_unreached(const struct pw_call_context *ctx,
				 struct pw_error *err) PW_MUST_CHECK;

#endif
