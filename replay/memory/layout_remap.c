/*
 * layout_remap.c - mremap in the layout of Linux.
 *
 * Source: Linux mm/mremap.c.
 */
#include "replay/memory/layout.h"

#include "base/assert.h"
#include "base/bits.h"

#define REMAP_FIXED 2
#define REMAP_DONTUNMAP 4

struct remap {
	struct pw_layout *layout;
	struct pw_array *out;
	struct pw_range from; /* old address and length */
	struct pw_range to;   /* result and new length */
	uint64_t flags;
};

/* Append mremap of @run, which gets @pages pages at @first. */
static enum pw_status emit(const struct remap *remap,
			   const struct pw_shift *run, uint64_t first,
			   uint64_t pages, struct pw_error *err)
{
	const struct pw_event event = {
		.kind = PW_EVENT_mremap,
		.result = first * PW_PAGE_BYTES,
		.arg = {(run->range.first + run->shift) * PW_PAGE_BYTES,
			(run->range.end - run->range.first) * PW_PAGE_BYTES,
			pages * PW_PAGE_BYTES, remap->flags,
			first * PW_PAGE_BYTES},
	};

	PW_ASSERT(pages > 0 && run->range.first < run->range.end);
	return pw_array_push(remap->out, &event, err);
}

static struct pw_range target_of(const struct remap *remap,
				 const struct pw_shift *run)
{
	uint64_t step = remap->to.first - remap->from.first;
	struct pw_range to = {run->range.first + step, run->range.end + step};

	if (run->range.end == remap->from.end)
		to.end = remap->to.end;
	return to;
}

/* What is where runs go goes; between them it stays, unless the length changes.
 */
static enum pw_status vacate_target(const struct remap *remap,
				    struct pw_error *err)
{
	struct pw_range rest = remap->from;
	struct pw_shift run;
	enum pw_status st = PW_OK;

	if (remap->to.end - remap->to.first !=
	    remap->from.end - remap->from.first)
		return pw_layout_vacate(remap->layout, remap->to, remap->out,
					err);
	while (st == PW_OK &&
	       pw_shifts_run(&remap->layout->shifts, &rest, &run))
		if (!run.stray)
			st = pw_layout_vacate(remap->layout,
					      target_of(remap, &run),
					      remap->out, err);
	return st;
}

/* Note what forks leave out of @run, and so where it goes, @to, and what grows
 * behind it. */
static enum pw_status note_left(const struct remap *remap,
				const struct pw_shift *run, struct pw_range to,
				struct pw_array *left, struct pw_error *err)
{
	const struct pw_intervals *all = &remap->layout->shifts.left;
	size_t i = pw_intervals_lower(all, run->range.first);
	enum pw_status st = PW_OK;

	for (; st == PW_OK && i < pw_intervals_count(all); i++) {
		const struct pw_interval *at = pw_intervals_at(all, i);
		uint64_t step = to.first - run->range.first;
		struct pw_range part = {at->start, at->end};

		if (at->start >= run->range.end)
			break;
		if (part.first < run->range.first)
			part.first = run->range.first;
		part.first += step;
		part.end = at->end >= run->range.end ? to.end : at->end + step;
		if (part.end > to.end)
			part.end = to.end;
		st = pw_array_push(left, &part, err);
	}
	return st;
}

/*
 * Let all runs of the old range go to @shift from the new one, and forget the
 * old ones unless they stay mapped. Strays stay where they are.
 */
static enum pw_status move(const struct remap *remap, uint64_t shift,
			   struct pw_error *err)
{
	uint64_t new_pages = remap->to.end - remap->to.first;
	struct pw_range rest = remap->from;
	struct pw_array runs = PW_ARRAY(struct pw_shift);
	struct pw_array left = PW_ARRAY(struct pw_range);
	struct pw_shift run;
	enum pw_status st = PW_OK;

	PW_ASSERT(remap->to.first < remap->to.end);
	if (rest.end - rest.first > new_pages)
		rest.end = rest.first + new_pages;
	while (st == PW_OK &&
	       pw_shifts_run(&remap->layout->shifts, &rest, &run)) {
		struct pw_range to = target_of(remap, &run);
		struct pw_range old = run.range;

		if (run.stray)
			continue;
		st = emit(remap, &run, to.first + shift, to.end - to.first,
			  err);
		if (st == PW_OK)
			st = note_left(remap, &run, to, &left, err);
		run = (struct pw_shift){to, shift, false};
		if (st == PW_OK)
			st = pw_array_push(&runs, &run, err);
		if (st == PW_OK && !(remap->flags & REMAP_DONTUNMAP))
			st = pw_shifts_clear(&remap->layout->shifts, old, err);
	}
	for (size_t i = 0; i < runs.count && st == PW_OK; i++) {
		run = PW_ARRAY_AT(&runs, struct pw_shift, i);
		st = pw_shifts_set(&remap->layout->shifts, &run, err);
	}
	for (size_t i = 0; i < left.count && st == PW_OK; i++)
		st = pw_shifts_leave(&remap->layout->shifts,
				     PW_ARRAY_AT(&left, struct pw_range, i),
				     true, err);
	pw_array_free(&runs);
	pw_array_free(&left);
	return st;
}

/* Whether the old range can grow where it is in the new layout. */
static bool can_grow(const struct remap *remap, uint64_t *shift)
{
	struct pw_range rest = remap->from;
	uint64_t grown = remap->from.first + (remap->to.end - remap->to.first);
	struct pw_shift run;

	if (!pw_shifts_run(&remap->layout->shifts, &rest, &run) || run.stray ||
	    run.range.first != remap->from.first ||
	    run.range.end != remap->from.end)
		return false;
	*shift = run.shift + remap->from.first - remap->to.first;
	return pw_shifts_is_free(&remap->layout->shifts,
				 (struct pw_range){run.range.end + run.shift,
						   grown + run.shift});
}

