/*
 * test_relayout.c - a program as qemu-user lays it out, moved by hand.
 *
 * A PIE of 4 pages at 0x4000000000, a page of bss, an interpreter of 48 pages
 * at 0x4002801000 and a stack of 8 MiB below it.
 */
#include "tests/support/pw_test.h"

#include "base/bits.h"
#include "replay/memory/relayout.h"

#define QEMU UINT64_C(0x4000000000)
#define STACK UINT64_C(0x4002001000)
#define LDSO UINT64_C(0x4002801000)
#define ANYWHERE UINT64_C(0x4002900000)

#define MIB(n) ((uint64_t)(n) << 20)
#define BYTES(pages) ((uint64_t)(pages)*PW_PAGE_BYTES)

enum { PRIVATE = 2, FIXED = 0x10, ANONYMOUS = 0x20, MAYMOVE = 1 };

struct moving {
	struct pw_trace_info info;
	struct pw_relayout *relayout;
	const struct pw_event *out; /* for the last event */
	size_t count;
};

static const struct pw_module modules[] = {
	{.process = 0, .base = QEMU, .span_bytes = BYTES(5), .path = "/p"},
	{.process = 0, .base = LDSO, .span_bytes = BYTES(48), .path = "/ld"},
};

static void send(struct moving *m, struct pw_event event)
{
	static struct pw_event kept;
	const struct pw_lineage_change change = {.kind = PW_LINEAGE_SAME,
						 .other = PW_NO_SPACE};
	struct pw_error err;

	kept = event;
	PW_TEST_OK(pw_relayout_event(m->relayout, &m->info,
				     &(struct pw_relayout_event){
					     .change = &change,
					     .event = &kept,
				     },
				     &m->out, &m->count, &err),
		   &err);
}

static void map(struct moving *m, uint64_t address, uint64_t pages,
		uint64_t prot, const char *path)
{
	send(m, (struct pw_event){.kind = PW_EVENT_map,
				  .arg = {address, BYTES(pages), prot, PRIVATE},
				  .text = path});
	assert_int_equal(m->count, 1);
}

/* mmap of anonymous memory; where it is put. */
static uint64_t mmap_to(struct moving *m, uint64_t address, uint64_t bytes,
			uint64_t flags)
{
	send(m, (struct pw_event){.kind = PW_EVENT_mmap,
				  .result = address,
				  .arg = {flags & FIXED ? address : 0, bytes, 3,
					  PRIVATE | ANONYMOUS | flags},
				  .text = ""});
	assert_true(m->count >= 1);
	assert_int_equal(m->out[m->count - 1].kind, PW_EVENT_mmap);
	return m->out[m->count - 1].result;
}

/* Where a touch of @page goes. */
static uint64_t touch(struct moving *m, uint64_t page)
{
	const uint32_t one = 1, none = 0;
	const uint64_t instruction = 0;
	const uint8_t flags = 0;
	const struct pw_touches touches = {.count = 1,
					   .page = &page,
					   .instruction = &instruction,
					   .loads = &none,
					   .stores = &one,
					   .fetches = &none,
					   .flags = &flags};
	struct pw_touches moved;
	struct pw_error err;

	PW_TEST_OK(pw_relayout_touches(m->relayout, 0, &touches, &moved, &err),
		   &err);
	return moved.page[0];
}

static void begin(struct moving *m)
{
	struct pw_error err;

	*m = (struct moving){.info = {.metadata = "{\"layout\":\"qemu-user\","
						  "\"machine\":\"x86_64\"}",
				      .modules = modules,
				      .module_count = PW_COUNT(modules)}};
	PW_TEST_OK(pw_relayout_open(&m->relayout, &m->info, &err), &err);
	assert_non_null(m->relayout);
}

static void start_program(struct moving *m)
{
	begin(m);
	map(m, QEMU, 2, 5, "/p");
	assert_true(m->out[0].arg[0] == 0x555555554000);
	map(m, QEMU + BYTES(3), 1, 3, "/p");
	assert_true(m->out[0].arg[0] == 0x555555557000);
	map(m, QEMU + BYTES(4), 1, 3, "");
	assert_true(m->out[0].arg[0] == 0x555555558000);
	map(m, STACK - BYTES(1), 1, 0, "");
	assert_true(m->out[0].arg[0] == STACK - BYTES(1));
	map(m, STACK, 2048, 3, "[stack]");
	assert_true(m->out[0].arg[0] == 0x7fffff7ff000);
	map(m, LDSO, 1, 1, "/ld");
	assert_true(m->out[0].arg[0] == 0x7ffff7fcf000);
	map(m, LDSO + BYTES(1), 47, 5, "/ld");
	assert_true(m->out[0].arg[0] == 0x7ffff7fd0000);
}

