/*
 * test_touches.c - touches are the same wherever they come from.
 *
 * A random trace is written three times: with accesses, with touches, and with
 * both. Read as touches the three must give the same batches in every field;
 * what is stored must be what a slow reader finds in the file; and with
 * accesses the first and the last are the same trace.
 */
#include "tests/support/pw_test.h"

#include <stdio.h>
#include <unistd.h>

#include "base/random.h"
#include "formats/trace.h"
#include "formats/writer.h"
#include "tests/oracle/oracle_seeds.h"
#include "tests/oracle/oracle_touch.h"
#include "tests/oracle/random_trace.h"
#include "tests/support/shape_script.h"

#define CUT 16384

struct bench {
	struct pw_random random;
	uint64_t seed;
	char path[3][64]; /* by enum pw_writer_keep */
	size_t numbered;  /* chunks of codec 2 that were looked at */
	size_t chunks;
};

static void open_bench(struct bench *b, uint64_t seed)
{
	static const char *const name[] = {"accesses", "touches", "all"};

	memset(b, 0, sizeof(*b));
	b->seed = seed;
	pw_random_seed(&b->random, seed);
	for (size_t i = 0; i < PW_COUNT(name); i++)
		snprintf(b->path[i], sizeof(b->path[i]),
			 "/tmp/pw_touches_%d_%s.pwt", (int)getpid(), name[i]);
}

static void close_bench(struct bench *b)
{
	for (size_t i = 0; i < PW_COUNT(b->path); i++)
		assert_int_equal(unlink(b->path[i]), 0);
}

/* ---- writing ---- */

static void write_stretch(const struct pw_random_trace *trace,
			  const struct pw_random_stretch *s,
			  struct pw_writer *writer)
{
	const struct pw_event *event = trace->event.data;
	struct pw_accesses accesses =
		pw_random_accesses(trace, s->access, s->accesses);
	struct pw_error err;

	PW_TEST_OK(pw_writer_accesses(writer, s->thread, &accesses, &err),
		   &err);
	for (size_t e = 0; e < s->events; e++)
		PW_TEST_OK(pw_writer_event(writer, s->thread,
					   &event[s->event + e], &err),
			   &err);
}

static void write_random(const struct pw_random_trace *trace, const char *path,
			 const struct pw_writer_options *options)
{
	struct pw_writer *writer;
	struct pw_error err;

	PW_TEST_OK(pw_writer_open(&writer, path, options, &err), &err);
	for (size_t i = 0; i < trace->threads; i++)
		PW_TEST_OK(pw_writer_thread(writer, &trace->thread[i], &err),
			   &err);
	for (size_t i = 0; i < trace->stretch.count; i++)
		write_stretch(trace,
			      &PW_ARRAY_AT(&trace->stretch,
					   struct pw_random_stretch, i),
			      writer);
	PW_TEST_OK(pw_writer_close(writer, &err), &err);
}

/* A trace of programs as all three files. */
static void write_programs(struct bench *b, uint64_t accesses)
{
	struct pw_writer_options options = {.replace = true, .zstd_level = 1};
	struct pw_random_trace trace;

	pw_random_trace_make(&trace, b->seed, accesses);
	options.unknown = trace.unknown;
	options.segment_accesses =
		1 + pw_random_below(&b->random, b->seed % 2 ? 50000 : 500);
	for (unsigned keep = 0; keep <= PW_KEEP_ALL; keep++) {
		options.keep = (enum pw_writer_keep)keep;
		write_random(&trace, b->path[keep], &options);
	}
	pw_random_trace_free(&trace);
}

/* The same of a script, as executions of shapes. */
static void write_shapes(struct bench *b, bool dense)
{
	struct pw_writer_options options = {.replace = true, .dense = dense};
	struct pw_script script;

	options.segment_accesses = 1 + pw_random_below(&b->random, 300);
	pw_script_make(&script, b->seed, 1 + (uint32_t)(b->seed % 5), 900,
		       false);
	/* Accesses of a gigabyte make touches that take long. */
	for (size_t i = 0; i < script.count; i++)
		script.item[i].size_bytes %= 1 << 16;
	for (unsigned keep = 0; keep <= PW_KEEP_ALL; keep++) {
		options.keep = (enum pw_writer_keep)keep;
		pw_shape_script_write(&script, b->path[keep], &options);
	}
	pw_script_free(&script);
}

/* ---- comparing ---- */

