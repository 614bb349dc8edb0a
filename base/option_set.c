/*
 * option_set.c - a command's options and the common ones in one list.
 */
#include "base/option_set.h"

#include "base/assert.h"
#include "base/command.h"

static size_t count_options(const struct pw_option *options)
{
	size_t count = 0;

	while (options && options[count].name)
		count++;
	return count;
}

static bool has_name(const struct pw_option_set *set, const char *name)
{
	for (size_t i = 0; i < set->count; i++)
		if (strcmp(set->entry[i].option->name, name) == 0)
			return true;
	return false;
}

static bool has_key(const struct pw_option_set *set, int key)
{
	for (size_t i = 0; i < set->count; i++)
		if (set->entry[i].key == key)
			return true;
	return false;
}

static void add_options(struct pw_option_set *set,
			const struct pw_option *options, void *args,
			bool common)
{
	for (; options && options->name; options++) {
		struct pw_option_entry *entry = &set->entry[set->count];
		int key = (unsigned char)options->key;
		bool taken = key && has_key(set, key);

		PW_ASSERT(options->help && (common || !taken));
		if (has_name(set, options->name)) {
			PW_ASSERT(common);
			continue;
		}
		entry->option = options;
		entry->args = args;
		entry->common = common;
		entry->key = PW_OPTION_KEY_LONG + (int)set->count;
		if (key && !taken)
			entry->key = key;
		set->names[set->count] = options->name;
		set->count++;
	}
}

enum pw_status pw_option_set_make(struct pw_option_set *set,
				  const struct pw_option_request *request,
				  struct pw_error *err)
{
	const struct pw_option *own = request->command->options;
	size_t room = count_options(own) + count_options(request->extra);

	set->count = 0;
	set->entry = pw_arena_alloc(request->arena, room, sizeof(*set->entry));
	set->names =
		pw_arena_alloc(request->arena, room + 2, sizeof(*set->names));
	if (!set->entry || !set->names)
		return pw_fail_memory(err, "the options");
	add_options(set, own, request->args, false);
	add_options(set, request->extra, request->extra_args, true);
	set->names[set->count] = "help";
	set->help_key =
		has_key(set, 'h') ? PW_OPTION_KEY_LONG + (int)set->count : 'h';
	PW_ASSERT(set->count <= room);
	return PW_OK;
}

struct argp_option *
pw_option_set_argp(const struct pw_option_set *set, struct pw_arena *arena,
		   const char *(*describe)(struct pw_arena *arena,
					   const struct pw_option *option))
{
	/* A heading, --help and the end come on top of the options. */
	struct argp_option *argp =
		pw_arena_alloc(arena, set->count + 3, sizeof(*argp));
	struct argp_option *next = argp;

	if (!argp)
		return NULL;
	for (size_t i = 0; i < set->count; i++, next++) {
		const struct pw_option_entry *entry = &set->entry[i];

		next->name = entry->option->name;
		next->key = entry->key;
		next->arg = entry->option->argument;
		next->group = entry->common ? 2 : 1;
		if (entry->option->type != PW_OPTION_FLAG && !next->arg)
			next->arg = "VALUE";
		if (!describe)
			continue;
		next->doc = describe(arena, entry->option);
		if (!next->doc)
			return NULL;
	}
	PW_ASSERT(next == argp + set->count);
	next->doc = "Common options:";
	next->group = 2;
	next++;
	next->name = "help";
	next->key = set->help_key;
	next->doc = "Show this page";
	next->group = 2;
	return argp;
}
