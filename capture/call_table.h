/*
 * call_table.h - calls.def as an enum and a table.
 */
#ifndef PW_CAPTURE_CALL_TABLE_H
#define PW_CAPTURE_CALL_TABLE_H

#include <stdint.h>

#include "capture/call.h"

#define PW_CALL_MEMORY_MAX 10 /* of one call, and the end of the list */
#define PW_CALL_PATH_BYTES 4096

/* Names of the calls: pw_call.id. */
enum pw_syscall {
	PW_SYSCALL_NONE,
#define PW_CALL(name, ...) PW_SYSCALL_##name,
#include "capture/calls.def"
#undef PW_CALL
	PW_SYSCALL_COUNT,
};

/* When memory is touched, and how. */
enum pw_call_when {
	PW_CALL_END, /* of the list */
	PW_CALL_IN,
	PW_CALL_OUT,
	PW_CALL_OUT_POSITIVE,
	PW_CALL_TIME_LEFT,
	PW_CALL_DO,
	PW_CALL_UNSEEN,
};

/* How much: see calls.def. */
enum pw_call_rule {
	PW_RULE_BYTES,
	PW_RULE_ARG,
	PW_RULE_INT,
	PW_RULE_ITEMS,
	PW_RULE_RESULT,
	PW_RULE_WITHIN,
	PW_RULE_STRING,
	PW_RULE_SIZED,
	PW_RULE_SOCKLEN,
	PW_RULE_SCATTER,
	PW_RULE_FDS,
	PW_RULE_NODES,
	PW_RULE_PAGES,
	PW_RULE_SIGMASK,
};

struct pw_call_job;

/* Some of the memory that a call touches. */
struct pw_call_memory {
	uint8_t when;	  /* enum pw_call_when */
	uint8_t pointer;  /* index of the argument that points there */
	uint8_t rule;	  /* enum pw_call_rule */
	uint8_t operand;  /* index of the rule's argument, or its offset */
	uint16_t unit[2]; /* on each machine: bytes, or of an item */
	uint16_t add;
	void (*leave)(const struct pw_call_job *job);
	void (*enter)(const struct pw_call_job *job);
};

/* A line of calls.def. */
struct pw_call_row {
	const char *name;
	int16_t number[2]; /* on each machine, or -1 */
	uint16_t traits;
	uint8_t same_kind; /* enum pw_event_kind, unless there is a tell */
	uint8_t same_args;
	void (*tell)(const struct pw_call_job *job);
	void (*keep)(const struct pw_call_job *job);
	struct pw_call_memory memory[PW_CALL_MEMORY_MAX];
};

/*
 * The line of the call @id; NULL for PW_SYSCALL_NONE.
 *
 * Owns: static.
 */
const struct pw_call_row *pw_call_row(unsigned id);

#endif
