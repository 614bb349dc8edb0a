/*
 * apart.h - do work in a child process that outlives a kill of this one long
 * enough to put things right.
 *
 * A tracer that is killed leaves the processes it has attached to with the trap
 * flag set, and they die of it. So the tracer is a child, which the kernel
 * tells of the end of its parent by SIGTERM.
 */
#ifndef PW_CAPTURE_APART_H
#define PW_CAPTURE_APART_H

#include <stddef.h>

#include "base/status.h"

/*
 * Call @work with @state in a child process and wait for it. What it changes
 * in the @state_bytes at @state is changed here, too; nothing else is. SIGTERM,
 * SIGINT, SIGQUIT and SIGHUP to this process become SIGTERM to the child, as
 * does the end of this process.
 *
 * Errors: what @work returns; PW_ERR_SYSTEM no child can be made, or it died.
 * Source: prctl(2), PR_SET_PDEATHSIG.
 */
enum pw_status pw_apart_run(enum pw_status (*work)(void *state,
						   struct pw_error *err),
			    void *state, size_t state_bytes,
			    struct pw_error *err) PW_MUST_CHECK;

#endif
