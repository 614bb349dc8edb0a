/*
 * wide_set.h - one set of many ways with true LRU, in constant time.
 *
 * Ways are linked from the most recent to the least recent one, and found by a
 * hash of their pages. Free ways are the least recent ones. Who never looks
 * pages up but only finds them has a queue, first in, first out.
 */
#ifndef PW_REPLAY_WIDE_SET_H
#define PW_REPLAY_WIDE_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PW_WIDE_SET_FREE UINT64_MAX /* no page has this number */

struct pw_wide_way {
	uint64_t page;
	uint32_t newer;
	uint32_t older;
};

/* The way past the last one is the head of the ring of ways. */
struct pw_wide_set {
	uint64_t ways;
	struct pw_wide_way way[]; /* then their struct pw_key_index */
};

/*
 * Memory for a set of @ways.
 *
 * Units: bytes, a multiple of 8.
 */
size_t pw_wide_set_bytes(size_t ways);

/*
 * Make @set an empty set of @ways.
 */
void pw_wide_set_init(struct pw_wide_set *set, size_t ways);

/*
 * Whether @page is there. Nothing changes.
 *
 * Cost: O(1).
 */
bool pw_wide_set_find(const struct pw_wide_set *set, uint64_t page);

/*
 * Whether @page is there; then it is the most recent now.
 *
 * Cost: O(1).
 */
bool pw_wide_set_lookup(struct pw_wide_set *set, uint64_t page);

/*
 * Put in @page, which is not there, in a free way or for the least recent one.
 *
 * Cost: O(1).
 */
void pw_wide_set_insert(struct pw_wide_set *set, uint64_t page);

/*
 * Remove what is there of pages [first, first + count).
 *
 * Cost: O(ways), or O(count) when that is less.
 */
void pw_wide_set_remove(struct pw_wide_set *set, uint64_t first,
			uint64_t count);

#endif
