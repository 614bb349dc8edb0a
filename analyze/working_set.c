/*
 * working_set.c - sums of min(interval, window) for many windows in one pass.
 *
 * The windows cut the intervals between uses of a page into classes; of each
 * class we keep how many intervals it has and their sum. For a window at the
 * upper edge of a class all intervals up to there count in full, and the
 * longer ones as the window.
 */
#include "analyze/working_set.h"

#include "analyze/page_ids.h"
#include "base/array.h"
#include "base/assert.h"
#include "base/bits.h"
#include "base/units.h"

#define POWERS 64

/* Intervals above the previous class's window, up to this one's. */
struct class
{
	uint64_t window;
	uint64_t count;
	uint64_t sum;
};

struct pw_working_set {
	uint64_t now;	  /* references so far */
	uint64_t repeats; /* intervals of 1 not yet in their class */
	uint64_t page;	  /* used last; UINT64_MAX: none yet */
	uint32_t id;
	struct class *classes; /* by window */
	size_t class_count;
	size_t power[POWERS];  /* class of the window 2^i */
	struct pw_array times; /* uint64_t, last use by page id */
	struct pw_page_ids ids;
	struct pw_reference_cursor cursor;
	struct pw_reference_block block;
};

static int by_window(const void *a, const void *b)
{
	const struct class *left = a;
	const struct class *right = b;

	return (left->window > right->window) - (left->window < right->window);
}

/* The classes of powers of two and the caller's windows, each once. */
static enum pw_status make_classes(struct pw_working_set *set,
				   const struct pw_working_set_options *options,
				   struct pw_error *err)
{
	size_t count = options->window_count + POWERS;
	size_t kept = 0;

	set->classes = calloc(count, sizeof(*set->classes));
	if (!set->classes)
		return pw_fail_memory(err, "the windows");
	for (size_t i = 0; i < POWERS; i++)
		set->classes[i].window = (uint64_t)1 << i;
	for (size_t i = 0; i < options->window_count; i++) {
		if (options->window[i] == 0)
			return pw_fail(err, PW_ERR_USAGE,
				       "window 0: a window holds at least one "
				       "reference");
		set->classes[POWERS + i].window = options->window[i];
	}
	qsort(set->classes, count, sizeof(*set->classes), by_window);
	for (size_t i = 0; i < count; i++) {
		uint64_t window = set->classes[i].window;

		if (kept > 0 && set->classes[kept - 1].window == window)
			continue;
		if (pw_is_pow2(window))
			set->power[pw_log2(window)] = kept;
		set->classes[kept++].window = window;
	}
	set->class_count = kept;
	return PW_OK;
}

enum pw_status pw_working_set_open(struct pw_working_set **out,
				   const struct pw_working_set_options *options,
				   struct pw_error *err)
{
	struct pw_working_set *set = calloc(1, sizeof(*set));
	enum pw_status st;

	*out = NULL;
	if (!set)
		return pw_fail_memory(err, "a working set");
	set->times = (struct pw_array)PW_ARRAY(uint64_t);
	set->page = UINT64_MAX;
	st = pw_references_start(&set->cursor, options->side,
				 options->page_bytes, err);
	if (st == PW_OK)
		st = make_classes(set, options, err);
	if (st == PW_OK)
		st = pw_page_ids_open(&set->ids, options->pages_max, err);
	if (st != PW_OK) {
		pw_working_set_close(set);
		return st;
	}
	*out = set;
	return PW_OK;
}

void pw_working_set_close(struct pw_working_set *set)
{
	if (!set)
		return;
	pw_page_ids_close(&set->ids);
	pw_array_free(&set->times);
	free(set->classes);
	free(set);
}

/* Count an interval of @length, at least 1. */
static void count_interval(struct pw_working_set *set, uint64_t length)
{
	/* Up to the next power of two there are only the caller's windows. */
	size_t i = set->power[pw_log2(length)];

	while (set->classes[i].window < length)
		i++;
	PW_DEBUG_ASSERT(i < set->class_count);
	set->classes[i].count++;
	set->classes[i].sum += length;
}

/* A reference at @now to another page than the one before. */
static enum pw_status change_page(struct pw_working_set *set, uint64_t page,
				  uint64_t now, struct pw_error *err)
{
	enum pw_status st;

	if (set->page != UINT64_MAX)
		PW_ARRAY_AT(&set->times, uint64_t, set->id) = now - 1;
	st = pw_page_ids_get(&set->ids, page, &set->id, err);
	if (st != PW_OK)
		return st;
	set->page = page;
	if (set->id == set->times.count)
		return pw_array_push(&set->times, &now, err);
	count_interval(set, now - PW_ARRAY_AT(&set->times, uint64_t, set->id));
	return PW_OK;
}

static enum pw_status add_block(struct pw_working_set *set,
				const struct pw_reference_block *block,
				struct pw_error *err)
{
	uint64_t now = set->now;
	uint64_t changes = 0;
	enum pw_status st;

	for (size_t i = 0; i < block->count; i++) {
		now++;
		if (block->page[i] == set->page)
			continue;
		changes++;
		pw_page_ids_prefetch(
			&set->ids,
			block->page[pw_page_ids_ahead(i, block->count)]);
		st = change_page(set, block->page[i], now, err);
		if (st != PW_OK)
			return st;
	}
	PW_ARRAY_AT(&set->times, uint64_t, set->id) = now;
	set->repeats += block->count - changes;
	set->now = now;
	return PW_OK;
}

enum pw_status pw_working_set_add(struct pw_working_set *set, uint64_t space,
				  const struct pw_accesses *accesses,
				  struct pw_error *err)
{
	enum pw_status st = pw_references_enter(&set->cursor, space, err);
	uint64_t bound;

	if (st != PW_OK)
		return st;
	while (pw_references_next(&set->cursor, accesses, &set->block)) {
		st = add_block(set, &set->block, err);
		if (st != PW_OK)
			return st;
	}
	/* No interval, and so no mean, is longer than the trace. */
	if (!pw_mul(set->now, set->times.count + 1, &bound))
		return pw_fail(err, PW_ERR_SYSTEM,
			       "the trace is too long for exact working-set "
			       "sums: %llu references to %zu pages",
			       (unsigned long long)set->now, set->times.count);
	return PW_OK;
}

uint64_t pw_working_set_references(const struct pw_working_set *set)
{
	return set->now;
}

uint64_t pw_working_set_pages(const struct pw_working_set *set)
{
	return set->times.count;
}

/*
 * The part of the last uses of all pages, from which a page stays until the
 * window or the trace ends.
 */
static uint64_t sum_last(const struct pw_working_set *set, uint64_t window)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < set->times.count; i++) {
		uint64_t last = PW_ARRAY_AT(&set->times, uint64_t, i);
		uint64_t length = set->now + 1 - last;

		PW_DEBUG_ASSERT(last >= 1 && last <= set->now);
		sum += length < window ? length : window;
	}
	return sum;
}

bool pw_working_set_sum(const struct pw_working_set *set, uint64_t window,
			uint64_t *sum)
{
	bool exact = window >= set->now;

	/* Intervals of 1 are the same in any window. */
	*sum = window ? set->repeats : 0;
	for (size_t i = 0; i < set->class_count; i++) {
		const struct class *class = &set->classes[i];

		exact |= class->window == window;
		*sum += class->window <= window || window >= set->now
				? class->sum
				: class->count * window;
	}
	*sum += sum_last(set, window);
	return exact;
}
