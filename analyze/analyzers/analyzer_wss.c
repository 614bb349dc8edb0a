/*
 * analyzer_wss.c - working sets: the mean for every window, and over time.
 */
#include "analyze/analyzers/analyzer_wss.h"

#include "analyze/footprint.h"
#include "analyze/working_set.h"
#include "base/array.h"
#include "base/assert.h"
#include "base/bits.h"
#include "base/memory.h"

static const struct pw_table_spec summary_spec = {
	.name = "working_set",
	.title = "Working set",
	.help = "Percentiles are over the intervals of the table series.",
	.form = PW_FORM_RECORD,
	.column =
		{{"side", "Side", PW_CELL_TEXT, PW_UNIT_NONE},
		 {"references", "Page references", PW_CELL_U64, PW_UNIT_COUNT},
		 {"distinct_pages", "Distinct pages", PW_CELL_U64,
		  PW_UNIT_COUNT},
		 {"distinct_bytes", "Distinct memory", PW_CELL_U64,
		  PW_UNIT_BYTES},
		 {"intervals", "Intervals", PW_CELL_U64, PW_UNIT_COUNT},
		 {"interval_references", "References an interval", PW_CELL_U64,
		  PW_UNIT_COUNT},
		 {"p25_bytes", "Working set, p25", PW_CELL_U64, PW_UNIT_BYTES},
		 {"p50_bytes", "Working set, p50", PW_CELL_U64, PW_UNIT_BYTES},
		 {"p75_bytes", "Working set, p75", PW_CELL_U64, PW_UNIT_BYTES},
		 {"p100_bytes", "Working set, largest", PW_CELL_U64,
		  PW_UNIT_BYTES}},
};

static const struct pw_table_spec windows_spec = {
	.name = "windows",
	.title = "Mean working set by window",
	.help = "Distinct 4 KiB pages in windows of so many references, "
		"averaged over every reference of the trace.",
	.form = PW_FORM_ROWS,
	.flags = PW_TABLE_PRIMARY,
	.chart = {.kind = PW_CHART_LINE,
		  .x = "window",
		  .y = {"pages"},
		  .y_title = "mean working set (pages)",
		  .log_x = true},
	.column = {{"window", "Window", PW_CELL_U64, PW_UNIT_COUNT},
		   {"pages", "Pages", PW_CELL_F64, PW_UNIT_NONE}},
};

static const struct pw_table_spec sums_spec = {
	.name = "sums",
	.title = "Working set by window, exact",
	.help = "The sums behind the means: divided by the number of "
		"references they are the table windows.",
	.form = PW_FORM_ROWS,
	.flags = PW_TABLE_DETAIL,
	.column = {{"window", "Window", PW_CELL_U64, PW_UNIT_COUNT},
		   {"page_references", "Pages x references", PW_CELL_U64,
		    PW_UNIT_COUNT}},
};

static const struct pw_table_spec series_spec = {
	.name = "series",
	.title = "Working set over time",
	.help = "Distinct pages in consecutive intervals of page references; "
		"a page can be used as data and as instructions.",
	.form = PW_FORM_ROWS,
	.flags = PW_TABLE_DETAIL,
	.chart = {.kind = PW_CHART_STEPS,
		  .x = "start",
		  .y = {"pages", "data_pages", "instruction_pages"},
		  .y_title = "distinct pages"},
	.column = {{"start", "First reference", PW_CELL_U64, PW_UNIT_COUNT},
		   {"references", "References", PW_CELL_U64, PW_UNIT_COUNT},
		   {"pages", "Pages", PW_CELL_U64, PW_UNIT_COUNT},
		   {"bytes", "Memory", PW_CELL_U64, PW_UNIT_BYTES},
		   {"data_pages", "Data", PW_CELL_U64, PW_UNIT_COUNT},
		   {"instruction_pages", "Instructions", PW_CELL_U64,
		    PW_UNIT_COUNT},
		   {"new_pages", "First used here", PW_CELL_U64, PW_UNIT_COUNT},
		   {"total_pages", "Used so far", PW_CELL_U64, PW_UNIT_COUNT}},
};

