/*
 * replay_fixture.c - a simulated machine to send references and events to.
 */
#include "tests/support/pw_test.h"

#include "tests/support/replay_fixture.h"

#include "base/bits.h"
#include "replay/memory/event_apply.h"
#include "replay/memory/pages.h"

/* The processor takes what there is. */
static void drain(struct pw_outlet *outlet)
{
	struct pw_test_system *test = (struct pw_test_system *)(void *)outlet;
	struct pw_error err;

	for (size_t i = 0; i < outlet->operations->count; i++)
		PW_TEST_OK(pw_processor_take(&test->processor,
					     &outlet->operations->list[i],
					     &err),
			   &err);
	outlet->operations->count = 0;
}

void pw_test_system_open(struct pw_test_system *test, const char *override)
{
	const struct pw_text_list overrides = {&override, override ? 1 : 0};

	pw_test_system_open_as(test, &overrides);
}

void pw_test_system_open_as(struct pw_test_system *test,
			    const struct pw_text_list *overrides)
{
	const struct pw_runner first = {0};
	struct pw_error err;

	PW_TEST_OK(pw_arena_open(&test->arena, 0, &err), &err);
	PW_TEST_OK(pw_machine_load(&test->machine, "generic-x86-64", overrides,
				   &err),
		   &err);
	PW_TEST_OK(pw_operations_make(&test->operations, test->arena, &err),
		   &err);
	test->outlet = (struct pw_outlet){&test->operations, drain};
	PW_TEST_OK(pw_processor_make(&test->processor, test->machine,
				     test->arena, &err),
		   &err);
	pw_system_make(&test->system, test->machine, &test->outlet,
		       test->arena);
	PW_TEST_OK(pw_system_switch(&test->system, &first, &err), &err);
}

void pw_test_system_close(struct pw_test_system *test)
{
	pw_system_free(&test->system);
	pw_processor_free(&test->processor);
	pw_machine_close(test->machine);
	pw_arena_close(test->arena);
}

void pw_test_touch(struct pw_test_system *test, uint64_t page, char how)
{
	const uint64_t instruction = 0;
	const uint32_t loads = how == 'R', stores = how == 'W';
	const uint32_t fetches = how == 'F';
	const uint8_t flags = how == 'F'   ? PW_TOUCH_FETCH
			      : how == 'R' ? PW_TOUCH_LOAD_FIRST
					   : 0;
	const struct pw_touches touches = {.count = 1,
					   .page = &page,
					   .instruction = &instruction,
					   .loads = &loads,
					   .stores = &stores,
					   .fetches = &fetches,
					   .flags = &flags};
	const struct pw_runner runner = test->system.runner;
	struct pw_error err;

	PW_TEST_OK(pw_system_switch(&test->system, &runner, &err), &err);
	PW_TEST_OK(pw_system_touches(&test->system, &touches, &err), &err);
}

void pw_test_event(struct pw_test_system *test, struct pw_event event)
{
	struct pw_error err;

	PW_TEST_OK(pw_event_apply(&test->system, &event, PW_NO_SPACE, &err),
		   &err);
}

void pw_test_map(struct pw_test_system *test, uint64_t first, uint64_t count,
		 uint64_t flags, const char *path, uint64_t file_bytes)
{
	uint64_t address = first * PW_PAGE_BYTES;
	uint64_t length = count * PW_PAGE_BYTES;

	pw_test_event(test,
		      (struct pw_event){.kind = PW_EVENT_mmap,
					.result = address,
					.arg = {address, length, 3, flags, 3, 0,
						1, path ? 42 : 0, file_bytes},
					.text = path});
}

uint64_t pw_test_pte(const struct pw_test_system *test, uint64_t page)
{
	return pw_pages_find(test->system.current, page) & PW_PTE_FLAGS;
}

const struct pw_counters *pw_test_counters(struct pw_test_system *test)
{
	pw_system_settle(&test->system);
	drain(&test->outlet);
	pw_processor_add_up(&test->processor, &test->system.counters,
			    &test->counters);
	return &test->counters;
}
