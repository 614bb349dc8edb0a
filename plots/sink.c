/*
 * sink.c - the registry of sinks, and which tables a sink shows.
 */
#include "plots/sink.h"

#include "base/assert.h"

#define PW_SINK(name) extern const struct pw_sink_ops pw_sink_##name;
#include "plots/sinks.def"
#undef PW_SINK

static const struct pw_sink_ops *const sinks[] = {
#define PW_SINK(name) &pw_sink_##name,
#include "plots/sinks.def"
#undef PW_SINK
};

const struct pw_sink_ops *pw_sink_at(size_t index)
{
	return index < PW_COUNT(sinks) ? sinks[index] : NULL;
}

const struct pw_sink_ops *pw_sink_find(const char *name)
{
	PW_ASSERT(name && *name);
	for (size_t i = 0; i < PW_COUNT(sinks); i++) {
		PW_ASSERT(sinks[i]->write && sinks[i]->extension[0] == '.');
		if (strcmp(sinks[i]->name, name) == 0)
			return sinks[i];
	}
	return NULL;
}

struct pw_table *pw_sink_next(struct pw_tables *tables,
			      const struct pw_sink_options *options,
			      unsigned flags, size_t *cursor)
{
	size_t count;
	const struct pw_item *item = pw_tables_items(tables, &count);

	PW_ASSERT(*cursor <= count);
	while (*cursor < count) {
		const struct pw_item *here = &item[(*cursor)++];
		const struct pw_table_spec *spec;

		if (here->kind != PW_ITEM_TABLE)
			continue;
		spec = pw_table_spec(here->table);
		if (options->table ? strcmp(spec->name, options->table) == 0
				   : (spec->flags & flags) == flags)
			return here->table;
	}
	return NULL;
}
