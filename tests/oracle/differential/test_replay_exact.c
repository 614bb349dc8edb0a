/*
 * test_replay_exact.c - the replay against its oracle, counter by counter.
 *
 * Random traces with random events go through random machines, once straight
 * from memory and once through a trace file, cut at random places. Every
 * counter that the replay registers must be known to the oracle and equal it
 * at the end and at every mark, and every row of the series.
 *
 * PW_SEEDS is the number of random traces, PW_SEED the first one.
 */
#include "tests/support/pw_test.h"

#include <stdio.h>
#include <unistd.h>

#include "base/random.h"
#include "formats/collapse.h"
#include "formats/lineage.h"
#include "formats/tally.h"
#include "formats/trace.h"
#include "formats/writer.h"
#include "replay/replay.h"
#include "tests/oracle/compare_tlbs.h"
#include "tests/oracle/oracle_run.h"
#include "tests/oracle/oracle_seeds.h"
#include "tests/oracle/random_machine.h"

#define MACHINES_MAX 3

/* A trace, the machines, and the replay under test. */
struct subject {
	uint64_t seed;
	struct pw_random random;
	struct pw_random_trace trace;
	struct pw_machine machine[MACHINES_MAX];
	const struct pw_machine *list[MACHINES_MAX];
	struct pw_oracle_machine twin[MACHINES_MAX];
	size_t machines;
	uint64_t interval;
	enum pw_sweep_of sweep;
	struct pw_replay *replay;
	uint64_t large; /* entries that map large pages at the end */
};

static uint64_t below(struct subject *s, uint64_t bound)
{
	return pw_random_below(&s->random, bound);
}

static void open_subject(struct subject *s, uint64_t seed)
{
	struct pw_replay_options options = {0};
	struct pw_error err;

	*s = (struct subject){.seed = seed};
	pw_random_seed(&s->random, ~seed);
	pw_random_trace_make(&s->trace, seed,
			     seed % 25 ? below(s, 2500) : 2 * PW_RANDOM_LONG);
	s->machines = 1 + below(s, MACHINES_MAX);
	for (size_t i = 0; i < s->machines; i++) {
		pw_random_machine(&s->random, &s->machine[i], &s->twin[i]);
		s->list[i] = &s->machine[i];
	}
	s->interval = 1 + below(s, below(s, 2) ? 1000 : 20);
	options.machines = s->list;
	options.machine_count = s->machines;
	options.interval_accesses = s->interval;
	options.threads = (unsigned)below(s, 4);
	s->sweep = (enum pw_sweep_of)below(s, 4);
	options.sweep = s->sweep;
	PW_TEST_OK(pw_replay_open(&s->replay, &options, &err), &err);
	assert_true(pw_replay_epoch(s->replay) == s->interval);
}

static void close_subject(struct subject *s)
{
	pw_replay_close(s->replay);
	pw_random_trace_free(&s->trace);
}

static void compare_counters(const struct subject *s, const char *where,
			     const struct pw_counters *counters,
			     const struct pw_oracle_snapshot *want)
{
	for (size_t i = 0; pw_counter_at(i); i++) {
		const struct pw_counter_info *info = pw_counter_at(i);
		uint64_t value = pw_counter_value(counters, info);
		uint64_t expected = pw_oracle_value(want, info->name);

		if (value != expected)
			fail_msg("seed %ju, %s: %s is %ju, the oracle's %ju",
				 (uintmax_t)s->seed, where, info->name,
				 (uintmax_t)value, (uintmax_t)expected);
	}
}

static void compare_marks(const struct subject *s, size_t machine,
			  const struct pw_oracle_run *run)
{
	const struct pw_replay_mark *mark;
	char where[64];
	size_t count;

	mark = pw_replay_marks(s->replay, machine, &count);
	if (count != run->marks.count)
		fail_msg("seed %ju: %zu marks, the oracle's %zu",
			 (uintmax_t)s->seed, count, run->marks.count);
	for (size_t i = 0; i < count; i++) {
		const struct pw_oracle_snapshot *want =
			&PW_ARRAY_AT(&run->marks, struct pw_oracle_snapshot, i);

		snprintf(where, sizeof(where), "mark %zu", i);
		assert_string_equal(mark[i].name, want->name);
		assert_int_equal(mark[i].thread, want->thread);
		compare_counters(s, where, &mark[i].counters, want);
		pw_oracle_compare_tlbs(mark[i].counters.tlb, NULL, want->tlb,
				       s->seed, where);
	}
}

