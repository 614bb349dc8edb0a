/*
 * test_merge.c - merged random traces are in the order that the stated rule
 * gives, item by item, with the numbers that it gives.
 */
#include "tests/support/pw_test.h"

#include <unistd.h>

#include "base/command.h"
#include "base/random.h"
#include "formats/merge_pace.h"
#include "tests/support/shape_script.h"
#include "tests/support/trace_script.h"

#define SOURCES 3
#define IDS UINT64_C(4194304)

static char paths[SOURCES][40] = {"/tmp/pw_merge_a_XXXXXX",
				  "/tmp/pw_merge_b_XXXXXX",
				  "/tmp/pw_merge_c_XXXXXX"};
static char output[] = "/tmp/pw_merge_out_XXXXXX";

/* A recording as the oracle sees it. */
struct recording {
	struct pw_script script;
	size_t at;
	uint64_t clock, end;   /* instructions */
	uint64_t stamp[64][2]; /* clock and time */
	size_t stamps;
	uint32_t first_thread;
};

/* Let some events be time stamps that go on, now and then backwards. */
static void stamp(struct pw_script *script, struct pw_random *random)
{
	uint64_t time = pw_random_below(random, 100);
	size_t stamps = 0;

	for (size_t i = 0; i < script->count; i++) {
		struct pw_script_item *item = &script->item[i];

		if (!item->event || stamps == 50 ||
		    pw_random_below(random, 4) > 0)
			continue;
		memset(item->arg, 0, sizeof(item->arg));
		item->kind = PW_EVENT_cpu;
		item->arg[1] = time;
		time += pw_random_below(random, 3000);
		time -= time > 100 ? pw_random_below(random, 100) : 0;
		stamps++;
	}
}

static void note_stamp(struct recording *r, uint64_t time)
{
	uint64_t *last = r->stamp[r->stamps ? r->stamps - 1 : 0];

	if (r->stamps > 0 && last[0] == r->clock)
		return;
	if (r->stamps > 0 && time < last[1])
		time = last[1];
	r->stamp[r->stamps][0] = r->clock;
	r->stamp[r->stamps++][1] = time;
}

/* Find the time stamps and the end of the clock. */
static void survey(struct recording *r)
{
	r->stamps = 0;
	r->clock = 0;
	r->at = 0;
	for (size_t i = 0; i < r->script.count; i++) {
		const struct pw_script_item *item = &r->script.item[i];

		if (!item->event && (item->kind & PW_ACCESS_FIRST))
			r->clock++;
		if (item->event && item->kind == PW_EVENT_cpu)
			note_stamp(r, item->arg[1]);
	}
	r->end = r->clock;
	r->clock = 0;
}

static uint64_t time_by_stamps(const struct recording *r)
{
	const uint64_t *a = NULL, *b = NULL, *last = r->stamp[r->stamps - 1];
	uint64_t clocks = last[0] - r->stamp[0][0];
	uint64_t times = last[1] - r->stamp[0][1];

	for (size_t i = 0; i < r->stamps && !b; i++) {
		if (r->stamp[i][0] > r->clock)
			b = r->stamp[i];
		else
			a = r->stamp[i];
	}
	if (!a)
		return 0;
	if (b)
		return a[1] + (r->clock - a[0]) * (b[1] - a[1]) / (b[0] - a[0]);
	/* Behind the last one the average goes on to the end, evenly. */
	if (r->end == last[0])
		return last[1];
	if (clocks == 0 || times == 0)
		return last[1] + r->clock - last[0];
	times = (r->end - last[0]) * times / clocks;
	return last[1] + (r->clock - last[0]) * times / (r->end - last[0]);
}

static uint64_t time_of(const struct recording *r, const char *order,
			uint64_t longest)
{
	if (strcmp(order, "time") == 0)
		return time_by_stamps(r);
	if (strcmp(order, "proportional") == 0)
		return r->end ? r->clock * longest / r->end : 0;
	return r->clock;
}

/* An item with the numbers of the merged trace. */
static struct pw_script_item renumber(const struct recording *r, size_t index)
{
	struct pw_script_item item = r->script.item[r->at];

	item.thread += r->first_thread;
	if (item.event && item.kind == PW_EVENT_clone && item.result > 0 &&
	    item.result < IDS)
		item.result += index * IDS;
	return item;
}

static void merge(struct recording *r, const char *order, uint64_t slice,
		  struct pw_script *out)
{
	uint64_t longest = 0;

	memset(out, 0, sizeof(*out));
	out->item = calloc(r[0].script.count + r[1].script.count +
				   r[2].script.count,
			   sizeof(*out->item));
	assert_non_null(out->item);
	for (size_t i = 0; i < SOURCES; i++) {
		survey(&r[i]);
		longest = r[i].end > longest ? r[i].end : longest;
		r[i].first_thread =
			i ? r[i - 1].first_thread + r[i - 1].script.threads : 0;
	}
	for (;;) {
		size_t best = SOURCES;
		uint64_t stop;

		for (size_t i = 0; i < SOURCES; i++)
			if (r[i].at < r[i].script.count &&
			    (best == SOURCES ||
			     time_of(&r[i], order, longest) <
				     time_of(&r[best], order, longest)))
				best = i;
		if (best == SOURCES)
			return;
		stop = r[best].clock + slice;
		for (; r[best].at < r[best].script.count; r[best].at++) {
			const struct pw_script_item *item =
				&r[best].script.item[r[best].at];
			bool first =
				!item->event && (item->kind & PW_ACCESS_FIRST);

			if (first && r[best].clock == stop)
				break;
			r[best].clock += first;
			out->item[out->count++] = renumber(&r[best], best);
		}
	}
}

