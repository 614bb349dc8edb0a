/*
 * test_axis.c - units, ends and ticks of an axis.
 */
#include "tests/support/pw_test.h"

#include "plots/axis.h"

/* The labels of an axis with blanks between; minor ticks as a dot. */
static void check(const struct pw_axis_range *range, const char *unit,
		  const char *labels)
{
	struct pw_axis axis;
	char got[1000] = "";
	size_t used = 0;

	pw_axis_plan(&axis, range);
	assert_string_equal(axis.unit_label, unit);
	for (size_t i = 0; i < axis.ticks; i++) {
		const char *label = axis.tick[i].label;

		used += (size_t)snprintf(got + used, sizeof(got) - used, "%s%s",
					 i ? " " : "", *label ? label : ".");
		assert_true(axis.tick[i].at >= axis.first * 0.999999);
		assert_true(axis.tick[i].at <= axis.last * 1.000001);
	}
	assert_string_equal(got, labels);
}

/* 0..130 in about 5 steps: 26 rounds up to 50, and the axis ends at 150. */
static void a_value_axis_goes_from_zero_to_a_round_number(void **state)
{
	const struct pw_axis_range range = {.least = 7,
					    .most = 130,
					    .unit = PW_UNIT_COUNT,
					    .values = true,
					    .ticks = 5};
	struct pw_axis axis;

	(void)state;
	check(&range, "", "0 50 100 150");
	pw_axis_plan(&axis, &range);
	assert_true(axis.first == 0 && axis.last == 150);
}

static void counts_have_suffixes(void **state)
{
	const struct pw_axis_range thousands = {
		.least = 0, .most = 9000, .unit = PW_UNIT_COUNT, .ticks = 5};
	const struct pw_axis_range millions = {
		.least = 0, .most = 2000000, .unit = PW_UNIT_COUNT, .ticks = 5};

	(void)state;
	check(&thousands, "", "0 2k 4k 6k 8k");
	check(&millions, "", "0 500k 1M 1.5M 2M");
}

static void an_axis_of_places_ends_where_the_data_ends(void **state)
{
	const struct pw_axis_range range = {
		.least = 3, .most = 13, .unit = PW_UNIT_COUNT, .ticks = 5};
	struct pw_axis axis;

	(void)state;
	check(&range, "", "4 6 8 10 12");
	pw_axis_plan(&axis, &range);
	assert_true(axis.first == 3 && axis.last == 13);
}

static void bytes_are_shown_in_mebibytes(void **state)
{
	const struct pw_axis_range range = {.least = 0,
					    .most = 300.0 * 1048576,
					    .unit = PW_UNIT_BYTES,
					    .values = true,
					    .ticks = 5};
	const struct pw_axis_range small = {.least = 0,
					    .most = 8192,
					    .unit = PW_UNIT_BYTES,
					    .values = true,
					    .ticks = 5};
	const struct pw_axis_range large = {.least = 0,
					    .most = 0x1p33,
					    .unit = PW_UNIT_BYTES,
					    .values = true,
					    .ticks = 5};

	(void)state;
	check(&range, "MiB", "0 100 200 300");
	check(&small, "KiB", "0 2 4 6 8");
	check(&large, "GiB", "0 2 4 6 8");
}

static void times_take_the_unit_that_fits(void **state)
{
	const struct pw_axis_range range = {
		.least = 0, .most = 3e9, .unit = PW_UNIT_NS, .ticks = 9};
	const struct pw_axis_range brief = {
		.least = 0, .most = 1.5e6, .unit = PW_UNIT_NS, .ticks = 3};

	(void)state;
	check(&range, "s", "0 0.5 1 1.5 2 2.5 3");
	check(&brief, "us", "0 500 1000 1500");
}

static void ratios_are_shown_in_per_cent(void **state)
{
	const struct pw_axis_range range = {.least = 0.02,
					    .most = 0.97,
					    .unit = PW_UNIT_RATIO,
					    .values = true,
					    .ticks = 5};

	(void)state;
	check(&range, "%", "0 20 40 60 80 100");
}

static void a_logarithmic_axis_has_decades(void **state)
{
	const struct pw_axis_range range = {.least = 1,
					    .most = 2e6,
					    .unit = PW_UNIT_PAGES,
					    .log = true,
					    .ticks = 9};
	const struct pw_axis_range narrow = {.least = 1,
					     .most = 20,
					     .unit = PW_UNIT_COUNT,
					     .log = true,
					     .ticks = 9};

	(void)state;
	check(&range, "4 KiB pages", "1 10 100 1k 10k 100k 1M");
	check(&narrow, "", "1 2 . . 5 . . . . 10 20");
}

/* 4 KiB..1 GiB is 18 doublings; 6 labels are about 3 doublings apart. */
static void bytes_on_a_logarithmic_axis_are_powers_of_two(void **state)
{
	const struct pw_axis_range range = {.least = 4096,
					    .most = 1073741824,
					    .unit = PW_UNIT_BYTES,
					    .log = true,
					    .ticks = 6};

	(void)state;
	check(&range, "", "4 KiB 32 KiB 256 KiB 2 MiB 16 MiB 128 MiB 1 GiB");
}

static void a_single_value_has_an_axis_too(void **state)
{
	const struct pw_axis_range zero = {
		.unit = PW_UNIT_COUNT, .values = true, .ticks = 5};
	const struct pw_axis_range one = {.least = 7,
					  .most = 7,
					  .unit = PW_UNIT_COUNT,
					  .log = true,
					  .ticks = 5};
	struct pw_axis axis;

	(void)state;
	check(&zero, "", "0 0.2 0.4 0.6 0.8 1");
	pw_axis_plan(&axis, &one);
	assert_true(axis.first < axis.last);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_value_axis_goes_from_zero_to_a_round_number),
		cmocka_unit_test(counts_have_suffixes),
		cmocka_unit_test(an_axis_of_places_ends_where_the_data_ends),
		cmocka_unit_test(bytes_are_shown_in_mebibytes),
		cmocka_unit_test(times_take_the_unit_that_fits),
		cmocka_unit_test(ratios_are_shown_in_per_cent),
		cmocka_unit_test(a_logarithmic_axis_has_decades),
		cmocka_unit_test(bytes_on_a_logarithmic_axis_are_powers_of_two),
		cmocka_unit_test(a_single_value_has_an_axis_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
