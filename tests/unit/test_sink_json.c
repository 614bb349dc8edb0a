/*
 * test_sink_json.c - the whole document as one object, and rows as lines.
 */
#include "tests/support/pw_test.h"

#include <locale.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <jansson.h>

#include "tests/support/render.h"

static const struct pw_table_spec info = {
	.name = "info",
	.form = PW_FORM_RECORD,
	.column = {{"accesses", NULL, PW_CELL_U64, PW_UNIT_COUNT},
		   {"ratio", NULL, PW_CELL_F64, PW_UNIT_RATIO},
		   {"complete", NULL, PW_CELL_BOOL, PW_UNIT_NONE},
		   {"path", NULL, PW_CELL_TEXT, PW_UNIT_NONE}},
};

static const struct pw_table_spec intervals = {
	.name = "intervals",
	.form = PW_FORM_ROWS,
	.flags = PW_TABLE_DETAIL,
	.column = {{"start", NULL, PW_CELL_U64, PW_UNIT_ADDRESS},
		   {"rss_bytes", NULL, PW_CELL_U64, PW_UNIT_BYTES}},
};

static const struct pw_table_spec counters = {
	.name = "counters",
	.form = PW_FORM_PAIRS,
	.flags = PW_TABLE_PRIMARY,
};

static void add_info(struct pw_tables *tables)
{
	struct pw_table *table = pw_table_add(tables, &info);

	pw_cell_u64(table, 12);
	pw_cell_f64(table, 0.1);
	pw_cell_bool(table, false);
	pw_cell_text(table, "a \"b\" \\ c/d");
}

static void add_machine(struct pw_tables *tables, const char *label,
			uint64_t misses)
{
	struct pw_table *table;

	pw_tables_group(tables, "machines", label);
	table = pw_table_add(tables, &counters);
	pw_pair_u64(table, "dtlb.misses", misses, PW_UNIT_COUNT);
	table = pw_table_add(tables, &intervals);
	pw_cell_u64(table, UINT64_C(0xffffffff81000000));
	pw_cell_u64(table, 4096);
	pw_tables_group_end(tables);
}

static void the_document_is_one_object_in_a_fixed_layout(void **state)
{
	struct pw_tables *tables = pw_test_document();
	char *got;

	(void)state;
	add_info(tables);
	add_machine(tables, "zen", 3);
	pw_tables_note(tables, "read %s", "this");
	got = pw_test_render("json", tables, NULL);
	assert_string_equal(got, "{\n"
				 "  \"schema_version\": 1,\n"
				 "  \"notes\": [\n"
				 "    \"read this\"\n"
				 "  ],\n"
				 "  \"accesses\": 12,\n"
				 "  \"ratio\": 0.1,\n"
				 "  \"complete\": false,\n"
				 "  \"path\": \"a \\\"b\\\" \\\\ c/d\",\n"
				 "  \"machines\": [\n"
				 "    {\n"
				 "      \"name\": \"zen\",\n"
				 "      \"counters\": {\n"
				 "        \"dtlb.misses\": 3\n"
				 "      },\n"
				 "      \"intervals\": [\n"
				 "        {\"start\": \"0xffffffff81000000\", "
				 "\"rss_bytes\": 4096}\n"
				 "      ]\n"
				 "    }\n"
				 "  ]\n"
				 "}\n");
	free(got);
	pw_tables_close(tables);
}

static json_t *parse(const char *text)
{
	json_error_t err;
	json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &err);

	if (!root)
		fail_msg("line %d: %s", err.line, err.text);
	return root;
}

static json_t *render(struct pw_tables *tables,
		      const struct pw_sink_options *options)
{
	char *text = pw_test_render("json", tables, options);
	json_t *root = parse(text);

	free(text);
	return root;
}

static void groups_of_one_name_join_even_when_apart(void **state)
{
	struct pw_tables *tables = pw_test_document();
	json_t *root;
	json_t *machines;

	(void)state;
	add_machine(tables, "a", 1);
	add_info(tables);
	add_machine(tables, "b", 2);
	root = render(tables, NULL);
	machines = json_object_get(root, "machines");
	assert_int_equal(json_array_size(machines), 2);
	for (size_t i = 0; i < 2; i++) {
		json_t *machine = json_array_get(machines, i);
		json_t *values = json_object_get(machine, "counters");

		assert_string_equal(
			json_string_value(json_object_get(machine, "name")),
			i ? "b" : "a");
		assert_int_equal(json_integer_value(json_object_get(
					 values, "dtlb.misses")),
				 i + 1);
	}
	assert_int_equal(json_integer_value(json_object_get(root, "accesses")),
			 12);
	json_decref(root);
	pw_tables_close(tables);
}

static void groups_nest(void **state)
{
	struct pw_tables *tables = pw_test_document();
	json_t *root;
	json_t *at;

	(void)state;
	pw_tables_group(tables, "runs", "r");
	add_machine(tables, "a", 1);
	add_machine(tables, "b", 2);
	add_info(tables);
	pw_tables_group_end(tables);
	root = render(tables, NULL);
	at = json_array_get(json_object_get(root, "runs"), 0);
	assert_int_equal(json_integer_value(json_object_get(at, "accesses")),
			 12);
	at = json_array_get(json_object_get(at, "machines"), 1);
	assert_string_equal(json_string_value(json_object_get(at, "name")),
			    "b");
	json_decref(root);
	pw_tables_close(tables);
}

