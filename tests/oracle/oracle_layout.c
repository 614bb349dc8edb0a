/*
 * oracle_layout.c - where regions go, page by page.
 *
 * Source: replay/MODEL.md, "Relayout".
 */
#include "tests/oracle/oracle_layout.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/bits.h"

#define NOWHERE UINT64_MAX
#define MMAP_BASE UINT64_C(0x7ffff7fff)
#define LAST (UINT64_C(1) << 45) /* addresses have 57 bits */

void pw_oracle_layout_clear(struct pw_oracle_layout *layout)
{
	free(layout->place);
	*layout = (struct pw_oracle_layout){0};
}

void pw_oracle_layout_copy(struct pw_oracle_layout *to,
			   const struct pw_oracle_layout *from)
{
	*to = *from;
	to->room = from->places + 1;
	to->place = malloc(to->room * sizeof(*to->place));
	PW_ASSERT(to->place);
	to->places = 0;
	for (size_t i = 0; i < from->places; i++)
		if (!from->place[i].left)
			to->place[to->places++] = from->place[i];
}

static bool is_stray(const struct pw_oracle_layout *layout, uint64_t page)
{
	for (size_t i = 0; i < layout->places; i++) {
		if (layout->place[i].page == page)
			return layout->place[i].stray;
	}
	return false;
}

static uint64_t target_of(const struct pw_oracle_layout *layout, uint64_t page)
{
	for (size_t i = 0; i < layout->places; i++) {
		if (layout->place[i].page == page)
			return layout->place[i].target;
	}
	return NOWHERE;
}

/* Whether pages [first, first + count) are nobody's. */
static bool is_free(const struct pw_oracle_layout *layout, uint64_t first,
		    uint64_t count)
{
	if (first >= LAST || first + count > LAST)
		return false;
	for (size_t i = 0; i < layout->places; i++) {
		uint64_t target = layout->place[i].target;

		if (target >= first && target < first + count)
			return false;
	}
	return true;
}

/* The highest free place that ends at @top or lower; it touches something. */
static uint64_t highest(const struct pw_oracle_layout *layout, uint64_t count,
			uint64_t top)
{
	uint64_t best = NOWHERE;

	for (size_t i = 0; i <= layout->places; i++) {
		uint64_t end =
			i < layout->places ? layout->place[i].target : top;

		if (end > top || end < count + 16)
			continue;
		if ((best == NOWHERE || end - count > best) &&
		    is_free(layout, end - count, count))
			best = end - count;
	}
	return best;
}

static uint64_t top_down(const struct pw_oracle_layout *layout, uint64_t count,
			 bool align, uint64_t offset)
{
	uint64_t first = NOWHERE;

	if (align)
		first = highest(layout, count + 512, MMAP_BASE);
	if (first != NOWHERE) {
		/* Up to the next place that fits the offset, never none. */
		do
			first++;
		while (first % 512 != offset % 512);
		return first;
	}
	first = highest(layout, count, MMAP_BASE);
	if (first == NOWHERE)
		first = highest(layout, count, LAST);
	PW_ASSERT(first != NOWHERE);
	return first;
}

static void forget(struct pw_oracle_layout *layout, uint64_t first,
		   uint64_t end)
{
	size_t i = 0;

	while (i < layout->places) {
		if (layout->place[i].page >= first &&
		    layout->place[i].page < end)
			layout->place[i] = layout->place[--layout->places];
		else
			i++;
	}
}

static void put(struct pw_oracle_layout *layout, uint64_t page, uint64_t target,
		bool stray)
{
	PW_ASSERT(target_of(layout, page) == NOWHERE);
	PW_ASSERT(is_free(layout, target, 1));
	if (layout->places == layout->room) {
		layout->room = layout->room * 2 + 64;
		layout->place = realloc(layout->place,
					layout->room * sizeof(*layout->place));
		PW_ASSERT(layout->place);
	}
	layout->place[layout->places++] =
		(struct pw_oracle_place){page, target, stray, false};
}

/* Whether forks leave @page out; and that they do. */
static bool is_left(const struct pw_oracle_layout *layout, uint64_t page)
{
	for (size_t i = 0; i < layout->places; i++)
		if (layout->place[i].page == page)
			return layout->place[i].left;
	return false;
}

