/*
 * test_spaces.c - the address spaces of batches against following processes
 * one event at a time, and a miss-ratio curve of many processes.
 *
 * PW_SEEDS is the number of random traces, PW_SEED the first one.
 */
#include "tests/support/pw_test.h"

#include <unistd.h>

#include "analyze/miss_ratio.h"
#include "formats/writer.h"
#include "tests/oracle/oracle_lru.h"
#include "tests/oracle/oracle_seeds.h"
#include "tests/oracle/random_trace.h"

/* Who is in which space, by the words of batch.h and lineage.h. */
struct oracle {
	const struct pw_thread *thread;
	size_t threads;
	bool begun[PW_RANDOM_THREADS], gone[PW_RANDOM_THREADS];
	bool has_space[PW_RANDOM_THREADS], over[PW_RANDOM_THREADS];
	uint64_t space[PW_RANDOM_THREADS]; /* by process */
	uint64_t spaces;
};

struct subject {
	uint64_t seed;
	struct pw_random random;
	struct pw_random_trace trace;
	uint64_t *space; /* of each access */
	uint64_t spaces;
};

static void run_thread(struct oracle *o, uint32_t thread)
{
	uint32_t process = o->thread[thread].process;

	o->begun[thread] = true;
	if (o->has_space[process])
		return;
	o->has_space[process] = true;
	o->space[process] = o->spaces++;
}

static void make_child(struct oracle *o, uint32_t process,
		       const struct pw_event *event)
{
	bool shares = event->arg[0] & 0x100;
	bool is_thread = event->arg[0] & 0x10000;

	for (size_t i = 0; i < o->threads; i++) {
		uint32_t child = o->thread[i].process;

		if (o->begun[i] || o->thread[i].tid != event->result ||
		    is_thread != (child == process))
			continue;
		o->begun[i] = true;
		if (o->has_space[child])
			return;
		o->has_space[child] = true;
		o->space[child] = shares ? o->space[process] : o->spaces++;
		return;
	}
}

static void end_thread(struct oracle *o, uint32_t thread)
{
	uint32_t process = o->thread[thread].process;

	o->gone[thread] = true;
	for (size_t i = 0; i < o->threads; i++)
		if (o->thread[i].process == process && !o->gone[i])
			return;
	o->over[process] = true;
}

static void apply(struct oracle *o, uint32_t thread,
		  const struct pw_event *event)
{
	uint32_t process = o->thread[thread].process;

	if (o->over[process] || pw_event_failed(event))
		return;
	if (event->kind == PW_EVENT_clone && event->result != 0) {
		make_child(o, process, event);
	} else if (event->kind == PW_EVENT_exec) {
		for (size_t i = 0; i < o->threads; i++)
			if (o->thread[i].process == process && i != thread)
				o->gone[i] |= o->begun[i];
		o->space[process] = o->spaces++;
	} else if (event->kind == PW_EVENT_exit) {
		end_thread(o, thread);
	} else if (event->kind == PW_EVENT_exit_group ||
		   event->kind == PW_EVENT_killed) {
		o->over[process] = true;
	}
}

/* Write the trace, and note the space of each access. */
static void write_trace(struct subject *s, const char *path)
{
	const struct pw_random_trace *trace = &s->trace;
	const struct pw_event *event = trace->event.data;
	const struct pw_writer_options options = {
		.zstd_level = 1,
		.replace = true,
		.segment_accesses = 1 + pw_random_below(&s->random, 500)};
	struct oracle o = {.thread = trace->thread, .threads = trace->threads};
	struct pw_writer *writer;
	struct pw_error err;

	PW_TEST_OK(pw_writer_open(&writer, path, &options, &err), &err);
	for (size_t i = 0; i < trace->threads; i++)
		PW_TEST_OK(pw_writer_thread(writer, &trace->thread[i], &err),
			   &err);
	for (size_t i = 0; i < trace->stretch.count; i++) {
		const struct pw_random_stretch *at = &PW_ARRAY_AT(
			&trace->stretch, struct pw_random_stretch, i);
		const struct pw_accesses accesses =
			pw_random_accesses(trace, at->access, at->accesses);

		if (at->accesses + at->events > 0)
			run_thread(&o, at->thread);
		for (size_t a = 0; a < at->accesses; a++)
			s->space[at->access + a] =
				o.space[trace->thread[at->thread].process];
		PW_TEST_OK(
			pw_writer_accesses(writer, at->thread, &accesses, &err),
			&err);
		for (size_t e = at->event; e < at->event + at->events; e++) {
			apply(&o, at->thread, &event[e]);
			PW_TEST_OK(pw_writer_event(writer, at->thread,
						   &event[e], &err),
				   &err);
		}
	}
	PW_TEST_OK(pw_writer_close(writer, &err), &err);
	s->spaces = o.spaces;
}

