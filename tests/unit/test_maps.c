/*
 * test_maps.c - lines of /proc/PID/maps to mappings.
 */
#include "tests/support/pw_test.h"

#include <sys/mman.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "capture/maps.h"

static enum pw_status parse(struct pw_maps *maps, const char *text,
			    struct pw_error *err)
{
	char *copy = strdup(text);

	assert_non_null(copy);
	return pw_maps_parse(maps, copy, err);
}

static const struct pw_map *at(const struct pw_maps *maps, size_t index)
{
	assert_true(index < maps->list.count);
	return &PW_ARRAY_AT(&maps->list, struct pw_map, index);
}

static void each_field_of_a_line_is_read(void **state)
{
	struct pw_maps maps = PW_MAPS;
	struct pw_error err = {0};

	(void)state;
	PW_TEST_OK(parse(&maps,
			 "55be798f1000-55be79907000 r-xp 00004000 fe:01 247728"
			 "                     /usr/bin/ls\n",
			 &err),
		   &err);
	assert_int_equal(maps.list.count, 1);
	assert_int_equal(at(&maps, 0)->start, 0x55be798f1000);
	assert_int_equal(at(&maps, 0)->end, 0x55be79907000);
	assert_int_equal(at(&maps, 0)->prot, PROT_READ | PROT_EXEC);
	assert_int_equal(at(&maps, 0)->flags, MAP_PRIVATE);
	assert_int_equal(at(&maps, 0)->offset, 0x4000);
	assert_int_equal(at(&maps, 0)->device, makedev(0xfe, 1));
	assert_int_equal(at(&maps, 0)->inode, 247728);
	assert_string_equal(at(&maps, 0)->path, "/usr/bin/ls");
	pw_maps_free(&maps);
}

static void flags_tell_shared_anonymous_and_stack_mappings(void **state)
{
	struct pw_maps maps = PW_MAPS;
	struct pw_error err = {0};

	(void)state;
	PW_TEST_OK(parse(&maps,
			 "1000-2000 rw-s 00000000 00:01 7    /dev/zero\n"
			 "2000-3000 ---p 00000000 00:00 0 \n"
			 "3000-4000 rw-p 00000000 00:00 0    [stack]\n"
			 "4000-5000 rw-p 00000000 00:00 0    [heap]",
			 &err),
		   &err);
	assert_int_equal(maps.list.count, 4);
	assert_int_equal(at(&maps, 0)->flags, MAP_SHARED);
	assert_int_equal(at(&maps, 1)->flags, MAP_PRIVATE | MAP_ANONYMOUS);
	assert_int_equal(at(&maps, 1)->prot, PROT_NONE);
	assert_string_equal(at(&maps, 1)->path, "");
	assert_int_equal(at(&maps, 2)->flags,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN);
	assert_int_equal(at(&maps, 3)->flags, MAP_PRIVATE | MAP_ANONYMOUS);
	assert_string_equal(at(&maps, 3)->path, "[heap]");
	pw_maps_free(&maps);
}

/* Blanks stay, a newline is written as \012 by the kernel. */
static void paths_may_hold_blanks_and_newlines(void **state)
{
	struct pw_maps maps = PW_MAPS;
	struct pw_error err = {0};

	(void)state;
	PW_TEST_OK(
		parse(&maps,
		      "1000-2000 r--p 00000000 00:01 7   /a b\\012c (deleted)"
		      "\n",
		      &err),
		&err);
	assert_string_equal(at(&maps, 0)->path, "/a b\nc (deleted)");
	pw_maps_free(&maps);
}

static void the_vsyscall_page_is_left_out(void **state)
{
	struct pw_maps maps = PW_MAPS;
	struct pw_error err = {0};

	(void)state;
	PW_TEST_OK(
		parse(&maps,
		      "1000-2000 r--p 00000000 00:00 0\n"
		      "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 "
		      "0                  [vsyscall]\n",
		      &err),
		&err);
	assert_int_equal(maps.list.count, 1);
	pw_maps_free(&maps);
}

