/*
 * trace_script.c - a trace as a plain list, one item at a time.
 */
#include "tests/support/trace_script.h"

#include "base/array.h"
#include "base/random.h"
#include "formats/batch.h"
#include "tests/support/pw_test.h"

static struct pw_script_item *append(struct pw_script *script)
{
	if (script->count == script->capacity) {
		script->capacity = script->capacity ? script->capacity * 2 : 64;
		script->item = realloc(
			script->item, script->capacity * sizeof(*script->item));
		assert_non_null(script->item);
	}
	memset(&script->item[script->count], 0, sizeof(*script->item));
	return &script->item[script->count++];
}

static void make_access(struct pw_random *random, struct pw_script_item *item)
{
	static const uint8_t kinds[] = {1, 2, 3, 4, 9, 10, 17, 18, 19, 20};
	static const uint32_t sizes[] = {0, 1, 2, 4, 8, 16, 64, 254, 255, 256};

	item->kind = kinds[pw_random_below(random, sizeof(kinds))];
	item->size_bytes = sizes[pw_random_below(random, PW_COUNT(sizes))];
	item->pc = 0x400000 + pw_random_below(random, 64) * 4;
	item->address = 0x7f0000001000 + pw_random_below(random, 4096) * 8;
	switch (pw_random_below(random, 16)) {
	case 0:
		item->address = pw_random_next(random);
		break;
	case 1:
		item->pc = pw_random_next(random);
		break;
	case 2:
		item->pc = 0;
		break;
	case 3:
		item->size_bytes = (uint32_t)pw_random_next(random);
		break;
	case 4:
		item->address = UINT64_MAX;
		break;
	default:
		break;
	}
	if (item->kind & PW_ACCESS_FETCH && pw_random_below(random, 8) > 0)
		item->address = item->pc;
}

static void make_event(struct pw_random *random, struct pw_script_item *item)
{
	uint64_t args = pw_random_below(random, PW_EVENT_ARGS + 1);
	uint64_t length = pw_random_below(random, PW_SCRIPT_TEXT_BYTES);

	item->event = true;
	item->kind = (uint16_t)(1 + pw_random_below(random, 15));
	item->result = pw_random_next(random) >> pw_random_below(random, 64);
	for (uint64_t i = 0; i < args; i++)
		item->arg[i] =
			pw_random_next(random) >> pw_random_below(random, 64);
	for (uint64_t i = 0; i < length; i++)
		item->text[i] = (char)(1 + pw_random_below(random, 255));
}

void pw_script_make(struct pw_script *script, uint64_t seed, uint32_t threads,
		    size_t count, bool numbered)
{
	struct pw_random random;
	uint32_t thread = 0;

	memset(script, 0, sizeof(*script));
	script->threads = threads;
	pw_random_seed(&random, seed);
	for (size_t i = 0; i < count; i++) {
		struct pw_script_item *item = append(script);

		if (pw_random_below(&random, 10) == 0)
			thread = (uint32_t)pw_random_below(&random, threads);
		item->thread = thread;
		if (pw_random_below(&random, 12) == 0)
			make_event(&random, item);
		else
			make_access(&random, item);
		if (numbered && item->event)
			item->result = i;
		else if (numbered)
			item->pc = i;
	}
}

void pw_script_free(struct pw_script *script)
{
	free(script->item);
	memset(script, 0, sizeof(*script));
}

/* Send a run of accesses of one thread in one call. */
static enum pw_status send_run(const struct pw_script_item *item, size_t count,
			       struct pw_writer *writer, struct pw_error *err)
{
	uint64_t *address = calloc(count, sizeof(*address));
	uint64_t *pc = calloc(count, sizeof(*pc));
	uint32_t *size = calloc(count, sizeof(*size));
	uint8_t *kind = calloc(count, sizeof(*kind));
	struct pw_accesses accesses = {count, address, pc, size, kind};
	enum pw_status st;

	for (size_t i = 0; i < count; i++) {
		address[i] = item[i].address;
		pc[i] = item[i].pc;
		size[i] = item[i].size_bytes;
		kind[i] = (uint8_t)item[i].kind;
	}
	st = pw_writer_accesses(writer, item->thread, &accesses, err);
	free(address);
	free(pc);
	free(size);
	free(kind);
	return st;
}

static enum pw_status send_event(const struct pw_script_item *item,
				 struct pw_writer *writer, struct pw_error *err)
{
	struct pw_event event = {
		.kind = (enum pw_event_kind)item->kind,
		.result = item->result,
		.text = item->text[0] ? item->text : NULL,
	};

	memcpy(event.arg, item->arg, sizeof(event.arg));
	return pw_writer_event(writer, item->thread, &event, err);
}

