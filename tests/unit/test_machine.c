/*
 * test_machine.c - machine files: presets, overrides, refused values.
 */
#include "tests/support/pw_test.h"

#include <stdio.h>
#include <unistd.h>

#include "replay/machine/machine.h"

static const char text[] = "name: tiny\n"
			   "summary: for tests\n"
			   "page_table: {model: radix-x86-64, levels: 4}\n"
			   "tlb:\n"
			   "  l1d: {model: set-assoc, entries: 8, ways: 2}\n"
			   "  l1i: {model: set-assoc, entries: 6, ways: full}\n"
			   "memory: {fault_around: 16K}\n"
			   "cost:\n"
			   "  clock: 2.5GHz\n"
			   "  base_cpi: 0.25\n"
			   "  stlb_hit: 9 cycles\n"
			   "  walk_reference: 14\n"
			   "  minor_fault: 1.5us\n";

static enum pw_status parse(struct pw_machine **out, const char *yaml,
			    const char *override, struct pw_error *err)
{
	const struct pw_text_list list = {&override, override ? 1 : 0};

	return pw_machine_parse(out, "tiny.yaml", yaml, &list, err);
}

static void every_value_is_read(void **state)
{
	struct pw_machine *machine;
	struct pw_error err;

	(void)state;
	PW_TEST_OK(parse(&machine, text, NULL, &err), &err);
	assert_string_equal(machine->name, "tiny");
	assert_string_equal(machine->summary, "for tests");
	assert_string_equal(machine->source, "");
	assert_string_equal(machine->page_table->name, "radix-x86-64");
	assert_int_equal(machine->page_table_levels, 4);
	assert_int_equal(machine->l1d.config.entries, 8);
	assert_int_equal(machine->l1d.config.ways, 2);
	assert_int_equal(machine->l1i.config.entries, 6);
	assert_int_equal(machine->l1i.config.ways, 0);
	assert_null(machine->stlb.ops);
	for (size_t i = 0; i < PW_PWC_MAX; i++)
		assert_null(machine->pwc.split[i].ops);
	assert_int_equal(machine->fault_around_pages, 4);
	assert_true(machine->cost.clock_hz == UINT64_C(2500000000));
	assert_true(machine->cost.base_cpi == 0.25);
	assert_int_equal(machine->cost.stlb_hit_cycles, 9);
	assert_int_equal(machine->cost.walk_reference_cycles, 14);
	assert_int_equal(machine->cost.minor_fault_ns, 1500);
	/* What is not there costs what costs.def says. */
	assert_int_equal(machine->cost.zero_page_fault_ns, 600);
	assert_int_equal(machine->cost.shootdown_ipi_ns, 1600);
	pw_machine_close(machine);
	PW_TEST_OK(parse(&machine, text, "cost.unmap_page=77ns", &err), &err);
	assert_int_equal(machine->cost.unmap_page_ns, 77);
	pw_machine_close(machine);
}

static void every_preset_is_a_valid_machine(void **state)
{
	size_t count = 0;

	(void)state;
	for (; pw_machine_files[count].name; count++) {
		struct pw_machine *machine;
		struct pw_error err;

		PW_TEST_OK(pw_machine_load(&machine,
					   pw_machine_files[count].name, NULL,
					   &err),
			   &err);
		assert_string_equal(machine->name,
				    pw_machine_files[count].name);
		assert_true(machine->summary[0] && machine->source[0]);
		assert_non_null(machine->stlb.ops);
		pw_machine_close(machine);
	}
	assert_true(count >= 4);
	assert_non_null(pw_machine_preset("generic-x86-64"));
	assert_null(pw_machine_preset("generic"));
}

static void an_override_changes_one_value(void **state)
{
	const char *items[] = {"tlb.stlb.entries=3072", "tlb.l1d.ways=full",
			       "pwc.pde.entries=0", "tlb.stlb.ways=8"};
	const struct pw_text_list overrides = {items, PW_COUNT(items)};
	struct pw_machine *machine;
	struct pw_error err;

	(void)state;
	PW_TEST_OK(
		pw_machine_load(&machine, "generic-x86-64", &overrides, &err),
		&err);
	assert_int_equal(machine->stlb.config.entries, 3072);
	assert_int_equal(machine->stlb.config.ways, 8);
	assert_int_equal(machine->l1d.config.ways, 0);
	assert_int_equal(machine->l1i.config.ways, 4);
	assert_null(machine->pwc.split[0].ops);
	assert_non_null(machine->pwc.split[1].ops);
	pw_machine_close(machine);
}

