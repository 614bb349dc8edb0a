/*
 * option.c - a command line into a command's args structure, by argp.
 *
 * argp walks the line in silence; whatever is wrong with it comes back as an
 * error that names the option and the value. getopt says only that a word was
 * refused, so explain_word finds out why.
 */
#include "base/option.h"

#include <errno.h>

#include "base/assert.h"
#include "base/command.h"
#include "base/option_set.h"
#include "base/text.h"
#include "base/units.h"

struct parse {
	struct pw_option_request *request;
	struct pw_option_set set;
	struct pw_text_list operands;
	char **word; /* word[0] is the command's name */
	int word_count;
	int next; /* the word after the one argp refused */
	enum pw_status status;
	struct pw_error *err;
};

bool pw_choice_at(const char *choices, size_t index, char *buffer,
		  size_t buffer_bytes)
{
	size_t length;

	PW_ASSERT(choices && buffer_bytes > 0);
	for (; index; index--) {
		choices = strchr(choices, '|');
		if (!choices)
			return false;
		choices++;
	}
	length = strcspn(choices, "|");
	PW_ASSERT(length < buffer_bytes);
	memcpy(buffer, choices, length);
	buffer[length] = '\0';
	return true;
}

/* ---- values ---- */

/* Put the option's name before a message about its value. */
static enum pw_status name_option(struct pw_error *err,
				  const struct pw_option *option)
{
	struct pw_error inner = *err;

	pw_fail(err, inner.status, "--%s: %s", option->name, inner.message);
	return pw_hint(err, "%s", inner.hint);
}

static enum pw_status check_bounds(const struct pw_option *option,
				   const char *text, uint64_t value,
				   struct pw_error *err)
{
	enum pw_unit unit =
		option->type == PW_OPTION_SIZE ? PW_UNIT_BYTES : PW_UNIT_NONE;
	char bound[32];

	PW_ASSERT(option->max == 0 || option->min <= option->max);
	if (value < option->min) {
		pw_format_u64(bound, sizeof(bound), option->min, unit);
		return pw_fail(err, PW_ERR_USAGE,
			       "--%s: %s is below the least value, %s",
			       option->name, text, bound);
	}
	if (option->max && value > option->max) {
		pw_format_u64(bound, sizeof(bound), option->max, unit);
		return pw_fail(err, PW_ERR_USAGE,
			       "--%s: %s is above the greatest value, %s",
			       option->name, text, bound);
	}
	return PW_OK;
}

static enum pw_status store_number(const struct pw_option *option,
				   const char *text, uint64_t *slot,
				   struct pw_error *err)
{
	enum pw_status st;

	if (option->type == PW_OPTION_SIZE)
		st = pw_parse_size(text, slot, err);
	else
		st = pw_parse_count(text, slot, err);
	if (st != PW_OK)
		return name_option(err, option);
	return check_bounds(option, text, *slot, err);
}

static enum pw_status store_choice(const struct pw_option *option,
				   const char *text, uint64_t *slot,
				   struct pw_error *err)
{
	char choice[64];

	PW_ASSERT(option->choices);
	for (size_t i = 0;; i++) {
		if (!pw_choice_at(option->choices, i, choice, sizeof(choice)))
			break;
		if (strcmp(choice, text) == 0) {
			*slot = i;
			return PW_OK;
		}
	}
	pw_fail(err, PW_ERR_USAGE, "--%s: \"%s\" is not one of %s",
		option->name, text, option->choices);
	return PW_ERR_USAGE;
}

/* @room is how many items the list can ever get. */
static enum pw_status store_item(struct pw_text_list *list, size_t room,
				 const char *text, struct pw_arena *arena,
				 struct pw_error *err)
{
	if (!list->item)
		list->item =
			pw_arena_alloc(arena, room + 1, sizeof(*list->item));
	if (!list->item)
		return pw_fail_memory(err, "the command line");
	PW_ASSERT(list->count < room);
	list->item[list->count++] = text;
	return PW_OK;
}

