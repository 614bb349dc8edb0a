/*
 * test_far_stores.c - which machines need touches of far stores.
 */
#include "tests/support/pw_test.h"

#include "base/bits.h"
#include "replay/replay.h"

#define OVERRIDES_MAX 2

static bool has_far_stores(const char *const *names, size_t count,
			   const struct pw_text_list *overrides)
{
	struct pw_machine *machine[2];
	struct pw_replay_options options = {
		.machines = (const struct pw_machine *const *)machine,
		.machine_count = count,
	};
	struct pw_replay *replay;
	struct pw_error err;
	bool far;

	assert_true(count <= PW_COUNT(machine));
	for (size_t i = 0; i < count; i++)
		PW_TEST_OK(
			pw_machine_load(&machine[i], names[i], overrides, &err),
			&err);
	PW_TEST_OK(pw_replay_open(&replay, &options, &err), &err);
	far = pw_replay_has_far_stores(replay);
	pw_replay_close(replay);
	for (size_t i = 0; i < count; i++)
		pw_machine_close(machine[i]);
	return far;
}

/* Of zen4, changes of more than 33 pages flush; neoverse-n1 has groups of 4. */
static void stores_reach_far_on_some_machines(void **state)
{
	static const char *const names[] = {"zen4", "neoverse-n1"};
	static const struct {
		bool far[PW_COUNT(names)];
		const char *override[OVERRIDES_MAX];
	} cases[] = {
		{{false, false}, {0}},
		{{true, true}, {"memory.size=64M"}},
		{{true, true}, {"memory.dirty_bytes=1M"}},
		{{false, false}, {"memory.dirty_background_bytes=1M"}},
		{{false, false}, {"page_size.model=huge", "page_size.max=64K"}},
		{{true, false}, {"page_size.model=huge", "page_size.max=2M"}},
		{{false, false}, {"page_size.model=base", "page_size.max=2M"}},
		{{false, true}, {"page_table.page=1G"}},
		{{false, false}, {"page_table.page=2M"}},
	};

	(void)state;
	for (size_t i = 0; i < PW_COUNT(cases); i++) {
		const char *words[OVERRIDES_MAX];
		struct pw_text_list list = {words, 0};
		bool any = false;

		while (list.count < OVERRIDES_MAX &&
		       cases[i].override[list.count]) {
			words[list.count] = cases[i].override[list.count];
			list.count++;
		}
		for (size_t m = 0; m < PW_COUNT(names); m++) {
			assert_int_equal(has_far_stores(&names[m], 1, &list),
					 cases[i].far[m]);
			any |= cases[i].far[m];
		}
		assert_int_equal(has_far_stores(names, 2, &list), any);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stores_reach_far_on_some_machines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
