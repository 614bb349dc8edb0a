/*
 * dump_rows.h - the accesses, events or touches of a trace as table rows.
 */
#ifndef PW_FORMATS_DUMP_ROWS_H
#define PW_FORMATS_DUMP_ROWS_H

#include <stddef.h>
#include <stdint.h>

#include "base/table.h"
#include "formats/batch.h"

/* A table of one kind of record. */
struct pw_dump_kind {
	const struct pw_table_spec *spec;
	/* Records in a batch. */
	size_t (*count)(const struct pw_batch *batch);
	/* Append record @index of a batch as a row. */
	void (*row)(struct pw_table *table, const struct pw_batch *batch,
		    size_t index);
};

extern const struct pw_dump_kind pw_dump_accesses;
extern const struct pw_dump_kind pw_dump_events;
extern const struct pw_dump_kind pw_dump_touches;

#endif
