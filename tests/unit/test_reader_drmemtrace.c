/*
 * test_reader_drmemtrace.c - the reader of DynamoRIO's memory traces.
 *
 * The fixtures and what they hold are in tests/fixtures/make_drmem.py.
 */
#include "tests/support/pw_test.h"
#include "tests/support/reader_result.h"

#include "base/bits.h"
#include "formats/readers/drmem_record.h"

#define FIXTURES PW_SOURCE_DIR "/tests/fixtures/drmemtrace/"
#define I (PW_ACCESS_FETCH | PW_ACCESS_FIRST)
#define R PW_ACCESS_LOAD
#define W PW_ACCESS_STORE
#define KERNEL PW_ACCESS_KERNEL

extern const struct pw_reader_ops pw_reader_drmemtrace;

/*
 * Thread 100. Of the two maybe-fetches the first has the pc of the instruction
 * before it, so it is none; the bundle goes on behind the jump at 0x401004;
 * prefetches, branch targets and skipped accesses are no accesses.
 */
static const struct pw_result_access first_thread[] = {
	{0x401000, 0x401000, 4, I, 0},
	{0x401000, 0x7ffc1000, 8, R, 0},
	{0x401004, 0x401004, 2, I, 0},
	{0x401006, 0x401006, 5, I, 0},
	{0x40100b, 0x40100b, 2, I, 0},
	{0x40100d, 0x40100d, 3, I, 0},
	{0x401020, 0x401020, 3, I, 0},
	{0x401020, 0x404010, 1, W, 0},
	{0x401020, 0x404011, 1, W, 0},
	{0x401023, 0x401023, 5, I, 0},
	{0x401023, 0x404ffe, 4, R, 0},
	{0xffffffff81000000, 0xffffffff81000000, 2, I | KERNEL, 0},
	{0x401028, 0x401028, 1, I, 0},
};
#define FIRST PW_COUNT(first_thread)

static const struct pw_result_access second_thread[] = {
	{0x402000, 0x402000, 6, I, 1},
	{0x402000, 0x405000, 16, R, 1},
	{0x402006, 0x402006, 6, I, 1},
};

struct want_event {
	size_t after;
	uint32_t thread;
	unsigned kind;
	uint64_t arg[3];
};

static void expect_events(const struct pw_reader_result *got,
			  const struct want_event *want, size_t count)
{
	assert_int_equal(got->events.count, count);
	for (size_t i = 0; i < count; i++) {
		const struct pw_result_event *e =
			&PW_ARRAY_AT(&got->events, struct pw_result_event, i);

		assert_int_equal(e->after, want[i].after);
		assert_int_equal(e->thread, want[i].thread);
		assert_int_equal(e->kind, want[i].kind);
		for (size_t k = 0; k < 3; k++)
			assert_int_equal(e->arg[k], want[i].arg[k]);
	}
}

/* The second stamp is 2,000 us after the first; both times on processors. */
static void reads_one_thread_in_every_packing(void **state)
{
	static const char *const names[] = {"good.trace", "good.trace.gz",
					    "good.trace.zip"};
	static const struct want_event events[] = {
		{0, 0, PW_EVENT_cpu, {3, 0}},
		{10, 0, PW_EVENT_frame, {0x404000, 4096, 0x9000000}},
		{11, 0, PW_EVENT_cpu, {1, 2000000}},
	};

	(void)state;
	for (size_t i = 0; i < PW_COUNT(names); i++) {
		struct pw_reader_result got;
		const struct pw_thread *thread;
		char path[512];

		snprintf(path, sizeof(path), FIXTURES "%s", names[i]);
		pw_reader_result_of(&got, &pw_reader_drmemtrace, path);
		pw_reader_result_expect(&got, first_thread, FIRST);
		expect_events(&got, events, PW_COUNT(events));
		assert_string_equal(got.damage, "");
		assert_int_equal(got.unknown, PW_UNKNOWN_MAPPINGS);
		assert_int_equal(got.threads.count, 1);
		thread = &PW_ARRAY_AT(&got.threads, struct pw_thread, 0);
		assert_int_equal(thread->pid, 100);
		assert_int_equal(thread->tid, 100);
		pw_reader_result_free(&got);
	}
}

/* What follows the stamp 2000 of thread 101 comes between 1000 and 3000. */
static void merges_the_files_of_a_folder_by_time(void **state)
{
	static const struct want_event events[] = {
		{0, 0, PW_EVENT_frame, {0x400000, 0x200000, 0x600000}},
		{0, 0, PW_EVENT_frame, {0, 0x200000, 8388608}},
		{0, 0, PW_EVENT_cpu, {3, 0}},
		{10, 0, PW_EVENT_frame, {0x404000, 4096, 0x9000000}},
		{13, 1, PW_EVENT_gap, {0}},
		{14, 0, PW_EVENT_cpu, {1, 2000000}},
	};
	struct pw_result_access want[FIRST + PW_COUNT(second_thread)];
	struct pw_reader_result got;

	(void)state;
	memcpy(want, first_thread, 11 * sizeof(*want));
	memcpy(want + 11, second_thread, sizeof(second_thread));
	memcpy(want + 14, first_thread + 11, 2 * sizeof(*want));
	pw_reader_result_of(&got, &pw_reader_drmemtrace,
			    FIXTURES "good_folder");
	pw_reader_result_expect(&got, want, PW_COUNT(want));
	expect_events(&got, events, PW_COUNT(events));
	assert_string_equal(got.damage, "");
	assert_int_equal(got.threads.count, 2);
	assert_int_equal(PW_ARRAY_AT(&got.threads, struct pw_thread, 1).process,
			 0);
	pw_reader_result_free(&got);
}

