/*
 * test_replay.c - whole replays of hand-made batches.
 */
#include "tests/support/pw_test.h"

#include <stdlib.h>

#include "base/bits.h"
#include "formats/tally.h"
#include "replay/memory/system.h"
#include "replay/replay.h"

#define PAGE UINT64_C(0x1000)
#define RECORDS_MAX 64

/* Two threads of one process, and one each of two others; 2 is in no use. */
static const struct pw_thread threads[] = {
	{.process = 0}, {.process = 0}, {.process = 1}, {.process = 3}};

struct fixture {
	struct pw_machine *machine[2];
	struct pw_replay *replay;
	struct pw_trace_info info;
	uint64_t accesses;
};

/* A batch being put together. */
struct builder {
	struct pw_batch batch;
	uint64_t page[RECORDS_MAX], instruction[RECORDS_MAX];
	uint32_t loads[RECORDS_MAX], stores[RECORDS_MAX];
	uint32_t fetches[RECORDS_MAX];
	uint8_t flags[RECORDS_MAX], kind[RECORDS_MAX];
	uint16_t event_kind[1];
	uint64_t event_result[1], event_arg[1][PW_EVENT_ARGS];
	const char *event_text[1];
};

static void setup(struct fixture *f, size_t machines, const char *override,
		  uint64_t interval)
{
	const struct pw_text_list list = {&override, override ? 1 : 0};
	struct pw_replay_options options = {
		.machines = (const struct pw_machine *const *)f->machine,
		.machine_count = machines,
		.interval_accesses = interval,
	};
	struct pw_error err;

	*f = (struct fixture){.info = {.threads = threads,
				       .thread_count = PW_COUNT(threads)}};
	for (size_t i = 0; i < machines; i++)
		PW_TEST_OK(pw_machine_load(&f->machine[i],
					   i ? "zen4" : "generic-x86-64", &list,
					   &err),
			   &err);
	PW_TEST_OK(pw_replay_open(&f->replay, &options, &err), &err);
}

static void teardown(struct fixture *f)
{
	pw_replay_close(f->replay);
	pw_machine_close(f->machine[0]);
	pw_machine_close(f->machine[1]);
}

static void begin(struct builder *b, uint32_t thread)
{
	memset(b, 0, sizeof(*b));
	b->batch.thread = thread;
}

static void record(struct builder *b, uint64_t page, uint32_t loads,
		   uint32_t stores, uint8_t flags)
{
	size_t i = b->batch.touches.count++;

	assert_true(i < RECORDS_MAX);
	b->page[i] = page;
	b->loads[i] = loads;
	b->stores[i] = stores;
	b->flags[i] = flags;
}

static void fetch(struct builder *b, uint64_t page, uint32_t count)
{
	record(b, page, 0, 0, PW_TOUCH_FETCH);
	b->fetches[b->batch.touches.count - 1] = count;
}

static void event(struct builder *b, enum pw_event_kind kind, const char *text)
{
	assert_int_equal(b->batch.events.count, 0);
	b->event_kind[0] = (uint16_t)kind;
	b->event_text[0] = text;
	b->batch.events.count = 1;
}

/* Accesses behind the records: @loads loads and @stores stores. */
static void send(struct fixture *f, struct builder *b, size_t loads,
		 size_t stores)
{
	struct pw_touches *touches = &b->batch.touches;
	struct pw_error err;

	assert_true(loads + stores <= RECORDS_MAX);
	memset(b->kind, PW_ACCESS_LOAD, loads);
	memset(b->kind + loads, PW_ACCESS_STORE, stores);
	b->batch.accesses.kind = b->kind;
	b->batch.accesses.count = loads + stores;
	b->batch.access_count = loads + stores;
	pw_tally_add(&b->batch.tally, b->kind, loads + stores);
	b->batch.first_access = f->accesses;
	b->batch.instruction_count = loads + stores;
	f->accesses += loads + stores;
	touches->page = b->page;
	touches->instruction = b->instruction;
	touches->loads = b->loads;
	touches->stores = b->stores;
	touches->fetches = b->fetches;
	touches->flags = b->flags;
	b->batch.events.kind = b->event_kind;
	b->batch.events.result = b->event_result;
	b->batch.events.arg = (const uint64_t(*)[PW_EVENT_ARGS])b->event_arg;
	b->batch.events.text = b->event_text;
	PW_TEST_OK(pw_replay_batch(f->replay, &f->info, &b->batch, &err), &err);
}

