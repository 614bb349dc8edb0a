/*
 * sink_table.c - the document as text for people.
 */
#include <locale.h>

#include "base/assert.h"
#include "plots/grid.h"
#include "plots/pick.h"

#define BOLD "\033[1m"
#define RED "\033[1;31m"
#define RESET "\033[0m"

struct writer {
	FILE *out;
	const struct pw_sink_options *options;
	struct pw_show show;
	size_t headed; /* open groups whose heading has been printed */
	bool begun;    /* something stands above */
	bool failed;   /* no memory for a text */
};

static void put_line(struct writer *w, const char *escape, const char *before,
		     const char *text)
{
	const char *clean = pw_show_text(&w->show, text);
	bool color = w->options->color && escape;

	w->failed = w->failed || !clean;
	fprintf(w->out, "%s%s%s%s\n", color ? escape : "", before,
		clean ? clean : "", color ? RESET : "");
}

static void separate(struct writer *w)
{
	if (w->begun)
		putc('\n', w->out);
	w->begun = true;
}

/* The headings of the open groups that have none yet. */
static void put_groups(struct writer *w, const struct pw_walk *walk)
{
	PW_ASSERT(w->headed <= walk->depth);
	for (; w->headed < walk->depth; w->headed++) {
		const struct pw_item *group = walk->open[w->headed];
		char before[80];

		separate(w);
		snprintf(before, sizeof(before), "== %s: ", group->group);
		put_line(w, BOLD, before, group->label);
	}
}

/* A line whose tabs are meant. */
static void put_tabbed(struct writer *w, const char *text)
{
	bool more = true;

	while (more) {
		size_t bytes = strcspn(text, "\t");
		char *piece = strndup(text, bytes);
		const char *clean =
			piece ? pw_show_text(&w->show, piece) : NULL;

		more = text[bytes] != '\0';
		w->failed = w->failed || !clean;
		fprintf(w->out, "%s%c", clean ? clean : "", more ? '\t' : '\n');
		free(piece);
		text += bytes + 1;
	}
}

/* Texts that have a form of their own. */
static enum pw_status put_lines(struct writer *w, struct pw_table *table,
				struct pw_error *err)
{
	enum pw_status st;
	size_t rows;

	PW_ASSERT(pw_table_columns(table) == 1);
	w->begun = true;
	pw_table_rewind(table);
	while ((st = pw_table_next(table, &rows, err)) == PW_OK && rows > 0)
		for (size_t i = 0; i < rows; i++)
			put_tabbed(w, pw_table_cell(table, i, 0).text);
	return st;
}

static enum pw_status put_table(struct writer *w, struct pw_table *table,
				struct pw_error *err)
{
	const struct pw_table_spec *spec = pw_table_spec(table);

	PW_ASSERT(spec->name && *spec->name);
	if (spec->flags & PW_TABLE_LINES)
		return put_lines(w, table, err);
	separate(w);
	put_line(w, BOLD, "", spec->title ? spec->title : spec->name);
	if (spec->help)
		put_line(w, NULL, "", spec->help);
	return pw_grid_print(w->out, table, w->options, err);
}

/* Notes, and what was left out. */
static void put_foot(struct writer *w, const struct pw_tables *tables)
{
	const char *note;
	char names[80]; /* of a line */

	pw_pick_names(tables, true, names, sizeof(names));
	if (pw_tables_note_at(tables, 0) || (names[0] && !w->options->table))
		separate(w);
	for (size_t i = 0; (note = pw_tables_note_at(tables, i)); i++)
		put_line(w, NULL, "Note: ", note);
	if (names[0] && !w->options->table)
		fprintf(w->out,
			"More tables: %s (--table=NAME shows one, "
			"--format=json all).\n",
			names);
}

static enum pw_status put_document(struct writer *w, struct pw_tables *tables,
				   struct pw_error *err)
{
	const char *partial = pw_tables_partial(tables);
	const struct pw_item *item;
	enum pw_status st = PW_OK;
	struct pw_walk walk;

	if (partial) {
		w->begun = true;
		put_line(w, RED, "PARTIAL RESULTS: ", partial);
	}
	pw_walk_start(&walk, tables);
	while (st == PW_OK && (item = pw_walk_next(&walk))) {
		if (w->headed > walk.depth)
			w->headed = walk.depth;
		if (item->kind != PW_ITEM_TABLE ||
		    !pw_pick_shows(w->options, item->table))
			continue;
		put_groups(w, &walk);
		st = put_table(w, item->table, err);
	}
	if (st == PW_OK)
		put_foot(w, tables);
	return st;
}

static enum pw_status write_table(FILE *out, struct pw_tables *tables,
				  const struct pw_sink_options *options,
				  struct pw_error *err)
{
	/* Widths of characters must not depend on the user's locale. */
	locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	locale_t before = utf8 ? uselocale(utf8) : (locale_t)0;
	struct writer w = {.out = out, .options = options, .show = PW_SHOW};
	enum pw_status st = pw_pick_check(tables, options, err);

	if (st == PW_OK)
		st = put_document(&w, tables, err);
	pw_show_free(&w.show);
	if (st == PW_OK && w.failed)
		st = pw_fail_memory(err, "the text output");
	if (utf8) {
		uselocale(before);
		freelocale(utf8);
	}
	return st;
}

const struct pw_sink_ops pw_sink_table = {
	.name = "table",
	.summary = "text for people, with units",
	.extension = ".txt",
	.write = write_table,
};
