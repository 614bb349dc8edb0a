/*
 * test_machine_text.c - machine files as texts.
 */
#include "tests/support/pw_test.h"

#include "replay/machine/machine.h"
#include "replay/machine/machine_text.h"

static const char text[] = "# A machine.\n"
			   "name: x\n"
			   "summary: >-\n"
			   "  it has: words\n"
			   "\n"
			   "tlb:\n"
			   "  # general\n"
			   "  l1d: {entries: 64}  # a dump; verified: yes\n"
			   "  l1i: {entries: 32}\n"
			   "    # another dump,\n"
			   "    # page 3; verified: no\n"
			   "\n"
			   "cost:\n"
			   "  clock: 3GHz\n"
			   "  stlb_hit: 8 cycles # measured\n"
			   "    # somewhere\n"
			   "  last: 1\n";

static void values_come_with_their_sources(void **state)
{
	static const struct pw_machine_value want[] = {
		{"tlb.l1d", "{entries: 64}", "a dump", "yes"},
		{"tlb.l1i", "{entries: 32}", "another dump, page 3", "no"},
		{"cost.clock", "3GHz", "", ""},
		{"cost.stlb_hit", "8 cycles", "measured somewhere", ""},
		{"cost.last", "1", "", ""},
	};
	struct pw_machine_cursor cursor = {.at = text};
	struct pw_machine_value got;

	(void)state;
	for (size_t i = 0; i < PW_COUNT(want); i++) {
		assert_true(pw_machine_text_next(&cursor, &got));
		assert_string_equal(got.key, want[i].key);
		assert_string_equal(got.value, want[i].value);
		assert_string_equal(got.source, want[i].source);
		assert_string_equal(got.verified, want[i].verified);
	}
	assert_false(pw_machine_text_next(&cursor, &got));
}

static void a_value_is_changed_where_it_stands(void **state)
{
	struct pw_machine_cursor cursor;
	struct pw_machine_value got;
	struct pw_arena *arena;
	struct pw_error err;
	const char *changed = text;

	(void)state;
	PW_TEST_OK(pw_arena_open(&arena, 0, &err), &err);
	PW_TEST_OK(pw_machine_text_set(
			   &changed,
			   &(struct pw_machine_setting){"cost", "stlb_hit",
							"9 cycles", "here"},
			   arena, &err),
		   &err);
	PW_TEST_OK(pw_machine_text_set(&changed,
				       &(struct pw_machine_setting){
					       "cost", "new", "5", "there"},
				       arena, &err),
		   &err);
	cursor = (struct pw_machine_cursor){.at = strstr(changed, "cost:")};
	assert_non_null(cursor.at);
	assert_true(pw_machine_text_next(&cursor, &got));
	assert_true(pw_machine_text_next(&cursor, &got));
	assert_string_equal(got.value, "9 cycles");
	assert_string_equal(got.source, "here");
	assert_true(pw_machine_text_next(&cursor, &got));
	assert_string_equal(got.key, "cost.last");
	assert_true(pw_machine_text_next(&cursor, &got));
	assert_string_equal(got.key, "cost.new");
	assert_string_equal(got.value, "5");
	assert_false(pw_machine_text_next(&cursor, &got));
	assert_int_equal(pw_machine_text_set(&changed,
					     &(struct pw_machine_setting){
						     "none", "a", "b", "c"},
					     arena, &err),
			 PW_ERR_USAGE);
	pw_arena_close(arena);
}

/* All presets but those of no particular make are of real cores. */
static void every_value_of_a_preset_has_a_source(void **state)
{
	size_t presets = 0;

	(void)state;
	for (const struct pw_embedded *file = pw_machine_files; file->name;
	     file++, presets++) {
		struct pw_machine_cursor cursor = {.at = file->text};
		struct pw_machine_value value;
		size_t values = 0;

		for (; pw_machine_text_next(&cursor, &value); values++) {
			bool said = strcmp(value.verified, "yes") == 0 ||
				    strcmp(value.verified, "no") == 0;

			if (!said || !value.source[0])
				fail_msg("%s: %s has no source or does not say "
					 "whether it is verified",
					 file->name, value.key);
		}
		assert_true(values > 10);
	}
	assert_true(presets > 12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_come_with_their_sources),
		cmocka_unit_test(a_value_is_changed_where_it_stands),
		cmocka_unit_test(every_value_of_a_preset_has_a_source),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