static void finish(struct fixture *f)
{
	struct pw_error err;

	PW_TEST_OK(pw_replay_finish(f->replay, &err), &err);
}

/* 3 loads and 2 stores of one page, then 4 fetches of another: one miss and
 * one walk of 4 a side; the PD entries of both pages differ. */
static void a_record_stands_for_all_its_references(void **state)
{
	const struct pw_counters *c;
	struct builder b;
	struct fixture f;

	(void)state;
	setup(&f, 1, NULL, 0);
	begin(&b, 0);
	record(&b, PAGE, 0, 2, 0);
	b.loads[0] = 3;
	fetch(&b, PAGE + 4096, 4);
	send(&f, &b, 3, 2);
	finish(&f);
	c = pw_replay_counters(f.replay, 0);
	assert_int_equal(c->accesses, 5);
	assert_int_equal(c->loads, 3);
	assert_int_equal(c->stores, 2);
	assert_int_equal(c->instructions, 5);
	assert_int_equal(c->touches, 2);
	assert_int_equal(c->reference_data, 5);
	assert_int_equal(c->reference_instruction, 4);
	assert_int_equal(c->dtlb_misses, 1);
	assert_int_equal(c->dtlb_hits, 4);
	assert_int_equal(c->itlb_misses, 1);
	assert_int_equal(c->itlb_hits, 3);
	assert_int_equal(c->stlb_misses, 2);
	assert_int_equal(c->walk_count, 2);
	/* The second page is in the same GiB: PD entry and PTE. */
	assert_int_equal(c->walk_references, 4 + 2);
	assert_int_equal(c->pwc_hits, 1);
	assert_int_equal(c->fault_minor, 2);
	assert_int_equal(c->fault_zero_page, 1);
	assert_int_equal(c->rss_bytes, PW_PAGE_BYTES);
	teardown(&f);
}

/* A run begun by a load reads the zero page; its UPGRADE writes it: a fault
 * that invalidates the page, and so a second miss. ORDER does nothing. */
static void an_upgrade_is_the_first_store_of_its_run(void **state)
{
	const struct pw_counters *c;
	struct builder b;
	struct fixture f;

	(void)state;
	setup(&f, 1, NULL, 0);
	begin(&b, 0);
	record(&b, PAGE, 5, 0, PW_TOUCH_LOAD_FIRST);
	record(&b, PAGE + 1, 0, 0, PW_TOUCH_ORDER);
	record(&b, PAGE, 2, 1, PW_TOUCH_UPGRADE);
	send(&f, &b, 7, 1);
	finish(&f);
	c = pw_replay_counters(f.replay, 0);
	assert_int_equal(c->touches, 1);
	assert_int_equal(c->reference_data, 8);
	assert_int_equal(c->fault_minor, 2);
	assert_int_equal(c->fault_zero_page, 1);
	assert_int_equal(c->tlb_invalidations, 1);
	assert_int_equal(c->dtlb_misses, 2);
	assert_int_equal(c->rss_bytes, PW_PAGE_BYTES);
	teardown(&f);
}

/* 16 sets of 4 ways: five pages of one set in turn never hit the L1, and
 * always the STLB after the first round. */
