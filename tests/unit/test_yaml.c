/*
 * test_yaml.c - configuration texts loaded, overridden, refused, listed.
 */
#include "tests/support/pw_test.h"

#include "base/yaml.h"

struct tlb {
	char *entries;
	unsigned ways;
	bool shared;
	int policy;
	int16_t bias;
	double cost;
};

struct machine {
	char *name;
	struct tlb l1;
	struct tlb *stlb;
	char **sizes;
	unsigned sizes_count;
	struct tlb *nodes;
	unsigned nodes_count;
};

static const cyaml_strval_t policies[] = {{"lru", 0}, {"fifo", 1}};

static const cyaml_schema_field_t tlb_fields[] = {
	CYAML_FIELD_STRING_PTR("entries", CYAML_FLAG_POINTER, struct tlb,
			       entries, 1, 8),
	CYAML_FIELD_UINT("ways", CYAML_FLAG_OPTIONAL, struct tlb, ways),
	CYAML_FIELD_BOOL("shared", CYAML_FLAG_OPTIONAL, struct tlb, shared),
	CYAML_FIELD_ENUM("policy", CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT,
			 struct tlb, policy, policies, 2),
	CYAML_FIELD_INT("bias", CYAML_FLAG_OPTIONAL, struct tlb, bias),
	CYAML_FIELD_FLOAT("cost", CYAML_FLAG_OPTIONAL, struct tlb, cost),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t size_schema = {
	CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, 8),
};

static const cyaml_schema_value_t node_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct tlb, tlb_fields),
};

static const cyaml_schema_field_t machine_fields[] = {
	CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, struct machine, name,
			       0, CYAML_UNLIMITED),
	CYAML_FIELD_MAPPING("l1", CYAML_FLAG_DEFAULT, struct machine, l1,
			    tlb_fields),
	CYAML_FIELD_MAPPING_PTR("stlb",
				CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
				struct machine, stlb, tlb_fields),
	CYAML_FIELD_SEQUENCE("sizes", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
			     struct machine, sizes, &size_schema, 1, 3),
	CYAML_FIELD_SEQUENCE("nodes", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
			     struct machine, nodes, &node_schema, 0, 4),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct machine, machine_fields),
};

static const char *const text = "name: test # a comment\n"
				"l1:\n"
				"  entries: 1K\n"
				"  ways: 4\n"
				"sizes: [4K, 2M]\n"
				"nodes:\n"
				"  - {entries: 8, policy: fifo}\n"
				"  - entries: 16\n";

/* Load @yaml with up to three overrides. */
static enum pw_status load(const char *yaml, const char *const *overrides,
			   struct machine **out, struct pw_error *err)
{
	const char *items[8];
	struct pw_text_list list = {items, 0};
	void *data = NULL;
	enum pw_status st;

	while (overrides && overrides[list.count]) {
		items[list.count] = overrides[list.count];
		list.count++;
	}
	st = pw_yaml_load("m.yaml", yaml, &schema, &list, &data, err);
	*out = data;
	return st;
}

static void loads_a_text_by_its_schema(void **state)
{
	struct machine *machine;
	struct pw_error err;

	(void)state;
	PW_TEST_OK(load(text, NULL, &machine, &err), &err);
	assert_string_equal(machine->name, "test");
	assert_string_equal(machine->l1.entries, "1K");
	assert_int_equal(machine->l1.ways, 4);
	assert_null(machine->stlb);
	assert_int_equal(machine->sizes_count, 2);
	assert_int_equal(machine->nodes[0].policy, 1);
	pw_yaml_free(&schema, machine);
	pw_yaml_free(&schema, NULL);
}