/* What a row shows as faults is all of them. */
static uint64_t row_value(const struct pw_oracle_snapshot *snapshot,
			  const char *name)
{
	if (strcmp(name, "faults") == 0)
		return pw_oracle_value(snapshot, "fault.minor") +
		       pw_oracle_value(snapshot, "fault.major");
	return pw_oracle_value(snapshot, name);
}

static void compare_row(const struct subject *s, size_t index,
			const struct pw_replay_row *row,
			const struct pw_oracle_snapshot *before,
			const struct pw_oracle_snapshot *after)
{
	const struct {
		const char *name;
		uint64_t value;
		bool difference;
	} column[] = {
		{"accesses", row->accesses, false},
		{"instructions", row->instructions, false},
		{"touches", row->touches, true},
		{"dtlb.misses", row->dtlb_misses, true},
		{"itlb.misses", row->itlb_misses, true},
		{"stlb.misses", row->stlb_misses, true},
		{"walk.count", row->walk_count, true},
		{"walk.references", row->walk_references, true},
		{"walk.cycles", row->walk_cycles, true},
		{"tlb.shootdowns", row->shootdowns, true},
		{"walk.served.l1d", row->walk_served_l1d, true},
		{"walk.served.l2", row->walk_served_l2, true},
		{"walk.served.llc", row->walk_served_llc, true},
		{"walk.served.memory", row->walk_served_memory, true},
		{"faults", row->faults, true},
		{"rss.bytes", row->rss_bytes, false},
		{"pagetable.bytes", row->pagetable_bytes, false},
	};

	for (size_t i = 0; i < PW_COUNT(column); i++) {
		const char *name = column[i].name;
		uint64_t expected = row_value(after, name);

		if (column[i].difference && before)
			expected -= row_value(before, name);
		if (column[i].value != expected)
			fail_msg("seed %ju, row %zu: %s is %ju, not %ju",
				 (uintmax_t)s->seed, index, name,
				 (uintmax_t)column[i].value,
				 (uintmax_t)expected);
	}
}

/* Rows end after every interval; the last one is what is left. */
static void compare_rows(const struct subject *s, size_t machine,
			 const struct pw_oracle_run *run)
{
	const struct pw_oracle_snapshot *before = NULL, *after;
	const struct pw_oracle_snapshot *rows = run->rows.data;
	uint64_t want =
		(s->trace.address.count + s->interval - 1) / s->interval;
	const struct pw_replay_row *row;
	char where[32];
	size_t count;

	row = pw_replay_rows(s->replay, machine, &count);
	if (count != (want ? want : 1))
		fail_msg("seed %ju: %zu rows, not %ju", (uintmax_t)s->seed,
			 count, (uintmax_t)want);
	for (size_t i = 0; i < count; i++) {
		after = i + 1 < count ? &rows[i] : &run->final;
		compare_row(s, i, &row[i], before, after);
		snprintf(where, sizeof(where), "row %zu", i);
		pw_oracle_compare_tlbs(row[i].tlb, before ? before->tlb : NULL,
				       after->tlb, s->seed, where);
		before = after;
	}
}

static void compare_tables(struct subject *s, size_t machine,
			   const struct pw_oracle_run *run)
{
	const struct pw_table_use *peak;
	const struct pw_table_use *use =
		pw_replay_table_use(s->replay, machine, &peak);

	for (unsigned h = 0; h < s->machine[machine].geometry.levels; h++) {
		const struct {
			const char *name;
			uint64_t value, want;
		} row[] = {
			{"tables", use[h].tables, run->use[h].tables},
			{"bytes", use[h].bytes, run->use[h].bytes},
			{"entries", use[h].entries, run->use[h].entries},
			{"lines", use[h].lines, run->use[h].lines},
			{"most tables", peak[h].tables, run->peak[h].tables},
			{"most bytes", peak[h].bytes, run->peak[h].bytes},
			{"most entries", peak[h].entries, run->peak[h].entries},
			{"most lines", peak[h].lines, run->peak[h].lines},
		};

		for (size_t i = 0; i < PW_COUNT(row); i++)
			if (row[i].value != row[i].want)
				fail_msg("seed %ju, height %u: %s: %ju, not "
					 "%ju",
					 (uintmax_t)s->seed, h, row[i].name,
					 (uintmax_t)row[i].value,
					 (uintmax_t)row[i].want);
		if (h > 0)
			s->large += use[h].entries - use[h - 1].tables;
	}
}

