/*
 * sink_html.c - the document as one page with charts.
 *
 * Long tables are shown as a chart and a choice of their rows: a page is for
 * reading, and csv has them all.
 */
#include "base/assert.h"
#include "base/units.h"
#include "plots/chart.h"
#include "plots/page.h"
#include "plots/pick.h"

/* Rows of a table that a page shows. */
#define ROWS_SHOWN 32
/* Rows of a detail that need not be unfolded. */
#define ROWS_OPEN 8
/* Longer texts are cut. */
#define TEXT_BYTES 2000
/* With fewer entries there is no list of contents. */
#define CONTENTS_MIN 3

struct writer {
	FILE *out;
	const struct pw_sink_options *options;
	struct pw_show show;
	bool failed;   /* no memory for a text */
	bool pictures; /* no chart has failed */
};

static void put_text(struct writer *w, const char *text)
{
	if (!pw_page_text(w->out, &w->show, text))
		w->failed = true;
}

typedef bool put_text_fn(FILE *out, struct pw_show *show, const char *text);

static void put_cell_by(struct writer *w, put_text_fn *put,
			const struct pw_table *table, size_t row, size_t column)
{
	struct pw_show show = PW_SHOW_CUT(TEXT_BYTES);
	const char *text = pw_show_cell(
		&show, table, row, column,
		w->options->raw_numbers ? PW_SHOW_EXACT : PW_SHOW_HUMAN);

	if (!text || !put(w->out, &w->show, text))
		w->failed = true;
	pw_show_free(&show);
}

static void put_cell(struct writer *w, const struct pw_table *table, size_t row,
		     size_t column)
{
	put_cell_by(w, pw_page_text, table, row, column);
}

static bool shows(const struct writer *w, const struct pw_table *table)
{
	return !w->options->table ||
	       strcmp(pw_table_spec(table)->name, w->options->table) == 0;
}

static const char *heading_of(const struct pw_table_spec *spec)
{
	return spec->title ? spec->title : spec->name;
}

/* ---- the top of the page ---- */

static size_t count_entries(const struct writer *w, struct pw_tables *tables)
{
	const struct pw_item *item;
	struct pw_walk walk;
	size_t entries = 0;

	pw_walk_start(&walk, tables);
	while ((item = pw_walk_next(&walk)))
		entries +=
			item->kind == PW_ITEM_GROUP ||
			(item->kind == PW_ITEM_TABLE && shows(w, item->table));
	return entries;
}

static void put_entry(struct writer *w, const struct pw_walk *walk,
		      const char *text)
{
	fprintf(w->out, "<li><a href=\"#s%zu\">", walk->next);
	put_text(w, text);
	fputs("</a>", w->out);
}

static void put_contents(struct writer *w, struct pw_tables *tables)
{
	const struct pw_item *item;
	struct pw_walk walk;

	fputs("<nav>\n<p class=\"head\">Contents</p>\n<ul>\n", w->out);
	pw_walk_start(&walk, tables);
	while ((item = pw_walk_next(&walk))) {
		if (item->kind == PW_ITEM_GROUP) {
			put_entry(w, &walk, item->label);
			fputs("\n<ul>\n", w->out);
		} else if (item->kind == PW_ITEM_GROUP_END) {
			fputs("</ul></li>\n", w->out);
		} else if (shows(w, item->table)) {
			put_entry(w, &walk,
				  heading_of(pw_table_spec(item->table)));
			fputs("</li>\n", w->out);
		}
	}
	fputs("</ul>\n</nav>\n", w->out);
}

static void put_notes(struct writer *w, const struct pw_tables *tables)
{
	const char *partial = pw_tables_partial(tables);
	const char *note;

	if (partial) {
		fputs("<div class=\"banner\" role=\"alert\">"
		      "<strong>Partial results:</strong> ",
		      w->out);
		put_text(w, partial);
		fputs("</div>\n", w->out);
	}
	if (!pw_tables_note_at(tables, 0))
		return;
	fputs("<div class=\"notes\"><ul>\n", w->out);
	for (size_t i = 0; (note = pw_tables_note_at(tables, i)); i++) {
		fputs("<li>", w->out);
		put_text(w, note);
		fputs("</li>\n", w->out);
	}
	fputs("</ul></div>\n", w->out);
}

/* ---- tables ---- */