static void applies_overrides_to_keys_that_are_there_or_not(void **state)
{
	const char *const overrides[] = {"l1.ways=8",
					 "stlb.entries=1536",
					 "name=a: \"b\" #c",
					 "sizes=1G,2M,4K",
					 "nodes.1.shared=yes",
					 "stlb.bias=-3",
					 NULL};
	struct machine *machine;
	struct pw_error err;

	(void)state;
	PW_TEST_OK(load(text, overrides, &machine, &err), &err);
	assert_int_equal(machine->l1.ways, 8);
	assert_string_equal(machine->l1.entries, "1K");
	assert_non_null(machine->stlb);
	assert_string_equal(machine->stlb->entries, "1536");
	assert_int_equal(machine->stlb->bias, -3);
	assert_string_equal(machine->name, "a: \"b\" #c");
	assert_int_equal(machine->sizes_count, 3);
	assert_string_equal(machine->sizes[0], "1G");
	assert_true(machine->nodes[1].shared);
	pw_yaml_free(&schema, machine);
}

static void takes_an_optional_group_out(void **state)
{
	const char *const overrides[] = {"stlb.entries=8", "stlb=none", NULL};
	struct machine *machine;
	struct pw_error err;

	(void)state;
	PW_TEST_OK(load(text, overrides, &machine, &err), &err);
	assert_null(machine->stlb);
	pw_yaml_free(&schema, machine);
}

struct fault {
	const char *yaml;
	const char *message;
	const char *hint; /* part of it; NULL: none is asked for */
};

static void refuse(const struct fault *fault, const char *const *overrides)
{
	struct machine *machine;
	struct pw_error err;

	assert_int_equal(load(fault->yaml, overrides, &machine, &err),
			 PW_ERR_USAGE);
	assert_null(machine);
	assert_string_equal(err.message, fault->message);
	if (fault->hint && !strstr(err.hint, fault->hint))
		fail_msg("%s: hint \"%s\"", err.message, err.hint);
}

static void names_line_and_column_of_what_it_refuses(void **state)
{
	const struct fault faults[] = {
		{"", "m.yaml: empty", NULL},
		{"# nothing\n", "m.yaml: empty", NULL},
		{"name: [a\nl1: 3",
		 "m.yaml:2:3: did not find expected ',' or ']'", NULL},
		{"\tname: a",
		 "m.yaml:1:1: found character that cannot start any token",
		 NULL},
		{"- a", "m.yaml:1:1: expected keys (\"key: value\")", NULL},
		{"name: a\nl1: {entries: 4}\nfoo: 3\n",
		 "m.yaml:3:1: unknown key \"foo\"", "name, l1, stlb"},
		{"name: a\nl1:\n  entries: 4\n  wayz: 3\n",
		 "m.yaml:4:3: unknown key \"wayz\" in l1",
		 "did you mean ways?"},
		{"name: a\nl1:\n  ways: 3\n",
		 "m.yaml:3:3: missing key \"entries\" in l1", NULL},
		{"name: a\n", "m.yaml:1:1: missing key \"l1\"", NULL},
		{"name: a\nname: b\n",
		 "m.yaml:2:1: the key \"name\" is given twice", NULL},
		{"name: a\nl1: 3\n",
		 "m.yaml:2:5: l1: expected keys (\"key: value\")",
		 "entries, ways"},
		{"name: [a]\nl1: {entries: 4}\n",
		 "m.yaml:1:7: name: expected one value", NULL},
		{"name: a\nl1: {entries: 4}\nsizes: a\n",
		 "m.yaml:3:8: sizes: expected a list "
		 "(\"[a, b]\")",
		 NULL},
		{"[a]: b\n", "m.yaml:1:1: a key must be a word", NULL},
		{"a: &x 1\nb: *x\n", "m.yaml:2:4: aliases are not supported",
		 NULL},
		{"name: a\n---\nname: b\n", "m.yaml:2:1: a second document",
		 NULL},
	};

	(void)state;
	for (size_t i = 0; i < PW_COUNT(faults); i++)
		refuse(&faults[i], NULL);
}

