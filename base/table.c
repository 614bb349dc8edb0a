/*
 * table.c - the document that commands fill and sinks read.
 *
 * Cells lie row by row in one growing array; a text cell holds an offset into
 * the table's own text array, so that both may move while they grow. A stream
 * empties both before each batch and keeps their memory: a table of any length
 * passes through the room of one batch.
 */
#include "base/table.h"

#include "base/array.h"
#include "base/assert.h"

/* How a row of a table of pairs shows its value. */
struct kind {
	enum pw_cell_type type;
	enum pw_unit unit;
	const char *title; /* NULL: none but the name */
};

struct pw_table {
	struct pw_tables *tables;
	const struct pw_table_spec *spec;
	size_t columns;
	struct pw_array cells; /* union pw_cell; u64 of a text: its offset */
	struct pw_array texts; /* char */
	struct pw_array kinds; /* struct kind, only for pairs */
	struct pw_row_source source;
	bool is_stream;
	bool delivered; /* the rows in memory, or the end of the source */
};

struct request {
	const char *format;
	const char *path;
};

struct pw_tables {
	struct pw_arena *arena;
	struct pw_array items;	  /* struct pw_item */
	struct pw_array notes;	  /* const char * */
	struct pw_array requests; /* struct request */
	struct pw_error error;	  /* sticky; status PW_OK while all is well */
	struct pw_table spare;	  /* handed out when there is no memory */
	const char *partial;
	size_t depth; /* of open groups */
	int exit_status;
	bool quiet;
	bool aside;
};

/* ---- the document ---- */

enum pw_status pw_tables_open(struct pw_tables **out, struct pw_error *err)
{
	struct pw_tables *tables = calloc(1, sizeof(*tables));
	enum pw_status st;

	*out = NULL;
	if (!tables)
		return pw_fail_memory(err, "the results");
	st = pw_arena_open(&tables->arena, 0, err);
	if (st != PW_OK) {
		free(tables);
		return st;
	}
	tables->items = (struct pw_array)PW_ARRAY(struct pw_item);
	tables->notes = (struct pw_array)PW_ARRAY(const char *);
	tables->requests = (struct pw_array)PW_ARRAY(struct request);
	*out = tables;
	return PW_OK;
}

static void close_source(struct pw_table *table)
{
	if (table->is_stream && table->source.close)
		table->source.close(table->source.state);
	table->is_stream = false;
}

static void close_table(struct pw_table *table)
{
	close_source(table);
	pw_array_free(&table->cells);
	pw_array_free(&table->texts);
	pw_array_free(&table->kinds);
}

void pw_tables_close(struct pw_tables *tables)
{
	if (!tables)
		return;
	for (size_t i = 0; i < tables->items.count; i++) {
		struct pw_item *item =
			&PW_ARRAY_AT(&tables->items, struct pw_item, i);

		if (item->kind == PW_ITEM_TABLE)
			close_table(item->table);
	}
	close_table(&tables->spare);
	pw_array_free(&tables->items);
	pw_array_free(&tables->notes);
	pw_array_free(&tables->requests);
	pw_arena_close(tables->arena);
	free(tables);
}

struct pw_arena *pw_tables_arena(struct pw_tables *tables)
{
	return tables->arena;
}

static bool failed(const struct pw_tables *tables)
{
	return tables->error.status != PW_OK;
}

static void lack_memory(struct pw_tables *tables)
{
	if (!failed(tables))
		pw_fail_memory(&tables->error, "the results");
}

/* Append to one of the document's arrays; failures stick. */
static void push(struct pw_tables *tables, struct pw_array *array,
		 const void *item)
{
	if (!failed(tables) &&
	    pw_array_push(array, item, &tables->error) != PW_OK)
		lack_memory(tables);
}

/* A copy in the arena; NULL without memory, which sticks. */
static const char *keep(struct pw_tables *tables, const char *text)
{
	const char *copy = pw_arena_copy(tables->arena, text);

	if (!copy)
		lack_memory(tables);
	return copy;
}