enum pw_status pw_script_send(const struct pw_script *script,
			      struct pw_writer *writer, struct pw_error *err)
{
	enum pw_status st = PW_OK;
	size_t i = 0;

	for (uint32_t t = 0; t < script->threads && st == PW_OK; t++) {
		struct pw_thread thread = {
			.process = t / 2, .pid = 100 + t / 2, .tid = 100 + t};

		st = pw_writer_thread(writer, &thread, err);
	}
	while (i < script->count && st == PW_OK) {
		const struct pw_script_item *item = &script->item[i];
		size_t run = 1;

		while (!item->event && i + run < script->count &&
		       !item[run].event && item[run].thread == item->thread)
			run++;
		st = item->event ? send_event(item, writer, err)
				 : send_run(item, run, writer, err);
		i += run;
	}
	return st;
}

void pw_script_write(const struct pw_script *script, const char *path,
		     const struct pw_writer_options *options)
{
	struct pw_error err = {0};
	struct pw_writer *writer;

	PW_TEST_OK(pw_writer_open(&writer, path, options, &err), &err);
	PW_TEST_OK(pw_script_send(script, writer, &err), &err);
	PW_TEST_OK(pw_writer_close(writer, &err), &err);
}

static void take_batch(struct pw_script *script, const struct pw_batch *batch)
{
	for (size_t i = 0; i < batch->accesses.count; i++) {
		struct pw_script_item *item = append(script);

		item->thread = batch->thread;
		item->address = batch->accesses.address[i];
		item->pc = batch->accesses.pc[i];
		item->size_bytes = batch->accesses.size_bytes[i];
		item->kind = batch->accesses.kind[i];
	}
	for (size_t i = 0; i < batch->events.count; i++) {
		struct pw_script_item *item = append(script);

		item->event = true;
		item->thread = batch->thread;
		item->kind = batch->events.kind[i];
		item->result = batch->events.result[i];
		memcpy(item->arg, batch->events.arg[i], sizeof(item->arg));
		assert_true(strlen(batch->events.text[i]) < sizeof(item->text));
		memcpy(item->text, batch->events.text[i],
		       strlen(batch->events.text[i]));
	}
}

/* What is known when all batches have come. */
static void conclude(struct pw_trace *trace, struct pw_script_result *result)
{
	result->damaged = pw_trace_damage(trace) != NULL;
	if (result->damaged)
		snprintf(result->damage, sizeof(result->damage), "%s",
			 pw_trace_damage(trace));
	pw_trace_totals(trace, &result->totals);
}

void pw_script_read(struct pw_script *script, const char *path,
		    const struct pw_trace_options *options,
		    struct pw_script_result *result)
{
	const struct pw_batch *batch;
	struct pw_error err = {0};
	struct pw_trace *trace;

	memset(script, 0, sizeof(*script));
	memset(result, 0, sizeof(*result));
	result->opened = pw_trace_open(&trace, path, options, &err);
	if (result->opened == PW_ERR_FORMAT)
		return;
	PW_TEST_OK(result->opened, &err);
	script->threads = (uint32_t)pw_trace_info(trace)->thread_count;
	for (;;) {
		PW_TEST_OK(pw_trace_next(trace, &batch, &err), &err);
		if (!batch)
			break;
		assert_true(batch->thread < script->threads);
		take_batch(script, batch);
		result->batches++;
		if (batch->accesses.count > result->longest)
			result->longest = batch->accesses.count;
	}
	conclude(trace, result);
	pw_trace_close(trace);
}

#define WORKERS_MAX 8

/* The items of one segment, which one worker took. */
struct stretch {
	uint64_t segment;
	unsigned worker;
	size_t first;
	size_t count;
	bool over;
};

/* What each worker took. */
struct takings {
	struct pw_script script[WORKERS_MAX];
	struct pw_array stretch[WORKERS_MAX]; /* struct stretch */
};

static enum pw_status take(void *argument, unsigned worker, uint64_t segment,
			   const struct pw_batch *batch, struct pw_error *err)
{
	struct takings *takings = argument;
	struct pw_script *script = &takings->script[worker];
	struct pw_array *stretches = &takings->stretch[worker];
	struct stretch fresh = {segment, worker, script->count, 0, false};
	struct stretch *last = stretches->data;
	enum pw_status st = PW_OK;

	if (stretches->count == 0 || last[stretches->count - 1].over)
		st = pw_array_push(stretches, &fresh, err);
	if (st != PW_OK)
		return st;
	last = (struct stretch *)stretches->data + stretches->count - 1;
	if (last->segment != segment)
		return pw_fail(err, PW_ERR_GATE, "two segments at once");
	if (batch)
		take_batch(script, batch);
	last->over = !batch;
	last->count = script->count - last->first;
	return PW_OK;
}

