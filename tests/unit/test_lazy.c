/*
 * test_lazy.c - when pages of MADV_FREE are given up.
 */
#include "tests/support/pw_test.h"

#include "base/bits.h"
#include "replay/memory/pages.h"
#include "tests/support/replay_fixture.h"

#define PAGE 0x1000
#define OTHER 0x9000
#define ANONYMOUS (PW_TEST_PRIVATE | PW_TEST_ANONYMOUS)

static bool is_given_up(const struct pw_test_system *test)
{
	uint64_t pte = pw_pages_find(test->system.current, PAGE);

	return pw_frame_at(&test->system.memory, pw_pte_frame(pte))->flags &
	       PW_FRAME_LAZYFREE;
}

/* Whether a page that MADV_FREE has seen is given up by @call of another one,
 * with @advice. */
static bool gives_up(const char *kernel, enum pw_event_kind call,
		     uint64_t advice)
{
	struct pw_test_system test;
	bool given_up;

	pw_test_system_open(&test, kernel);
	pw_test_map(&test, PAGE, 1, ANONYMOUS, NULL, 0);
	pw_test_map(&test, OTHER, 1, ANONYMOUS, NULL, 0);
	pw_test_touch(&test, PAGE, 'W');
	pw_test_touch(&test, OTHER, 'W');
	pw_test_event(&test, (struct pw_event){.kind = PW_EVENT_madvise,
					       .arg = {PAGE * PW_PAGE_BYTES,
						       PW_PAGE_BYTES, 8}});
	assert_false(is_given_up(&test));
	pw_test_event(&test, (struct pw_event){.kind = call,
					       .arg = {OTHER * PW_PAGE_BYTES,
						       PW_PAGE_BYTES, advice}});
	given_up = is_given_up(&test);
	pw_test_system_close(&test);
	return given_up;
}

/* As 6.18 does: LazyFree of smaps after each call. */
static void some_calls_empty_the_batch(void **state)
{
	(void)state;
	assert_true(gives_up("kernel=6.18", PW_EVENT_madvise, 20 /* COLD */));
	assert_true(gives_up("kernel=6.18", PW_EVENT_madvise,
			     23 /* POPULATE_WRITE */));
	assert_true(gives_up("kernel=6.18", PW_EVENT_mlock, 0));
	assert_true(gives_up("kernel=6.18", PW_EVENT_mlock, 1 /* ONFAULT */));
	assert_false(gives_up("kernel=6.18", PW_EVENT_munlock, 0));
	assert_false(gives_up("kernel=6.18", PW_EVENT_mprotect, 1));
	assert_false(gives_up("kernel=6.18", PW_EVENT_munmap, 0));
	assert_false(
		gives_up("kernel=6.18", PW_EVENT_madvise, 4 /* DONTNEED */));
	assert_true(
		gives_up("kernel=6.12", PW_EVENT_madvise, 4 /* DONTNEED */));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(some_calls_empty_the_batch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
