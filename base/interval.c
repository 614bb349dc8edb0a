/*
 * interval.c - disjoint ranges as a sorted array with binary search.
 */
#include "base/interval.h"

#include "base/assert.h"

void pw_intervals_free(struct pw_intervals *set)
{
	pw_array_free(&set->list);
}

size_t pw_intervals_count(const struct pw_intervals *set)
{
	return set->list.count;
}

struct pw_interval *pw_intervals_at(const struct pw_intervals *set,
				    size_t index)
{
	PW_ASSERT(index < set->list.count);
	return &PW_ARRAY_AT(&set->list, struct pw_interval, index);
}

size_t pw_intervals_lower(const struct pw_intervals *set, uint64_t point)
{
	const struct pw_interval *items = set->list.data;
	size_t low = 0;
	size_t high = set->list.count;

	PW_DEBUG_ASSERT(high == 0 || items);
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (items[middle].end <= point)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct pw_interval *pw_intervals_find(const struct pw_intervals *set,
				      uint64_t point)
{
	size_t i = pw_intervals_lower(set, point);
	struct pw_interval *range;

	if (i == set->list.count)
		return NULL;
	range = pw_intervals_at(set, i);
	PW_DEBUG_ASSERT(range->start < range->end);
	return range->start <= point ? range : NULL;
}

/* Put @range at @index; the caller has reserved the room. */
static void insert(struct pw_intervals *set, size_t index,
		   struct pw_interval range)
{
	struct pw_interval *items = set->list.data;

	PW_ASSERT(set->list.count < set->list.capacity);
	PW_ASSERT(index <= set->list.count && range.start < range.end);
	memmove(items + index + 1, items + index,
		(set->list.count - index) * sizeof(*items));
	items[index] = range;
	set->list.count++;
}

/* Cut at @point; the caller has reserved the room. */
static void cut(struct pw_intervals *set, uint64_t point)
{
	size_t i = pw_intervals_lower(set, point);
	struct pw_interval *range;
	struct pw_interval tail;

	if (i == set->list.count)
		return;
	range = pw_intervals_at(set, i);
	if (range->start >= point)
		return;
	PW_ASSERT(point < range->end);
	tail = *range;
	tail.start = point;
	range->end = point;
	insert(set, i + 1, tail);
}

enum pw_status pw_intervals_split(struct pw_intervals *set, uint64_t point,
				  struct pw_error *err)
{
	enum pw_status st;

	st = pw_array_reserve(&set->list, set->list.count + 1, err);
	if (st != PW_OK)
		return st;
	cut(set, point);
	return PW_OK;
}

/*
 * Empty [start, end) and return where a range beginning there belongs. Room
 * for two more ranges has been reserved.
 */
static size_t empty(struct pw_intervals *set, uint64_t start, uint64_t end)
{
	struct pw_interval *items;
	size_t from;
	size_t to;

	cut(set, start);
	cut(set, end);
	items = set->list.data;
	from = pw_intervals_lower(set, start);
	to = from;
	while (to < set->list.count && items[to].start < end)
		to++;
	if (to > from)
		memmove(items + from, items + to,
			(set->list.count - to) * sizeof(*items));
	PW_ASSERT(from <= to && to <= set->list.count);
	set->list.count -= to - from;
	return from;
}

enum pw_status pw_intervals_set(struct pw_intervals *set, uint64_t start,
				uint64_t end, uint64_t value,
				struct pw_error *err)
{
	struct pw_interval range = {start, end, value};
	enum pw_status st;

	PW_ASSERT(start <= end);
	if (start == end)
		return PW_OK;
	st = pw_array_reserve(&set->list, set->list.count + 3, err);
	if (st != PW_OK)
		return st;
	insert(set, empty(set, start, end), range);
	return PW_OK;
}

enum pw_status pw_intervals_clear(struct pw_intervals *set, uint64_t start,
				  uint64_t end, struct pw_error *err)
{
	enum pw_status st;

	PW_ASSERT(start <= end);
	if (start == end)
		return PW_OK;
	st = pw_array_reserve(&set->list, set->list.count + 2, err);
	if (st != PW_OK)
		return st;
	empty(set, start, end);
	return PW_OK;
}