static void five_pages_of_a_set_of_four_always_miss(void **state)
{
	const struct pw_counters *c;
	struct builder b;
	struct fixture f;

	(void)state;
	setup(&f, 1, NULL, 0);
	begin(&b, 0);
	for (size_t i = 0; i < 40; i++)
		record(&b, PAGE + i % 5 * 16, 0, 1, 0);
	send(&f, &b, 0, 40);
	finish(&f);
	c = pw_replay_counters(f.replay, 0);
	assert_int_equal(c->dtlb_misses, 40);
	assert_int_equal(c->stlb_hits, 35);
	assert_int_equal(c->walk_count, 5);
	assert_int_equal(c->fault_minor, 5);
	teardown(&f);
}

/* Threads of one process share the TLBs; another process flushes them. */
static void only_another_process_flushes_the_tlbs(void **state)
{
	static const uint32_t order[] = {0, 1, 0, 2, 0};
	static const uint64_t misses[] = {1, 1, 1, 2, 3};
	struct fixture f;

	(void)state;
	setup(&f, 1, NULL, 0);
	for (size_t i = 0; i < PW_COUNT(order); i++) {
		struct builder b;

		begin(&b, order[i]);
		record(&b, PAGE, 0, 1, 0);
		send(&f, &b, 0, 1);
		assert_int_equal(pw_replay_counters(f.replay, 0)->dtlb_misses,
				 misses[i]);
	}
	assert_int_equal(pw_replay_counters(f.replay, 0)->fault_minor, 2);
	finish(&f);
	teardown(&f);
}

/* A change of two pages, of which one was there, is above the ceiling: what
 * was used last before it is gone, too. */
static void a_change_of_many_pages_flushes_all(void **state)
{
	static const char *const ceilings[] = {"cpu.flush_ceiling=2",
					       "cpu.flush_ceiling=1"};
	static const uint64_t misses[] = {2, 3};

	(void)state;
	for (size_t i = 0; i < PW_COUNT(ceilings); i++) {
		struct builder b;
		struct fixture f;

		setup(&f, 1, ceilings[i], 0);
		begin(&b, 0);
		record(&b, PAGE, 0, 1, 0);
		record(&b, PAGE + 1, 0, 1, 0);
		event(&b, PW_EVENT_munmap, "");
		b.event_arg[0][0] = (PAGE - 1) * PW_PAGE_BYTES;
		b.event_arg[0][1] = 2 * PW_PAGE_BYTES;
		send(&f, &b, 0, 2);
		begin(&b, 0);
		record(&b, PAGE + 1, 0, 1, 0);
		send(&f, &b, 0, 1);
		finish(&f);
		assert_int_equal(pw_replay_counters(f.replay, 0)->dtlb_misses,
				 misses[i]);
		teardown(&f);
	}
}

/* Whatever their order and number, each has its own pages, and keeps them. */
static void processes_keep_their_pages(void **state)
{
	static const uint32_t order[] = {3, 0, 3, 2, 1, 3, 2};
	static const uint64_t faults[] = {1, 2, 2, 3, 3, 3, 3};
	struct fixture f;

	(void)state;
	setup(&f, 1, NULL, 0);
	for (size_t i = 0; i < PW_COUNT(order); i++) {
		struct builder b;

		begin(&b, order[i]);
		record(&b, PAGE, 0, 1, 0);
		send(&f, &b, 0, 1);
		assert_int_equal(pw_replay_counters(f.replay, 0)->fault_minor,
				 faults[i]);
	}
	finish(&f);
	teardown(&f);
}

