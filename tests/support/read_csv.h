/*
 * read_csv.h - comma-separated values read back into cells.
 */
#ifndef PW_TESTS_SUPPORT_READ_CSV_H
#define PW_TESTS_SUPPORT_READ_CSV_H

#include <stddef.h>

struct pw_test_csv {
	char *text;  /* cells in place, each ended by a 0 byte */
	char **cell; /* row by row, the header first */
	size_t cells;
	size_t columns;
};

/*
 * Read @text, which is the reader's from here on; the test fails when rows
 * have different numbers of cells or quotes do not match.
 *
 * Owns: the caller frees it with pw_test_csv_free.
 */
struct pw_test_csv pw_test_csv_read(char *text);

/*
 * Free the cells and the text.
 */
void pw_test_csv_free(struct pw_test_csv *csv);

#endif
