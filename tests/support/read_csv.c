/*
 * read_csv.c - comma-separated values read back into cells.
 *
 * Source: RFC 4180.
 */
#include "tests/support/read_csv.h"

#include <stdbool.h>

#include "tests/support/pw_test.h"

/* Cut the cell at @at; returns where the next one begins. */
static char *cut_cell(char *at, char *end)
{
	char *to = at;
	bool quoted = *at == '"';

	for (at += quoted; *at; at++) {
		if (quoted && at[0] == '"' && at[1] == '"')
			at++;
		else if (quoted ? *at == '"' : strchr(",\n", *at) != NULL)
			break;
		*to++ = *at;
	}
	at += quoted;
	assert_true(*at == ',' || *at == '\n');
	*end = *at;
	*to = '\0';
	return at + 1;
}

struct pw_test_csv pw_test_csv_read(char *text)
{
	struct pw_test_csv csv = {.text = text};
	size_t room = 1;
	char *at = text;

	for (const char *c = text; *c; c++)
		room += *c == ',' || *c == '\n';
	csv.cell = calloc(room, sizeof(*csv.cell));
	assert_non_null(csv.cell);
	while (*at) {
		char end;

		csv.cell[csv.cells++] = at;
		at = cut_cell(at, &end);
		if (end == '\n' && csv.columns == 0)
			csv.columns = csv.cells;
		if (end == '\n')
			assert_int_equal(csv.cells % csv.columns, 0);
	}
	return csv;
}

void pw_test_csv_free(struct pw_test_csv *csv)
{
	free(csv->cell);
	free(csv->text);
}
