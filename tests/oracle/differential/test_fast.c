/*
 * test_fast.c - executions of shapes come back access by access, merged or
 * not, through the reader and through a slow one made from FORMAT.md.
 *
 * A random recording declares shapes, executes them in several threads, and
 * puts plain accesses, events and flushes anywhere between. What it should
 * hold is kept as a plain list.
 */
#include "tests/support/pw_test.h"

#include <unistd.h>

#include "base/assert.h"
#include "base/random.h"
#include "formats/lane.h"
#include "formats/layout.h"
#include "tests/oracle/oracle_fast.h"
#include "tests/support/trace_script.h"

#define SHAPES 60
#define THREADS_MAX 40

static char path[] = "/tmp/pw_test_fast_XXXXXX";

struct shape {
	size_t count;
	uint64_t *pc;
	uint32_t *size;
	uint8_t *kind;
	uint64_t *address; /* of each slot, the last time */
	bool wild;
};

struct recording {
	struct pw_random random;
	struct pw_writer *writer;
	struct pw_script want;
	struct shape shape[SHAPES];
	size_t shapes;
	uint32_t threads;
	size_t slots_max;
	bool dense;
};

static uint64_t below(struct recording *r, uint64_t bound)
{
	return pw_random_below(&r->random, bound);
}

static struct pw_script_item *want_item(struct recording *r, uint32_t thread)
{
	struct pw_script *want = &r->want;

	if (want->count == want->capacity) {
		want->capacity = want->capacity ? want->capacity * 2 : 1024;
		want->item = realloc(want->item,
				     want->capacity * sizeof(*want->item));
		assert_non_null(want->item);
	}
	memset(&want->item[want->count], 0, sizeof(*want->item));
	want->item[want->count].thread = thread;
	return &want->item[want->count++];
}

static uint64_t any_address(struct recording *r)
{
	switch (below(r, 8)) {
	case 0:
		return pw_random_next(&r->random);
	case 1:
		return UINT64_MAX - below(r, 9000);
	case 2:
		return below(r, 9000);
	case 3:
		return pw_random_next(&r->random) >> below(r, 64);
	default:
		return UINT64_C(0x7f0000000000) + below(r, 1 << 20);
	}
}

static uint32_t any_size(struct recording *r)
{
	static const uint32_t size[] = {0,  1,	 2,   4,   8,	 8,
					16, 254, 255, 256, 4096, UINT32_MAX};

	return size[below(r, below(r, 20) == 0 ? PW_COUNT(size) : 7)];
}

static uint8_t any_kind(struct recording *r)
{
	static const uint8_t kind[] = {1, 1, 2, 3, 4, 9, 10, 17, 18, 20};

	return kind[below(r, PW_COUNT(kind))];
}

static size_t any_length(struct recording *r)
{
	if (below(r, 4) == 0)
		return 1;
	if (below(r, 30) == 0)
		return (size_t)(1 + below(r, r->slots_max));
	return (size_t)(1 + below(r, below(r, 8) ? 20 : 200));
}

static void declare(struct recording *r)
{
	struct shape *s = &r->shape[r->shapes];
	struct pw_error err = {0};
	struct pw_shape shape;
	uint32_t index;

	s->count = any_length(r);
	s->pc = calloc(s->count, sizeof(*s->pc));
	s->size = calloc(s->count, sizeof(*s->size));
	s->kind = calloc(s->count, sizeof(*s->kind));
	s->address = calloc(s->count, sizeof(*s->address));
	s->wild = below(r, 4) == 0;
	for (size_t i = 0; i < s->count; i++) {
		s->pc[i] = 0x400000 + r->shapes * 64 + i;
		if (below(r, 30) == 0)
			s->pc[i] = any_address(r);
		s->size[i] = any_size(r);
		s->kind[i] = any_kind(r);
		if (below(r, 2) == 0)
			s->kind[i] |= PW_SHAPE_AT_PC;
		s->address[i] = any_address(r);
	}
	shape = (struct pw_shape){s->count, s->pc, s->size, s->kind};
	PW_TEST_OK(pw_writer_shape(r->writer, &shape, &index, &err), &err);
	assert_int_equal(index, r->shapes);
	r->shapes++;
}

/* The next address of slot @i: one of several ways to go on. */
static uint64_t next_address(struct recording *r, const struct shape *s,
			     size_t i)
{
	if (s->wild)
		return any_address(r);
	if (!r->dense || i % 5 == 4)
		return s->address[i] + below(r, 3) * 8;
	if (i % 5 == 0 || i == 0)
		return s->address[i];
	if (i % 5 == 1)
		return s->address[i] + 8;
	if (i % 5 == 2)
		return s->address[i - 1] - 24;
	return s->address[i] ^ below(r, 200);
}

