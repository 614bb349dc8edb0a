/*
 * sink_json.c - the whole document as one JSON object.
 *
 * The structure is written by hand while the rows pass, so that a table of any
 * length needs no tree in memory. Groups of one name become one array, even
 * when other tables stand between them: a level is read once for its own
 * members and once more for each array. A stack of frames takes the place of
 * recursion.
 */
#include <jansson.h>

#include "base/assert.h"
#include "plots/json.h"
#include "plots/pick.h"

#define SCHEMA_VERSION 1

/* An object and an array for each level of groups, and the document. */
#define FRAMES (2 * PW_WALK_DEPTH + 1)

struct frame {
	const char *group; /* of an array; NULL for an object */
	size_t next, end;  /* items of this level not yet read */
	json_t *keys;	   /* of an object; true for an array of groups */
	bool filled;
};

struct writer {
	FILE *out;
	const struct pw_sink_options *options;
	struct pw_error *err;
	const struct pw_item *item;
	struct frame frame[FRAMES];
	size_t depth; /* of open frames */
	struct pw_show show;
};

static enum pw_status lack(struct writer *w)
{
	return pw_fail_memory(w->err, "the JSON output");
}

static struct frame *top(struct writer *w)
{
	PW_ASSERT(w->depth > 0);
	return &w->frame[w->depth - 1];
}

/* A comma where one is due, a new line and its indentation. */
static void begin_item(struct writer *w, bool first)
{
	fputs(first ? "\n" : ",\n", w->out);
	for (size_t i = 0; i < w->depth; i++)
		fputs("  ", w->out);
}

/* Begin a member of the innermost object; its key must be new there. */
static enum pw_status begin_member(struct writer *w, const char *key,
				   bool group)
{
	struct frame *frame = top(w);

	PW_ASSERT(frame->keys && !json_object_get(frame->keys, key));
	if (json_object_set_new(frame->keys, key, json_boolean(group)) != 0)
		return lack(w);
	begin_item(w, !frame->filled);
	frame->filled = true;
	if (!pw_json_text(w->out, &w->show, key))
		return lack(w);
	fputs(": ", w->out);
	return PW_OK;
}

static enum pw_status text_member(struct writer *w, const char *key,
				  const char *text)
{
	enum pw_status st = begin_member(w, key, false);

	if (st == PW_OK && !pw_json_text(w->out, &w->show, text))
		st = lack(w);
	return st;
}

static enum pw_status open_frame(struct writer *w, const char *group,
				 size_t next, size_t end)
{
	struct frame *frame = &w->frame[w->depth];

	PW_ASSERT(w->depth < FRAMES && next <= end);
	*frame = (struct frame){.group = group, .next = next, .end = end};
	if (!group) {
		frame->keys = json_object();
		if (!frame->keys)
			return lack(w);
	}
	fputs(group ? "[" : "{", w->out);
	w->depth++;
	return PW_OK;
}

static void close_frame(struct writer *w)
{
	struct frame *frame = top(w);
	bool array = frame->group != NULL;

	PW_ASSERT(array == !frame->keys);
	PW_ASSERT(frame->next == frame->end);
	json_decref(frame->keys);
	w->depth--;
	begin_item(w, true);
	fputs(array ? "]" : "}", w->out);
}

/* ---- tables ---- */

static enum pw_status put_rows(struct writer *w, struct pw_table *table)
{
	enum pw_status st;
	size_t rows = 0;
	bool first = true;

	st = begin_member(w, pw_table_spec(table)->name, false);
	if (st != PW_OK)
		return st;
	putc('[', w->out);
	w->depth++;
	while ((st = pw_table_next(table, &rows, w->err)) == PW_OK && rows) {
		for (size_t r = 0; r < rows; r++) {
			begin_item(w, first);
			first = false;
			putc('{', w->out);
			if (!pw_json_row(w->out, &w->show, table, r)) {
				w->depth--;
				return lack(w);
			}
			putc('}', w->out);
		}
	}
	w->depth--;
	if (!first)
		begin_item(w, true);
	putc(']', w->out);
	return st;
}

static enum pw_status put_record(struct writer *w, struct pw_table *table)
{
	size_t columns = pw_table_columns(table);
	enum pw_status st;
	size_t rows = 0;

	st = pw_table_next(table, &rows, w->err);
	if (st != PW_OK || rows == 0)
		return st;
	PW_ASSERT(rows == 1);
	for (size_t i = 0; i < columns; i++) {
		st = begin_member(w, pw_show_name(pw_table_spec(table), i),
				  false);
		if (st != PW_OK)
			return st;
		if (!pw_json_cell(w->out, &w->show, table, 0, i))
			return lack(w);
	}
	return PW_OK;
}

/*
 * Begin the member of a pair. Names of pairs may come from outside: one that
 * is there already gets a number.
 */
static enum pw_status begin_pair(struct writer *w, const char *name)
{
	const char *clean = pw_show_text(&w->show, name);
	enum pw_status st = PW_OK;
	char *key = clean ? strdup(clean) : NULL;

	for (unsigned n = 2; key && json_object_get(top(w)->keys, key); n++) {
		free(key);
		clean = pw_show_text(&w->show, name);
		if (!clean || asprintf(&key, "%s #%u", clean, n) < 0)
			key = NULL;
	}
	st = key ? begin_member(w, key, false) : lack(w);
	free(key);
	return st;
}

