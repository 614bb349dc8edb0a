/*
 * test_anonymity.c - names become numbers, the same for the same, and what is
 * not known to be harmless is left out.
 */
#include "tests/support/pw_test.h"

#include "formats/anonymity.h"
#include "formats/chunk_role.h"
#include "formats/layout.h"

static struct pw_event event(struct pw_anonymity *anonymity,
			     enum pw_event_kind kind, const char *text)
{
	struct pw_event out = {.kind = kind, .text = text};
	struct pw_error err;

	PW_TEST_OK(pw_anonymity_event(anonymity, &out, &err), &err);
	return out;
}

static void assert_text(struct pw_anonymity *anonymity, enum pw_event_kind kind,
			const char *text, const char *want)
{
	assert_string_equal(event(anonymity, kind, text).text, want);
}

static void paths_become_numbers_that_say_how_they_are_mapped(void **state)
{
	struct pw_anonymity a;

	(void)state;
	pw_anonymity_init(&a, false);
	assert_text(&a, PW_EVENT_mmap, "/srv/me/secret", "/file-1");
	assert_text(&a, PW_EVENT_exec, "/bin/sh", "/file-2");
	assert_text(&a, PW_EVENT_file, "/srv/me/secret", "/file-1");
	assert_text(&a, PW_EVENT_mmap, "/memfd:me (deleted)", "/memfd:file-3");
	assert_text(&a, PW_EVENT_mmap, "/dev/shm/me", "/dev/file-4");
	assert_text(&a, PW_EVENT_mmap, "/SYSV0000ab", "/SYSVfile-5");
	assert_text(&a, PW_EVENT_memfd_create, "me", "file-6");
	assert_text(&a, PW_EVENT_map, "[anon:me]", "file-7");
	assert_text(&a, PW_EVENT_map, "[heap]", "[heap]");
	assert_text(&a, PW_EVENT_map, "[stack]", "[stack]");
	assert_text(&a, PW_EVENT_map, "", "");
	assert_text(&a, PW_EVENT_map, NULL, "");
	pw_anonymity_free(&a);
}

static void other_texts_are_kept_only_when_they_are_known(void **state)
{
	struct pw_anonymity a;

	(void)state;
	pw_anonymity_init(&a, false);
	assert_text(&a, PW_EVENT_mark, "me+load", "name-1");
	assert_text(&a, PW_EVENT_mark, "me-load", "name-2");
	assert_text(&a, PW_EVENT_mark, "me+load", "name-1");
	assert_text(&a, PW_EVENT_clone, "vfork", "vfork");
	assert_text(&a, PW_EVENT_clone, "me", "");
	assert_text(&a, PW_EVENT_unrecorded, "thread", "thread");
	assert_text(&a, PW_EVENT_unrecorded, "/srv/me", "");
	assert_text(&a, PW_EVENT_brk, "me", "");
	assert_text(&a, (enum pw_event_kind)60000, "me", "");
	pw_anonymity_free(&a);
	pw_anonymity_init(&a, true);
	assert_text(&a, PW_EVENT_mark, "me+load", "me+load");
	pw_anonymity_free(&a);
}

/* mmap has its device at 6 and its inode at 7; auxv 11 to 14 are ids. */
static void devices_inodes_and_users_become_numbers(void **state)
{
	struct pw_anonymity a;
	struct pw_event one = {.kind = PW_EVENT_mmap,
			       .arg = {1, 2, 3, 4, 5, 6, 0xfe00, 77, 9}};
	struct pw_event two = {.kind = PW_EVENT_fsync,
			       .arg = {3, 0, 0xfe00, 0}};
	struct pw_event user = {.kind = PW_EVENT_auxv, .arg = {11, 1000}};
	struct pw_event page = {.kind = PW_EVENT_auxv, .arg = {6, 4096}};
	static const uint64_t want[] = {1, 2, 3, 4, 5, 6, 1, 1, 9, 0};
	struct pw_error err;

	(void)state;
	pw_anonymity_init(&a, false);
	PW_TEST_OK(pw_anonymity_event(&a, &one, &err), &err);
	assert_memory_equal(one.arg, want, sizeof(want));
	PW_TEST_OK(pw_anonymity_event(&a, &two, &err), &err);
	assert_int_equal(two.arg[0], 3);
	assert_int_equal(two.arg[2], 1);
	assert_int_equal(two.arg[3], 0);
	PW_TEST_OK(pw_anonymity_event(&a, &user, &err), &err);
	assert_int_equal(user.arg[1], 0);
	PW_TEST_OK(pw_anonymity_event(&a, &page, &err), &err);
	assert_int_equal(page.arg[1], 4096);
	pw_anonymity_free(&a);
}

/* Many names, so that the table grows several times. */
static void names_keep_their_numbers(void **state)
{
	struct pw_name_table table;
	struct pw_error err;
	uint64_t number;
	char name[32];

	(void)state;
	pw_name_table_init(&table);
	for (int pass = 0; pass < 2; pass++)
		for (uint64_t i = 1; i <= 5000; i++) {
			int length = snprintf(name, sizeof(name), "%llu",
					      (unsigned long long)i);

			PW_TEST_OK(pw_name_table_number(&table, name,
							(size_t)length, &number,
							&err),
				   &err);
			assert_int_equal(number, i);
		}
	pw_name_table_free(&table);
}

static void metadata_keep_numbers_and_known_words(void **state)
{
	struct pw_anonymity a;
	char *text;

	(void)state;
	pw_anonymity_init(&a, false);
	text = pw_anonymity_metadata(
		&a, "{\"command\":[\"me\"],\"machine\":\"x86_64\","
		    "\"cpu\":\"mine\",\"kernel\":{\"release\":\"6-me\"},"
		    "\"scope\":{\"from\":\"me\",\"every_instructions\":5},"
		    "\"origin\":{\"a\":1},"
		    "\"host\":{\"thp\":{\"enabled\":\"always\"},"
		    "\"swaps\":[{\"path\":\"/me\",\"bytes\":4}],"
		    "\"cgroup\":{\"path\":\"/me\",\"version\":2},"
		    "\"block\":[{\"device\":\"me\",\"rotational\":true}],"
		    "\"me\":1}}");
	assert_non_null(text);
	assert_string_equal(
		text, "{\"machine\":\"x86_64\","
		      "\"scope\":{\"every_instructions\":5},"
		      "\"host\":{\"thp\":{\"enabled\":\"always\"},"
		      "\"swaps\":[{\"bytes\":4}],\"cgroup\":{\"version\":2},"
		      "\"block\":[{\"rotational\":true}]},"
		      "\"anonymised\":true}");
	free(text);
	pw_anonymity_free(&a);
}

/* Or what a chunk of the kind holds would be lost by a repair. */
static void every_kind_of_chunk_has_a_role(void **state)
{
	(void)state;
	for (unsigned kind = 1; kind < PW_CHUNK_KINDS; kind++)
		if (strcmp(pw_chunk_name(kind), "unknown") != 0)
			assert_int_not_equal(pw_chunk_role(kind),
					     PW_ROLE_UNKNOWN);
	assert_int_equal(pw_chunk_role(PW_CHUNK_KINDS), PW_ROLE_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			paths_become_numbers_that_say_how_they_are_mapped),
		cmocka_unit_test(other_texts_are_kept_only_when_they_are_known),
		cmocka_unit_test(devices_inodes_and_users_become_numbers),
		cmocka_unit_test(names_keep_their_numbers),
		cmocka_unit_test(metadata_keep_numbers_and_known_words),
		cmocka_unit_test(every_kind_of_chunk_has_a_role),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