/* Execute a shape; true when the lane is full. */
static bool execute(struct recording *r, struct pw_lane *lane, uint32_t thread,
		    uint32_t index)
{
	struct shape *s = &r->shape[index];
	uint64_t *address = malloc((s->count + 1) * sizeof(*address));
	size_t stored = 0;
	bool full;

	assert_non_null(address);
	for (size_t i = 0; i < s->count; i++) {
		struct pw_script_item *item = want_item(r, thread);

		item->kind = s->kind[i] & (uint8_t)~PW_SHAPE_AT_PC;
		item->size_bytes = s->size[i];
		item->pc = s->pc[i];
		item->address = s->pc[i];
		if (s->kind[i] & PW_SHAPE_AT_PC)
			continue;
		s->address[i] = next_address(r, s, i);
		item->address = s->address[i];
		address[stored++] = s->address[i];
	}
	full = pw_lane_execute(lane, index, address);
	free(address);
	return full;
}

static void put_stretch(struct recording *r, uint32_t thread)
{
	uint64_t count = below(r, below(r, 3) ? 6 : 60);
	struct pw_error err = {0};
	struct pw_lane *lane;
	bool full = false;

	if (r->shapes == 0)
		return;
	PW_TEST_OK(pw_writer_lane_begin(r->writer, thread, &lane, &err), &err);
	for (uint64_t i = 0; i < count && !full; i++)
		full = execute(r, lane, thread, (uint32_t)below(r, r->shapes));
	PW_TEST_OK(pw_writer_lane_end(r->writer, &err), &err);
}

static void put_event(struct recording *r, uint32_t thread)
{
	struct pw_event event = {.kind = PW_EVENT_brk};
	struct pw_script_item *item = want_item(r, thread);
	struct pw_error err = {0};

	item->event = true;
	item->kind = PW_EVENT_brk;
	item->result = event.result = below(r, 1000);
	PW_TEST_OK(pw_writer_event(r->writer, thread, &event, &err), &err);
}

/* A loop over a few short shapes, which leaves it now and then. */
static void put_loop(struct recording *r, uint32_t thread)
{
	uint64_t body = 1 + below(r, 6), turns = 50 + below(r, 150);
	uint32_t index[6];
	struct pw_error err = {0};
	struct pw_lane *lane;

	if (r->shapes == 0)
		return;
	for (uint64_t i = 0; i < body; i++) {
		index[i] = (uint32_t)below(r, r->shapes);
		if (r->shape[index[i]].count > 40)
			return;
	}
	for (uint64_t i = 0; i < turns; i++) {
		bool full = false;

		PW_TEST_OK(pw_writer_lane_begin(r->writer, thread, &lane, &err),
			   &err);
		for (uint64_t j = 0; j < body && !full; j++)
			full = execute(r, lane, thread, index[j]);
		PW_TEST_OK(pw_writer_lane_end(r->writer, &err), &err);
		if (below(r, 50) == 0)
			put_event(r, thread);
	}
}

static void put_accesses(struct recording *r, uint32_t thread)
{
	uint64_t address[20], pc[20];
	uint32_t size[20];
	uint8_t kind[20];
	struct pw_accesses accesses = {(size_t)(1 + below(r, 20)), address, pc,
				       size, kind};
	struct pw_error err = {0};

	for (size_t i = 0; i < accesses.count; i++) {
		struct pw_script_item *item = want_item(r, thread);

		item->address = address[i] = any_address(r);
		item->pc = pc[i] = any_address(r);
		item->size_bytes = size[i] = any_size(r);
		item->kind = kind[i] = any_kind(r);
	}
	PW_TEST_OK(pw_writer_accesses(r->writer, thread, &accesses, &err),
		   &err);
}

static void act(struct recording *r)
{
	uint32_t thread = (uint32_t)below(r, r->threads);
	uint64_t dice = below(r, 100);
	struct pw_error err = {0};

	if (dice < 15 && r->shapes < SHAPES)
		declare(r);
	else if (dice < 25 && r->dense)
		put_loop(r, thread);
	else if (dice < 75)
		put_stretch(r, thread);
	else if (dice < 90)
		put_accesses(r, thread);
	else if (dice < 97)
		put_event(r, thread);
	else
		PW_TEST_OK(pw_writer_flush(r->writer, &err), &err);
}

static void record(struct recording *r, uint64_t seed, size_t actions,
		   bool dense)
{
	static const uint64_t segment[] = {0, 1, 7, 100, 3000, UINT64_MAX};
	struct pw_writer_options options = {.replace = true, .dense = dense};
	struct pw_error err = {0};

	memset(r, 0, sizeof(*r));
	r->dense = dense;
	pw_random_seed(&r->random, seed);
	options.segment_accesses = segment[below(r, PW_COUNT(segment))];
	r->threads = (uint32_t)(1 + below(r, below(r, 3) ? 4 : THREADS_MAX));
	r->slots_max = below(r, 10) ? 3000 : PW_SHAPE_SLOTS_MAX;
	PW_TEST_OK(pw_writer_open(&r->writer, path, &options, &err), &err);
	for (uint32_t t = 0; t < r->threads; t++) {
		struct pw_thread thread = {.process = t, .parent = t};

		PW_TEST_OK(pw_writer_thread(r->writer, &thread, &err), &err);
	}
	for (size_t i = 0; i < actions; i++)
		act(r);
}

