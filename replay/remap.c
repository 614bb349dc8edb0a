/*
 * remap.c - mremap: mappings and their pages move, shrink or grow.
 *
 * Source: Linux mm/mremap.c.
 */
#include "replay/remap.h"

#include "base/assert.h"
#include "base/bits.h"
#include "replay/lock.h"
#include "replay/pages.h"
#include "replay/populate.h"

static uint64_t min(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t max(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static enum pw_status unmap(struct pw_system *system, struct pw_space *space,
			    struct pw_range range, struct pw_error *err)
{
	enum pw_status st;

	if (range.first >= range.end)
		return PW_OK;
	st = pw_pages_drop(system, space, range, err);
	return st == PW_OK ? pw_space_unmap(space, range, err) : st;
}

/* Extend the mapping that ends at @end; a locked one gets its pages. */
static enum pw_status extend(struct pw_system *system, struct pw_space *space,
			     struct pw_range growth, struct pw_error *err)
{
	const struct pw_mapping *mapping;

	PW_ASSERT(growth.first < growth.end);
	pw_space_extend(space, growth.first, growth.end);
	mapping = pw_space_find(space, growth.first, NULL);
	if (!mapping || mapping->lock != PW_LOCK_NOW)
		return PW_OK;
	return pw_populate(system, space, growth, PW_POPULATE_BY_MAPPING, err);
}

static enum pw_status resize(struct pw_system *system, struct pw_space *space,
			     const struct pw_remap *remap, struct pw_error *err)
{
	struct pw_range change = {min(remap->from.end, remap->to.end),
				  max(remap->from.end, remap->to.end)};
	enum pw_status st = unmap(system, space, change, err);

	if (st == PW_OK && remap->to.end > remap->from.end)
		st = extend(system, space, change, err);
	return st;
}

/* Make copies at the target of the mappings in @from, with their pages. */
static enum pw_status transfer(struct pw_system *system, struct pw_space *space,
			       struct pw_range from, uint64_t to,
			       struct pw_error *err)
{
	const struct pw_mapping *found;
	struct pw_range part;

	while (from.first < from.end &&
	       (found = pw_space_next(space, from.first, &part)) &&
	       part.first < from.end) {
		struct pw_mapping mapping = *found;
		struct pw_range target;
		enum pw_status st;

		part.first = max(part.first, from.first);
		part.end = min(part.end, from.end);
		PW_ASSERT(part.first < part.end);
		target.first = to + (part.first - from.first);
		target.end = target.first + (part.end - part.first);
		mapping.file_bias -= (target.first - part.first)
				     << space->page_shift;
		st = pw_space_map(space, target, &mapping, err);
		if (st == PW_OK)
			st = pw_pages_move(system, space, part, target.first,
					   err);
		if (st != PW_OK)
			return st;
		PW_ASSERT(target.end <= space->page_end);
		to = target.end;
		from.first = part.end;
	}
	return PW_OK;
}

/* MREMAP_DONTUNMAP: what was moved stays mapped, empty and not locked. */
static enum pw_status keep(struct pw_system *system, struct pw_space *space,
			   struct pw_range range, struct pw_error *err)
{
	enum pw_status st = pw_pages_drop(system, space, range, err);

	if (st != PW_OK)
		return st;
	return pw_lock_range(system, space, range, PW_LOCK_NONE, err);
}

static enum pw_status move(struct pw_system *system, struct pw_space *space,
			   const struct pw_remap *remap, struct pw_error *err)
{
	uint64_t old_pages = remap->from.end - remap->from.first;
	uint64_t new_pages = remap->to.end - remap->to.first;
	struct pw_range from = {remap->from.first,
				remap->from.first + min(old_pages, new_pages)};
	struct pw_range growth = remap->to;
	enum pw_status st = unmap(system, space, remap->to, err);

	PW_ASSERT(remap->from.first != remap->to.first && old_pages > 0);
	if (st == PW_OK)
		st = transfer(system, space, from, remap->to.first, err);
	if (st == PW_OK && !(remap->flags & PW_REMAP_DONTUNMAP))
		st = unmap(system, space, remap->from, err);
	else if (st == PW_OK)
		st = keep(system, space, remap->from, err);
	if (st != PW_OK || new_pages <= old_pages)
		return st;
	growth.first = remap->to.first + old_pages;
	return extend(system, space, growth, err);
}

enum pw_status pw_remap(struct pw_system *system, struct pw_space *space,
			const struct pw_remap *remap, struct pw_error *err)
{
	const struct pw_range *from = &remap->from;
	const struct pw_range *to = &remap->to;

	PW_ASSERT(from->first <= from->end && to->first <= to->end);
	if (from->first == from->end)
		return PW_OK;
	if (from->first == to->first)
		return resize(system, space, remap, err);
	if (max(from->first, to->first) < min(from->end, to->end))
		return PW_OK;
	return move(system, space, remap, err);
}