static void call(const char *order, uint64_t slice)
{
	char number[32];
	const char *const words[] = {"-o",     "x",	  "--order",
				     order,    "--slice", number,
				     paths[0], paths[1],  paths[2]};
	const char *copy[PW_COUNT(words)];
	struct pw_tables *tables;
	struct pw_error err;

	memcpy(copy, words, sizeof(words));
	copy[1] = output;
	snprintf(number, sizeof(number), "%llu", (unsigned long long)slice);
	PW_TEST_OK(pw_tables_open(&tables, &err), &err);
	PW_TEST_OK(pw_command_call("merge", PW_COUNT(copy), copy, tables, &err),
		   &err);
	pw_tables_close(tables);
}

/* Threads as pw_script_send declares them, two in a process. */
static void check_threads(const struct recording *r)
{
	const struct pw_trace_info *info;
	struct pw_trace *trace;
	struct pw_error err;
	uint32_t process = 0;

	PW_TEST_OK(pw_trace_open(&trace, output, NULL, &err), &err);
	info = pw_trace_info(trace);
	for (size_t i = 0; i < SOURCES; i++) {
		for (uint32_t t = 0; t < r[i].script.threads; t++) {
			const struct pw_thread *thread =
				&info->threads[r[i].first_thread + t];

			assert_int_equal(thread->process, process + t / 2);
			assert_int_equal(thread->pid, 100 + t / 2 + i * IDS);
			assert_int_equal(thread->tid, 100 + t + i * IDS);
			assert_int_equal(thread->parent, r[i].first_thread);
		}
		process += (r[i].script.threads + 1) / 2;
	}
	pw_trace_close(trace);
}

/* Two moments at least of each. */
static bool tells_time(struct recording *r)
{
	bool tells = true;

	for (size_t i = 0; i < SOURCES; i++) {
		survey(&r[i]);
		tells = tells && r[i].stamps > 1;
	}
	return tells;
}

static void check(struct recording *r, const char *order, uint64_t slice)
{
	struct pw_script want, got;
	struct pw_script_result result;

	merge(r, order, slice, &want);
	call(order, slice);
	pw_script_read(&got, output, NULL, &result);
	assert_false(result.damaged);
	assert_int_equal(got.count, want.count);
	pw_script_assert_prefix(&got, &want, want.count);
	check_threads(r);
	pw_script_free(&got);
	free(want.item);
}

static void make(struct recording *r, uint64_t seed, struct pw_random *random)
{
	for (size_t i = 0; i < SOURCES; i++) {
		struct pw_writer_options options = {.replace = true};

		uint32_t threads = 1 + (uint32_t)pw_random_below(random, 5);
		size_t items = 300 + pw_random_below(random, 900);

		pw_script_make(&r[i].script, 10 * seed + i, threads, items,
			       false);
		stamp(&r[i].script, random);
		options.segment_accesses = 100 + pw_random_below(random, 400);
		options.dense = pw_random_below(random, 2);
		if (pw_random_below(random, 2))
			pw_script_write(&r[i].script, paths[i], &options);
		else
			pw_shape_script_write(&r[i].script, paths[i], &options);
	}
}

static void merged_traces_are_in_the_order_of_the_rule(void **state)
{
	static struct recording r[SOURCES];
	struct pw_random random;
	size_t timed = 0;

	(void)state;
	pw_random_seed(&random, 9);
	for (uint64_t seed = 1; seed <= 40; seed++) {
		make(r, seed, &random);
		check(r, "clock", 1 + pw_random_below(&random, 60));
		check(r, "proportional", 1 + pw_random_below(&random, 60));
		if (tells_time(r)) {
			check(r, "time", 1 + pw_random_below(&random, 60));
			timed++;
		}
		for (size_t i = 0; i < SOURCES; i++)
			pw_script_free(&r[i].script);
	}
	assert_true(timed > 20);
}

/* Against the product of 128 bits, by halves of 32. */
static void shares_are_exact(void **state)
{
	struct pw_random random;

	(void)state;
	pw_random_seed(&random, 1);
	assert_int_equal(pw_pace_share(1, UINT64_MAX, 1), UINT64_MAX);
	assert_int_equal(pw_pace_share(0, UINT64_MAX, 7), 0);
	assert_int_equal(pw_pace_share(1, 7, 2), 3);
	for (int i = 0; i < 10000; i++) {
		uint64_t c = 1 + pw_random_below(&random, 1U << 31);
		uint64_t a = pw_random_below(&random, c + 1);
		uint64_t b =
			pw_random_next(&random) >> pw_random_below(&random, 64);
		uint64_t high = a * (b >> 32);
		uint64_t low = (high % c << 32) + a * (b & UINT32_MAX);

		/* high % c < 2^31 and a <= 2^31, so low has no carry. */
		assert_int_equal(pw_pace_share(a, b, c),
				 (high / c << 32) + low / c);
	}
}

static int make_files(void **state)
{
	(void)state;
	for (size_t i = 0; i < SOURCES; i++)
		close(mkstemp(paths[i]));
	close(mkstemp(output));
	return 0;
}

static int remove_files(void **state)
{
	(void)state;
	for (size_t i = 0; i < SOURCES; i++)
		unlink(paths[i]);
	unlink(output);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(merged_traces_are_in_the_order_of_the_rule),
		cmocka_unit_test(shares_are_exact),
	};

	return cmocka_run_group_tests(tests, make_files, remove_files);
}
