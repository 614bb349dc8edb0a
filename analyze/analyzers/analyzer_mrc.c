/*
 * analyzer_mrc.c - the misses of an LRU memory of every size.
 */
#include "analyze/analyzers/analyzer_mrc.h"

#include "analyze/curve.h"
#include "analyze/miss_ratio.h"
#include "base/assert.h"
#include "base/bits.h"
#include "base/memory.h"

/*
 * Most bytes that a distinct page takes, while arrays and the page map grow:
 * 64 of the map, 24 of stack distances, 8 of misses and 64 of the curve's row.
 */
#define PAGE_COST 160
#define KNEES 8 /* points of the curve shown besides powers of two */

static const struct pw_table_spec summary_spec = {
	.name = "lru",
	.title = "LRU memory",
	.help = "Within 1 %: the smallest memory whose misses beyond the cold "
		"ones are less than 1 % of the references.",
	.form = PW_FORM_RECORD,
	.column = {{"side", "Side", PW_CELL_TEXT, PW_UNIT_NONE},
		   {"page_bytes", "Page size", PW_CELL_U64, PW_UNIT_BYTES},
		   {"references", "Page references", PW_CELL_U64,
		    PW_UNIT_COUNT},
		   {"distinct_pages", "Distinct pages", PW_CELL_U64,
		    PW_UNIT_COUNT},
		   {"distinct_bytes", "Distinct memory", PW_CELL_U64,
		    PW_UNIT_BYTES},
		   {"cold_misses", "Cold misses", PW_CELL_U64, PW_UNIT_COUNT},
		   {"cold_miss_ratio", "Cold miss ratio", PW_CELL_F64,
		    PW_UNIT_RATIO},
		   {"within_1pct_pages", "Pages within 1 %", PW_CELL_U64,
		    PW_UNIT_COUNT},
		   {"within_1pct_bytes", "Memory within 1 %", PW_CELL_U64,
		    PW_UNIT_BYTES}},
};

static const struct pw_table_spec curve_spec = {
	.name = "mrc",
	.title = "Miss-ratio curve",
	.help = "Misses, cold ones included, of an LRU memory of so many "
		"pages.",
	.form = PW_FORM_ROWS,
	.flags = PW_TABLE_PRIMARY | PW_TABLE_DETAIL,
	.chart = {.kind = PW_CHART_LINE,
		  .x = "pages",
		  .y = {"miss_ratio"},
		  .y_title = "miss ratio",
		  .log_x = true},
	.column = {{"pages", "Pages", PW_CELL_U64, PW_UNIT_COUNT},
		   {"miss_ratio", "Miss ratio", PW_CELL_F64, PW_UNIT_RATIO},
		   {"misses", "Misses", PW_CELL_U64, PW_UNIT_COUNT}},
};

static const struct pw_table_spec sizes_spec = {
	.name = "sizes",
	.title = "Misses by memory size",
	.help = "At powers of two, and at the knees: the sizes where the curve "
		"bends most.",
	.form = PW_FORM_ROWS,
	.column = {{"pages", "Pages", PW_CELL_U64, PW_UNIT_COUNT},
		   {"bytes", "Memory", PW_CELL_U64, PW_UNIT_BYTES},
		   {"miss_ratio", "Miss ratio", PW_CELL_F64, PW_UNIT_RATIO},
		   {"misses", "Misses", PW_CELL_U64, PW_UNIT_COUNT},
		   {"knee", "Knee", PW_CELL_BOOL, PW_UNIT_NONE}},
};

struct mrc {
	struct pw_mrc_args args;
	struct pw_miss_ratio *ratio;
	uint64_t *misses; /* of 1 .. pages pages */
	uint64_t references;
	uint64_t pages;
};

static void close(void *state)
{
	struct mrc *mrc = state;

	pw_miss_ratio_close(mrc->ratio);
	free(mrc->misses);
	free(mrc);
}

static enum pw_status begin(void **state, const void *args,
			    struct pw_error *err)
{
	struct mrc *mrc = calloc(1, sizeof(*mrc));
	struct pw_miss_ratio_options options;
	enum pw_status st;

	*state = NULL;
	if (!mrc)
		return pw_fail_memory(err, "a miss-ratio curve");
	if (args)
		mrc->args = *(const struct pw_mrc_args *)args;
	if (mrc->args.page_bytes == 0)
		mrc->args.page_bytes = PW_PAGE_BYTES;
	if (mrc->args.pages_max == 0)
		mrc->args.pages_max = pw_memory_half() / PAGE_COST;
	options = (struct pw_miss_ratio_options){
		.side = mrc->args.side,
		.page_bytes = mrc->args.page_bytes,
		.pages_max = mrc->args.pages_max,
	};
	st = pw_miss_ratio_open(&mrc->ratio, &options, err);
	if (st != PW_OK) {
		close(mrc);
		return st;
	}
	*state = mrc;
	return PW_OK;
}

static enum pw_status batch(void *state, const struct pw_batch *batch,
			    struct pw_error *err)
{
	struct mrc *mrc = state;

	return pw_miss_ratio_add(mrc->ratio, batch->space, &batch->accesses,
				 err);
}

/* ---- the answer ---- */

static enum pw_status sum_up(struct mrc *mrc, struct pw_error *err)
{
	uint64_t misses;

