/*
 * space.c - the address space of one process: mappings, break, page table.
 *
 * Descriptions of mappings are appended; when most are of mappings that have
 * gone, those in use are copied together.
 */
#include "replay/space.h"

#include "base/assert.h"
#include "base/bits.h"

#define STACK_BYTES_MAX (UINT64_C(8) << 20)
#define GUARD_PAGES 256
#define COMPACT_MIN 1024

enum pw_status pw_space_make(struct pw_space *space, uint32_t number,
			     const struct pw_page_table_ops *table_ops,
			     const struct pw_page_table_config *config,
			     struct pw_error *err)
{
	memset(space, 0, sizeof(*space));
	space->number = number;
	space->page_shift = table_ops->geometry(config).page_shift;
	space->page_end = (uint64_t)1 << (PW_ADDRESS_BITS - space->page_shift);
	space->ranges = (struct pw_intervals)PW_INTERVALS;
	space->mappings = (struct pw_array)PW_ARRAY(struct pw_mapping);
	space->table_ops = table_ops;
	space->table = pw_arena_alloc(config->arena, 1, table_ops->state_bytes);
	if (!space->table || !table_ops->init(space->table, config))
		return pw_fail_memory(err, "a page table");
	return PW_OK;
}

void pw_space_free(struct pw_space *space)
{
	pw_intervals_free(&space->ranges);
	pw_array_free(&space->mappings);
}

struct pw_range pw_range_of(uint64_t address, uint64_t length)
{
	struct pw_range range;

	range.first = pw_page_fold(address >> PW_PAGE_SHIFT);
	range.end = range.first + (length >> PW_PAGE_SHIFT) +
		    ((length & (PW_PAGE_BYTES - 1)) != 0);
	if (range.end > PW_PAGE_END)
		range.end = PW_PAGE_END;
	PW_ASSERT(range.first <= range.end);
	return range;
}

struct pw_range pw_space_range(const struct pw_space *space, uint64_t address,
			       uint64_t length)
{
	unsigned shift = space->page_shift;
	uint64_t mask = pw_space_page_bytes(space) - 1;
	uint64_t place = address & (((uint64_t)1 << PW_ADDRESS_BITS) - 1);
	uint64_t rest = (place & mask) + (length & mask) + mask;
	struct pw_range range = {place >> shift, place >> shift};

	if (length > 0)
		range.end += (length >> shift) + (rest >> shift);
	if (range.end > space->page_end)
		range.end = space->page_end;
	PW_ASSERT(range.first <= range.end);
	return range;
}

static struct pw_mapping *describe(const struct pw_space *space,
				   const struct pw_interval *interval)
{
	PW_ASSERT(interval->value < space->mappings.count);
	return &PW_ARRAY_AT(&space->mappings, struct pw_mapping,
			    interval->value);
}

const struct pw_mapping *pw_space_find(const struct pw_space *space,
				       uint64_t page, struct pw_range *extent)
{
	const struct pw_interval *found =
		pw_intervals_find(&space->ranges, page);

	if (!found)
		return NULL;
	if (extent)
		*extent = (struct pw_range){found->start, found->end};
	return describe(space, found);
}

const struct pw_mapping *pw_space_next(const struct pw_space *space,
				       uint64_t page, struct pw_range *extent)
{
	size_t index = pw_intervals_lower(&space->ranges, page);
	const struct pw_interval *found;

	PW_ASSERT(page <= space->page_end);
	if (index == pw_intervals_count(&space->ranges))
		return NULL;
	found = pw_intervals_at(&space->ranges, index);
	*extent = (struct pw_range){found->start, found->end};
	return describe(space, found);
}

const struct pw_mapping *pw_space_part(const struct pw_space *space,
				       struct pw_range *range,
				       struct pw_range *part)
{
	const struct pw_mapping *mapping;

	if (range->first >= range->end)
		return NULL;
	mapping = pw_space_next(space, range->first, part);
	if (!mapping || part->first >= range->end)
		return NULL;
	if (part->first < range->first)
		part->first = range->first;
	if (part->end > range->end)
		part->end = range->end;
	PW_ASSERT(part->first < part->end);
	range->first = part->end;
	return mapping;
}

/* Parts of a mapping, once cut, own pages each for itself. */
enum pw_status pw_space_own_page(struct pw_space *space, uint64_t page,
				 struct pw_error *err)
{
	struct pw_interval *found = pw_intervals_find(&space->ranges, page);
	struct pw_mapping copy;
	enum pw_status st;

	if (!found || describe(space, found)->owns_pages)
		return PW_OK;
	copy = *describe(space, found);
	copy.owns_pages = true;
	st = pw_array_push(&space->mappings, &copy, err);
	if (st == PW_OK)
		found->value = space->mappings.count - 1;
	return st;
}

/* Keep only the descriptions in use; parts of one mapping may get copies. */
static enum pw_status compact(struct pw_space *space, struct pw_error *err)
{
	size_t count = pw_intervals_count(&space->ranges);
	struct pw_array kept = PW_ARRAY(struct pw_mapping);
	enum pw_status st = pw_array_reserve(&kept, count, err);

