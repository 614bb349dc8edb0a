/*
 * oracle_run.c - access by access, event by event, with snapshots.
 */
#include "tests/oracle/oracle_run.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"

static struct pw_oracle_snapshot
take_snapshot(const struct pw_oracle_replay *oracle)
{
	struct pw_oracle_snapshot snapshot = {.name = ""};

	for (size_t i = 0; pw_oracle_replay_name(i); i++) {
		PW_ASSERT(i < PW_ORACLE_COUNTERS_MAX);
		PW_ASSERT(pw_oracle_replay_counter(
			oracle, pw_oracle_replay_name(i), &snapshot.value[i]));
	}
	memcpy(snapshot.tlb, oracle->mmu.row, sizeof(snapshot.tlb));
	return snapshot;
}

static void keep(struct pw_array *array,
		 const struct pw_oracle_snapshot *snapshot)
{
	struct pw_error err;

	PW_ASSERT(pw_array_push(array, snapshot, &err) == PW_OK);
}

static void run_accesses(struct pw_oracle_run *run,
			 struct pw_oracle_replay *oracle,
			 const struct pw_random_trace *trace,
			 const struct pw_random_stretch *stretch,
			 uint64_t interval)
{
	struct pw_accesses accesses =
		pw_random_accesses(trace, stretch->access, stretch->accesses);

	for (size_t i = 0; i < accesses.count; i++) {
		pw_oracle_replay_access(oracle, stretch->thread, &accesses, i);
		if ((stretch->access + i + 1) % interval == 0) {
			struct pw_oracle_snapshot row = take_snapshot(oracle);

			keep(&run->rows, &row);
		}
	}
}

static void run_events(struct pw_oracle_run *run,
		       struct pw_oracle_replay *oracle,
		       const struct pw_random_trace *trace,
		       const struct pw_random_stretch *stretch)
{
	for (size_t i = 0; i < stretch->events; i++) {
		const struct pw_event *event = &PW_ARRAY_AT(
			&trace->event, struct pw_event, stretch->event + i);
		struct pw_oracle_snapshot mark;

		pw_oracle_replay_event(oracle, stretch->thread, event);
		if (event->kind != PW_EVENT_mark)
			continue;
		mark = take_snapshot(oracle);
		mark.name = event->text;
		mark.thread = stretch->thread;
		keep(&run->marks, &mark);
	}
}

void pw_oracle_run(struct pw_oracle_run *run,
		   const struct pw_random_trace *trace,
		   const struct pw_oracle_machine *machine, uint64_t interval)
{
	struct pw_oracle_machine here = *machine;
	struct pw_oracle_replay *oracle;

	PW_ASSERT(interval > 0);
	run->marks = (struct pw_array)PW_ARRAY(struct pw_oracle_snapshot);
	run->rows = (struct pw_array)PW_ARRAY(struct pw_oracle_snapshot);
	here.mappings_known = !(trace->unknown & PW_UNKNOWN_MAPPINGS);
	pw_oracle_replay_open(&oracle, &here, trace->thread, trace->threads);
	for (size_t i = 0; i < trace->stretch.count; i++) {
		const struct pw_random_stretch *stretch = &PW_ARRAY_AT(
			&trace->stretch, struct pw_random_stretch, i);

		run_accesses(run, oracle, trace, stretch, interval);
		run_events(run, oracle, trace, stretch);
	}
	run->final = take_snapshot(oracle);
	pw_oracle_replay_use(oracle, run->use);
	memcpy(run->peak, oracle->peak, sizeof(run->peak));
	pw_oracle_replay_close(oracle);
}

void pw_oracle_run_free(struct pw_oracle_run *run)
{
	pw_array_free(&run->marks);
	pw_array_free(&run->rows);
}

uint64_t pw_oracle_value(const struct pw_oracle_snapshot *snapshot,
			 const char *name)
{
	size_t i = 0;

	while (pw_oracle_replay_name(i) &&
	       strcmp(pw_oracle_replay_name(i), name) != 0)
		i++;
	if (!pw_oracle_replay_name(i))
		fprintf(stderr, "the oracle does not count %s\n", name);
	PW_ASSERT(pw_oracle_replay_name(i));
	return snapshot->value[i];
}
