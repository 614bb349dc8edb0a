/*
 * test_arena.c - memory of a run: alignment, limit, overflow, texts.
 */
#include "tests/support/pw_test.h"

#include "base/arena.h"

static int open_arena(void **state)
{
	struct pw_error err;

	return pw_arena_open((struct pw_arena **)state, 0, &err) != PW_OK;
}

static int close_arena(void **state)
{
	pw_arena_close(*state);
	return 0;
}

static void hands_out_zeroed_memory_aligned_to_64_bytes(void **state)
{
	for (size_t bytes = 1; bytes < 300; bytes++) {
		unsigned char *memory = pw_arena_alloc(*state, bytes, 1);

		assert_non_null(memory);
		assert_int_equal((uintptr_t)memory % 64, 0);
		for (size_t i = 0; i < bytes; i++)
			assert_int_equal(memory[i], 0);
		memset(memory, 0xff, bytes);
	}
}

/* 1 byte takes 64, 65 take 128, none takes 64. */
static void counts_what_alignment_adds(void **state)
{
	assert_non_null(pw_arena_alloc(*state, 1, 1));
	assert_int_equal(pw_arena_used_bytes(*state), 64);
	assert_non_null(pw_arena_alloc(*state, 65, 1));
	assert_int_equal(pw_arena_used_bytes(*state), 192);
	assert_non_null(pw_arena_alloc(*state, 0, 8));
	assert_int_equal(pw_arena_used_bytes(*state), 256);
}

static void serves_more_than_a_block_at_once(void **state)
{
	size_t bytes = (size_t)3 << 20;
	char *large = pw_arena_alloc(*state, bytes, 1);
	char *small = pw_arena_alloc(*state, 1, 1);

	assert_non_null(large);
	large[bytes - 1] = 1;
	assert_non_null(small);
	assert_true(small < large || small >= large + bytes);
}

static void refuses_products_that_overflow(void **state)
{
	assert_null(pw_arena_alloc(*state, SIZE_MAX / 2, 3));
	assert_null(pw_arena_alloc(*state, SIZE_MAX, 1));
	assert_null(pw_arena_alloc(*state, SIZE_MAX - 70, 1));
	assert_int_equal(pw_arena_used_bytes(*state), 0);
}

/* The limit is 256 bytes: four allocations of up to 64. */
static void refuses_to_pass_its_limit(void **state)
{
	struct pw_arena *arena;
	struct pw_error err;

	(void)state;
	PW_TEST_OK(pw_arena_open(&arena, 256, &err), &err);
	for (int i = 0; i < 3; i++)
		assert_non_null(pw_arena_alloc(arena, 10, 1));
	assert_null(pw_arena_alloc(arena, 65, 1));
	assert_non_null(pw_arena_alloc(arena, 64, 1));
	assert_null(pw_arena_alloc(arena, 1, 1));
	assert_null(pw_arena_copy(arena, "text"));
	assert_null(pw_arena_printf(arena, "%d", 1));
	pw_arena_close(arena);
}

static void keeps_copies_of_texts(void **state)
{
	char text[] = "before";
	char *copy = pw_arena_copy(*state, text);
	char *line = pw_arena_printf(*state, "%s-%d", text, 42);

	text[0] = 'x';
	assert_string_equal(copy, "before");
	assert_string_equal(line, "before-42");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			hands_out_zeroed_memory_aligned_to_64_bytes, open_arena,
			close_arena),
		cmocka_unit_test_setup_teardown(counts_what_alignment_adds,
						open_arena, close_arena),
		cmocka_unit_test_setup_teardown(
			serves_more_than_a_block_at_once, open_arena,
			close_arena),
		cmocka_unit_test_setup_teardown(refuses_products_that_overflow,
						open_arena, close_arena),
		cmocka_unit_test(refuses_to_pass_its_limit),
		cmocka_unit_test_setup_teardown(keeps_copies_of_texts,
						open_arena, close_arena),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