/* The signal trampoline of qemu-user is no part of the interpreter. */
static void memory_behind_a_module_is_mapped_anew(void **state)
{
	struct moving m;

	(void)state;
	start_program(&m);
	map(&m, LDSO + BYTES(48), 2, 3, "");
	assert_true(m.out[0].arg[0] == 0x7ffff7fcd000);
	pw_relayout_close(m.relayout);
}

static void the_image_goes_where_linux_loads_it(void **state)
{
	struct moving m;

	(void)state;
	start_program(&m);
	assert_true(touch(&m, (QEMU >> 12) + 1) == 0x555555555);
	assert_true(touch(&m, (LDSO >> 12) + 47) == 0x7ffff7ffe);
	assert_true(touch(&m, (STACK >> 12) + 2047) == 0x7fffffffe);
	pw_relayout_close(m.relayout);
}

/* brk begins behind the bss page; growth is a mapping. */
static void the_heap_follows_the_program(void **state)
{
	struct moving m;

	(void)state;
	start_program(&m);
	send(&m, (struct pw_event){.kind = PW_EVENT_brk,
				   .result = QEMU + BYTES(5)});
	assert_int_equal(m.count, 0);
	send(&m, (struct pw_event){.kind = PW_EVENT_brk,
				   .result = QEMU + BYTES(5) + 0x20800});
	assert_int_equal(m.count, 1);
	assert_int_equal(m.out[0].kind, PW_EVENT_mmap);
	assert_true(m.out[0].result == 0x555555559000);
	assert_int_equal(m.out[0].arg[1], 0x21000);
	send(&m, (struct pw_event){.kind = PW_EVENT_brk,
				   .result = QEMU + BYTES(6)});
	assert_int_equal(m.count, 1);
	assert_int_equal(m.out[0].kind, PW_EVENT_munmap);
	assert_true(m.out[0].arg[0] == 0x55555555a000);
	assert_int_equal(m.out[0].arg[1], 0x20000);
	pw_relayout_close(m.relayout);
}

/* In qemu-user they lie one above the other, in Linux one below the other. */
static void mappings_go_downwards_from_the_interpreter(void **state)
{
	struct moving m;

	(void)state;
	start_program(&m);
	assert_true(mmap_to(&m, ANYWHERE, BYTES(4), 0) == 0x7ffff7fcb000);
	assert_true(mmap_to(&m, ANYWHERE + BYTES(4), BYTES(2), 0) ==
		    0x7ffff7fc9000);
	/* Protecting both is two calls now; where they lie, in any order. */
	send(&m, (struct pw_event){.kind = PW_EVENT_mprotect,
				   .arg = {ANYWHERE, BYTES(6), 1}});
	assert_int_equal(m.count, 2);
	assert_true(m.out[0].arg[0] == 0x7ffff7fcb000);
	assert_int_equal(m.out[0].arg[1], BYTES(4));
	assert_true(m.out[1].arg[0] == 0x7ffff7fc9000);
	assert_int_equal(m.out[1].arg[1], BYTES(2));
	/* The first hole from above that is large enough is used again. */
	send(&m, (struct pw_event){.kind = PW_EVENT_munmap,
				   .arg = {ANYWHERE, BYTES(4)}});
	assert_true(mmap_to(&m, ANYWHERE + MIB(1), BYTES(3), 0) ==
		    0x7ffff7fcc000);
	pw_relayout_close(m.relayout);
}

/*
 * 2 MiB: the padded gap of 4 MiB below 0x7ffff7fcf000 begins at
 * 0x7ffff7bcf000; rounded up it is 0x7ffff7c00000. 3 MiB is no multiple. The
 * next 2 MiB are below both.
 */
static void multiples_of_2_mib_are_aligned(void **state)
{
	struct moving m;

	(void)state;
	start_program(&m);
	assert_true(mmap_to(&m, ANYWHERE, MIB(2), 0) == 0x7ffff7c00000);
	/* Above 0x7ffff7e00000 there are 0x1cf pages, too few. */
	assert_true(mmap_to(&m, ANYWHERE + MIB(2), MIB(3), 0) ==
		    0x7ffff7900000);
	/* Pad below 0x7ffff7900000: 0x7ffff7500000, up to 0x7ffff7600000. */
	assert_true(mmap_to(&m, ANYWHERE + MIB(5), MIB(2), 0) ==
		    0x7ffff7600000);
	pw_relayout_close(m.relayout);
}

/* A library: its whole span is reserved, then segments are put into it. */
static void fixed_mappings_move_with_their_region(void **state)
{
	struct moving m;

	(void)state;
	start_program(&m);
	assert_true(mmap_to(&m, ANYWHERE, BYTES(16), 0) == 0x7ffff7fbf000);
	assert_true(mmap_to(&m, ANYWHERE + BYTES(4), BYTES(2), FIXED) ==
		    0x7ffff7fc3000);
	assert_int_equal(m.count, 2);
	assert_int_equal(m.out[0].kind, PW_EVENT_munmap);
	assert_true(m.out[0].arg[0] == 0x7ffff7fc3000);
	assert_true(mmap_to(&m, 0x10000000, BYTES(1), FIXED) == 0x10000000);
	pw_relayout_close(m.relayout);
}

