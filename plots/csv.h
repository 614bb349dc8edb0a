/*
 * csv.h - a table as comma-separated values, RFC 4180.
 *
 * A text cell that a spreadsheet would take for a formula (it begins with
 * = + - @ or a tab) gets a ' in front.
 */
#ifndef PW_PLOTS_CSV_H
#define PW_PLOTS_CSV_H

#include <stdio.h>

#include "base/status.h"
#include "base/table.h"

/*
 * Write the line of column names, @labels of them before the table's own.
 */
void pw_csv_header(FILE *out, const struct pw_table *table, size_t labels,
		   const char *const *label);

/*
 * Write all rows, each after the @labels texts @label.
 *
 * Errors: those of a row source; PW_ERR_SYSTEM.
 * Cost:   constant memory for a source of rows.
 */
enum pw_status pw_csv_rows(FILE *out, struct pw_table *table, size_t labels,
			   const char *const *label,
			   struct pw_error *err) PW_MUST_CHECK;

#endif
