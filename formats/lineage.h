/*
 * lineage.h - which process uses which address space, as events tell it.
 *
 * A process begins with an address space of its own. A clone event gives the
 * child's process a copy of its parent's space (fork), or the space itself
 * (CLONE_VM without CLONE_THREAD, as vfork does) until the child executes a
 * program or ends. Spaces have small numbers, which are used again.
 *
 * The child of a clone event is the first thread of the trace that has its
 * thread id, has not run yet and is no child of an earlier event; the first
 * PW_NAMESAKES_MAX of that id are looked at. A process
 * ends with exit_group or killed, or when each of its threads has had exit.
 */
#ifndef PW_FORMATS_LINEAGE_H
#define PW_FORMATS_LINEAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/array.h"
#include "base/pagemap.h"
#include "base/status.h"
#include "formats/event.h"
#include "formats/trace.h"

#define PW_NO_SPACE UINT32_MAX
#define PW_NO_THREAD UINT32_MAX

/* Threads with one id that have not run: a trace may say that all are such. */
#define PW_NAMESAKES_MAX 64

/*
 * Besides its number, a space has an id that no other space of the trace has:
 * 0 for the first, and the next one for each that a process begins with, a
 * fork makes or a program begins with after exec.
 */
struct pw_lineage {
	struct pw_array threads;      /* what is known of each thread */
	struct pw_array processes;    /* and of each process */
	struct pw_array users;	      /* uint32_t: processes in each space */
	struct pw_array unused;	      /* uint32_t: numbers to use again */
	uint64_t next_id;	      /* of a space */
	struct pw_pagemap *namesakes; /* by thread id: a list of threads */
	struct pw_array lists;	      /* by number of a list */
};

enum pw_lineage_kind {
	PW_LINEAGE_SAME, /* each process keeps its space */
	PW_LINEAGE_FORK, /* "other" becomes a copy of "space" */
	PW_LINEAGE_EXEC, /* the process goes on in "other", which is empty */
	PW_LINEAGE_END,	 /* the process has ended */
	PW_LINEAGE_OVER, /* it had ended before: the event means nothing */
};

/* What an event does to the spaces. */
struct pw_lineage_change {
	enum pw_lineage_kind kind;
	uint32_t space; /* of the process, before the event */
	uint32_t other; /* FORK: PW_NO_SPACE when the child is no thread of
			   the trace. EXEC: may be "space" itself */
	uint32_t child; /* thread that a clone event made, or PW_NO_THREAD */
	bool last;	/* END: no process uses "space" any more */
};

/*
 * Begin, with no process seen.
 */
void pw_lineage_init(struct pw_lineage *lineage);

/*
 * Free what it holds.
 */
void pw_lineage_free(struct pw_lineage *lineage);

/*
 * @thread, one of @info, runs. *space is the number of its address space, or
 * PW_NO_SPACE when its process has ended.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_lineage_run(struct pw_lineage *lineage,
			      const struct pw_trace_info *info, uint32_t thread,
			      uint32_t *space,
			      struct pw_error *err) PW_MUST_CHECK;

/*
 * An event of @thread, which has run.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_lineage_event(struct pw_lineage *lineage,
				const struct pw_trace_info *info,
				uint32_t thread, const struct pw_event *event,
				struct pw_lineage_change *change,
				struct pw_error *err) PW_MUST_CHECK;

/*
 * The space of @process, or PW_NO_SPACE before its first thread has run and
 * after its end.
 */
uint32_t pw_lineage_space(const struct pw_lineage *lineage, uint32_t process);

/*
 * The id of the space that @process, a thread of which has run, uses or, after
 * its end, used last.
 */
uint64_t pw_lineage_space_id(const struct pw_lineage *lineage,
			     uint32_t process);

/*
 * Whether more than one process uses @space, which is one's at present.
 */
bool pw_lineage_is_shared(const struct pw_lineage *lineage, uint32_t space);

#endif
