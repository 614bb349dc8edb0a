/*
 * test_option.c - command lines parsed, refused and explained.
 */
#include "tests/support/pw_test.h"

#include "base/command.h"

struct args {
	bool partial;
	uint64_t count;
	uint64_t limit_bytes;
	const char *model;
	struct pw_text_list set;
	uint64_t side;
	struct pw_text_list operands;
};

struct extra {
	uint64_t format;
	bool quiet;
};

static const struct pw_option options[] = {
	{.name = "count",
	 .key = 'n',
	 .argument = "N",
	 .type = PW_OPTION_COUNT,
	 .offset = offsetof(struct args, count),
	 .min = 1,
	 .max = 1000,
	 .fallback = "5",
	 .help = "How many"},
	{.name = "limit",
	 .argument = "SIZE",
	 .type = PW_OPTION_SIZE,
	 .offset = offsetof(struct args, limit_bytes),
	 .min = 4096,
	 .fallback = "64K",
	 .help = "Memory limit"},
	{.name = "partial",
	 .key = 'p',
	 .type = PW_OPTION_FLAG,
	 .offset = offsetof(struct args, partial),
	 .help = "Part of it"},
	{.name = "model",
	 .argument = "NAME",
	 .type = PW_OPTION_TEXT,
	 .offset = offsetof(struct args, model),
	 .help = "Which model"},
	{.name = "set",
	 .key = 's',
	 .argument = "KEY=VALUE",
	 .type = PW_OPTION_LIST,
	 .offset = offsetof(struct args, set),
	 .help = "Override a key"},
	{.name = "side",
	 .argument = "SIDE",
	 .type = PW_OPTION_CHOICE,
	 .offset = offsetof(struct args, side),
	 .choices = "all|data|instruction",
	 .fallback = "data",
	 .help = "Which side"},
	{.name = NULL},
};

/* Its --count is hidden by the command's own. */
static const struct pw_option extra_options[] = {
	{.name = "format",
	 .key = 's',
	 .argument = "FORMAT",
	 .type = PW_OPTION_CHOICE,
	 .offset = offsetof(struct extra, format),
	 .choices = "table|csv",
	 .fallback = "csv",
	 .help = "Format"},
	{.name = "quiet",
	 .key = 'q',
	 .type = PW_OPTION_FLAG,
	 .offset = offsetof(struct extra, quiet),
	 .help = "Say less"},
	{.name = "count",
	 .type = PW_OPTION_FLAG,
	 .offset = offsetof(struct extra, quiet),
	 .help = "Hidden"},
	{.name = NULL},
};

static enum pw_status run(const void *args, struct pw_tables *out,
			  struct pw_error *err)
{
	(void)args;
	(void)out;
	(void)err;
	return PW_OK;
}

static struct pw_command command = {
	.name = "test",
	.summary = "Test the parser",
	.operands_doc = "TRACE...",
	.example = {"pagewalk test a", "pagewalk test b", "pagewalk test c"},
	.operands = PW_OPERANDS_ANY,
	.operands_offset = offsetof(struct args, operands),
	.options = options,
	.args_bytes = sizeof(struct args),
	.run = run,
};

/* One parsed line. */
struct line {
	struct pw_arena *arena;
	struct args args;
	struct extra extra;
	struct pw_option_request request;
	struct pw_error error;
};

static int open_line(void **state)
{
	static struct line line;

	memset(&line, 0, sizeof(line));
	command.operands = PW_OPERANDS_ANY;
	line.request.command = &command;
	line.request.args = &line.args;
	line.request.extra = extra_options;
	line.request.extra_args = &line.extra;
	if (pw_arena_open(&line.arena, 0, &line.error) != PW_OK)
		return -1;
	line.request.arena = line.arena;
	*state = &line;
	return 0;
}

static int close_line(void **state)
{
	struct line *line = *state;

	pw_arena_close(line->arena);
	return 0;
}

/* Parse a line of words parted by single blanks. */
static enum pw_status parse(struct line *line, const char *text)
{
	char *copy = pw_arena_copy(line->arena, text);
	const char *words[32];
	size_t count = 0;

	while (copy && *copy) {
		words[count++] = copy;
		copy = strchr(copy, ' ');
		if (copy)
			*copy++ = '\0';
	}
	return pw_options_parse(&line->request, count, words, &line->error);
}

static void expect(struct line *line, const char *text)
{
	PW_TEST_OK(parse(line, text), &line->error);
}