static void lines_that_are_no_mapping_are_refused(void **state)
{
	static const char *const bad[] = {
		"\n",
		"1000\n",
		"1000-1000 r--p 00000000 00:00 0\n",
		"2000-1000 r--p 00000000 00:00 0\n",
		"1000-2000 r--\n",
		"1000-2000 r--x 00000000 00:00 0\n",
		"1000-2000 r--p 00000000 0000 0\n",
		"1000-2000 r--p 00000000 00:00\n",
		"1000-2000 r--p zz 00:00 0\n",
		"11112222333344445-21112222333344445 r--p 0 00:00 0\n",
		"-1000-2000 r--p 00000000 00:00 0\n",
	};

	(void)state;
	for (size_t i = 0; i < PW_COUNT(bad); i++) {
		struct pw_maps maps = PW_MAPS;
		struct pw_error err = {0};

		if (parse(&maps, bad[i], &err) != PW_ERR_SYSTEM)
			fail_msg("accepted: %s", bad[i]);
		assert_int_equal(maps.list.count, 0);
		assert_null(maps.text);
	}
}

static void an_address_finds_its_mapping_or_none(void **state)
{
	struct pw_maps maps = PW_MAPS;
	struct pw_error err = {0};

	(void)state;
	PW_TEST_OK(parse(&maps,
			 "1000-2000 r--p 00000000 00:00 0\n"
			 "2000-3000 rw-p 00000000 00:00 0\n"
			 "5000-6000 rw-p 00000000 00:00 0\n",
			 &err),
		   &err);
	assert_null(pw_maps_find(&maps, 0xfff));
	assert_ptr_equal(pw_maps_find(&maps, 0x1000), at(&maps, 0));
	assert_ptr_equal(pw_maps_find(&maps, 0x1fff), at(&maps, 0));
	assert_ptr_equal(pw_maps_find(&maps, 0x2000), at(&maps, 1));
	assert_null(pw_maps_find(&maps, 0x3000));
	assert_ptr_equal(pw_maps_find(&maps, 0x5fff), at(&maps, 2));
	assert_null(pw_maps_find(&maps, 0x6000));
	pw_maps_free(&maps);
	assert_null(pw_maps_find(&maps, 0x1000));
}

/* The process itself: its own code, stack and a mapping made here. */
static void the_mappings_of_this_process_are_found(void **state)
{
	const size_t bytes = 3 * 4096;
	struct pw_maps maps = PW_MAPS;
	struct pw_error err = {0};
	const struct pw_map *map;
	void *area =
		mmap(NULL, bytes, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int local = 0;

	(void)state;
	assert_ptr_not_equal(area, MAP_FAILED);
	PW_TEST_OK(pw_maps_read(&maps, getpid(), &err), &err);
	map = pw_maps_find(&maps, (uintptr_t)area);
	assert_non_null(map);
	assert_int_equal(map->start, (uintptr_t)area);
	assert_int_equal(map->end, (uintptr_t)area + bytes);
	assert_int_equal(map->prot, PROT_READ);
	assert_int_equal(map->flags & (MAP_SHARED | MAP_PRIVATE), MAP_SHARED);
	map = pw_maps_find(&maps, (uintptr_t)&local);
	assert_non_null(map);
	assert_int_equal(map->prot, PROT_READ | PROT_WRITE);
	map = pw_maps_find(&maps, (uintptr_t)&pw_maps_read);
	assert_non_null(map);
	assert_true(map->prot & PROT_EXEC);
	assert_true(map->inode != 0);
	/* Read again: the old text goes, the new one stands. */
	munmap(area, bytes);
	PW_TEST_OK(pw_maps_read(&maps, getpid(), &err), &err);
	map = pw_maps_find(&maps, (uintptr_t)area);
	assert_true(!map || map->start != (uintptr_t)area ||
		    map->end != (uintptr_t)area + bytes);
	pw_maps_free(&maps);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_field_of_a_line_is_read),
		cmocka_unit_test(
			flags_tell_shared_anonymous_and_stack_mappings),
		cmocka_unit_test(paths_may_hold_blanks_and_newlines),
		cmocka_unit_test(the_vsyscall_page_is_left_out),
		cmocka_unit_test(lines_that_are_no_mapping_are_refused),
		cmocka_unit_test(an_address_finds_its_mapping_or_none),
		cmocka_unit_test(the_mappings_of_this_process_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
