/*
 * json.h - values, rows and texts as JSON.
 *
 * Numbers are written by ourselves, the same in every locale; texts are
 * escaped by jansson. Addresses are texts ("0x7f12"): half of all readers of
 * JSON keep 53 bits of a number.
 */
#ifndef PW_PLOTS_JSON_H
#define PW_PLOTS_JSON_H

#include <stdio.h>

#include "plots/show.h"

/*
 * Write a text, cleaned and escaped.
 *
 * Errors: false when there is no memory.
 */
bool pw_json_text(FILE *out, struct pw_show *show,
		  const char *text) PW_MUST_CHECK;

/*
 * Write a cell of the present batch.
 *
 * Errors: false when there is no memory.
 */
bool pw_json_cell(FILE *out, struct pw_show *show, const struct pw_table *table,
		  size_t row, size_t column) PW_MUST_CHECK;

/*
 * Write `"name": value, ...` for the cells of a row, without braces.
 *
 * Errors: false when there is no memory.
 */
bool pw_json_row(FILE *out, struct pw_show *show, const struct pw_table *table,
		 size_t row) PW_MUST_CHECK;

#endif
