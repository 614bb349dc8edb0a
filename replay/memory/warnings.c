/*
 * warnings.c - what a trace tells that cannot have been.
 */
#include "replay/memory/warnings.h"

#include "base/assert.h"

static const struct {
	const char *name;
	const char *help;
} kinds[] = {
#define PW_WARNING(id, name, help) {name, help},
#include "replay/memory/warnings.def"
#undef PW_WARNING
};

const char *pw_warning_name(enum pw_warning_kind kind)
{
	PW_ASSERT(kind < PW_WARNINGS);
	return kinds[kind].name;
}

const char *pw_warning_help(enum pw_warning_kind kind)
{
	PW_ASSERT(kind < PW_WARNINGS);
	return kinds[kind].help;
}

void pw_warn(struct pw_warnings *warnings, enum pw_warning_kind kind,
	     const struct pw_warning *where)
{
	struct pw_warning *first = &warnings->list[kind];

	PW_ASSERT(kind < PW_WARNINGS);
	if (first->count == 0)
		*first = *where;
	else
		first->count++;
}