static int by_segment(const void *a, const void *b)
{
	const struct stretch *left = a, *right = b;

	return (left->segment > right->segment) -
	       (left->segment < right->segment);
}

/* Put what all workers took in the order of its segments. */
static void put_in_order(struct takings *takings, struct pw_script *script)
{
	struct pw_array all = PW_ARRAY(struct stretch);
	struct pw_error err = {0};

	for (unsigned w = 0; w < WORKERS_MAX; w++)
		for (size_t i = 0; i < takings->stretch[w].count; i++)
			PW_TEST_OK(
				pw_array_push(&all,
					      &PW_ARRAY_AT(&takings->stretch[w],
							   struct stretch, i),
					      &err),
				&err);
	if (all.count > 0)
		qsort(all.data, all.count, sizeof(struct stretch), by_segment);
	for (size_t i = 0; i < all.count; i++) {
		struct stretch *at = &PW_ARRAY_AT(&all, struct stretch, i);

		assert_true(at->over);
		assert_true(i == 0 || at[-1].segment < at->segment);
		for (size_t k = 0; k < at->count; k++)
			*append(script) =
				takings->script[at->worker].item[at->first + k];
	}
	pw_array_free(&all);
}

void pw_script_read_each(struct pw_script *script, const char *path,
			 unsigned workers, struct pw_script_result *result)
{
	struct takings takings = {0};
	struct pw_trace_taker taker = {workers, &takings, take};
	struct pw_error err = {0};
	struct pw_trace *trace;

	assert_true(workers <= WORKERS_MAX);
	memset(script, 0, sizeof(*script));
	memset(result, 0, sizeof(*result));
	for (unsigned w = 0; w < WORKERS_MAX; w++)
		takings.stretch[w] = (struct pw_array)PW_ARRAY(struct stretch);
	result->opened = pw_trace_open(&trace, path, NULL, &err);
	if (result->opened == PW_ERR_FORMAT)
		return;
	PW_TEST_OK(result->opened, &err);
	script->threads = (uint32_t)pw_trace_info(trace)->thread_count;
	PW_TEST_OK(pw_trace_each(trace, &taker, &err), &err);
	put_in_order(&takings, script);
	conclude(trace, result);
	pw_trace_close(trace);
	for (unsigned w = 0; w < WORKERS_MAX; w++) {
		pw_array_free(&takings.stretch[w]);
		pw_script_free(&takings.script[w]);
	}
}

static bool equal(const struct pw_script_item *a,
		  const struct pw_script_item *b)
{
	return a->event == b->event && a->thread == b->thread &&
	       a->address == b->address && a->pc == b->pc &&
	       a->size_bytes == b->size_bytes && a->kind == b->kind &&
	       a->result == b->result &&
	       memcmp(a->arg, b->arg, sizeof(a->arg)) == 0 &&
	       memcmp(a->text, b->text, sizeof(a->text)) == 0;
}

void pw_script_assert_prefix(const struct pw_script *got,
			     const struct pw_script *want, size_t count)
{
	assert_true(got->count >= count && want->count >= count);
	for (size_t i = 0; i < count; i++)
		if (!equal(&got->item[i], &want->item[i]))
			fail_msg("item %zu differs", i);
}

size_t pw_script_segment_end(const struct pw_script *script, size_t segments,
			     uint64_t segment_accesses)
{
	uint64_t accesses = 0;
	size_t i;

	if (segments == 0)
		return 0;
	for (i = 0; i < script->count; i++) {
		if (!script->item[i].event)
			accesses++;
		if (accesses == segments * segment_accesses)
			return i + 1;
	}
	return i;
}

void pw_script_assert_segments(const struct pw_script *got,
			       const struct pw_script *want,
			       uint64_t segment_accesses)
{
	size_t at = 0, begin = 0;

	for (size_t s = 1; begin < want->count; s++) {
		size_t end = pw_script_segment_end(want, s, segment_accesses);
		size_t number = SIZE_MAX;

		if (at < got->count)
			number = got->item[at].event ? got->item[at].result
						     : got->item[at].pc;
		/* The segment is there from its first item on, or not at all.*/
		if (number != begin) {
			begin = end;
			continue;
		}
		for (size_t i = begin; i < end; i++, at++) {
			if (at >= got->count ||
			    !equal(&got->item[at], &want->item[i]))
				fail_msg("item %zu differs", i);
		}
		begin = end;
	}
	assert_int_equal(at, got->count);
}