static void checks_the_type_of_every_value(void **state)
{
	const struct fault faults[] = {
		{"name: a\nl1: {entries: 4, ways: 15k}\n",
		 "m.yaml:2:24: ways: \"15k\" is not a whole number in range",
		 NULL},
		{"name: a\nl1: {entries: 4, ways: -1}\n",
		 "m.yaml:2:24: ways: \"-1\" is not a whole number in range",
		 NULL},
		{"name: a\nl1: {entries: 4, ways: 4294967296}\n",
		 "m.yaml:2:24: ways: \"4294967296\" is not a whole number in "
		 "range",
		 NULL},
		{"name: a\nl1: {entries: 4, bias: 32768}\n",
		 "m.yaml:2:24: bias: \"32768\" is not a whole number in range",
		 NULL},
		{"name: a\nl1: {entries: 4, shared: maybe}\n",
		 "m.yaml:2:26: shared: \"maybe\" is not true or false", NULL},
		{"name: a\nl1: {entries: 4, cost: 1.5x}\n",
		 "m.yaml:2:24: cost: \"1.5x\" is not a number", NULL},
		{"name: a\nl1: {entries: 4, policy: fif}\n",
		 "m.yaml:2:26: policy: \"fif\" is not one of lru, fifo",
		 "did you mean fifo?"},
		{"name: a\nl1: {entries: ''}\n",
		 "m.yaml:2:15: entries: needs a text of at least 1 characters",
		 NULL},
		{"name: a\nl1: {entries: 123456789}\n",
		 "m.yaml:2:15: entries: the text is longer than 8 characters",
		 NULL},
		{"name: a\nl1: {entries: 4}\nsizes: []\n",
		 "m.yaml:3:8: sizes: 0 items; 1 to 3 are allowed", NULL},
	};

	(void)state;
	for (size_t i = 0; i < PW_COUNT(faults); i++)
		refuse(&faults[i], NULL);
}

static void names_the_override_it_refuses(void **state)
{
	const struct {
		const char *override;
		const char *message;
		const char *hint;
	} faults[] = {
		{"l1.way=3", "override \"l1.way=3\": unknown key \"way\"",
		 "did you mean ways?"},
		{"l1.ways", "override \"l1.ways\": there is no \"=\"",
		 "KEY=VALUE"},
		{"=3", "override \"=3\": not a key before the \"=\"", NULL},
		{"l1..x=3", "override \"l1..x=3\": not a key before the \"=\"",
		 NULL},
		{"l1=3", "override \"l1=3\": l1: \"3\" is not a group of keys",
		 "entries"},
		{"l1=none",
		 "override \"l1=none\": l1: \"none\" is not a group of keys",
		 NULL},
		{"name.x=3",
		 "override \"name.x=3\": there are no keys below this value",
		 NULL},
		{"l1.ways=15k",
		 "override \"l1.ways=15k\": ways: \"15k\" is not a whole "
		 "number in range",
		 NULL},
		{"nodes.2.ways=1",
		 "override \"nodes.2.ways=1\": \"2\" is not the number of an "
		 "item; there are 2, from 0",
		 NULL},
		{"stlb.ways=4",
		 "m.yaml (with overrides): missing key \"entries\" in stlb",
		 NULL},
		{"sizes=a,b,c,d",
		 "m.yaml (with overrides): sizes: 4 items; 1 to 3 are allowed",
		 NULL},
	};

	(void)state;
	for (size_t i = 0; i < PW_COUNT(faults); i++) {
		const char *const overrides[] = {faults[i].override, NULL};
		const struct fault fault = {text, faults[i].message,
					    faults[i].hint};

		refuse(&fault, overrides);
	}
}

/* What is wrong with the file itself is not blamed on the overrides. */
static void checks_the_text_before_the_overrides(void **state)
{
	const char *const overrides[] = {"l1.nothing=1", NULL};
	const struct fault fault = {"name: a\nl1: {entries: 4, wayz: 3}\n",
				    "m.yaml:2:18: unknown key \"wayz\" in l1",
				    NULL};

	(void)state;
	refuse(&fault, overrides);
}

static const struct pw_table_spec list_spec = {
	.name = "machine",
	.form = PW_FORM_PAIRS,
};

