/*
 * readahead.h - what reading a file brings into the page cache besides.
 *
 * Each open file remembers how it was read. Files that were mapped before the
 * recording have one memory each as well. Shared memory is never read ahead.
 *
 * Source: Linux 6.18 mm/readahead.c, mm/filemap.c.
 */
#ifndef PW_REPLAY_READAHEAD_H
#define PW_REPLAY_READAHEAD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "replay/memory/system.h"

/* Advice about an open file. Linux include/uapi/linux/fadvise.h. */
enum pw_fadvise {
	PW_FADVISE_NORMAL,
	PW_FADVISE_RANDOM,
	PW_FADVISE_SEQUENTIAL,
	PW_FADVISE_WILLNEED,
	PW_FADVISE_DONTNEED,
};

/* Where something is read, in pages of an object. */
struct pw_reader {
	struct pw_system *system;
	uint32_t object;
	struct pw_read_state *state; /* of the open file */
};

/*
 * The reader of @object through open file @file (a backing's number, or 0).
 *
 * Owns:   its state is the system's; good until another one is asked for.
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_reader_of(struct pw_system *system, uint32_t object,
			    uint32_t file, struct pw_reader *reader,
			    struct pw_error *err) PW_MUST_CHECK;

/*
 * A fault at page @index, which is not in the cache, of a mapping with @flags
 * that maps the object up to @mapped_end. Afterwards the page is there.
 *
 * Errors: PW_ERR_SYSTEM.
 * Source: mm/filemap.c do_sync_mmap_readahead.
 */
enum pw_status pw_read_missing(const struct pw_reader *reader, uint64_t index,
			       uint64_t flags, uint64_t mapped_end,
			       struct pw_error *err) PW_MUST_CHECK;

/*
 * A fault that finds page @index in the cache. *read_on: it has begun to read
 * more.
 *
 * Errors: PW_ERR_SYSTEM.
 * Source: mm/filemap.c do_async_mmap_readahead.
 */
enum pw_status pw_read_found(const struct pw_reader *reader, uint64_t index,
			     uint64_t flags, bool *read_on,
			     struct pw_error *err) PW_MUST_CHECK;

/*
 * Note that fault-around came by @pages pages in the cache.
 *
 * Source: mm/filemap.c filemap_map_pages.
 */
void pw_read_passed(const struct pw_reader *reader, uint64_t pages);

/*
 * A call that reads @count bytes, as many as it got, at @offset.
 *
 * Errors: PW_ERR_SYSTEM.
 * Source: mm/filemap.c filemap_read, filemap_get_pages.
 */
enum pw_status pw_read_call(const struct pw_reader *reader, uint64_t offset,
			    uint64_t count, struct pw_error *err) PW_MUST_CHECK;

/*
 * Advice that pages [first, first + count) will be needed.
 *
 * Errors: PW_ERR_SYSTEM.
 * Source: mm/readahead.c force_page_cache_ra.
 */
enum pw_status pw_read_wanted(const struct pw_reader *reader, uint64_t first,
			      uint64_t count,
			      struct pw_error *err) PW_MUST_CHECK;

#endif