struct wss {
	enum pw_side side;
	struct pw_working_set *set;
	struct pw_footprint *footprint;
	struct pw_array windows; /* uint64_t, the caller's */
};

static void close(void *state)
{
	struct wss *wss = state;

	pw_working_set_close(wss->set);
	pw_footprint_close(wss->footprint);
	pw_array_free(&wss->windows);
	free(wss);
}

/*
 * Most bytes that a distinct page takes, while arrays and page maps grow: 64
 * of one map, 43 of the other, 16 of times and 72 of the footprint.
 */
#define PAGE_COST 200

static enum pw_status set_up(struct wss *wss, const struct pw_wss_args *args,
			     struct pw_error *err)
{
	const size_t pages_max = args->pages_max ? args->pages_max
						 : pw_memory_half() / PAGE_COST;
	const struct pw_working_set_options set = {
		.side = args->side,
		.window = args->window,
		.window_count = args->window_count,
		.pages_max = pages_max,
	};
	const struct pw_footprint_options footprint = {
		.side = args->side,
		.interval = args->interval,
		.pages_max = pages_max,
	};
	enum pw_status st = PW_OK;

	wss->side = args->side;
	for (size_t i = 0; i < args->window_count && st == PW_OK; i++)
		st = pw_array_push(&wss->windows, &args->window[i], err);
	if (st == PW_OK)
		st = pw_working_set_open(&wss->set, &set, err);
	if (st == PW_OK)
		st = pw_footprint_open(&wss->footprint, &footprint, err);
	return st;
}

static enum pw_status begin(void **state, const void *args,
			    struct pw_error *err)
{
	static const struct pw_wss_args defaults = {0};
	struct wss *wss = calloc(1, sizeof(*wss));
	enum pw_status st;

	*state = NULL;
	if (!wss)
		return pw_fail_memory(err, "a working set");
	wss->windows = (struct pw_array)PW_ARRAY(uint64_t);
	st = set_up(wss, args ? args : &defaults, err);
	if (st != PW_OK) {
		close(wss);
		return st;
	}
	*state = wss;
	return PW_OK;
}

static enum pw_status batch(void *state, const struct pw_batch *batch,
			    struct pw_error *err)
{
	struct wss *wss = state;
	enum pw_status st;

	st = pw_working_set_add(wss->set, batch->space, &batch->accesses, err);
	if (st == PW_OK)
		st = pw_footprint_add(wss->footprint, batch->space,
				      &batch->accesses, err);
	return st;
}

/* ---- the answer ---- */

