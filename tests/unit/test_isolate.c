/*
 * test_isolate.c - a confined reader can do no harm, whatever became of it.
 */
#include "tests/support/pw_test.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "formats/confine.h"
#include "formats/isolate.h"

#define GOOD PW_SOURCE_DIR "/tests/fixtures/din/good.din"

/* ---- a reader of one load by one thread, which a test makes do worse ---- */

static const uint64_t address[] = {0x1000};
static const uint64_t pc[] = {0x2000};
static const uint32_t size_bytes[] = {8};
static const uint8_t kind[] = {PW_ACCESS_LOAD};
static const struct pw_thread one_thread;

static enum pw_status open_plain(void **state, const struct pw_input *input,
				 const struct pw_trace_options *options,
				 struct pw_trace_info *info,
				 struct pw_error *err)
{
	(void)input;
	(void)options;
	(void)err;
	*state = calloc(1, sizeof(int));
	info->threads = &one_thread;
	info->thread_count = 1;
	info->unknown = PW_UNKNOWN_SIZES;
	info->metadata = "{\"a\":1}";
	return *state ? PW_OK : PW_ERR_SYSTEM;
}

static enum pw_status next_plain(void *state, struct pw_trace_info *info,
				 struct pw_batch *batch, bool *more,
				 struct pw_error *err)
{
	static const uint16_t event_kind[] = {PW_EVENT_mark, 60000};
	static const uint64_t event_result[] = {7, UINT64_MAX};
	static const uint64_t event_arg[2][PW_EVENT_ARGS] = {{1, 2}, {3}};
	static const char *const event_text[] = {"a mark", ""};
	int *calls = state;

	(void)info;
	(void)err;
	*more = (*calls)++ == 0;
	*batch = (struct pw_batch){
		.accesses = {1, address, pc, size_bytes, kind},
		.events = {2, event_kind, event_result, event_arg, event_text},
	};
	return PW_OK;
}

static const char *damage_plain(const void *state)
{
	(void)state;
	return "good.din: something is missing";
}

static bool totals_plain(const void *state, struct pw_totals *out)
{
	(void)state;
	(void)out;
	return false;
}

static double progress_plain(const void *state)
{
	(void)state;
	return 0.5;
}

static void close_plain(void *state)
{
	free(state);
}

static struct pw_reader_ops plain(void)
{
	return (struct pw_reader_ops){
		.name = "din",
		.open = open_plain,
		.next = next_plain,
		.damage = damage_plain,
		.totals = totals_plain,
		.progress = progress_plain,
		.close = close_plain,
	};
}

/* Read all with @ops; the status, its message in @err. */
static enum pw_status read_with(const struct pw_reader_ops *ops,
				struct pw_error *err)
{
	const struct pw_trace_options options = {0};
	struct pw_trace_info info = {0};
	struct pw_batch batch;
	struct pw_input input;
	bool more = true;
	void *state;
	enum pw_status st;

	PW_TEST_OK(pw_input_open(&input, GOOD, err), err);
	st = pw_isolate_open(&state, ops, &input, &options, &info, err);
	while (st == PW_OK && more)
		st = pw_isolate_ops.next(state, &info, &batch, &more, err);
	if (state)
		pw_isolate_ops.close(state);
	pw_input_close(&input);
	return st;
}

static void all_that_a_reader_says_comes_over(void **opaque)
{
	const struct pw_trace_options options = {0};
	const struct pw_reader_ops ops = plain();
	struct pw_trace_info info = {0};
	struct pw_batch batch;
	struct pw_input input;
	struct pw_error err;
	bool more;
	void *state;

	(void)opaque;
	PW_TEST_OK(pw_input_open(&input, GOOD, &err), &err);
	PW_TEST_OK(pw_isolate_open(&state, &ops, &input, &options, &info, &err),
		   &err);
	assert_string_equal(info.format, "din");
	assert_string_equal(info.metadata, "{\"a\":1}");
	assert_int_equal(info.unknown, PW_UNKNOWN_SIZES);
	PW_TEST_OK(pw_isolate_ops.next(state, &info, &batch, &more, &err),
		   &err);
	assert_true(more);
	assert_int_equal(info.thread_count, 1);
	assert_int_equal(batch.accesses.count, 1);
	assert_int_equal(batch.accesses.address[0], 0x1000);
	assert_int_equal(batch.accesses.pc[0], 0x2000);
	assert_int_equal(batch.accesses.size_bytes[0], 8);
	assert_int_equal(batch.events.count, 2);
	assert_int_equal(batch.events.kind[1], 60000);
	assert_int_equal(batch.events.result[1], UINT64_MAX);
	assert_int_equal(batch.events.arg[0][1], 2);
	assert_string_equal(batch.events.text[0], "a mark");
	assert_string_equal(batch.events.text[1], "");
	assert_true(pw_isolate_ops.progress(state) < 1);
	PW_TEST_OK(pw_isolate_ops.next(state, &info, &batch, &more, &err),
		   &err);
	assert_false(more);
	assert_true(pw_isolate_ops.progress(state) >= 1);
	assert_string_equal(pw_isolate_ops.damage(state),
			    "good.din: something is missing");
	pw_isolate_ops.close(state);
	pw_input_close(&input);
}