static enum pw_status put_pairs(struct writer *w, struct pw_table *table)
{
	enum pw_status st;
	size_t rows = 0;

	st = begin_member(w, pw_table_spec(table)->name, false);
	if (st == PW_OK)
		st = open_frame(w, NULL, 0, 0);
	if (st != PW_OK)
		return st;
	while ((st = pw_table_next(table, &rows, w->err)) == PW_OK && rows) {
		for (size_t r = 0; r < rows; r++) {
			st = begin_pair(w, pw_table_cell(table, r, 0).text);
			if (st != PW_OK)
				return st;
			if (!pw_json_cell(w->out, &w->show, table, r, 1))
				return lack(w);
		}
	}
	if (st == PW_OK)
		close_frame(w);
	return st;
}

static enum pw_status put_table(struct writer *w, struct pw_table *table)
{
	const struct pw_table_spec *spec = pw_table_spec(table);

	if (w->options->table && strcmp(spec->name, w->options->table) != 0)
		return PW_OK;
	if (!pw_table_is_stream(table))
		pw_table_rewind(table);
	switch (spec->form) {
	case PW_FORM_ROWS:
		return put_rows(w, table);
	case PW_FORM_RECORD:
		return put_record(w, table);
	case PW_FORM_PAIRS:
		return put_pairs(w, table);
	}
	PW_ASSERT(false && "a table has a form");
	return PW_OK;
}

/* ---- structure ---- */

/* The next item of an object: a table, or the array of a group's name. */
static enum pw_status step_object(struct writer *w)
{
	struct frame *frame = top(w);
	size_t index = frame->next;
	const struct pw_item *item = &w->item[index];
	enum pw_status st;
	json_t *seen;

	if (item->kind == PW_ITEM_TABLE) {
		frame->next++;
		return put_table(w, item->table);
	}
	PW_ASSERT(item->kind == PW_ITEM_GROUP && index < frame->end);
	frame->next = pw_walk_skip(w->item, frame->end, index);
	seen = json_object_get(frame->keys, item->group);
	PW_ASSERT(!seen || json_is_true(seen));
	if (seen)
		return PW_OK;
	st = begin_member(w, item->group, true);
	if (st != PW_OK)
		return st;
	return open_frame(w, item->group, index, frame->end);
}

/* The next element of an array of groups. */
static enum pw_status step_array(struct writer *w)
{
	struct frame *frame = top(w);
	size_t index = frame->next;
	const struct pw_item *item = &w->item[index];
	enum pw_status st;

	if (item->kind == PW_ITEM_TABLE) {
		frame->next++;
		return PW_OK;
	}
	frame->next = pw_walk_skip(w->item, frame->end, index);
	if (strcmp(item->group, frame->group) != 0)
		return PW_OK;
	begin_item(w, !frame->filled);
	frame->filled = true;
	st = open_frame(w, NULL, index + 1, frame->next - 1);
	if (st == PW_OK)
		st = text_member(w, "name", item->label);
	return st;
}

static enum pw_status put_notes(struct writer *w, struct pw_tables *tables)
{
	enum pw_status st = begin_member(w, "notes", false);
	const char *note;
	size_t i;

	if (st != PW_OK)
		return st;
	putc('[', w->out);
	w->depth++;
	for (i = 0; (note = pw_tables_note_at(tables, i)); i++) {
		begin_item(w, i == 0);
		if (!pw_json_text(w->out, &w->show, note))
			st = lack(w);
	}
	w->depth--;
	if (i)
		begin_item(w, true);
	putc(']', w->out);
	return st;
}

static enum pw_status put_head(struct writer *w, struct pw_tables *tables)
{
	const char *partial = pw_tables_partial(tables);
	enum pw_status st = begin_member(w, "schema_version", false);

	fprintf(w->out, "%d", SCHEMA_VERSION);
	if (st == PW_OK && partial)
		st = text_member(w, "partial", partial);
	if (st == PW_OK)
		st = put_notes(w, tables);
	return st;
}

static enum pw_status put_document(struct writer *w, struct pw_tables *tables)
{
	enum pw_status st;
	size_t count;

	w->item = pw_tables_items(tables, &count);
	st = open_frame(w, NULL, 0, count);
	if (st == PW_OK)
		st = put_head(w, tables);
	while (st == PW_OK && w->depth > 0) {
		struct frame *frame = top(w);

		if (frame->next == frame->end)
			close_frame(w);
		else if (frame->group)
			st = step_array(w);
		else
			st = step_object(w);
	}
	putc('\n', w->out);
	return st;
}

static enum pw_status write_json(FILE *out, struct pw_tables *tables,
				 const struct pw_sink_options *options,
				 struct pw_error *err)
{
	struct writer w = {
		.out = out,
		.options = options,
		.err = err,
		.show = PW_SHOW,
	};
	enum pw_status st = pw_pick_check(tables, options, err);

	if (st != PW_OK)
		return st;
	st = put_document(&w, tables);
	for (size_t i = 0; i < w.depth; i++)
		json_decref(w.frame[i].keys);
	pw_show_free(&w.show);
	return st;
}

const struct pw_sink_ops pw_sink_json = {
	.name = "json",
	.summary = "everything as one JSON object, exact numbers",
	.extension = ".json",
	.write = write_json,
};
