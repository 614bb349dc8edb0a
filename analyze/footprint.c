/*
 * footprint.c - distinct pages of intervals whose length may double.
 *
 * A reference enters its page into the interval if the page's last use was in
 * an earlier one. With intervals numbered k and the last use in k', it is an
 * entry at every doubling up to the highest bit in which k and k' differ, so
 * counting entries by that bit (level) is enough to merge intervals in pairs:
 * entries of level 0 vanish, those of level h become level h - 1.
 */
#include "analyze/footprint.h"

#include "analyze/page_ids.h"
#include "base/array.h"
#include "base/assert.h"
#include "base/bits.h"

/* Numbers below 128 differ in one of 7 bits; first uses are the last level. */
#define LEVELS 8
#define FIRST_USE (LEVELS - 1)

_Static_assert(PW_FOOTPRINT_ROWS == 1 << FIRST_USE,
	       "a level for each bit of a row number");

enum view { VIEW_ALL, VIEW_DATA, VIEW_INSTRUCTION, VIEWS };

struct row {
	uint64_t references;
	uint64_t entries[VIEWS][LEVELS];
};

/* Times of last use, from 1; 0 is never. */
struct page {
	uint64_t used[VIEWS];
};

struct pw_footprint {
	uint64_t interval;
	bool doubles;
	uint64_t now;	      /* references so far */
	uint64_t row_start;   /* references before the last row */
	struct pw_array row;  /* struct row; the last one is open */
	struct pw_array page; /* struct page, by id */
	struct pw_page_ids ids;
	struct pw_reference_cursor cursor;
	struct pw_reference_block block;
};

enum pw_status pw_footprint_open(struct pw_footprint **out,
				 const struct pw_footprint_options *options,
				 struct pw_error *err)
{
	struct pw_footprint *footprint = calloc(1, sizeof(*footprint));
	enum pw_status st;

	*out = NULL;
	if (!footprint)
		return pw_fail_memory(err, "a footprint");
	footprint->doubles = options->interval == 0;
	footprint->interval = footprint->doubles ? 1 : options->interval;
	footprint->row = (struct pw_array)PW_ARRAY(struct row);
	footprint->page = (struct pw_array)PW_ARRAY(struct page);
	st = pw_references_start(&footprint->cursor, options->side,
				 options->page_bytes, err);
	if (st == PW_OK)
		st = pw_page_ids_open(&footprint->ids, options->pages_max, err);
	if (st != PW_OK) {
		pw_footprint_close(footprint);
		return st;
	}
	*out = footprint;
	return PW_OK;
}

void pw_footprint_close(struct pw_footprint *footprint)
{
	if (!footprint)
		return;
	pw_page_ids_close(&footprint->ids);
	pw_array_free(&footprint->row);
	pw_array_free(&footprint->page);
	free(footprint);
}

static struct row *row_at(const struct pw_footprint *footprint, size_t index)
{
	PW_ASSERT(index < footprint->row.count);
	return &PW_ARRAY_AT(&footprint->row, struct row, index);
}

/* Merge rows 2i and 2i + 1 into row i. */
static void merge_rows(struct pw_footprint *footprint)
{
	for (size_t i = 0; i < PW_FOOTPRINT_ROWS / 2; i++) {
		const struct row *even = row_at(footprint, 2 * i);
		const struct row *odd = row_at(footprint, 2 * i + 1);
		struct row sum = {even->references + odd->references, {{0}}};

		for (size_t v = 0; v < VIEWS; v++) {
			for (size_t h = 1; h < FIRST_USE; h++)
				sum.entries[v][h - 1] = even->entries[v][h] +
							odd->entries[v][h];
			sum.entries[v][FIRST_USE] =
				even->entries[v][FIRST_USE] +
				odd->entries[v][FIRST_USE];
		}
		*row_at(footprint, i) = sum;
	}
	footprint->row.count = PW_FOOTPRINT_ROWS / 2;
	footprint->interval *= 2;
}

/* Begin a row; the one before is full. */
static enum pw_status next_row(struct pw_footprint *footprint,
			       struct pw_error *err)
{
	PW_ASSERT(footprint->now % footprint->interval == 0);
	if (footprint->doubles && footprint->row.count == PW_FOOTPRINT_ROWS)
		merge_rows(footprint);
	footprint->row_start = footprint->now;
	return pw_array_push(&footprint->row, NULL, err);
}