static void assert_events(const struct pw_events *a, const struct pw_events *b)
{
	assert_int_equal(a->count, b->count);
	for (size_t i = 0; i < a->count; i++) {
		assert_int_equal(a->kind[i], b->kind[i]);
		assert_int_equal(a->result[i], b->result[i]);
		assert_memory_equal(a->arg[i], b->arg[i], sizeof(a->arg[i]));
		assert_string_equal(a->text[i], b->text[i]);
	}
}

static void assert_touches(const struct pw_touches *a,
			   const struct pw_touches *b)
{
	size_t n = a->count;

	assert_int_equal(n, b->count);
	if (n == 0)
		return;
	assert_memory_equal(a->page, b->page, n * sizeof(*a->page));
	assert_memory_equal(a->instruction, b->instruction,
			    n * sizeof(*a->instruction));
	assert_memory_equal(a->loads, b->loads, n * sizeof(*a->loads));
	assert_memory_equal(a->stores, b->stores, n * sizeof(*a->stores));
	assert_memory_equal(a->fetches, b->fetches, n * sizeof(*a->fetches));
	assert_memory_equal(a->flags, b->flags, n);
}

static void assert_batch(const struct pw_batch *a, const struct pw_batch *b)
{
	assert_int_equal(a->thread, b->thread);
	assert_int_equal(a->space, b->space);
	assert_int_equal(a->first_access, b->first_access);
	assert_int_equal(a->first_instruction, b->first_instruction);
	assert_int_equal(a->instruction_count, b->instruction_count);
	assert_int_equal(a->access_count, b->access_count);
	assert_memory_equal(&a->tally, &b->tally, sizeof(a->tally));
	assert_int_equal(a->accesses.count, 0);
	assert_int_equal(b->accesses.count, 0);
	assert_touches(&a->touches, &b->touches);
	assert_events(&a->events, &b->events);
}

/* Read two of the files as touches, side by side. */
static size_t compare(struct bench *b, enum pw_writer_keep left,
		      enum pw_writer_keep right)
{
	struct pw_trace_options how[2] = {{.needs = PW_NEED_TOUCHES},
					  {.needs = PW_NEED_TOUCHES}};
	struct pw_trace *trace[2];
	const struct pw_batch *batch[2];
	struct pw_error err;
	size_t batches = 0;
	/* Touches alone are what they are. */
	bool far = left != PW_KEEP_TOUCHES && pw_random_below(&b->random, 2);

	assert_int_not_equal(right, PW_KEEP_TOUCHES);
	for (size_t i = 0; i < 2; i++) {
		how[i].far_stores = far;
		how[i].workers = 1 + (unsigned)pw_random_below(&b->random, 3);
		how[i].epoch_accesses = CUT * pw_random_below(&b->random, 3);
		PW_TEST_OK(pw_trace_open(&trace[i], b->path[i ? right : left],
					 &how[i], &err),
			   &err);
	}
	for (;; batches++) {
		for (size_t i = 0; i < 2; i++)
			PW_TEST_OK(pw_trace_next(trace[i], &batch[i], &err),
				   &err);
		assert_true(!batch[0] == !batch[1]);
		if (!batch[0] || !batch[1])
			break;
		assert_batch(batch[0], batch[1]);
	}
	for (size_t i = 0; i < 2; i++) {
		assert_null(pw_trace_damage(trace[i]));
		pw_trace_close(trace[i]);
	}
	return batches;
}

/* The pieces of a thread that were compared with batches. */
struct thread {
	size_t piece;
	uint64_t clock;
};

/* Check a batch against the next piece of its thread in the file. */
static void assert_piece(const struct pw_oracle_touches *slow,
			 struct thread *thread, const struct pw_batch *batch)
{
	const unsigned found_out = PW_TOUCH_CONTINUED | PW_TOUCH_UPGRADE;
	const struct pw_oracle_piece *piece = slow->piece.data;
	const struct pw_oracle_touch *want = slow->touch.data;
	const struct pw_touches *touches = &batch->touches;