/* A formatted text in the arena; NULL without memory, which sticks. */
PW_PRINTF(2, 0)
static const char *keep_formatted(struct pw_tables *tables, const char *fmt,
				  va_list args)
{
	char *text = NULL;
	va_list again;
	int length;

	va_copy(again, args);
	length = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (length >= 0)
		text = pw_arena_alloc(tables->arena, (size_t)length + 1, 1);
	if (text)
		vsnprintf(text, (size_t)length + 1, fmt, args);
	else
		lack_memory(tables);
	return text;
}

void pw_tables_group(struct pw_tables *tables, const char *group,
		     const char *label)
{
	struct pw_item item = {.kind = PW_ITEM_GROUP};

	PW_ASSERT(group && label);
	item.group = keep(tables, group);
	item.label = keep(tables, label);
	tables->depth++;
	push(tables, &tables->items, &item);
}

void pw_tables_group_end(struct pw_tables *tables)
{
	struct pw_item item = {.kind = PW_ITEM_GROUP_END};

	PW_ASSERT(tables->depth > 0);
	tables->depth--;
	push(tables, &tables->items, &item);
}

void pw_tables_note(struct pw_tables *tables, const char *fmt, ...)
{
	const char *text;
	va_list args;

	va_start(args, fmt);
	text = keep_formatted(tables, fmt, args);
	va_end(args);
	push(tables, &tables->notes, &text);
}

void pw_tables_mark_partial(struct pw_tables *tables, const char *fmt, ...)
{
	const char *text;
	va_list args;

	va_start(args, fmt);
	text = keep_formatted(tables, fmt, args);
	va_end(args);
	if (text && tables->partial && strstr(tables->partial, text))
		return;
	if (text && tables->partial) {
		text = pw_arena_printf(tables->arena, "%s; %s", tables->partial,
				       text);
		if (!text)
			lack_memory(tables);
	}
	if (text)
		tables->partial = text;
}

void pw_tables_set_exit(struct pw_tables *tables, int exit_status)
{
	PW_ASSERT(exit_status >= 0 && exit_status <= 255);
	tables->exit_status = exit_status;
}

void pw_tables_also(struct pw_tables *tables, const char *format,
		    const char *path)
{
	struct request request;

	PW_ASSERT(format && path);
	request.format = keep(tables, format);
	request.path = keep(tables, path);
	push(tables, &tables->requests, &request);
}

void pw_tables_set_quiet(struct pw_tables *tables, bool quiet)
{
	tables->quiet = quiet;
}

bool pw_tables_quiet(const struct pw_tables *tables)
{
	return tables->quiet;
}

enum pw_status pw_tables_check(const struct pw_tables *tables,
			       struct pw_error *err)
{
	if (failed(tables))
		*err = tables->error;
	return tables->error.status;
}

/* ---- filling ---- */

static void init(struct pw_table *table, struct pw_tables *tables,
		 const struct pw_table_spec *spec)
{
	size_t columns = 0;

	while (columns < PW_TABLE_COLUMNS_MAX && spec->column[columns].name)
		columns++;
	if (spec->form == PW_FORM_PAIRS)
		columns = 2;
	PW_ASSERT(spec->name && columns > 0);
	table->tables = tables;
	table->spec = spec;
	table->columns = columns;
	table->cells = (struct pw_array)PW_ARRAY(union pw_cell);
	table->texts = (struct pw_array)PW_ARRAY(char);
	table->kinds = (struct pw_array)PW_ARRAY(struct kind);
}

void pw_tables_move_last(struct pw_tables *tables, size_t count)
{
	struct pw_item item;

	PW_ASSERT(count <= tables->items.count && tables->depth == 0);
	for (size_t i = 0; i < count; i++) {
		struct pw_item *first = tables->items.data;

		item = first[0];
		memmove(first, first + 1,
			(tables->items.count - 1) * sizeof(*first));
		first[tables->items.count - 1] = item;
	}
}

void pw_tables_aside(struct pw_tables *tables, bool aside)
{
	tables->aside = aside;
}

/* @spec as a table that is set aside has it. */
static const struct pw_table_spec *set_aside(struct pw_tables *tables,
					     const struct pw_table_spec *spec)
{
	struct pw_table_spec *copy =
		pw_arena_alloc(tables->arena, 1, sizeof(*copy));

	if (!copy) {
		lack_memory(tables);
		return spec;
	}
	*copy = *spec;
	copy->flags |= PW_TABLE_DETAIL;
	copy->flags &= ~(unsigned)PW_TABLE_PRIMARY;
	return copy;
}

