/*
 * pick.c - which tables of a document a sink shows.
 */
#include "plots/pick.h"

#include "base/assert.h"
#include "base/text.h"

static bool same_columns(const struct pw_table_spec *a,
			 const struct pw_table_spec *b)
{
	size_t i = 0;

	if (a == b)
		return true;
	PW_ASSERT(strcmp(a->name, b->name) == 0);
	if (a->form != b->form)
		return false;
	for (; i < PW_TABLE_COLUMNS_MAX && a->column[i].name; i++) {
		if (!b->column[i].name ||
		    strcmp(a->column[i].name, b->column[i].name) != 0)
			return false;
	}
	return i == PW_TABLE_COLUMNS_MAX || !b->column[i].name;
}

/* Whether one of the tables before item @end has the name @name. */
static bool named_before(const struct pw_item *item, size_t end,
			 const char *name)
{
	for (size_t i = 0; i < end; i++) {
		if (item[i].kind == PW_ITEM_TABLE &&
		    strcmp(pw_table_spec(item[i].table)->name, name) == 0)
			return true;
	}
	return false;
}

void pw_pick_names(const struct pw_tables *tables, bool hidden, char *buffer,
		   size_t buffer_bytes)
{
	size_t count;
	const struct pw_item *item = pw_tables_items(tables, &count);
	size_t used = 0;

	PW_ASSERT(buffer_bytes > 0);
	buffer[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		const struct pw_table_spec *spec;

		if (item[i].kind != PW_ITEM_TABLE)
			continue;
		spec = pw_table_spec(item[i].table);
		if ((hidden && !(spec->flags & PW_TABLE_DETAIL)) ||
		    named_before(item, i, spec->name))
			continue;
		if (used + strlen(spec->name) + sizeof(", , ...") >
		    buffer_bytes) {
			snprintf(buffer + used, buffer_bytes - used, ", ...");
			return;
		}
		used += (size_t)snprintf(buffer + used, buffer_bytes - used,
					 "%s%s", used ? ", " : "", spec->name);
	}
}

enum pw_status pw_pick_check(struct pw_tables *tables,
			     const struct pw_sink_options *options,
			     struct pw_error *err)
{
	char names[400], asked[200];
	size_t cursor = 0;

	if (!options->table || pw_sink_next(tables, options, 0, &cursor))
		return PW_OK;
	pw_text_clean(asked, sizeof(asked), options->table);
	pw_fail(err, PW_ERR_USAGE, "%s: no table of this name in the results",
		asked);
	pw_pick_names(tables, false, names, sizeof(names));
	if (!names[0])
		return pw_hint(err, "the results hold no table");
	return pw_hint(err, "the tables are: %s", names);
}

/* The name to print: by option, by flag, else of the first table. */
static struct pw_table *choose(struct pw_tables *tables,
			       const struct pw_sink_options *options)
{
	struct pw_table *table;
	size_t cursor = 0;

	table = pw_sink_next(tables, options, PW_TABLE_PRIMARY, &cursor);
	if (!table) {
		cursor = 0;
		table = pw_sink_next(tables, options, 0, &cursor);
	}
	return table;
}

enum pw_status pw_pick_find(struct pw_pick *pick, struct pw_tables *tables,
			    const struct pw_sink_options *options,
			    struct pw_error *err)
{
	const struct pw_table_spec *first;
	const struct pw_item *item;
	struct pw_walk walk;
	size_t found = 0;

	*pick = (struct pw_pick){0};
	if (pw_pick_check(tables, options, err) != PW_OK)
		return err->status;
	pick->first = choose(tables, options);
	if (!pick->first)
		return PW_OK;
	first = pw_table_spec(pick->first);
	pw_walk_start(&walk, tables);
	while ((item = pw_walk_next(&walk))) {
		const struct pw_table_spec *spec;

		if (item->kind != PW_ITEM_TABLE)
			continue;
		spec = pw_table_spec(item->table);
		if (strcmp(spec->name, first->name) != 0)
			continue;
		if (!same_columns(spec, first))
			return pw_fail(err, PW_ERR_USAGE,
				       "%s: tables of this name differ; use a "
				       "format that shows each",
				       spec->name);
		found++;
		for (; pick->labels < walk.depth; pick->labels++)
			pick->label[pick->labels] =
				walk.open[pick->labels]->group;
	}
	PW_ASSERT(found > 0);
	if (found == 1)
		pick->labels = 0;
	return PW_OK;
}

struct pw_table *pw_pick_next(const struct pw_pick *pick, struct pw_walk *walk,
			      const char **label)
{
	const struct pw_item *item;

	PW_ASSERT(pick->labels <= PW_WALK_DEPTH);
	while (pick->first && (item = pw_walk_next(walk))) {
		if (item->kind != PW_ITEM_TABLE ||
		    strcmp(pw_table_spec(item->table)->name,
			   pw_table_spec(pick->first)->name) != 0)
			continue;
		for (size_t i = 0; i < pick->labels; i++)
			label[i] = i < walk->depth ? walk->open[i]->label : "";
		return item->table;
	}
	return NULL;
}

bool pw_pick_shows(const struct pw_sink_options *options,
		   const struct pw_table *table)
{
	const struct pw_table_spec *spec = pw_table_spec(table);

	if (options->table)
		return strcmp(spec->name, options->table) == 0;
	return !(spec->flags & PW_TABLE_DETAIL);
}
