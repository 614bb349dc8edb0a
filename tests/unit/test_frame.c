/*
 * test_frame.c - the buddy allocator, by hand.
 */
#include "tests/support/pw_test.h"

#include "replay/memory/frame.h"

#define BLOCK (1 << PW_FRAME_ORDER_MAX)

static struct pw_arena *make(struct pw_memory *memory, uint64_t frames)
{
	struct pw_arena *arena;
	struct pw_error err;

	PW_TEST_OK(pw_arena_open(&arena, SIZE_MAX, &err), &err);
	pw_memory_make(memory, frames, arena);
	return arena;
}

static uint32_t take(struct pw_memory *memory, unsigned order,
		     enum pw_migrate_type type)
{
	struct pw_error err;
	uint32_t frame;

	PW_TEST_OK(pw_frame_take(memory, order, type, &frame, &err), &err);
	return frame;
}

static void assert_free(const struct pw_memory *memory, unsigned first,
			unsigned end, uint64_t blocks)
{
	for (unsigned order = first; order < end; order++)
		assert_int_equal(pw_frame_free_blocks(memory, order), blocks);
}

/* Of 1024 frames one is taken: halves of 512, 256, ..., 1 are left. */
static void a_block_is_split_down_to_what_is_taken(void **state)
{
	struct pw_memory memory;
	struct pw_arena *arena = make(&memory, BLOCK);

	(void)state;
	assert_free(&memory, 0, PW_FRAME_ORDER_MAX, 0);
	assert_int_equal(pw_frame_free_blocks(&memory, PW_FRAME_ORDER_MAX), 1);
	take(&memory, 0, PW_MIGRATE_MOVABLE);
	assert_free(&memory, 0, PW_FRAME_ORDER_MAX, 1);
	assert_int_equal(pw_frame_free_blocks(&memory, PW_FRAME_ORDER_MAX), 0);
	assert_int_equal(memory.used, 1);
	pw_arena_close(arena);
}

static void what_is_given_back_becomes_one_with_its_buddies(void **state)
{
	struct pw_memory memory;
	struct pw_arena *arena = make(&memory, BLOCK);
	uint32_t first = take(&memory, 3, PW_MIGRATE_MOVABLE);
	uint32_t second = take(&memory, 3, PW_MIGRATE_MOVABLE);

	(void)state;
	assert_int_equal(first ^ second, 8);
	pw_frame_give(&memory, first);
	assert_int_equal(pw_frame_free_blocks(&memory, 3), 1);
	pw_frame_give(&memory, second);
	assert_free(&memory, 0, PW_FRAME_ORDER_MAX, 0);
	assert_int_equal(pw_frame_free_blocks(&memory, PW_FRAME_ORDER_MAX), 1);
	assert_int_equal(memory.used, 0);
	pw_arena_close(arena);
}

/* Movable memory is left in blocks of 1, 2, 4, ...: the largest goes. */
static void another_types_largest_block_is_stolen(void **state)
{
	struct pw_memory memory;
	struct pw_arena *arena = make(&memory, BLOCK);

	(void)state;
	take(&memory, 0, PW_MIGRATE_MOVABLE);
	take(&memory, 0, PW_MIGRATE_UNMOVABLE);
	assert_int_equal(memory.free_blocks[9], 0);
	assert_true(memory.free[PW_MIGRATE_MOVABLE][8] != PW_NO_FRAME);
	assert_int_equal(pw_frame_free_blocks(&memory, 8), 2);
	/* What is left of the half is unmovable as soon as somebody looks. */
	take(&memory, 0, PW_MIGRATE_MOVABLE);
	assert_true(memory.free[PW_MIGRATE_UNMOVABLE][8] != PW_NO_FRAME);
	pw_arena_close(arena);
}

static void memory_that_is_full_says_so(void **state)
{
	struct pw_memory memory;
	struct pw_arena *arena = make(&memory, BLOCK);
	struct pw_error err;
	uint32_t frame;

	(void)state;
	take(&memory, PW_FRAME_ORDER_MAX, PW_MIGRATE_MOVABLE);
	assert_int_equal(
		pw_frame_take(&memory, 0, PW_MIGRATE_MOVABLE, &frame, &err),
		PW_ERR_USAGE);
	assert_string_equal(err.message,
			    "memory is full: 1024 frames are in use; give the "
			    "machine more by memory.size");
	pw_arena_close(arena);
}

/* Larger blocks than the allocator has stand apart, but count. */
static void giant_blocks_are_used_again(void **state)
{
	struct pw_memory memory;
	struct pw_arena *arena = make(&memory, 0);
	uint32_t giant = take(&memory, 18, PW_MIGRATE_MOVABLE);

	(void)state;
	assert_int_equal(memory.used, 1 << 18);
	pw_frame_give(&memory, giant);
	assert_int_equal(memory.used, 0);
	assert_int_equal(take(&memory, 18, PW_MIGRATE_MOVABLE), giant);
	assert_true(take(&memory, 18, PW_MIGRATE_MOVABLE) != giant);
	pw_arena_close(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_block_is_split_down_to_what_is_taken),
		cmocka_unit_test(
			what_is_given_back_becomes_one_with_its_buddies),
		cmocka_unit_test(another_types_largest_block_is_stolen),
		cmocka_unit_test(memory_that_is_full_says_so),
		cmocka_unit_test(giant_blocks_are_used_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
