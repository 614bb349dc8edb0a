/*
 * scope.h - which accesses of a recording are wanted: between two marks, and
 * in sampling windows of the instructions between them.
 *
 * Events are always recorded; an engine drops the accesses made while the
 * scope is closed and, when it opens again, records a gap event for each
 * thread that ran in between.
 */
#ifndef PW_CAPTURE_SCOPE_H
#define PW_CAPTURE_SCOPE_H

#include <stdbool.h>
#include <stdint.h>

struct pw_scope_options {
	const char *from;	      /* mark that opens; NULL: open at once */
	const char *to;		      /* mark that closes; NULL: none does */
	uint64_t window_instructions; /* record so many; 0: all */
	uint64_t every_instructions;  /* out of so many; at least the above */
};

struct pw_scope {
	struct pw_scope_options options;
	bool marked;	/* between "from" and "to" */
	uint64_t phase; /* instructions since the present period began */
};

/*
 * Begin. The texts of @options stay the caller's.
 */
void pw_scope_init(struct pw_scope *scope,
		   const struct pw_scope_options *options);

/*
 * Whether accesses are wanted now.
 */
bool pw_scope_open(const struct pw_scope *scope);

/*
 * The program has given the present moment this name. A name is compared as
 * the kernel cuts it, to 15 bytes. "from" opens again after "to", and then a
 * new period begins; while the scope is between its marks, "from" means
 * nothing. The same name for both opens and closes in turn.
 */
void pw_scope_mark(struct pw_scope *scope, const char *name);

/*
 * How many more instructions, of all threads together, go by before the scope
 * changes by itself.
 *
 * Units: instructions; UINT64_MAX for never.
 */
uint64_t pw_scope_left(const struct pw_scope *scope);

/*
 * So many instructions, of whatever threads, have begun; they count only
 * between the marks.
 */
void pw_scope_advance(struct pw_scope *scope, uint64_t instructions);

#endif
