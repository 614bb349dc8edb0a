/*
 * oracle_lru.h - an LRU stack as a list, working sets by counting.
 */
#ifndef PW_TESTS_ORACLE_ORACLE_LRU_H
#define PW_TESTS_ORACLE_ORACLE_LRU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/batch.h"

/* A page is told by both. */
struct pw_oracle_place {
	uint64_t space, page;
};

struct pw_oracle_reference {
	struct pw_oracle_place place;
	bool fetch;
};

struct pw_oracle_references {
	struct pw_oracle_reference *item;
	size_t count, room;
};

/*
 * Append the references of @accesses, which are in @space, in pages of
 * @page_bytes.
 *
 * Owns:   *references holds memory until it is freed.
 * Errors: none; without memory it aborts, being a test.
 */
void pw_oracle_refer(struct pw_oracle_references *references, uint64_t space,
		     const struct pw_accesses *accesses, uint64_t page_bytes);

/*
 * Keep only those whose side is @fetch.
 */
void pw_oracle_keep_side(struct pw_oracle_references *references, bool fetch);

/*
 * Free the references.
 */
void pw_oracle_references_free(struct pw_oracle_references *references);

struct pw_oracle_lru {
	struct pw_oracle_place *stack; /* distinct ones, most recent first */
	uint64_t *hits; /* [d]: references found at depth d, from 1 */
	size_t pages, room;
	uint64_t references;
};

/*
 * Bring @place to the top and count the depth where it was found.
 *
 * Owns: *lru, zeroed at first, holds memory until pw_oracle_lru_free.
 * Cost: O(distinct pages).
 */
void pw_oracle_lru_refer(struct pw_oracle_lru *lru,
			 struct pw_oracle_place place);

/*
 * References that miss in a memory of @pages pages: all but those found at
 * that depth or above.
 */
uint64_t pw_oracle_lru_misses(const struct pw_oracle_lru *lru, uint64_t pages);

/*
 * Free the stack.
 */
void pw_oracle_lru_free(struct pw_oracle_lru *lru);

/*
 * Distinct pages among references [first, end), of both sides.
 */
uint64_t pw_oracle_distinct(const struct pw_oracle_references *references,
			    size_t first, size_t end);

/*
 * Sum over t = 1 .. N of the distinct pages among the last min(t, @window)
 * references up to t.
 *
 * Cost: O(references * window * distinct pages).
 */
uint64_t pw_oracle_working_set(const struct pw_oracle_references *references,
			       uint64_t window);

#endif
