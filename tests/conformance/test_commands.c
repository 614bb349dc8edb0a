/*
 * test_commands.c - what every registered command and engine must be.
 */
#include "tests/support/pw_test.h"

#include "base/command.h"
#include "capture/engine.h"

static void every_command_says_what_it_is(void **state)
{
	(void)state;
	assert_non_null(pw_command_at(0));
	for (size_t i = 0; pw_command_at(i); i++) {
		const struct pw_command *command = pw_command_at(i);

		assert_true(command->name[0] && command->summary[0]);
		assert_ptr_equal(pw_command_find(command->name), command);
		assert_non_null(command->run);
		for (size_t e = 0; e < PW_COMMAND_EXAMPLES; e++) {
			char start[64];

			snprintf(start, sizeof(start), "pagewalk %s",
				 command->name);
			assert_non_null(command->example[e]);
			assert_memory_equal(command->example[e], start,
					    strlen(start));
		}
	}
	assert_null(pw_command_find("no-such-command"));
}

static void check_option(const struct pw_command *command, size_t index)
{
	const struct pw_option *option = &command->options[index];

	assert_non_null(option->help);
	assert_true(option->offset < command->args_bytes);
	assert_true((option->type == PW_OPTION_FLAG) == !option->argument);
	assert_true((option->type == PW_OPTION_CHOICE) == !!option->choices);
	for (size_t i = 0; i < index; i++) {
		const struct pw_option *other = &command->options[i];

		assert_string_not_equal(other->name, option->name);
		assert_true(!option->key || option->key != other->key);
		assert_int_not_equal(other->offset, option->offset);
	}
}

static void every_option_can_be_told_from_the_others(void **state)
{
	(void)state;
	for (size_t i = 0; pw_command_at(i); i++) {
		const struct pw_command *command = pw_command_at(i);

		for (size_t o = 0; command->options && command->options[o].name;
		     o++)
			check_option(command, o);
	}
}

/* Its defaults are words that its own parser takes. */
static void every_command_parses_its_defaults(void **state)
{
	const char *const words[] = {"--", "operand"};

	(void)state;
	for (size_t i = 0; pw_command_at(i); i++) {
		struct pw_option_request request = {0};
		struct pw_error err;
		size_t count = PW_COUNT(words);

		request.command = pw_command_at(i);
		if (request.command->operands == PW_OPERANDS_NONE)
			count = 0;
		PW_TEST_OK(pw_arena_open(&request.arena, 0, &err), &err);
		request.args = pw_arena_alloc(request.arena, 1,
					      request.command->args_bytes);
		assert_non_null(request.args);
		PW_TEST_OK(pw_options_parse(&request, count, words, &err),
			   &err);
		pw_arena_close(request.arena);
	}
}

static void every_engine_says_what_it_is(void **state)
{
	(void)state;
	assert_non_null(pw_engine_at(0));
	for (size_t i = 0; pw_engine_at(i); i++) {
		const struct pw_engine_ops *ops = pw_engine_at(i);

		assert_true(ops->name[0] && ops->summary[0] && ops->source[0]);
		assert_true(ops->layout && ops->layout[0]);
		assert_true(ops->available && ops->suits && ops->open &&
			    ops->record && ops->close);
		assert_ptr_equal(pw_engine_find(ops->name), ops);
	}
	assert_null(pw_engine_find("no-such-engine"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_command_says_what_it_is),
		cmocka_unit_test(every_option_can_be_told_from_the_others),
		cmocka_unit_test(every_command_parses_its_defaults),
		cmocka_unit_test(every_engine_says_what_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