static void a_window_is_the_difference_of_two_marks(void **state)
{
	const struct pw_replay_mark *marks;
	struct builder b;
	struct fixture f;
	size_t count;

	(void)state;
	setup(&f, 1, NULL, 0);
	for (size_t i = 0; i < 2; i++) {
		begin(&b, 1);
		record(&b, PAGE + 10 * i, 0, 1, 0);
		record(&b, PAGE + 10 * i + 1, 0, 1, 0);
		event(&b, PW_EVENT_mark, i ? "end" : "begin");
		send(&f, &b, 0, 2);
	}
	finish(&f);
	marks = pw_replay_marks(f.replay, 0, &count);
	assert_int_equal(count, 2);
	assert_string_equal(marks[0].name, "begin");
	assert_string_equal(marks[1].name, "end");
	assert_int_equal(marks[1].thread, 1);
	assert_int_equal(marks[0].counters.accesses, 2);
	assert_int_equal(marks[1].counters.accesses, 4);
	assert_int_equal(marks[0].counters.rss_bytes, 2 * PW_PAGE_BYTES);
	assert_int_equal(marks[1].counters.fault_minor -
				 marks[0].counters.fault_minor,
			 2);
	assert_int_equal(pw_replay_counters(f.replay, 0)->events, 2);
	teardown(&f);
}

/* Rows of 4 accesses; each batch of 2 writes a new page. The munmap at the end
 * belongs to the last row, the one at the end of row 1 to row 2. */
static void rows_end_at_multiples_of_the_interval(void **state)
{
	const struct pw_replay_row *rows;
	struct fixture f;
	size_t count;

	(void)state;
	setup(&f, 1, NULL, 4);
	assert_int_equal(pw_replay_epoch(f.replay), 4);
	for (uint64_t i = 0; i < 5; i++) {
		struct builder b;

		begin(&b, 0);
		record(&b, PAGE + i, 0, 2, 0);
		if (i == 1 || i == 4) {
			event(&b, PW_EVENT_munmap, "");
			b.event_arg[0][0] = (PAGE + i) * PW_PAGE_BYTES;
			b.event_arg[0][1] = 1;
		}
		send(&f, &b, 0, 2);
	}
	finish(&f);
	rows = pw_replay_rows(f.replay, 0, &count);
	assert_int_equal(count, 3);
	assert_int_equal(rows[0].accesses, 4);
	assert_int_equal(rows[0].faults, 2);
	assert_int_equal(rows[0].rss_bytes, 2 * PW_PAGE_BYTES);
	assert_int_equal(rows[1].accesses, 8);
	assert_int_equal(rows[1].instructions, 8);
	assert_int_equal(rows[1].dtlb_misses, 2);
	assert_int_equal(rows[1].rss_bytes, 3 * PW_PAGE_BYTES);
	assert_int_equal(rows[2].accesses, 10);
	assert_int_equal(rows[2].faults, 1);
	assert_int_equal(rows[2].rss_bytes, 3 * PW_PAGE_BYTES);
	teardown(&f);
}

/* Rows of 16384 accesses by default. 256 of them are merged to 128 of 32768,
 * so that 300 stretches give 128 + 22 rows; all faults are in some row. */
static void rows_are_merged_by_pairs_when_there_are_many(void **state)
{
	static uint8_t kind[16384];
	const struct pw_replay_row *rows;
	struct pw_error err;
	struct builder b;
	struct fixture f;
	uint64_t faults = 0;
	uint64_t lookups = 0;
	size_t count;

	(void)state;
	setup(&f, 1, NULL, 0);
	assert_int_equal(pw_replay_epoch(f.replay), 16384);
	memset(kind, PW_ACCESS_STORE, sizeof(kind));
	for (uint64_t i = 0; i < 300; i++) {
		begin(&b, 0);
		record(&b, PAGE + i, 0, 16384, 0);
		send(&f, &b, 0, 0);
		memset(&b.batch.touches, 0, sizeof(b.batch.touches));
		b.batch.accesses.count = sizeof(kind);
		b.batch.access_count = sizeof(kind);
		b.batch.accesses.kind = kind;
		PW_TEST_OK(pw_replay_batch(f.replay, &f.info, &b.batch, &err),
			   &err);
	}
	finish(&f);
	rows = pw_replay_rows(f.replay, 0, &count);
	assert_int_equal(count, 128 + 22);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(rows[i].accesses, (i + 1) * 32768);
		faults += rows[i].faults;
		lookups += rows[i].tlb[PW_TLB_ARRAY_l1d][0].lookups;
	}
	assert_int_equal(faults, 300);
	assert_int_equal(lookups, 300 * 16384);
	teardown(&f);
}