/* Intel's load and store TLBs and two second levels; Arm's groups of four. */
static void every_tlb_of_a_core_can_be_given(void **state)
{
	const char *items[] = {
		"tlb.l1s.model=tree-plru",  "tlb.l1s.entries=16",
		"tlb.l1s.ways=full",	    "tlb.l1d_2m.model=fifo",
		"tlb.l1d_2m.entries=32",    "tlb.l1d_2m.ways=4",
		"tlb.l1d.coalesce=4",	    "tlb.stlb.index=xor",
		"tlb.stlb.entries=1024",    "tlb.stlb.ways=8",
		"tlb.stlb_1g.model=random", "tlb.stlb_1g.entries=1024",
		"tlb.stlb_1g.ways=8",	    "tlb.stlb_1g.seed=7",
		"tlb.stlb_1g.also_4k=yes",  "tlb.stlb_i.model=bit-plru",
		"tlb.stlb_i.entries=0",	    "tlb.stlb_i.ways=full",
		"tlb.stlb_1g.largest=2M",   "tlb.prefetch=next",
		"memory.zero_page=no"};
	const struct pw_text_list overrides = {items, PW_COUNT(items)};
	struct pw_machine *machine;
	struct pw_error err;

	(void)state;
	PW_TEST_OK(
		pw_machine_load(&machine, "generic-x86-64", &overrides, &err),
		&err);
	assert_string_equal(machine->l1s.ops->name, "tree-plru");
	assert_int_equal(machine->l1s.config.ways, 0);
	assert_int_equal(machine->l1d_2m.config.entries, 32);
	assert_int_equal(machine->l1d.group_order, 2);
	assert_int_equal(machine->stlb.config.index, PW_TLB_XOR);
	assert_int_equal(machine->stlb_1g.config.seed, 7);
	assert_true(machine->stlb_1g.base_too);
	assert_int_equal(machine->stlb_1g.largest, 2);
	assert_true(machine->stlb_i.declared);
	assert_null(machine->stlb_i.ops);
	assert_false(machine->l1i_2m.declared);
	assert_true(machine->prefetch_next);
	assert_true(machine->no_zero_page);
	pw_machine_close(machine);
}

/* Entry @what of each wrong value must be named in the message. */
static void wrong_values_are_refused_by_name(void **state)
{
	static const struct {
		const char *override;
		const char *named;
	} rows[] = {
		{"tlb.l1d.entries=7",
		 "tlb.l1d: 7 entries are no multiple of 2"},
		{"tlb.l1d.entries=0", "tlb.l1d"},
		{"tlb.l1d.entries=many", "tlb.l1d.entries"},
		{"tlb.l1i.ways=-1", "tlb.l1i.ways"},
		{"tlb.l1i.model=magic", "tlb.l1i.model: \"magic\""},
		{"page_table.model=guessed", "page_table.model"},
		{"page_table.levels=6", "has 4 to 5 levels, not 6"},
		{"page_table.page=64K", "no such pages"},
		{"page_table.page=3M", "power of two"},
		{"page_table.page=2K", "4K to 1G"},
		{"page_table.contiguous=maybe", "\"yes\" or \"no\""},
		{"page_table.contiguous=yes", "with such page tables"},
		{"page_size.model=huge", "missing key \"max\" in page_size"},
		{"memory.fault_around=12K", "power of two"},
		{"memory.fault_around=2K", "4K to 2M"},
		{"memory.fault_around=4M", "4K to 2M"},
		{"memory.fault_around=64kB", "memory.fault_around"},
		{"cost.clock=2.5", "cost.clock"},
		{"cost.clock=1Hz", "cost.clock"},
		{"cost.base_cpi=0", "cost.base_cpi"},
		{"cost.base_cpi=fast", "cost.base_cpi"},
		{"cost.stlb_hit=9ns", "cost.stlb_hit"},
		{"cost.walk_reference=2M", "cost.walk_reference"},
		{"cost.minor_fault=1000", "cost.minor_fault"},
		{"pwc.pde_in_stlb=maybe", "\"no\" or \"yes\""},
		{"pwc.pde_in_stlb=yes", "possible without tlb.stlb"},
		{"pwc.invalidate=some", "pwc.invalidate: \"some\""},
		{"pwc.l5.entries=4", "l5"},
		{"cost.minor_fault=11s", "cost.minor_fault"},
		{"cost.major_fault=11s", "cost.major_fault"},
		{"cost.call=5", "cost.call"},
		{"name=", "name"},
		{"tlb.l3.entries=4", "l3"},
		{"tlb.l1d.index=hash", "tlb.l1d.index: \"hash\""},
		{"tlb.l1d.seed=x", "tlb.l1d.seed"},
		{"tlb.l1d.coalesce=2", "1, 4 or 8"},
		{"tlb.l1d.largest=16K", "tlb.l1d.largest"},
		{"tlb.l1d.also_4k=yes", "second level"},
		{"tlb.prefetch=all", "tlb.prefetch"},
		{"memory.zero_page=maybe", "memory.zero_page"},
	};

	(void)state;
	for (size_t i = 0; i < PW_COUNT(rows); i++) {
		struct pw_machine *machine;
		struct pw_error err;

		assert_int_equal(parse(&machine, text, rows[i].override, &err),
				 PW_ERR_USAGE);
		assert_null(machine);
		if (!strstr(err.message, rows[i].named))
			fail_msg("%s: \"%s\" does not say \"%s\"",
				 rows[i].override, err.message, rows[i].named);
	}
}