/* The level at which a use now, after the last at @used, is an entry. */
static unsigned level(const struct pw_footprint *footprint, uint64_t used)
{
	uint64_t now_row;
	uint64_t used_row;

	if (used == 0)
		return FIRST_USE;
	if (!footprint->doubles)
		return 0;
	now_row = footprint->row_start / footprint->interval;
	used_row = (used - 1) / footprint->interval;
	PW_DEBUG_ASSERT(now_row > used_row && now_row < PW_FOOTPRINT_ROWS);
	return pw_log2(now_row ^ used_row);
}

/* Count a use at @now in one view of the page. */
static inline void use(struct pw_footprint *footprint, struct row *row,
		       struct page *page, enum view view, uint64_t now)
{
	uint64_t *used = &page->used[view];

	if (*used <= footprint->row_start)
		row->entries[view][level(footprint, *used)]++;
	*used = now;
}

/* Count block->page[from .. to - 1], which belong to the open row. */
static enum pw_status add_part(struct pw_footprint *footprint, size_t from,
			       size_t to, struct pw_error *err)
{
	const struct pw_reference_block *block = &footprint->block;
	struct row *row = row_at(footprint, footprint->row.count - 1);
	enum pw_status st;

	for (size_t i = from; i < to; i++) {
		struct page *page;
		uint32_t id;

		pw_page_ids_prefetch(
			&footprint->ids,
			block->page[pw_page_ids_ahead(i, block->count)]);
		st = pw_page_ids_get(&footprint->ids, block->page[i], &id, err);
		if (st != PW_OK)
			return st;
		if (id == footprint->page.count) {
			st = pw_array_push(&footprint->page, NULL, err);
			if (st != PW_OK)
				return st;
		}
		page = &PW_ARRAY_AT(&footprint->page, struct page, id);
		footprint->now++;
		use(footprint, row, page, VIEW_ALL, footprint->now);
		use(footprint, row, page,
		    block->fetch[i] ? VIEW_INSTRUCTION : VIEW_DATA,
		    footprint->now);
	}
	row->references += to - from;
	return PW_OK;
}

static enum pw_status add_block(struct pw_footprint *footprint,
				struct pw_error *err)
{
	const size_t count = footprint->block.count;
	enum pw_status st;
	size_t from = 0;

	while (from < count) {
		uint64_t room;
		size_t to = count;

		if (footprint->now % footprint->interval == 0) {
			st = next_row(footprint, err);
			if (st != PW_OK)
				return st;
		}
		room = footprint->interval -
		       (footprint->now - footprint->row_start);
		if (room < count - from)
			to = from + (size_t)room;
		st = add_part(footprint, from, to, err);
		if (st != PW_OK)
			return st;
		from = to;
	}
	return PW_OK;
}

enum pw_status pw_footprint_add(struct pw_footprint *footprint, uint64_t space,
				const struct pw_accesses *accesses,
				struct pw_error *err)
{
	enum pw_status st = pw_references_enter(&footprint->cursor, space, err);

	if (st != PW_OK)
		return st;
	while (pw_references_next(&footprint->cursor, accesses,
				  &footprint->block)) {
		st = add_block(footprint, err);
		if (st != PW_OK)
			return st;
	}
	return PW_OK;
}

uint64_t pw_footprint_interval(const struct pw_footprint *footprint)
{
	return footprint->interval;
}

size_t pw_footprint_rows(const struct pw_footprint *footprint)
{
	return footprint->row.count;
}

static uint64_t entries(const struct row *row, enum view view)
{
	uint64_t sum = 0;

	for (size_t h = 0; h < LEVELS; h++)
		sum += row->entries[view][h];
	return sum;
}

struct pw_footprint_row pw_footprint_at(const struct pw_footprint *footprint,
					size_t index)
{
	const struct row *row = row_at(footprint, index);
	struct pw_footprint_row out = {
		.references = row->references,
		.pages = entries(row, VIEW_ALL),
		.data_pages = entries(row, VIEW_DATA),
		.instruction_pages = entries(row, VIEW_INSTRUCTION),
		.new_pages = row->entries[VIEW_ALL][FIRST_USE],
	};

	PW_ASSERT(out.new_pages <= out.pages);
	PW_ASSERT(out.pages <= out.data_pages + out.instruction_pages);
	return out;
}