/* 65 pages fit the 72 entries of zen4 and not a set-associative L1 of 64. */
static void machines_replay_side_by_side(void **state)
{
	struct fixture f;

	(void)state;
	setup(&f, 2, NULL, 0);
	for (size_t round = 0; round < 2; round++) {
		for (uint64_t i = 0; i < 65; i++) {
			struct builder b;

			begin(&b, 0);
			record(&b, PAGE + i, 0, 1, 0);
			send(&f, &b, 0, 1);
		}
	}
	finish(&f);
	/* Set 0 has five pages, which miss again; the others hit. */
	assert_int_equal(pw_replay_counters(f.replay, 0)->dtlb_misses, 65 + 5);
	assert_int_equal(pw_replay_counters(f.replay, 1)->dtlb_misses, 65);
	assert_int_equal(pw_replay_counters(f.replay, 1)->fault_minor, 65);
	teardown(&f);
}

static void without_a_second_level_every_miss_walks(void **state)
{
	const struct pw_counters *c;
	struct builder b;
	struct fixture f;

	(void)state;
	setup(&f, 1, "tlb.stlb.entries=0", 0);
	begin(&b, 0);
	for (size_t i = 0; i < 40; i++)
		record(&b, PAGE + i % 5 * 16, 0, 1, 0);
	send(&f, &b, 0, 40);
	finish(&f);
	c = pw_replay_counters(f.replay, 0);
	assert_int_equal(c->walk_count, 40);
	assert_int_equal(c->stlb_hits, 0);
	assert_int_equal(c->stlb_misses, 0);
	teardown(&f);
}

static void assumed_mappings_are_not_counted_when_none_are_known(void **state)
{
	struct fixture f;

	(void)state;
	for (unsigned unknown = 0; unknown < 2; unknown++) {
		struct builder b;

		setup(&f, 1, NULL, 0);
		f.info.unknown = unknown ? PW_UNKNOWN_MAPPINGS : 0;
		begin(&b, 0);
		record(&b, PAGE, 0, 1, 0);
		send(&f, &b, 0, 1);
		assert_int_equal(pw_replay_counters(f.replay, 0)->fault_assumed,
				 !unknown);
		teardown(&f);
	}
}

static void a_batch_of_an_unknown_thread_is_refused(void **state)
{
	const struct pw_batch batch = {.thread = PW_COUNT(threads)};
	struct pw_error err;
	struct fixture f;

	(void)state;
	setup(&f, 1, NULL, 0);
	assert_int_equal(pw_replay_batch(f.replay, &f.info, &batch, &err),
			 PW_ERR_FORMAT);
	teardown(&f);
}

/* A trace of a million processes that do not end must not take all memory. */
static void too_many_processes_are_an_error(void **state)
{
	struct pw_thread *many = calloc(PW_SPACES_MAX + 1, sizeof(*many));
	struct pw_error err = {0};
	struct builder b;
	struct fixture f;

	(void)state;
	assert_non_null(many);
	setup(&f, 1, NULL, 0);
	f.info.threads = many;
	f.info.thread_count = PW_SPACES_MAX + 1;
	for (uint32_t i = 0; i <= PW_SPACES_MAX; i++)
		many[i].process = i;
	for (uint32_t i = 0; i < PW_SPACES_MAX; i++) {
		begin(&b, i);
		record(&b, PAGE, 0, 1, 0);
		send(&f, &b, 0, 1);
	}
	begin(&b, PW_SPACES_MAX);
	record(&b, PAGE, 0, 1, 0);
	b.batch.access_count = 1;
	assert_int_equal(pw_replay_batch(f.replay, &f.info, &b.batch, &err),
			 PW_ERR_SYSTEM);
	assert_non_null(strstr(err.message, "65536"));
	teardown(&f);
	free(many);
}

