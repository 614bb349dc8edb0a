/*
 * show.c - one cell as text, for people or exact.
 */
#include "plots/show.h"

#include "base/assert.h"
#include "base/text.h"
#include "base/units.h"

/* Every byte can become "\xNN". */
#define CLEAN_GROWTH 4

/* Room for a character, escaped, and "..." after the limit. */
#define CUT_ROOM 32

void pw_show_free(struct pw_show *show)
{
	free(show->data);
	show->data = NULL;
	show->capacity_bytes = 0;
}

/* Printable ASCII of at most @limit bytes, which needs no change. */
static bool is_plain(const char *text, size_t limit)
{
	for (size_t i = 0; text[i]; i++) {
		if (text[i] < ' ' || text[i] > '~' || i >= limit)
			return false;
	}
	return true;
}

static bool reserve(struct pw_show *show, size_t bytes)
{
	char *data;

	if (bytes <= show->capacity_bytes)
		return true;
	data = realloc(show->data, bytes);
	if (!data)
		return false;
	show->data = data;
	show->capacity_bytes = bytes;
	return true;
}

/* End the text at the limit, at the beginning of a character. */
static void cut(struct pw_show *show)
{
	size_t end = show->limit_bytes;

	while (end > 0 && (show->data[end] & 0xc0) == 0x80)
		end--;
	PW_ASSERT(end <= show->limit_bytes);
	PW_ASSERT(end + sizeof("...") <= show->capacity_bytes);
	memcpy(show->data + end, "...", sizeof("..."));
}

const char *pw_show_text(struct pw_show *show, const char *text)
{
	size_t need_bytes;

	if (!text)
		return "";
	if (is_plain(text, show->limit_bytes))
		return text;
	if (__builtin_mul_overflow(strlen(text), CLEAN_GROWTH, &need_bytes) ||
	    __builtin_add_overflow(need_bytes, sizeof("..."), &need_bytes))
		return NULL;
	/* No more than tells that it is too long. */
	if (show->limit_bytes < need_bytes / 2)
		need_bytes = show->limit_bytes + CUT_ROOM;
	if (!reserve(show, need_bytes))
		return NULL;
	PW_ASSERT(show->capacity_bytes >= need_bytes);
	pw_text_clean(show->data, need_bytes, text);
	if (strlen(show->data) > show->limit_bytes)
		cut(show);
	return show->data;
}

/* Digits by hand: dumps have a hundred million rows. */
static const char *write_digits(struct pw_show *show, uint64_t value,
				unsigned base)
{
	char *end = show->number + sizeof(show->number) - 1;

	PW_ASSERT(base == 10 || base == 16);
	*end = '\0';
	do {
		*--end = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	if (base == 16) {
		*--end = 'x';
		*--end = '0';
	}
	PW_ASSERT(end >= show->number);
	return end;
}

static const char *show_u64(struct pw_show *show, uint64_t value,
			    enum pw_unit unit, enum pw_show_style style)
{
	if (unit == PW_UNIT_ADDRESS)
		return write_digits(show, value, 16);
	if (style == PW_SHOW_EXACT)
		return write_digits(show, value, 10);
	pw_format_u64(show->number, sizeof(show->number), value, unit);
	return show->number;
}

static const char *show_f64(struct pw_show *show, double value,
			    enum pw_unit unit, enum pw_show_style style)
{
	PW_ASSERT(unit != PW_UNIT_ADDRESS);
	if (style == PW_SHOW_EXACT)
		pw_format_exact(show->number, sizeof(show->number), value);
	else
		pw_format_f64(show->number, sizeof(show->number), value, unit);
	return show->number;
}

const char *pw_show_cell(struct pw_show *show, const struct pw_table *table,
			 size_t row, size_t column, enum pw_show_style style)
{
	union pw_cell cell = pw_table_cell(table, row, column);
	enum pw_unit unit = pw_table_cell_unit(table, row, column);

	switch (pw_table_cell_type(table, row, column)) {
	case PW_CELL_U64:
		return show_u64(show, cell.u64, unit, style);
	case PW_CELL_F64:
		return show_f64(show, cell.f64, unit, style);
	case PW_CELL_BOOL:
		if (style == PW_SHOW_EXACT)
			return cell.boolean ? "true" : "false";
		return cell.boolean ? "yes" : "no";
	case PW_CELL_TEXT:
		return pw_show_text(show, cell.text);
	}
	PW_ASSERT(false && "a cell has a type");
	return NULL;
}

bool pw_show_is_number(const struct pw_table *table, size_t row, size_t column)
{
	enum pw_cell_type type = pw_table_cell_type(table, row, column);

	return type == PW_CELL_U64 || type == PW_CELL_F64;
}

const char *pw_show_name(const struct pw_table_spec *spec, size_t column)
{
	PW_ASSERT(column < PW_TABLE_COLUMNS_MAX);
	if (spec->form == PW_FORM_PAIRS)
		return column == 0 ? "name" : "value";
	PW_ASSERT(spec->column[column].name);
	return spec->column[column].name;
}

const char *pw_show_title(const struct pw_table_spec *spec, size_t column)
{
	PW_ASSERT(column < PW_TABLE_COLUMNS_MAX);
	if (spec->form != PW_FORM_PAIRS && spec->column[column].title)
		return spec->column[column].title;
	return pw_show_name(spec, column);
}

const char *pw_show_pair(struct pw_show *show, const struct pw_table *table,
			 size_t row)
{
	const char *title = pw_table_pair_title(table, row);

	return title ? title
		     : pw_show_text(show, pw_table_cell(table, row, 0).text);
}