static void put_list(struct writer *w, const char *name_of_class,
		     const struct pw_table *table, size_t rows)
{
	bool record = pw_table_spec(table)->form == PW_FORM_RECORD;
	size_t count = record ? pw_table_columns(table) : rows;

	PW_ASSERT(pw_table_spec(table)->form != PW_FORM_ROWS);
	PW_ASSERT(!record || rows == 1);
	fprintf(w->out, "<dl class=\"%s\">\n", name_of_class);
	for (size_t i = 0; i < count; i++) {
		fputs("<div><dt>", w->out);
		if (record)
			put_text(w, pw_show_title(pw_table_spec(table), i));
		else if (pw_table_pair_title(table, i))
			put_text(w, pw_table_pair_title(table, i));
		else
			put_cell_by(w, pw_page_name, table, i, 0);
		fputs("</dt><dd>", w->out);
		put_cell(w, table, record ? 0 : i, record ? i : 1);
		fputs("</dd></div>\n", w->out);
	}
	fputs("</dl>\n", w->out);
}

static void put_row(struct writer *w, const struct pw_table *table, size_t row)
{
	fputs("<tr>", w->out);
	for (size_t i = 0; i < pw_table_columns(table); i++) {
		bool number = pw_show_is_number(table, row, i);

		fputs(number ? "<td class=\"n\">" : "<td>", w->out);
		put_cell(w, table, row, i);
		fputs("</td>", w->out);
	}
	fputs("</tr>\n", w->out);
}

static void put_grid(struct writer *w, const struct pw_table *table,
		     size_t rows, size_t shown)
{
	const struct pw_table_spec *spec = pw_table_spec(table);

	PW_ASSERT(shown >= 1 && shown <= rows);
	fputs("<div class=\"scroll\"><table>\n<thead><tr>", w->out);
	for (size_t i = 0; i < pw_table_columns(table); i++) {
		bool number = pw_show_is_number(table, 0, i);

		fputs(number ? "<th class=\"n\">" : "<th>", w->out);
		put_text(w, pw_show_title(spec, i));
		fputs("</th>", w->out);
	}
	fputs("</tr></thead>\n<tbody>\n", w->out);
	/* Evenly spaced from the first row to the last. */
	for (size_t i = 0; i < shown; i++)
		put_row(w, table,
			shown == 1 ? 0 : i * (rows - 1) / (shown - 1));
	fputs("</tbody>\n</table></div>\n", w->out);
}

/* The rows of the batch: all, or a choice that the reader can unfold. */
static void put_rows(struct writer *w, struct pw_table *table, size_t rows)
{
	char total[40];

	bool whole = rows <= ROWS_SHOWN && !pw_table_is_stream(table);
	bool detail = pw_table_spec(table)->flags & PW_TABLE_DETAIL;

	PW_ASSERT(rows > 0);
	if (whole && (rows <= ROWS_OPEN || !detail)) {
		put_grid(w, table, rows, rows);
		return;
	}
	fputs("<details><summary>", w->out);
	pw_format_u64(total, sizeof(total), rows, PW_UNIT_COUNT);
	if (whole) {
		fprintf(w->out, "%s rows", total);
	} else if (pw_table_is_stream(table)) {
		rows = rows < ROWS_SHOWN ? rows : ROWS_SHOWN;
		fputs("The first rows (--format=csv has all)", w->out);
	} else {
		fprintf(w->out,
			"%d of %s rows, evenly spaced (--format=csv "
			"--table=%s has all)",
			ROWS_SHOWN, total, pw_table_spec(table)->name);
	}
	fputs("</summary>\n", w->out);
	put_grid(w, table, rows, rows < ROWS_SHOWN ? rows : ROWS_SHOWN);
	fputs("</details>\n", w->out);
}

/* Without gnuplot a page has no pictures, and says so once. */
static void put_chart(struct writer *w, struct pw_table *table)
{
	struct pw_error why;
	char *svg;

	if (!w->pictures || !pw_chart_possible(table))
		return;
	if (pw_chart_svg(table, &svg, &why) == PW_OK) {
		fprintf(w->out, "<figure>%s</figure>\n", svg);
		free(svg);
		return;
	}
	w->pictures = false;
	fputs("<p class=\"notes\">Without pictures: ", w->out);
	put_text(w, why.message);
	if (why.hint[0]) {
		fputs(". To see them: ", w->out);
		put_text(w, why.hint);
	}
	fputs(".</p>\n", w->out);
}