/* Populating 2^40 pages is more than any memory: an error, not a crash. */
static void memory_that_ends_is_an_error(void **state)
{
	struct pw_replay_options options = {.machine_count = 1,
					    .memory_limit_bytes = 4 << 20};
	struct pw_machine *machine;
	const struct pw_machine *machines[1];
	struct pw_trace_info info = {.threads = threads, .thread_count = 1};
	const uint16_t kind = PW_EVENT_mmap;
	const uint64_t result = PAGE * PW_PAGE_BYTES;
	const uint64_t arg[1][PW_EVENT_ARGS] = {
		{0, UINT64_C(1) << 52, 3, 0x8022, 3}};
	const char *const text = "";
	const struct pw_batch batch = {
		.events = {1, &kind, &result, arg, &text}};
	struct pw_replay *replay;
	struct pw_error err;

	(void)state;
	PW_TEST_OK(pw_machine_load(&machine, "generic-x86-64", NULL, &err),
		   &err);
	machines[0] = machine;
	options.machines = machines;
	PW_TEST_OK(pw_replay_open(&replay, &options, &err), &err);
	assert_int_equal(pw_replay_batch(replay, &info, &batch, &err),
			 PW_ERR_SYSTEM);
	pw_replay_close(replay);
	pw_machine_close(machine);
}

static void who_has_ended_inherits_no_files(void **state)
{
	static const struct {
		uint32_t thread, kind;
		uint64_t arg[PW_EVENT_ARGS], bytes;
	} step[] = {
		{0, PW_EVENT_exit_group, {0}, 0},
		{2, PW_EVENT_memfd_create, {0, 8, 5}, 0},
		{2, PW_EVENT_file_write, {0, 0, 9000, 8, 5}, 12288},
		{1, PW_EVENT_munmap, {0}, 12288},
		{2, PW_EVENT_exit_group, {0}, 0},
	};
	struct fixture f;
	struct builder b;

	(void)state;
	setup(&f, 1, NULL, 100);
	for (size_t i = 0; i < PW_COUNT(step); i++) {
		begin(&b, step[i].thread);
		event(&b, (enum pw_event_kind)step[i].kind, "");
		memcpy(b.event_arg[0], step[i].arg, sizeof(b.event_arg[0]));
		send(&f, &b, 0, 0);
		assert_int_equal(pw_replay_counters(f.replay, 0)->memory_bytes,
				 step[i].bytes);
	}
	teardown(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record_stands_for_all_its_references),
		cmocka_unit_test(an_upgrade_is_the_first_store_of_its_run),
		cmocka_unit_test(five_pages_of_a_set_of_four_always_miss),
		cmocka_unit_test(only_another_process_flushes_the_tlbs),
		cmocka_unit_test(a_change_of_many_pages_flushes_all),
		cmocka_unit_test(processes_keep_their_pages),
		cmocka_unit_test(a_window_is_the_difference_of_two_marks),
		cmocka_unit_test(rows_end_at_multiples_of_the_interval),
		cmocka_unit_test(rows_are_merged_by_pairs_when_there_are_many),
		cmocka_unit_test(machines_replay_side_by_side),
		cmocka_unit_test(without_a_second_level_every_miss_walks),
		cmocka_unit_test(
			assumed_mappings_are_not_counted_when_none_are_known),
		cmocka_unit_test(a_batch_of_an_unknown_thread_is_refused),
		cmocka_unit_test(too_many_processes_are_an_error),
		cmocka_unit_test(memory_that_ends_is_an_error),
		cmocka_unit_test(who_has_ended_inherits_no_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