/* What a machine can have between an STLB miss and memory. */
static const char *const walk_values[] = {
	"tlb.stlb.model=set-assoc",
	"tlb.stlb.entries=64",
	"tlb.stlb.ways=4",
	"pwc.pde_in_stlb=yes",
	"pwc.invalidate=range",
	"pwc.pml5e.model=set-assoc",
	"pwc.pml5e.entries=2",
	"pwc.pml5e.ways=full",
	"pwc.unified.model=set-assoc",
	"pwc.unified.entries=24",
	"pwc.unified.ways=4",
	"walk.lines=cached",
	"walk.l1d.model=set-assoc",
	"walk.l1d.lines=32",
	"walk.l1d.ways=8",
	"walk.l1d.cycles=5 cycles",
	"walk.memory=220 cycles",
	"nested.model=radix-x86-64",
	"nested.levels=4",
	"nested.page=4K",
	"nested.tlb.model=set-assoc",
	"nested.tlb.entries=16",
	"nested.tlb.ways=full",
	"nested.pwc.pde.model=set-assoc",
	"nested.pwc.pde.entries=8",
	"nested.pwc.pde.ways=2",
};

#define WALK_VALUES PW_COUNT(walk_values)

/* The machine of the text with these values, and one more that may be NULL. */
static enum pw_status parse_walk(struct pw_machine **out, const char *more,
				 struct pw_error *err)
{
	const char *items[WALK_VALUES + 1];
	const struct pw_text_list list = {items, WALK_VALUES + (more != NULL)};

	memcpy(items, walk_values, sizeof(walk_values));
	items[WALK_VALUES] = more;
	return pw_machine_parse(out, "tiny.yaml", text, &list, err);
}

static void what_walks_go_through_is_read(void **state)
{
	struct pw_machine *machine;
	struct pw_error err;

	(void)state;
	PW_TEST_OK(parse_walk(&machine, NULL, &err), &err);
	assert_true(machine->pwc.in_stlb && machine->pwc.by_range);
	assert_null(machine->pwc.split[0].ops);
	assert_int_equal(machine->pwc.split[3].config.entries, 2);
	assert_int_equal(machine->pwc.unified.config.entries, 24);
	assert_true(machine->lines.cached);
	assert_int_equal(machine->lines.cache[0].config.entries, 32);
	assert_int_equal(machine->lines.cycles[0], 5);
	assert_null(machine->lines.cache[1].ops);
	assert_null(machine->lines.cache[2].ops);
	assert_int_equal(machine->lines.cycles[3], 220);
	assert_string_equal(machine->nested.page_table->name, "radix-x86-64");
	assert_int_equal(machine->nested.geometry.levels, 4);
	assert_int_equal(machine->nested.height, 0);
	assert_int_equal(machine->nested.tlb.config.entries, 16);
	assert_int_equal(machine->nested.pwc.split[0].config.entries, 8);
	assert_null(machine->nested.pwc.unified.ops);
	pw_machine_close(machine);
	/* Sizes of 0 are none, and lines may be there and not in use. */
	PW_TEST_OK(parse_walk(&machine, "walk.l1d.lines=0", &err), &err);
	assert_null(machine->lines.cache[0].ops);
	pw_machine_close(machine);
	PW_TEST_OK(parse_walk(&machine, "walk.lines=none", &err), &err);
	assert_false(machine->lines.cached);
	pw_machine_close(machine);
}

