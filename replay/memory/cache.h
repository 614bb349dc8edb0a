/*
 * cache.h - the page cache: which pages of files and of shared memory are in
 * memory, and in which frames.
 *
 * Pages of an object are told by their number in it: of file offsets the lowest
 * 57 bits are taken, as of addresses. A page is in the cache if an event or
 * what the model did says so; of what neither says, pages of files are as
 * memory.cache says and those of shared memory are not there. A page that is
 * there has a frame once something asks for it. An object of which no page was
 * ever asked for takes no memory but for what was told of it.
 */
#ifndef PW_REPLAY_CACHE_H
#define PW_REPLAY_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "replay/memory/system.h"

/* Pages [first, first + count) of an object, in folios of 2^order. */
struct pw_folios {
	uint64_t first;
	uint64_t count;
	unsigned order;
	bool dirty;
	bool assumed; /* nobody said so: they take no frames until asked for */
};

/* What is known of a page. */
struct pw_cached {
	uint64_t end; /* pages up to there are in the same state */
	unsigned order;
	bool there;
	bool dirty;
	bool marked; /* who comes here reads on: PG_readahead */
};

/* The number in its object of @page of @space, which @mapping maps. */
static inline uint64_t pw_cache_index(const struct pw_space *space,
				      const struct pw_mapping *mapping,
				      uint64_t page)
{
	uint64_t offset = (page << space->page_shift) + mapping->file_bias;
	uint64_t mask = ((uint64_t)1 << PW_ADDRESS_BITS) - 1;

	return (offset & mask) >> space->page_shift;
}

/*
 * One past the last page of an object of this system.
 */
uint64_t pw_cache_end(const struct pw_system *system);

/*
 * What is known of page @index of @object.
 *
 * Cost: O(log runs that were told).
 */
struct pw_cached pw_cache_look(const struct pw_system *system, uint32_t object,
			       uint64_t index);

/*
 * What events and the model said of page @index, frames aside; false: nothing.
 *
 * Cost: O(log runs that were told).
 */
bool pw_cache_told(const struct pw_system *system,
		   const struct pw_object *object, uint64_t index,
		   struct pw_cached *told);

/*
 * Of pages of @object of which nothing was said: how many of 100 are there.
 */
unsigned pw_cache_assumed(const struct pw_system *system,
			  const struct pw_object *object);

/*
 * The frame of page @index of @object, which is in the cache, or comes into it
 * now, as a folio of its own.
 *
 * Errors: PW_ERR_USAGE the machine's memory is full; PW_ERR_SYSTEM.
 */
enum pw_status pw_cache_frame(struct pw_system *system, uint32_t object,
			      uint64_t index, uint32_t *frame,
			      struct pw_error *err) PW_MUST_CHECK;

/*
 * The frame of page @index of @object, if it has one already, or PW_NO_FRAME.
 */
uint32_t pw_cache_peek(const struct pw_system *system, uint32_t object,
		       uint64_t index);

/*
 * Let pages of @object be in the cache, dirty if @folios says so; those that
 * have frames keep what is known of them.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_cache_fill(struct pw_system *system, uint32_t object,
			     const struct pw_folios *folios,
			     struct pw_error *err) PW_MUST_CHECK;

/*
 * Set or clear the mark of page @index, which is in the cache.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_cache_mark(struct pw_system *system, uint32_t object,
			     uint64_t index, bool marked,
			     struct pw_error *err) PW_MUST_CHECK;

/*
 * Let the folio that holds page @index, which is in the cache, be dirty.
 *
 * Errors: PW_ERR_SYSTEM.
 * Cost:   O(pages of the folio), once after it was clean.
 */
enum pw_status pw_cache_soil(struct pw_system *system, uint32_t object,
			     uint64_t index,
			     struct pw_error *err) PW_MUST_CHECK;

/*
 * Let pages [first, end) be clean. Those that have frames and were dirty are
 * pushed to @cleaned, uint64_t each.
 *
 * Errors: PW_ERR_SYSTEM.
 * Cost:   O(pages dirtied since they were cleaned, and runs).
 */
enum pw_status pw_cache_clean(struct pw_system *system, uint32_t object,
			      uint64_t first, uint64_t end,
			      struct pw_array *cleaned,
			      struct pw_error *err) PW_MUST_CHECK;

/*
 * Let pages [first, end) of @object not be in the cache. Entries that map them
 * keep their frames.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_cache_drop(struct pw_system *system, uint32_t object,
			     uint64_t first, uint64_t end,
			     struct pw_error *err) PW_MUST_CHECK;

/*
 * The same for those that are clean and that nothing maps.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_cache_drop_unused(struct pw_system *system, uint32_t object,
				    uint64_t first, uint64_t end,
				    struct pw_error *err) PW_MUST_CHECK;

/*
 * Let pages be in the cache, as an event tells; those that are dirty stay so.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_cache_tell(struct pw_system *system, uint32_t object,
			     const struct pw_folios *folios,
			     struct pw_error *err) PW_MUST_CHECK;

/*
 * Forget what was told of all pages. Pages that are in use or dirty stay; marks
 * come back with their pages.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_cache_forget(struct pw_system *system, uint32_t object,
			       struct pw_error *err) PW_MUST_CHECK;

/*
 * Let pages be in the cache of which that was told after all was forgotten.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_cache_recall(struct pw_system *system, uint32_t object,
			       const struct pw_folios *folios,
			       struct pw_error *err) PW_MUST_CHECK;

#endif
