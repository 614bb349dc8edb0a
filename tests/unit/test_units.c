/*
 * test_units.c - quantities read and shown.
 */
#include "tests/support/pw_test.h"

#include <float.h>
#include <locale.h>
#include <math.h>

#include "base/random.h"
#include "base/units.h"

typedef enum pw_status (*parser)(const char *text, uint64_t *value,
				 struct pw_error *err);

static void expect(parser parse, const char *text, uint64_t want)
{
	struct pw_error err;
	uint64_t value = 0;

	PW_TEST_OK(parse(text, &value, &err), &err);
	if (value != want)
		fail_msg("%s: read as %llu", text, (unsigned long long)value);
}

static void refuse(parser parse, const char *text)
{
	struct pw_error err;
	uint64_t value;

	if (parse(text, &value, &err) != PW_ERR_USAGE)
		fail_msg("\"%s\" was not refused", text);
	assert_non_null(strstr(err.message, text));
	assert_true(err.hint[0] != '\0');
}

static void reads_sizes_in_binary_multiples(void **state)
{
	(void)state;
	expect(pw_parse_size, "0", 0);
	expect(pw_parse_size, "4096", 4096);
	expect(pw_parse_size, "4096B", 4096);
	expect(pw_parse_size, "15k", 15360);
	expect(pw_parse_size, "1.5K", 1536);
	expect(pw_parse_size, "64 KiB", 65536);
	expect(pw_parse_size, "2m", 2097152);
	expect(pw_parse_size, "1.5G", 1610612736);
	expect(pw_parse_size, "64GiB", UINT64_C(68719476736));
	expect(pw_parse_size, "1T", UINT64_C(1) << 40);
	expect(pw_parse_size, "1PiB", UINT64_C(1) << 50);
	expect(pw_parse_size, "15E", UINT64_C(15) << 60);
	expect(pw_parse_size, "0.0009765625K", 1);
	expect(pw_parse_size, "1.50000000000000000000000000K", 1536);
}

static void reads_sizes_up_to_the_largest(void **state)
{
	(void)state;
	expect(pw_parse_size, "18446744073709551615", UINT64_MAX);
	refuse(pw_parse_size, "18446744073709551616");
	refuse(pw_parse_size, "16E");
	refuse(pw_parse_size, "16384P");
	expect(pw_parse_size, "16383P", UINT64_C(16383) << 50);
	refuse(pw_parse_size, "99999999999999999999999999");
}

static void refuses_what_is_no_size(void **state)
{
	const char *const bad[] = {"",	    "-1",  "+1",  "k",	  ".",
				   "1kB",   "1MB", "12x", "0x10", "1e3",
				   "0.3K",  "1.5", "1..", "1.2.", " 1",
				   "1KiBs", "nan", "inf", "1,5K"};

	(void)state;
	for (size_t i = 0; i < PW_COUNT(bad); i++)
		refuse(pw_parse_size, bad[i]);
}

static void reads_counts_in_decimal_multiples(void **state)
{
	(void)state;
	expect(pw_parse_count, "1000", 1000);
	expect(pw_parse_count, "1e6", 1000000);
	expect(pw_parse_count, "1.5e1", 15);
	expect(pw_parse_count, "5k", 5000);
	expect(pw_parse_count, "2M", 2000000);
	expect(pw_parse_count, "1.5G", 1500000000);
	expect(pw_parse_count, "18446744073709551615", UINT64_MAX);
	expect(pw_parse_count, "18E", UINT64_C(18000000000000000000));
	refuse(pw_parse_count, "19E");
	refuse(pw_parse_count, "2e19");
	refuse(pw_parse_count, "1e99999999999");
	refuse(pw_parse_count, "1.5");
	refuse(pw_parse_count, "1e-3");
	refuse(pw_parse_count, "5KiB");
	refuse(pw_parse_count, "-5");
}

static void reads_times_with_their_unit_only(void **state)
{
	(void)state;
	expect(pw_parse_ns, "500ns", 500);
	expect(pw_parse_ns, "1.5us", 1500);
	expect(pw_parse_ns, "20ms", 20000000);
	expect(pw_parse_ns, "2s", 2000000000);
	refuse(pw_parse_ns, "2");
	refuse(pw_parse_ns, "0.5ns");
	refuse(pw_parse_ns, "2h");
	refuse(pw_parse_ns, "18446744074s");
}

static void reads_cycles_with_or_without_the_word(void **state)
{
	(void)state;
	expect(pw_parse_cycles, "9", 9);
	expect(pw_parse_cycles, "9 cycles", 9);
	expect(pw_parse_cycles, "1cycle", 1);
	refuse(pw_parse_cycles, "9 ns");
	refuse(pw_parse_cycles, "9.5");
}

static void show(uint64_t value, enum pw_unit unit, const char *want)
{
	char text[64];

	pw_format_u64(text, sizeof(text), value, unit);
	assert_string_equal(text, want);
}

static void shows_integers_by_their_unit(void **state)
{
	(void)state;
	show(12345, PW_UNIT_NONE, "12345");
	show(0, PW_UNIT_COUNT, "0");
	show(999, PW_UNIT_COUNT, "999");
	show(12345, PW_UNIT_COUNT, "12,345");
	show(UINT64_MAX, PW_UNIT_PAGES, "18,446,744,073,709,551,615");
	show(4096, PW_UNIT_ADDRESS, "0x1000");
	show(2, PW_UNIT_RATIO, "200.00%");
}

