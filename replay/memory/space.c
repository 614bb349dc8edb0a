/*
 * space.c - the address space of one process: mappings, break, page table.
 *
 * Descriptions of mappings are appended; when most are of mappings that have
 * gone, those in use are copied together.
 */
#include "replay/memory/space.h"

#include "base/assert.h"
#include "base/bits.h"

#define STACK_BYTES_DEFAULT (UINT64_C(8) << 20)
#define GUARD_PAGES 256
#define COMPACT_MIN 1024

/* Until the trace tells of them: none, but for the stack. */
static void forget_limits(struct pw_space *space)
{
	for (size_t i = 0; i < PW_LIMITS; i++)
		space->limit_bytes[i] = UINT64_MAX;
	space->limit_bytes[PW_LIMIT_STACK] = STACK_BYTES_DEFAULT;
	space->data_hard_bytes = UINT64_MAX;
}

enum pw_status pw_space_make(struct pw_space *space, uint32_t number,
			     struct pw_backings *backings,
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
	space->guards = (struct pw_intervals)PW_INTERVALS;
	space->kept.frames = (struct pw_array)PW_ARRAY(uint32_t);
	space->backings = backings;
	forget_limits(space);
	space->table_ops = table_ops;
	space->table = pw_arena_alloc(config->arena, 1, table_ops->state_bytes);
	if (!space->table || !table_ops->init(space->table, config))
		return pw_fail_memory(err, "a page table");
	return PW_OK;
}

static void forget_tables(struct pw_space *space)
{
	for (size_t h = 0; h < PW_LEVELS_MAX; h++)
		pw_pagemap_close(space->kept.set[h]);
	pw_array_free(&space->kept.frames);
	space->kept = (struct pw_kept_tables){.frames = PW_ARRAY(uint32_t)};
}

