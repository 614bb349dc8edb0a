/*
 * test_text_clean.c - texts cleaned and compared.
 */
#include "tests/support/pw_test.h"

#include "base/random.h"
#include "base/text.h"

static void expect(const char *text, const char *want)
{
	char clean[256];

	pw_text_clean(clean, sizeof(clean), text);
	assert_string_equal(clean, want);
}

static void leaves_plain_text_and_utf8_alone(void **state)
{
	(void)state;
	expect("", "");
	expect("a-b <c> \"d\" `e` \\", "a-b <c> \"d\" `e` \\");
	expect("gr\xc3\xb6\xc3\x9f"
	       "e \xe2\x82\xac \xf0\x9f\x98\x80",
	       "gr\xc3\xb6\xc3\x9f"
	       "e \xe2\x82\xac \xf0\x9f\x98\x80");
}

static void escapes_control_characters(void **state)
{
	(void)state;
	expect("ev\033[31mil\033]0;p\007", "ev\\x1b[31mil\\x1b]0;p\\x07");
	expect("a\nb\tc\rd\x7f", "a\\x0ab\\x09c\\x0dd\\x7f");
	/* U+009B is CSI in one character. */
	expect("\xc2\x9b"
	       "31m",
	       "\\xc2\\x9b31m");
}

static void escapes_what_reorders_or_hides_text(void **state)
{
	(void)state;
	expect("a\xe2\x80\xae"
	       "b",
	       "a\\xe2\\x80\\xaeb"); /* U+202E, right-to-left override */
	expect("\xe2\x81\xa6", "\\xe2\\x81\\xa6");	    /* U+2066 */
	expect("\xe2\x80\x8b", "\\xe2\\x80\\x8b");	    /* U+200B */
	expect("\xef\xbb\xbf", "\\xef\\xbb\\xbf");	    /* U+FEFF */
	expect("\xef\xbf\xbf", "\\xef\\xbf\\xbf");	    /* U+FFFF */
	expect("\xf3\xa0\x81\x81", "\\xf3\\xa0\\x81\\x81"); /* U+E0041 */
}

static void escapes_what_is_no_utf8(void **state)
{
	(void)state;
	expect("\xff", "\\xff");
	expect("\x80", "\\x80");
	expect("\xc3", "\\xc3");
	expect("\xc3(", "\\xc3(");
	expect("\xc0\xaf", "\\xc0\\xaf");		    /* overlong / */
	expect("\xe0\x80\xaf", "\\xe0\\x80\\xaf");	    /* overlong / */
	expect("\xed\xa0\x80", "\\xed\\xa0\\x80");	    /* a surrogate */
	expect("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"); /* U+110000 */
	expect("\xe2\x82", "\\xe2\\x82");		    /* cut short */
}

/* "a", the euro sign in 3 bytes, ESC as 4: what fits into 3, 4, 7 and 8. */
static void cuts_between_characters_only(void **state)
{
	const char *text = "a\xe2\x82\xac\033";
	char clean[16];

	(void)state;
	pw_text_clean(clean, 1, text);
	assert_string_equal(clean, "");
	pw_text_clean(clean, 4, text);
	assert_string_equal(clean, "a");
	pw_text_clean(clean, 5, text);
	assert_string_equal(clean, "a\xe2\x82\xac");
	pw_text_clean(clean, 8, text);
	assert_string_equal(clean, "a\xe2\x82\xac");
	pw_text_clean(clean, 9, text);
	assert_string_equal(clean, "a\xe2\x82\xac\\x1b");
}

/* Cleaning cleaned text changes nothing, and no control byte is left. */
static void makes_random_bytes_clean_for_good(void **state)
{
	struct pw_random random;
	char again[512];
	char clean[512];
	char text[64];

	(void)state;
	pw_random_seed(&random, 1);
	for (int round = 0; round < 2000; round++) {
		for (size_t i = 0; i + 1 < sizeof(text); i++)
			text[i] = (char)pw_random_next(&random);
		text[sizeof(text) - 1] = '\0';
		pw_text_clean(clean, sizeof(clean), text);
		pw_text_clean(again, sizeof(again), clean);
		assert_string_equal(again, clean);
		for (const char *c = clean; *c; c++)
			assert_true((unsigned char)*c >= ' ' && *c != 0x7f);
	}
}

static void finds_the_nearest_word(void **state)
{
	const char *const words[] = {"replay", "report", "machines",
				     "mrc",    "wss",	 NULL};

	(void)state;
	assert_string_equal(pw_text_nearest("repaly", words), "replay");
	assert_string_equal(pw_text_nearest("repotr", words), "report");
	assert_string_equal(pw_text_nearest("machine", words), "machines");
	assert_string_equal(pw_text_nearest("mcr", words), "mrc");
	assert_string_equal(pw_text_nearest("wss", words), "wss");
}

static void finds_no_word_when_none_is_near(void **state)
{
	const char *const words[] = {"replay", "x", NULL};
	char longer[200];

	(void)state;
	assert_null(pw_text_nearest("capture", words));
	assert_null(pw_text_nearest("", words));
	assert_null(pw_text_nearest("y", words));
	memset(longer, 'r', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_null(pw_text_nearest(longer, words));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(leaves_plain_text_and_utf8_alone),
		cmocka_unit_test(escapes_control_characters),
		cmocka_unit_test(escapes_what_reorders_or_hides_text),
		cmocka_unit_test(escapes_what_is_no_utf8),
		cmocka_unit_test(cuts_between_characters_only),
		cmocka_unit_test(makes_random_bytes_clean_for_good),
		cmocka_unit_test(finds_the_nearest_word),
		cmocka_unit_test(finds_no_word_when_none_is_near),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
