/*
 * test_guest.c - the physical memory of a virtual machine, and its frames.
 */
#include "tests/support/pw_test.h"

#include "replay/mmu/guest.h"

static void the_lowest_block_is_taken_and_can_be_given_back(void **state)
{
	static const struct {
		unsigned order;
		uint64_t frame;
	} rows[] = {{0, 0},  {9, 512}, {0, 1},	   {1, 2},	  {0, 4},
		    {6, 64}, {2, 8},   {0, 5},	   {18, 1 << 18}, {9, 1024},
		    {3, 16}, {1, 6},   {10, 2048}, {0, 12}};
	struct pw_frames frames;
	struct pw_error err;
	uint64_t frame;

	(void)state;
	pw_frames_make(&frames);
	for (size_t i = 0; i < PW_COUNT(rows); i++) {
		PW_TEST_OK(pw_frames_take(&frames, rows[i].order, &frame, &err),
			   &err);
		assert_int_equal(frame, rows[i].frame);
	}
	pw_frames_give(&frames, 9, 512);
	pw_frames_give(&frames, 0, 1);
	PW_TEST_OK(pw_frames_take(&frames, 0, &frame, &err), &err);
	assert_int_equal(frame, 1);
	PW_TEST_OK(pw_frames_take(&frames, 8, &frame, &err), &err);
	assert_int_equal(frame, 256);
	PW_TEST_OK(pw_frames_take(&frames, 9, &frame, &err), &err);
	assert_int_equal(frame, 512);
	for (size_t i = 0; i < PW_COUNT(rows); i++)
		pw_frames_give(&frames, rows[i].order, rows[i].frame);
	pw_frames_give(&frames, 8, 256);
	assert_int_equal(frames.used, 0);
	PW_TEST_OK(pw_frames_take(&frames, 18, &frame, &err), &err);
	assert_int_equal(frame, 0);
	pw_frames_free(&frames);
}

/* 2 MiB of the guest are one block, at a multiple of its size. */
static void a_large_page_is_a_block(void **state)
{
	struct pw_counters counters = {0};
	const struct pw_geometry geometry = {.page_shift = 12,
					     .levels = 4,
					     .bits = {9, 9, 9, 9},
					     .leaves = 7};
	struct pw_guest guest;

	(void)state;
	pw_guest_make(&guest, &geometry, &counters);
	assert_int_equal(pw_guest_table(&guest, 0, 3, 700), 0);
	assert_int_equal(pw_guest_page(&guest, 0, 1, 700), 512 + (700 - 512));
	assert_int_equal(pw_guest_page(&guest, 0, 1, 512), 512);
	assert_int_equal(pw_guest_page(&guest, 0, 0, 700), 1);
	/* The same page of another space is another one. */
	assert_int_equal(pw_guest_page(&guest, 3, 0, 700), 2);
	assert_int_equal(counters.nested_guest_bytes, (512 + 3) * 4096);
	pw_guest_end(&guest, 0);
	assert_int_equal(counters.nested_guest_bytes, 4096);
	assert_int_equal(pw_guest_table(&guest, 1, 3, 0), 0);
	pw_guest_end(&guest, 7);
	assert_false(guest.failed);
	pw_guest_free(&guest);
}

/* A GiB each; then small ones share the next, whatever comes between. */
static void blocks_of_a_gib_leave_small_ones_together(void **state)
{
	struct pw_frames frames;
	struct pw_error err;
	uint64_t frame;

	(void)state;
	pw_frames_make(&frames);
	for (uint64_t i = 0; i < 1000; i++) {
		PW_TEST_OK(pw_frames_take(&frames, PW_FRAMES_ORDER_MAX, &frame,
					  &err),
			   &err);
		assert_int_equal(frame, i << PW_FRAMES_ORDER_MAX);
	}
	PW_TEST_OK(pw_frames_take(&frames, 0, &frame, &err), &err);
	assert_int_equal(frame, 1000 << PW_FRAMES_ORDER_MAX);
	pw_frames_give(&frames, PW_FRAMES_ORDER_MAX,
		       (uint64_t)7 << PW_FRAMES_ORDER_MAX);
	PW_TEST_OK(pw_frames_take(&frames, 9, &frame, &err), &err);
	assert_int_equal(frame, 7 << PW_FRAMES_ORDER_MAX);
	PW_TEST_OK(pw_frames_take(&frames, PW_FRAMES_ORDER_MAX, &frame, &err),
		   &err);
	assert_int_equal(frame, 1001 << PW_FRAMES_ORDER_MAX);
	pw_frames_free(&frames);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			the_lowest_block_is_taken_and_can_be_given_back),
		cmocka_unit_test(a_large_page_is_a_block),
		cmocka_unit_test(blocks_of_a_gib_leave_small_ones_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
