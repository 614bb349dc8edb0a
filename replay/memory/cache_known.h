/*
 * cache_known.h - what was said of pages of an object, for the page cache's own
 * files.
 *
 * It is a set of ranges with a word each: 0 for pages that are not there; for
 * others the order of their folios plus 1, and flags (object.h). Whether a page
 * that has a frame is dirty, its frame tells. Who changes words settles it in
 * the end.
 */
#ifndef PW_REPLAY_CACHE_KNOWN_H
#define PW_REPLAY_CACHE_KNOWN_H

#include <stdint.h>

#include "base/status.h"
#include "replay/memory/cache.h"
#include "replay/memory/system.h"

#define PW_KNOWN_NOTHING UINT64_MAX /* no word: nothing was said */
#define PW_KNOWN_ORDER 0xff	    /* of a word: the order plus 1 */

/*
 * The word of page @index, or PW_KNOWN_NOTHING; *end is how far that reaches.
 *
 * Cost: O(log ranges).
 */
uint64_t pw_known_told(const struct pw_system *system,
		       const struct pw_object *object, uint64_t index,
		       uint64_t *end);

/*
 * The same, with what pages are taken for of which nothing was said.
 */
uint64_t pw_known_word(const struct pw_system *system,
		       const struct pw_object *object, uint64_t index,
		       uint64_t *end);

/*
 * Let pages [start, end) have @word.
 *
 * Errors: PW_ERR_SYSTEM.
 * Cost:   O(ranges + the lesser of those pages and frames of the object).
 */
enum pw_status pw_known_set(struct pw_object *object, uint64_t start,
			    uint64_t end, uint64_t word,
			    struct pw_error *err) PW_MUST_CHECK;

/* Bits of words that change. */
struct pw_known_bits {
	uint64_t set;
	uint64_t clear;
};

/*
 * Set and clear bits of words of [first, end) that say that pages are there.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_known_change(const struct pw_system *system,
			       struct pw_object *object, uint64_t first,
			       uint64_t end, struct pw_known_bits bits,
			       struct pw_error *err) PW_MUST_CHECK;

/*
 * Let no folio lie across a border of [first, end): such are split into single
 * pages.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_known_cut(const struct pw_system *system,
			    struct pw_object *object, uint64_t first,
			    uint64_t end, struct pw_error *err) PW_MUST_CHECK;

/*
 * Let pages be in the cache, as pw_cache_fill, but without settling.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_cache_put(struct pw_system *system, uint32_t object,
			    const struct pw_folios *folios,
			    struct pw_error *err) PW_MUST_CHECK;

/*
 * Let the flusher know of what is dirty, and memory of pages that were told to
 * be there and have no frame, which take memory as others do.
 *
 * Errors: PW_ERR_USAGE the machine's memory is full.
 */
enum pw_status pw_known_settle(struct pw_system *system, uint32_t object,
			       struct pw_error *err) PW_MUST_CHECK;

#endif
