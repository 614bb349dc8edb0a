/*
 * test_insn_cache.c - keeping and forgetting decoded instructions.
 */
#include "tests/support/pw_test.h"

#include "capture/insn_cache.h"

static const uint8_t ret[] = {0xc3};
static const uint8_t push_rax[] = {0x50, 0xc3};
static const uint8_t load[] = {0x48, 0x8b, 0x03}; /* mov rax, [rbx] */

static struct pw_insn_cache *open_cache(void)
{
	struct pw_insn_cache *cache;
	struct pw_error err = {0};

	PW_TEST_OK(pw_insn_cache_open(&cache, &err), &err);
	return cache;
}

static struct pw_insn_entry *insert(struct pw_insn_cache *cache, uint64_t pc,
				    const uint8_t *bytes, size_t count)
{
	struct pw_insn_entry *entry;
	struct pw_error err = {0};

	PW_TEST_OK(pw_insn_cache_insert(cache, pc, bytes, count, &entry, &err),
		   &err);
	return entry;
}

static void drop(struct pw_insn_cache *cache, uint64_t start, uint64_t end)
{
	struct pw_error err = {0};

	PW_TEST_OK(pw_insn_cache_drop(cache, start, end, &err), &err);
}

static void what_was_decoded_is_found_again(void **state)
{
	struct pw_insn_cache *cache = open_cache();
	const struct pw_insn_entry *entry;

	(void)state;
	assert_null(pw_insn_cache_find(cache, 0x1000));
	insert(cache, 0x1000, load, sizeof(load));
	entry = pw_insn_cache_find(cache, 0x1000);
	assert_non_null(entry);
	assert_int_equal(entry->insn.pc, 0x1000);
	assert_int_equal(entry->insn.length, 3);
	assert_int_equal(entry->byte_count, 3);
	assert_memory_equal(entry->bytes, load, sizeof(load));
	assert_false(entry->may_change);
	assert_null(pw_insn_cache_find(cache, 0x1001));
	pw_insn_cache_close(cache);
}

static void new_bytes_replace_old_ones(void **state)
{
	struct pw_insn_cache *cache = open_cache();

	(void)state;
	insert(cache, 0x1000, load, sizeof(load))->may_change = true;
	insert(cache, 0x1000, push_rax, sizeof(push_rax));
	assert_int_equal(pw_insn_cache_find(cache, 0x1000)->insn.length, 1);
	assert_false(pw_insn_cache_find(cache, 0x1000)->may_change);
	pw_insn_cache_close(cache);
}

/* The load covers 0x1000 to 0x1002. */
static void a_changed_mapping_drops_what_it_overlaps(void **state)
{
	struct pw_insn_cache *cache = open_cache();

	(void)state;
	insert(cache, 0x1000, load, sizeof(load));
	drop(cache, 0x1003, 0x9000);
	drop(cache, 0, 0x1000);
	assert_non_null(pw_insn_cache_find(cache, 0x1000));
	drop(cache, 0x1002, 0x9000);
	assert_null(pw_insn_cache_find(cache, 0x1000));
	insert(cache, 0x1000, load, sizeof(load));
	drop(cache, 0, UINT64_MAX);
	assert_null(pw_insn_cache_find(cache, 0x1000));
	pw_insn_cache_close(cache);
}

static void many_entries_are_all_found(void **state)
{
	struct pw_insn_cache *cache = open_cache();

	(void)state;
	for (uint64_t i = 0; i < 50000; i++)
		insert(cache, 0x400000 + 7 * i, ret, sizeof(ret));
	for (uint64_t i = 0; i < 50000; i++) {
		const struct pw_insn_entry *entry =
			pw_insn_cache_find(cache, 0x400000 + 7 * i);

		assert_non_null(entry);
		assert_int_equal(entry->insn.pc, 0x400000 + 7 * i);
	}
	pw_insn_cache_close(cache);
}

static void unreadable_code_is_kept_as_unknown(void **state)
{
	struct pw_insn_cache *cache = open_cache();
	const struct pw_insn_entry *entry;

	(void)state;
	entry = insert(cache, 0x1000, ret, 0);
	assert_true(entry->insn.flags & PW_X86_UNKNOWN);
	assert_int_equal(entry->byte_count, 0);
	pw_insn_cache_close(cache);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_decoded_is_found_again),
		cmocka_unit_test(new_bytes_replace_old_ones),
		cmocka_unit_test(a_changed_mapping_drops_what_it_overlaps),
		cmocka_unit_test(many_entries_are_all_found),
		cmocka_unit_test(unreadable_code_is_kept_as_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
