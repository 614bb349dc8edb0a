/*
 * call_table.c - look system calls up.
 */
#include "capture/call_table.h"

#include "capture/call_job.h"

#define NONE (-1)
#define NUMBERS 512 /* more than any call's number */

#define SPACE PW_CALL_SPACE
#define CHILD PW_CALL_CHILD
#define ENDS PW_CALL_ENDS
#define EXEC PW_CALL_EXEC
#define SIGRETURN PW_CALL_SIGRETURN
#define AFFINITY PW_CALL_AFFINITY
#define UNKNOWN PW_CALL_UNKNOWN
#define HANDLER PW_CALL_HANDLER

#define QUIET .tell = NULL
#define SAME(event, n) .same_kind = PW_EVENT_##event, .same_args = (n)
#define TELL(f) .tell = pw_call_tell_##f
#define TELL_KEPT(f) .tell = pw_call_tell_##f, .keep = pw_call_keep_##f

#define NOTHING
#define IN(p, ...) {.when = PW_CALL_IN, .pointer = (p), __VA_ARGS__},
#define OUT(p, ...) {.when = PW_CALL_OUT, .pointer = (p), __VA_ARGS__},
#define OUT_POSITIVE(p, ...) \
	{.when = PW_CALL_OUT_POSITIVE, .pointer = (p), __VA_ARGS__},
#define TIME_LEFT(p) {.when = PW_CALL_TIME_LEFT, .pointer = (p), BYTES(16)},
#define DO(f) {.when = PW_CALL_DO, .leave = pw_call_do_##f},
#define DO_KEPT(f)                \
	{.when = PW_CALL_DO,      \
	 .leave = pw_call_do_##f, \
	 .enter = pw_call_keep_##f},
#define UNSEEN {.when = PW_CALL_UNSEEN},

#define LENGTH(name, a, n, m, more)                                 \
	.rule = PW_RULE_##name, .operand = (a), .unit = {(n), (m)}, \
	.add = (more)
#define BYTES(n) LENGTH(BYTES, 0, n, n, 0)
#define BYTES2(n, m) LENGTH(BYTES, 0, n, m, 0)
#define ARG(a) LENGTH(ARG, a, 1, 1, 0)
#define ARG_PLUS(a, n) LENGTH(ARG, a, 1, 1, n)
#define INT(a) LENGTH(INT, a, 1, 1, 0)
#define ITEMS(a, n) LENGTH(ITEMS, a, n, n, 0)
#define RESULT LENGTH(RESULT, 0, 1, 1, 0)
#define RESULTS(n) LENGTH(RESULT, 0, n, n, 0)
#define RESULTS2(n, m) LENGTH(RESULT, 0, n, m, 0)
#define RESULT_PLUS(n) LENGTH(RESULT, 0, 1, 1, n)
#define WITHIN(a) LENGTH(WITHIN, a, 1, 1, 0)
#define WITHIN_ITEMS(a, n) LENGTH(WITHIN, a, n, n, 0)
#define STRING(n) LENGTH(STRING, 0, n, n, 0)
#define PATH STRING(PW_CALL_PATH_BYTES)
#define SIZED(o, n) LENGTH(SIZED, o, 1, 1, n)
#define SOCKLEN(a) LENGTH(SOCKLEN, a, 1, 1, 0)
#define SCATTER(a) LENGTH(SCATTER, a, 1, 1, 0)
#define FDS(a) LENGTH(FDS, a, 1, 1, 0)
#define NODES(a) LENGTH(NODES, a, 1, 1, 0)
#define PAGES(a) LENGTH(PAGES, a, 1, 1, 0)
#define SIGMASK LENGTH(SIGMASK, 0, 1, 1, 0)

static const struct pw_call_row rows[PW_SYSCALL_COUNT] = {
#define PW_CALL(call, x86_64, aarch64, trait_bits, event, ...) \
	[PW_SYSCALL_##call] = {                                \
		.name = #call,                                 \
		.number = {(x86_64), (aarch64)},               \
		.traits = (trait_bits),                        \
		event,                                         \
		.memory = {__VA_ARGS__{.when = PW_CALL_END}},  \
	},
#include "capture/calls.def"
#undef PW_CALL
};

/*
 * From numbers to calls. A call that a machine does not have is past the
 * numbers, in a place of its own: so a number given twice does not compile.
 */
#define PLACE(call, number)                                       \
	[(number) < 0 ? NUMBERS + PW_SYSCALL_##call : (number)] = \
		PW_SYSCALL_##call,

static const uint16_t by_number[2][NUMBERS + PW_SYSCALL_COUNT] = {
	[PW_CALL_X86_64] =
		{
#define PW_CALL(call, x86_64, ...) PLACE(call, x86_64)
#include "capture/calls.def"
#undef PW_CALL
		},
	[PW_CALL_AARCH64] =
		{
#define PW_CALL(call, x86_64, aarch64, ...) PLACE(call, aarch64)
#include "capture/calls.def"
#undef PW_CALL
		},
};

unsigned pw_call_id(enum pw_call_machine machine, uint64_t number)
{
	uint64_t seen = number & UINT32_MAX; /* the kernel looks at no more */

	return seen < NUMBERS ? by_number[machine][seen] : PW_SYSCALL_NONE;
}

const struct pw_call_row *pw_call_row(unsigned id)
{
	return id > PW_SYSCALL_NONE && id < PW_SYSCALL_COUNT ? &rows[id] : NULL;
}

const char *pw_call_name(unsigned id)
{
	const struct pw_call_row *row = pw_call_row(id);

	return row ? row->name : "unknown";
}