/* Check the pairs, written "key=value", against what the table holds. */
static void expect_pairs(struct pw_table *table, const char *const *want,
			 size_t count)
{
	struct pw_error err;
	char pair[128];
	size_t rows;

	PW_TEST_OK(pw_table_next(table, &rows, &err), &err);
	assert_int_equal(rows, count);
	for (size_t i = 0; i < rows; i++) {
		union pw_cell value = pw_table_cell(table, i, 1);
		const char *key = pw_table_cell(table, i, 0).text;
		enum pw_cell_type type = pw_table_cell_type(table, i, 1);

		if (type == PW_CELL_U64)
			snprintf(pair, sizeof(pair), "%s=%llu", key,
				 (unsigned long long)value.u64);
		else if (type == PW_CELL_F64)
			snprintf(pair, sizeof(pair), "%s=%g", key, value.f64);
		else
			snprintf(pair, sizeof(pair), "%s=%s", key, value.text);
		assert_string_equal(pair, want[i]);
	}
}

static void lists_effective_values_under_dotted_keys(void **state)
{
	const char *const overrides[] = {"stlb.entries=9", "stlb.cost=1.5",
					 "l1.bias=-2", NULL};
	const char *const want[] = {
		"name=test",
		"l1.entries=1K",
		"l1.ways=4",
		"l1.shared=false",
		"l1.policy=lru",
		"l1.bias=-2",
		"l1.cost=0",
		"stlb.entries=9",
		"stlb.ways=0",
		"stlb.shared=false",
		"stlb.policy=lru",
		"stlb.bias=0",
		"stlb.cost=1.5",
		"sizes=4K,2M",
		"nodes.0.entries=8",
		"nodes.0.ways=0",
		"nodes.0.shared=false",
		"nodes.0.policy=fifo",
		"nodes.0.bias=0",
		"nodes.0.cost=0",
		"nodes.1.entries=16",
		"nodes.1.ways=0",
		"nodes.1.shared=false",
		"nodes.1.policy=lru",
		"nodes.1.bias=0",
		"nodes.1.cost=0",
	};
	struct machine *machine;
	struct pw_tables *tables;
	struct pw_table *table;
	struct pw_error err;

	(void)state;
	PW_TEST_OK(load(text, overrides, &machine, &err), &err);
	PW_TEST_OK(pw_tables_open(&tables, &err), &err);
	table = pw_table_add(tables, &list_spec);
	pw_yaml_list(&schema, machine, table);
	expect_pairs(table, want, PW_COUNT(want));
	pw_tables_close(tables);
	pw_yaml_free(&schema, machine);
}

/* The text has "ways" of l1 in line 4, after four blanks and "ways: ". */
static void says_where_a_value_comes_from(void **state)
{
	const char *file = "name: x\n"
			   "l1:\n"
			   "    entries: 64\n"
			   "    ways: 4\n";
	const char *items[] = {"l1.ways=8", "name=y", "l1.ways=2"};
	const struct pw_text_list overrides = {items, 3};
	char place[80];

	(void)state;
	pw_yaml_place("m.yaml", file, NULL, "l1.ways", place, sizeof(place));
	assert_string_equal(place, "m.yaml:4:11");
	pw_yaml_place("m.yaml", file, NULL, "name", place, sizeof(place));
	assert_string_equal(place, "m.yaml:1:7");
	/* The last override is the one that counts. */
	pw_yaml_place("m.yaml", file, &overrides, "l1.ways", place,
		      sizeof(place));
	assert_string_equal(place, "override \"l1.ways=2\"");
	/* Not l1.entries, which only begins like an override. */
	pw_yaml_place("m.yaml", file, &overrides, "l1.way", place,
		      sizeof(place));
	assert_string_equal(place, "m.yaml");
	pw_yaml_place("m.yaml", file, NULL, "name.of.what", place,
		      sizeof(place));
	assert_string_equal(place, "m.yaml");
	pw_yaml_place("m.yaml", "a: [", NULL, "a", place, sizeof(place));
	assert_string_equal(place, "m.yaml");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loads_a_text_by_its_schema),
		cmocka_unit_test(
			applies_overrides_to_keys_that_are_there_or_not),
		cmocka_unit_test(takes_an_optional_group_out),
		cmocka_unit_test(names_line_and_column_of_what_it_refuses),
		cmocka_unit_test(checks_the_type_of_every_value),
		cmocka_unit_test(names_the_override_it_refuses),
		cmocka_unit_test(checks_the_text_before_the_overrides),
		cmocka_unit_test(lists_effective_values_under_dotted_keys),
		cmocka_unit_test(says_where_a_value_comes_from),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
