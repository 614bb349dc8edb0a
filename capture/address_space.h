/*
 * address_space.h - what the mappings of the target become in the trace.
 */
#ifndef PW_CAPTURE_ADDRESS_SPACE_H
#define PW_CAPTURE_ADDRESS_SPACE_H

#include <stdbool.h>

#include "base/status.h"
#include "capture/call.h"
#include "capture/maps.h"
#include "capture/recorder.h"

/* The target's mappings as they were when last asked for. */
struct pw_address_space {
	pid_t pid;
	bool stale; /* a call has changed them since */
	struct pw_maps maps;
};

/*
 * The mappings, read again when they are stale.
 *
 * Owns:   the space; good until the next call.
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_address_space_maps(struct pw_address_space *space,
				     const struct pw_maps **out,
				     struct pw_error *err) PW_MUST_CHECK;

/*
 * Free what the space holds.
 */
void pw_address_space_free(struct pw_address_space *space);

/* Of which process mappings are recorded, and what else is known of it. */
struct pw_address_space_owner {
	pid_t pid;
	bool fresh;    /* it has run nothing since its exec */
	bool own_only; /* pages that come from files are not told as present */
};

/*
 * Record each mapping of @maps as a map event of @thread, the pages present in
 * it as present events, and its executable files as modules. The caller may
 * have made up @maps out of those of the owner.
 *
 * Errors: PW_ERR_OUTPUT, PW_ERR_SYSTEM. A page table that may not be read is
 *         no error: there are no present events then.
 */
enum pw_status
pw_address_space_record_maps(const struct pw_maps *maps,
			     const struct pw_address_space_owner *owner,
			     struct pw_recorder *recorder, uint32_t thread,
			     struct pw_error *err) PW_MUST_CHECK;

/*
 * Declare the module of the executable mapping at @address, if it is one.
 *
 * Errors: PW_ERR_OUTPUT, PW_ERR_SYSTEM.
 */
enum pw_status
pw_address_space_record_module(struct pw_address_space *space, uint64_t address,
			       struct pw_recorder *recorder, uint32_t thread,
			       struct pw_error *err) PW_MUST_CHECK;

/*
 * What is behind descriptor @fd of @pid; all zero and "" when unknown.
 */
void pw_address_space_file(pid_t pid, int fd, struct pw_call_file *out);

#endif