/* 2^64-1 bytes are 15.999... EiB; 1023.999 KiB is nearer to 1 MiB. */
static void shows_bytes_and_times_in_fitting_multiples(void **state)
{
	(void)state;
	show(0, PW_UNIT_BYTES, "0 B");
	show(1023, PW_UNIT_BYTES, "1023 B");
	show(1024, PW_UNIT_BYTES, "1 KiB");
	show(1536, PW_UNIT_BYTES, "1.5 KiB");
	show(1572864, PW_UNIT_BYTES, "1.5 MiB");
	show(1048575, PW_UNIT_BYTES, "1 MiB");
	show(1030, PW_UNIT_BYTES, "1.01 KiB");
	show(UINT64_MAX, PW_UNIT_BYTES, "16 EiB");
	show(999, PW_UNIT_NS, "999 ns");
	show(3210, PW_UNIT_NS, "3.21 us");
	show(2000000000, PW_UNIT_NS, "2 s");
	show(UINT64_C(7200000000000), PW_UNIT_NS, "7200 s");
}

static void reads_back_every_size_that_it_shows_exactly(void **state)
{
	struct pw_random random;
	char text[64];

	(void)state;
	pw_random_seed(&random, 1);
	for (int i = 0; i < 2000; i++) {
		uint64_t exact = pw_random_below(&random, 1023)
				 << (10 * pw_random_below(&random, 6));

		pw_format_u64(text, sizeof(text), exact, PW_UNIT_BYTES);
		expect(pw_parse_size, text, exact);
	}
}

static void show_fraction(double value, enum pw_unit unit, const char *want)
{
	char text[64];

	pw_format_f64(text, sizeof(text), value, unit);
	assert_string_equal(text, want);
}

static void shows_fractions_by_their_unit(void **state)
{
	(void)state;
	show_fraction(0.1234, PW_UNIT_RATIO, "12.34%");
	show_fraction(0, PW_UNIT_RATIO, "0.00%");
	show_fraction(0.00001, PW_UNIT_RATIO, "<0.01%");
	show_fraction(12345.678, PW_UNIT_COUNT, "12,345.68");
	show_fraction(-2.5, PW_UNIT_NONE, "-2.50");
	show_fraction(1536.4, PW_UNIT_BYTES, "1.5 KiB");
	show_fraction(10.5, PW_UNIT_BYTES, "10.50 B");
	show_fraction(3.5, PW_UNIT_NS, "3.50 ns");
	show_fraction(1e20, PW_UNIT_BYTES, "1.000e+20 B");
	show_fraction((double)NAN, PW_UNIT_COUNT, "-");
	show_fraction((double)INFINITY, PW_UNIT_RATIO, "-");
}

static void show_exact(double value, const char *want)
{
	char text[64];

	pw_format_exact(text, sizeof(text), value);
	assert_string_equal(text, want);
}

static void writes_the_shortest_text_that_reads_back(void **state)
{
	(void)state;
	show_exact(0, "0");
	show_exact(0.1, "0.1");
	show_exact(1.0 / 3, "0.3333333333333333");
	show_exact(1e300, "1e+300");
	show_exact(5e-324, "5e-324");
	show_exact(DBL_MAX, "1.7976931348623157e+308");
	show_exact((double)NAN, "0");
	show_exact(-(double)INFINITY, "0");
}

static void reads_back_random_fractions(void **state)
{
	struct pw_random random;
	char text[64];

	(void)state;
	pw_random_seed(&random, 2);
	for (int i = 0; i < 5000; i++) {
		uint64_t bits = pw_random_next(&random);
		double value;

		memcpy(&value, &bits, sizeof(value));
		if (!isfinite(value))
			continue;
		pw_format_exact(text, sizeof(text), value);
		assert_true(strtod(text, NULL) == value); /* every bit */
	}
}

/* Where the locale is not installed there is nothing to be told apart. */
static void does_not_ask_the_locale_for_a_point(void **state)
{
	(void)state;
	if (!setlocale(LC_ALL, "de_DE.UTF-8") &&
	    !setlocale(LC_ALL, "fr_FR.UTF-8"))
		skip();
	show_exact(0.5, "0.5");
	show_fraction(0.5, PW_UNIT_COUNT, "0.50");
	expect(pw_parse_size, "1.5K", 1536);
	setlocale(LC_ALL, "C");
}

static void cuts_to_the_buffer(void **state)
{
	char text[4];

	(void)state;
	pw_format_u64(text, sizeof(text), 123456, PW_UNIT_NONE);
	assert_string_equal(text, "123");
	pw_format_exact(text, sizeof(text), 0.125);
	assert_string_equal(text, "0.1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_sizes_in_binary_multiples),
		cmocka_unit_test(reads_sizes_up_to_the_largest),
		cmocka_unit_test(refuses_what_is_no_size),
		cmocka_unit_test(reads_counts_in_decimal_multiples),
		cmocka_unit_test(reads_times_with_their_unit_only),
		cmocka_unit_test(reads_cycles_with_or_without_the_word),
		cmocka_unit_test(shows_integers_by_their_unit),
		cmocka_unit_test(shows_bytes_and_times_in_fitting_multiples),
		cmocka_unit_test(reads_back_every_size_that_it_shows_exactly),
		cmocka_unit_test(shows_fractions_by_their_unit),
		cmocka_unit_test(writes_the_shortest_text_that_reads_back),
		cmocka_unit_test(reads_back_random_fractions),
		cmocka_unit_test(does_not_ask_the_locale_for_a_point),
		cmocka_unit_test(cuts_to_the_buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