/* ---- what cannot be ---- */

static enum pw_status next_invalid_kind(void *state, struct pw_trace_info *info,
					struct pw_batch *batch, bool *more,
					struct pw_error *err)
{
	static const uint8_t invalid[] = {7};
	enum pw_status st = next_plain(state, info, batch, more, err);

	batch->accesses.kind = invalid;
	return st;
}

static enum pw_status next_no_thread(void *state, struct pw_trace_info *info,
				     struct pw_batch *batch, bool *more,
				     struct pw_error *err)
{
	enum pw_status st = next_plain(state, info, batch, more, err);

	batch->thread = 1;
	return st;
}

static enum pw_status next_no_process(void *state, struct pw_trace_info *info,
				      struct pw_batch *batch, bool *more,
				      struct pw_error *err)
{
	static const struct pw_thread threads[2] = {{0}, {.process = 2}};

	info->threads = threads;
	info->thread_count = 2;
	return next_plain(state, info, batch, more, err);
}

static void what_cannot_be_is_refused(void **state)
{
	enum pw_status (*const nexts[])(void *, struct pw_trace_info *,
					struct pw_batch *, bool *,
					struct pw_error *) = {
		next_invalid_kind, next_no_thread, next_no_process};

	(void)state;
	for (size_t i = 0; i < PW_COUNT(nexts); i++) {
		struct pw_reader_ops ops = plain();
		struct pw_error err;

		ops.next = nexts[i];
		assert_int_equal(read_with(&ops, &err), PW_ERR_FORMAT);
		assert_string_equal(err.message,
				    GOOD ": its confined reader says what "
					 "cannot be");
	}
}

static void a_format_that_is_none_is_refused(void **state)
{
	struct pw_reader_ops ops = plain();
	struct pw_error err;

	(void)state;
	ops.name = "nothing";
	assert_int_equal(read_with(&ops, &err), PW_ERR_FORMAT);
}

/* ---- what is not allowed ---- */

static enum pw_status next_open(void *state, struct pw_trace_info *info,
				struct pw_batch *batch, bool *more,
				struct pw_error *err)
{
	(void)open("/etc/passwd", O_RDONLY | O_CLOEXEC);
	return next_plain(state, info, batch, more, err);
}

static enum pw_status next_socket(void *state, struct pw_trace_info *info,
				  struct pw_batch *batch, bool *more,
				  struct pw_error *err)
{
	(void)socket(AF_INET, SOCK_STREAM, 0);
	return next_plain(state, info, batch, more, err);
}

static enum pw_status next_fork(void *state, struct pw_trace_info *info,
				struct pw_batch *batch, bool *more,
				struct pw_error *err)
{
	(void)syscall(SYS_clone, 0, 0, 0, 0, 0);
	return next_plain(state, info, batch, more, err);
}

static enum pw_status next_exec(void *state, struct pw_trace_info *info,
				struct pw_batch *batch, bool *more,
				struct pw_error *err)
{
	(void)execl("/bin/true", "true", (char *)NULL);
	return next_plain(state, info, batch, more, err);
}

static enum pw_status next_code(void *state, struct pw_trace_info *info,
				struct pw_batch *batch, bool *more,
				struct pw_error *err)
{
	(void)syscall(SYS_mmap, 0, 4096, 4, 0x22, -1, 0); /* PROT_EXEC */
	return next_plain(state, info, batch, more, err);
}

static void what_a_parser_needs_not_kills_it(void **state)
{
	enum pw_status (*const nexts[])(void *, struct pw_trace_info *,
					struct pw_batch *, bool *,
					struct pw_error *) = {
		next_open, next_socket, next_fork, next_exec, next_code};

	(void)state;
	if (!pw_confine_is_whole())
		skip();
	for (size_t i = 0; i < PW_COUNT(nexts); i++) {
		struct pw_reader_ops ops = plain();
		struct pw_error err;

		ops.next = nexts[i];
		assert_int_equal(read_with(&ops, &err), PW_ERR_FORMAT);
		assert_string_equal(err.message,
				    GOOD ": its confined reader was killed: "
					 "Bad system call");
	}
}

/* 4 GiB, each page of it touched. */
static enum pw_status next_memory(void *state, struct pw_trace_info *info,
				  struct pw_batch *batch, bool *more,
				  struct pw_error *err)
{
	for (size_t i = 0; i < 4096; i++) {
		volatile char *piece = malloc((size_t)1 << 20);

		if (!piece)
			return pw_fail_memory(err, "everything");
		for (size_t k = 0; k < (size_t)1 << 20; k += 4096)
			piece[k] = 1;
	}
	return next_plain(state, info, batch, more, err);
}

