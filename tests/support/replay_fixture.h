/*
 * replay_fixture.h - a simulated machine to send references and events to.
 */
#ifndef PW_TESTS_SUPPORT_REPLAY_FIXTURE_H
#define PW_TESTS_SUPPORT_REPLAY_FIXTURE_H

#include <stdint.h>

#include "formats/event.h"
#include "replay/machine/machine.h"
#include "replay/memory/system.h"
#include "replay/mmu/processor.h"

/* Flags of mmap, as Linux has them on x86-64. */
enum {
	PW_TEST_SHARED = 1,
	PW_TEST_PRIVATE = 2,
	PW_TEST_ANONYMOUS = 0x20,
	PW_TEST_GROWSDOWN = 0x100,
	PW_TEST_POPULATE = 0x8000,
	PW_TEST_HUGETLB = 0x40000,
};

struct pw_test_system {
	struct pw_outlet outlet; /* first: its drain gets a pointer to it */
	struct pw_arena *arena;
	struct pw_machine *machine;
	struct pw_operations operations;
	struct pw_processor processor;
	struct pw_counters counters;
	struct pw_system system;
};

/*
 * Make a generic-x86-64 with one process; @override ("key=value") may be NULL.
 * Fails the test when it cannot.
 */
void pw_test_system_open(struct pw_test_system *test, const char *override);

/*
 * The same with any number of overrides.
 */
void pw_test_system_open_as(struct pw_test_system *test,
			    const struct pw_text_list *overrides);

void pw_test_system_close(struct pw_test_system *test);

/*
 * One reference to @page: 'R' load, 'W' store, 'F' fetch.
 */
void pw_test_touch(struct pw_test_system *test, uint64_t page, char how);

/*
 * Apply @event.
 */
void pw_test_event(struct pw_test_system *test, struct pw_event event);

/*
 * mmap of @count pages from page @first on, readable and writable; @path NULL
 * for anonymous memory, else a file of @file_bytes at offset 0.
 */
void pw_test_map(struct pw_test_system *test, uint64_t first, uint64_t count,
		 uint64_t flags, const char *path, uint64_t file_bytes);

/*
 * The flags of the entry of @page in the page table, or 0.
 */
uint64_t pw_test_pte(const struct pw_test_system *test, uint64_t page);

/*
 * The counters, all up to date.
 */
const struct pw_counters *pw_test_counters(struct pw_test_system *test);

#endif