static void threads_of_a_legacy_file_take_turns(void **state)
{
	static const struct pw_result_access want[] = {
		{0x401000, 0x401000, 2, I, 0},
		{0x401002, 0x401002, 3, I, 1},
		{0x401002, 0x404000, 4, W, 0},
	};
	struct pw_reader_result got;

	(void)state;
	pw_reader_result_of(&got, &pw_reader_drmemtrace,
			    FIXTURES "good_legacy.trace");
	pw_reader_result_expect(&got, want, PW_COUNT(want));
	assert_string_equal(got.damage, "");
	pw_reader_result_free(&got);
}

/* 28 records precede the wrong one. */
static void says_where_a_file_is_wrong(void **state)
{
	struct pw_reader_result got;

	(void)state;
	pw_reader_result_of(&got, &pw_reader_drmemtrace,
			    FIXTURES "corrupt.trace");
	pw_reader_result_expect(&got, first_thread, 10);
	assert_string_equal(got.damage,
			    FIXTURES "corrupt.trace: byte 336: no record is of "
				     "type 99; the rest is left out");
	pw_reader_result_free(&got);
	pw_reader_result_of(&got, &pw_reader_drmemtrace,
			    FIXTURES "truncated.trace");
	pw_reader_result_expect(&got, first_thread, FIRST);
	assert_non_null(strstr(got.damage, "ends without a footer"));
	pw_reader_result_free(&got);
	pw_reader_result_of(&got, &pw_reader_drmemtrace,
			    FIXTURES "corrupt_folder");
	assert_string_equal(got.damage,
			    FIXTURES "corrupt_folder: drmemtrace.app.101.2."
				     "trace: byte 156: ends inside a record");
	pw_reader_result_free(&got);
}

struct maker {
	uint8_t bytes[1024];
	size_t count;
};

static void add(struct maker *maker, unsigned type, unsigned size,
		uint64_t address)
{
	uint8_t *p = maker->bytes + maker->count;

	maker->count += PW_DRMEM_BYTES;
	assert_true(maker->count <= sizeof(maker->bytes));
	pw_store16(p, (uint16_t)type);
	pw_store16(p + 2, (uint16_t)size);
	pw_store64(p + 4, address);
}

/* Fetches of no bytes were filtered out and give data their pc only. */
static void what_a_filter_left_is_marked(void **state)
{
	static const struct pw_result_access want[] = {
		{0x401000, 0x404000, 8, R, 0},
		{0x401008, 0x401008, 2, I, 0},
	};
	struct pw_reader_result got;
	struct maker maker = {.count = 0};
	char path[64];

	(void)state;
	add(&maker, PW_DRMEM_HEADER, 0, 7);
	add(&maker, PW_DRMEM_MARKER, PW_DRMEM_FILETYPE,
	    PW_DRMEM_I_FILTERED | PW_DRMEM_D_FILTERED);
	add(&maker, PW_DRMEM_THREAD, 4, 9);
	add(&maker, PW_DRMEM_PID, 4, 9);
	add(&maker, PW_DRMEM_INSTR_FIRST, 0, 0x401000);
	add(&maker, PW_DRMEM_READ, 8, 0x404000);
	add(&maker, PW_DRMEM_INSTR_FIRST, 2, 0x401008);
	add(&maker, PW_DRMEM_FOOTER, 0, 0);
	pw_reader_result_of_data(&got, &pw_reader_drmemtrace, maker.bytes,
				 maker.count, path);
	pw_reader_result_expect(&got, want, PW_COUNT(want));
	assert_string_equal(got.damage, "");
	assert_int_equal(got.unknown, PW_UNKNOWN_MAPPINGS | PW_UNKNOWN_FETCHES |
					      PW_UNKNOWN_INSTRUCTIONS |
					      PW_UNKNOWN_ACCESSES);
	pw_reader_result_free(&got);
}

struct sample {
	const char *name;
	size_t fetches;
	size_t loads;
	size_t stores;
	size_t threads;
};

/* From the documents of the samples. */
static void counts_of_real_traces_are_right(void **state)
{
	static const struct sample samples[] = {
		{"drmemtrace.small.x64.trace", 173, 42, 14, 1},
		{"drmemtrace.allasm_x86_64.trace.zip", 133, 0, 0, 1},
		{"drmemtrace.simple_app.trace.zip", 136051, 31507, 12338, 1},
		{"drmemtrace.threadsig.x64.tracedir", 650576, 172208, 100150,
		 9},
		{"drmemtrace.chase-snappy.x64.tracedir", 2299781, 566891, 36914,
		 2},
	};

	(void)state;
	for (size_t i = 0; i < PW_COUNT(samples); i++) {
		struct pw_reader_result got;
		char path[512], name[256];

		snprintf(name, sizeof(name), "drmemtrace/%s", samples[i].name);
		pw_reader_sample(path, sizeof(path), name);
		pw_reader_result_of(&got, &pw_reader_drmemtrace, path);
		assert_string_equal(got.damage, "");
		assert_int_equal(pw_reader_result_count(&got, PW_ACCESS_FETCH),
				 samples[i].fetches);
		assert_int_equal(pw_reader_result_count(&got, PW_ACCESS_LOAD),
				 samples[i].loads);
		assert_int_equal(pw_reader_result_count(&got, PW_ACCESS_STORE),
				 samples[i].stores);
		assert_int_equal(got.threads.count, samples[i].threads);
		pw_reader_result_free(&got);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_one_thread_in_every_packing),
		cmocka_unit_test(merges_the_files_of_a_folder_by_time),
		cmocka_unit_test(threads_of_a_legacy_file_take_turns),
		cmocka_unit_test(says_where_a_file_is_wrong),
		cmocka_unit_test(what_a_filter_left_is_marked),
		cmocka_unit_test(counts_of_real_traces_are_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