static void memory_is_bounded(void **state)
{
	struct pw_reader_ops ops = plain();
	struct pw_error err;

	(void)state;
	if (!pw_confine_is_whole())
		skip();
	ops.next = next_memory;
	assert_int_equal(read_with(&ops, &err), PW_ERR_SYSTEM);
	assert_non_null(strstr(err.message, "everything"));
}

/* ---- what goes wrong ---- */

static enum pw_status next_early_end(void *state, struct pw_trace_info *info,
				     struct pw_batch *batch, bool *more,
				     struct pw_error *err)
{
	(void)state;
	(void)info;
	(void)batch;
	(void)more;
	(void)err;
	_exit(0);
}

static enum pw_status next_failure(void *state, struct pw_trace_info *info,
				   struct pw_batch *batch, bool *more,
				   struct pw_error *err)
{
	(void)state;
	(void)info;
	(void)batch;
	(void)more;
	pw_fail(err, PW_ERR_SYSTEM, "the reason");
	return pw_hint(err, "the hint");
}

static void a_failure_is_told_and_an_end_is_noticed(void **state)
{
	struct pw_reader_ops ops = plain();
	struct pw_error err;

	(void)state;
	ops.next = next_failure;
	assert_int_equal(read_with(&ops, &err), PW_ERR_SYSTEM);
	assert_string_equal(err.message, "the reason");
	assert_string_equal(err.hint, "the hint");
	ops.next = next_early_end;
	assert_int_equal(read_with(&ops, &err), PW_ERR_FORMAT);
	assert_string_equal(err.message,
			    GOOD ": its confined reader ended too early");
}

/* 200,000 accesses are more than all slots together. */
#define MANY 200000

static enum pw_status next_many(void *state, struct pw_trace_info *info,
				struct pw_batch *batch, bool *more,
				struct pw_error *err)
{
	static uint64_t numbers[MANY];
	static uint32_t sizes[MANY];
	static uint8_t kinds[MANY];
	enum pw_status st = next_plain(state, info, batch, more, err);

	for (size_t i = 0; i < MANY; i++) {
		numbers[i] = i;
		sizes[i] = (uint32_t)i;
		kinds[i] = PW_ACCESS_STORE;
	}
	batch->accesses =
		(struct pw_accesses){MANY, numbers, numbers, sizes, kinds};
	return st;
}

static void long_batches_come_in_parts_with_the_events_last(void **opaque)
{
	const struct pw_trace_options options = {0};
	struct pw_reader_ops ops = plain();
	struct pw_trace_info info = {0};
	struct pw_batch batch;
	struct pw_input input;
	struct pw_error err;
	uint64_t count = 0;
	size_t events = 0;
	bool more = true;
	void *state;

	(void)opaque;
	ops.next = next_many;
	PW_TEST_OK(pw_input_open(&input, GOOD, &err), &err);
	PW_TEST_OK(pw_isolate_open(&state, &ops, &input, &options, &info, &err),
		   &err);
	for (;;) {
		PW_TEST_OK(
			pw_isolate_ops.next(state, &info, &batch, &more, &err),
			&err);
		if (!more)
			break;
		assert_int_equal(events, 0);
		for (size_t i = 0; i < batch.accesses.count; i++, count++) {
			assert_int_equal(batch.accesses.address[i], count);
			assert_int_equal(batch.accesses.size_bytes[i], count);
		}
		events += batch.events.count;
	}
	assert_int_equal(count, MANY);
	assert_int_equal(events, 2);
	pw_isolate_ops.close(state);
	pw_input_close(&input);
}

/* Closing must not wait for a reader that has much more to tell. */
static void a_reader_can_be_left_early(void **opaque)
{
	const struct pw_trace_options options = {0};
	struct pw_reader_ops ops = plain();
	struct pw_trace_info info = {0};
	struct pw_input input;
	struct pw_error err;
	void *state;

	(void)opaque;
	ops.next = next_many;
	PW_TEST_OK(pw_input_open(&input, GOOD, &err), &err);
	PW_TEST_OK(pw_isolate_open(&state, &ops, &input, &options, &info, &err),
		   &err);
	pw_isolate_ops.close(state);
	pw_input_close(&input);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_that_a_reader_says_comes_over),
		cmocka_unit_test(what_cannot_be_is_refused),
		cmocka_unit_test(a_format_that_is_none_is_refused),
		cmocka_unit_test(what_a_parser_needs_not_kills_it),
		cmocka_unit_test(memory_is_bounded),
		cmocka_unit_test(a_failure_is_told_and_an_end_is_noticed),
		cmocka_unit_test(
			long_batches_come_in_parts_with_the_events_last),
		cmocka_unit_test(a_reader_can_be_left_early),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