static void refuse(struct line *line, const char *text, const char *message)
{
	if (parse(line, text) != PW_ERR_USAGE)
		fail_msg("\"%s\" was not refused", text);
	if (!strstr(line->error.message, message))
		fail_msg("\"%s\": %s", text, line->error.message);
	assert_true(line->error.hint[0] != '\0');
}

static void gives_defaults_to_what_is_not_said(void **state)
{
	struct line *line = *state;

	expect(line, "");
	assert_int_equal(line->args.count, 5);
	assert_int_equal(line->args.limit_bytes, 65536);
	assert_false(line->args.partial);
	assert_null(line->args.model);
	assert_int_equal(line->args.set.count, 0);
	assert_int_equal(line->args.side, 1);
	assert_int_equal(line->args.operands.count, 0);
	assert_int_equal(line->extra.format, 1);
	assert_false(line->request.help);
}

static void reads_each_type_of_option(void **state)
{
	struct line *line = *state;

	expect(line, "-n 7 --limit=1.5M -p --model x --side all -s a=1 "
		     "--set b=2 --format=table -q one two");
	assert_int_equal(line->args.count, 7);
	assert_int_equal(line->args.limit_bytes, 1572864);
	assert_true(line->args.partial);
	assert_string_equal(line->args.model, "x");
	assert_int_equal(line->args.side, 0);
	assert_int_equal(line->args.set.count, 2);
	assert_string_equal(line->args.set.item[0], "a=1");
	assert_string_equal(line->args.set.item[1], "b=2");
	assert_int_equal(line->extra.format, 0);
	assert_true(line->extra.quiet);
	assert_int_equal(line->args.operands.count, 2);
	assert_string_equal(line->args.operands.item[1], "two");
}

static void takes_options_behind_operands_but_not_behind_dashes(void **state)
{
	struct line *line = *state;

	expect(line, "one -n 8 -- -n 9 --what");
	assert_int_equal(line->args.count, 8);
	assert_int_equal(line->args.operands.count, 4);
	assert_string_equal(line->args.operands.item[0], "one");
	assert_string_equal(line->args.operands.item[1], "-n");
	assert_string_equal(line->args.operands.item[3], "--what");
}

static void takes_unique_beginnings_of_long_options(void **state)
{
	struct line *line = *state;

	expect(line, "--lim 8K --par");
	assert_int_equal(line->args.limit_bytes, 8192);
	assert_true(line->args.partial);
	refuse(line, "--s x", "--s is ambiguous");
}

static void takes_short_options_joined(void **state)
{
	struct line *line = *state;

	expect(line, "-pqn3");
	assert_true(line->args.partial);
	assert_true(line->extra.quiet);
	assert_int_equal(line->args.count, 3);
}

static void leaves_a_target_its_own_options(void **state)
{
	struct line *line = *state;

	command.operands = PW_OPERANDS_COMMAND;
	expect(line, "-n 3 ls -n 4 -- --help");
	assert_int_equal(line->args.count, 3);
	assert_false(line->request.help);
	assert_int_equal(line->args.operands.count, 5);
	assert_string_equal(line->args.operands.item[0], "ls");
	assert_string_equal(line->args.operands.item[3], "--");
	assert_null(line->args.operands.item[5]);
}

static void leaves_a_target_what_follows_two_dashes(void **state)
{
	struct line *line = *state;

	command.operands = PW_OPERANDS_COMMAND;
	expect(line, "-q -- -x -q");
	assert_true(line->extra.quiet);
	assert_int_equal(line->args.operands.count, 2);
	assert_string_equal(line->args.operands.item[0], "-x");
}

static void counts_operands(void **state)
{
	struct line *line = *state;

	command.operands = PW_OPERANDS_NONE;
	expect(line, "-p");
	refuse(line, "a", "unexpected \"a\"");
	command.operands = PW_OPERANDS_ONE;
	refuse(line, "", "missing TRACE...");
	refuse(line, "a b", "unexpected \"b\"");
	command.operands = PW_OPERANDS_MANY;
	refuse(line, "-p", "missing TRACE...");
	command.operands = PW_OPERANDS_COMMAND;
	refuse(line, "-p --", "missing TRACE...");
	command.operands = PW_OPERANDS_MAYBE_COMMAND;
	expect(line, "-p --");
	assert_int_equal(line->args.operands.count, 0);
	expect(line, "-p ls -n 4");
	assert_int_equal(line->args.operands.count, 3);
}

