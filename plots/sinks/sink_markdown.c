/*
 * sink_markdown.c - the document as Markdown tables.
 *
 * Source: GitHub Flavored Markdown Spec 0.29, 4.10 (tables) and 2.4
 *         (backslash escapes: any ASCII punctuation may be escaped).
 */
#include "base/assert.h"
#include "plots/pick.h"
#include "plots/show.h"

struct writer {
	FILE *out;
	const struct pw_sink_options *options;
	struct pw_show show;
	enum pw_show_style style;
	size_t headed; /* open groups whose heading has been printed */
	bool failed;   /* no memory for a text */
};

/* A text from outside, with all that could be markup escaped. */
static void put_text(struct writer *w, const char *text)
{
	const char *clean = pw_show_text(&w->show, text);

	if (!clean) {
		w->failed = true;
		return;
	}
	for (; *clean; clean++) {
		if (*clean == '<')
			fputs("&lt;", w->out);
		else if (*clean == '&')
			fputs("&amp;", w->out);
		else if (strchr("\\`*_{}[]>#|~^$!", *clean))
			fprintf(w->out, "\\%c", *clean);
		else
			putc(*clean, w->out);
	}
}

static void put_cell(struct writer *w, const struct pw_table *table, size_t row,
		     size_t column)
{
	const char *text;

	if (pw_table_cell_type(table, row, column) == PW_CELL_TEXT) {
		put_text(w, pw_table_cell(table, row, column).text);
		return;
	}
	text = pw_show_cell(&w->show, table, row, column, w->style);
	PW_ASSERT(text);
	fputs(text[0] == '<' ? "&lt;" : "", w->out);
	fputs(text + (text[0] == '<'), w->out);
}

static void put_head(struct writer *w, const struct pw_table *table)
{
	const struct pw_table_spec *spec = pw_table_spec(table);
	bool rows = spec->form == PW_FORM_ROWS;
	size_t columns = rows ? pw_table_columns(table) : 2;

	PW_ASSERT(columns > 0);
	putc('|', w->out);
	for (size_t i = 0; i < columns; i++) {
		putc(' ', w->out);
		if (rows)
			put_text(w, pw_show_title(spec, i));
		else
			fputs(i ? "value" : "name", w->out);
		fputs(" |", w->out);
	}
	fputs("\n|", w->out);
	for (size_t i = 0; i < columns; i++) {
		bool right = rows ? spec->column[i].type == PW_CELL_U64 ||
					     spec->column[i].type == PW_CELL_F64
				  : i == 1;

		fputs(right ? " ---: |" : " --- |", w->out);
	}
	putc('\n', w->out);
}

static void put_row(struct writer *w, const struct pw_table *table, size_t row)
{
	bool pairs = pw_table_spec(table)->form == PW_FORM_PAIRS;
	const char *title = pairs ? pw_table_pair_title(table, row) : NULL;

	putc('|', w->out);
	for (size_t i = 0; i < pw_table_columns(table); i++) {
		putc(' ', w->out);
		if (i == 0 && title)
			put_text(w, title);
		else
			put_cell(w, table, row, i);
		fputs(" |", w->out);
	}
	putc('\n', w->out);
}

/* A record lies on its side: a line a column. */
static void put_record(struct writer *w, const struct pw_table *table)
{
	PW_ASSERT(pw_table_spec(table)->form == PW_FORM_RECORD);
	for (size_t i = 0; i < pw_table_columns(table); i++) {
		fputs("| ", w->out);
		put_text(w, pw_show_title(pw_table_spec(table), i));
		fputs(" | ", w->out);
		put_cell(w, table, 0, i);
		fputs(" |\n", w->out);
	}
}

static void put_heading(struct writer *w, size_t level, const char *before,
			const char *text)
{
	PW_ASSERT(level >= 1);
	for (size_t i = 0; i < level && i < 6; i++)
		putc('#', w->out);
	fprintf(w->out, " %s", before);
	put_text(w, text);
	fputs("\n\n", w->out);
}

static enum pw_status put_table(struct writer *w, struct pw_table *table,
				size_t level, struct pw_error *err)
{
	const struct pw_table_spec *spec = pw_table_spec(table);
	enum pw_status st;
	size_t rows = 0;

	put_heading(w, level, "", spec->title ? spec->title : spec->name);
	if (spec->help) {
		put_text(w, spec->help);
		fputs("\n\n", w->out);
	}
	put_head(w, table);
	if (!pw_table_is_stream(table))
		pw_table_rewind(table);
	while ((st = pw_table_next(table, &rows, err)) == PW_OK && rows) {
		if (spec->form == PW_FORM_RECORD)
			put_record(w, table);
		for (size_t r = 0; r < rows && spec->form != PW_FORM_RECORD;
		     r++)
			put_row(w, table, r);
	}
	putc('\n', w->out);
	return st;
}

static void put_groups(struct writer *w, const struct pw_walk *walk)
{
	PW_ASSERT(w->headed <= walk->depth);
	for (; w->headed < walk->depth; w->headed++) {
		char before[80];

		snprintf(before, sizeof(before),
			 "%s: ", walk->open[w->headed]->group);
		put_heading(w, 2 + w->headed, before,
			    walk->open[w->headed]->label);
	}
}

static void put_title(struct writer *w, const struct pw_tables *tables)
{
	const char *partial = pw_tables_partial(tables);

	if (w->options->title)
		put_heading(w, 1, "", w->options->title);
	if (!partial)
		return;
	fputs("> **Partial results:** ", w->out);
	put_text(w, partial);
	fputs("\n\n", w->out);
}

static void put_foot(struct writer *w, const struct pw_tables *tables)
{
	const char *note;
	char names[400];

	for (size_t i = 0; (note = pw_tables_note_at(tables, i)); i++) {
		fputs("- ", w->out);
		put_text(w, note);
		putc('\n', w->out);
	}
	pw_pick_names(tables, true, names, sizeof(names));
	if (!names[0] || w->options->table)
		return;
	fputs("- Long tables left out: ", w->out);
	put_text(w, names);
	fputs(" (see one with `--table=NAME`).\n", w->out);
}

static enum pw_status write_markdown(FILE *out, struct pw_tables *tables,
				     const struct pw_sink_options *options,
				     struct pw_error *err)
{
	struct writer w = {
		.out = out,
		.options = options,
		.show = PW_SHOW,
		.style = options->raw_numbers ? PW_SHOW_EXACT : PW_SHOW_HUMAN,
	};
	enum pw_status st = pw_pick_check(tables, options, err);
	const struct pw_item *item;
	struct pw_walk walk;

	if (st == PW_OK)
		put_title(&w, tables);
	pw_walk_start(&walk, tables);
	while (st == PW_OK && (item = pw_walk_next(&walk))) {
		if (w.headed > walk.depth)
			w.headed = walk.depth;
		if (item->kind != PW_ITEM_TABLE ||
		    !pw_pick_shows(options, item->table))
			continue;
		put_groups(&w, &walk);
		st = put_table(&w, item->table, 2 + walk.depth, err);
	}
	if (st == PW_OK)
		put_foot(&w, tables);
	pw_show_free(&w.show);
	if (st == PW_OK && w.failed)
		st = pw_fail_memory(err, "the Markdown output");
	return st;
}

const struct pw_sink_ops pw_sink_markdown = {
	.name = "md",
	.summary = "Markdown tables, with units",
	.extension = ".md",
	.write = write_markdown,
};
