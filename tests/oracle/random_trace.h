/*
 * random_trace.h - traces that look like programs and do odd things.
 *
 * Threads of several processes, some of them made by others, use code, data,
 * files, a heap and a stack with much locality, and events change their address
 * spaces at any moment, also in ways that programs avoid. Page numbers lie
 * around the borders of page tables of all levels. The same seed makes the same
 * trace.
 */
#ifndef PW_TESTS_ORACLE_RANDOM_TRACE_H
#define PW_TESTS_ORACLE_RANDOM_TRACE_H

#include <stddef.h>
#include <stdint.h>

#include "base/array.h"
#include "base/random.h"
#include "formats/batch.h"
#include "formats/trace.h"

#define PW_RANDOM_THREADS 8
#define PW_RANDOM_LONG \
	UINT64_C(5000) /* longer traces have thousands of events */

/* Accesses of one thread and then its events, as in a batch. */
struct pw_random_stretch {
	uint32_t thread;
	size_t access, accesses; /* the first one and how many */
	size_t event, events;
};

struct pw_random_trace {
	struct pw_thread thread[PW_RANDOM_THREADS];
	size_t threads;
	unsigned unknown;	 /* enum pw_trace_unknown bits */
	struct pw_array address; /* uint64_t */
	struct pw_array pc;	 /* uint64_t */
	struct pw_array size;	 /* uint32_t */
	struct pw_array kind;	 /* uint8_t */
	struct pw_array event;	 /* struct pw_event */
	struct pw_array stretch; /* struct pw_random_stretch */
};

/*
 * Make a trace of about @accesses accesses.
 *
 * Owns:   *trace holds memory until pw_random_trace_free.
 * Errors: none; without memory it aborts, being for tests.
 */
void pw_random_trace_make(struct pw_random_trace *trace, uint64_t seed,
			  uint64_t accesses);

/*
 * Free the trace.
 */
void pw_random_trace_free(struct pw_random_trace *trace);

/*
 * Accesses [first, first + count) of the trace.
 *
 * Owns: the trace.
 */
struct pw_accesses pw_random_accesses(const struct pw_random_trace *trace,
				      size_t first, size_t count);

/* ---- between random_trace.c and random_event.c ---- */

#define PW_RANDOM_AREAS 10

/* Pages where something is mapped now and then. */
struct pw_random_area {
	uint64_t first, pages;
};

/*
 * The next event of a process whose areas are @area.
 */
struct pw_event pw_random_event(struct pw_random *random,
				const struct pw_random_area *area);

/*
 * The event that maps @area at the start of a process; @index tells what it
 * is: 0 code, 1 the heap, 2 the stack, others anything.
 */
struct pw_event pw_random_first_map(struct pw_random *random,
				    const struct pw_random_area *area,
				    size_t index);

#endif
