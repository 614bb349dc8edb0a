/*
 * test_signals.c - which signal the model expects of a fault.
 */
#include "tests/support/pw_test.h"

#include "replay/memory/signals.h"
#include "tests/support/replay_fixture.h"

enum { SEGV = 11, BUS = 7, UNMAPPED = 1, FORBIDDEN = 2, KERNEL = 128 };

/* Signal * 1000 + code of an access to @page. */
static unsigned at(const struct pw_test_system *t, uint64_t page)
{
	const struct pw_signal signal = pw_signal_expect(
		&t->system, t->system.current, page * PW_PAGE_BYTES);

	return signal.number * 1000 + signal.code;
}

static void protect(struct pw_test_system *t, uint64_t page, uint64_t prot)
{
	pw_test_event(t, (struct pw_event){.kind = PW_EVENT_mprotect,
					   .arg = {page * PW_PAGE_BYTES,
						   PW_PAGE_BYTES, prot}});
}

static void receive(struct pw_test_system *t, uint64_t number, uint64_t code,
		    uint64_t address)
{
	pw_test_event(t, (struct pw_event){.kind = PW_EVENT_signal,
					   .arg = {number, code, address}});
}

static void a_mapping_tells_what_an_access_ends_in(void **state)
{
	struct pw_test_system t;

	(void)state;
	pw_test_system_open(&t, NULL);
	pw_test_map(&t, 100, 10, PW_TEST_PRIVATE | PW_TEST_ANONYMOUS, NULL, 0);
	assert_int_equal(at(&t, 99), 11001);
	assert_int_equal(at(&t, 110), 11001);
	assert_int_equal(at(&t, 0), 11001);
	assert_int_equal(at(&t, 100), 11002); /* may not be executed */
	protect(&t, 101, 0);
	assert_int_equal(at(&t, 101), 11002);
	protect(&t, 102, 7);
	assert_int_equal(at(&t, 102), 0);
	/* In the upper half, and between the halves. */
	assert_int_equal(at(&t, UINT64_C(0xffff800000001)), 11001);
	assert_int_equal(at(&t, UINT64_C(0x4000000000000)), 11128);
	pw_test_system_close(&t);
}

static void behind_the_end_of_a_file_is_a_bus_error(void **state)
{
	struct pw_test_system t;

	(void)state;
	pw_test_system_open(&t, NULL);
	pw_test_map(&t, 100, 4, PW_TEST_SHARED, "/f", 2 * PW_PAGE_BYTES + 1);
	assert_int_equal(at(&t, 102), 11002);
	assert_int_equal(at(&t, 103), 7002);
	protect(&t, 103, 0);
	assert_int_equal(at(&t, 103), 11002);
	pw_test_system_close(&t);
}

static void guards_are_as_if_nothing_was_mapped(void **state)
{
	struct pw_test_system t;
	struct pw_event guard = {
		.kind = PW_EVENT_madvise,
		.arg = {100 * PW_PAGE_BYTES, PW_PAGE_BYTES, 102}};

	(void)state;
	pw_test_system_open(&t, NULL);
	pw_test_map(&t, 100, 10, PW_TEST_PRIVATE | PW_TEST_ANONYMOUS, NULL, 0);
	pw_test_event(&t, guard);
	assert_int_equal(at(&t, 100), 11001);
	assert_int_equal(at(&t, 101), 11002);
	guard.arg[2] = 103;
	pw_test_event(&t, guard);
	assert_int_equal(at(&t, 100), 11002);
	pw_test_system_close(&t);
}

static void a_stack_that_can_grow_is_no_fatal_fault(void **state)
{
	struct pw_test_system t;

	(void)state;
	pw_test_system_open(&t, NULL);
	pw_test_map(&t, 100000, 10,
		    PW_TEST_PRIVATE | PW_TEST_ANONYMOUS | PW_TEST_GROWSDOWN,
		    NULL, 0);
	assert_int_equal(at(&t, 99999), 0);
	assert_int_equal(at(&t, 100010 - 2049), 11001);
	pw_test_map(&t, 99800, 1, PW_TEST_PRIVATE | PW_TEST_ANONYMOUS, NULL, 0);
	assert_int_equal(at(&t, 99999), 11001);
	pw_test_system_close(&t);
}

static void recorded_signals_are_counted_compared_and_listed(void **state)
{
	struct pw_test_system t;
	const struct pw_counters *counters;
	const struct pw_signal_row *row;

	(void)state;
	pw_test_system_open(&t, NULL);
	pw_test_map(&t, 100, 10, PW_TEST_PRIVATE | PW_TEST_ANONYMOUS, NULL, 0);
	receive(&t, SEGV, UNMAPPED, 5 * PW_PAGE_BYTES);
	receive(&t, SEGV, FORBIDDEN, 100 * PW_PAGE_BYTES + 7);
	receive(&t, SEGV, KERNEL, 0);
	receive(&t, BUS, 2, 5 * PW_PAGE_BYTES);
	/* Sent by kill, of a protection key, and of no fault. */
	receive(&t, SEGV, 0, 5 * PW_PAGE_BYTES);
	receive(&t, SEGV, 4, 5 * PW_PAGE_BYTES);
	receive(&t, 10, UNMAPPED, 5 * PW_PAGE_BYTES);
	counters = pw_test_counters(&t);
	assert_int_equal(counters->fault_fatal, 4);
	assert_int_equal(counters->fault_fatal_unmapped, 2);
	assert_int_equal(counters->fault_fatal_forbidden, 1);
	assert_int_equal(counters->fault_fatal_other, 1);
	assert_int_equal(counters->fault_fatal_bus, 0);
	assert_int_equal(counters->signal_unlike, 1);
	assert_int_equal(t.system.signals.count, 4);
	row = &PW_ARRAY_AT(&t.system.signals, struct pw_signal_row, 3);
	assert_int_equal(row->seen.number, BUS);
	assert_int_equal(row->expected.number, SEGV);
	assert_int_equal(row->expected.code, UNMAPPED);
	assert_int_equal(row->address, 5 * PW_PAGE_BYTES);
	pw_test_system_close(&t);
}

