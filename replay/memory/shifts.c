/*
 * shifts.c - a one-to-one map of the pages of an address space to other pages.
 */
#include "replay/memory/shifts.h"

#include "base/assert.h"

void pw_shifts_init(struct pw_shifts *shifts)
{
	shifts->from = (struct pw_intervals)PW_INTERVALS;
	shifts->to = (struct pw_intervals)PW_INTERVALS;
	shifts->left = (struct pw_intervals)PW_INTERVALS;
}

void pw_shifts_free(struct pw_shifts *shifts)
{
	pw_intervals_free(&shifts->from);
	pw_intervals_free(&shifts->to);
	pw_intervals_free(&shifts->left);
}

static enum pw_status copy(struct pw_intervals *to,
			   const struct pw_intervals *from,
			   struct pw_error *err)
{
	size_t count = pw_intervals_count(from);
	enum pw_status st = pw_array_reserve(&to->list, count, err);

	PW_ASSERT(pw_intervals_count(to) == 0);
	for (size_t i = 0; i < count && st == PW_OK; i++)
		st = pw_array_push(&to->list, pw_intervals_at(from, i), err);
	return st;
}

enum pw_status pw_shifts_copy(struct pw_shifts *to,
			      const struct pw_shifts *from,
			      struct pw_error *err)
{
	enum pw_status st = copy(&to->from, &from->from, err);

	if (st == PW_OK)
		st = copy(&to->to, &from->to, err);
	for (size_t i = 0; st == PW_OK && i < pw_intervals_count(&from->left);
	     i++) {
		const struct pw_interval *left =
			pw_intervals_at(&from->left, i);

		st = pw_shifts_clear(
			to, (struct pw_range){left->start, left->end}, err);
	}
	return st;
}

enum pw_status pw_shifts_leave(struct pw_shifts *shifts, struct pw_range range,
			       bool left, struct pw_error *err)
{
	struct pw_shift run;
	enum pw_status st = PW_OK;

	if (!left && range.first < range.end)
		return pw_intervals_clear(&shifts->left, range.first, range.end,
					  err);
	while (st == PW_OK && pw_shifts_run(shifts, &range, &run))
		if (!run.stray)
			st = pw_intervals_set(&shifts->left, run.range.first,
					      run.range.end, 0, err);
	return st;
}

/* Shifts are differences of page numbers: their top bits are all the same. */
static struct pw_shift read_interval(const struct pw_interval *interval)
{
	const uint64_t sign = interval->value & (UINT64_C(1) << 63);

	return (struct pw_shift){{interval->start, interval->end},
				 interval->value >> 1 | sign,
				 interval->value & 1};
}

bool pw_shifts_find(const struct pw_shifts *shifts, uint64_t page,
		    struct pw_shift *found)
{
	const struct pw_interval *interval =
		pw_intervals_find(&shifts->from, page);

	if (!interval)
		return false;
	*found = read_interval(interval);
	return true;
}

bool pw_shifts_run(const struct pw_shifts *shifts, struct pw_range *range,
		   struct pw_shift *run)
{
	size_t count = pw_intervals_count(&shifts->from);
	size_t index = pw_intervals_lower(&shifts->from, range->first);
	const struct pw_interval *at;
	uint64_t value;

	if (index == count || range->first >= range->end)
		return false;
	at = pw_intervals_at(&shifts->from, index);
	if (at->start >= range->end)
		return false;
	*run = read_interval(at);
	if (run->range.first < range->first)
		run->range.first = range->first;
	value = at->value;
	while (++index < count && run->range.end < range->end) {
		at = pw_intervals_at(&shifts->from, index);
		if (at->start != run->range.end || at->value != value)
			break;
		run->range.end = at->end;
	}
	if (run->range.end > range->end)
		run->range.end = range->end;
	range->first = run->range.end;
	return true;
}

bool pw_shifts_is_free(const struct pw_shifts *shifts, struct pw_range range)
{
	size_t index;

	if (range.first >= range.end || range.end > PW_PAGE_END)
		return false;
	index = pw_intervals_lower(&shifts->to, range.first);
	return index == pw_intervals_count(&shifts->to) ||
	       pw_intervals_at(&shifts->to, index)->start >= range.end;
}

enum pw_status pw_shifts_set(struct pw_shifts *shifts,
			     const struct pw_shift *shift, struct pw_error *err)
{
	struct pw_range range = shift->range;
	struct pw_range target = {range.first + shift->shift,
				  range.end + shift->shift};
	enum pw_status st;

	PW_ASSERT(range.first < range.end);
	PW_ASSERT(pw_shifts_is_free(shifts, target));
	st = pw_intervals_set(&shifts->from, range.first, range.end,
			      shift->shift << 1 | shift->stray, err);
	if (st == PW_OK)
		st = pw_intervals_set(&shifts->to, target.first, target.end, 0,
				      err);
	return st;
}

enum pw_status pw_shifts_clear(struct pw_shifts *shifts, struct pw_range range,
			       struct pw_error *err)
{
	struct pw_range rest = range;
	struct pw_shift run;
	enum pw_status st = PW_OK;

	while (st == PW_OK && pw_shifts_run(shifts, &rest, &run))
		st = pw_intervals_clear(&shifts->to,
					run.range.first + run.shift,
					run.range.end + run.shift, err);
	if (st == PW_OK && range.first < range.end)
		st = pw_intervals_clear(&shifts->from, range.first, range.end,
					err);
	if (st == PW_OK && range.first < range.end)
		st = pw_intervals_clear(&shifts->left, range.first, range.end,
					err);
	return st;
}

bool pw_shifts_gap(const struct pw_shifts *shifts, uint64_t pages,
		   struct pw_range within, uint64_t *first)
{
	size_t index = pw_intervals_lower(&shifts->to, within.end - 1);
	uint64_t top = within.end;

	PW_ASSERT(pages > 0 && within.first < within.end);
	if (index < pw_intervals_count(&shifts->to) &&
	    pw_intervals_at(&shifts->to, index)->start < top)
		top = pw_intervals_at(&shifts->to, index)->start;
	for (;;) {
		uint64_t bottom = within.first;

		if (index > 0 &&
		    pw_intervals_at(&shifts->to, index - 1)->end > bottom)
			bottom = pw_intervals_at(&shifts->to, index - 1)->end;
		if (top >= bottom && top - bottom >= pages) {
			*first = top - pages;
			return true;
		}
		if (index == 0)
			return false;
		index--;
		top = pw_intervals_at(&shifts->to, index)->start;
		if (top <= within.first)
			return false;
	}
}