	for (size_t i = 0; st == PW_OK && i < count; i++) {
		struct pw_interval *interval =
			pw_intervals_at(&space->ranges, i);

		st = pw_array_push(&kept, describe(space, interval), err);
		interval->value = i;
	}
	if (st != PW_OK) {
		pw_array_free(&kept);
		return st;
	}
	pw_array_free(&space->mappings);
	PW_ASSERT(kept.count == count);
	space->mappings = kept;
	return PW_OK;
}

enum pw_status pw_space_map(struct pw_space *space, struct pw_range range,
			    const struct pw_mapping *mapping,
			    struct pw_error *err)
{
	struct pw_mapping copy = *mapping;
	enum pw_status st = PW_OK;

	PW_ASSERT(range.first < range.end && range.end <= space->page_end);
	PW_ASSERT((mapping->prot & ~(uint64_t)PW_PROT_MASK) == 0);
	if (space->mappings.count >= COMPACT_MIN &&
	    space->mappings.count / 2 > pw_intervals_count(&space->ranges))
		st = compact(space, err);
	if (st == PW_OK)
		st = pw_array_push(&space->mappings, &copy, err);
	if (st == PW_OK)
		st = pw_intervals_set(&space->ranges, range.first, range.end,
				      space->mappings.count - 1, err);
	return st;
}

/* Whether two mappings that touch each other are one to the kernel. */
static bool are_alike(const struct pw_mapping *a, const struct pw_mapping *b)
{
	return a->anonymous && b->anonymous && !a->shared && !b->shared &&
	       !a->grows_down && !b->grows_down && a->prot == b->prot &&
	       a->lock == b->lock && a->at_fork == b->at_fork &&
	       a->huge == b->huge && a->hugetlb_shift == b->hugetlb_shift;
}

enum pw_status pw_space_merge(struct pw_space *space, struct pw_range range,
			      const struct pw_mapping *mapping,
			      struct pw_error *err)
{
	struct pw_mapping merged = *mapping;
	const struct pw_mapping *beside = NULL;
	struct pw_range extent;

	PW_ASSERT(range.first < range.end);
	if (range.first > 0)
		beside = pw_space_find(space, range.first - 1, &extent);
	if (beside && are_alike(beside, mapping)) {
		range.first = extent.first;
		merged.owns_pages |= beside->owns_pages;
	}
	beside = pw_space_find(space, range.end, &extent);
	if (beside && are_alike(beside, mapping)) {
		range.end = extent.end;
		merged.owns_pages |= beside->owns_pages;
	}
	return pw_space_map(space, range, &merged, err);
}

enum pw_status pw_space_unmap(struct pw_space *space, struct pw_range range,
			      struct pw_error *err)
{
	PW_ASSERT(range.end <= space->page_end);
	if (range.first >= range.end)
		return PW_OK;
	return pw_intervals_clear(&space->ranges, range.first, range.end, err);
}

void pw_space_extend(struct pw_space *space, uint64_t end, uint64_t new_end)
{
	size_t index = pw_intervals_lower(&space->ranges, end - 1);
	struct pw_interval *found;

	PW_ASSERT(end > 0 && new_end >= end);
	if (index == pw_intervals_count(&space->ranges))
		return;
	found = pw_intervals_at(&space->ranges, index);
	if (found->end != end)
		return;
	if (index + 1 < pw_intervals_count(&space->ranges))
		PW_ASSERT(pw_intervals_at(&space->ranges, index + 1)->start >=
			  new_end);
	PW_ASSERT(found->start < new_end && new_end <= space->page_end);
	found->end = new_end;
}

bool pw_space_grow_down(struct pw_space *space, uint64_t page)
{
	size_t index = pw_intervals_lower(&space->ranges, page);
	struct pw_interval *stack;

	if (index == pw_intervals_count(&space->ranges))
		return false;
	stack = pw_intervals_at(&space->ranges, index);
	PW_ASSERT(stack->start > page);
	if (!describe(space, stack)->grows_down ||
	    stack->end - page > STACK_BYTES_MAX >> space->page_shift)
		return false;
	if (index > 0 &&
	    page - pw_intervals_at(&space->ranges, index - 1)->end <
		    GUARD_PAGES)
		return false;
	PW_ASSERT(page < stack->start);
	stack->start = page;
	return true;
}

void pw_space_clear(struct pw_space *space)
{
	pw_intervals_free(&space->ranges);
	pw_array_free(&space->mappings);
	space->break_known = false;
	space->break_page = 0;
	space->future_lock = PW_LOCK_NONE;
}

uint64_t pw_space_pages(const struct pw_space *space)
{
	size_t count = pw_intervals_count(&space->ranges);
	uint64_t pages = 0;

	for (size_t i = 0; i < count; i++) {
		const struct pw_interval *range =
			pw_intervals_at(&space->ranges, i);

		pages += range->end - range->start;
	}
	PW_ASSERT(pages <= space->page_end);
	return pages;
}
