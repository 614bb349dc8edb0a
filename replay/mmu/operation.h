/*
 * operation.h - what memory tells processors: references and changes.
 *
 * The memory of a machine (system.h) decides about faults; what is left is a
 * stream of operations, the same for all processors that stand on such a
 * memory. Each processor takes them in order, at its own time. So everything
 * a processor may want to know of page tables is in the operation.
 */
#ifndef PW_REPLAY_OPERATION_H
#define PW_REPLAY_OPERATION_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "replay/counters.h"

enum pw_operation_kind {
	PW_OPERATION_LOAD,  /* references to page, the first one a load */
	PW_OPERATION_STORE, /* the first one a store */
	PW_OPERATION_FETCH, /* of the instruction side */
	PW_OPERATION_RUN,   /* thread value of process page runs in space */
	PW_OPERATION_PLACE, /* thread value was seen on CPU page */
	PW_OPERATION_INVALIDATE, /* value pages of space from page on */
	PW_OPERATION_FORGET,	 /* space has ended, or begins anew */
	PW_OPERATION_MOMENT,	 /* moments[value] is the time */
};

struct pw_operation {
	uint64_t page;	/* base page number */
	uint64_t value; /* references: the entry that maps it */
	uint32_t space;
	uint8_t kind;	    /* enum pw_operation_kind */
	uint8_t flags;	    /* enum pw_operation_flag bits */
	uint8_t height;	    /* of the entry */
	uint8_t neighbours; /* enum pw_neighbour bits, those of the next page */
	uint16_t probes;    /* struct pw_leaf */
};

/* A time at which counters are wanted. */
struct pw_moment {
	struct pw_counters memory; /* what memory has counted */
	const char *mark;	   /* the name of a mark, or NULL */
	uint32_t thread;	   /* of the mark */
};

#define PW_OPERATIONS_MAX 8192
#define PW_MOMENTS_MAX 16

struct pw_operations {
	size_t count;
	size_t moment_count;
	struct pw_operation *list; /* PW_OPERATIONS_MAX */
	struct pw_moment *moments; /* PW_MOMENTS_MAX */
};

/*
 * Make empty room for operations.
 *
 * Owns:   the arena owns it.
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_operations_make(struct pw_operations *operations,
				  struct pw_arena *arena,
				  struct pw_error *err) PW_MUST_CHECK;

#endif