	mrc->references = pw_miss_ratio_references(mrc->ratio);
	mrc->pages = pw_miss_ratio_pages(mrc->ratio);
	mrc->misses = calloc((size_t)mrc->pages + 1, sizeof(*mrc->misses));
	if (!mrc->misses)
		return pw_fail_memory(err, "a miss-ratio curve");
	misses = mrc->references;
	for (uint64_t i = 0; i < mrc->pages; i++) {
		misses -= pw_miss_ratio_hits(mrc->ratio, i + 1);
		mrc->misses[i] = misses;
	}
	PW_ASSERT(misses == mrc->pages);
	return PW_OK;
}

/* Misses of @pages pages, which are 1 .. mrc->pages. */
static uint64_t misses_of(const struct mrc *mrc, uint64_t pages)
{
	PW_ASSERT(pages >= 1 && pages <= mrc->pages);
	return mrc->misses[pages - 1];
}

static double ratio_of(const struct mrc *mrc, uint64_t misses)
{
	return mrc->references ? (double)misses / (double)mrc->references : 0.0;
}

/* The smallest size with less than 1 % misses beyond the cold ones. */
static uint64_t pages_within(const struct mrc *mrc)
{
	for (uint64_t pages = 1; pages <= mrc->pages; pages++)
		if ((misses_of(mrc, pages) - mrc->pages) * 100 <
		    mrc->references)
			return pages;
	return mrc->pages;
}

static void add_summary(const struct mrc *mrc, struct pw_tables *out)
{
	static const char *const side[] = {"all", "data", "instruction"};
	struct pw_table *table = pw_table_add(out, &summary_spec);
	const uint64_t within = pages_within(mrc);

	pw_cell_text(table, side[mrc->args.side]);
	pw_cell_u64(table, mrc->args.page_bytes);
	pw_cell_u64(table, mrc->references);
	pw_cell_u64(table, mrc->pages);
	pw_cell_u64(table, mrc->pages * mrc->args.page_bytes);
	pw_cell_u64(table, mrc->pages);
	pw_cell_f64(table, ratio_of(mrc, mrc->pages));
	pw_cell_u64(table, within);
	pw_cell_u64(table, within * mrc->args.page_bytes);
}

static void add_point(const struct mrc *mrc, struct pw_table *table,
		      uint64_t pages)
{
	const uint64_t misses = misses_of(mrc, pages);

	pw_cell_u64(table, pages);
	pw_cell_f64(table, ratio_of(mrc, misses));
	pw_cell_u64(table, misses);
}

/* The curve by the points that keep its shape. */
static enum pw_status add_points(const struct mrc *mrc, struct pw_tables *out,
				 struct pw_error *err)
{
	const struct pw_curve curve = {mrc->misses, (size_t)mrc->pages};
	const size_t want = (size_t)mrc->args.points;
	struct pw_table *table = pw_table_add(out, &curve_spec);
	uint64_t *x = calloc(want, sizeof(*x));
	enum pw_status st;
	size_t chosen;
	double apart;

	if (!x)
		return pw_fail_memory(err, "points of a curve");
	st = pw_curve_pick(&curve, want, x, &chosen, &apart, err);
	for (size_t i = 0; i < chosen && st == PW_OK; i++)
		add_point(mrc, table, x[i]);
	free(x);
	return st;
}

static enum pw_status add_curve(const struct mrc *mrc, struct pw_tables *out,
				struct pw_error *err)
{
	struct pw_table *table;

	if (mrc->args.points >= 2 && mrc->args.points < mrc->pages)
		return add_points(mrc, out, err);
	table = pw_table_add(out, &curve_spec);
	for (uint64_t pages = 1; pages <= mrc->pages; pages++)
		add_point(mrc, table, pages);
	return PW_OK;
}

static void add_size(const struct mrc *mrc, struct pw_table *table,
		     uint64_t pages, bool knee)
{
	const uint64_t misses = misses_of(mrc, pages);

	pw_cell_u64(table, pages);
	pw_cell_u64(table, pages * mrc->args.page_bytes);
	pw_cell_f64(table, ratio_of(mrc, misses));
	pw_cell_u64(table, misses);
	pw_cell_bool(table, knee);
}

/* Powers of two and knees, merged in ascending order. */
static enum pw_status add_sizes(const struct mrc *mrc, struct pw_tables *out,
				struct pw_error *err)
{
	const struct pw_curve curve = {mrc->misses, (size_t)mrc->pages};
	struct pw_table *table = pw_table_add(out, &sizes_spec);
	uint64_t power = 1;
	uint64_t knee[KNEES];
	enum pw_status st;
	size_t knees;
	double apart;

	st = pw_curve_pick(&curve, KNEES, knee, &knees, &apart, err);
	if (st != PW_OK)
		return st;
	for (size_t i = 0; i < knees; i++) {
		/* The ends of a curve are no knees. */
		const bool bends = i > 0 && i + 1 < knees;

		for (; power < knee[i]; power *= 2)
			add_size(mrc, table, power, false);
		if (power == knee[i])
			power *= 2;
		add_size(mrc, table, knee[i], bends);
	}
	return PW_OK;
}

static enum pw_status end(void *state, struct pw_tables *out,
			  struct pw_error *err)
{
	struct mrc *mrc = state;
	enum pw_status st = sum_up(mrc, err);

	if (st != PW_OK)
		return st;
	add_summary(mrc, out);
	st = add_curve(mrc, out, err);
	if (st != PW_OK)
		return st;
	return add_sizes(mrc, out, err);
}

const struct pw_analyzer_ops pw_analyzer_mrc = {
	.name = "mrc",
	.summary = "miss ratio of an LRU memory of every size",
	.source = "Mattson, Gecsei, Slutz & Traiger, IBM Systems Journal 9(2), "
		  "1970",
	.begin = begin,
	.batch = batch,
	.end = end,
	.close = close,
};