static void compare(struct subject *s)
{
	for (size_t i = 0; i < s->machines; i++) {
		const struct pw_counters *have =
			pw_replay_counters(s->replay, i);
		struct pw_oracle_run run;
		const struct pw_oracle_snapshot *final = &run.final;

		pw_oracle_run(&run, &s->trace, &s->twin[i], s->interval);
		compare_counters(s, "end", have, final);
		pw_oracle_compare_tlbs(have->tlb, NULL, final->tlb, s->seed,
				       "end");
		compare_marks(s, i, &run);
		compare_rows(s, i, &run);
		compare_tables(s, i, &run);
		pw_oracle_run_free(&run);
	}
}

/* Misses of a machine with a TLB of this geometry where the sweep was. */
static uint64_t count_misses(struct subject *s, size_t machine,
			     struct pw_oracle_geometry geometry)
{
	static const enum pw_tlb_array_id swept[][2] = {
		[PW_SWEEP_L1D] = {PW_TLB_ARRAY_l1d, PW_TLB_ARRAY_l1s},
		[PW_SWEEP_L1I] = {PW_TLB_ARRAY_l1i, PW_TLB_ARRAY_l1i},
		[PW_SWEEP_STLB] = {PW_TLB_ARRAY_stlb, PW_TLB_ARRAY_stlb_i},
	};
	struct pw_oracle_machine twin = s->twin[machine];
	struct pw_oracle_run run;
	uint64_t misses;

	for (size_t i = 0; i < PW_TLB_ARRAYS; i++)
		for (size_t j = 0; j < 2; j++)
			if (pw_tlb_array_info(i)->base == swept[s->sweep][j])
				twin.tlb.array[i] =
					(struct pw_oracle_array){.largest = -1};
	twin.tlb.array[swept[s->sweep][0]].declared = true;
	twin.tlb.array[swept[s->sweep][0]].geometry = geometry;
	if (s->sweep == PW_SWEEP_STLB) {
		twin.tlb.prefetch = false;
		twin.walk.pwc.in_stlb = false;
	}
	pw_oracle_run(&run, &s->trace, &twin, s->interval);
	misses = pw_oracle_value(&run.final,
				 s->sweep == PW_SWEEP_L1D   ? "dtlb.misses"
				 : s->sweep == PW_SWEEP_L1I ? "itlb.misses"
							    : "stlb.misses");
	pw_oracle_run_free(&run);
	return misses;
}

static void compare_sweep(struct subject *s)
{
	size_t machine = (size_t)below(s, s->machines);
	unsigned level = (unsigned)below(s, 8);
	unsigned ways = 1 + (unsigned)below(s, PW_SWEEP_WAYS);
	uint64_t misses =
		pw_replay_sweep_misses(s->replay, machine, level, ways);
	uint64_t want =
		count_misses(s, machine,
			     (struct pw_oracle_geometry){
				     .entries = ways << level, .ways = ways});

	if (misses != want)
		fail_msg("seed %ju: a sweep of %u sets of %u ways misses %ju "
			 "times, the oracle %ju",
			 (uintmax_t)s->seed, 1U << level, ways,
			 (uintmax_t)misses, (uintmax_t)want);
}

/* ---- straight from memory ---- */

/* Where a feeder is in the trace. */
struct feeder {
	struct subject *subject;
	struct pw_collapse *collapse;
	struct pw_trace_info info;
	struct pw_lineage lineage;
	uint64_t clock[PW_RANDOM_THREADS];
};

/* Columns of events, as a batch has them. */
struct event_columns {
	uint16_t kind[8];
	uint64_t result[8];
	uint64_t arg[8][PW_EVENT_ARGS];
	const char *text[8];
};

static void fill_events(struct event_columns *columns, struct pw_events *events,
			const struct pw_event *event, size_t count)
{
	assert_true(count <= PW_COUNT(columns->kind));
	for (size_t i = 0; i < count; i++) {
		columns->kind[i] = (uint16_t)event[i].kind;
		columns->result[i] = event[i].result;
		memcpy(columns->arg[i], event[i].arg, sizeof(columns->arg[i]));
		columns->text[i] = event[i].text ? event[i].text : "";
	}
	events->count = count;
	events->kind = columns->kind;
	events->result = columns->result;
	events->arg = (const uint64_t(*)[PW_EVENT_ARGS])columns->arg;
	events->text = columns->text;
}