static void release(struct recording *r)
{
	for (size_t i = 0; i < r->shapes; i++) {
		free(r->shape[i].pc);
		free(r->shape[i].size);
		free(r->shape[i].kind);
		free(r->shape[i].address);
	}
	pw_script_free(&r->want);
}

/* What the script adds up to, counted one by one. */
static struct pw_totals count(const struct pw_script *script)
{
	struct pw_totals totals = {0};

	for (size_t i = 0; i < script->count; i++) {
		unsigned kind = script->item[i].kind;

		if (script->item[i].event) {
			totals.events++;
			continue;
		}
		totals.accesses++;
		totals.loads += PW_ACCESS_KIND(kind) == PW_ACCESS_LOAD ||
				PW_ACCESS_KIND(kind) == PW_ACCESS_MODIFY;
		totals.stores += PW_ACCESS_KIND(kind) == PW_ACCESS_STORE ||
				 PW_ACCESS_KIND(kind) == PW_ACCESS_MODIFY;
		totals.modifies += PW_ACCESS_KIND(kind) == PW_ACCESS_MODIFY;
		totals.fetches += PW_ACCESS_KIND(kind) == PW_ACCESS_FETCH;
		totals.instructions += (kind & PW_ACCESS_FIRST) != 0;
	}
	return totals;
}

static void assert_totals(const struct pw_totals *got,
			  const struct pw_totals *want)
{
	assert_int_equal(got->accesses, want->accesses);
	assert_int_equal(got->loads, want->loads);
	assert_int_equal(got->stores, want->stores);
	assert_int_equal(got->modifies, want->modifies);
	assert_int_equal(got->fetches, want->fetches);
	assert_int_equal(got->instructions, want->instructions);
	assert_int_equal(got->events, want->events);
}

static void assert_read_back(const struct recording *r, unsigned workers)
{
	struct pw_trace_options options = {.workers = workers};
	struct pw_totals totals = count(&r->want);
	struct pw_script_result result;
	struct pw_script got;

	pw_script_read(&got, path, &options, &result);
	assert_int_equal(result.opened, PW_OK);
	if (result.damaged)
		fail_msg("%s", result.damage);
	assert_int_equal(got.count, r->want.count);
	pw_script_assert_prefix(&got, &r->want, got.count);
	assert_totals(&result.totals, &totals);
	pw_script_free(&got);
}

/* Workers that take segments as they come took what there is. */
static void assert_taken(const struct recording *r, unsigned workers)
{
	struct pw_totals totals = count(&r->want);
	struct pw_script_result result;
	struct pw_script got;

	pw_script_read_each(&got, path, workers, &result);
	assert_int_equal(result.opened, PW_OK);
	assert_false(result.damaged);
	assert_int_equal(got.count, r->want.count);
	pw_script_assert_prefix(&got, &r->want, got.count);
	assert_totals(&result.totals, &totals);
	pw_script_free(&got);
}

/* The words of a chunk's header follow from its accesses. */
static void assert_header(const struct pw_oracle_fast *slow,
			  const struct pw_oracle_chunk *chunk)
{
	uint64_t min = UINT64_MAX, max = 0, instructions = 0;

	for (size_t i = chunk->first; i < chunk->first + chunk->count; i++) {
		const struct pw_oracle_access *a =
			&PW_ARRAY_AT(&slow->access, struct pw_oracle_access, i);
		uint64_t more = a->size_bytes ? a->size_bytes - 1 : 0;
		uint64_t last = a->address > UINT64_MAX - more
					? UINT64_MAX
					: a->address + more;

		if (a->address / 4096 < min)
			min = a->address / 4096;
		if (last / 4096 > max)
			max = last / 4096;
		instructions += (a->kind & PW_ACCESS_FIRST) != 0;
	}
	assert_int_equal(chunk->access_count, chunk->count);
	assert_int_equal(chunk->instruction_count, instructions);
	assert_int_equal(chunk->min_page, min);
	assert_int_equal(chunk->max_page, max);
}

