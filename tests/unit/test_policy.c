/*
 * test_policy.c - memory policies: their words, and the mappings that have
 * them.
 */
#include "tests/support/pw_test.h"

#include "replay/memory/policy.h"
#include "replay/views/snapshot.h"
#include "tests/support/replay_fixture.h"

#define AT UINT64_C(0x1000) /* page number of the mapping */
#define BIND 2
#define INTERLEAVE 3
#define UNSUPPORTED ((uint64_t)-95)

static void expect(uint64_t mode, uint64_t nodes, const char *want)
{
	const struct pw_policy policy = pw_policy_of(mode, nodes);
	char text[PW_POLICY_TEXT_BYTES];

	pw_policy_text(&policy, text);
	assert_string_equal(text, want);
}

static void a_policy_has_the_words_of_the_kernel(void **state)
{
	(void)state;
	expect(0, 0, "default");
	expect(0x8000, 0, "default");
	expect(1, 0, "local");
	expect(1, 0xc, "prefer:2");
	expect(BIND, 1, "bind:0");
	expect(INTERLEAVE, 0x8000000000000075, "interleave:0,2,4-6,63");
	expect(4, 0, "local");
	expect(5, 3, "prefer (many):0-1");
	expect(6, 3, "weighted interleave:0-1");
	expect(0x8002, 1, "bind=static:0");
	expect(0x4003, 1, "interleave=relative:0");
	expect(0x2002, 1, "bind=balancing:0");
	expect(0xa002, UINT64_MAX, "bind=static|balancing:0-63");
	expect(0xa006, 0x5555555555555555,
	       "weighted interleave=static|balancing:0,2,4,6,8,10,12,14,16,18,"
	       "20,22,24,26,28,30,32,34,36,38,40,42,44,46,48,50,52,54,56,58,60,"
	       "62");
}

static void bind_pages(struct pw_test_system *test, uint64_t first,
		       uint64_t count, uint64_t mode)
{
	pw_test_event(test, (struct pw_event){
				    .kind = PW_EVENT_mbind,
				    .arg = {first * 4096, count * 4096, mode,
					    mode != 0},
			    });
}

static void set_home(struct pw_test_system *test, uint64_t first,
		     uint64_t count, uint64_t result)
{
	pw_test_event(test, (struct pw_event){
				    .kind = PW_EVENT_home_node,
				    .result = result,
				    .arg = {first * 4096, count * 4096, 1},
			    });
}

/* The mappings, as "pages policy,..." */
static void expect_maps(struct pw_test_system *test, const char *want)
{
	char text[512] = "";
	size_t used = 0;
	uint64_t cursor = 0;
	struct pw_vma vma;

	while (pw_vma_next(&test->system, test->system.current, &cursor,
			   &vma)) {
		char words[PW_POLICY_TEXT_BYTES];

		pw_policy_text(&vma.policy, words);
		used += (size_t)snprintf(
			text + used, sizeof(text) - used, "%ju %s,",
			(uintmax_t)(vma.end - vma.start) / 4096, words);
		assert_true(used < sizeof(text));
	}
	assert_string_equal(text, want);
}

static void mappings_of_other_policies_stay_apart(void **state)
{
	struct pw_test_system test;

	(void)state;
	pw_test_system_open(&test, NULL);
	pw_test_map(&test, AT, 12, PW_TEST_PRIVATE | PW_TEST_ANONYMOUS, NULL,
		    0);
	bind_pages(&test, AT + 4, 4, BIND);
	expect_maps(&test, "4 default,4 bind:0,4 default,");
	bind_pages(&test, AT + 8, 4, BIND);
	expect_maps(&test, "4 default,8 bind:0,");
	bind_pages(&test, AT, 12, INTERLEAVE);
	expect_maps(&test, "12 interleave:0,");
	bind_pages(&test, AT, 6, 0);
	expect_maps(&test, "6 default,6 interleave:0,");
	pw_test_system_close(&test);
}

/* Two of three have got a home when the call fails at what is interleaved. */
static void a_home_is_a_part_of_a_policy(void **state)
{
	struct pw_test_system test;

	(void)state;
	pw_test_system_open(&test, NULL);
	pw_test_map(&test, AT, 12, PW_TEST_PRIVATE | PW_TEST_ANONYMOUS, NULL,
		    0);
	bind_pages(&test, AT, 8, BIND);
	bind_pages(&test, AT + 8, 4, INTERLEAVE);
	set_home(&test, AT + 4, 8, UNSUPPORTED);
	expect_maps(&test, "4 bind:0,4 bind:0,4 interleave:0,");
	set_home(&test, AT, 4, (uint64_t)-22);
	expect_maps(&test, "4 bind:0,4 bind:0,4 interleave:0,");
	set_home(&test, AT, 4, 0);
	expect_maps(&test, "8 bind:0,4 interleave:0,");
	pw_test_system_close(&test);
}

/* Who maps it later gets it, too. Of a file the mapping has it. */
static void shared_memory_has_its_policy_itself(void **state)
{
	struct pw_test_system test;

	(void)state;
	pw_test_system_open(&test, NULL);
	pw_test_map(&test, AT, 4, PW_TEST_SHARED, "/dev/shm/a", 4 * 4096);
	bind_pages(&test, AT, 2, BIND);
	expect_maps(&test, "2 bind:0,2 default,");
	pw_test_event(&test, (struct pw_event){.kind = PW_EVENT_munmap,
					       .arg = {AT * 4096, 4 * 4096}});
	pw_test_map(&test, AT, 4, PW_TEST_SHARED, "/dev/shm/a", 4 * 4096);
	expect_maps(&test, "4 bind:0,");
	pw_test_system_close(&test);
	pw_test_system_open(&test, NULL);
	pw_test_map(&test, AT, 4, PW_TEST_SHARED, "/a", 4 * 4096);
	bind_pages(&test, AT, 4, INTERLEAVE);
	pw_test_map(&test, AT + 8, 4, PW_TEST_SHARED, "/a", 4 * 4096);
	expect_maps(&test, "4 interleave:0,4 default,");
	pw_test_system_close(&test);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_policy_has_the_words_of_the_kernel),
		cmocka_unit_test(mappings_of_other_policies_stay_apart),
		cmocka_unit_test(a_home_is_a_part_of_a_policy),
		cmocka_unit_test(shared_memory_has_its_policy_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
