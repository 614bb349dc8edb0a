/*
 * cache_count.c - how much of files and of shared memory is in memory.
 */
#include "replay/memory/cache_count.h"

#include "base/assert.h"
#include "replay/memory/cache.h"

struct counts {
	struct pw_cache_count sum;
	uint64_t untold; /* pages of which nothing was said */
	uint64_t end;	 /* one past the file's last page; 0: unknown */
};

/* What was said of the pages of the file. */
static void count_told(const struct pw_system *system,
		       const struct pw_object *object, struct counts *counts)
{
	struct pw_cached told;

	for (uint64_t at = 0; at < counts->end; at = told.end) {
		bool said = pw_cache_told(system, object, at, &told);
		uint64_t pages;

		if (told.end > counts->end)
			told.end = counts->end;
		PW_ASSERT(told.end > at);
		pages = told.end - at;
		counts->untold += said ? 0 : pages;
		counts->sum.resident += told.there ? pages : 0;
		counts->sum.dirty += told.dirty ? pages : 0;
	}
}

/* Frames know better than what was said of their pages. */
static void count_frames(const struct pw_system *system,
			 const struct pw_object *object, struct counts *counts)
{
	size_t cursor = 0;
	uint64_t index, frame;

	while (object->frames &&
	       pw_pagemap_each(object->frames, &cursor, &index, &frame)) {
		bool dirty =
			pw_frame_at(&system->memory, (uint32_t)frame)->flags &
			PW_FRAME_DIRTY;
		struct pw_cached told = {0};

		if (index < counts->end &&
		    !pw_cache_told(system, object, index, &told))
			counts->untold--;
		counts->sum.resident += !told.there;
		counts->sum.dirty += dirty;
		counts->sum.dirty -= told.dirty;
	}
}

struct pw_cache_count pw_cache_count(const struct pw_system *system,
				     const struct pw_object *object)
{
	unsigned shift = system->machine->geometry.page_shift;
	uint64_t last = object->bytes ? object->bytes - 1 : 0;
	struct counts counts = {
		.end = object->bytes ? (last >> shift) + 1 : 0,
	};

	if (counts.end > pw_cache_end(system))
		counts.end = pw_cache_end(system);
	count_told(system, object, &counts);
	count_frames(system, object, &counts);
	counts.sum.resident +=
		counts.untold * pw_cache_assumed(system, object) / 100;
	if (object->kind == PW_OBJECT_SHMEM)
		counts.sum.dirty = 0;
	return counts.sum;
}