static void leave(struct pw_oracle_layout *layout, uint64_t page, bool left)
{
	for (size_t i = 0; i < layout->places; i++)
		if (layout->place[i].page == page && !layout->place[i].stray)
			layout->place[i].left = left;
}

static void put_all(struct pw_oracle_layout *layout, uint64_t first,
		    uint64_t count, uint64_t target)
{
	for (uint64_t i = 0; i < count; i++)
		put(layout, first + i, target + i, false);
}

uint64_t pw_oracle_layout_page(struct pw_oracle_layout *layout, uint64_t page)
{
	if (target_of(layout, page) == NOWHERE)
		put(layout, page,
		    is_free(layout, page, 1) ? page
					     : top_down(layout, 1, false, 0),
		    true);
	return target_of(layout, page);
}

/* Of the page itself or of the one below; false when neither has a place. */
static bool shift_near(const struct pw_oracle_layout *layout, uint64_t page,
		       uint64_t *shift)
{
	uint64_t target = target_of(layout, page);

	if (target == NOWHERE && page > 0) {
		page--;
		target = target_of(layout, page);
	}
	*shift = target == NOWHERE ? 0 : target - page;
	return target != NOWHERE;
}

/* Put pages to @want or, if that is taken, anywhere. */
static void place_at(struct pw_oracle_layout *layout, uint64_t first,
		     uint64_t count, uint64_t want)
{
	if (count == 0)
		return;
	forget(layout, first, first + count);
	if (!is_free(layout, want, count))
		want = top_down(layout, count, false, 0);
	put_all(layout, first, count, want);
}

static uint64_t pages_of(uint64_t bytes)
{
	return (bytes + PW_PAGE_BYTES - 1) >> PW_PAGE_SHIFT;
}

/* Those from page @first on; a range ends with the address space. */
static uint64_t pages_from(uint64_t first, uint64_t bytes)
{
	uint64_t pages = pages_of(bytes);

	return pages < LAST - first ? pages : LAST - first;
}

static void begin_image(struct pw_oracle_layout *layout, uint64_t first,
			uint64_t count)
{
	layout->main_now = !layout->main_seen;
	layout->main_seen = true;
	layout->image_first = first;
	layout->image_first_end = first + count;
	layout->image_shift = 0;
	if (first < 0x4000000)
		return;
	if (layout->main_now)
		layout->image_shift = 0x555555554 - first;
	else
		layout->image_shift = top_down(layout, count, false, 0) - first;
}

static void apply_map(struct pw_oracle_layout *layout,
		      const struct pw_event *event)
{
	const char *text = event->text ? event->text : "";
	uint64_t first = (event->arg[0] >> PW_PAGE_SHIFT) % LAST;
	uint64_t count = pages_from(first, event->arg[1]);
	bool is_user = first < (UINT64_C(1) << 35);
	bool is_low = first < 0x4000000;
	bool is_image =
		layout->image_end && (first == layout->image_end ||
				      (first >= layout->image_first &&
				       first < layout->image_first_end));

	if (count == 0)
		return;
	if (strcmp(text, "[heap]") == 0) {
		layout->break_known = true;
		layout->heap_shift =
			layout->main_end ? layout->main_end - first : 0;
		layout->break_page = first + count;
		place_at(layout, first, count, first + layout->heap_shift);
	} else if (strcmp(text, "[stack]") == 0) {
		place_at(layout, first, count, UINT64_C(0x7ffffffff) - count);
	} else if (text[0] == '[') {
		place_at(layout, first, count, first);
	} else if (is_user && (text[0] == '/' || is_image)) {
		if (!is_image)
			begin_image(layout, first, count);
		layout->image_end = first + count;
		if (layout->main_now &&
		    layout->image_end + layout->image_shift > layout->main_end)
			layout->main_end =
				layout->image_end + layout->image_shift;
		place_at(layout, first, count, first + layout->image_shift);
	} else if (is_low || !is_user || event->arg[2] == 0) {
		place_at(layout, first, count, first);
	} else {
		place_at(layout, first, count, NOWHERE);
	}
}

/* Whole pages of the size that is asked for. */
static uint64_t huge_bytes(uint64_t bytes, uint64_t flags)
{
	unsigned shift = flags >> 26 & 63 ? flags >> 26 & 63 : 21;
	uint64_t page = (uint64_t)1 << shift;

	if (!(flags & 0x40000) || shift >= 57 || bytes % page == 0)
		return bytes;
	return bytes + page - bytes % page;
}

