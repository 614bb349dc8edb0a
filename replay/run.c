/*
 * run.c - one machine of a replay: its processor and what it answers.
 */
#include "replay/run.h"

#include "base/assert.h"
#include "replay/mmu/mmu_batch.h"

enum pw_status pw_run_make(struct pw_run *run, const struct pw_machine *machine,
			   uint64_t interval, struct pw_arena *arena,
			   struct pw_error *err)
{
	run->status = PW_OK;
	run->marks = (struct pw_array)PW_ARRAY(struct pw_replay_mark);
	pw_row_series_start(&run->series, interval);
	return pw_processor_make(&run->processor, machine, arena, err);
}

void pw_run_free(struct pw_run *run)
{
	pw_processor_free(&run->processor);
	pw_row_series_free(&run->series);
	pw_array_free(&run->marks);
}

static enum pw_status take_moment(struct pw_run *run,
				  const struct pw_moment *moment)
{
	struct pw_replay_mark mark = {moment->mark, moment->thread, {0}};

	pw_processor_add_up(&run->processor, &moment->memory, &mark.counters);
	if (moment->mark)
		return pw_array_push(&run->marks, &mark, &run->err);
	return pw_row_series_note(&run->series, &mark.counters, &run->err);
}

/* How many operations from @first on are references to base pages, as far as a
 * batch goes. */
static size_t count_references(const struct pw_operations *operations,
			       size_t first)
{
	size_t most = operations->count - first < PW_MMU_BATCH
			      ? operations->count - first
			      : PW_MMU_BATCH;
	size_t count = 0;

	while (count < most &&
	       operations->list[first + count].kind <= PW_OPERATION_FETCH &&
	       operations->list[first + count].height == 0)
		count++;
	return count;
}

/* Take what comes at @index; how many it was. */
static size_t take(struct pw_run *run, const struct pw_operations *operations,
		   size_t index)
{
	const struct pw_operation *operation = &operations->list[index];
	size_t references = count_references(operations, index);

	if (references > 0) {
		run->status = pw_processor_refer(&run->processor, operation,
						 references, &run->err);
		return references;
	}
	if (operation->kind == PW_OPERATION_MOMENT) {
		PW_ASSERT(operation->value < operations->moment_count);
		run->status = take_moment(
			run, &operations->moments[operation->value]);
	} else {
		run->status = pw_processor_take(&run->processor, operation,
						&run->err);
	}
	return 1;
}

void pw_run_take(struct pw_run *run, const struct pw_operations *operations)
{
	for (size_t i = 0; i < operations->count && run->status == PW_OK;)
		i += take(run, operations, i);
}