/* Grows in place into the hole above; without a hole it moves. */
static void mremap_finds_its_own_place(void **state)
{
	struct moving m;

	(void)state;
	start_program(&m);
	mmap_to(&m, ANYWHERE, BYTES(4), 0);		/* 0x7ffff7fcb000 */
	mmap_to(&m, ANYWHERE + BYTES(16), BYTES(2), 0); /* 0x7ffff7fc9000 */
	send(&m, (struct pw_event){.kind = PW_EVENT_mremap,
				   .result = ANYWHERE + BYTES(16),
				   .arg = {ANYWHERE + BYTES(16), BYTES(2),
					   BYTES(5), MAYMOVE}});
	assert_int_equal(m.count, 1);
	assert_true(m.out[0].arg[0] == 0x7ffff7fc9000);
	assert_true(m.out[0].result == 0x7ffff7fc4000);
	assert_int_equal(m.out[0].arg[2], BYTES(5));
	/* 0x7ffff7fc9000 is free again: two pages below 0x7ffff7fcb000. */
	send(&m, (struct pw_event){.kind = PW_EVENT_mremap,
				   .result = ANYWHERE + BYTES(32),
				   .arg = {ANYWHERE + BYTES(16), BYTES(5),
					   BYTES(7), MAYMOVE}});
	assert_int_equal(m.count, 1);
	assert_true(m.out[0].arg[0] == 0x7ffff7fc4000);
	assert_true(m.out[0].result == 0x7ffff7fc4000);
	assert_true(touch(&m, (ANYWHERE >> 12) + 38) == 0x7ffff7fca);
	pw_relayout_close(m.relayout);
}

static void a_program_at_fixed_addresses_stays(void **state)
{
	struct moving m;

	(void)state;
	begin(&m);
	map(&m, 0x400000, 1, 5, "/static");
	map(&m, 0x4c0000, 2, 3, "/static");
	assert_true(m.out[0].arg[0] == 0x4c0000);
	send(&m, (struct pw_event){.kind = PW_EVENT_brk, .result = 0x4c2000});
	send(&m, (struct pw_event){.kind = PW_EVENT_brk, .result = 0x4e3000});
	assert_true(m.out[0].result == 0x4c2000);
	/* No interpreter: the highest mapping ends at the mmap base. */
	assert_true(mmap_to(&m, QEMU, BYTES(1), 0) == 0x7ffff7ffe000);
	pw_relayout_close(m.relayout);
}

static void a_touch_outside_of_all_regions_hits_none(void **state)
{
	struct moving m;

	(void)state;
	start_program(&m);
	assert_true(touch(&m, 0x12345) == 0x12345);
	/* Page 0x555555555 is the program's in the new layout. */
	assert_true(touch(&m, 0x555555555) == 0x7ffff7fce);
	assert_true(touch(&m, 0x555555555) == 0x7ffff7fce);
	pw_relayout_close(m.relayout);
}

static void a_native_trace_needs_no_relayout(void **state)
{
	static const char *const metadata[] = {"{}", "{\"layout\":\"native\"}"};
	struct pw_relayout *relayout;
	struct pw_error err;

	(void)state;
	for (size_t i = 0; i < PW_COUNT(metadata); i++) {
		const struct pw_trace_info info = {.metadata = metadata[i]};

		PW_TEST_OK(pw_relayout_open(&relayout, &info, &err), &err);
		assert_null(relayout);
	}
}

static void another_architecture_is_refused(void **state)
{
	const struct pw_trace_info info = {.path = "t.pwt",
					   .metadata =
						   "{\"layout\":\"qemu-user\","
						   "\"machine\":\"aarch64\"}"};
	struct pw_relayout *relayout;
	struct pw_error err = {0};

	(void)state;
	assert_int_equal(pw_relayout_open(&relayout, &info, &err),
			 PW_ERR_USAGE);
	assert_null(relayout);
	assert_non_null(strstr(err.message, "aarch64"));
	assert_non_null(strstr(err.message, "x86-64 only"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_image_goes_where_linux_loads_it),
		cmocka_unit_test(memory_behind_a_module_is_mapped_anew),
		cmocka_unit_test(the_heap_follows_the_program),
		cmocka_unit_test(mappings_go_downwards_from_the_interpreter),
		cmocka_unit_test(multiples_of_2_mib_are_aligned),
		cmocka_unit_test(fixed_mappings_move_with_their_region),
		cmocka_unit_test(mremap_finds_its_own_place),
		cmocka_unit_test(a_program_at_fixed_addresses_stays),
		cmocka_unit_test(a_touch_outside_of_all_regions_hits_none),
		cmocka_unit_test(a_native_trace_needs_no_relayout),
		cmocka_unit_test(another_architecture_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
