/*
 * dump_rows.c - the accesses, events or touches of a trace as table rows.
 */
#include "formats/dump_rows.h"

#include "base/assert.h"
#include "formats/event.h"

#define NAME_BYTES 32
/* An argument as "name=0x<16 digits> ". */
#define ARGUMENT_BYTES (NAME_BYTES + 20)

static const struct pw_table_spec accesses_spec = {
	.name = "accesses",
	.title = "Accesses",
	.help = "In the order of the recording.",
	.form = PW_FORM_ROWS,
	.flags = PW_TABLE_PRIMARY,
	.column = {{"thread", NULL, PW_CELL_U64, PW_UNIT_NONE},
		   {"pc", NULL, PW_CELL_U64, PW_UNIT_ADDRESS},
		   {"kind", NULL, PW_CELL_TEXT, PW_UNIT_NONE},
		   {"address", NULL, PW_CELL_U64, PW_UNIT_ADDRESS},
		   {"size", NULL, PW_CELL_U64, PW_UNIT_NONE}},
};

static const struct pw_table_spec events_spec = {
	.name = "events",
	.title = "Events",
	.help = "access is the number of accesses before the event.",
	.form = PW_FORM_ROWS,
	.flags = PW_TABLE_PRIMARY,
	.column = {{"access", NULL, PW_CELL_U64, PW_UNIT_NONE},
		   {"thread", NULL, PW_CELL_U64, PW_UNIT_NONE},
		   {"event", NULL, PW_CELL_TEXT, PW_UNIT_NONE},
		   {"arguments", NULL, PW_CELL_TEXT, PW_UNIT_NONE},
		   {"result", NULL, PW_CELL_TEXT, PW_UNIT_NONE},
		   {"text", NULL, PW_CELL_TEXT, PW_UNIT_NONE}},
};

static const struct pw_table_spec touches_spec = {
	.name = "touches",
	.title = "Touches",
	.help = "Records flagged continued, order or upgrade are no touches of "
		"their own.",
	.form = PW_FORM_ROWS,
	.flags = PW_TABLE_PRIMARY,
	.column = {{"thread", NULL, PW_CELL_U64, PW_UNIT_NONE},
		   {"page", NULL, PW_CELL_U64, PW_UNIT_ADDRESS},
		   {"side", NULL, PW_CELL_TEXT, PW_UNIT_NONE},
		   {"loads", NULL, PW_CELL_U64, PW_UNIT_NONE},
		   {"stores", NULL, PW_CELL_U64, PW_UNIT_NONE},
		   {"fetches", NULL, PW_CELL_U64, PW_UNIT_NONE},
		   {"flags", NULL, PW_CELL_TEXT, PW_UNIT_NONE},
		   {"instruction", NULL, PW_CELL_U64, PW_UNIT_NONE}},
};

static size_t count_accesses(const struct pw_batch *batch)
{
	return batch->accesses.count;
}

static void add_access(struct pw_table *table, const struct pw_batch *batch,
		       size_t index)
{
	static const char *const letter[8] = {"?", "R", "W", "M",
					      "F", "?", "?", "?"};
	const struct pw_accesses *a = &batch->accesses;

	PW_ASSERT(index < a->count);
	pw_cell_u64(table, batch->thread);
	pw_cell_u64(table, a->pc[index]);
	pw_cell_text(table, letter[PW_ACCESS_KIND(a->kind[index])]);
	pw_cell_u64(table, a->address[index]);
	pw_cell_u64(table, a->size_bytes[index]);
}

/* Small negative numbers are errors or descriptors, others addresses. */
static void format_value(char *buffer, size_t bytes, uint64_t value)
{
	if (value >= (uint64_t)-4095)
		snprintf(buffer, bytes, "-%llu",
			 (unsigned long long)(0 - value));
	else
		snprintf(buffer, bytes, "0x%llx", (unsigned long long)value);
}