static enum pw_status store(struct parse *parse,
			    const struct pw_option_entry *entry,
			    const char *text)
{
	const struct pw_option *option = entry->option;
	void *slot = (char *)entry->args + option->offset;

	PW_ASSERT(entry->args);
	PW_ASSERT(text || option->type == PW_OPTION_FLAG);
	switch (option->type) {
	case PW_OPTION_FLAG:
		*(bool *)slot = true;
		return PW_OK;
	case PW_OPTION_COUNT:
	case PW_OPTION_SIZE:
		return store_number(option, text, slot, parse->err);
	case PW_OPTION_TEXT:
		if (!*text)
			return pw_fail(parse->err, PW_ERR_USAGE,
				       "--%s: an empty %s", option->name,
				       option->argument);
		*(const char **)slot = text;
		return PW_OK;
	case PW_OPTION_LIST:
		return store_item(slot, (size_t)parse->word_count, text,
				  parse->request->arena, parse->err);
	case PW_OPTION_CHOICE:
		return store_choice(option, text, slot, parse->err);
	}
	PW_ASSERT(option->type <= PW_OPTION_CHOICE);
	return PW_OK;
}

/* ---- operands ---- */

static enum pw_status refuse_operand(struct parse *parse, const char *word)
{
	const struct pw_command *command = parse->request->command;

	if (command->operands == PW_OPERANDS_NONE)
		return pw_fail(parse->err, PW_ERR_USAGE,
			       "unexpected \"%s\": %s takes no operand", word,
			       command->name);
	return pw_fail(parse->err, PW_ERR_USAGE,
		       "unexpected \"%s\": %s takes one %s", word,
		       command->name, command->operands_doc);
}

static enum pw_status add_operand(struct parse *parse, const char *word)
{
	enum pw_operands wanted = parse->request->command->operands;

	if (wanted == PW_OPERANDS_NONE ||
	    (wanted == PW_OPERANDS_ONE && parse->operands.count > 0))
		return refuse_operand(parse, word);
	return store_item(&parse->operands, (size_t)parse->word_count, word,
			  parse->request->arena, parse->err);
}

/* A target's command line: this word and all that follow are its own. */
static enum pw_status take_rest(struct parse *parse, struct argp_state *state)
{
	enum pw_status st = PW_OK;

	for (int i = state->next - 1; st == PW_OK && i < state->argc; i++)
		st = add_operand(parse, state->argv[i]);
	PW_ASSERT(st != PW_ERR_USAGE);
	state->next = state->argc;
	return st;
}

static bool is_command_line(enum pw_operands operands)
{
	return operands == PW_OPERANDS_COMMAND ||
	       operands == PW_OPERANDS_MAYBE_COMMAND;
}

static enum pw_status check_operands(struct parse *parse)
{
	const struct pw_command *command = parse->request->command;
	struct pw_text_list *slot;

	if (command->operands == PW_OPERANDS_NONE)
		return PW_OK;
	slot = (struct pw_text_list *)(void *)((char *)parse->request->args +
					       command->operands_offset);
	*slot = parse->operands;
	if (slot->count > 0 || command->operands == PW_OPERANDS_ANY ||
	    command->operands == PW_OPERANDS_MAYBE_COMMAND)
		return PW_OK;
	return pw_fail(parse->err, PW_ERR_USAGE, "missing %s",
		       command->operands_doc);
}

/* ---- words that getopt refuses ---- */

static const struct pw_option_entry *find_key(const struct pw_option_set *set,
					      int key)
{
	for (size_t i = 0; i < set->count; i++)
		if (set->entry[i].key == key)
			return &set->entry[i];
	return NULL;
}

/* How many long names begin with @name; *exact when one is equal to it. */
static size_t count_matches(const struct pw_option_set *set, const char *name,
			    const char **match)
{
	size_t length = strlen(name);
	size_t matches = 0;

	*match = NULL;
	for (const char *const *known = set->names; *known; known++) {
		if (strncmp(*known, name, length) != 0)
			continue;
		*match = *known;
		if ((*known)[length] == '\0')
			return 1;
		matches++;
	}
	return matches;
}