static enum pw_status grow(const struct remap *remap, struct pw_error *err)
{
	const struct pw_layout_wish wish = {.range = remap->to};
	uint64_t shift;
	enum pw_status st = PW_OK;

	PW_ASSERT(remap->to.end - remap->to.first >
		  remap->from.end - remap->from.first);
	if (!can_grow(remap, &shift))
		st = pw_layout_choose(remap->layout, &wish, &shift, err);
	return st == PW_OK ? move(remap, shift, err) : st;
}

/* To another address of the trace. */
static enum pw_status relocate(const struct remap *remap, struct pw_error *err)
{
	uint64_t pages = remap->to.end - remap->to.first;
	uint64_t old_pages = remap->from.end - remap->from.first;
	struct pw_range tail = {remap->from.first + pages, remap->from.end};
	uint64_t shifts[2] = {0, 0};
	struct pw_layout_wish wish = {.range = remap->to, .shift = shifts};
	struct pw_shift region;
	uint64_t shift;
	enum pw_status st;

	if (remap->flags & REMAP_FIXED) {
		wish.shift_count = 1;
		if (pw_shifts_find(&remap->layout->shifts, remap->to.first,
				   &region)) {
			shifts[0] = region.shift;
			wish.shift_count = 2;
		}
	}
	st = vacate_target(remap, err);
	if (st == PW_OK && tail.first < tail.end)
		st = pw_layout_vacate(remap->layout, tail, remap->out, err);
	if (st != PW_OK || pages == 0)
		return st;
	if (pages > old_pages &&
	    !(remap->flags & (REMAP_FIXED | REMAP_DONTUNMAP)))
		return grow(remap, err);
	st = pw_layout_choose(remap->layout, &wish, &shift, err);
	return st == PW_OK ? move(remap, shift, err) : st;
}

/* The run of a mapping that ends where the old range does. */
static bool find_last_run(const struct remap *remap, struct pw_shift *last)
{
	struct pw_range rest = remap->from;

	last->range.end = 0;
	while (pw_shifts_run(&remap->layout->shifts, &rest, last))
		PW_ASSERT(last->range.end <= remap->from.end);
	return last->range.end == remap->from.end && !last->stray;
}

/* An old length of 0: another mapping of the same shared memory. */
static enum pw_status duplicate(const struct remap *remap, struct pw_error *err)
{
	uint64_t shifts[1] = {0};
	const struct pw_layout_wish wish = {
		.range = remap->to,
		.shift = shifts,
		.shift_count = remap->flags & REMAP_FIXED ? 1 : 0};
	struct pw_event event = {.kind = PW_EVENT_mremap,
				 .arg = {0, 0, 0, remap->flags, 0}};
	struct pw_shift old, copy = {.range = remap->to};
	bool left;
	enum pw_status st;

	if (!pw_shifts_find(&remap->layout->shifts, remap->from.first, &old) ||
	    old.stray || remap->to.first == remap->to.end)
		return PW_OK;
	left = pw_intervals_find(&remap->layout->shifts.left,
				 remap->from.first) != NULL;
	st = pw_layout_vacate(remap->layout, remap->to, remap->out, err);
	if (st == PW_OK)
		st = pw_layout_choose(remap->layout, &wish, &copy.shift, err);
	if (st == PW_OK)
		st = pw_shifts_set(&remap->layout->shifts, &copy, err);
	if (st == PW_OK && left)
		st = pw_shifts_leave(&remap->layout->shifts, remap->to, true,
				     err);
	if (st != PW_OK)
		return st;
	event.arg[0] = (remap->from.first + old.shift) * PW_PAGE_BYTES;
	event.arg[2] = (remap->to.end - remap->to.first) * PW_PAGE_BYTES;
	event.arg[4] = (remap->to.first + copy.shift) * PW_PAGE_BYTES;
	event.result = event.arg[4];
	return pw_array_push(remap->out, &event, err);
}

enum pw_status pw_layout_remap(struct pw_layout *layout,
			       const struct pw_event *event,
			       struct pw_array *out, struct pw_error *err)
{
	const uint64_t *arg = event->arg;
	struct remap remap = {
		.layout = layout,
		.out = out,
		.from = pw_range_of(arg[0], arg[1]),
		.to = pw_range_of(event->result, arg[2]),
		.flags = arg[3],
	};
	struct pw_range change = {remap.to.end, remap.from.end};
	struct pw_shift last;
	enum pw_status st;

	if (remap.from.first == remap.from.end)
		return duplicate(&remap, err);
	if (remap.from.first != remap.to.first) {
		if (remap.from.first < remap.to.end &&
		    remap.to.first < remap.from.end)
			return PW_OK;
		return relocate(&remap, err);
	}
	if (remap.to.end <= remap.from.end)
		return pw_layout_vacate(layout, change, out, err);
	remap.flags &= ~(uint64_t)REMAP_DONTUNMAP;
	change = (struct pw_range){remap.from.end, remap.to.end};
	st = pw_layout_vacate(layout, change, out, err);
	if (st != PW_OK || !find_last_run(&remap, &last))
		return st;
	/* What does not lie in a row with what grows is no part of it. */
	remap.from.first = last.range.first;
	remap.to.first = last.range.first;
	return grow(&remap, err);
}