/* "name=value ..." with the names of @info, or numbers without. */
static void format_arguments(char *buffer, size_t bytes,
			     const struct pw_event_info *info,
			     const uint64_t *arg)
{
	const char *names = info ? info->args : "";
	size_t used = 0;

	buffer[0] = '\0';
	for (unsigned i = 0; i < PW_EVENT_ARGS; i++) {
		size_t length = strcspn(names, ",");
		char name[NAME_BYTES], value[NAME_BYTES];

		if (length == 0 && (info || arg[i] == 0))
			continue;
		format_value(value, sizeof(value), arg[i]);
		if (length > 0)
			snprintf(name, sizeof(name), "%.*s", (int)length,
				 names);
		else
			snprintf(name, sizeof(name), "arg%u", i);
		used += (size_t)snprintf(buffer + used, bytes - used, "%s%s=%s",
					 used > 0 ? " " : "", name, value);
		names += length;
		names += *names == ',';
	}
}

static size_t count_events(const struct pw_batch *batch)
{
	return batch->events.count;
}

static void add_event(struct pw_table *table, const struct pw_batch *batch,
		      size_t index)
{
	const struct pw_events *events = &batch->events;
	const struct pw_event_info *info = pw_event_info(events->kind[index]);
	char arguments[PW_EVENT_ARGS * ARGUMENT_BYTES], value[NAME_BYTES];
	char number[NAME_BYTES];

	snprintf(number, sizeof(number), "event%u", events->kind[index]);
	format_arguments(arguments, sizeof(arguments), info,
			 events->arg[index]);
	format_value(value, sizeof(value), events->result[index]);
	pw_cell_u64(table, batch->first_access + batch->access_count);
	pw_cell_u64(table, batch->thread);
	pw_cell_text(table, info ? info->name : number);
	pw_cell_text(table, arguments);
	pw_cell_text(table, value);
	pw_cell_text(table, events->text[index]);
}

static size_t count_touches(const struct pw_batch *batch)
{
	return batch->touches.count;
}

static void format_flags(char *buffer, size_t bytes, unsigned flags)
{
	static const struct {
		unsigned flag;
		const char *name;
	} names[] = {
		{PW_TOUCH_LOAD_FIRST, "load-first"},
		{PW_TOUCH_CONTINUED, "continued"},
		{PW_TOUCH_ORDER, "order"},
		{PW_TOUCH_UPGRADE, "upgrade"},
	};
	size_t used = 0;

	buffer[0] = '\0';
	for (size_t i = 0; i < PW_COUNT(names); i++)
		if (flags & names[i].flag)
			used += (size_t)snprintf(buffer + used, bytes - used,
						 "%s%s", used > 0 ? " " : "",
						 names[i].name);
}

static void add_touch(struct pw_table *table, const struct pw_batch *batch,
		      size_t index)
{
	const struct pw_touches *touches = &batch->touches;
	unsigned flags = touches->flags[index];
	char text[64];

	PW_ASSERT(index < touches->count);
	format_flags(text, sizeof(text), flags);
	pw_cell_u64(table, batch->thread);
	pw_cell_u64(table, touches->page[index]);
	pw_cell_text(table, flags & PW_TOUCH_FETCH ? "instruction" : "data");
	pw_cell_u64(table, touches->loads[index]);
	pw_cell_u64(table, touches->stores[index]);
	pw_cell_u64(table, touches->fetches[index]);
	pw_cell_text(table, text);
	pw_cell_u64(table, touches->instruction[index]);
}

const struct pw_dump_kind pw_dump_accesses = {
	.spec = &accesses_spec, .count = count_accesses, .row = add_access};
const struct pw_dump_kind pw_dump_events = {
	.spec = &events_spec, .count = count_events, .row = add_event};
const struct pw_dump_kind pw_dump_touches = {
	.spec = &touches_spec, .count = count_touches, .row = add_touch};
