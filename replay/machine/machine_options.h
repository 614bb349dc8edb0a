/*
 * machine_options.h - the options of every command that takes machines.
 */
#ifndef PW_REPLAY_MACHINE_OPTIONS_H
#define PW_REPLAY_MACHINE_OPTIONS_H

#include "base/option.h"

#define PW_DEFAULT_MACHINE "generic-x86-64"

/* What the options fill: the first member of the command's args structure. */
struct pw_machine_args {
	struct pw_text_list machines;
	struct pw_text_list overrides;
	uint64_t relayout; /* 0: none */
};

/* Rows of the option table. */
#define PW_MACHINE_OPTIONS                                                     \
	{                                                                      \
		.name = "machine",                                             \
		.key = 'm',                                                    \
		.argument = "MACHINE",                                         \
		.type = PW_OPTION_LIST,                                        \
		.offset = offsetof(struct pw_machine_args, machines),          \
		.help = "Replay on this machine, a preset or a file; "         \
			"repeatable (default: " PW_DEFAULT_MACHINE ")",        \
	},                                                                     \
		{                                                              \
			.name = "set",                                         \
			.key = 's',                                            \
			.argument = "KEY=VALUE",                               \
			.type = PW_OPTION_LIST,                                \
			.offset = offsetof(struct pw_machine_args, overrides), \
			.help = "Change a value of the machines: one, a list " \
				"a,b or "                                      \
				"a range a..b*2; repeatable",                  \
		},                                                             \
	{                                                                      \
		.name = "relayout", .argument = "native",                      \
		.type = PW_OPTION_CHOICE, .choices = "none|native",            \
		.offset = offsetof(struct pw_machine_args, relayout),          \
		.fallback = "none",                                            \
		.help = "Move memory recorded under qemu-user to where "       \
			"Linux would have put it",                             \
	}

#endif
