/*
 * cache_words.h - between the files of the page cache: what is known of pages,
 * as words of ranges of them.
 */
#ifndef PW_REPLAY_CACHE_WORDS_H
#define PW_REPLAY_CACHE_WORDS_H

#include "replay/cache.h"

#define PW_CACHE_ABSENT 0
#define PW_CACHE_ORDER_MASK 0xff /* the order of the folio plus 1 */
#define PW_CACHE_DIRTY PW_OBJECT_DIRTY
#define PW_CACHE_MARKED 0x200

/* Bits of words that change. */
struct pw_cache_bits {
	uint64_t set;
	uint64_t clear;
};

/*
 * Let [start, end) be @word, in one range with what is beside it and alike.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_cache_set(struct pw_object *object, uint64_t start,
			    uint64_t end, uint64_t word,
			    struct pw_error *err) PW_MUST_CHECK;

/*
 * Set and clear bits of what was told of [first, end) to be there.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_cache_change(const struct pw_system *system,
			       struct pw_object *object, uint64_t first,
			       uint64_t end, struct pw_cache_bits bits,
			       struct pw_error *err) PW_MUST_CHECK;

/*
 * Let pages be in the cache, as pw_cache_fill, but without a note of what is
 * dirty then.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_cache_put(struct pw_system *system, uint32_t object,
			    const struct pw_folios *folios,
			    struct pw_error *err) PW_MUST_CHECK;

#endif