	while (piece[thread->piece].thread != batch->thread)
		thread->piece++;
	assert_true(thread->piece < slow->piece.count);
	piece += thread->piece++;
	assert_int_equal(piece->accesses, batch->access_count);
	assert_int_equal(piece->instructions, batch->tally.instructions);
	assert_int_equal(piece->stores, batch->tally.stores);
	assert_int_equal(piece->modifies, batch->tally.modifies);
	assert_int_equal(piece->fetches, batch->tally.fetches);
	assert_int_equal(piece->count, touches->count);
	want += piece->first;
	for (size_t i = 0; i < touches->count; i++) {
		uint64_t begun = thread->clock + want[i].instructions;
		unsigned other = touches->flags[i] ^ (unsigned)want[i].flags;

		assert_int_equal(want[i].page, touches->page[i]);
		assert_int_equal(begun ? begun - 1 : 0,
				 touches->instruction[i]);
		assert_int_equal(want[i].loads, touches->loads[i]);
		assert_int_equal(want[i].stores, touches->stores[i]);
		assert_int_equal(want[i].fetches, touches->fetches[i]);
		assert_int_equal(other & ~found_out, 0);
		assert_true(!other || (touches->flags[i] & PW_TOUCH_CONTINUED));
	}
	thread->clock += piece->instructions;
}

/* What is stored, read slowly, against what comes from accesses. */
static void compare_slow(struct bench *b, enum pw_writer_keep keep)
{
	const struct pw_trace_options how = {.needs = PW_NEED_TOUCHES};
	struct thread thread[PW_RANDOM_THREADS] = {{0}};
	struct pw_oracle_touches slow;
	const struct pw_batch *batch;
	struct pw_trace *trace;
	struct pw_error err;
	size_t pieces = 0;

	pw_oracle_touches_read(&slow, b->path[keep]);
	b->numbered += slow.numbered;
	b->chunks += slow.chunks;
	assert_int_equal(slow.critical,
			 keep == PW_KEEP_TOUCHES ? slow.chunks : 0);
	PW_TEST_OK(pw_trace_open(&trace, b->path[PW_KEEP_ACCESSES], &how, &err),
		   &err);
	for (;;) {
		PW_TEST_OK(pw_trace_next(trace, &batch, &err), &err);
		if (!batch)
			break;
		if (batch->access_count == 0)
			continue;
		assert_true(batch->thread < PW_COUNT(thread));
		assert_piece(&slow, &thread[batch->thread], batch);
		pieces++;
	}
	assert_int_equal(pieces, slow.piece.count);
	pw_trace_close(trace);
	pw_oracle_touches_free(&slow);
}

/* With both kept the accesses are those of a file without touches. */
static void compare_accesses(struct bench *b)
{
	const struct pw_trace_options how = {.workers = 1};
	struct pw_script want = {0}, got = {0};
	struct pw_script_result result;

	pw_script_read(&want, b->path[PW_KEEP_ACCESSES], &how, &result);
	pw_script_read(&got, b->path[PW_KEEP_ALL], &how, &result);
	assert_false(result.damaged);
	assert_int_equal(got.count, want.count);
	pw_script_assert_prefix(&got, &want, want.count);
	pw_script_free(&want);
	pw_script_free(&got);
}

static size_t compare_all(struct bench *b)
{
	size_t batches = compare(b, PW_KEEP_ACCESSES, PW_KEEP_ALL);

	assert_int_equal(compare(b, PW_KEEP_TOUCHES, PW_KEEP_ALL), batches);
	compare_slow(b, PW_KEEP_ALL);
	compare_slow(b, PW_KEEP_TOUCHES);
	compare_accesses(b);
	return batches;
}

static void touches_of_programs_are_the_same_stored_and_made(void **state)
{
	uint64_t first = pw_oracle_first_seed();
	uint64_t seeds = pw_oracle_seeds(300) / 10 + 1;
	size_t batches = 0, numbered = 0, chunks = 0;

	(void)state;
	for (uint64_t i = 0; i < seeds; i++) {
		struct bench b;

		open_bench(&b, first + i);
		write_programs(&b, i % 4 ? 3000 : CUT * 5);
		batches += compare_all(&b);
		numbered += b.numbered;
		chunks += b.chunks;
		close_bench(&b);
	}
	assert_true(batches > seeds);
	assert_true(0 < numbered && numbered < chunks);
}

static void touches_of_shapes_are_the_same_stored_and_made(void **state)
{
	uint64_t first = pw_oracle_first_seed();
	uint64_t seeds = pw_oracle_seeds(300) / 10 + 1;

	(void)state;
	for (uint64_t i = 0; i < seeds; i++) {
		struct bench b;

		open_bench(&b, first + i);
		write_shapes(&b, i % 2);
		assert_true(compare_all(&b) > 0);
		close_bench(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			touches_of_programs_are_the_same_stored_and_made),
		cmocka_unit_test(
			touches_of_shapes_are_the_same_stored_and_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
