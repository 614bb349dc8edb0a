/*
 * sink_csv.c - one table as comma-separated values, row by row.
 */
#include "plots/csv.h"
#include "plots/pick.h"

static enum pw_status write_csv(FILE *out, struct pw_tables *tables,
				const struct pw_sink_options *options,
				struct pw_error *err)
{
	const char *label[PW_WALK_DEPTH];
	struct pw_table *table;
	struct pw_pick pick;
	struct pw_walk walk;
	enum pw_status st;

	st = pw_pick_find(&pick, tables, options, err);
	if (st != PW_OK || !pick.first)
		return st;
	pw_csv_header(out, pick.first, pick.labels, pick.label);
	pw_walk_start(&walk, tables);
	while (st == PW_OK && (table = pw_pick_next(&pick, &walk, label)))
		st = pw_csv_rows(out, table, pick.labels, label, err);
	return st;
}

const struct pw_sink_ops pw_sink_csv = {
	.name = "csv",
	.summary = "one table as comma-separated values, exact numbers",
	.extension = ".csv",
	.write = write_csv,
};