/* An event ends the runs of all threads that share its address space. */
static void end_runs(struct feeder *f, uint32_t thread)
{
	uint32_t process = f->info.threads[thread].process;
	uint32_t space = pw_lineage_space(&f->lineage, process);

	for (uint32_t i = 0; i < f->info.thread_count; i++) {
		uint32_t other = f->info.threads[i].process;

		if (other == process ||
		    (space != PW_NO_SPACE &&
		     pw_lineage_space(&f->lineage, other) == space))
			pw_collapse_end_runs(f->collapse, i);
	}
}

static void follow_events(struct feeder *f, uint32_t thread,
			  const struct pw_event *event, size_t count)
{
	struct pw_lineage_change change;
	struct pw_error err;

	for (size_t i = 0; i < count; i++) {
		end_runs(f, thread);
		PW_TEST_OK(pw_lineage_event(&f->lineage, &f->info, thread,
					    &event[i], &change, &err),
			   &err);
	}
}

static void feed_batch(struct feeder *f,
		       const struct pw_random_stretch *stretch)
{
	struct pw_batch batch = {.thread = stretch->thread,
				 .first_access = stretch->access};
	const struct pw_event *event = f->subject->trace.event.data;
	struct event_columns columns;
	struct pw_error err;
	uint32_t space;

	PW_TEST_OK(pw_lineage_run(&f->lineage, &f->info, stretch->thread,
				  &space, &err),
		   &err);
	batch.accesses = pw_random_accesses(&f->subject->trace, stretch->access,
					    stretch->accesses);
	batch.access_count = batch.accesses.count;
	pw_tally_add(&batch.tally, batch.accesses.kind, batch.access_count);
	batch.first_instruction = f->clock[stretch->thread];
	for (size_t i = 0; i < batch.accesses.count; i++)
		batch.instruction_count +=
			(batch.accesses.kind[i] & PW_ACCESS_FIRST) != 0;
	f->clock[stretch->thread] += batch.instruction_count;
	PW_TEST_OK(pw_collapse_batch(f->collapse, stretch->thread,
				     batch.first_instruction, &batch.accesses,
				     &batch.touches, &err),
		   &err);
	if (stretch->events > 0) {
		fill_events(&columns, &batch.events, event + stretch->event,
			    stretch->events);
		follow_events(f, stretch->thread, event + stretch->event,
			      stretch->events);
	}
	PW_TEST_OK(pw_replay_batch(f->subject->replay, &f->info, &batch, &err),
		   &err);
}

/* Cut a stretch at the ends of rows, and anywhere; events go with the last. */
static void feed_stretch(struct feeder *f, struct pw_random_stretch stretch)
{
	struct subject *s = f->subject;

	while (stretch.accesses + stretch.events > 0) {
		struct pw_random_stretch piece = stretch;
		uint64_t room = s->interval - stretch.access % s->interval;
		uint64_t events = 1 + below(s, 4);

		if (below(s, 2))
			room = 1 + below(s, room);
		if (piece.accesses > room)
			piece.accesses = room;
		if (piece.accesses < stretch.accesses)
			piece.events = 0;
		else if (piece.events > events)
			piece.events = events;
		feed_batch(f, &piece);
		stretch.access += piece.accesses;
		stretch.accesses -= piece.accesses;
		stretch.event += piece.events;
		stretch.events -= piece.events;
	}
}

static void replay_from_memory(struct subject *s)
{
	struct feeder f = {.subject = s};
	struct pw_error err;

	f.info.unknown = s->trace.unknown;
	f.info.threads = s->trace.thread;
	f.info.thread_count = s->trace.threads;
	pw_lineage_init(&f.lineage);
	PW_TEST_OK(pw_collapse_open(&f.collapse, &err), &err);
	if (pw_replay_takes_split(s->replay) && below(s, 2))
		pw_collapse_split(f.collapse);
	if (pw_replay_has_far_stores(s->replay))
		pw_collapse_far_stores(f.collapse);
	for (size_t i = 0; i < s->trace.stretch.count; i++)
		feed_stretch(&f, PW_ARRAY_AT(&s->trace.stretch,
					     struct pw_random_stretch, i));
	PW_TEST_OK(pw_replay_finish(s->replay, &err), &err);
	pw_collapse_close(f.collapse);
	pw_lineage_free(&f.lineage);
}