static const struct pw_option *find_name(const struct pw_option_set *set,
					 const char *name)
{
	for (size_t i = 0; i < set->count; i++)
		if (strcmp(set->entry[i].option->name, name) == 0)
			return set->entry[i].option;
	return NULL;
}

static enum pw_status explain_unknown(struct parse *parse, const char *name)
{
	const char *near = pw_text_nearest(name, parse->set.names);

	pw_fail(parse->err, PW_ERR_USAGE, "unknown option --%s", name);
	if (near)
		pw_hint(parse->err,
			"did you mean --%s? see \"pagewalk %s "
			"--help\"",
			near, parse->request->command->name);
	return PW_ERR_USAGE;
}

/* PW_OK when nothing is wrong with @word, which begins with "--". */
static enum pw_status explain_long(struct parse *parse, const char *word,
				   bool last)
{
	size_t length = strcspn(word + 2, "=");
	const struct pw_option *option;
	const char *match = NULL;
	size_t matches;
	char *name;

	name = pw_arena_alloc(parse->request->arena, length + 1, 1);
	if (!name)
		return pw_fail_memory(parse->err, "the command line");
	memcpy(name, word + 2, length);
	matches = count_matches(&parse->set, name, &match);
	if (matches == 0)
		return explain_unknown(parse, name);
	if (matches > 1)
		return pw_fail(parse->err, PW_ERR_USAGE,
			       "option --%s is ambiguous: %zu options begin "
			       "so, --%s is one",
			       name, matches, match);
	PW_ASSERT(match);
	option = find_name(&parse->set, match);
	if ((!option || option->type == PW_OPTION_FLAG) && word[2 + length])
		return pw_fail(parse->err, PW_ERR_USAGE,
			       "option --%s takes no value (\"%s\")", match,
			       word + 3 + length);
	if (option && option->type != PW_OPTION_FLAG && !word[2 + length] &&
	    last)
		return pw_fail(parse->err, PW_ERR_USAGE,
			       "option --%s needs a value", match);
	return PW_OK;
}

/* PW_OK when nothing is wrong with @word, which begins with one "-". */
static enum pw_status explain_short(struct parse *parse, const char *word,
				    bool last)
{
	PW_ASSERT(word[0] == '-' && word[1] != '-');
	for (const char *c = word + 1; *c; c++) {
		const struct pw_option_entry *entry =
			find_key(&parse->set, (unsigned char)*c);

		if (*c == parse->set.help_key)
			continue;
		if (!entry)
			return pw_fail(parse->err, PW_ERR_USAGE,
				       "unknown option -%c in \"%s\"", *c,
				       word);
		if (entry->option->type == PW_OPTION_FLAG)
			continue;
		if (c[1] == '\0' && last)
			return pw_fail(parse->err, PW_ERR_USAGE,
				       "option -%c needs a value", *c);
		return PW_OK;
	}
	return PW_OK;
}

static enum pw_status explain_word(struct parse *parse, int index)
{
	bool last = index == parse->word_count - 1;
	const char *word;

	if (index < 1 || index >= parse->word_count)
		return PW_OK;
	word = parse->word[index];
	if (word[0] != '-' || word[1] == '\0')
		return PW_OK;
	if (word[1] == '-')
		return explain_long(parse, word, last);
	return explain_short(parse, word, last);
}

/*
 * getopt stops behind a bad word, but before a bad character within a word of
 * several short options.
 */
static enum pw_status explain(struct parse *parse)
{
	enum pw_status st = explain_word(parse, parse->next - 1);

	if (st == PW_OK)
		st = explain_word(parse, parse->next);
	if (st == PW_OK)
		st = pw_fail(parse->err, PW_ERR_USAGE,
			     "the options cannot be understood");
	return st;
}

/* ---- the walk ---- */

