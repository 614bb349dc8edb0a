/*
 * sink_jsonl.c - one table as JSON Lines: an object a row.
 */
#include "plots/json.h"
#include "plots/pick.h"

static bool put_line(FILE *out, struct pw_show *show,
		     const struct pw_table *table, size_t row,
		     const struct pw_pick *pick, const char *const *label)
{
	putc_unlocked('{', out);
	for (size_t i = 0; i < pick->labels; i++) {
		if (!pw_json_text(out, show, pick->label[i]))
			return false;
		fputs_unlocked(": ", out);
		if (!pw_json_text(out, show, label[i]))
			return false;
		fputs_unlocked(", ", out);
	}
	if (!pw_json_row(out, show, table, row))
		return false;
	fputs_unlocked("}\n", out);
	return true;
}

static enum pw_status put_table(FILE *out, struct pw_table *table,
				const struct pw_pick *pick,
				const char *const *label, struct pw_error *err)
{
	struct pw_show show = PW_SHOW;
	enum pw_status st;
	size_t rows = 0;

	if (!pw_table_is_stream(table))
		pw_table_rewind(table);
	while ((st = pw_table_next(table, &rows, err)) == PW_OK && rows > 0) {
		size_t r = 0;

		while (r < rows && put_line(out, &show, table, r, pick, label))
			r++;
		if (r < rows) {
			st = pw_fail_memory(err, "a line of JSON");
			break;
		}
	}
	pw_show_free(&show);
	return st;
}

static enum pw_status write_jsonl(FILE *out, struct pw_tables *tables,
				  const struct pw_sink_options *options,
				  struct pw_error *err)
{
	const char *label[PW_WALK_DEPTH];
	struct pw_table *table;
	struct pw_pick pick;
	struct pw_walk walk;
	enum pw_status st;

	st = pw_pick_find(&pick, tables, options, err);
	if (st != PW_OK)
		return st;
	pw_walk_start(&walk, tables);
	while (st == PW_OK && (table = pw_pick_next(&pick, &walk, label)))
		st = put_table(out, table, &pick, label, err);
	return st;
}

const struct pw_sink_ops pw_sink_jsonl = {
	.name = "jsonl",
	.summary = "one table as JSON Lines, an object a row",
	.extension = ".jsonl",
	.write = write_jsonl,
};