void pw_space_free(struct pw_space *space)
{
	forget_tables(space);
	pw_intervals_free(&space->ranges);
	pw_intervals_free(&space->guards);
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

/* Source: Linux mm/mmap.c vm_stat_account, is_exec_mapping and its kin. */
static void count(struct pw_space *space, const struct pw_mapping *mapping,
		  uint64_t pages, bool gone)
{
	const uint64_t kind = mapping->flags & (PW_VM_WRITE | PW_VM_EXEC |
						PW_VM_SHARED | PW_VM_GROWSDOWN);
	const uint64_t exec = kind & (uint64_t)~PW_VM_SHARED;
	const uint64_t data = kind & (uint64_t)~PW_VM_EXEC;
	const uint64_t step = gone ? 0 - pages : pages;

	space->use.total += step;
	if (exec == PW_VM_EXEC)
		space->use.exec += step;
	else if (kind & PW_VM_GROWSDOWN)
		space->use.stack += step;
	else if (data == PW_VM_WRITE)
		space->use.data += step;
	if (mapping->flags & PW_VM_LOCKED)
		space->use.locked += step;
	if (mapping->flags & PW_VM_ACCOUNT)
		space->use.charged += step;
	if (mapping->flags & PW_VM_ACCOUNT)
		space->backings->committed_pages += step;
	PW_DEBUG_ASSERT(space->use.total <= space->page_end);
	pw_backings_map(space->backings, mapping, pages, gone);
}

/* What is in @range is about to go. */
static void discount(struct pw_space *space, struct pw_range range)
{
	const struct pw_mapping *mapping;
	struct pw_range part;

	while ((mapping = pw_space_part(space, &range, &part)))
		count(space, mapping, part.end - part.first, true);
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
	if (space->mappings.count >= COMPACT_MIN &&
	    space->mappings.count / 2 > pw_intervals_count(&space->ranges))
		st = compact(space, err);
	if (st == PW_OK)
		st = pw_backings_expect(space->backings, copy.object, err);
	if (st == PW_OK)
		st = pw_array_push(&space->mappings, &copy, err);
	if (st != PW_OK)
		return st;
	count(space, &copy, range.end - range.first, false);
	discount(space, range);
	return pw_intervals_set(&space->ranges, range.first, range.end,
				space->mappings.count - 1, err);
}

enum pw_status pw_space_unmap(struct pw_space *space, struct pw_range range,
			      struct pw_error *err)
{
	enum pw_status st;

	PW_ASSERT(range.end <= space->page_end);
	if (range.first >= range.end)
		return PW_OK;
	discount(space, range);
	st = pw_intervals_clear(&space->ranges, range.first, range.end, err);
	if (st != PW_OK || pw_intervals_count(&space->guards) == 0)
		return st;
	return pw_intervals_clear(&space->guards, range.first, range.end, err);
}

/* The anon_vma that a mapping at @extent can share with a neighbour, or 0. */
static uint32_t shared_anon_vma(const struct pw_space *space,
				struct pw_range extent,
				const struct pw_mapping *mapping)
{
	const struct pw_mapping *beside =
		pw_space_find(space, extent.end, NULL);

	if (beside && pw_vma_can_share(beside, mapping))
		return beside->anon_vma;
	beside = extent.first > 0 ? pw_space_find(space, extent.first - 1, NULL)
				  : NULL;
	if (beside && pw_vma_can_share(beside, mapping))
		return beside->anon_vma;
	return 0;
}

enum pw_status pw_space_own_page(struct pw_space *space, uint64_t page,
				 struct pw_error *err)
{
	struct pw_interval *found = pw_intervals_find(&space->ranges, page);
	struct pw_mapping copy;
	enum pw_status st;

	if (!found)
		return PW_OK;
	copy = *describe(space, found);
	if (copy.shared || copy.anon_vma)
		return PW_OK;
	copy.anon_vma = shared_anon_vma(
		space, (struct pw_range){found->start, found->end}, &copy);
	if (!copy.anon_vma)
		copy.anon_vma = ++space->anon_vmas;
	copy.forked = false;
	st = pw_array_push(&space->mappings, &copy, err);
	if (st == PW_OK)
		found->value = space->mappings.count - 1;
	return st;
}

/* Whether the stack at @index may begin at @page. */
static bool may_grow(const struct pw_space *space, size_t index, uint64_t page)
{
	const struct pw_interval *stack =
		pw_intervals_at(&space->ranges, index);
	const struct pw_interval *below;
	const struct pw_mapping *other;
	unsigned shift = space->page_shift;

	if (!pw_vma_has(describe(space, stack), PW_VM_GROWSDOWN) ||
	    stack->end - page > space->limit_bytes[PW_LIMIT_STACK] >> shift ||
	    space->use.total + (stack->start - page) >
		    space->limit_bytes[PW_LIMIT_AS] >> shift)
		return false;
	if (index == 0)
		return true;
	below = pw_intervals_at(&space->ranges, index - 1);
	other = describe(space, below);
	return page - below->end >= GUARD_PAGES ||
	       pw_vma_has(other, PW_VM_GROWSDOWN) ||
	       !(other->flags & PW_VM_ACCESS);
}

bool pw_space_may_grow(const struct pw_space *space, uint64_t page)
{
	size_t index = pw_intervals_lower(&space->ranges, page);

	return index < pw_intervals_count(&space->ranges) &&
	       may_grow(space, index, page);
}

enum pw_status pw_space_grow_down(struct pw_space *space, uint64_t page,
				  bool *grown, struct pw_error *err)
{
	size_t index = pw_intervals_lower(&space->ranges, page);
	struct pw_interval *stack;
	enum pw_status st;

	*grown = false;
	if (!pw_space_may_grow(space, page))
		return PW_OK;
	stack = pw_intervals_at(&space->ranges, index);
	PW_ASSERT(page < stack->start);
	st = pw_space_own_page(space, stack->start, err);
	if (st != PW_OK)
		return st;
	count(space, describe(space, stack), stack->start - page, false);
	stack->start = page;
	pw_space_note_peak(space);
	*grown = true;
	return PW_OK;
}

/* Whether @extent holds a byte of pages first..end - 1. */
static bool meets(struct pw_range extent, uint64_t first, uint64_t end)
{
	return extent.first < end && first < extent.end;
}

const char *pw_space_name(const struct pw_space *space,
			  const struct pw_mapping *mapping,
			  struct pw_range extent)
{
	const struct pw_backing *label =
		pw_backings_at(space->backings, mapping->label);
	const struct pw_backing *backing =
		pw_backings_at(space->backings, mapping->backing);

	/* A label is of anonymous memory, shared too. */
	if (label)
		return label->name;
	if (backing)
		return backing->name;
	if (space->break_known &&
	    meets(extent, space->break_first, space->break_page))
		return "[heap]";
	if (space->stack_page && extent.first <= space->stack_page &&
	    space->stack_page < extent.end)
		return "[stack]";
	return "";
}

void pw_space_note_peak(struct pw_space *space)
{
	if (space->use.peak_total < space->use.total)
		space->use.peak_total = space->use.total;
}

void pw_space_clear(struct pw_space *space)
{
	discount(space, (struct pw_range){0, space->page_end});
	pw_intervals_free(&space->ranges);
	pw_intervals_free(&space->guards);
	pw_array_free(&space->mappings);
	PW_ASSERT(space->use.total == 0 && space->use.charged == 0);
	space->use = (struct pw_space_use){0};
	space->anon_vmas = 0;
	space->break_known = space->reads_execute = false;
	space->large_off = 0;
	space->break_first = space->break_page = 0;
	space->code_first = space->code_end = 0;
	space->program = 0;
	space->stack_page = 0;
	space->future_lock = 0;
	forget_limits(space);
	forget_tables(space);
}

uint64_t pw_space_pages(const struct pw_space *space)
{
	PW_ASSERT(space->use.total <= space->page_end);
	return space->use.total;
}

void pw_space_inherit(struct pw_space *child, const struct pw_space *parent)
{
	PW_ASSERT(child->use.total == 0);
	child->break_known = parent->break_known;
	child->break_first = parent->break_first;
	child->break_page = parent->break_page;
	child->code_first = parent->code_first;
	child->code_end = parent->code_end;
	child->program = parent->program;
	child->stack_page = parent->stack_page;
	child->reads_execute = parent->reads_execute;
	child->data_hard_bytes = parent->data_hard_bytes;
	child->large_off = parent->large_off;
	memcpy(child->limit_bytes, parent->limit_bytes,
	       sizeof(child->limit_bytes));
}