static enum pw_status put_content(struct writer *w, struct pw_table *table,
				  struct pw_error *err)
{
	enum pw_table_form form = pw_table_spec(table)->form;
	enum pw_status st;
	size_t rows;

	if (form == PW_FORM_ROWS)
		put_chart(w, table);
	if (!pw_table_is_stream(table))
		pw_table_rewind(table);
	st = pw_table_next(table, &rows, err);
	if (st != PW_OK)
		return st;
	if (rows == 0)
		fputs("<p class=\"empty\">None.</p>\n", w->out);
	else if (form == PW_FORM_ROWS)
		put_rows(w, table, rows);
	else
		put_list(w, form == PW_FORM_RECORD ? "tiles" : "pairs", table,
			 rows);
	return PW_OK;
}

/* ---- structure ---- */

static void put_heading(struct writer *w, size_t depth, const char *text)
{
	int level = depth < 4 ? (int)depth + 2 : 6;

	fprintf(w->out, "<h%d>", level);
	put_text(w, text);
	fprintf(w->out, "</h%d>\n", level);
}

static enum pw_status put_table(struct writer *w, const struct pw_walk *walk,
				struct pw_table *table, struct pw_error *err)
{
	const struct pw_table_spec *spec = pw_table_spec(table);
	enum pw_status st;

	fprintf(w->out, "<section class=\"card\" id=\"s%zu\">\n", walk->next);
	put_heading(w, walk->depth, heading_of(spec));
	if (spec->help) {
		fputs("<p class=\"help\">", w->out);
		put_text(w, spec->help);
		fputs("</p>\n", w->out);
	}
	st = put_content(w, table, err);
	fputs("</section>\n", w->out);
	return st;
}

static void begin_group(struct writer *w, const struct pw_walk *walk,
			const struct pw_item *group)
{
	PW_ASSERT(walk->depth > 0);
	fprintf(w->out, "<section class=\"group\" id=\"s%zu\">\n", walk->next);
	put_heading(w, walk->depth - 1, group->label);
}

static enum pw_status put_body(struct writer *w, struct pw_tables *tables,
			       struct pw_error *err)
{
	const struct pw_item *item;
	enum pw_status st = PW_OK;
	struct pw_walk walk;

	fputs("<main>\n", w->out);
	put_notes(w, tables);
	pw_walk_start(&walk, tables);
	while (st == PW_OK && (item = pw_walk_next(&walk))) {
		if (item->kind == PW_ITEM_GROUP)
			begin_group(w, &walk, item);
		else if (item->kind == PW_ITEM_GROUP_END)
			fputs("</section>\n", w->out);
		else if (shows(w, item->table))
			st = put_table(w, &walk, item->table, err);
	}
	fputs("</main>\n", w->out);
	return st;
}

static enum pw_status put_page(struct writer *w, struct pw_tables *tables,
			       struct pw_error *err)
{
	const char *title = w->options->title ? w->options->title : "pagewalk";
	bool contents = count_entries(w, tables) >= CONTENTS_MIN;
	enum pw_status st;

	if (!pw_page_begin(w->out, &w->show, title))
		w->failed = true;
	fputs("<header><h1>", w->out);
	put_text(w, title);
	fputs("</h1></header>\n", w->out);
	fputs(contents ? "<div class=\"columns\">\n" : "<div>\n", w->out);
	if (contents)
		put_contents(w, tables);
	st = put_body(w, tables, err);
	fputs("</div>\n", w->out);
	pw_page_end(w->out);
	return st;
}

static enum pw_status write_html(FILE *out, struct pw_tables *tables,
				 const struct pw_sink_options *options,
				 struct pw_error *err)
{
	struct writer w = {
		.out = out,
		.options = options,
		.show = PW_SHOW_CUT(TEXT_BYTES),
		.pictures = true,
	};
	enum pw_status st = pw_pick_check(tables, options, err);

	if (st == PW_OK)
		st = put_page(&w, tables, err);
	pw_show_free(&w.show);
	if (st == PW_OK && w.failed)
		st = pw_fail_memory(err, "the page");
	return st;
}

const struct pw_sink_ops pw_sink_html = {
	.name = "html",
	.summary = "one page with charts, complete in itself",
	.extension = ".html",
	.write = write_html,
};
