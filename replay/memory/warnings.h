/*
 * warnings.h - what a trace tells that cannot have been: how often, and where
 * first.
 */
#ifndef PW_REPLAY_WARNINGS_H
#define PW_REPLAY_WARNINGS_H

#include <stdint.h>

enum pw_warning_kind {
#define PW_WARNING(id, name, help) PW_WARNING_##id,
#include "replay/memory/warnings.def"
#undef PW_WARNING
	PW_WARNINGS
};

/* Where: the thread that ran, and what had been replayed before. */
struct pw_warning {
	uint64_t count;
	uint64_t address;
	uint64_t accesses; /* at the end of the batch */
	uint64_t events;
	uint32_t thread;
};

struct pw_warnings {
	struct pw_warning list[PW_WARNINGS]; /* the first of each kind */
};

/*
 * The name of a kind, "unmapped_access", and what it means.
 *
 * Owns: static.
 */
const char *pw_warning_name(enum pw_warning_kind kind);
const char *pw_warning_help(enum pw_warning_kind kind);

/*
 * Note another warning of @kind; of the first one @where is kept, but its
 * count.
 */
void pw_warn(struct pw_warnings *warnings, enum pw_warning_kind kind,
	     const struct pw_warning *where);

#endif
