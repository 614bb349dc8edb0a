/*
 * fault_log.c - the faults of each process, in order.
 */
#include "replay/memory/fault_log.h"

#include <stdbool.h>

#include "base/assert.h"

void pw_fault_log_init(struct pw_fault_log *log)
{
	log->processes = (struct pw_array)PW_ARRAY(struct pw_array);
}

static struct pw_array *runs_of(const struct pw_fault_log *log, size_t process)
{
	PW_ASSERT(process < log->processes.count);
	return &PW_ARRAY_AT(&log->processes, struct pw_array, process);
}

void pw_fault_log_free(struct pw_fault_log *log)
{
	for (size_t i = 0; i < log->processes.count; i++)
		pw_array_free(runs_of(log, i));
	pw_array_free(&log->processes);
}

/* Whether @run goes on with a fault at @page. */
static bool goes_on(const struct pw_fault_run *run, uint64_t page, unsigned how)
{
	return run->how == how &&
	       (run->count == 1 || page - run->last == run->stride);
}

enum pw_status pw_fault_log_add(struct pw_fault_log *log, uint32_t process,
				uint64_t page, unsigned how,
				struct pw_error *err)
{
	static const struct pw_array none = PW_ARRAY(struct pw_fault_run);
	const struct pw_fault_run begun = {
		.first = page, .last = page, .count = 1, .how = how};
	struct pw_fault_run *last = NULL;
	struct pw_array *runs;
	enum pw_status st = PW_OK;

	while (log->processes.count <= process && st == PW_OK)
		st = pw_array_push(&log->processes, &none, err);
	if (st != PW_OK)
		return st;
	runs = runs_of(log, process);
	if (runs->count > 0)
		last = &PW_ARRAY_AT(runs, struct pw_fault_run, runs->count - 1);
	if (!last || !goes_on(last, page, how))
		return pw_array_push(runs, &begun, err);
	last->stride = page - last->last;
	last->last = page;
	last->count++;
	return PW_OK;
}

const struct pw_fault_run *pw_fault_log_runs(const struct pw_fault_log *log,
					     uint32_t process, size_t *count)
{
	*count = 0;
	if (process >= log->processes.count)
		return NULL;
	*count = runs_of(log, process)->count;
	return runs_of(log, process)->data;
}
