/*
 * regroup.h - accesses of any trace as executions of shapes.
 *
 * Instructions that follow each other in memory make a group, as in a basic
 * block, and so do the accesses of one instruction when its fetch is not
 * known. Groups that are alike but for their addresses are executions of one
 * shape.
 */
#ifndef PW_FORMATS_REGROUP_H
#define PW_FORMATS_REGROUP_H

#include <stdint.h>

#include "base/status.h"
#include "formats/batch.h"
#include "formats/writer.h"

struct pw_regroup;

/*
 * Make one that writes to @writer.
 *
 * Owns:   *out is the caller's; free it with pw_regroup_close. @writer stays
 *         the caller's and must outlive it.
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_regroup_open(struct pw_regroup **out,
			       struct pw_writer *writer,
			       struct pw_error *err) PW_MUST_CHECK;

/*
 * Free it. NULL is allowed.
 */
void pw_regroup_close(struct pw_regroup *regroup);

/*
 * Write accesses of a thread, except for a group at their end, which may go
 * on.
 *
 * Errors: PW_ERR_OUTPUT, PW_ERR_SYSTEM.
 */
enum pw_status pw_regroup_accesses(struct pw_regroup *regroup, uint32_t thread,
				   const struct pw_accesses *accesses,
				   struct pw_error *err) PW_MUST_CHECK;

/*
 * Write that group too, so that the writer may be used for other things.
 *
 * Errors: as pw_regroup_accesses.
 */
enum pw_status pw_regroup_flush(struct pw_regroup *regroup,
				struct pw_error *err) PW_MUST_CHECK;

#endif
