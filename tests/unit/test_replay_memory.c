/*
 * test_replay_memory.c - what a replay takes for each page that is touched.
 */
#include "tests/support/pw_test.h"

#include <malloc.h>

#include "base/bits.h"
#include "replay/replay.h"

#define PAGES ((uint64_t)1 << 20)
#define RECORDS 4096
#define CONSTANT_BYTES ((size_t)4 << 20) /* however few pages there are */

static size_t used_bytes(void)
{
	const struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

/* Bytes more after stores to PAGES pages, @stride apart. */
static size_t growth(uint64_t stride)
{
	static const struct pw_thread thread;
	static uint64_t page[RECORDS], instruction[RECORDS];
	static uint32_t stores[RECORDS], none[RECORDS];
	static uint8_t flags[RECORDS];
	const struct pw_trace_info info = {.threads = &thread,
					   .thread_count = 1,
					   .unknown = PW_UNKNOWN_MAPPINGS};
	struct pw_batch batch = {.access_count = RECORDS,
				 .tally = {.stores = RECORDS},
				 .touches = {RECORDS, page, instruction, none,
					     stores, none, flags}};
	struct pw_replay_options options = {.machine_count = 1};
	struct pw_machine *machine;
	struct pw_replay *replay;
	struct pw_error err;
	size_t before, after;

	PW_TEST_OK(pw_machine_load(&machine, "generic-x86-64", NULL, &err),
		   &err);
	options.machines = (const struct pw_machine *const *)&machine;
	before = used_bytes();
	PW_TEST_OK(pw_replay_open(&replay, &options, &err), &err);
	for (uint64_t done = 0; done < PAGES; done += RECORDS) {
		for (uint64_t i = 0; i < RECORDS; i++) {
			page[i] = (UINT64_C(1) << 24) + (done + i) * stride;
			stores[i] = 1;
		}
		PW_TEST_OK(pw_replay_batch(replay, &info, &batch, &err), &err);
		batch.first_access += RECORDS;
	}
	PW_TEST_OK(pw_replay_finish(replay, &err), &err);
	assert_int_equal(pw_replay_counters(replay, 0)->fault_minor, PAGES);
	after = used_bytes();
	pw_replay_close(replay);
	pw_machine_close(machine);
	return after - before;
}

/*
 * 4 GiB at once, then a page of every 8th line of entries, then one of each
 * leaf table. 16 bytes of each are its frame, and 8 its entry.
 */
static void a_page_costs_few_bytes(void **state)
{
	static const struct {
		uint64_t stride;
		uint64_t bytes;
	} cases[] = {{1, 24}, {64, 36}, {513, 56}};

	(void)state;
	for (size_t i = 0; i < PW_COUNT(cases); i++) {
		size_t bytes = growth(cases[i].stride);

		print_message("stride %ju: %.2f bytes a page\n",
			      (uintmax_t)cases[i].stride,
			      (double)bytes / (double)PAGES);
		if (bytes > PAGES * cases[i].bytes + CONSTANT_BYTES)
			fail_msg("%zu bytes for pages %ju apart", bytes,
				 (uintmax_t)cases[i].stride);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_page_costs_few_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