static bool wants_alignment(const struct pw_event *event)
{
	const char *text = event->text ? event->text : "";
	uint64_t offset = event->arg[5] >> PW_PAGE_SHIFT;
	uint64_t count = pages_of(huge_bytes(event->arg[1], event->arg[3]));

	if (event->arg[3] & 0x20)
		return event->arg[0] == 0 && !(event->arg[3] & 1) &&
		       count % 512 == 0;
	if (strncmp(text, "/memfd:", 7) == 0 ||
	    strncmp(text, "/dev/", 5) == 0 || strncmp(text, "/SYSV", 5) == 0)
		return false;
	/* Whether an aligned piece of 2 MiB lies within. */
	while (count > 0 && offset % 512 != 0) {
		offset++;
		count--;
	}
	return text[0] == '/' && count >= 512;
}

static void apply_mmap(struct pw_oracle_layout *layout,
		       const struct pw_event *event)
{
	uint64_t first = (event->result >> PW_PAGE_SHIFT) % LAST;
	uint64_t count =
		pages_from(first, huge_bytes(event->arg[1], event->arg[3]));
	uint64_t offset = event->arg[3] & 0x20 ? 0 : event->arg[5] / 4096;
	uint64_t shift;
	bool near = shift_near(layout, first, &shift);

	if (count == 0)
		return;
	forget(layout, first, first + count);
	if (event->arg[3] & 0x100010) {
		if (near && is_free(layout, first + shift, count))
			put_all(layout, first, count, first + shift);
		else
			place_at(layout, first, count, first);
	} else if (event->arg[0] && event->arg[0] / 4096 == first) {
		place_at(layout, first, count, shift == 0 ? first : NOWHERE);
	} else {
		put_all(layout, first, count,
			top_down(layout, count, wants_alignment(event),
				 offset));
	}
}

static void apply_shmat(struct pw_oracle_layout *layout,
			const struct pw_event *event)
{
	uint64_t first = (event->result >> PW_PAGE_SHIFT) % LAST;
	uint64_t shift;

	(void)shift_near(layout, first, &shift);
	place_at(layout, first, pages_from(first, event->arg[3]),
		 event->arg[1] ? first + shift : NOWHERE);
}

static void apply_brk(struct pw_oracle_layout *layout, uint64_t new_break)
{
	uint64_t old = layout->break_page, wanted = pages_of(new_break);
	uint64_t want = old + layout->heap_shift;

	layout->break_page = wanted;
	if (!layout->break_known) {
		layout->break_known = true;
		layout->heap_shift =
			layout->main_end ? layout->main_end - wanted : 0;
	} else if (wanted < old) {
		forget(layout, wanted, old);
	} else if (wanted > old) {
		uint64_t below = target_of(layout, old - 1);

		forget(layout, old, wanted);
		if (below != NOWHERE &&
		    is_free(layout, below + 1, wanted - old))
			want = below + 1;
		place_at(layout, old, wanted - old, want);
	}
}

/* Whether [first, first + count) have places in one row, and no strays. */
static bool is_one_row(const struct pw_oracle_layout *layout, uint64_t first,
		       uint64_t count)
{
	uint64_t target = target_of(layout, first);

	for (uint64_t i = 0; i < count; i++) {
		if (target == NOWHERE ||
		    target_of(layout, first + i) != target + i ||
		    is_stray(layout, first + i))
			return false;
	}
	return true;
}

struct remap {
	uint64_t from, count, to, new_count; /* pages */
	uint64_t flags;
};

/* Whether @page has a place, and is no stray. */
static bool is_placed(const struct pw_oracle_layout *layout, uint64_t page)
{
	return target_of(layout, page) != NOWHERE && !is_stray(layout, page);
}

/* All of @from but strays goes to @target, and so does what is new if its last
 * page was there. */