static void a_replay_counts_what_its_oracle_counts(void **state)
{
	uint64_t first = pw_oracle_first_seed();
	uint64_t seeds = pw_oracle_seeds(300);
	uint64_t large = 0;

	(void)state;
	for (uint64_t i = 0; i < seeds; i++) {
		struct subject s;

		open_subject(&s, first + i);
		replay_from_memory(&s);
		compare(&s);
		if (s.sweep != PW_SWEEP_NONE)
			compare_sweep(&s);
		large += s.large;
		close_subject(&s);
	}
	/* Some trace was worth the trouble. */
	assert_true(large > 0 || seeds < 300);
}

/* ---- through a trace file ---- */

static void write_stretch(struct subject *s, struct pw_writer *writer,
			  const struct pw_random_stretch *stretch)
{
	const struct pw_event *event = s->trace.event.data;
	struct pw_error err;
	size_t done = 0;

	while (done < stretch->accesses) {
		size_t count = 1 + below(s, stretch->accesses - done);
		struct pw_accesses accesses = pw_random_accesses(
			&s->trace, stretch->access + done, count);

		PW_TEST_OK(pw_writer_accesses(writer, stretch->thread,
					      &accesses, &err),
			   &err);
		done += count;
	}
	for (size_t i = 0; i < stretch->events; i++)
		PW_TEST_OK(pw_writer_event(writer, stretch->thread,
					   &event[stretch->event + i], &err),
			   &err);
}

static void write_trace(struct subject *s, const char *path)
{
	struct pw_writer_options options = {
		.unknown = s->trace.unknown, .zstd_level = 1, .replace = true};
	struct pw_writer *writer;
	struct pw_error err;

	options.segment_accesses = 1 + below(s, below(s, 2) ? 3000 : 100);
	PW_TEST_OK(pw_writer_open(&writer, path, &options, &err), &err);
	for (size_t i = 0; i < s->trace.threads; i++)
		PW_TEST_OK(pw_writer_thread(writer, &s->trace.thread[i], &err),
			   &err);
	for (size_t i = 0; i < s->trace.stretch.count; i++)
		write_stretch(s, writer,
			      &PW_ARRAY_AT(&s->trace.stretch,
					   struct pw_random_stretch, i));
	PW_TEST_OK(pw_writer_close(writer, &err), &err);
}

static void replay_from_file(struct subject *s, const char *path)
{
	struct pw_trace_options options = {.needs = PW_NEED_TOUCHES};
	const struct pw_batch *batch;
	struct pw_trace *trace;
	struct pw_error err;

	options.workers = 1 + (unsigned)below(s, 3);
	options.epoch_accesses = pw_replay_epoch(s->replay);
	options.split = pw_replay_takes_split(s->replay);
	options.far_stores = pw_replay_has_far_stores(s->replay);
	PW_TEST_OK(pw_trace_open(&trace, path, &options, &err), &err);
	PW_TEST_OK(pw_trace_next(trace, &batch, &err), &err);
	while (batch) {
		PW_TEST_OK(pw_replay_batch(s->replay, pw_trace_info(trace),
					   batch, &err),
			   &err);
		PW_TEST_OK(pw_trace_next(trace, &batch, &err), &err);
	}
	assert_null(pw_trace_damage(trace));
	PW_TEST_OK(pw_replay_finish(s->replay, &err), &err);
	pw_trace_close(trace);
}

static void a_trace_file_replays_to_the_same_counts(void **state)
{
	uint64_t first = pw_oracle_first_seed();
	uint64_t seeds = pw_oracle_seeds(300) / 5 + 1;
	char directory[] = "/tmp/pw_replay_exact_XXXXXX";
	char path[64];

	(void)state;
	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/trace.pwt", directory);
	for (uint64_t i = 0; i < seeds; i++) {
		struct subject s;

		open_subject(&s, first + i);
		write_trace(&s, path);
		replay_from_file(&s, path);
		compare(&s);
		close_subject(&s);
	}
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(directory), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_replay_counts_what_its_oracle_counts),
		cmocka_unit_test(a_trace_file_replays_to_the_same_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
