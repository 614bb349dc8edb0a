/*
 * pick.h - which tables of a document a sink shows.
 *
 * Sinks of one table (csv, jsonl) print the tables of one name: the one asked
 * for, else the first primary one, else the first. It may occur in several
 * groups; then their labels become columns before the table's own. Sinks for
 * people show every table but the long ones, or the one asked for.
 */
#ifndef PW_PLOTS_PICK_H
#define PW_PLOTS_PICK_H

#include "plots/sink.h"
#include "plots/walk.h"

struct pw_pick {
	struct pw_table *first;		  /* NULL: the document has no table */
	size_t labels;			  /* columns before the table's own */
	const char *label[PW_WALK_DEPTH]; /* their names: the groups' */
};

/*
 * Choose the name, see where it occurs and check that it has the same columns
 * everywhere.
 *
 * Errors: PW_ERR_USAGE no table has the name asked for, or tables of that
 *         name differ.
 */
enum pw_status pw_pick_find(struct pw_pick *pick, struct pw_tables *tables,
			    const struct pw_sink_options *options,
			    struct pw_error *err) PW_MUST_CHECK;

/*
 * The next table picked, or NULL at the end, and the labels of the groups
 * that hold it: pick->labels of them, empty ones where it stands higher.
 */
struct pw_table *pw_pick_next(const struct pw_pick *pick, struct pw_walk *walk,
			      const char **label);

/*
 * Check that the document has the table that was asked for, if one was.
 *
 * Errors: PW_ERR_USAGE it has not; the hint lists those it has.
 */
enum pw_status pw_pick_check(struct pw_tables *tables,
			     const struct pw_sink_options *options,
			     struct pw_error *err) PW_MUST_CHECK;

/*
 * Whether a sink for people shows a table.
 */
bool pw_pick_shows(const struct pw_sink_options *options,
		   const struct pw_table *table);

/*
 * Write the names of the tables, each once; only those left out when @hidden.
 *
 * Owns: nothing; a list that does not fit the buffer ends with ", ...".
 */
void pw_pick_names(const struct pw_tables *tables, bool hidden, char *buffer,
		   size_t buffer_bytes);

#endif