static void keeps_numbers_within_their_bounds(void **state)
{
	struct line *line = *state;

	expect(line, "-n 1");
	expect(line, "-n 1k");
	refuse(line, "-n 0", "--count: 0 is below the least value, 1");
	refuse(line, "-n 1001",
	       "--count: 1001 is above the greatest value, "
	       "1000");
	refuse(line, "--limit 4095",
	       "--limit: 4095 is below the least value, "
	       "4 KiB");
}

static void names_the_option_and_the_value_it_refuses(void **state)
{
	struct line *line = *state;

	refuse(line, "-n x", "--count: \"x\" is not a whole number");
	refuse(line, "--limit=1MB", "--limit: \"1MB\" is not a size");
	refuse(line, "--side both",
	       "--side: \"both\" is not one of all|data|instruction");
}

static void says_what_is_wrong_with_an_option(void **state)
{
	struct line *line = *state;

	refuse(line, "--modle x", "unknown option --modle");
	assert_non_null(strstr(line->error.hint, "--model"));
	refuse(line, "a --nothing-like-it=3", "unknown option --nothing");
	assert_non_null(strstr(line->error.hint, "pagewalk test --help"));
	refuse(line, "-pz", "unknown option -z in \"-pz\"");
	refuse(line, "-pzn3", "unknown option -z in \"-pzn3\"");
	refuse(line, "--partial=yes", "--partial takes no value (\"yes\")");
	refuse(line, "a --limit", "--limit needs a value");
	refuse(line, "-p -n", "-n needs a value");
}

static void sees_the_wish_for_help_before_other_faults(void **state)
{
	struct line *line = *state;

	command.operands = PW_OPERANDS_ONE;
	expect(line, "--help --wrong");
	assert_true(line->request.help);
	expect(line, "-h");
	assert_true(line->request.help);
}

static char *print_help(struct line *line)
{
	char *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	assert_non_null(out);
	PW_TEST_OK(pw_options_help(&line->request, out, &line->error),
		   &line->error);
	fclose(out);
	return text;
}

static void shows_options_defaults_and_examples_on_one_screen(void **state)
{
	char *page = print_help(*state);
	size_t lines = 0;

	assert_non_null(strstr(page, "Usage: pagewalk test [OPTION...] TRACE"));
	assert_non_null(strstr(page, "-n, --count=N"));
	assert_non_null(strstr(page, "Memory limit (default 64K)"));
	assert_non_null(strstr(page, "all, data, instruction (default data)"));
	assert_non_null(strstr(page, "Common options:"));
	assert_non_null(strstr(page, "--quiet"));
	assert_null(strstr(page, "Hidden"));
	assert_non_null(strstr(page, "Examples:\n  pagewalk test a\n"));
	for (const char *c = page; *c; c++)
		lines += *c == '\n';
	assert_in_range(lines, 15, 40);
	free(page);
}

static void reports_a_help_page_that_cannot_be_written(void **state)
{
	struct line *line = *state;
	FILE *out = fopen("/dev/full", "w");

	assert_non_null(out);
	assert_int_equal(pw_options_help(&line->request, out, &line->error),
			 PW_ERR_OUTPUT);
	fclose(out);
}

static void parts_choices_at_bars(void **state)
{
	char choice[8];

	(void)state;
	assert_true(pw_choice_at("a|bc|d", 1, choice, sizeof(choice)));
	assert_string_equal(choice, "bc");
	assert_true(pw_choice_at("a|bc|d", 2, choice, sizeof(choice)));
	assert_string_equal(choice, "d");
	assert_false(pw_choice_at("a|bc|d", 3, choice, sizeof(choice)));
}

#define WITH_LINE(test) \
	cmocka_unit_test_setup_teardown(test, open_line, close_line)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_LINE(gives_defaults_to_what_is_not_said),
		WITH_LINE(reads_each_type_of_option),
		WITH_LINE(takes_options_behind_operands_but_not_behind_dashes),
		WITH_LINE(takes_unique_beginnings_of_long_options),
		WITH_LINE(takes_short_options_joined),
		WITH_LINE(leaves_a_target_its_own_options),
		WITH_LINE(leaves_a_target_what_follows_two_dashes),
		WITH_LINE(counts_operands),
		WITH_LINE(keeps_numbers_within_their_bounds),
		WITH_LINE(names_the_option_and_the_value_it_refuses),
		WITH_LINE(says_what_is_wrong_with_an_option),
		WITH_LINE(sees_the_wish_for_help_before_other_faults),
		WITH_LINE(shows_options_defaults_and_examples_on_one_screen),
		WITH_LINE(reports_a_help_page_that_cannot_be_written),
		cmocka_unit_test(parts_choices_at_bars),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
