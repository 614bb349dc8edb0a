/*
 * test_cpuid.c - TLBs from CPUID leaves, and machine files from them.
 */
#include "tests/support/pw_test.h"

#include "replay/machine/cpuid.h"

/* "AuthenticAMD", family 19h: 64 and 72 fully associative, 512 and 3072. */
static const char amd[] =
	"AIDA64 header, to be passed over\n"
	"CPUID 00000000: 00000010-68747541-444D4163-69746E65\n"
	"CPUID 00000001: 00A10F11-00000800-00000000-00000000\n"
	"CPUID 80000002: 20444D41-43595045-73655420-20202074\n"
	"CPUID 80000003: 00000000-00000000-00000000-00000000\n"
	"CPUID 80000004: 00000000-00000000-00000000-00000000\n"
	"CPUID 80000005: FF48FF40-FF48FF40-20080140-20080140\n"
	"CPUID 80000006: 5C002200-6C004200-04006140-00000000\n"
	"CPUID 80000019: F048F040-F0400000-00000000-00000000\n"
	"CPUID 80000005: 00000000-00000000-00000000-00000000\n";

/* The same sizes in units of 32, as family 1Ah has them. */
static const char amd_units[] =
	"   0x00000000 0x00: eax=0x00000010 ebx=0x68747541 ecx=0x444d4163 "
	"edx=0x69746e65\n"
	"   0x00000001 0x00: eax=0x00b00f21 ebx=0x00000800 ecx=0x00000000 "
	"edx=0x00000000\n"
	"   0x80000005 0x00: eax=0xff60ff40 ebx=0xff60ff40 ecx=0x00000000 "
	"edx=0x00000000\n"
	"   0x80000006 0x00: eax=0x40802040 ebx=0x60804040 ecx=0x00000000 "
	"edx=0x00000000\n";

/* Leaf 18H: L1I, load and store TLBs, two second levels. */
static const char intel[] =
	"CPUID 00000000: 00000020-756E6547-6C65746E-49656E69 [SL 00]\n"
	"CPUID 00000018: 00000007-00000000-00000000-00000000 [SL 00]\n"
	"CPUID 00000018: 00000000-00080001-00000020-00004022 [SL 01]\n"
	"CPUID 00000018: 00000000-00080006-00000004-00004022 [SL 02]\n"
	"CPUID 00000018: 00000000-0010000F-00000001-00004125 [SL 03]\n"
	"CPUID 00000018: 00000000-00040001-00000010-00004024 [SL 04]\n"
	"CPUID 00000018: 00000000-00040006-00000008-00004024 [SL 05]\n"
	"CPUID 00000018: 00000000-00080008-00000001-00004124 [SL 06]\n"
	"CPUID 00000018: 00000000-00080007-00000080-00004043 [SL 07]\n"
	"CPUID 00000018: 00000000-00080009-00000080-00004043 [SL 08]\n"
	"CPUID 00000016: 00000834-00000ED8-00000064-00000000\n";

/* Leaf 2 of Skylake: 63h, 03h, 76h, B5h, C3h. */
static const char skylake[] =
	"CPUID 00000000: 00000016-756E6547-6C65746E-49656E69\n"
	"CPUID 00000002: 76036301-00F0B5FF-00000000-00C30000\n";

static struct pw_cpuid cpuid;

static struct pw_cpuid_tlbs read_tlbs(const char *text)
{
	struct pw_cpuid_tlbs tlbs;
	struct pw_error err;

	PW_TEST_OK(pw_cpuid_parse(&cpuid, "dump", text, &err), &err);
	pw_cpuid_tlbs(&cpuid, &tlbs);
	return tlbs;
}

static void expect(const struct pw_cpuid_tlb *tlb, uint32_t entries,
		   uint32_t ways)
{
	assert_int_equal(tlb->entries, entries);
	assert_int_equal(tlb->ways, ways);
}

static void amd_tells_entries_and_ways(void **state)
{
	struct pw_cpuid_tlbs t = read_tlbs(amd);

	(void)state;
	expect(&t.l1d, 72, 0);
	expect(&t.l1i, 64, 0);
	expect(&t.stlb, 3072, 8);
	expect(&t.stlb_i, 512, 4);
	expect(&t.stlb_1g, 64, 0);
	expect(&t.l1d_2m, 0, 0);
	assert_int_equal(t.stlb.leaf, 0x80000006);
}

static void newer_amd_tells_second_levels_in_units(void **state)
{
	struct pw_cpuid_tlbs t = read_tlbs(amd_units);

	(void)state;
	expect(&t.l1d, 96, 0);
	expect(&t.stlb, 4096, 8);
	expect(&t.stlb_i, 2048, 4);
}

