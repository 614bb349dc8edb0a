/*
 * oracle_collapse.h - collapsing one access at a time, by the definitions.
 *
 * It lists every reference of every access, and says of each whether it is the
 * first of a run. Nothing is left out, so nothing can be lost.
 */
#ifndef PW_TESTS_ORACLE_COLLAPSE_H
#define PW_TESTS_ORACLE_COLLAPSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/array.h"
#include "base/status.h"

struct oracle_reference {
	uint32_t thread;
	bool fetch; /* which side */
	bool store;
	bool begins;	  /* the first reference of a run */
	bool first_store; /* the run's first one in a batch, not in all */
	bool first_load;  /* the run's first one in a batch, after stores */
	uint64_t page;
	uint64_t instruction; /* 0-based index of its instruction */
};

/* One access as the oracle wants it. */
struct oracle_access {
	uint32_t thread;
	uint8_t kind; /* enum pw_access_kind bits */
	uint32_t size_bytes;
	uint64_t address;
};

#define ORACLE_THREADS 8

struct oracle_collapse {
	struct pw_array references; /* struct oracle_reference */
	uint64_t begun[ORACLE_THREADS];
	/* Index + 1 of the last reference by thread and side; 0 for none. */
	size_t last[ORACLE_THREADS][2];
	bool wrote[ORACLE_THREADS];
	bool loaded[ORACLE_THREADS];
};

/*
 * Begin with no reference and all instruction clocks at zero.
 *
 * Owns: free it with oracle_collapse_free.
 */
void oracle_collapse_init(struct oracle_collapse *oracle);

/*
 * Free the references.
 */
void oracle_collapse_free(struct oracle_collapse *oracle);

/*
 * Add the references of one access.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status oracle_collapse_access(struct oracle_collapse *oracle,
				      const struct oracle_access *access,
				      struct pw_error *err) PW_MUST_CHECK;

/*
 * Begin a batch of @thread: its open data run has no load or store
 * yet.
 */
void oracle_collapse_begin_batch(struct oracle_collapse *oracle,
				 uint32_t thread);

/*
 * End both runs of @thread.
 */
void oracle_collapse_end_runs(struct oracle_collapse *oracle, uint32_t thread);

#endif
