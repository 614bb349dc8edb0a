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
#include "replay/system.h"

/* Pages [first, first + count) of an object, in folios of 2^order. */
struct pw_folios {
	uint64_t first;
	uint64_t count;
	unsigned order;
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
 * Whether page @index of @object is in the cache; then *order is that of its
 * folio.
 *
 * Cost: O(log runs that were told).
 */
bool pw_cache_holds(const struct pw_system *system, uint32_t object,
		    uint64_t index, unsigned *order);

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
 * Let pages of @object be in the cache.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_cache_fill(struct pw_system *system, uint32_t object,
			     const struct pw_folios *folios,
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

#endif
