/*
 * scope.c - marks and sampling windows.
 */
#include "capture/scope.h"

#include <string.h>

#include "base/assert.h"

/* TASK_COMM_LEN without the final 0. */
#define NAME_BYTES 15

static bool same_name(const char *wanted, const char *name)
{
	return wanted && strncmp(wanted, name, NAME_BYTES) == 0;
}

/* Whether windows cut the stretch between the marks at all. */
static bool samples(const struct pw_scope *scope)
{
	return scope->options.window_instructions > 0 &&
	       scope->options.window_instructions <
		       scope->options.every_instructions;
}

void pw_scope_init(struct pw_scope *scope,
		   const struct pw_scope_options *options)
{
	PW_ASSERT(options->window_instructions <= options->every_instructions);
	*scope = (struct pw_scope){
		.options = *options,
		.marked = !options->from,
	};
}

bool pw_scope_open(const struct pw_scope *scope)
{
	return scope->marked &&
	       (!samples(scope) ||
		scope->phase < scope->options.window_instructions);
}

void pw_scope_mark(struct pw_scope *scope, const char *name)
{
	PW_ASSERT(name != NULL);
	if (scope->marked) {
		scope->marked = !same_name(scope->options.to, name);
	} else if (same_name(scope->options.from, name)) {
		scope->marked = true;
		scope->phase = 0;
	}
}

uint64_t pw_scope_left(const struct pw_scope *scope)
{
	const struct pw_scope_options *options = &scope->options;

	if (!scope->marked || !samples(scope))
		return UINT64_MAX;
	if (scope->phase < options->window_instructions)
		return options->window_instructions - scope->phase;
	return options->every_instructions - scope->phase;
}

void pw_scope_advance(struct pw_scope *scope, uint64_t instructions)
{
	uint64_t every = scope->options.every_instructions;

	if (!scope->marked || !samples(scope))
		return;
	/* Both are below every; their sum may not fit. */
	instructions %= every;
	if (instructions >= every - scope->phase)
		scope->phase = instructions - (every - scope->phase);
	else
		scope->phase += instructions;
}
