/*
 * test_readers.c - what every registered reader must do with its fixtures.
 *
 * tests/fixtures/<reader>/ holds files whose names contain "good", "truncated"
 * or "corrupt"; at least one of each.
 */
#include "tests/support/pw_test.h"

#include <dirent.h>

#include "base/random.h"
#include "formats/reader.h"

#define PATH_BYTES 512

#define PROCESSES 16

struct reading {
	uint64_t accesses;
	bool damaged;
};

/* A process stays in its space until it executes a program. */
struct process {
	bool has_space, may_change;
	uint64_t space;
};

static void check_space(struct process *process, const struct pw_batch *batch,
			bool is_first)
{
	if (is_first)
		assert_int_equal(batch->space, 0);
	if (process->has_space && !process->may_change)
		assert_int_equal(batch->space, process->space);
	process->has_space = true;
	process->space = batch->space;
	process->may_change = false;
	for (size_t i = 0; i < batch->events.count; i++)
		if (batch->events.kind[i] == PW_EVENT_exec)
			process->may_change = true;
}

static struct reading read_all(const char *path, const char *format)
{
	const struct pw_trace_options options = {.needs = PW_NEED_BOTH};
	const struct pw_batch *batch;
	struct process processes[PROCESSES] = {0};
	struct reading reading = {0};
	const struct pw_thread *thread;
	struct pw_trace *trace;
	bool is_first = true;
	struct pw_error err;

	PW_TEST_OK(pw_trace_open(&trace, path, &options, &err), &err);
	assert_string_equal(pw_trace_info(trace)->format, format);
	for (;;) {
		PW_TEST_OK(pw_trace_next(trace, &batch, &err), &err);
		if (!batch)
			break;
		assert_true(batch->thread < pw_trace_info(trace)->thread_count);
		thread = &pw_trace_info(trace)->threads[batch->thread];
		assert_true(thread->process < PROCESSES);
		check_space(&processes[thread->process], batch, is_first);
		is_first = false;
		assert_int_equal(batch->first_access, reading.accesses);
		reading.accesses += batch->accesses.count;
	}
	reading.damaged = pw_trace_damage(trace) != NULL;
	pw_trace_close(trace);
	return reading;
}

/* Read the fixtures of @reader whose names contain @word; how many. */
static size_t check_fixtures(const struct pw_reader_ops *reader,
			     const char *word, bool damaged)
{
	char folder[PATH_BYTES];
	struct dirent *entry;
	size_t found = 0;
	DIR *dir;

	snprintf(folder, sizeof(folder), "%s/tests/fixtures/%s", PW_SOURCE_DIR,
		 reader->name);
	dir = opendir(folder);
	if (!dir)
		fail_msg("%s: a reader needs fixtures", folder);
	while ((entry = readdir(dir))) {
		char path[PATH_BYTES + 256];
		struct reading reading;

		if (!strstr(entry->d_name, word))
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		reading = read_all(path, reader->name);
		if (reading.damaged != damaged)
			fail_msg("%s: damage is %s", path,
				 damaged ? "not noticed" : "invented");
		assert_true(reading.accesses > 0);
		found++;
	}
	closedir(dir);
	return found;
}

static void every_reader_says_what_it_is(void **state)
{
	(void)state;
	for (size_t i = 0; pw_reader_at(i); i++) {
		const struct pw_reader_ops *ops = pw_reader_at(i);

		assert_true(ops->name[0] && ops->summary[0] && ops->source[0]);
		assert_true(ops->probe && ops->open && ops->next && ops->close);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(pw_reader_at(j)->name,
						ops->name);
	}
	assert_non_null(pw_reader_at(0));
}

static void every_reader_reads_its_good_fixtures(void **state)
{
	(void)state;
	for (size_t i = 0; pw_reader_at(i); i++)
		assert_true(check_fixtures(pw_reader_at(i), "good", false) > 0);
}

static void every_reader_keeps_what_is_whole_and_says_what_is_not(void **state)
{
	(void)state;
	for (size_t i = 0; pw_reader_at(i); i++) {
		const struct pw_reader_ops *reader = pw_reader_at(i);

		assert_true(check_fixtures(reader, "truncated", true) > 0);
		assert_true(check_fixtures(reader, "corrupt", true) > 0);
	}
}

static void no_reader_claims_what_is_not_its_own(void **state)
{
	/* \x7fELF would take the E into the number. */
	static const char *const foreign[] = {"", "\n", "hello\n", "{}",
					      "\177ELF"};
	struct pw_random random;
	uint64_t noise[64];

	(void)state;
	pw_random_seed(&random, 1);
	for (size_t i = 0; i < PW_COUNT(noise); i++)
		noise[i] = pw_random_next(&random);
	assert_null(pw_reader_probe((const uint8_t *)noise, sizeof(noise)));
	for (size_t i = 0; i < PW_COUNT(foreign); i++)
		assert_null(pw_reader_probe((const uint8_t *)foreign[i],
					    strlen(foreign[i])));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_reader_says_what_it_is),
		cmocka_unit_test(every_reader_reads_its_good_fixtures),
		cmocka_unit_test(
			every_reader_keeps_what_is_whole_and_says_what_is_not),
		cmocka_unit_test(no_reader_claims_what_is_not_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