static void partial_is_there_only_when_results_are_partial(void **state)
{
	struct pw_tables *tables = pw_test_document();
	json_t *root = render(tables, NULL);

	(void)state;
	assert_null(json_object_get(root, "partial"));
	assert_int_equal(json_array_size(json_object_get(root, "notes")), 0);
	json_decref(root);
	pw_tables_mark_partial(tables, "cut at %d", 5);
	root = render(tables, NULL);
	assert_string_equal(json_string_value(json_object_get(root, "partial")),
			    "cut at 5");
	json_decref(root);
	pw_tables_close(tables);
}

/* Names of pairs may come from outside; nobody's value is lost. */
static void pairs_of_one_name_are_numbered(void **state)
{
	struct pw_tables *tables = pw_test_document();
	struct pw_table *table = pw_table_add(tables, &counters);
	json_t *root;
	json_t *pairs;

	(void)state;
	pw_pair_u64(table, "a", 1, PW_UNIT_COUNT);
	pw_pair_u64(table, "a", 2, PW_UNIT_COUNT);
	pw_pair_u64(table, "a", 3, PW_UNIT_COUNT);
	root = render(tables, NULL);
	pairs = json_object_get(root, "counters");
	assert_int_equal(json_integer_value(json_object_get(pairs, "a")), 1);
	assert_int_equal(json_integer_value(json_object_get(pairs, "a #2")), 2);
	assert_int_equal(json_integer_value(json_object_get(pairs, "a #3")), 3);
	json_decref(root);
	pw_tables_close(tables);
}

static void two_members_of_one_name_are_a_bug_that_stops(void **state)
{
	const struct rlimit no_core = {0, 0};
	int status;
	pid_t pid;

	(void)state;
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		const struct pw_sink_options options = {0};
		struct pw_tables *tables;
		struct pw_error err;

		setrlimit(RLIMIT_CORE, &no_core);
		signal(SIGABRT, SIG_DFL);
		(void)freopen("/dev/null", "w", stderr);
		if (pw_tables_open(&tables, &err) != PW_OK)
			_exit(1);
		add_info(tables);
		add_info(tables);
		(void)pw_sink_find("json")->write(stderr, tables, &options,
						  &err);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
}

static void one_table_can_be_asked_for(void **state)
{
	const struct pw_sink_options options = {.table = "intervals"};
	struct pw_tables *tables = pw_test_document();
	json_t *root;
	json_t *machine;

	(void)state;
	add_info(tables);
	add_machine(tables, "a", 1);
	root = render(tables, &options);
	machine = json_array_get(json_object_get(root, "machines"), 0);
	assert_null(json_object_get(root, "accesses"));
	assert_null(json_object_get(machine, "counters"));
	assert_non_null(json_object_get(machine, "intervals"));
	json_decref(root);
	pw_tables_close(tables);
}

static void an_empty_table_is_an_empty_array(void **state)
{
	struct pw_tables *tables = pw_test_document();
	json_t *root;

	(void)state;
	pw_table_add(tables, &intervals);
	pw_table_add(tables, &counters);
	pw_table_add(tables, &info);
	root = render(tables, NULL);
	assert_true(json_is_array(json_object_get(root, "intervals")));
	assert_true(json_is_object(json_object_get(root, "counters")));
	assert_null(json_object_get(root, "accesses"));
	json_decref(root);
	pw_tables_close(tables);
}

/* 0.1 stays "0.1" where people write 0,1. */
static void the_locale_changes_nothing(void **state)
{
	static const char *const names[] = {"de_DE.UTF-8", "fr_FR.UTF-8",
					    "de_DE", "fr_FR"};
	locale_t locale = (locale_t)0;
	struct pw_tables *tables;
	locale_t before;
	char *plain;
	char *local;

	(void)state;
	for (size_t i = 0; i < PW_COUNT(names) && !locale; i++)
		locale = newlocale(LC_ALL_MASK, names[i], (locale_t)0);
	if (!locale) {
		print_message("skipped: no locale with a decimal comma\n");
		skip();
	}
	tables = pw_test_document();
	add_info(tables);
	plain = pw_test_render("json", tables, NULL);
	before = uselocale(locale);
	local = pw_test_render("json", tables, NULL);
	uselocale(before);
	freelocale(locale);
	assert_string_equal(plain, local);
	free(plain);
	free(local);
	pw_tables_close(tables);
}

static void lines_hold_the_primary_table_with_labels(void **state)
{
	struct pw_tables *tables = pw_test_document();
	char *got;

	(void)state;
	add_info(tables);
	add_machine(tables, "a", 1);
	add_machine(tables, "b", 2);
	got = pw_test_render("jsonl", tables, NULL);
	assert_string_equal(got, "{\"machines\": \"a\", \"name\": "
				 "\"dtlb.misses\", \"value\": 1}\n"
				 "{\"machines\": \"b\", \"name\": "
				 "\"dtlb.misses\", \"value\": 2}\n");
	free(got);
	pw_tables_close(tables);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_document_is_one_object_in_a_fixed_layout),
		cmocka_unit_test(groups_of_one_name_join_even_when_apart),
		cmocka_unit_test(groups_nest),
		cmocka_unit_test(
			partial_is_there_only_when_results_are_partial),
		cmocka_unit_test(pairs_of_one_name_are_numbered),
		cmocka_unit_test(two_members_of_one_name_are_a_bug_that_stops),
		cmocka_unit_test(one_table_can_be_asked_for),
		cmocka_unit_test(an_empty_table_is_an_empty_array),
		cmocka_unit_test(the_locale_changes_nothing),
		cmocka_unit_test(lines_hold_the_primary_table_with_labels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