static int ascending(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a;
	uint64_t right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

/* The working sets of all intervals, smallest first. */
static enum pw_status sort_intervals(const struct wss *wss,
				     struct pw_array *pages,
				     struct pw_error *err)
{
	const size_t rows = pw_footprint_rows(wss->footprint);
	enum pw_status st = pw_array_reserve(pages, rows, err);

	for (size_t i = 0; i < rows && st == PW_OK; i++) {
		uint64_t count = pw_footprint_at(wss->footprint, i).pages;

		st = pw_array_push(pages, &count, err);
	}
	if (st == PW_OK && rows)
		qsort(pages->data, rows, sizeof(uint64_t), ascending);
	return st;
}

/* The smallest value that @percent of all values do not pass. */
static uint64_t percentile(const struct pw_array *sorted, size_t percent)
{
	size_t rank = (sorted->count * percent + 99) / 100;

	PW_ASSERT(percent >= 1 && percent <= 100);
	return sorted->count ? PW_ARRAY_AT(sorted, uint64_t, rank - 1) : 0;
}

static enum pw_status add_summary(const struct wss *wss, struct pw_tables *out,
				  struct pw_error *err)
{
	static const char *const side[] = {"all", "data", "instruction"};
	const uint64_t distinct = pw_working_set_pages(wss->set);
	struct pw_array pages = PW_ARRAY(uint64_t);
	enum pw_status st = sort_intervals(wss, &pages, err);
	struct pw_table *table;

	if (st == PW_OK) {
		table = pw_table_add(out, &summary_spec);
		pw_cell_text(table, side[wss->side]);
		pw_cell_u64(table, pw_working_set_references(wss->set));
		pw_cell_u64(table, distinct);
		pw_cell_u64(table, distinct * PW_PAGE_BYTES);
		pw_cell_u64(table, pages.count);
		pw_cell_u64(table, pw_footprint_interval(wss->footprint));
		for (size_t percent = 25; percent <= 100; percent += 25)
			pw_cell_u64(table, percentile(&pages, percent) *
						   PW_PAGE_BYTES);
	}
	pw_array_free(&pages);
	return st;
}

static void add_windows(const struct wss *wss, const struct pw_array *windows,
			struct pw_tables *out)
{
	const uint64_t references = pw_working_set_references(wss->set);
	struct pw_table *means = pw_table_add(out, &windows_spec);
	struct pw_table *sums = pw_table_add(out, &sums_spec);
	uint64_t sum;

	for (size_t i = 0; i < windows->count; i++) {
		const uint64_t window = PW_ARRAY_AT(windows, uint64_t, i);
		bool known;

		if (i && window == PW_ARRAY_AT(windows, uint64_t, i - 1))
			continue;
		known = pw_working_set_sum(wss->set, window, &sum);
		PW_ASSERT(known);
		pw_cell_u64(means, window);
		pw_cell_f64(means, references ? (double)sum / (double)references
					      : 0.0);
		pw_cell_u64(sums, window);
		pw_cell_u64(sums, sum);
	}
}

/* The caller's windows, powers of two below the length, and the length. */
static enum pw_status choose_windows(struct wss *wss, struct pw_error *err)
{
	const uint64_t references = pw_working_set_references(wss->set);
	enum pw_status st = PW_OK;

	for (uint64_t w = 1; w && w < references && st == PW_OK; w *= 2)
		st = pw_array_push(&wss->windows, &w, err);
	if (references && st == PW_OK)
		st = pw_array_push(&wss->windows, &references, err);
	if (wss->windows.count && st == PW_OK)
		qsort(wss->windows.data, wss->windows.count, sizeof(uint64_t),
		      ascending);
	return st;
}

static void add_series(const struct wss *wss, struct pw_tables *out)
{
	struct pw_table *table = pw_table_add(out, &series_spec);
	uint64_t start = 0;
	uint64_t total = 0;

	for (size_t i = 0; i < pw_footprint_rows(wss->footprint); i++) {
		const struct pw_footprint_row row =
			pw_footprint_at(wss->footprint, i);

		total += row.new_pages;
		pw_cell_u64(table, start);
		pw_cell_u64(table, row.references);
		pw_cell_u64(table, row.pages);
		pw_cell_u64(table, row.pages * PW_PAGE_BYTES);
		pw_cell_u64(table, row.data_pages);
		pw_cell_u64(table, row.instruction_pages);
		pw_cell_u64(table, row.new_pages);
		pw_cell_u64(table, total);
		start += row.references;
	}
	PW_ASSERT(total == pw_working_set_pages(wss->set));
}

static enum pw_status end(void *state, struct pw_tables *out,
			  struct pw_error *err)
{
	struct wss *wss = state;
	enum pw_status st = add_summary(wss, out, err);

	if (st == PW_OK)
		st = choose_windows(wss, err);
	if (st != PW_OK)
		return st;
	add_series(wss, out);
	add_windows(wss, &wss->windows, out);
	return PW_OK;
}

const struct pw_analyzer_ops pw_analyzer_wss = {
	.name = "wss",
	.summary = "working set: the mean for every window, and over time",
	.source = "Denning & Schwartz, CACM 15(3), 1972; Slutz & Traiger, "
		  "CACM 17(10), 1974",
	.begin = begin,
	.batch = batch,
	.end = end,
	.close = close,
};