struct pw_table *pw_table_add(struct pw_tables *tables,
			      const struct pw_table_spec *spec)
{
	struct pw_item item = {.kind = PW_ITEM_TABLE};

	if (tables->aside)
		spec = set_aside(tables, spec);
	item.table = pw_arena_alloc(tables->arena, 1, sizeof(*item.table));
	if (!item.table)
		lack_memory(tables);
	push(tables, &tables->items, &item);
	if (!item.table || failed(tables)) {
		close_table(&tables->spare);
		item.table = &tables->spare;
	}
	init(item.table, tables, spec);
	return item.table;
}

/* Append a cell unless something has failed already; failures stick. */
static void add(struct pw_table *table, union pw_cell cell)
{
	push(table->tables, &table->cells, &cell);
}

/* Append to the texts and return a cell that points there. */
static union pw_cell add_text(struct pw_table *table, const char *text)
{
	union pw_cell cell = {.u64 = table->texts.count};
	size_t bytes = strlen(text) + 1;

	if (failed(table->tables))
		return cell;
	if (bytes > SIZE_MAX - table->texts.count ||
	    pw_array_reserve(&table->texts, table->texts.count + bytes,
			     &table->tables->error) != PW_OK) {
		lack_memory(table->tables);
		return cell;
	}
	memcpy((char *)table->texts.data + cell.u64, text, bytes);
	table->texts.count += bytes;
	return cell;
}

/* The column that the next cell falls into must be of @type. */
static void expect(const struct pw_table *table, enum pw_cell_type type)
{
	size_t column = table->cells.count % table->columns;

	PW_ASSERT(table->spec->form != PW_FORM_PAIRS);
	PW_ASSERT(failed(table->tables) ||
		  table->spec->column[column].type == type);
}

void pw_cell_u64(struct pw_table *table, uint64_t value)
{
	union pw_cell cell = {.u64 = value};

	expect(table, PW_CELL_U64);
	add(table, cell);
}

void pw_cell_f64(struct pw_table *table, double value)
{
	union pw_cell cell = {.f64 = value};

	expect(table, PW_CELL_F64);
	add(table, cell);
}

void pw_cell_text(struct pw_table *table, const char *value)
{
	PW_ASSERT(value);
	expect(table, PW_CELL_TEXT);
	add(table, add_text(table, value));
}

void pw_cell_bool(struct pw_table *table, bool value)
{
	union pw_cell cell = {.boolean = value};

	expect(table, PW_CELL_BOOL);
	add(table, cell);
}

static void pair(struct pw_table *table, const char *name, union pw_cell value,
		 struct kind kind)
{
	PW_ASSERT(table->spec->form == PW_FORM_PAIRS && name);
	add(table, add_text(table, name));
	add(table, value);
	push(table->tables, &table->kinds, &kind);
}

void pw_pair_u64(struct pw_table *table, const char *name, uint64_t value,
		 enum pw_unit unit)
{
	union pw_cell cell = {.u64 = value};

	pair(table, name, cell, (struct kind){PW_CELL_U64, unit, NULL});
}

void pw_pair_f64(struct pw_table *table, const char *name, double value,
		 enum pw_unit unit)
{
	union pw_cell cell = {.f64 = value};

	pair(table, name, cell, (struct kind){PW_CELL_F64, unit, NULL});
}

void pw_pair_text(struct pw_table *table, const char *name, const char *value)
{
	pair(table, name, add_text(table, value),
	     (struct kind){PW_CELL_TEXT, PW_UNIT_NONE, NULL});
}

void pw_pair_title(struct pw_table *table, const char *title)
{
	size_t last = table->kinds.count;

	PW_ASSERT(table->spec->form == PW_FORM_PAIRS);
	if (last > 0)
		PW_ARRAY_AT(&table->kinds, struct kind, last - 1).title = title;
}

void pw_table_stream(struct pw_table *table, const struct pw_row_source *source)
{
	PW_ASSERT(!table->is_stream && table->cells.count == 0);
	PW_ASSERT(source->fill);
	table->source = *source;
	table->is_stream = true;
}

