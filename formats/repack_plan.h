/*
 * repack_plan.h - which segments of a recording become one.
 */
#ifndef PW_FORMATS_REPACK_PLAN_H
#define PW_FORMATS_REPACK_PLAN_H

#include <stdbool.h>

#include "base/array.h"
#include "base/status.h"
#include "formats/pwt_file.h"
#include "formats/pwt_list.h"
#include "formats/repack_job.h"

/*
 * Whether most accesses of a trace are executions of shapes, and the others as
 * they are; all chunks are of one of @threads threads.
 */
bool pw_repack_pays(const struct pw_pwt_list *list, size_t threads);

/*
 * Cut the segments of @source into @groups, an array of struct pw_repack_group.
 * What a group can hold is bounded, so that the memory for it is.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_repack_plan(struct pw_array *groups,
			      const struct pw_repack_source *source,
			      struct pw_error *err) PW_MUST_CHECK;

#endif