static enum pw_status take_option(struct parse *parse, int key,
				  const char *argument)
{
	for (size_t i = 0; i < parse->set.count; i++) {
		struct pw_option_entry *entry = &parse->set.entry[i];

		if (entry->key != key)
			continue;
		entry->given = true;
		return store(parse, entry, argument);
	}
	PW_ASSERT(key == parse->set.help_key);
	parse->request->help = true;
	return PW_OK;
}

static error_t handle(int key, char *argument, struct argp_state *state)
{
	struct parse *parse = state->input;

	switch (key) {
	case ARGP_KEY_ARG:
		parse->status =
			is_command_line(parse->request->command->operands)
				? take_rest(parse, state)
				: add_operand(parse, argument);
		break;
	case ARGP_KEY_ERROR:
		parse->next = state->next;
		return 0;
	case ARGP_KEY_INIT:
	case ARGP_KEY_NO_ARGS:
	case ARGP_KEY_END:
	case ARGP_KEY_SUCCESS:
	case ARGP_KEY_FINI:
		return 0;
	default:
		parse->status = take_option(parse, key, argument);
		break;
	}
	return parse->status != PW_OK || parse->request->help ? ECANCELED : 0;
}

/* Copies, because getopt puts them in another order. */
static enum pw_status copy_words(struct parse *parse, size_t count,
				 const char *const *words)
{
	struct pw_arena *arena = parse->request->arena;

	PW_ASSERT(count < INT32_MAX);
	parse->word_count = (int)count + 1;
	parse->word = pw_arena_alloc(arena, count + 2, sizeof(*parse->word));
	if (!parse->word)
		return pw_fail_memory(parse->err, "the command line");
	for (size_t i = 0; i <= count; i++) {
		const char *word =
			i ? words[i - 1] : parse->request->command->name;

		parse->word[i] = pw_arena_copy(arena, word);
		if (!parse->word[i])
			return pw_fail_memory(parse->err, "the command line");
	}
	return PW_OK;
}

static enum pw_status walk(struct parse *parse)
{
	struct pw_option_request *request = parse->request;
	unsigned flags = ARGP_NO_EXIT | ARGP_NO_HELP | ARGP_NO_ERRS;
	struct argp argp = {.parser = handle};
	error_t error;

	argp.options = pw_option_set_argp(&parse->set, request->arena, NULL);
	if (!argp.options)
		return pw_fail_memory(parse->err, "the command line");
	if (is_command_line(request->command->operands))
		flags |= ARGP_IN_ORDER;
	error = argp_parse(&argp, parse->word_count, parse->word, flags, NULL,
			   parse);
	if (request->help || parse->status != PW_OK)
		return parse->status;
	if (error == ENOMEM)
		return pw_fail_memory(parse->err, "the command line");
	return error ? explain(parse) : check_operands(parse);
}

static enum pw_status set_defaults(struct parse *parse)
{
	enum pw_status st = PW_OK;

	for (size_t i = 0; st == PW_OK && i < parse->set.count; i++) {
		const struct pw_option_entry *entry = &parse->set.entry[i];

		if (!entry->given && entry->option->fallback)
			st = store(parse, entry, entry->option->fallback);
		/* It is our own tables that hold the defaults. */
		PW_ASSERT(st != PW_ERR_USAGE);
	}
	return st;
}

enum pw_status pw_options_parse(struct pw_option_request *request, size_t count,
				const char *const *words, struct pw_error *err)
{
	struct parse parse = {.request = request, .err = err};
	enum pw_status st;

	PW_ASSERT(request->command && request->args && request->arena);
	PW_ASSERT(!request->extra || request->extra_args);
	request->help = false;
	st = copy_words(&parse, count, words);
	if (st == PW_OK)
		st = pw_option_set_make(&parse.set, request, err);
	if (st == PW_OK)
		st = walk(&parse);
	if (st == PW_OK)
		st = set_defaults(&parse);
	if (st == PW_ERR_USAGE && err->hint[0] == '\0')
		pw_hint(err, "see \"pagewalk %s --help\"",
			request->command->name);
	return st;
}