static void intel_tells_one_structure_after_the_other(void **state)
{
	struct pw_cpuid_tlbs t = read_tlbs(intel);

	(void)state;
	expect(&t.l1i, 256, 8);
	expect(&t.l1i_2m, 32, 8);
	expect(&t.l1s, 16, 0);
	expect(&t.l1d, 64, 4);
	expect(&t.l1d_2m, 32, 4);
	expect(&t.l1d_1g, 8, 0);
	expect(&t.stlb, 1024, 8);
	expect(&t.stlb_1g, 1024, 8);
	assert_true(t.stlb_1g_holds_4k);
}

static void older_intel_tells_bytes_of_a_list(void **state)
{
	struct pw_cpuid_tlbs t = read_tlbs(skylake);

	(void)state;
	expect(&t.l1d, 64, 4);
	expect(&t.l1d_2m, 32, 4);
	expect(&t.l1d_1g, 4, 4);
	expect(&t.l1i, 64, 8);
	expect(&t.l1i_2m, 8, 0);
	expect(&t.stlb, 1536, 12);
	expect(&t.stlb_1g, 16, 4);
}

static void a_file_is_a_machine(void **state)
{
	static const char *const dumps[] = {amd, amd_units, intel, skylake};
	static const uint64_t entries[] = {72, 96, 64, 64};

	(void)state;
	for (size_t i = 0; i < PW_COUNT(dumps); i++) {
		struct pw_machine *machine;
		struct pw_arena *arena;
		struct pw_error err;
		const char *text;

		PW_TEST_OK(pw_arena_open(&arena, 0, &err), &err);
		PW_TEST_OK(pw_cpuid_parse(&cpuid, "dump", dumps[i], &err),
			   &err);
		PW_TEST_OK(
			pw_cpuid_machine(&cpuid, "there", &text, arena, &err),
			&err);
		PW_TEST_OK(pw_machine_parse(&machine, "text", text, NULL, &err),
			   &err);
		assert_string_equal(machine->name, "there");
		assert_int_equal(machine->l1d.config.entries, entries[i]);
		if (dumps[i] == intel)
			assert_int_equal(machine->cost.clock_hz, 2100000000);
		pw_machine_close(machine);
		pw_arena_close(arena);
	}
}

static void what_is_no_dump_is_refused(void **state)
{
	static const char *const texts[] = {"",
					    "CPUID\n",
					    "CPUID 00000002: 1-2-3\n",
					    "CPUID 00000002: 123456789-0-0-0\n",
					    "0x2 0x0: eax=1\n",
					    "CPUID xyz: 0-0-0-0\n"};
	struct pw_arena *arena;
	struct pw_error err;
	const char *text;

	(void)state;
	for (size_t i = 0; i < PW_COUNT(texts); i++)
		assert_int_equal(pw_cpuid_parse(&cpuid, "dump", texts[i], &err),
				 PW_ERR_USAGE);
	/* A dump that tells nothing of TLBs makes no machine. */
	PW_TEST_OK(pw_arena_open(&arena, 0, &err), &err);
	PW_TEST_OK(
		pw_cpuid_parse(&cpuid, "dump", "CPUID 00000007: 0-0-0-0", &err),
		&err);
	assert_int_equal(pw_cpuid_machine(&cpuid, "x", &text, arena, &err),
			 PW_ERR_USAGE);
	pw_arena_close(arena);
}

static void a_brand_is_plain_text(void **state)
{
	char brand[64];
	struct pw_error err;

	(void)state;
	PW_TEST_OK(pw_cpuid_parse(&cpuid, "dump", amd, &err), &err);
	pw_cpuid_brand(&cpuid, brand, sizeof(brand));
	assert_string_equal(brand, "AMD EPYC Test");
	PW_TEST_OK(pw_cpuid_parse(&cpuid, "dump", amd_units, &err), &err);
	pw_cpuid_brand(&cpuid, brand, sizeof(brand));
	assert_string_equal(brand, "AuthenticAMD family 1ah model 2h");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(amd_tells_entries_and_ways),
		cmocka_unit_test(newer_amd_tells_second_levels_in_units),
		cmocka_unit_test(intel_tells_one_structure_after_the_other),
		cmocka_unit_test(older_intel_tells_bytes_of_a_list),
		cmocka_unit_test(a_file_is_a_machine),
		cmocka_unit_test(what_is_no_dump_is_refused),
		cmocka_unit_test(a_brand_is_plain_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
