/*
 * test_references.c - keys of pages in many address spaces.
 *
 * What accesses become references is tested where they are counted.
 */
#include "tests/support/pw_test.h"

#include "analyze/references.h"

/* The canonical addresses where a key could go wrong. */
static const uint64_t edges[] = {
	0,
	UINT64_C(0x400000),
	UINT64_C(0x7ffffffff000),
	UINT64_C(0x00fffffffffff000),
	UINT64_C(0xff00000000000000),
	UINT64_C(0xffffffffff600000), /* the vsyscall page */
	UINT64_C(0xfffffffffffff000),
};

static uint64_t key_of(struct pw_reference_cursor *cursor, uint64_t space,
		       uint64_t address)
{
	const uint32_t size_bytes = 1;
	const uint8_t kind = PW_ACCESS_LOAD;
	const struct pw_accesses accesses = {
		.count = 1,
		.address = &address,
		.size_bytes = &size_bytes,
		.kind = &kind,
	};
	struct pw_reference_block block;
	struct pw_error err;
	uint64_t key;

	PW_TEST_OK(pw_references_enter(cursor, space, &err), &err);
	assert_true(pw_references_next(cursor, &accesses, &block));
	assert_int_equal(block.count, 1);
	key = block.page[0];
	assert_false(pw_references_next(cursor, &accesses, &block));
	return key;
}

static void a_key_of_the_first_space_is_the_number_of_the_page(void **state)
{
	struct pw_reference_cursor cursor;
	struct pw_error err;

	(void)state;
	PW_TEST_OK(pw_references_start(&cursor, PW_SIDE_ALL, 4096, &err), &err);
	for (size_t i = 0; i < PW_COUNT(edges); i++)
		assert_true(key_of(&cursor, 0, edges[i]) == edges[i] / 4096);
}

/* What is the same page, and only that, has the same key. */
static void compare_keys(unsigned page_shift, uint64_t last)
{
	const uint64_t space[] = {0, 1, 2, 126, 127, 128, last - 127, last};
	struct pw_reference_cursor cursor;
	uint64_t key[PW_COUNT(space) * PW_COUNT(edges)];
	struct pw_error err;

	PW_TEST_OK(pw_references_start(&cursor, PW_SIDE_ALL,
				       UINT64_C(1) << page_shift, &err),
		   &err);
	for (size_t i = 0; i < PW_COUNT(key); i++) {
		const uint64_t in = space[i / PW_COUNT(edges)];
		const uint64_t page = edges[i % PW_COUNT(edges)] >> page_shift;

		key[i] = key_of(&cursor, in, edges[i % PW_COUNT(edges)]);
		assert_true(key[i] != UINT64_MAX);
		for (size_t j = 0; j < i; j++) {
			const bool same =
				space[j / PW_COUNT(edges)] == in &&
				edges[j % PW_COUNT(edges)] >> page_shift ==
					page;

			if ((key[i] == key[j]) != same)
				fail_msg("shift %u: keys %zu and %zu",
					 page_shift, i, j);
		}
	}
	assert_int_equal(pw_references_enter(&cursor, last + 1, &err),
			 PW_ERR_SYSTEM);
}

/*
 * A key has 7 + page_shift bits for the space, 63 at most. The number of a
 * page is above its canonical bits at most 127 (bits 57 to 63 of an address),
 * so that the last space is 127 below the last but one that the bits can hold.
 */
static void keys_of_different_pages_differ_in_all_spaces(void **state)
{
	(void)state;
	compare_keys(12, (UINT64_C(1) << 19) - 1 - 128);
	compare_keys(21, (UINT64_C(1) << 28) - 1 - 128);
	compare_keys(30, (UINT64_C(1) << 37) - 1 - 128);
	compare_keys(56, (UINT64_C(1) << 63) - 1 - 128);
	compare_keys(57, (UINT64_C(1) << 63) - 1 - 128);
	compare_keys(63, (UINT64_C(1) << 63) - 1 - 128);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_key_of_the_first_space_is_the_number_of_the_page),
		cmocka_unit_test(keys_of_different_pages_differ_in_all_spaces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
