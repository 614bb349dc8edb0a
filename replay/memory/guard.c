/*
 * guard.c - guard regions as a set of pages of each address space.
 */
#include "replay/memory/guard.h"

#include "base/assert.h"
#include "replay/memory/kept_tables.h"
#include "replay/memory/pages.h"

enum pw_status pw_guard_install(struct pw_system *system,
				struct pw_space *space, struct pw_range part,
				struct pw_error *err)
{
	struct pw_range extent;
	const struct pw_mapping *found =
		pw_space_find(space, part.first, &extent);
	struct pw_mapping mapping;
	enum pw_status st = PW_OK;

	PW_ASSERT(found && part.first < part.end);
	mapping = *found;
	mapping.flags |= PW_VM_MAYBE_GUARD;
	if (mapping.flags != found->flags)
		st = pw_space_map(space, extent, &mapping, err);
	if (st == PW_OK && mapping.anonymous)
		st = pw_space_own_page(space, part.first, err);
	if (st == PW_OK)
		st = pw_pages_drop(system, space, part, err);
	/* Each is an entry of a leaf table. */
	for (uint64_t page = part.first; st == PW_OK && page < part.end; page++)
		st = pw_kept_tables_need(system, space, page, 0, err);
	if (st != PW_OK)
		return st;
	return pw_intervals_set(&space->guards, part.first, part.end, 0, err);
}

enum pw_status pw_guard_remove(struct pw_space *space, struct pw_range range,
			       struct pw_error *err)
{
	if (range.first >= range.end || pw_intervals_count(&space->guards) == 0)
		return PW_OK;
	return pw_intervals_clear(&space->guards, range.first, range.end, err);
}

/* The next region in *range, which goes on behind it. */
static bool next_region(const struct pw_space *space, struct pw_range *range,
			struct pw_range *region)
{
	size_t index = pw_intervals_lower(&space->guards, range->first);
	const struct pw_interval *found;

	if (range->first >= range->end ||
	    index == pw_intervals_count(&space->guards))
		return false;
	found = pw_intervals_at(&space->guards, index);
	if (found->start >= range->end)
		return false;
	region->first =
		found->start > range->first ? found->start : range->first;
	region->end = found->end < range->end ? found->end : range->end;
	PW_ASSERT(region->first < region->end);
	range->first = region->end;
	return true;
}

enum pw_status pw_guard_move(struct pw_space *space, struct pw_range range,
			     uint64_t first, struct pw_error *err)
{
	struct pw_range rest = range, region;
	enum pw_status st = PW_OK;

	while (st == PW_OK && next_region(space, &rest, &region)) {
		uint64_t to = first + (region.first - range.first);

		st = pw_intervals_set(&space->guards, to,
				      to + (region.end - region.first), 0, err);
	}
	return st == PW_OK ? pw_guard_remove(space, range, err) : st;
}

enum pw_status pw_guard_copy(struct pw_space *child,
			     const struct pw_space *parent,
			     struct pw_range range, struct pw_error *err)
{
	struct pw_range region;
	enum pw_status st = PW_OK;

	PW_ASSERT(child != parent);
	while (st == PW_OK && next_region(parent, &range, &region))
		st = pw_intervals_set(&child->guards, region.first, region.end,
				      0, err);
	return st;
}

bool pw_guard_holds(const struct pw_space *space, uint64_t page)
{
	return pw_intervals_find(&space->guards, page) != NULL;
}

uint64_t pw_guard_first(const struct pw_space *space, struct pw_range range)
{
	struct pw_range region;
	const uint64_t end = range.end;

	return next_region(space, &range, &region) ? region.first : end;
}