/* ---- reading ---- */

const struct pw_item *pw_tables_items(const struct pw_tables *tables,
				      size_t *count)
{
	*count = tables->items.count;
	return tables->items.data;
}

const char *pw_tables_note_at(const struct pw_tables *tables, size_t index)
{
	if (index >= tables->notes.count)
		return NULL;
	return PW_ARRAY_AT(&tables->notes, const char *, index);
}

const char *pw_tables_partial(const struct pw_tables *tables)
{
	return tables->partial;
}

bool pw_tables_also_at(const struct pw_tables *tables, size_t index,
		       const char **format, const char **path)
{
	const struct request *request;

	if (index >= tables->requests.count)
		return false;
	request = &PW_ARRAY_AT(&tables->requests, struct request, index);
	*format = request->format;
	*path = request->path;
	return true;
}

int pw_tables_exit(const struct pw_tables *tables)
{
	return tables->exit_status;
}

const struct pw_table_spec *pw_table_spec(const struct pw_table *table)
{
	return table->spec;
}

size_t pw_table_columns(const struct pw_table *table)
{
	return table->columns;
}

bool pw_table_is_stream(const struct pw_table *table)
{
	return table->is_stream;
}

static enum pw_status fill(struct pw_table *table, struct pw_error *err)
{
	enum pw_status st;

	PW_ASSERT(table->is_stream && table->source.fill);
	table->cells.count = 0;
	table->texts.count = 0;
	table->kinds.count = 0;
	st = table->source.fill(table->source.state, table, err);
	if (st != PW_OK)
		return st;
	table->delivered = table->cells.count == 0;
	return pw_tables_check(table->tables, err);
}

enum pw_status pw_table_next(struct pw_table *table, size_t *rows,
			     struct pw_error *err)
{
	enum pw_status st = pw_tables_check(table->tables, err);

	*rows = 0;
	if (st != PW_OK || table->delivered)
		return st;
	if (table->is_stream)
		st = fill(table, err);
	else
		table->delivered = true;
	if (st != PW_OK)
		return st;
	PW_ASSERT(table->cells.count % table->columns == 0);
	*rows = table->cells.count / table->columns;
	return PW_OK;
}

void pw_table_rewind(struct pw_table *table)
{
	PW_ASSERT(!table->is_stream);
	table->delivered = false;
}

enum pw_cell_type pw_table_cell_type(const struct pw_table *table, size_t row,
				     size_t column)
{
	PW_ASSERT(column < table->columns);
	if (table->spec->form != PW_FORM_PAIRS)
		return table->spec->column[column].type;
	if (column == 0)
		return PW_CELL_TEXT;
	PW_ASSERT(row < table->kinds.count);
	return PW_ARRAY_AT(&table->kinds, struct kind, row).type;
}

enum pw_unit pw_table_cell_unit(const struct pw_table *table, size_t row,
				size_t column)
{
	PW_ASSERT(column < table->columns);
	if (table->spec->form != PW_FORM_PAIRS)
		return table->spec->column[column].unit;
	if (column == 0)
		return PW_UNIT_NONE;
	PW_ASSERT(row < table->kinds.count);
	return PW_ARRAY_AT(&table->kinds, struct kind, row).unit;
}

const char *pw_table_pair_title(const struct pw_table *table, size_t row)
{
	PW_ASSERT(table->spec->form == PW_FORM_PAIRS);
	PW_ASSERT(row < table->kinds.count);
	return PW_ARRAY_AT(&table->kinds, struct kind, row).title;
}

union pw_cell pw_table_cell(const struct pw_table *table, size_t row,
			    size_t column)
{
	size_t index = row * table->columns + column;
	union pw_cell cell;

	PW_ASSERT(column < table->columns && index < table->cells.count);
	cell = PW_ARRAY_AT(&table->cells, union pw_cell, index);
	if (pw_table_cell_type(table, row, column) == PW_CELL_TEXT) {
		PW_ASSERT(cell.u64 < table->texts.count);
		cell.text = (const char *)table->texts.data + cell.u64;
	}
	return cell;
}
