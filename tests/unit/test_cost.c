/*
 * test_cost.c - counters as time.
 */
#include "tests/support/pw_test.h"

#include "replay/machine/cost.h"

/* A cycle a ns, so that cycles are ns. */
static const struct pw_machine_cost cost = {
	.clock_hz = 1000000000,
	.base_cpi = 0.5,
	.stlb_hit_cycles = 9,
	.minor_fault_ns = 1000,
	.zero_page_fault_ns = 600,
	.file_fault_ns = 2000,
	.cow_fault_ns = 1300,
	.fork_fault_ns = 1400,
	.major_fault_ns = 100000,
	.call_ns = 1100,
	.unmap_page_ns = 130,
	.fork_page_ns = 60,
	.shootdown_ipi_ns = 1600,
};

/* 20 minor faults: 2 of the zero page, 3 of files, 4 and 5 that copy; 6 are
 * left for the plain cost. */
static void each_minor_fault_has_the_cost_of_its_kind(void **state)
{
	const struct pw_counters counters = {
		.fault_minor = 20,
		.fault_zero_page = 2,
		.fault_file = 3,
		.fault_cow = 4,
		.fault_fork = 5,
		.fault_major = 7,
	};
	struct pw_cost_time time = pw_cost_add_up(&cost, &counters);

	(void)state;
	assert_true(time.fault == 6 * 1000 + 2 * 600 + 3 * 2000 + 4 * 1300 +
					  5 * 1400 + 7 * 100000);
	assert_true(time.total == time.fault);
	assert_true(time.call == 0 && time.shootdown == 0);
}

static void the_rest_is_counted_by_what_it_is_spent_on(void **state)
{
	const struct pw_counters counters = {
		.instructions = 1001,
		.stlb_hits = 10,
		.walk_cycles = 77,
		.call_count = 3,
		.unmap_pages = 5,
		.fork_pages = 7,
		.tlb_shootdown_ipis = 2,
	};
	struct pw_cost_time time = pw_cost_add_up(&cost, &counters);

	(void)state;
	assert_true(time.base == 500.5);
	assert_true(time.stlb == 90);
	assert_true(time.walk == 77);
	assert_true(time.fault == 0);
	assert_true(time.call == 3 * 1100 + 5 * 130 + 7 * 60);
	assert_true(time.shootdown == 3200);
	/* 500.5 + 90 + 77 + 4370 + 3200 = 8237.5, rounded up. */
	assert_int_equal(pw_cost_ns(&cost, &counters), 8238);
}

static void cycles_follow_the_clock(void **state)
{
	struct pw_machine_cost faster = cost;
	const struct pw_counters counters = {.fault_minor = 10,
					     .instructions = 4000};
	struct pw_cost_time time;

	(void)state;
	faster.clock_hz = 2000000000;
	time = pw_cost_add_up(&faster, &counters);
	assert_true(time.fault == 20000);
	assert_true(time.base == 2000);
	assert_int_equal(pw_cost_ns(&faster, &counters), 11000);
}

/* What is listed adds up to what is not translation. */
static void the_items_are_the_sum(void **state)
{
	struct pw_counters counters;
	struct pw_cost_time time;
	struct pw_cost_item item;
	double sum = 0;
	size_t count = 0;

	(void)state;
	memset(&counters, 0, sizeof(counters));
	counters.fault_minor = 100;
	counters.fault_zero_page = 11;
	counters.fault_file = 12;
	counters.fault_cow = 13;
	counters.fault_fork = 14;
	counters.fault_major = 15;
	counters.call_count = 16;
	counters.unmap_pages = 17;
	counters.fork_pages = 18;
	counters.tlb_shootdown_ipis = 19;
	for (; pw_cost_item_at(&cost, &counters, count, &item); count++) {
		assert_true(item.key[0] && item.help[0] && item.count > 0);
		sum += (double)item.count * (double)item.ns;
	}
	time = pw_cost_add_up(&cost, &counters);
	assert_true(sum == time.fault + time.call + time.shootdown);
	assert_true(count >= 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_minor_fault_has_the_cost_of_its_kind),
		cmocka_unit_test(the_rest_is_counted_by_what_it_is_spent_on),
		cmocka_unit_test(cycles_follow_the_clock),
		cmocka_unit_test(the_items_are_the_sum),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