static void open_subject(struct subject *s, uint64_t seed, const char *path)
{
	*s = (struct subject){.seed = seed};
	pw_random_seed(&s->random, ~seed);
	pw_random_trace_make(&s->trace, seed,
			     1 + pw_random_below(&s->random, 2000));
	s->space = calloc(s->trace.address.count, sizeof(*s->space));
	assert_non_null(s->space);
	write_trace(s, path);
}

static void close_subject(struct subject *s)
{
	pw_random_trace_free(&s->trace);
	free(s->space);
}

static void check_batch(const struct subject *s, const struct pw_batch *batch)
{
	for (size_t i = 0; i < batch->accesses.count; i++)
		if (batch->space != s->space[batch->first_access + i])
			fail_msg("seed %ju: access %ju: space %ju, not %ju",
				 (uintmax_t)s->seed,
				 (uintmax_t)(batch->first_access + i),
				 (uintmax_t)batch->space,
				 (uintmax_t)s->space[batch->first_access + i]);
}

/* Read the trace into @curve, and check each batch. */
static void read_trace(struct subject *s, const char *path,
		       struct pw_miss_ratio *curve)
{
	const struct pw_trace_options options = {
		.needs = pw_random_below(&s->random, 2) ? PW_NEED_BOTH
							: PW_NEED_ACCESSES,
		.workers = 1 + (unsigned)pw_random_below(&s->random, 3),
		.epoch_accesses = pw_random_below(&s->random, 300)};
	const struct pw_batch *batch;
	struct pw_trace *trace;
	struct pw_error err;

	PW_TEST_OK(pw_trace_open(&trace, path, &options, &err), &err);
	PW_TEST_OK(pw_trace_next(trace, &batch, &err), &err);
	while (batch) {
		check_batch(s, batch);
		PW_TEST_OK(pw_miss_ratio_add(curve, batch->space,
					     &batch->accesses, &err),
			   &err);
		PW_TEST_OK(pw_trace_next(trace, &batch, &err), &err);
	}
	pw_trace_close(trace);
}

static void compare_curve(const struct subject *s,
			  const struct pw_miss_ratio *curve)
{
	struct pw_oracle_references references = {0};
	struct pw_oracle_lru lru = {0};

	for (size_t i = 0; i < s->trace.address.count; i++) {
		struct pw_accesses one = pw_random_accesses(&s->trace, i, 1);

		pw_oracle_refer(&references, s->space[i], &one, 4096);
	}
	for (size_t i = 0; i < references.count; i++)
		pw_oracle_lru_refer(&lru, references.item[i].place);
	assert_true(pw_miss_ratio_references(curve) == lru.references);
	assert_true(pw_miss_ratio_pages(curve) == lru.pages);
	for (uint64_t d = 1; d <= lru.pages; d++)
		if (pw_miss_ratio_hits(curve, d) != lru.hits[d])
			fail_msg("seed %ju: hits at %ju", (uintmax_t)s->seed,
				 (uintmax_t)d);
	pw_oracle_lru_free(&lru);
	pw_oracle_references_free(&references);
}

static void batches_say_in_which_space_they_are(void **state)
{
	const struct pw_miss_ratio_options options = {0};
	uint64_t first = pw_oracle_first_seed();
	uint64_t seeds = pw_oracle_seeds(150);
	char directory[] = "/tmp/pw_spaces_XXXXXX";
	uint64_t most = 0;
	char path[64];

	(void)state;
	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/trace.pwt", directory);
	for (uint64_t i = 0; i < seeds; i++) {
		struct pw_miss_ratio *curve;
		struct pw_error err;
		struct subject s;

		open_subject(&s, first + i, path);
		PW_TEST_OK(pw_miss_ratio_open(&curve, &options, &err), &err);
		read_trace(&s, path, curve);
		compare_curve(&s, curve);
		pw_miss_ratio_close(curve);
		if (s.spaces > most)
			most = s.spaces;
		close_subject(&s);
	}
	/* Some trace was worth the trouble. */
	assert_true(most > 4 || seeds < 150);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(directory), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(batches_say_in_which_space_they_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