static void move(struct pw_oracle_layout *layout, const struct remap *remap,
		 uint64_t target)
{
	uint64_t from = remap->from, to = remap->to;
	uint64_t count = remap->count, new_count = remap->new_count;
	bool stays = from != to && (remap->flags & 4);
	bool *had = calloc(count, sizeof(*had));
	bool *left = calloc(count, sizeof(*left));

	PW_ASSERT(had && left);
	for (uint64_t i = 0; i < count; i++) {
		had[i] = is_placed(layout, from + i);
		left[i] = is_left(layout, from + i);
		if (had[i] && !stays)
			forget(layout, from + i, from + i + 1);
	}
	for (uint64_t i = 0; i < new_count; i++)
		if (had[i < count ? i : count - 1]) {
			put(layout, to + i, target + i, false);
			leave(layout, to + i, left[i < count ? i : count - 1]);
		}
	free(had);
	free(left);
}

/* In place: only the row that ends at the old end grows. */
static void grow(struct pw_oracle_layout *layout, struct remap remap)
{
	uint64_t end = remap.from + remap.count;
	uint64_t new_end = remap.from + remap.new_count;
	uint64_t at;

	forget(layout, end, new_end);
	if (!is_one_row(layout, end - 1, 1))
		return;
	while (!is_one_row(layout, remap.from, end - remap.from))
		remap.from++;
	remap.to = remap.from;
	remap.count = end - remap.from;
	remap.new_count = new_end - remap.from;
	at = target_of(layout, remap.from);
	if (!is_free(layout, at + remap.count, new_end - end))
		at = top_down(layout, remap.new_count, false, 0);
	move(layout, &remap, at);
}

/* To other pages of the trace. */
static void relocate(struct pw_oracle_layout *layout, const struct remap *remap)
{
	uint64_t from = remap->from, count = remap->count;
	uint64_t new_count = remap->new_count;
	uint64_t region = target_of(layout, remap->to);
	uint64_t old = target_of(layout, from);

	for (uint64_t i = 0; i < new_count; i++)
		if (new_count != count || is_placed(layout, from + i))
			forget(layout, remap->to + i, remap->to + i + 1);
	forget(layout, from + new_count, from + count);
	if (new_count == 0)
		return;
	if (remap->flags & 2) {
		if (region != NOWHERE && is_free(layout, region, new_count))
			move(layout, remap, region);
		else if (is_free(layout, remap->to, new_count))
			move(layout, remap, remap->to);
		else
			move(layout, remap,
			     top_down(layout, new_count, false, 0));
	} else if (new_count > count && !(remap->flags & 4) &&
		   is_one_row(layout, from, count) &&
		   is_free(layout, old + count, new_count - count)) {
		move(layout, remap, old);
	} else {
		move(layout, remap, top_down(layout, new_count, false, 0));
	}
}

static void apply_mremap(struct pw_oracle_layout *layout,
			 const struct pw_event *event)
{
	const struct remap remap = {
		.from = (event->arg[0] >> PW_PAGE_SHIFT) % LAST,
		.count = pages_of(event->arg[1]),
		.to = (event->result >> PW_PAGE_SHIFT) % LAST,
		.new_count = pages_of(event->arg[2]),
		.flags = event->arg[3],
	};
	uint64_t end = remap.from + remap.count;

	if (remap.count == 0)
		return;
	if (remap.from != remap.to) {
		if (end <= remap.to || remap.to + remap.new_count <= remap.from)
			relocate(layout, &remap);
	} else if (remap.new_count > remap.count) {
		grow(layout, remap);
	} else {
		forget(layout, remap.from + remap.new_count, end);
	}
}

void pw_oracle_layout_event(struct pw_oracle_layout *layout,
			    const struct pw_event *event)
{
	uint64_t first = (event->arg[0] >> PW_PAGE_SHIFT) % LAST;

	switch ((unsigned)event->kind) {
	case PW_EVENT_map:
		apply_map(layout, event);
		break;
	case PW_EVENT_mmap:
		apply_mmap(layout, event);
		break;
	case PW_EVENT_shmat:
		apply_shmat(layout, event);
		break;
	case PW_EVENT_munmap:
	case PW_EVENT_shmdt:
		forget(layout, first, first + pages_from(first, event->arg[1]));
		break;
	case PW_EVENT_mremap:
		apply_mremap(layout, event);
		break;
	case PW_EVENT_brk:
		apply_brk(layout, event->result);
		break;
	case PW_EVENT_madvise:
		for (uint64_t i = 0; i < pages_from(first, event->arg[1]) &&
				     event->arg[2] / 2 == 5;
		     i++)
			leave(layout, first + i, event->arg[2] == 10);
		break;
	default:
		break;
	}
}