static void wrong_values_of_walks_are_refused_by_name(void **state)
{
	static const struct {
		const char *more;
		const char *named;
	} rows[] = {
		{"pwc.unified.entries=23", "pwc.unified: 23 entries"},
		{"pwc.pml5e.ways=3", "pwc.pml5e"},
		{"tlb.stlb.entries=0", "pwc.pde_in_stlb"},
		{"walk.lines=some", "walk.lines: \"some\""},
		{"walk.l1d.lines=33", "walk.l1d"},
		{"walk.l1d.cycles=5ns", "walk.l1d.cycles"},
		{"walk.memory=2M", "walk.memory"},
		{"walk.l4.lines=4", "l4"},
		{"nested.model=magic", "nested.model: \"magic\""},
		{"nested.levels=0", "nested.levels"},
		{"nested.page=5K", "nested.page: \"5K\""},
		{"nested.page=512G", "nested.page"},
		{"nested.page=2K", "nested.page"},
		{"nested.tlb.entries=15000M", "nested.tlb.entries"},
		{"nested.pwc.pde.entries=7", "nested.pwc.pde"},
		{"nested.pwc.invalidate=all", "invalidate"},
	};

	(void)state;
	for (size_t i = 0; i < PW_COUNT(rows); i++) {
		struct pw_machine *machine;
		struct pw_error err;

		assert_int_equal(parse_walk(&machine, rows[i].more, &err),
				 PW_ERR_USAGE);
		assert_null(machine);
		if (!strstr(err.message, rows[i].named))
			fail_msg("%s: \"%s\" does not say \"%s\"", rows[i].more,
				 err.message, rows[i].named);
	}
}

/* A host has trees only, and pages no smaller than what TLBs can follow. */
static void what_a_host_cannot_be_for_is_refused(void **state)
{
	static const struct {
		const char *more[5];
		const char *named; /* NULL: it is a machine */
	} rows[] = {
		{{"nested.page=2M"}, NULL},
		{{"nested.page=1G"}, NULL},
		{{"nested.model=hashed", "nested.levels=1"}, "nested.model"},
		{{"page_table.model=hashed", "page_table.levels=1"},
		 "nested.model"},
		{{"page_table.page=2M"}, "nested.page"},
		{{"page_table.page=2M", "nested.page=2M"}, NULL},
		{{"tlb.l1s.model=set-assoc", "tlb.l1s.entries=8",
		  "tlb.l1s.ways=2"},
		 NULL},
		{{"tlb.l1s.model=set-assoc", "tlb.l1s.entries=8",
		  "tlb.l1s.ways=2", "page_size.model=huge", "page_size.max=2M"},
		 "nested.page"},
		{{"nested.tlb.coalesce=4"}, "coalesce"},
	};

	(void)state;
	for (size_t i = 0; i < PW_COUNT(rows); i++) {
		const char *items[WALK_VALUES + 5];
		struct pw_text_list list = {items, WALK_VALUES};
		struct pw_machine *machine;
		struct pw_error err;
		enum pw_status st;

		memcpy(items, walk_values, sizeof(walk_values));
		for (size_t j = 0; j < 5 && rows[i].more[j]; j++)
			items[list.count++] = rows[i].more[j];
		st = pw_machine_parse(&machine, "tiny.yaml", text, &list, &err);
		if (!rows[i].named) {
			PW_TEST_OK(st, &err);
			pw_machine_close(machine);
			continue;
		}
		assert_int_equal(st, PW_ERR_USAGE);
		assert_non_null(strstr(err.message, rows[i].named));
	}
}

/* Page-directory entries have one home. */
static void a_cache_beside_the_stlb_is_refused(void **state)
{
	const char *items[] = {"pwc.pde_in_stlb=yes", "pwc.pde.entries=0"};
	struct pw_text_list overrides = {items, 1};
	struct pw_machine *machine;
	struct pw_error err;

	(void)state;
	assert_int_equal(
		pw_machine_load(&machine, "generic-x86-64", &overrides, &err),
		PW_ERR_USAGE);
	assert_non_null(strstr(err.message, "possible beside pwc.pde"));
	overrides.count = 2;
	PW_TEST_OK(
		pw_machine_load(&machine, "generic-x86-64", &overrides, &err),
		&err);
	assert_true(machine->pwc.in_stlb);
	pw_machine_close(machine);
}