/* The kernel tells of the access, and has mapped what is around by then. */
static void a_load_behind_the_end_maps_pages_around(void **state)
{
	const struct pw_event store = {.kind = PW_EVENT_signal,
				       .arg = {BUS, 2, 106 * PW_PAGE_BYTES, 2}};
	struct pw_event load = store;
	struct pw_test_system t;

	(void)state;
	load.arg[3] = 1;
	pw_test_system_open(&t, NULL);
	pw_test_map(&t, 100, 12, PW_TEST_PRIVATE, "/f", 4 * PW_PAGE_BYTES);
	receive(&t, BUS, 2, 106 * PW_PAGE_BYTES); /* nobody knows of what */
	pw_test_event(&t, store);
	assert_int_equal(pw_test_pte(&t, 100), 0);
	pw_test_event(&t, load);
	assert_int_not_equal(pw_test_pte(&t, 100), 0);
	assert_int_not_equal(pw_test_pte(&t, 103), 0);
	assert_int_equal(pw_test_pte(&t, 104), 0);
	assert_int_equal(pw_test_counters(&t)->fault_minor, 0);
	assert_int_equal(pw_test_counters(&t)->fault_fatal_bus, 3);
	pw_test_system_close(&t);
}

/* Linux 6.18 mm/filemap.c filemap_map_pages: the table of pages 0 to 511 is not
 * made for the one page of a file, which ends it; older kernels make it. */
static void the_last_page_comes_around_where_its_table_is(void **state)
{
	const struct pw_event load = {.kind = PW_EVENT_signal,
				      .arg = {BUS, 2, 102 * PW_PAGE_BYTES, 1}};
	struct pw_test_system t;

	(void)state;
	pw_test_system_open(&t, NULL);
	pw_test_map(&t, 100, 4, PW_TEST_PRIVATE, "/f", PW_PAGE_BYTES);
	pw_test_map(&t, 200, 1, PW_TEST_PRIVATE | PW_TEST_ANONYMOUS, NULL, 0);
	pw_test_event(&t, load);
	assert_int_equal(pw_test_pte(&t, 100), 0);
	pw_test_touch(&t, 200, 'W');
	pw_test_event(&t, load);
	assert_int_not_equal(pw_test_pte(&t, 100), 0);
	pw_test_system_close(&t);
	pw_test_system_open(&t, "kernel=6.12");
	pw_test_map(&t, 100, 4, PW_TEST_PRIVATE, "/f", PW_PAGE_BYTES);
	pw_test_event(&t, load);
	assert_int_not_equal(pw_test_pte(&t, 100), 0);
	pw_test_system_close(&t);
}

/* A mapping is populated up to its file's end, and the next one is, too. */
static void populating_fails_in_one_mapping_and_goes_on(void **state)
{
	struct pw_test_system t;

	(void)state;
	pw_test_system_open(&t, NULL);
	pw_test_map(&t, 100, 12, PW_TEST_PRIVATE, "/f", 4 * PW_PAGE_BYTES);
	pw_test_map(&t, 112, 3, PW_TEST_PRIVATE | PW_TEST_ANONYMOUS, NULL, 0);
	pw_test_event(&t, (struct pw_event){
				  .kind = PW_EVENT_madvise,
				  .arg = {113 * PW_PAGE_BYTES, PW_PAGE_BYTES,
					  102 /* MADV_GUARD_INSTALL */}});
	pw_test_event(&t, (struct pw_event){.kind = PW_EVENT_mlockall,
					    .arg = {1 /* MCL_CURRENT */}});
	assert_int_not_equal(pw_test_pte(&t, 103), 0);
	assert_int_equal(pw_test_pte(&t, 104), 0);
	assert_int_not_equal(pw_test_pte(&t, 112), 0);
	assert_int_equal(pw_test_pte(&t, 114), 0);
	assert_int_equal(pw_test_counters(&t)->fault_minor, 5);
	pw_test_system_close(&t);
}

static void the_list_has_an_end(void **state)
{
	struct pw_test_system t;

	(void)state;
	pw_test_system_open(&t, NULL);
	for (size_t i = 0; i < PW_SIGNALS_MAX + 5; i++)
		receive(&t, SEGV, UNMAPPED, 4096);
	assert_int_equal(t.system.signals.count, PW_SIGNALS_MAX);
	assert_int_equal(pw_test_counters(&t)->fault_fatal, PW_SIGNALS_MAX + 5);
	pw_test_system_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_mapping_tells_what_an_access_ends_in),
		cmocka_unit_test(behind_the_end_of_a_file_is_a_bus_error),
		cmocka_unit_test(guards_are_as_if_nothing_was_mapped),
		cmocka_unit_test(a_stack_that_can_grow_is_no_fatal_fault),
		cmocka_unit_test(
			recorded_signals_are_counted_compared_and_listed),
		cmocka_unit_test(a_load_behind_the_end_maps_pages_around),
		cmocka_unit_test(the_last_page_comes_around_where_its_table_is),
		cmocka_unit_test(populating_fails_in_one_mapping_and_goes_on),
		cmocka_unit_test(the_list_has_an_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