/* Take the items of @thread from @slow one by one. */
static void assert_thread(const struct recording *r,
			  const struct pw_oracle_fast *slow, uint32_t thread)
{
	const struct pw_oracle_chunk *chunk = slow->chunk.data;
	size_t at = 0, c = 0;
	uint64_t accesses = 0;

	for (size_t i = 0; i < r->want.count; i++) {
		const struct pw_script_item *item = &r->want.item[i];
		const struct pw_oracle_access *a;

		if (item->event || item->thread != thread)
			continue;
		while (c < slow->chunk.count &&
		       (chunk[c].thread != thread || at == chunk[c].count)) {
			c++;
			at = 0;
		}
		assert_true(c < slow->chunk.count);
		if (at == 0)
			assert_int_equal(chunk[c].first_access, accesses);
		a = &PW_ARRAY_AT(&slow->access, struct pw_oracle_access,
				 chunk[c].first + at++);
		accesses++;
		if (a->address != item->address || a->pc != item->pc ||
		    a->size_bytes != item->size_bytes || a->kind != item->kind)
			fail_msg("thread %u: item %zu differs", thread, i);
	}
}

static size_t assert_slow(const struct recording *r)
{
	unsigned codec = r->dense ? PW_CODEC_DENSE : PW_CODEC_FAST;
	struct pw_oracle_fast slow;
	size_t counted = 0;

	pw_oracle_fast_read(&slow, path);
	assert_int_equal(slow.shapes, r->shapes);
	for (size_t i = 0; i < slow.chunk.count; i++) {
		const struct pw_oracle_chunk *chunk =
			&PW_ARRAY_AT(&slow.chunk, struct pw_oracle_chunk, i);

		assert_header(&slow, chunk);
		counted += chunk->codec == codec;
	}
	for (uint32_t t = 0; t < r->threads; t++)
		assert_thread(r, &slow, t);
	pw_oracle_fast_free(&slow);
	return counted;
}

static void any_recording_comes_back_through_both_readers(void **state)
{
	size_t counted[2] = {0, 0};

	(void)state;
	for (uint64_t seed = 0; seed < 80; seed++) {
		bool dense = seed >= 40;
		struct recording r;
		struct pw_totals totals, want;
		struct pw_error err = {0};

		record(&r, seed, 40 + seed % 3 * 100, dense);
		want = count(&r.want);
		pw_writer_totals(r.writer, &totals);
		assert_totals(&totals, &want);
		PW_TEST_OK(pw_writer_close(r.writer, &err), &err);
		assert_read_back(&r, 1);
		assert_read_back(&r, 3);
		assert_taken(&r, 1);
		assert_taken(&r, 3);
		counted[dense] += assert_slow(&r);
		release(&r);
	}
	assert_true(counted[false] > 500);
	assert_true(counted[true] > 500);
}

/*
 * 2,000 shapes in each of three threads take two bytes a symbol, and turns of
 * one execution make every lane look its shapes up again.
 */
static void many_shapes_keep_their_symbols_when_threads_take_turns(void **state)
{
	const uint32_t size = 8;
	const uint8_t kind = PW_ACCESS_STORE;
	struct recording r = {.threads = 3};
	struct pw_writer_options options = {.replace = true};
	struct pw_error err = {0};

	(void)state;
	PW_TEST_OK(pw_writer_open(&r.writer, path, &options, &err), &err);
	for (uint32_t t = 0; t < r.threads; t++)
		PW_TEST_OK(pw_writer_thread(r.writer, &(struct pw_thread){0},
					    &err),
			   &err);
	for (uint64_t i = 0; i < 6000 * r.threads; i++) {
		uint32_t thread = (uint32_t)(i % r.threads), index;
		uint64_t number = i / r.threads % 2000, pc = number * 16;
		struct pw_shape shape = {1, &pc, &size, &kind};
		uint64_t address = 0x10000 + i * number;
		struct pw_script_item *item = want_item(&r, thread);
		struct pw_lane *lane;

		if (i % r.threads == 0 && i / r.threads < 2000) {
			PW_TEST_OK(
				pw_writer_shape(r.writer, &shape, &index, &err),
				&err);
			r.shapes++;
		}
		item->address = address;
		item->pc = pc;
		item->size_bytes = 8;
		item->kind = kind;
		PW_TEST_OK(pw_writer_lane_begin(r.writer, thread, &lane, &err),
			   &err);
		(void)pw_lane_execute(lane, (uint32_t)number, &address);
		PW_TEST_OK(pw_writer_lane_end(r.writer, &err), &err);
	}
	PW_TEST_OK(pw_writer_close(r.writer, &err), &err);
	assert_read_back(&r, 1);
	assert_true(assert_slow(&r) >= 3);
	pw_script_free(&r.want);
}

static int make_path(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	return fd < 0 ? -1 : close(fd);
}

static int remove_path(void **state)
{
	(void)state;
	return unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_recording_comes_back_through_both_readers),
		cmocka_unit_test(
			many_shapes_keep_their_symbols_when_threads_take_turns),
	};

	return cmocka_run_group_tests(tests, make_path, remove_path);
}