static void an_unknown_key_is_shown_where_it_is(void **state)
{
	struct pw_machine *machine;
	struct pw_error err;
	char yaml[sizeof(text) + 32];

	(void)state;
	snprintf(yaml, sizeof(yaml), "name: x\n  \ncolour: red\n%s",
		 text + strlen("name: tiny\n"));
	assert_int_equal(parse(&machine, yaml, NULL, &err), PW_ERR_USAGE);
	assert_non_null(strstr(err.message, "tiny.yaml:3:1:"));
	assert_non_null(strstr(err.message, "colour"));
}

static void a_missing_section_is_refused(void **state)
{
	struct pw_machine *machine;
	struct pw_error err;

	(void)state;
	assert_int_equal(parse(&machine, "name: x\nsummary: y\n", NULL, &err),
			 PW_ERR_USAGE);
	assert_non_null(strstr(err.message, "tiny.yaml"));
}

static void an_unknown_name_comes_with_the_nearest_one(void **state)
{
	struct pw_machine *machine;
	struct pw_error err;

	(void)state;
	assert_int_equal(pw_machine_load(&machine, "zen44", NULL, &err),
			 PW_ERR_USAGE);
	assert_null(machine);
	assert_non_null(strstr(err.message, "zen44"));
	assert_non_null(strstr(err.hint, "zen4"));
	assert_int_equal(pw_machine_load(&machine, "./zen4", NULL, &err),
			 PW_ERR_USAGE);
	assert_non_null(strstr(err.message, "./zen4"));
}

static void a_file_is_a_machine_too(void **state)
{
	char path[] = "/tmp/pw_machine_XXXXXX.yaml";
	int fd = mkstemps(path, 5);
	struct pw_machine *machine;
	struct pw_error err;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, sizeof(text) - 1), sizeof(text) - 1);
	assert_int_equal(close(fd), 0);
	PW_TEST_OK(pw_machine_load(&machine, path, NULL, &err), &err);
	assert_string_equal(machine->name, "tiny");
	pw_machine_close(machine);
	assert_int_equal(unlink(path), 0);
}

static void the_effective_values_are_listed(void **state)
{
	static const struct pw_table_spec spec = {
		.name = "machine", .title = "Machine", .form = PW_FORM_PAIRS};
	struct pw_machine *machine;
	struct pw_tables *tables;
	struct pw_table *table;
	struct pw_error err;
	bool seen = false;
	size_t rows;

	(void)state;
	PW_TEST_OK(parse(&machine, text, "tlb.l1d.entries=16", &err), &err);
	PW_TEST_OK(pw_tables_open(&tables, &err), &err);
	table = pw_table_add(tables, &spec);
	pw_machine_list(machine, table);
	PW_TEST_OK(pw_table_next(table, &rows, &err), &err);
	for (size_t i = 0; i < rows; i++) {
		const char *name = pw_table_cell(table, i, 0).text;

		if (strcmp(name, "tlb.l1d.entries") != 0)
			continue;
		seen = true;
		assert_string_equal(pw_table_cell(table, i, 1).text, "16");
	}
	assert_true(seen);
	pw_tables_close(tables);
	pw_machine_close(machine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_value_is_read),
		cmocka_unit_test(every_preset_is_a_valid_machine),
		cmocka_unit_test(an_override_changes_one_value),
		cmocka_unit_test(every_tlb_of_a_core_can_be_given),
		cmocka_unit_test(wrong_values_are_refused_by_name),
		cmocka_unit_test(what_walks_go_through_is_read),
		cmocka_unit_test(wrong_values_of_walks_are_refused_by_name),
		cmocka_unit_test(what_a_host_cannot_be_for_is_refused),
		cmocka_unit_test(a_cache_beside_the_stlb_is_refused),
		cmocka_unit_test(an_unknown_key_is_shown_where_it_is),
		cmocka_unit_test(a_missing_section_is_refused),
		cmocka_unit_test(an_unknown_name_comes_with_the_nearest_one),
		cmocka_unit_test(a_file_is_a_machine_too),
		cmocka_unit_test(the_effective_values_are_listed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
