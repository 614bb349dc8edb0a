/*
 * process_list.h - the processes of a trace: what they ran and how they ended.
 */
#ifndef PW_FORMATS_PROCESS_LIST_H
#define PW_FORMATS_PROCESS_LIST_H

#include "base/array.h"
#include "base/status.h"
#include "base/table.h"
#include "formats/batch.h"
#include "formats/lineage.h"
#include "formats/trace.h"

struct pw_process_list {
	struct pw_array items; /* what is known of each process */
	struct pw_lineage lineage;
};

/*
 * Begin with no process.
 */
void pw_process_list_init(struct pw_process_list *list);

/*
 * Free what it holds.
 */
void pw_process_list_free(struct pw_process_list *list);

/*
 * Look at the next batch of the trace; texts are kept in @arena.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_process_list_note(struct pw_process_list *list,
				    const struct pw_trace_info *info,
				    const struct pw_batch *batch,
				    struct pw_arena *arena,
				    struct pw_error *err) PW_MUST_CHECK;

/*
 * Add the table "process_list" to @out, with the processes that have threads.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_process_list_table(const struct pw_process_list *list,
				     const struct pw_trace_info *info,
				     struct pw_tables *out,
				     struct pw_error *err) PW_MUST_CHECK;

#endif
